package check

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/rules"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// rounding is how far rounding may carry a figure in percent over its limit.
const rounding = 1e-9

var goalCheck = definition{kind: "goal", compile: compileGoals}

// goals evaluates the goals of the plan, which give no outcomes. They come last in
// the list because they are about what checks measured.
type goals struct {
	plan    *plan.Plan
	shares  shares     // of goals about shares
	means   scoreMeans // of goals about scores
	columns *columnsPlan
}

func compileGoals(s *shared) check {
	if s.plan.Goals == nil {
		return nil
	}
	x := &goals{plan: s.plan, columns: s.askColumns()}
	s.askTexts()
	s.askSources()
	for i := range s.plan.Goals {
		switch g := &s.plan.Goals[i]; g.Kind {
		case spec.GoalShare:
			x.shares.add(s, g.Where, g.Within)
		case spec.GoalScore:
			x.means.add(s, g.Score, everyone)
		}
	}
	return x
}

func (x *goals) newTally(a *accumulators) tally {
	return &goalsTally{x.shares.newTally(a), x.means.newTally(a)}
}

// goalsTally is what goals gather of rows.
type goalsTally struct {
	shares *sharesTally
	means  *scoreMeansTally
}

func (t *goalsTally) add(b *frame.Batch) {
	t.shares.add(b)
	t.means.add(b)
}

func (t *goalsTally) merge(other tally) {
	o := other.(*goalsTally)
	t.shares.merge(o.shares)
	t.means.merge(o.means)
}

func (t *goalsTally) code(c *wire.Coder) {
	t.shares.code(c)
	t.means.code(c)
}

func (x *goals) judge(j *judging, t tally) ([]finding, error) {
	share, mean, gathered := 0, 0, t.(*goalsTally)
	for i := range x.plan.Goals {
		p := x.shown(j, &x.plan.Goals[i])
		g := Goal{Name: p.Name, About: p.About, Kind: p.Kind}
		switch p.Kind {
		case spec.GoalShare:
			g.share(p, gathered.shares.of(share))
			share++
		case spec.GoalScore:
			g.score(p, gathered.means.of(mean))
			mean++
		case spec.GoalValues:
			x.values(j, &g, p)
		case spec.GoalPValue:
			x.pValue(j, &g, p)
		case spec.GoalWritten:
			j.writtenGoal(&g, p)
		case spec.GoalChars:
			j.charsGoal(&g, p)
		case spec.GoalModel:
			j.modelGoal(&g, p)
		}
		if name := x.dropped(j, p); name != "" {
			g.Met, g.Figure, g.Unit, g.Least, g.Most = false, nil, "", nil, nil
			g.Found = fmt.Sprintf("cannot be measured: the release has no column of field %s", name)
		}
		j.Goals = append(j.Goals, g)
	}
	return nil, nil
}

// shown returns a goal without the text fields that a release does not show.
func (x *goals) shown(j *judging, p *plan.Goal) *plan.Goal {
	out := *p
	out.Fields = slices.DeleteFunc(slices.Clone(p.Fields), func(name string) bool { return x.plan.Field(name) != nil && !j.measurable[name] })
	return &out
}

// dropped returns a field that a goal is about and that a release does not show, ""
// if there is none. Goals of a spec are about measurable fields, but a set of aliases
// may drop them.
func (x *goals) dropped(j *judging, p *plan.Goal) string {
	names := append(slices.Concat(p.Joints...), p.Field)
	if p.Score != nil {
		names = append(names, p.Score.Fields...)
	}
	for _, s := range []*kind.Selector{p.Where, p.Within} {
		if s != nil {
			names = append(names, s.Fields...)
		}
	}
	for _, name := range names {
		if x.plan.Field(name) != nil && !j.measurable[name] {
			return name
		}
	}
	return ""
}

// settle decides by the figure. Limits are inclusive.
func (g *Goal) settle(figure float64, unit string, least, most *float64) {
	figure = tidy(figure)
	g.Figure, g.Unit, g.Least, g.Most = &figure, unit, least, most
	g.Met = (least == nil || figure >= *least-rounding) && (most == nil || figure <= *most+rounding)
}

// noPersons is what goals find where there are no persons to measure.
const noPersons = "no persons to measure"

