package kind

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/spec"
)

var dateKind = Kind{
	Name:    "date",
	Uses:    dateUses,
	Compile: compileDate,
	New:     func() Program { return &date{} },
}

// Day is a day of the Gregorian calendar in days since 1970-01-01. It is stored as
// ISO 8601 writes it.
type Day int64

func (d Day) String() string               { return string(frame.AppendDate(nil, int64(d))) }
func (d Day) MarshalText() ([]byte, error) { return frame.AppendDate(nil, int64(d)), nil }

// UnmarshalText reads a day of the years 1 to 9999.
func (d *Day) UnmarshalText(text []byte) error {
	days, ok := frame.ParseDate(string(text))
	if !ok {
		return fmt.Errorf("%q is not a day such as 2024-04-08", text)
	}
	*d = Day(days)
	return nil
}

// date draws a day between two others, which may differ from person to person. It
// takes one uniform number per person.
type date struct {
	// Age is the field of the ages in completed years on the day On, "" if the days
	// are those between From and To.
	Age  string `json:"age,omitempty"`
	On   *dayOf `json:"on,omitempty"`
	From *dayOf `json:"from,omitempty"`
	To   *dayOf `json:"to,omitempty"`
	// Months are the weights of the months from January on; nil for equally likely
	// days.
	Months []float64 `json:"months,omitempty"`
	// Low and High are the first and the last day that anybody can have.
	Low  Day `json:"low"`
	High Day `json:"high"`
}

// dayOf is a day, or that of a date field, with years and then days added.
type dayOf struct {
	Day   Day    `json:"day,omitzero"`
	Field string `json:"field,omitempty"`
	Years int    `json:"years,omitempty"`
	Days  int64  `json:"days,omitempty"`
}

// plus returns a day with the years and days added. Years after 29 February are
// complete on 1 March of years that are not leap years.
func (d *dayOf) plus(day int64) int64 {
	if d.Years != 0 {
		year, month, dayOfMonth := frame.Civil(day)
		day = frame.DateOf(year+d.Years, month, dayOfMonth)
	}
	return day + d.Days
}

// born returns the first and the last day of birth of those who have completed
// exactly age years on a day. Who is born on 29 February completes a year on 1 March
// of years that are not leap years.
func born(age, on int64) (first, last int64) {
	year, month, day := frame.Civil(on)
	return birthdayUpTo(year-int(age)-1, month, day) + 1, birthdayUpTo(year-int(age), month, day)
}

// birthdayUpTo returns the last day of a year that is not later in it than a month
// and day.
func birthdayUpTo(year int, month time.Month, day int) int64 {
	if month == time.February && day == 29 {
		return frame.DateOf(year, time.March, 1) - 1
	}
	return frame.DateOf(year, month, day)
}

func (p *date) bounds() (least, greatest float64) { return float64(p.Low), float64(p.High) }

// dateUses returns the fields from which the days follow.
func dateUses(s *spec.Field) []spec.String {
	var uses []spec.String
	if birth := s.Body.Get("birth"); birth != nil {
		uses = append(uses, birth.Get("age").AsString())
	}
	for _, n := range dayNodes(s) {
		if t := dayText(n); t != nil && !startsWithDigit(t.String) {
			uses = append(uses, t.AsString())
		}
	}
	return uses
}

// dayNodes returns the days that a stanza names: on, or from and to.
func dayNodes(s *spec.Field) []*spec.Node {
	if birth := s.Body.Get("birth"); birth != nil {
		return []*spec.Node{birth.Get("on")}
	}
	between := s.Body.Get("between")
	return []*spec.Node{between.Get("from"), between.Get("to")}
}

// dayText returns the day or field of a day that may have years and days added.
func dayText(n *spec.Node) *spec.Node {
	if n != nil && n.Kind == spec.StructNode {
		return n.Get("date")
	}
	return n
}

// startsWithDigit tells a day from the name of a field.
func startsWithDigit(text string) bool { return text == "" || text[0] < 'a' || text[0] > 'z' }

// days are the first and last day that something can be.
type days struct{ low, high int64 }

