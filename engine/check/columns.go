package check

import (
	"math"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/sketch"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
)

// columnsPlan is what each column must satisfy, independently of the others.
type columnsPlan struct {
	basis  *basis
	fields []columnPlan
}

// columnPlan is what one column must satisfy.
type columnPlan struct {
	field   *kind.Field
	axis    int // -1 when not coded
	when    int // mask of the rows that have a value
	covered int // mask of the rows for which a number has a distribution
	// free says that null may be right where these hold: it follows from other fields,
	// or nobody can tell where they hold.
	free     bool
	counter  int // counts per code, -1 when not coded
	low      float64
	high     float64
	bounded  bool
	nonEmpty bool
}

// anyone reports whether no known condition says who has a value.
func (c *columnPlan) anyone() bool { return c.when == everyone && c.covered == everyone }

// ranger is implemented by programs whose numbers have bounds.
type ranger interface {
	Range() (low, high float64, ok bool)
}

func compileColumns(b *basis, coding *coding, counts *countsPlan) *columnsPlan {
	p := &columnsPlan{basis: b}
	for i, f := range b.plan.Fields {
		when, unknown := b.when(f)
		c := columnPlan{field: f, axis: coding.axisOf[i], when: coding.mask(when), covered: everyone, free: f.FollowsNull() || unknown || f.Class == kind.Judged, counter: -1}
		if covered := f.Covered(); covered != nil {
			if b.measures(covered.Fields) {
				c.covered = coding.mask(covered)
			} else {
				c.free = true
			}
		}
		if c.axis >= 0 {
			c.counter = counts.counter(coding, coding.space([]string{f.Name}), everyone)
		}
		if r, ok := f.Program.(ranger); ok {
			c.low, c.high, c.bounded = r.Range()
		}
		if f.Type == frame.Date {
			c.low, c.high = f.Bounds()
			c.bounded = true
		}
		c.nonEmpty = f.Type == frame.Text && !f.Hidden
		p.fields = append(p.fields, c)
	}
	return p
}

// columns gathers data about each column separately.
type columns struct {
	plan   *columnsPlan
	codes  *codes
	counts *counts
	of     []columnTally
}

// columnTally is what is gathered of one column. Those of written fields are
// filled by texts, which reads every text once.
type columnTally struct {
	unknown violations // labels or whole numbers outside the domain, NaN and infinities
	outside violations // numbers outside their range
	empty   violations // empty texts
	missing violations // null where a value is required
	extra   violations // a value where null is required
	nulls   int64
	numbers sketch.Numbers // of numbers, of the lengths of texts, of the items of lists
	items   []int64        // per label of a list, by class of weights
	// classes are numbers by class of weights; nil without a design, and of texts.
	classes []sketch.Numbers
	dates   dateCounts
	records *recordsTally // of records
}

func (p *columnsPlan) newTally(codes *codes, counts *counts) *columns {
	t := &columns{plan: p, codes: codes, counts: counts, of: make([]columnTally, len(p.fields))}
	for i, c := range p.fields {
		if c.field.Type == frame.Records {
			t.of[i].records = newRecordsTally(p.basis, c.field, codes.coding.design)
		}
	}
	if d := codes.coding.design; d != nil {
		for i, c := range p.fields {
			if c.axis < 0 && (c.field.Type == frame.Number || c.field.Type == frame.Integer) {
				t.of[i].classes = make([]sketch.Numbers, d.classes())
			}
		}
	}
	return t
}

func (t *columns) merge(other tally) {
	for i := range t.of {
		f, o := &t.of[i], &other.(*columns).of[i]
		f.unknown.merge(&o.unknown)
		f.outside.merge(&o.outside)
		f.empty.merge(&o.empty)
		f.missing.merge(&o.missing)
		f.extra.merge(&o.extra)
		f.nulls += o.nulls
		f.numbers.Merge(&o.numbers)
		for class := range f.classes {
			f.classes[class].Merge(&o.classes[class])
		}
		f.dates.merge(&o.dates)
		if f.records != nil {
			f.records.merge(o.records)
		}
		if f.items == nil {
			f.items = o.items
		} else {
			addAll(f.items, o.items)
		}
	}
}

