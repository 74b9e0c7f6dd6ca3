package check

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// almanac is a plan with dates: a day of birth, one that follows from it, and a day
// between constants.
func almanac(t *testing.T) *plan.Plan {
	var fields []*kind.Field
	for _, text := range []string{
		`{"name": "age", "kind": "integer", "class": "fitted", "type": "integer", "nullable": true, "domain": {"integer": true, "min": 18, "max": 27}}`,
		`{"name": "birth", "kind": "date", "class": "drawn", "type": "date", "nullable": true, "inputs": ["age"],
		  "program": {"age": "age", "on": {"day": "2024-04-08"}, "low": "1996-04-09", "high": "2006-04-08"}}`,
		`{"name": "oath", "kind": "date", "class": "drawn", "type": "date", "nullable": true, "inputs": ["birth"],
		  "program": {"from": {"field": "birth", "years": 18}, "to": {"day": "2024-04-08"}, "low": "2014-04-09", "high": "2024-04-08"}}`,
		`{"name": "visit", "kind": "date", "class": "drawn", "type": "date",
		  "program": {"from": {"day": "2024-01-01"}, "to": {"day": "2024-03-31"}, "low": "2024-01-01", "high": "2024-03-31", "months": [1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}`,
	} {
		f := &kind.Field{}
		if err := json.Unmarshal([]byte(text), f); err != nil {
			t.Fatal(err)
		}
		fields = append(fields, f)
	}
	return &plan.Plan{Name: "almanac", Fields: fields, Order: []string{"birth", "oath", "visit"}}
}

// lives are 30 persons of the almanac, of whom every tenth has no age.
func lives(p *plan.Plan) *frame.Batch {
	b := frame.New(p.Schema())
	b.Resize(0, 30)
	for i := range 3 {
		b.Columns[i].Null = make([]bool, 30)
	}
	for r := range 30 {
		if r%10 == 9 {
			b.Columns[0].Null[r], b.Columns[1].Null[r], b.Columns[2].Null[r] = true, true, true
		}
		year := 2006 - r%10
		b.Columns[0].Ints[r] = int64(18 + r%10)
		b.Columns[1].Ints[r] = frame.DateOf(year, 4, 8)
		b.Columns[2].Ints[r] = frame.DateOf(year+18, 4, 8)
		b.Columns[3].Ints[r] = frame.DateOf(2024, 3, 1+r)
	}
	return b
}

func TestDatesAgree(t *testing.T) {
	p := almanac(t)
	for _, x := range []struct {
		name, id string
		spoil    func(b *frame.Batch)
		rows     []int64
		words    string
	}{
		{"right", "", func(*frame.Batch) {}, nil, ""},
		{"a day too young", "date.birth", func(b *frame.Batch) { b.Columns[1].Ints[4]++; b.Columns[2].Ints[4]++ }, []int64{4}, "with a date after the last that they can have"},
		{"a year too old", "date.birth", func(b *frame.Batch) { b.Columns[1].Ints[4] -= 366 }, []int64{4}, "with a date before the first that they can have"},
		{"another age", "date.birth", func(b *frame.Batch) { b.Columns[0].Ints[1], b.Columns[0].Ints[2] = 20, 19 }, []int64{1, 2}, "1 person with a date before the first that they can have; 1 person with a date after"},
		{"no date", "date.birth", func(b *frame.Batch) { b.Columns[1].Null[5], b.Columns[2].Null[5] = true, true }, []int64{5}, "1 person without a date"},
		{"a date without an age", "date.birth", func(b *frame.Batch) { b.Columns[1].Null[9], b.Columns[2].Null[9] = false, false }, []int64{9}, "follows from none"},
		{"before the day it follows", "date.oath", func(b *frame.Batch) { b.Columns[2].Ints[6]-- }, []int64{6}, "before the first"},
		{"a month without weight", "date.visit", func(b *frame.Batch) { b.Columns[3].Ints[2] = frame.DateOf(2024, 2, 3) }, []int64{2}, "in a month without weight"},
		{"outside the range", "values.visit", func(b *frame.Batch) { b.Columns[3].Ints[2] = frame.DateOf(2025, 3, 3) }, []int64{2}, "outside 2024-01-01 to 2024-03-31"},
		{"outside the calendar", "values.visit", func(b *frame.Batch) { b.Columns[3].Ints[2] = frame.MaxDate + 1 }, []int64{2}, "a date outside the years 1 to 9999"},
	} {
		b := lives(p)
		x.spoil(b)
		var failed []string
		for _, o := range judge(t, p, Options{Kinds: []string{KindDate, KindValues, KindNulls}}, 1, []*frame.Batch{b}).Outcomes {
			if o.Status != Fail {
				continue
			}
			failed = append(failed, o.ID)
			if o.ID == x.id && (!slices.Equal(o.Rows, x.rows) || !strings.Contains(o.Message, x.words)) {
				t.Errorf("%s: got rows %v: %s; want rows %v: %s", x.name, o.Rows, o.Message, x.rows, x.words)
			}
		}
		if (x.id == "") != (failed == nil) || x.id != "" && !slices.Contains(failed, x.id) {
			t.Errorf("%s: %v failed, want %q", x.name, failed, x.id)
		}
	}
}

// Dates are summarised exactly, by any number of workers.
func TestDateSummaries(t *testing.T) {
	p := almanac(t)
	first, second := lives(p), lives(p)
	second.First = 30
	for r := range 30 {
		second.Columns[3].Ints[r] = frame.DateOf(2024, 1, 1+r)
	}
	for _, workers := range []int{1, 2} {
		r := judge(t, p, Options{}, workers, []*frame.Batch{first, second})
		want := &DateSummary{N: 60, Min: "2024-01-01", Max: "2024-03-30", Months: [12]int64{30, 0, 30}, Years: []YearCount{{2024, 60}}}
		if d := cmp.Diff(want, r.Profiles[3].Dates); d != "" {
			t.Error(d)
		}
		if birth := r.Profiles[1].Dates; birth.N != 54 || birth.Min != "1998-04-08" || birth.Max != "2006-04-08" || len(birth.Years) != 9 || birth.Years[8] != (YearCount{2006, 6}) || r.Profiles[1].Nulls != 6 {
			t.Errorf("got %+v with %d nulls", birth, r.Profiles[1].Nulls)
		}
	}
}
