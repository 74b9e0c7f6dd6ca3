package check

import (
	"fmt"
	"math"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/sketch"
	"github.com/personagen/personagen/engine/internal/stat"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
)

var statisticCheck = definition{kind: KindStatistic, compile: compileStatistics}

// statistics: the means, quantiles and totals of groups of persons are those that the
// plan expects from the published ones. Values of a number field are independent
// draws given the person's distribution, in a quota population too, so the sum of a
// group is tested against its distributions. Which persons are in the group is
// compared separately: see mixFault.
type statistics struct{ fields []statisticField }

type statisticField struct {
	column int
	scored int       // position in scoresPlan.fields, -1 for a fitted field
	axis   int       // of a fitted field, in the coding
	points []float64 // of its values in quantiles
	scores []float64 // in means
	of     []*kind.Statistic
	spaces []int // of each statistic's groups, in the coding
}

func compileStatistics(s *shared) check {
	x := &statistics{}
	for i, f := range s.plan.Fields {
		if len(f.Statistics) == 0 || !s.measurable[f.Name] || !f.MeetsByFit() && !s.measures(f.Inputs) {
			continue
		}
		field := statisticField{column: i, scored: s.askScores().field(f.Name)}
		switch {
		case field.scored >= 0:
		case f.MeetsByFit() && s.coding.axisOf[i] >= 0:
			field.axis, field.points, field.scores = s.coding.axisOf[i], f.Points(), f.Scores
		default:
			continue
		}
		for _, statistic := range f.Statistics {
			if s.measures(statistic.Of.Fields) {
				field.of = append(field.of, statistic)
				field.spaces = append(field.spaces, s.coding.space(statistic.Of.Fields))
			}
		}
		if field.of != nil {
			x.fields = append(x.fields, field)
		}
	}
	if x.fields == nil {
		return nil
	}
	return x
}

type statisticsTally struct {
	*statistics
	codes  *codes
	scores *scores
	of     [][][]groupTally // per field, statistic, and group by class of weights
	groups [][][]int32      // per field, statistic and distribution: the group, -1 if unknown
	values [][]int64        // per field, values by distribution and class of weights; nil without a design
}

// groupTally describes the values of a group.
type groupTally struct {
	values sketch.Numbers
	below  int64   // values up to the published quantile
	counts []int64 // of a fitted field's quantile: by value
}

func (x *statistics) newTally(a *accumulators) tally {
	t := &statisticsTally{statistics: x, codes: a.codes, scores: a.scores}
	t.values = make([][]int64, len(x.fields))
	for _, f := range x.fields {
		var of [][]groupTally
		var groups [][]int32
		for _, s := range f.of {
			of = append(of, make([]groupTally, len(s.Groups)*a.codes.coding.design.classes()))
			groups = append(groups, nil)
		}
		t.of, t.groups = append(t.of, of), append(t.groups, groups)
	}
	return t
}

func (t *statisticsTally) add(b *frame.Batch) {
	classes := t.codes.coding.design.classes()
	for i, f := range t.fields {
		column := &b.Columns[f.column]
		var positions []int32
		if f.scored >= 0 {
			scorer := t.scores.fields[f.scored].scorer
			positions = scorer.Positions()
			for k := range f.of {
				if t.groups[i][k] == nil {
					t.groups[i][k] = slices.Repeat([]int32{-1}, scorer.Distributions())
				}
			}
			if t.values[i] == nil && t.codes.classes != nil {
				t.values[i] = make([]int64, scorer.Distributions()*classes)
			}
			for r := range t.codes.classes {
				if column.Null == nil || !column.Null[r] {
					t.values[i][int(positions[r])*classes+t.codes.class(r)]++
				}
			}
		}
		for k, s := range f.of {
			for r, config := range t.codes.configs[f.spaces[k]] {
				if config < 0 || s.Of.Case[config] == 0 || column.Null != nil && column.Null[r] {
					continue
				}
				group := s.Of.Case[config] - 1
				g := &t.of[i][k][int(group)*classes+t.codes.class(r)]
				if f.scored < 0 && s.IsQuantile() {
					if code := t.codes.axes[f.axis][r]; code >= 0 && int(code) < len(f.points) {
						g.add(f.points[code], s.Published[group])
						g.count(code, len(f.points))
					}
					continue
				}
				if f.scored < 0 {
					if code := t.codes.axes[f.axis][r]; code >= 0 && int(code) < len(f.scores) && (s.Across == "" || f.scores[code] > 0) {
						g.add(s.Linear(f.scores[code]), s.Published[group])
					}
					continue
				}
				t.groups[i][k][positions[r]] = group
				g.add(column.Floats[r], s.Published[group])
			}
		}
	}
}

