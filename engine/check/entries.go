package check

import (
	"fmt"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
)

// drawCheck holds a choice or list to its entries: each value is open to the
// person, and they are as frequent as their weights say.
type drawCheck struct {
	column  int
	name    string
	list    bool
	entries *kind.Entries
}

// drawTally is what is gathered of a choice or list.
type drawTally struct {
	closed   finds   // a value that is not open to the person
	repeated finds   // an item that occurs twice
	length   finds   // more or fewer items than there may be
	first    []int64 // per entry: persons who have it, or have it first
	lengths  []int64 // per number of items, up to the most there may be
	people   []int64 // per list, those who have a value of it
	counted  []int64 // per list, those whose number of items is in lengths
	lists    []int32 // of the batch
}

// compileDraws finds the choices and lists whose entries a release can show.
func (s *Suite) compileDraws() {
	for i, f := range s.plan.Fields {
		if f.Type != frame.Category && f.Type != frame.CategoryList || !s.told[f.Name] {
			continue
		}
		e := f.Entries(&kind.Env{Fields: s.plan.Fields, Field: f})
		if e != nil && s.tells(e.Given) {
			s.draws = append(s.draws, drawCheck{i, f.Name, f.Type == frame.CategoryList, e})
		}
	}
}

func (s *Suite) newDrawTallies() []drawTally {
	var out []drawTally
	for _, c := range s.draws {
		out = append(out, drawTally{first: make([]int64, c.entries.Len()), lengths: make([]int64, c.entries.Max+1), people: make([]int64, c.entries.Lists()), counted: make([]int64, c.entries.Lists())})
	}
	return out
}

// addDraws counts the choices and lists of a batch.
func (t *Tally) addDraws(b *frame.Batch) {
	for i := range t.draws {
		c, x := &t.suite.draws[i], &t.draws[i]
		x.lists = c.entries.Rows(b, x.lists)
		if c.list {
			x.addLists(c, b)
			continue
		}
		codes := b.Columns[c.column].Codes
		for r, list := range x.lists {
			switch code := codes[r]; {
			case code < 0: // null, or a label that its own check reports
			case list < 0:
				x.closed.add(b.First + int64(r))
			default:
				x.note(c, list, code, b.First+int64(r))
			}
		}
	}
}

// note counts a value drawn first from its list.
func (x *drawTally) note(c *drawCheck, list, code int32, row int64) {
	entry := c.entries.Find(list, code)
	if entry < 0 {
		x.closed.add(row)
		return
	}
	x.first[entry]++
	x.people[list]++
}

func (x *drawTally) addLists(c *drawCheck, b *frame.Batch) {
	col := &b.Columns[c.column]
	for r, list := range x.lists {
		row := b.First + int64(r)
		if col.Null != nil && col.Null[r] {
			continue
		}
		items := col.Codes[col.Offsets[r]:col.Offsets[r+1]]
		if list < 0 {
			if len(items) > 0 {
				x.closed.add(row)
			}
			continue
		}
		least, most := c.bounds(int(list))
		if len(items) < least || len(items) > most {
			x.length.add(row)
		} else {
			x.lengths[len(items)]++
			x.counted[list]++
		}
		closed, repeated := false, false
		for k, code := range items {
			if code < 0 {
				continue
			}
			closed = closed || c.entries.Find(list, code) < 0
			for _, other := range items[:k] {
				repeated = repeated || other == code
			}
		}
		if closed {
			x.closed.add(row)
		}
		if repeated {
			x.repeated.add(row)
		}
		if len(items) > 0 && items[0] >= 0 && !closed {
			x.note(c, list, items[0], row)
		}
	}
}

// bounds are the items that a person may have: those drawn, or all there are.
func (c *drawCheck) bounds(list int) (least, most int) {
	from, to := c.entries.Of(list)
	return min(c.entries.Min, int(to-from)), min(c.entries.Max, int(to-from))
}

func (x *drawTally) merge(o *drawTally) {
	x.closed.merge(&o.closed)
	x.repeated.merge(&o.repeated)
	x.length.merge(&o.length)
	addAll(x.first, o.first)
	addAll(x.lengths, o.lengths)
	addAll(x.people, o.people)
	addAll(x.counted, o.counted)
}

