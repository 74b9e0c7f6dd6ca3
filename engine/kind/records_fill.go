package kind

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
)

// redraws is how often a record that breaks a limit is drawn again. After that, what
// breaks the limit is null.
const redraws = 7

func (p *records) Bind(env *Env) Filler {
	f := &recordsFiller{columns: env.Field.Records}
	earlier := map[string]int{}
	for i, g := range p.Groups {
		f.groups = append(f.groups, g.bind(env, f.columns, earlier))
		earlier[g.Name] = i
	}
	return f
}

// recordsFiller draws the records of a batch of persons group by group. Within a group it
// draws the first record of every person, then the second, and so on, so that each can
// depend on the one before.
type recordsFiller struct {
	columns []*Field
	groups  []*groupDrawer
	counts  [][]int32 // per group, of each person
	failed  []RowError
}

func (p *recordsFiller) Failed() []RowError { return p.failed }

func (p *recordsFiller) Fill(b *frame.Batch, c *frame.Column) {
	p.failed = p.failed[:0]
	if len(p.counts) != len(p.groups) {
		p.counts = make([][]int32, len(p.groups))
	}
	for i, g := range p.groups {
		p.counts[i] = g.counter.counts(b, p.counts[i])
	}
	c.Offsets = frame.Grow(c.Offsets, b.N+1)
	c.Offsets[0] = 0
	for r := range b.N {
		n := int32(0)
		for i := range p.groups {
			n += p.counts[i][r]
		}
		c.Offsets[r+1] = c.Offsets[r] + n
	}
	p.clear(c, int(c.Offsets[b.N]))
	before := make([]int32, b.N) // of the person's records: those of earlier groups
	for i, g := range p.groups {
		p.failed = g.draw(b, c, p.groups, p.counts[i], before, int32(i), p.failed)
		for r := range before {
			before[r] += p.counts[i][r]
		}
	}
}

// clear makes n records without values.
func (p *recordsFiller) clear(c *frame.Column, n int) {
	if len(c.Records) != len(p.columns) {
		c.Records = make([]frame.Column, len(p.columns))
	}
	for k, f := range p.columns {
		x := &c.Records[k]
		x.Resize(f.Type, n)
		if f.Type == frame.Category {
			for r := range x.Codes {
				x.Codes[r] = -1
			}
			continue
		}
		clear(x.Ints)
		clear(x.Floats)
		clear(x.Texts)
		if f.Nullable {
			x.Null = make([]bool, n)
			for r := range x.Null {
				x.Null[r] = true
			}
		}
	}
}

// groupDrawer draws the records of one group.
type groupDrawer struct {
	counter  *recordCounter
	fields   []*Field // of the batches: the context, then the group's own
	context  []contextColumn
	programs []recordProgram
	own      int          // position of the first own field
	targets  []recordPart // own fields that are shown
	retries  bool         // a record may be drawn again

	now, then, first, again *frame.Batch
	rows                    []int32 // person of each record of now
	thenRows                []int32
	pending, left           []int32 // records of now to be drawn again
	refused                 []bool
	counts                  []int32 // of the persons
	ordinal                 int32   // of the records in now
	after                   []int32
	cases                   []int32
}

// contextColumn is where a field of the context comes from.
type contextColumn struct {
	group  int // whose first record, or ofPerson, ofPrevious
	column int // of the batch
}

const (
	ofPerson   = -1
	ofPrevious = -2
)

type recordProgram struct {
	name   string
	column int
	filler Filler
	when   *BoundSelector
	limits []*boundLimit // of the field
	// distinct is what the person's other records have of the field; nil if it need not
	// differ.
	distinct *distinctField
}

// recordPart is a shown field and its column of the records.
type recordPart struct {
	from, to int
	codes    []int32 // of the column's labels, by code of the field; nil if they are the same
}

