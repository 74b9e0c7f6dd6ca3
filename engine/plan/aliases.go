package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
)

// AliasSet is a set of other columns for the data files. In the short form, Names maps
// fields to the names of their columns, and the other visible fields keep theirs. In
// the long form, Columns are all columns, in the order of the files. Each form has a
// JSON form of its own; that of the short one is as in plans of version 0.1, whose
// hashes it keeps.
type AliasSet struct {
	Names   map[string]string
	Columns []AliasColumn
}

// AliasColumn is a column of a set in the long form.
type AliasColumn struct {
	Name  string  `json:"column"`
	Field string  `json:"field,omitempty"` // "" for a constant
	Value *string `json:"value,omitempty"` // of a constant
	// Type is how the values are stored, "" for as the field is. See the constants.
	Type string `json:"type,omitempty"`
	// Labels maps labels of the field to those in the files, where they differ.
	Labels map[string]string `json:"labels,omitempty"`
}

// Types of columns. Numbers may be stored as text; categories with labels that are
// numbers as integers or numbers; lists as text, in JSON or as Python writes them.
const (
	AsText    = "text"
	AsInteger = "integer"
	AsNumber  = "number"
	AsJSON    = "json"
	AsPython  = "python"
)

// listedAliases is the JSON form of the long form.
type listedAliases struct {
	Columns []AliasColumn `json:"columns"`
}

// MarshalJSON implements json.Marshaler.
func (s AliasSet) MarshalJSON() ([]byte, error) {
	if s.Columns != nil {
		return json.Marshal(listedAliases{s.Columns})
	}
	return json.Marshal(s.Names)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *AliasSet) UnmarshalJSON(data []byte) error {
	var form struct {
		Columns json.RawMessage `json:"columns"`
	}
	if err := json.Unmarshal(data, &form); err == nil && bytes.HasPrefix(form.Columns, []byte("[")) {
		return json.Unmarshal(form.Columns, &s.Columns)
	}
	return json.Unmarshal(data, &s.Names)
}

// column returns the column of a field, or nil.
func (s *AliasSet) column(field string) *AliasColumn {
	for i := range s.Columns {
		if s.Columns[i].Field == field {
			return &s.Columns[i]
		}
	}
	return nil
}

// FileColumn is a column of the data files: that of a field, or a constant.
type FileColumn struct {
	AliasColumn
	Of *kind.Field // nil for a constant
	At int         // position in Plan.Fields, -1 for a constant
}

// Label returns the label in the files of a value of the field.
func (c *FileColumn) Label(of string) string {
	if l, ok := c.Labels[of]; ok {
		return l
	}
	return of
}

// Boolean reports whether the files have truth values in the column.
func (c *FileColumn) Boolean() bool {
	return c.Of != nil && c.Of.Domain != nil && c.Of.Domain.Boolean && c.Type == "" && len(c.Labels) == 0
}

// FileColumns lists the columns of the data files under a set of aliases, in their
// order. The empty set has the visible fields.
func (p *Plan) FileColumns(set string) []FileColumn {
	var out []FileColumn
	s := p.Aliases[set]
	if s.Columns == nil {
		for i, f := range p.Fields {
			if !f.Hidden {
				name := f.Name
				if column := s.Names[name]; column != "" {
					name = column
				}
				out = append(out, FileColumn{AliasColumn{Name: name, Field: f.Name}, f, i})
			}
		}
		return out
	}
	for _, c := range s.Columns {
		at := slices.IndexFunc(p.Fields, func(f *kind.Field) bool { return f.Name == c.Field })
		switch {
		case at >= 0:
			out = append(out, FileColumn{c, p.Fields[at], at})
		case c.Field == "":
			out = append(out, FileColumn{c, nil, -1})
		}
	}
	return out
}

// As returns the plan of a release under a set of aliases: the fields that the set
// lists are visible, and the others hidden, so they are not checked. The persons are
// the same. A set in the short form changes nothing.
func (p *Plan) As(set string) *Plan {
	s := p.Aliases[set]
	if s.Columns == nil {
		return p
	}
	out := *p
	out.Fields = slices.Clone(p.Fields)
	changed := false
	for i, f := range p.Fields {
		if hidden := s.column(f.Name) == nil; hidden != f.Hidden {
			as := *f
			as.Hidden, changed = hidden, true
			out.Fields[i] = &as
		}
	}
	if !changed {
		return p
	}
	out.dropTranslations(p)
	out.Stamp()
	return &out
}

// dropTranslations leaves out of the calls the translations that are visible in a plan and
// hidden here, so that nobody pays for them. Those that a prompt shows are still written.
func (p *Plan) dropTranslations(from *Plan) {
	dropped := map[string]bool{}
	for i, f := range p.Fields {
		if f.Text == nil || f.Text.Of == "" || !f.Hidden || from.Fields[i].Hidden {
			continue
		}
		dropped[f.Name] = !slices.ContainsFunc(p.Calls, func(c Call) bool { return slices.Contains(c.Sees, f.Name) })
	}
	idle := map[string]bool{}
	var calls []Call
	for _, c := range p.Calls {
		c.Fields = slices.DeleteFunc(slices.Clone(c.Fields), func(name string) bool { return dropped[name] })
		if idle[c.Name] = len(c.Fields) == 0; !idle[c.Name] {
			calls = append(calls, c)
		}
	}
	for i := range calls {
		calls[i].Needs = slices.DeleteFunc(slices.Clone(calls[i].Needs), func(name string) bool { return idle[name] })
	}
	p.Calls = calls
}

// HasTexts reports whether a release of the plan has texts.
func (p *Plan) HasTexts() bool {
	return slices.ContainsFunc(p.Fields, func(f *kind.Field) bool { return f.Class == kind.Written && !f.Hidden })
}

// NameOf returns the name that the set gives to the column of a field, "" for none.
func (s AliasSet) NameOf(field string) string {
	if c := s.column(field); c != nil {
		return c.Name
	}
	return s.Names[field]
}

// Fits reports whether the values of a field can be stored as a type of column.
// Whether the labels of a category are numbers is another question.
func Fits(f *kind.Field, as string) bool {
	list := f.Type == frame.CategoryList || f.Type == frame.TextList
	switch as {
	case AsJSON:
		return f.Type.List()
	case "":
		return true
	case AsText:
		return !f.Type.List()
	case AsPython:
		return list
	case AsInteger:
		return f.Type == frame.Integer || f.Type == frame.Number && f.Decimals == 0 || f.Type == frame.Category
	case AsNumber:
		return f.Type == frame.Integer || f.Type == frame.Number || f.Type == frame.Category
	}
	return false
}

// aliases checks that the columns of a set are those of fields, once each, or constants.
func (v *planValidator) aliases(s AliasSet) error {
	names, fields := map[string]bool{}, map[string]bool{}
	for _, c := range s.Columns {
		f := v.fields[c.Field]
		switch {
		case names[c.Name] || c.Field != "" && fields[c.Field]:
			return fmt.Errorf("column %q occurs twice", c.Name)
		case c.Field == "" && (c.Value == nil || c.Type != "" && c.Type != AsInteger):
			return fmt.Errorf("column %q has neither a field nor a value", c.Name)
		case c.Field != "" && (f == nil || !Fits(f, c.Type)):
			return fmt.Errorf("column %q cannot have field %q", c.Name, c.Field)
		}
		names[c.Name], fields[c.Field] = true, true
	}
	return nil
}