func (g *groupTally) add(x, published float64) {
	g.values.Add(x)
	if x <= published {
		g.below++
	}
}

func (t *statisticsTally) merge(other tally) {
	o := other.(*statisticsTally)
	for i := range t.of {
		if t.values[i] == nil {
			t.values[i] = o.values[i]
		} else {
			addAll(t.values[i], o.values[i])
		}
		for k := range t.of[i] {
			for g := range t.of[i][k] {
				t.of[i][k][g].values.Merge(&o.of[i][k][g].values)
				t.of[i][k][g].below += o.of[i][k][g].below
				t.of[i][k][g].mergeCounts(&o.of[i][k][g])
			}
			switch {
			case t.groups[i][k] == nil:
				t.groups[i][k] = o.groups[i][k]
			case o.groups[i][k] != nil:
				for d, group := range o.groups[i][k] {
					t.groups[i][k][d] = max(t.groups[i][k][d], group)
				}
			}
		}
	}
}

func (t *statisticsTally) code(c *wire.Coder) {
	for i, f := range t.fields {
		distributions, classes := 0, t.codes.coding.design.classes()
		scored := false // a value
		if f.scored >= 0 {
			scorer := t.scores.fields[f.scored].scorer
			distributions, scored = scorer.Distributions(), scorer.Counts() != nil
		}
		wire.Optional(c, &t.values[i], distributions*classes, c.Counts)
		for k, s := range f.of {
			for g := range t.of[i][k] {
				x := &t.of[i][k][g]
				x.values.Code(c)
				c.Count(&x.below)
				wire.Optional(c, &x.counts, len(f.points), c.Counts)
			}
			wire.Optional(c, &t.groups[i][k], distributions, func(all []int32) {
				for d := range all {
					wire.Within(c, &all[d], -1, int32(len(s.Groups)-1))
				}
			})
			if f.scored >= 0 && (t.groups[i][k] != nil) != scored || t.values[i] != nil && !scored {
				c.Fail("the groups of %s are missing", s.Name)
			}
		}
	}
}

func (x *statistics) judge(j *judging, gathered tally) (out []finding, _ error) {
	t := gathered.(*statisticsTally)
	for i, f := range x.fields {
		field := j.plan.Fields[f.column]
		for k, s := range f.of {
			o := Outcome{ID: "statistic." + field.Name + "." + s.Name, Kind: KindStatistic, Name: field.Name + " " + s.Name}
			o.Fields = append([]string{field.Name}, s.By...)
			judged := judgedStatistic{judging: j, field: field, of: s, points: f.points, design: t.codes.coding.design}
			if f.scored >= 0 {
				judged.scorer, judged.groups, judged.values = t.scores.fields[f.scored].scorer, t.groups[i][k], t.values[i]
			}
			faults := judged.judge(&o, t.of[i][k])
			if o.Test == nil {
				o.Status, o.Message = Skip, "too few values to test"
				out = append(out, only(o)...)
				continue
			}
			title := s.Title()
			out = append(out, finding{Outcome: o, message: func(o *Outcome) string { return statisticMessage(title, o) }, faults: faults})
		}
	}
	return out, nil
}

// judgedStatistic is a statistic that is being judged.
type judgedStatistic struct {
	*judging
	field  *kind.Field
	of     *kind.Statistic
	scorer *kind.Scorer // nil for a fitted field
	groups []int32      // per distribution
	points []float64    // of a fitted field's values, in quantiles
	values []int64      // by distribution and class
	design *design
}

// leastOfGroup is the number of values below which a group is not tested.
const leastOfGroup = 5

