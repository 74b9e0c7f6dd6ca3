package kind

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/mutate"
)

const eventsFile = `event,weight,sexes,crafts,from_age,to_age,from_year,to_year,excludes,after,times,text_f,text_m,grade
bicycle,3,,,5,12,,,,,,her bicycle,his bicycle,1
school,9,,,6,7,,,,,,her school,his school,2
flood,4,,,4,,1994,1994,,,,the flood,the flood,
prize,4,,smith;cook,20,,,,,,3,her prize,his prize,3
house,3,,,25,60,,,fire; hail,,,her house,his house,
fire,3,,,25,,,,,,,the fire,the fire,
hail,3,,,25,,,,,,,the hail,the hail,
feast,2,,,,,,,,wedding,,the feast,the feast,
jubilee,2,,,,,,,,prize;wedding,,the jubilee,the jubilee,
ship,1,male,,18,30,,,,,,,the ship,5
loom,1,female,,18,30,,,,,,the loom,,5
`

const timelinePersons = `fields: {
	sex: {kind: "category", values: ["female", "male"]}
	craft: {kind: "category", values: ["smith", "cook", "none"]}
	age: {kind: "integer", min: 36, max: 90}
	born: {kind: "date", birth: {age: "age", on: "2024-04-08"}}
	wed_age: {kind: "choice", values: {"20": 1, "25": 2, "31": 1}}
	wed_year: {kind: "template", text: "{{ add (int (year .born)) (int .wed_age) }}"}
	wed_words: {kind: "template", text: "the wedding of a {{ .craft }}"}
	friend: {kind: "records", groups: friend: {count: {min: 0, max: 2}, fields: {
		since: {kind: "integer", min: 1990, max: 2023}
		name: {kind: "choice", values: {Ada: 1, Cid: 1}}
	}}}
`

const timelineSpec = timelinePersons + `life: {
	kind: "timeline", birth: "born", count: {min: 2, max: 6}
	placed: [
		{event: "wedding", year: "wed_year", when: age: >=60, with: text: "wed_words"},
		{event: "a friend", each: "friend.friend", year: "since", with: text: "name"},
	]
	csv: file: "events.csv"
	weight: "weight"
	admit: {sex: "sexes", craft: {column: "crafts", separator: ";"}}
	ages: {from: "from_age", to: "to_age"}
	years: {from: "from_year", to: "to_year"}
	excludes: "excludes", after: "after", times: "times"
	columns: {text: {column: {by: "sex", values: {female: "text_f", male: "text_m"}}}, grade: {column: "grade", type: "integer"}}
}
}`

// eventsOf returns the events of each person of a batch as templates see them.
func eventsOf(fields []*Field, b *frame.Batch, name string) (persons [][]map[string]any) {
	i := slices.IndexFunc(fields, func(f *Field) bool { return f.Name == name })
	for r := range b.N {
		var events []map[string]any
		for _, e := range CellValue(b, i, r).([]any) {
			events = append(events, e.(map[string]any))
		}
		persons = append(persons, events)
	}
	return persons
}

// valueIn returns a value of person r.
func valueIn(fields []*Field, b *frame.Batch, name string, r int) any {
	return CellValue(b, slices.IndexFunc(fields, func(f *Field) bool { return f.Name == name }), r)
}