func compileDate(c *Compiler, s *spec.Field, f *Field) {
	f.Class, f.Type = Drawn, frame.Date
	p := &date{}
	f.Nullable = s.When != nil
	months, ok := c.readMonths(s)
	p.Months = months
	var span days
	if s.Body.Get("birth") != nil {
		span, ok = c.readBirth(s, f, p, ok)
	} else {
		span, ok = c.readBetween(s, f, p, ok)
	}
	if !ok {
		return
	}
	if span.low < frame.MinDate || span.high > frame.MaxDate {
		c.Diags.Errorf(s.Place, "date-range", "the dates of %q can be from year %d to year %d; dates are of the years 1 to 9999", s.Name, yearOf(span.low), yearOf(span.high)).
			WithHint("check the day of reference, the ages and the years that are added")
		return
	}
	p.Low, p.High = Day(span.low), Day(span.high)
	f.Program = p
}

func yearOf(day int64) int {
	year, _, _ := frame.Civil(day)
	return year
}

// readMonths reads the weights of the months; nil if there are none.
func (c *Compiler) readMonths(s *spec.Field) ([]float64, bool) {
	node := s.Body.Get("months")
	if node == nil {
		return nil, true
	}
	var months []float64
	for _, n := range node.Items {
		months = append(months, n.Number)
	}
	if len(months) != 12 {
		c.Diags.Errorf(node.Place, "months", "there are %d weights of months", len(months)).WithHint("give 12, from January to December")
		return nil, false
	}
	if slices.Max(months) <= 0 {
		c.Diags.Errorf(node.Place, "months", "no month has a weight above 0").WithHint("give at least one month a weight, or remove months")
		return nil, false
	}
	return months, true
}

// readBirth reads an age and its day of reference.
func (c *Compiler) readBirth(s *spec.Field, f *Field, p *date, ok bool) (days, bool) {
	birth := s.Body.Get("birth")
	on, span, found := c.readDay(birth.Get("on"), f)
	name := birth.Get("age")
	age := c.FiniteField(name.String, name.Place)
	switch {
	case age == nil || !found:
		return days{}, false
	case !age.Domain.Integer:
		c.Diags.Errorf(name.Place, "not-an-age", "field %q is a %s; an age is an integer", age.Name, age.Kind).WithHint("name the integer field of the age in years")
		return days{}, false
	case age.Domain.Min < 0:
		c.Diags.Errorf(name.Place, "not-an-age", "field %q has values from %d on; an age is not negative", age.Name, age.Domain.Min).WithHint("name the integer field of the age in years")
		return days{}, false
	}
	p.Age, p.On = age.Name, on
	f.addInput(age)
	first, _ := born(age.Domain.Max, span.low)
	_, last := born(age.Domain.Min, span.high)
	return days{first, last}, ok
}

// addInput adds a field from which the date follows: where that is null, so is the
// date.
func (f *Field) addInput(input *Field) {
	if !slices.Contains(f.Inputs, input.Name) {
		f.Inputs = append(f.Inputs, input.Name)
	}
	f.Nullable = f.Nullable || input.Nullable
}

// readDay reads a day or the name of a date field, with what is added. It returns
// the range of the days too.
func (c *Compiler) readDay(n *spec.Node, f *Field) (*dayOf, days, bool) {
	d, text := &dayOf{}, dayText(n)
	if n.Kind == spec.StructNode {
		if x := n.Get("years"); x != nil {
			d.Years = int(x.Number)
		}
		if x := n.Get("days"); x != nil {
			d.Days = int64(x.Number)
		}
	}
	var span days
	if startsWithDigit(text.String) {
		day, ok := frame.ParseDate(text.String)
		if !ok {
			c.Diags.Errorf(text.Place, "not-a-day", "%q is not a day", text.String).WithHint("write year, month and day: \"2024-04-08\", or name a date field")
			return nil, days{}, false
		}
		d.Day = Day(d.plus(day))
		d.Years, d.Days = 0, 0
		return d, days{int64(d.Day), int64(d.Day)}, c.inCalendar(n.Place, int64(d.Day))
	}
	other := c.dateField(text)
	if other == nil {
		return nil, days{}, false
	}
	d.Field = other.Name
	f.addInput(other)
	span = c.possibleDays(other, f.When)
	return d, days{d.plus(span.low), d.plus(span.high)}, true
}

