package compile

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/spec"
)

// fittedStatistic is a published statistic that the fit meets.
type fittedStatistic struct {
	field     *kind.Field
	statistic *kind.Statistic
	part      constraint // a cell for each group and value of the field
	points    []float64  // of the values, in quantiles
}

// readMeans reads the published statistics of fitted fields and of groups of whole
// numbers. Their groups may be by fields that are computed from the field itself, so all
// fields are compiled before.
func (c *compiler) readMeans() {
	for i := range c.spec.Fields {
		s := &c.spec.Fields[i]
		f := c.kinds.Fields[s.Name]
		if f == nil {
			continue
		}
		listed := kind.StatisticStanzas(s)
		if !f.MeetsByFit() {
			if f.Domain != nil && len(listed) > 0 {
				c.diags.Errorf(listed[0].Place, "not-whole", "the labels of group %q are texts, which have no statistics", f.Name).WithHint(`add type: "integer" if they are whole numbers`)
			}
			continue
		}
		scored := s.Body.Get("means") != nil || s.Body.Get("totals") != nil || len(listed) > 0 && !f.Domain.Integer
		if scores := s.Body.Get("scores"); scores != nil && !scored {
			c.diags.Warnf(scores.Place, "scores", "the scores of %q are not used: the field has no means", f.Name).WithHint("add means, or remove scores")
		}
		if len(listed) == 0 || scored && !c.readScores(s, f, listed[0].Place) {
			continue
		}
		points := f.Points()
		least, greatest := slices.Min(points), slices.Max(points)
		if scored {
			least, greatest = slices.Min(f.Scores), slices.Max(f.Scores)
		}
		statistics, ok := c.kinds.ReadStatistics(s, least, greatest, points)
		if !ok {
			continue
		}
		f.Statistics = statistics
		for _, x := range statistics {
			for k := range x.Role {
				x.Role[k] = kind.Fit
			}
			c.addMean(s, f, x)
		}
	}
}

// readScores sets the number that each value of a fitted field stands for.
func (c *compiler) readScores(s *spec.Field, f *kind.Field, at diag.Place) bool {
	scores := s.Body.Get("scores")
	if scores != nil {
		for _, e := range scores.Fields {
			if _, ok := f.Domain.Index(e.Name); !ok {
				c.unknownLabel(f, e.Name, e.Place)
				return false
			}
		}
	}
	for i := range f.Domain.Size() {
		label := f.Domain.Label(i)
		if n := scores.Get(label); n != nil {
			f.Scores = append(f.Scores, n.Number)
			continue
		}
		x, err := strconv.ParseFloat(label, 64)
		if err != nil || math.IsNaN(x) || math.Abs(x) > 1e15 {
			c.diags.Errorf(at, "no-score", "the value %q of %q is not a number, which its statistics need", label, f.Name).
				WithHint("say what it stands for: scores: {%q: …}", label)
			return false
		}
		f.Scores = append(f.Scores, x)
	}
	return true
}

func (c *compiler) addMean(s *spec.Field, f *kind.Field, x *kind.Statistic) {
	names := []string{f.Name}
	if !c.fits(append(slices.Clone(names), x.Of.Fields...), s.Place) {
		return
	}
	group := c.space.compose(x.Of, c.kinds.Fields)
	part := c.space.join(names, c.kinds.Fields)
	part = c.space.restrict(part, group) // outside all groups: no cell
	size := f.Domain.Size()
	if x.IsQuantile() {
		if len(x.Groups)*size > mostInGroups {
			c.diags.Errorf(x.Places[0], "too-wide", "the %s of %q has %d groups of %d values, which is more than %d", x.Title(), f.Name, len(x.Groups), size, mostInGroups).
				WithHint("use groups with fewer values")
			return
		}
		x.ShareUpto, x.ShareBelow = make([]float64, len(x.Groups)), make([]float64, len(x.Groups))
	}
	of := c.space.reader(part.scope, group)
	part.cells = len(x.Groups) * size
	for k, slot := range part.cell {
		switch {
		case slot < 0:
		case int(slot) >= size: // null
			part.cell[k] = -1
		default:
			part.cell[k] = (of(k)-1)*int32(size) + slot
			if x.Across == kind.AcrossUnits && f.Scores[slot] <= 0 {
				c.diags.Errorf(x.Places[of(k)-1], "empty-unit", "the %s of %q is about units of as many persons as the value says, and %s stands for %g persons", x.Title(), f.Name, strconv.Quote(f.Domain.Label(int(slot))), f.Scores[slot]).
					WithHint("leave these persons out with where, or give scores, or the mean across persons")
				return
			}
		}
	}
	c.means = append(c.means, fittedStatistic{f, x, part, f.Points()})
}

