package check

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/stat"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/plan"
)

var independentCheck = definition{kind: KindIndependent, compile: compileIndependent}

// independent: fields that the spec leaves independent of each other, given others
// or not, are so among the first persons. A table of each pair is counted from
// their codes when the check is judged, which is cheaper than counting hundreds of
// tables as rows pass.
type independent struct {
	options Options
	pairs   []plan.Independence
	coding  *coding
	axes    []int // that the pairs are about
}

func compileIndependent(s *shared) check {
	x := &independent{options: s.options, pairs: s.plan.Independent, coding: &s.coding}
	for _, pair := range x.pairs {
		for _, name := range slices.Concat(pair.Fields[:], pair.Given) {
			if a := s.coding.axis(name); !slices.Contains(x.axes, a) {
				x.axes = append(x.axes, a)
			}
		}
	}
	if x.pairs == nil {
		return nil
	}
	return x
}

// independentTally holds the codes of the first persons.
type independentTally struct {
	*independent
	batch *codes
	seen  []bool
	codes [][]int32 // per axis, 0 where no person was seen
}

func (x *independent) newTally(a *accumulators) tally {
	return &independentTally{independent: x, batch: a.codes, codes: make([][]int32, len(x.axes))}
}

func (t *independentTally) add(b *frame.Batch) {
	at, n := t.options.sampled(b)
	if n == 0 {
		return
	}
	if t.seen == nil {
		t.seen = make([]bool, sampleRows)
		for k := range t.codes {
			t.codes[k] = make([]int32, sampleRows)
		}
	}
	for k, a := range t.axes {
		copy(t.codes[k][at:], t.batch.axes[a][:n])
	}
	for r := range n {
		t.seen[at+r] = true
	}
}

func (t *independentTally) merge(other tally) {
	o := other.(*independentTally)
	if t.seen == nil {
		t.seen, t.codes = o.seen, o.codes
		return
	}
	for r, seen := range o.seen {
		if !seen || t.seen[r] {
			continue
		}
		t.seen[r] = true
		for k := range t.codes {
			t.codes[k][r] = o.codes[k][r]
		}
	}
}

func (t *independentTally) code(c *wire.Coder) {
	if !codeSeen(c, &t.seen) {
		return
	}
	for k, a := range t.axes {
		if c.Reading() {
			t.codes[k] = make([]int32, sampleRows)
		}
		wire.Sparse(c, t.codes[k], func(code *int32) { wire.Within(c, code, -1, t.coding.axes[a].slots-1) })
	}
}

func (x *independent) judge(j *judging, t tally) (out []finding, _ error) {
	tests := t.(*independentTally).testAll()
	hidden, untold := 0, []string(nil)
	for i, pair := range x.pairs {
		o := Outcome{
			ID: "independent." + pair.Fields[0] + "." + pair.Fields[1], Kind: KindIndependent,
			Name: pair.Fields[0] + " and " + pair.Fields[1], Fields: slices.Concat(pair.Fields[:], pair.Given),
		}
		if len(pair.Given) > 0 {
			o.Name += " given " + strings.Join(pair.Given, ", ")
		}
		if j.unmeasurable(&o, o.Fields) {
			hidden++
			for _, name := range o.Fields {
				if !j.measurable[name] && !slices.Contains(untold, name) {
					untold = append(untold, name)
				}
			}
			continue
		}
		switch {
		case tests[i].DF == 0:
			o.Status, o.Message = Skip, "too few persons to test"
		default:
			o.Test = &tests[i]
			out = append(out, finding{Outcome: o, message: independentMessage})
			continue
		}
		out = append(out, only(o)...)
	}
	if hidden > 0 {
		slices.Sort(untold)
		out = append(out, only(Outcome{
			ID: "independent.hidden", Kind: KindIndependent, Name: "pairs with hidden fields", Status: Skip, Fields: untold,
			Message: fmt.Sprintf("%s not tested: hidden, and not from published fields: %s", humanize.Count(hidden, "pair is", "pairs are"), strings.Join(untold, ", ")),
		})...)
	}
	return out, nil
}

func independentMessage(o *Outcome) string {
	return fmt.Sprintf("%s in %s of the first %s", o.Test, humanize.Count(o.Test.Strata, "stratum", "strata"), persons(o.Test.Persons))
}

