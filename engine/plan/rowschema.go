package plan

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
)

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	key   string
	value any
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		for k, v := range []any{m.key, m.value} {
			if k > 0 {
				b.WriteByte(':')
			}
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			if err := e.Encode(v); err != nil {
				return nil, err
			}
			b.Truncate(b.Len() - 1) // the line break of the encoder
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// add appends a member, unless its value is nil or "".
func (o *object) add(key string, value any) {
	if value != nil && value != "" {
		*o = append(*o, member{key, value})
	}
}

// RowSchema returns the JSON Schema (draft 2020-12) of a persona as a line of JSONL.
// Set is the set of aliases that names the columns, "" for the names of the fields.
func (p *Plan) RowSchema(set string) json.Marshaler {
	names := p.Columns(set)
	column := func(field string) string {
		if name := names[field]; name != "" {
			return name
		}
		return field
	}
	var s, properties object
	var required []string
	var when []object
	for _, f := range p.Fields {
		if f.Hidden {
			continue
		}
		properties = append(properties, member{column(f.Name), propertyOf(f)})
		required = append(required, column(f.Name))
		if rule := p.nullRule(f, column); rule != nil {
			when = append(when, rule)
		}
	}
	s.add("$schema", "https://json-schema.org/draft/2020-12/schema")
	title := p.Title
	if title == "" {
		title = p.Name
	}
	s.add("title", title)
	s.add("description", strings.Join(strings.Fields(p.Description), " "))
	s.add("$comment", "A persona of the specification "+strings.TrimSpace(p.Name+" "+p.Version)+".")
	s.add("type", "object")
	s.add("properties", properties)
	s.add("required", required)
	s.add("additionalProperties", false)
	if when != nil {
		s.add("allOf", when)
	}
	return s
}

// propertyOf returns the schema of a column.
func propertyOf(f *kind.Field) object {
	var o object
	o.add("title", f.Title)
	o.add("description", describe(f))
	if f.Unit != "" {
		o.add("$comment", "unit: "+f.Unit)
	}
	o.add("type", typeOf(f))
	switch f.Type {
	case frame.Category:
		if !f.Domain.Boolean || f.Domain.Size() == 1 {
			o.add("enum", labelsOf(f, f.Nullable))
		}
	case frame.Date:
		o.add("format", "date")
	case frame.Integer, frame.Number:
		least, greatest := f.Bounds()
		if !math.IsInf(least, 0) {
			o.add("minimum", least)
		}
		if !math.IsInf(greatest, 0) {
			o.add("maximum", greatest)
		}
	case frame.Text:
		if k, _ := kind.Find(f.Kind); k.Format != "" {
			o.add("format", k.Format)
		}
		o.addLength(f)
	default:
		o.addItems(f)
	}
	return o
}

// describe joins what is said about a field.
func describe(f *kind.Field) string {
	var notes []string
	for _, text := range []string{f.About, f.Note} {
		if text != "" {
			notes = append(notes, strings.Join(strings.Fields(text), " "))
		}
	}
	if f.Unique > 0 && f.Meaning() != kind.Identifier {
		notes = append(notes, "No two persons have the same.")
	}
	if f.WhenText != "" {
		notes = append(notes, "Null unless "+f.WhenText+".")
	}
	return strings.Join(notes, " ")
}

// typeOf names the JSON types of a column.
func typeOf(f *kind.Field) any {
	name := "array"
	switch f.Type {
	case frame.Category, frame.Text, frame.Date:
		if name = "string"; f.Domain != nil && f.Domain.Boolean {
			name = "boolean"
		}
	case frame.Integer:
		name = "integer"
	case frame.Number:
		name = "number"
	}
	if f.Nullable {
		return []string{name, "null"}
	}
	return name
}

func labelsOf(f *kind.Field, nullable bool) []any {
	var out []any
	for i := range f.Domain.Labels {
		out = append(out, f.Domain.Value(i))
	}
	if nullable {
		out = append(out, nil)
	}
	return out
}

// addLength adds the length of a text, or of an item of a list.
func (o *object) addLength(f *kind.Field) {
	if f.Text != nil {
		o.add("minLength", f.Text.Chars.Min)
		o.add("maxLength", f.Text.Chars.Max)
	}
}

// addItems adds what a list may hold.
func (o *object) addItems(f *kind.Field) {
	var item object
	item.add("type", "string")
	if f.Type == frame.CategoryList {
		item.add("enum", labelsOf(f, false))
		o.add("uniqueItems", true)
	} else {
		item.addLength(f)
		o.add("minItems", f.Text.Items.Min)
	}
	o.add("items", item)
	o.add("maxItems", f.MaxItems())
}

// mostListed is the largest number of values that a condition lists.
const mostListed = 200

// nullRule states who has a value, where columns decide it. It is nil when the
// condition names hidden fields or cannot be divided by fields.
func (p *Plan) nullRule(f *kind.Field, column func(string) string) object {
	if f.When == nil {
		return nil
	}
	sets := f.When.AcceptedValues()
	var properties object
	for i, set := range sets {
		on := p.Field(f.When.Fields[i])
		values := valuesOf(on, set)
		if on.Hidden || len(values) > mostListed {
			return nil
		}
		properties = append(properties, member{column(on.Name), object{{"enum", values}}})
	}
	if properties == nil {
		return nil
	}
	null := object{{"properties", object{{column(f.Name), object{{"type", "null"}}}}}}
	rule := object{{"if", object{{"properties", properties}}}, {"else", null}}
	if f.Class != kind.Written { // a text can be missing
		value := object{{"properties", object{{column(f.Name), object{{"not", object{{"type", "null"}}}}}}}}
		rule = object{rule[0], {"then", value}, rule[1]}
	}
	return rule
}

// valuesOf lists the values of a field in a set of its slots, null last.
func valuesOf(f *kind.Field, set []bool) []any {
	values := []any{}
	for i, in := range set {
		switch {
		case !in:
		case i == f.Domain.Size():
			values = append(values, nil)
		default:
			values = append(values, f.Domain.Value(i))
		}
	}
	return values
}