// judge compares every group and sets the outcome's figures and test: the smallest
// p-value times their number (Bonferroni).
func (x *judgedStatistic) judge(o *Outcome, tallies []groupTally) (faults []string) {
	least, tested, persons, worst := 1.0, 0, int64(0), 0.0
	classes := x.design.classes()
	groups := len(tallies) / classes
	members := x.members(groups)
	for g := range groups {
		tally := x.group(tallies[g*classes : (g+1)*classes])
		n := tally.n
		v := GroupStatistic{Group: x.of.Groups[g], Persons: n, Published: x.of.Published[g], Planned: tidy(x.of.Expected[g])}
		if n > 0 {
			p, z, fault := x.compare(&v, &tally, members[g], g)
			persons += n
			if n >= leastOfGroup {
				tested++
				least = min(least, p)
				if math.Abs(z) > math.Abs(worst) {
					worst = z
				}
				if fault != "" && len(faults) == 0 {
					faults = append(faults, fault)
				}
			}
		}
		o.Statistics = append(o.Statistics, v)
	}
	if tested > 0 {
		p := min(1, least*float64(tested))
		o.Test = &Test{Statistic: tidy(worst), P: tidy(p), PDeviance: tidy(p), Reference: ReferenceDeclared, Persons: persons}
	}
	return faults
}

// weightedGroup describes the values of a group by weight.
type weightedGroup struct {
	values sketch.Weighted
	n      int64
	weighted
	below  float64   // weight of the values up to the published quantile
	counts []float64 // of a fitted field's quantile: weight by value
}

func (x *judgedStatistic) group(classes []groupTally) (g weightedGroup) {
	var counts []int64
	for class := range classes {
		t, w := &classes[class], x.design.weight(class)
		counts = append(counts, t.values.N)
		g.n += t.values.N
		g.below += float64(t.below) * w
		if t.counts != nil && g.counts == nil {
			g.counts = make([]float64, len(t.counts))
		}
		for i, n := range t.counts {
			g.counts[i] += float64(n) * w
		}
		g.values.Of, g.values.Weights = append(g.values.Of, &t.values), append(g.values.Weights, w)
	}
	g.weighted = x.design.sum(counts)
	return g
}

// member is a distribution in a group with the number of persons of one weight who have
// it.
type member struct {
	position  int32
	n, weight float64
}

func (x *judgedStatistic) members(n int) [][]member {
	out := make([][]member, n)
	if x.scorer == nil {
		return out
	}
	classes, scored, values := x.design.classes(), x.scorer.Counts(), x.values
	if values == nil {
		values = scored
	}
	for at, count := range values {
		position, class := at/classes, at%classes
		if count > 0 && x.groups[position] >= 0 && scored[position] > 0 {
			g := x.groups[position]
			out[g] = append(out[g], member{int32(position), float64(count), x.design.weight(class)})
		}
	}
	return out
}

// compare sets what a group reached and its sampling error, and tests it. Sums are by
// weight.
func (x *judgedStatistic) compare(v *GroupStatistic, t *weightedGroup, members []member, group int) (p, z float64, fault string) {
	if x.of.Interpolate != "" {
		return x.fittedQuantile(v, t, group)
	}
	n := t.sum
	mean, sd := t.values.Moments()
	v.Reached = x.of.Linear(mean)
	if x.of.IsQuantile() {
		v.Reached = t.values.Quantile(x.of.P)
		v.Share = tidy(t.below / n)
	}
	unit := 1.0 // a total per unit of the mean
	if x.of.Measure == kind.Total {
		unit = float64(x.plan.Population.Persons) * x.of.Mass[group]
	}
	v.Reached = tidy(v.Reached * unit)
	if x.scorer == nil {
		return x.fitted(v, t.effective(), mean, sd, unit)
	}
	var parts []stat.Draws
	var expected float64 // of the sum, given the persons' distributions
	for _, m := range members {
		if x.of.IsQuantile() {
			q := x.scorer.Below(m.position, v.Published)
			expected += float64(m.n * m.weight * q)
			parts = append(parts, stat.Draws{N: m.n, X: []float64{0, m.weight}, W: []float64{1 - q, q}})
			continue
		}
		points, weights := x.scorer.Points(m.position)
		for i := range points {
			points[i] *= m.weight
		}
		expected += float64(m.n * m.weight * x.scorer.Mean(m.position))
		parts = append(parts, stat.Draws{N: m.n, X: points, W: weights})
	}
	observed := mean * n
	if x.of.IsQuantile() {
		observed = t.below
	}
	p, within := stat.SumTail(parts, observed-expected)
	if within > 0 {
		z = (observed - expected) / within
	}
	if x.of.IsQuantile() {
		v.ExpectedShare = tidy(expected / n)
		v.Error = tidy(within / n)
		return p, z, ""
	}
	between := 0.0
	for i, m := range members {
		d := parts[i].Mean() - m.weight*expected/n
		between += float64(m.n * d * d)
	}
	between = math.Sqrt(between)
	v.Error = tidy(math.Hypot(within, between) / n * unit)
	return p, z, x.mixFault(v, expected/n*unit, between/n*unit)
}

