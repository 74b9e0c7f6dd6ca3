package compare

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/sketch"
	"github.com/personagen/personagen/engine/kind"
)

// weights returns the weight of each row of a batch, as the column of the plan's field of
// weights has it; nil if there is none. A row without a positive weight counts nothing.
func (p *profile) weights(b *frame.Batch) []float64 {
	if p.input.Plan == nil {
		return nil
	}
	for i := range b.Schema {
		f := p.input.Plan.Field(b.Schema[i].Name)
		if f == nil || f.Meaning() != kind.Weighting || b.Schema[i].Type != frame.Number {
			continue
		}
		p.weight = f.Name
		out := make([]float64, b.N)
		c := &b.Columns[i]
		for r, w := range c.Floats[:b.N] {
			if !c.IsNull(frame.Number, r) && w > 0 && !math.IsInf(w, 1) {
				out[r] = w
			}
		}
		return out
	}
	return nil
}

// rowWeight is the weight of a row; 1 without weights.
func rowWeight(weights []float64, row int) float64 {
	if weights == nil {
		return 1
	}
	return weights[row]
}

// weightNote says that a set is weighted, "" if it is not.
func (p *profile) weightNote() string {
	if p.weight == "" {
		return ""
	}
	return fmt.Sprintf("Values and numbers are by the weights in %q.", p.weight)
}

// mostWeights is the number of different weights from which on weights are rounded in
// summaries of numbers.
const mostWeights = 1000

// weightedNumbers summarises numbers with weights.
type weightedNumbers map[float64]*sketch.Numbers

func (s *weightedNumbers) add(x, weight float64) {
	if weight == 0 {
		return
	}
	if *s == nil {
		*s = weightedNumbers{}
	}
	if (*s)[weight] == nil && len(*s) >= mostWeights {
		scale := math.Pow(10, 1-math.Floor(math.Log10(weight)))
		weight = math.Round(weight*scale) / scale
	}
	if (*s)[weight] == nil {
		(*s)[weight] = &sketch.Numbers{}
	}
	(*s)[weight].Add(x)
}

func (s weightedNumbers) describe() *sketch.Summary {
	var all sketch.Weighted
	for _, w := range slices.Sorted(maps.Keys(s)) {
		all.Of, all.Weights = append(all.Of, s[w]), append(all.Weights, w)
	}
	return all.Describe()
}
