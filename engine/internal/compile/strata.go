package compile

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/identity"
	"github.com/personagen/personagen/engine/internal/sample"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// strata are the groups of persons who are sampled at another rate.
type strata struct {
	selectors []*kind.Selector // of each stratum
	of        *kind.Selector   // case i is the set of strata members[i]
	members   []uint64         // a bit for each stratum
	sets      constraint       // cell i is set i
}

// compileStrata compiles the conditions of strata, and finds the field of the weights.
func (c *compiler) compileStrata() {
	var weight *kind.Field
	for _, f := range c.plan.Fields {
		if f.Meaning() != kind.Weighting {
			continue
		}
		if weight != nil {
			c.diags.Errorf(f.Place, "weight", "fields %q and %q are both weights, and a person has one", weight.Name, f.Name).WithHint("remove one")
		}
		weight = f
	}
	declared := c.spec.Population.Oversample
	if declared == nil {
		return
	}
	if weight == nil {
		c.diags.Errorf(declared[0].Place, "no-weight", "population.oversample samples some persons at another rate, and no field says how many persons a row stands for, so shares of the sample could not be told from those of the population").
			WithHint(`add a field of kind weight: fields: weight: {kind: "weight"}`)
		return
	}
	s := &strata{}
	for i := range declared {
		x := &declared[i]
		sel, fn, ok := c.condition(x.When)
		if !ok {
			return
		}
		if !holdsSomewhere(fn) {
			c.diags.Errorf(x.When.Place, "empty-stratum", "no combination of values is in the stratum %q: %s", x.Name, x.When.Text).WithHint("correct the condition")
		}
		s.selectors = append(s.selectors, sel)
	}
	if s.of, s.members = c.kinds.Memberships(s.selectors, declared[0].Place); s.of == nil || !c.fits(s.of.Fields, declared[0].Place) {
		return
	}
	fn := c.space.compose(s.of, c.kinds.Fields)
	s.sets = constraint{scope: fn.scope, cell: fn.code, cells: len(s.members), cuts: true}
	c.strata = s
	c.plan.Population.Design = &plan.Design{Weight: weight.Name}
}

// sampleSize is the number of persons for which the rates of strata are solved.
func (c *compiler) sampleSize() int64 { return cmp.Or(c.opts.Size, c.spec.Population.Size) }

// strataIdentity returns what persons' identities depend on.
func (c *compiler) strataIdentity() (out []identity.Stratum) {
	for _, x := range c.spec.Population.Oversample {
		s := identity.Stratum{When: x.When.Text, Times: x.Times, AtLeast: x.AtLeast}
		if x.AtLeast > 0 {
			s.Size = c.sampleSize()
		}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b identity.Stratum) int {
		return cmp.Or(strings.Compare(a.When, b.When), cmp.Compare(a.Times, b.Times), cmp.Compare(a.AtLeast, b.AtLeast))
	})
	return out
}

// solveStrata finds the rates, the weights, and the distribution of the sample.
func (c *compiler) solveStrata() {
	c.drawn = c.wanted
	if c.strata == nil {
		return
	}
	declared, d := c.spec.Population.Oversample, c.plan.Population.Design
	part := c.onVariables(c.strata.sets)
	marginal, err := c.wanted.Marginal(part.scope)
	if err != nil {
		c.diags.Errorf(declared[0].Place, "marginal", "the shares of the strata cannot be read from the fit: %v", err).WithHint("use groups with fewer values")
		return
	}
	r := rates{size: float64(c.sampleSize()), members: c.strata.members, mass: make([]float64, part.cells)}
	for k, p := range marginal {
		r.mass[part.cell[k]] += p
	}
	for _, x := range declared {
		r.atLeast, r.rate = append(r.atLeast, float64(x.AtLeast)), append(r.rate, cmp.Or(x.Times, 1))
		if x.AtLeast > 0 {
			d.Size = c.sampleSize()
		}
	}
	if !c.possibleStrata(&r) {
		return
	}
	if !r.solve() {
		total := int64(0)
		var names []string
		for _, x := range declared {
			if total += x.AtLeast; x.AtLeast > 0 {
				names = append(names, x.Name)
			}
		}
		c.diags.Errorf(declared[0].Place, "strata-too-large", "the strata %s must have %s persons together, and a sample of %s cannot have so many beside those of other strata and the rest",
			strings.Join(names, ", "), humanize.Thousands(total), humanize.Thousands(c.sampleSize())).WithHint("lower at_least, or raise the size")
		return
	}
	c.describeDesign(d, &r)
	factor := make([]float64, len(part.cell))
	for k, set := range part.cell {
		factor[k] = r.of(int(set))
	}
	if c.drawn, err = c.wanted.Tilt(part.scope, factor); err != nil {
		c.diags.Errorf(declared[0].Place, "strata", "the strata cannot be sampled: %v", err).WithHint("use fewer strata")
	}
}

