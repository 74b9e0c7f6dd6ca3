package compare

import (
	"unicode/utf8"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/sketch"
	"github.com/personagen/personagen/engine/kind"
)

// Kinds of columns, by how they are compared.
const (
	textKind   = "text"
	listKind   = "list"
	valueKind  = "values"
	numberKind = "numbers"
	sourceKind = "source" // records who wrote the texts
	otherKind  = "other"  // identifiers
)

// column is the statistics of a column.
type column struct {
	name, title string
	kind        string
	of          frame.Type
	sampled     int // index among texts and lists, -1 for others

	n, nulls, empty int64
	chars, items    sketch.Numbers
	numbers         weightedNumbers
	values          map[string]float64 // sums of weights, the numbers of rows without weights
	weight          float64            // of the rows with a value, of a column of values
	tooMany         bool
	strings         bool // lists are stored as strings
	dates           bool // values are dates, of which the years are compared
}

func (p *profile) column(name string) *column {
	if c := p.byName[name]; c != nil && c.kind != sourceKind && c.kind != otherKind {
		return c
	}
	return nil
}

// find returns the statistics of column i of the batch, and creates them if needed.
func (p *profile) find(b *frame.Batch, i int) *column {
	f := &b.Schema[i]
	if c := p.byName[f.Name]; c != nil {
		return c
	}
	c := &column{name: f.Name, title: f.Title, of: f.Type, sampled: -1}
	c.kind = p.kindOf(b, i, c)
	if c.kind == textKind || c.kind == listKind {
		c.sampled = p.texts
		p.texts++
	}
	if c.kind == valueKind {
		c.values = map[string]float64{}
	}
	p.columns = append(p.columns, c)
	if p.byName == nil {
		p.byName = map[string]*column{}
	}
	p.byName[c.name] = c
	return c
}

// kindOf decides how a column is compared: as the plan says, if it has the field
// and the file has values of its type, or else by its first values.
func (p *profile) kindOf(b *frame.Batch, i int, c *column) string {
	var known *kind.Field
	if p.input.Plan != nil {
		known = p.input.Plan.Field(c.name)
	}
	if known != nil {
		c.title = known.Title
		switch {
		case known.Meaning() == kind.Weighting:
			return otherKind
		case known.Meaning() == kind.Identifier || p.input.Plan.Roles["id"] == c.name:
			return otherKind
		case known.Class == kind.Written && known.Text == nil:
			return sourceKind
		case known.Class == kind.Judged && known.Type == c.of && c.of == frame.Text:
			return textKind
		case known.Type == frame.TextList && c.of == frame.Text:
			c.strings = true
			return listKind
		case known.Text != nil && known.Type == c.of:
			return proseKind(known)
		case known.Type == frame.Date && (c.of == frame.Date || c.of == frame.Text):
			c.dates = true
			return valueKind
		case (known.Type == frame.Category || known.Type == frame.Text) && c.of != frame.TextList && c.of != frame.CategoryList:
			return valueKind
		}
	}
	switch c.of {
	case frame.Date:
		c.dates = true
		return valueKind
	case frame.Integer, frame.Number:
		return numberKind
	case frame.TextList, frame.CategoryList:
		return listKind
	case frame.Category:
		return valueKind
	}
	return p.sniff(b, i, c)
}

func proseKind(f *kind.Field) string {
	if f.Type == frame.TextList {
		return listKind
	}
	return textKind
}

// minProseChars is the mean length, in characters, from which strings count as
// texts and not as labels.
const minProseChars = 80

// sniff decides by its first rows how a column of strings is compared.
func (p *profile) sniff(b *frame.Batch, i int, c *column) string {
	col := &b.Columns[i]
	n, lists, chars := 0, 0, 0
	different := map[string]bool{}
	for r, text := range col.Texts[:b.N] {
		if col.IsNull(frame.Text, r) || text == "" {
			continue
		}
		n++
		chars += utf8.RuneCountInString(text)
		different[text] = true
		if _, _, ok := dataset.ReadList(text); ok {
			lists++
		}
	}
	switch {
	case n > 0 && lists*10 >= n*9:
		c.strings = true
		return listKind
	case n > 0 && chars >= minProseChars*n:
		return textKind
	case n > 10 && len(different) == n && chars >= 32*n && chars <= 36*n:
		return otherKind // all different, and as long as UUIDs
	}
	return valueKind
}