func (g *Goal) share(p *plan.Goal, c counted) {
	g.Demand = fmt.Sprintf("%.4g %% ± %.4g points with %s", p.Percent, p.Points, p.Text)
	if p.WithinText != "" {
		g.Demand += " among those with " + p.WithinText
	}
	if c.n == 0 {
		g.Found = noPersons
		return
	}
	share := 100 * c.share
	least, most := max(0, tidy(p.Percent-p.Points)), min(100, tidy(p.Percent+p.Points))
	g.settle(share, unitPercent, &least, &most)
	g.Found = fmt.Sprintf("%.2f %% of %s, %+.2f points", share, persons(c.n), share-p.Percent)
}

// score decides by the whole interval: a goal that it leaves open is not met.
func (g *Goal) score(p *plan.Goal, e estimate) {
	share, unit, factor := p.Score.Below != nil, unitScore, 1.0
	write := func(v float64) string { return fmt.Sprintf("%.4g", v) }
	if share {
		unit, factor, write = unitPercent, 100, percent
	}
	g.Demand = p.Score.String() + " " + bounds(p.Least, p.Most, write)
	if e.persons == 0 {
		g.Found = NotJudged
		return
	}
	scaled := func(limit *float64) *float64 {
		if limit == nil {
			return nil
		}
		x := tidy(factor * *limit)
		return &x
	}
	g.settle(factor*e.value, unit, scaled(p.Least), scaled(p.Most))
	verdict := e.verdictOn(p.Least, p.Most)
	g.Met = verdict == withinLimit
	g.Found = e.said(share)
	if verdict == undecided {
		g.Found += ", which does not decide it" + e.enough(p.Least, p.Most)
	}
}

func (x *goals) values(j *judging, g *Goal, p *plan.Goal) {
	f := x.plan.Field(p.Field)
	g.Demand = fmt.Sprintf("every value of %s ± %.4g points of its target", p.Field, p.Points)
	expected := p.Percents
	if expected == nil {
		expected = x.targets(p.Field)
	}
	if j.Rows == 0 || expected == nil {
		g.Found = noPersons
		return
	}
	counts, _ := j.shared.counts.weighted(x.columns.fields[j.column(p.Field)].counter)
	all := j.shared.counts.all().sum
	worst, deviation, over := -1, 0.0, 0
	share := func(code int) float64 {
		return 100 * counts[code] / all
	}
	for code, percent := range expected {
		if percent < 0 {
			continue
		}
		d := share(code) - percent
		if worst < 0 || math.Abs(d) > math.Abs(deviation) {
			worst, deviation = code, d
		}
		if math.Abs(d) > p.Points+rounding {
			over++
		}
	}
	if worst < 0 {
		g.Found = noPersons
		return
	}
	most := p.Points
	g.settle(math.Abs(deviation), unitPoints, nil, &most)
	g.Found = fmt.Sprintf("the furthest is %s with %.2f %%, target %.2f %% (%+.2f points)", f.Domain.Label(worst), share(worst), expected[worst], deviation)
	if over > 0 {
		g.Found += fmt.Sprintf("; %s more than %.4g points off", humanize.Count(int64(over), "value is", "values are"), p.Points)
	}
}

// targets returns the shares in percent that the plan gives the values of a
// field, nil when it gives none.
func (x *goals) targets(field string) []float64 {
	for i := range x.plan.Expected {
		if e := &x.plan.Expected[i]; e.Universe == nil && len(e.Fields) == 1 && e.Fields[0] == field {
			out := make([]float64, x.plan.Field(field).Domain.Size())
			for code := range out {
				out[code] = 100 * e.Share[code]
			}
			return out
		}
	}
	return nil
}

// pValue looks at the tests of the margins and joints one by one, not adjusted for
// each other, as the goal is stated.
func (x *goals) pValue(j *judging, g *Goal, p *plan.Goal) {
	var about []string
	if p.Margins {
		about = append(about, "the margins")
	}
	for _, joint := range p.Joints {
		about = append(about, strings.Join(joint, " × "))
	}
	g.Demand = fmt.Sprintf("p > %.4g on %s", p.Above, strings.Join(about, ", "))
	least, smallest, tests := p.Above, 0.0, 0
	var at string
	var below []string
	for i, o := range j.of(KindTable) { // those of Plan.Expected, in its order
		e := &x.plan.Expected[i]
		named := e.Universe == nil && (p.Margins && len(e.Fields) == 1 ||
			slices.ContainsFunc(p.Joints, func(joint []string) bool { return slices.Equal(joint, e.Fields) }))
		if !named || o.Test == nil {
			continue
		}
		value := o.Test.P
		if o.Test.Draws > 0 {
			value = o.Test.MonteCarlo
		}
		tests++
		if at == "" || value < smallest {
			smallest, at = value, strings.Join(e.Fields, " × ")
		}
		if value <= p.Above {
			below = append(below, strings.Join(e.Fields, " × "))
		}
	}
	if tests == 0 {
		g.Found = "no table to test"
		return
	}
	g.settle(smallest, unitP, &least, nil)
	g.Met = len(below) == 0
	g.Found = fmt.Sprintf("the smallest of %d is %.3g, %s", tests, smallest, at)
	if len(below) > 1 {
		g.Found += fmt.Sprintf("; %d are not above %.4g: %s", len(below), p.Above, humanize.Some(below))
	}
}

