package plan

import (
	"cmp"
	"fmt"
	"math"

	"github.com/personagen/personagen/engine/humanize"
)

// design prints the strata with their rates and the effective size of a sample.
func (t *printer) design() {
	d := t.Population.Design
	if d == nil {
		return
	}
	n := float64(cmp.Or(d.Size, t.Size, t.Population.Size))
	t.section("Strata of a sample of %s persons; effective size %s (Kish); the weight is in %s", humanize.Number(n), humanize.Number(math.Round(n*d.Effective())), d.Weight)
	var rows [][]string
	for i := range d.Strata {
		s := &d.Strata[i]
		demand := fmt.Sprintf("%g times the rest", s.Times)
		if s.AtLeast > 0 {
			demand = "at least " + humanize.Thousands(s.AtLeast)
		}
		rows = append(rows, []string{s.Name, demand, fmt.Sprintf("%.4g", s.Rate), percent(s.Share), humanize.Number(math.Round(10*n*s.Sample) / 10), percent(s.Sample), s.When})
	}
	t.grid([]string{"STRATUM", "DEMAND", "RATE", "OF THE POPULATION", "EXPECTED PERSONS", "OF THE SAMPLE", "WHERE"}, rows)
	rows = nil
	for _, c := range d.Classes {
		rows = append(rows, []string{fmt.Sprintf("%.4g", c.Rate), fmt.Sprintf("%.6g", c.Weight), percent(c.Share), humanize.Number(math.Round(10*n*c.Sample) / 10)})
	}
	t.grid([]string{"RATE", "WEIGHT", "OF THE POPULATION", "EXPECTED PERSONS"}, rows)
}
