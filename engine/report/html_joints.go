package report

import (
	"fmt"
	"html/template"
	"slices"

	"github.com/personagen/personagen/engine/frame"
)

type mapView struct {
	Title, Of, Largest, Status string
	Bands                      string // how values are summed
	Chart                      template.HTML
	Heat                       *heatMap
	Rows                       []mapRow
	fields                     []string
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
	if s.Smoothed != nil {
		v.MapsIntro = "The joint distributions that the specification names, and those of smoothed fields."
	}
	cells, grouped := 0, false
	for _, t := range s.Tables {
		if t.Origin == "joint" && len(t.Fields) == 2 && t.Omitted == 0 {
			h := v.heatMap(&t)
			if h.banded() && v.mapped(t.Fields) {
				grouped = true
				continue
			}
			if cells += len(h.RowLabels) * len(h.ColumnLabels); cells > mostJointCells {
				v.MapsIntro = "The first of the joint distributions that the specification names; the table below has all."
				grouped = false
				break
			}
			v.addHeatMap(&t, h)
		}
	}
	if grouped {
		v.MapsIntro += " A map by bands is left out if another shows the same by groups; the table below has all."
	}
	if v.Maps == nil {
		v.MapsIntro = "The specification names no joint distributions; these are its tables over two fields."
		for _, t := range s.Tables {
			if t.Within == "" && t.Origin == "table" && len(t.Fields) == 2 && t.Omitted == 0 && len(t.Target) <= mostMapCells && len(v.Maps) < mostMaps {
				v.addHeatMap(&t, v.heatMap(&t))
			}
		}
	}
	if v.Maps != nil {
		v.Legend, v.DeviationLegend = heatLegend(), deviationLegend()
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

// Limits of the comparison with what is published.
const (
	mostComparedTables = 60
	mostComparedCells  = 8 // of one table, those that differ most
)

// compared adds the published tables over several fields, each with the cells that
// differ most.
func (v *view) compared() {
	for _, t := range v.Stats.Published {
		f := t.Figures
		if f == nil || len(t.Fields) < 2 || len(f.Published) == 0 || len(v.Compare) == mostComparedTables {
			continue
		}
		shown := differentCells(f, mostComparedCells)
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

// heatMap arranges a table over two fields as a heat map.
func (v *view) heatMap(t *Table) *heatMap {
	var whole [2]bool
	for k, name := range t.Fields {
		f := v.Stats.field(name)
		whole[k] = f != nil && f.Type == frame.Integer
	}
	return newHeatMap(t, whole)
}

// mapped reports whether a map shows the two fields, or fields that are groups of them.
func (v *view) mapped(fields []string) bool {
	return slices.ContainsFunc(v.Maps, func(m mapView) bool {
		a, b := m.fields[0], m.fields[1]
		return v.related(a, fields[0]) && v.related(b, fields[1]) || v.related(a, fields[1]) && v.related(b, fields[0])
	})
}

// addHeatMap adds the heat map of a table over two fields.
func (v *view) addHeatMap(t *Table, h *heatMap) {
	if len(h.RowLabels) == 0 || len(h.ColumnLabels) == 0 {
		return
	}
	h.ID = fmt.Sprintf("map-%d", len(v.Maps)+1)
	h.Title = v.titleOf(t.Fields[0]) + " × " + v.titleOf(t.Fields[1])
	h.Rows, h.Columns = v.titleOf(h.Rows), v.titleOf(h.Columns)
	out := mapView{fields: t.Fields, Bands: h.bandsOf(t.Fields, v.titleOf), Title: h.Title, Of: h.of(), Chart: h.chart(), Heat: h, Status: t.Status, Figures: v.figures(t.Fields...), Largest: "unknown"}
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
