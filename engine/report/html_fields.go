package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/kind"
)

type marginView struct {
	Field          fieldName
	Target         bool
	Published      bool
	PublishedWhere string
	Filtered       bool // the target population is not everyone
	Axis           template.HTML
	Log            bool // dots on a logarithmic axis
	Rows           []valueView
	Rest           *marginView // the folded rows
	Others         *othersView // the values that are not shown, nil if all are
	More           int         // their number, of a field without targets
	Figures        *figures
}

type valueView struct {
	Label                               string
	Null                                bool
	Plot                                template.HTML
	Share, Target, Published, Deviation string
}

// othersView sums the values of a field that are not shown.
type othersView struct {
	Values                   int
	Share, Target, Deviation string
}

type numberView struct {
	Field  fieldName
	Plot   template.HTML
	Values []string
}

type dateView struct {
	Field       fieldName
	N, Min, Max string
	Months      []monthView
}

type monthView struct{ Name, Share string }

// date shows the period of a date field and its dates by month.
func (v *view) date(f *Field) dateView {
	out := dateView{Field: v.name(f), N: humanize.Thousands(f.Dates.N), Min: f.Dates.Min, Max: f.Dates.Max}
	for i, n := range f.Dates.Months {
		out.Months = append(out.Months, monthView{time.Month(i + 1).String()[:3], short4(100 * share(n, f.Dates.N))})
	}
	return out
}

// fields sorts the visible fields into margins with targets, fields with values but
// no targets, numbers and dates.
func (v *view) fields() {
	s := v.Stats
	for i := range s.Fields {
		f := &s.Fields[i]
		switch {
		case f.Hidden || kind.MeaningOf(f.Kind) != kind.Fact || f.Class.Added():
		case s.Places != nil && f.Name == s.Places.Field:
		case f.Records != nil:
			v.Records = append(v.Records, v.records(f))
		case len(f.Values) > 0 && f.Values[0].Target != nil && (f.Type != frame.Integer || len(f.Values) <= mostOpen):
			v.Margins = append(v.Margins, v.margin(f))
		case len(f.Values) > 0 && f.Values[0].Target == nil:
			v.Others = append(v.Others, v.margin(f))
		case f.Dates != nil:
			v.Dates = append(v.Dates, v.date(f))
		case f.Numbers != nil && f.Type != frame.Text && f.Numbers.N > 0:
			v.Numbers = append(v.Numbers, v.number(f))
			if f.Type == frame.Integer && len(f.Values) > 0 && f.Values[0].Target != nil {
				v.profile(f)
			}
		}
	}
}

// margin shows the values of a field as bars.
func (v *view) margin(f *Field) marginView {
	rows := v.Stats.Population.Rows
	out := marginView{Field: v.name(f), Target: f.Values[0].Target != nil, Published: f.Published != "" && f.Values[0].Target != nil, PublishedWhere: f.PublishedWhere, Filtered: v.Stats.Population.Where != ""}
	values := slices.Clone(f.Values)
	if !out.Target {
		slices.SortStableFunc(values, func(x, y Value) int { return cmp.Compare(y.Count, x.Count) })
		values = values[:min(len(values), mostFrequent)]
		out.More = len(f.Values) - len(values)
	} else {
		out.Figures = v.figures(f.Name)
	}
	values = slices.DeleteFunc(values, func(x Value) bool { return x.Count == 0 && (x.Target == nil || *x.Target == 0) })
	if out.Target {
		listed, rest := foldValues(values, rows, mostOfField)
		if rest != nil {
			all := values
			values = nil
			for _, i := range listed {
				values = append(values, all[i])
			}
			out.Others = &othersView{rest.Values, percentOf(rest.Share), percentOf(*rest.Target), deviationOf(*rest.Deviation)}
		}
	}
	null := share(f.none(), float64(rows))
	axis := shareScale(values, null)
	out.Axis, out.Log = shareAxis(axis), axis.log
	for _, x := range values {
		row := valueView{Label: x.Label, Share: percentOf(x.Share), Deviation: countOf(x.Count)}
		title := x.Label + ": " + row.Share
		if x.Target != nil {
			row.Target = percentOf(*x.Target)
			row.Deviation = deviationOf(x.Count - *x.Target*float64(rows))
			title += ", target " + row.Target
		}
		if x.Published != nil {
			row.Published = percentOf(*x.Published)
		}
		row.Plot = shareStrip(title, x.Share, x.Target, axis)
		out.Rows = append(out.Rows, row)
	}
	if f.Nulls > 0 {
		row := valueView{Null: true, Share: percentOf(null), Plot: shareStrip("null: "+percentOf(null), null, nil, axis)}
		if !out.Target {
			row.Deviation = countOf(f.none())
		}
		out.Rows = append(out.Rows, row)
	}
	v.LogShares = v.LogShares || out.Log && out.Target
	if len(out.Rows) > mostOpen+3 {
		rest := out
		rest.Rows, rest.Figures, rest.Published = out.Rows[mostOpen:], nil, false
		out.Others = nil
		out.Rows, out.Rest = out.Rows[:mostOpen], &rest
	}
	return out
}

