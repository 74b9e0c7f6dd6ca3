package report

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// heatMap is a table of two fields as rows and columns. Shares are within a row, or
// within a column if Down is set.
type heatMap struct {
	ID, Title     string
	Rows, Columns string // titles of the fields
	RowLabels     []string
	ColumnLabels  []string
	Down          bool
	Widths        [2]int64 // of the bands of the table's fields, 1 for single values
	Observed      [][]float64
	Target        [][]float64
}

// Dimensions of a heat map in pixels.
const (
	heatWidth  = 42.0
	heatHeight = 26.0
	heatLabel  = 26 // longest label in letters; longer ones are broken or cut
	letter     = 6.6
)

// heatSteps are the shares at which the colour of a cell changes.
var heatSteps = []float64{0.005, 0.02, 0.05, 0.10, 0.20, 0.35, 0.55, 0.75}

// heatStep returns the number of the colour of a share.
func heatStep(share float64) int {
	k := 0
	for k < len(heatSteps) && share >= heatSteps[k] {
		k++
	}
	return k
}

// within returns the totals, observed and expected, that a cell's share refers to.
func (h *heatMap) within(i, k int) (observed, target float64) {
	if h.Down {
		for r := range h.RowLabels {
			observed, target = observed+h.Observed[r][k], target+h.Target[r][k]
		}
		return observed, target
	}
	for c := range h.ColumnLabels {
		observed, target = observed+h.Observed[i][c], target+h.Target[i][c]
	}
	return observed, target
}

// of names what a cell's share refers to.
func (h *heatMap) of() string {
	if h.Down {
		return "column"
	}
	return "row"
}

// off reports whether a cell misses its target by more than chance and rounding
// to whole persons explain.
func (h *heatMap) off(i, k int) bool {
	return math.Abs(h.Observed[i][k]-h.Target[i][k]) > max(3, 4*math.Sqrt(h.Target[i][k]))
}

// chart draws the map. Long column labels are tilted.
func (h *heatMap) chart() template.HTML {
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
	gutter, head = math.Ceil(gutter), math.Ceil(head) // short coordinates
	width := gutter + heatWidth*float64(len(h.ColumnLabels)) + right
	height := head + heatHeight*float64(len(h.RowLabels))
	d := chart(h.ID, "heat", h.Title, fmt.Sprintf("Heat map of %s by %s: the darker a cell, the larger its share of the %s. The numbers are in the table below.", h.Rows, h.Columns, h.of()), coordinate(width), height)
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

// cell draws a cell with its share, or an empty frame if no person is observed or
// expected.
func (h *heatMap) cell(d *drawing, i, k int, x, y float64, name string) {
	seen, expected := h.within(i, k)
	observed, target := h.Observed[i][k], h.Target[i][k]
	if observed == 0 && target == 0 {
		d.element("rect", "class", "nobody", "x", x+0.5, "y", y+0.5, "width", heatWidth-1, "height", heatHeight-1)
		return
	}
	share := observed / max(seen, 1)
	class := fmt.Sprint("q", heatStep(share), " ", deviationClass(observed-target, target))
	if h.off(i, k) {
		class += " off"
	}
	d.begin("g")
	d.text("title", fmt.Sprintf("%s: %s of the %s, target %s; %s persons, deviation %s", name, percentOf(share), h.of(), percentOf(target/max(expected, 1e-12)), countOf(h.Observed[i][k]), deviationOf(observed-target)))
	d.element("rect", "class", class, "x", x+0.5, "y", y+0.5, "width", heatWidth-1, "height", heatHeight-1)
	ink := "on0"
	if heatStep(share) > 5 {
		ink = "on1"
	}
	d.begin("text", "class", ink, "x", x+heatWidth/2, "y", y+heatHeight/2+4)
	d.text("tspan", cellShare(share))
	d.text("tspan", cellDeviation(observed-target))
	d.end("text")
	d.end("g")
}

// cellShare formats a share in percent so that it fits a cell.
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

// shorten cuts labels that are too long.
func shorten(label string) string {
	if r := []rune(label); len(r) > heatLabel {
		return strings.TrimRight(string(r[:heatLabel-1]), " ,") + "…"
	}
	return label
}

// breakLabel breaks a long label into two lines of similar length.
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

// heatLegend draws the legend of the colours.
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
