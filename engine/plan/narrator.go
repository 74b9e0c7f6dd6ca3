package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/phrase"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/spec"
)

// compileNarrator reads the phrase banks and resolves every name in them, in
// the written fields and in the rules.
func (c *compiler) compileNarrator() {
	n := &narrator{compiler: c, banks: map[string]*bank{}, conditions: map[string]*kind.Selector{}}
	for i := range c.spec.Fields {
		if f := c.plan.Fields[i]; f.Text != nil {
			n.written = append(n.written, writtenField{f, &c.spec.Fields[i]})
		}
	}
	n.checkMentions()
	n.compileRules()
	if c.spec.Narrator == nil {
		n.refuseOffline()
		return
	}
	n.compileForms()
	if !n.readBanks() {
		return // without all files every name of a bank would look wrong
	}
	n.compileHeadings()
	n.resolvePhrases()
	n.resolveFields()
	n.checkFacets()
	if c.diags.Failed() {
		return
	}
	if order, ok := n.bankOrder(); ok {
		n.checkUsed(order)
		n.checkLists()
		n.checkCoverage(order)
		n.store()
	}
}

// narrator carries the compilation of the phrase banks.
type narrator struct {
	*compiler
	written    []writtenField
	banks      map[string]*bank
	names      []string // of the banks, in the order of the files
	conditions map[string]*kind.Selector
	occurs     map[string][]int32 // kept by possible
}

type writtenField struct {
	*kind.Field
	stanza *spec.Field
}

// bank is all sections of one name.
type bank struct {
	name     string
	sections []section
	used     bool
	numbers  int      // largest number by which a phrase of it is asked for
	facets   []string // asked for, sorted
}

type section struct {
	phrase.Section
	when *kind.Selector // nil for everyone
}

// checkMentions refuses a text that must mention another text.
func (n *narrator) checkMentions() {
	for _, w := range n.written {
		for _, t := range w.stanza.Body.Get("mentions").AsStrings() {
			if f := n.kinds.Fields[t.Value]; f != nil && f.Class == kind.Written {
				n.diags.Errorf(t.Place, "mentions", "field %q is written itself: a text can mention only what is known before", t.Value).WithHint("name a field that is not a text")
			}
		}
	}
}

// refuseOffline reports texts that ask for a narrator that is not there.
func (n *narrator) refuseOffline() {
	for _, w := range n.written {
		if w.Text.Offline != nil {
			n.diags.Errorf(w.stanza.Body.Get("offline").Place, "no-narrator", "the specification has no phrase banks for the offline narrator").
				WithHint(`add narrator: banks: ["phrases.txt"]`)
			return
		}
	}
}

// compileForms finds which form of a phrase each value of a field takes.
func (n *narrator) compileForms() {
	n.plan.Narrator = &Narrator{}
	forms := n.spec.Narrator.Forms
	if forms == nil {
		return
	}
	f := n.kinds.FiniteField(forms.By.Value, forms.By.Place)
	if f == nil {
		return
	}
	formOf := make([]int32, f.Slots())
	for i := range formOf {
		formOf[i] = -1
	}
	for form, t := range forms.Values {
		code, ok := f.Domain.Index(t.Value)
		if !ok {
			d := n.diags.Errorf(t.Place, "unknown-label", "field %q has no value %q", f.Name, t.Value)
			if g := diag.Guess(t.Value, f.Domain.AllLabels()); g != "" {
				d.WithHint("did you mean %q?", g)
			} else {
				d.WithHint("the values are %s", kind.Sample(f.Domain))
			}
			continue
		}
		formOf[code] = int32(form)
	}
	for code, form := range formOf[:f.Domain.Size()] {
		if form < 0 && !n.diags.Failed() {
			n.diags.Errorf(forms.By.Place, "forms", "the value %q of field %q has no form", f.Domain.Label(code), f.Name).WithHint("name every value in narrator.forms.values")
		}
	}
	if f.Nullable {
		n.diags.Errorf(forms.By.Place, "forms", "field %q can be missing, and then no form fits", f.Name).WithHint("choose forms by a field that everyone has")
	}
	n.plan.Narrator.Forms, n.plan.Narrator.FormOf = f.Name, formOf
}

