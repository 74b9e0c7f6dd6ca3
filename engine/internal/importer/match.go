package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/internal/office"
)

// Spec is what a spec has already.
type Spec struct {
	Fields  []Field
	Tables  []string
	Sources map[string]Source
	Roles   map[string]string // role to field
	Year    int               // of the newest table, 0 if it is not known
}

// Field is a field that tables can be over.
type Field struct {
	Name  string
	Names []string // other names: title and aliases
	Kind  string   // "category", "integer" or "group"
	Of    string   // of a group: the field that it is computed from
	// Labels are the values of a category or group.
	Labels []string
	// Ages are, of an integer, its least and greatest value; of a group of it, those of
	// each label.
	Ages []span
}

// Source is a publication.
type Source struct{ Publisher, Title, Date, URL, Licence, Year string }

// NewField makes a Field of an integer from min to max.
func NewInteger(name string, min, max int, names ...string) Field {
	return Field{Name: name, Names: names, Kind: "integer", Ages: []span{{min, max}}}
}

// NewBands makes a Field of a group that cuts an integer from min to max.
func NewBands(name, of string, min, max int, cuts []int, labels []string, names ...string) Field {
	f := Field{Name: name, Names: names, Kind: "group", Of: of, Labels: labels}
	if len(cuts) > 0 && cuts[0] > min {
		cuts = append([]int{min}, cuts...)
	}
	if len(cuts) != len(labels) {
		return f
	}
	for i, c := range cuts {
		to := max
		if i+1 < len(cuts) {
			to = cuts[i+1] - 1
		}
		f.Ages = append(f.Ages, span{c, to})
	}
	return f
}

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

