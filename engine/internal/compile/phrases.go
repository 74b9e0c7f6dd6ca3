package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/phrase"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/spec"
)

// eachPhrase visits every phrase of a bank and then its facets. Entry is the
// phrase; x is the phrase or one of its facets.
func (b *bank) eachPhrase(visit func(s *section, entry, x *phrase.Phrase)) {
	for i := range b.sections {
		s := &b.sections[i]
		for k := range s.Phrases {
			entry := &s.Phrases[k]
			visit(s, entry, entry)
			for j := range entry.Facets {
				visit(s, entry, &entry.Facets[j].Phrase)
			}
		}
	}
}

// eachPart visits the parts of every phrase of a bank and of its facets.
func (b *bank) eachPart(visit func(s *section, entry, x *phrase.Phrase, part *phrase.Part)) {
	b.eachPhrase(func(s *section, entry, x *phrase.Phrase) {
		for j := range x.Parts {
			visit(s, entry, x, &x.Parts[j])
		}
	})
}

// resolvePhrases looks up the fields, banks and forms that phrases name.
func (n *narrator) resolvePhrases() {
	for _, name := range n.names {
		n.banks[name].eachPart(func(_ *section, _, x *phrase.Phrase, part *phrase.Part) {
			at := x.Place(part.Offset)
			switch part.Kind {
			case phrase.Field:
				if !n.refers(part, at) {
					n.resolveValue(part, at)
				}
			case phrase.Bank:
				n.resolveRef(spec.String{Value: part.Text, Place: at})
			case phrase.Forms:
				n.checkForms(part, at)
			}
		})
	}
}

// checkPrintable reports fields that are not known while texts are written, or have no
// text.
func (n *narrator) checkPrintable(f *kind.Field, at diag.Place) {
	switch {
	case f != nil && f.Type == frame.Records:
		n.diags.Errorf(at, "records", "field %q is a list of records, which has no text", f.Name).
			WithHint("name a template that ranges over its records: {{ range .%s }}…{{ end }}", f.RecordsExample())
	case f == nil || !f.Class.Added():
	case f.Type != frame.TextList:
		n.diags.Errorf(at, "not-known", "field %q is a %s: phrases cannot repeat it", f.Name, f.Kind).WithHint("name a field that is not a text, or a text_list")
	case f.Text.Offline == nil:
		n.diags.Errorf(at, "not-known", "the list %q is not written offline", f.Name).WithHint("give it offline: parts")
	}
}

// resolveFields looks up the banks that text fields use.
func (n *narrator) resolveFields() {
	for _, w := range n.written {
		node := w.stanza.Body.Get("offline")
		outlines := []*spec.Node{node}
		if all := node.Get("outlines"); all != nil {
			outlines = all.Items
			for _, key := range []string{"more", "close"} {
				if x := node.Get(key); x != nil {
					n.diags.Errorf(x.Place, "outlines", "%s stands beside outlines, which have their own", key).WithHint("move it into each outline")
				}
			}
		}
		for _, o := range outlines {
			for _, key := range []string{"parts", "more", "close"} {
				for _, t := range o.Get(key).AsStrings() {
					n.resolveRef(t)
					if ref, _ := phrase.ParseRef(t.Value); ref.Letter >= 'a' {
						n.diags.Errorf(t.Place, "letter", "<%s> has a small letter, which holds only within a phrase", t.Value).WithHint("write a capital, which holds in the whole text, or no letter")
					}
				}
			}
		}
		n.resolveApart(w, node)
	}
}

// resolveApart checks that a text tells other things than texts that are written before it.
func (n *narrator) resolveApart(w writtenField, node *spec.Node) {
	var before []string
	for _, x := range n.written {
		if x.Name == w.Name {
			break
		}
		if x.Type == frame.Text && x.Text.Offline != nil {
			before = append(before, x.Name)
		}
	}
	for _, t := range node.Get("apart_from").AsStrings() {
		n.mustBeOneOf(t, "text written before this one", "unknown-field", before)
	}
}

// resolveRef looks up a reference to a bank, and records the number and facet that
// it uses.
func (n *narrator) resolveRef(t spec.String) {
	ref, ok := phrase.ParseRef(t.Value)
	if !ok {
		ref = phrase.Ref{Bank: t.Value}
	}
	if !n.mustBeOneOf(spec.String{Value: ref.Bank, Place: t.Place}, "bank", "unknown-bank", n.names) {
		return
	}
	b := n.banks[ref.Bank]
	b.numbers = max(b.numbers, ref.Number)
	b.lettered = b.lettered || ref.Letter != 0
	if ref.Facet == "" {
		return
	}
	// A facet that no phrase has is a fault of the reference, unless the bank has none at all.
	if has := b.facetNames(); len(has) > 0 && !n.mustBeOneOf(spec.String{Value: ref.Facet, Place: t.Place}, fmt.Sprintf("facet of the bank %q", ref.Bank), "no-facet", has) {
		return
	}
	if at, known := slices.BinarySearch(b.facets, ref.Facet); !known {
		b.facets = slices.Insert(b.facets, at, ref.Facet)
	}
}

