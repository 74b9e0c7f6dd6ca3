package report

import (
	"strconv"
	"strings"
	"testing"
)

// A profile has one step for each value, and its scale holds the largest share and target.
func TestProfileChart(t *testing.T) {
	var values []Value
	for i := range 40 {
		target := 0.025
		values = append(values, Value{Label: strconv.Itoa(20 + i), Share: 0.025, Target: &target})
	}
	values[3].Share = 0.05
	got := string(profileChart("p", "age", values))
	for _, want := range []string{
		`d="M0 100V52.38H1V52.38H2V52.38H3V4.76H4V52.38`, "H40V100Z", `d="M0 52.38H1V52.38H2`, `viewBox="0 0 40 100"`,
		">2\u00a0%<", ">4\u00a0%<", ">25<", ">55<", "Shares of 40 values from 20 to 59",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, ">26<") {
		t.Error("labels are not round numbers")
	}
}
