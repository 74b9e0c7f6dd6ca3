package check

import (
	"fmt"
	"testing"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// goalsOf evaluates goals on a village of n persons that is spoiled.
func goalsOf(t *testing.T, n int, spoil func(b *frame.Batch), goals ...plan.Goal) []Goal {
	t.Helper()
	p := village()
	p.Goals = goals
	p.Expected = []plan.Expected{{Name: "hue", Origin: "margin", Rank: 1, Fields: []string{"hue"}, Slots: []int{2}, Share: []float64{0.5, 0.5}}}
	b := villagers(p, 0, n, 60)
	spoil(b)
	return judge(t, p, Options{}, 1, []*frame.Batch{b}).Goals
}

// TestGoals: a right village meets every kind of goal and a spoiled one does not; the
// figure measures what was spoiled.
func TestGoals(t *testing.T) {
	right := func(*frame.Batch) {}
	texts := []string{"story", "plans", "skills"}
	h0 := village().Field("plans").When
	for _, c := range []struct {
		name   string
		goal   plan.Goal
		spoil  func(b *frame.Batch)
		figure float64
		unit   string
		met    bool
	}{
		{"share", plan.Goal{Kind: spec.GoalShare, Where: h0, Percent: 51, Points: 1}, right, 50, "%", true},
		{"share, not met", plan.Goal{Kind: spec.GoalShare, Where: h0, Percent: 51, Points: 0.9}, right, 50, "%", false},
		{"share within", plan.Goal{Kind: spec.GoalShare, Where: h0, Within: h0, Percent: 100}, right, 100, "%", true},
		{"values by the plan", plan.Goal{Kind: spec.GoalValues, Field: "hue", Points: 1}, right, 0, "points", true},
		{"values by figures", plan.Goal{Kind: spec.GoalValues, Field: "hue", Percents: []float64{47, -1}, Points: 2.5}, right, 3, "points", false},
		{"p-value", plan.Goal{Kind: spec.GoalPValue, Above: 0.05, Margins: true}, right, 1, "p", true},
		{"p-value, not met", plan.Goal{Kind: spec.GoalPValue, Above: 0.05, Margins: true}, func(b *frame.Batch) {
			for r := range 20 { // 120 of hue h0 where 100 should be
				b.Columns[vHue].Codes[2*r+1] = 0
			}
		}, 0.00467773498, "p", false},
		{"written", plan.Goal{Kind: spec.GoalWritten, Fields: texts}, right, 0, "texts", true},
		{"one missing, one empty", plan.Goal{Kind: spec.GoalWritten, Fields: texts}, func(b *frame.Batch) {
			b.Columns[vStory].Null = make([]bool, b.N)
			b.Columns[vStory].Null[3] = true
			b.Columns[vPlans].Texts[4] = " "
		}, 2, "texts", false},
		{"an empty item", plan.Goal{Kind: spec.GoalWritten, Fields: []string{"skills"}}, func(b *frame.Batch) { b.Columns[vSkills].Texts[0] = "" }, 1, "texts", false},
		{"characters", plan.Goal{Kind: spec.GoalChars, Field: "plans", AtLeast: 10}, func(b *frame.Batch) { b.Columns[vPlans].Texts[4] = "ten chars." }, 10, "characters", true},
		{"too few characters", plan.Goal{Kind: spec.GoalChars, Field: "plans", AtLeast: 11}, func(b *frame.Batch) { b.Columns[vPlans].Texts[4] = "ten chars." }, 10, "characters", false},
		{"offline is not a model", plan.Goal{Kind: spec.GoalModel, Fields: texts, AtLeast: 0.01}, right, 0, "%", false},
		{"unknown is not a model", plan.Goal{Kind: spec.GoalModel, Fields: texts, AtLeast: 0.01}, func(b *frame.Batch) {
			for r := range b.N {
				b.Columns[vSource].Texts[r] = ""
			}
		}, 0, "%", false},
		{"a model", plan.Goal{Kind: spec.GoalModel, Fields: []string{"story"}, AtLeast: 0.25}, func(b *frame.Batch) {
			for r := range b.N / 4 {
				b.Columns[vSource].Texts[r] = `{"story":"parrot-7b","plans":"offline","skills":"offline"}`
			}
		}, 25, "%", true},
	} {
		g := goalsOf(t, 200, c.spoil, c.goal)[0]
		if g.Figure == nil || *g.Figure != c.figure || g.Unit != c.unit || g.Met != c.met {
			t.Errorf("%s: got met %v, %v %s, want %v, %v %s: %s; %s", c.name, g.Met, deref(g.Figure), g.Unit, c.met, c.figure, c.unit, g.Demand, g.Found)
		}
	}
}

func deref(x *float64) any {
	if x == nil {
		return "no figure"
	}
	return *x
}

// TestGoalsOfNothing: no goal is met when there is nothing to measure.
func TestGoalsOfNothing(t *testing.T) {
	nobody := func(b *frame.Batch) { b.Resize(0, 0) }
	h0 := village().Field("plans").When
	for _, g := range goalsOf(t, 10, nobody,
		plan.Goal{Kind: spec.GoalShare, Where: h0, Percent: 0, Points: 100},
		plan.Goal{Kind: spec.GoalValues, Field: "hue", Points: 100},
		plan.Goal{Kind: spec.GoalPValue, Margins: true},
		plan.Goal{Kind: spec.GoalWritten, Fields: []string{"story"}},
		plan.Goal{Kind: spec.GoalChars, Field: "story", AtLeast: 1},
		plan.Goal{Kind: spec.GoalModel, Fields: []string{"story"}},
	) {
		if g.Met || g.Figure != nil || g.Found == "" {
			t.Errorf("got %+v, want it not met, without a figure", g)
		}
	}
}

func ExampleGoalsLine() {
	fmt.Println(GoalsLine([]Goal{{Name: "half", Met: true}, {Name: "by_a_model", Found: "model-written 0 % of 400 texts"}}))
	// Output: 1 of 2 met; not met: by_a_model (model-written 0 % of 400 texts)
}
