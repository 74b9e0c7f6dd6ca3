// Package importer looks at a table of a statistical office and says what a spec can
// take from it: which categories are totals and sub-totals and how that is known, which
// dimensions are ages, places or periods, which fields of the spec they match, and what
// a person has to decide. Nothing is decided without evidence.
package importer

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/office"
)

// Choices are decisions of the user.
type Choices struct {
	Pick    []Choice // the one category of a dimension that is read
	Drop    []Choice // categories that are left out
	Keep    []string // dimensions whose categories are parts of a whole
	Given   []string // dimensions within which the figures are shares
	Unit    string   // category of the dimension of units
	Measure string   // what the figures are: counts, percent or shares
}

// Choice is a category of a dimension, both as the file or the user writes them.
type Choice struct{ Dimension, Category string }

// Study is what was found in a cube.
type Study struct {
	Cube *office.Cube
	Axes []Axis

	Measure string // "counts", "percent" or "shares"; "" if the figures are none of these
	Given   []int  // axes within which the user wants shares
	Over    []int  // for percent: the axes along which the figures add up to 100
	Zero    bool   // missing figures are 0
	// Open are the questions that the user has to answer.
	Open []Question
	// Notes say what else was found.
	Notes []string
}

// Axis is what was found about a dimension of the cube.
type Axis struct {
	About Subject
	Fixed int      // the only category that is read, -1 if all that are kept
	Why   string   // why only that one is
	Keep  []bool   // by category
	Drops []Drop   // in order
	Ages  []span   // of About Ages: by category
	Proof string   // how the kept categories are known to be parts of a whole, "" if nothing shows it
	Sexes []string // of About Sex: "female", "male" or "" by category
}

// Drop is a category that is left out.
type Drop struct {
	Category int
	Evidence []string // such as "label", "adds up in 924 of 924 cells within 8"
}

// Question is what the user has to decide.
type Question struct {
	Axis    int      // -1 for the whole table
	Text    string   // one sentence
	Answers []string // flags of which one settles it
}

// Subject is what a dimension is about.
type Subject string

const (
	Ages    Subject = "age"
	Sex     Subject = "sex"
	Periods Subject = "time"
	Places  Subject = "place"
	Metrics Subject = "contents" // what is counted or measured
	Units   Subject = "unit"
	Other   Subject = "categories"
)

// Kept returns the categories of an axis that are read.
func (s *Study) Kept(axis int) []int {
	a := &s.Axes[axis]
	if a.Fixed >= 0 {
		return []int{a.Fixed}
	}
	var kept []int
	for i, k := range a.Keep {
		if k {
			kept = append(kept, i)
		}
	}
	return kept
}

// Free returns the axes that are not fixed.
func (s *Study) Free() []int {
	var free []int
	for i := range s.Axes {
		if s.Axes[i].Fixed < 0 {
			free = append(free, i)
		}
	}
	return free
}

// ChoiceError is a choice that names nothing in the file.
type ChoiceError struct{ Text string }

func (e *ChoiceError) Error() string { return e.Text }

// Look studies a cube. The error is a *ChoiceError.
func Look(c *office.Cube, choices Choices) (*Study, error) {
	s := &Study{Cube: c, Axes: make([]Axis, len(c.Dims)), Measure: "counts"}
	for i := range c.Dims {
		s.Axes[i] = s.classify(i)
	}
	l := &looker{Study: s, choices: choices, dropped: make([]map[int]bool, len(c.Dims))}
	if err := l.choose(); err != nil {
		return nil, err
	}
	l.restrict()
	l.allLevels()
	if l.zeros && !l.Zero { // now it is known that missing figures are 0
		l.Zero = true
		for i := range s.Axes {
			s.Axes[i].forget(l.dropped[i])
		}
		s.Open, s.Notes = nil, nil
		l.allLevels()
	}
	for i := range s.Axes {
		switch a := &s.Axes[i]; {
		case a.Fixed >= 0:
		case a.About == Periods:
			l.periods(i)
		case a.About == Units:
			l.units(i)
		case a.About == Metrics:
			l.contents(i)
		}
	}
	for i := range s.Axes {
		if s.Axes[i].Fixed < 0 {
			l.parts(i)
		}
	}
	l.measure()
	l.postpone()
	for i := range s.Axes {
		slices.SortFunc(s.Axes[i].Drops, func(a, b Drop) int { return a.Category - b.Category })
	}
	return s, nil
}

