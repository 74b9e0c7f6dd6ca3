// Package narrate is the offline narrator: it writes the text fields of
// persons from the phrase banks of a plan.
//
// What a person's texts say is a pure function of the plan, the seed and the
// person's number. Each bank has a stream of its own, keyed by its name: for
// every person it gives a permutation of the phrases open to that person, and
// each use of the bank takes the next phrase of the permutation, so that no
// phrase comes twice before all have come. A phrase asked for by its number is
// the one at that place of the permutation, whoever asks: texts and lists share
// it, and draws without a number begin behind the numbers that the plan uses, so
// that two texts of a person tell of the same things.
//
// Lists of texts are written first,
// then texts, both in the order of the spec. So a bank that is added changes no
// other phrase, and a field that is added changes only later fields that share
// a bank with it.
//
// No two of a hundred persons, 0 to 99, 100 to 199 and so on, have texts in a
// field that open alike once names and places are masked, as long as their
// phrases allow it: a first phrase that opens like an earlier person's is drawn
// anew. So what a person's texts say depends on those before in the hundred, and
// a worker that begins inside one must meet them first.
//
// In goes a batch whose other columns are filled; its columns of texts, lists
// of texts and sources are filled in place. Trap: a Worker belongs to one
// goroutine.
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

// Source is what a column of sources says of a person whose texts all come from
// the narrator.
const Source = "offline"

// Narrator is a plan's phrase banks, ready to use. It is safe for use by
// several goroutines.
type Narrator struct {
	env        *kind.Env
	conditions []*kind.Selector // the different ones
	tests      []test           // conjunctions of these
	banks      []bank
	forms      *kind.Selector // case 1 is the first form
	lists      []list
	texts      []text
	sources    []source
	masked     []int // columns whose values do not count in how a text opens
}

// test is a conjunction: all conditions hold and no column is null.
type test struct{ conditions, columns []int }

// bank is the phrases of a bank.
type bank struct {
	stream  rng.Stream
	groups  []group
	phrases [][]part
	facets  []facet
	numbers int // largest number that a phrase is asked for by
}

// facet is other wordings of a bank's phrases, in the order of these.
type facet struct {
	name    string
	phrases [][]part
}

// ref is a reference to a bank: its next phrase or, from 1, the person's phrase
// of that number.
type ref struct{ bank, facet, number int } // facet -1 for the phrase itself

// group is a run of phrases that are open to the same persons.
type group struct {
	test     int // -1 for everyone
	from, to int32
}

// part is a piece of a phrase: a literal, or what at points to.
type part struct {
	kind  phrase.Kind
	text  string   // literal
	forms []string // by form
	at    int      // column of a field; list when written
	list  bool     // the field is a list that is written earlier
	ref   ref      // of a bank
}

// written is what texts and lists have in common.
type written struct {
	name   string
	column int
	when   int // condition, -1 for everyone
	chars  kind.Length
}

type text struct {
	written
	parts, more, close []ref
	joiner             []byte
	target             int
}

type list struct {
	written
	parts []ref
	items kind.Length
	count rng.Stream
}

type source struct{ column, when int }

// New readies the banks of a plan. The plan must have a narrator; an error
// tells of a damaged plan, for the compiler refuses wrong banks.
func New(p *plan.Plan, seed uint64) (*Narrator, error) {
	if p.Narrator == nil {
		return nil, fmt.Errorf("the plan has no phrase banks")
	}
	b := &builder{Narrator: &Narrator{env: &kind.Env{Fields: p.Fields, Seed: seed}}, plan: p, seed: seed}
	for i := range p.Narrator.Banks {
		b.banks = append(b.banks, bankOf(&p.Narrator.Banks[i], seed))
	}
	b.addFields()
	for i := range p.Narrator.Banks {
		b.fillBank(i, &p.Narrator.Banks[i])
	}
	b.addForms()
	b.addMasked()
	if b.err != nil {
		return nil, fmt.Errorf("the plan is damaged: %w", b.err)
	}
	return b.Narrator, nil
}

// builder makes a Narrator; the first error stays.
type builder struct {
	*Narrator
	plan *plan.Plan
	seed uint64
	err  error
}

func (b *builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}

// column finds a field's column, or fails.
func (b *builder) column(name string) int {
	i := slices.IndexFunc(b.plan.Fields, func(f *kind.Field) bool { return f.Name == name })
	if i < 0 {
		b.fail("no field is called %q", name)
		return 0
	}
	return i
}

