package kind

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
)

// A number field meets published statistics by a factor for each of their groups
// (and, where a group has a quantile beside its location, a factor of the spread):
// the mean of a group is a sum over the persons' distributions, weighted by the fitted
// joint distribution, and rises with the factor, so one root search meets one figure.
// Several statistics are met in turn until all are met at once, which is iterative
// proportional scaling (Deming and Stephan 1940; Darroch and Ratcliff 1972) for
// figures in place of counts. Figures that contradict each other within their rounding
// are then met within the rounding only, by projections onto the intervals.

// addStatistics gives a number the statistics of its stanza, and a factor of 1 to
// every group that it does not have from an earlier one.
func (c *Compiler) addStatistics(p *number, f *Field) bool {
	type place struct{ scale, position int }
	known := map[string]place{}
	second := map[string]bool{}
	for _, s := range f.Statistics {
		keys := make([]string, len(s.Groups))
		fresh := false
		for i := range keys {
			keys[i] = s.key(i)
			_, met := known[keys[i]]
			fresh = fresh || !met
		}
		at := len(p.Scales)
		if fresh {
			p.Scales = append(p.Scales, scale{By: s.Of, Factors: ones(len(s.Groups) + 1), Calibrated: true})
		}
		for i, key := range keys {
			if _, met := known[key]; !met {
				known[key] = place{at, i + 1}
				s.Role[i] = Location
			} else if s.Role[i] = Tested; s.IsQuantile() && !second[key] && p.spreads() {
				s.Role[i], second[key] = Spread, true
				if sc := &p.Scales[known[key].scale]; sc.Spreads == nil {
					sc.Spreads = ones(len(sc.Factors))
				}
			}
			s.scale, s.position = append(s.scale, known[key].scale), append(s.position, int32(known[key].position))
		}
	}
	size := len(p.Shapes)
	for _, sc := range p.Scales {
		if size *= len(sc.Factors); size > maxShapes {
			c.Diags.Errorf(f.Place, "too-many-factors", "%d distributions, %d lists of factors and the groups of the statistics give more than %d combinations", len(p.Shapes), len(p.Scales), maxShapes).
				WithHint("use fewer distinct factors, or statistics by fewer groups")
			return false
		}
	}
	return true
}

