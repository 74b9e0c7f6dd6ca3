package check

import (
	"fmt"
	"math"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/kind"
)

// numberCheck holds a number field to its declared distribution.
type numberCheck struct {
	column int
	name   string
	jitter rng.Stream
	// scored says that the scores of each row are needed for a correlation.
	scored bool
}

// correlationCheck holds two number fields to their declared correlation.
type correlationCheck struct {
	name     string // of the correlation
	numbers  [2]int // positions in Suite.numbers
	declared float64
}

// scoreBins is the number of bins of the histogram of scores: a deviation
// between the cumulative distributions is found at the borders of bins, so that
// the statistic comes out too small by one part in so many at most.
const scoreBins = 1 << 14

// leastScored is the number of values below which a test says nothing.
const leastScored = 20

// compileNumbers finds the number fields whose distribution a release can show.
func (s *Suite) compileNumbers() {
	at := map[string]int{}
	for i, f := range s.plan.Fields {
		if f.Type != frame.Number || !s.told[f.Name] || !s.tells(f.Inputs) || s.scorer(i) == nil {
			continue
		}
		at[f.Name] = len(s.numbers)
		s.numbers = append(s.numbers, numberCheck{column: i, name: f.Name, jitter: rng.New(s.plan.Population.Seed, "check/number/"+f.Name)})
	}
	for _, c := range s.plan.Correlations {
		for i, one := range c.Fields {
			for k, other := range c.Fields[:i] {
				a, b, ok := pairOf(at, other, one)
				if !ok {
					continue
				}
				s.numbers[a].scored, s.numbers[b].scored = true, true
				s.correlations = append(s.correlations, correlationCheck{c.Name, [2]int{a, b}, c.Matrix[k][i]})
			}
		}
	}
}

func pairOf(at map[string]int, one, other string) (a, b int, ok bool) {
	a, okA := at[one]
	b, okB := at[other]
	return a, b, okA && okB
}

func (s *Suite) tells(fields []string) bool {
	return !slices.ContainsFunc(fields, func(name string) bool { return !s.told[name] })
}

func (s *Suite) scorer(column int) *kind.Scorer {
	f := s.plan.Fields[column]
	return f.Scorer(&kind.Env{Fields: s.plan.Fields, Field: f})
}

// numberTally is what is gathered of a number field.
type numberTally struct {
	scorer *kind.Scorer
	bins   []int64
	n      int64
	// Of the current batch: normal scores from two independent points of each
	// value's interval, in units of 1/scoreUnit; missing where there is no value.
	first, second []int32
}

const (
	scoreUnit = 1 << 24
	missing   = math.MinInt32
)

// correlationTally holds sums over the rows that have both values, in whole
// units, so that their order does not matter. A score is at most 8.3, so that a
// billion rows fit.
type correlationTally struct {
	n       int64
	sum     [2]int64
	squares [2]int64
	product int64
	// halves are the products of each value's own two scores: their mean is what
	// rounding leaves of the variance.
	halves [2]int64
}

func (s *Suite) newNumberTallies() (numbers []numberTally, correlations []correlationTally) {
	for _, c := range s.numbers {
		numbers = append(numbers, numberTally{scorer: s.scorer(c.column), bins: make([]int64, scoreBins)})
	}
	return numbers, make([]correlationTally, len(s.correlations))
}

// addNumbers scores the numbers of a batch: the probability integral transform,
// with a point taken at random inside the interval that was rounded to a value.
func (t *Tally) addNumbers(b *frame.Batch) {
	t.low, t.high = frame.Grow(t.low, b.N), frame.Grow(t.high, b.N)
	for i := range t.numbers {
		c, x := &t.suite.numbers[i], &t.numbers[i]
		x.scorer.Score(b, &b.Columns[c.column], t.low, t.high)
		t.near.sample.addNumbers(t, b, i, t.low, t.high)
		if c.scored {
			x.first, x.second = frame.Grow(x.first, b.N), frame.Grow(x.second, b.N)
		}
		for r, low := range t.low {
			width := t.high[r] - low
			if math.IsNaN(width) {
				if c.scored {
					x.first[r] = missing
				}
				continue
			}
			one, other := c.jitter.At(b.First+int64(r), 0)
			u := low + float64(width*rng.Float64(one))
			x.bins[min(max(int(u*scoreBins), 0), scoreBins-1)]++
			x.n++
			if c.scored {
				v := low + float64(width*rng.Float64(other))
				x.first[r], x.second[r] = fixed(kind.NormalScore(u)), fixed(kind.NormalScore(v))
			}
		}
	}
	for i := range t.correlations {
		c := t.suite.correlations[i].numbers
		t.correlations[i].add(&t.numbers[c[0]], &t.numbers[c[1]])
	}
}

func fixed(x float64) int32 { return int32(math.Round(x * scoreUnit)) }

