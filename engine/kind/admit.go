package kind

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/spec"
)

// Entries may speak of the persons who can have them: columns of their rows name the
// least and the greatest value of a field, or its labels. Such a field is another one
// that decides the list.

const (
	// maxEntries bounds the entries of all lists of a field.
	maxEntries = 4 << 20
	// maxPairs bounds the pairs of a configuration and the rows that it may draw.
	maxPairs = 32 << 20
)

// admission is what rows say of the values of a field.
type admission struct {
	from, to  int    // columns of the least and greatest value, -1 for no limit
	labels    int    // column of labels, -1 if there is none
	separator string // between labels of a cell, "" if a cell has one
	bands     []span // with from and to: the whole numbers of each code
	// sets are the sets of codes that rows admit, apart from all codes.
	sets  [][]int32
	known map[string]int32 // number of a set by its codes
}

// span is a range of whole numbers, both ends included.
type span struct{ from, to float64 }

// bandsOf returns the whole numbers that each code of a field stands for: those of an
// integer, or of a group of its bands. It returns nil for other fields.
func bandsOf(f *Field, fields map[string]*Field) []span {
	var bands []span
	if f.Domain.Integer {
		for k := range f.Domain.Size() {
			v := float64(f.Domain.Min + int64(k))
			bands = append(bands, span{v, v})
		}
		return bands
	}
	of := f.Lookup()
	if of == nil || len(of.Fields) != 1 || !fields[of.Fields[0]].Domain.Integer {
		return nil
	}
	bands = make([]span, f.Domain.Size())
	known := make([]bool, len(bands))
	last := int32(0)
	for k, at := range of.Case[:fields[of.Fields[0]].Domain.Size()] {
		v := float64(of.Min[0] + int64(k))
		switch {
		case at == 0:
		case !known[at-1]:
			bands[at-1], known[at-1] = span{v, v}, true
		case at != last:
			return nil // the values of a label are not next to each other
		default:
			bands[at-1].to = v
		}
		last = at
	}
	if slices.Contains(known, false) {
		return nil
	}
	return bands
}

// conditional reports whether persons with the same given fields may have different
// lists.
func (r *bankReader) conditional() bool { return len(r.given) > len(r.columns) }

// findAdmissions finds the columns in which rows say who may have them. It returns false
// after it has reported a fault.
func (r *bankReader) findAdmissions() bool {
	ok := true
	admit := r.field.Body.Get("admit")
	if admit == nil {
		return true
	}
	find := func(n *spec.Node) int {
		if n == nil {
			return -1
		}
		i, found := r.Column(r.file, n.AsString())
		ok = ok && found
		return i
	}
	for _, f := range admit.Fields {
		i := slices.IndexFunc(r.given, func(g *Field) bool { return g.Name == f.Name })
		a := &admission{from: -1, to: -1, labels: -1, known: map[string]int32{}}
		switch n := f.Value; {
		case n.Kind == spec.StringNode:
			a.labels = find(n)
		case n.Get("column") != nil:
			a.labels = find(n.Get("column"))
			if s := n.Get("separator"); s != nil {
				a.separator = s.String
			}
		default:
			a.from, a.to = find(n.Get("from")), find(n.Get("to"))
			if a.bands = bandsOf(r.given[i], r.Fields); a.bands == nil {
				r.Diags.Errorf(n.Place, "admit", "from and to are for whole numbers and their bands, and field %q is a %s", f.Name, r.given[i].Kind).
					WithHint("name the column of its labels: admit: %s: \"<column>\"", f.Name)
				ok = false
			}
		}
		r.admits[i] = a
	}
	return ok
}

// admit returns the values of given field i that a row admits, as a cell of a rowGroup:
// a code, anyCode, or the number of a set. It returns false for none, and unknownCode
// after it has reported a fault.
func (r *bankReader) admit(i, row int) (cell int32, some bool) {
	a, f := r.admits[i], r.given[i]
	var codes []int32
	if a.labels >= 0 {
		var ok bool
		if codes, ok = r.admittedLabels(i, row); !ok {
			return unknownCode, true
		}
		if codes == nil {
			return anyCode, true
		}
	} else {
		low, okLow := r.bound(row, a.from, math.Inf(-1))
		high, okHigh := r.bound(row, a.to, math.Inf(1))
		if !okLow || !okHigh {
			return unknownCode, true
		}
		if low > high {
			r.Diags.Errorf(r.file.Place(row, a.from), "empty-range", "%v in column %q is above %v in column %q", low, r.file.Header[a.from], high, r.file.Header[a.to]).WithHint("correct one of them, or exchange from and to in the spec")
			return unknownCode, true
		}
		if math.IsInf(low, -1) && math.IsInf(high, 1) {
			return anyCode, true
		}
		for k, b := range a.bands {
			switch {
			case b.from >= low && b.to <= high:
				codes = append(codes, int32(k))
			case b.from <= high && b.to >= low:
				limit, column := low, a.from
				if b.to > high {
					limit, column = high, a.to
				}
				r.Diags.Errorf(r.file.Place(row, column), "cut-band", "%v in column %q cuts the band %q of field %q, which has %v to %v", limit, r.file.Header[column], f.Domain.Label(k), f.Name, b.from, b.to).
					WithHint("use a limit at which a band begins or ends, or admit the integer")
				return unknownCode, true
			}
		}
	}
	switch {
	case len(codes) == 0:
		return 0, false
	case len(codes) == f.Slots():
		return anyCode, true
	case len(codes) == 1:
		return codes[0], true
	}
	return firstSet - a.set(codes), true
}