// allLevels tells totals from categories in every dimension that has some.
func (l *looker) allLevels() {
	for i := range l.Axes {
		if a := &l.Axes[i]; a.Fixed < 0 && a.About != Periods && a.About != Metrics && a.About != Units {
			l.levels(i)
		}
	}
}

// postpone leaves only the questions which figures are read, if there are some: the
// others depend on the answers.
func (l *looker) postpone() {
	which := func(q Question) bool {
		return q.Axis >= 0 && (l.Axes[q.Axis].About == Metrics || l.Axes[q.Axis].About == Units)
	}
	if slices.ContainsFunc(l.Open, which) {
		l.Open = slices.DeleteFunc(l.Open, func(q Question) bool {
			return !which(q) && (q.Axis < 0 || l.Axes[q.Axis].About != Periods)
		})
	}
}

// forget takes back what was found about the categories, except what the user dropped.
func (a *Axis) forget(dropped map[int]bool) {
	a.Drops = slices.DeleteFunc(a.Drops, func(d Drop) bool { return !dropped[d.Category] })
	for j := range a.Keep {
		a.Keep[j] = !dropped[j]
	}
	a.Proof = ""
}

// looker carries a study from step to step.
type looker struct {
	*Study
	choices Choices
	dropped []map[int]bool // by the user
	grid    *grid          // of the categories that are read
	unit    float64        // to which figures are rounded
	proven  bool           // some categories add up, so the figures are counts
	zeros   bool           // they do so only if missing figures are 0
}

// classify says what a dimension is about, by its role, its name and its categories.
func (s *Study) classify(i int) Axis {
	d := &s.Cube.Dims[i]
	a := Axis{Fixed: -1, Keep: make([]bool, len(d.Categories)), About: Other}
	for j := range a.Keep {
		a.Keep[j] = true
	}
	named := func(kind string) bool { return is(kind, d.Label) || is(kind, d.ID) }
	ages, n := s.ages(d)
	sexes, m := sexesOf(d)
	switch {
	case d.Role == office.Time || named("time") && d.Role == "" || periods(d):
		a.About = Periods
	case named("unit"):
		a.About = Units
	case d.Role == office.Metric || d.Role == "" && (named("contents") || mentions("nocount", d.Label) != ""):
		a.About = Metrics
	case n > 0 && (named("age") || mentions("age", d.Label) != "" || n*5 >= len(d.Categories)*4 && withWords(d, ages)):
		a.About, a.Ages = Ages, ages
	case m == 2 && (named("sex") || mentions("sex", d.Label) != "" || len(d.Categories) <= 4):
		a.About, a.Sexes = Sex, sexes
	case d.Role == office.Place || named("place") || mentions("place", d.Label) != "":
		a.About = Places
	}
	return a
}

// none is the span of a category that is no age.
var none = span{-1, -1}

// ages reads the categories of a dimension as ages, by label or code, and counts those
// that are.
func (s *Study) ages(d *office.Dimension) ([]span, int) {
	spans, n := make([]span, len(d.Categories)), 0
	for j := range d.Categories {
		k := &d.Categories[j]
		spans[j] = none
		if a, ok := parseAge(k.Label); ok {
			spans[j] = a
		} else if a, ok := parseAge(k.Code); ok && (k.Label == "" || len(k.Code) > 1 && !is("total", k.Label) && !is("unknown", k.Label) && ageCode.MatchString(k.Code)) {
			spans[j] = a
		}
		if spans[j] != none {
			n++
		}
	}
	exclusive(spans)
	return spans, n
}

// withWords reports whether ages are more than numbers: a range, an open class or a
// word for years.
func withWords(d *office.Dimension, ages []span) bool {
	n := 0
	for j, a := range ages {
		if a != none && (a.To != a.From || mentions("years", d.Categories[j].Label) != "") {
			n++
		}
	}
	return n*2 >= len(ages)
}