// inCalendar reports a day outside the years 1 to 9999.
func (c *Compiler) inCalendar(at diag.Place, day int64) bool {
	if day >= frame.MinDate && day <= frame.MaxDate {
		return true
	}
	c.Diags.Errorf(at, "date-range", "the day is in year %d; dates are of the years 1 to 9999", yearOf(day)).WithHint("check the years and days that are added")
	return false
}

// dateField returns a date field, or nil after it has reported that there is none.
func (c *Compiler) dateField(name *spec.Node) *Field {
	f := c.Fields[name.String]
	switch {
	case f == nil:
		c.FiniteField(name.String, name.Place) // reports a name that is unknown
		return nil
	case f.Type != frame.Date:
		c.Diags.Errorf(name.Place, "not-a-date", "field %q is a %s, not a date", f.Name, f.Kind).WithHint("name a field of kind date, or write a day such as \"2024-04-08\"")
		return nil
	}
	return f
}

// readBetween reads two days.
func (c *Compiler) readBetween(s *spec.Field, f *Field, p *date, ok bool) (days, bool) {
	between := s.Body.Get("between")
	from, first, okFrom := c.readDay(between.Get("from"), f)
	to, last, okTo := c.readDay(between.Get("to"), f)
	if !okFrom || !okTo || !ok {
		return days{}, false
	}
	p.From, p.To = from, to
	words := fmt.Sprintf("from %s to %s", Day(first.low), Day(last.high))
	if first.low > last.high {
		c.Diags.Errorf(between.Place, "no-day", "no day is %s", words).WithHint("swap from and to, or check what is added to them")
		return days{}, false
	}
	if from.Field == "" && to.Field == "" {
		if w := newMonthWeights(p.Months); w != nil && w.mass(first.low, last.high) <= 0 {
			c.Diags.Errorf(between.Place, "no-day", "no month %s has a weight above 0", words).WithHint("give one of these months a weight")
			return days{}, false
		}
	} else if first.high > last.low && !c.inOrder(from, to) {
		c.Diags.Warnf(between.Place, "no-day", "for some persons from may be as late as %s, and to as early as %s: a run stops at the first person whose days are in the wrong order", Day(first.high), Day(last.low)).
			WithHint("add a when that says who has this date, or change from and to")
	}
	return days{first.low, last.high}, true
}

// inOrder reports whether from is never after to: both follow from the same field,
// or the field of to is a day after the field of from.
func (c *Compiler) inOrder(from, to *dayOf) bool {
	if from.Field == "" || to.Field == "" {
		return false
	}
	if from.Field == to.Field {
		years, days := int64(to.Years-from.Years), to.Days-from.Days
		if years < 0 {
			return 366*years+days >= 0
		}
		return 365*years+days >= 0
	}
	if from.Years > 0 || from.Days > 0 || to.Years < 0 || to.Days < 0 {
		return false
	}
	p, ok := c.Fields[to.Field].Program.(*date)
	return ok && p.From != nil && c.inOrder(from, p.From)
}

// possibleDays returns the first and last day of a date field among persons who meet
// a condition, as far as it limits their ages.
func (c *Compiler) possibleDays(f *Field, when *Selector) days {
	p, ok := f.Program.(*date)
	if !ok {
		return days{frame.MinDate, frame.MaxDate} // reported
	}
	span := days{int64(p.Low), int64(p.High)}
	if p.Age == "" || p.On.Field != "" || when == nil || c.Fields[p.Age] == nil {
		return span
	}
	low, high, any := c.possibleAges(c.Fields[p.Age], when)
	if any {
		span.low, _ = born(high, int64(p.On.Day))
		_, span.high = born(low, int64(p.On.Day))
	}
	return span
}

// possibleAges returns the least and greatest value of an integer field among
// persons who meet a condition; false if there is none.
func (c *Compiler) possibleAges(age *Field, when *Selector) (low, high int64, any bool) {
	possible := c.agesMeeting(age, when)
	first := slices.Index(possible, true)
	if first < 0 {
		return 0, 0, false
	}
	last := first
	for i, is := range possible {
		if is {
			last = i
		}
	}
	return age.Domain.Min + int64(first), age.Domain.Min + int64(last), true
}

