package kind

import (
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/frame"
)

// TimelineAudit compares events that were read with what their field says. It belongs to
// one goroutine.
type TimelineAudit struct {
	// Fewer is the number of persons who have fewer events than the smallest count, because
	// no other event was possible. Read adds to it.
	Fewer int64
	Least int
	// Untested says what cannot be told from what was read, "" for nothing.
	Untested string

	reader  *lifeReader
	fields  []*Field
	life    bool   // the lives can be told
	placed  []int  // of the placed events: those that can be told
	values  []bool // of the placed events: their further columns can be told
	lists   bool   // the entries that a person may have can be told
	columns []bool
	rows    [][]int32      // by event: its rows of the bank
	placing map[int32]bool // events that are placed
	want    frame.Batch    // one event
}

// TimelineAudit returns what compares the field's events, nil for a field of another kind.
// Measurable says which fields of the person can be told from what was read.
func (f *Field) TimelineAudit(env *Env, measurable func(name string) bool) *TimelineAudit {
	p, ok := f.Program.(*timeline)
	if !ok {
		return nil
	}
	own := *env
	own.Field = f
	a := &TimelineAudit{Least: p.Least, reader: p.reader(&own), fields: f.Records, placing: map[int32]bool{}, rows: make([][]int32, f.Records[eventAt].Domain.Size())}
	all := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return !measurable(name) })
	}
	a.life, a.lists = measurable(p.Birth.Field), all(a.reader.uses...)
	if !a.life {
		a.Untested = p.Birth.Field
	}
	for i, e := range p.Placed {
		a.placing[e.Event] = true
		a.values = append(a.values, e.Each != "" || !slices.ContainsFunc(e.With, func(v *placedValue) bool { return v.Field != "" && !measurable(v.Field) }))
		name := e.Year.Field
		if e.Each != "" {
			name = e.Each
		}
		if a.life && measurable(name) && (e.When == nil || all(e.When.Fields...)) {
			a.placed = append(a.placed, i)
		} else if a.Untested == "" {
			a.Untested = name
		}
	}
	for _, x := range p.Columns {
		a.columns = append(a.columns, x.by() == nil || all(x.by().Fields...))
	}
	for e, code := range p.Bank.Codes {
		if row := p.Bank.Rows[e]; !slices.Contains(a.rows[code], row) {
			a.rows[code] = append(a.rows[code], row)
		}
	}
	var schema frame.Schema
	for _, x := range f.Records {
		schema = append(schema, x.Column())
	}
	a.want = *frame.New(schema)
	a.want.Resize(0, 1)
	return a
}

// Read compares the events in column c of a batch with the fields of its persons. It calls
// visit with every fault.
func (a *TimelineAudit) Read(b *frame.Batch, c *frame.Column, visit func(fault RecordFault)) {
	a.begin(b)
	for r := range b.N {
		if !c.IsNull(frame.Records, r) {
			a.readPerson(b, c, r, func(format string, args ...any) { visit(RecordFault{r, fmt.Sprintf(format, args...)}) })
		}
	}
}

// begin prepares what can be told of a batch.
func (a *TimelineAudit) begin(b *frame.Batch) {
	x := a.reader
	if a.lists {
		x.lists = x.given.Cases(b, x.lists)
	}
	for k, form := range x.forms {
		if form != nil && a.columns[k] {
			x.cases[k] = form.Cases(b, x.cases[k])
		}
	}
	for _, i := range a.placed {
		if e := &x.placed[i]; e.when != nil {
			e.cases = e.when.Cases(b, e.cases)
		}
	}
}

