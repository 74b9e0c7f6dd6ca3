package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// A conditional table whose universe is partly in the target population, over a field
// whose null has no cell in the table.
func TestFigures(t *testing.T) {
	p := &plan.Plan{
		Population: plan.Population{Wanted: 0.5, Selector: &kind.Selector{}},
		Fields: []*kind.Field{
			{Name: "side", Type: frame.Category, Domain: &kind.Domain{Labels: []string{"left", "right"}}},
			{Name: "hat", Type: frame.Category, Nullable: true, Domain: &kind.Domain{Labels: []string{"red", "blue"}}},
		},
		Expected: []plan.Expected{{Fields: []string{"side", "hat"}, Slots: []int{2, 3}, Share: []float64{0.1, 0.1, 0, 0.3, 0.1, 0}}},
	}
	table := &plan.Table{
		Name: "hats", Fields: []string{"side", "hat"}, Given: 1, Labels: [][]string{{"left", "right"}, {"red", "blue"}},
		Published: []float64{0.5, 0.5, 0.7, 0.3}, Reconciled: []float64{0.5, 0.5, 0.72, 0.28}, Fitted: []float64{0.5, 0.5, 0.72, 0.28},
		Mass: []float64{0.2, 0.4},
	}
	got, covered := figuresOf(p, table, &check.Result{Observed: [][]float64{{10, 10, 30, 30, 10, 10}}})
	if covered != 0.5 { // 0.6 of the target population, which is half of everyone, out of 0.6 of everyone
		t.Errorf("got coverage %g, want 0.5", covered)
	}
	want := &Figures{
		Labels: table.Labels, Published: table.Published, Reconciled: table.Reconciled, Fitted: table.Fitted,
		Observed: []float64{0.5, 0.5, 0.75, 0.25}, Persons: []float64{20, 40},
	}
	if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Figures{})); d != "" {
		t.Error(d)
	}
	p.Population.Selector = nil
	if got, covered = figuresOf(p, table, &check.Result{Observed: [][]float64{make([]float64, 6)}}); covered != 1 || got.Observed != nil {
		t.Errorf("no persons: got %+v and coverage %g", got, covered)
	}
	got, covered = figuresOf(p, table, &check.Result{Observed: [][]float64{nil}}) // a hidden field
	if note := coverageNote(&Published{Figures: got, Covered: covered}); got.Observed != nil || !strings.Contains(note, "not in the data files") {
		t.Errorf("a field that is not in the data files: got %+v, %q", got, note)
	}
	table.Expected = -1
	if got, _ = figuresOf(p, table, &check.Result{}); got.Observed != nil || len(got.Published) != 4 {
		t.Errorf("no expected distribution: got %+v", got)
	}
}
