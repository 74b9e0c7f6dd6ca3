// Package columns turns the fields of a plan into the columns of data files under a
// set of aliases, and back: their names, order, labels and types.
package columns

import (
	"strconv"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/plan"
)

// Files describes the columns of data files.
type Files struct {
	Schema  frame.Schema // of the files
	columns []column
}

// column makes a column of the files from one of the plan.
type column struct {
	from int                                 // column of the plan, -1 for a constant
	fill func(to, from *frame.Column, n int) // nil if the column is stored as it is
}

// Of returns the columns of the files of a plan under a set of its aliases; the empty
// set has the visible fields.
func Of(p *plan.Plan, set string) *Files {
	out := &Files{}
	for _, c := range p.FileColumns(set) {
		field, fill := frame.Field{Name: c.Name}, (func(to, from *frame.Column, n int))(nil)
		if c.Of == nil {
			fill = constant(&field, c)
		} else {
			field = labelled(c)
			fill = convert(&field, c)
			field.Name = c.Name
		}
		out.Schema = append(out.Schema, field)
		out.columns = append(out.columns, column{from: c.At, fill: fill})
	}
	return out
}

// labelled returns the field of a column with the labels that it has in the files.
func labelled(c plan.FileColumn) frame.Field {
	field := c.Of.Column()
	field.Boolean = c.Boolean()
	if c.Labels != nil {
		labels := make([]string, len(field.Labels))
		for i, l := range field.Labels {
			labels[i] = c.Label(l)
		}
		field.Labels = labels
	}
	return field
}

// constant sets the type of a constant column and returns what fills it.
func constant(field *frame.Field, c plan.FileColumn) func(to, from *frame.Column, n int) {
	if c.Type == plan.AsInteger {
		field.Type = frame.Integer
		value, _ := strconv.ParseInt(*c.Value, 10, 64) // the compiler has checked it
		return func(to, _ *frame.Column, n int) {
			to.Ints = frame.Grow(to.Ints, n)
			for r := range n {
				to.Ints[r] = value
			}
		}
	}
	field.Type, field.Labels = frame.Category, []string{*c.Value}
	return func(to, _ *frame.Column, n int) {
		to.Codes = frame.Grow(to.Codes, n)
		clear(to.Codes)
	}
}

// convert changes a field to the type of its column and returns what fills it, nil if
// nothing has to be done.
func convert(field *frame.Field, c plan.FileColumn) func(to, from *frame.Column, n int) {
	of, labels := field.Type, field.Labels
	switch {
	case c.Type == "" || c.Type == plan.AsText && (of == frame.Category || of == frame.Text):
		return nil
	case c.Type == plan.AsText:
		decimals := field.Decimals
		*field = plain(*field, frame.Text)
		return func(to, from *frame.Column, n int) {
			to.Texts, to.Null = frame.Grow(to.Texts, n), from.Null
			for r := range n {
				switch {
				case from.Null != nil && from.Null[r]:
					to.Texts[r] = ""
				case of == frame.Date:
					to.Texts[r] = string(frame.AppendDate(nil, from.Ints[r]))
				case of == frame.Integer:
					to.Texts[r] = strconv.FormatInt(from.Ints[r], 10)
				default:
					to.Texts[r] = string(dataset.AppendNumber(nil, from.Floats[r], decimals))
				}
			}
		}
	case c.Type == plan.AsJSON || c.Type == plan.AsPython:
		write := dataset.AppendJSONList
		if c.Type == plan.AsPython {
			write = dataset.AppendPythonList
		}
		if of == frame.Records {
			write = dataset.RecordsWriter(field.Records)
			field.Records = nil
		}
		*field = plain(*field, frame.Text)
		return func(to, from *frame.Column, n int) {
			to.Texts, to.Null = frame.Grow(to.Texts, n), from.Null
			for r := range n {
				to.Texts[r] = string(write(nil, from, r, labels))
			}
		}
	case of == frame.Category:
		return numbered(field, c.Type, labels)
	case c.Type == plan.AsNumber && of == frame.Integer:
		*field = plain(*field, frame.Number)
		return func(to, from *frame.Column, n int) {
			to.Floats, to.Null = frame.Grow(to.Floats, n), from.Null
			for r := range n {
				to.Floats[r] = float64(from.Ints[r])
			}
		}
	case c.Type == plan.AsInteger && of == frame.Number:
		*field = plain(*field, frame.Integer)
		return func(to, from *frame.Column, n int) {
			to.Ints, to.Null = frame.Grow(to.Ints, n), from.Null
			for r := range n {
				to.Ints[r] = int64(from.Floats[r])
			}
		}
	}
	return nil
}

