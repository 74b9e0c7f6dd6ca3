package narrate

import (
	"slices"

	"github.com/personagen/personagen/engine/internal/phrase"
	"github.com/personagen/personagen/engine/plan"
)

// tags say what a phrase tells and what it follows from.
type tags struct {
	facts   []int32
	after   [][]int32 // one fact of each must have been told
	follows []follow
}

// follow is a relation that a phrase can have to one before it that tells one of some facts,
// or, with nil, to any.
type follow struct {
	relation int
	facts    []int32
}

// addTags adds the tags of phrase k of a section to a bank.
func (b *builder) addTags(x *bank, s plan.Section, k int) {
	if len(s.Tags) != len(s.Phrases) {
		b.fail("there are %d tags for %d phrases", len(s.Tags), len(s.Phrases))
		return
	}
	from := &s.Tags[k]
	t := tags{facts: b.factsOf(from.Facts)}
	for _, one := range from.After {
		t.after = append(t.after, b.factsOf(one))
	}
	for _, f := range from.Follows {
		i := slices.IndexFunc(b.relations, func(r relation) bool { return r.name == f.Relation })
		if i < 0 {
			b.fail("no relation is called %q", f.Relation)
			return
		}
		x.relates = true
		t.follows = append(t.follows, follow{i, b.factsOf(f.Facts)})
	}
	x.tags = append(x.tags, make([]tags, len(x.phrases)-len(x.tags))...) // those before have none
	x.tags[len(x.phrases)-1] = t
}

// factsOf returns the indexes of facts.
func (b *builder) factsOf(names []string) (facts []int32) {
	for _, name := range names {
		i := slices.Index(b.factNames, name)
		if i < 0 {
			i = len(b.factNames)
			b.factNames = append(b.factNames, name)
		}
		facts = append(facts, int32(i))
	}
	return facts
}

// findWaiting finds the outlines with a closing phrase that waits for a fact.
func (b *builder) findWaiting() {
	b.facts = len(b.factNames)
	for i := range b.banks { // phrases after the last one with tags have none
		if x := &b.banks[i]; x.tags != nil {
			x.tags = append(x.tags, make([]tags, len(x.phrases)-len(x.tags))...)
		}
	}
	known := map[int]bool{}
	var waits func(bank int) bool
	waits = func(bank int) bool {
		if found, ok := known[bank]; ok {
			return found
		}
		known[bank] = false
		x := &b.banks[bank]
		found := slices.ContainsFunc(x.tags, func(t tags) bool { return t.after != nil })
		all := slices.Clone(x.phrases)
		for _, f := range x.facets {
			all = append(all, f.phrases...)
		}
		for _, parts := range all {
			for _, p := range parts {
				if p.kind == phrase.Bank && p.ref.number == 0 {
					found = found || waits(p.ref.bank)
				}
			}
		}
		known[bank] = found
		return found
	}
	for i := range b.texts {
		for k := range b.texts[i].outlines {
			o := &b.texts[i].outlines[k]
			o.closeWaits = slices.ContainsFunc(o.close, func(r ref) bool { return r.number == 0 && waits(r.bank) })
		}
	}
}

// How a fact is known to a reader of the text so far, in the order of what is known more.
const (
	untold    uint8 = iota
	elsewhere       // another text has told it, and this one must not
	ahead           // a closing phrase tells it
	now             // a phrase before has told it
)

// telling is the facts that a text tells.
type telling struct {
	known []uint8  // per fact
	log   []change // what this text has told, in the order of drawing
	place uint8    // ahead while closing phrases are drawn, else now
	flow

	mentions []mention
	base     int // mentions before it are not near a closing phrase
}

// change is a fact with its state before.
type change struct {
	fact   int32
	before uint8
}

// flow is the position in a text.
type flow struct {
	phrases   int  // written so far
	from, to  int  // what the last one told, in the log
	connected bool // a connective stands before the last one
}

// begin begins a text.
func (t *telling) begin() {
	t.undo(0)
	t.place, t.flow = now, flow{}
	t.mentions, t.base = t.mentions[:0], 0
}

// undo forgets what was told after a position of the log.
func (t *telling) undo(to int) {
	for _, c := range slices.Backward(t.log[to:]) {
		t.known[c.fact] = c.before
	}
	t.log = t.log[:to]
}

// mayTell reports whether a phrase tells nothing that is known and has what it waits for.
func (t *telling) mayTell(x *tags) bool {
	for _, fact := range x.facts {
		if t.known[fact] != untold {
			return false
		}
	}
	for _, one := range x.after {
		if !slices.ContainsFunc(one, func(fact int32) bool { return t.known[fact] >= t.place }) {
			return false
		}
	}
	return true
}

// tell records the facts of a phrase.
func (t *telling) tell(facts []int32, as uint8) {
	for _, fact := range facts {
		t.log = append(t.log, change{fact, t.known[fact]})
		t.known[fact] = max(t.known[fact], as)
	}
}

// related reports whether a phrase has a relation to the last one of the text.
func (t *telling) related(x *tags) bool {
	return slices.ContainsFunc(x.follows, func(f follow) bool { return t.follows(&f) })
}

// follows reports whether a relation holds after the last phrase of the text.
func (t *telling) follows(f *follow) bool {
	if t.phrases == 0 {
		return false
	}
	return f.facts == nil || slices.ContainsFunc(t.log[t.from:t.to], func(c change) bool { return slices.Contains(f.facts, c.fact) })
}
