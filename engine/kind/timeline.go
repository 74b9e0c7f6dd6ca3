package kind

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/spec"
)

const timelineName = "timeline"

var timelineKind = Kind{
	Name:    timelineName,
	Uses:    timelineUses,
	Compile: compileTimeline,
	New:     func() Program { return &timeline{} },
}

// timeline is some events of a life, in the order of their years: those that other fields
// know are placed, the others are drawn from a bank without replacement, each in a year
// in which it can be.
type timeline struct {
	Birth yearSource `json:"birth"`
	// On is the day on which the age is known, to which the life is told: no event is in a
	// later year of age. It is nil if only Until is known.
	On    *Day  `json:"on,omitempty"`
	Until int64 `json:"until"` // the last year of events
	// Count is the number of events, the placed ones included; Least is the smallest.
	Count   *recordCount   `json:"count"`
	Least   int            `json:"least"`
	Placed  []*placedEvent `json:"placed,omitempty"`
	Bank    bank           `json:"bank"` // its codes are those of the events
	Rows    []eventRow     `json:"rows"` // by row of the bank
	Periods []*eventPeriod `json:"periods,omitempty"`
	Columns []*eventColumn `json:"columns,omitempty"`
}

// yearSource says which field has a year.
type yearSource struct {
	Field string `json:"field"` // of the person or, of a placed event, of a record
	// Age says that the field has the age at the event, or at the birth on the day On.
	Age bool `json:"age,omitempty"`
	// Years are the years of a category, by code.
	Years []int64 `json:"years,omitempty"`
}

// eventRow is what a row of the bank says of its event. Ages and years include both ends.
type eventRow struct {
	FromAge  int64   `json:"from_age"`
	ToAge    int64   `json:"to_age"`
	FromYear int64   `json:"from_year"`
	ToYear   int64   `json:"to_year"`
	Times    int     `json:"times"`              // the largest number of a person's events
	Excludes []int32 `json:"excludes,omitempty"` // events that a person with this one cannot have
	After    []int32 `json:"after,omitempty"`    // events that come before it, or in its year
	Outside  []int32 `json:"outside,omitempty"`  // periods in which it cannot be
}

// eventColumn is a further column of the events.
type eventColumn struct {
	Name  string  `json:"name"`
	Cells *column `json:"cells,omitempty"` // by row of the bank; nil if only placed events have values
	// Labels are the texts of the codes of Cells if the column has texts that are not
	// labels.
	Labels []string `json:"labels,omitempty"`
}

// The first columns of an event.
const (
	eventAt = iota
	yearAt
	ageAt
	firstEventColumn
)

var eventColumns = [...]string{eventAt: "event", yearAt: "year", ageAt: "age"}

const (
	maxAge       = 200
	firstYear    = 1
	lastYear     = 9999
	eventListSep = ";"
)

func (p *timeline) maxItems() int {
	n := 0
	for _, e := range p.Placed {
		n += e.Most
	}
	return max(n, p.Count.Max)
}

func timelineUses(s *spec.Field) []spec.String {
	uses := countUses(s.Body)
	birth := s.Body.Get("birth")
	if age := birth.Get("age"); age != nil {
		birth = age
	}
	uses = append(uses, birth.AsString())
	uses = append(uses, slices.Concat(bankUses(s), keyUses(s))...)
	if n := s.Body.Get("columns"); n != nil {
		for _, e := range n.Fields {
			if by := e.Value.Get("column").Get("by"); by != nil {
				uses = append(uses, by.AsString())
			}
		}
	}
	return append(uses, placedUses(s)...)
}