// poseMeans states the statistics for the fit.
func (c *compiler) poseMeans() {
	for i := range c.means {
		x := &c.means[i]
		part := c.onVariables(x.part)
		if x.statistic.IsQuantile() {
			c.poseQuantile(i, part)
		} else {
			c.poseMean(i, part)
		}
		c.problem.Together = append(c.problem.Together, part.scope)
	}
}

// posed says of which statistic a demand of the fit is.
type posed struct {
	statistic int // in compiler.means
	end       int // of a quantile's interval: figure, lowerEnd or upperEnd
}

const (
	figure = iota
	lowerEnd
	upperEnd
)

// pose adds a demand for means of a score, without targets, to the problem. The score is
// given by the group and the value of the field.
func (c *compiler) pose(i, end int, part constraint, score func(group, value int) float64) *fit.Mean {
	x := &c.means[i]
	size := x.field.Domain.Size()
	m := fit.Mean{Name: x.field.Name + " " + x.statistic.Name + [...]string{"", " lower end", " upper end"}[end], Scope: part.scope, Group: make([]int32, len(part.cell)), Score: make([]float64, len(part.cell))}
	for k, cell := range part.cell {
		m.Group[k] = -1
		if cell >= 0 {
			group, value := int(cell)/size, int(cell)%size
			m.Group[k], m.Score[k] = int32(group), score(group, value)
		}
	}
	c.problem.Means = append(c.problem.Means, m)
	c.posed = append(c.posed, posed{i, end})
	return &c.problem.Means[len(c.problem.Means)-1]
}

// poseMean states a mean or a total.
func (c *compiler) poseMean(i int, part constraint) {
	s, scores := c.means[i].statistic, c.means[i].field.Scores
	m := c.pose(i, figure, part, func(_, value int) float64 { return s.Linear(scores[value]) })
	greatest := math.Inf(-1)
	for k, g := range m.Group {
		if g >= 0 {
			greatest = max(greatest, m.Score[k])
		}
	}
	for g, v := range s.Published {
		target, half := s.Linear(v), s.Rounded[g]/2
		below, above := half, half
		if s.Across != "" {
			low, high := s.Interval(g)
			below, above = target-low, max(min(high, greatest)-target, 0)
		}
		if s.Measure == kind.Total {
			persons := float64(c.spec.Population.Persons)
			m.Total, target, below, above = true, target/persons, below/persons, above/persons
		}
		m.Target, m.Below, m.Above = append(m.Target, target), append(m.Below, below), append(m.Above, above)
	}
}

// Margins by which a quantile that is off is put within its interval, as shares of the
// persons. A quantile that is a value has a step of the distribution there, so half a
// point keeps a sample's quantile from being the next value.
const (
	valueMargin        = 0.005
	interpolatedMargin = 0.0001
)

// poseQuantile states a quantile: no more than P of the persons are before the interval
// of figures that are rounded to it, and no less up to its end. An interpolated one is
// aimed at exactly as long as the figures agree.
func (c *compiler) poseQuantile(i int, part constraint) {
	s, points := c.means[i].statistic, c.means[i].points
	margin := valueMargin
	if s.Interpolate != kind.NotInterpolated {
		m := c.pose(i, figure, part, func(group, value int) float64 { return s.Upto(points[value], s.Published[group]) })
		for range s.Groups {
			m.Target, m.Below, m.Above = append(m.Target, s.P), append(m.Below, 1), append(m.Above, 1)
		}
		margin = interpolatedMargin
	}
	margin = min(margin, s.P/2, (1-s.P)/2)
	m := c.pose(i, lowerEnd, part, func(group, value int) float64 {
		low, _ := s.Range(group)
		return s.Before(points[value], low)
	})
	m.Free = true
	for range s.Groups {
		m.Target, m.Below, m.Above = append(m.Target, s.P-margin), append(m.Below, 1), append(m.Above, margin)
	}
	m = c.pose(i, upperEnd, part, func(group, value int) float64 {
		_, high := s.Range(group)
		return s.Upto(points[value], high)
	})
	m.Free = true
	for range s.Groups {
		m.Target, m.Below, m.Above = append(m.Target, s.P+margin), append(m.Below, margin), append(m.Above, 1)
	}
}