// profileView shows the values of a field of whole numbers one by one.
type profileView struct {
	Field   fieldName
	Chart   template.HTML
	Figures *figures
}

// profile adds a figure of the values of a field of whole numbers and their targets. Values
// at both ends that nobody has and nobody should have are left out.
func (v *view) profile(f *Field) {
	empty := func(x Value) bool { return x.Count == 0 && *x.Target == 0 }
	values := f.Values
	for len(values) > 0 && empty(values[0]) {
		values = values[1:]
	}
	for len(values) > 0 && empty(values[len(values)-1]) {
		values = values[:len(values)-1]
	}
	if len(values) <= mostOpen || len(values) > mostProfile {
		return
	}
	out := profileView{Field: v.name(f), Figures: v.figures(f.Name)}
	if f.Unit != "" {
		out.Field.Title += ", " + f.Unit
	}
	out.Chart = profileChart(fmt.Sprintf("profile-%d", len(v.Profiles)+1), out.Field.Title, values)
	v.Profiles = append(v.Profiles, out)
}

// number shows the distribution of a number field.
func (v *view) number(f *Field) numberView {
	n := f.Numbers
	out := numberView{Field: v.name(f), Values: []string{humanize.Thousands(n.N)}}
	if f.Unit != "" {
		out.Field.Title += ", " + f.Unit
	}
	for _, x := range []float64{n.Mean, n.SD, n.Min, n.P10, n.P50, n.P90, n.Max} {
		out.Values = append(out.Values, short4(x))
	}
	scale := scale{low: n.Min, high: n.Max}
	if n.Min == n.Max {
		scale.low, scale.high = n.Min-1, n.Max+1
	}
	title := fmt.Sprintf("%s: from %s to %s, median %s", cmp.Or(f.Title, f.Name), short4(n.Min), short4(n.Max), short4(n.P50))
	out.Plot = rangeStrip(title, spread{min: n.Min, p10: n.P10, p50: n.P50, p90: n.P90, max: n.Max}, scale, 0)
	return out
}

// short4 formats a number with three significant digits, or as a whole number from
// 100 on.
func short4(x float64) string {
	switch {
	case x == math.Trunc(x) && math.Abs(x) < 1e15, math.Abs(x) >= 1000:
		return strings.ReplaceAll(number(math.Round(x)), "-", minus)
	case math.Abs(x) >= 100:
		return strings.ReplaceAll(strconv.FormatFloat(x, 'f', 0, 64), "-", minus)
	default:
		return strings.ReplaceAll(strconv.FormatFloat(x, 'g', 3, 64), "-", minus)
	}
}
