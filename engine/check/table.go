package check

import (
	"fmt"
	"math"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/plan"
)

// conformity is the least p-value of a controlled margin or two-way table of a
// whole quota population.
const conformity = 0.05

// sparse is the expected count below which the chi-square distribution of
// Pearson's statistic is not trusted.
const sparse = 5

// part describes the rows of a result to the tests.
type part struct {
	n, total float64
	whole    bool
	quota    bool
}

// comparison is what a table's outcome is made from.
type comparison struct {
	numbers TableNumbers
	test    *Test
	faults  []string
	decides bool // the test is one of the run's
}

// compare holds the counts of an expected distribution to it.
func (s *Suite) compare(i int, counts []int64, rows part) comparison {
	e := &s.plan.Expected[i]
	c := comparison{numbers: TableNumbers{Origin: e.Origin, Rank: e.Rank}}
	s.measure(&c, e, counts, rows)
	if c.numbers.ZeroPersons > 0 {
		c.faults = append(c.faults, fmt.Sprintf("%s where nobody may be, most of them at %s", persons(c.numbers.ZeroPersons), c.numbers.ZeroCell))
	}
	controlled := rows.quota && e.Rank > 0
	switch {
	case controlled && rows.whole:
		s.holdToLimits(&c, i, counts, rows)
		c.test = s.testWhole(e, counts, rows)
		if c.test != nil && e.Rank <= 2 && c.test.P <= conformity {
			c.faults = append(c.faults, fmt.Sprintf("the conformity index %.2g is not above %g", c.test.P, conformity))
		}
	case controlled:
		c.test, c.decides = s.testPart(e, counts, rows, s.slack(i)), true
	default:
		c.test, c.decides = s.testWhole(e, counts, rows), true
	}
	c.decides = c.decides && c.test != nil
	return c
}

// measure fills in the deviations, which need no statistics.
func (s *Suite) measure(c *comparison, e *plan.Expected, counts []int64, rows part) {
	n := &c.numbers
	share, mostZero := 0.0, int64(0)
	persons, points, zero := -1, -1, -1
	for k, p := range e.Share {
		n.Universe += counts[k]
		share += p
		if p > 0 {
			n.Cells++
		} else if counts[k] > 0 {
			n.ZeroPersons += counts[k]
			if counts[k] > mostZero {
				mostZero, zero = counts[k], k
			}
		}
	}
	inside := max(1, float64(n.Universe))
	var squares, variance float64
	for k, p := range e.Share {
		if p == 0 {
			continue
		}
		d := float64(counts[k]) - float64(rows.n*p)
		if persons < 0 || math.Abs(d) > math.Abs(n.Persons)+1e-9 {
			n.Persons, persons = d, k
		}
		q := 100 * (float64(counts[k])/inside - p/share)
		if points < 0 || math.Abs(q) > math.Abs(n.Points)+1e-12 {
			n.Points, points = q, k
		}
		n.TVD += math.Abs(q) / 200
		squares += float64(d * d)
		variance += float64(rows.n * p * (1 - p))
	}
	if rows.quota && !rows.whole && rows.total > 1 {
		variance *= (rows.total - rows.n) / (rows.total - 1)
	}
	if n.Cells > 0 {
		n.SRMSE = tidy(math.Sqrt(squares/float64(n.Cells)) / (inside / float64(n.Cells)))
	}
	if variance > 0 {
		n.SRMSERatio = tidy(math.Sqrt(squares / variance))
	}
	n.Persons, n.Points, n.TVD = tidy(n.Persons), tidy(n.Points), tidy(n.TVD)
	n.PersonsCell, n.PointsCell, n.ZeroCell = Cell(s.plan, e, persons), Cell(s.plan, e, points), Cell(s.plan, e, zero)
	if len(e.Fields) == 2 {
		observed := make([]float64, len(counts))
		for k, v := range counts {
			observed[k] = float64(v)
		}
		_, _, n.Cramer = association(observed, e.Slots[1])
		_, _, n.CramerTarget = association(e.Share, e.Slots[1])
		n.Cramer, n.CramerTarget = tidy(n.Cramer), tidy(n.CramerTarget)
	}
}

// holdToLimits applies the limits in persons of a whole quota population.
// Cells that the allocation listed may miss by as much as it said.
func (s *Suite) holdToLimits(c *comparison, i int, counts []int64, rows part) {
	e := &s.plan.Expected[i]
	c.numbers.Limit = limits[min(e.Rank, 3)]
	allowed := map[int]float64{}
	for _, x := range s.options.Exceptions {
		if x.Expected == i {
			allowed[x.Cell] = math.Abs(x.Persons)
		}
	}
	// The target itself is only as exact as a sum of floats.
	tolerance := 1e-6 + 1e-12*rows.n
	over := 0
	for k, p := range e.Share {
		d := math.Abs(float64(counts[k]) - float64(rows.n*p))
		switch {
		case p == 0 || d <= c.numbers.Limit+tolerance:
		case d <= allowed[k]+tolerance:
			c.numbers.Listed++
		default:
			over++
		}
	}
	if over > 0 {
		c.faults = append(c.faults, fmt.Sprintf("%s by more than %g", humanize.Count(over, "cell misses its target", "cells miss their targets"), c.numbers.Limit))
	}
}

// slack is by how many persons a cell of the quota population may differ from
// total times share.
func (s *Suite) slack(i int) float64 {
	d := limits[min(s.plan.Expected[i].Rank, 3)]
	for _, x := range s.options.Exceptions {
		if x.Expected == i {
			d = max(d, math.Abs(x.Persons))
		}
	}
	return d
}

