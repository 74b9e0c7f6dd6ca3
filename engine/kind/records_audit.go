package kind

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
)

// RecordsAudit compares records that were read with what their field says. It belongs to
// one goroutine.
type RecordsAudit struct {
	Groups []*GroupAudit
}

// GroupAudit compares the records of one group.
type GroupAudit struct {
	Name   string
	Max    int      // the largest number of records of a person
	Counts string   // from what the number of records follows, "" if it is drawn or unknown
	Fields []*Field // that are written
	// Limited are the names of fields that are null where no value met their limits.
	Limited []string
	// Untested says what cannot be told from what was read, "" for nothing.
	Untested string

	drawer  *groupDrawer
	group   *recordGroup
	columns []int            // of the records, for each field
	codes   [][]int32        // for each field of labels: its code of each label of the column, -1 for none
	known   []bool           // fields of drawer that can be told from what was read
	tests   []func(*batchOf) // of single fields
	limits  []*boundLimit
	counter *recordCounter
	rows    []int32 // person of each record
	places  []int32 // place of each record among all
	counts  []int32
	want    []int32
}

// RecordFault is a fault of a record, or of a person's records of a group.
type RecordFault struct {
	Row  int    // of the person in the batch
	What string // what the person has, after "persons": "with …"
}

// batchOf is the records of one group while they are compared.
type batchOf struct {
	b     *frame.Batch
	rows  []int32
	visit func(RecordFault)
}

func (x *batchOf) fault(record int, format string, args ...any) {
	x.visit(RecordFault{int(x.rows[record]), fmt.Sprintf(format, args...)})
}

// earlier reports whether an earlier record of the person has, in column got, the value
// of row r of column want.
func (x *batchOf) earlier(r int, got *frame.Column, t frame.Type, want *frame.Column) bool {
	for e := r - 1; e >= 0 && x.rows[e] == x.rows[r]; e-- {
		if got.Equal(t, e, want, r) {
			return true
		}
	}
	return false
}

// RecordsAudit returns what compares the field's records, nil for a field of another
// kind. Measurable says which fields of the person can be told from what was read.
func (f *Field) RecordsAudit(env *Env, measurable func(name string) bool) *RecordsAudit {
	p, ok := f.Program.(*records)
	if !ok {
		return nil
	}
	own := *env
	own.Field = f
	a := &RecordsAudit{}
	earlier := map[string]int{}
	for i, g := range p.Groups {
		a.Groups = append(a.Groups, g.audit(&own, f, a.Groups, earlier, measurable))
		earlier[g.Name] = i
	}
	return a
}

func (g *recordGroup) audit(env *Env, f *Field, before []*GroupAudit, earlier map[string]int, measurable func(name string) bool) *GroupAudit {
	d := g.bind(env, f.Records, earlier)
	a := &GroupAudit{Name: g.Name, Max: g.Count.Max, drawer: d, group: g}
	follows := g.Count.Of != nil || g.Count.Draw.Follows()
	names := g.Count.inputs()
	switch hidden := slices.IndexFunc(names, func(n string) bool { return !measurable(n) }); {
	case !follows:
	case hidden >= 0:
		a.Untested = names[hidden]
	default:
		a.counter, a.Counts = d.counter, strings.Join(names, ", ")
	}
	for k, x := range g.Context {
		from := d.context[k]
		switch of, rest, _ := strings.Cut(x.Name, "."); {
		case from.group == ofPerson:
			a.known = append(a.known, measurable(rest))
		case from.group == ofPrevious:
			a.known = append(a.known, !g.field(rest).Hidden)
		default:
			other := before[earlier[of]]
			a.known = append(a.known, !other.group.field(rest).Hidden)
		}
	}
	for _, x := range g.Fields {
		a.known = append(a.known, !x.Hidden)
	}
	inner := *env
	inner.Fields = d.fields
	limited := map[string]bool{}
	for _, l := range g.Limits {
		limited[l.Field] = true
		if a.knows(append(l.inputs(), l.Field)...) {
			a.limits = append(a.limits, l.bind(&inner))
		}
	}
	for _, name := range g.Distinct {
		limited[name] = true
		if a.knows(name) {
			a.tests = append(a.tests, a.testDistinct(&inner, g.field(name)))
		}
	}
	for _, x := range g.Fields {
		if x.Hidden {
			continue
		}
		if limited[x.Name] {
			a.Limited = append(a.Limited, x.Name)
		}
		at := slices.IndexFunc(f.Records, func(c *Field) bool { return c.Name == x.Name })
		a.Fields, a.columns = append(a.Fields, x), append(a.columns, at)
		var codes []int32
		if x.Type == frame.Category {
			for _, l := range f.Records[at].Domain.Labels {
				code, ok := x.Domain.Index(l)
				if !ok {
					code = -1
				}
				codes = append(codes, int32(code))
			}
		}
		a.codes = append(a.codes, codes)
		a.tests = append(a.tests, a.testNulls(&inner, x, limited[x.Name]), a.testValues(&inner, x))
	}
	return a
}