func (t *columns) code(c *wire.Coder) {
	for i := range t.of {
		f := &t.of[i]
		for _, v := range []*violations{&f.unknown, &f.outside, &f.empty, &f.missing, &f.extra} {
			v.code(c)
		}
		c.Count(&f.nulls)
		f.numbers.Code(c)
		for class := range f.classes {
			f.classes[class].Code(c)
		}
		f.dates.code(c)
		if f.records != nil {
			f.records.code(c)
		}
		if field := t.plan.fields[i].field; field.Type == frame.CategoryList {
			wire.Optional(c, &f.items, field.Domain.Size()*t.codes.coding.design.classes(), c.Counts)
		}
	}
}

func (t *columns) add(b *frame.Batch) {
	for i := range t.of {
		if t.plan.fields[i].field.Class != kind.Written {
			t.addColumn(b, i)
		}
	}
}

func (t *columns) addColumn(b *frame.Batch, i int) {
	c, col, f := &t.plan.fields[i], &b.Columns[i], &t.of[i]
	t.addNulls(b, i)
	switch c.field.Type {
	case frame.Category:
		if !t.codes.good[c.axis] {
			size := uint32(c.field.Domain.Size())
			for r, code := range col.Codes[:b.N] {
				if code != -1 && uint32(code) >= size {
					f.unknown.add(b.First + int64(r))
				}
			}
		}
	case frame.Integer:
		t.addIntegers(b, i)
	case frame.Date:
		for r, day := range col.Ints[:b.N] {
			switch {
			case col.Null != nil && col.Null[r]:
			case day < frame.MinDate || day > frame.MaxDate:
				f.unknown.add(b.First + int64(r))
			default:
				if x := float64(day); c.bounded && (x < c.low || x > c.high) {
					f.outside.add(b.First + int64(r))
				}
				f.dates.add(day)
			}
		}
	case frame.Number:
		for r, v := range col.Floats[:b.N] {
			switch {
			case col.Null != nil && col.Null[r]:
			case math.IsNaN(v) || math.IsInf(v, 0):
				f.unknown.add(b.First + int64(r))
			default:
				if c.bounded && (v < c.low || v > c.high) {
					f.outside.add(b.First + int64(r))
				}
				f.numbers.Add(v)
				if f.classes != nil {
					f.classes[t.codes.classes[r]].Add(v)
				}
			}
		}
	case frame.Text:
		for r, text := range col.Texts[:b.N] {
			if col.Null != nil && col.Null[r] {
				continue
			}
			if text == "" && c.nonEmpty {
				f.empty.add(b.First + int64(r))
			}
			f.numbers.Add(float64(utf8.RuneCountInString(text)))
		}
	case frame.CategoryList, frame.TextList:
		t.addLists(b, i)
	case frame.Records:
		f.records.add(c.field, b, col, t.codes)
	}
}

func (t *columns) addIntegers(b *frame.Batch, i int) {
	c, col, f := &t.plan.fields[i], &b.Columns[i], &t.of[i]
	if c.axis >= 0 { // counted by value
		if t.codes.good[c.axis] {
			return
		}
		d := c.field.Domain
		for r, v := range col.Ints[:b.N] {
			if (v < d.Min || v > d.Max) && (col.Null == nil || !col.Null[r]) {
				f.unknown.add(b.First + int64(r))
			}
		}
		return
	}
	for r, v := range col.Ints[:b.N] {
		if col.Null != nil && col.Null[r] {
			continue
		}
		if x := float64(v); c.bounded && (x < c.low || x > c.high) {
			f.outside.add(b.First + int64(r))
		}
		f.numbers.Add(float64(v))
		if f.classes != nil {
			f.classes[t.codes.classes[r]].Add(float64(v))
		}
	}
}

