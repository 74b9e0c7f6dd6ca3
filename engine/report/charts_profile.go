package report

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
)

// Dimensions of a profile in pixels.
const (
	profileTop    = 16.0
	profileHeight = 120.0
)

// mostProfile is the largest number of values of a profile.
const mostProfile = 200

// profileChart draws the shares of neighbouring values, such as single years of age, as
// bars, and their targets as a line of steps. The values stretch with the page; lines keep
// their width.
func profileChart(id, title string, values []Value) template.HTML {
	most := 0.0
	for _, x := range values {
		most = max(most, x.Share, *x.Target)
	}
	full := max(1.05*most, 1e-12)
	height := func(share float64) string { return coordinate(100 * (1 - share/full)) }
	var bars, steps strings.Builder
	bars.WriteString("M0 100")
	for i, x := range values {
		fmt.Fprintf(&bars, "V%sH%d", height(x.Share), i+1)
		fmt.Fprintf(&steps, "%s%sH%d", map[bool]string{true: "M0 ", false: "V"}[i == 0], height(*x.Target), i+1)
	}
	bars.WriteString("V100Z")
	d := chart(id, "profile", title, fmt.Sprintf("Shares of %d values from %s to %s as bars, their targets as a line.", len(values), values[0].Label, values[len(values)-1].Label), "100%", profileTop+profileHeight+20)
	bottom := profileTop + profileHeight
	d.begin("svg", "y", profileTop, "width", "100%", "height", profileHeight, "viewBox", fmt.Sprintf("0 0 %d 100", len(values)), "preserveAspectRatio", "none", "overflow", "visible")
	d.element("path", "class", "seen", "d", bars.String())
	d.element("path", "class", "target", "d", steps.String())
	d.end("svg")
	step := roundStep(100 * most / 3)
	for k := 1.0; k*step <= 100*full; k++ {
		y := bottom - profileHeight*k*step/100/full
		d.element("line", "class", "grid", "x1", 0, "x2", "100%", "y1", y, "y2", y)
		d.text("text", strconv.FormatFloat(k*step, 'g', 3, 64)+thin+"%", "class", "tick", "x", "100%", "y", y-3, "text-anchor", "end")
	}
	d.element("line", "class", "axis", "x1", 0, "x2", "100%", "y1", bottom, "y2", bottom)
	every := int(max(1, roundStep(float64(len(values))/8)))
	for i, x := range values {
		at := 100 * (float64(i) + 0.5) / float64(len(values))
		if n, err := strconv.Atoi(x.Label); err == nil && n%every == 0 && at > 2 && at < 97 {
			d.text("text", x.Label, "class", "tick", "x", pct(at), "y", bottom+15, "text-anchor", "middle")
		}
	}
	return d.close()
}