// facetNames lists the facets that phrases of the bank have.
func (b *bank) facetNames() (names []string) {
	b.eachPhrase(func(_ *section, _, x *phrase.Phrase) {
		for i := range x.Facets {
			if name := x.Facets[i].Name; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	})
	return names
}

// checkFacets checks that every phrase of a bank has the facets that are in use,
// and that a phrase that is used by its number reads the same everywhere.
func (n *narrator) checkFacets() {
	for _, name := range n.names {
		b := n.banks[name]
		b.eachPhrase(func(_ *section, entry, x *phrase.Phrase) {
			if x != entry {
				return
			}
			for _, facet := range b.facets {
				if _, ok := x.Facet(facet); !ok {
					n.diags.Errorf(x.Place(0), "no-facet", "the phrase has no facet %q, but <%s/%s> is used", facet, name, facet).WithHint("add a line /%s under it", facet)
				}
			}
			for i := range x.Facets {
				if f := &x.Facets[i]; !slices.Contains(b.facets, f.Name) {
					n.diags.Warnf(f.Place(0), "unused-facet", "nothing uses <%s/%s>", name, f.Name).WithHint("use it in a phrase or in the offline part of a field, or remove it")
				}
			}
			for _, part := range x.Parts {
				if ref, _ := phrase.ParseRef(part.Text); (b.numbers > 0 || b.lettered) && part.Kind == phrase.Bank && ref.Number == 0 {
					by := "number"
					if b.numbers == 0 {
						by = "letter"
					}
					n.diags.Errorf(x.Place(part.Offset), "numbered", "phrases of the bank %q are used by %s, but <%s> is not the same everywhere", name, by, part.Text).WithHint("write <%s:1>, or leave it out", ref.Bank)
				}
			}
		})
	}
}

// banksOf lists the banks that a field names itself.
func banksOf(o *kind.Narration) []string {
	if o == nil {
		return nil
	}
	var names []string
	for _, outline := range o.All() {
		for _, name := range slices.Concat(outline.Parts, outline.More, outline.Close) {
			names = append(names, bankOf(name))
		}
	}
	return names
}

// bankOf returns the bank of a reference.
func bankOf(text string) string {
	ref, _ := phrase.ParseRef(text)
	return ref.Bank
}

// bankOrder lists the banks in use so that each comes before those that its
// phrases name. It reports a cycle with its path.
func (n *narrator) bankOrder() (order []*bank, ok bool) {
	const open, done = 1, 2
	state := map[string]int{}
	var path []string
	ok = true
	var visit func(name string, at diag.Place)
	visit = func(name string, at diag.Place) {
		switch state[name] {
		case done:
			return
		case open:
			if ok {
				cycle := append(path[slices.Index(path, name):], name)
				n.diags.Errorf(at, "cycle", "the banks depend on each other: %s", strings.Join(cycle, " -> ")).WithHint("remove one of these references")
			}
			ok = false
			return
		}
		state[name], path = open, append(path, name)
		b := n.banks[name]
		b.eachPart(func(_ *section, _, x *phrase.Phrase, part *phrase.Part) {
			if part.Kind == phrase.Bank {
				visit(bankOf(part.Text), x.Place(part.Offset))
			}
		})
		path, state[name] = path[:len(path)-1], done
		order = append(order, b)
	}
	for _, w := range n.written {
		for _, name := range banksOf(w.Text.Offline) {
			visit(name, diag.Place{})
		}
	}
	used := len(order)
	for _, name := range n.names { // cycles among unused banks are faults too
		visit(name, diag.Place{})
	}
	order = order[:used]
	slices.Reverse(order)
	return order, ok
}

// checkUsed warns about banks that no text uses.
func (n *narrator) checkUsed(order []*bank) {
	for _, b := range order {
		b.used = true
	}
	for _, name := range n.names {
		if b := n.banks[name]; !b.used {
			n.diags.Warnf(b.sections[0].Place, "unused-bank", "no text uses the bank %q", name).WithHint("use it in the offline part of a field or in a phrase, or remove it")
		}
	}
}

// checkLists checks that a list names only lists that are written before it.
func (n *narrator) checkLists() {
	var before []string
	for _, w := range n.written {
		if w.Type != frame.TextList || w.Text.Offline == nil {
			continue
		}
		seen := map[string]bool{}
		var visit func(name string)
		visit = func(name string) {
			if seen[name] {
				return
			}
			seen[name] = true
			n.banks[name].eachPart(func(_ *section, _, x *phrase.Phrase, part *phrase.Part) {
				switch f := n.kinds.Fields[part.Text]; {
				case part.Kind == phrase.Bank:
					visit(bankOf(part.Text))
				case part.Kind == phrase.Field && f.Class == kind.Written && !slices.Contains(before, f.Name):
					n.diags.Errorf(x.Place(part.Offset), "not-known", "the list %q is not written yet when this phrase is used for %q", f.Name, w.Name).
						WithHint("declare %q first, or leave it out", f.Name)
				}
			})
		}
		for _, name := range banksOf(w.Text.Offline) {
			visit(name)
		}
		before = append(before, w.Name)
	}
}
