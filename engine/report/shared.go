package report

import (
	"html/template"
	"strings"
)

// Parts of the report that other pages about a release use, so that charts, colours and
// figures look the same there.

// Styles returns the style sheet's colours and fonts, for light and dark screens, and the
// rules of charts.
func Styles() string {
	css, _ := pageFiles.ReadFile("report.css")
	all := string(css)
	palette, page, _ := strings.Cut(all, "* {")
	_, charts, _ := strings.Cut(page, "\nsvg text {")
	charts, _, _ = strings.Cut(charts, "\n\n")
	return palette + "svg text {" + charts + "\n"
}

// ShareBar shows a share as a bar and its target, when there is one, as a mark; full is the
// share that fills the width.
func ShareBar(title string, share float64, target *float64, full float64) template.HTML {
	return barStrip(title, share, target, full)
}

// ShareStep returns the number of the colour of a share in a map, from 0 to 8.
func ShareStep(share float64) int { return heatStep(share) }

// Percent formats a share, Persons a number of persons or a sum of weights, Deviation a
// signed number of persons.
func Percent(share float64) string { return percentOf(share) }
func Persons(n float64) string     { return countOf(n) }
func Deviation(n float64) string   { return deviationOf(n) }
