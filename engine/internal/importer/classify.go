package importer

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/personagen/personagen/engine/internal/office"
)

// commonPrefix returns the beginning that all names of the categories have in common, up
// to an underscore: "SEX_" of SEX_T, SEX_F and SEX_M.
func commonPrefix(d *office.Dimension) string {
	if len(d.Categories) < 2 {
		return ""
	}
	prefix := d.Categories[0].Name()
	for j := range d.Categories {
		for !strings.HasPrefix(d.Categories[j].Name(), prefix) {
			prefix = prefix[:len(prefix)-1]
		}
		if prefix == "" {
			return ""
		}
	}
	return prefix[:strings.LastIndexByte(prefix, '_')+1]
}

// bare returns the name of a category without the prefix of all.
func bare(d *office.Dimension, j int) string {
	return strings.TrimPrefix(d.Categories[j].Name(), d.Prefix)
}

// classify says what a dimension is about, by its role, its name and its categories.
func (s *Study) classify(i int) Axis {
	d := &s.Cube.Dims[i]
	a := Axis{Fixed: -1, Keep: make([]bool, len(d.Categories)), About: Other}
	for j := range a.Keep {
		a.Keep[j] = true
	}
	named := func(kind string) bool { return is(kind, d.Label) || is(kind, d.ID) || is(kind, d.Also) }
	ages, n, exclusive := s.ages(d)
	sexes, m := sexesOf(d)
	switch {
	case d.Role == office.Time || named("time") && d.Role == "" || periods(d) && !named("place"):
		a.About = Periods
	case named("unit") || unitNames(d):
		a.About = Units
	case d.Role == office.Metric || d.Role == "" && (named("contents") || mentions("nocount", d.Label) != ""):
		a.About = Metrics
	case n > 0 && (named("age") || mentions("age", d.Label) != "" || n*5 >= len(d.Categories)*4 && withWords(d, ages)):
		a.About, a.Ages, a.exclusive = Ages, ages, exclusive
	case m == 2 && (named("sex") || mentions("sex", d.Label) != "" || len(d.Categories) <= 4):
		a.About, a.Sexes = Sex, sexes
	case d.Role == office.Place || named("place") || mentions("place", d.Label) != "":
		a.About = Places
	}
	return a
}

// unitNames reports whether the categories are ways of writing the same figures: numbers and
// percentages.
func unitNames(d *office.Dimension) bool {
	percent := false
	for j := range d.Categories {
		name := d.Categories[j].Name()
		switch {
		case is("percent", name):
			percent = true
		case !is("number", name):
			return false
		}
	}
	return percent && len(d.Categories) > 1
}

// none is the span of a category that is no age.
var none = span{-1, -1}

// ages reads the categories of a dimension as ages, by label or code, and counts those
// that are. It reports whether the ends of classes are not part of them.
func (s *Study) ages(d *office.Dimension) (spans []span, n int, excluded bool) {
	spans = make([]span, len(d.Categories))
	var labels []string
	for j := range d.Categories {
		if l := d.Categories[j].Label; !is("total", l) && !is("unknown", l) {
			labels = append(labels, l)
		}
	}
	shared := sharedWords(labels)
	for j := range d.Categories {
		k := &d.Categories[j]
		spans[j] = none
		if a, ok := parseAge(k.Label); ok {
			spans[j] = a
		} else if a, ok := parseAge(bare(d, j)); ok && d.Prefix != "" {
			spans[j] = a
		} else if rest, ok := strings.CutPrefix(k.Label, shared); ok && shared != "" && parses(rest, &spans[j]) {
			// "Population 00-04"
		} else if a, ok := parseAge(k.Code); ok && (k.Label == "" || len(k.Code) > 1 && !is("total", k.Label) && !is("unknown", k.Label) && ageCode.MatchString(k.Code)) {
			spans[j] = a
		}
		if spans[j] != none {
			n++
		}
	}
	return spans, n, exclusive(spans)
}

// parses parses an age into to.
func parses(label string, to *span) bool {
	a, ok := parseAge(label)
	if ok {
		*to = a
	}
	return ok
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
			name, _, _ := strings.Cut(bare(d, j), "(")
			if is(sex, name) || is(sex, d.Categories[j].Also) || d.Categories[j].Label == "" && is(sex, d.Categories[j].Code) {
				sexes[j] = sex
				n++
				break
			}
		}
	}
	// In Portuguese, Spanish and French, M beside H is the letter of women.
	if n == 2 && !slices.Contains(sexes, "female") {
		for j := range d.Categories {
			if sexes[j] == "male" && strings.EqualFold(bare(d, j), "m") && slices.ContainsFunc(d.Categories, func(k office.Category) bool { return strings.EqualFold(k.Name(), "h") }) {
				sexes[j] = "female"
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

// labelled reports whether a category is a total by its label, its code, or what the
// file declares.
func labelled(d *office.Dimension, j int) (string, bool) {
	k := &d.Categories[j]
	switch {
	case d.Prefix != "" && (is("total", bare(d, j)) || is("totalcode", bare(d, j))):
		return "code", true
	case k.Label != "" && (is("total", k.Label) || partlyTotal(k.Label) || is("total", k.Also)):
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

// yearOf returns the year in a period such as "2026M01", "2019", "Anul 2017", "1991
// Year", "Mar-May 1992", "31.12.1970" or "2020-Q1", 0 if there is none.
func yearOf(period string) int {
	period = strings.TrimSpace(period)
	if len(period) < 4 || len(period) > 30 {
		return 0
	}
	year := 0
	for _, digits := range digitGroups.FindAllString(period, -1) {
		switch n := len(digits); {
		case n == 4, (n == 6 || n == 8) && (digits[:2] == "19" || digits[:2] == "20"):
			year, _ = strconv.Atoi(digits[:4])
		case n > 2:
			return 0
		}
	}
	if year < 1500 || year > 2200 {
		return 0
	}
	for _, word := range words.FindAllString(digitGroups.ReplaceAllString(period, " "), -1) {
		if len(word) > 1 && !is("time", word) && !is("month", word) && !is("quarter", word) {
			return 0
		}
	}
	return year
}

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

var (
	digitGroups = regexp.MustCompile(`\d+`)
	words       = regexp.MustCompile(`\pL+`)
)