// set returns the number of a set of codes, which are ascending.
func (a *admission) set(codes []int32) int32 {
	key := fmt.Sprint(codes)
	n, known := a.known[key]
	if !known {
		n = int32(len(a.sets))
		a.known[key], a.sets = n, append(a.sets, codes)
	}
	return n
}

// admittedLabels returns the codes, ascending, of the labels in a cell; nil for an empty
// cell. It returns false after it has reported a fault.
func (r *bankReader) admittedLabels(i, row int) (codes []int32, ok bool) {
	a, f := r.admits[i], r.given[i]
	text := r.file.Rows[row][a.labels]
	if text == "" || r.any != nil && text == *r.any {
		return nil, true
	}
	parts := []string{text}
	if a.separator != "" {
		parts = strings.Split(text, a.separator)
	}
	for _, part := range parts {
		part = strings.TrimSpace(part)
		to, mapped := r.labels[i].Translate(part)
		code, found := f.Domain.Index(to.Value)
		if !found {
			at := r.file.Place(row, a.labels)
			if mapped {
				at = to.Place
			}
			if _, reported := r.known[i][part]; !reported {
				r.known[i][part] = unknownCode
				r.checkLabel(f, to.Value, at)
				if hint := r.labels[i].Hint(part); hint != "" {
					r.Diags.Items[len(r.Diags.Items)-1].WithHint("%s", hint)
				} else if a.separator == "" && strings.ContainsAny(part, ";|,") {
					r.Diags.Items[len(r.Diags.Items)-1].WithHint("if the cell has several labels, name what is between them: admit: %s: {column: %q, separator: \";\"}", f.Name, r.file.Header[a.labels])
				}
			}
			return nil, false
		}
		if !slices.Contains(codes, int32(code)) {
			codes = append(codes, int32(code))
		}
	}
	slices.Sort(codes)
	return codes, true
}

// bound returns the number in a cell, or open if the column is -1 or the cell is empty.
// It returns false after it has reported a fault.
func (r *bankReader) bound(row, column int, open float64) (float64, bool) {
	if column < 0 {
		return open, true
	}
	x, err := r.file.Number(row, column)
	switch {
	case err == nil:
		return x, true
	case errors.Is(err, table.ErrEmpty), errors.Is(err, table.ErrMissing):
		return open, true
	}
	r.reportCell(r.file, row, column, err, "write a number, or nothing where there is no limit")
	return 0, false
}

// reportCell reports a cell that is not a number.
func (c *Compiler) reportCell(file *table.File, row, column int, err error, hint string) {
	d := c.Diags.Errorf(file.Place(row, column), "not-a-number", "column %q: %v", file.Header[column], err)
	if advice, evidence := file.NumberAdvice(row, column); advice != "" {
		d.WithHint("say how figures are written: %s", advice)
		d.Notes = append(d.Notes, evidence...)
		return
	}
	d.WithHint("%s", hint)
}

// doubtNobody warns of rows that admit no value of a field: they are never drawn.
func (r *bankReader) doubtNobody() {
	n := len(r.nobody)
	if n == 0 || r.failed {
		return
	}
	r.Diags.Warnf(r.file.Place(r.nobody[0], r.label), "admits-nobody", "%s of %s: no person can have the entry, because the fields have no value that it admits; the first is %q", humanize.Count(n, "row", "rows"), r.file.Path, r.file.Rows[r.nobody[0]][r.label]).
		WithHint("correct its columns, or leave the rows out with where or drop")
}

// reportTooMany reports that persons have too many different lists.
func (r *bankReader) reportTooMany() {
	at := r.field.Place
	if n := r.field.Body.Get("admit"); n != nil {
		at = n.Place
	}
	r.Diags.Errorf(at, "too-wide", "the lists of %q have more than %d entries together: there is one for each combination of the fields on which it depends", r.field.Name, maxEntries).
		WithHint("use fewer fields in given and admit, or groups with fewer values")
}
