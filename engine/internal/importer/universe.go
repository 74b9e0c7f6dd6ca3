package importer

import (
	"fmt"
	"slices"
	"strings"
)

// universe says, as a condition, which persons a fixed category describes: ages, or the
// value of a field of the spec. It is "" for everybody.
func (m *matcher) universe(i int) string {
	d, a := &m.Cube.Dims[i], &m.Axes[i]
	k := &d.Categories[a.Fixed]
	if s, ok := parseAge(k.Name()); ok && (a.About == Ages || is("age", d.Label) || is("age", d.ID)) {
		age := m.age()
		if age == nil {
			m.Notes = append(m.Notes, fmt.Sprintf("the figures are about persons of %q, and the spec has no field of the age to say so", k.Name()))
			return ""
		}
		var parts []string
		if s.From > age.Ages[0].From {
			parts = append(parts, fmt.Sprintf(">=%d", s.From))
		}
		if s.To < age.Ages[0].To {
			parts = append(parts, fmt.Sprintf("<=%d", s.To))
		}
		if len(parts) == 0 {
			return ""
		}
		return age.Name + ": " + strings.Join(parts, " & ")
	}
	if _, total := labelled(d, a.Fixed); total || a.About == Periods || a.About == Metrics || a.About == Units {
		return ""
	}
	for n := range m.spec.Fields {
		f := &m.spec.Fields[n]
		if f.Kind == "integer" || slices.Contains(m.used, f.Name) {
			continue
		}
		for _, label := range f.Labels {
			same := plain(label) == plain(k.Name()) || plain(withoutCode(label)) == plain(withoutCode(k.Name()))
			if a.About == Sex || m.named(i, f) {
				same = same || is("female", label) && is("female", k.Name()) || is("male", label) && is("male", k.Name())
			}
			if same && (m.named(i, f) || len(k.Name()) > 2) {
				return f.Name + ": " + cue(label)
			}
		}
	}
	return ""
}
