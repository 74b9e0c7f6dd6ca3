package kind

import (
	"slices"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec"
	"github.com/personagen/personagen/engine/table"
)

// CSVColumn finds a column by its header, or reports that there is none.
func (c *Compiler) CSVColumn(file *table.File, name spec.Text) (int, bool) {
	i := slices.Index(file.Header, name.Value)
	if i >= 0 {
		return i, true
	}
	d := c.Diags.Errorf(name.Place, "unknown-column", "%s has no column %q", file.Path, name.Value)
	if g := diag.Guess(name.Value, file.Header); g != "" {
		d.Do("did you mean %q?", g)
	} else {
		d.Do("its columns are %v", file.Header)
	}
	return 0, false
}

// SelectRows returns the numbers of the rows that meet a condition on the
// texts of their cells, all rows when it is nil.
func (c *Compiler) SelectRows(file *table.File, where *spec.Condition) []int {
	type test struct {
		term   *spec.Term
		column int
		known  map[string]bool
	}
	var tests []test
	if where != nil {
		for i := range where.Terms {
			t := &where.Terms[i]
			column, ok := c.CSVColumn(file, spec.Text{Value: t.Field, Place: t.Place})
			if !ok {
				return nil
			}
			tests = append(tests, test{t, column, map[string]bool{}})
		}
	}
	var rows []int
	for r, cells := range file.Rows {
		keep := true
		for _, t := range tests {
			ok, tried := t.known[cells[t.column]]
			if !tried {
				ok = t.term.Accepts(cells[t.column])
				t.known[cells[t.column]] = ok
			}
			keep = keep && ok
		}
		if keep {
			rows = append(rows, r)
		}
	}
	return rows
}
