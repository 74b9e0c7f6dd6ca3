package report

import (
	"html/template"
	"math"
)

// scale maps numbers to positions from 0 to 100 percent, on a logarithmic scale if
// newScale finds that they span more than a factor of ten.
type scale struct {
	low, high float64
	log       bool
}

// newScale returns a scale from low to high, with a margin on both sides.
func newScale(low, high float64) scale {
	if low > 0 && high/low > 10 {
		return scale{low * 0.9, high * 1.1, true}
	}
	margin := (high - low) * 0.04
	if margin == 0 {
		margin = 1
	}
	return scale{low - margin, high + margin, false}
}

// at returns the position of x, limited to the scale.
func (s scale) at(x float64) pct {
	low, high := s.low, s.high
	if s.log {
		low, high, x = math.Log(low), math.Log(high), math.Log(max(x, 1e-300))
	}
	return pct(100 * min(1, max(0, (x-low)/(high-low))))
}

// ticks returns at most about most round numbers on the scale.
func (s scale) ticks(most int) []float64 {
	var out []float64
	if most < 1 {
		return nil
	}
	if s.log {
		for _, steps := range [][]float64{{1, 2, 5}, {1, 3}, {1}} {
			out = nil
			for e := math.Floor(math.Log10(s.low)); e <= math.Log10(s.high); e++ {
				for _, m := range steps {
					if x := m * math.Pow(10, e); x >= s.low && x <= s.high {
						out = append(out, x)
					}
				}
			}
			if len(out) <= most {
				break
			}
		}
		return out
	}
	step := roundStep((s.high - s.low) / float64(most))
	for k := math.Ceil(s.low / step); k*step <= s.high; k++ {
		out = append(out, k*step+0) // no minus before zero
	}
	return out
}

// roundStep returns the smallest number of the form 1, 2 or 5 times a power of ten
// that is at least x.
func roundStep(x float64) float64 {
	if x <= 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= x*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// axisStrip draws the ticks of a scale, for the head of a column of strips.
func axisStrip(s scale, most int, label func(float64) string) template.HTML {
	d := &drawing{}
	d.begin("svg", "class", "strip", "width", "100%", "height", 18, "aria-hidden", "true")
	shown := 0
	for _, x := range s.ticks(most) {
		at := s.at(x)
		if at < 4 || at > 96 {
			continue // would be cut off
		}
		class := "tick"
		if shown%2 == 1 {
			class = "tick minor" // hidden on narrow screens
		}
		shown++
		d.text("text", label(x), "class", class, "x", at, "y", 12, "text-anchor", "middle")
		d.element("line", "class", "axis", "x1", at, "x2", at, "y1", 15, "y2", 18)
	}
	return d.close()
}

// grid draws the ticks of a scale behind a strip.
func (d *drawing) grid(s scale, most, height int) {
	for _, x := range s.ticks(most) {
		d.element("line", "class", "grid", "x1", s.at(x), "x2", s.at(x), "y1", 0, "y2", height)
	}
}