// cells returns observed and expected counts of the cells with a share, and of
// everyone else as one more cell where the table does not speak of all.
func cells(e *plan.Expected, counts []int64, n float64) (observed, expected []float64) {
	restCount, restShare := n, 1.0
	for k, p := range e.Share {
		restCount -= float64(counts[k])
		restShare -= p
		if p > 0 {
			observed = append(observed, float64(counts[k]))
			expected = append(expected, float64(n*p))
		}
	}
	if restShare > 1e-9 {
		observed = append(observed, restCount)
		expected = append(expected, float64(n*restShare))
	}
	return observed, expected
}

// testWhole tests counts against a distribution, as of independent draws.
func (s *Suite) testWhole(e *plan.Expected, counts []int64, rows part) *Test {
	observed, expected := cells(e, counts, rows.n)
	of, pools, joined := pool(expected)
	o, x := pooled(observed, of, pools), pooled(expected, of, pools)
	if pools < 2 {
		return nil
	}
	t := &Test{DF: pools - 1, Pooled: joined, Persons: int64(rows.n), Reference: ReferenceIndependent}
	chi := chiSquare(o, x)
	g, df := goodness(o, x)
	t.ChiSquare, t.P = tidy(chi), tidy(chiSquareTail(chi, df))
	t.Deviance, t.PDeviance = tidy(g), tidy(chiSquareTail(g, df))
	if rows.quota {
		if e.Rank > 0 {
			t.Reference = ReferenceConformity
		}
		return t
	}
	for _, v := range x {
		if v < sparse {
			source := rng.New(s.plan.Population.Seed, "check/"+e.Name).Source()
			t.MonteCarlo, t.Draws = monteCarlo(chi, x, int64(rows.n), source)
			t.MonteCarlo = tidy(t.MonteCarlo)
			break
		}
	}
	return t
}

// testPart tests part of a quota population: draws without replacement from
// counts of total times share, that is, independence in the table of this part
// against the rest. The population's own counts differ from total times share
// by up to slack persons, the part's by the same fraction of that, which is
// taken off each deviation before.
func (s *Suite) testPart(e *plan.Expected, counts []int64, rows part, slack float64) *Test {
	observed, expected := cells(e, counts, rows.n)
	fraction := rows.n / rows.total
	weight := make([]float64, len(expected))
	for k, x := range expected {
		weight[k] = x * min(1, (1-fraction)/fraction)
	}
	of, pools, joined := pool(weight)
	if pools < 2 {
		return nil
	}
	for k, x := range expected {
		d := observed[k] - x
		observed[k] = x + math.Copysign(max(0, math.Abs(d)-float64(slack*fraction)), d)
	}
	o, x := pooled(observed, of, pools), pooled(expected, of, pools)
	table := append([]float64(nil), o...)
	for k, v := range x {
		table = append(table, max(0, v/fraction-o[k]))
	}
	chi := chiSquare(o, x) * (rows.total - 1) / (rows.total - rows.n)
	g, _ := deviance(table, pools)
	df := float64(pools - 1)
	return &Test{
		ChiSquare: tidy(chi), DF: pools - 1, Pooled: joined, P: tidy(chiSquareTail(chi, df)),
		Deviance: tidy(g), PDeviance: tidy(chiSquareTail(g, df)),
		Persons: int64(rows.n), Reference: ReferencePart,
	}
}

// Cell names cell number at of an expected distribution by its labels, as in
// "hue red × zone north"; -1 gives no text.
func Cell(p *plan.Plan, e *plan.Expected, at int) string {
	if at < 0 {
		return ""
	}
	parts := make([]string, len(e.Fields))
	for k := len(e.Fields) - 1; k >= 0; k-- {
		code := at % e.Slots[k]
		at /= e.Slots[k]
		label := "null"
		if d := p.Field(e.Fields[k]).Domain; code < d.Size() {
			label = d.Label(code)
		}
		parts[k] = e.Fields[k] + " " + label
	}
	return strings.Join(parts, " × ")
}

// message says in a sentence how a table came out.
func (c *comparison) message() string {
	n := &c.numbers
	var b strings.Builder
	if n.Cells == 0 {
		b.WriteString("no cell has a share")
	} else {
		fmt.Fprintf(&b, "largest deviation %+.2f persons (%s), %+.3f points (%s); TVD %.2g", n.Persons, n.PersonsCell, n.Points, n.PointsCell, n.TVD)
	}
	if t := c.test; t != nil {
		fmt.Fprintf(&b, "; %s", t)
	}
	if n.Listed > 0 {
		fmt.Fprintf(&b, "; %s more than %g persons off as the allocation said", humanize.Count(n.Listed, "cell is", "cells are"), n.Limit)
	}
	return b.String()
}

// String gives a test in a few words.
func (t *Test) String() string {
	text := fmt.Sprintf("chi-square %.4g on %d df", t.ChiSquare, t.DF)
	if t.Pooled > 0 {
		text += fmt.Sprintf(" (%d cells pooled)", t.Pooled)
	}
	switch {
	case t.Reference == ReferenceConformity:
		return text + fmt.Sprintf(", conformity %.3g", t.P)
	case t.Draws > 0:
		return text + fmt.Sprintf(", p %.3g (%.3g by %d random samples), %.3g after Holm", t.P, t.MonteCarlo, t.Draws, t.PHolm)
	}
	return text + fmt.Sprintf(", p %.3g, %.3g after Holm", t.P, t.PHolm)
}