func compileTimeline(c *Compiler, s *spec.Field, f *Field) {
	f.Class, f.Type = Drawn, frame.Records
	f.Nullable = s.When != nil
	before := len(c.Diags.Items)
	p := &timeline{}
	life, ok := c.readLifeSpan(s, f, p)
	p.Count = c.compileCount(s, f, spec.Named{Name: s.Name, Place: s.Place, Value: s.Body})
	events := &Field{Name: eventColumns[eventAt], Kind: constantKind.Name, Class: Drawn, Type: frame.Category, Decimals: -1}
	from := c.compileBank(withEventColumn(s), events)
	if from == nil {
		f.Records = []*Field{events}
		c.placedEvents(s, f, p, false)
		c.compilePeriods(s, &Domain{})
		f.Records = nil
		return
	}
	p.Bank = *from
	for _, name := range from.inputs(c) {
		f.addInputName(name)
	}
	f.Records = []*Field{events,
		{Name: eventColumns[yearAt], Kind: integerName, Class: Drawn, Type: frame.Integer, Domain: life.years()},
		{Name: eventColumns[ageAt], Kind: integerName, Class: Derived, Type: frame.Integer, Domain: life.ages()}}
	c.readEventColumns(s, f, p, from)
	p.Placed = c.placedEvents(s, f, p, true)
	c.checkEventColumns(s, f, p)
	p.Periods = c.compilePeriods(s, events.Domain)
	p.Rows = c.eventRows(s, p, from, events.Domain)
	if !ok || p.Count == nil || slices.ContainsFunc(c.Diags.Items[before:], isError) {
		f.Records = nil
		return
	}
	p.Least = p.Count.least()
	f.Program = p
	c.warnUnusedPeriods(s, p)
	c.doubtEvents(s, f, p, from, life)
}

// withEventColumn returns the stanza with a column of the labels.
func withEventColumn(s *spec.Field) *spec.Field {
	if s.Body.Get("column") != nil {
		return s
	}
	own, body := *s, *s.Body
	at := s.Body.Place
	body.Fields = append(slices.Clone(body.Fields), spec.Named{Name: "column", Place: at, Value: &spec.Node{Kind: spec.StringNode, String: eventColumns[eventAt], Place: at}})
	own.Body = &body
	return &own
}

// addInputName adds a field that the program reads.
func (f *Field) addInputName(name string) {
	if !slices.Contains(f.Inputs, name) {
		f.Inputs = append(f.Inputs, name)
	}
}

// least returns the smallest count that somebody can have.
func (p *recordCount) least() int {
	n := p.Max
	switch {
	case p.Of != nil:
		for _, k := range p.Of.Case {
			n = min(n, int(k))
		}
	case p.When != nil && slices.Contains(p.When.Case, 0):
		return 0
	case p.Draw.Type == frame.Category:
		for _, code := range p.Draw.Program.(*choice).Codes {
			k, _ := asCount(p.Draw.Domain.Labels[code])
			n = min(n, int(k))
		}
	default:
		low, _ := p.Draw.Bounds()
		n = int(low)
	}
	return n
}

// lifeSpan says when persons can be born and until when their lives are told.
type lifeSpan struct {
	known     bool // the years of birth are
	low, high int64
	until     int64
	age       *Field // the ages on a day; nil if they are not known
	on        Day
}

func (l lifeSpan) years() *Domain {
	if !l.known || l.until < l.low {
		return nil
	}
	return &Domain{Integer: true, Min: l.low, Max: l.until}
}

func (l lifeSpan) ages() *Domain {
	if !l.known || l.until < l.low {
		return nil
	}
	return &Domain{Integer: true, Min: 0, Max: l.until - l.low}
}

// readLifeSpan reads the year of birth and the end of the lives. It returns false after it
// has reported a fault.
func (c *Compiler) readLifeSpan(s *spec.Field, f *Field, p *timeline) (life lifeSpan, ok bool) {
	node := s.Body.Get("birth")
	life.until = lastYear
	if node.Kind == spec.StructNode {
		life, ok = c.readBirthAge(node, p)
	} else {
		life, ok = c.readBirthField(node.AsString(), p)
	}
	if !ok {
		return life, false
	}
	f.addInputName(p.Birth.Field)
	until := s.Body.Get("until")
	switch {
	case until != nil:
		life.until = min(life.until, int64(until.Number))
	case p.On == nil:
		c.Diags.Errorf(node.Place, "no-end", "it is not known until when the lives of %q are told, because %q does not follow from an age on a fixed day", s.Name, p.Birth.Field).
			WithHint("say it: until: 2024")
		return life, false
	}
	if life.known && life.until < life.high {
		c.Diags.Errorf(node.Place, "no-life", "some persons are born in %d, and lives are told until %d", life.high, life.until).WithHint("correct until, or the years of birth")
		return life, false
	}
	p.Until = life.until
	return life, true
}

