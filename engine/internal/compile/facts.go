package compile

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/phrase"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// compileRelations reads the connectives of the narrator.
func (n *narrator) compileRelations() {
	for _, r := range n.spec.Narrator.Relations {
		if r.Name == phrase.Fact || r.Name == phrase.After {
			n.diags.Errorf(r.Place, "relation", "%q is not a name for a relation: the tag [%s: ...] means something else", r.Name, r.Name).WithHint("give it another name")
			continue
		}
		out := plan.Relation{Name: r.Name}
		for _, word := range r.Value.AsStrings() {
			if !strings.ContainsFunc(word.Value, unicode.IsLetter) {
				n.diags.Errorf(word.Place, "relation", "%q is not a connective: it has no letters", word.Value).WithHint(`write its words, for example ", but" or "later,"`)
				continue
			}
			out.Words = append(out.Words, strings.TrimSpace(word.Value))
		}
		n.plan.Narrator.Relations = append(n.plan.Narrator.Relations, out)
	}
	n.plan.Narrator.Spread = n.spec.Narrator.Spread
}

// resolveTags checks the facts and relations that tags name.
func (n *narrator) resolveTags() {
	var facts []string
	each := func(visit func(t *phrase.Tag)) {
		for _, name := range n.names {
			n.banks[name].eachPhrase(func(_ *section, _, x *phrase.Phrase) {
				for i := range x.Tags {
					visit(&x.Tags[i])
				}
			})
		}
	}
	each(func(t *phrase.Tag) {
		if t.Name != phrase.Fact {
			return
		}
		for _, fact := range t.Facts {
			if fact == phrase.Any {
				n.diags.Errorf(t.Place, "fact", "a fact cannot be called %q, which stands for every sentence in the tags of relations", fact).WithHint("give it another name")
			}
			if !slices.Contains(facts, fact) {
				facts = append(facts, fact)
			}
		}
	})
	var relations []string
	for _, r := range n.spec.Narrator.Relations {
		relations = append(relations, r.Name)
	}
	used := map[string]bool{}
	each(func(t *phrase.Tag) {
		if t.Name == phrase.Fact {
			return
		}
		if t.Name != phrase.After {
			used[t.Name] = true
			if !slices.Contains(relations, t.Name) {
				d := n.diags.Errorf(t.Place, "unknown-relation", "narrator.relations has no words for a relation %q", t.Name)
				if g := diag.Guess(t.Name, append(slices.Clone(relations), phrase.Fact, phrase.After)); g != "" {
					d.WithHint("did you mean %q?", g)
				} else {
					d.WithHint("add narrator: relations: %s: [...], or use [fact: ...] or [after: ...]", t.Name)
				}
				return
			}
		}
		for _, fact := range t.Facts {
			if fact == phrase.Any && t.Name != phrase.After || slices.Contains(facts, fact) {
				continue
			}
			d := n.diags.Errorf(t.Place, "unknown-fact", "no phrase tells a fact %q", fact)
			if g := diag.Guess(fact, facts); g != "" {
				d.WithHint("did you mean %q?", g)
			} else {
				d.WithHint("write [fact: %s] before the phrases that tell it", fact)
			}
		}
	})
	for _, r := range n.spec.Narrator.Relations {
		if !used[r.Name] {
			n.diags.Warnf(r.Place, "unused-relation", "no phrase has the relation %q", r.Name).WithHint("write [%s: fact] before a phrase that can follow the fact so, or remove it", r.Name)
		}
	}
	n.checkPlaces(relations)
	n.checkCapitals(relations)
}

// checkPlaces warns about relations of phrases that no text names itself: a connective stands
// only between the phrases of a text.
func (n *narrator) checkPlaces(relations []string) {
	named := map[string]bool{}
	for _, w := range n.written {
		if w.Type == frame.TextList {
			continue
		}
		for _, name := range banksOf(w.Text.Offline) {
			named[name] = true
		}
	}
	for _, name := range n.names {
		if named[name] {
			continue
		}
		b, told := n.banks[name], false
		b.eachPhrase(func(_ *section, _, x *phrase.Phrase) {
			for _, t := range x.Tags {
				if !told && slices.Contains(relations, t.Name) {
					n.diags.Warnf(t.Place, "relation", "no text names the bank %q in parts, more or close, so that its phrases are never connected", name).WithHint("write the tag before the phrase that refers to <%s>", name)
					told = true
				}
			}
		})
	}
}