func TestTimeline(t *testing.T) {
	fields := must(t, timelineSpec, map[string]string{"events.csv": eventsFile})
	const n = 4000
	b := fill(t, fields, testEnv, 0, n)
	seen := map[string]int{}
	repeated := 0
	for r, events := range eventsOf(fields, b, "life") {
		value := func(name string) any { return valueIn(fields, b, name, r) }
		birth := frameYear(t, value("born").(string))
		age, sex := value("age").(int64), value("sex").(string)
		times, years := map[string]int{}, map[string]int64{}
		before := int64(0)
		for _, e := range events {
			name, year := e["event"].(string), e["year"].(int64)
			seen[name]++
			if year < before || e["age"] != year-birth {
				t.Fatalf("person %d, born in %d, has the events %v", r, birth, events)
			}
			before = year
			if times[name]++; times[name] > 1 {
				repeated++
			}
			if _, again := years[name]; !again {
				years[name] = year
			}
			if e["age"].(int64) > age && name != "a friend" {
				t.Fatalf("person %d of %d years has an event at a later age: %v", r, age, e)
			}
			switch {
			case name == "flood" && (year != 1994 || e["age"].(int64) < 4),
				name == "school" && e["age"] != int64(6) && e["age"] != int64(7),
				name == "ship" && sex == "female", name == "loom" && sex == "male",
				name == "prize" && (value("craft") == "none" || e["grade"] != int64(3)),
				name == "school" && e["text"] != map[string]string{"female": "her school", "male": "his school"}[sex],
				name == "wedding" && (!strings.HasPrefix(e["text"].(string), "the wedding of") || e["grade"] != ""),
				name == "flood" && e["grade"] != "":
				t.Fatalf("person %d, %s, %d, has the event %v", r, sex, age, e)
			}
		}
		for name, k := range times {
			if most := map[string]int{"prize": 3, "a friend": 2}[name]; k > max(most, 1) {
				t.Fatalf("person %d has %d times %s", r, k, name)
			}
		}
		if times["house"] > 0 && (times["fire"] > 0 || times["hail"] > 0) {
			t.Fatalf("person %d has events that exclude each other: %v", r, events)
		}
		for name, others := range map[string][]string{"feast": {"wedding"}, "jubilee": {"prize", "wedding"}} {
			for _, other := range others {
				if times[name] > 0 && (times[other] == 0 || years[other] > years[name]) {
					t.Fatalf("person %d has %s before %s: %v", r, name, other, events)
				}
			}
		}
		wed, _ := value("wed_year").(string)
		if got := fmt.Sprint(years["wedding"]); (age < 60) != (times["wedding"] == 0) || age >= 60 && got != wed {
			t.Fatalf("person %d weds in %q, and the timeline says %s", r, wed, got)
		}
		friends, _ := value("friend").(map[string]any)["friend"].([]any)
		if len(friends) != times["a friend"] {
			t.Fatalf("person %d has %d friends, and the timeline %d", r, len(friends), times["a friend"])
		}
		placed := times["wedding"] + times["a friend"]
		if len(events) < 2 || len(events) > max(6, placed) {
			t.Fatalf("person %d has %d events", r, len(events))
		}
	}
	for _, name := range []string{"bicycle", "school", "flood", "prize", "house", "fire", "hail", "feast", "jubilee", "ship", "loom", "wedding", "a friend"} {
		if seen[name] < 20 {
			t.Errorf("%d persons have %s", seen[name], name)
		}
	}
	if repeated < 100 {
		t.Errorf("%d events are repeated", repeated)
	}
	if seen["school"] < seen["bicycle"]*5/4 {
		t.Errorf("school occurs %d times, and bicycle with a third of its weight %d times", seen["school"], seen["bicycle"])
	}
	if faults := auditEvents(fields, b, "life"); len(faults) > 0 {
		t.Errorf("the events have the faults %q", faults)
	}
}

func frameYear(t *testing.T, day string) int64 {
	days, ok := frame.ParseDate(day)
	if !ok {
		t.Fatalf("%q is not a day", day)
	}
	return int64(yearOf(days))
}

// auditEvents returns the faults of the events of a batch.
func auditEvents(fields []*Field, b *frame.Batch, name string) (faults []string) {
	i := slices.IndexFunc(fields, func(f *Field) bool { return f.Name == name })
	a := fields[i].TimelineAudit(&Env{Fields: fields}, func(string) bool { return true })
	a.Read(b, &b.Columns[i], func(f RecordFault) {
		if !slices.Contains(faults, f.What) {
			faults = append(faults, f.What)
		}
	})
	return faults
}