// readBirthAge reads an age and its day.
func (c *Compiler) readBirthAge(node *spec.Node, p *timeline) (life lifeSpan, ok bool) {
	name, on := node.Get("age").AsString(), node.Get("on").AsString()
	day, isDay := frame.ParseDate(on.Value)
	if !isDay {
		c.Diags.Errorf(on.Place, "not-a-day", "%q is not a day", on.Value).WithHint("write year, month and day: \"2024-04-08\"")
	}
	age := c.FiniteField(name.Value, name.Place)
	if age == nil || !isDay {
		return life, false
	}
	if !age.Domain.Integer || age.Domain.Min < 0 {
		c.Diags.Errorf(name.Place, "not-an-age", "field %q is not an age in years", age.Name).WithHint("name the integer field of the age")
		return life, false
	}
	at := Day(day)
	p.On, p.Birth = &at, yearSource{Field: age.Name, Age: true}
	year := int64(yearOf(day))
	return lifeSpan{known: true, low: year - age.Domain.Max, high: year - age.Domain.Min, until: year, age: age, on: at}, true
}

// readBirthField reads the field with the day or the year of birth.
func (c *Compiler) readBirthField(name spec.String, p *timeline) (life lifeSpan, ok bool) {
	of := c.anyField(name)
	if of == nil {
		return life, false
	}
	years, ok := c.readYear(of, name.Place)
	if !ok {
		return life, false
	}
	p.Birth = years
	life.until = lastYear
	switch q := of.Program.(type) {
	case *date:
		life.known, life.low, life.high = true, int64(yearOf(int64(q.Low))), int64(yearOf(int64(q.High)))
		if q.Age != "" && q.On.Field == "" {
			on := q.On.Day
			p.On, life.on, life.age = &on, on, c.Fields[q.Age]
			life.until = int64(yearOf(int64(on)))
		}
		return life, true
	}
	switch low, high := of.Bounds(); {
	case years.Years != nil:
		life.known, life.low, life.high = true, slices.Min(years.Years), slices.Max(years.Years)
	case of.Type == frame.Integer && !math.IsInf(low, 0) && !math.IsInf(high, 0):
		life.known, life.low, life.high = true, int64(low), int64(high)
	}
	return life, true
}

// anyField returns a field of the person whatever its type is, nil after it has reported
// that there is none.
func (c *Compiler) anyField(name spec.String) *Field {
	f := c.Fields[name.Value]
	if f == nil {
		c.FiniteField(name.Value, name.Place) // reports a name that is unknown
		return nil
	}
	if f.Class.Added() {
		c.Diags.Errorf(name.Place, "not-known", "field %q is a %s, which is written after the events are drawn", f.Name, f.Kind).WithHint("name a field that is not written")
		return nil
	}
	return f
}

// readYear says how a field, of a person or of a record, gives a year. It returns false
// after it has reported that it does not.
func (c *Compiler) readYear(f *Field, at diag.Place) (yearSource, bool) {
	y := yearSource{Field: f.Name}
	switch f.Type {
	case frame.Date, frame.Integer, frame.Text:
		return y, true
	case frame.Category:
		for _, l := range f.Domain.Labels {
			year, err := strconv.ParseInt(strings.TrimSpace(l), 10, 32)
			if err != nil {
				c.Diags.Errorf(at, "not-a-year", "field %q has the value %q, which is not a whole number", f.Name, l).WithHint("name a field of years: an integer, a date, or labels and texts that are whole numbers")
				return y, false
			}
			y.Years = append(y.Years, year)
		}
		return y, len(y.Years) > 0
	}
	c.Diags.Errorf(at, "not-a-year", "field %q is of kind %s, which has no year", f.Name, f.Kind).WithHint("name an integer, a date, or labels and texts that are whole numbers")
	return y, false
}

