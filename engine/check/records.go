package check

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/sketch"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
)

var recordsCheck = definition{kind: KindRecords, compile: compileRecords}

// records: every record of every person is one that its field allows, and there are as
// many as there should be.
type records struct{ columns *columnsPlan }

func compileRecords(s *shared) check {
	columns := s.askColumns()
	if !slices.ContainsFunc(columns.fields, func(c columnPlan) bool { return c.field.Type == frame.Records }) {
		return nil
	}
	return records{columns}
}

func (records) newTally(a *accumulators) tally { return a.columns }

func (x records) judge(j *judging, t tally) (out []finding, _ error) {
	for i, c := range x.columns.fields {
		if c.field.Type != frame.Records || !j.measurable[c.field.Name] {
			continue
		}
		of := t.(*columns).of[i].records
		if of.events != nil {
			out = append(out, only(of.eventsOutcome(c.field))...)
			continue
		}
		for k := range of.groups {
			out = append(out, only(of.groups[k].outcome(c.field, of.audit, k))...)
		}
	}
	return out, nil
}

// recordsTally is what is gathered of a column of records.
type recordsTally struct {
	audit  *kind.RecordsAudit  // nil if the field's program has none
	events *kind.TimelineAudit // of a timeline, whose groups are its events
	whole  recordGroup         // faults of a person's events
	groups []recordGroup
}

// recordGroup is what is gathered of one group.
type recordGroup struct {
	faults  map[string]*violations // persons, by what they have
	classes []recordCounts         // by class of the persons' weights
}

// recordCounts counts the records of the persons of one class of weights.
type recordCounts struct {
	persons []int64 // by the number of their records
	records int64
	columns []recordColumn // of the records; the first is the group
}

// records returns the number of records.
func (g *recordGroup) records() (n int64) {
	for i := range g.classes {
		n += g.classes[i].records
	}
	return n
}

// nulls returns how many records have no value in a column.
func (g *recordGroup) nulls(column int) (n int64) {
	for i := range g.classes {
		n += g.classes[i].columns[column].nulls
	}
	return n
}

// recordColumn is what is gathered of a column of the records of a group.
type recordColumn struct {
	nulls   int64
	counts  []int64 // by value of the domain
	numbers sketch.Numbers
	dates   dateCounts
}

func newRecordsTally(b *basis, f *kind.Field, design *design) *recordsTally {
	env, measurable := &kind.Env{Fields: b.plan.Fields}, func(name string) bool { return b.measurable[name] }
	t := &recordsTally{audit: f.RecordsAudit(env, measurable), events: f.TimelineAudit(env, measurable), whole: recordGroup{faults: map[string]*violations{}}}
	for range f.Records[0].Domain.Labels {
		g := recordGroup{faults: map[string]*violations{}}
		for range design.classes() {
			of := recordCounts{columns: make([]recordColumn, len(f.Records))}
			for k, x := range f.Records {
				if x.Domain != nil && k > 0 {
					of.columns[k].counts = make([]int64, x.Domain.Size())
				}
			}
			g.classes = append(g.classes, of)
		}
		t.groups = append(t.groups, g)
	}
	return t
}

func (t *recordsTally) merge(o *recordsTally) {
	t.whole.mergeFaults(&o.whole)
	if t.events != nil {
		t.events.Fewer += o.events.Fewer
	}
	for i := range t.groups {
		g, h := &t.groups[i], &o.groups[i]
		g.mergeFaults(h)
		for class := range g.classes {
			g.classes[class].merge(&h.classes[class])
		}
	}
}

func (g *recordCounts) merge(o *recordCounts) {
	g.persons = addLonger(g.persons, o.persons)
	g.records += o.records
	for k := range g.columns {
		c, d := &g.columns[k], &o.columns[k]
		c.nulls += d.nulls
		c.counts = addLonger(c.counts, d.counts)
		c.numbers.Merge(&d.numbers)
		c.dates.merge(&d.dates)
	}
}

func (t *recordsTally) code(c *wire.Coder) {
	t.whole.codeFaults(c)
	if t.events != nil {
		c.Count(&t.events.Fewer)
	}
	for i := range t.groups {
		g := &t.groups[i]
		g.codeFaults(c)
		for class := range g.classes {
			g.classes[class].code(c)
		}
	}
}

func (g *recordCounts) code(c *wire.Coder) {
	wire.Slice(c, &g.persons, maxRecords, c.Count)
	c.Count(&g.records)
	for k := range g.columns {
		x := &g.columns[k]
		c.Count(&x.nulls)
		c.Counts(x.counts)
		x.numbers.Code(c)
		x.dates.code(c)
	}
}