// TestTimelineAuditFindsFaults changes single values of events.
func TestTimelineAuditFindsFaults(t *testing.T) {
	fields := must(t, timelineSpec, map[string]string{"events.csv": eventsFile})
	life := slices.IndexFunc(fields, func(f *Field) bool { return f.Name == "life" })
	code := func(name string) int32 {
		k, _ := fields[life].Records[0].Domain.Index(name)
		return int32(k)
	}
	cases := []struct {
		want   string
		event  string // the change is to the first of these
		change func(c *frame.Column, i int)
	}{
		{"not in the order", "wedding", func(c *frame.Column, i int) { c.Records[1].Ints[i] = 3000 }},
		{"age is not its year", "school", func(c *frame.Column, i int) { c.Records[2].Ints[i]++ }},
		{"outside its ages", "school", func(c *frame.Column, i int) { c.Records[1].Ints[i] += 3; c.Records[2].Ints[i] += 3 }},
		{"do not follow from the fields that know them: wedding", "wedding", func(c *frame.Column, i int) { c.Records[1].Ints[i]++ }},
		{"do not follow from the fields that know them: wedding", "house", func(c *frame.Column, i int) { c.Records[0].Codes[i] = code("wedding") }},
		{"cannot have: ship", "loom", func(c *frame.Column, i int) { c.Records[0].Codes[i] = code("ship") }},
		{"exclude each other: house and fire", "flood", func(c *frame.Column, i int) {
			for k := range c.Records[0].Codes {
				c.Records[0].Codes[k] = code([]string{"house", "fire"}[k%2])
			}
		}},
		{"more often than 1 times", "flood", func(c *frame.Column, i int) {
			for k := range c.Records[0].Codes {
				c.Records[0].Codes[k] = code("school")
			}
		}},
		{"twice in a year: prize", "flood", func(c *frame.Column, i int) {
			for k := range c.Records[0].Codes {
				c.Records[0].Codes[k], c.Records[1].Ints[k] = code("prize"), 2000
			}
		}},
		{"before one that it comes after: feast", "feast", func(c *frame.Column, i int) { c.Records[1].Ints[i] = 1800 }},
		{"a text that is not that of the event", "school", func(c *frame.Column, i int) { c.Records[3].Texts[i] = "x" }},
		{"other values than those of the event a friend", "a friend", func(c *frame.Column, i int) { c.Records[3].Texts[i] = "x" }},
		{"a grade that is not that of the event", "school", func(c *frame.Column, i int) { c.Records[4].Ints[i] = 9 }},
		{"before birth", "wedding", func(c *frame.Column, i int) { c.Records[1].Ints[i] = 1500 }},
		{"without a name", "wedding", func(c *frame.Column, i int) { c.Records[0].Codes[i] = 99 }},
		{"more than 6 events", "flood", func(c *frame.Column, i int) {
			c.Offsets = slices.Clone(c.Offsets)
			for k := 1; k < len(c.Offsets); k++ {
				c.Offsets[k] = c.Offsets[len(c.Offsets)-1]
			}
			for k := range c.Records[0].Codes {
				c.Records[0].Codes[k] = code("prize")
			}
		}},
		{"fewer than 2 events, although", "flood", func(c *frame.Column, i int) {
			c.Offsets = slices.Clone(c.Offsets)
			for k := 1; k < len(c.Offsets); k++ {
				c.Offsets[k] = 0
			}
		}},
	}
	for _, c := range cases {
		b := fill(t, fields, testEnv, 0, 400)
		column := &b.Columns[life]
		i := slices.Index(column.Records[0].Codes, code(c.event))
		if i < 0 {
			t.Fatalf("nobody has %s", c.event)
		}
		c.change(column, i)
		if faults := auditEvents(fields, b, "life"); !slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, c.want) }) {
			t.Errorf("the change to %q gives the faults %q, want %q", c.event, faults, c.want)
		}
	}
}

