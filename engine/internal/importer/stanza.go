package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

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
	var partial []string // new fields of which only the persons of the table have a value
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
		by := f.why
		if by == "" {
			by = "new"
		}
		out.Matches = append(out.Matches, Match{s.Cube.Dims[i].Name(), f.field, by})
		t.column(i, f)
		if len(f.to) > maxInline && len(t.maps[f.field]) == 0 && f.why == "" && s.Axes[i].About != Ages {
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
			if m.By != "new" {
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
	source := s.source(o, spec, out)
	name := s.tableName(o, spec, fields, t)
	out.Tables = []Entry{{name, t.text(fields, source)}}
	spec.Tables = append(spec.Tables, name)
	return out, nil
}

// maxInline is the number of values above which a category reads them from the file.
const maxInline = 200

// fromFile makes a category read its values from the column of the file.
func (t *tableText) fromFile(i int, field string, fields []Entry) {
	column := t.columns[field]
	if column == "" {
		column = field
	}
	csv := append([]string{"file: " + cue(t.origin.File)}, t.origin.Layout...)
	for _, d := range t.drop {
		if strings.HasPrefix(d, cueName(column)+": ") {
			csv = append(csv, "drop: {"+d+"}")
		}
	}
	for k := range fields {
		if fields[k].Name == field {
			fields[k].Text = fmt.Sprintf("{kind: \"category\", title: %s, values: {%s: {%s}, column: %s}}",
				cue(t.Cube.Dims[i].Name()), t.origin.Form, strings.Join(csv, ", "), cue(column))
		}
	}
}

// tableText collects the text of a table.
type tableText struct {
	*Study
	origin      Origin
	over, given []int
	columns     map[string]string   // field to column
	maps        map[string][]string // field to entries of its map
	where       []string            // the persons that the table is about
	drop        []string            // labels that are left out, by column
}

// persons says, as the contents of a condition, whom the table is about; "" for
// everybody.
func (t *tableText) persons() string { return strings.Join(t.where, ", ") }

// column says which column an axis is and how its categories become values. Labels tell
// a reader more than codes, so they are used where no two are alike.
func (t *tableText) column(i int, f match) {
	d := &t.Cube.Dims[i]
	kept := t.Kept(i)
	seen := map[string]bool{}
	codes := false
	apart := t.origin.Long.Labels[i] != t.origin.Long.Codes[i]
	for j := range d.Categories {
		codes = codes || apart && seen[d.Categories[j].Name()]
		seen[d.Categories[j].Name()] = true
	}
	text := func(j int) string {
		if codes {
			return d.Categories[j].Key()
		}
		if !apart {
			return d.Categories[j].Label
		}
		return d.Categories[j].Name()
	}
	column := t.origin.Long.Header[t.origin.Long.Labels[i]]
	if codes {
		column = t.origin.Long.Header[t.origin.Long.Codes[i]]
	}
	if column != f.field {
		t.columns[f.field] = column
	}
	for _, j := range kept {
		if text(j) != f.to[j] {
			t.maps[f.field] = append(t.maps[f.field], cue(text(j))+": "+cue(f.to[j]))
		}
	}
	if len(kept) < len(d.Categories) {
		var dropped []string
		for j := range d.Categories {
			if !t.Axes[i].Keep[j] && !slices.Contains(dropped, text(j)) {
				dropped = append(dropped, text(j))
			}
		}
		t.drop = append(t.drop, cueName(column)+": "+strings.ReplaceAll(cueList(dropped), "\n", "\n\t\t"))
	}
}

// text writes the table.
func (t *tableText) text(fields map[int]string, source string) string {
	var csv []string
	add := func(format string, args ...any) { csv = append(csv, fmt.Sprintf(format, args...)) }
	add("file: %s", cue(t.origin.File))
	csv = append(csv, t.origin.Layout...)
	add("value: %s", cue(t.origin.Long.Header[t.origin.Long.Value]))
	if t.Measure != "counts" {
		add("measure: %q", t.Measure)
	}
	if len(t.columns) > 0 {
		var list []string
		for _, f := range sortedKeys(t.columns) {
			list = append(list, f+": "+cue(t.columns[f]))
		}
		add("columns: {%s}", strings.Join(list, ", "))
	}
	var fixed []string
	for i := range t.Axes {
		if j := t.Axes[i].Fixed; j >= 0 && len(t.Cube.Dims[i].Categories) > 1 {
			d := &t.Cube.Dims[i]
			fixed = append(fixed, cueName(t.origin.Long.Header[t.origin.Long.Codes[i]])+": "+cue(d.Categories[j].Key()))
		}
	}
	if len(fixed) > 0 {
		add("where: {%s}", strings.Join(fixed, ", "))
	}
	if len(t.drop) > 0 {
		add("drop: {%s}", strings.Join(t.drop, ", "))
	}
	zero, symbols := slices.Clone(t.origin.Zero), t.symbols()
	if t.Zero {
		zero, symbols = append(zero, symbols...), nil
	}
	if len(zero) > 0 {
		add("zero: %s", cueList(zero))
	}
	if len(symbols) > 0 {
		add("missing: %s", cueList(symbols))
		add("missing_is: \"unknown\"")
	}
	if len(t.maps) > 0 {
		var list []string
		indent := "\t\t"
		if len(t.maps) > 1 {
			indent += "\t"
		}
		for _, f := range sortedKeys(t.maps) {
			list = append(list, f+": "+braces(t.maps[f], indent))
		}
		if len(list) == 1 {
			add("map: %s", list[0])
		} else {
			add("map: {\n\t\t\t%s\n\t\t}", strings.Join(list, "\n\t\t\t"))
		}
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "\t"+format+"\n", args...) }
	b.WriteString("{\n")
	if t.Cube.Title != "" {
		line("title: %s", cue(shortened(t.Cube.Title, 200)))
	}
	names := func(axes []int) string {
		var list []string
		for _, i := range axes {
			list = append(list, fields[i])
		}
		return cueList(list)
	}
	line("over: %s", names(t.over))
	if len(t.given) > 0 {
		line("given: %s", names(t.given))
	}
	if persons := t.persons(); persons != "" {
		line("where: {%s}", persons)
	}
	b.WriteString("\t" + t.origin.Form + ": {\n")
	for _, c := range csv {
		b.WriteString("\t\t" + c + "\n")
	}
	b.WriteString("\t}\n")
	if t.Zero || t.sparse() {
		line("absent: 0")
	}
	if t.Measure != "counts" {
		line("rounded: %v", unitOf(t.Cube))
	}
	line("source: %s", cue(source))
	if year := t.year(t.origin.Year); year > 0 {
		line("year: %d", year)
	}
	line("status: \"official\"")
	b.WriteString("}")
	return b.String()
}