// plain returns a field with another type.
func plain(f frame.Field, t frame.Type) frame.Field {
	return frame.Field{Name: f.Name, Type: t, Nullable: f.Nullable, Title: f.Title, Description: f.Description, Unit: f.Unit}
}

// numbered stores a category whose labels are numbers.
func numbered(field *frame.Field, as string, labels []string) func(to, from *frame.Column, n int) {
	ints, floats := make([]int64, len(labels)), make([]float64, len(labels))
	for i, l := range labels { // the compiler has checked them
		ints[i], _ = strconv.ParseInt(l, 10, 64)
		floats[i], _ = strconv.ParseFloat(l, 64)
	}
	if as == plan.AsInteger {
		*field = plain(*field, frame.Integer)
	} else {
		*field = plain(*field, frame.Number)
		field.Decimals = -1
	}
	return func(to, from *frame.Column, n int) {
		to.Ints, to.Floats, to.Null = frame.Grow(to.Ints, n), frame.Grow(to.Floats, n), nil
		for r, code := range from.Codes[:n] {
			if code < 0 {
				if to.Null == nil {
					to.Null = make([]bool, n)
				}
				to.Null[r], to.Ints[r], to.Floats[r] = true, 0, 0
				continue
			}
			to.Ints[r], to.Floats[r] = ints[code], floats[code]
		}
	}
}

// Show fills view, a batch of Schema, with the rows of b, a batch of the plan's schema.
// Columns that are stored as they are share the memory of b.
func (f *Files) Show(view, b *frame.Batch) {
	view.First, view.N = b.First, b.N
	for i, c := range f.columns {
		switch {
		case c.fill == nil:
			view.Columns[i] = b.Columns[c.from]
		case c.from < 0:
			c.fill(&view.Columns[i], nil, b.N)
		default:
			c.fill(&view.Columns[i], &b.Columns[c.from], b.N)
		}
	}
}

// Reading says how to read data files under a set of aliases.
type Reading struct {
	// Fields are the visible fields of the plan in the order of the files, with the
	// labels of the files: their codes are those of the plan. Constants are last.
	Fields frame.Schema
	// Names maps the names of columns in the files to those in Fields, where they differ.
	Names map[string]string
	// Numerals are the Fields whose numbers are stored as text.
	Numerals []string
	// Constants are the columns without a field.
	Constants frame.Schema
}

// ReadingOf returns how to read the files of a plan under a set of its aliases.
func ReadingOf(p *plan.Plan, set string) *Reading {
	out := &Reading{Names: map[string]string{}}
	for _, c := range p.FileColumns(set) {
		if c.Of == nil {
			// A label, so that other values are found, also of an integer.
			name := c.Name + " (constant)" // a field may have its name
			out.Names[c.Name] = name
			out.Constants = append(out.Constants, frame.Field{Name: name, Type: frame.Category, Labels: []string{*c.Value}})
			continue
		}
		field := labelled(c)
		out.Fields = append(out.Fields, field)
		if c.Name != field.Name {
			out.Names[c.Name] = field.Name
		}
		if c.Type == plan.AsText && (field.Type == frame.Integer || field.Type == frame.Number) {
			out.Numerals = append(out.Numerals, field.Name)
		}
	}
	return out
}

// Field returns the field of a name as it is read, or as it is in the plan.
func (r *Reading) Field(of frame.Field) frame.Field {
	if i := r.Fields.Index(of.Name); i >= 0 {
		return r.Fields[i]
	}
	return of
}
