package report

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/humanize"
)

// The charts of report.html are SVG with a title, and a description where there
// is more to say; their numbers stand in tables beside them. Widths are percent
// where a chart may stretch, so that letters keep their size on a phone and on
// a wide screen alike. Colours are classes: the style sheet knows light, dark
// and paper.

// drawing is an SVG in the making. Every text and attribute is escaped.
type drawing struct{ strings.Builder }

// pct is a length in percent of the chart.
type pct float64

// element writes an element without content; attributes come in pairs.
func (d *drawing) element(name string, attributes ...any) {
	d.tag(name, attributes)
	d.WriteString("/>")
}

func (d *drawing) begin(name string, attributes ...any) {
	d.tag(name, attributes)
	d.WriteString(">")
}

func (d *drawing) tag(name string, attributes []any) {
	d.WriteString("<" + name)
	for i := 0; i < len(attributes); i += 2 {
		fmt.Fprintf(d, ` %s="%s"`, attributes[i], template.HTMLEscapeString(attribute(attributes[i+1])))
	}
}

func (d *drawing) end(name string) { d.WriteString("</" + name + ">") }

// text writes an element that holds text.
func (d *drawing) text(name, text string, attributes ...any) {
	d.begin(name, attributes...)
	d.WriteString(template.HTMLEscapeString(text))
	d.end(name)
}

func attribute(v any) string {
	switch v := v.(type) {
	case pct:
		return coordinate(float64(v)) + "%"
	case float64:
		return coordinate(v)
	}
	return fmt.Sprint(v)
}

// coordinate keeps two decimal places.
func coordinate(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		x = 0
	}
	text := strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64)
	if text == "-0" {
		return "0"
	}
	return text
}

func (d *drawing) html() template.HTML { return template.HTML(d.String()) }

// strip opens a chart of one row, as wide as its cell in a table.
func strip(title string, height int) *drawing {
	d := &drawing{}
	d.begin("svg", "class", "strip", "width", "100%", "height", height, "role", "img")
	d.text("title", title)
	return d
}