func (s *Spec) field(name string) *Field {
	for i := range s.Fields {
		if s.Fields[i].Name == name {
			return &s.Fields[i]
		}
	}
	return nil
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

// makeCategory makes a field of the categories of an axis.
func (m *matcher) makeCategory(i int, wanted string) match {
	d, a, kept := &m.Cube.Dims[i], &m.Axes[i], m.Kept(i)
	name := wanted
	if name == "" {
		base := slug(24, d.Label, d.ID)
		if a.About == Sex {
			base = "sex"
		}
		name = m.free(base)
	}
	out := match{field: name, to: map[int]string{}}
	labels := make([]string, 0, len(kept))
	twice := map[string]int{}
	for _, j := range kept {
		twice[d.Categories[j].Name()]++
	}
	for _, j := range kept {
		label := d.Categories[j].Name()
		if twice[label] > 1 {
			label = strings.TrimSpace(label + " " + d.Categories[j].Code)
			for slices.Contains(labels, label) {
				label += "'"
			}
		}
		out.to[j] = label
		labels = append(labels, label)
	}
	out.made = []Entry{{Name: name, Text: fmt.Sprintf("{kind: \"category\", title: %s, values: %s}", cue(d.Name()), cueList(labels))}}
	out.role = map[string]string{}
	switch a.About {
	case Sex:
		out.role["sex"] = name
	case Places:
		out.role["region"] = name
	}
	m.remember(Field{Name: name, Kind: "category", Labels: labels, Names: []string{d.Name()}})
	return out
}

// remember adds a field that was made to the spec, for the files that follow.
func (m *matcher) remember(f Field) { m.spec.Fields = append(m.spec.Fields, f) }

// free returns a name that no field has.
func (m *matcher) free(base string) string {
	name := base
	for n := 2; m.spec.field(name) != nil; n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	return name
}

// makeAges makes the integer field of the age if the spec has none, and a group of it
// if the ages are classes.
func (m *matcher) makeAges(i int, wanted string) (match, *Question) {
	d, a, kept := &m.Cube.Dims[i], &m.Axes[i], slices.Clone(m.Kept(i))
	kept = slices.DeleteFunc(kept, func(j int) bool { return a.Ages[j] == none })
	slices.SortFunc(kept, func(x, y int) int { return a.Ages[x].From - a.Ages[y].From })
	if len(kept) == 0 {
		return m.makeCategory(i, wanted), nil
	}
	out := match{to: map[int]string{}, role: map[string]string{}}
	first, last := a.Ages[kept[0]], a.Ages[kept[len(kept)-1]]
	single := true
	for n, j := range kept {
		s := a.Ages[j]
		single = single && (s.From == s.To || s.To == open && n == len(kept)-1) && s.From == first.From+n
	}
	age := m.age()
	if age == nil {
		name := "age"
		if single && wanted != "" {
			name = wanted
		}
		name = m.free(name)
		greatest := last.To
		if greatest == open {
			if greatest = last.From; !single {
				greatest = max(last.From+9, 100)
			}
			m.Notes = append(m.Notes, fmt.Sprintf("the ages of %s are not known; field %q ends at %d", m.quote(i, kept[len(kept)-1]), name, greatest))
		}
		out.made = append(out.made, Entry{Name: name, Text: fmt.Sprintf("{kind: \"integer\", title: %s, min: %d, max: %d}", cue(d.Name()), first.From, greatest)})
		out.role["age"] = name
		m.remember(NewInteger(name, first.From, greatest, d.Name()))
		m.spec.Roles["age"] = name
		age = &m.spec.Fields[len(m.spec.Fields)-1]
	}
	least, greatest := age.Ages[0].From, age.Ages[0].To
	if first.From < least || last.From > greatest || last.To != open && last.To > greatest {
		return out, &Question{Axis: i, Text: fmt.Sprintf("field %q has the ages %d to %d, the file has %s to %s: change min and max of the field first", age.Name, least, greatest, m.quote(i, kept[0]), m.quote(i, kept[len(kept)-1]))}
	}
	if single && first.From == least && (last.From == greatest) {
		out.field = age.Name
		for _, j := range kept {
			out.to[j] = strconv.Itoa(a.Ages[j].From)
		}
		return out, nil
	}
	name := wanted
	if name == "" {
		name = m.free(age.Name + "_group")
	}
	var cuts []int
	var labels []string
	next := least
	gap := func(to int) { // ages that the file does not have
		cuts = append(cuts, next)
		labels = append(labels, fmt.Sprintf("%d-%d", next, to))
	}
	var where []string
	for _, j := range kept {
		s := a.Ages[j]
		if s.From > next {
			gap(s.From - 1)
			if next == least {
				where = append(where, fmt.Sprintf(">=%d", s.From))
			}
		}
		cuts = append(cuts, s.From)
		label := d.Categories[j].Name()
		labels = append(labels, label)
		out.to[j] = label
		next = s.To + 1
	}
	if last.To != open && last.To < greatest {
		gap(greatest)
		where = append(where, fmt.Sprintf("<=%d", last.To))
	}
	if len(where) > 0 {
		out.where = age.Name + ": " + strings.Join(where, " & ")
	}
	out.field = name
	out.made = append(out.made, Entry{Name: name, Text: fmt.Sprintf("{kind: \"group\", of: %q, cuts: %s, labels: %s}", age.Name, strings.ReplaceAll(fmt.Sprint(cuts), " ", ", "), cueList(labels))})
	m.remember(NewBands(name, age.Name, least, greatest, cuts, labels, d.Name()))
	return out, nil
}

func (m *matcher) quote(i, j int) string { return quote(&m.Cube.Dims[i], j) }

// slug makes the name of a field, table or source of about so many letters from the
// first text that has Latin ones.
func slug(limit int, texts ...string) string {
	for _, text := range texts {
		var b strings.Builder
		if before, _, ok := strings.Cut(text, "("); ok && strings.TrimSpace(before) != "" {
			text = before
		}
		for _, r := range strings.ReplaceAll(plain(text), " ", "_") {
			if r == '_' && b.Len() > 0 || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' && b.Len() > 0 {
				b.WriteRune(r)
			}
			if b.Len() == 200 {
				break
			}
		}
		s := strings.Trim(b.String(), "_")
		for len(s) > limit && strings.Contains(s, "_") {
			s = s[:strings.LastIndexByte(s, '_')]
		}
		for strings.Contains(s, "_") && len(s[strings.LastIndexByte(s, '_'):]) < 4 && len(s) > limit/2 {
			s = s[:strings.LastIndexByte(s, '_')] // do not end in "de"
		}
		if s != "" {
			return s[:min(len(s), 40)]
		}
	}
	return "imported"
}

// cue writes a text as a CUE string.
func cue(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// plainName matches names that CUE reads without quotation marks.
var plainName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// cueName writes a name as the label of a field in CUE.
func cueName(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	return cue(name)
}

// cueList writes texts as a list, a long one in lines of ten.
func cueList(texts []string) string {
	var q []string
	for _, t := range texts {
		q = append(q, cue(t))
	}
	if len(q) <= 12 {
		return "[" + strings.Join(q, ", ") + "]"
	}
	var b strings.Builder
	b.WriteString("[\n")
	for line := range slices.Chunk(q, 10) {
		b.WriteString("\t" + strings.Join(line, ", ") + ",\n")
	}
	return b.String() + "]"
}
