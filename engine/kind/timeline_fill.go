package kind

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strconv"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
)

func (p *timeline) Bind(env *Env) Filler {
	return &timelineFiller{lifeReader: p.reader(env), counter: p.Count.bind(env, env.Field.Name+"/count"), stream: rng.New(env.Seed, env.Field.Name+"/event")}
}

// timelineFiller draws the events of a batch of persons.
type timelineFiller struct {
	*lifeReader
	counter *recordCounter
	stream  rng.Stream
	counts  []int32
	all     []lifeEvent // of the persons so far
	entries []candidate
	failed  []RowError
}

func (p *timelineFiller) Failed() []RowError { return p.failed }

func (p *timelineFiller) Fill(b *frame.Batch, c *frame.Column) {
	p.failed, p.all = p.failed[:0], p.all[:0]
	p.counts = p.counter.counts(b, p.counts)
	p.begin(b)
	c.Offsets = frame.Grow(c.Offsets, b.N+1)
	c.Offsets[0] = 0
	for r := range b.N {
		if err := p.read(b, r); err != nil {
			p.failed = append(p.failed, RowError{r, err})
		} else {
			p.draw(b.Number(r), int(p.counts[r]), p.lists[r])
			p.sort()
			p.all = append(p.all, p.events...)
		}
		c.Offsets[r+1] = int32(len(p.all))
	}
	p.write(b, c)
}

// candidate is an entry that may be drawn.
type candidate struct {
	entry     int32
	low, high int64  // years
	free      int64  // how many of them
	weight    uint64 // of 1 << 32
}

// draw draws events until there are n, or none is possible.
func (p *timelineFiller) draw(person int64, n int, list int32) {
	if !p.known || list == 0 {
		return
	}
	for k := uint64(0); len(p.events) < n; k++ {
		var total uint64
		p.entries = p.entries[:0]
		for e := p.p.Bank.Start[list-1]; e < p.p.Bank.Start[list]; e++ {
			if x := p.candidate(e, list); x.free > 0 {
				total += x.weight
				p.entries = append(p.entries, x)
			}
		}
		if total == 0 {
			return
		}
		word, other := p.stream.At(person, k)
		at, _ := bits.Mul64(word, total)
		i := 0
		for p.entries[i].weight <= at {
			at -= p.entries[i].weight
			i++
		}
		x := p.entries[i]
		skip, _ := bits.Mul64(other, uint64(x.free))
		code, row := p.p.Bank.Codes[x.entry], &p.p.Rows[p.p.Bank.Rows[x.entry]]
		year := x.low
		for ; ; year++ {
			if p.has(code, year) || p.inPeriod(row, year) {
				continue
			}
			if skip == 0 {
				break
			}
			skip--
		}
		p.events = append(p.events, lifeEvent{code: code, year: year, row: p.p.Bank.Rows[x.entry], person: p.person})
	}
}

// write writes the events of all persons.
func (p *timelineFiller) write(b *frame.Batch, c *frame.Column) {
	if len(c.Records) != len(p.columns) {
		c.Records = make([]frame.Column, len(p.columns))
	}
	n := len(p.all)
	for k, f := range p.columns {
		c.Records[k].Resize(f.Type, n)
	}
	for i := range p.all {
		p.writeEvent(b, c.Records, i, n, &p.all[i])
	}
}

// lifeEvent is an event of a person.
type lifeEvent struct {
	code   int32
	year   int64
	age    int64
	row    int32 // of the bank; -1 if it is placed
	placed int32 // number of the placed event
	record int32 // of each; -1 for none
	person int32 // row of the batch
}

// lifeReader reads what the events of a person follow from. Begin and then read set the
// lower fields.
type lifeReader struct {
	p       *timeline
	columns []*Field
	birth   boundYear
	given   lister
	uses    []string         // the fields on which the lists depend
	forms   []*BoundSelector // per further column; nil if it has one form
	placed  []boundPlaced

	lists  []int32
	cases  [][]int32 // per further column
	person int32
	known  bool  // the year of birth is
	born   int64 // year
	last   int64 // year
	events []lifeEvent
	// periods are those that begin and end with events, by number of the period.
	periods [][]years
}

type boundPlaced struct {
	*placedEvent
	year   boundYear
	when   *BoundSelector
	cases  []int32
	column int   // of the records
	values []int // columns of With: of the batch or of the records, -1 for a label
	types  []frame.Type
	labels [][]string
}

// reader binds the timeline to the columns of batches.
func (p *timeline) reader(env *Env) *lifeReader {
	x := &lifeReader{p: p, columns: env.Field.Records, cases: make([][]int32, len(p.Columns))}
	x.given, x.uses = p.Bank.bindLists(env)
	at := env.Index(p.Birth.Field)
	x.birth = boundYear{p.Birth, at, env.Fields[at].Type}
	for _, column := range p.Columns {
		var form *BoundSelector
		if by := column.by(); by != nil {
			form = by.Bind(env)
		}
		x.forms = append(x.forms, form)
	}
	for _, e := range p.Placed {
		x.placed = append(x.placed, e.bind(env))
	}
	return x
}

