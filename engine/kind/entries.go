package kind

import (
	"cmp"
	"slices"

	"github.com/personagen/personagen/engine/frame"
)

// Entries are the weighted entries of a choice or list field. A check compares
// them with data: whether each person has a value that its list contains, and
// whether values are as frequent as their weights say. Entries are immutable and
// may be shared by goroutines.
type Entries struct {
	// Given are the fields that decide which list a person draws from.
	Given []string
	// Min and Max are the numbers of items of a list field, 0 for a choice.
	Min, Max int

	bank  *bank
	given lister
	order []int32 // the entries of each list, sorted by code
}

// Entries returns the entries of a choice or list field, nil for other fields. Of
// env it needs Fields.
func (f *Field) Entries(env *Env) *Entries {
	p, ok := f.Program.(interface{ entries() *Entries })
	if !ok {
		return nil
	}
	e := p.entries()
	e.given, e.Given = e.bank.bindLists(env)
	e.order = make([]int32, len(e.bank.Codes))
	for list := range e.Lists() {
		from, to := e.Range(list)
		for k := from; k < to; k++ {
			e.order[k] = k
		}
		slices.SortFunc(e.order[from:to], func(a, b int32) int { return cmp.Compare(e.bank.Codes[a], e.bank.Codes[b]) })
	}
	return e
}

// Len returns the number of entries of all lists.
func (e *Entries) Len() int { return len(e.bank.Codes) }

// Lists returns the number of lists.
func (e *Entries) Lists() int { return len(e.bank.Start) - 1 }

// Range returns the entries of a list, which is numbered from 0: from to to-1.
func (e *Entries) Range(list int) (from, to int32) { return e.bank.Start[list], e.bank.Start[list+1] }

// Share returns the probability that the first draw from a list is an entry of it.
func (e *Entries) Share(list int, entry int32) float64 {
	return float64(e.bank.width(int32(list), entry)) / (1 << 32)
}

// RowLists writes to out, which is resized to the batch's length, the list that
// each row's person draws from, -1 for none.
func (e *Entries) RowLists(b *frame.Batch, out []int32) []int32 {
	out = e.given.Cases(b, out)
	for r := range out {
		out[r]--
	}
	return out
}

// row returns the row of the entry of a list (from 0) that has a code, -1 for none.
func (e *Entries) row(list, code int32) int32 {
	if list < 0 || code < 0 {
		return -1
	}
	entry := e.Find(list, code)
	if entry < 0 {
		return -1
	}
	return e.bank.Rows[entry]
}

// Find returns the entry of a list (from 0) that has a code, -1 for none.
func (e *Entries) Find(list, code int32) int32 {
	from, to := e.Range(int(list))
	i, ok := slices.BinarySearchFunc(e.order[from:to], code, func(entry, code int32) int { return cmp.Compare(e.bank.Codes[entry], code) })
	if !ok {
		return -1
	}
	return e.order[int(from)+i]
}