// noTexts is what goals find about texts in a release without them.
const noTexts = "the release has no texts"

// written lists the positions among the text fields of those named that have
// texts.
func (t *texts) written(fields []string) (at []int) {
	if t == nil {
		return nil
	}
	for i, c := range t.plan.fields {
		if slices.Contains(fields, c.field.Name) && t.fields[i].written > 0 {
			at = append(at, i)
		}
	}
	return at
}

func (j *judging) writtenGoal(g *Goal, p *plan.Goal) {
	t := j.shared.texts
	g.Demand = "no text missing or empty in " + fieldList(p.Fields)
	if len(t.written(p.Fields)) == 0 {
		g.Found = noTexts
		return
	}
	required, missing, empty := int64(0), int64(0), int64(0)
	untranslated := 0
	for i, c := range t.plan.fields {
		if !slices.Contains(p.Fields, c.field.Name) {
			continue
		}
		if t.offline(i, j.shared.sources) && len(p.Fields) == len(t.plan.fields) { // a goal about some fields means these
			untranslated++
			continue
		}
		required += t.fields[i].applies
		missing += t.columns.of[c.column].missing.count
		for k, d := range t.plan.rules.Demands {
			if d.Column == c.column && d.Kind == rules.Empty {
				empty += t.broken[k].count
			}
		}
	}
	most := 0.0
	g.settle(float64(missing+empty), unitTexts, nil, &most)
	g.Found = fmt.Sprintf("%s missing and %s empty of %s", humanize.Thousands(missing), humanize.Thousands(empty), humanize.Count(required, "text", "texts"))
	if untranslated > 0 {
		g.Found += fmt.Sprintf(", without %s that only a model writes", humanize.Count(untranslated, "translation", "translations"))
	}
}

// fieldList names some text fields.
func fieldList(fields []string) string {
	if len(fields) == 1 {
		return fields[0]
	}
	return humanize.Count(len(fields), "text field", "text fields")
}

func (j *judging) charsGoal(g *Goal, p *plan.Goal) {
	t := j.shared.texts
	g.Demand = fmt.Sprintf("every %s of %.0f characters or more", p.Field, p.AtLeast)
	at := t.written([]string{p.Field})
	if len(at) == 0 || t.plan.fields[at[0]].field.Type != frame.Text {
		g.Found = noTexts
		return
	}
	n := t.columns.of[t.plan.fields[at[0]].column].numbers.Describe()
	least := p.AtLeast
	g.settle(n.Min, unitCharacters, &least, nil)
	g.Found = fmt.Sprintf("the shortest of %s has %.0f characters, one in ten up to %.0f, mean %.0f", humanize.Count(n.N, "text", "texts"), n.Min, n.P10, n.Mean)
}

func (j *judging) modelGoal(g *Goal, p *plan.Goal) {
	t := j.shared.sources
	g.Demand = fmt.Sprintf("model-written %.4g %% or more of %s", 100*p.AtLeast, fieldList(p.Fields))
	texts := int64(0)
	for _, i := range j.shared.texts.written(p.Fields) {
		texts += j.shared.texts.fields[i].written
	}
	if texts == 0 {
		g.Found = noTexts
		return
	}
	var counts map[string]int64
	if t != nil {
		counts = t.total(p.Fields)
	}
	_, _, model := wroteBy(counts)
	least := 100 * p.AtLeast
	g.settle(100*float64(model)/float64(texts), unitPercent, &least, nil)
	var by []string
	for _, s := range sortSources(counts, texts) {
		by = append(by, fmt.Sprintf("%s %s", s.Name, Percent(s.Texts, texts)))
	}
	g.Found = fmt.Sprintf("model-written %s of %s", Percent(model, texts), humanize.Count(texts, "text", "texts"))
	if len(by) > 0 {
		g.Found += " (" + humanize.Some(by) + ")"
	}
}