// readBanks parses the files and puts sections of the same name together. It
// reports whether all files could be read.
func (n *narrator) readBanks() bool {
	all := true
	for _, file := range n.spec.Narrator.Banks {
		shown := n.spec.Shown(file.Path)
		data, err := os.ReadFile(file.Path)
		if err != nil {
			n.unreadable(file, shown, err)
			all = false
			continue
		}
		sum := sha256.Sum256(data)
		n.plan.Files = append(n.plan.Files, File{Path: n.spec.FileName(file.Path), SHA256: hex.EncodeToString(sum[:])})
		for _, s := range phrase.Parse(shown, data, n.diags) {
			b := n.banks[s.Bank]
			if b == nil {
				b = &bank{name: s.Bank}
				n.banks[s.Bank], n.names = b, append(n.names, s.Bank)
			}
			if len(s.Phrases) == 0 && !n.diags.Failed() {
				n.diags.Warnf(s.Place, "empty-section", "the section has no phrases").WithHint("write some, or take the heading away")
			}
			b.sections = append(b.sections, section{Section: s})
		}
	}
	return all
}

func (n *narrator) unreadable(file spec.BankFile, shown string, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		n.diags.Errorf(file.Place, "missing-file", "there is no file %s", shown).WithHint("paths are relative to the folder of the .cue file that names them")
		return
	}
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	n.diags.Errorf(file.Place, "unreadable-file", "%s cannot be read: %v", shown, err)
}

// compileHeadings tries the headings' conditions, each different one once.
func (n *narrator) compileHeadings() {
	var texts []string
	var places []diag.Place
	for _, name := range n.names {
		for _, s := range n.banks[name].sections {
			if s.Condition != "" && !slices.Contains(texts, s.Condition) {
				texts, places = append(texts, s.Condition), append(places, s.ConditionAt)
			}
		}
	}
	for i, cond := range n.spec.ParseConditions(texts, places, n.diags) {
		if cond != nil {
			n.conditions[texts[i]] = n.kinds.Select([]*spec.Condition{cond})
		}
	}
	for _, b := range n.banks {
		for i := range b.sections {
			b.sections[i].when = n.conditions[b.sections[i].Condition]
		}
	}
}

// eachPhrase visits every phrase of a bank and behind it its facets: x is the
// phrase or facet of entry.
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

// eachPart visits every part of every phrase of a bank and of their facets.
func (b *bank) eachPart(visit func(s *section, entry, x *phrase.Phrase, part *phrase.Part)) {
	b.eachPhrase(func(s *section, entry, x *phrase.Phrase) {
		for j := range x.Parts {
			visit(s, entry, x, &x.Parts[j])
		}
	})
}

// resolvePhrases looks up the fields, banks and forms in the phrases.
func (n *narrator) resolvePhrases() {
	var fields []string
	for _, f := range n.plan.Fields {
		fields = append(fields, f.Name)
	}
	for _, name := range n.names {
		n.banks[name].eachPart(func(_ *section, _, x *phrase.Phrase, part *phrase.Part) {
			at := x.Place(part.Offset)
			switch part.Kind {
			case phrase.Field:
				if n.mustBeOneOf(spec.String{Value: part.Text, Place: at}, "field", "unknown-field", fields) {
					n.checkPrintable(n.kinds.Fields[part.Text], at)
				}
			case phrase.Bank:
				n.resolveRef(spec.String{Value: part.Text, Place: at})
			case phrase.Forms:
				n.checkForms(len(part.Forms), at)
			}
		})
	}
}

// checkPrintable refuses fields that are not known while texts are written.
func (n *narrator) checkPrintable(f *kind.Field, at diag.Place) {
	switch {
	case f == nil || f.Class != kind.Written:
	case f.Kind != "text_list":
		n.diags.Errorf(at, "not-known", "field %q is a %s: phrases cannot repeat it", f.Name, f.Kind).WithHint("name a field that is not written, or a text_list")
	case f.Text.Offline == nil:
		n.diags.Errorf(at, "not-known", "nobody writes the list %q offline", f.Name).WithHint("give it offline: parts")
	}
}

func (n *narrator) checkForms(count int, at diag.Place) {
	forms := n.spec.Narrator.Forms
	switch {
	case forms == nil:
		n.diags.Errorf(at, "forms", "the specification does not say which field decides between forms").WithHint("add narrator: forms: {by: …, values: […]}")
	case count != len(forms.Values):
		n.diags.Errorf(at, "forms", "here are %d forms, and narrator.forms has %d values of %q", count, len(forms.Values), forms.By.Value).WithHint("write one form for each value, in their order")
	}
}

