package kind

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/spec"
)

var weightKind = Kind{
	Name: "weight", Meaning: Weighting,
	Uses: func(*spec.Field) []spec.String { return nil }, // the strata are in the population stanza: see StratumUses
	Compile: func(c *Compiler, s *spec.Field, f *Field) {
		f.Class, f.Type = Derived, frame.Number
		refuse := func(setting string, at diag.Place) {
			c.Diags.Errorf(at, "weight", "field %q is a weight, which every row of a release needs, so it cannot have %s", f.Name, setting).WithHint("remove it")
		}
		if s.When != nil {
			refuse("when", s.When.Place)
		}
		if s.Hidden {
			refuse("hidden", s.Body.Get("hidden").Place)
		}
		for _, name := range StratumUses(c.Spec) {
			if !slices.Contains(f.Inputs, name) {
				f.Inputs = append(f.Inputs, name)
			}
		}
		f.Program = &weight{Weights: []float64{1}}
	},
	New: func() Program { return &weight{} },
}

// StratumUses returns the fields in the conditions of a spec's strata, on which the weight
// of a person depends.
func StratumUses(s *spec.Spec) (names []string) {
	for _, stratum := range s.Population.Oversample {
		for _, t := range stratum.When.Terms {
			names = append(names, t.Field)
		}
	}
	return names
}

// weight writes a person's design weight: that of case i+1 is Weights[i]. Everyone has
// the only one if Of is nil.
type weight struct {
	Of      *Selector `json:"of,omitempty"`
	Weights []float64 `json:"weights"`
}

// SetWeights gives a field of kind weight its values: weights[i] to the persons of case
// i+1. Those of case 0 do not occur.
func (f *Field) SetWeights(of *Selector, weights []float64) {
	f.Program = &weight{of, weights}
}

// Weights returns the different weights of a field of kind weight, nil for other fields.
func (f *Field) Weights() []float64 {
	if p, ok := f.Program.(*weight); ok {
		return p.Weights
	}
	return nil
}

func (w *weight) Bind(env *Env) Filler {
	if w.Of == nil {
		return &weightFiller{of: w}
	}
	return &weightFiller{of: w, selector: w.Of.Bind(env)}
}

type weightFiller struct {
	of       *weight
	selector *BoundSelector // nil if everyone has the same weight
	cases    []int32
}

func (w *weightFiller) Fill(b *frame.Batch, c *frame.Column) {
	if w.selector == nil {
		for r := range b.N {
			c.Floats[r] = w.of.Weights[0]
		}
		return
	}
	w.cases = w.selector.Cases(b, w.cases)
	for r, i := range w.cases {
		c.Floats[r] = math.NaN()
		if i > 0 {
			c.Floats[r] = w.of.Weights[i-1]
		}
	}
}

func (w *weight) validate() error {
	if len(w.Weights) == 0 || w.Of == nil && len(w.Weights) > 1 {
		return errors.New("its weights are not complete")
	}
	for _, x := range w.Weights {
		if !(x > 0) || math.IsInf(x, 1) {
			return fmt.Errorf("it has the weight %g", x)
		}
	}
	if w.Of != nil && slices.ContainsFunc(w.Of.Case, func(c int32) bool { return c < 0 || int(c) > len(w.Weights) }) {
		return fmt.Errorf("it has %d weights, and a case has none", len(w.Weights))
	}
	return nil
}

// maxStrata is the largest number of selectors of Memberships.
const maxStrata = 64

// Memberships combines the case 1 of several selectors: the case of a configuration is
// the position in sets of the set of selectors that select it. A set has a bit for each
// selector, and set 0 is empty. It reports a fault at the place and returns nil if the
// selectors have too many fields, or are too many.
func (c *Compiler) Memberships(all []*Selector, at diag.Place) (s *Selector, sets []uint64) {
	s = &Selector{}
	for _, x := range all {
		for i, name := range x.Fields {
			if !slices.Contains(s.Fields, name) {
				s.Fields, s.Slots = append(s.Fields, name), append(s.Slots, x.Slots[i])
				s.Nullable, s.Min = append(s.Nullable, x.Nullable[i]), append(s.Min, x.Min[i])
			}
		}
	}
	size := 1
	for _, n := range s.Slots {
		if size *= n; size > maxSelector || len(all) > maxStrata {
			c.Diags.Errorf(at, "too-wide", "the %d strata use %d fields together; at most %d strata and %d combinations of values are possible", len(all), len(s.Fields), maxStrata, maxSelector).
				WithHint("use fewer strata and fields, or groups with fewer values")
			return nil, nil
		}
	}
	member := make([]uint64, size)
	for k, x := range all {
		stride := make([]int, len(s.Fields)) // in x, of the fields of s
		n := 1
		for i := len(x.Fields) - 1; i >= 0; i-- {
			stride[slices.Index(s.Fields, x.Fields[i])] = n
			n *= x.Slots[i]
		}
		for config := range member {
			from, rest := 0, config
			for i := len(s.Slots) - 1; i >= 0; i-- {
				from += rest % s.Slots[i] * stride[i]
				rest /= s.Slots[i]
			}
			if x.Case[from] == 1 {
				member[config] |= 1 << k
			}
		}
	}
	sets, s.Case = []uint64{0}, make([]int32, size)
	number := map[uint64]int32{0: 0}
	for config, set := range member {
		i, known := number[set]
		if !known {
			i = int32(len(sets))
			number[set] = i
			sets = append(sets, set)
		}
		s.Case[config] = i
	}
	return s, sets
}
