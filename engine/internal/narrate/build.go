package narrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/phrase"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/similarity"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// builder builds a Narrator. It keeps the first error.
type builder struct {
	*Narrator
	plan *plan.Plan
	seed uint64
	err  error

	factNames []string
	details   map[detailKey]*detail
}

// detailKey is what decides on the details of a part that has no forms.
type detailKey struct {
	kind           phrase.Kind
	text, wordCase string
}

func (b *builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}

// column returns the column of a field, or fails.
func (b *builder) column(name string) int {
	i := slices.IndexFunc(b.plan.Fields, func(f *kind.Field) bool { return f.Name == name })
	if i < 0 {
		b.fail("no field is called %q", name)
		return 0
	}
	return i
}

// ref resolves a reference to a bank, or fails.
func (b *builder) ref(text string) ref {
	r, ok := phrase.ParseRef(text)
	i := slices.IndexFunc(b.plan.Narrator.Banks, func(x plan.Bank) bool { return x.Name == r.Bank })
	if !ok || i < 0 {
		b.fail("no bank is called %q", text)
		return ref{facet: -1}
	}
	x := &b.banks[i]
	out := ref{i, slices.IndexFunc(x.facets, func(f facet) bool { return f.name == r.Facet }), r.Number, r.Letter}
	if r.Facet != "" && out.facet < 0 {
		b.fail("the bank %q has no facet %q", r.Bank, r.Facet)
	}
	x.numbers = max(x.numbers, r.Number)
	return out
}

func (b *builder) refs(texts []string) (out []ref) {
	for _, text := range texts {
		out = append(out, b.ref(text))
	}
	return out
}

// addMasked adds the columns of names and places.
func (b *builder) addMasked() {
	for _, role := range similarity.MaskRoles {
		name, ok := b.plan.Roles[role]
		if !ok {
			continue
		}
		if i := b.column(name); !slices.Contains(b.masked, i) {
			b.masked = append(b.masked, i)
		}
	}
}

// condition returns the index of a condition, which it adds if it is new; -1 for
// everyone.
func (b *builder) condition(s *kind.Selector) int {
	if s == nil {
		return -1
	}
	i := slices.IndexFunc(b.conditions, func(c *kind.Selector) bool {
		return c == s || slices.Equal(c.Fields, s.Fields) && slices.Equal(c.Case, s.Case)
	})
	if i >= 0 {
		return i
	}
	for _, name := range s.Fields {
		b.column(name)
	}
	b.conditions = append(b.conditions, s)
	return len(b.conditions) - 1
}

// addFields adds the fields that are written.
func (b *builder) addFields() {
	for i, f := range b.plan.Fields {
		if f.Class != kind.Written {
			continue
		}
		if f.Text == nil {
			b.sources = append(b.sources, source{i, b.condition(f.When)})
			continue
		}
		o := f.Text.Offline
		if o == nil {
			continue // the narrator does not write it: it stays null
		}
		w := written{name: f.Name, column: i, when: b.condition(f.When), chars: f.Text.Chars}
		if f.Type == frame.TextList {
			b.lists = append(b.lists, list{written: w, parts: b.refs(o.Parts), items: *f.Text.Items, count: rng.New(b.seed, "narrator items "+f.Name)})
			continue
		}
		t := text{written: w, joiner: []byte(o.Joiner), target: Target(f.Text.Chars), order: rng.New(b.seed, "narrator outline "+f.Name)}
		for _, x := range o.All() {
			t.outlines = append(t.outlines, outline{parts: b.refs(x.Parts), more: b.refs(x.More), close: b.refs(x.Close)})
			if len(x.Parts) == 0 {
				b.fail("an outline of %q has no parts", f.Name)
			}
		}
		for _, name := range o.ApartFrom {
			at := slices.IndexFunc(b.texts, func(t text) bool { return t.name == name })
			if at < 0 {
				b.fail("%q is not a text before %q", name, f.Name)
				return
			}
			t.apartFrom = append(t.apartFrom, at)
		}
		b.texts = append(b.texts, t)
	}
}