// checkCapitals warns about phrases that would keep a capital after a connective although their
// first word is written small elsewhere.
func (n *narrator) checkCapitals(relations []string) {
	if relations == nil {
		return
	}
	small := map[string]bool{}
	for _, name := range n.names {
		n.banks[name].eachPart(func(_ *section, _, _ *phrase.Phrase, part *phrase.Part) {
			if part.Kind != phrase.Literal {
				return
			}
			for _, word := range strings.FieldsFunc(part.Text, func(r rune) bool { return !unicode.IsLetter(r) }) {
				if first, _ := utf8.DecodeRuneInString(word); unicode.IsLower(first) {
					small[word] = true
				}
			}
		})
	}
	for _, name := range n.names {
		n.banks[name].eachPhrase(func(_ *section, entry, x *phrase.Phrase) {
			if len(x.Parts) == 0 || x.Parts[0].Kind != phrase.Literal || !slices.ContainsFunc(entry.Tags, func(t phrase.Tag) bool { return slices.Contains(relations, t.Name) }) {
				return
			}
			word, _, _ := strings.Cut(x.Parts[0].Text, " ")
			word = strings.TrimRightFunc(word, func(r rune) bool { return !unicode.IsLetter(r) })
			first, size := utf8.DecodeRuneInString(word)
			if unicode.IsUpper(first) && small[string(unicode.ToLower(first))+word[size:]] {
				n.diags.Warnf(x.Place(0), "capital", "%q keeps its capital after a connective", word).WithHint("write it small: the first letter of a sentence is capitalised automatically")
			}
		})
	}
}

// tagsOf returns the tags of a phrase as a plan has them.
func tagsOf(x *phrase.Phrase) (out plan.Tags) {
	for _, t := range x.Tags {
		switch {
		case t.Name == phrase.Fact:
			for _, fact := range t.Facts {
				if !slices.Contains(out.Facts, fact) {
					out.Facts = append(out.Facts, fact)
				}
			}
		case t.Name == phrase.After:
			out.After = append(out.After, t.Facts)
		case slices.Contains(t.Facts, phrase.Any):
			out.Follows = append(out.Follows, plan.Follow{Relation: t.Name})
		default:
			out.Follows = append(out.Follows, plan.Follow{Relation: t.Name, Facts: t.Facts})
		}
	}
	return out
}

// compileReferences reads the wordings of mentions. Names of fields are resolved here, because
// wordings are not in a bank.
func (n *narrator) compileReferences() {
	for _, r := range n.spec.Narrator.References {
		if n.kinds.Fields[r.Name] != nil || slices.ContainsFunc(n.plan.Fields, func(f *kind.Field) bool { return f.Name == r.Name }) {
			n.diags.Errorf(r.Place, "reference", "there is a field %q, too, so {%s} is not clear", r.Name, r.Name).WithHint("give the reference another name")
			continue
		}
		within := 1
		if w := r.Value.Get("within"); w != nil {
			within = int(w.Number)
		}
		n.addReference(r.Name, "", within, r.Value)
		if cases := r.Value.Get("cases"); cases != nil {
			for _, c := range cases.Fields {
				n.addReference(r.Name, c.Name, within, c.Value)
			}
		}
	}
}

func (n *narrator) addReference(name, wordCase string, within int, node *spec.Node) {
	out := plan.Reference{Name: name, Case: wordCase, Within: within}
	out.First = n.wordings(node.Get("first"))
	out.Near = n.wordings(node.Get("near"))
	out.Far = n.wordings(node.Get("far"))
	n.plan.Narrator.References = append(n.plan.Narrator.References, out)
}