// maxRecords is more than the records of a group that a person can have, and maxFaults
// more than the kinds of their faults.
const (
	maxRecords = 1 << 16
	maxFaults  = 1 << 12
)

func (g *recordGroup) codeFaults(c *wire.Coder) {
	wire.Map(c, &g.faults, maxFaults, c.Text, func(v **violations) {
		if c.Reading() {
			*v = &violations{}
		}
		(*v).code(c)
	})
}

func (g *recordGroup) mergeFaults(o *recordGroup) {
	for what, v := range o.faults {
		g.fault(what).merge(v)
	}
}

// addLonger adds counts to others, of which there may be fewer.
func addLonger(to, from []int64) []int64 {
	for len(to) < len(from) {
		to = append(to, 0)
	}
	for i, n := range from {
		to[i] += n
	}
	return to
}

func (g *recordGroup) fault(what string) *violations {
	v := g.faults[what]
	if v == nil {
		v = &violations{}
		g.faults[what] = v
	}
	return v
}

// add counts the records of a batch.
func (t *recordsTally) add(f *kind.Field, b *frame.Batch, c *frame.Column, codes *codes) {
	counts := make([]int, len(t.groups))
	for r := range b.N {
		if c.IsNull(frame.Records, r) {
			continue
		}
		clear(counts)
		class := codes.class(r)
		for i := c.Offsets[r]; i < c.Offsets[r+1]; i++ {
			code := c.Records[0].Codes[i]
			if code < 0 || int(code) >= len(t.groups) {
				t.groups[0].fault("with a record of an unknown group").add(b.First + int64(r))
				continue
			}
			counts[code]++
			t.groups[code].add(f, c, int(i), b.First+int64(r), class)
		}
		for k, n := range counts {
			g := &t.groups[k].classes[class]
			g.records += int64(n)
			for len(g.persons) <= n {
				g.persons = append(g.persons, 0)
			}
			g.persons[n]++
		}
	}
	if t.events != nil {
		seen := map[kind.RecordFault]bool{} // a person counts once, however many events have the fault
		t.events.Read(b, c, func(fault kind.RecordFault) {
			if !seen[fault] {
				seen[fault] = true
				t.whole.fault(fault.What).add(b.First + int64(fault.Row))
			}
		})
	}
	if t.audit == nil {
		return
	}
	last := make([]map[string]int, len(t.groups)) // a person counts once, however many records have the fault
	t.audit.Read(b, c, func(group int, fault kind.RecordFault) {
		if last[group] == nil {
			last[group] = map[string]int{}
		}
		if row, seen := last[group][fault.What]; !seen || row != fault.Row {
			t.groups[group].fault(fault.What).add(b.First + int64(fault.Row))
		}
		last[group][fault.What] = fault.Row
	})
}

// add counts record i of a column, of a person whose weight has a class.
func (g *recordGroup) add(f *kind.Field, c *frame.Column, i int, person int64, class int) {
	for k, x := range f.Records {
		if k == 0 {
			continue
		}
		cell, of := &c.Records[k], &g.classes[class].columns[k]
		if x.Type == frame.Category && cell.Codes[i] < -1 {
			g.fault("with a " + x.Name + " that is no label of it").add(person)
			continue
		}
		if cell.IsNull(x.Type, i) {
			of.nulls++
			if !x.Nullable {
				g.fault("without a required " + x.Name).add(person)
			}
			continue
		}
		switch x.Type {
		case frame.Category:
			of.counts[cell.Codes[i]]++
		case frame.Integer:
			v := cell.Ints[i]
			of.numbers.Add(float64(v))
			if d := x.Domain; d != nil && (v < d.Min || v > d.Max) {
				g.fault(fmt.Sprintf("with a %s outside %d to %d", x.Name, d.Min, d.Max)).add(person)
			} else if d != nil {
				of.counts[v-d.Min]++
			}
		case frame.Number:
			if v := cell.Floats[i]; math.IsNaN(v) || math.IsInf(v, 0) {
				g.fault("with a " + x.Name + " that is not finite").add(person)
			} else {
				of.numbers.Add(v)
			}
		case frame.Date:
			if day := cell.Ints[i]; day < frame.MinDate || day > frame.MaxDate {
				g.fault("with a " + x.Name + " outside the years 1 to 9999").add(person)
			} else {
				of.dates.add(day)
			}
		}
	}
}

