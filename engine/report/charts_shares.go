package report

import (
	"html/template"
	"slices"
)

// fullShares are the ends of linear axes of shares, in percent. There are few of them, so
// that the bars of different fields can be compared.
var fullShares = []float64{5, 20, 50, 100}

// Shares of a field get a logarithmic axis if it has at least manyShares of them and half
// are shorter than shortShare of the linear axis.
const (
	manyShares = 5
	shortShare = 0.03
)

// shareScale returns the axis of a field's shares, in percent: from 0 to one of fullShares,
// or a logarithmic one if most bars would be too short to see. null is the share of
// persons without a value.
func shareScale(values []Value, null float64) scale {
	low, high := 1.0, null
	if null > 0 {
		low = null
	}
	var expected []float64
	for _, x := range values {
		high = max(high, x.Share)
		if x.Share > 0 {
			low = min(low, x.Share)
		}
		if x.Target == nil {
			continue
		}
		high = max(high, *x.Target)
		if *x.Target > 0 {
			low = min(low, *x.Target)
			expected = append(expected, *x.Target)
		}
	}
	full := fullShares[len(fullShares)-1]
	for _, x := range slices.Backward(fullShares) {
		if x >= 100*high {
			full = x
		}
	}
	if slices.Sort(expected); len(expected) >= manyShares && 100*expected[len(expected)/2] < shortShare*full {
		return scale{low: 90 * low, high: full, log: true}
	}
	return scale{high: full}
}

// shareStrip shows a share and its target, nil for none: a bar and a mark on a linear axis,
// a dot and a ring on a logarithmic one, where the length of a bar would mean nothing.
func shareStrip(title string, share float64, target *float64, axis scale) template.HTML {
	if !axis.log {
		return barStrip(title, share, target, axis.high/100)
	}
	d := strip(title, 16)
	d.element("rect", "class", "ground", "x", 0, "y", 7, "width", "100%", "height", 2)
	if target != nil && *target > 0 {
		d.element("circle", "class", "ring", "cx", axis.at(100**target), "cy", 8, "r", 6)
	}
	if share > 0 {
		d.element("circle", "class", "dot", "cx", axis.at(100*share), "cy", 8, "r", 3.5)
	}
	return d.close()
}

// shareAxis draws the axis of a field's shares for the head of its column: its ends and
// middle, or the powers of ten.
func shareAxis(s scale) template.HTML {
	d := &drawing{}
	d.begin("svg", "class", "strip", "width", "100%", "height", 18, "aria-hidden", "true")
	tick := func(at pct, label, anchor, class string) {
		d.text("text", label, "class", class, "x", at, "y", 11, "text-anchor", anchor)
		d.element("line", "class", "axis", "x1", at, "x2", at, "y1", 14, "y2", 18)
	}
	if s.log {
		last, class := pct(-18), "tick"
		for _, x := range s.ticks(1) {
			if at := s.at(x); at-last >= 24 && at <= 50 { // room for the labels
				tick(at, number(x), "middle", class)
				last, class = at, "tick minor"
			}
		}
	} else {
		tick(0, "0", "start", "tick")
		tick(50, number(s.high/2), "middle", "tick minor")
	}
	tick(100, number(s.high)+thin+"%", "end", "tick")
	return d.close()
}
