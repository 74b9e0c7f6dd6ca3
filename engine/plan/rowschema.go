package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
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
// Set is the set of aliases whose columns the files have, "" for the visible fields.
func (p *Plan) RowSchema(set string) json.Marshaler {
	columns := p.FileColumns(set)
	byField := map[string]*FileColumn{}
	for i := range columns {
		if columns[i].Of != nil {
			byField[columns[i].Field] = &columns[i]
		}
	}
	var s, properties object
	var required []string
	var when []object
	for i := range columns {
		c := &columns[i]
		required = append(required, c.Name)
		if c.Of == nil {
			properties = append(properties, member{c.Name, object{{"const", c.constant()}}})
			continue
		}
		properties = append(properties, member{c.Name, propertyOf(c)})
		if rule := p.nullRule(c, byField); rule != nil {
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
func propertyOf(c *FileColumn) object {
	f := c.Of
	var o object
	o.add("title", f.Title)
	o.add("description", describe(f))
	if f.Unit != "" {
		o.add("$comment", "unit: "+f.Unit)
	}
	o.add("type", typeOf(c))
	switch {
	case c.Boolean() && f.Domain.Size() > 1:
	case f.Type == frame.Category:
		o.add("enum", c.labels(f.Nullable))
	case f.Type == frame.Date:
		o.add("format", "date")
	case c.Type == AsText && f.Type != frame.Text:
		o.add("pattern", numeral)
	case c.Type == AsJSON || c.Type == AsPython:
	case f.Type == frame.Integer || f.Type == frame.Number:
		least, greatest := f.Bounds()
		if !math.IsInf(least, 0) {
			o.add("minimum", least)
		}
		if !math.IsInf(greatest, 0) {
			o.add("maximum", greatest)
		}
	case f.Type == frame.Text:
		if k, _ := kind.Find(f.Kind); k.Format != "" {
			o.add("format", k.Format)
		}
		o.addLength(f)
	default:
		o.addItems(c)
	}
	return o
}

// numeral matches numbers that are stored as text.
const numeral = `^-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$`

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
	if f.Text != nil && f.Text.Of != "" {
		notes = append(notes, fmt.Sprintf("A translation of %s into %s; null unless a model has written it.", f.Text.Of, f.Text.Language))
	}
	if f.WhenText != "" {
		notes = append(notes, "Null unless "+f.WhenText+".")
	}
	return strings.Join(notes, " ")
}

// typeOf names the JSON types of a column.
func typeOf(c *FileColumn) any {
	name := "array"
	switch {
	case c.Boolean():
		name = "boolean"
	case c.Type == AsInteger:
		name = "integer"
	case c.Type == AsNumber:
		name = "number"
	case c.Type != "" || c.Of.Type == frame.Category || c.Of.Type == frame.Text || c.Of.Type == frame.Date:
		name = "string"
	case c.Of.Type == frame.Integer:
		name = "integer"
	case c.Of.Type == frame.Number:
		name = "number"
	}
	if c.Of.Nullable {
		return []string{name, "null"}
	}
	return name
}

// labels lists the values of a category, or the items of a list, in the files.
func (c *FileColumn) labels(nullable bool) []any {
	var out []any
	for i := range c.Of.Domain.Labels {
		out = append(out, c.stored(c.Of.Domain.Value(i)))
	}
	if nullable {
		out = append(out, nil)
	}
	return out
}

// stored returns a value of the field as it is in the files: a label, or a number in a
// column of another type.
func (c *FileColumn) stored(value any) any {
	if truth, ok := value.(bool); ok && !c.Boolean() {
		value = strconv.FormatBool(truth)
	}
	text, isText := value.(string)
	if isText {
		text = c.Label(text)
	}
	switch {
	case value == nil:
		return nil
	case isText && (c.Type == AsInteger || c.Type == AsNumber):
		return json.Number(text)
	case isText:
		return text
	case c.Type == AsText:
		return fmt.Sprint(value)
	}
	return value
}

// constant returns the value of a constant column.
func (c *FileColumn) constant() any {
	if c.Type == AsInteger {
		return json.Number(*c.Value)
	}
	return *c.Value
}

// addLength adds the length of a text, or of an item of a list.
func (o *object) addLength(f *kind.Field) {
	if f.Text != nil {
		o.add("minLength", f.Text.Chars.Min)
		o.add("maxLength", f.Text.Chars.Max)
	}
}

// addItems adds what a list may hold.
func (o *object) addItems(c *FileColumn) {
	f := c.Of
	if f.Type == frame.Records {
		o.add("items", recordSchema(f))
		o.add("maxItems", f.MaxItems())
		return
	}
	var item object
	item.add("type", "string")
	if f.Type == frame.CategoryList {
		item.add("enum", c.labels(false))
		o.add("uniqueItems", true)
	} else {
		item.addLength(f)
		o.add("minItems", f.Text.Items.Min)
	}
	o.add("items", item)
	o.add("maxItems", f.MaxItems())
}

// recordSchema returns the schema of a record.
func recordSchema(f *kind.Field) object {
	var s, properties object
	var required []string
	for _, x := range f.Records {
		required = append(required, x.Name)
		properties = append(properties, member{x.Name, propertyOf(&FileColumn{AliasColumn: AliasColumn{Name: x.Name, Field: x.Name}, Of: x})})
	}
	s.add("type", "object")
	s.add("properties", properties)
	s.add("required", required)
	s.add("additionalProperties", false)
	return s
}

// mostListed is the largest number of values that a condition lists.
const mostListed = 200

// nullRule states who has a value, where columns decide it. It is nil when the
// condition names hidden fields or cannot be divided by fields.
func (p *Plan) nullRule(c *FileColumn, byField map[string]*FileColumn) object {
	f := c.Of
	if f.When == nil {
		return nil
	}
	sets := f.When.AcceptedValues()
	var properties object
	for i, set := range sets {
		on := p.Field(f.When.Fields[i])
		values := valuesOf(on, set)
		at := byField[on.Name]
		if at == nil || len(values) > mostListed {
			return nil
		}
		for k := range values {
			values[k] = at.stored(values[k])
		}
		properties = append(properties, member{at.Name, object{{"enum", values}}})
	}
	if properties == nil {
		return nil
	}
	null := object{{"properties", object{{c.Name, object{{"type", "null"}}}}}}
	rule := object{{"if", object{{"properties", properties}}}, {"else", null}}
	if !f.Class.Added() { // a text or score can be missing
		value := object{{"properties", object{{c.Name, object{{"not", object{{"type", "null"}}}}}}}}
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
