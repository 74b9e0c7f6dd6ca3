package compile

import (
	"slices"

	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/kind"
)

// meetStatistics finds the factors with which number fields meet their published
// statistics.
func (c *compiler) meetStatistics() {
	c.reportMeans()
	for _, f := range c.plan.Fields {
		if len(f.Statistics) == 0 || f.Class != kind.Drawn {
			continue
		}
		whole, ok := c.jointOf(f, f.Inputs, c.whole)
		if !ok {
			continue
		}
		wanted := whole
		if c.where != nil {
			wanted, _ = c.jointOf(f, f.Inputs, c.wanted)
		}
		c.kinds.Calibrate(f, whole, wanted, float64(c.spec.Population.Persons))
	}
}

// jointOf returns the joint distribution of finite fields in a result.
func (c *compiler) jointOf(f *kind.Field, names []string, r *fit.Result) (*kind.Joint, bool) {
	if len(names) == 0 {
		return &kind.Joint{Mass: []float64{1}}, true
	}
	names = slices.Clone(names)
	part, ok := c.mustJoin(names, f.Place)
	if !ok {
		return nil, false
	}
	part = c.onVariables(part)
	marginal, err := r.Marginal(part.scope)
	if err != nil {
		c.diags.Errorf(f.Place, "marginal", "the joint of %v, on which %q depends, cannot be read from the fit: %v", names, f.Name, err).WithHint("use groups with fewer values")
		return nil, false
	}
	j := &kind.Joint{Fields: names, Mass: make([]float64, part.cells)}
	for _, name := range names {
		j.Slots = append(j.Slots, c.kinds.Fields[name].Slots())
	}
	for k, p := range marginal {
		if cell := part.cell[k]; cell >= 0 {
			j.Mass[cell] += p
		}
	}
	return j, true
}
