package kind

import (
	"slices"

	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/spec"
)

// forms are columns of a file of which a field of the person chooses one, as in
// {by: "sex", values: {female: "title_f", male: "title_m"}}.
type forms struct {
	by      *Field
	columns []int           // of the forms
	form    []int32         // per code of by, null included: the form, -1 for none
	codes   map[int][]int32 // per row: the code of the label of each form
}

// readForms reads which column each value of a field chooses. It returns nil after it
// has reported a fault.
func (c *Compiler) readForms(n *spec.Node, file *table.File) *forms {
	name := n.Get("by").AsString()
	by := c.FiniteField(name.Value, name.Place)
	if by == nil {
		return nil
	}
	x := &forms{by: by, codes: map[int][]int32{}, form: make([]int32, by.Slots())}
	ok := true
	add := func(column spec.String) int32 {
		i, found := c.Column(file, column)
		ok = ok && found
		form := slices.Index(x.columns, i)
		if form < 0 {
			form, x.columns = len(x.columns), append(x.columns, i)
		}
		return int32(form)
	}
	for code := range x.form {
		x.form[code] = -1
	}
	values := n.Get("values")
	for _, v := range values.Fields {
		if code, known := by.Domain.Index(v.Name); known {
			x.form[code] = add(v.Value.AsString())
		} else {
			c.checkLabel(by, v.Name, v.Place)
			ok = false
		}
	}
	if other := n.Get("other"); other != nil {
		form := add(other.AsString())
		for code := range x.form {
			if x.form[code] < 0 {
				x.form[code] = form
			}
		}
	}
	for code := range by.Domain.Size() {
		if x.form[code] < 0 && ok {
			c.Diags.Errorf(values.Place, "no-form", "no column is named for %s %q", by.Name, by.Domain.Label(code)).
				WithHint("add it, or name the column of all others: other: \"<column>\"")
			ok = false
		}
	}
	if !ok || len(x.columns) == 0 {
		return nil
	}
	return x
}

// of returns the form of a configuration of a selector over by and other fields, -1 for
// none.
func (x *forms) of(config int, s *Selector) int {
	for i, name := range slices.Backward(s.Fields) {
		code := config % s.Slots[i]
		config /= s.Slots[i]
		if name == x.by.Name {
			return int(x.form[code])
		}
	}
	return -1
}

// readForm reads the labels of a row. It returns false after it has reported a fault.
func (r *bankReader) readForm(row int) bool {
	codes := make([]int32, len(r.forms.columns))
	ok := true
	for i, column := range r.forms.columns {
		var labelled bool
		codes[i], labelled = r.labelCode(row, column)
		ok = ok && labelled
	}
	r.forms.codes[row] = codes
	return ok
}
