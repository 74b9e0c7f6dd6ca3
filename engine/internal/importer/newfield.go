package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// makeCategory makes a field of the categories of an axis.
func (m *matcher) makeCategory(i int, wanted string) match {
	d, a, kept := &m.Cube.Dims[i], &m.Axes[i], m.Kept(i)
	name := wanted
	if name == "" {
		base := Slug(24, d.Label, d.ID)
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
	if len(labels) > 1 && !slices.ContainsFunc(labels, func(l string) bool { return !codeLike.MatchString(l) }) {
		m.Notes = append(m.Notes, fmt.Sprintf("the categories of %s are codes: --labels CODEBOOK.csv gives them labels (a row for each code: %s, code, label)", d.Name(), d.Name()))
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

// codeLike matches categories that say nothing to a reader: numbers, and numbers with
// capital letters.
var codeLike = regexp.MustCompile(`^[A-Z_.-]*\d[A-Z0-9_.-]*$`)

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
		name = m.free(age.Name + "_class")
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

// Slug makes the name of a field, table or source of about so many letters from the
// first text that has Latin ones.
func Slug(limit int, texts ...string) string {
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
