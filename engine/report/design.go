package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/plan"
)

// Design says which persons are sampled at another rate than the rest, and how rows are
// weighted.
type Design struct {
	Weight string `json:"weight"` // the field with the weights, whose mean is 1
	// Sum is the sum of the weights, Effective the effective size of the sample (Kish).
	Sum       float64         `json:"sum"`
	Effective float64         `json:"effective"`
	Strata    []DesignStratum `json:"strata"`
}

// DesignStratum is a group of persons with their own rate. Shares are of the persons
// wanted, of the rows, and of the weights of the rows.
type DesignStratum struct {
	Name          string  `json:"name"`
	When          string  `json:"when"`
	AtLeast       int64   `json:"at_least,omitempty"`
	Times         float64 `json:"times,omitempty"`
	Rate          float64 `json:"rate"`
	Share         float64 `json:"share"`
	Expected      float64 `json:"expected"` // persons
	Persons       int64   `json:"persons"`
	WeightedShare float64 `json:"weighted_share"`
	measured      bool
}

// designOf returns nil if everyone is sampled at the same rate.
func designOf(p *plan.Plan, r *check.Result) *Design {
	of := p.Population.Design
	if of == nil {
		return nil
	}
	d := &Design{Weight: of.Weight, Sum: digits(r.Weight), Effective: digits(r.Effective)}
	for i := range of.Strata {
		s := &of.Strata[i]
		x := DesignStratum{Name: s.Name, When: s.When, AtLeast: s.AtLeast, Times: s.Times, Rate: digits(s.Rate), Share: digits(s.Share), Expected: digits(s.Sample * float64(r.Rows))}
		for k := range r.Outcomes {
			if o := &r.Outcomes[k]; o.Kind == check.KindStratum && o.Name == s.Name && o.Share != nil {
				x.Persons, x.WeightedShare, x.measured = o.Share.Hits, o.Share.Share, true
			}
		}
		d.Strata = append(d.Strata, x)
	}
	return d
}

// weighting says in a sentence how rows must be counted.
func (s *Stats) weighting() string {
	d := s.Design
	text := fmt.Sprintf("Some persons are sampled at another rate, so a row counts by its weight, in the column %s: a share of the population is a sum of weights over the sum of all weights. Shares, means, quantiles and deviations here are by weight. Chi-square tests compare the rows with the sampling design. The effective size is %s of %s persons.",
		code(s.columnOf(d.Weight)), humanize.Number(math.Round(d.Effective)), humanize.Thousands(s.Population.Rows))
	if all := float64(s.Population.Persons) * s.Population.Wanted; all > 0 {
		text += fmt.Sprintf(" A row stands for its weight times %s persons of the population.", number(all/float64(s.Population.Size)))
	}
	return text
}

func code(name string) string { return "`" + name + "`" }

// columnOf returns the column of a field in the data files.
func (s *Stats) columnOf(field string) string {
	for _, f := range s.Fields {
		if f.Name == field && f.Column != "" {
			return f.Column
		}
	}
	return field
}

// design writes the strata; heading is "##" or deeper.
func (s *Stats) design(d *document, heading string) {
	if s.Design == nil {
		return
	}
	d.line("%s Sampling design\n", heading)
	d.line("%s\n", s.weighting())
	var rows [][]string
	for _, x := range s.Design.Strata {
		demand := fmt.Sprintf("%s times the rest", number(x.Times))
		if x.AtLeast > 0 {
			demand = fmt.Sprintf("at least %s persons", humanize.Thousands(x.AtLeast))
		}
		found, by := "", ""
		if x.measured || x.Persons > 0 {
			found, by = humanize.Thousands(x.Persons), percent(x.WeightedShare)
		}
		rows = append(rows, []string{Escape(x.Name), code(x.When), demand, number(x.Rate), found, percent(x.Share), by})
	}
	d.table([]string{"stratum", "persons with", "demand", "rate", "persons", "of the population", "by weight"}, rows)
}

// tile sums the design up for the page.
func (d *Design) tile(rows int64) tile {
	var strata []string
	for _, x := range d.Strata {
		strata = append(strata, fmt.Sprintf("%s: %s at the rate %s", x.Name, humanize.Count(x.Persons, "person", "persons"), number(x.Rate)))
	}
	return tile{"Effective size", humanize.Number(math.Round(d.Effective)), fmt.Sprintf("of %s persons, by their weights; %s", humanize.Thousands(rows), strings.Join(strata, ", "))}
}

// weightNote explains the figures of a sample with strata.
const weightNote = "Some persons are sampled at another rate. Figures are by weight, as a user of the data must count."
