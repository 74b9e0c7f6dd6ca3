package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/internal/office"
)

// match is how the categories of an axis become values of a field.
type match struct {
	field string
	made  []Entry           // fields that the spec lacks
	to    map[int]string    // category to value
	why   string            // "" for a field that is made
	where string            // ages that the file is about, as a condition, if not all
	role  map[string]string // roles of fields that are made
}

// matcher matches the axes of a study with the fields of a spec.
type matcher struct {
	*Study
	spec  *Spec
	names map[string]string // dimension to the field that the user wants
	used  []string          // fields of the table so far
}

// fieldFor matches an axis with a field of the spec, or makes one.
func (m *matcher) fieldFor(i int) (match, *Question) {
	wanted := m.wanted(i)
	if wanted != "" {
		if f := m.spec.field(wanted); f != nil {
			if to, why := m.values(i, f); to != nil {
				return match{field: f.Name, to: to, why: why}, nil
			}
			return match{}, &Question{Axis: i, Text: fmt.Sprintf("the categories of %s are not the values of field %q: %s", m.Cube.Dims[i].Name(), wanted, m.differ(i, f)), Answers: []string{"--field " + shell(m.Cube.Dims[i].Name()+"=another_name")}}
		}
	} else if f, to, why := m.best(i); f != nil {
		return match{field: f.Name, to: to, why: why}, nil
	}
	if m.Axes[i].About == Ages {
		return m.makeAges(i, wanted)
	}
	return m.makeCategory(i, wanted), nil
}

func (m *matcher) wanted(i int) string {
	for name, field := range m.names {
		if k, ok := m.Cube.Find(name); ok && k == i {
			return field
		}
	}
	return ""
}

// best returns the field whose values are the categories of an axis. Of several it is
// the one with the name of the dimension.
func (m *matcher) best(i int) (*Field, map[int]string, string) {
	var best *Field
	var bestTo map[int]string
	var why string
	score := -1
	for k := range m.spec.Fields {
		f := &m.spec.Fields[k]
		if slices.Contains(m.used, f.Name) {
			continue
		}
		to, how := m.values(i, f)
		if to == nil {
			continue
		}
		n := 0
		if m.named(i, f) {
			n = 2
			how += " and name"
		}
		if f.Kind != "group" {
			n++
		}
		if n > score {
			best, bestTo, why, score = f, to, how, n
		}
	}
	return best, bestTo, why
}

// named reports whether a dimension has a name of a field.
func (m *matcher) named(i int, f *Field) bool {
	d := &m.Cube.Dims[i]
	for _, n := range append([]string{f.Name}, f.Names...) {
		n = plain(n)
		if n != "" && (n == plain(d.Label) || n == plain(d.ID)) {
			return true
		}
	}
	return false
}

// values maps the categories of an axis to the values of a field: by labels, codes,
// words for the sexes, or ages. It is nil if some category has no value, or most values
// have no category.
func (m *matcher) values(i int, f *Field) (map[int]string, string) {
	d, a, kept := &m.Cube.Dims[i], &m.Axes[i], m.Kept(i)
	to := map[int]string{}
	if a.About == Ages {
		return m.ages(i, f)
	}
	if f.Kind == "integer" {
		return nil, ""
	}
	if a.About == Sex && len(f.Labels) == 2 {
		for _, j := range kept {
			for _, label := range f.Labels {
				if a.Sexes[j] != "" && is(a.Sexes[j], label) {
					to[j] = label
				}
			}
		}
		if len(to) == len(kept) && len(kept) == 2 && to[kept[0]] != to[kept[1]] {
			return to, "sexes"
		}
		clear(to)
	}
	index := map[string]string{}
	for _, label := range f.Labels {
		if bare := withoutCode(label); bare != label {
			index[plain(bare)] = label
		}
	}
	for _, label := range f.Labels {
		index[plain(label)] = label
	}
	for _, by := range []struct {
		why string
		of  func(k *office.Category) string
	}{{"labels", func(k *office.Category) string { return k.Label }}, {"codes", func(k *office.Category) string { return k.Code }}, {"labels without codes", func(k *office.Category) string { return withoutCode(k.Label) }}} {
		used := map[string]bool{}
		for _, j := range kept {
			label, ok := index[plain(by.of(&d.Categories[j]))]
			if slices.Contains(f.Labels, by.of(&d.Categories[j])) {
				label, ok = by.of(&d.Categories[j]), true
			}
			if ok && !used[label] {
				to[j], used[label] = label, true
			}
		}
		if len(to) == len(kept) && len(to)*5 >= len(f.Labels)*4 {
			return to, by.why
		}
		clear(to)
	}
	return nil, ""
}

