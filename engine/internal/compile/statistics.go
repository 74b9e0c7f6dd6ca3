package compile

import (
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

// jointOf returns the joint distribution of finite and drawn fields in a result.
func (c *compiler) jointOf(f *kind.Field, names []string, r *fit.Result) (*kind.Joint, bool) {
	if len(names) == 0 {
		return &kind.Joint{Mass: []float64{1}}, true
	}
	j, err := c.joint(names, nil, r)
	if err != nil {
		c.diags.Errorf(f.Place, "marginal", "the joint of %v, on which %q depends, cannot be read from the fit: %v", names, f.Name, err).WithHint("use groups with fewer values")
		return nil, false
	}
	return j, true
}
