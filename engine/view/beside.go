package view

import (
	"fmt"
	"html/template"
	"math"
	"net/http"
	"slices"
	"sort"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/report"
	"github.com/personagen/personagen/engine/view/store"
)

// besidePage compares the shares of a field in two data sets.
type besidePage struct {
	page
	Fields []column
	Field  string
	Names  [2]string
	Totals [2]string
	Rows   []besideRow
	Note   string
	TVD    string
}

type besideRow struct {
	Label  string
	Shares [2]string
	Bars   [2]template.HTML
	Points string
}

func (v *Viewer) beside(w http.ResponseWriter, r *http.Request) {
	p := &besidePage{page: page{View: v, Data: v.data, State: v.data.state(r.URL.Query()), Here: "beside", Title: "Side by side – " + v.data.Name, Total: humanize.Thousands(int64(v.data.Table.Rows))}}
	p.Faults = p.State.faults
	if v.other == nil {
		p.Note = "Start personagen view with --beside and a second release or data file to compare their fields."
		v.render(w, r, "beside.html.tmpl", p)
		return
	}
	other := v.other.state(r.URL.Query())
	p.Faults = append(p.Faults, prefixed(v.other.Name, other.faults)...)
	p.Names = [2]string{v.data.Name, v.other.Name}
	if p.Names[0] == p.Names[1] {
		p.Names = [2]string{p.Names[0] + " (first)", p.Names[1] + " (second)"}
	}
	for _, c := range v.data.Table.Columns {
		if o := v.other.Table.Column(c.Field.Name); o != nil && (c.Coded() || c.Numeric()) && (o.Coded() || o.Numeric()) {
			p.Fields = append(p.Fields, column{Field: c.Field.Name, Title: v.data.titles[c.Field.Name]})
		}
	}
	p.Field = r.URL.Query().Get("field")
	if p.Field == "" && len(p.Fields) > 0 {
		p.Field = p.Fields[0].Field
	}
	a, b := v.data.Table.Column(p.Field), v.other.Table.Column(p.Field)
	if a == nil || b == nil {
		p.Note = "Both data sets have no field in common under this name."
		v.render(w, r, "beside.html.tmpl", p)
		return
	}
	var shares [2]map[string]float64
	var labels []string
	for i, d := range []*Data{v.data, v.other} {
		s := []*State{p.State, other}[i]
		selected, err := v.selection(r.Context(), d, s, "")
		if err != nil {
			v.fail(w, r, err)
			return
		}
		p.Totals[i] = humanize.Thousands(int64(selected.Len()))
		shares[i] = v.sharesOf(d, d.Table.Column(p.Field), selected, a)
		for label := range shares[i] {
			if !slices.Contains(labels, label) {
				labels = append(labels, label)
			}
		}
	}
	p.compare(labels, shares, a)
	v.render(w, r, "beside.html.tmpl", p)
}

func prefixed(name string, texts []string) (out []string) {
	for _, t := range texts {
		out = append(out, name+": "+t)
	}
	return out
}

// besideRows is the number of values that are compared.
const besideRows = 200

// compare lists the shares of all labels of two data sets.
func (p *besidePage) compare(labels []string, shares [2]map[string]float64, first *store.Column) {
	order := map[string]int{}
	if first.Coded() {
		for code := range first.Values() {
			order[first.Label(code)] = code
		}
	}
	at := func(label string) int {
		if k, ok := order[label]; ok {
			return k
		}
		return len(order)
	}
	sort.Strings(labels)
	sort.SliceStable(labels, func(i, j int) bool { return at(labels[i]) < at(labels[j]) })
	full, distance := 0.0, 0.0
	for _, l := range labels {
		full = max(full, shares[0][l], shares[1][l])
		distance += math.Abs(shares[0][l]-shares[1][l]) / 2
	}
	p.TVD = report.Percent(distance)
	if len(labels) > besideRows {
		p.Note = fmt.Sprintf("The field has %d values; the first %d are shown.", len(labels), besideRows)
		labels = labels[:besideRows]
	}
	for _, l := range labels {
		x := besideRow{Label: l, Points: fmt.Sprintf("%+.2f", 100*(shares[1][l]-shares[0][l]))}
		for i := range 2 {
			other := shares[1-i][l]
			x.Shares[i] = report.Percent(shares[i][l])
			x.Bars[i] = report.ShareBar(p.Names[i]+", "+l+": "+x.Shares[i], shares[i][l], &other, full)
		}
		p.Rows = append(p.Rows, x)
	}
}

// sharesOf returns the shares of the values of a column among the selected rows, by weight
// and by label. Values of many sizes are divided at the same places as those of the first
// data set.
func (v *Viewer) sharesOf(d *Data, c *store.Column, selected *store.Selection, first *store.Column) map[string]float64 {
	sums, total := map[string]float64{}, 0.0
	add := func(label string, weight float64) { sums[label], total = sums[label]+weight, total+weight }
	if c.Numeric() && first.Numeric() && (!first.Coded() || first.Values() > crossBins || !c.Coded()) {
		a := v.axis(v.data, first, v.data.Table.All(), crossBins)
		for i := range selected.Len() {
			row, weight := selected.At(i), 1.0
			if d.Table.Weights != nil {
				weight = d.Table.Weights[row]
			}
			x, ok := c.Number(row)
			switch bin := a.BinOf(x); {
			case !ok:
				add("null", weight)
			case bin < 0:
				add("less", weight)
			default:
				add(a.Bins[bin].Label, weight)
			}
		}
	} else if c.Coded() {
		counts := d.Table.Count(c, selected)
		for code := range c.Slots() {
			if counts.Rows[code] > 0 {
				add(c.Label(code), counts.Weight(code))
			}
		}
	}
	for label := range sums {
		sums[label] /= max(total, 1e-12)
	}
	return sums
}
