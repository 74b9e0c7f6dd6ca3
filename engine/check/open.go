package check

import (
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/wire"
)

var openCheck = definition{kind: KindOpen, compile: func(s *shared) check {
	if p := s.askEntries(); p.fields != nil {
		return &open{p}
	}
	return nil
}}

// open: every value of a choice or list is an entry that is possible for the person,
// and lists have as many items as declared, none twice.
type open struct{ plan *entriesPlan }

type openTally struct {
	plan    *entriesPlan
	entries *entries
	fields  []openField
}

type openField struct {
	closed   violations // a value that is not possible for the person
	repeated violations // an item that occurs twice
	length   violations // too few or too many items
}

func (o *open) newTally(a *accumulators) tally {
	return &openTally{o.plan, a.entries, make([]openField, len(o.plan.fields))}
}

func (t *openTally) add(b *frame.Batch) {
	for i := range t.fields {
		f, x, found := &t.plan.fields[i], &t.entries.fields[i], &t.fields[i]
		for r, entry := range x.entry {
			if entry == notOpen {
				found.closed.add(b.First + int64(r))
			}
		}
		if f.list {
			found.addItems(f, x, b)
		}
	}
}

// addItems looks at the numbers of items and for items that occur twice.
func (v *openField) addItems(f *entriesField, x *entriesTally, b *frame.Batch) {
	c := &b.Columns[f.column]
	for r, list := range x.lists {
		if c.Null != nil && c.Null[r] || list < 0 {
			continue
		}
		items := c.Codes[c.Offsets[r]:c.Offsets[r+1]]
		if least, most := f.bounds(int(list)); len(items) < least || len(items) > most {
			v.length.add(b.First + int64(r))
		}
		repeated := false
		for k, code := range items {
			for _, other := range items[:k] {
				repeated = repeated || code >= 0 && other == code
			}
		}
		if repeated {
			v.repeated.add(b.First + int64(r))
		}
	}
}

func (t *openTally) merge(other tally) {
	for i := range t.fields {
		x, o := &t.fields[i], &other.(*openTally).fields[i]
		x.closed.merge(&o.closed)
		x.repeated.merge(&o.repeated)
		x.length.merge(&o.length)
	}
}

func (t *openTally) code(c *wire.Coder) {
	for i := range t.fields {
		x := &t.fields[i]
		x.closed.code(c)
		x.repeated.code(c)
		x.length.code(c)
	}
}

func (o *open) judge(_ *judging, t tally) (out []finding, _ error) {
	for i := range o.plan.fields {
		f, x := &o.plan.fields[i], &t.(*openTally).fields[i]
		var v verdict
		v.add(&x.closed, "with a value that is not open to them given "+f.given())
		v.add(&x.repeated, "with an item twice")
		v.add(&x.length, "with too few or too many items")
		fine := "only values that are possible, given " + f.given()
		if f.list {
			fine = "no item twice, lengths as declared, " + fine
		}
		out = append(out, only(v.outcome(KindOpen, f.name, fine))...)
	}
	return out, nil
}
