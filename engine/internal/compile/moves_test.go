package compile_test

import (
	"math"
	"strings"
	"testing"
)

// A table moves as far as its figures are rounded, each figure for itself, and no
// further.
func TestTablesMoveWithinTheirRounding(t *testing.T) {
	for _, test := range []struct {
		name, shell, cross string
		want               string // of the error; "" when the tables agree
		cone               float64
	}{
		{"the digits of percentages", `percent: {cone: 60.0, disc: 40.0}`, `tolerance: 0, percent: {red: {cone: 30.02, disc: 20.01}, white: {cone: 30.01, disc: 19.96}}`, "", 60.03},
		{"beyond the digits of percentages", `percent: {cone: 60.0, disc: 40.0}`, `tolerance: 0, percent: {red: {cone: 30.06, disc: 19.97}, white: {cone: 30.01, disc: 19.96}}`,
			`tables "cross" and "shell" disagree by 0.07 % of all persons (7), more than rounding and tolerance allow: shell "cone" is 60.07`, 0},
		{"whole counts", `counts: {cone: 60, disc: 40}`, `tolerance: 0, counts: {red: {cone: 301, disc: 200}, white: {cone: 302, disc: 197}}, rounded: 1`, "", 60.3},
		{"beyond whole counts", `counts: {cone: 6_000, disc: 4_000}`, `tolerance: 0, percent: {red: {cone: 30.01, disc: 20.00}, white: {cone: 30.01, disc: 19.98}}`, `disagree by 0.02 % of all persons (2)`, 0},
		{"stated rounding", `counts: {cone: 6000, disc: 4000}, rounded: 1000`, `tolerance: 0, counts: {red: {cone: 303, disc: 200}, white: {cone: 303, disc: 194}}`, "", 60.6},
		// Half of the difference would be too much for the margin; the joint takes more.
		{"each as far as it may", `percent: {cone: 60.0, disc: 40.0}`, `percent: {red: {cone: 30.1, disc: 20.0}, white: {cone: 30.0, disc: 19.9}}`, "", 60.05},
		{"both beyond", `percent: {cone: 60.0, disc: 40.0}`, `percent: {red: {cone: 30.2, disc: 19.9}, white: {cone: 30.0, disc: 19.9}}`, `more than their figures are rounded`, 0},
		{"the label that takes the rest", `percent: {cone: 60.0}, rest: "disc"`, `tolerance: 0, percent: {red: {cone: 30.02, disc: 20.01}, white: {cone: 30.01, disc: 19.96}}`, "", 60.03},
		{"a tolerance", `percent: {cone: 60.0, disc: 40.0}, tolerance: 0.01`, `tolerance: 0, percent: {red: {cone: 30.2, disc: 19.9}, white: {cone: 30.0, disc: 19.9}}`, "", 60.2},
		{"a tolerance below the rounding", `percent: {cone: 60.0, disc: 40.0}, tolerance: 0.0001`, `tolerance: 0, percent: {red: {cone: 30.02, disc: 20.01}, white: {cone: 30.01, disc: 19.96}}`, `more than their tolerances`, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, faults := compileText(t, `name: "shore"
population: {size: 100, persons: 10_000}
fields: {
	shell: {kind: "category", values: ["cone", "disc"]}
	hue: {kind: "category", values: ["red", "white"]}
}
tables: {
	shell: {over: ["shell"], status: "assumed", `+test.shell+`}
	cross: {over: ["hue", "shell"], status: "official", `+test.cross+`}
}`)
			if test.want != "" {
				if len(faults.Items) == 0 || !strings.Contains(faults.Items[0].Message, test.want) {
					t.Fatalf("got %v, want an error with %s", faults.Items, test.want)
				}
				return
			}
			if b == nil {
				t.Fatal(faults.Items)
			}
			for _, table := range b.Plan.Tables {
				if table.Name == "shell" {
					if got := 100 * table.Reconciled[0]; math.Abs(got-test.cone) > 0.005+0.02*math.Abs(test.cone-60) {
						t.Errorf("cones are reconciled to %.4f %%, want %g", got, test.cone)
					}
				}
			}
		})
	}
}

// The tolerances that an error about several tables names are enough.
func TestNamedTolerancesAreEnough(t *testing.T) {
	spec := func(a, b, c string) string {
		return `name: "shore"
population: {size: 100, persons: 10_000}
fields: {
	shell: {kind: "category", values: ["cone", "disc"]}
	hue: {kind: "category", values: ["red", "white"]}
}
tables: {
	one: {over: ["shell"], counts: {cone: 6_000, disc: 4_000}, status: "derived"` + a + `}
	two: {over: ["hue", "shell"], counts: {red: {cone: 3_040, disc: 2_000}, white: {cone: 3_000, disc: 1_960}}` + b + `}
	hue: {over: ["hue"], counts: {red: 5_100, white: 4_900}, status: "modelled"` + c + `}
}`
	}
	_, faults := compileText(t, spec("", "", ""))
	if len(faults.Items) != 1 {
		t.Fatalf("got %v, want one error", faults.Items)
	}
	hint := faults.Items[0].Hint
	tolerance := func(table string) string {
		before, _, ok := strings.Cut(hint, ` in table "`+table+`"`)
		if !ok {
			return ""
		}
		return ", " + before[strings.LastIndex(before, "tolerance: "):]
	}
	if tolerance("one") == "" || tolerance("hue") == "" {
		t.Fatalf("the hint names no tolerance of both margins: %s", hint)
	}
	if b, faults := compileText(t, spec(tolerance("one"), tolerance("two"), tolerance("hue"))); b == nil {
		t.Errorf("with %s: %v", hint, faults.Items)
	}
}
