package check

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/stat"
	"github.com/personagen/personagen/engine/plan"
)

var tableCheck = definition{kind: KindTable, compile: compileTables, measures: []measure{
	{"deviation_persons", func(_ *judging, found []*Outcome) (out []measured) {
		for _, o := range found {
			if o.Table != nil {
				off, _ := o.Table.Deviation()
				out = append(out, measured{o.Name, math.Abs(off)})
			}
		}
		return out
	}},
	{"deviation_points", func(_ *judging, found []*Outcome) (out []measured) {
		for _, o := range found {
			if o.Table != nil {
				out = append(out, measured{o.Name, math.Abs(o.Table.Points)})
			}
		}
		return out
	}},
	{"table_p", testP},
}}

// tables: persons follow every margin, table, joint and sub-margin of the plan.
type tables struct {
	plan       *plan.Plan
	exceptions []Exception
	counters   []int // per Plan.Expected
}

func compileTables(s *shared) check {
	t := &tables{plan: s.plan, exceptions: s.options.Exceptions}
	for _, e := range s.plan.Expected {
		t.counters = append(t.counters, s.counts.counter(&s.coding, s.coding.space(e.Fields), s.coding.mask(e.Universe)))
	}
	if t.counters == nil {
		return nil
	}
	return t
}

func (*tables) newTally(a *accumulators) tally { return a.counts }

func (x *tables) judge(j *judging, t tally) (out []finding, _ error) {
	for i := range x.plan.Expected {
		e := &x.plan.Expected[i]
		o := Outcome{ID: e.Origin + "." + e.Name, Kind: KindTable, Name: e.Name, Fields: e.Fields}
		of := e.Fields
		if e.Universe != nil {
			of = slices.Concat(of, e.Universe.Fields)
		}
		if j.unmeasurable(&o, of) {
			o.Fields = of
			j.Observed = append(j.Observed, nil)
			out = append(out, only(o)...)
			continue
		}
		counted := t.(*counts)
		rows := counted.of[x.counters[i]]
		sum, squares := counted.weighted(x.counters[i])
		j.Observed = append(j.Observed, counted.all().scaled(sum, j.Rows))
		if j.Rows == 0 {
			o.Status, o.Message = Skip, "no persons"
			out = append(out, only(o)...)
			continue
		}
		c := x.compare(i, rows, sum, j.rows)
		if x.plan.Population.Design != nil {
			x.compareWeighted(&c, e, sum, squares, counted.all(), j)
		}
		o.Table, o.Test, o.Persons = &c.numbers, c.test, c.numbers.ZeroPersons
		out = append(out, finding{Outcome: o, message: tableMessage, faults: c.faults, advisory: c.advisory})
	}
	return out, nil
}

// leastConformity is the least p-value of a controlled margin or two-way table of
// a whole quota population.
const leastConformity = 0.05

// personLimits are the persons by which a cell of a quota population may miss its
// target, by rank: 1 for margins, 2 for two-way tables, 3 for others. Rank 0 is
// not controlled.
var personLimits = [4]float64{0, 1, 2, 3}

// personLimit is the personLimits of a distribution. Sub-margins are margins.
func personLimit(e *plan.Expected) float64 {
	if e.Origin == plan.SubMargin && e.Rank > 0 {
		return personLimits[1]
	}
	return personLimits[min(e.Rank, 3)]
}

// comparison is what a table's outcome is made from.
type comparison struct {
	numbers  TableNumbers
	test     *Test
	faults   []string
	advisory bool // the test decides nothing
}

