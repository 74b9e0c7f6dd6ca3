package check

import (
	"fmt"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/stat"
	"github.com/personagen/personagen/engine/internal/wire"
)

var frequencyCheck = definition{kind: KindFrequency, compile: func(s *shared) check {
	if p := s.askEntries(); p.fields != nil {
		return &frequencies{p}
	}
	return nil
}}

// frequencies: the entries of choices and lists are as frequent as their weights
// say. For a list, the check tests the first item, which is drawn in proportion to
// the weights (later ones are not), and the number of items.
type frequencies struct{ plan *entriesPlan }

type frequenciesTally struct {
	plan    *entriesPlan
	entries *entries
	fields  []frequencyTally
}

type frequencyTally struct {
	first   []int64 // per entry: persons who have it, or have it first
	lengths []int64 // per number of items, up to the most
	persons []int64 // per list of entries, those counted in first
	counted []int64 // per list of entries, those counted in lengths
}

func (f *frequencies) newTally(a *accumulators) tally {
	t := &frequenciesTally{plan: f.plan, entries: a.entries}
	for _, c := range f.plan.fields {
		t.fields = append(t.fields, frequencyTally{
			first: make([]int64, c.entries.Len()), lengths: make([]int64, c.entries.Max+1), persons: make([]int64, c.entries.Lists()), counted: make([]int64, c.entries.Lists()),
		})
	}
	return t
}

func (t *frequenciesTally) add(b *frame.Batch) {
	for i := range t.fields {
		f, x, counts := &t.plan.fields[i], &t.entries.fields[i], &t.fields[i]
		for r, entry := range x.entry {
			if entry >= 0 {
				counts.first[entry]++
				counts.persons[x.lists[r]]++
			}
		}
		if f.list {
			counts.addLengths(f, x, &b.Columns[f.column])
		}
	}
}

// addLengths counts the numbers of items that are within bounds.
func (x *frequencyTally) addLengths(f *entriesField, e *entriesTally, c *frame.Column) {
	for r, list := range e.lists {
		if c.Null != nil && c.Null[r] || list < 0 {
			continue
		}
		n := int(c.Offsets[r+1] - c.Offsets[r])
		if least, most := f.bounds(int(list)); least <= n && n <= most {
			x.lengths[n]++
			x.counted[list]++
		}
	}
}

func (t *frequenciesTally) merge(other tally) {
	for i := range t.fields {
		x, o := &t.fields[i], &other.(*frequenciesTally).fields[i]
		addAll(x.first, o.first)
		addAll(x.lengths, o.lengths)
		addAll(x.persons, o.persons)
		addAll(x.counted, o.counted)
	}
}

func (t *frequenciesTally) code(c *wire.Coder) {
	for i := range t.fields {
		x := &t.fields[i]
		c.Counts(x.first)
		c.Counts(x.lengths)
		c.Counts(x.persons)
		c.Counts(x.counted)
	}
}

func (f *frequencies) judge(_ *judging, t tally) (out []finding, _ error) {
	for i := range f.plan.fields {
		c, x := &f.plan.fields[i], &t.(*frequenciesTally).fields[i]
		out = append(out, c.tested("frequency."+c.name, x.testEntries(c)))
		if c.list && c.entries.Max > c.entries.Min {
			out = append(out, c.tested("lengths."+c.name, x.testLengths(c)))
		}
	}
	return out, nil
}

// tested makes the finding of a test, or of a skipped test.
func (f *entriesField) tested(id string, t *Test) finding {
	o := Outcome{ID: id, Kind: KindFrequency, Name: f.name, Fields: []string{f.name}, Test: t}
	if t == nil {
		o.Status, o.Message = Skip, "too few persons to test"
		return finding{Outcome: o}
	}
	return finding{Outcome: o, message: func(o *Outcome) string { return fmt.Sprintf("%s, of %s", o.Test, persons(o.Test.Persons)) }}
}

// leastExpected is the expected count below which the chi-square distribution of
// Pearson's statistic is not trusted.
const leastExpected = 5

// testEntries tests the entries of every list as draws by weight: it adds up the
// chi-square and G statistics of the lists, with rare entries of a list pooled
// until leastExpected persons are expected of each pool.
func (x *frequencyTally) testEntries(f *entriesField) *Test {
	t := &Test{Reference: ReferenceWeights}
	var chi, g, df float64
	for list, n := range x.persons {
		if n == 0 {
			continue
		}
		from, to := f.entries.Range(list)
		observed, expected, weight := make([]float64, to-from), make([]float64, to-from), make([]float64, to-from)
		for k := range observed {
			observed[k] = float64(x.first[from+int32(k)])
			expected[k] = float64(float64(n) * f.entries.Share(list, from+int32(k)))
			weight[k] = expected[k] / leastExpected
		}
		of, pools, joined := stat.Pool(weight)
		if pools < 2 {
			continue
		}
		e := stat.Pooled(expected, of, pools)
		o := stat.Pooled(observed, of, pools)
		dev, d := stat.GTest(o, e)
		chi, g, df = chi+stat.ChiSquare(o, e), g+dev, df+d
		t.Pooled += joined
		t.Persons += n
		t.Strata++
	}
	return t.sum(chi, g, df)
}

// testLengths tests the numbers of items: all from the least to the most are
// equally likely, except for persons with fewer entries to choose from.
func (x *frequencyTally) testLengths(f *entriesField) *Test {
	t := &Test{Reference: ReferenceWeights, Strata: 1}
	observed, expected, weight := make([]float64, len(x.lengths)), make([]float64, len(x.lengths)), make([]float64, len(x.lengths))
	for list, n := range x.counted {
		_, most := f.bounds(list)
		t.Persons += n
		for drawn := f.entries.Min; drawn <= f.entries.Max; drawn++ {
			expected[min(drawn, most)] += float64(n) / float64(f.entries.Max-f.entries.Min+1)
		}
	}
	for k, n := range x.lengths {
		observed[k], weight[k] = float64(n), expected[k]/leastExpected
	}
	of, pools, joined := stat.Pool(weight)
	t.Pooled = joined
	if pools < 2 {
		return nil
	}
	o, e := stat.Pooled(observed, of, pools), stat.Pooled(expected, of, pools)
	g, df := stat.GTest(o, e)
	return t.sum(stat.ChiSquare(o, e), g, df)
}

// sum fills in sums of statistics; nil when there is nothing to test.
func (t *Test) sum(chi, g, df float64) *Test {
	if df <= 0 {
		return nil
	}
	t.ChiSquare, t.DF, t.P = tidy(chi), int(df), tidy(stat.ChiSquareTail(chi, df))
	t.Deviance, t.PDeviance = tidy(g), tidy(stat.ChiSquareTail(g, df))
	return t
}
