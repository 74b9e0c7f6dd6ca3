package report

import (
	"strings"
	"testing"
)

// The axis of shares is one of a few linear ones; many small shares get a logarithmic one
// that holds all of them.
func TestShareScale(t *testing.T) {
	values := func(targets ...float64) (out []Value) {
		for _, x := range targets {
			out = append(out, Value{Share: x, Target: &x})
		}
		return out
	}
	small := []float64{0.9, 0.05, 0.01, 0.01, 0.01, 0.0002, 0}
	for _, c := range []struct {
		values []Value
		null   float64
		high   float64
		log    bool
	}{
		{values(0.5, 0.5), 0, 50, false},
		{values(0.51, 0.49), 0, 100, false},
		{values(0.04, 0.03, 0.02), 0, 5, false},
		{values(0.04, 0.03, 0.02), 0.91, 100, false},
		{values(small...), 0.01, 100, true},
		{values(0.98, 0.01, 0.01), 0, 100, false}, // few values
		{nil, 0, 5, false},
	} {
		s := shareScale(c.values, c.null)
		if s.high != c.high || s.log != c.log {
			t.Errorf("%v: got %+v, want an axis to %g", c.values, s, c.high)
		}
		for _, x := range c.values {
			if at := s.at(100 * x.Share); s.log && x.Share > 0 && (at <= 0 || at >= 100) {
				t.Errorf("%g is at %g %% of %+v", x.Share, at, s)
			}
		}
	}
	target := 0.2
	line, dot := scale{high: 50}, scale{low: 0.1, high: 100, log: true}
	if got := string(shareStrip("x", 0.1, &target, line)); !strings.Contains(got, `class="seen"`) || !strings.Contains(got, `class="mark"`) {
		t.Error(got)
	}
	if got := string(shareStrip("x", 0.1, &target, dot)); !strings.Contains(got, `class="dot"`) || !strings.Contains(got, `class="ring"`) {
		t.Error(got)
	}
	if got := string(shareStrip("x", 0, nil, dot)); strings.Contains(got, "circle") {
		t.Error("a share of 0 has a place on a logarithmic axis:", got)
	}
}