// readPerson compares the events of person r.
func (a *TimelineAudit) readPerson(b *frame.Batch, c *frame.Column, r int, fault func(format string, args ...any)) {
	x := a.reader
	x.person, x.known = int32(r), false
	if a.life {
		if err := x.readLife(b, r); err != nil {
			x.known = false
		}
	}
	events := a.gather(c, r, fault)
	if events == nil {
		return
	}
	for i, e := range events {
		name := a.fields[eventAt].Domain.Labels[e.code]
		if i > 0 && e.year < events[i-1].year {
			fault("with events that are not in the order of their years")
		}
		if x.known {
			if e.age != e.year-x.born {
				fault("with an event whose age is not its year less the year of birth")
			}
			last := x.last
			if a.placing[e.code] {
				last = x.p.Until // also before the birthday of the last year
			}
			if e.year < x.born || e.year > last {
				fault("with an event before birth or after the end of what is told: %s", name)
			}
		}
		if !a.placing[e.code] {
			a.testEntry(b, c, r, i, &events[i], name, fault)
		}
	}
	x.events = events
	x.findPeriods()
	a.testOthers(events, fault)
	a.testPlaced(b, c, r, events, fault)
	a.testCount(r, events, fault)
}

// gather returns the events of person r, nil after it has told a fault.
func (a *TimelineAudit) gather(c *frame.Column, r int, fault func(format string, args ...any)) []lifeEvent {
	events := []lifeEvent{}
	for i := c.Offsets[r]; i < c.Offsets[r+1]; i++ {
		code := c.Records[eventAt].Codes[i]
		if code < 0 || int(code) >= len(a.rows) || c.Records[yearAt].IsNull(frame.Integer, int(i)) || c.Records[ageAt].IsNull(frame.Integer, int(i)) {
			fault("with an event without a name, a year or an age")
			return nil
		}
		e := lifeEvent{code: code, year: c.Records[yearAt].Ints[i], age: c.Records[ageAt].Ints[i], row: -1, person: int32(r), record: -1}
		if !a.placing[code] {
			e.row = a.rowOf(code, r)
		}
		events = append(events, e)
	}
	return events
}

// rowOf returns the row of an event in the list of person r, or if that is not known the
// only row of the event; -1 for none.
func (a *TimelineAudit) rowOf(code int32, r int) int32 {
	bank := &a.reader.p.Bank
	if !a.lists {
		if len(a.rows[code]) == 1 {
			return a.rows[code][0]
		}
		return -1
	}
	if list := a.reader.lists[r]; list > 0 {
		for e := bank.Start[list-1]; e < bank.Start[list]; e++ {
			if bank.Codes[e] == code {
				return bank.Rows[e]
			}
		}
	}
	return -1
}

// testEntry compares event i of person r with its row of the bank.
func (a *TimelineAudit) testEntry(b *frame.Batch, c *frame.Column, r, i int, e *lifeEvent, name string, fault func(format string, args ...any)) {
	x := a.reader
	if e.row < 0 {
		if a.lists {
			fault("with an event that they cannot have: %s", name)
		}
		return
	}
	row := &x.p.Rows[e.row]
	if e.age < row.FromAge || e.age > row.ToAge || e.year < row.FromYear || e.year > row.ToYear {
		fault("with an event outside its ages or years: %s", name)
	}
	for k, f := range a.fields[firstEventColumn:] {
		if !a.columns[k] {
			continue
		}
		form := 0
		if x.forms[k] != nil {
			form = int(x.cases[k][r]) - 1
		}
		want, at := &a.want.Columns[firstEventColumn+k], int(c.Offsets[r])+i
		if form < 0 || x.p.Columns[k].Cells == nil {
			want.SetNull(f.Type, 0, 1)
		} else {
			x.p.Columns[k].write(f.Type, want, 0, 1, &x.p.Columns[k].Cells.Columns[form], e.row)
		}
		if !c.Records[firstEventColumn+k].Equal(f.Type, at, want, 0) {
			fault("with a %s that is not that of the event %s", f.Name, name)
		}
	}
}

