package kind

import (
	"slices"

	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/spec"
)

// FileLabels translates the labels of a field in a file to those of the field: by the
// map of the spec, by one in a file, or as ages.
type FileLabels struct {
	c     *Compiler
	field *Field
	pairs spec.LabelMap
	words *table.AgeWords
	bands []band // by label, if words are set
}

// band is the ages of a label, both included.
type band struct{ low, high int }

// FileLabels returns the translation for a field. It returns nil after it has reported a
// fault.
func (c *Compiler) FileLabels(rows *spec.Rows, f *Field) *FileLabels {
	l := &FileLabels{c: c, field: f, pairs: rows.Map[f.Name], words: rows.Ages[f.Name]}
	if m := rows.Files[f.Name]; m != nil {
		if l.pairs = c.readLabelMap(m); l.pairs == nil {
			return nil
		}
	}
	if l.words != nil {
		if l.bands = c.ageBands(f); l.bands == nil {
			c.Diags.Errorf(rows.Place, "no-ages", "the values of field %q are not ages", f.Name).
				WithHint("ages are for integers, and for groups whose bands are cut from an integer, or whose labels are ages; remove %s from ages", f.Name)
			return nil
		}
	}
	return l
}

// Translate returns the label of the field that a label in the file stands for, with its
// place in the spec if it is mapped there.
func (l *FileLabels) Translate(label string) (to spec.String, mapped bool) {
	if to, mapped = l.pairs[label]; mapped {
		return to, true
	}
	if l.words != nil {
		if low, high, ok := table.ParseAge(label, l.words); ok {
			if i := l.find(low, high); i >= 0 {
				return spec.String{Value: l.field.Domain.Label(i)}, false
			}
		}
	}
	return spec.String{Value: label}, false
}

// find returns the number of the label whose ages include a class of ages, -1 for none. A
// class without an upper end belongs to the last band if it begins there.
func (l *FileLabels) find(low, high int) int {
	last := 0
	for i, b := range l.bands {
		if b.high > l.bands[last].high {
			last = i
		}
	}
	for i, b := range l.bands {
		if high == table.OpenAge {
			if i == last && low == b.low {
				return i
			}
			continue
		}
		if low >= b.low && high <= b.high {
			return i
		}
	}
	return -1
}

// Hint says what to do about a label that the field does not have, or "".
func (l *FileLabels) Hint(label string) string {
	low, high, ok := table.ParseAge(label, &table.AgeWords{})
	switch {
	case l.words == nil && ok && l.c.ageBands(l.field) != nil && (low != high || l.field.Domain.Integer):
		return "labels of ages are read with ages: {" + l.field.Name + ": {}}"
	case l.words != nil && !ok:
		return "it is not read as an age: name its words, for example ages: {" + l.field.Name + `: {open: ["and upwards"], under: ["not yet"]}}, or map it`
	case l.words != nil && high == table.OpenAge:
		return "it is a class without an upper end, and no last value of the field begins there: cut the field's group at its first age"
	case l.words != nil:
		return "it has ages of several values of the field: use a group with bands that contain it"
	}
	return ""
}

// ageBands returns the ages of each value of an integer, of a group cut from one, or of a
// field whose labels are ages; nil for another field.
func (c *Compiler) ageBands(f *Field) []band {
	if f.Domain.Integer {
		bands := make([]band, f.Domain.Size())
		for i := range bands {
			bands[i] = band{int(f.Domain.Min) + i, int(f.Domain.Min) + i}
		}
		return bands
	}
	if g, ok := f.Program.(*group); ok && len(g.Of.Fields) == 1 {
		if base := c.Fields[g.Of.Fields[0]]; base != nil && base.Domain.Integer {
			return cutBands(g.Of, base, f.Domain.Size())
		}
	}
	var bands []band
	for _, label := range f.Domain.Labels {
		low, high, ok := table.ParseAge(label, &table.AgeWords{})
		if !ok {
			return nil
		}
		bands = append(bands, band{low, high})
	}
	return bands
}

// cutBands returns the values of an integer that have each label of a group; nil if those
// of a label are not next to each other.
func cutBands(of *Selector, base *Field, labels int) []band {
	bands := slices.Repeat([]band{{0, -1}}, labels) // no age, which stays that of a label that nobody has
	seen := make([]bool, labels)
	for i := range base.Domain.Size() {
		code := int(of.Case[i]) - 1
		value := int(base.Domain.Min) + i
		switch {
		case code < 0:
		case !seen[code]:
			bands[code], seen[code] = band{value, value}, true
		case bands[code].high != value-1:
			return nil
		default:
			bands[code].high = value
		}
	}
	return bands
}

// readLabelMap reads a label map from a file. It returns nil after it has reported a
// fault.
func (c *Compiler) readLabelMap(m *spec.MapFile) spec.LabelMap {
	file := c.Table(m.Rows)
	if file == nil {
		return nil
	}
	from, ok1 := c.Column(file, m.From)
	to, ok2 := c.Column(file, m.To)
	if !ok1 || !ok2 {
		return nil
	}
	selected, ok := c.selectRows(file, m.Rows.Where)
	if !ok {
		return nil
	}
	pairs := spec.LabelMap{}
	for _, r := range selected {
		cells := file.Rows[r]
		if first, twice := pairs[cells[from]]; twice && first.Value != cells[to] {
			c.Diags.Errorf(file.Place(r, to), "two-values", "%q maps to %q here and to %q above", cells[from], cells[to], first.Value).WithHint("map each label to one value")
			return nil
		}
		pairs[cells[from]] = spec.String{Value: cells[to], Place: file.Place(r, to)}
	}
	return pairs
}
