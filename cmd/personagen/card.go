package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/run"
)

// deck formats personas as cards: the name, a line that describes the person, then
// the other fields in groups. The roles of the spec decide which fields are in the
// head.
type deck struct {
	app     *app
	preview *run.PreviewResult
	width   int
	name    []int   // columns of the name, in order
	brief   []int   // columns of the line below the name
	groups  [][]int // the other columns
	ids     []int   // columns at the foot
}

func (a *app) newDeck(s *run.PreviewResult) *deck {
	d := &deck{app: a, preview: s, width: a.width(a.stdout)}
	parts := d.playing("given_name", "surname")
	d.name = d.playing("name")
	if len(d.name) == 0 {
		d.name = parts
	}
	if len(d.name) == 0 {
		d.name = d.firstTemplate()
	}
	d.brief = d.playing("sex", "age", "marital", "occupation", "place", "area", "region")
	d.ids = d.playing("id")
	headed := map[int]bool{}
	for _, list := range [][]int{d.name, parts, d.brief, d.ids} {
		for _, i := range list {
			headed[i] = true
		}
	}
	var facts, numbers, texts []int
	for _, i := range s.Plan.Visible() {
		f := s.Plan.Fields[i]
		switch {
		case headed[i]:
			continue
		case f.Meaning() == kind.Identifier:
			d.ids = append(d.ids, i)
			continue
		case f.Type == frame.Number:
			numbers = append(numbers, i)
		case f.Type == frame.Text, f.Type.List():
			texts = append(texts, i)
		default:
			facts = append(facts, i)
		}
	}
	d.groups = [][]int{facts, numbers, texts}
	return d
}

// playing returns the visible columns of the given roles, in their order.
func (d *deck) playing(roles ...string) []int {
	var columns []int
	for _, role := range roles {
		for _, i := range d.preview.Plan.Visible() {
			if d.preview.Plan.Fields[i].Name == d.preview.Plan.Roles[role] {
				columns = append(columns, i)
			}
		}
	}
	return columns
}

// firstTemplate returns the first field composed from other fields, if there is
// one. It is the best guess at a name when no field has that role.
func (d *deck) firstTemplate() []int {
	for _, i := range d.preview.Plan.Visible() {
		if f := d.preview.Plan.Fields[i]; f.Class == kind.Derived && f.Type == frame.Text && len(f.Inputs) > 0 {
			return []int{i}
		}
	}
	return nil
}

// label returns the label of a field.
func label(f *kind.Field) string {
	if f.Title != "" {
		return f.Title
	}
	return strings.ReplaceAll(f.Name, "_", " ")
}

// card formats one persona.
func (d *deck) card(row int) string {
	var out strings.Builder
	number := d.preview.Persons.First + int64(row) + 1
	of := fmt.Sprintf("%s of %s", humanize.Thousands(number), humanize.Thousands(d.preview.Size))
	title := d.join(d.name, row, " ")
	if title == "" {
		title = fmt.Sprintf("Person %s", humanize.Thousands(number))
	}
	rule := max(3, d.width-8-utf8.RuneCountInString(title)-utf8.RuneCountInString(of))
	fmt.Fprintf(&out, "── %s %s %s ──\n", d.app.paint(bold, title), d.app.paint(faint, strings.Repeat("─", rule)), of)
	for _, line := range wrap(d.join(d.brief, row, " · "), d.width-3) {
		fmt.Fprintf(&out, "   %s\n", line)
	}
	for _, columns := range d.groups {
		d.group(&out, columns, row)
	}
	if id := d.join(d.ids, row, " "); id != "" {
		fmt.Fprintf(&out, "\n   %s\n", d.app.paint(faint, id))
	}
	out.WriteString("\n")
	return out.String()
}

// join joins the values of some columns that are not null.
func (d *deck) join(columns []int, row int, separator string) string {
	var parts []string
	for _, i := range columns {
		if v := d.value(i, row); v != "" {
			parts = append(parts, v)
		}
	}
	return strings.Join(parts, separator)
}

// group formats labels and values, two in a line where they fit.
func (d *deck) group(out *strings.Builder, columns []int, row int) {
	labels := 0
	for _, i := range columns {
		labels = max(labels, utf8.RuneCountInString(label(d.preview.Plan.Fields[i])))
	}
	half := (d.width - 3) / 2
	room := half - labels - 5 // for the value in half a line
	var left string           // left half of a line whose right half is not known yet
	flush := func() {
		if left != "" {
			fmt.Fprintf(out, "   %s\n", strings.TrimRight(left, " "))
			left = ""
		}
	}
	started := false
	for _, i := range columns {
		value := d.value(i, row)
		if value == "" {
			continue
		}
		if !started {
			out.WriteString("\n")
			started = true
		}
		head := d.app.paint(faint, pad(label(d.preview.Plan.Fields[i]), labels))
		switch short := utf8.RuneCountInString(value) <= room; {
		case !short:
			flush()
			d.long(out, head, labels, value)
		case left != "":
			left += head + "  " + value
			flush()
		default:
			left = head + "  " + pad(value, half-labels-2)
		}
	}
	flush()
}

// long formats a value that takes whole lines.
func (d *deck) long(out *strings.Builder, head string, labels int, value string) {
	indent := strings.Repeat(" ", 3+labels+2)
	for k, line := range wrap(value, d.width-len(indent)) {
		if k == 0 {
			fmt.Fprintf(out, "   %s  %s\n", head, line)
			continue
		}
		fmt.Fprintf(out, "%s%s\n", indent, line)
	}
}

// value formats a value with its unit; "" for null.
func (d *deck) value(column, row int) string {
	f := d.preview.Plan.Fields[column]
	c := &d.preview.Persons.Columns[column]
	if c.IsNull(f.Type, row) {
		return ""
	}
	text := ""
	switch f.Type {
	case frame.Category:
		text = f.Domain.Labels[c.Codes[row]]
	case frame.Integer:
		text = readable(strconv.FormatInt(c.Ints[row], 10))
	case frame.Date:
		text = string(frame.AppendDate(nil, c.Ints[row]))
	case frame.Number:
		text = readable(strconv.FormatFloat(c.Floats[row], 'f', f.Decimals, 64))
	case frame.Text:
		text = c.Texts[row]
	case frame.Records:
		text = strings.Join(f.RecordTexts(c, row), "; ")
	default:
		var items []string
		for k := c.Offsets[row]; k < c.Offsets[row+1]; k++ {
			if f.Type == frame.CategoryList {
				items = append(items, f.Domain.Labels[c.Codes[k]])
			} else {
				items = append(items, c.Texts[k])
			}
		}
		text = strings.Join(items, ", ")
	}
	if f.Unit != "" && text != "" {
		text += " " + f.Unit
	}
	return text
}

// readable groups the digits of numbers of ten thousand or more. Smaller numbers may
// be years.
func readable(number string) string {
	whole, rest, _ := strings.Cut(number, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n < 10_000 && n > -10_000 {
		return number
	}
	if rest != "" {
		rest = "." + rest
	}
	return humanize.Thousands(n) + rest
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// wrap breaks a text at spaces into lines of at most width characters. A longer word
// gets its own line.
func wrap(s string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