// TestRandomBanks draws from banks of random ages, years, weights and relations of events.
func TestRandomBanks(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	maybe := func(value int) string {
		if r.IntN(2) == 0 {
			return ""
		}
		return fmt.Sprint(value)
	}
	span := func(low, width int) (string, string) {
		from := low + r.IntN(width)
		return maybe(from), maybe(from + r.IntN(width))
	}
	total := 0
	for range 40 {
		n := 1 + r.IntN(12)
		file := "event,weight,from_age,to_age,from_year,to_year,excludes,after,times\n"
		for i := range n {
			fromAge, toAge := span(0, 30)
			fromYear, toYear := span(1950, 50)
			other := func() string {
				if k := r.IntN(3 * n); k < n && k != i {
					return fmt.Sprint("e", k)
				}
				return ""
			}
			file += fmt.Sprintf("e%d,%d,%s,%s,%s,%s,%s,%s,%s\n", i, 1+r.IntN(9), fromAge, toAge, fromYear, toYear, other(), other(), maybe(1+r.IntN(3)))
		}
		c, fields := compile(t, `fields: {
			age: {kind: "integer", min: 0, max: 80}
			wed: {kind: "choice", values: {"1990": 1, "2000": 1}}
			life: {
				kind: "timeline", birth: {age: "age", on: "2024-04-08"}, count: {max: 8}
				placed: [{event: "wedding", year: "wed", when: age: >=60}]
				csv: file: "events.csv"
				weight: "weight"
				ages: {from: "from_age", to: "to_age"}
				years: {from: "from_year", to: "to_year"}
				excludes: "excludes", after: "after", times: "times"
			}
		}`, map[string]string{"events.csv": file})
		if slices.ContainsFunc(c.Diags.Items, isError) {
			t.Fatalf("%s\n%s", show(c.Diags), file)
		}
		b := fill(t, fields, testEnv, 0, 150)
		for _, events := range eventsOf(fields, b, "life") {
			total += len(events)
		}
		if faults := auditEvents(fields, b, "life"); len(faults) > 0 {
			t.Fatalf("faults %q of\n%s", faults, file)
		}
	}
	if total < 5000 {
		t.Errorf("%d events are drawn", total)
	}
}

// TestTimelineIsAFunctionOfThePerson draws the same persons in parts.
func TestTimelineIsAFunctionOfThePerson(t *testing.T) {
	fields := must(t, timelineSpec, map[string]string{"events.csv": eventsFile})
	all := eventsOf(fields, fill(t, fields, testEnv, 0, 300), "life")
	for first := 0; first < 300; first += 70 {
		n := min(70, 300-first)
		part := eventsOf(fields, fill(t, fields, testEnv, int64(first), n), "life")
		if d := cmp.Diff(all[first:first+n], part); d != "" {
			t.Fatalf("persons from %d on differ when they are drawn apart:\n%s", first, d)
		}
	}
}

// TestEntryWithoutWeight adds an entry of weight 0, and columns that change nothing.
func TestEntryWithoutWeight(t *testing.T) {
	draw := func(spec, file string) string {
		fields := must(t, spec, map[string]string{"events.csv": file})
		return fmt.Sprint(eventsOf(fields, fill(t, fields, testEnv, 0, 500), "life"))
	}
	want := draw(timelineSpec, eventsFile)
	head, rest, _ := strings.Cut(eventsFile, "\n")
	if got := draw(timelineSpec, head+"\nnew,0,,,,,,,,,9,x,y,1\n"+rest); got != want {
		t.Error("an entry of weight 0 changes the events of others")
	}
	if got := draw(timelineSpec, head+"\nnew,5,,,,,,,,,9,x,y,1\n"+rest); got == want {
		t.Error("an entry of weight 5 changes nothing")
	}
}