// agesMeeting says of each value of an integer field whether a person of that age can
// meet a condition, as far as the condition's fields follow from the age: the field
// itself, its groups, and fields that only persons of some ages have.
func (c *Compiler) agesMeeting(age *Field, when *Selector) []bool {
	const most = 1 << 16 // configurations of a condition that is looked into
	possible := make([]bool, age.Domain.Size())
	if len(when.Case) > most {
		for i := range possible {
			possible[i] = true
		}
		return possible
	}
	// of[k][code] are the ages at which field k of the condition has a code, nil for
	// all.
	of := make([][][]bool, len(when.Fields))
	for k, name := range when.Fields {
		of[k] = make([][]bool, when.Slots[k])
		if f := c.Fields[name]; f != nil {
			for code := range of[k] {
				of[k][code] = c.agesWith(age, f, code)
			}
		}
	}
	for config, chosen := range when.Case {
		if chosen != 1 {
			continue
		}
		for i := range possible {
			if possible[i] {
				continue
			}
			fits, rest := true, config
			for k := len(when.Slots) - 1; k >= 0; k-- {
				ages := of[k][rest%when.Slots[k]]
				fits = fits && (ages == nil || ages[i])
				rest /= when.Slots[k]
			}
			possible[i] = fits
		}
	}
	return possible
}

// agesWith says at which ages a field can have a code; nil if the age does not limit
// it.
func (c *Compiler) agesWith(age, f *Field, code int) []bool {
	of := f.Lookup()
	switch {
	case f == age:
		ages := make([]bool, age.Domain.Size())
		if code < len(ages) {
			ages[code] = true
		}
		return ages
	case of != nil && slices.Equal(of.Fields, []string{age.Name}):
		ages := make([]bool, age.Domain.Size())
		for i := range ages {
			at := int(of.Case[i]) - 1
			if at < 0 {
				at = f.Domain.Size() // null
			}
			ages[i] = at == code
		}
		return ages
	case f.When != nil && code < f.Domain.Size():
		return c.agesMeeting(age, f.When)
	}
	return nil
}

// monthWeights draws days of which each month has a share in proportion to its
// weight.
type monthWeights struct {
	weights []float64
	before  [13]float64 // sums of the weights of earlier months
}

// newMonthWeights returns nil if there are no weights.
func newMonthWeights(weights []float64) *monthWeights {
	if weights == nil {
		return nil
	}
	w := &monthWeights{weights: weights}
	greatest := slices.Max(weights)
	for m, x := range weights {
		w.before[m+1] = w.before[m] + x/greatest
	}
	return w
}

func (w *monthWeights) weight(month int) float64 { return w.before[month+1] - w.before[month] }

// until returns the sum of the weights of the days from the beginning of a year up
// to a day, without it.
func (w *monthWeights) until(day int64, year int) float64 {
	y, m, d := frame.Civil(day)
	part := float64(d-1) / float64(daysIn(y, m))
	return float64(float64(y-year)*w.before[12]) + w.before[m-1] + float64(w.weight(int(m)-1)*part)
}

func daysIn(year int, month time.Month) int {
	return int(frame.DateOf(year, month+1, 1) - frame.DateOf(year, month, 1))
}

// mass returns the weight of the days from low to high.
func (w *monthWeights) mass(low, high int64) float64 {
	year := yearOf(low)
	return w.until(high+1, year) - w.until(low, year)
}

// draw returns the day from low to high at the quantile u. The mass must be above 0.
func (w *monthWeights) draw(low, high int64, u float64) int64 {
	first := yearOf(low)
	from := w.until(low, first)
	at := from + float64(u*(w.until(high+1, first)-from))
	years := math.Floor(at / w.before[12])
	at = max(0, at-float64(years*w.before[12]))
	month := 11
	for month > 0 && (w.before[month] > at || w.weights[month] == 0) {
		month--
	}
	for w.weights[month] == 0 { // rounding left at before the first month with a weight
		month++
	}
	year := first + int(years)
	n := daysIn(year, time.Month(month+1))
	day := int((at - w.before[month]) / w.weight(month) * float64(n))
	result := frame.DateOf(year, time.Month(month+1), 1+min(max(day, 0), n-1))
	return w.nearest(min(max(result, low), high), low, high)
}