func ones(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

// key identifies the persons of a group.
func (s *Statistic) key(group int) string {
	var key strings.Builder
	fmt.Fprint(&key, s.Of.Fields, " ")
	first, last := -1, 0
	for config, at := range s.Of.Case { // runs of configurations
		in := int(at) == group+1
		if in && first < 0 {
			first = config
		}
		if in {
			last = config
		}
		if !in && first >= 0 {
			fmt.Fprintf(&key, "%d-%d ", first, last)
			first = -1
		}
	}
	if first >= 0 {
		fmt.Fprintf(&key, "%d-%d ", first, last)
	}
	return key.String()
}

// spreads reports whether every distribution of the number has a spread.
func (p *number) spreads() bool {
	return !slices.ContainsFunc(p.Shapes, func(s Shape) bool { return s.Kind != "" && !s.gaussian() })
}

// target is a figure to meet.
type target struct {
	of    *Statistic
	group int
	value float64 // of the whole group; a mean for a total
	half  float64 // how far rounding may move it
	mass  float64
	cells []*cell
}

func (t *target) name() string {
	return fmt.Sprintf("%s of %s", t.of.Title(), t.of.GroupName(t.group))
}

func (t *target) published() float64 { return t.of.Published[t.group] }

// unit is what a total is of the mean that stands for it, 1 for other statistics.
func (t *target) unit() float64 {
	if t.of.Measure != Total || t.value == 0 {
		return 1
	}
	return t.published() / t.value
}

// cell is a distribution with the persons who have it.
type cell struct {
	shape     Shape
	fixed     float64 // product of the factors of the spec
	weight    float64
	positions []int // in each scale
	dist      int
	rounding  float64 // what rounding adds to the mean, at the factors of the last measurement
}

// lever is a factor and what it must meet.
type lever struct {
	scale, position  int
	location, spread *target
	cells            []*cell
}

type calibration struct {
	p      *number
	f      *Field
	diags  *diag.List
	cells  []*cell
	sorted byPosition
	levers []*lever
	swept  bool // every lever has met its figures once
}

// byPosition lists cells by scale and position in it.
type byPosition [][][]*cell

func (p *number) sort(cells []*cell) byPosition {
	out := make(byPosition, len(p.Scales))
	for i := range out {
		out[i] = make([][]*cell, len(p.Scales[i].Factors))
		if p.Scales[i].Calibrated {
			for _, q := range cells {
				out[i][q.positions[i]] = append(out[i][q.positions[i]], q)
			}
		}
	}
	return out
}

// of returns a group's cells and their share of persons.
func (b byPosition) of(s *Statistic, group int) (cells []*cell, mass float64) {
	cells = b[s.scale[group]][s.position[group]]
	for _, q := range cells {
		mass += q.weight
	}
	return cells, mass
}

// Calibrate finds the factors with which a number field meets its published statistics
// in the whole population, and what it then reaches there and among the persons wanted.
// Both joints are over f.Inputs; persons is how many the whole population has. It
// reports figures that cannot be met.
func (c *Compiler) Calibrate(f *Field, whole, wanted *Joint, persons float64) {
	p, ok := f.Program.(*number)
	if !ok || len(f.Statistics) == 0 {
		return
	}
	x := &calibration{p: p, f: f, diags: c.Diags, cells: p.cells(f, whole)}
	x.sorted = p.sort(x.cells)
	x.aim(persons)
	if !x.agree(persons) || !x.solve() {
		return
	}
	x.round()
	x.measure(x.sorted, persons, func(s *Statistic) []float64 { return s.Reached })
	x.measure(p.sort(p.cells(f, wanted)), persons, func(s *Statistic) []float64 { return s.Expected })
	x.doubt()
}

// cells lists the distributions of the field with the shares of persons who have them.
func (p *number) cells(f *Field, j *Joint) []*cell {
	type reader func(int) int32
	cases, when := reader(j.reader(p.Cases)), reader(j.reader(f.When))
	var scales []reader
	for i := range p.Scales {
		scales = append(scales, j.reader(p.Scales[i].By))
	}
	at := map[int]*cell{}
	var out []*cell
	for config, mass := range j.Mass {
		if mass <= 0 || f.When != nil && when(config) != 1 {
			continue
		}
		shape := int(cases(config))
		if p.Shapes[shape].Kind == "" {
			continue
		}
		dist := shape
		for i, read := range scales {
			dist = dist*len(p.Scales[i].Factors) + int(read(config))
		}
		q := at[dist]
		if q == nil {
			q = &cell{shape: p.Shapes[shape], fixed: 1, dist: dist}
			for i, read := range scales {
				q.positions = append(q.positions, int(read(config)))
				if !p.Scales[i].Calibrated {
					q.fixed *= p.Scales[i].Factors[q.positions[i]]
				}
			}
			at[dist] = q
			out = append(out, q)
		}
		q.weight += mass
	}
	slices.SortFunc(out, func(a, b *cell) int { return cmp.Compare(a.dist, b.dist) })
	return out
}

// now returns a cell's distribution with the present factors.
func (x *calibration) now(q *cell) truncated {
	factor, spread := q.fixed, 1.0
	for i, at := range q.positions {
		if sc := &x.p.Scales[i]; sc.Calibrated {
			factor *= sc.Factors[at]
			if sc.Spreads != nil {
				spread *= sc.Spreads[at]
			}
		}
	}
	shape := q.shape
	shape.B *= spread
	return newTruncated(shape.scaled(factor), x.p.Limits)
}

// aim lists the figures to meet. It sets the masses of all groups and warns of groups
// of nobody.
func (x *calibration) aim(persons float64) {
	at := map[[2]int]*lever{}
	for _, s := range x.f.Statistics {
		for i := range s.Groups {
			t := &target{of: s, group: i, value: s.Published[i], half: s.Rounded[i] / 2}
			t.cells, t.mass = x.sorted.of(s, i)
			s.Mass[i] = t.mass
			if t.mass == 0 {
				x.diags.Warnf(s.Places[i], "nobody", "the %s of %q is about nobody: the tables leave no person with a value there", t.name(), x.f.Name).
					WithHint("remove the figure, or correct the tables or the condition")
				continue
			}
			if s.Measure == Total {
				t.value, t.half = t.value/(persons*t.mass), t.half/(persons*t.mass)
			}
			key := [2]int{s.scale[i], int(s.position[i])}
			if s.Role[i] == Tested {
				continue
			}
			l := at[key]
			if l == nil {
				l = &lever{scale: key[0], position: key[1], cells: t.cells}
				at[key], x.levers = l, append(x.levers, l)
			}
			if s.Role[i] == Location {
				l.location = t
			} else {
				l.spread = t
			}
		}
	}
}

// value returns what a target's statistic is with the present factors: a mean, or the
// share of persons up to the quantile.
func (x *calibration) value(t *target, aim float64) float64 {
	sum := 0.0
	for _, q := range t.cells {
		d := x.now(q)
		if t.of.IsQuantile() {
			sum += float64(q.weight * d.below(aim))
		} else {
			mean := d.mean(x.p.Limits)
			sum += float64(q.weight * mean)
			if q.rounding = 0; d.mass > 0 {
				q.rounding = mean - d.plainMean()
			}
		}
	}
	return sum / t.mass
}

// quickGap is gap for searches: the effect of rounding on a mean is that of the last
// measurement. It changes little with the factor, and the sweeps measure it again.
func (x *calibration) quickGap(t *target, aim float64) float64 {
	if t.of.IsQuantile() {
		return x.gap(t, aim)
	}
	sum := 0.0
	for _, q := range t.cells {
		if d := x.now(q); d.mass > 0 {
			sum += float64(q.weight * (d.plainMean() + q.rounding))
		} else {
			sum += float64(q.weight * d.nearest())
		}
	}
	return aim - sum/t.mass
}

// gap is the distance of a target's statistic from aim, positive when it is too low.
func (x *calibration) gap(t *target, aim float64) float64 {
	if t.of.IsQuantile() {
		return x.value(t, aim) - t.of.P
	}
	return aim - x.value(t, aim)
}

// Constants of solve. A sweep that leaves no target further from its figure than
// closest is the last; stallAfter sweeps that do not halve the distance end the exact
// search.
const (
	closest    = 1e-9
	stallAfter = 12
	mostSweeps = 400
)

// solve meets every target, exactly or at least within its rounding.
func (x *calibration) solve() bool {
	best, since := math.Inf(1), 0
	for range mostSweeps {
		worst := 0.0
		for _, l := range x.levers {
			d, ok := x.meet(l, l.location.value, l.spreadValue())
			if !ok {
				return false
			}
			worst = max(worst, d)
		}
		x.swept = true
		if worst <= closest {
			return x.withinLimits()
		}
		if since++; worst < best/2 {
			best, since = worst, 0
		}
		if since >= stallAfter {
			break
		}
	}
	var unmet []*target
	for range mostSweeps {
		unmet = nil
		for _, l := range x.levers {
			location, off := x.nearest(l.location)
			if off {
				unmet = append(unmet, l.location)
			}
			spread := 0.0
			if l.spread != nil {
				var offToo bool
				if spread, offToo = x.nearest(l.spread); offToo {
					unmet = append(unmet, l.spread)
				}
				off = off || offToo
			}
			if off {
				if _, ok := x.meet(l, location, spread); !ok {
					return false
				}
			}
		}
		if unmet == nil {
			return x.withinLimits()
		}
	}
	x.contradiction(unmet)
	return false
}

// off lists the targets that are not within their rounding.
func (x *calibration) off() (unmet []*target) {
	for _, l := range x.levers {
		for _, t := range []*target{l.location, l.spread} {
			if t == nil {
				continue
			}
			if _, off := x.nearest(t); off {
				unmet = append(unmet, t)
			}
		}
	}
	return unmet
}

// contradiction reports figures that cannot be met together.
func (x *calibration) contradiction(unmet []*target) {
	t := unmet[0]
	d := x.diags.Errorf(t.of.Places[t.group], "contradiction", "the statistics of %q cannot be met together within their rounding: the %s comes to %.6g and is published as %v", x.f.Name, t.name(), x.reached(t)*t.unit(), t.published()).
		WithHint("correct a figure, or say how the figures are rounded (rounded: …)")
	for i, t := range unmet[1:] {
		if i == 4 {
			d.Note("and %d more figures", len(unmet)-1-i)
			break
		}
		d.Note("the %s comes to %.6g and is published as %v", t.name(), x.reached(t)*t.unit(), t.published())
	}
}

func (l *lever) spreadValue() float64 {
	if l.spread == nil {
		return 0
	}
	return l.spread.value
}

// nearest returns the figure to aim at for a target that is off its interval: a little
// inside the interval, so that the sweeps end.
func (x *calibration) nearest(t *target) (aim float64, off bool) {
	const inside = 0.98
	low, high := t.value-t.half, t.value+t.half
	slack := closest * max(math.Abs(t.value), t.half)
	if !t.of.IsQuantile() {
		v := x.value(t, 0)
		switch {
		case v < low-slack:
			return t.value - inside*t.half, true
		case v > high+slack:
			return t.value + inside*t.half, true
		}
		return v, false
	}
	switch {
	case x.gap(t, low) > closest:
		return t.value - inside*t.half, true
	case x.gap(t, high) < -closest:
		return t.value + inside*t.half, true
	}
	return x.reached(t), false
}

// meet sets the factors of a lever so that its figures are met. It returns how far off
// they were: relative for a mean, as a share of persons for a quantile.
func (x *calibration) meet(l *lever, location, spread float64) (off float64, ok bool) {
	off = math.Abs(x.gap(l.location, location))
	if !l.location.of.IsQuantile() {
		off /= max(math.Abs(location), l.location.half, 1e-9)
	}
	if l.spread != nil {
		off = max(off, math.Abs(x.gap(l.spread, spread)))
	}
	if off <= closest/10 {
		return off, true
	}
	sc := &x.p.Scales[l.scale]
	place := func() bool {
		return root(&sc.Factors[l.position], func() float64 { return x.quickGap(l.location, location) })
	}
	if l.spread == nil {
		if !place() {
			x.unreachable(l.location, location)
			return off, false
		}
		return off, true
	}
	// The location is met anew for every spread. Of two spreads that meet the quantile,
	// as an upper quantile of a lognormal distribution has, the smaller one is taken.
	b := &sc.Spreads[l.position]
	reach := true
	f := func(value float64) float64 {
		*b = value
		reach = place() && reach
		return x.gap(l.spread, spread)
	}
	const least, most, step = 1.0 / 256, 64, 1.25
	low := least
	before := f(low)
	for high := low * step; high <= most; low, high = high, high*step {
		at := f(high)
		if before == 0 || (before < 0) != (at < 0) {
			*b = bisect(low, high, before, f)
			f(*b)
			if !reach {
				x.unreachable(l.location, location)
			}
			return off, reach
		}
		before = at
	}
	if unmet := x.off(); x.swept && len(unmet) > 0 {
		x.contradiction(unmet)
		return off, false
	}
	x.diags.Errorf(l.spread.of.Places[l.spread.group], "unreachable", "no spread of %q gives the %s as %.6g beside the %s of %.6g", x.f.Name, l.spread.name(), spread, l.location.name(), location).
		WithHint("check the two figures, or choose another distribution")
	return off, false
}

// root changes a factor until f is 0. It reports whether there is such a factor.
func root(factor *float64, f func() float64) bool {
	const most = 60 // of the logarithm's change
	start := log(*factor)
	g := func(x float64) float64 {
		*factor = exp(x)
		return f()
	}
	at := g(start)
	if at == 0 {
		return true
	}
	for width := 1e-3; ; width = min(width*4, most) {
		for _, end := range []float64{start - width, start + width} {
			if there := g(end); (there < 0) != (at < 0) || there == 0 {
				*factor = exp(bisect(start, end, at, g))
				return true
			}
		}
		if width == most {
			break
		}
	}
	*factor = exp(start)
	return false
}

// bisect returns where f is 0 between a and b, by the method of Illinois (Dowell and
// Jarratt 1971, "A modified regula falsi method for computing the root of an
// equation"), given f(a).
func bisect(a, b, fa float64, f func(float64) float64) float64 {
	fb := f(b)
	side := 0
	for range 200 {
		if fb == 0 || fa == 0 || math.Abs(b-a) <= 1e-13*max(math.Abs(a), math.Abs(b), 1e-3) {
			break
		}
		c := b - float64(fb*(b-a))/(fb-fa)
		if !(c > min(a, b) && c < max(a, b)) {
			c = a + (b-a)/2
		}
		fc := f(c)
		if (fc < 0) == (fb < 0) {
			if b, fb = c, fc; side == -1 {
				fa /= 2
			}
			side = -1
		} else {
			if a, fa = c, fc; side == 1 {
				fb /= 2
			}
			side = 1
		}
		if math.Abs(fc) < 1e-15 {
			return c
		}
	}
	if fa == 0 {
		return a
	}
	return b
}

// unreachable reports a figure that no factor gives.
func (x *calibration) unreachable(t *target, aim float64) {
	if unmet := x.off(); x.swept && len(unmet) > 0 { // the figure alone can be met
		x.contradiction(unmet)
		return
	}
	x.diags.Errorf(t.of.Places[t.group], "unreachable", "no factor of %q gives the %s as %.6g; its distribution gives %.6g", x.f.Name, t.name(), aim*t.unit(), x.reached(t)*t.unit()).
		WithHint("a factor cannot move a distribution with mean 0 or beyond min and max: correct the figure, the distribution or the limits")
}

// withinLimits reports a distribution that the factors moved out of the limits.
func (x *calibration) withinLimits() bool {
	for _, l := range x.levers {
		for _, q := range l.cells {
			if d := x.now(q); d.mass < leastMass {
				t := l.location
				x.diags.Errorf(t.of.Places[t.group], "unreachable", "the %s of %q would be %v only with a distribution that has almost no probability between min and max", t.name(), x.f.Name, t.published()).
					WithHint("correct the figure, the distribution or the limits")
				return false
			} else if largest := max(math.Abs(d.quantile(1e-12)), math.Abs(d.quantile(1-1e-12))); !(largest <= maxNumber) {
				t := l.location
				x.diags.Errorf(t.of.Places[t.group], "huge-number", "with the %s as %v, the distribution of %q has values such as %g, and numbers are at most %g", t.name(), t.published(), x.f.Name, largest, float64(maxNumber)).
					WithHint("check the figure, or count in larger units")
				return false
			}
		}
	}
	return true
}

// round rounds the factors to ten digits, which are the same on every machine.
func (x *calibration) round() {
	tidy := func(factors []float64) {
		for i, v := range factors {
			scale := math.Pow10(9 - int(math.Floor(math.Log10(v))))
			factors[i] = math.Round(v*scale) / scale
		}
	}
	for i := range x.p.Scales {
		if sc := &x.p.Scales[i]; sc.Calibrated {
			tidy(sc.Factors)
			tidy(sc.Spreads)
		}
	}
}

// doubt warns of statistics whose figures were only tested and are not reached, with the
// group that is furthest off.
func (x *calibration) doubt() {
	for _, s := range x.f.Statistics {
		worst, most := -1, 0.0
		for i, role := range s.Role {
			if role != Tested || s.Mass[i] == 0 {
				continue
			}
			off := math.Abs(s.Reached[i] - s.Published[i])
			if scale := max(math.Abs(s.Published[i]), s.Rounded[i], 1e-300); off > s.Rounded[i]/2*(1+1e-6)+1e-6*scale && off/scale > most {
				worst, most = i, off/scale
			}
		}
		if worst >= 0 {
			x.diags.Warnf(s.Places[worst], "off", "the %s of %s of %q comes to %.6g and is published as %v; nothing aims at it, because other figures of the group decide its location and spread", s.Title(), s.GroupName(worst), x.f.Name, s.Reached[worst], s.Published[worst]).
				WithHint("choose another distribution, or remove the figure")
		}
	}
}

// measure computes the statistics over some cells.
func (x *calibration) measure(cells byPosition, persons float64, to func(*Statistic) []float64) {
	for _, s := range x.f.Statistics {
		for i := range s.Groups {
			t := &target{of: s, group: i}
			if t.cells, t.mass = cells.of(s, i); t.mass == 0 {
				continue
			}
			v := x.reached(t)
			if s.Measure == Total {
				v *= persons * s.Mass[i]
			}
			to(s)[i] = TenDigits(v)
		}
	}
}

// TenDigits rounds a number to ten significant digits, which are the same on every
// machine. Infinities and NaN become 0.
func TenDigits(x float64) float64 {
	if x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return 0
	}
	scale := math.Pow(10, 9-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}

// reached returns a target's statistic with the present factors.
func (x *calibration) reached(t *target) float64 {
	if !t.of.IsQuantile() {
		return x.value(t, 0)
	}
	low, high := math.Inf(1), math.Inf(-1)
	var parts []truncated
	for _, q := range t.cells {
		d := x.now(q)
		parts = append(parts, d)
		v := d.quantile(t.of.P)
		low, high = min(low, v), max(high, v)
	}
	for range 100 {
		middle := low + (high-low)/2
		if middle <= low || middle >= high {
			break
		}
		below := 0.0
		for i, q := range t.cells {
			below += float64(q.weight * parts[i].below(middle))
		}
		if below < t.of.P*t.mass {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}