// reportMeans sets what fitted statistics reach, and warns of groups of nobody.
func (c *compiler) reportMeans() {
	for i := range c.means {
		x := &c.means[i]
		s := x.statistic
		whole, ok := c.groupsIn(x, c.whole)
		if !ok {
			continue
		}
		wanted, _ := c.groupsIn(x, c.wanted)
		for g := range s.Groups {
			s.Mass[g] = whole.mass[g]
			s.Reached[g], s.Expected[g] = kind.TenDigits(whole.figure(x, g)), kind.TenDigits(wanted.figure(x, g))
			if s.Measure == kind.Total { // of as many persons as the whole population has
				persons := float64(c.spec.Population.Persons) * s.Mass[g]
				s.Reached[g], s.Expected[g] = kind.TenDigits(s.Reached[g]*persons), kind.TenDigits(s.Expected[g]*persons)
			}
			if s.IsQuantile() && wanted.mass[g] > 0 {
				s.ShareUpto[g], s.ShareBelow[g] = wanted.shares(x, g)
			}
			if s.Mass[g] == 0 {
				c.diags.Warnf(s.Places[g], "nobody", "the %s of %s of %q is about nobody: the tables leave no person with a value there", s.Title(), s.GroupName(g), x.field.Name).
					WithHint("remove the figure, or correct the tables or the condition")
			}
		}
	}
}

// shares returns the shares of a group's persons whose values count as at most its
// published quantile, and of those whose values count in full.
func (o *groupsOf) shares(x *fittedStatistic, group int) (upto, full float64) {
	size := x.field.Domain.Size()
	for i, v := range x.points {
		share := x.statistic.Upto(v, x.statistic.Published[group])
		p := o.values[group*size+i] / o.mass[group]
		upto += float64(p * share)
		if share == 1 {
			full += p
		}
	}
	return kind.TenDigits(upto), kind.TenDigits(full)
}

// mostInGroups is the largest number of groups of a quantile times values of the field.
const mostInGroups = 1 << 22

// groupsOf are the groups of a statistic in a distribution.
type groupsOf struct {
	mass   []float64 // shares of all persons
	sum    []float64 // of the scores, on the scale of the statistic's Linear
	values []float64 // of a quantile: shares of all persons, by group and value
}

// groupsIn returns the groups of a statistic in a distribution.
func (c *compiler) groupsIn(x *fittedStatistic, r *fit.Result) (groupsOf, bool) {
	n, size := len(x.statistic.Groups), x.field.Domain.Size()
	out := groupsOf{mass: make([]float64, n)}
	if x.statistic.IsQuantile() {
		out.values = make([]float64, n*size)
	} else {
		out.sum = make([]float64, n)
	}
	part := c.onVariables(x.part)
	p, err := r.Marginal(part.scope)
	if err != nil {
		c.diags.Errorf(x.field.Place, "marginal", "the statistics of %q cannot be read from the fit: %v", x.field.Name, err).WithHint("use groups with fewer values")
		return out, false
	}
	for k, cell := range part.cell {
		if cell < 0 {
			continue
		}
		group := int(cell) / size
		out.mass[group] += p[k]
		if out.values != nil {
			out.values[cell] += p[k]
		} else {
			out.sum[group] += p[k] * x.statistic.Linear(x.field.Scores[int(cell)%size])
		}
	}
	return out, true
}

// figure returns the mean or quantile of a group, 0 if nobody is in it.
func (o *groupsOf) figure(x *fittedStatistic, group int) float64 {
	switch {
	case o.mass[group] == 0:
		return 0
	case o.values != nil:
		size := x.field.Domain.Size()
		return x.statistic.QuantileOf(x.points, o.values[group*size:(group+1)*size], group)
	}
	return x.statistic.Linear(o.sum[group] / o.mass[group])
}

