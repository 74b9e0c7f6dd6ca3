package report

import (
	"fmt"
	"html/template"
	"math"
	"strconv"

	"github.com/personagen/personagen/engine/humanize"
)

// A heat map has the colours and figures of its cells twice: by share, and by deviation
// from the target. A switch of the page, which needs no script, shows one of them.

// deviationSteps are the deviations at which the colour of a cell changes, in standard
// deviations of a Poisson count with the cell's target, but at least in persons.
var deviationSteps = []float64{1, 2, 4}

// deviationClass returns the colour of a deviation in persons: e0 near the target, u1 to u3
// below and o1 to o3 above it.
func deviationClass(persons, target float64) string {
	size := math.Abs(persons) / math.Sqrt(max(1, target))
	k := 0
	for k < len(deviationSteps) && size > deviationSteps[k] {
		k++
	}
	switch {
	case k == 0:
		return "e0"
	case persons < 0:
		return fmt.Sprint("u", k)
	}
	return fmt.Sprint("o", k)
}

// cellDeviation formats a deviation in persons so that it fits a cell.
func cellDeviation(persons float64) string {
	size := math.Abs(persons)
	text := strconv.FormatFloat(size, 'f', 1, 64)
	switch {
	case text == "0.0":
		return "·"
	case size >= 999.5:
		text = strconv.FormatFloat(size/1000, 'f', 0, 64) + "k"
	case size >= 9.95:
		text = humanize.Thousands(int64(math.Round(size)))
	}
	if persons < 0 {
		return minus + text
	}
	return "+" + text
}

// deviationLegend draws the legend of the colours of deviations.
func deviationLegend() template.HTML {
	const width, height = 38.0, 14.0
	classes := []string{"u3", "u2", "u1", "e0", "o1", "o2", "o3"}
	d := chart("deviation-legend", "legend", "Colours of deviations", "From below the target to above it, in standard deviations: less than 1 is not coloured, more than 4 is darkest.", coordinate(width*float64(len(classes))), 34)
	for k, class := range classes {
		d.element("rect", "class", class, "x", width*float64(k), "y", 0, "width", width-1, "height", height)
	}
	for k := 1; k < len(classes); k++ {
		label := "+"
		step := k - len(deviationSteps) - 1
		if k <= len(deviationSteps) {
			label, step = minus, len(deviationSteps)-k
		}
		d.text("text", label+number(deviationSteps[step]), "class", "tick", "x", width*float64(k), "y", height+14, "text-anchor", "middle")
	}
	return d.close()
}