// TestTimelineKey has events by the row that a choice has drawn.
func TestTimelineKey(t *testing.T) {
	fields := must(t, `fields: {
		age: {kind: "integer", min: 40, max: 90}
		job: {kind: "choice", csv: file: "jobs.csv", column: "code"}
		life: {kind: "timeline", birth: {age: "age", on: "2024-04-08"}, count: 2, csv: file: "events.csv"
			key: {of: "job", columns: ["code"], column: "code"}, any: "*"}
	}`, map[string]string{"jobs.csv": "code\nJ1\nJ2\n", "events.csv": "event,code\nbread,J1\nhammer,J2\nmove,*\n"})
	b := fill(t, fields, testEnv, 0, 200)
	for r, list := range eventsOf(fields, b, "life") {
		want := map[any]string{"J1": "bread", "J2": "hammer"}[valueIn(fields, b, "job", r)]
		if names := fmt.Sprint(list); len(list) != 2 || !strings.Contains(names, want) || !strings.Contains(names, "move") {
			t.Fatalf("person %d, who has %s, has the events %v", r, want, list)
		}
	}
	if faults := auditEvents(fields, b, "life"); len(faults) > 0 {
		t.Errorf("faults %q", faults)
	}
}

// TestTimelineBirths has the year of birth from fields of every type.
func TestTimelineBirths(t *testing.T) {
	events := map[string]string{"events.csv": "event\na\nb\nc\n"}
	for _, c := range []struct{ fields, birth string }{
		{``, `birth: {age: "age", on: "2024-04-08"}`},
		{``, `birth: {age: "age", on: "2024-04-08"}, until: 2010`},
		{`year: {kind: "integer", min: 1950, max: 2000}`, `birth: "year", until: 2020`},
		{`year: {kind: "template", text: "{{ sub 2024 .age }}"}`, `birth: "year", until: 2024`},
		{`year: {kind: "choice", values: {"1960": 1, "1970": 1}}`, `birth: "year", until: 2024`},
		{`day: {kind: "date", between: {from: "1950-01-01", to: "1990-12-31"}}`, `birth: "day", until: 2024`},
	} {
		fields := must(t, `fields: {age: {kind: "integer", min: 20, max: 70}
			`+c.fields+`
			life: {kind: "timeline", `+c.birth+`, count: 3, csv: file: "events.csv"}}`, events)
		b := fill(t, fields, testEnv, 0, 200)
		for r, list := range eventsOf(fields, b, "life") {
			if len(list) != 3 {
				t.Fatalf("%s: person %d has the events %v", c.birth, r, list)
			}
		}
		if faults := auditEvents(fields, b, "life"); len(faults) > 0 {
			t.Errorf("%s: faults %q", c.birth, faults)
		}
	}
}

// TestStoredTimeline reads a stored field back, and damaged ones without a panic.
func TestStoredTimeline(t *testing.T) {
	fields := must(t, timelineSpec, map[string]string{"events.csv": eventsFile})
	want := fmt.Sprint(eventsOf(fields, fill(t, fields, testEnv, 0, 200), "life"))
	at := slices.IndexFunc(fields, func(f *Field) bool { return f.Name == "life" })
	data, err := json.Marshal(fields[at])
	if err != nil {
		t.Fatal(err)
	}
	use := func(data []byte, n int) (string, error) {
		var stored Field
		if err := json.Unmarshal(data, &stored); err != nil {
			return "", err
		}
		own := slices.Clone(fields)
		own[at] = &stored
		find := func(name string) *Field {
			for _, f := range own {
				if f.Name == name {
					return f
				}
			}
			return nil
		}
		if err := stored.Validate(); err != nil {
			return "", err
		}
		if stored.Type != frame.Records {
			return "", fmt.Errorf("it has another type")
		}
		if err := stored.ValidateUses(find); err != nil {
			return "", err
		}
		b := fill(t, own, testEnv, 0, n)
		auditEvents(own, b, stored.Name)
		return fmt.Sprint(eventsOf(own, b, stored.Name)), nil
	}
	if got, err := use(data, 200); err != nil || got != want {
		t.Fatalf("the stored field draws other events: %v", err)
	}
	doc, err := mutate.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	drawn := 0
	values := []string{"-1", "null", "[]", "{}", "1", "300", `""`, `"sex"`, `"born"`, `"friend"`, "@3"}
	for number := range doc.Values() {
		for k := range 2 {
			if _, err := use(doc.Replace(uint(number), values[(number+4*k)%len(values)]), 3); err == nil {
				drawn++
			}
		}
	}
	if drawn == 0 {
		t.Error("every change is refused")
	}
}