// newBank returns a bank with the names of its facets, without phrases.
func newBank(from *plan.Bank, seed uint64) bank {
	out := bank{stream: rng.New(seed, "narrator bank "+from.Name)}
	for _, s := range from.Sections {
		for name := range s.Facets {
			if !slices.ContainsFunc(out.facets, func(f facet) bool { return f.name == name }) {
				out.facets = append(out.facets, facet{name: name})
			}
		}
	}
	slices.SortFunc(out.facets, func(x, y facet) int { return strings.Compare(x.name, y.name) })
	return out
}

// fillBank parses the phrases of bank i and groups them by the persons they are
// available to: those who meet the section's condition and have every field that the
// phrase and its facets name.
func (b *builder) fillBank(i int, from *plan.Bank) {
	out := &b.banks[i]
	for _, s := range from.Sections {
		for k, line := range s.Phrases {
			t := test{}
			if c := b.condition(s.When); c >= 0 {
				t.conditions = append(t.conditions, c)
			}
			parts := b.parse(from.Name, line, &t)
			for j := range out.facets {
				f := &out.facets[j]
				if got, want := len(s.Facets[f.name]), len(s.Phrases); got != want {
					b.fail("bank %q: facet %q has %d wordings for %d phrases", from.Name, f.name, got, want)
					return
				}
				f.phrases = append(f.phrases, b.parse(from.Name, s.Facets[f.name][k], &t))
			}
			out.add(parts, b.test(t))
			if s.Tags != nil {
				b.addTags(out, s, k)
			}
		}
	}
}

// parse parses a phrase of a bank and adds to the test what it needs.
func (b *builder) parse(bank, text string, t *test) (out []part) {
	parts, faults := phrase.Compile(text)
	if len(faults) > 0 {
		b.fail("bank %q: %w", bank, &faults[0])
		return nil
	}
	out = make([]part, len(parts))
	for i := range parts {
		out[i] = b.part(&parts[i], t)
	}
	return out
}

// add appends a phrase that is available to those who pass the test.
func (x *bank) add(parts []part, test int) {
	at := int32(len(x.phrases))
	x.phrases = append(x.phrases, parts)
	if last := len(x.groups) - 1; last >= 0 && x.groups[last].test == test {
		x.groups[last].to = at + 1
		return
	}
	x.groups = append(x.groups, group{test, at, at + 1})
}

// part resolves a part of a phrase. Parts that name the same share their details.
func (b *builder) part(from *phrase.Part, t *test) part {
	if from.Kind == phrase.Literal {
		return part{kind: from.Kind, text: from.Text}
	}
	of, d := b.detail(from, t)
	if of == phrase.Forms {
		return part{kind: of, detail: &d}
	}
	key := detailKey{of, from.Text, from.Case}
	if b.details[key] == nil {
		b.details[key] = &d
	}
	return part{kind: of, detail: b.details[key]}
}

// detail returns the kind and the details of a part. A field that may be null adds to the test.
func (b *builder) detail(from *phrase.Part, t *test) (of phrase.Kind, out detail) {
	of, out.list = from.Kind, -1
	switch of {
	case phrase.Bank:
		out.ref = b.ref(from.Text)
	case phrase.Forms:
		out.axes, out.forms = b.chosenBy(from.Forms)
	case phrase.Field:
		if i := b.reference(from); i >= 0 {
			of, out.refer = phrase.Refer, i
			for _, column := range b.references[i].columns {
				if b.plan.Fields[column].Nullable && !slices.Contains(t.columns, column) {
					t.columns = append(t.columns, column)
				}
			}
			return of, out
		}
		out.column = b.column(from.Text)
		f := b.plan.Fields[out.column]
		if f.Class == kind.Written {
			out.list = slices.IndexFunc(b.lists, func(l list) bool { return l.name == f.Name })
			if out.list < 0 {
				b.fail("a phrase names %q, which is not a list written before it", f.Name)
				return of, out
			}
			if when := b.lists[out.list].when; when >= 0 && !slices.Contains(t.conditions, when) {
				t.conditions = append(t.conditions, when)
			}
			return of, out
		}
		if from.Case != "" {
			out.words = b.wordsOf(f, from.Case)
		}
		if f.Nullable && !slices.Contains(t.columns, out.column) {
			t.columns = append(t.columns, out.column)
		}
	}
	return of, out
}

