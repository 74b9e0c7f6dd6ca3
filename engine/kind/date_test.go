package kind

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
)

// ageOn counts completed years as people do: a year is complete once month and day
// have come round.
func ageOn(born, on time.Time) int {
	age := on.Year() - born.Year()
	if on.Month() < born.Month() || on.Month() == born.Month() && on.Day() < born.Day() {
		age--
	}
	return age
}

func dayOn(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// The days of birth of an age are exactly those on which people of that age are born,
// for every day of reference around leap days and ends of years.
func TestBorn(t *testing.T) {
	for _, year := range []int{1900, 1999, 2000, 2023, 2024} {
		for offset := range 366 {
			on := dayOn(year, time.January, 1+offset)
			days := int64(on.Unix() / 86400)
			for _, age := range []int{0, 1, 3, 4, 24, 99, 100} {
				first, last := born(int64(age), days)
				for day := first - 2; day <= last+2; day++ {
					is := ageOn(time.Unix(day*86400, 0).UTC(), on) == age
					if in := day >= first && day <= last; is != in {
						t.Fatalf("age %d on %s: born on %s is %t, want %t", age, on.Format(time.DateOnly), Day(day), in, is)
					}
				}
			}
		}
	}
}

const dateSpec = `fields: {
	age: {kind: "integer", min: 0, max: 99}
	late: {kind: "integer", min: 0, max: 3, when: age: >=90}
	birth: {kind: "date", birth: {age: "age", on: "2024-02-29"}}
	baby: {kind: "date", birth: {age: "late", on: "birth"}}
	adult: {kind: "date", between: {from: {date: "birth", years: 18}, to: {date: "birth", years: 20, days: -1}}}
	short: {kind: "date", between: {from: "2023-12-30", to: "2024-01-02"}}
}`

func TestDates(t *testing.T) {
	fields := must(t, dateSpec, nil)
	b := fill(t, fields, Env{Seed: 5}, 0, 4000)
	on := dayOn(2024, time.February, 29)
	short := map[string]int{}
	leap := false
	for r := range b.N {
		age, late := &b.Columns[0], &b.Columns[1]
		birth := time.Unix(b.Columns[2].Ints[r]*86400, 0).UTC()
		leap = leap || birth.Month() == time.February && birth.Day() == 29
		if got := ageOn(birth, on); got != int(age.Ints[r]) {
			t.Fatalf("person %d: born on %s at age %d, which is %d", r, birth.Format(time.DateOnly), age.Ints[r], got)
		}
		baby := &b.Columns[3]
		if baby.IsNull(frame.Date, r) != late.IsNull(frame.Integer, r) {
			t.Fatalf("person %d: a date is null: %t, its age: %t", r, baby.IsNull(frame.Date, r), late.IsNull(frame.Integer, r))
		}
		if !baby.IsNull(frame.Date, r) && ageOn(time.Unix(baby.Ints[r]*86400, 0).UTC(), birth) != int(late.Ints[r]) {
			t.Fatalf("person %d: %s is not %d years before %s", r, Day(baby.Ints[r]), late.Ints[r], birth.Format(time.DateOnly))
		}
		adult := time.Unix(b.Columns[4].Ints[r]*86400, 0).UTC()
		if a := ageOn(birth, adult); a < 18 || a > 19 {
			t.Fatalf("person %d: of age on %s, at %d", r, adult.Format(time.DateOnly), a)
		}
		short[Day(b.Columns[5].Ints[r]).String()]++
	}
	if !leap {
		t.Error("nobody is born on 29 February")
	}
	for _, day := range []string{"2023-12-30", "2023-12-31", "2024-01-01", "2024-01-02"} {
		if n := short[day]; n < 850 || n > 1150 {
			t.Errorf("%s occurs %d times among 4000 of 4 days", day, n)
		}
	}
	if len(short) != 4 {
		t.Errorf("got the days %v", short)
	}
}

// Each whole month has its share, its days are equally likely, and a month without
// weight has no day, also where the period begins or ends in it.
func TestMonths(t *testing.T) {
	weights := []float64{2, 0, 1, 1, 1, 4, 1, 1, 1, 1, 1, 0}
	months := "months: [2, 0, 1, 1, 1, 4, 1, 1, 1, 1, 1, 0]"
	fields := must(t, `fields: {
		year: {kind: "date", between: {from: "2023-01-01", to: "2024-12-31"}, `+months+`}
		edge: {kind: "date", between: {from: "2023-02-10", to: "2023-12-20"}, `+months+`}
		thin: {kind: "date", between: {from: "2024-02-28", to: "2024-03-01"}, `+months+`}
	}`, nil)
	const n = 20_000
	b := fill(t, fields, Env{Seed: 2}, 0, n)
	counts := make([]int, 12)
	june := make([]int, 30)
	for r := range n {
		_, month, day := frame.Civil(b.Columns[0].Ints[r])
		counts[month-1]++
		if month == time.June {
			june[day-1]++
		}
		if _, month, _ := frame.Civil(b.Columns[1].Ints[r]); weights[month-1] == 0 {
			t.Fatalf("person %d has %s, in a month without weight", r, Day(b.Columns[1].Ints[r]))
		}
		if got := Day(b.Columns[2].Ints[r]).String(); got != "2024-03-01" {
			t.Fatalf("person %d has %s, the only day with weight is 2024-03-01", r, got)
		}
	}
	var shares, days []float64
	for _, w := range weights {
		shares = append(shares, w/14)
	}
	for range june {
		days = append(days, 1.0/30)
	}
	if counts[1]+counts[11] > 0 {
		t.Errorf("months without weight have %d and %d dates", counts[1], counts[11])
	}
	if x := chiSquare(counts, shares); math.IsNaN(x) || x > 35 { // 9 degrees of freedom
		t.Errorf("months: chi-square %.1f: %v", x, counts)
	}
	if x := chiSquare(june, days); x > 70 { // 29
		t.Errorf("days of June: chi-square %.1f: %v", x, june)
	}
}

// The quantiles 0 and 1 are the ends of the period, whatever the weights.
func TestMonthEnds(t *testing.T) {
	w := newMonthWeights([]float64{1, 1e15, 3, 0.1, 5, 1, 0, 2, 9, 1, 1e-9, 4})
	for low := int64(-800_000 + 100_000); low < 2_900_000; low += 77_777 {
		for _, length := range []int64{0, 1, 27, 31, 365, 36_525} {
			high := low + length
			if w.mass(low, high) <= 0 {
				continue
			}
			for _, u := range []float64{1e-17, 0.5, 1 - 1.0/(1<<53)} {
				if day := w.draw(low, high, u); day < low || day > high {
					t.Fatalf("%s to %s at %g: got %s", Day(low), Day(high), u, Day(day))
				}
			}
		}
	}
}

func TestDateFaults(t *testing.T) {
	const head = "fields: {\n age: {kind: \"integer\", min: 0, max: 99}\n off: {kind: \"integer\", min: -1, max: 9}\n sex: {kind: \"category\", values: [\"f\", \"m\"]}\n birth: {kind: \"date\", birth: {age: \"age\", on: \"2024-04-08\"}}\n d: {kind: \"date\", "
	for _, c := range []struct{ name, stanza, want string }{
		{"not a day", `birth: {age: "age", on: "2023-02-29"}`, `spec.cue:7:44 not-a-day: "2023-02-29" is not a day | write year, month and day: "2024-04-08", or name a date field`},
		{"another form", `birth: {age: "age", on: "8.4.2024"}`, `spec.cue:7:44 not-a-day: "8.4.2024" is not a day | write year, month and day: "2024-04-08", or name a date field`},
		{"no field", `birth: {age: "agee", on: "2024-04-08"}`, `spec.cue:7:33 unknown-field: no field is called "agee" | did you mean "age"?`},
		{"no integer", `birth: {age: "sex", on: "2024-04-08"}`, `spec.cue:7:33 not-an-age: field "sex" is a category; an age is an integer | name the integer field of the age in years`},
		{"negative", `birth: {age: "off", on: "2024-04-08"}`, `spec.cue:7:33 not-an-age: field "off" has values from -1 on; an age is not negative | name the integer field of the age in years`},
		{"no date", `between: {from: "sex", to: "2024-04-08"}`, `spec.cue:7:36 not-a-date: field "sex" is a category, not a date | name a field of kind date, or write a day such as "2024-04-08"`},
		{"swapped", `between: {from: "2024-04-09", to: "2024-04-08"}`, `spec.cue:7:29 no-day: no day is from 2024-04-09 to 2024-04-08 | swap from and to, or check what is added to them`},
		{"years before", `birth: {age: "age", on: "0050-01-01"}`, `spec.cue:7:2 date-range: the dates of "d" can be from year -50 to year 50; dates are of the years 1 to 9999 | check the day of reference, the ages and the years that are added`},
		{"years after", `between: {from: "2024-01-01", to: {date: "2024-01-01", years: 9000}}`, `spec.cue:7:54 date-range: the day is in year 11024; dates are of the years 1 to 9999 | check the years and days that are added`},
		{"eleven months", `between: {from: "2024-01-01", to: "2024-12-31"}, months: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]`, `spec.cue:7:77 months: there are 11 weights of months | give 12, from January to December`},
		{"no weight", `between: {from: "2024-01-01", to: "2024-12-31"}, months: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]`, `spec.cue:7:77 months: no month has a weight above 0 | give at least one month a weight, or remove months`},
		{"no weight there", `between: {from: "2024-02-01", to: "2024-02-29"}, months: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]`, `spec.cue:7:29 no-day: no month from 2024-02-01 to 2024-02-29 has a weight above 0 | give one of these months a weight`},
		{"too young", `between: {from: {date: "birth", years: 18}, to: "2024-04-08"}`, `spec.cue:7:29 no-day: for some persons from may be as late as 2042-04-08, and to as early as 2024-04-08: a run stops at the first person whose days are in the wrong order | add a when that says who has this date, or change from and to`},
		{"old enough", `when: age: >=18, between: {from: {date: "birth", years: 18}, to: "2024-04-08"}`, ``},
		{"condition", `when: birth: "2000-01-01", between: {from: "birth", to: "2024-04-08"}`, `spec.cue:7:26 not-finite: field "birth" is a date, which has no finite list of values | use the age from which it follows, or a group of that`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := compile(t, head+c.stanza+"}\n}", nil)
			if d := cmp.Diff(c.want, show(got.Diags)); d != "" {
				t.Error(d)
			}
		})
	}
}

