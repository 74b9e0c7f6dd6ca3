package compile

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/spec"
)

// fittedMean is a published mean of a fitted field.
type fittedMean struct {
	field     *kind.Field
	statistic *kind.Statistic
	part      constraint // a cell for each group and value of the field
}

// readMeans reads the published means of fitted fields. Their groups may be by fields
// that are computed from the field itself, so all fields are compiled before.
func (c *compiler) readMeans() {
	for i := range c.spec.Fields {
		s := &c.spec.Fields[i]
		f := c.kinds.Fields[s.Name]
		if f == nil || f.Class != kind.Fitted {
			continue
		}
		if s.Body.Get("means") == nil {
			if scores := s.Body.Get("scores"); scores != nil {
				c.diags.Warnf(scores.Place, "scores", "the scores of %q are not used: the field has no means", f.Name).WithHint("add means, or remove scores")
			}
			continue
		}
		if !c.readScores(s, f) {
			continue
		}
		least, greatest := slices.Min(f.Scores), slices.Max(f.Scores)
		statistics, ok := c.kinds.ReadStatistics(s, least, greatest)
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
func (c *compiler) readScores(s *spec.Field, f *kind.Field) bool {
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
			c.diags.Errorf(s.Body.Get("means").Place, "no-score", "the value %q of %q is not a number, so it has no mean", label, f.Name).
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
	c.means = append(c.means, fittedMean{f, x, part})
}

// poseMeans states the means for the fit.
func (c *compiler) poseMeans() {
	for i := range c.means {
		x := &c.means[i]
		part := c.onVariables(x.part)
		size := int32(x.field.Domain.Size())
		m := fit.Mean{
			Name: x.field.Name + " " + x.statistic.Name, Scope: part.scope,
			Group: make([]int32, len(part.cell)), Score: make([]float64, len(part.cell)),
		}
		greatest := math.Inf(-1)
		for k, cell := range part.cell {
			m.Group[k] = -1
			if cell >= 0 {
				m.Group[k], m.Score[k] = cell/size, x.statistic.Linear(x.field.Scores[cell%size])
				greatest = max(greatest, m.Score[k])
			}
		}
		for g, v := range x.statistic.Published {
			target, half := x.statistic.Linear(v), x.statistic.Rounded[g]/2
			below, above := half, half
			if x.statistic.Across != "" {
				low, high := x.statistic.Interval(g)
				below, above = target-low, max(min(high, greatest)-target, 0)
			}
			m.Target, m.Below, m.Above = append(m.Target, target), append(m.Below, below), append(m.Above, above)
		}
		c.problem.Means = append(c.problem.Means, m)
		c.problem.Together = append(c.problem.Together, part.scope)
	}
}

// reportMeans sets what fitted means reach, and warns of groups of nobody.
func (c *compiler) reportMeans() {
	for i := range c.means {
		x := &c.means[i]
		s := x.statistic
		reached, mass, ok := c.meansIn(x, c.whole)
		if !ok {
			continue
		}
		expected, _, _ := c.meansIn(x, c.wanted)
		for g := range s.Groups {
			s.Mass[g], s.Reached[g], s.Expected[g] = mass[g], kind.TenDigits(reached[g]), kind.TenDigits(expected[g])
			if mass[g] == 0 {
				c.diags.Warnf(s.Places[g], "nobody", "the %s of %s of %q is about nobody: the tables leave no person with a value there", s.Title(), s.GroupName(g), x.field.Name).
					WithHint("remove the figure, or correct the tables or the condition")
			}
		}
	}
}

// meansIn returns the means and the shares of persons of the groups in a distribution.
func (c *compiler) meansIn(x *fittedMean, r *fit.Result) (mean, mass []float64, ok bool) {
	n := len(x.statistic.Groups)
	mean, mass = make([]float64, n), make([]float64, n)
	part := c.onVariables(x.part)
	p, err := r.Marginal(part.scope)
	if err != nil {
		c.diags.Errorf(x.field.Place, "marginal", "the means of %q cannot be read from the fit: %v", x.field.Name, err).WithHint("use groups with fewer values")
		return mean, mass, false
	}
	size := x.field.Domain.Size()
	for k, cell := range part.cell {
		if cell >= 0 {
			mean[int(cell)/size] += p[k] * x.statistic.Linear(x.field.Scores[int(cell)%size])
			mass[int(cell)/size] += p[k]
		}
	}
	for g := range mean {
		if mass[g] > 0 {
			mean[g] = x.statistic.Linear(mean[g] / mass[g])
		}
	}
	return mean, mass, true
}

// disagree reports means of a field that imply different means of the same persons,
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

// explainMeans reports means that the fit cannot meet.
func (c *compiler) explainMeans(e *fit.MeansError, tied []int) {
	first := e.Missed[0]
	text := func(m fit.MissedMean) string {
		x := &c.means[m.Mean]
		return fmt.Sprintf("the %s of %s of %q comes to %.6g and is published as %v", x.statistic.Title(), x.statistic.GroupName(m.Group), x.field.Name, x.statistic.Linear(m.Reached), x.statistic.Published[m.Group])
	}
	x := &c.means[first.Mean]
	at := x.statistic.Places[first.Group]
	if first.Lone {
		least, greatest := first.Least, first.Greatest
		if x.statistic.Across != "" {
			least, greatest = kind.TenDigits(1/greatest), kind.TenDigits(1/least)
		}
		c.diags.Errorf(at, "unreachable", "the %s of %s of %q is %v, and the tables leave there only values from %g to %g", x.statistic.Title(), x.statistic.GroupName(first.Group), x.field.Name,
			x.statistic.Published[first.Group], least, greatest).WithHint("correct the figure, or the tables and conditions over %q", x.field.Name)
		return
	}
	if _, problem := c.tiedProblem(); c.disagree(x.field, tied, *problem) {
		return
	}
	d := c.diags.Errorf(at, "contradiction", "the means cannot be met beside the tables and each other within their rounding: %s", text(first)).
		WithHint("correct a figure, say how the means are rounded (rounded: …), or make a table over %q a pattern", x.field.Name)
	for i, m := range e.Missed[1:] {
		if i == 4 {
			d.Note("and %d more means", len(e.Missed)-1-i)
			break
		}
		d.Note("%s", text(m))
	}
}
