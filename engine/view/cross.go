package view

import (
	"fmt"
	"math"
	"net/http"
	"slices"

	"github.com/personagen/personagen/engine/report"
	"github.com/personagen/personagen/engine/view/store"
)

// crossBins is the number of values of an axis of a cross-tab.
const crossBins = 24

// crossPage is a cross-tab of two fields: persons, shares of the rows, and where the plan
// has a target for both fields, target and residual.
type crossPage struct {
	page
	Fields   []column // that may be chosen
	XTitle   string
	YTitle   string
	Heads    []string
	Rows     []crossRow
	Totals   []string
	Sum      string
	Target   bool
	Weighted bool
	Worst    string
	Swap     string
	Note     string
}

type (
	crossRow struct {
		Label string
		Cells []crossCell
		Total string
	}
	crossCell struct {
		Persons, Share, Target, Residual string
		Step                             int
		Off, Empty                       bool
		To, Title                        string
	}
)

func (v *Viewer) cross(w http.ResponseWriter, r *http.Request) {
	base, selected, err := v.open(r, "cross")
	if err != nil {
		v.fail(w, r, err)
		return
	}
	p := &crossPage{page: base, Weighted: v.data.Table.Weights != nil}
	d, s := v.data, p.State
	p.Title = "Cross-tab – " + d.Name
	for _, c := range d.Table.Columns {
		if c.Coded() || c.Numeric() {
			p.Fields = append(p.Fields, column{Field: c.Field.Name, Title: d.titles[c.Field.Name]})
		}
	}
	x, y := d.Table.Column(s.X), d.Table.Column(s.Y)
	for _, chosen := range []struct {
		name string
		c    *store.Column
	}{{s.X, x}, {s.Y, y}} {
		if chosen.name != "" && chosen.c == nil {
			p.Faults = append(p.Faults, fmt.Sprintf("%v.", d.noColumn(cut(chosen.name, 80))))
		}
	}
	switch {
	case x == nil || y == nil:
		p.Note = "Choose two fields."
	default:
		a, b := v.axis(d, x, selected, crossBins), v.axis(d, y, selected, crossBins)
		if a == nil || b == nil {
			p.Note = "One of these fields has another value for each person, so it has no cross-tab."
			break
		}
		p.XTitle, p.YTitle = d.titles[s.X], d.titles[s.Y]
		p.Swap = s.with("/cross", func(c *State) { c.X, c.Y = c.Y, c.X })
		v.fill(p, a, b, selected)
	}
	v.render(w, r, "cross.html.tmpl", p)
}

// fill counts the cells.
func (v *Viewer) fill(p *crossPage, a, b *store.Axis, selected *store.Selection) {
	d, s := v.data, p.State
	counts := d.Table.Cross(a, b, selected)
	total := counts.Total()
	var target []float64
	if s.plain() && s.X != s.Y {
		target = d.targets.of([]*store.Axis{a, b}, s.Terms)
	}
	p.Target = target != nil
	for k := range b.Bins {
		p.Heads = append(p.Heads, b.Bins[k].Label)
	}
	columns := make([]float64, len(b.Bins))
	worst := 0.0
	for i := range a.Bins {
		row := crossRow{Label: a.Bins[i].Label}
		sum := 0.0
		for k := range b.Bins {
			sum += counts.Weight(i*len(b.Bins) + k)
		}
		for k := range b.Bins {
			at := i*len(b.Bins) + k
			n := counts.Weight(at)
			columns[k] += n
			share := n / max(sum, 1e-12)
			cell := crossCell{Persons: report.Persons(n), Share: report.Percent(share), Step: report.ShareStep(share), Empty: n == 0}
			cell.Title = fmt.Sprintf("%s × %s: %s persons, %s of the row", a.Bins[i].Label, b.Bins[k].Label, cell.Persons, cell.Share)
			if target != nil {
				wanted := target[at] * total
				residual := n - wanted
				cell.Target, cell.Residual = report.Persons(round1(wanted)), report.Deviation(residual)
				cell.Off = max(residual, -residual) > max(3, 4*math.Sqrt(wanted))
				cell.Title += fmt.Sprintf("; target %s, residual %s", cell.Target, cell.Residual)
				cell.Empty = cell.Empty && wanted < 0.05
				if m := max(residual, -residual); m > worst {
					worst = m
					p.Worst = fmt.Sprintf("%s × %s: %s persons, target %s", a.Bins[i].Label, b.Bins[k].Label, cell.Persons, cell.Target)
				}
			}
			if len(a.Bins[i].Codes) <= mostRest && len(b.Bins[k].Codes) <= mostRest {
				cell.To = s.with("/", func(n *State) {
					n.X, n.Y = "", ""
					n.Where = append(slices.Clone(n.Where), fieldLabel(s.X)+": "+constraint(a, []int{i}), fieldLabel(s.Y)+": "+constraint(b, []int{k}))
				})
			}
			row.Cells = append(row.Cells, cell)
		}
		row.Total = report.Persons(sum)
		p.Rows = append(p.Rows, row)
	}
	for _, n := range columns {
		p.Totals = append(p.Totals, report.Persons(n))
	}
	p.Sum = report.Persons(total)
}

func round1(x float64) float64 { return math.Round(10*x) / 10 }
