package kind

import (
	"cmp"
	"slices"

	"github.com/personagen/personagen/engine/frame"
)

// Entries are the weighted entries of a choice or list field, for checks that
// its values are open to the persons who have them and as frequent as their
// weights say. They do not change and may be shared.
type Entries struct {
	// Given are the fields that decide which entries are open.
	Given []string
	// Min and Max are the items of a list, both 0 for a choice.
	Min, Max int

	bank  *bank
	given *BoundSelector
	order []int32 // entries of each list by their code
}

// Entries returns the entries of a choice or list field, nil for other kinds.
func (f *Field) Entries(env *Env) *Entries {
	p, ok := f.Program.(interface{ entries() *Entries })
	if !ok {
		return nil
	}
	e := p.entries()
	e.Given, e.given = e.bank.Given.Fields, e.bank.Given.Bind(env)
	e.order = make([]int32, len(e.bank.Codes))
	for list := range e.Lists() {
		from, to := e.Of(list)
		for k := from; k < to; k++ {
			e.order[k] = k
		}
		slices.SortFunc(e.order[from:to], func(a, b int32) int { return cmp.Compare(e.bank.Codes[a], e.bank.Codes[b]) })
	}
	return e
}

// Len is the number of entries, Lists that of lists of them.
func (e *Entries) Len() int   { return len(e.bank.Codes) }
func (e *Entries) Lists() int { return len(e.bank.Start) - 1 }

// Of returns the entries of a list (from 0): those from the first to before the
// second.
func (e *Entries) Of(list int) (from, to int32) { return e.bank.Start[list], e.bank.Start[list+1] }

// Share is the chance of an entry to be drawn first from its list.
func (e *Entries) Share(list int, entry int32) float64 {
	width := uint64(e.bank.Upto[entry]) + 1
	if entry > e.bank.Start[list] {
		width -= uint64(e.bank.Upto[entry-1]) + 1
	}
	return float64(width) / (1 << 32)
}

// Rows writes to out, which is resized, which list is open to each row's
// person, -1 for none.
func (e *Entries) Rows(b *frame.Batch, out []int32) []int32 {
	out = e.given.Cases(b, out)
	for r := range out {
		out[r]--
	}
	return out
}

// Find returns the entry of a list that has a label's code, -1 for none.
func (e *Entries) Find(list, code int32) int32 {
	from, to := e.Of(int(list))
	at, ok := slices.BinarySearchFunc(e.order[from:to], code, func(entry, code int32) int { return cmp.Compare(e.bank.Codes[entry], code) })
	if !ok {
		return -1
	}
	return e.order[int(from)+at]
}
