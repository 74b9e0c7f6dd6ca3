package check

import (
	"math"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
)

// scoresPlan lists the number fields whose distribution a release can show.
type scoresPlan struct {
	options Options
	fields  []scoredField
}

// scoredField is a number field whose values become probabilities.
type scoredField struct {
	column int
	name   string
	jitter rng.Stream
	scorer func() *kind.Scorer
	// paired fields also get normal scores, for a correlation.
	paired bool
	// sampled fields also get the chances of the first persons' values.
	sampled bool
}

func compileScores(b *basis) *scoresPlan {
	p := &scoresPlan{options: b.options}
	for i, f := range b.plan.Fields {
		scorer := func() *kind.Scorer { return f.Scorer(b.env(f)) }
		if f.Type != frame.Number || !b.measurable[f.Name] || !b.measures(f.Inputs) || scorer() == nil {
			continue
		}
		p.fields = append(p.fields, scoredField{column: i, name: f.Name, jitter: rng.New(b.plan.Population.Seed, "check/number/"+f.Name), scorer: scorer})
	}
	return p
}

// field returns the position of a named field, -1 when it is not scored.
func (p *scoresPlan) field(name string) int {
	for i := range p.fields {
		if p.fields[i].name == name {
			return i
		}
	}
	return -1
}

// scores are the numbers of the current batch as points of their cumulative
// distributions (the probability integral transform): a point is taken at random
// in the interval that was rounded to the value.
type scores struct {
	plan      *scoresPlan
	fields    []scoreTally
	low, high []float64 // ends of the intervals, of the field being scored
}

type scoreTally struct {
	scorer *kind.Scorer
	points []float64 // NaN where there is no value
	// Normal scores of the point and of a second one, independent of it, in units
	// of 1/scoreUnit; noScore where there is no value. Of paired fields.
	first, second []int32
	// chance is how likely the values of the first persons are, 0 for those not
	// seen. Of sampled fields.
	chance []float32
}

const (
	scoreUnit = 1 << 24
	noScore   = math.MinInt32
)

func (p *scoresPlan) newTally() *scores {
	t := &scores{plan: p}
	for _, f := range p.fields {
		t.fields = append(t.fields, scoreTally{scorer: f.scorer()})
	}
	return t
}

func (t *scores) add(b *frame.Batch) {
	t.low, t.high = frame.Grow(t.low, b.N), frame.Grow(t.high, b.N)
	for i := range t.fields {
		f, x := &t.plan.fields[i], &t.fields[i]
		x.scorer.Score(b, &b.Columns[f.column], t.low, t.high)
		if f.sampled {
			t.sample(b, x)
		}
		x.points = frame.Grow(x.points, b.N)
		if f.paired {
			x.first, x.second = frame.Grow(x.first, b.N), frame.Grow(x.second, b.N)
		}
		for r, low := range t.low {
			width := t.high[r] - low
			if math.IsNaN(width) {
				x.points[r] = width
				if f.paired {
					x.first[r] = noScore
				}
				continue
			}
			one, other := f.jitter.At(b.First+int64(r), 0)
			u := low + float64(width*rng.Float64(one))
			x.points[r] = u
			if f.paired {
				v := low + float64(width*rng.Float64(other))
				x.first[r], x.second[r] = fixed(kind.NormalScore(u)), fixed(kind.NormalScore(v))
			}
		}
	}
}

// fixed is a score in whole units.
func fixed(x float64) int32 { return int32(math.Round(x * scoreUnit)) }

// sample keeps the chances of the values of the first persons, 1 for no value.
func (t *scores) sample(b *frame.Batch, x *scoreTally) {
	at, n := t.plan.options.sampled(b)
	if n > 0 && x.chance == nil {
		x.chance = make([]float32, sampleRows)
	}
	for r := range n {
		x.chance[at+r] = 1
		if width := t.high[r] - t.low[r]; width < 1 { // false for NaN
			x.chance[at+r] = float32(width)
		}
	}
}

func (t *scores) merge(other tally) {
	for i := range t.fields {
		x, o := &t.fields[i], &other.(*scores).fields[i]
		x.scorer.Merge(o.scorer)
		x.chance = union(x.chance, o.chance)
	}
}

func (t *scores) code(c *wire.Coder) {
	for i := range t.fields {
		t.fields[i].scorer.Code(c)
		codeChances(c, &t.fields[i].chance)
	}
}
