package check

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/rules"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// Goal is one point of what the user calls success, and whether it is met.
type Goal struct {
	Name  string `json:"name"`
	About string `json:"about,omitempty"`
	Kind  string `json:"kind"`
	Met   bool   `json:"met"`
	// Demand and Found are for people: what was wanted and what there is.
	Demand string `json:"demand"`
	Found  string `json:"found"`
	// Figure is the number that decides, in Unit; nil when there is nothing to
	// measure. It has to be at least Least and at most Most, where these are set;
	// a p-value must be greater than Least.
	Figure *float64 `json:"figure,omitempty"`
	Unit   string   `json:"unit,omitempty"` // "%", "points", "p", "texts" or "characters"
	Least  *float64 `json:"least,omitempty"`
	Most   *float64 `json:"most,omitempty"`
}

// Units of a goal's figure.
const (
	unitPercent    = "%"
	unitPoints     = "points"
	unitP          = "p"
	unitTexts      = "texts"
	unitCharacters = "characters"
)

// rounding is how far a figure in percent may be beyond its limit by the error
// of the arithmetic alone.
const rounding = 1e-9

// judgeGoals evaluates the goals of the plan. It comes last: goals speak of what
// the checks measured.
func (b *builder) judgeGoals() {
	limit := len(b.suite.plan.Checks) // goals about shares stand behind the checks
	for i := range b.suite.plan.Goals {
		p := &b.suite.plan.Goals[i]
		g := Goal{Name: p.Name, About: p.About, Kind: p.Kind}
		switch p.Kind {
		case spec.GoalShare:
			b.shareGoal(&g, p, b.tally.hits[limit], b.tally.within[limit])
			limit++
		case spec.GoalValues:
			b.valuesGoal(&g, p)
		case spec.GoalPValue:
			b.pValueGoal(&g, p)
		case spec.GoalWritten:
			b.writtenGoal(&g, p)
		case spec.GoalChars:
			b.charsGoal(&g, p)
		case spec.GoalModel:
			b.modelGoal(&g, p)
		}
		b.Goals = append(b.Goals, g)
	}
}

// compileGoals counts the persons that goals about shares speak of.
func (s *Suite) compileGoals() {
	for i := range s.plan.Goals {
		if g := &s.plan.Goals[i]; g.Kind == spec.GoalShare {
			s.limits = append(s.limits, limitCheck{s.mask(g.Where), s.mask(g.Within)})
		}
	}
}

// settle decides by the figure; limits are inclusive.
func (g *Goal) settle(figure float64, unit string, least, most *float64) {
	figure = tidy(figure)
	g.Figure, g.Unit, g.Least, g.Most = &figure, unit, least, most
	g.Met = (least == nil || figure >= *least-rounding) && (most == nil || figure <= *most+rounding)
}

func (b *builder) shareGoal(g *Goal, p *plan.Goal, hits, of int64) {
	g.Demand = fmt.Sprintf("%.4g %% ± %.4g points with %s", p.Percent, p.Points, p.Text)
	if p.WithinText != "" {
		g.Demand += " among those with " + p.WithinText
	}
	if of == 0 {
		g.Found = "there is nobody it speaks of"
		return
	}
	share := 100 * float64(hits) / float64(of)
	least, most := max(0, tidy(p.Percent-p.Points)), min(100, tidy(p.Percent+p.Points))
	g.settle(share, unitPercent, &least, &most)
	g.Found = fmt.Sprintf("%.2f %% of %s, %+.2f points", share, persons(of), share-p.Percent)
}

func (b *builder) valuesGoal(g *Goal, p *plan.Goal) {
	f := b.suite.plan.Field(p.Field)
	g.Demand = fmt.Sprintf("every value of %s ± %.4g points of its target", p.Field, p.Points)
	wanted := p.Percents
	if wanted == nil {
		wanted = b.suite.targets(p.Field)
	}
	if b.Rows == 0 || wanted == nil {
		g.Found = "there is nobody it speaks of"
		return
	}
	worst, deviation, over := -1, 0.0, 0
	share := func(code int) float64 {
		return 100 * float64(b.tally.counts[b.suite.fields[b.suite.column(p.Field)].counter][code]) / float64(b.Rows)
	}
	for code, want := range wanted {
		if want < 0 {
			continue
		}
		d := share(code) - want
		if worst < 0 || math.Abs(d) > math.Abs(deviation) {
			worst, deviation = code, d
		}
		if math.Abs(d) > p.Points+rounding {
			over++
		}
	}
	if worst < 0 {
		g.Found = "there is nobody it speaks of"
		return
	}
	most := p.Points
	g.settle(math.Abs(deviation), unitPoints, nil, &most)
	g.Found = fmt.Sprintf("the furthest is %s with %.2f %%, target %.2f %% (%+.2f points)", f.Domain.Label(worst), share(worst), wanted[worst], deviation)
	if over > 0 {
		g.Found += fmt.Sprintf("; %s further off than %.4g", humanize.Count(int64(over), "value is", "values are"), p.Points)
	}
}

// targets returns the shares in percent that the plan gives the values of a
// field, nil when it gives none.
func (s *Suite) targets(field string) []float64 {
	for i := range s.plan.Expected {
		if e := &s.plan.Expected[i]; e.Universe == nil && len(e.Fields) == 1 && e.Fields[0] == field {
			out := make([]float64, s.plan.Field(field).Domain.Size())
			for code := range out {
				out[code] = 100 * e.Share[code]
			}
			return out
		}
	}
	return nil
}

