package kind

import (
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/spec"
)

// Column returns the number of the column with a header. It returns false after it has
// reported that there is none. hints are further things to do about it.
func (c *Compiler) Column(file *table.File, name spec.String, hints ...string) (int, bool) {
	if i, ok := file.Column(name.Value); ok {
		return i, true
	}
	d := c.Diags.Errorf(name.Place, "unknown-column", "%s has no column %q", file.Path, name.Value)
	advice, evidence := file.Advice()
	g := diag.Guess(name.Value, file.Header)
	switch {
	case advice != "":
		d.WithHint("its columns are %q; say how the file is written: %s", file.Header, advice)
		d.Notes = append(d.Notes, evidence...)
	case len(hints) > 0:
		d.WithHint("%s", hints[0])
	case g != "":
		d.WithHint("did you mean %q?", g)
	default:
		d.WithHint("its columns are %v", file.Header)
	}
	return 0, false
}

// SelectRows returns the numbers of the rows whose cells, as texts, meet a
// condition, and all rows when it is nil. A condition on a column that does not
// exist is reported and selects no row.
func (c *Compiler) SelectRows(file *table.File, where *spec.Condition) []int {
	rows, _ := c.selectRows(file, where)
	return rows
}

// selectRows is SelectRows; ok is false after it has reported a fault.
func (c *Compiler) selectRows(file *table.File, where *spec.Condition) (rows []int, ok bool) {
	type test struct {
		term   *spec.Term
		column int
		known  map[string]bool
	}
	var tests []test
	if where != nil {
		for i := range where.Terms {
			t := &where.Terms[i]
			column, ok := c.Column(file, spec.String{Value: t.Field, Place: t.Place})
			if !ok {
				return nil, false
			}
			tests = append(tests, test{t, column, map[string]bool{}})
		}
	}
	met := make([]bool, len(tests))
	for r, cells := range file.Rows {
		keep := true
		for i, t := range tests {
			ok, tried := t.known[cells[t.column]]
			if !tried {
				ok = t.term.Accept(cells[t.column])
				t.known[cells[t.column]] = ok
			}
			met[i] = met[i] || ok
			keep = keep && ok
		}
		if keep {
			rows = append(rows, r)
		}
	}
	if len(file.Rows) > 0 {
		for i, t := range tests {
			c.doubtCells(t.term, file.Header[t.column], t.known, met[i])
		}
	}
	return rows, true
}