// outcome judges the records of a group.
func (g *recordGroup) outcome(f *kind.Field, audit *kind.RecordsAudit, k int) Outcome {
	name := f.Name + "." + f.Records[0].Domain.Label(k)
	v := g.verdict()
	fine := fmt.Sprintf("all %s are as their fields and limits say", humanize.Count(int(g.records()), "record", "records"))
	if audit != nil {
		if counts := audit.Groups[k].Counts; counts != "" {
			fine += "; their numbers follow from " + counts
		}
		fine += notCompared(audit.Groups[k].Untested)
	}
	o := v.outcome(KindRecords, name, fine)
	o.Fields = []string{f.Name}
	if audit == nil || v.count > 0 {
		return o
	}
	var lost []string
	for _, limited := range audit.Groups[k].Limited {
		at := slices.IndexFunc(f.Records, func(x *kind.Field) bool { return x.Name == limited })
		if n := g.nulls(at); n > 0 {
			lost = append(lost, fmt.Sprintf("%s have no %s, because no value that was drawn met the limits, or what it follows from is missing", humanize.Count(int(n), "record", "records"), limited))
		}
	}
	if lost != nil {
		o.Status, o.Message = Note, strings.Join(lost, "; ")+"; "+o.Message
	}
	return o
}

// notCompared says that a field is not published, "" for none.
func notCompared(untested string) string {
	if untested == "" {
		return ""
	}
	return fmt.Sprintf("; what follows from %s, which is not in the files, is not compared", untested)
}

// verdict judges what the persons have.
func (g *recordGroup) verdict() (v verdict) {
	for _, what := range slices.Sorted(maps.Keys(g.faults)) {
		v.add(g.faults[what], what)
	}
	return v
}

// eventsOutcome judges the events of a timeline.
func (t *recordsTally) eventsOutcome(f *kind.Field) Outcome {
	whole := recordGroup{faults: map[string]*violations{}}
	whole.mergeFaults(&t.whole)
	events := int64(0)
	for k := range t.groups {
		g := &t.groups[k]
		whole.mergeFaults(g)
		events += g.records()
	}
	v := whole.verdict()
	fine := fmt.Sprintf("all %s are in order, at ages and in years in which they can be, and go together", humanize.Count(int(events), "event", "events"))
	o := v.outcome(KindRecords, f.Name, fine+notCompared(t.events.Untested))
	o.Fields = []string{f.Name}
	if n := t.events.Fewer; n > 0 && v.count == 0 {
		o.Status = Note
		o.Message = fmt.Sprintf("%s fewer than %d events, because no other is possible; %s", humanize.Count(int(n), "person has", "persons have"), t.events.Least, o.Message)
	}
	return o
}

// RecordGroup describes the records of one group. Records and nulls are counted; persons
// and values are sums of weights, as those of other fields are.
type RecordGroup struct {
	Name    string `json:"name"`
	Records int64  `json:"records"`
	// Persons counts the persons by the number of their records of the group, from 0 on.
	Persons []float64 `json:"persons"`
	// Fields describe the columns that records of the group have. Their Rows are records.
	Fields []Profile `json:"fields"`
}

// describe describes the groups. Weigh returns the sums of weights of the counts of each
// class.
func (t *recordsTally) describe(f *kind.Field, design *design, weigh func(classes [][]int64) []float64) (out []RecordGroup) {
	for k := range t.groups {
		g := &t.groups[k]
		var persons [][]int64
		for i := range g.classes {
			persons = append(persons, g.classes[i].persons)
		}
		x := RecordGroup{Name: f.Records[0].Domain.Label(k), Records: g.records(), Persons: weigh(persons)}
		for i, column := range f.Records {
			own := g.nulls(i) < g.records()
			if t.audit != nil {
				own = slices.ContainsFunc(t.audit.Groups[k].Fields, func(x *kind.Field) bool { return x.Name == column.Name })
			}
			if i > 0 && own {
				x.Fields = append(x.Fields, g.describe(column, i, design, weigh))
			}
		}
		out = append(out, x)
	}
	return out
}

// describe describes a column of the records.
func (g *recordGroup) describe(column *kind.Field, i int, design *design, weigh func(classes [][]int64) []float64) Profile {
	p := Profile{Field: column.Name, Rows: g.records(), Nulls: g.nulls(i)}
	var counts [][]int64
	var all []int64
	var numbers sketch.Weighted
	var dates dateCounts
	for class := range g.classes {
		of := &g.classes[class].columns[i]
		counts, all = append(counts, of.counts), addLonger(all, of.counts)
		numbers.Of, numbers.Weights = append(numbers.Of, &of.numbers), append(numbers.Weights, design.weight(class))
		dates.merge(&of.dates)
	}
	if all != nil {
		p.Counts = weigh(counts)
	}
	p.Dates, p.Numbers = dates.describe(), numbers.Describe()
	if column.Type == frame.Integer && all != nil {
		p.Numbers = sketch.Exact(all, p.Counts, column.Domain.Min)
	}
	return p
}
