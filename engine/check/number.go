package check

import (
	"fmt"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/stat"
	"github.com/personagen/personagen/engine/internal/wire"
)

var numberCheck = definition{kind: KindNumber, compile: compileNumbers, measures: []measure{{"number_p", testP}}}

// numbers: numbers follow their declared distributions. They are drawn
// independently in a quota population too, given the person's other fields, so the
// test (Kolmogorov-Smirnov) is a real one.
type numbers struct{ scores *scoresPlan }

// scoreBins is the number of bins of the histogram of points. The statistic is
// computed at the borders of bins, so it is too small by at most one bin.
const scoreBins = 1 << 14

// leastScored is the number of values below which a number is not tested.
const leastScored = 20

func compileNumbers(s *shared) check {
	n := &numbers{s.askScores()}
	s.askColumns() // for the observed quantiles
	if n.scores.fields == nil {
		return nil
	}
	return n
}

// numbersTally counts the points of every number field.
type numbersTally struct {
	scores  *scores
	columns *columns
	fields  []numberTally
}

type numberTally struct {
	bins []int64
	n    int64
}

func (n *numbers) newTally(a *accumulators) tally {
	t := &numbersTally{scores: a.scores, columns: a.columns}
	for range n.scores.fields {
		t.fields = append(t.fields, numberTally{bins: make([]int64, scoreBins)})
	}
	return t
}

func (t *numbersTally) add(*frame.Batch) {
	for i := range t.fields {
		x := &t.fields[i]
		for _, u := range t.scores.fields[i].points {
			if u == u { // not NaN
				x.bins[min(max(int(u*scoreBins), 0), scoreBins-1)]++
				x.n++
			}
		}
	}
}

func (t *numbersTally) merge(o tally) {
	for i := range t.fields {
		addAll(t.fields[i].bins, o.(*numbersTally).fields[i].bins)
		t.fields[i].n += o.(*numbersTally).fields[i].n
	}
}

func (t *numbersTally) code(c *wire.Coder) {
	for i := range t.fields {
		c.Counts(t.fields[i].bins)
		c.Count(&t.fields[i].n)
	}
}

// comparedShares are the quantiles that an outcome compares.
var comparedShares = []float64{0.1, 0.5, 0.9}

func (n *numbers) judge(_ *judging, gathered tally) (out []finding, _ error) {
	t := gathered.(*numbersTally)
	for i := range n.scores.fields {
		c, x := &n.scores.fields[i], &t.fields[i]
		o := Outcome{ID: "number." + c.name, Kind: KindNumber, Name: c.name, Fields: []string{c.name}}
		if x.n < leastScored {
			o.Status, o.Message = Skip, "too few values to test"
			out = append(out, only(o)...)
			continue
		}
		d := stat.UniformDistance(x.bins, x.n)
		p := stat.KolmogorovTail(d, float64(x.n))
		o.Test = &Test{Statistic: tidy(d), P: tidy(p), PDeviance: tidy(p), Reference: ReferenceDeclared, Persons: x.n}
		for _, q := range comparedShares {
			declared, observed := t.scores.fields[i].scorer.Quantile(q), t.columns.of[c.column].numbers.Quantile(q)
			o.Quantiles = append(o.Quantiles, Quantile{q, tidy(declared), tidy(observed)})
		}
		out = append(out, finding{Outcome: o, message: numberMessage})
	}
	return out, nil
}

func numberMessage(o *Outcome) string {
	text := fmt.Sprintf("distance %.4g from the declared distribution, of %s, p %.3g, %.3g after Holm", o.Test.Statistic, persons(o.Test.Persons), o.Test.P, o.Test.PHolm)
	for _, q := range o.Quantiles {
		text += fmt.Sprintf("; %g %% quantile %.4g, declared %.4g", 100*q.Share, q.Observed, q.Declared)
	}
	return text
}

// testP measures the p-values of outcomes with a test, not adjusted for others.
func testP(_ *judging, found []*Outcome) (out []measured) {
	for _, o := range found {
		if o.Test != nil {
			out = append(out, measured{o.Name, o.Test.P})
		}
	}
	return out
}
