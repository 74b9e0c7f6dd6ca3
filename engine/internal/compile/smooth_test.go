package compile_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/plan"
)

// aged is a spec with tables by bands of an age of n years, of which the smoothed ones have
// the setting %s, and a table by single years and sex.
func aged(n int, smooth string) string {
	var years []string
	for a := range n {
		years = append(years, fmt.Sprintf(`"%d": {f: %d, m: %d}`, a, 50+a%7, 60-a*50/n))
	}
	at := func(share float64) int { return int(share * float64(n)) }
	return fmt.Sprintf(`
name: "aged"
population: {}
fields: {
	sex: {kind: "category", values: ["f", "m"]}
	age: {kind: "integer", min: 0, max: %d}
	bands: {kind: "group", of: "age", cuts: [0, %d, %d, %d, %d], labels: ["child", "young", "adult", "elder", "old"]}
	marital: {kind: "category", when: age: >=%[2]d, values: ["single", "married", "widowed"]}
	spouse: {kind: "group", of: "marital", map: married: "yes", other: "no"}
	work: {kind: "category", values: ["school", "job", "none"]}
	zone: {kind: "category", values: ["north", "south"]}
}
tables: {
	years: {over: ["age", "sex"], counts: {%[6]s}}
	marital: {over: ["marital"], given: ["bands", "sex"], where: age: >=%[2]d, role: "pattern", percent: {
		young: {f: {single: 80, married: 20, widowed: 0}, m: {single: 95, married: 5, widowed: 0}}
		adult: {f: {single: 20, married: 75, widowed: 5}, m: {single: 30, married: 69, widowed: 1}}
		elder: {f: {single: 10, married: 60, widowed: 30}, m: {single: 10, married: 80, widowed: 10}}
		old: {f: {single: 5, married: 20, widowed: 75}, m: {single: 5, married: 60, widowed: 35}}
	}
	%[7]s}
	work: {over: ["work"], given: ["bands", "marital"], where: age: >=%[2]d, role: "pattern", percent: {
		for b, x in {young: [50, 40], adult: [0, 80], elder: [0, 30], old: [0, 0]}
		for m, less in {single: 1, married: 0.9, widowed: 1}
		{"\(b)": "\(m)": {school: x[0], job: x[1]*less, none: 100 - x[0] - x[1]*less}}
	}
	%[7]s}
	zone: {over: ["zone"], given: ["bands"], percent: {for b, x in {child: 50, young: 70, adult: 60, elder: 40, old: 30} {"\(b)": {north: x, south: 100-x}}}}
	spouses: {over: ["spouse"], given: ["zone"], where: age: >=%[2]d, role: "soft", weight: 10, percent: {north: {yes: 50, no: 50}, south: {yes: 55, no: 45}}}
}
`, n-1, at(0.15), at(0.3), at(0.6), at(0.8), strings.Join(years, ", "), smooth)
}

// Smoothing makes the steps between neighbouring values small, where the fit has bands and
// where it has single values, and changes no table.
func TestSmoothKeepsTables(t *testing.T) {
	for _, n := range []int{100, 20} {
		flat, smooth := mustCompile(t, aged(n, "")), mustCompile(t, aged(n, "smooth: max_step: 40"))
		for i := range flat.Plan.Expected {
			e := &flat.Plan.Expected[i]
			at := slices.IndexFunc(smooth.Plan.Expected, func(o plan.Expected) bool { return o.Origin == e.Origin && o.Name == e.Name })
			if at < 0 {
				t.Errorf("%d years: %s is not expected with smooth", n, e.Name)
				continue
			}
			for k, share := range e.Share {
				if got := smooth.Plan.Expected[at].Share[k]; math.Abs(got-share) > 1e-11 {
					t.Errorf("%d years: cell %d of %s has a share of %v with smooth, %v without", n, k, e.Name, got, share)
				}
			}
		}
		if len(smooth.Plan.Smoothed) != 2 {
			t.Fatalf("%d years: smoothed: %v", n, smooth.Plan.Smoothed)
		}
		for _, x := range smooth.Plan.Smoothed {
			// Bands of three years leave less room than those of fifteen.
			if most := map[int]float64{100: 15, 20: 36}[n]; x.Before.Points < 30 || x.After.Points > most {
				t.Errorf("%d years: %s: the steepest step is %v, %v by bands", n, x.Field, x.After, x.Before)
			}
			of := x.Of + " x " + x.Field
			e := smooth.Plan.Expected[slices.IndexFunc(smooth.Plan.Expected, func(e plan.Expected) bool { return e.Name == of })]
			worst := 0.0
			for _, s := range x.Steps(smooth.Plan.Field(x.Of).Domain, e.Share, e.Slots[1], smooth.Plan.Field(x.Field).Domain) {
				worst = max(worst, s.Points)
			}
			if math.Abs(worst-x.After.Points) > 1e-6 {
				t.Errorf("%d years: %s: the sampler follows steps of up to %v, the plan says %v", n, x.Field, worst, x.After.Points)
			}
		}
		if flat.Plan.Structure == smooth.Plan.Structure {
			t.Error("smoothing is not part of the identity of persons")
		}
	}
}

// No curve crosses an edge: the step there stays, and its neighbours stay where they are.
func TestSmoothEdges(t *testing.T) {
	p := mustCompile(t, aged(100, "smooth: edges: [30, 60, 80]")).Plan
	for _, x := range p.Smoothed {
		if x.Before.Points > 1 || x.After.Points > 1 {
			t.Errorf("%s: edges at all borders leave steps of %v and %v elsewhere", x.Field, x.Before, x.After)
		}
	}
}