// eventRows reads what the rows of the bank say of ages, years and other events.
func (c *Compiler) eventRows(s *spec.Field, p *timeline, from *bank, events *Domain) []eventRow {
	file := from.file
	at := func(key, end string) int {
		n := s.Body.Get(key)
		if end != "" {
			n = n.Get(end)
		}
		if n == nil {
			return -1
		}
		i, ok := c.Column(file, n.AsString())
		if !ok {
			return -1
		}
		return i
	}
	fromAge, toAge, fromYear, toYear, times := at("ages", "from"), at("ages", "to"), at("years", "from"), at("years", "to"), at("times", "")
	excludes, separator := c.eventListColumn(s, file, "excludes")
	after, afterSeparator := c.eventListColumn(s, file, "after")
	outside, outsideSeparator := c.eventListColumn(s, file, "outside")
	reported, unknown := map[string]bool{}, map[string]bool{}
	before := len(c.Diags.Items)
	rows := make([]eventRow, len(from.selected))
	for i, row := range from.selected {
		if len(c.Diags.Items)-before > table.MaxFaults {
			break
		}
		e := &rows[i]
		e.FromAge, e.ToAge = c.wholeRange(file, row, fromAge, toAge, 0, maxAge)
		e.FromYear, e.ToYear = c.wholeRange(file, row, fromYear, toYear, firstYear, lastYear)
		e.Times = int(c.wholeCell(file, row, times, 1, 1, maxRecords-1))
		e.Excludes = c.eventList(file, row, excludes, separator, events, reported)
		e.After = c.eventList(file, row, after, afterSeparator, events, reported)
		e.Outside = c.periodList(file, row, outside, outsideSeparator, p.Periods, unknown)
	}
	return rows
}

func (c *Compiler) eventListColumn(s *spec.Field, file *table.File, key string) (column int, separator string) {
	n := s.Body.Get(key)
	if n == nil {
		return -1, ""
	}
	separator = eventListSep
	if n.Kind == spec.StructNode {
		if x := n.Get("separator"); x != nil {
			separator = x.String
		}
		n = n.Get("column")
	}
	column, ok := c.Column(file, n.AsString())
	if !ok {
		column = -1
	}
	return column, separator
}

// wholeCell reads a whole number from low to high, or returns empty if the column is -1 or
// the cell empty.
func (c *Compiler) wholeCell(file *table.File, row, column int, empty, low, high int64) int64 {
	r := bankReader{Compiler: c, file: file}
	x, ok := r.bound(row, column, float64(empty))
	if !ok {
		return empty
	}
	if x != math.Trunc(x) || x < float64(low) || x > float64(high) {
		c.Diags.Errorf(file.Place(row, column), "not-a-number", "column %q: %v is not a whole number from %d to %d", file.Header[column], x, low, high).WithHint("correct it, or write nothing where there is no limit")
		return empty
	}
	return int64(x)
}

// wholeRange reads two whole numbers.
func (c *Compiler) wholeRange(file *table.File, row, from, to int, low, high int64) (first, last int64) {
	first, last = c.wholeCell(file, row, from, low, low, high), c.wholeCell(file, row, to, high, low, high)
	if first > last {
		c.Diags.Errorf(file.Place(row, from), "empty-range", "%d in column %q is above %d in column %q", first, file.Header[from], last, file.Header[to]).WithHint("correct one of them, or exchange from and to in the spec")
	}
	return first, last
}

