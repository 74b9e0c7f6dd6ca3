package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
)

var dateCheck = definition{kind: KindDate, compile: compileDates}

// dates: a date is one of the days that follow from the person's age or other dates.
type dates struct{ of []dateField }

type dateField struct {
	column, when int // when is the mask of the persons who have a date
	dates        func() *kind.Dates
	follows      []string // inputs from which the days follow
}

func compileDates(s *shared) check {
	d := &dates{}
	env := &kind.Env{Fields: s.plan.Fields}
	for i, f := range s.plan.Fields {
		if f.Dates(env) == nil || !s.measurable[f.Name] || !s.measures(f.Inputs) {
			continue // no date, or a release could not reveal it
		}
		x := dateField{column: i, when: s.coding.mask(f.When), dates: func() *kind.Dates { return f.Dates(env) }}
		for _, name := range f.Inputs {
			if f.When == nil || !slices.Contains(f.When.Fields, name) {
				x.follows = append(x.follows, name)
			}
		}
		d.of = append(d.of, x)
	}
	if d.of == nil {
		return nil
	}
	return d
}

type datesTally struct {
	*dates
	codes *codes
	spans []*kind.Dates
	found []dateFaults
}

// dateFaults are the persons whose dates are wrong.
type dateFaults struct {
	before  violations // the first day that the person can have
	after   violations // the last
	month   violations // in a month without weight
	missing violations // without a date
	extra   violations // with a date where a field from which it follows is null
}

func (d *dates) newTally(a *accumulators) tally {
	t := &datesTally{dates: d, codes: a.codes, found: make([]dateFaults, len(d.of))}
	for _, x := range d.of {
		t.spans = append(t.spans, x.dates())
	}
	return t
}

func (t *datesTally) add(b *frame.Batch) {
	for i, x := range t.of {
		c, f, span := &b.Columns[x.column], &t.found[i], t.spans[i]
		has := t.codes.taken(x.when)
		for r := range b.N {
			if has != nil && !has[r] {
				continue // covered by the check of nulls
			}
			first, last, ok := span.Of(b, r)
			row, null := b.First+int64(r), c.IsNull(frame.Date, r)
			switch {
			case null && ok:
				f.missing.add(row)
			case null:
			case !ok:
				f.extra.add(row)
			case c.Ints[r] < first:
				f.before.add(row)
			case c.Ints[r] > last:
				f.after.add(row)
			case !span.Weighs(c.Ints[r]):
				f.month.add(row)
			}
		}
	}
}

func (t *datesTally) merge(o tally) {
	for i := range t.found {
		f, g := &t.found[i], &o.(*datesTally).found[i]
		f.before.merge(&g.before)
		f.after.merge(&g.after)
		f.month.merge(&g.month)
		f.missing.merge(&g.missing)
		f.extra.merge(&g.extra)
	}
}

func (t *datesTally) code(c *wire.Coder) {
	for i := range t.found {
		f := &t.found[i]
		for _, v := range []*violations{&f.before, &f.after, &f.month, &f.missing, &f.extra} {
			v.code(c)
		}
	}
}

func (d *dates) judge(j *judging, t tally) (out []finding, _ error) {
	for i, x := range d.of {
		field, f := j.plan.Fields[x.column], &t.(*datesTally).found[i]
		var v verdict
		v.add(&f.before, "with a date before the first that they can have")
		v.add(&f.after, "with a date after the last that they can have")
		v.add(&f.month, "with a date in a month without weight")
		v.add(&f.missing, "without a date")
		v.add(&f.extra, "with a date that follows from none")
		fine := "every date is between the days of the spec"
		for k, name := range x.follows {
			if k == 0 {
				fine = "every date agrees with "
			} else {
				fine += ", "
			}
			fine += name
		}
		o := v.outcome(KindDate, field.Name, fine)
		o.Fields = append(o.Fields, x.follows...)
		out = append(out, only(o)...)
	}
	return out, nil
}

// DateSummary describes the dates of a field.
type DateSummary struct {
	N   int64  `json:"n"`
	Min string `json:"min"` // the earliest, as 2024-04-08
	Max string `json:"max"`
	// Months counts the dates by month, from January on.
	Months [12]int64 `json:"months"`
	// Years counts them by year, in ascending order, without years that have none.
	Years []YearCount `json:"years"`
}

// YearCount is a number of dates in a year.
type YearCount struct {
	Year  int   `json:"year"`
	Count int64 `json:"count"`
}

// dateCounts gathers a DateSummary. Its size is bounded by the years of the calendar.
type dateCounts struct {
	n         int64
	low, high int64
	months    [12]int64
	years     map[int]int64
}

func (d *dateCounts) add(day int64) {
	if d.n == 0 {
		d.low, d.high, d.years = day, day, map[int]int64{}
	}
	d.n++
	d.low, d.high = min(d.low, day), max(d.high, day)
	year, month, _ := frame.Civil(day)
	d.months[month-1]++
	d.years[year]++
}

func (d *dateCounts) merge(o *dateCounts) {
	switch {
	case o.n == 0:
		return
	case d.n == 0:
		d.low, d.high, d.years = o.low, o.high, map[int]int64{}
	}
	d.n += o.n
	d.low, d.high = min(d.low, o.low), max(d.high, o.high)
	addAll(d.months[:], o.months[:])
	for year, n := range o.years {
		d.years[year] += n
	}
}

func (d *dateCounts) code(c *wire.Coder) {
	c.Count(&d.n)
	if d.n == 0 {
		return
	}
	wire.Within(c, &d.low, frame.MinDate, frame.MaxDate)
	wire.Within(c, &d.high, frame.MinDate, frame.MaxDate)
	c.Counts(d.months[:])
	wire.Map(c, &d.years, maxYear, func(year *int) { wire.Within(c, year, 0, maxYear) }, c.Count)
}

// maxYear is the last year of the calendar.
const maxYear = 9999

// describe returns nil if there are no dates.
func (d *dateCounts) describe() *DateSummary {
	if d.n == 0 {
		return nil
	}
	s := &DateSummary{N: d.n, Min: kind.Day(d.low).String(), Max: kind.Day(d.high).String(), Months: d.months}
	for _, year := range slices.SortedFunc(maps.Keys(d.years), cmp.Compare[int]) {
		s.Years = append(s.Years, YearCount{year, d.years[year]})
	}
	return s
}

// Period is the earliest and the latest date, for readers.
func (s *DateSummary) Period() string { return fmt.Sprintf("%s to %s", s.Min, s.Max) }
