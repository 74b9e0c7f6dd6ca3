package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/internal/office"
)

// Entry is an entry of a stanza of a spec, in CUE.
type Entry struct{ Name, Text string }

// Stanza is what an import adds to a spec.
type Stanza struct {
	Sources, Fields, Roles, Tables []Entry
	Matches                        []Match
}

// Match says which field a dimension became.
type Match struct {
	Dimension string `json:"dimension"`
	Field     string `json:"field"`
	By        string `json:"by"` // what tells that they are the same; "new" for a new field
}

// Origin is the file of a cube as the spec names and reads it.
type Origin struct {
	File   string   // relative to the spec, with slashes
	Form   string   // "csv" or "xlsx"
	Layout []string // settings of the file, in CUE, such as `skip: 3`
	Long   *office.Long
	Zero   []string // symbols that mean 0
	Year   int      // of the figures, if the file does not say
}

// Write writes the stanza of a study: the table with its source, and the fields that the
// spec lacks, which are added to spec. A question means that a field of the spec is in
// the way.
func (s *Study) Write(o Origin, spec *Spec, names map[string]string) (*Stanza, []Question) {
	m := &matcher{Study: s, spec: spec, names: names}
	out := &Stanza{}
	t := &tableText{Study: s, origin: o, columns: map[string]string{}, maps: map[string][]string{}}
	var open []Question
	for _, i := range s.Free() {
		if slices.Contains(s.Given, i) || s.Measure == "percent" && !slices.Contains(s.Over, i) {
			t.given = append(t.given, i)
		} else {
			t.over = append(t.over, i)
		}
	}
	if len(t.over) == 0 {
		return nil, []Question{{Axis: -1, Text: "no dimension is left over which the figures are distributed"}}
	}
	fields := map[int]string{}
	banded := map[string]bool{} // dimensions that became classes of ages that the spec has
	var partial []string        // new fields of which only the persons of the table have a value
	for _, i := range slices.Concat(t.over, t.given) {
		f, q := m.fieldFor(i)
		if q != nil {
			open = append(open, *q)
			continue
		}
		m.used = append(m.used, f.field)
		fields[i] = f.field
		if s.Axes[i].About == Other && f.why == "" {
			partial = append(partial, f.field)
		}
		if _, first := f.role["age"]; first && len(f.made) == 2 && slices.Contains(t.over, i) && s.Measure == "counts" {
			t.spread = true
			s.Notes = append(s.Notes, fmt.Sprintf("the classes of %s are spread over single years by a smooth curve (spread)", f.field))
		}
		if s.Axes[i].About == Sex && slices.Contains(t.over, i) {
			t.sex = f.field
		}
		out.Fields = append(out.Fields, f.made...)
		for _, role := range []string{"age", "sex", "region"} {
			if name, ok := f.role[role]; ok && (spec.Roles[role] == "" || spec.Roles[role] == name) {
				spec.Roles[role] = name
				out.Roles = append(out.Roles, Entry{role, cue(name)})
			}
		}
		if f.where != "" {
			t.where = append(t.where, f.where)
		}
		if _, first := f.role["age"]; s.Axes[i].About == Ages && !first && len(f.made) > 0 {
			banded[s.Cube.Dims[i].Name()] = true
		}
		by := f.why
		if by == "" {
			by = "new"
		}
		out.Matches = append(out.Matches, Match{s.Cube.Dims[i].Name(), f.field, by})
		t.column(i, f)
		if len(f.to) > maxInline && !s.Cube.Dims[i].Labelled && len(t.maps[f.field]) == 0 && f.why == "" && s.Axes[i].About != Ages {
			t.fromFile(i, f.field, out.Fields)
		}
	}
	if len(open) > 0 {
		return nil, open
	}
	for i := range s.Axes {
		if s.Axes[i].Fixed >= 0 {
			if w := m.universe(i); w != "" {
				t.where = append(t.where, w)
				s.Notes = append(s.Notes, "the table is about "+w)
			}
		}
	}
	if when := t.persons(); when != "" {
		for k := range out.Fields {
			if f := &out.Fields[k]; slices.Contains(partial, f.Name) {
				f.Text = strings.Replace(f.Text, "{kind: \"category\", ", "{kind: \"category\", when: {"+when+"}, ", 1)
				s.Notes = append(s.Notes, fmt.Sprintf("other persons have no %s (when)", f.Name))
			}
		}
	}
	if year := s.year(o.Year); year > 0 && spec.Year > 0 && year != spec.Year && len(t.given) == 0 {
		var known []string
		for _, m := range out.Matches {
			if m.By != "new" || banded[m.Dimension] {
				known = append(known, "--given "+shell(m.Dimension))
			}
		}
		if len(known) > 0 && len(known) < len(t.over) {
			s.Notes = append(s.Notes, fmt.Sprintf("the figures are of %d, those of other tables of %d: %s takes only the shares within the fields that are known", year, spec.Year, strings.Join(known, " ")))
		}
	}
	if year := s.year(o.Year); year > 0 && spec.Year == 0 {
		spec.Year = year
	}
	t.findAbsent()
	source := s.source(o, spec, out)
	name := s.tableName(o, spec, fields, t)
	out.Tables = []Entry{{name, t.text(fields, source)}}
	spec.Tables = append(spec.Tables, name)
	return out, nil
}

// eachKept calls visit with the cells that are read.
func (s *Study) eachKept(visit func(c *office.Cell)) {
	var at []int
	for k := range s.Cube.Cells {
		c := &s.Cube.Cells[k]
		at = s.Cube.Split(c.At, at)
		kept := true
		for i, j := range at {
			a := &s.Axes[i]
			kept = kept && (a.Fixed == j || a.Fixed < 0 && a.Keep[j])
		}
		if kept {
			visit(c)
		}
	}
}

// tableName names the table after its fields.
func (s *Study) tableName(o Origin, spec *Spec, fields map[int]string, t *tableText) string {
	var parts []string
	for _, i := range slices.Concat(t.over, t.given) {
		parts = append(parts, fields[i])
	}
	base := Slug(40, strings.Join(parts, "_"), o.File)
	name := base
	for n := 2; slices.Contains(spec.Tables, name); n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	return name
}

// Text writes the stanza as a spec of its own, to be copied into another.
func (s *Stanza) Text() string {
	var b strings.Builder
	b.WriteString("#Spec: {\n")
	for _, part := range []struct {
		name    string
		entries []Entry
	}{{"sources", s.Sources}, {"fields", s.Fields}, {"roles", s.Roles}, {"tables", s.Tables}} {
		if len(part.entries) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\t%s: {\n", part.name)
		for _, e := range part.entries {
			fmt.Fprintf(&b, "\t\t%s: %s\n", e.Name, strings.ReplaceAll(e.Text, "\n", "\n\t\t"))
		}
		b.WriteString("\t}\n")
	}
	b.WriteString("}\n")
	return b.String()
}

// Summary says what the stanza has.
func (s *Stanza) Summary() string {
	var parts []string
	for _, part := range []struct {
		one, many string
		entries   []Entry
	}{{"table", "tables", s.Tables}, {"field", "fields", s.Fields}, {"source", "sources", s.Sources}} {
		var names []string
		for _, e := range part.entries {
			names = append(names, e.Name)
		}
		switch len(names) {
		case 0:
		case 1:
			parts = append(parts, part.one+" "+names[0])
		default:
			parts = append(parts, part.many+" "+strings.Join(names, ", "))
		}
	}
	return strings.Join(parts, "; ")
}