// sexesOf says which categories are women and men, and how many there are of both.
func sexesOf(d *office.Dimension) ([]string, int) {
	sexes, n := make([]string, len(d.Categories)), 0
	for j := range d.Categories {
		for _, sex := range []string{"female", "male"} {
			name, _, _ := strings.Cut(d.Categories[j].Name(), "(")
			if is(sex, name) || d.Categories[j].Label == "" && is(sex, d.Categories[j].Code) {
				sexes[j] = sex
				n++
				break
			}
		}
	}
	if n == 2 && slices.Contains(sexes, "female") && slices.Contains(sexes, "male") {
		return sexes, 2
	}
	return nil, 0
}

// periods reports whether all categories are years, quarters or months.
func periods(d *office.Dimension) bool {
	for j := range d.Categories {
		if yearOf(d.Categories[j].Key()) == 0 && yearOf(d.Categories[j].Name()) == 0 {
			return false
		}
	}
	return len(d.Categories) > 0
}

// choose takes the picks and drops of the user.
func (l *looker) choose() error {
	picks := slices.Clone(l.choices.Pick)
	if l.choices.Unit != "" {
		i := slices.IndexFunc(l.Axes, func(a Axis) bool { return a.About == Units })
		if i < 0 {
			return &ChoiceError{"--unit: no dimension of the file is about units" + l.unitOfFile()}
		}
		picks = append(picks, Choice{l.Cube.Dims[i].Name(), l.choices.Unit})
	}
	for _, p := range picks {
		i, j, err := l.find(p, "--pick")
		if err != nil {
			return err
		}
		if len(j) > 1 {
			return &ChoiceError{fmt.Sprintf("--pick: %s has %d categories called %q; use a code", l.Cube.Dims[i].Name(), len(j), p.Category)}
		}
		if l.Axes[i].Fixed >= 0 && l.Axes[i].Fixed != j[0] {
			return &ChoiceError{fmt.Sprintf("--pick: two categories of %s are picked", l.Cube.Dims[i].Name())}
		}
		l.Axes[i].Fixed, l.Axes[i].Why = j[0], "picked"
	}
	for _, p := range l.choices.Drop {
		i, found, err := l.find(p, "--drop")
		if err != nil {
			return err
		}
		for _, j := range found {
			if l.Axes[i].Fixed == j {
				return &ChoiceError{fmt.Sprintf("--drop: %s is picked", p.Category)}
			}
			l.drop(i, j, "you chose it")
			if l.dropped[i] == nil {
				l.dropped[i] = map[int]bool{}
			}
			l.dropped[i][j] = true
		}
		if len(l.Kept(i)) == 0 {
			return &ChoiceError{fmt.Sprintf("--drop: no category of %s is left", l.Cube.Dims[i].Name())}
		}
	}
	for flag, names := range map[string][]string{"--keep": l.choices.Keep, "--given": l.choices.Given} {
		for _, k := range names {
			i, ok := l.Cube.Find(k)
			if !ok {
				return &ChoiceError{l.noDimension(flag, k)}
			}
			if flag == "--given" {
				l.Given = append(l.Given, i)
			}
		}
	}
	for i := range l.Axes {
		if kept := l.Kept(i); l.Axes[i].Fixed < 0 && len(kept) == 1 {
			l.Axes[i].Fixed, l.Axes[i].Why = kept[0], "the only category"
		}
	}
	return nil
}

func (l *looker) unitOfFile() string {
	if l.Cube.Unit != "" {
		return fmt.Sprintf("; the unit of all figures is %q", l.Cube.Unit)
	}
	return ""
}

func (l *looker) noDimension(flag, name string) string {
	var names []string
	for i := range l.Cube.Dims {
		names = append(names, fmt.Sprintf("%q", l.Cube.Dims[i].Name()))
	}
	return fmt.Sprintf("%s: the file has no dimension %q; it has %s", flag, name, strings.Join(names, ", "))
}

// find returns the dimension of a choice and its categories: one, or all that have the
// label.
func (l *looker) find(p Choice, flag string) (int, []int, error) {
	i, ok := l.Cube.Find(p.Dimension)
	if !ok {
		return 0, nil, &ChoiceError{l.noDimension(flag, p.Dimension)}
	}
	d := &l.Cube.Dims[i]
	if j, ok := d.Find(p.Category); ok {
		return i, []int{j}, nil
	}
	var found []int
	for j := range d.Categories {
		if strings.EqualFold(d.Categories[j].Label, strings.TrimSpace(p.Category)) {
			found = append(found, j)
		}
	}
	if len(found) > 0 {
		return i, found, nil
	}
	return 0, nil, &ChoiceError{fmt.Sprintf("%s: %s has no category %q; it has %s", flag, d.Name(), p.Category, Examples(d, 8))}
}

