package check

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/schemas"
)

// TestMeasures limits what checks measure just above the value, and just below.
func TestMeasures(t *testing.T) {
	spoilt := func(p *plan.Plan) *frame.Batch {
		b := villagers(p, 0, 1000, 60)
		for k := range 20 {
			b.Columns[vPlans].Texts[20*k] = "there once was a person of the mill " + proseOf("same", 1, 60) // 19 near-duplicates of the first
			b.Columns[vStory].Texts[k] += " so very special"
		}
		if b.Columns[vStory].Null == nil {
			b.Columns[vStory].Null = make([]bool, b.N)
		}
		b.Columns[vStory].Null[500], b.Columns[vSource].Texts[7] = true, "parrot-7b"
		return b
	}
	for _, c := range []struct {
		measure, of string
		value       float64
		least       bool
	}{
		{"missing_texts", "story", 0.001, false},
		{"missing_texts", "", 0.001, false},
		{"near_duplicates", "plans", 0.038, false},
		{"near_duplicates", "story", 0, false},
		{"repeated_openings", "", 0.024, false},
		{"model_written", "skills", 0.001, true},
		{"model_written", "", 0, true}, // plans: person 7 has none
		{"rule_breaks", "tone", 20.0 / 2499, false},
		{"recurring_runs", "", 0.013069383, false},
		{"recurring_sentences", "", 0.00800640512, false},
		{"commonest_sentence", "", 0.014, false},
		{"distinct_2", "", 0.935763629, true},
	} {
		for _, beyond := range []bool{false, true} {
			p := village()
			limit := plan.Limit{Name: "own", Severity: Warn, Measure: c.measure, Of: c.of}
			low, high := c.value-1e-4, c.value+1e-4
			switch {
			case c.least && beyond:
				limit.AtLeast = &high
			case c.least:
				limit.AtLeast = &low
			case beyond:
				limit.AtMost = &low
			default:
				limit.AtMost = &high
			}
			p.Checks = []plan.Limit{limit}
			for _, o := range judge(t, p, Options{}, 1, []*frame.Batch{spoilt(p)}).Outcomes {
				switch o.ID {
				case "check.own":
					want := map[bool]string{true: Warn, false: Pass}[beyond]
					if o.Status != want || o.Kind != KindMeasure || !strings.Contains(o.Message, strings.ReplaceAll(c.measure, "_", " ")) {
						t.Errorf("%s of %q, beyond %t: got %s, %s (%+v)", c.measure, c.of, beyond, o.Status, o.Message, o.Limit)
					}
				case "alike.plans":
					if (o.Status == Warn) != (c.measure != "near_duplicates" || c.of == "story") {
						t.Errorf("with a limit on %s of %q: got %s for %s", c.measure, c.of, o.Status, o.ID)
					}
				}
			}
		}
	}
}

// TestMeasuresOfTables limits tables, numbers and persons.
func TestMeasuresOfTables(t *testing.T) {
	cells, share := quotaCells(2000, 1)
	p := town(t, share)
	b := people(p, cells, 0)
	for r := range 40 {
		b.Columns[tHue].Codes[r] = 0
	}
	one, p05, none := 1.0, 0.05, 0.0
	p.Checks = []plan.Limit{
		{Name: "persons", Severity: Fail, Measure: "deviation_persons", Of: "hue", AtMost: &one},
		{Name: "zones", Severity: Fail, Measure: "deviation_persons", Of: "zone", AtMost: &one},
		{Name: "any", Severity: Note, Measure: "deviation_points", AtMost: &p05},
		{Name: "p", Severity: Fail, Measure: "table_p", Of: "zone", AtLeast: &p05},
		{Name: "twice", Severity: Fail, Measure: "duplicate_persons", AtMost: &none},
		{Name: "nearly", Severity: Fail, Measure: "near_duplicate_persons", AtMost: &none},
		{Name: "numbers", Severity: Fail, Measure: "number_p", AtLeast: &p05},
	}
	got := map[string]string{}
	for _, o := range judge(t, p, Options{}, 1, []*frame.Batch{b}).Outcomes {
		if o.Kind == KindMeasure {
			got[o.Name] = o.Status
		}
	}
	want := map[string]string{"persons": Fail, "zones": Pass, "any": Note, "p": Pass, "twice": Pass, "nearly": Pass, "numbers": Skip}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestMeasuresListed: the plan's table, the schema and the checks have the same
// measures, each measured by one check.
func TestMeasuresListed(t *testing.T) {
	var got, want []string
	for _, line := range checks {
		for _, d := range line {
			for _, m := range d.measures {
				got = append(got, m.name)
			}
		}
	}
	for _, m := range plan.Measures() {
		want = append(want, m.Name)
	}
	schema, err := schemas.Files.ReadFile("spec.cue")
	if err != nil {
		t.Fatal(err)
	}
	listed := regexp.MustCompile(`(?s)\n#Measure:(.*?)\n\n`).FindSubmatch(append(schema, '\n', '\n'))
	var valid []string
	for _, m := range regexp.MustCompile(`"(\w+)"`).FindAllSubmatch(listed[1], -1) {
		valid = append(valid, string(m[1]))
	}
	if d := cmp.Diff(want, valid); d != "" {
		t.Errorf("schema: %s", d)
	}
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A limit that no whole number of persons can meet is a note, not a failure.
func TestReachable(t *testing.T) {
	at := func(x float64) *float64 { return &x }
	for _, test := range []struct {
		n         int64
		low, high *float64
		want      bool
	}{
		{2, at(0.745), at(0.765), false},
		{4, at(0.745), at(0.765), true},
		{2, nil, at(0.2), true},
		{1, at(0.05), at(0.25), false},
		{100, at(0.01), at(0.01), true},
		{3, at(1.0 / 3), at(1.0 / 3), true},
	} {
		if got := reachable(test.n, &plan.Limit{AtLeast: test.low, AtMost: test.high}); got != test.want {
			t.Errorf("%d persons, %v to %v: got %v, want %v", test.n, test.low, test.high, got, test.want)
		}
	}
}