// disagree reports statistics of a field that imply different ones of the same persons,
// whose shares are those of the fit without means.
func (c *compiler) disagree(f *kind.Field, tied []int, problem fit.Problem) bool {
	problem.Means = nil
	r, err := fit.Fit(c.ctx, &problem, fit.Options{MaxCells: c.opts.MaxCells, Progress: c.opts.Progress})
	if err != nil {
		return false
	}
	var names []string
	for _, s := range f.Statistics {
		for _, name := range s.Of.Fields {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	j, ok := c.jointOf(f, names, c.withLoose(r, tied))
	return ok && c.kinds.Disagree(f, j)
}

// explainMeans reports statistics that the fit cannot meet.
func (c *compiler) explainMeans(e *fit.MeansError, tied []int) {
	type target struct{ statistic, group int }
	var missed []fit.MissedMean // one for each figure
	seen := map[target]bool{}
	for _, m := range e.Missed {
		if k := (target{c.posed[m.Mean].statistic, m.Group}); !seen[k] {
			seen[k], missed = true, append(missed, m)
		}
	}
	first := missed[0]
	x := &c.means[c.posed[first.Mean].statistic]
	place := x.statistic.Places[first.Group]
	if first.Lone {
		c.diags.Errorf(place, "unreachable", "the %s of %s of %q is %v, and %s", x.statistic.Title(), x.statistic.GroupName(first.Group), x.field.Name,
			x.statistic.Published[first.Group], x.possible(first)).WithHint("correct the figure, or the tables and conditions over %q", x.field.Name)
		return
	}
	if _, problem := c.tiedProblem(); c.disagree(x.field, tied, *problem) {
		return
	}
	what := "means"
	if x.statistic.Measure != kind.Mean || slices.ContainsFunc(missed, func(m fit.MissedMean) bool { return c.means[c.posed[m.Mean].statistic].statistic.Measure != kind.Mean }) {
		what = "statistics"
	}
	d := c.diags.Errorf(place, "contradiction", "the %s cannot be met beside the tables and each other within their rounding: %s", what, c.missedText(first)).
		WithHint("correct a figure, say how the %s are rounded (rounded: …), or make a table over %q a pattern", what, x.field.Name)
	for i, m := range missed[1:] {
		if i == 4 {
			d.Note("and %d more %s", len(missed)-1-i, what)
			break
		}
		d.Note("%s", c.missedText(m))
	}
}

// possible says which figures of a group the tables leave.
func (x *fittedStatistic) possible(m fit.MissedMean) string {
	least, greatest := m.Least, m.Greatest
	switch {
	case x.statistic.IsQuantile() && least == greatest && least == 0:
		return "the tables leave there only persons with more"
	case x.statistic.IsQuantile() && least == greatest && least == 1:
		return "the tables leave there only persons with less"
	case x.statistic.IsQuantile():
		return fmt.Sprintf("the tables leave there from %.4g to %.4g %% of the persons below it", 100*least, 100*greatest)
	case x.statistic.Measure == kind.Total:
		return fmt.Sprintf("the tables leave each person there only values from %g to %g", least, greatest)
	case x.statistic.Across != "":
		least, greatest = kind.TenDigits(1/greatest), kind.TenDigits(1/least)
	}
	return fmt.Sprintf("the tables leave there only values from %g to %g", least, greatest)
}

// missedText says by how much a figure was missed.
func (c *compiler) missedText(m fit.MissedMean) string {
	x := &c.means[c.posed[m.Mean].statistic]
	s := x.statistic
	name := fmt.Sprintf("the %s of %s of %q", s.Title(), s.GroupName(m.Group), x.field.Name)
	switch {
	case s.IsQuantile():
		low, high := s.Range(m.Group)
		at := [...]float64{s.Published[m.Group], low, high}[c.posed[m.Mean].end]
		word := "below"
		if s.Interpolate == kind.NotInterpolated && c.posed[m.Mean].end == upperEnd {
			word = "at most"
		}
		return fmt.Sprintf("%s is published as %v, and %.4g %% of the persons are %s %.10g", name, s.Published[m.Group], 100*m.Reached, word, at)
	case s.Measure == kind.Total:
		return fmt.Sprintf("%s is published as %v, which is %.6g per person, and comes to %.6g per person", name, s.Published[m.Group], s.Published[m.Group]*m.Reached, m.Reached)
	}
	return fmt.Sprintf("%s comes to %.6g and is published as %v", name, s.Linear(m.Reached), s.Published[m.Group])
}