func (d *drawing) close() template.HTML {
	d.end("svg")
	return d.html()
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

// deviationStrip shows a deviation to the left or right of nothing.
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

// scale lays numbers out from 0 to 100 percent, by their logarithm when they
// span more than a decade.
type scale struct {
	low, high float64
	log       bool
}

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

func (s scale) at(x float64) pct {
	low, high := s.low, s.high
	if s.log {
		low, high, x = math.Log(low), math.Log(high), math.Log(max(x, 1e-300))
	}
	return pct(100 * min(1, max(0, (x-low)/(high-low))))
}

// ticks are round numbers on the scale, most of them at most.
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

// roundStep is the smallest of 1, 2 and 5 times a power of ten that is not
// below x.
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

// axisStrip writes the ticks of a scale, for the head of a column of strips.
func axisStrip(s scale, most int, label func(float64) string) template.HTML {
	d := &drawing{}
	d.begin("svg", "class", "strip", "width", "100%", "height", 18, "aria-hidden", "true")
	shown := 0
	for _, x := range s.ticks(most) {
		at := s.at(x)
		if at < 4 || at > 96 {
			continue // would be cut
		}
		class := "tick"
		if shown%2 == 1 {
			class = "tick minor" // left out where there is little room
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

// dotStrip shows what was found as a dot and the target as a ring around it.
func dotStrip(title string, found, target float64, s scale, ticks int) template.HTML {
	d := strip(title, 20)
	d.grid(s, ticks, 20)
	from, to := s.at(found), s.at(target)
	d.element("line", "class", "stem", "x1", "0", "x2", from, "y1", 10, "y2", 10)
	d.element("circle", "class", "ring", "cx", to, "cy", 10, "r", 6.5)
	d.element("circle", "class", "dot", "cx", from, "cy", 10, "r", 3.5)
	return d.close()
}

// span is what a rangeStrip shows of numbers.
type span struct {
	min, p10, p50, p90, max float64
	low, high               float64 // that are allowed, 0 for no limit
	references              []float64
}

// rangeStrip shows the spread of numbers: a line from least to most, a bar
// from the tenth to the ninetieth percentile, a mark at the median; behind it
// what is allowed, and diamonds for means to compare with.
func rangeStrip(title string, x span, s scale, ticks int) template.HTML {
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

// chart is a whole SVG with title and description; id tells it from others on
// the page.
func chart(id, class, title, description string, width any, height float64) *drawing {
	d := &drawing{}
	d.begin("svg", "class", class, "width", width, "height", height, "role", "img", "aria-labelledby", id+"-title "+id+"-desc")
	d.text("title", title, "id", id+"-title")
	d.text("desc", description, "id", id+"-desc")
	return d
}

// Measures of the pyramid, in pixels and percent of its width.
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
		fmt.Sprintf("Bars are the persons written in %d bands of age, the youngest below; the outline is their target. The numbers are in the table below.", n),
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
				continue // would be cut on a phone
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

// heat is a table of two fields as a heat map shows it. Shares are within a
// row, or within a column when Down is set.
type heat struct {
	ID, Title     string
	Rows, Columns string // fields
	RowLabels     []string
	ColumnLabels  []string
	Down          bool
	Observed      [][]int64
	Target        [][]float64
}

// Measures of a heat map in pixels.
const (
	heatWidth  = 42.0
	heatHeight = 26.0
	heatLabel  = 26 // letters, then a label is broken or cut
	letter     = 6.6
)

// heatSteps are the shares at which the colour changes.
var heatSteps = []float64{0.005, 0.02, 0.05, 0.10, 0.20, 0.35, 0.55, 0.75}

func heatStep(share float64) int {
	k := 0
	for k < len(heatSteps) && share >= heatSteps[k] {
		k++
	}
	return k
}

// within returns what a cell's share is a share of, observed and wanted.
func (h *heat) within(i, k int) (observed, target float64) {
	if h.Down {
		for r := range h.RowLabels {
			observed, target = observed+float64(h.Observed[r][k]), target+h.Target[r][k]
		}
		return observed, target
	}
	for c := range h.ColumnLabels {
		observed, target = observed+float64(h.Observed[i][c]), target+h.Target[i][c]
	}
	return observed, target
}

// of names what shares are within.
func (h *heat) of() string {
	if h.Down {
		return "column"
	}
	return "row"
}

// off reports whether a cell misses its target by more than chance and the
// rounding to whole persons allow.
func (h *heat) off(i, k int) bool {
	return math.Abs(float64(h.Observed[i][k])-h.Target[i][k]) > max(3, 4*math.Sqrt(h.Target[i][k]))
}

func (h *heat) chart() template.HTML {
	gutter, tilted, head := 0.0, false, 18.0
	for _, l := range h.RowLabels {
		for _, line := range breakLabel(l) {
			gutter = max(gutter, letter*(1.5+float64(utf8.RuneCountInString(line)))+8)
		}
	}
	longest := 0
	for _, l := range h.ColumnLabels {
		longest = max(longest, utf8.RuneCountInString(shorten(l)))
	}
	right := 4.0
	if letter*float64(longest) > heatWidth-2 {
		tilted = true
		head = letter*float64(longest)*0.6 + 16
		last := utf8.RuneCountInString(shorten(h.ColumnLabels[len(h.ColumnLabels)-1]))
		right = max(right, letter*float64(last)*0.8-heatWidth/2)
	}
	width := gutter + heatWidth*float64(len(h.ColumnLabels)) + right
	height := head + heatHeight*float64(len(h.RowLabels))
	d := chart(h.ID, "heat", h.Title, fmt.Sprintf("Heat map of %s by %s: the darker a cell, the larger its share of its %s. The numbers are in the table below.", h.Rows, h.Columns, h.of()), coordinate(width), height)
	for k, l := range h.ColumnLabels {
		x := gutter + heatWidth*(float64(k)+0.5)
		if tilted {
			d.text("text", shorten(l), "class", "tick", "transform", fmt.Sprintf("translate(%s %s) rotate(-37)", coordinate(x-4), coordinate(head-6)))
		} else {
			d.text("text", l, "class", "tick", "x", x, "y", head-5, "text-anchor", "middle")
		}
	}
	for i, l := range h.RowLabels {
		y := head + heatHeight*float64(i)
		lines := breakLabel(l)
		for n, line := range lines {
			d.text("text", line, "class", "tick", "x", gutter-6, "y", y+heatHeight/2+4+12*(float64(n)-float64(len(lines)-1)/2), "text-anchor", "end")
		}
		for k, column := range h.ColumnLabels {
			h.cell(d, i, k, gutter+heatWidth*float64(k), y, l+" × "+column)
		}
	}
	return d.close()
}

func (h *heat) cell(d *drawing, i, k int, x, y float64, name string) {
	seen, wanted := h.within(i, k)
	observed, target := float64(h.Observed[i][k]), h.Target[i][k]
	if observed == 0 && target == 0 {
		d.element("rect", "class", "nobody", "x", x+0.5, "y", y+0.5, "width", heatWidth-1, "height", heatHeight-1)
		return
	}
	share := observed / max(seen, 1)
	class := fmt.Sprint("q", heatStep(share))
	if h.off(i, k) {
		class += " off"
	}
	d.begin("g")
	d.text("title", fmt.Sprintf("%s: %s of the %s, target %s; %s persons, %s of target", name, percentOf(share), h.of(), percentOf(target/max(wanted, 1e-12)), humanize.Thousands(h.Observed[i][k]), deviationOf(observed-target)))
	d.element("rect", "class", class, "x", x+0.5, "y", y+0.5, "width", heatWidth-1, "height", heatHeight-1)
	ink := "on0"
	if heatStep(share) > 5 {
		ink = "on1"
	}
	d.text("text", cellShare(share), "class", ink, "x", x+heatWidth/2, "y", y+heatHeight/2+4, "text-anchor", "middle")
	d.end("g")
}

// cellShare is a share in percent, in as many letters as fit a cell.
func cellShare(share float64) string {
	switch x := 100 * share; {
	case x == 0:
		return "·"
	case x < 0.05:
		return "<0.1"
	case x < 9.95:
		return strconv.FormatFloat(x, 'f', 1, 64)
	default:
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
}

// shorten cuts a label that is too long for a head.
func shorten(label string) string {
	if r := []rune(label); len(r) > heatLabel {
		return strings.TrimRight(string(r[:heatLabel-1]), " ,") + "…"
	}
	return label
}

// breakLabel sets a long label in two lines.
func breakLabel(label string) []string {
	if utf8.RuneCountInString(label) <= heatLabel-4 {
		return []string{label}
	}
	words := strings.Fields(label)
	best, least := 0, math.Inf(1)
	for i := 1; i < len(words); i++ {
		a, b := strings.Join(words[:i], " "), strings.Join(words[i:], " ")
		if d := math.Abs(float64(utf8.RuneCountInString(a) - utf8.RuneCountInString(b))); d < least {
			best, least = i, d
		}
	}
	if best == 0 {
		return []string{shorten(label)}
	}
	return []string{shorten(strings.Join(words[:best], " ")), shorten(strings.Join(words[best:], " "))}
}

// heatLegend explains the colours.
func heatLegend() template.HTML {
	const width, height = 38.0, 14.0
	d := chart("heat-legend", "legend", "Colours of the heat maps", "From light to dark: shares from below 0.5 % to 75 % and more.", coordinate(width*float64(len(heatSteps)+1)), 34)
	for k := range len(heatSteps) + 1 {
		d.element("rect", "class", fmt.Sprint("q", k), "x", width*float64(k), "y", 0, "width", width-1, "height", height)
		if k > 0 {
			d.text("text", strconv.FormatFloat(100*heatSteps[k-1], 'g', 3, 64), "class", "tick", "x", width*float64(k), "y", height+14, "text-anchor", "middle")
		}
	}
	return d.close()
}

const (
	thin  = "\u00a0" // keeps a number and its unit on one line
	minus = "\u2212"
)

// percentOf writes a share with two significant digits below ten percent.
func percentOf(share float64) string {
	switch x := 100 * share; {
	case x == 0:
		return "0" + thin + "%"
	case math.Abs(x) < 0.01:
		return "<0.01" + thin + "%"
	case math.Abs(x) < 9.995:
		return strconv.FormatFloat(x, 'f', 2, 64) + thin + "%"
	default:
		return strconv.FormatFloat(x, 'f', 1, 64) + thin + "%"
	}
}

// deviationOf writes a deviation in persons; what rounds to nothing has no sign.
func deviationOf(x float64) string {
	text := strconv.FormatFloat(math.Abs(x), 'f', 1, 64)
	if math.Abs(x) >= 1000 {
		text = humanize.Thousands(int64(math.Round(math.Abs(x))))
	}
	switch {
	case text == "0.0":
		return "0"
	case x < 0:
		return minus + text
	default:
		return "+" + text
	}
}

// tenth writes persons, who may be a fraction in a target.
func tenth(x float64) string {
	whole, part := math.Modf(math.Round(x*10) / 10)
	return humanize.Thousands(int64(whole)) + "." + strconv.Itoa(int(math.Round(math.Abs(part)*10)))
}
