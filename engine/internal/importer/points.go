package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/table"
)

// grouped matches a number with points, each before three digits.
var grouped = regexp.MustCompile(`^[1-9]\d{0,2}(\.\d{3})+$`)

// pointsOfThousands finds out that points separate thousands, which a single figure
// does not show: every point is before three digits, and figures below 1,000 have none.
func pointsOfThousands(data []byte, g *table.Guessed) {
	n := &g.Layout.Numbers
	if n.Decimal != "" || n.Thousands != "" {
		return
	}
	file := table.Parse(data, "", g.Layout, &diag.List{})
	points, small, example := 0, 0, ""
	for _, row := range file.Rows {
		for c, name := range file.Header {
			if c >= len(row) || !slices.Contains(g.Figures, name) {
				continue
			}
			switch cell := row[c]; {
			case grouped.MatchString(cell):
				points++
				example = cell
			case strings.Contains(cell, ".") && strings.ContainsAny(cell, "0123456789"):
				return
			case len(cell) <= 3 && strings.Trim(cell, "0123456789") == "" && cell != "":
				small++
			case len(cell) > 3 && strings.Trim(cell, "0123456789") == "":
				return // 1000 would have a point
			}
		}
	}
	if points == 0 || small == 0 {
		return
	}
	n.Decimal, n.Thousands = ",", "."
	evidence := fmt.Sprintf("%d figures such as %q have three digits after each point, and %d below 1,000 have none", points, example, small)
	g.Settings = append(g.Settings, table.Setting{Option: "decimal", Value: `","`, Evidence: evidence}, table.Setting{Option: "thousands", Value: `"."`, Evidence: evidence})
}