func (g *recordGroup) bind(env *Env, columns []*Field, earlier map[string]int) *groupDrawer {
	stream := env.Field.Name + "/" + g.Name
	d := &groupDrawer{counter: g.Count.bind(env, stream), own: len(g.Context), fields: slices.Concat(g.Context, g.Fields)}
	inner := *env
	inner.Fields = d.fields
	for _, f := range g.Context {
		of, rest, _ := strings.Cut(f.Name, ".")
		switch of + "." {
		case personPrefix:
			d.context = append(d.context, contextColumn{ofPerson, env.Index(rest)})
		case previousPrefix:
			d.context = append(d.context, contextColumn{ofPrevious, inner.Index(rest)})
		default:
			d.context = append(d.context, contextColumn{earlier[of], -1})
		}
	}
	for _, name := range g.Order {
		at := inner.Index(name)
		f := d.fields[at]
		field := *f
		field.Name = stream + "/" + name // of the random stream
		own := inner
		own.Field = &field
		p := recordProgram{name: env.Field.Name + "." + g.Name + "." + name, column: at, filler: f.Program.Bind(&own)}
		if f.When != nil {
			p.when = f.When.Bind(&inner)
		}
		for _, l := range g.Limits {
			if l.Field == name {
				p.limits = append(p.limits, l.bind(&inner))
			}
		}
		if slices.Contains(g.Distinct, name) {
			p.distinct = &distinctField{column: at, typ: f.Type}
			_, again := p.filler.(*choiceFiller)
			d.retries = d.retries || !again
		}
		_, fails := p.filler.(Failer)
		d.retries = d.retries || fails || len(p.limits) > 0
		d.programs = append(d.programs, p)
	}
	for i, f := range g.Fields {
		if f.Hidden {
			continue
		}
		to := slices.IndexFunc(columns, func(x *Field) bool { return x.Name == f.Name })
		part := recordPart{from: d.own + i, to: to}
		if f.Type == frame.Category && !slices.Equal(f.Domain.Labels, columns[to].Domain.Labels) {
			for _, l := range f.Domain.Labels {
				code, _ := columns[to].Domain.Index(l)
				part.codes = append(part.codes, int32(code))
			}
		}
		d.targets = append(d.targets, part)
	}
	var schema frame.Schema
	for _, f := range d.fields {
		schema = append(schema, f.Column())
	}
	d.now, d.then, d.first, d.again = frame.New(schema), frame.New(schema), frame.New(schema), frame.New(schema)
	return d
}

// draw draws the records of a group and writes them to their places. Before has the
// number of records of each person that come before them.
func (d *groupDrawer) draw(b *frame.Batch, c *frame.Column, groups []*groupDrawer, counts, before []int32, code int32, failed []RowError) []RowError {
	d.counts = counts
	for i := range d.programs {
		if x := d.programs[i].distinct; x != nil {
			x.begin(b.N)
		}
	}
	for ordinal := int32(0); ; ordinal++ {
		d.ordinal = ordinal
		d.rows = d.rows[:0]
		for r, n := range counts {
			if n > ordinal {
				d.rows = append(d.rows, int32(r))
			}
		}
		if len(d.rows) == 0 {
			if ordinal == 0 {
				d.keepFirst(b)
			}
			return failed
		}
		d.begin(d.now, b, d.rows, ordinal, 0)
		d.fillContext(b, groups, ordinal)
		failed = d.fill(b, ordinal, failed)
		for k := range d.programs {
			if x := d.programs[k].distinct; x != nil {
				for i, r := range d.rows {
					x.keep(&d.now.Columns[x.column], i, r)
				}
			}
		}
		d.write(c, before, ordinal, code)
		if ordinal == 0 {
			d.keepFirst(b)
		}
		d.now, d.then = d.then, d.now
		d.rows, d.thenRows = d.thenRows, d.rows
	}
}

// begin makes a batch of the records of an ordinal, one for each of the persons rows.
func (d *groupDrawer) begin(to, b *frame.Batch, rows []int32, ordinal int32, try int64) {
	to.Resize(0, len(rows))
	to.Numbers = frame.Grow(to.Numbers, len(rows))
	for i, r := range rows {
		to.Numbers[i] = (b.First+int64(r))*maxRecords*(redraws+1) + int64(ordinal)*(redraws+1) + try
	}
}

// fillContext copies the fields of others.
func (d *groupDrawer) fillContext(b *frame.Batch, groups []*groupDrawer, ordinal int32) {
	for k, from := range d.context {
		t, to := d.fields[k].Type, &d.now.Columns[k]
		switch from.group {
		case ofPerson:
			gather(to, &b.Columns[from.column], t, d.rows)
		case ofPrevious:
			if ordinal == 0 {
				setNull(to, t, len(d.rows))
				continue
			}
			index := make([]int32, len(d.rows)) // rows are among those of then, in the same order
			at := int32(0)
			for i, r := range d.rows {
				for d.thenRows[at] != r {
					at++
				}
				index[i] = at
			}
			gather(to, &d.then.Columns[from.column], t, index)
		default:
			other := groups[from.group]
			_, name, _ := strings.Cut(d.fields[k].Name, ".")
			column := slices.IndexFunc(other.fields, func(f *Field) bool { return f.Name == name })
			gather(to, &other.first.Columns[column], t, d.rows)
		}
	}
}

// fill draws the own fields of the records in now. Records that break a limit are drawn
// again.
func (d *groupDrawer) fill(b *frame.Batch, ordinal int32, failed []RowError) []RowError {
	d.pending = d.pending[:0]
	failed = d.run(d.now, !d.retries, nil, failed)
	if !d.retries {
		return failed
	}
	for i, refused := range d.refused {
		if refused {
			d.pending = append(d.pending, int32(i))
		}
	}
	for try := int64(1); len(d.pending) > 0; try++ {
		persons := make([]int32, len(d.pending))
		for k, i := range d.pending {
			persons[k] = d.rows[i]
		}
		d.begin(d.again, b, persons, ordinal, try)
		for k := range d.context {
			gather(&d.again.Columns[k], &d.now.Columns[k], d.fields[k].Type, d.pending)
		}
		last := try == redraws
		failed = d.run(d.again, last, persons, failed)
		d.left = d.left[:0]
		for k, i := range d.pending {
			if !last && d.refused[k] {
				d.left = append(d.left, i)
				continue
			}
			for at := d.own; at < len(d.fields); at++ {
				copyCell(&d.now.Columns[at], &d.again.Columns[at], d.fields[at].Type, int(i), k)
			}
		}
		d.pending, d.left = d.left, d.pending
	}
	return failed
}

