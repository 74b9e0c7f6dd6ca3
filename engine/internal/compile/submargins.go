package compile

import (
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// widestSubMargin is the largest number of fields of a sub-margin. A table over k
// fields has 2^k-2 in all; to hold those over three fields as well takes several times
// the search, and leaves other cells off.
const widestSubMargin = 2

// expectSubMargins adds the sub-margins of every table and joint: the distributions
// over some of its fields, of the same persons, those of most fields first.
func (c *compiler) expectSubMargins() {
	declared := slices.Clone(c.plan.Expected)
	// Those of everyone come first, so that the order of the spec does not matter.
	everyone := slices.DeleteFunc(slices.Clone(declared), func(e plan.Expected) bool { return e.Universe != nil })
	declared = append(everyone, slices.DeleteFunc(declared, func(e plan.Expected) bool { return e.Universe == nil })...)
	for i := range declared {
		of := &declared[i]
		at, where := c.spec.Place, (*spec.Condition)(nil)
		for k := range c.spec.Tables {
			if t := &c.spec.Tables[k]; of.Origin == "table" && t.Name == of.Table {
				at = t.Place
				if of.Universe != nil {
					where = t.Where
				}
			}
		}
		for n := min(len(of.Fields)-1, widestSubMargin); n > 0; n-- {
			for _, fields := range choose(of.Fields, n) {
				c.expectSubMargin(of, fields, where, at)
			}
		}
	}
}

// expectSubMargin adds the distribution over some fields of another, unless one of
// plan.Expected has each of its cells.
func (c *compiler) expectSubMargin(of *plan.Expected, fields []string, where *spec.Condition, at diag.Place) {
	var same []*plan.Expected
	for i := range c.plan.Expected {
		if old := &c.plan.Expected[i]; sameNames(old.Fields, fields) {
			if old.Universe == nil && where == nil {
				return
			}
			same = append(same, old)
		}
	}
	e := plan.Expected{Name: of.Name + ": " + strings.Join(fields, " x "), Origin: plan.SubMargin, Table: of.Table, Fields: fields}
	part, ok := c.distribution(&e, where, at)
	if ok && !slices.ContainsFunc(same, func(old *plan.Expected) bool { return hasCellsOf(old, &e) }) {
		c.addExpected(&e, part)
	}
}

// hasCellsOf reports whether a distribution over the same fields, in any order, has
// every cell of another: its universe is the same, or it is of everyone and the
// universe of the other has all persons of a cell or none of them.
func hasCellsOf(old, e *plan.Expected) bool {
	if sameUniverse(old, e) {
		return true
	}
	if old.Universe != nil {
		return false
	}
	stride := make([]int, len(e.Fields)) // in old, of the fields of e
	n := 1
	for i := len(old.Fields) - 1; i >= 0; i-- {
		stride[slices.Index(e.Fields, old.Fields[i])] = n
		n *= old.Slots[i]
	}
	for k, share := range e.Share {
		at := 0
		for i := len(e.Slots) - 1; i >= 0; i-- {
			at += k % e.Slots[i] * stride[i]
			k /= e.Slots[i]
		}
		if share > 0 && math.Abs(share-old.Share[at]) > 1e-12 {
			return false
		}
	}
	return true
}

func sameNames(a, b []string) bool {
	return len(a) == len(b) && slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// choose lists the subsets of n names, in their order.
func choose(names []string, n int) [][]string {
	if n == 0 {
		return [][]string{nil}
	}
	var out [][]string
	for i := range names[:len(names)-n+1] {
		for _, rest := range choose(names[i+1:], n-1) {
			out = append(out, append([]string{names[i]}, rest...))
		}
	}
	return out
}
