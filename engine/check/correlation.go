package check

import (
	"fmt"
	"math"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/stat"
	"github.com/personagen/personagen/engine/internal/wire"
)

var correlationCheck = definition{kind: KindCorrelation, compile: compileCorrelations}

// correlations: the normal scores of two number fields have their declared
// correlation. Rounding weakens a correlation; the expected one is the declared
// one so weakened.
type correlations struct {
	scores *scoresPlan
	pairs  []correlated
}

// correlated is two number fields with a declared correlation.
type correlated struct {
	name     string // of the correlation
	fields   [2]int // positions in scoresPlan.fields
	declared float64
}

func compileCorrelations(s *shared) check {
	x := &correlations{scores: s.askScores()}
	for _, c := range s.plan.Correlations {
		for i, one := range c.Fields {
			for k, other := range c.Fields[:i] {
				a, b := x.scores.field(other), x.scores.field(one)
				if a < 0 || b < 0 {
					continue
				}
				x.scores.fields[a].paired, x.scores.fields[b].paired = true, true
				x.pairs = append(x.pairs, correlated{c.Name, [2]int{a, b}, c.Matrix[k][i]})
			}
		}
	}
	if x.pairs == nil {
		return nil
	}
	return x
}

type correlationsTally struct {
	*correlations
	scores *scores
	sums   []correlationSums
}

// correlationSums are sums over the rows that have both values, in whole units, so
// that their order does not matter. A score is at most 8.3, so that a billion rows
// fit.
type correlationSums struct {
	n       int64
	sum     [2]int64
	squares [2]int64
	product int64
	// halves are the products of the two scores of each value: their mean is what
	// rounding leaves of the variance.
	halves [2]int64
}

func (x *correlations) newTally(a *accumulators) tally {
	return &correlationsTally{x, a.scores, make([]correlationSums, len(x.pairs))}
}

func (t *correlationsTally) add(*frame.Batch) {
	for i := range t.sums {
		at := t.pairs[i].fields
		t.sums[i].add(&t.scores.fields[at[0]], &t.scores.fields[at[1]])
	}
}

func (c *correlationSums) add(a, b *scoreTally) {
	times := func(x, y int32) int64 { return int64(x) * int64(y) >> 24 }
	for r, x := range a.first {
		y := b.first[r]
		if x == noScore || y == noScore {
			continue
		}
		c.n++
		c.sum[0] += int64(x)
		c.sum[1] += int64(y)
		c.squares[0] += times(x, x)
		c.squares[1] += times(y, y)
		c.product += times(x, y)
		c.halves[0] += times(x, a.second[r])
		c.halves[1] += times(y, b.second[r])
	}
}

func (t *correlationsTally) merge(other tally) {
	for i := range t.sums {
		c, o := &t.sums[i], &other.(*correlationsTally).sums[i]
		c.n += o.n
		c.product += o.product
		for k := range c.sum {
			c.sum[k] += o.sum[k]
			c.squares[k] += o.squares[k]
			c.halves[k] += o.halves[k]
		}
	}
}

func (t *correlationsTally) code(c *wire.Coder) {
	for i := range t.sums {
		s := &t.sums[i]
		c.Count(&s.n)
		c.Int(&s.product)
		for k := range s.sum {
			c.Int(&s.sum[k])
			c.Int(&s.squares[k])
			c.Int(&s.halves[k])
		}
	}
}

// observed returns the correlation of the scores, and the share of the variance
// of each field that rounding leaves.
func (c *correlationSums) observed() (r float64, left [2]float64) {
	n := float64(c.n)
	var mean, variance [2]float64
	for k := range mean {
		mean[k] = float64(c.sum[k]) / n / scoreUnit
		variance[k] = float64(c.squares[k])/n/scoreUnit - float64(mean[k]*mean[k])
		left[k] = min(1, (float64(c.halves[k])/n/scoreUnit-float64(mean[k]*mean[k]))/variance[k])
	}
	r = (float64(c.product)/n/scoreUnit - float64(mean[0]*mean[1])) / math.Sqrt(variance[0]*variance[1])
	return r, left
}

func (x *correlations) judge(_ *judging, t tally) (out []finding, _ error) {
	for i, c := range x.pairs {
		sums := &t.(*correlationsTally).sums[i]
		one, other := x.scores.fields[c.fields[0]].name, x.scores.fields[c.fields[1]].name
		o := Outcome{
			ID: "correlation." + c.name + "." + one + "." + other, Kind: KindCorrelation, Name: one + " and " + other, Fields: []string{one, other},
		}
		r, left := sums.observed()
		if sums.n < leastScored || !(math.Abs(r) < 1) {
			o.Status, o.Message = Skip, "too few values to test"
			out = append(out, only(o)...)
			continue
		}
		weakened := left[0] * left[1]
		expected := c.declared * weakened
		// Terms of higher order in the correlation, which vanish without rounding.
		slack := 0.1 * math.Abs(c.declared) * (1 - weakened)
		z, p := stat.CorrelationTest(r, expected, slack, sums.n)
		o.Correlation = &Correlation{Declared: c.declared, Expected: tidy(expected), Observed: tidy(r)}
		o.Test = &Test{Statistic: tidy(z), P: tidy(p), PDeviance: tidy(p), Reference: ReferenceCorrelation, Persons: sums.n}
		out = append(out, finding{Outcome: o, message: correlationMessage})
	}
	return out, nil
}

func correlationMessage(o *Outcome) string {
	return fmt.Sprintf("correlation %.3f, declared %.3f, expected %.3f after rounding: %.1f standard errors, p %.3g, %.3g after Holm, of %s",
		o.Correlation.Observed, o.Correlation.Declared, o.Correlation.Expected, o.Test.Statistic, o.Test.P, o.Test.PHolm, persons(o.Test.Persons))
}