// Examples lists the first categories of a dimension.
func Examples(d *office.Dimension, n int) string {
	var names []string
	for j := range d.Categories[:min(n, len(d.Categories))] {
		k := &d.Categories[j]
		text := k.Name()
		if k.Code != "" && k.Code != text {
			text = k.Code + " " + text
		}
		names = append(names, text)
	}
	if more := len(d.Categories) - n; more > 0 {
		return strings.Join(names, ", ") + fmt.Sprintf(" and %s more", humanize.Thousands(int64(more)))
	}
	return strings.Join(names, ", ")
}

func (l *looker) drop(axis, category int, evidence ...string) {
	a := &l.Axes[axis]
	a.Keep[category] = false
	for i := range a.Drops {
		if a.Drops[i].Category == category {
			a.Drops[i].Evidence = append(a.Drops[i].Evidence, evidence...)
			return
		}
	}
	a.Drops = append(a.Drops, Drop{category, evidence})
}

// ask adds a question.
func (l *looker) ask(axis int, text string, answers ...string) {
	l.Open = append(l.Open, Question{axis, text, answers})
}

// kept reports whether the user says that the categories of a dimension are parts of a
// whole.
func (l *looker) keeps(axis int) bool {
	return slices.ContainsFunc(l.choices.Keep, func(k string) bool {
		i, ok := l.Cube.Find(k)
		return ok && i == axis
	})
}

// restrict makes the grid of the cells in the picked categories, whose dimensions have
// one category in it. All periods stay, because what adds up does so in each of them.
func (l *looker) restrict() {
	c := &office.Cube{Dims: slices.Clone(l.Cube.Dims)}
	full := shape(l.Cube)
	fixed := func(i int) int {
		if l.Axes[i].About == Periods {
			return -1
		}
		return l.Axes[i].Fixed
	}
	for i := range l.Axes {
		if f := fixed(i); f >= 0 {
			c.Dims[i].Categories = l.Cube.Dims[i].Categories[f : f+1]
		}
	}
	small := shape(c)
	decimals, whole, broken := 0, 0, 0
	for k := range l.Cube.Cells {
		cell := l.Cube.Cells[k]
		at, inside := int64(0), true
		for i := range l.Axes {
			j := full.category(cell.At, i)
			switch f := fixed(i); {
			case f < 0:
				at += int64(j) * small.stride[i]
			case f != j:
				inside = false
			}
		}
		if inside {
			cell.At = at
			c.Cells = append(c.Cells, cell)
			if cell.Status == office.Value {
				if n := places(cell.Number); n > 0 {
					decimals = max(decimals, n)
					broken++
				} else {
					whole++
				}
			}
		}
	}
	l.grid = newGrid(c)
	if l.Cube.Decimals >= 0 {
		decimals = min(decimals, max(l.Cube.Decimals, 0))
	}
	if broken*20 < whole { // a few means among the counts
		decimals = 0
	}
	l.unit = math.Pow(10, -float64(decimals))
	if decimals == 0 {
		l.unit = multiple(c.Cells)
	}
}

// multiple returns the number that all figures are multiples of: offices round to tens,
// or to threes and fives at random, to protect persons.
func multiple(cells []office.Cell) float64 {
	for _, unit := range []float64{1000, 100, 10, 5, 3} {
		n, good := 0, true
		for i := range cells {
			if x := cells[i].Number; cells[i].Status == office.Value && x != 0 && x == math.Trunc(x) {
				n++
				if good = math.Mod(x, unit) == 0; !good {
					break
				}
			}
		}
		if good && n >= 20 {
			return unit
		}
	}
	return 1
}

// places returns the decimal places of a figure, at most 6.
func places(x float64) int {
	for n := range 6 {
		p := math.Pow(10, float64(n))
		if math.Abs(x*p-math.Round(x*p)) < 1e-6*max(1, math.Abs(x*p)*1e-3) {
			return n
		}
	}
	return 6
}

