package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"

	"github.com/personagen/personagen/engine/humanize"
)

type pyramidView struct {
	Lang, Age string
	Sexes     []string
	Chart     template.HTML
	Rows      []pyramidRowView
	Figures   *figures
}

type pyramidRowView struct {
	Band  string
	Cells []comparison
}

// comparison is a count with its target, formatted.
type comparison struct{ Observed, Target, Deviation string }

func (v *view) pyramid() {
	p := v.Stats.Pyramid
	if p == nil {
		return
	}
	named := *p
	named.Age = v.titleOf(p.Age)
	out := &pyramidView{Lang: v.Lang, Age: named.Age, Sexes: p.Sexes, Chart: pyramidChart(&named, v.Stats.Population.Rows), Figures: v.figures(p.Age, p.Sex)}
	for i, band := range p.Bands {
		row := pyramidRowView{Band: band}
		for k := range p.Sexes {
			row.Cells = append(row.Cells, comparison{countOf(p.Observed[i][k]), tenth(p.Target[i][k]), deviationOf(p.Observed[i][k] - p.Target[i][k])})
		}
		out.Rows = append(out.Rows, row)
	}
	v.Pyramid = out
}

// figures are the tables that a chart is based on: up to namedFigures by name,
// more of them counted by status.
type figures struct {
	Count   int
	Named   []Published
	Counted []statusCount
}

type statusCount struct {
	Status string
	Count  int
}

// namedFigures is the largest number of tables that are named.
const namedFigures = 3

// figures returns the tables that cover all of the given fields, or related ones.
// It returns nil if there are none.
func (v *view) figures(fields ...string) *figures {
	out := &figures{}
	counts := map[string]int{}
next:
	for _, t := range v.Stats.Published {
		for _, f := range fields {
			if !slices.ContainsFunc(t.Fields, func(x string) bool { return v.related(x, f) }) {
				continue next
			}
		}
		out.Count++
		out.Named = append(out.Named, t)
		counts[cmp.Or(t.Status, "no status")]++
	}
	if out.Count == 0 {
		return nil
	}
	if out.Count > namedFigures {
		out.Named = nil
		for _, status := range []string{"official", "secondary", "derived", "modelled", "assumed", "no status"} {
			if counts[status] > 0 {
				out.Counted = append(out.Counted, statusCount{status, counts[status]})
			}
		}
	}
	return out
}

// related reports whether two fields are the same or have a base field in common.
func (v *view) related(a, b string) bool {
	of := v.bases(b)
	return slices.ContainsFunc(v.bases(a), func(x string) bool { return slices.Contains(of, x) })
}

// bases returns the base fields of a group, through groups of groups; for any other
// field, the field itself.
func (v *view) bases(name string) []string {
	f := v.Stats.field(name)
	if f == nil || len(f.Of) == 0 {
		return []string{name}
	}
	var out []string
	for _, base := range f.Of {
		out = append(out, v.bases(base)...)
	}
	return out
}

// placesView is the section on places.
type placesView struct {
	Lang    string
	Field   fieldName
	Region  string
	Count   string
	Folded  bool // not all places are shown
	Log     bool
	Axis    template.HTML
	Most    string
	Areas   []areaView
	Figures *figures
}

// areaView is a region with its places.
type areaView struct {
	Lang                            string
	Label, Share, Target, Deviation string
	Rows                            []placeView
	Rest                            *placeView // the places that are not shown
	Alone                           bool       // its only place has the same name
	share                           float64
}

type placeView struct {
	Label, Share, Target, Deviation string
	Plot, Off                       template.HTML
	target                          float64
}

// mostPlaces is the number of places that are shown, beside the largest of each
// region.
const mostPlaces = 100

const placeTicks = 6

// places shows the field of places as areas with their places, the largest first.
func (v *view) places() {
	s := v.Stats
	if s.Places == nil {
		return
	}
	f := s.field(s.Places.Field)
	axis, most, ok := placeScales(f, float64(s.Population.Rows))
	if !ok {
		return
	}
	out := &placesView{Lang: v.Lang, Field: v.name(f), Log: axis.log, Most: number(most), Figures: v.figures(f.Name)}
	if named := s.field(s.Places.Name); named != nil {
		out.Field = v.name(named)
	}
	out.Axis = axisStrip(axis, placeTicks, func(x float64) string { return number(x) + " %" })
	if s.Places.Region != "" {
		out.Region = v.titleOf(s.Places.Region)
	}
	var count int
	out.Areas, count = v.areas(f, axis, most)
	out.Count = humanize.Count(count, "place", "places")
	for i := range out.Areas {
		a := &out.Areas[i]
		out.Folded = out.Folded || a.Rest != nil
		if len(a.Rows) == 1 && a.Rest == nil && a.Rows[0].Label == a.Label {
			a.Label, a.Alone = "", true
		}
	}
	v.Places = out
}

