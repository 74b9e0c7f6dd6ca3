package check

import (
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/plan"
)

// design is the weights of a sample with strata. Rows are counted by the class of their
// weight, so that sums of weights are exact and do not depend on the order of rows. The
// last class has the rows with any other weight, which a check reports; they count as
// one person each.
type design struct {
	column  int
	weights []float64 // by class
}

// newDesign returns nil if everyone has the same weight.
func newDesign(p *plan.Plan) *design {
	of := p.Population.Design
	if of == nil {
		return nil
	}
	d := &design{}
	for i, f := range p.Fields {
		if f.Name == of.Weight {
			d.column, d.weights = i, append(slices.Clone(f.Weights()), 1)
		}
	}
	return d
}

// classes is the number of classes: 1 without a design.
func (d *design) classes() int {
	if d == nil {
		return 1
	}
	return len(d.weights)
}

// weight is the weight of a class.
func (d *design) weight(class int) float64 {
	if d == nil {
		return 1
	}
	return d.weights[class]
}

// encode writes the class of each row of a batch to out.
func (d *design) encode(b *frame.Batch, out []uint16) []uint16 {
	out = frame.Grow(out, b.N)
	c := &b.Columns[d.column]
	known, other := d.weights[:len(d.weights)-1], uint16(len(d.weights)-1)
	for r, w := range c.Floats[:b.N] {
		out[r] = other
		if c.Null != nil && c.Null[r] {
			continue
		}
		if i := slices.Index(known, w); i >= 0 {
			out[r] = uint16(i)
		}
	}
	return out
}

// weighted are sums over the rows by class: of weights, and of their squares.
type weighted struct{ sum, squares float64 }

// sum weights the counts of the classes.
func (d *design) sum(counts []int64) (w weighted) {
	for class, n := range counts {
		x := d.weight(class)
		w.sum += float64(n) * x
		w.squares += float64(float64(n) * x * x)
	}
	return w
}

// sums weights the counts of the classes, of which some may be shorter.
func (d *design) sums(classes [][]int64) []float64 {
	var out []float64
	for class, counts := range classes {
		for len(out) < len(counts) {
			out = append(out, 0)
		}
		for i, n := range counts {
			out[i] += float64(float64(n) * d.weight(class))
		}
	}
	return out
}

// effective is the number of rows with equal weights that are as precise (Kish 1965,
// "Survey sampling", section 11.7), 0 of no rows.
func (w weighted) effective() float64 {
	if w.squares == w.sum { // equal weights, or no rows
		return w.sum
	}
	return w.sum * w.sum / w.squares
}

// scaled returns sums of weights of n rows, scaled so that all sum to n, and rounded as
// figures are.
func (w weighted) scaled(sums []float64, n int64) []float64 {
	out := slices.Clone(sums)
	if w.squares == w.sum {
		return out
	}
	for i := range out {
		out[i] = tidy(out[i] * float64(n) / w.sum)
	}
	return out
}
