package plan

import (
	"strconv"

	"github.com/personagen/personagen/engine/kind"
)

// statistics prints the published statistics of fields beside what is reached.
func (t *printer) statistics() {
	var rows [][]string
	for _, f := range t.Fields {
		for _, s := range f.Statistics {
			for i, group := range s.Groups {
				if i == t.cut(len(s.Groups)) {
					rows = append(rows, []string{f.Name, s.Title(), "and " + strconv.Itoa(len(s.Groups)-i) + " more"})
					break
				}
				if group == "" {
					group = "everyone"
				}
				reached, wanted := figure(s.Reached[i], s.Rounded[i]), figure(s.Expected[i], s.Rounded[i])
				how := "met by a factor"
				switch {
				case s.Mass[i] == 0:
					reached, wanted, how = "-", "-", "nobody"
				case s.Role[i] == kind.Spread:
					how = "met by the spread"
				case s.Role[i] == kind.Tested:
					how = "tested only"
				case s.Role[i] == kind.Fit:
					how = "met by the fit"
				}
				rows = append(rows, []string{f.Name, s.Title(), group, strconv.FormatFloat(s.Published[i], 'f', -1, 64), reached, wanted, how})
			}
		}
	}
	if rows == nil {
		return
	}
	t.section("Statistics: PUBLISHED figures, what is REACHED in the whole population, and among the persons WANTED")
	t.grid([]string{"FIELD", "STATISTIC", "GROUP", "PUBLISHED", "REACHED", "WANTED", "HOW"}, rows)
}

// figure formats a figure with one decimal more than a published one has.
func figure(x, step float64) string {
	decimals := 1
	for step > 0 && step < 1 && decimals < 12 {
		step *= 10
		decimals++
	}
	return strconv.FormatFloat(x, 'f', decimals, 64)
}
