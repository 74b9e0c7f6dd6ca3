package kind

import (
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/frame"
)

// nullValue returns null as templates see it: an empty text, which is false to
// {{ if }}, or an empty list, which {{ range }} can iterate over.
func nullValue(f *frame.Field) any {
	switch f.Type {
	case frame.CategoryList, frame.TextList:
		return []string{}
	case frame.Records:
		return recordsValue(f, nil, 0)
	}
	return ""
}

// CellValue returns a value as templates see it: string, int64, float64, bool or
// []string. A date is a string such as "2024-04-08". Records are a map from the name of a
// group to its records, each of which is a map from the name of a field to its value; the
// events of a timeline are a list of such maps.
func CellValue(b *frame.Batch, column, r int) any {
	return cellValue(&b.Schema[column], &b.Columns[column], r)
}

func cellValue(f *frame.Field, c *frame.Column, r int) any {
	if c.IsNull(f.Type, r) {
		return nullValue(f)
	}
	switch f.Type {
	case frame.Category:
		if f.Boolean {
			return f.Labels[c.Codes[r]] == "true"
		}
		return f.Labels[c.Codes[r]]
	case frame.Integer:
		return c.Ints[r]
	case frame.Date:
		return string(frame.AppendDate(nil, c.Ints[r]))
	case frame.Number:
		return c.Floats[r]
	case frame.Text:
		return c.Texts[r]
	case frame.CategoryList:
		items := []string{}
		for _, code := range c.Codes[c.Offsets[r]:c.Offsets[r+1]] {
			items = append(items, f.Labels[code])
		}
		return items
	case frame.Records:
		return recordsValue(f, c, r)
	}
	return append([]string{}, c.Texts[c.Offsets[r]:c.Offsets[r+1]]...)
}

// recordsValue returns the records of a row, none if c is nil.
func recordsValue(f *frame.Field, c *frame.Column, r int) any {
	if f.Records[0].Name != RecordGroup {
		events := []any{}
		if c != nil {
			for i := c.Offsets[r]; i < c.Offsets[r+1]; i++ {
				events = append(events, recordValue(f, c, int(i)))
			}
		}
		return events
	}
	groups := f.Records[0].Labels
	all := make(map[string]any, len(groups))
	lists := make([][]any, len(groups))
	if c != nil {
		for i := int(c.Offsets[r]); i < int(c.Offsets[r+1]); i++ {
			code := c.Records[0].Codes[i]
			if code < 0 || int(code) >= len(groups) {
				continue
			}
			lists[code] = append(lists[code], recordValue(f, c, i))
		}
	}
	for k, name := range groups {
		all[name] = lists[k]
	}
	return all
}

// recordValue returns record i of a column.
func recordValue(f *frame.Field, c *frame.Column, i int) map[string]any {
	record := make(map[string]any, len(f.Records))
	for k := range f.Records {
		record[f.Records[k].Name] = cellValue(&f.Records[k], &c.Records[k], i)
	}
	return record
}

// exampleRecords returns one record of each group, or an event.
func exampleRecords(f *Field) any {
	example := func() map[string]any {
		record := map[string]any{}
		for _, x := range f.Records {
			record[x.Name] = x.Example()
		}
		return record
	}
	if !f.Grouped() {
		return []any{example()}
	}
	all := map[string]any{}
	for _, group := range f.Records[0].Domain.Labels {
		record := example()
		record[RecordGroup] = group
		all[group] = []any{record}
	}
	return all
}

// Grouped reports whether the records of the field are in groups; events are not.
func (f *Field) Grouped() bool { return f.Records[0].Name == RecordGroup }

// RecordsExample returns what a template may range over: "family.child", or "life".
func (f *Field) RecordsExample() string {
	if f.Grouped() {
		return f.Name + "." + f.Records[0].Domain.Label(0)
	}
	return f.Name
}

// RecordPaths returns the paths with which templates name the fields of records:
// "family.child.given_name", or of events: "life.year". It returns nil for a field without
// records.
func (f *Field) RecordPaths() (paths []string) {
	if f.Type != frame.Records {
		return nil
	}
	if !f.Grouped() {
		for _, x := range f.Records {
			paths = append(paths, f.Name+"."+x.Name)
		}
		return paths
	}
	for _, group := range f.Records[0].Domain.Labels {
		for _, x := range f.Records {
			paths = append(paths, f.Name+"."+group+"."+x.Name)
		}
	}
	return paths
}

// setValue sets the value of a field. A name such as person.age is that of a field of
// another record.
func setValue(values map[string]any, name string, value any) {
	of, rest, dotted := strings.Cut(name, ".")
	if !dotted {
		values[name] = value
		return
	}
	record, ok := values[of].(map[string]any)
	if !ok {
		record = map[string]any{}
		values[of] = record
	}
	record[rest] = value
}

func valueOf(values map[string]any, name string) any {
	of, rest, dotted := strings.Cut(name, ".")
	if !dotted {
		return values[name]
	}
	record, _ := values[of].(map[string]any)
	return record[rest]
}

// RecordTexts returns each record of a row as a text for readers, such as
// "spouse: male, 1983, Ion".
func (f *Field) RecordTexts(c *frame.Column, r int) (texts []string) {
	for i := int(c.Offsets[r]); i < int(c.Offsets[r+1]); i++ {
		var values []string
		for k, x := range f.Records[1:] {
			cell := &c.Records[k+1]
			if cell.IsNull(x.Type, i) {
				continue
			}
			text := ""
			switch x.Type {
			case frame.Category:
				if text = x.Domain.Label(int(cell.Codes[i])); x.Domain.Boolean {
					text = x.Name + ": " + text
				}
			case frame.Integer:
				text = strconv.FormatInt(cell.Ints[i], 10)
			case frame.Date:
				text = string(frame.AppendDate(nil, cell.Ints[i]))
			case frame.Number:
				text = strconv.FormatFloat(cell.Floats[i], 'f', x.Decimals, 64)
			default:
				text = cell.Texts[i]
			}
			if x.Unit != "" {
				text += " " + x.Unit
			}
			values = append(values, text)
		}
		group := ""
		if code := c.Records[0].Codes[i]; code >= 0 {
			group = f.Records[0].Domain.Label(int(code))
		}
		texts = append(texts, group+": "+strings.Join(values, ", "))
	}
	return texts
}