// knows reports whether fields can be told from what was read. It notes the first that
// cannot.
func (a *GroupAudit) knows(names ...string) bool {
	for _, name := range names {
		if at := slices.IndexFunc(a.drawer.fields, func(f *Field) bool { return f.Name == name }); at < 0 || !a.known[at] {
			a.Untested = cmp.Or(a.Untested, strings.TrimPrefix(name, personPrefix))
			return false
		}
	}
	return true
}

// testNulls returns what tests whether a field has values where it must.
func (a *GroupAudit) testNulls(env *Env, f *Field, limited bool) func(*batchOf) {
	at := env.Index(f.Name)
	var when *BoundSelector
	if f.When != nil {
		if !a.knows(f.When.Fields...) {
			return func(*batchOf) {}
		}
		when = f.When.Bind(env)
	}
	needed := !f.Nullable || f.When != nil && !limited && f.hasAlways()
	var cases []int32
	return func(x *batchOf) {
		if when != nil {
			cases = when.Cases(x.b, cases)
		}
		for r := range x.b.N {
			null := x.b.Columns[at].IsNull(f.Type, r)
			switch holds := when == nil || cases[r] == 1; {
			case !holds && !null:
				x.fault(r, "with a %s where null is required", f.Name)
			case holds && null && needed:
				x.fault(r, "without a required %s", f.Name)
			}
		}
	}
}

// hasAlways reports whether the program gives every record a value.
func (f *Field) hasAlways() bool {
	switch p := f.Program.(type) {
	case *choice:
		return !slices.Contains(p.Given.Case, 0)
	case *number:
		return p.Shapes[0].Kind != "" || !slices.Contains(p.Cases.Case, 0)
	case *integer:
		based := func(d wholes) bool { return d.Base != "" }
		return !slices.ContainsFunc(p.Draws, based) && !slices.Contains(p.Given.Case, 0)
	case *group:
		return p.Of != nil && !slices.Contains(p.Of.Case, 0)
	case *constant, *template:
		return true
	}
	return false
}

// testValues returns what tests whether values of a field are possible for the record.
func (a *GroupAudit) testValues(env *Env, f *Field) func(*batchOf) {
	at := env.Index(f.Name)
	switch {
	case f.Follows():
		if a.knows(f.Inputs...) {
			return a.testDerived(env, f, at)
		}
	case f.Entries(env) != nil:
		if e := f.Entries(env); a.knows(e.Given...) {
			var lists []int32
			return func(x *batchOf) {
				lists = e.RowLists(x.b, lists)
				for r, list := range lists {
					code := x.b.Columns[at].Codes[r]
					if code >= 0 && (list < 0 || e.Find(list, code) < 0) {
						x.fault(r, "with a %s that its list does not have", f.Name)
					}
				}
			}
		}
	case f.Dates(env) != nil:
		if a.knows(f.Inputs...) {
			return testDates(env, f, at)
		}
	}
	least, greatest := f.Bounds()
	return func(x *batchOf) {
		c := &x.b.Columns[at]
		if f.Type == frame.Category || f.Type == frame.Text || math.IsInf(least, 0) && math.IsInf(greatest, 0) {
			return
		}
		for r := range x.b.N {
			if v := numeral(c, f.Type, r); !c.IsNull(f.Type, r) && (v < least || v > greatest) {
				x.fault(r, "with a %s outside its range", f.Name)
			}
		}
	}
}

// testDerived returns what tests whether a field has the value that follows from others.
func (a *GroupAudit) testDerived(env *Env, f *Field, at int) func(*batchOf) {
	own := *env
	own.Field = f
	filler := f.Program.Bind(&own)
	distinct := slices.Contains(a.group.Distinct, f.Name)
	var when *BoundSelector
	if f.When != nil {
		when = f.When.Bind(env)
	}
	var want frame.Column
	var cases []int32
	return func(x *batchOf) {
		want.Resize(f.Type, x.b.N)
		filler.Fill(x.b, &want)
		if when != nil {
			cases = when.Cases(x.b, cases)
		}
		got := &x.b.Columns[at]
		for r := range x.b.N {
			if when != nil && cases[r] != 1 {
				continue
			}
			if !got.Equal(f.Type, r, &want, r) && !(distinct && got.IsNull(f.Type, r) && x.earlier(r, got, f.Type, &want)) {
				x.fault(r, "whose %s does not follow from the other fields", f.Name)
			}
		}
	}
}

