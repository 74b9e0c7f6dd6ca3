package importer

import (
	"regexp"
	"slices"
	"strings"
)

// period matches a year, month or quarter at the end or the beginning of a header.
const period = `(?:1[5-9]|20|21)\d\d(?:[MKQT.-]\d{1,2})?`

var (
	periodLast  = regexp.MustCompile(`^(.*\S)\s+(` + period + `)$`)
	periodFirst = regexp.MustCompile(`^(` + period + `)\s+(\S.*)$`)
)

// splitPeriods makes two dimensions of headers such as "Men 2021", "Men 2022", "Women
// 2021": what is counted and when. Every header has to have a period. It returns nil if
// the headers are not such.
func (t *tabular) splitPeriods(labels []string) []wideLevel {
	for _, form := range []struct {
		expression   *regexp.Regexp
		text, period int
	}{{periodLast, 1, 2}, {periodFirst, 2, 1}} {
		var texts, periods []string
		for _, l := range labels {
			m := form.expression.FindStringSubmatch(l)
			if m == nil {
				texts = nil
				break
			}
			if !slices.Contains(texts, m[form.text]) {
				texts = append(texts, m[form.text])
			}
			if !slices.Contains(periods, m[form.period]) {
				periods = append(periods, m[form.period])
			}
		}
		if texts == nil || len(texts)*len(periods) != len(labels) || len(labels) < 2 {
			continue
		}
		one := "^(?:" + eitherOf(texts) + `)\s+(` + eitherOf(periods) + ")$"
		other := "^(" + eitherOf(texts) + `)\s+(?:` + eitherOf(periods) + ")$"
		if form.period == 1 {
			one = "^(" + eitherOf(periods) + `)\s+(?:` + eitherOf(texts) + ")$"
			other = "^(?:" + eitherOf(periods) + `)\s+(` + eitherOf(texts) + ")$"
		}
		levels := []wideLevel{{labels: periods, pattern: one}}
		if len(texts) > 1 {
			levels = append([]wideLevel{{labels: texts, pattern: other, contents: true}}, levels...)
		} else if t.text == "" {
			t.text = texts[0]
		}
		return levels
	}
	return nil
}

// sharedWords is the beginning that all labels have in common, up to a blank: "Population
// " of "Population 00-04" and "Population 05-09".
func sharedWords(labels []string) string {
	if len(labels) < 3 {
		return ""
	}
	shared := labels[0]
	for _, l := range labels {
		for !strings.HasPrefix(l, shared) {
			shared = shared[:len(shared)-1]
		}
	}
	return shared[:strings.LastIndexByte(shared, ' ')+1]
}