// placeScales returns the scale of the shares, in percent, and the largest
// deviation, rounded up. ok is false if no value has a positive target.
func placeScales(f *Field, rows float64) (axis scale, most float64, ok bool) {
	low, high, most := math.Inf(1), 0.0, 0.5
	for _, x := range f.Values {
		if t := *x.Target; t > 0 {
			low, high = min(low, t), max(high, t, x.Share)
			if x.Count > 0 {
				low = min(low, x.Share)
			}
		}
		most = max(most, math.Abs(x.Count-*x.Target*rows))
	}
	if high == 0 {
		return scale{}, 0, false
	}
	axis = newScale(100*low, 100*high)
	if !axis.log {
		axis.low = 0
	}
	return axis, roundStep(most), true
}

// areas groups the values of a field of places by region, and counts the places.
// Areas and their places are in descending order of their targets. Of many places, the
// largest and those that deviate most are shown, the largest of each area, and the sums
// over the others in the area.
func (v *view) areas(f *Field, axis scale, most float64) (out []areaView, count int) {
	places, rows := v.Stats.Places, v.Stats.Population.Rows
	shown := map[int]bool{}
	listed, _ := foldValues(f.Values, rows, mostPlaces)
	for _, i := range listed {
		shown[i] = true
	}
	for _, i := range largestBy(f.Values, places.regions) {
		shown[i] = true
	}
	index := map[string]int{}
	rests := map[int]*Rest{}
	for i := range f.Values {
		x := &f.Values[i]
		if *x.Target == 0 && x.Count == 0 {
			continue
		}
		label := ""
		if places.regions != nil {
			label = places.regions[i]
		}
		k, ok := index[label]
		if !ok {
			k = len(out)
			index[label] = k
			out = append(out, areaView{Lang: v.Lang, Label: label})
		}
		count++
		out[k].share += *x.Target
		if !shown[i] {
			if rests[k] == nil {
				rests[k] = &Rest{}
			}
			rests[k].add(x, rows)
			continue
		}
		name := x.Label
		if places.names != nil {
			name = cmp.Or(places.names[i], name)
		}
		deviation := deviationIn(x, rows)
		out[k].Rows = append(out[k].Rows, placeView{
			Label: name, Share: percentOf(x.Share), Target: percentOf(*x.Target), Deviation: deviationOf(deviation), target: *x.Target,
			Plot: dotStrip(fmt.Sprintf("%s: %s, target %s", name, percentOf(x.Share), percentOf(*x.Target)), 100*x.Share, 100**x.Target, axis, placeTicks),
			Off:  deviationStrip(fmt.Sprintf("%s: %s persons", name, deviationOf(deviation)), deviation, most),
		})
	}
	for k, r := range rests {
		out[k].Rest = &placeView{
			Label: humanize.Count(r.Values, "more place", "more places"), Share: percentOf(r.Share), Target: percentOf(*r.Target), Deviation: deviationOf(*r.Deviation),
		}
	}
	if region := v.Stats.field(places.Region); region != nil {
		for _, x := range region.Values {
			if k, ok := index[x.Label]; ok && x.Target != nil {
				out[k].Share, out[k].Target = percentOf(x.Share), percentOf(*x.Target)
				out[k].Deviation = deviationOf(deviationIn(&x, rows))
			}
		}
	}
	slices.SortStableFunc(out, func(x, y areaView) int { return cmp.Compare(y.share, x.share) })
	for _, a := range out {
		slices.SortStableFunc(a.Rows, func(x, y placeView) int { return cmp.Compare(y.target, x.target) })
	}
	return out, count
}

// largestBy returns the value with the largest target of each region.
func largestBy(values []Value, regions []string) (largest []int) {
	at := map[string]int{}
	for i, region := range regions {
		if k, ok := at[region]; !ok {
			at[region] = len(largest)
			largest = append(largest, i)
		} else if *values[i].Target > *values[largest[k]].Target {
			largest[k] = i
		}
	}
	return largest
}
