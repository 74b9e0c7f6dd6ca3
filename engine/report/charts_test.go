package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
)

func TestScale(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		most      int
		log       bool
		ticks     string
	}{
		{0, 10, 5, false, "[0 5 10]"},
		{0.6, 29.5, 6, true, "[1 2 5 10 20]"},
		{3, 2600, 7, true, "[3 10 30 100 300 1000]"},
		{1, 1e7, 7, true, "[1 10 100 1000 10000 100000 1e+06 1e+07]"},
		{5, 5, 3, false, "[4 5 6]"},
		{5, 50, 0, false, "[]"},
	} {
		s := newScale(c.low, c.high)
		if s.log != c.log {
			t.Errorf("%g to %g: got log %v", c.low, c.high, s.log)
		}
		if got := fmt.Sprint(s.ticks(c.most)); got != c.ticks {
			t.Errorf("%g to %g: got ticks %s, want %s", c.low, c.high, got, c.ticks)
		}
		low, high := s.at(c.low), s.at(c.high)
		if low < 0 || high > 100 || low > high || s.at(-1e9) != 0 || s.at(1e9) != 100 {
			t.Errorf("%g to %g: got positions %g to %g", c.low, c.high, low, high)
		}
	}
}

func TestRoundStep(t *testing.T) {
	for x, want := range map[float64]float64{0.5: 0.5, 0.51: 1, 1.7: 2, 2: 2, 2.1: 5, 5.5: 10, 60: 100, 0: 1, -3: 1, math.Inf(1): 1} {
		if got := roundStep(x); math.Abs(got-want) > 1e-12 {
			t.Errorf("%g: got %g, want %g", x, got, want)
		}
	}
}

func TestNumbersAsWords(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{percentOf(0), "0 %"}, {percentOf(0.00001), "<0.01 %"}, {percentOf(0.0123), "1.23 %"}, {percentOf(0.09999), "10.0 %"}, {percentOf(1), "100.0 %"},
		{deviationOf(0.04), "0"}, {deviationOf(-0.04), "0"}, {deviationOf(0.96), "+1.0"}, {deviationOf(-12.34), "−12.3"}, {deviationOf(12345.6), "+12,346"},
		{tenth(1234.56), "1,234.6"}, {tenth(0.96), "1.0"}, {tenth(0), "0.0"},
		{money(0), "0.00"}, {money(0.001), "<0.01"}, {money(1234.5), "1,234.50"}, {money(0.999), "1.00"},
		{cellShare(0), "·"}, {cellShare(0.0001), "<0.1"}, {cellShare(0.05), "5.0"}, {cellShare(0.0999), "10"}, {cellShare(1), "100"},
		{bytesOf(999), "999 B"}, {bytesOf(12_345), "12.3 kB"}, {bytesOf(2_100_000_000), "2.10 GB"},
		{short4(-2.5), "−2.5"}, {short4(1853.06), "1,853"}, {short4(0.12345), "0.123"},
	} {
		if got := strings.ReplaceAll(c.got, thin, " "); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

// The field with the shorter labels becomes the columns, values without persons are
// left out, and shares are within the first field.
func TestHeatMap(t *testing.T) {
	h := newHeatMap(&Table{
		Fields: []string{"age", "craft"}, Labels: [][]string{{"child", "young", "old"}, {"a very long craft", "none"}},
		Target: []float64{0, 0, 10, 30, 20, 0}, Observed: []float64{0, 0, 11, 29, 20, 0},
	}, [2]bool{})
	if !h.Down || h.Rows != "craft" || fmt.Sprint(h.ColumnLabels) != "[young old]" || fmt.Sprint(h.Observed) != "[[11 20] [29 0]]" || fmt.Sprint(h.Target) != "[[10 20] [30 0]]" {
		t.Errorf("%+v", h)
	}
	if observed, target := h.within(0, 0); observed != 40 || target != 40 {
		t.Errorf("within: got %g and %g, want 40 and 40", observed, target)
	}
	if got := strings.ReplaceAll(string(h.chart()), thin, " "); !strings.Contains(got, "<title>a very long craft × young: 27.5 % of the column, target 25.0 %; 11 persons, deviation +1.0</title>") || strings.Contains(got, "child") {
		t.Error(got)
	}
	if h.off(0, 0) {
		t.Error("a cell that is one person off has a frame")
	}
	h.Observed[0][0] = 40
	if !h.off(0, 0) || !strings.Contains(string(h.chart()), " off\"") {
		t.Error("a cell that is thirty persons off has no frame")
	}
}

// Many whole numbers are summed by bands from round numbers. A value without persons is
// left out before, null is a band of its own, and codes that look like numbers are no
// numbers.
func TestHeatMapBands(t *testing.T) {
	var age []string
	var target, observed []float64
	for a := range 61 {
		age = append(age, strconv.Itoa(18+a))
		target, observed = append(target, 1, 2), append(observed, 2, 1)
	}
	age = append(age, "null")
	target, observed = append(target, 5, 0), append(observed, 4, 1)
	target[2], observed[2] = 0, 0 // age 19, of the first craft
	target[3], observed[3] = 0, 0
	joint := &Table{Fields: []string{"age", "craft"}, Labels: [][]string{age, {"smith", "none"}}, Target: target, Observed: observed}

	h := newHeatMap(joint, [2]bool{true, false})
	if want := "[18 20–24 25–29 30–34 35–39 40–44 45–49 50–54 55–59 60–64 65–69 70–74 75–78 null]"; fmt.Sprint(h.RowLabels) != want {
		t.Errorf("got %v, want %s", h.RowLabels, want)
	}
	last := len(h.RowLabels) - 1
	for i, want := range map[int][2][2]float64{0: {{1, 2}, {2, 1}}, 1: {{5, 10}, {10, 5}}, last - 1: {{4, 8}, {8, 4}}, last: {{5, 0}, {4, 1}}} {
		if got := fmt.Sprint(h.Target[i], h.Observed[i]); got != fmt.Sprint(want[0], want[1]) {
			t.Errorf("%s: got %s, want %v", h.RowLabels[i], got, want)
		}
	}
	title := func(name string) string { return "the " + name }
	if got := h.bandsOf(joint.Fields, title); got != "The values of the age are summed by bands of 5." {
		t.Error(got)
	}
	codes := newHeatMap(joint, [2]bool{})
	if len(codes.RowLabels) != 61 || codes.bandsOf(joint.Fields, title) != "" {
		t.Errorf("%d rows: %v", len(codes.RowLabels), codes.RowLabels)
	}
}

func TestLabels(t *testing.T) {
	for label, want := range map[string]string{
		"short":                              "[short]",
		"profesional tehnic postsecundar":    "[profesional tehnic postsecundar]",
		"Donaudampfschifffahrtsgesellschaft": "[Donaudampfschifffahrtsges…]",
	} {
		lines := breakLabel(label)
		if got := fmt.Sprint(lines); got != want {
			t.Errorf("%s: got %s, want %s", label, got, want)
		}
		for _, l := range lines {
			if len([]rune(l)) > heatLabel {
				t.Errorf("%q is longer than %d letters", l, heatLabel)
			}
		}
	}
}