// wordings reads the wordings of a mention, a string or a list.
func (n *narrator) wordings(node *spec.Node) (out []string) {
	if node == nil {
		return nil
	}
	all := node.Items
	if node.Kind == spec.StringNode {
		all = []*spec.Node{node}
	}
	for _, t := range all {
		out = append(out, t.String)
		parts, faults := phrase.Compile(t.String)
		for _, f := range faults {
			n.diags.Errorf(t.PositionAt(f.Offset), "phrase", "%s", f.Message).WithHint("%s", f.Hint)
		}
		for i := range parts {
			part := &parts[i]
			at := t.PositionAt(part.Offset)
			switch f := n.kinds.Fields[part.Text]; {
			case part.Kind == phrase.Bank:
				n.diags.Errorf(at, "reference", "a wording cannot refer to the bank %q", part.Text).WithHint("use text, fields and forms")
			case part.Kind == phrase.Forms:
				n.checkForms(part, at)
			case part.Kind == phrase.Field && f != nil && f.Class.Added():
				n.diags.Errorf(at, "not-known", "field %q is a %s: wordings cannot repeat it", f.Name, f.Kind).WithHint("name a field that is not a text")
			case part.Kind == phrase.Field:
				n.resolveValue(part, at)
			}
		}
	}
	return out
}

// resolveValue looks up a field that a phrase names, and its case.
func (n *narrator) resolveValue(part *phrase.Part, at diag.Place) {
	var fields []string
	for _, f := range n.plan.Fields {
		fields = append(fields, f.Name)
	}
	if n.mustBeOneOf(spec.String{Value: part.Text, Place: at}, "field", "unknown-field", fields) {
		n.checkPrintable(n.kinds.Fields[part.Text], at)
		if part.Case != "" {
			n.checkCase(part.Text, part.Case, at)
		}
	}
}

// refers reports whether a part is a reference, whose kind it then gets. It reports an unknown
// case.
func (n *narrator) refers(part *phrase.Part, at diag.Place) bool {
	var cases []string
	for _, r := range n.plan.Narrator.References {
		if r.Name == part.Text {
			cases = append(cases, r.Case)
		}
	}
	if cases == nil {
		return false
	}
	part.Kind = phrase.Refer
	if !slices.Contains(cases, part.Case) {
		d := n.diags.Errorf(at, "cases", "the reference %q has no case %q", part.Text, part.Case)
		if g := diag.Guess(part.Case, cases); g != "" {
			d.WithHint("did you mean {%s.%s}?", part.Text, g)
		} else {
			d.WithHint("add narrator: references: %s: cases: %s: {first: ...}", part.Text, part.Case)
		}
	}
	n.referred[part.Text] = true
	return true
}

// checkReferred warns about references that no phrase makes.
func (n *narrator) checkReferred() {
	for _, r := range n.spec.Narrator.References {
		if !n.referred[r.Name] {
			n.diags.Warnf(r.Place, "unused-reference", "no phrase refers to %q", r.Name).WithHint("write {%s} in a phrase, or remove it", r.Name)
		}
	}
}

// fieldsOfReference lists the fields that the wordings of a reference name in a case.
func (n *narrator) fieldsOfReference(part *phrase.Part) (names []string) {
	for _, r := range n.plan.Narrator.References {
		if r.Name != part.Text || r.Case != part.Case {
			continue
		}
		for _, wording := range slices.Concat(r.First, r.Near, r.Far) {
			parts, _ := phrase.Compile(wording)
			for _, p := range parts {
				if p.Kind == phrase.Field && !slices.Contains(names, p.Text) {
					names = append(names, p.Text)
				}
			}
		}
	}
	return names
}

// outlineName names an outline of a text in messages.
func outlineName(w writtenField, i int) string {
	if len(w.Text.Offline.All()) == 1 {
		return fmt.Sprintf("text %q", w.Name)
	}
	return fmt.Sprintf("outline %d of text %q", i+1, w.Name)
}