// mixErrors is how many standard errors the mix of persons in a group may be off. The
// shares of groups are tested as tables; this finds groups that no table describes.
const mixErrors = 8

// mixFault compares what the persons of a group should have on average, given their
// other fields, with the plan. In a quota population they should differ by less than
// in a random sample, whose standard error is given.
func (x *judgedStatistic) mixFault(v *GroupStatistic, expected, err float64) string {
	if math.Abs(expected-v.Planned) <= float64(mixErrors*err)+1e-6*math.Abs(v.Planned) || v.Persons < 100 {
		return ""
	}
	return fmt.Sprintf("the persons of %s should have a %s of %.6g by their other fields, and the plan expects %.6g", groupName(v.Group), x.of.Measure, expected, v.Planned)
}

// fitted compares the mean of a fitted field, of n effective persons, with the plan, on
// the scale on which it is a mean over persons. The delta method gives the error of a mean
// across units.
func (x *judgedStatistic) fitted(v *GroupStatistic, n, mean, sd, unit float64) (p, z float64, fault string) {
	planned := x.of.Linear(v.Planned / unit)
	err := sd / math.Sqrt(n)
	v.Error = tidy(err * unit)
	if err > 0 {
		z = (mean - planned) / err
	}
	if x.of.Across != "" {
		v.Error, z = tidy(err/(mean*mean)), -z
	}
	if n >= 100 && math.Abs(mean-planned) > mixErrors*err+1e-6*math.Abs(planned) {
		fault = fmt.Sprintf("the %s of %s is %.6g, and the plan expects %.6g", x.of.Measure, groupName(v.Group), v.Reached, v.Planned)
	}
	return 1, z, fault // its distribution is tested as a margin
}

func groupName(group string) string {
	if group == "" {
		return "everyone"
	}
	return group
}

// worstGroup returns the group that is furthest from the plan, in standard errors.
func worstGroup(groups []GroupStatistic) *GroupStatistic {
	var worst *GroupStatistic
	most := -1.0
	for i := range groups {
		g := &groups[i]
		off := 0.0
		if g.Error > 0 {
			off = math.Abs(g.Reached-g.Planned) / g.Error
			if g.ExpectedShare > 0 {
				off = math.Abs(g.Share-g.ExpectedShare) / g.Error
			}
		}
		if g.Persons > 0 && off > most {
			worst, most = g, off
		}
	}
	return worst
}

func statisticMessage(title string, o *Outcome) string {
	w := worstGroup(o.Statistics)
	text := fmt.Sprintf("%s: %s has %.6g, published %.6g, expected %.6g", title, groupName(w.Group), w.Reached, w.Published, w.Planned)
	if w.ExpectedShare > 0 {
		text += fmt.Sprintf("; %.2f %% are at most the published figure, expected %.2f %%, sampling error %.2g points", 100*w.Share, 100*w.ExpectedShare, 100*w.Error)
	} else {
		text += fmt.Sprintf(", sampling error %.3g", w.Error)
	}
	if len(o.Statistics) > 1 {
		text += fmt.Sprintf(" (the furthest of %s)", humanize.Count(int64(len(o.Statistics)), "group", "groups"))
	}
	return text + fmt.Sprintf("; p %.3g, %.3g after Holm", o.Test.P, o.Test.PHolm)
}