// compare compares counts with an expected distribution. The numbers of rows are compared
// with the sample's shares, and their weights with the shares of the persons wanted.
func (x *tables) compare(i int, counts []int64, weights []float64, rows portion) comparison {
	e := &x.plan.Expected[i]
	c := comparison{numbers: TableNumbers{Origin: e.Origin, Rank: e.Rank}}
	x.describe(&c.numbers, e, counts, weights, rows)
	if c.numbers.ZeroPersons > 0 {
		c.faults = append(c.faults, fmt.Sprintf("%s in cells that must be empty, most of them at %s", persons(c.numbers.ZeroPersons), c.numbers.ZeroCell))
	}
	if off := x.offReconciled(i); off > mostOffReconciled {
		c.faults = append(c.faults, fmt.Sprintf("its target differs by %.3g of all persons from the reconciled figures of the table: the fitted model is not that of the tables", off))
	}
	controlled := rows.quota && e.Rank > 0
	switch {
	case controlled && rows.whole:
		c.advisory = true
		x.applyLimits(&c, i, counts, rows)
		c.test = x.testWhole(e, counts, rows)
		if c.test != nil && e.Rank <= 2 && c.test.P <= leastConformity {
			c.faults = append(c.faults, fmt.Sprintf("conformity index %.2g, expected above %g", c.test.P, leastConformity))
		}
	case controlled:
		c.test = testPart(e, counts, rows, x.slack(i))
	default:
		c.test = x.testWhole(e, counts, rows)
	}
	return c
}

// mostOffReconciled is the share of all persons by which the fitted target of a cell
// may differ from the reconciled figures.
const mostOffReconciled = 1e-6

// offReconciled returns the largest difference between the target of a cell, which is
// read from the fitted model, and the reconciled figures of its table, as a share of
// all persons. It is 0 where the two are not of the same persons: when the spec wants
// only some of them, or the table need not be met.
func (x *tables) offReconciled(i int) float64 {
	e, most := &x.plan.Expected[i], 0.0
	if x.plan.Population.Selector != nil {
		return 0
	}
	for k := range x.plan.Tables {
		t := &x.plan.Tables[k]
		if t.Expected != i || t.Role != "margin" && t.Role != "conditional" || !slices.Equal(t.Fields, e.Fields) {
			continue
		}
		inRow := 1
		for _, labels := range t.Labels[t.Given:] {
			inRow *= len(labels)
		}
		target := withoutNulls(e, t.Labels)
		for r := 0; r < len(t.Reconciled); r += inRow {
			figures, wanted, mass := 0.0, 0.0, 0.0
			for c := r; c < r+inRow; c++ {
				figures += t.Reconciled[c]
				mass += target[c]
			}
			for c := r; c < r+inRow && figures > 0; c++ {
				wanted = t.Reconciled[c] / figures * mass
				most = max(most, math.Abs(target[c]-wanted))
			}
		}
	}
	return most
}

// withoutNulls returns the shares of the cells in which no field is null.
func withoutNulls(e *plan.Expected, labels [][]string) []float64 {
	var out []float64
	for at, p := range e.Share {
		null := false
		for k := len(e.Slots) - 1; k >= 0; k-- {
			null = null || at%e.Slots[k] >= len(labels[k])
			at /= e.Slots[k]
		}
		if !null {
			out = append(out, p)
		}
	}
	return out
}

