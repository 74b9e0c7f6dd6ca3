package report

import (
	"fmt"
	"html/template"
	"strconv"
)

// Dimensions of the pyramid: heights in pixels, pyramidSide in percent of its width.
const (
	pyramidRow  = 20.0
	pyramidTop  = 26.0
	pyramidSide = 42.0
	pyramidTick = 3
)

// pyramidChart draws persons by age and sex as bars, the youngest at the bottom, and
// their target as an outline.
func pyramidChart(p *Pyramid, rows int64) template.HTML {
	n := len(p.Bands)
	most := 0.0
	for i := range p.Bands {
		for k := range 2 {
			most = max(most, p.Target[i][k], p.Observed[i][k])
		}
	}
	c := &pyramidDrawing{p: p, total: max(1, float64(rows)), bottom: pyramidTop + pyramidRow*float64(n)}
	c.full = max(most/c.total*1.02, 1e-12)
	c.drawing = chart("pyramid-chart", "pyramid", fmt.Sprintf("Population pyramid: %s and %s by %s", p.Sexes[0], p.Sexes[1], p.Age),
		fmt.Sprintf("Bars are the observed persons in %d bands of age, the youngest at the bottom; the outline is the target. The numbers are in the table below.", n),
		"100%", c.bottom+24)
	c.axes(roundStep(100 * most / c.total / pyramidTick))
	for i, band := range p.Bands {
		c.text("text", band, "class", "tick", "x", "50%", "y", c.top(i)+pyramidRow/2+4, "text-anchor", "middle")
		for k := range 2 {
			c.bar(i, k)
			c.outline(i, k)
		}
	}
	return c.close()
}

// pyramidDrawing is a pyramid that is being drawn. full is the share of persons that
// fills a side, bottom the lower end of the bars.
type pyramidDrawing struct {
	*drawing
	p                   *Pyramid
	total, full, bottom float64
}

// x is the position of a share on the side of a sex.
func (c *pyramidDrawing) x(sex int, share float64) pct {
	length := pyramidSide * share / c.full
	if sex == 0 {
		return pct(pyramidSide - length)
	}
	return pct(100 - pyramidSide + length)
}

// top is the upper end of band i.
func (c *pyramidDrawing) top(i int) float64 { return c.bottom - pyramidRow*float64(i+1) }

// axes draws the names of the sexes and a grid line every step percent.
func (c *pyramidDrawing) axes(step float64) {
	for k := range 2 {
		c.text("text", c.p.Sexes[k], "class", "head", "x", c.x(k, c.full/2), "y", 14, "text-anchor", "middle")
		for t := 0.0; t*step/100 <= c.full; t++ {
			at := c.x(k, t*step/100)
			c.element("line", "class", "grid", "x1", at, "x2", at, "y1", pyramidTop, "y2", c.bottom)
			if at < 6 || at > 94 {
				continue // would be cut off on a phone
			}
			c.text("text", strconv.FormatFloat(t*step, 'g', 3, 64)+" %", "class", "tick", "x", at, "y", c.bottom+16, "text-anchor", "middle")
		}
	}
}

// bar draws the observed persons of band i and sex k.
func (c *pyramidDrawing) bar(i, k int) {
	p := c.p
	share := p.Observed[i][k] / c.total
	left, right := c.x(k, share), c.x(k, 0)
	if k == 1 {
		left, right = right, left
	}
	c.begin("g")
	c.text("title", fmt.Sprintf("%s, %s: %s persons (%s), target %s", p.Sexes[k], p.Bands[i], countOf(p.Observed[i][k]), percentOf(share), tenth(p.Target[i][k])))
	c.element("rect", "class", fmt.Sprint("sex", k), "x", left, "y", c.top(i)+2, "width", right-left, "height", pyramidRow-4)
	c.end("g")
}

// outline draws the target of band i and sex k, and the step to the band above.
func (c *pyramidDrawing) outline(i, k int) {
	at, y := c.x(k, c.p.Target[i][k]/c.total), c.top(i)
	c.element("line", "class", "outline", "x1", at, "x2", at, "y1", y, "y2", y+pyramidRow)
	above := c.x(k, 0)
	if i+1 < len(c.p.Bands) {
		above = c.x(k, c.p.Target[i+1][k]/c.total)
	}
	c.element("line", "class", "outline", "x1", at, "x2", above, "y1", y, "y2", y)
}