// leadingCode matches a code before a label, as in "01 Stockholm" or "SE11 Stockholm".
var leadingCode = regexp.MustCompile(`^[A-Z]{0,3}[0-9]{1,8}[A-Z]?[ .:-]+(\pL.*)$`)

// withoutCode returns a label without the code before it.
func withoutCode(label string) string {
	if m := leadingCode.FindStringSubmatch(label); m != nil {
		return m[1]
	}
	return label
}

// age returns the field of the age, nil if the spec has none.
func (m *matcher) age() *Field {
	for k := range m.spec.Fields {
		if m.isAge(&m.spec.Fields[k]) {
			return &m.spec.Fields[k]
		}
	}
	return nil
}

// ages maps ages to those of a field: single years to an integer, or classes to a group
// with the same ones.
func (m *matcher) ages(i int, f *Field) (map[int]string, string) {
	a, kept := &m.Axes[i], m.Kept(i)
	if len(f.Ages) == 0 || f.Kind == "category" {
		return nil, ""
	}
	to := map[int]string{}
	switch f.Kind {
	case "integer":
		if !m.isAge(f) {
			return nil, ""
		}
		for _, j := range kept {
			s := a.Ages[j]
			if s.From < f.Ages[0].From || s.From > f.Ages[0].To || s.To != s.From && !(s.To == open && s.From == f.Ages[0].To) {
				return nil, ""
			}
			to[j] = strconv.Itoa(s.From)
		}
		if len(kept) != f.Ages[0].To-f.Ages[0].From+1 {
			return nil, ""
		}
	case "group":
		for _, j := range kept {
			k := slices.IndexFunc(f.Ages, func(s span) bool {
				return s.From == a.Ages[j].From && (s.To == a.Ages[j].To || a.Ages[j].To == open && s == f.Ages[len(f.Ages)-1])
			})
			if k < 0 {
				return nil, ""
			}
			to[j] = f.Labels[k]
		}
		if len(kept) != len(f.Labels) {
			return nil, ""
		}
	}
	return to, "ages"
}

// isAge reports whether an integer field is the age.
func (m *matcher) isAge(f *Field) bool {
	return f.Kind == "integer" && (m.spec.Roles["age"] == f.Name || m.spec.Roles["age"] == "" && (is("age", f.Name) || slices.ContainsFunc(f.Names, func(n string) bool { return is("age", n) })))
}

// differ says how categories and values differ.
func (m *matcher) differ(i int, f *Field) string {
	d := &m.Cube.Dims[i]
	var without []string
	for _, j := range m.Kept(i) {
		if !slices.ContainsFunc(f.Labels, func(l string) bool { return plain(l) == plain(d.Categories[j].Name()) }) {
			without = append(without, strconv.Quote(d.Categories[j].Name()))
		}
	}
	if len(without) == 0 {
		return fmt.Sprintf("the field has %d values, the file %d", len(f.Labels), len(m.Kept(i)))
	}
	more := ""
	if len(without) > 3 {
		more = fmt.Sprintf(" and %d more", len(without)-3)
	}
	return "it has no " + strings.Join(without[:min(3, len(without))], ", ") + more
}

func (m *matcher) quote(i, j int) string { return quote(&m.Cube.Dims[i], j) }
