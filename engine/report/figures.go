package report

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/plan"
)

// Figures are the cells of a table in its own universe, in row-major order of
// its fields. Each is a share of its row: there is one row, or one per
// combination of the given fields.
type Figures struct {
	Labels     [][]string `json:"labels"` // per field
	Published  []float64  `json:"published"`
	Reconciled []float64  `json:"reconciled"`
	Fitted     []float64  `json:"fitted"`
	// Observed are the shares of the persons in the release who belong to the
	// universe, by weight, nil if there are none. Persons counts them by row.
	Observed []float64 `json:"observed,omitempty"`
	Persons  []float64 `json:"persons,omitempty"`

	unmeasured bool // a field of the table is not in the data files
}

// whole is the coverage from which a universe counts as fully covered. It leaves
// room for rounding errors only.
const whole = 1 - 1e-9

// figuresOf returns the cells of a table and the share of its universe that is
// in the target population. Tables with more than MostCells have no figures.
func figuresOf(p *plan.Plan, t *plan.Table, r *check.Result) (f *Figures, covered float64) {
	covered = coverage(p, t)
	if len(t.Published) > MostCells {
		return nil, covered
	}
	f = &Figures{Labels: t.Labels}
	for k := range t.Published {
		f.Published = append(f.Published, digits(t.Published[k]))
		f.Reconciled = append(f.Reconciled, digits(t.Reconciled[k]))
		f.Fitted = append(f.Fitted, digits(t.Fitted[k]))
	}
	if t.Expected < 0 {
		return f, covered
	}
	observed := r.Observed[t.Expected]
	if observed == nil {
		f.unmeasured = true
		return f, covered
	}
	counts := countsWithin(p, t, observed)
	columns := len(counts) / max(1, len(t.Mass))
	if columns == 0 || columns*len(t.Mass) != len(counts) {
		return f, covered
	}
	f.Persons = make([]float64, len(t.Mass))
	total := 0.0
	for k, n := range counts {
		f.Persons[k/columns] += n
		total += n
	}
	if total == 0 {
		f.Persons = nil
		return f, covered
	}
	for k, n := range counts {
		f.Observed = append(f.Observed, share(n, f.Persons[k/columns]))
	}
	return f, covered
}

// coverage is the share of a table's universe that is in the target population.
func coverage(p *plan.Plan, t *plan.Table) float64 {
	if p.Population.Selector == nil {
		return 1
	}
	mass := 0.0
	for _, m := range t.Mass {
		mass += m
	}
	if t.Expected < 0 || mass == 0 {
		return 0
	}
	wanted := 0.0
	for _, s := range p.Expected[t.Expected].Share {
		wanted += s
	}
	return digits(math.Min(1, wanted*p.Population.Wanted/mass))
}

// countsWithin selects the counts of a table's own cells from counts over the
// cells of its expected distribution, where null is the last value of a field
// that can be null.
func countsWithin(p *plan.Plan, t *plan.Table, counts []float64) []float64 {
	e := &p.Expected[t.Expected]
	size := 1
	for k := range e.Fields {
		size *= len(t.Labels[k])
	}
	out := make([]float64, size)
	for at := range out {
		from, stride, rest := 0, 1, at
		for k := len(e.Fields) - 1; k >= 0; k-- {
			label := t.Labels[k][rest%len(t.Labels[k])]
			rest /= len(t.Labels[k])
			code, ok := p.Field(e.Fields[k]).Domain.Index(label)
			if !ok {
				code = e.Slots[k] - 1 // null
			}
			from, stride = from+code*stride, stride*e.Slots[k]
		}
		out[at] = counts[from]
	}
	return out
}

// mostCompared is the number of cells to which a large table is cut.
const mostCompared = 12

// mostDifferent returns the cells to show: all of a small table; of a large one those
// whose observed share, or else fitted share, differs most from the published one, in
// persons. Differ says that the table was cut.
func mostDifferent(f *Figures) (shown []int, differ bool) {
	if shown = indices(len(f.Published)); len(shown) <= mostValues {
		return shown, false
	}
	return differentCells(f, mostCompared), true
}

// differentCells returns the n cells that differ most, in their order.
func differentCells(f *Figures, n int) []int {
	shown := indices(len(f.Published))
	if len(shown) <= n {
		return shown
	}
	found, row := f.Fitted, len(f.Published)
	if f.Observed != nil {
		found, row = f.Observed, len(f.Published)/len(f.Persons)
	}
	by := func(k int) float64 {
		d := math.Abs(found[k] - f.Published[k])
		if f.Observed != nil {
			d *= f.Persons[k/row]
		}
		return d
	}
	slices.SortStableFunc(shown, func(a, b int) int { return cmp.Compare(by(b), by(a)) })
	shown = shown[:n]
	slices.Sort(shown)
	return shown
}

// cellOf joins the labels of a cell.
func cellOf(fields []string, labels [][]string, at int) string {
	parts := make([]string, len(fields))
	for k := len(fields) - 1; k >= 0; k-- {
		parts[k] = labels[k][at%len(labels[k])]
		at /= len(labels[k])
	}
	return strings.Join(parts, " × ")
}