func (e *placedEvent) bind(env *Env) boundPlaced {
	x := boundPlaced{placedEvent: e, column: -1}
	fields := env.Fields
	if e.Each != "" {
		x.column = env.Index(e.Each)
		fields = env.Fields[x.column].Records
	}
	index := func(name string) int {
		return slices.IndexFunc(fields, func(f *Field) bool { return f.Name == name })
	}
	at := index(e.Year.Field)
	x.year = boundYear{e.Year, at, fields[at].Type}
	if e.When != nil {
		x.when = e.When.Bind(env)
	}
	for _, v := range e.With {
		at, t, labels := -1, frame.Category, []string(nil)
		if v.Field != "" {
			at = index(v.Field)
			t = fields[at].Type
			if fields[at].Domain != nil {
				labels = fields[at].Domain.Labels
			}
		}
		x.values, x.types, x.labels = append(x.values, at), append(x.types, t), append(x.labels, labels)
	}
	return x
}

// begin reads what all persons of a batch need.
func (x *lifeReader) begin(b *frame.Batch) {
	x.lists = x.given.Cases(b, x.lists)
	for i, form := range x.forms {
		if form != nil {
			x.cases[i] = form.Cases(b, x.cases[i])
		}
	}
	for i := range x.placed {
		if e := &x.placed[i]; e.when != nil {
			e.cases = e.when.Cases(b, e.cases)
		}
	}
}

// read reads the life of person r and their placed events.
func (x *lifeReader) read(b *frame.Batch, r int) error {
	x.person, x.events = int32(r), x.events[:0]
	if err := x.readLife(b, r); err != nil || !x.known {
		return err
	}
	for i := range x.placed {
		if err := x.placeAll(b, i, r); err != nil {
			return err
		}
	}
	x.findPeriods()
	return nil
}

// placeAll adds the events of person r that placed event i stands for.
func (x *lifeReader) placeAll(b *frame.Batch, i, r int) error {
	e := &x.placed[i]
	if e.when != nil && e.cases[r] != 1 {
		return nil
	}
	if e.column < 0 {
		return x.place(int32(i), &b.Columns[e.year.column], r, -1)
	}
	c := &b.Columns[e.column]
	if c.IsNull(frame.Records, r) {
		return nil
	}
	for k := c.Offsets[r]; k < c.Offsets[r+1]; k++ {
		if e.Group >= 0 && c.Records[0].Codes[k] != int32(e.Group) {
			continue
		}
		if err := x.place(int32(i), &c.Records[e.year.column], int(k), k); err != nil {
			return err
		}
	}
	return nil
}

// readLife reads the year of birth and the last year of person r.
func (x *lifeReader) readLife(b *frame.Batch, r int) error {
	c := &b.Columns[x.birth.column]
	birth, ok, err := x.birth.at(c, r)
	x.known = ok
	if err != nil || !ok {
		return err
	}
	x.born, x.last = birth, x.p.Until
	switch on := x.p.On; {
	case x.birth.Age:
		x.born = int64(yearOf(int64(*on))) - birth
	case on != nil && x.birth.typ == frame.Date:
		age := int64(yearOf(int64(*on))) - birth
		if _, latest := born(age, int64(*on)); c.Ints[r] > latest {
			age-- // the birthday of the year is still to come
		}
		x.last = min(x.last, birth+age)
	}
	if x.born < firstYear || x.born > lastYear {
		return fmt.Errorf("the year of birth is %d, by %s; years are from %d to %d", x.born, x.birth.Field, firstYear, lastYear)
	}
	return nil
}

// place adds placed event i, whose year is in row r of a column.
func (x *lifeReader) place(i int32, c *frame.Column, r int, record int32) error {
	e := &x.placed[i]
	year, ok, err := e.year.at(c, r)
	if err != nil || !ok {
		return err
	}
	if e.year.Age {
		year += x.born
	}
	x.events = append(x.events, lifeEvent{code: e.Event, year: year, row: -1, placed: i, record: record, person: x.person})
	return nil
}

// candidate returns the years in which the person can have the event of an entry, beside
// those that they have.
func (x *lifeReader) candidate(entry, list int32) candidate {
	row := &x.p.Rows[x.p.Bank.Rows[entry]]
	code := x.p.Bank.Codes[entry]
	low, high := max(x.born+row.FromAge, row.FromYear), min(x.born+row.ToAge, row.ToYear, x.last)
	for _, other := range row.After {
		first := x.first(other)
		if first == nil {
			return candidate{}
		}
		low = max(low, first.year)
	}
	if low > high {
		return candidate{}
	}
	free, times := high-low+1, 0
	for i := range x.events {
		e := &x.events[i]
		if e.code == code {
			times++
			if e.year >= low && e.year <= high && !x.inPeriod(row, e.year) {
				free--
			}
		}
		if x.exclude(code, row, e) {
			return candidate{}
		}
	}
	if times >= row.Times {
		return candidate{}
	}
	if len(row.Outside) > 0 {
		for year := low; year <= high; year++ {
			if x.inPeriod(row, year) {
				free--
			}
		}
	}
	return candidate{entry, low, high, free, x.p.Bank.width(list-1, entry)}
}