func (c *correlationTally) add(a, b *numberTally) {
	times := func(x, y int32) int64 { return int64(x) * int64(y) >> 24 }
	for r, x := range a.first {
		y := b.first[r]
		if x == missing || y == missing {
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

func (x *numberTally) merge(o *numberTally) {
	x.scorer.Merge(o.scorer)
	addAll(x.bins, o.bins)
	x.n += o.n
}

func (c *correlationTally) merge(o *correlationTally) {
	c.n += o.n
	c.product += o.product
	for k := range c.sum {
		c.sum[k] += o.sum[k]
		c.squares[k] += o.squares[k]
		c.halves[k] += o.halves[k]
	}
}

// observed returns the correlation of the scores and what rounding leaves of
// the variance of each.
func (c *correlationTally) observed() (r float64, left [2]float64) {
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

// declaredShares are the quantiles that are compared.
var declaredShares = []float64{0.1, 0.5, 0.9}

// checkNumbers tests every number field against its declared distribution
// (Kolmogorov-Smirnov; Massey, 1951). Numbers are drawn independently in a quota
// population too, given the person's other fields, so this is a real test.
func (b *builder) checkNumbers() {
	for i := range b.suite.numbers {
		c, x := &b.suite.numbers[i], &b.tally.numbers[i]
		o := Outcome{ID: "number." + c.name, Kind: KindNumber, Name: c.name, Fields: []string{c.name}}
		if x.n < leastScored {
			o.Status, o.Message = Skip, "too few values to tell"
			b.add(o)
			continue
		}
		d := uniformDistance(x.bins, x.n)
		p := kolmogorovTail(d, float64(x.n))
		o.Test = &Test{Statistic: tidy(d), P: tidy(p), PDeviance: tidy(p), Reference: ReferenceDeclared, Persons: x.n}
		for _, q := range declaredShares {
			o.Quantiles = append(o.Quantiles, Quantile{q, tidy(x.scorer.Quantile(q)), tidy(b.tally.fields[c.column].numbers.Quantile(q))})
		}
		b.tests = append(b.tests, pending{outcome: len(b.Outcomes), deciding: true})
		b.add(o)
	}
	for i := range b.suite.correlations {
		b.checkCorrelation(&b.suite.correlations[i], &b.tally.correlations[i])
	}
}

// checkCorrelation tests a realised correlation of normal scores against the
// declared one by Fisher's transformation ("On the probable error of a
// coefficient of correlation deduced from a small sample", 1921), whose standard
// error is that of the number of persons. Rounding weakens a correlation; what
// is expected is the declared one so weakened.
func (b *builder) checkCorrelation(c *correlationCheck, x *correlationTally) {
	one, other := b.suite.numbers[c.numbers[0]].name, b.suite.numbers[c.numbers[1]].name
	o := Outcome{
		ID: "correlation." + c.name + "." + one + "." + other, Kind: KindCorrelation, Name: one + " and " + other, Fields: []string{one, other},
	}
	r, left := x.observed()
	if x.n < leastScored || !(math.Abs(r) < 1) {
		o.Status, o.Message = Skip, "too few values to tell"
		b.add(o)
		return
	}
	weakened := left[0] * left[1]
	expected := c.declared * weakened
	// Terms of higher order in the correlation, which vanish without rounding.
	slack := 0.1 * math.Abs(c.declared) * (1 - weakened)
	d := math.Abs(math.Atanh(r)-math.Atanh(expected)) - slack/(1-float64(expected*expected))
	z := max(0, d) * math.Sqrt(float64(x.n-3))
	p := math.Erfc(z / math.Sqrt2)
	o.Correlation = &Correlation{Declared: c.declared, Expected: tidy(expected), Observed: tidy(r)}
	o.Test = &Test{Statistic: tidy(z), P: tidy(p), PDeviance: tidy(p), Reference: ReferenceCorrelation, Persons: x.n}
	b.tests = append(b.tests, pending{outcome: len(b.Outcomes), deciding: true})
	b.add(o)
}

// uniformDistance is the largest distance of the cumulative distribution of
// values in equal bins of 0 to 1 from the uniform one, at the borders of bins.
func uniformDistance(bins []int64, n int64) float64 {
	most, below := 0.0, int64(0)
	for i, c := range bins {
		below += c
		most = max(most, math.Abs(float64(below)/float64(n)-float64(i+1)/float64(len(bins))))
	}
	return most
}

// kolmogorovTail is the chance that the distance of n independent values from
// their distribution is at least d: Kolmogorov's limit at a corrected argument
// (Vrbik, "Small-sample corrections to Kolmogorov-Smirnov test statistic",
// Pioneer Journal of Theoretical and Applied Statistics 15, 2018).
func kolmogorovTail(d, n float64) float64 {
	x := math.Sqrt(n) * d
	if x += 1/(6*math.Sqrt(n)) + (x-1)/(4*n); x < 0.2 {
		return 1 // but for 1e-13
	}
	total, sign := 0.0, 1.0
	for k := 1.0; k <= 100; k++ {
		term := math.Exp(-2 * k * k * x * x)
		total += sign * term
		sign = -sign
		if term < 1e-18*total {
			break
		}
	}
	return min(1, max(0, 2*total))
}

// numbersMessage says in a sentence how a number field came out.
func numbersMessage(o *Outcome) string {
	text := fmt.Sprintf("distance %.4g from the declared distribution of %s, p %.3g, %.3g after Holm", o.Test.Statistic, persons(o.Test.Persons), o.Test.P, o.Test.PHolm)
	for _, q := range o.Quantiles {
		text += fmt.Sprintf("; %g %% declared %.4g, found %.4g", 100*q.Share, q.Declared, q.Observed)
	}
	return text
}

func correlationMessage(o *Outcome) string {
	return fmt.Sprintf("correlation %.3f where %.3f is declared and %.3f expected of rounded values, %.1f standard errors, p %.3g, %.3g after Holm, of %s",
		o.Correlation.Observed, o.Correlation.Declared, o.Correlation.Expected, o.Test.Statistic, o.Test.P, o.Test.PHolm, persons(o.Test.Persons))
}
