package report

import (
	"fmt"
	"strings"
	"testing"
)

// Of a field with thousands of values, stats.md shows the largest and those that
// deviate most, wherever they stand, sums the others, and says what stats.json has.
func TestValuesOfLongFields(t *testing.T) {
	s := &Stats{}
	s.Population.Rows = 10_000
	f := Field{Name: "town"}
	for i := range 2000 {
		target := 5.0 / 10_000
		v := Value{Label: fmt.Sprintf("town %d", i), Count: 5, Share: 5.0 / 10_000, Target: &target}
		if i == 1500 {
			v.Count, v.Share = 35, 35.0/10_000
		}
		f.Values = append(f.Values, v)
	}
	text := func() string {
		d := &document{}
		s.values(d, f)
		return d.String()
	}
	got := text()
	for _, want := range []string{"| town 1500 | 35 | 0.35 % | 0.05 % | +30", "1,960 other values: 98.00 %, target 98.00 %; the largest deviation of one of them is 0.00 persons.", "stats.json has 1960 more values."} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	f.fold(s.Population.Rows) // as stats.json has it
	if got, want := text(), "stats.json has 360 more of the 2,000 values."; !strings.Contains(got, want) {
		t.Errorf("no %q in\n%s", want, got)
	}
}