// wordsOf returns the words for the labels of a field in a case, or fails.
func (b *builder) wordsOf(f *kind.Field, name string) []string {
	cases := b.plan.Narrator.Cases
	i := slices.IndexFunc(cases, func(c plan.WordCase) bool { return c.Field == f.Name && c.Name == name })
	if i < 0 || f.Type != frame.Category || len(cases[i].Words) != f.Domain.Size() {
		b.fail("field %q has no words in the case %q", f.Name, name)
		return nil
	}
	return cases[i].Words
}

// test returns the index of a test, which it adds if it is new; -1 for one that
// everyone passes.
func (b *builder) test(t test) int {
	if len(t.conditions) == 0 && len(t.columns) == 0 {
		return -1
	}
	slices.Sort(t.conditions)
	slices.Sort(t.columns)
	i := slices.IndexFunc(b.tests, func(x test) bool {
		return slices.Equal(x.conditions, t.conditions) && slices.Equal(x.columns, t.columns)
	})
	if i >= 0 {
		return i
	}
	b.tests = append(b.tests, t)
	return len(b.tests) - 1
}

// addForms adds what decides between the forms of phrases.
func (b *builder) addForms() {
	n := b.plan.Narrator
	for _, a := range n.Axes {
		if a.Of == nil || len(a.Of.Case) == 0 || slices.Max(a.Of.Case) > int32(a.Count) || slices.Min(a.Of.Case) < 0 {
			b.fail("the forms of %q are not complete", a.Name)
			return
		}
		for _, name := range a.Of.Fields {
			b.column(name)
		}
		b.forms = append(b.forms, axis{a.Name, a.Count, a.Of})
	}
	if n.Forms == "" {
		return
	}
	f := b.plan.Fields[b.column(n.Forms)]
	if !f.Finite() || f.Slots() != len(n.FormOf) {
		b.fail("the forms do not match the values of field %q", n.Forms)
		return
	}
	s := &kind.Selector{Fields: []string{f.Name}, Slots: []int{f.Slots()}, Nullable: []bool{f.Nullable}, Min: []int64{f.Domain.Min}}
	for _, form := range n.FormOf {
		s.Case = append(s.Case, form+1)
	}
	b.forms = append(b.forms, axis{f.Name, int(slices.Max(s.Case)), s})
}

// chosenBy returns what decides between the forms of a part, and the forms.
func (b *builder) chosenBy(all []string) (axes []int, forms []string) {
	if len(b.forms) == 0 {
		b.fail("a phrase has forms, but no field selects one")
		return nil, all
	}
	names, forms := []string(nil), all
	if b.plan.Narrator.Axes != nil {
		names, forms = phrase.Axes(all)
	}
	if names == nil {
		if len(all) < b.forms[0].count {
			b.fail("a phrase has %d of %d forms", len(all), b.forms[0].count)
		}
		return []int{0}, all
	}
	count := 1
	for _, name := range names {
		i := slices.IndexFunc(b.forms, func(a axis) bool { return a.name == name })
		if i < 0 {
			b.fail("a phrase has forms by %q, which decides between none", name)
			return nil, forms
		}
		axes, count = append(axes, i), count*b.forms[i].count
	}
	if len(forms) != count {
		b.fail("a phrase has %d of %d forms", len(forms), count)
	}
	return axes, forms
}
