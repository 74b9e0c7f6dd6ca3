package report

import (
	"slices"
	"strconv"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// Statistic follows a published mean, median, quantile or total of a field to what
// the persons of the release reach.
type Statistic struct {
	Field  string  `json:"field"`
	Name   string  `json:"name"`
	Title  string  `json:"title"`
	P      float64 `json:"p,omitempty"`      // of a quantile
	Across string  `json:"across,omitempty"` // "units" for a mean across units
	// Interpolate is what a quantile of whole numbers is: "completed", "centred" or "no".
	Interpolate string `json:"interpolate,omitempty"`
	Source      string `json:"source,omitempty"`
	Year        int    `json:"year,omitempty"`
	Status      string `json:"status,omitempty"`
	Note        string `json:"note,omitempty"`
	// Groups compare PUBLISHED with REACHED. Those with the role "tested" are not
	// aimed at.
	Groups []StatisticGroup `json:"groups"`
	Check  string           `json:"check,omitempty"` // status of its check
}

// StatisticGroup is a figure of a Statistic.
type StatisticGroup struct {
	check.GroupStatistic
	Role    string  `json:"role"`
	Rounded float64 `json:"rounded,omitempty"` // the step to which Published is rounded
	Whole   float64 `json:"whole"`             // what the whole population has, of whom the release may be part
}

// statisticsOf lists the published statistics of a plan's fields.
func statisticsOf(p *plan.Plan, r *check.Result) (out []Statistic) {
	for _, f := range p.Fields {
		for _, s := range f.Statistics {
			x := Statistic{Field: f.Name, Name: s.Name, Title: s.Title(), Across: s.Across, Source: s.Source, Year: s.Year, Status: s.Status, Note: s.Note}
			if s.IsQuantile() {
				x.P, x.Interpolate = s.P, s.Interpolate
			}
			found := slices.IndexFunc(r.Outcomes, func(o check.Outcome) bool { return o.ID == "statistic."+f.Name+"."+s.Name })
			for i := range s.Groups {
				g := StatisticGroup{Role: s.Role[i], Rounded: s.Rounded[i], Whole: s.Reached[i]}
				g.Group, g.Published, g.Planned = s.Groups[i], s.Published[i], s.Expected[i]
				if found >= 0 && i < len(r.Outcomes[found].Statistics) {
					g.GroupStatistic = r.Outcomes[found].Statistics[i]
				}
				x.Groups = append(x.Groups, g)
			}
			if found >= 0 {
				x.Check = r.Outcomes[found].Status
			}
			out = append(out, x)
		}
	}
	return out
}

// mostGroups is the number of groups of a statistic that the documents show;
// stats.json has all.
const mostGroups = 40

// statisticRows are the rows of a table of statistics: field, statistic, group,
// persons, published, reached, sampling error, check. Escape writes texts.
func statisticRows(all []Statistic, escape func(string) string) (rows [][]string) {
	for _, s := range all {
		for i, g := range s.Groups {
			if i == mostGroups {
				rows = append(rows, []string{escape(s.Field), escape(s.Title), "and " + humanize.Count(int64(len(s.Groups)-i), "more group", "more groups"), "", "", "", "", s.Check})
				break
			}
			name, err, reached := escape(g.Group), "±"+thin+number(g.Error), number(g.Reached)
			if name == "" {
				name = "everyone"
			}
			if s.P > 0 && g.Persons > 0 {
				reached += " (" + percent(g.Share) + " up to the published figure)"
				err = "±" + thin + number(100*g.Error) + " points"
			}
			if g.Persons == 0 {
				reached, err = "", ""
			}
			published := strconv.FormatFloat(g.Published, 'f', -1, 64)
			if g.Published >= 10000 {
				published = number(g.Published)
			}
			status := s.Check
			if g.Role == kind.Tested {
				status += ", tested only"
			}
			rows = append(rows, []string{escape(s.Field), escape(s.Title), name, humanize.Thousands(g.Persons), published, reached, err, status})
		}
	}
	return rows
}

var statisticHead = []string{"field", "statistic", "group", "persons>", "published>", "reached>", "sampling error>", "check"}

const statisticNote = "Published means, medians, quantiles and totals, and what the persons of this release reach. Factors of number fields, and the fit for whole numbers, meet the published figures in the whole population, within their rounding; a release deviates by the sampling error, which is that of a random sample and smaller in a quota sample."

const unitsNote = " A mean across units, such as persons per household, is the harmonic mean of the persons' values, because a unit of n persons is counted n times among persons."

const quantileNote = " An interpolated median or quantile of whole numbers is between two of them: a value stands for everything up to the next one, as ages in completed years do, or, if it is centred, for everything from a half below to a half above."

// statisticsNote explains a table of statistics.
func statisticsNote(all []Statistic) string {
	note := statisticNote
	if slices.ContainsFunc(all, func(s Statistic) bool { return s.Across != "" }) {
		note += unitsNote
	}
	if slices.ContainsFunc(all, func(s Statistic) bool { return s.Interpolate == kind.Completed || s.Interpolate == kind.Centred }) {
		note += quantileNote
	}
	return note
}

// statistics shows the published statistics in stats.md.
func (s *Stats) statistics(d *document) {
	if rows := statisticRows(s.Statistics, Escape); rows != nil {
		d.line("### Published statistics\n")
		d.line("%s\n", statisticsNote(s.Statistics))
		d.table(statisticHead, rows)
	}
}

// cardStatistics shows the published statistics in the card.
func (r *Release) cardStatistics(d *document) {
	if rows := statisticRows(r.Statistics, Escape); rows != nil {
		d.line("### Published means, quantiles and totals\n")
		d.line("%s\n", statisticsNote(r.Statistics))
		d.table(statisticHead, rows)
	}
}

// statistics shows them in report.html.
func (v *view) statistics() {
	v.Statistics = statisticRows(v.Stats.Statistics, func(text string) string { return text })
	v.StatisticNote = statisticsNote(v.Stats.Statistics)
}