// eventList reads the events that a cell names.
func (c *Compiler) eventList(file *table.File, row, column int, separator string, events *Domain, reported map[string]bool) (codes []int32) {
	if column < 0 {
		return nil
	}
	for _, part := range strings.Split(file.Rows[row][column], separator) {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		code, ok := events.Index(part)
		switch {
		case ok:
			codes = append(codes, int32(code))
		case !reported[part]:
			reported[part] = true
			d := c.Diags.Errorf(file.Place(row, column), "unknown-event", "no event is called %q", part)
			if g := diag.Guess(part, events.Labels); g != "" {
				d.WithHint("did you mean %q?", g)
			} else {
				d.WithHint("name events of the bank or of placed, separated by %q", separator)
			}
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// readEventColumns reads the further columns of the events.
func (c *Compiler) readEventColumns(s *spec.Field, f *Field, p *timeline, from *bank) {
	n := s.Body.Get("columns")
	if n == nil {
		return
	}
	stanzas := n.Fields
	for _, item := range n.Items {
		stanzas = append(stanzas, spec.Named{Name: item.String, Place: item.Place, Value: item})
	}
	for _, e := range stanzas {
		if slices.ContainsFunc(f.Records, func(x *Field) bool { return x.Name == e.Name }) {
			c.Diags.Errorf(e.Place, "reserved-name", "the events have a column %q already", e.Name).WithHint("give it another name")
			continue
		}
		if !isName(e.Name) {
			c.Diags.Errorf(e.Place, "bad-name", "%q is not the name of a column", e.Name).WithHint("use lower-case letters, digits and underscores, and begin with a letter")
			continue
		}
		body := e.Value
		if body.Kind == spec.StringNode {
			body = &spec.Node{Kind: spec.StructNode, Place: e.Place, Fields: []spec.Named{{Name: "column", Place: e.Place, Value: e.Value}}}
		}
		x := &Field{Name: e.Name, Kind: columnKind.Name, Class: Drawn, Nullable: true, Decimals: -1}
		if t := body.Get("title"); t != nil {
			x.Title = t.String
		}
		stanza := &spec.Field{Name: e.Name, Place: e.Place, Kind: columnKind.Name, Body: body}
		var cells *column
		if body.Get("column") == nil {
			x.setColumnType(stanza)
		} else if cells, _ = c.readColumn(stanza, x, from); cells == nil {
			continue
		} else if cells.By != nil {
			f.addInputName(cells.By.Fields[0])
		}
		f.Records = append(f.Records, x)
		p.Columns = append(p.Columns, &eventColumn{Name: x.Name, Cells: cells})
	}
}

// checkEventColumns reports columns of labels without any.
func (c *Compiler) checkEventColumns(s *spec.Field, f *Field, p *timeline) {
	for i, x := range p.Columns {
		if d := f.Records[firstEventColumn+i].Domain; x.Cells == nil && d != nil && d.Size() == 0 {
			c.Diags.Errorf(s.Body.Get("columns").Get(x.Name).Place, "empty-column", "no event has a %s", x.Name).WithHint("name its column in the file, or let a placed event give it a value: with: %s: …", x.Name)
		}
	}
}

// isName reports whether a text can be the name of a column.
func isName(text string) bool {
	for i, r := range text {
		if (r < 'a' || r > 'z') && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return text != ""
}

func (p *timeline) selectors() []*Selector {
	all := []*Selector{p.Bank.Given}
	if p.Count != nil {
		all = append(all, p.Count.Of, p.Count.When)
	}
	for _, e := range p.Placed {
		all = append(all, e.When)
	}
	for _, x := range p.Columns {
		if by := x.by(); by != nil {
			all = append(all, by)
		}
	}
	return all
}

// validate checks a timeline that has been read against the fields of its plan.
func (p *timeline) validate(f *Field, find func(name string) *Field) error {
	if len(f.Records) != firstEventColumn+len(p.Columns) {
		return fmt.Errorf("it has %d columns", len(f.Records))
	}
	events := f.Records[eventAt]
	for i, x := range f.Records {
		switch {
		case x == nil:
			return fmt.Errorf("a column is missing")
		case i < firstEventColumn && x.Name != eventColumns[i]:
			return fmt.Errorf("its column %d is %q", i, x.Name)
		case x.Type != [...]frame.Type{frame.Category, frame.Integer, frame.Integer, x.Type}[min(i, firstEventColumn)]:
			return fmt.Errorf("column %q has another type", x.Name)
		case !x.isRecordColumn() || x.Type == frame.Date:
			return fmt.Errorf("column %q has another type", x.Name)
		}
	}
	if events.Domain == nil || events.Domain.Size() == 0 {
		return fmt.Errorf("it has no events")
	}
	if err := p.Birth.validate(find(p.Birth.Field)); err != nil {
		return err
	}
	if p.Birth.Age && p.On == nil {
		return fmt.Errorf("the day of the age is missing")
	}
	if err := p.Bank.validate(events.Domain); err != nil {
		return err
	}
	if err := p.Bank.validateKey(find); err != nil {
		return err
	}
	if len(p.Bank.Rows) != len(p.Bank.Codes) || slices.ContainsFunc(p.Bank.Rows, func(row int32) bool { return row < 0 || int(row) >= len(p.Rows) }) {
		return fmt.Errorf("its entries have no rows")
	}
	known := func(codes []int32) bool {
		return !slices.ContainsFunc(codes, func(code int32) bool { return code < 0 || int(code) >= events.Domain.Size() })
	}
	for _, e := range p.Rows {
		if e.Times < 1 || e.Times >= maxRecords || e.FromAge < 0 || e.ToAge > maxAge || e.FromYear < firstYear || e.ToYear > lastYear || !known(e.Excludes) || !known(e.After) {
			return fmt.Errorf("an entry has no ages and years")
		}
	}
	for i, x := range p.Columns {
		if err := x.validate(f.Records[firstEventColumn+i], len(p.Rows)); err != nil {
			return fmt.Errorf("column %q: %w", f.Records[firstEventColumn+i].Name, err)
		}
	}
	for _, e := range p.Placed {
		if err := e.validate(f, find); err != nil {
			return fmt.Errorf("a placed event: %w", err)
		}
	}
	if err := p.validatePeriods(events.Domain.Size()); err != nil {
		return err
	}
	if p.Count == nil || p.Least < 0 || p.Least > p.Count.Max {
		return fmt.Errorf("it has no count")
	}
	for _, s := range p.selectors() {
		if err := s.validate(find); err != nil {
			return err
		}
	}
	return p.Count.validate(find)
}

func (y *yearSource) validate(f *Field) error {
	if f == nil {
		return fmt.Errorf("there is no field %q", y.Field)
	}
	switch f.Type {
	case frame.Date, frame.Integer, frame.Text:
		return nil
	case frame.Category:
		if f.Domain != nil && len(y.Years) == f.Domain.Size() {
			return nil
		}
	}
	return fmt.Errorf("field %q has no years", y.Field)
}

// by returns what chooses the column of the file, nil if there is nothing to choose.
func (x *eventColumn) by() *Selector {
	if x == nil || x.Cells == nil {
		return nil
	}
	return x.Cells.By
}

func (x *eventColumn) validate(f *Field, rows int) error {
	switch {
	case x == nil || x.Cells != nil && len(x.Cells.Columns) == 0:
		return fmt.Errorf("it has no cells")
	case x.Cells == nil:
		return nil
	}
	if by := x.Cells.By; by != nil && (len(by.Fields) != 1 || slices.ContainsFunc(by.Case, func(k int32) bool { return k < 0 || int(k) > len(x.Cells.Columns) })) {
		return fmt.Errorf("it has not a column for each form")
	}
	labels := len(x.Labels)
	if f.Type == frame.Category {
		labels = f.Domain.Size()
	}
	for _, c := range x.Cells.Columns {
		switch f.Type {
		case frame.Category, frame.Text:
			if len(c.Codes) != rows || slices.ContainsFunc(c.Codes, func(code int32) bool { return code < -1 || int(code) >= labels }) {
				return fmt.Errorf("a cell has no label")
			}
		case frame.Integer, frame.Number:
			if len(c.Numbers) != rows || slices.ContainsFunc(c.Empty, func(row int32) bool { return row < 0 || int(row) >= rows }) {
				return fmt.Errorf("it has not a number for each row")
			}
		}
	}
	return nil
}