// testOthers tests what events say of each other.
func (a *TimelineAudit) testOthers(events []lifeEvent, fault func(format string, args ...any)) {
	labels := a.fields[eventAt].Domain.Labels
	for i := range events {
		e := &events[i]
		if e.row < 0 {
			continue
		}
		row := &a.reader.p.Rows[e.row]
		times := 0
		for k := range events {
			other := &events[k]
			if other.code == e.code {
				times++
				if k < i && other.year == e.year {
					fault("with an event twice in a year: %s", labels[e.code])
				}
			} else if slices.Contains(row.Excludes, other.code) {
				fault("with two events that exclude each other: %s and %s", labels[e.code], labels[other.code])
			}
		}
		if times > row.Times {
			fault("with an event more often than %d times: %s", row.Times, labels[e.code])
		}
		if a.reader.inPeriod(row, e.year) {
			fault("with an event in a period in which it cannot be: %s", labels[e.code])
		}
		for _, code := range row.After {
			if first := a.reader.first(code); first == nil || first.year > e.year {
				fault("with an event before one that it comes after: %s", labels[e.code])
			}
		}
	}
}

// testPlaced compares the events that other fields know with these.
func (a *TimelineAudit) testPlaced(b *frame.Batch, c *frame.Column, r int, events []lifeEvent, fault func(format string, args ...any)) {
	if !a.reader.known && a.life {
		if len(events) > 0 {
			fault("with events, and without a year of birth")
		}
		return
	}
	told := map[int32]bool{} // events whose placed ones can all be told
	for _, i := range a.placed {
		told[a.reader.p.Placed[i].Event] = true
	}
	for i, e := range a.reader.p.Placed {
		if !slices.Contains(a.placed, i) {
			told[e.Event] = false
		}
	}
	x := a.reader
	for code, is := range told {
		if !is {
			continue
		}
		x.events = nil
		for _, i := range a.placed {
			if x.p.Placed[i].Event == code {
				if err := x.placeAll(b, i, r); err != nil {
					fault("with an event whose year cannot be told: %s", a.fields[eventAt].Domain.Labels[code])
				}
			}
		}
		var want, got []int64
		for _, e := range x.events {
			want = append(want, e.year)
		}
		for _, e := range events {
			if e.code == code {
				got = append(got, e.year)
			}
		}
		for k := range x.events {
			a.testValues(b, c, &x.events[k], events, fault)
		}
		slices.Sort(want)
		if !slices.Equal(want, got) {
			fault("whose events do not follow from the fields that know them: %s", a.fields[eventAt].Domain.Labels[code])
		}
	}
	x.events = events
}

// testValues compares the further columns of a placed event with those of the event of
// the same year that was read.
func (a *TimelineAudit) testValues(b *frame.Batch, c *frame.Column, e *lifeEvent, events []lifeEvent, fault func(format string, args ...any)) {
	if !a.values[e.placed] {
		return
	}
	a.reader.writeEvent(b, a.want.Columns, 0, 1, e)
	same, found := false, false
	for i := range events {
		if events[i].code != e.code || events[i].year != e.year {
			continue
		}
		found = true
		equal := true
		for k := firstEventColumn; k < len(a.fields); k++ {
			equal = equal && c.Records[k].Equal(a.fields[k].Type, int(c.Offsets[e.person])+i, &a.want.Columns[k], 0)
		}
		same = same || equal
	}
	if found && !same {
		fault("with other values than those of the event %s", a.fields[eventAt].Domain.Labels[e.code])
	}
}

// testCount tests the number of events.
func (a *TimelineAudit) testCount(r int, events []lifeEvent, fault func(format string, args ...any)) {
	x := a.reader
	placed := 0
	for _, e := range events {
		if a.placing[e.code] {
			placed++
		}
	}
	if most := max(x.p.Count.Max, placed); len(events) > most {
		fault("with more than %d events", most)
	}
	if len(events) >= a.Least {
		return
	}
	if x.known && a.lists && x.lists[r] > 0 {
		x.events = events
		for e := x.p.Bank.Start[x.lists[r]-1]; e < x.p.Bank.Start[x.lists[r]]; e++ {
			if x.candidate(e, x.lists[r]).free > 0 {
				fault("with fewer than %d events, although others are possible", a.Least)
				return
			}
		}
	}
	a.Fewer++
}