// testAll tests every pair, several at a time. Pairs with the same given fields
// share their strata.
func (t *independentTally) testAll() []Test {
	tests := make([]Test, len(t.pairs))
	axes := func(names []string) []int {
		var out []int
		for _, name := range names {
			out = append(out, t.coding.axis(name))
		}
		return out
	}
	strata := map[string][][]int32{}
	for _, pair := range t.pairs {
		if key := strings.Join(pair.Given, "\n"); strata[key] == nil {
			strata[key] = t.strata(axes(pair.Given))
		}
	}
	var wait sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), 8)
	for w := range workers {
		wait.Go(func() {
			for i := w; i < len(t.pairs); i += workers {
				ends := axes(t.pairs[i].Fields[:])
				tests[i] = t.test([2]int{ends[0], ends[1]}, strata[strings.Join(t.pairs[i].Given, "\n")])
			}
		})
	}
	wait.Wait()
	return tests
}

// test adds up the tests of a pair of axes in every stratum.
func (t *independentTally) test(pair [2]int, strata [][]int32) Test {
	out := Test{Reference: ReferenceConditional, P: 1, PDeviance: 1}
	var chi, mean, variance, g, df float64
	for _, stratum := range strata {
		table, columns, joined := t.pairTable(pair, stratum)
		if columns < 2 || len(table) < 2*columns {
			continue
		}
		x, m, v := stat.Conditional(table, columns)
		chi, mean, variance = chi+x, mean+m, variance+v
		dev, d := stat.GTestIndependence(table, columns)
		g, df = g+dev, df+d
		out.Persons += int64(len(stratum))
		out.Pooled += joined
		out.Strata++
	}
	if df > 0 && variance > 0 {
		// The chi-square distribution with the mean and variance of the sum.
		scale := variance / (2 * mean)
		out.ChiSquare, out.P, out.DF = tidy(chi/scale), tidy(stat.ChiSquareTail(chi/scale, mean/scale)), max(1, int(math.Round(mean/scale)))
		out.Deviance, out.PDeviance = tidy(g), tidy(stat.ChiSquareTail(g, df))
	}
	return out
}

// axis returns the codes of the first persons on an axis of the pairs.
func (t *independentTally) axis(a int) []int32 { return t.codes[slices.Index(t.axes, a)] }

// leastStratum is the number of persons below which a stratum is left out.
const leastStratum = 8

// strata returns the rows of the sample that have the same values of the given
// axes, in the order of those values, so that sums over strata have one order.
// Rows with a value that is not allowed and small strata are left out.
func (t *independentTally) strata(given []int) [][]int32 {
	type row struct {
		key int64
		row int32
	}
	var rows []row
next:
	for r, seen := range t.seen {
		if !seen {
			continue
		}
		key := int64(0)
		for _, a := range given {
			code := t.axis(a)[r]
			if code < 0 {
				continue next
			}
			key = key*int64(t.coding.axes[a].slots) + int64(code)
		}
		rows = append(rows, row{key, int32(r)})
	}
	slices.SortFunc(rows, func(x, y row) int {
		if c := cmp.Compare(x.key, y.key); c != 0 {
			return c
		}
		return cmp.Compare(x.row, y.row)
	})
	var out [][]int32
	for i := 0; i < len(rows); {
		var stratum []int32
		key := rows[i].key
		for ; i < len(rows) && rows[i].key == key; i++ {
			stratum = append(stratum, rows[i].row)
		}
		if len(stratum) >= leastStratum {
			out = append(out, stratum)
		}
	}
	return out
}

// pairTable counts a pair of axes in a stratum. Rows and columns of the table
// are joined in ascending order until each holds the square root of the persons,
// so that no expected count is below 1. Only margins decide what is joined, so the
// test of independence stays valid.
func (t *independentTally) pairTable(pair [2]int, stratum []int32) (table []float64, columns, joined int) {
	var codes [2][]int32
	var of [2][]int
	var pools [2]int
	n := 0.0
	for k, a := range pair {
		codes[k] = t.axis(a)
	}
	var weight [2][]float64
	for k, a := range pair {
		weight[k] = make([]float64, t.coding.axes[a].slots)
	}
	for _, r := range stratum {
		if x, y := codes[0][r], codes[1][r]; x >= 0 && y >= 0 {
			weight[0][x]++
			weight[1][y]++
			n++
		}
	}
	least := math.Sqrt(n)
	for k := range pair {
		for i := range weight[k] {
			weight[k][i] /= least
		}
		var j int
		of[k], pools[k], j = stat.Pool(weight[k])
		joined += j
	}
	table = make([]float64, pools[0]*pools[1])
	for _, r := range stratum {
		if x, y := codes[0][r], codes[1][r]; x >= 0 && y >= 0 {
			table[of[0][x]*pools[1]+of[1][y]]++
		}
	}
	return table, pools[1], joined
}