// run fills the own fields of a batch. It notes in refused which records break a limit; of
// the last try, it makes null what breaks it, before other fields read it.
func (d *groupDrawer) run(b *frame.Batch, last bool, persons []int32, failed []RowError) []RowError {
	if persons == nil {
		persons = d.rows
	}
	d.refused = frame.Grow(d.refused, b.N)
	clear(d.refused)
	for i := range d.programs {
		p := &d.programs[i]
		c, t := &b.Columns[p.column], d.fields[p.column].Type
		if f, ok := p.filler.(*integerFiller); ok {
			f.after = d.after[:0]
			for _, r := range persons {
				f.after = append(f.after, d.counts[r]-d.ordinal-1)
			}
			d.after = f.after
		}
		p.filler.Fill(b, c)
		if p.when != nil {
			d.cases = p.when.Cases(b, d.cases)
			for r, holds := range d.cases {
				if holds == 0 {
					c.SetNull(t, r, b.N)
				}
			}
		}
		refuse := func(r int) {
			if d.refused[r] = true; last {
				c.SetNull(t, r, b.N)
			}
		}
		if p.distinct != nil && d.ordinal > 0 {
			p.distinct.separate(b, p.filler, persons, refuse)
		}
		holds := func(r int) bool { return p.when == nil || d.cases[r] != 0 }
		if f, ok := p.filler.(rejecter); ok {
			for _, r := range f.rejectedRows() {
				d.refused[r] = d.refused[r] || holds(r)
			}
		}
		if f, ok := p.filler.(Failer); ok {
			for _, x := range f.Failed() {
				if !holds(x.Row) {
					continue
				}
				if d.refused[x.Row] = true; last {
					failed = append(failed, RowError{int(persons[x.Row]), fmt.Errorf("%s: %w", p.name, x.Err)})
				}
			}
		}
		for _, l := range p.limits {
			l.broken(b, refuse)
		}
	}
	return failed
}

// write copies the records in now to their places among those of the persons.
func (d *groupDrawer) write(c *frame.Column, before []int32, ordinal, code int32) {
	for _, r := range d.rows {
		c.Records[0].Codes[c.Offsets[r]+before[r]+ordinal] = code
	}
	for _, part := range d.targets {
		from, to, t := &d.now.Columns[part.from], &c.Records[part.to], d.fields[part.from].Type
		for i, r := range d.rows {
			at := int(c.Offsets[r] + before[r] + ordinal)
			if from.IsNull(t, i) {
				continue // it has no value yet
			}
			copyCell(to, from, t, at, i)
			if part.codes != nil {
				to.Codes[at] = part.codes[to.Codes[at]]
			}
		}
	}
}

// keepFirst keeps the first record of each person for later groups, null where there is
// none.
func (d *groupDrawer) keepFirst(b *frame.Batch) {
	d.first.Resize(b.First, b.N)
	for k, f := range d.fields {
		c := &d.first.Columns[k]
		setNull(c, f.Type, b.N)
		for i, r := range d.rows {
			if !d.now.Columns[k].IsNull(f.Type, i) {
				copyCell(c, &d.now.Columns[k], f.Type, int(r), i)
			}
		}
	}
}

// gather copies the given rows of a column.
func gather(to, from *frame.Column, t frame.Type, rows []int32) {
	for i, r := range rows {
		copyCell(to, from, t, i, int(r))
	}
}

// copyCell copies a value, or null, to row i of a column.
func copyCell(to, from *frame.Column, t frame.Type, i, r int) {
	null := from.IsNull(t, r)
	switch t {
	case frame.Category:
		to.Codes[i] = from.Codes[r]
		return
	case frame.Integer, frame.Date:
		to.Ints[i] = from.Ints[r]
	case frame.Number:
		to.Floats[i] = from.Floats[r]
	case frame.Text:
		to.Texts[i] = from.Texts[r]
	}
	switch {
	case to.Null != nil:
		to.Null[i] = null
	case null:
		to.SetNull(t, i, max(len(to.Ints), len(to.Floats), len(to.Texts)))
	}
}

// setNull makes all n rows of a column null.
func setNull(c *frame.Column, t frame.Type, n int) {
	c.Resize(t, n)
	for r := range n {
		c.SetNull(t, r, n)
	}
}