// braces writes entries as a struct, many of them in lines of four.
func braces(entries []string, indent string) string {
	if len(entries) <= 4 {
		return "{" + strings.Join(entries, ", ") + "}"
	}
	var b strings.Builder
	b.WriteString("{\n")
	for line := range slices.Chunk(entries, 4) {
		b.WriteString(indent + "\t" + strings.Join(line, ", ") + ",\n")
	}
	return b.String() + indent + "}"
}

func unitOf(c *office.Cube) float64 {
	n := 0
	for i := range c.Cells {
		n = max(n, places(c.Cells[i].Number))
	}
	u := 1.0
	for range n {
		u /= 10
	}
	return u
}

// symbols are those in place of figures in the cells that are read.
func (t *tableText) symbols() []string {
	var found []string
	t.eachKept(func(c *office.Cell) {
		if c.Status != office.Value && c.Status != office.Zero && !slices.Contains(found, c.Symbol) {
			found = append(found, c.Symbol)
		}
	})
	slices.Sort(found)
	return found
}

// sparse reports whether some of the combinations that are read have no cell, and so no
// persons: an office lists them all or only those with figures.
func (t *tableText) sparse() bool {
	n, all := 0, 1
	t.eachKept(func(*office.Cell) { n++ })
	for i := range t.Axes {
		all *= len(t.Kept(i))
	}
	return n < all
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

// year returns the year of the picked period.
func (s *Study) year(otherwise int) int {
	for i := range s.Axes {
		if a := &s.Axes[i]; a.About == Periods && a.Fixed >= 0 {
			k := &s.Cube.Dims[i].Categories[a.Fixed]
			if y := yearOf(k.Key()); y > 0 {
				return y
			}
			if y := yearOf(k.Name()); y > 0 {
				return y
			}
		}
	}
	return otherwise
}

// source names the publication, one that the spec has already or a new one.
func (s *Study) source(o Origin, spec *Spec, out *Stanza) string {
	c := s.Cube
	title := c.Title
	if title == "" {
		title = o.File[strings.LastIndexByte(o.File, '/')+1:]
	}
	if c.ID != "" && !strings.Contains(title, c.ID) {
		title += ", table " + c.ID
	}
	src := Source{Publisher: c.Publisher, Title: shortened(title, 300), Date: isoDate(c.Updated), URL: c.URL, Licence: c.Licence}
	for _, name := range sortedKeys(spec.Sources) {
		if spec.Sources[name].Title == src.Title {
			return name
		}
	}
	file := o.File[strings.LastIndexByte(o.File, '/')+1:]
	file, _, _ = strings.Cut(file, ".")
	base := slug(32, strings.TrimSpace(publisherSlug(c.Publisher)+" "+c.ID), c.Title, file)
	name := base
	for n := 2; ; n++ {
		if _, taken := spec.Sources[name]; !taken {
			break
		}
		name = fmt.Sprintf("%s_%d", base, n)
	}
	spec.Sources[name] = src
	var parts []string
	if src.Publisher != "" {
		parts = append(parts, "publisher: "+cue(src.Publisher))
	}
	parts = append(parts, "title: "+cue(src.Title))
	if year := s.year(o.Year); year > 0 {
		parts = append(parts, fmt.Sprintf("year: %d", year))
	}
	for _, p := range []struct{ key, value string }{{"date", src.Date}, {"url", src.URL}, {"license", src.Licence}} {
		if p.value != "" {
			parts = append(parts, p.key+": "+cue(p.value))
		}
	}
	out.Sources = []Entry{{name, "{" + strings.Join(parts, ", ") + "}"}}
	return name
}

// publisherSlug shortens the name of an office to its initials if it is long.
func publisherSlug(name string) string {
	words := strings.Fields(name)
	if len(words) < 3 {
		return name
	}
	if w := words[0]; len(w) > 2 && strings.ToUpper(w) == w {
		return w
	}
	var b strings.Builder
	for _, w := range words {
		if r := []rune(w)[0]; r >= 'A' && r <= 'Z' {
			b.WriteRune(r)
		}
	}
	if b.Len() < 2 {
		return words[0]
	}
	return b.String()
}

// tableName names the table after its fields.
func (s *Study) tableName(o Origin, spec *Spec, fields map[int]string, t *tableText) string {
	var parts []string
	for _, i := range slices.Concat(t.over, t.given) {
		parts = append(parts, fields[i])
	}
	base := slug(40, strings.Join(parts, "_"), o.File)
	name := base
	for n := 2; slices.Contains(spec.Tables, name); n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	return name
}

var dayMonth = regexp.MustCompile(`\b\d{1,2}([ /.])(\d{2}|[A-Z][a-z]+)([ /.])(\d{4}|\d{2})\b`)

var dates = regexp.MustCompile(`^(\d{4})-?(\d{2})-?(\d{2})`)

// isoDate returns a date as offices write it in ISO form, or as it is.
func isoDate(text string) string {
	if m := dates.FindStringSubmatch(text); m != nil {
		return m[1] + "-" + m[2] + "-" + m[3]
	}
	if d := dayMonth.FindString(text); d != "" {
		text = strings.ReplaceAll(d, ".", "/")
	}
	for _, form := range []string{"02/01/2006", "02/01/06", "2 January 2006", "2 Jan 2006", "January 2, 2006"} {
		for n := len(text); n >= len("02/01/06"); n-- {
			if d, err := time.Parse(form, text[:n]); err == nil {
				return d.Format("2006-01-02")
			}
		}
	}
	return shortened(text, 40)
}

func shortened(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return strings.TrimSpace(string(r[:n-1])) + "…"
	}
	return text
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
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