// nearest returns the day itself, or if its month has no weight, which only rounding
// at low or high can cause, a near one whose month has.
func (w *monthWeights) nearest(day, low, high int64) int64 {
	for d := day; d >= low; d-- {
		if _, m, _ := frame.Civil(d); w.weights[m-1] > 0 {
			return d
		}
	}
	for d := day; d <= high; d++ {
		if _, m, _ := frame.Civil(d); w.weights[m-1] > 0 {
			return d
		}
	}
	return day
}

// Dates says which days the persons of a batch can have as the date of a field.
type Dates struct {
	p                 *date
	age, on, from, to int // columns, -1 where there is none
}

// Dates returns the days that a date field can have, nil for other fields. Of env it
// needs Fields.
func (f *Field) Dates(env *Env) *Dates {
	p, ok := f.Program.(*date)
	if !ok {
		return nil
	}
	column := func(d *dayOf) int {
		if d == nil || d.Field == "" {
			return -1
		}
		return env.Index(d.Field)
	}
	d := &Dates{p: p, age: -1, on: column(p.On), from: column(p.From), to: column(p.To)}
	if p.Age != "" {
		d.age = env.Index(p.Age)
	}
	return d
}

// Weighs reports whether the field gives months weights, and gives some to the month
// of a day.
func (d *Dates) Weighs(day int64) bool {
	if d.p.Months == nil {
		return true
	}
	_, month, _ := frame.Civil(day)
	return d.p.Months[month-1] > 0
}

// Of returns the first and the last day that the person of a row can have, false if
// the person has none because a field from which it follows is null. The first is
// after the last if there is no such day.
func (d *Dates) Of(b *frame.Batch, r int) (first, last int64, ok bool) {
	if d.p.Age == "" {
		if first, ok = d.day(d.p.From, d.from, b, r); !ok {
			return 0, 0, false
		}
		last, ok = d.day(d.p.To, d.to, b, r)
		return first, last, ok
	}
	on, ok := d.day(d.p.On, d.on, b, r)
	c := &b.Columns[d.age]
	if !ok || c.IsNull(frame.Integer, r) {
		return 0, 0, false
	}
	first, last = born(c.Ints[r], on)
	return first, last, true
}

func (d *Dates) day(of *dayOf, column int, b *frame.Batch, r int) (int64, bool) {
	if column < 0 {
		return int64(of.Day), true
	}
	c := &b.Columns[column]
	if c.IsNull(frame.Date, r) {
		return 0, false
	}
	return of.plus(c.Ints[r]), true
}

func (p *date) Bind(env *Env) Filler {
	return &dateFiller{dates: env.Field.Dates(env), months: newMonthWeights(p.Months), stream: rng.New(env.Seed, env.Field.Name)}
}

type dateFiller struct {
	dates  *Dates
	months *monthWeights
	stream rng.Stream
	failed []RowError
}

func (p *dateFiller) Failed() []RowError { return p.failed }

func (p *dateFiller) Fill(b *frame.Batch, c *frame.Column) {
	p.failed = p.failed[:0]
	for r := range b.N {
		first, last, ok := p.dates.Of(b, r)
		if ok {
			if err := p.check(first, last); err != nil {
				p.failed, ok = append(p.failed, RowError{r, err}), false
			}
		}
		if !ok {
			c.SetNull(frame.Date, r, b.N)
			continue
		}
		c.Ints[r] = p.draw(first, last, rng.Float64(p.stream.Uint64(b.Number(r))))
	}
}

// check returns an error if there is no day to draw.
func (p *dateFiller) check(first, last int64) error {
	switch {
	case first > last:
		return fmt.Errorf("no day is from %s to %s; add a when that says who has this date, or change from and to", Day(first), Day(last))
	case first < frame.MinDate || last > frame.MaxDate:
		return fmt.Errorf("the days from year %d to year %d are outside the years 1 to 9999", yearOf(first), yearOf(last))
	case p.months != nil && p.months.mass(first, last) <= 0:
		return fmt.Errorf("no month from %s to %s has a weight above 0", Day(first), Day(last))
	}
	return nil
}

func (p *dateFiller) draw(first, last int64, u float64) int64 {
	if p.months != nil {
		return p.months.draw(first, last, u)
	}
	return min(first+int64(u*float64(last-first+1)), last)
}