// resolveFields looks up the banks that the fields are put together from.
func (n *narrator) resolveFields() {
	for _, w := range n.written {
		for _, key := range []string{"parts", "more", "close"} {
			for _, t := range w.stanza.Body.Get("offline").Get(key).AsStrings() {
				n.resolveRef(t)
			}
		}
	}
}

// resolveRef looks up a reference to a bank and notes what it asks for.
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
	if at, known := slices.BinarySearch(b.facets, ref.Facet); ref.Facet != "" && !known {
		b.facets = slices.Insert(b.facets, at, ref.Facet)
	}
}

// checkFacets makes sure that every phrase has the facets that its bank is
// asked for, and that a phrase asked for by its number reads the same wherever
// it stands.
func (n *narrator) checkFacets() {
	for _, name := range n.names {
		b := n.banks[name]
		b.eachPhrase(func(_ *section, entry, x *phrase.Phrase) {
			if x != entry {
				return
			}
			for _, facet := range b.facets {
				if _, ok := x.Facet(facet); !ok {
					n.diags.Errorf(x.Place(0), "no-facet", "the phrase has no facet %q, and <%s/%s> asks for it", facet, name, facet).WithHint("add a line /%s under it", facet)
				}
			}
			for i := range x.Facets {
				if f := &x.Facets[i]; !slices.Contains(b.facets, f.Name) {
					n.diags.Warnf(f.Place(0), "unused-facet", "nothing asks for <%s/%s>", name, f.Name).WithHint("name it in a phrase or in the offline part of a field, or take it away")
				}
			}
			for _, part := range x.Parts {
				if ref, _ := phrase.ParseRef(part.Text); b.numbers > 0 && part.Kind == phrase.Bank && ref.Number == 0 {
					n.diags.Errorf(x.Place(part.Offset), "numbered", "the bank %q is asked for by number, and <%s> would not be the same everywhere", name, part.Text).WithHint("write <%s:1>, or leave it out", part.Text)
				}
			}
		})
	}
}

// banksOf lists the banks that a field takes phrases from itself.
func banksOf(o *kind.Narration) []string {
	if o == nil {
		return nil
	}
	names := slices.Concat(o.Parts, o.More, o.Close)
	for i, name := range names {
		names[i] = bankOf(name)
	}
	return names
}

// bankOf is the bank that a reference is to.
func bankOf(text string) string {
	ref, _ := phrase.ParseRef(text)
	return ref.Bank
}

// bankOrder lists the banks in use so that each comes before those that its
// phrases refer to; a cycle is reported with its path.
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
				n.diags.Errorf(at, "cycle", "banks need each other in a circle: %s", strings.Join(cycle, " -> ")).WithHint("take one of these references away")
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

func (n *narrator) checkUsed(order []*bank) {
	for _, b := range order {
		b.used = true
	}
	for _, name := range n.names {
		if b := n.banks[name]; !b.used {
			n.diags.Warnf(b.sections[0].Place, "unused-bank", "no text uses the bank %q", name).WithHint("name it in the offline part of a field or in a phrase, or take it away")
		}
	}
}

// checkLists makes sure that a list names only lists written before it.
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
					n.diags.Errorf(x.Place(part.Offset), "not-known", "the list %q is not written yet when %q takes this phrase", f.Name, w.Name).
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

// store lays the banks in use into the plan, in the order of the files.
func (n *narrator) store() {
	for _, name := range n.names {
		b := n.banks[name]
		if !b.used {
			continue
		}
		out := Bank{Name: name}
		for _, s := range b.sections {
			to := Section{When: s.when}
			for k := range s.Phrases {
				p := &s.Phrases[k]
				to.Phrases = append(to.Phrases, p.Text)
				for _, facet := range b.facets {
					if to.Facets == nil {
						to.Facets = map[string][]string{}
					}
					x, _ := p.Facet(facet)
					to.Facets[facet] = append(to.Facets[facet], x.Text)
				}
			}
			if to.Phrases != nil {
				out.Sections = append(out.Sections, to)
			}
		}
		n.plan.Narrator.Banks = append(n.plan.Narrator.Banks, out)
	}
}