// describe fills in the deviations.
func (x *tables) describe(n *TableNumbers, e *plan.Expected, counts []int64, weights []float64, rows portion) {
	share, weight, mostZero := 0.0, 0.0, int64(0)
	persons, points, zero := -1, -1, -1
	for k, p := range e.Share {
		n.Universe += counts[k]
		weight += weights[k]
		share += p
		if p > 0 {
			n.Cells++
		} else if counts[k] > 0 {
			n.ZeroPersons += counts[k]
			if counts[k] > mostZero {
				mostZero, zero = counts[k], k
			}
		}
	}
	universe := max(1, float64(n.Universe))
	if n.Universe == 0 {
		weight = 1
	}
	var squares, variance float64
	for k, p := range e.Share {
		if p == 0 {
			continue
		}
		q := 100 * (weights[k]/weight - p/share)
		p = e.Sampled()[k]
		d := float64(counts[k]) - float64(rows.n*p)
		if persons < 0 || math.Abs(d) > math.Abs(n.Persons)+1e-9 {
			n.Persons, persons = d, k
		}
		if points < 0 || math.Abs(q) > math.Abs(n.Points)+1e-12 {
			n.Points, points = q, k
		}
		n.TVD += math.Abs(q) / 200
		squares += float64(d * d)
		variance += float64(rows.n * p * (1 - p))
	}
	if rows.quota && !rows.whole && rows.total > 1 {
		variance *= (rows.total - rows.n) / (rows.total - 1)
	}
	if n.Cells > 0 {
		n.SRMSE = tidy(math.Sqrt(squares/float64(n.Cells)) / (universe / float64(n.Cells)))
	}
	if variance > 0 {
		n.SRMSERatio = tidy(math.Sqrt(squares / variance))
	}
	n.Persons, n.Points, n.TVD = tidy(n.Persons), tidy(n.Points), tidy(n.TVD)
	n.PersonsCell, n.PointsCell, n.ZeroCell = Cell(x.plan, e, persons), Cell(x.plan, e, points), Cell(x.plan, e, zero)
	if len(e.Fields) == 2 {
		_, _, n.Cramer = stat.Association(weights, e.Slots[1])
		_, _, n.CramerTarget = stat.Association(e.Share, e.Slots[1])
		n.Cramer, n.CramerTarget = tidy(n.Cramer), tidy(n.CramerTarget)
	}
}

// applyLimits applies the limits in persons of a whole quota population. Cells
// that the allocation listed may miss by as many persons as it listed.
func (x *tables) applyLimits(c *comparison, i int, counts []int64, rows portion) {
	e := &x.plan.Expected[i]
	c.numbers.Limit = personLimit(e)
	allowed := map[int]float64{}
	for _, listed := range x.exceptions {
		if listed.Expected == i {
			allowed[listed.Cell] = math.Abs(listed.Persons)
		}
	}
	// The target itself is only as exact as a sum of floats.
	tolerance := 1e-6 + 1e-12*rows.n
	over := 0
	for k, p := range e.Sampled() {
		d := math.Abs(float64(counts[k]) - float64(rows.n*p))
		switch {
		case p == 0 || d <= c.numbers.Limit+tolerance:
		case d <= allowed[k]+tolerance:
			c.numbers.Listed++
		default:
			over++
		}
	}
	if over > 0 {
		c.faults = append(c.faults, fmt.Sprintf("%s by more than %g", humanize.Count(over, "cell misses its target", "cells miss their targets"), c.numbers.Limit))
	}
}

// slack is how many persons a cell of the whole quota population may differ from
// total times share.
func (x *tables) slack(i int) float64 {
	d := personLimit(&x.plan.Expected[i])
	for _, listed := range x.exceptions {
		if listed.Expected == i {
			d = max(d, math.Abs(listed.Persons))
		}
	}
	return d
}

// cells returns observed and expected counts of the cells with a share, and of
// everyone else as one more cell where the table is not about everyone.
func cells(e *plan.Expected, counts []int64, n float64) (observed, expected []float64) {
	restCount, restShare := n, 1.0
	for k, p := range e.Sampled() {
		restCount -= float64(counts[k])
		restShare -= p
		if p > 0 {
			observed = append(observed, float64(counts[k]))
			expected = append(expected, float64(n*p))
		}
	}
	if restShare > 1e-9 {
		observed = append(observed, restCount)
		expected = append(expected, float64(n*restShare))
	}
	return observed, expected
}

