package report

import (
	"fmt"
	"html/template"
	"math"
)

// The charts of report.html are SVG elements with a title, and a description where
// needed; tables beside them have the numbers. Widths are in percent where a chart
// may stretch, so that the letters keep their size on all screens. Colours are
// classes, which the style sheet defines for light and dark screens and for print.

// strip opens a chart of one row, as wide as its cell in a table.
func strip(title string, height int) *drawing {
	d := &drawing{}
	d.begin("svg", "class", "strip", "width", "100%", "height", height, "role", "img")
	d.text("title", title)
	return d
}

// barStrip shows a share as a bar and its target, when there is one, as a mark;
// full is the share that fills the width.
func barStrip(title string, share float64, target *float64, full float64) template.HTML {
	d := strip(title, 16)
	full = max(full, 1e-12)
	if target != nil {
		full *= 1.02 // room for a mark at the end
	}
	d.element("rect", "class", "ground", "x", 0, "y", 3, "width", "100%", "height", 10)
	d.element("rect", "class", "seen", "x", 0, "y", 3, "width", pct(100*share/full), "height", 10)
	if target != nil {
		at := pct(100 * *target / full)
		d.element("line", "class", "mark", "x1", at, "x2", at, "y1", 0, "y2", 16)
	}
	return d.close()
}

// deviationStrip shows a deviation as a bar to the left or right of zero.
func deviationStrip(title string, deviation, most float64) template.HTML {
	d := strip(title, 16)
	d.element("line", "class", "axis", "x1", "50%", "x2", "50%", "y1", 0, "y2", 16)
	width := 48 * math.Abs(deviation) / max(most, 1e-12)
	x, class := 50.0, "over"
	if deviation < 0 {
		x, class = 50-width, "under"
	}
	d.element("rect", "class", class, "x", pct(x), "y", 4, "width", pct(width), "height", 8)
	return d.close()
}

// dotStrip shows the observed share as a dot and the target as a ring.
func dotStrip(title string, found, target float64, s scale, ticks int) template.HTML {
	d := strip(title, 20)
	d.grid(s, ticks, 20)
	from, to := s.at(found), s.at(target)
	d.element("line", "class", "stem", "x1", "0", "x2", from, "y1", 10, "y2", 10)
	d.element("circle", "class", "ring", "cx", to, "cy", 10, "r", 6.5)
	d.element("circle", "class", "dot", "cx", from, "cy", 10, "r", 3.5)
	return d.close()
}

// spread is the distribution that a rangeStrip shows.
type spread struct {
	min, p10, p50, p90, max float64
	low, high               float64 // allowed range, high is 0 for none
	references              []float64
}

// rangeStrip shows a distribution: a line from the minimum to the maximum, a bar
// from the 10th to the 90th percentile, a mark at the median. The allowed range
// is shaded, and diamonds mark the means of references.
func rangeStrip(title string, x spread, s scale, ticks int) template.HTML {
	d := strip(title, 22)
	if x.high > 0 {
		d.element("rect", "class", "allowed", "x", s.at(x.low), "y", 0, "width", s.at(x.high)-s.at(x.low), "height", 22)
	}
	d.grid(s, ticks, 22)
	d.element("line", "class", "whisker", "x1", s.at(x.min), "x2", s.at(x.max), "y1", 11, "y2", 11)
	d.element("rect", "class", "seen", "x", s.at(x.p10), "y", 6, "width", max(0.6, s.at(x.p90)-s.at(x.p10)), "height", 10)
	d.element("line", "class", "median", "x1", s.at(x.p50), "x2", s.at(x.p50), "y1", 4, "y2", 18)
	for i, r := range x.references {
		d.begin("svg", "x", s.at(r), "y", 11, "overflow", "visible")
		d.element("path", "class", fmt.Sprint("reference reference", i%3), "d", "M0-6 5 0 0 6-5 0Z")
		d.end("svg")
	}
	return d.close()
}
