package report

import "testing"

func TestDeviationCells(t *testing.T) {
	for _, c := range []struct {
		persons, target float64
		class, text     string
	}{
		{0.04, 100, "e0", "·"},
		{-0.6, 0.1, "e0", "−0.6"},
		{1.9, 0.1, "o1", "+1.9"}, // of a rare cell, whole persons count
		{-15, 100, "u1", "−15"},
		{30, 100, "o2", "+30"},
		{-41, 100, "u3", "−41"},
		{9.96, 1, "o3", "+10"},
		{999.4, 1e6, "e0", "+999"},
		{-12_345, 1e6, "u3", "−12k"},
	} {
		if class, text := deviationClass(c.persons, c.target), cellDeviation(c.persons); class != c.class || text != c.text {
			t.Errorf("%g of %g: got %s %s, want %s %s", c.persons, c.target, class, text, c.class, c.text)
		}
	}
}
