package kind

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/spec"
)

// eventPeriod is a time of a life between two placed events. It lasts from the year of
// its first event to before that of its last, so that in the year in which it ends other
// events follow.
type eventPeriod struct {
	Name string `json:"name"`
	From int32  `json:"from"` // code of the event
	To   int32  `json:"to"`
}

// years is from the first to before the last.
type years struct{ first, last int64 }

// compilePeriods compiles the periods of a timeline whose placed events have their labels.
func (c *Compiler) compilePeriods(s *spec.Field, events *Domain) (periods []*eventPeriod) {
	n := s.Body.Get("periods")
	if n == nil {
		return nil
	}
	var placed []string
	for _, x := range placedStanzas(s) {
		placed = append(placed, x.Get("event").String)
	}
	for _, x := range n.Fields {
		from, to := x.Value.Get("from").AsString(), x.Value.Get("to").AsString()
		code := func(name spec.String) int32 {
			if slices.Contains(placed, name.Value) {
				code, _ := events.Index(name.Value)
				return int32(code)
			}
			d := c.Diags.Errorf(name.Place, "not-placed", "no placed event is called %q", name.Value)
			if g := diag.Guess(name.Value, placed); g != "" {
				d.WithHint("did you mean %q?", g)
			} else {
				d.WithHint("a period begins and ends with events of placed")
			}
			return -1
		}
		periods = append(periods, &eventPeriod{Name: x.Name, From: code(from), To: code(to)})
		if from.Value == to.Value {
			c.Diags.Errorf(to.Place, "empty-period", "the period %q ends with the event with which it begins, so no year is in it", x.Name).
				WithHint("end it with another event of placed")
		}
	}
	return periods
}

// warnUnusedPeriods warns of periods in which every event can be.
func (c *Compiler) warnUnusedPeriods(s *spec.Field, p *timeline) {
	for i, x := range p.Periods {
		if !slices.ContainsFunc(p.Rows, func(e eventRow) bool { return slices.Contains(e.Outside, int32(i)) }) {
			c.Diags.Warnf(s.Body.Get("periods").Fields[i].Place, "unused-period", "no event of the bank is outside of the period %q", x.Name).
				WithHint("name it in the column that outside names, beside the events that cannot be in it, or remove it")
		}
	}
}

// periodList reads the periods that a cell names.
func (c *Compiler) periodList(file *table.File, row, column int, separator string, periods []*eventPeriod, reported map[string]bool) (of []int32) {
	if column < 0 {
		return nil
	}
	var names []string
	for _, p := range periods {
		names = append(names, p.Name)
	}
	for _, part := range strings.Split(file.Rows[row][column], separator) {
		part = strings.TrimSpace(part)
		switch i := slices.Index(names, part); {
		case part == "":
		case i >= 0:
			of = append(of, int32(i))
		case !reported[part]:
			reported[part] = true
			d := c.Diags.Errorf(file.Place(row, column), "unknown-period", "no period is called %q", part)
			if g := diag.Guess(part, names); g != "" {
				d.WithHint("did you mean %q?", g)
			} else {
				d.WithHint("declare it in periods")
			}
		}
	}
	slices.Sort(of)
	return slices.Compact(of)
}

func (p *timeline) validatePeriods(events int) error {
	for _, x := range p.Periods {
		if x == nil || x.From < 0 || int(x.From) >= events || x.To < 0 || int(x.To) >= events || x.From == x.To {
			return fmt.Errorf("a period has no two events")
		}
	}
	for _, e := range p.Rows {
		if slices.ContainsFunc(e.Outside, func(i int32) bool { return i < 0 || int(i) >= len(p.Periods) }) {
			return fmt.Errorf("an entry names no period")
		}
	}
	return nil
}

// findPeriods finds the periods among the events that the person has. One that does not
// end lasts for the rest of the life.
func (x *lifeReader) findPeriods() {
	if len(x.periods) != len(x.p.Periods) {
		x.periods = make([][]years, len(x.p.Periods))
	}
	for i, p := range x.p.Periods {
		x.periods[i] = x.periods[i][:0]
		for k := range x.events {
			if x.events[k].code != p.From {
				continue
			}
			of := years{x.events[k].year, lastYear + 1}
			for _, e := range x.events {
				if e.code == p.To && e.year >= of.first {
					of.last = min(of.last, e.year)
				}
			}
			x.periods[i] = append(x.periods[i], of)
		}
	}
}

// inPeriod reports whether a year is in a period in which the event of a row cannot be.
func (x *lifeReader) inPeriod(row *eventRow, year int64) bool {
	for _, i := range row.Outside {
		for _, of := range x.periods[i] {
			if year >= of.first && year < of.last {
				return true
			}
		}
	}
	return false
}