// exclude reports whether the event of a row of the bank and another exclude each other.
func (x *lifeReader) exclude(code int32, row *eventRow, other *lifeEvent) bool {
	return slices.Contains(row.Excludes, other.code) || other.row >= 0 && slices.Contains(x.p.Rows[other.row].Excludes, code)
}

// first returns the earliest event with a code that the person has so far, nil for none.
func (x *lifeReader) first(code int32) (first *lifeEvent) {
	for i := range x.events {
		if e := &x.events[i]; e.code == code && (first == nil || e.year < first.year) {
			first = e
		}
	}
	return first
}

func (x *lifeReader) has(code int32, year int64) bool {
	return slices.ContainsFunc(x.events, func(e lifeEvent) bool { return e.code == code && e.year == year })
}

// sort puts the events in order, and gives them ages. In a year, placed events come first,
// and then those that were drawn first, which others may come after.
func (x *lifeReader) sort() {
	slices.SortStableFunc(x.events, func(a, b lifeEvent) int {
		return cmp.Or(cmp.Compare(a.year, b.year), cmp.Compare(min(a.row, 0), min(b.row, 0)))
	})
	for i := range x.events {
		x.events[i].age = x.events[i].year - x.born
	}
}

// writeEvent writes an event to row i of n of the columns.
func (x *lifeReader) writeEvent(b *frame.Batch, to []frame.Column, i, n int, e *lifeEvent) {
	to[eventAt].Codes[i], to[yearAt].Ints[i], to[ageAt].Ints[i] = e.code, e.year, e.age
	for k, column := range x.p.Columns {
		f, c := x.columns[firstEventColumn+k], &to[firstEventColumn+k]
		if e.row < 0 || column.Cells == nil {
			c.SetNull(f.Type, i, n)
			continue
		}
		form := 0
		if x.forms[k] != nil {
			form = int(x.cases[k][e.person]) - 1
		}
		if form < 0 {
			c.SetNull(f.Type, i, n)
			continue
		}
		column.write(f.Type, c, i, n, &column.Cells.Columns[form], e.row)
	}
	if e.row >= 0 {
		return
	}
	placed := &x.placed[e.placed]
	for k, v := range placed.With {
		f, c := x.columns[firstEventColumn+v.Column], &to[firstEventColumn+v.Column]
		var from *frame.Column
		r := int(e.person)
		switch {
		case placed.values[k] < 0:
		case e.record >= 0:
			from, r = &b.Columns[placed.column].Records[placed.values[k]], int(e.record)
		default:
			from = &b.Columns[placed.values[k]]
		}
		placed.write(f.Type, c, i, v, from, placed.types[k], placed.labels[k], r)
	}
}

// write writes the cell of a row of the bank.
func (x *eventColumn) write(t frame.Type, to *frame.Column, i, n int, from *cells, row int32) {
	var null bool
	switch t {
	case frame.Category:
		to.Codes[i] = from.Codes[row]
		return
	case frame.Text:
		if null = from.Codes[row] < 0; !null {
			to.Texts[i] = x.Labels[from.Codes[row]]
		}
	default:
		if _, null = slices.BinarySearch(from.Empty, row); !null && t == frame.Integer {
			to.Ints[i] = int64(from.Numbers[row])
		} else if !null {
			to.Floats[i] = from.Numbers[row]
		}
	}
	if null {
		to.SetNull(t, i, n)
	} else if to.Null != nil {
		to.Null[i] = false
	}
}

// write writes the value of a column of a placed event, whose cell is null. From is nil
// for a label.
func (e *boundPlaced) write(t frame.Type, to *frame.Column, i int, v *placedValue, from *frame.Column, typ frame.Type, labels []string, r int) {
	if from != nil && from.IsNull(typ, r) {
		return
	}
	switch {
	case t == frame.Category && from == nil:
		to.Codes[i] = v.Codes[0]
		return
	case t == frame.Category:
		to.Codes[i] = v.Codes[from.Codes[r]]
		return
	case t == frame.Integer:
		to.Ints[i] = from.Ints[r]
	case t == frame.Number && typ == frame.Integer:
		to.Floats[i] = float64(from.Ints[r])
	case t == frame.Number:
		to.Floats[i] = from.Floats[r]
	case from == nil:
		to.Texts[i] = v.Label
	case typ == frame.Category:
		to.Texts[i] = labels[from.Codes[r]]
	case typ == frame.Integer:
		to.Texts[i] = strconv.FormatInt(from.Ints[r], 10)
	case typ == frame.Date:
		to.Texts[i] = string(frame.AppendDate(nil, from.Ints[r]))
	default:
		if from.Texts[r] == "" {
			return
		}
		to.Texts[i] = from.Texts[r]
	}
	to.Null[i] = false
}