// possibleStrata reports strata of nobody, and those that the sample cannot have.
func (c *compiler) possibleStrata(r *rates) bool {
	ok := true
	for k, x := range c.spec.Population.Oversample {
		share := r.share(k)
		switch {
		case share == 0:
			c.diags.Errorf(x.When.Place, "empty-stratum", "according to the tables, none of the persons wanted is in the stratum %q: %s", x.Name, x.When.Text).WithHint("correct the condition or the tables, or remove the stratum")
		case x.AtLeast > c.sampleSize() || x.AtLeast == c.sampleSize() && share < 1-1e-12:
			c.diags.Errorf(x.Place, "stratum-too-large", "the stratum %q must have %s persons, and the sample has %s, some of whom are others", x.Name, humanize.Thousands(x.AtLeast), humanize.Thousands(c.sampleSize())).
				WithHint("lower at_least, or raise the size")
		default:
			continue
		}
		ok = false
	}
	return ok
}

// describeDesign fills in the plan's design and the weights.
func (c *compiler) describeDesign(d *plan.Design, r *rates) {
	total := r.total()
	for set, mass := range r.mass {
		if rate := r.of(set); mass > 0 && !slices.ContainsFunc(d.Classes, func(x plan.RateClass) bool { return x.Rate == rate }) {
			d.Classes = append(d.Classes, plan.RateClass{Rate: rate, Weight: kind.TenDigits(total / rate)})
		}
	}
	slices.SortFunc(d.Classes, func(a, b plan.RateClass) int { return cmp.Compare(a.Rate, b.Rate) })
	number := make([]int32, len(r.mass)) // class of each set, from 1
	for set, mass := range r.mass {
		i := slices.IndexFunc(d.Classes, func(x plan.RateClass) bool { return x.Rate == r.of(set) })
		if number[set] = int32(i + 1); i >= 0 {
			d.Classes[i].Share += mass
			d.Classes[i].Sample += mass * r.of(set) / total
		}
	}
	of := *c.strata.of
	of.Case = slices.Clone(of.Case)
	for config, set := range of.Case {
		of.Case[config] = number[set]
	}
	d.Selector = &of
	var weights []float64
	for _, x := range d.Classes {
		weights = append(weights, x.Weight)
	}
	c.kinds.Fields[d.Weight].SetWeights(d.Selector, weights)
	for k, x := range c.spec.Population.Oversample {
		s := plan.Stratum{Name: x.Name, When: x.When.Text, Selector: c.strata.selectors[k], AtLeast: x.AtLeast, Times: x.Times, Rate: r.rate[k], Share: r.share(k), Sample: r.sampled(k)}
		d.Strata = append(d.Strata, s)
		if all, n := float64(c.spec.Population.Persons)*c.plan.Population.Wanted*s.Share, s.Sample*r.size; all > 0 && n > all+1 {
			c.diags.Warnf(x.Place, "stratum-exhausted", "the sample has %.0f persons of the stratum %q, and the population has %.0f", n, x.Name, all).WithHint("lower the rate or the size")
		}
	}
}

// rates are the sampling rates of strata. Those of sets of strata are the highest rate of
// a stratum in the set.
type rates struct {
	size    float64   // persons in the sample
	members []uint64  // strata of each set, a bit for each; set 0 is empty
	mass    []float64 // of each set, summing to 1
	atLeast []float64 // persons of each stratum, 0 for none
	rate    []float64 // of each stratum
}

// of returns the rate of a set: 1 of the empty one.
func (r *rates) of(set int) float64 { return r.without(set, -1) }

// without returns the highest rate of the strata of a set except one; 0 if there is no
// other.
func (r *rates) without(set, stratum int) float64 {
	if r.members[set] == 0 {
		return 1
	}
	most := 0.0
	for k, rate := range r.rate {
		if k != stratum && r.members[set]>>k&1 == 1 {
			most = max(most, rate)
		}
	}
	return most
}

func (r *rates) total() (sum float64) {
	for set, mass := range r.mass {
		sum += mass * r.of(set)
	}
	return sum
}

// share and sampled return the share of a stratum in the population and in the sample.
func (r *rates) share(stratum int) (sum float64) {
	for set, mass := range r.mass {
		if r.members[set]>>stratum&1 == 1 {
			sum += mass
		}
	}
	return sum
}

func (r *rates) sampled(stratum int) (sum float64) {
	for set, mass := range r.mass {
		if r.members[set]>>stratum&1 == 1 {
			sum += mass * r.of(set)
		}
	}
	return sum / r.total()
}

// Limits of solve.
const (
	mostSweeps  = 100_000
	highestRate = 1e9
)