// checkDraws: every value is open to its person; frequencies are tested against
// the weights. The first item of a list is drawn in proportion to them, later
// ones are not.
func (b *builder) checkDraws() {
	for i := range b.suite.draws {
		c, x := &b.suite.draws[i], &b.tally.draws[i]
		given := "the spec leaves"
		if len(c.entries.Given) > 0 {
			given = strings.Join(c.entries.Given, ", ") + " leave"
		}
		var f fault
		f.add(&x.closed, fmt.Sprintf("with a value that %s closed", given))
		f.add(&x.repeated, "with an item twice")
		f.add(&x.length, "with too few or too many items")
		o := f.outcome(KindOpen, c.name, fmt.Sprintf("only what %s open", given))
		if c.list {
			o.Message = strings.Replace(o.Message, "only what", "no item twice, lengths as declared, and only what", 1)
		}
		b.add(o)
		b.test("frequency."+c.name, c, c.frequencies(x))
		if c.list && c.entries.Max > c.entries.Min {
			b.test("lengths."+c.name, c, c.lengths(x))
		}
	}
}

// test adds an outcome with a test, or skips it when there is none.
func (b *builder) test(id string, c *drawCheck, t *Test) {
	o := Outcome{ID: id, Kind: KindFrequency, Name: c.name, Fields: []string{c.name}, Test: t}
	if t == nil {
		o.Status, o.Message = Skip, "too few persons to tell"
	} else {
		b.tests = append(b.tests, pending{outcome: len(b.Outcomes), deciding: true})
	}
	b.add(o)
}

// frequencies tests the entries of every list as draws by weight: the sum over
// lists of Pearson's statistic and of the deviance, rare entries of a list
// joined until five are expected of each.
func (c *drawCheck) frequencies(x *drawTally) *Test {
	t := &Test{Reference: ReferenceWeights}
	var chi, g, df float64
	for list, n := range x.people {
		if n == 0 {
			continue
		}
		from, to := c.entries.Of(list)
		observed, expected, weight := make([]float64, to-from), make([]float64, to-from), make([]float64, to-from)
		for k := range observed {
			observed[k] = float64(x.first[from+int32(k)])
			expected[k] = float64(float64(n) * c.entries.Share(list, from+int32(k)))
			weight[k] = expected[k] / sparse
		}
		of, pools, joined := pool(weight)
		if pools < 2 {
			continue
		}
		e := pooled(expected, of, pools)
		o := pooled(observed, of, pools)
		dev, d := goodness(o, e)
		chi, g, df = chi+chiSquare(o, e), g+dev, df+d
		t.Pooled += joined
		t.Persons += n
		t.Strata++
	}
	return t.sum(chi, g, df)
}

// lengths tests the numbers of items: all from the least to the most are equally
// likely, but for those who have fewer to choose from.
func (c *drawCheck) lengths(x *drawTally) *Test {
	t := &Test{Reference: ReferenceWeights, Strata: 1}
	observed, expected, weight := make([]float64, len(x.lengths)), make([]float64, len(x.lengths)), make([]float64, len(x.lengths))
	for list, n := range x.counted {
		_, most := c.bounds(list)
		t.Persons += n
		for want := c.entries.Min; want <= c.entries.Max; want++ {
			expected[min(want, most)] += float64(n) / float64(c.entries.Max-c.entries.Min+1)
		}
	}
	for k, n := range x.lengths {
		observed[k], weight[k] = float64(n), expected[k]/sparse
	}
	of, pools, joined := pool(weight)
	t.Pooled = joined
	if pools < 2 {
		return nil
	}
	o, e := pooled(observed, of, pools), pooled(expected, of, pools)
	g, df := goodness(o, e)
	return t.sum(chiSquare(o, e), g, df)
}

// sum fills in what the statistics came to; nil when there is nothing to test.
func (t *Test) sum(chi, g, df float64) *Test {
	if df <= 0 {
		return nil
	}
	t.ChiSquare, t.DF, t.P = tidy(chi), int(df), tidy(chiSquareTail(chi, df))
	t.Deviance, t.PDeviance = tidy(g), tidy(chiSquareTail(g, df))
	return t
}
