package plan

import (
	"fmt"
	"math"

	"github.com/personagen/personagen/engine/kind"
)

// Design is the sampling design of a population with strata: persons are drawn with
// probabilities in proportion to their share of the persons wanted and to the rate of
// their class. Weights are the inverse of the rates, with the mean 1 (Kish 1965, "Survey
// sampling", section 11.7; Lohr 2019, "Sampling: design and analysis", section 7.2).
type Design struct {
	// Size is the number of persons for which the rates hold, 0 if they hold for any:
	// those of strata with a least number of persons depend on it.
	Size int64 `json:"size,omitempty"`
	// Weight is the field with the weights.
	Weight string    `json:"weight"`
	Strata []Stratum `json:"strata"`
	// Classes are the persons of one rate, in ascending order of it. Selector gives the
	// class i as case i+1, 0 to nobody.
	Classes  []RateClass    `json:"classes"`
	Selector *kind.Selector `json:"selector"`
}

// Stratum is a group of persons who are sampled at their own rate. Strata may overlap.
type Stratum struct {
	Name     string         `json:"name"`
	When     string         `json:"when"`
	Selector *kind.Selector `json:"selector"` // case 1
	AtLeast  int64          `json:"at_least,omitempty"`
	Times    float64        `json:"times,omitempty"`
	Rate     float64        `json:"rate"`   // of those in no stratum with a higher rate; that of persons in no stratum is 1
	Share    float64        `json:"share"`  // of the persons wanted
	Sample   float64        `json:"sample"` // of the sample
}

// RateClass is the persons who are sampled at one rate.
type RateClass struct {
	Rate   float64 `json:"rate"`
	Weight float64 `json:"weight"`
	Share  float64 `json:"share"`  // of the persons wanted
	Sample float64 `json:"sample"` // of the sample
}

// Effective returns the effective size of the sample as a share of its size: that of a
// sample with equal weights that is as precise for what does not depend on the weights,
// (Σw)²/(n Σw²) (Kish 1965, "Survey sampling", section 11.7).
func (d *Design) Effective() float64 {
	squares := 0.0
	for _, c := range d.Classes {
		squares += float64(c.Sample * c.Weight * c.Weight)
	}
	return 1 / squares
}

// Sampled returns the shares that the sample follows: those of the persons wanted, unless
// strata are sampled at other rates.
func (e *Expected) Sampled() []float64 {
	if e.Sample != nil {
		return e.Sample
	}
	return e.Share
}

// design checks a design that was read.
func (v planValidator) design(p *Plan) error {
	d := p.Population.Design
	if d == nil {
		return nil
	}
	if err := v.required(d.Selector); err != nil {
		return err
	}
	for _, c := range d.Selector.Case {
		if c < 0 || int(c) > len(d.Classes) {
			return fmt.Errorf("it has %d classes and no class %d", len(d.Classes), c)
		}
	}
	for _, c := range d.Classes {
		if !(c.Weight > 0 && c.Rate > 0 && c.Share >= 0 && c.Sample >= 0) || math.IsInf(c.Weight, 1) {
			return fmt.Errorf("a class has the weight %g", c.Weight)
		}
	}
	for i := range d.Strata {
		if err := v.required(d.Strata[i].Selector); err != nil {
			return fmt.Errorf("stratum %q: %w", d.Strata[i].Name, err)
		}
	}
	f := v.fields[d.Weight]
	if f == nil || f.Meaning() != kind.Weighting || len(f.Weights()) != len(d.Classes) {
		return fmt.Errorf("field %q does not have its weights", d.Weight)
	}
	for i, w := range f.Weights() {
		if w != d.Classes[i].Weight {
			return fmt.Errorf("the weights of field %q are others", d.Weight)
		}
	}
	return nil
}
