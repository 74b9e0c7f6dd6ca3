package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/humanize"
)

func (v *view) summary() {
	s := v.Stats
	v.verdict()
	for _, status := range []string{check.Fail, check.Warn, check.Note} {
		for _, o := range s.Checks.Outcomes {
			if o.Status == status {
				v.Attention = append(v.Attention, o)
			}
		}
	}
	v.AttentionMore = max(0, len(v.Attention)-mostAttention)
	v.Attention = v.Attention[:len(v.Attention)-v.AttentionMore]
	if s.Population.Sampling == check.Quota {
		v.Explain = quotaNote
	}
	v.persons()
	if s.Design != nil {
		v.Explain = strings.TrimSpace(weightNote + " " + v.Explain)
		v.Tiles = append(v.Tiles, s.Design.tile(s.Population.Rows))
	}
	v.largest("margin", "Margins within", "margin", "margins")
	v.largest("joint", "Joint distributions within", "joint distribution", "joint distributions")
	v.writers()
	v.tables()
}

// verdict sets the first words of the page: whether the checks passed, and how many could
// not be tested.
func (v *view) verdict() {
	s, c := v.Stats, v.Stats.Checks.Counts
	made := len(s.Checks.Outcomes) - c[check.Skip]
	v.Status, v.Sign = check.Pass, "✓"
	switch {
	case c[check.Fail] > 0:
		v.Status, v.Sign = check.Fail, "✕"
		v.Verdict = fmt.Sprintf("%d of %s failed", c[check.Fail], humanize.Count(made, "check", "checks"))
	case c[check.Warn] > 0:
		v.Status, v.Sign = check.Warn, "!"
		v.Verdict = fmt.Sprintf("Passed with %s", humanize.Count(c[check.Warn], "warning", "warnings"))
	case c[check.Note] > 0:
		v.Verdict = fmt.Sprintf("Passed with %s", humanize.Count(c[check.Note], "note", "notes"))
	case c[check.Skip] > 0:
		v.Verdict = humanize.Count(made, "check", "checks") + " passed"
	default:
		v.Verdict = fmt.Sprintf("All %s passed", humanize.Count(made, "check", "checks"))
	}
	v.VerdictNote = upper(s.Checks.Summary()) + "."
	if n := c[check.Skip]; n > 0 {
		v.Verdict += fmt.Sprintf(", %s could not be tested", humanize.Thousands(int64(n)))
		v.VerdictNote += fmt.Sprintf(" Reasons for not testing: %s.", s.Checks.skipped())
	}
	for _, g := range s.Goals {
		if g.Met {
			v.GoalsMet++
		}
	}
	if n := len(s.Goals); n > 0 {
		v.VerdictNote += fmt.Sprintf(" Goals met: %d of %d.", v.GoalsMet, n)
	}
}

// persons adds a tile with the number of persons and how they were sampled.
func (v *view) persons() {
	pop := &v.Stats.Population
	who := fmt.Sprintf("%s sampling, seed %d", pop.Sampling, pop.Seed)
	if pop.Rows < pop.Size {
		who = fmt.Sprintf("numbers %s to %s of %s; ", humanize.Thousands(pop.First+1), humanize.Thousands(pop.First+pop.Rows), humanize.Thousands(pop.Size)) + who
	}
	if pop.Where != "" {
		who += "; persons with " + pop.Where
		if pop.Wanted > 0 {
			who += fmt.Sprintf(", %s of everyone in the tables", percentOf(pop.Wanted))
		}
	}
	v.Tiles = append(v.Tiles, tile{"Persons", humanize.Thousands(pop.Rows), who})
}

// tables adds a tile with the number of published tables.
func (v *view) tables() {
	s := v.Stats
	if len(s.Published) == 0 {
		return
	}
	official := 0
	for _, t := range s.Published {
		if t.Status == "official" {
			official++
		}
	}
	note := fmt.Sprintf("%d with official status", official)
	if len(s.Sources) > 0 {
		note += ", from " + humanize.Count(len(s.Sources), "source", "sources")
	}
	v.Tiles = append(v.Tiles, tile{"Tables", strconv.Itoa(len(s.Published)), note})
}

// largest adds a tile with the largest deviation of the tables of an origin.
func (v *view) largest(origin, label, one, many string) {
	worst, n, where := 0.0, 0, ""
	for _, t := range v.Stats.Tables {
		if t.Origin != origin || t.Numbers == nil {
			continue
		}
		n++
		if x, cell := t.Numbers.Deviation(); math.Abs(x) > math.Abs(worst) {
			worst, where = x, cell
		}
	}
	if n == 0 {
		return
	}
	note := "largest deviation in " + humanize.Count(n, one, many)
	if where != "" {
		note += ": " + where
	}
	size := strconv.FormatFloat(math.Abs(worst), 'f', 2, 64)
	if math.Abs(worst) >= 100 {
		size = humanize.Thousands(int64(math.Round(math.Abs(worst))))
	}
	unit := " persons"
	if size == "1.00" {
		unit = " person"
	}
	v.Tiles = append(v.Tiles, tile{label, size + unit, note})
}

// writers adds tiles with the share of model-written texts and their cost.
func (v *view) writers() {
	if t := v.Stats.Texts; t != nil && t.Written > 0 {
		value, note := "unknown", fmt.Sprintf("the data does not record who wrote the %s texts", humanize.Thousands(t.Written))
		if t.Model != nil {
			value, note = percentOf(*t.Model), fmt.Sprintf("of %s texts", humanize.Thousands(t.Written))
			if *t.Model < 1 {
				note += "; the others are placeholders assembled from phrase banks"
			}
		}
		v.Tiles = append(v.Tiles, tile{"Model-written", value, note})
	} else {
		v.Tiles = append(v.Tiles, tile{"Texts", "none", "structured fields only"})
	}
	if w := v.Writing; w != nil {
		v.Tiles = append(v.Tiles, tile{"Cost of texts", costOf(w.Cost), fmt.Sprintf("%s and %s tokens in the run that finished this release", humanize.Count(int(w.Calls), "call", "calls"), humanize.Thousands(w.Prompt+w.Completion))})
	} else {
		v.Tiles = append(v.Tiles, tile{"Cost of texts", "none", "no model was called in this run"})
	}
}

// costOf formats sums of money, one per currency.
func costOf(sums []Sum) string {
	if len(sums) == 0 {
		return "unknown"
	}
	var all []string
	for _, s := range sums {
		all = append(all, strings.TrimSpace(money(s.Amount)+" "+s.Currency))
	}
	return strings.Join(all, " and ")
}

func money(x float64) string {
	if x > 0 && x < 0.01 {
		return "<0.01"
	}
	whole, cents := math.Modf(math.Round(x*100) / 100)
	return fmt.Sprintf("%s.%02d", humanize.Thousands(int64(whole)), int(math.Round(cents*100)))
}