// solve finds the lowest rates, at least 1, with which the strata have their least
// numbers of persons: one after the other given those of the others, until none changes.
// It returns false if no rates are high enough.
func (r *rates) solve() bool {
	for range mostSweeps {
		change := 0.0
		for k, least := range r.atLeast {
			if least == 0 {
				continue
			}
			rate, ok := r.lowest(k, least/r.size)
			if !ok || rate > highestRate {
				return false
			}
			change = max(change, math.Abs(rate-r.rate[k])/rate)
			r.rate[k] = rate
		}
		if change < 1e-14 {
			return true
		}
	}
	return false
}

// lowest returns the lowest rate of a stratum, at least 1, with which it is at least the
// given share of the sample.
func (r *rates) lowest(stratum int, share float64) (rate float64, ok bool) {
	type part struct{ mass, other float64 } // other is the rate without the stratum
	var parts []part
	rest, least := 0.0, 0.0 // products of mass and rate: of those outside, and of those inside at the rate 1
	for set, mass := range r.mass {
		if r.members[set]>>stratum&1 == 0 {
			rest += mass * r.of(set)
			continue
		}
		other := r.without(set, stratum)
		parts = append(parts, part{mass, other})
		least += mass * max(1, other)
	}
	if rest == 0 {
		return 1, share <= 1
	}
	if share >= 1 {
		return 0, false
	}
	target := share / (1 - share) * rest
	if least >= target {
		return 1, true
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(b.other, a.other) })
	fixed := 0.0 // of parts whose other rate is higher than the solution
	for i, p := range parts {
		mass := 0.0
		for _, q := range parts[i:] {
			mass += q.mass
		}
		if rate = (target - fixed) / mass; rate >= p.other {
			return rate, true
		}
		fixed += p.mass * p.other
	}
	return rate, !math.IsInf(rate, 1)
}

// controlStrata has the sampler meet the number of persons of each stratum, and, within
// each class of rates, every distribution of the plan: weighted shares are then as exact
// as those of the sample.
func (c *compiler) controlStrata(m *sample.Model) {
	cards := make([]int, len(m.Vars))
	for v, x := range m.Vars {
		cards[v] = x.Card
	}
	add := func(name string, rank int, scope []int, cell []int32) {
		host := slices.IndexFunc(m.Steps, func(s sample.Step) bool { return containsAll(append(slices.Clone(s.Given), s.Var), scope) })
		if host < 0 {
			return
		}
		s := &m.Steps[host]
		x := sample.Control{Name: name, Scope: scope, Rank: rank}
		x.Cell, x.Share = numberedCells(cell, marginalOf(cards, append(slices.Clone(s.Given), s.Var), s.Weight, scope))
		m.Controls = append(m.Controls, x)
		c.controls = append(c.controls, control{x, bundle.Control{Expected: bundle.NoExpected}})
	}
	d, part := c.plan.Population.Design, c.onVariables(c.strata.sets)
	distributions := slices.Clone(m.Controls)
	byText := indicesOf(d.Strata) // so that the order of the spec does not matter
	slices.SortStableFunc(byText, func(a, b int) int { return strings.Compare(d.Strata[a].When, d.Strata[b].When) })
	for _, s := range byText {
		cell := make([]int32, len(part.cell))
		for k, set := range part.cell {
			cell[k] = int32(c.strata.members[set]>>s&1) - 1
		}
		add("stratum "+d.Strata[s].When, 1, part.scope, cell)
	}
	if len(d.Classes) == 1 {
		return
	}
	rate := len(m.Vars) - 1
	classes := make([]int32, len(d.Classes))
	for class := range classes {
		classes[class] = int32(class)
	}
	add(rateVariable, 1, []int{rate}, classes)
	for i := range distributions {
		x := &distributions[i]
		cell := make([]int32, 0, len(x.Cell)*len(d.Classes))
		for _, at := range x.Cell {
			for class := range d.Classes {
				if at < 0 {
					cell = append(cell, -1)
				} else {
					cell = append(cell, at*int32(len(d.Classes))+int32(class))
				}
			}
		}
		add(x.Name+" by "+rateVariable, min(x.Rank+1, 3), append(slices.Clone(x.Scope), rate), cell)
	}
}

// numberedCells numbers the cells of a control in the order of its configurations, and
// sums their shares.
func numberedCells(cell []int32, p []float64) (numbered []int32, share []float64) {
	number := map[int32]int32{}
	for k, at := range cell {
		if at < 0 {
			numbered = append(numbered, -1)
			continue
		}
		i, known := number[at]
		if !known {
			i = int32(len(share))
			number[at], share = i, append(share, 0)
		}
		numbered = append(numbered, i)
		share[i] += p[k]
	}
	return numbered, share
}
