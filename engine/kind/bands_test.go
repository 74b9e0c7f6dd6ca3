package kind

import (
	"fmt"
	"strings"
	"testing"
)

func TestBandFaults(t *testing.T) {
	for _, c := range []struct{ stanza, want string }{
		{`cuts: [0], labels: ["a", "b"]`, "label-count: 2 labels for 1 band | no value is below 0: give one label, or another cut"},
		{`cuts: [0, 5], labels: ["a"]`, "label-count: 1 labels for 2 bands | give one label per band; the first is for values below 5"},
		{`cuts: [5, 5]`, "cuts-order: cut 5 is not above 5 | list the cuts in ascending order"},
		{`cuts: [11]`, `cut-outside: cut 11 is outside 0 to 10, the range of "score" | remove it`},
	} {
		got, _ := compile(t, `fields: {
	score: {kind: "number", uniform: {low: 0, high: 10}, min: 0, max: 10}
	f: {kind: "group", of: "score", `+c.stanza+"}\n}", nil)
		if _, message, _ := strings.Cut(show(got.Diags), " "); message != c.want {
			t.Errorf("%s: got %s, want %s", c.stanza, message, c.want)
		}
	}
}

// A band begins at its cut; there is none below the least value.
func TestBands(t *testing.T) {
	for _, c := range []struct{ cuts, labels, codes string }{
		{"[3, 5]", "[under 3 3 to under 5 5 and over]", "[0 1 1 2]"},
		{"[0, 5]", "[0 to under 5 5 and over]", "[0 0 0 1]"},
		{"[0]", "[0 and over]", "[0 0 0 0]"},
	} {
		fields := must(t, `fields: {
	score: {kind: "number", uniform: {low: 0, high: 10}, min: 0, max: 10}
	f: {kind: "group", of: "score", cuts: `+c.cuts+"}\n}", nil)
		var codes []int32
		for _, v := range []float64{2.9, 3, 4.9, 5} {
			codes = append(codes, fields[1].Band(v))
		}
		if labels, got := fmt.Sprint(fields[1].Domain.Labels), fmt.Sprint(codes); labels != c.labels || got != c.codes {
			t.Errorf("%s: got %s and %s, want %s and %s", c.cuts, labels, got, c.labels, c.codes)
		}
	}
}