// pValueGoal looks at the tests of the margins and joints one by one, none
// adjusted for the others: that is how the goal is stated.
func (b *builder) pValueGoal(g *Goal, p *plan.Goal) {
	var about []string
	if p.Margins {
		about = append(about, "the margins")
	}
	for _, j := range p.Joints {
		about = append(about, strings.Join(j, " × "))
	}
	g.Demand = fmt.Sprintf("p > %.4g on %s", p.Above, strings.Join(about, ", "))
	least, smallest, tests := p.Above, 0.0, 0
	var at string
	var below []string
	for i, o := range b.tableOutcomes() {
		e := &b.suite.plan.Expected[i]
		wanted := e.Universe == nil && (p.Margins && len(e.Fields) == 1 ||
			slices.ContainsFunc(p.Joints, func(j []string) bool { return slices.Equal(j, e.Fields) }))
		if !wanted || o.Test == nil {
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
		g.Found = "there is nothing to test"
		return
	}
	g.settle(smallest, unitP, &least, nil)
	g.Met = len(below) == 0
	g.Found = fmt.Sprintf("the smallest of %d is %.3g, %s", tests, smallest, at)
	if len(below) > 1 {
		g.Found += fmt.Sprintf("; %d are not above %.4g: %s", len(below), p.Above, humanize.Some(below))
	}
}

// tableOutcomes are the outcomes of Plan.Expected, in its order.
func (b *builder) tableOutcomes() []*Outcome {
	var out []*Outcome
	for i := range b.Outcomes {
		if b.Outcomes[i].Kind == KindTable {
			out = append(out, &b.Outcomes[i])
		}
	}
	return out
}

// noTexts is what goals find about texts in a release without them.
const noTexts = "the release has no texts"

// written lists the positions among the text fields of those that a goal names.
func (b *builder) written(fields []string) []int {
	if b.suite.texts == nil {
		return nil
	}
	var at []int
	for i, c := range b.suite.texts.fields {
		if slices.Contains(fields, c.field.Name) && b.tally.texts.fields[i].written > 0 {
			at = append(at, i)
		}
	}
	return at
}

func (b *builder) writtenGoal(g *Goal, p *plan.Goal) {
	g.Demand = "no text missing or empty in " + fieldList(p.Fields)
	if len(b.written(p.Fields)) == 0 {
		g.Found = noTexts
		return
	}
	wanted, missing, empty := int64(0), int64(0), int64(0)
	for i, c := range b.suite.texts.fields {
		if !slices.Contains(p.Fields, c.field.Name) {
			continue
		}
		wanted += b.tally.texts.fields[i].applies
		missing += b.tally.fields[c.column].missing.count
		for k, d := range b.suite.texts.rules.Demands {
			if d.Column == c.column && d.Kind == rules.Empty {
				empty += b.tally.texts.broken[k].count
			}
		}
	}
	most := 0.0
	g.settle(float64(missing+empty), unitTexts, nil, &most)
	g.Found = fmt.Sprintf("%s missing and %s empty of %s", humanize.Thousands(missing), humanize.Thousands(empty), humanize.Count(wanted, "text", "texts"))
}

// fieldList names some text fields.
func fieldList(fields []string) string {
	if len(fields) == 1 {
		return fields[0]
	}
	return humanize.Count(len(fields), "text field", "text fields")
}

func (b *builder) charsGoal(g *Goal, p *plan.Goal) {
	g.Demand = fmt.Sprintf("%s of %.0f characters or more, every one", p.Field, p.AtLeast)
	at := b.written([]string{p.Field})
	if len(at) == 0 || b.suite.texts.fields[at[0]].field.Type != frame.Text {
		g.Found = noTexts
		return
	}
	n := b.tally.fields[b.suite.texts.fields[at[0]].column].numbers.Describe()
	least := p.AtLeast
	g.settle(n.Min, unitCharacters, &least, nil)
	g.Found = fmt.Sprintf("the shortest of %s has %.0f characters, one in ten up to %.0f, mean %.0f", humanize.Count(n.N, "text", "texts"), n.Min, n.P10, n.Mean)
}

func (b *builder) modelGoal(g *Goal, p *plan.Goal) {
	g.Demand = fmt.Sprintf("model-written %.4g %% or more of %s", 100*p.AtLeast, fieldList(p.Fields))
	sources, texts := map[string]int64{}, int64(0)
	for _, i := range b.written(p.Fields) {
		t := &b.tally.texts.fields[i]
		texts += t.written
		for source, n := range t.sources {
			sources[source] += n
		}
	}
	if texts == 0 {
		g.Found = noTexts
		return
	}
	_, _, model := wroteBy(sources)
	least := 100 * p.AtLeast
	g.settle(100*float64(model)/float64(texts), unitPercent, &least, nil)
	var by []string
	for _, s := range sourcesOf(sources, texts) {
		by = append(by, fmt.Sprintf("%s %s", s.Name, Percent(s.Texts, texts)))
	}
	g.Found = fmt.Sprintf("model-written %s of %s", Percent(model, texts), humanize.Count(texts, "text", "texts"))
	if len(by) > 0 {
		g.Found += " (" + humanize.Some(by) + ")"
	}
}

// GoalsLine sums goals up in a sentence; "" when there are none.
func GoalsLine(goals []Goal) string {
	if len(goals) == 0 {
		return ""
	}
	var unmet []string
	for _, g := range goals {
		if !g.Met {
			unmet = append(unmet, fmt.Sprintf("%s (%s)", g.Name, g.Found))
		}
	}
	if len(unmet) == 0 {
		return fmt.Sprintf("all %d met", len(goals))
	}
	return fmt.Sprintf("%d of %d met; not met: %s", len(goals)-len(unmet), len(goals), strings.Join(unmet, "; "))
}