func (t *columns) addLists(b *frame.Batch, i int) {
	c, col, f := &t.plan.fields[i], &b.Columns[i], &t.of[i]
	labels := c.field.Type == frame.CategoryList
	size := 0
	if labels {
		size = c.field.Domain.Size()
		if f.items == nil {
			f.items = make([]int64, size*t.codes.coding.design.classes())
		}
	}
	for r := range b.N {
		if col.Null != nil && col.Null[r] {
			continue
		}
		from, to := col.Offsets[r], col.Offsets[r+1]
		f.numbers.Add(float64(to - from))
		bad, empty := false, false
		for k := from; k < to; k++ {
			switch {
			case !labels:
				empty = empty || col.Texts[k] == ""
			case uint32(col.Codes[k]) < uint32(size):
				f.items[t.codes.class(r)*size+int(col.Codes[k])]++
			default:
				bad = true
			}
		}
		if bad {
			f.unknown.add(b.First + int64(r))
		}
		if empty {
			f.empty.add(b.First + int64(r))
		}
	}
}

// addNulls counts nulls and compares them with the field's conditions. A field that is
// also null by the values of others, such as a group or a date, has a check of its own.
func (t *columns) addNulls(b *frame.Batch, i int) {
	c, col, f := &t.plan.fields[i], &b.Columns[i], &t.of[i]
	category := c.field.Type == frame.Category
	if !category && col.Null == nil && c.anyone() {
		return
	}
	if category && !c.field.Nullable && t.codes.good[c.axis] {
		return // no code is null, or not all would be good
	}
	has, covered := t.codes.taken(c.when), t.codes.taken(c.covered)
	free := c.free || c.anyone() && c.field.Nullable
	for r := range b.N {
		null := false
		if category {
			null = col.Codes[r] == -1
		} else {
			null = col.Null != nil && col.Null[r]
		}
		if null {
			f.nulls++
		}
		switch {
		case has != nil && !has[r] || covered != nil && !covered[r]:
			if !null {
				f.extra.add(b.First + int64(r))
			}
		case null && !free:
			f.missing.add(b.First + int64(r))
		}
	}
}

// profiles describes every column, by weight.
func (t *columns) profiles(rows int64) (out []Profile) {
	design := t.codes.coding.design
	for i := range t.of {
		c, f := &t.plan.fields[i], &t.of[i]
		p := Profile{Field: c.field.Name, Rows: rows, Nulls: f.nulls}
		if f.items != nil {
			size := len(f.items) / design.classes()
			p.Counts = make([]float64, size)
			for at, n := range f.items {
				p.Counts[at%size] += float64(n) * design.weight(at/size)
			}
			p.Counts = t.counts.all().scaled(p.Counts, rows)
		}
		p.Dates = f.dates.describe()
		if f.records != nil {
			p.Records = f.records.describe(c.field, design, func(classes [][]int64) []float64 {
				return t.counts.all().scaled(design.sums(classes), rows)
			})
		}
		if c.counter >= 0 {
			sum, _ := t.counts.weighted(c.counter)
			sum = t.counts.all().scaled(sum, rows)
			p.Counts = sum[:c.field.Domain.Size()]
			if design != nil && c.field.Nullable {
				p.NullsWeighted = sum[len(sum)-1]
			}
			if c.field.Type == frame.Integer {
				p.Numbers = sketch.Exact(t.counts.of[c.counter][:c.field.Domain.Size()], p.Counts, c.field.Domain.Min)
			}
		} else if p.Numbers = f.numbers.Describe(); p.Numbers != nil {
			switch {
			case f.classes != nil:
				x := sketch.Weighted{Weights: design.weights}
				for class := range f.classes {
					x.Of = append(x.Of, &f.classes[class])
				}
				p.Numbers = x.Describe()
			case c.field.Type == frame.Text:
				p.Numbers.Of = "characters"
			case c.field.Type == frame.CategoryList || c.field.Type == frame.TextList:
				p.Numbers.Of = "items"
			}
		}
		out = append(out, p)
	}
	return out
}
