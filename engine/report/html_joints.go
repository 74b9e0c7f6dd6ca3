package report

import (
	"fmt"
	"html/template"
	"slices"
)

type mapView struct {
	Title, Of, Largest, Status string
	Chart                      template.HTML
	Heat                       *heatMap
	Rows                       []mapRow
	Figures                    *figures
}

type mapRow struct {
	Label string
	Cells []string
}

type deviationView struct {
	Name, Within, Where, Persons, Ratio, V, P, Status string
	Cells                                             int
}

// joints adds the heat maps and the deviations of all tables.
func (v *view) joints() {
	s := v.Stats
	v.MapsIntro = "The joint distributions that the specification names."
	cells := 0
	for _, t := range s.Tables {
		if t.Origin == "joint" && len(t.Fields) == 2 && t.Omitted == 0 {
			if cells += len(t.Target); cells > mostJointCells {
				v.MapsIntro = "The first of the joint distributions that the specification names; the table below has all."
				break
			}
			v.addHeatMap(&t)
		}
	}
	if v.Maps == nil {
		v.MapsIntro = "The specification names no joint distributions; these are its tables over two fields."
		for _, t := range s.Tables {
			if t.Within == "" && t.Origin == "table" && len(t.Fields) == 2 && t.Omitted == 0 && len(t.Target) <= mostMapCells && len(v.Maps) < mostMaps {
				v.addHeatMap(&t)
			}
		}
	}
	if v.Maps != nil {
		v.Legend = heatLegend()
	}
	for _, t := range s.Tables {
		n := t.Numbers
		if n == nil || t.Origin == "margin" {
			continue
		}
		off, cell := n.Deviation()
		row := deviationView{Name: t.Name, Within: t.Within, Where: cell, Persons: deviationOf(off), Ratio: fmt.Sprintf("%.2f", n.SRMSERatio), Status: t.Status, Cells: n.Cells}
		if len(t.Fields) == 2 {
			row.V = fmt.Sprintf("%.3f / %.3f", n.Cramer, n.CramerTarget)
		}
		if t.Test != nil {
			row.P = short4(t.Test.P)
		}
		v.Deviations = append(v.Deviations, row)
	}
	v.compared()
}

// comparedView compares a table over several fields with what is published.
type comparedView struct {
	Title, Name, Where, Note string
	Rows                     []comparedRow
	More                     int // cells that are not shown
}

type comparedRow struct{ Cell, Published, Reconciled, Fitted, Observed string }

// Limits of the tables that are compared with what is published.
const (
	mostComparedCells  = 24
	mostComparedTables = 100
)

// compared adds the published tables over several fields, each with the cells that
// differ most.
func (v *view) compared() {
	for _, t := range v.Stats.Published {
		f := t.Figures
		if f == nil || len(t.Fields) < 2 || len(f.Published) == 0 || len(v.Compare) == mostComparedTables {
			continue
		}
		shown, _ := mostDifferent(f)
		if len(shown) > mostComparedCells {
			shown = differentCells(f, mostCompared)
		}
		out := comparedView{Title: t.Title, Name: t.Name, Where: t.Where, More: len(f.Published) - len(shown), Note: upper(coverageNote(&t))}
		for _, k := range shown {
			row := comparedRow{Cell: cellOf(t.Fields, f.Labels, k), Published: percentOf(f.Published[k]), Reconciled: percentOf(f.Reconciled[k]), Fitted: percentOf(f.Fitted[k])}
			if f.Observed != nil {
				row.Observed = percentOf(f.Observed[k])
			}
			out.Rows = append(out.Rows, row)
		}
		v.Compare = append(v.Compare, out)
	}
}

// coverageNote says how much of the universe of a table is observed.
func coverageNote(t *Published) string {
	switch {
	case t.Figures.unmeasured:
		return "not observed, because one of its fields is not in the data files"
	case t.Figures.Observed == nil:
		return "no person of this release is in its universe"
	case t.Covered < whole:
		return percent(t.Covered) + " of its universe is observed"
	}
	return "its whole universe is observed"
}

// addHeatMap adds the heat map of a table over two fields.
func (v *view) addHeatMap(t *Table) {
	h := newHeatMap(t)
	if len(h.RowLabels) == 0 || len(h.ColumnLabels) == 0 {
		return
	}
	h.ID = fmt.Sprintf("map-%d", len(v.Maps)+1)
	h.Title = v.titleOf(t.Fields[0]) + " × " + v.titleOf(t.Fields[1])
	h.Rows, h.Columns = v.titleOf(h.Rows), v.titleOf(h.Columns)
	out := mapView{Title: h.Title, Of: h.of(), Chart: h.chart(), Heat: h, Status: t.Status, Figures: v.figures(t.Fields...), Largest: "unknown"}
	if t.Numbers != nil {
		off, _ := t.Numbers.Deviation()
		out.Largest = deviationOf(off) + " persons"
	}
	for i, l := range h.RowLabels {
		row := mapRow{Label: l}
		for k := range h.ColumnLabels {
			row.Cells = append(row.Cells, fmt.Sprintf("%s (%s)", countOf(h.Observed[i][k]), deviationOf(h.Observed[i][k]-h.Target[i][k])))
		}
		out.Rows = append(out.Rows, row)
	}
	v.Maps = append(v.Maps, out)
}

// newHeatMap arranges a table over two fields as a heat map. It leaves out values
// without observed or expected persons. The field with the shorter labels
// becomes the columns; shares are within the values of the table's first field.
func newHeatMap(t *Table) *heatMap {
	n := [2]int{len(t.Labels[0]), len(t.Labels[1])}
	cell := func(a, b int) int { return a*n[1] + b }
	var kept [2][]int
	for a := range n[0] {
		if slices.ContainsFunc(indices(n[1]), func(b int) bool { return t.Target[cell(a, b)] > 0 || t.Observed[cell(a, b)] > 0 }) {
			kept[0] = append(kept[0], a)
		}
	}
	for b := range n[1] {
		if slices.ContainsFunc(indices(n[0]), func(a int) bool { return t.Target[cell(a, b)] > 0 || t.Observed[cell(a, b)] > 0 }) {
			kept[1] = append(kept[1], b)
		}
	}
	var longest [2]int
	for k := range kept {
		for _, i := range kept[k] {
			longest[k] = max(longest[k], len([]rune(t.Labels[k][i])))
		}
	}
	h := &heatMap{Rows: t.Fields[0], Columns: t.Fields[1]}
	rows, columns := 0, 1
	if longest[0] < longest[1] && longest[1] > 6 {
		rows, columns, h.Down = 1, 0, true
		h.Rows, h.Columns = h.Columns, h.Rows
	}
	for _, c := range kept[columns] {
		h.ColumnLabels = append(h.ColumnLabels, t.Labels[columns][c])
	}
	for _, r := range kept[rows] {
		h.RowLabels = append(h.RowLabels, t.Labels[rows][r])
		var observed, target []float64
		for _, c := range kept[columns] {
			k := cell(r, c)
			if h.Down {
				k = cell(c, r)
			}
			observed, target = append(observed, t.Observed[k]), append(target, t.Target[k])
		}
		h.Observed, h.Target = append(h.Observed, observed), append(h.Target, target)
	}
	return h
}