// labelled reports whether a category is a total by its label, its code, or what the
// file declares.
func labelled(d *office.Dimension, j int) (string, bool) {
	k := &d.Categories[j]
	switch {
	case k.Label != "" && (is("total", k.Label) || partlyTotal(k.Label)):
		return "label", true
	case k.Label == "" && is("totalcode", k.Code), k.Label != "" && k.Code != "" && len(k.Code) > 1 && is("totalcode", k.Code):
		return "code", true
	case d.Total == j:
		return "declared by the file", true
	}
	return "", false
}

// partlyTotal reports whether a label has a word for total that other words explain,
// such as "Total, all ages", "All categories: Sex", "Years, total" or "5-96 Total".
func partlyTotal(label string) bool {
	parts := strings.FieldsFunc(label, func(r rune) bool { return strings.ContainsRune(",:;()–", r) })
	if len(parts) > 1 && (is("total", parts[0]) || is("total", parts[len(parts)-1])) {
		return true
	}
	words := strings.Fields(label)
	for len(words) > 1 && !strings.ContainsFunc(words[0], unicode.IsLetter) {
		words = words[1:] // a code
	}
	if len(words) == 0 {
		return false
	}
	first, last := words[0], words[len(words)-1]
	return len(words) == 1 && is("total", first) || len(first) > 4 && is("total", first) || len(last) > 4 && is("total", last)
}

// evidence says how parts add up, "" if they were not in any cell.
func (s sums) evidence() string {
	if s.cells == 0 {
		return ""
	}
	text := fmt.Sprintf("adds up in %s of %s", humanize.Thousands(int64(s.agree)), humanize.Count(int64(s.cells), "cell", "cells"))
	if s.most > 0 {
		text += " within " + Figure(s.most)
	}
	if s.gaps {
		text += " if missing figures are 0"
	} else if s.lacks > 0 {
		text += fmt.Sprintf(" (%s without a part left out)", humanize.Thousands(int64(s.lacks)))
	}
	return text
}

// Figure formats a figure.
func Figure(x float64) string {
	whole, rest := math.Modf(math.Abs(x))
	if rest < 1e-9 || whole >= 1e15 {
		return humanize.Thousands(int64(math.Round(min(max(x, -1e15), 1e15))))
	}
	text := strings.TrimRight(strconv.FormatFloat(rest, 'f', 3, 64)[1:], "0")
	if text == "." {
		text = ""
	}
	text = humanize.Thousands(int64(whole)) + text
	if x < 0 {
		return "-" + text
	}
	return text
}

// yearOf returns the year in a period such as "2026M01", "2019", "Anul 2017", "1991
// Year", "Mar-May 1992", "31.12.1970" or "2020-Q1", 0 if there is none.
func yearOf(period string) int {
	period = strings.TrimSpace(period)
	if len(period) < 4 || len(period) > 30 {
		return 0
	}
	m := fourDigits.FindAllString(period, -1)
	if len(m) == 0 || len(m) > 2 {
		return 0
	}
	year, _ := strconv.Atoi(m[len(m)-1])
	if year < 1500 || year > 2200 {
		return 0
	}
	for _, word := range words.FindAllString(fourDigits.ReplaceAllString(period, " "), -1) {
		if len(word) > 1 && !is("time", word) && !is("month", word) && !is("quarter", word) {
			return 0
		}
	}
	return year
}

var (
	fourDigits = regexp.MustCompile(`\b\d{4}|\d{4}\b`)
	words      = regexp.MustCompile(`\pL+`)
)

// months reports whether most categories are months of the year.
func months(d *office.Dimension) bool {
	n := 0
	for j := range d.Categories {
		if is("month", d.Categories[j].Name()) {
			n++
		}
	}
	return n*5 >= len(d.Categories)*4
}

// without returns a list without some elements.
func without(list []int, x ...int) []int {
	return slices.DeleteFunc(slices.Clone(list), func(y int) bool { return slices.Contains(x, y) })
}

func quote(d *office.Dimension, j int) string {
	return fmt.Sprintf("%q", cmp.Or(d.Categories[j].Name(), d.Categories[j].Code))
}
