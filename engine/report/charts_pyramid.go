package report

import (
	"fmt"
	"html/template"
	"strconv"

	"github.com/personagen/personagen/engine/humanize"
)

// Dimensions of the pyramid: heights in pixels, pyramidSide in percent of its width.
const (
	pyramidRow  = 20.0
	pyramidTop  = 26.0
	pyramidSide = 42.0
	pyramidTick = 3
)

// pyramidChart draws persons by age and sex, young below, as bars, and their
// target as an outline.
func pyramidChart(p *Pyramid, rows int64) template.HTML {
	n := len(p.Bands)
	bottom := pyramidTop + pyramidRow*float64(n)
	most := 0.0
	for i := range p.Bands {
		for k := range 2 {
			most = max(most, p.Target[i][k], float64(p.Observed[i][k]))
		}
	}
	total := max(1, float64(rows))
	step := roundStep(100 * most / total / pyramidTick)
	full := max(most/total*1.02, 1e-12)
	d := chart("pyramid-chart", "pyramid", fmt.Sprintf("Population pyramid: %s and %s by %s", p.Sexes[0], p.Sexes[1], p.Age),
		fmt.Sprintf("Bars are the observed persons in %d bands of age, the youngest at the bottom; the outline is the target. The numbers are in the table below.", n),
		"100%", bottom+24)
	x := func(side int, share float64) pct {
		length := pyramidSide * share / full
		if side == 0 {
			return pct(pyramidSide - length)
		}
		return pct(100 - pyramidSide + length)
	}
	for k := range 2 {
		d.text("text", p.Sexes[k], "class", "head", "x", x(k, full/2), "y", 14, "text-anchor", "middle")
		for t := 0.0; t*step/100 <= full; t++ {
			at := x(k, t*step/100)
			d.element("line", "class", "grid", "x1", at, "x2", at, "y1", pyramidTop, "y2", bottom)
			if at < 6 || at > 94 {
				continue // would be cut off on a phone
			}
			d.text("text", strconv.FormatFloat(t*step, 'g', 3, 64)+" %", "class", "tick", "x", at, "y", bottom+16, "text-anchor", "middle")
		}
	}
	for i, band := range p.Bands {
		y := bottom - pyramidRow*float64(i+1)
		d.text("text", band, "class", "tick", "x", "50%", "y", y+pyramidRow/2+4, "text-anchor", "middle")
		for k := range 2 {
			share, target := float64(p.Observed[i][k])/total, p.Target[i][k]/total
			left, right := x(k, share), x(k, 0)
			if k == 1 {
				left, right = right, left
			}
			d.begin("g")
			d.text("title", fmt.Sprintf("%s, %s: %s persons (%s), target %s", p.Sexes[k], band, humanize.Thousands(p.Observed[i][k]), percentOf(share), tenth(p.Target[i][k])))
			d.element("rect", "class", fmt.Sprint("sex", k), "x", left, "y", y+2, "width", right-left, "height", pyramidRow-4)
			d.end("g")
			at := x(k, target)
			d.element("line", "class", "outline", "x1", at, "x2", at, "y1", y, "y2", y+pyramidRow)
			above := x(k, 0)
			if i+1 < n {
				above = x(k, p.Target[i+1][k]/total)
			}
			d.element("line", "class", "outline", "x1", at, "x2", above, "y1", y, "y2", y)
		}
	}
	return d.close()
}