// testWhole tests counts against a distribution, as of independent draws.
func (x *tables) testWhole(e *plan.Expected, counts []int64, rows portion) *Test {
	observed, expected := cells(e, counts, rows.n)
	of, pools, joined := stat.Pool(expected)
	observed, expected = stat.Pooled(observed, of, pools), stat.Pooled(expected, of, pools)
	if pools < 2 {
		return nil
	}
	t := &Test{DF: pools - 1, Pooled: joined, Persons: int64(rows.n), Reference: ReferenceIndependent}
	chi := stat.ChiSquare(observed, expected)
	g, df := stat.GTest(observed, expected)
	t.ChiSquare, t.P = tidy(chi), tidy(stat.ChiSquareTail(chi, df))
	t.Deviance, t.PDeviance = tidy(g), tidy(stat.ChiSquareTail(g, df))
	if rows.quota {
		if e.Rank > 0 {
			t.Reference = ReferenceConformity
		}
		return t
	}
	if slices.Min(expected) < leastExpected {
		source := rng.New(x.plan.Population.Seed, "check/"+e.Name).Source()
		t.MonteCarlo, t.Draws = stat.MonteCarlo(chi, expected, int64(rows.n), source)
		t.MonteCarlo = tidy(t.MonteCarlo)
	}
	return t
}

// testPart tests part of a quota population, which is drawn without replacement
// from counts of total times share: it tests independence in the table of this
// part against the rest. The population's counts differ from total times share by
// up to slack persons and the part's by the same fraction of that, so this much is
// taken off each deviation first.
func testPart(e *plan.Expected, counts []int64, rows portion, slack float64) *Test {
	observed, expected := cells(e, counts, rows.n)
	fraction := rows.n / rows.total
	weight := make([]float64, len(expected))
	for k, x := range expected {
		weight[k] = x * min(1, (1-fraction)/fraction)
	}
	of, pools, joined := stat.Pool(weight)
	if pools < 2 {
		return nil
	}
	for k, x := range expected {
		d := observed[k] - x
		observed[k] = x + math.Copysign(max(0, math.Abs(d)-float64(slack*fraction)), d)
	}
	o, x := stat.Pooled(observed, of, pools), stat.Pooled(expected, of, pools)
	table := append([]float64(nil), o...)
	for k, v := range x {
		table = append(table, max(0, v/fraction-o[k]))
	}
	chi := stat.ChiSquare(o, x) * (rows.total - 1) / (rows.total - rows.n)
	g, _ := stat.GTestIndependence(table, pools)
	df := float64(pools - 1)
	return &Test{
		ChiSquare: tidy(chi), DF: pools - 1, Pooled: joined, P: tidy(stat.ChiSquareTail(chi, df)),
		Deviance: tidy(g), PDeviance: tidy(stat.ChiSquareTail(g, df)),
		Persons: int64(rows.n), Reference: ReferencePart,
	}
}

// Cell names a cell of an expected distribution by its labels, as in
// "hue red × zone north"; -1 gives "".
func Cell(p *plan.Plan, e *plan.Expected, at int) string {
	if at < 0 {
		return ""
	}
	parts := make([]string, len(e.Fields))
	for k := len(e.Fields) - 1; k >= 0; k-- {
		code := at % e.Slots[k]
		at /= e.Slots[k]
		label := "null"
		if d := p.Field(e.Fields[k]).Domain; code < d.Size() {
			label = d.Label(code)
		}
		parts[k] = e.Fields[k] + " " + label
	}
	return strings.Join(parts, " × ")
}

func tableMessage(o *Outcome) string {
	n := o.Table
	text := "no cell has a share"
	if n.Cells > 0 {
		text = fmt.Sprintf("largest deviation %+.2f persons (%s), %+.3f points (%s); TVD %.2g", n.Persons, n.PersonsCell, n.Points, n.PointsCell, n.TVD)
	}
	if o.Test != nil {
		text += fmt.Sprintf("; %s", o.Test)
	}
	if n.Weighted != nil {
		text += fmt.Sprintf("; %s", n.Weighted)
	}
	if n.Listed > 0 {
		text += fmt.Sprintf("; %s more than %g persons off, as the allocation listed", humanize.Count(n.Listed, "cell is", "cells are"), n.Limit)
	}
	return text
}
