package compile_test

import (
	"slices"
	"strings"
	"testing"
)

// strata is the town with strata that overlap, one of them by bands of years.
var strata = strings.NewReplacer(
	`where: years: >=10}`, `where: years: >=10, oversample: {
		blue: {when: hue: "blue", at_least: 150}
		old: {when: {years: >=35, zone: "west"}, times: 3}
	}}`,
	`	zone: {kind: "category"`, `	weight: kind: "weight"
	zone: {kind: "category"`).Replace(town)

// The sample has as many persons of each stratum as its design says, weights follow from
// the highest rate, and neither the order of strata nor their names change anybody.
func TestStrata(t *testing.T) {
	c := mustCompile(t, strata)
	d := c.Plan.Population.Design
	if len(d.Classes) != 3 || d.Size != 400 {
		t.Fatalf("got %d classes of rates for %d persons, want 3 for 400", len(d.Classes), d.Size)
	}
	highest := 0
	for _, p := range persons(t, c, "hue", "years", "zone") {
		if strings.HasPrefix(p, "blue") {
			highest++
		}
	}
	if highest < 149 || highest > 151 {
		t.Errorf("got %d persons of the stratum, want 150", highest)
	}
	blue, old := strings.Index(strata, "		blue:"), strings.Index(strata, "		old:")
	end := old + strings.Index(strata[old:], "\n") + 1
	swapped := strata[:blue] + strings.Replace(strata[old:end], "old:", "elders:", 1) + strata[blue:old] + strata[end:]
	other := mustCompile(t, swapped)
	fields := []string{"id", "hue", "years", "zone", "guild", "weight"}
	if !slices.Equal(persons(t, c, fields...), persons(t, other, fields...)) {
		t.Error("the order of strata changes persons")
	}
	if c.Plan.Structure == mustCompile(t, strings.Replace(strata, "times: 3", "times: 2", 1)).Plan.Structure {
		t.Error("another rate has the same structure")
	}
}