// A condition on a group of the age limits the days of birth as one on the age does.
func TestPossibleAges(t *testing.T) {
	const head = `fields: {
		age: {kind: "integer", min: 0, max: 99}
		sex: {kind: "category", values: ["f", "m"]}
		rank: {kind: "category", values: ["low", "high"], when: age: >=20}
		band: {kind: "group", of: "age", cuts: [18, 65], labels: ["young", "adult", "old"]}
		birth: {kind: "date", birth: {age: "age", on: "2024-04-08"}}
		d: {kind: "date", when: %s, between: {from: {date: "birth", years: 18}, to: "2024-04-08"}}
	}`
	for when, doubts := range map[string]int{
		`{band: "adult" | "old", sex: "f"}`: 0, `{band: !="young"}`: 0, `{band: "young" | "adult"}`: 1, `{sex: "f"}`: 1, `{age: >=17, sex: "m"}`: 1, `{age: 18}`: 0, `{rank: "low"}`: 0, `{rank: null}`: 1,
	} {
		if c, _ := compile(t, fmt.Sprintf(head, when), nil); len(c.Diags.Items) != doubts {
			t.Errorf("%s: got %d warnings, want %d:\n%s", when, len(c.Diags.Items), doubts, show(c.Diags))
		}
	}
}

// A person for whom from is after to fails by row, and only if the person meets when.
func TestDateFailsByRow(t *testing.T) {
	_, fields := compile(t, `fields: {
		age: {kind: "integer", min: 0, max: 30}
		birth: {kind: "date", birth: {age: "age", on: "2024-04-08"}}
		d: {kind: "date", between: {from: {date: "birth", years: 18}, to: "2024-04-08"}}
	}`, nil)
	b := fill(t, fields[:2], Env{Seed: 1}, 0, 200)
	column := frame.Column{Ints: make([]int64, 200)}
	b.Schema, b.Columns = append(b.Schema, fields[2].Column()), append(b.Columns, column)
	filler := fields[2].Program.Bind(&Env{Fields: fields, Field: fields[2], Seed: 1})
	filler.Fill(b, &b.Columns[2])
	young := map[int]bool{}
	for r, age := range b.Columns[0].Ints {
		if age < 18 {
			young[r] = true
		}
	}
	failed := filler.(Failer).Failed()
	for _, f := range failed {
		if !young[f.Row] {
			t.Errorf("row %d of age %d: %v", f.Row, b.Columns[0].Ints[f.Row], f.Err)
		}
	}
	if len(failed) != len(young) || len(young) == 0 {
		t.Errorf("%d rows fail, %d persons are under 18", len(failed), len(young))
	}
}

// A stored date that is not complete is refused before it is used.
func TestStoredDateFaults(t *testing.T) {
	for _, program := range []string{
		`{"low": "2000-01-01", "high": "2000-01-01"}`,
		`{"age": "age"}`,
		`{"from": {"day": "2000-01-01"}}`,
		`{"from": {}, "to": {"years": 99999999}}`,
		`{"from": {}, "to": {}, "months": [1, 2]}`,
		`{"from": {}, "to": {}, "months": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}`,
		`{"from": {}, "to": {}, "months": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1]}`,
	} {
		f := &Field{}
		if err := f.UnmarshalJSON([]byte(`{"name": "d", "kind": "date", "class": "drawn", "type": "date", "program": ` + program + `}`)); err != nil {
			t.Fatalf("%s: %v", program, err)
		}
		if err := f.Validate(); err == nil {
			t.Errorf("%s: got no error", program)
		}
	}
	f := &Field{}
	if err := f.UnmarshalJSON([]byte(`{"name": "d", "kind": "date", "program": {"low": "2023-02-29"}}`)); err == nil {
		t.Error("29 February 2023: got no error")
	}
}