func testDates(env *Env, f *Field, at int) func(*batchOf) {
	dates := f.Dates(env)
	return func(x *batchOf) {
		c := &x.b.Columns[at]
		for r := range x.b.N {
			if c.IsNull(frame.Date, r) {
				continue
			}
			if first, last, ok := dates.Of(x.b, r); !ok || c.Ints[r] < first || c.Ints[r] > last || !dates.Weighs(c.Ints[r]) {
				x.fault(r, "with a %s that is not between its days", f.Name)
			}
		}
	}
}

// Read compares the records in column c of a batch with the fields of its persons. It
// calls visit with every fault, and with the number of the group.
func (a *RecordsAudit) Read(b *frame.Batch, c *frame.Column, visit func(group int, fault RecordFault)) {
	for r := range b.N {
		if c.IsNull(frame.Records, r) {
			continue
		}
		last := int32(0)
		for i := c.Offsets[r]; i < c.Offsets[r+1]; i++ {
			code := c.Records[0].Codes[i]
			if code < last && code >= 0 {
				visit(int(code), RecordFault{r, "with records after those of a later group"})
			}
			last = max(last, code)
		}
	}
	for k, g := range a.Groups {
		x := &batchOf{visit: func(f RecordFault) { visit(k, f) }}
		g.gather(b, c, int32(k), x.visit)
		x.b, x.rows = g.drawer.now, g.rows
		g.fillContext(b, a.Groups)
		g.testCounts(b, c, x)
		for _, test := range g.tests {
			test(x)
		}
		for _, l := range g.limits {
			l.broken(x.b, func(r int) { x.fault(r, "with a record that breaks a limit: %s", l.Text) })
		}
	}
}

// gather makes a batch of the records of the group, in the order of the persons.
func (a *GroupAudit) gather(b *frame.Batch, c *frame.Column, code int32, visit func(RecordFault)) {
	a.rows, a.places = a.rows[:0], a.places[:0]
	a.counts = frame.Grow(a.counts, b.N)
	for r := range b.N {
		a.counts[r] = 0
		if c.IsNull(frame.Records, r) {
			continue
		}
		for i := c.Offsets[r]; i < c.Offsets[r+1]; i++ {
			if c.Records[0].Codes[i] == code {
				a.rows, a.places = append(a.rows, int32(r)), append(a.places, i)
				a.counts[r]++
			}
		}
	}
	d := a.drawer
	d.now.Resize(0, len(a.rows))
	for k, f := range d.fields {
		setNull(&d.now.Columns[k], f.Type, len(a.rows))
	}
	for k, f := range a.Fields {
		to := &d.now.Columns[slices.Index(d.fields, f)]
		to.Resize(f.Type, len(a.rows))
		gather(to, &c.Records[a.columns[k]], f.Type, a.places)
		for r, code := range to.Codes {
			if a.codes[k] != nil && code >= 0 {
				to.Codes[r] = a.codes[k][code]
				if to.Codes[r] < 0 {
					visit(RecordFault{int(a.rows[r]), fmt.Sprintf("with a %s of another group", f.Name)})
				}
			}
		}
	}
}

// fillContext fills what the records know of others.
func (a *GroupAudit) fillContext(b *frame.Batch, groups []*GroupAudit) {
	d := a.drawer
	for k, from := range d.context {
		f, to := d.fields[k], &d.now.Columns[k]
		if !a.known[k] {
			continue
		}
		to.Resize(f.Type, len(a.rows))
		switch from.group {
		case ofPerson:
			gather(to, &b.Columns[from.column], f.Type, a.rows)
		case ofPrevious:
			source := &d.now.Columns[from.column]
			for r := range a.rows {
				if r > 0 && a.rows[r] == a.rows[r-1] {
					copyCell(to, source, f.Type, r, r-1)
				} else {
					to.SetNull(f.Type, r, len(a.rows))
				}
			}
		default:
			other := groups[from.group]
			_, name, _ := strings.Cut(f.Name, ".")
			source := &other.drawer.now.Columns[slices.IndexFunc(other.drawer.fields, func(x *Field) bool { return x.Name == name })]
			at := 0
			for r, person := range a.rows {
				for at < len(other.rows) && other.rows[at] < person {
					at++
				}
				first := at
				for first > 0 && other.rows[first-1] == person {
					first--
				}
				if first < len(other.rows) && other.rows[first] == person {
					copyCell(to, source, f.Type, r, first)
				} else {
					to.SetNull(f.Type, r, len(a.rows))
				}
			}
		}
	}
}

// testCounts tests the numbers of records.
func (a *GroupAudit) testCounts(b *frame.Batch, c *frame.Column, x *batchOf) {
	if a.counter != nil {
		a.want = a.counter.counts(b, a.want)
	}
	for r, n := range a.counts {
		switch {
		case c.IsNull(frame.Records, r):
		case a.counter != nil && n != a.want[r]:
			x.visit(RecordFault{r, "with another number of records than follows from " + a.Counts})
		case int(n) > a.Max:
			x.visit(RecordFault{r, fmt.Sprintf("with more than %d records", a.Max)})
		}
	}
}