// ref finds what a reference is to, or fails.
func (b *builder) ref(text string) ref {
	r, ok := phrase.ParseRef(text)
	i := slices.IndexFunc(b.plan.Narrator.Banks, func(x plan.Bank) bool { return x.Name == r.Bank })
	if !ok || i < 0 {
		b.fail("no bank is called %q", text)
		return ref{facet: -1}
	}
	x := &b.banks[i]
	out := ref{i, slices.IndexFunc(x.facets, func(f facet) bool { return f.name == r.Facet }), r.Number}
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

// addMasked finds the columns of names and places.
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

// condition numbers the different conditions; -1 is everyone.
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

// addFields lists the fields that the banks are for.
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
			continue // nobody writes it here: it stays null
		}
		w := written{name: f.Name, column: i, when: b.condition(f.When), chars: f.Text.Chars}
		if f.Type == frame.TextList {
			b.lists = append(b.lists, list{written: w, parts: b.refs(o.Parts), items: *f.Text.Items, count: rng.New(b.seed, "narrator items "+f.Name)})
			continue
		}
		b.texts = append(b.texts, text{
			written: w, joiner: []byte(o.Joiner), target: Target(f.Text.Chars),
			parts: b.refs(o.Parts), more: b.refs(o.More), close: b.refs(o.Close),
		})
	}
}

// Target is the length at which a text is long enough.
func Target(l kind.Length) int { return max(l.Target, l.Min) }

// bankOf is a bank with the names of its facets and no phrases yet.
func bankOf(from *plan.Bank, seed uint64) bank {
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

// fillBank cuts the phrases of bank i into parts and groups them by whom they
// are open to: those who meet the section's condition and have every field that
// the phrase and its facets name.
func (b *builder) fillBank(i int, from *plan.Bank) {
	out := &b.banks[i]
	for _, s := range from.Sections {
		for k, line := range s.Phrases {
			t := test{}
			if c := b.condition(s.When); c >= 0 {
				t.conditions = append(t.conditions, c)
			}
			ready := b.cut(from.Name, line, &t)
			for j := range out.facets {
				f := &out.facets[j]
				if len(s.Facets[f.name]) != len(s.Phrases) {
					b.fail("bank %q: the facet %q does not fit its phrases", from.Name, f.name)
					return
				}
				f.phrases = append(f.phrases, b.cut(from.Name, s.Facets[f.name][k], &t))
			}
			out.add(ready, b.test(t))
		}
	}
}

// cut cuts a phrase of a bank into parts and adds to the test what it needs.
func (b *builder) cut(bank, line string, t *test) (ready []part) {
	parts, faults := phrase.Compile(line)
	if len(faults) > 0 {
		b.fail("bank %q: %w", bank, &faults[0])
		return nil
	}
	for i := range parts {
		ready = append(ready, b.part(&parts[i], t))
	}
	return ready
}

// add appends a phrase that is open to those who pass the test.
func (x *bank) add(parts []part, test int) {
	at := int32(len(x.phrases))
	x.phrases = append(x.phrases, parts)
	if last := len(x.groups) - 1; last >= 0 && x.groups[last].test == test {
		x.groups[last].to = at + 1
		return
	}
	x.groups = append(x.groups, group{test, at, at + 1})
}

// part resolves a part of a phrase; a field that can be null adds to the test.
func (b *builder) part(from *phrase.Part, t *test) part {
	out := part{kind: from.Kind, text: from.Text, forms: from.Forms}
	switch from.Kind {
	case phrase.Bank:
		out.ref = b.ref(from.Text)
	case phrase.Forms:
		if b.plan.Narrator.Forms == "" {
			b.fail("forms without a field that decides between them")
		}
	case phrase.Field:
		out.at = b.column(from.Text)
		f := b.plan.Fields[out.at]
		if f.Class == kind.Written {
			i := slices.IndexFunc(b.lists, func(l list) bool { return l.name == f.Name })
			if i < 0 {
				b.fail("a phrase names %q, which is not written before it", f.Name)
				return out
			}
			out.list, out.at = true, i
			if when := b.lists[i].when; when >= 0 && !slices.Contains(t.conditions, when) {
				t.conditions = append(t.conditions, when)
			}
			return out
		}
		if f.Nullable && !slices.Contains(t.columns, out.at) {
			t.columns = append(t.columns, out.at)
		}
	}
	return out
}

// test numbers the different tests; -1 is passed by everyone.
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

// addForms readies the choice between the forms of a phrase.
func (b *builder) addForms() {
	n := b.plan.Narrator
	if n.Forms == "" {
		return
	}
	f := b.plan.Fields[b.column(n.Forms)]
	if !f.Finite() || f.Slots() != len(n.FormOf) {
		b.fail("the forms do not fit field %q", n.Forms)
		return
	}
	b.forms = &kind.Selector{Fields: []string{f.Name}, Slots: []int{f.Slots()}, Nullable: []bool{f.Nullable}, Min: []int64{f.Domain.Min}}
	for _, form := range n.FormOf {
		b.forms.Case = append(b.forms.Case, form+1)
	}
}
