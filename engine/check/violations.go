package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/internal/wire"
)

// shownRows is how many row numbers and examples an outcome shows.
const shownRows = 5

// violations counts rows and keeps the smallest row numbers among them.
type violations struct {
	count int64
	rows  []int64 // ascending, at most shownRows
}

func (v *violations) add(row int64) {
	v.count++
	if len(v.rows) < shownRows || row < v.rows[len(v.rows)-1] {
		v.insert(row)
	}
}

func (v *violations) insert(row int64) {
	at := len(v.rows)
	for at > 0 && v.rows[at-1] > row {
		at--
	}
	v.rows = append(v.rows, 0)
	copy(v.rows[at+1:], v.rows[at:])
	v.rows[at] = row
	if len(v.rows) > shownRows {
		v.rows = v.rows[:shownRows]
	}
}

func (v *violations) merge(o *violations) {
	v.count += o.count
	for _, row := range o.rows {
		v.insert(row)
	}
}

func (v *violations) code(c *wire.Coder) {
	c.Count(&v.count)
	wire.Slice(c, &v.rows, shownRows, c.Count)
}

// codeViolations codes violations of a known number.
func codeViolations(c *wire.Coder, all []violations) {
	for i := range all {
		all[i].code(c)
	}
}

// textViolations are violations that keep what was wrong.
type textViolations struct {
	violations
	snippets []string // of violations.rows
}

func (v *textViolations) add(row int64, snippet string) {
	v.count++
	v.insert(row, snippet)
}

func (v *textViolations) insert(row int64, snippet string) {
	at, _ := slices.BinarySearch(v.rows, row)
	if at == shownRows {
		return
	}
	v.rows, v.snippets = slices.Insert(v.rows, at, row), slices.Insert(v.snippets, at, strings.Clone(snippet))
	v.rows, v.snippets = v.rows[:min(shownRows, len(v.rows))], v.snippets[:min(shownRows, len(v.snippets))]
}

func (v *textViolations) merge(o *textViolations) {
	v.count += o.count
	for i, row := range o.rows {
		v.insert(row, o.snippets[i])
	}
}

func (v *textViolations) code(c *wire.Coder) {
	v.violations.code(c)
	wire.Slice(c, &v.snippets, shownRows, c.Text)
	if len(v.snippets) != len(v.rows) {
		c.Fail("%d snippets of %d texts", len(v.snippets), len(v.rows))
		v.rows, v.snippets = nil, nil
	}
}

// verdict joins the violations of several kinds in one field.
type verdict struct {
	violations
	parts []string
}

// add joins violations; what describes them, as in "with an empty text".
func (v *verdict) add(x *violations, what string) {
	if x.count == 0 {
		return
	}
	v.parts = append(v.parts, fmt.Sprintf("%s %s", persons(x.count), what))
	v.merge(x)
}

// outcome makes the outcome of a field; fine is its message when nothing is
// violated.
func (v *verdict) outcome(kind, field, fine string) Outcome {
	o := Outcome{ID: kind + "." + field, Kind: kind, Name: field, Fields: []string{field}, Message: fine}
	if v.count > 0 {
		o.Status, o.Persons, o.Rows = Fail, v.count, v.rows
		o.Message = strings.Join(v.parts, "; ") + first(v.rows)
	}
	return o
}

// first names the first of some rows, for the end of a message.
func first(rows []int64) string {
	if len(rows) == 0 {
		return ""
	}
	return fmt.Sprintf(" (first: person %d)", rows[0])
}
