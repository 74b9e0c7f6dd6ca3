// Package narrate is the offline narrator: it writes the text fields of persons
// from the phrase banks of a plan.
//
// A person's texts are a pure function of the plan, the seed and the person's
// number. Each bank has a random stream, keyed by its name. For every person it
// gives a permutation of the phrases available to that person, and each use of the bank
// takes the next phrase of the permutation, so that no phrase repeats before all
// have been used. A phrase that is asked for by number is the one at that position in
// the permutation in every text and list, and draws without a number start after
// the numbers that the plan uses, so that two texts of a person can mention the
// same things.
//
// Lists of texts are written first, then texts, both in the order of the spec.
// Adding a bank therefore changes no other phrase, and adding a field changes only
// later fields that share a bank with it.
//
// Within a hundred persons, 0 to 99, 100 to 199 and so on, no two texts of a field
// have the same opening once names and places are masked, provided that there are
// enough phrases: a first phrase with the opening of an earlier person is drawn
// again. A person's texts therefore depend on the earlier persons of the hundred,
// and a worker that starts inside a hundred must meet those first.
//
// A text tells no fact twice: a phrase whose facts are told is not drawn, and a part that finds
// only such phrases is left out. After a phrase that tells a certain fact, a connective may
// stand before the next one, if the bank declares that relation. References are worded by the
// distance to the last mention in the text. If phrases are spread, the hundred also counts how
// often each was taken, and a person leaves the frequent ones for later.
//
// A Worker fills the columns of texts, lists of texts and sources of a batch whose
// other columns are filled.
package narrate

import (
	"fmt"

	"github.com/personagen/personagen/engine/internal/contract"
	"github.com/personagen/personagen/engine/internal/phrase"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// Source is the value in a column of sources for a person whose texts all come
// from the narrator.
const Source = "offline"

// Narrator is the phrase banks of a plan, compiled. It may be shared by
// goroutines.
type Narrator struct {
	env        *kind.Env
	conditions []*kind.Selector // without duplicates
	tests      []test           // conjunctions of conditions
	banks      []bank
	forms      []axis // what decides between forms
	contract   contract.Words
	relations  []relation
	references []reference
	facts      int  // number of facts that phrases tell
	spread     bool // phrases that earlier persons of the hundred took often are left for later
	lists      []list
	texts      []text
	sources    []source
	masked     []int // columns whose values are masked in openings
}

// test is a conjunction: all conditions hold and no column is null.
type test struct{ conditions, columns []int }

// bank is a compiled phrase bank.
type bank struct {
	stream  rng.Stream
	groups  []group
	phrases [][]part
	facets  []facet
	numbers int    // largest number that a phrase is asked for by
	tags    []tags // of the phrases, nil if none has any
	relates bool   // a phrase has a relation to others
}

// facet is other wordings of a bank's phrases, in the same order.
type facet struct {
	name    string
	phrases [][]part
}

// ref is a reference to a bank: to its next phrase or, from 1, to the person's
// phrase of that number. A letter names the next phrase for the rest of the phrase that
// refers to it, a capital for the rest of the text.
type ref struct {
	bank, facet, number int // facet -1 for the phrase itself
	letter              byte
}

// group is consecutive phrases that are available to the same persons.
type group struct {
	test     int // -1 for everyone
	from, to int32
}

// axis decides between forms: case i+1 has form i.
type axis struct {
	name  string
	count int
	of    *kind.Selector
}

// part is a part of a phrase. It is small, because phrases are read all over the memory that
// their parts take.
type part struct {
	kind phrase.Kind
	text string // of a literal
	*detail
}

// detail is what a part has if it is not a literal.
type detail struct {
	forms  []string // by form
	axes   []int    // that decide between them, the last fastest
	words  []string // of a field: by code, in place of its labels; nil for these
	column int      // of a field
	list   int      // of a field that is a list written earlier, else -1
	ref    ref      // to a bank
	refer  int      // a reference
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
	outlines  []outline
	order     rng.Stream // that selects an outline
	joiner    []byte
	target    int
	apartFrom []int // earlier texts whose facts it does not tell
}

// outline is an order of phrases.
type outline struct {
	parts, more, close []ref
	closeWaits         bool // a closing phrase waits for a fact: they are drawn after the parts
}

type list struct {
	written
	parts []ref
	items kind.Length
	count rng.Stream
}

type source struct{ column, when int }

// New compiles the phrase banks of a plan, which must have some. An error means
// that the plan is damaged: the compiler of plans rejects faulty banks.
func New(p *plan.Plan, seed uint64) (*Narrator, error) {
	if p.Narrator == nil {
		return nil, fmt.Errorf("the plan has no phrase banks")
	}
	b := &builder{Narrator: &Narrator{env: &kind.Env{Fields: p.Fields, Seed: seed}}, plan: p, seed: seed, details: map[detailKey]*detail{}}
	for i := range p.Narrator.Banks {
		b.banks = append(b.banks, newBank(&p.Narrator.Banks[i], seed))
	}
	b.addForms()
	b.contract = contract.New(p.Narrator.Contractions)
	b.addRelations()
	b.addReferences()
	b.addFields()
	for i := range p.Narrator.Banks {
		b.fillBank(i, &p.Narrator.Banks[i])
	}
	b.findWaiting()
	b.addMasked()
	if b.err != nil {
		return nil, fmt.Errorf("the plan is damaged: %w", b.err)
	}
	return b.Narrator, nil
}

// Target returns the length at which a text is long enough.
func Target(l kind.Length) int { return max(l.Target, l.Min) }
