package report

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
)

// Page is what report.html shows: the statistics, and beside them what only the
// run knows.
type Page struct {
	Stats   *Stats
	Gallery []Persona
	Writing *Writing // nil when no model was asked
	Files   []File
	// Stages are the run's, in order, and Workers how many it had (0 when not
	// known). They fill the one section of the page, id "timings", that differs
	// between two runs of the same plan; without stages there is none.
	Stages  []Stage
	Workers int
}

// Writing is what a model was asked in the run that finished a release. Cost is
// in the currency of the price table.
type Writing struct {
	Provider, Model                     string
	Calls                               int64
	Prompt, Completion, Cached, Thought int64 // tokens
	Cost                                float64
	Quarantined                         int64 // texts that were set aside
}

// File is a file of the release.
type File struct {
	Name, Format string // Format "parquet", "jsonl", "csv"; empty for papers
	Bytes, Rows  int64  // Rows is 0 for papers
	SHA256       string
}

// Stage is how long a part of the run took.
type Stage struct {
	Name string
	Took time.Duration
}

//go:embed report.html.tmpl report.css
var pageFiles embed.FS

var pageTemplate = template.Must(template.New("report.html.tmpl").
	Funcs(template.FuncMap{"deviation": deviationOf}).
	ParseFS(pageFiles, "report.html.tmpl"))

// mostAttention is how many failures, warnings and notes the summary shows.
const mostAttention = 12

// mostOpen is how many values of a field are shown before the rest is folded.
const mostOpen = 16

// Limits of the maps shown where the spec names no joints.
const (
	mostMaps     = 6
	mostMapCells = 200
)

// HTML writes the page: one file without scripts that asks for nothing from
// outside. The error is the writer's.
func (p *Page) HTML(w io.Writer) error {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p.view()); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// view is the page in the words of its template.
type view struct {
	*Page
	Title, Lang string
	CSS         template.CSS
	Nav         []link

	Status, Sign, Verdict, VerdictNote, Explain string
	Tiles                                       []tile
	Attention                                   []check.Outcome
	AttentionMore                               int
	GoalsMet                                    int

	Pyramid    *pyramidView
	Places     *placesView
	Margins    []marginView
	Numbers    []numberView
	Others     []marginView
	Maps       []mapView
	MapsIntro  string
	Legend     template.HTML
	Deviations []deviationView
	Texts      *textsView
	Cards      []card
	Dagger     bool

	Published   []publishedView
	Uncertain   []Uncertain
	Independent []independentView

	ChecksIntro string
	CheckHead   []string
	CheckKinds  []kindView
	Made        []labelled
	Files       []fileView
	Stages      []stageView
	Workers     string
}

type (
	link     struct{ ID, Title string }
	tile     struct{ Label, Value, Note string }
	labelled struct {
		Label, Value string
	}
	// heading names a field: its title, in the plan's language, and its name.
	fieldName struct {
		Lang, Title, Name, Status, Note string
	}
	publishedView struct {
		Published
		Moved, Missed string
	}
	independentView struct {
		First, Second string
		Given         []string
		P             string
	}
	kindView struct {
		Name   string
		Counts []int
	}
	fileView  struct{ Name, Rows, Size string }
	stageView struct {
		Name    string
		Plot    template.HTML
		Seconds string
	}
)

func (p *Page) view() *view {
	s := p.Stats
	css, _ := pageFiles.ReadFile("report.css")
	v := &view{Page: p, Title: cmp.Or(s.Population.Title, s.Population.Name), Lang: s.Population.Language, CSS: template.CSS(css)}
	v.summary()
	v.pyramid()
	v.places()
	v.fields()
	v.joints()
	v.texts()
	v.gallery()
	v.origins()
	v.checks()
	v.made()
	for _, x := range []struct {
		shown     bool
		id, title string
	}{
		{true, "summary", "Summary"},
		{v.Pyramid != nil, "pyramid", "Age and sex"},
		{v.Places != nil, "places", "Places"},
		{v.Margins != nil || v.Numbers != nil || v.Others != nil, "margins", "Fields one by one"},
		{v.Maps != nil || v.Deviations != nil, "joints", "Fields together"},
		{v.Texts != nil, "texts", "Texts"},
		{v.Cards != nil, "gallery", "Persons"},
		{true, "sources", "Sources"},
		{true, "checks", "Checks"},
		{true, "made", "How it was made"},
		{v.Stages != nil, "timings", "Timings"},
	} {
		if x.shown {
			v.Nav = append(v.Nav, link{x.id, x.title})
		}
	}
	return v
}

// field returns the named field, or nil.
func (s *Stats) field(name string) *Field {
	k := slices.IndexFunc(s.Fields, func(f Field) bool { return f.Name == name })
	if k < 0 {
		return nil
	}
	return &s.Fields[k]
}

func (v *view) name(f *Field) fieldName {
	return fieldName{v.Lang, cmp.Or(f.Title, f.Name), f.Name, f.Status, f.Note}
}

// titleOf is what a field is called, by its name.
func (v *view) titleOf(name string) string {
	if f := v.Stats.field(name); f != nil {
		return cmp.Or(f.Title, f.Name)
	}
	return name
}

// ---------------------------------------------------------------- summary

func (v *view) summary() {
	s, pop := v.Stats, &v.Stats.Population
	c := s.Checks.Counts
	held := len(s.Checks.Outcomes) - c[check.Skip]
	switch {
	case c[check.Fail] > 0:
		v.Status, v.Sign = check.Fail, "✕"
		v.Verdict = fmt.Sprintf("Failed: %d of %s", c[check.Fail], count(held, "check does not hold", "checks do not hold"))
	case c[check.Warn] > 0:
		v.Status, v.Sign = check.Warn, "!"
		v.Verdict = fmt.Sprintf("Passed, with %s", count(c[check.Warn], "warning", "warnings"))
	default:
		v.Status, v.Sign = check.Pass, "✓"
		v.Verdict = fmt.Sprintf("Passed: all %s", count(held, "check holds", "checks hold"))
	}
	v.VerdictNote = fmt.Sprintf("%d passed, %d notes, %d warnings, %d failed, %d skipped.", c[check.Pass], c[check.Note], c[check.Warn], c[check.Fail], c[check.Skip])
	for _, status := range []string{check.Fail, check.Warn, check.Note} {
		for _, o := range s.Checks.Outcomes {
			if o.Status == status {
				v.Attention = append(v.Attention, o)
			}
		}
	}
	v.AttentionMore = max(0, len(v.Attention)-mostAttention)
	v.Attention = v.Attention[:len(v.Attention)-v.AttentionMore]
	for _, g := range s.Goals {
		if g.Met {
			v.GoalsMet++
		}
	}
	if n := len(s.Goals); n > 0 {
		v.VerdictNote += fmt.Sprintf(" Of the goals that the specification sets, %d of %d are met.", v.GoalsMet, n)
	}
	if pop.Sampling == check.Quota {
		v.Explain = "Quota sampling meets its targets by construction: p-values lie near 1 and are indices of conformity; the deviation in persons is what counts."
	}

	who := fmt.Sprintf("%s sampling, seed %d", pop.Sampling, pop.Seed)
	if pop.Rows < pop.Size {
		who = fmt.Sprintf("numbers %s to %s of %s; ", thousands(pop.First+1), thousands(pop.First+pop.Rows), thousands(pop.Size)) + who
	}
	if pop.Where != "" {
		who += "; those with " + pop.Where
		if pop.Wanted > 0 {
			who += fmt.Sprintf(", %s of everyone", percentOf(pop.Wanted))
		}
	}
	v.Tiles = append(v.Tiles, tile{"Persons", thousands(pop.Rows), who})
	v.largest("margin", "Margins within", "margins")
	v.largest("joint", "Joints within", "joints that the spec names")
	v.writers()
	if n := len(s.Published); n > 0 {
		official := 0
		for _, t := range s.Published {
			if t.Status == "official" {
				official++
			}
		}
		v.Tiles = append(v.Tiles, tile{"Tables", strconv.Itoa(n), fmt.Sprintf("%d of them official, the others say what they are; %s", official, count(len(s.Sources), "source", "sources"))})
	}
}

// largest tells how far tables of an origin are off at most.
func (v *view) largest(origin, label, what string) {
	worst, n, where := 0.0, 0, ""
	for _, t := range v.Stats.Tables {
		if t.Origin != origin || t.Numbers == nil {
			continue
		}
		n++
		if x := t.Numbers.Persons; math.Abs(x) > math.Abs(worst) {
			worst, where = x, t.Numbers.PersonsCell
		}
	}
	if n == 0 {
		return
	}
	note := fmt.Sprintf("the largest deviation in %d %s", n, what)
	if where != "" {
		note += ": " + where
	}
	size := strconv.FormatFloat(math.Abs(worst), 'f', 2, 64)
	if math.Abs(worst) >= 100 {
		size = thousands(int64(math.Round(math.Abs(worst))))
	}
	unit := " persons"
	if size == "1.00" {
		unit = " person"
	}
	v.Tiles = append(v.Tiles, tile{label, size + unit, note})
}

// writers tells who wrote the texts and what it cost.
func (v *view) writers() {
	if t := v.Stats.Texts; t != nil && t.Written > 0 {
		value, note := "not known", fmt.Sprintf("of %s texts, nothing says who wrote them", thousands(t.Written))
		if t.Model != nil {
			value, note = percentOf(*t.Model), fmt.Sprintf("of %s texts", thousands(t.Written))
			if *t.Model < 1 {
				note += "; the others are put together from phrase banks and stand in for written ones"
			}
		}
		v.Tiles = append(v.Tiles, tile{"Model-written", value, note})
	} else {
		v.Tiles = append(v.Tiles, tile{"Texts", "none", "only structured fields"})
	}
	if w := v.Writing; w != nil {
		v.Tiles = append(v.Tiles, tile{"Cost of texts", money(w.Cost), fmt.Sprintf("%s, %s tokens, of the run that finished this release", count(int(w.Calls), "call", "calls"), thousands(w.Prompt+w.Completion))})
	} else {
		v.Tiles = append(v.Tiles, tile{"Cost of texts", "none", "no model was asked in this run"})
	}
}

func money(x float64) string {
	if x > 0 && x < 0.01 {
		return "<0.01"
	}
	whole, cents := math.Modf(math.Round(x*100) / 100)
	return fmt.Sprintf("%s.%02d", thousands(int64(whole)), int(math.Round(cents*100)))
}

// count writes a number and what it counts.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(int64(n)) + " " + many
}

// ---------------------------------------------------------------- who and where

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

// comparison is a count against its target, written out.
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
			row.Cells = append(row.Cells, comparison{thousands(p.Observed[i][k]), tenth(p.Target[i][k]), deviationOf(float64(p.Observed[i][k]) - p.Target[i][k])})
		}
		out.Rows = append(out.Rows, row)
	}
	v.Pyramid = out
}

// figures are tables that a chart rests on: a few by name, many by status.
type figures struct {
	Count   int
	Named   []Published
	Counted []statusCount
}

type statusCount struct {
	Status string
	Count  int
}

// mostNamed is how many tables are named.
const mostNamed = 3

// figures finds the tables that speak of all of some fields, or of groups or
// base fields of these; nil when there are none.
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
	if out.Count > mostNamed {
		out.Named = nil
		for _, status := range []string{"official", "secondary", "derived", "modelled", "assumed", "no status"} {
			if counts[status] > 0 {
				out.Counted = append(out.Counted, statusCount{status, counts[status]})
			}
		}
	}
	return out
}

// related reports whether two fields are the same or share a base field.
func (v *view) related(a, b string) bool {
	of := v.bases(b)
	return slices.ContainsFunc(v.bases(a), func(x string) bool { return slices.Contains(of, x) })
}

// bases are the fields that a group is made of in the end, the field itself for
// others.
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

type placesView struct {
	Lang    string
	Field   fieldName
	Region  string
	Count   int
	Log     bool
	Axis    template.HTML
	Most    string
	Areas   []areaView
	Figures *figures
}

type areaView struct {
	Lang                            string
	Label, Share, Target, Deviation string
	Rows                            []placeView
	Alone                           bool // its only place has its name
	share                           float64
}

type placeView struct {
	Label, Share, Target, Deviation string
	Plot, Off                       template.HTML
	target                          float64
}

const placeTicks = 6

func (v *view) places() {
	s := v.Stats
	if s.Places == nil {
		return
	}
	f := s.field(s.Places.Field)
	rows := float64(s.Population.Rows)
	low, high, most := math.Inf(1), 0.0, 0.5
	for _, x := range f.Values {
		if t := *x.Target; t > 0 {
			low, high = min(low, t), max(high, t, x.Share)
			if x.Count > 0 {
				low = min(low, x.Share)
			}
		}
		most = max(most, math.Abs(float64(x.Count)-*x.Target*rows))
	}
	if high == 0 {
		return
	}
	axis := newScale(100*low, 100*high)
	if !axis.log {
		axis.low = 0
	}
	most = roundStep(most)
	out := &placesView{Lang: v.Lang, Field: v.name(f), Region: "", Log: axis.log, Most: number(most), Figures: v.figures(f.Name)}
	out.Axis = axisStrip(axis, placeTicks, func(x float64) string { return number(x) + " %" })
	if s.Places.Region != "" {
		out.Region = v.titleOf(s.Places.Region)
	}
	at := map[string]int{}
	for i, x := range f.Values {
		if *x.Target == 0 && x.Count == 0 {
			continue
		}
		area := ""
		if s.Places.Of != nil {
			area = s.Places.Of[i]
		}
		k, ok := at[area]
		if !ok {
			k = len(out.Areas)
			at[area] = k
			out.Areas = append(out.Areas, areaView{Lang: v.Lang, Label: area})
		}
		deviation := float64(x.Count) - *x.Target*rows
		out.Count++
		out.Areas[k].share += *x.Target
		out.Areas[k].Rows = append(out.Areas[k].Rows, placeView{
			Label: x.Label, Share: percentOf(x.Share), Target: percentOf(*x.Target), Deviation: deviationOf(deviation), target: *x.Target,
			Plot: dotStrip(fmt.Sprintf("%s: %s, target %s", x.Label, percentOf(x.Share), percentOf(*x.Target)), 100*x.Share, 100**x.Target, axis, placeTicks),
			Off:  deviationStrip(fmt.Sprintf("%s: %s persons", x.Label, deviationOf(deviation)), deviation, most),
		})
	}
	if region := s.field(s.Places.Region); region != nil {
		for i := range out.Areas {
			for _, x := range region.Values {
				if x.Label == out.Areas[i].Label && x.Target != nil {
					out.Areas[i].Share, out.Areas[i].Target = percentOf(x.Share), percentOf(*x.Target)
					out.Areas[i].Deviation = deviationOf(float64(x.Count) - *x.Target*rows)
				}
			}
		}
	}
	for i := range out.Areas {
		if a := &out.Areas[i]; len(a.Rows) == 1 && a.Rows[0].Label == a.Label {
			a.Label, a.Alone = "", true
		}
	}
	slices.SortStableFunc(out.Areas, func(x, y areaView) int { return cmp.Compare(y.share, x.share) })
	for _, a := range out.Areas {
		slices.SortStableFunc(a.Rows, func(x, y placeView) int { return cmp.Compare(y.target, x.target) })
	}
	v.Places = out
}

// ---------------------------------------------------------------- fields

type marginView struct {
	Field          fieldName
	Target         bool
	Published      bool
	PublishedWhere string
	Rows           []valueView
	Rest           *marginView // what is folded
	More           int         // values that are not shown at all
	Figures        *figures
}

type valueView struct {
	Label                       string
	Null                        bool
	Plot                        template.HTML
	Share, Published, Deviation string
}

type numberView struct {
	Field  fieldName
	Plot   template.HTML
	Values []string
}

func (v *view) fields() {
	s := v.Stats
	for i := range s.Fields {
		f := &s.Fields[i]
		switch {
		case f.Hidden || f.Kind == "constant" || f.Kind == "id" || f.Class == kind.Written:
		case s.Places != nil && f.Name == s.Places.Field:
		case len(f.Values) > 0 && f.Values[0].Target != nil && (f.Type != frame.Integer || len(f.Values) <= mostOpen):
			v.Margins = append(v.Margins, v.margin(f))
		case len(f.Values) > 0 && f.Values[0].Target == nil:
			v.Others = append(v.Others, v.margin(f))
		case f.Numbers != nil && f.Type != frame.Text && f.Numbers.N > 0:
			v.Numbers = append(v.Numbers, v.number(f))
		}
	}
}

func (v *view) margin(f *Field) marginView {
	rows := v.Stats.Population.Rows
	out := marginView{Field: v.name(f), Target: f.Values[0].Target != nil, Published: f.Published != "" && f.Values[0].Target != nil, PublishedWhere: f.PublishedWhere}
	values := slices.Clone(f.Values)
	if !out.Target {
		slices.SortStableFunc(values, func(x, y Value) int { return cmp.Compare(y.Count, x.Count) })
		values = values[:min(len(values), mostFrequent)]
		out.More = len(f.Values) - len(values)
	} else {
		out.Figures = v.figures(f.Name)
	}
	values = slices.DeleteFunc(values, func(x Value) bool { return x.Count == 0 && (x.Target == nil || *x.Target == 0) })
	null := share(f.Nulls, rows)
	full := null
	for _, x := range values {
		full = max(full, x.Share)
		if x.Target != nil {
			full = max(full, *x.Target)
		}
	}
	for _, x := range values {
		row := valueView{Label: x.Label, Share: percentOf(x.Share), Deviation: thousands(x.Count)}
		title := x.Label + ": " + row.Share
		if x.Target != nil {
			row.Deviation = deviationOf(float64(x.Count) - *x.Target*float64(rows))
			title += ", target " + percentOf(*x.Target)
		}
		if x.Published != nil {
			row.Published = percentOf(*x.Published)
		}
		row.Plot = barStrip(title, x.Share, x.Target, full)
		out.Rows = append(out.Rows, row)
	}
	if f.Nulls > 0 {
		row := valueView{Null: true, Share: percentOf(null), Plot: barStrip("none: "+percentOf(null), null, nil, full)}
		if !out.Target {
			row.Deviation = thousands(f.Nulls)
		}
		out.Rows = append(out.Rows, row)
	}
	if len(out.Rows) > mostOpen+3 {
		rest := out
		rest.Rows, rest.Figures, rest.Published = out.Rows[mostOpen:], nil, false
		out.Rows, out.Rest = out.Rows[:mostOpen], &rest
	}
	return out
}

func (v *view) number(f *Field) numberView {
	n := f.Numbers
	out := numberView{Field: v.name(f), Values: []string{thousands(n.N)}}
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
	out.Plot = rangeStrip(title, span{min: n.Min, p10: n.P10, p50: n.P50, p90: n.P90, max: n.Max}, scale, 0)
	return out
}

// short4 writes a number with as many digits as help.
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

// ---------------------------------------------------------------- joints

type mapView struct {
	Title, Of, Largest, Status string
	Chart                      template.HTML
	Heat                       *heat
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

func (v *view) joints() {
	s := v.Stats
	v.MapsIntro = "The joints that the spec names."
	for _, t := range s.Tables {
		if t.Origin == "joint" && len(t.Fields) == 2 && t.Omitted == 0 {
			v.heatMap(&t)
		}
	}
	if v.Maps == nil {
		v.MapsIntro = "The spec names no joints; these are its tables over two fields."
		for _, t := range s.Tables {
			if t.Within == "" && t.Origin != "margin" && len(t.Fields) == 2 && t.Omitted == 0 && len(t.Target) <= mostMapCells && len(v.Maps) < mostMaps {
				v.heatMap(&t)
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
		row := deviationView{Name: t.Name, Within: t.Within, Where: n.PersonsCell, Persons: deviationOf(n.Persons), Ratio: fmt.Sprintf("%.2f", n.SRMSERatio), Status: t.Status, Cells: n.Cells}
		if len(t.Fields) == 2 {
			row.V = fmt.Sprintf("%.3f / %.3f", n.Cramer, n.CramerTarget)
		}
		if t.Test != nil {
			row.P = short4(t.Test.P)
		}
		v.Deviations = append(v.Deviations, row)
	}
}

// heatMap adds the map of a table over two fields. The field with the shorter
// labels goes across; shares are within the values of the first.
func (v *view) heatMap(t *Table) {
	h := layHeat(t)
	if len(h.RowLabels) == 0 || len(h.ColumnLabels) == 0 {
		return
	}
	h.ID = fmt.Sprintf("map-%d", len(v.Maps)+1)
	h.Title = v.titleOf(t.Fields[0]) + " × " + v.titleOf(t.Fields[1])
	h.Rows, h.Columns = v.titleOf(h.Rows), v.titleOf(h.Columns)
	out := mapView{Title: h.Title, Of: h.of(), Chart: h.chart(), Heat: h, Status: t.Status, Figures: v.figures(t.Fields...), Largest: "not known"}
	if t.Numbers != nil {
		out.Largest = deviationOf(t.Numbers.Persons) + " persons"
	}
	for i, l := range h.RowLabels {
		row := mapRow{Label: l}
		for k := range h.ColumnLabels {
			row.Cells = append(row.Cells, fmt.Sprintf("%s (%s)", thousands(h.Observed[i][k]), deviationOf(float64(h.Observed[i][k])-h.Target[i][k])))
		}
		out.Rows = append(out.Rows, row)
	}
	v.Maps = append(v.Maps, out)
}

// layHeat lays a table out without the values that nobody has or should have.
func layHeat(t *Table) *heat {
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
	h := &heat{Rows: t.Fields[0], Columns: t.Fields[1]}
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
		var observed []int64
		var target []float64
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

// ---------------------------------------------------------------- texts

type textsView struct {
	Lang, Headline, Compared string
	Parts                    []partView
	Axis                     template.HTML
	References               []referenceView
	Lengths                  []lengthView
	Broken                   []brokenView
	Alike                    []alikeView
}

type (
	partView struct {
		Name, Texts, Share string
		Plot               template.HTML
	}
	referenceView struct {
		Title, Origin string
		Colour        int
	}
	lengthView struct {
		Field                        fieldName
		What                         string
		Plot                         template.HTML
		Mean, P10, P50, P90, Missing string
		References                   []string
	}
	brokenView struct{ Field, Demand, Texts, Share string }
	alikeView  struct {
		Field  fieldName
		Values []string
		Phrase string
	}
)

const lengthTicks = 7

func (v *view) texts() {
	t := v.Stats.Texts
	if t == nil || t.Written == 0 {
		return
	}
	out := &textsView{Lang: v.Lang, Headline: upper(t.Headline), Parts: writerParts(t)}
	for i, r := range v.Stats.References {
		out.References = append(out.References, referenceView{r.Title, r.Origin, i % 3})
	}
	low, high := math.Inf(1), 0.0
	for _, f := range t.Fields {
		for _, n := range []*check.Summary{f.Chars, f.Items} {
			if n != nil && n.N > 0 {
				low, high = min(low, max(1, n.Min)), max(high, n.Max)
			}
		}
		if x := v.Stats.field(f.Field); x != nil && x.Chars != nil {
			low, high = min(low, float64(max(1, x.Chars.Min))), max(high, float64(x.Chars.Max))
		}
		for _, r := range v.Stats.References {
			if x := r.Lengths[f.Field]; x > 0 {
				low, high = min(low, x), max(high, x)
			}
		}
	}
	axis := scale{low * 0.9, high * 1.1, true}
	out.Axis = axisStrip(axis, lengthTicks, func(x float64) string { return short4(x) })
	for _, f := range t.Fields {
		field := v.Stats.field(f.Field)
		if field == nil {
			continue
		}
		if f.Chars != nil {
			var refs []float64
			for _, r := range v.Stats.References {
				refs = append(refs, r.Lengths[f.Field])
			}
			row := v.length(field, f.Chars, field.Chars, refs, axis)
			row.Missing = thousands(f.Missing)
			if f.Items != nil {
				row.What = "each item"
			}
			out.Lengths = append(out.Lengths, row)
		}
		if f.Items != nil {
			var refs []float64
			for _, r := range v.Stats.References {
				refs = append(refs, r.Items[f.Field])
			}
			row := v.length(field, f.Items, field.Items, refs, axis)
			row.What = "items"
			out.Lengths = append(out.Lengths, row)
		}
	}
	for _, f := range t.Fields {
		for _, b := range f.Broken {
			out.Broken = append(out.Broken, brokenView{f.Field, strings.TrimSpace(b.Demand + " " + b.Name), thousands(b.Texts), percentOf(share(b.Texts, f.Written))})
		}
	}
	compared := int64(0)
	for _, f := range t.Fields {
		a, field := f.Alike, v.Stats.field(f.Field)
		if a == nil || field == nil {
			continue
		}
		compared = max(compared, a.Texts)
		row := alikeView{Field: v.name(field), Values: []string{thousands(a.Near), percentOf(a.Openings.Repeated), fmt.Sprintf("%.1f of %.1f", a.Openings.Entropy, a.Openings.Most)}, Phrase: "none"}
		for _, d := range a.Words.Distinct {
			row.Values = append(row.Values, fmt.Sprintf("%.3f", d))
		}
		if w := a.Words; w.Phrase > 0 {
			row.Phrase = fmt.Sprintf("%d words, %s of a text, in %s texts", w.Phrase, percentOf(w.PhraseShare), thousands(w.PhraseTexts))
		}
		out.Alike = append(out.Alike, row)
	}
	out.Compared = thousands(compared)
	v.Texts = out
}

// length shows the lengths of a field, or the items of a list.
func (v *view) length(field *Field, n *check.Summary, allowed *kind.Length, refs []float64, axis scale) lengthView {
	x := span{min: max(1, n.Min), p10: max(1, n.P10), p50: max(1, n.P50), p90: max(1, n.P90), max: max(1, n.Max)}
	if allowed != nil {
		x.low, x.high = float64(max(1, allowed.Min)), float64(allowed.Max)
	}
	out := lengthView{Field: v.name(field), Mean: short4(math.Round(n.Mean*10) / 10), P10: short4(n.P10), P50: short4(n.P50), P90: short4(n.P90)}
	title := fmt.Sprintf("%s: mean %s, from %s to %s", cmp.Or(field.Title, field.Name), out.Mean, short4(n.Min), short4(n.Max))
	for i, r := range refs {
		text := ""
		if r > 0 {
			text = short4(r)
			x.references = append(x.references, r)
			title += fmt.Sprintf(", %s in %s", text, v.Stats.References[i].Title)
		}
		out.References = append(out.References, text)
	}
	out.Plot = rangeStrip(title, x, axis, lengthTicks)
	return out
}

// writerParts adds the texts of all fields up by who wrote them.
func writerParts(t *Texts) []partView {
	var names []string
	texts, all := map[string]int64{}, int64(0)
	for _, f := range t.Fields {
		for _, x := range f.Sources {
			if _, ok := texts[x.Name]; !ok {
				names = append(names, x.Name)
			}
			texts[x.Name] += x.Texts
			all += x.Texts
		}
	}
	slices.SortStableFunc(names, func(x, y string) int { return cmp.Compare(texts[y], texts[x]) })
	var out []partView
	for _, name := range names {
		x := share(texts[name], all)
		out = append(out, partView{name, thousands(texts[name]), percentOf(x), barStrip(name+": "+percentOf(x), x, nil, 1)})
	}
	return out
}

func upper(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// ---------------------------------------------------------------- gallery

type card struct {
	Lang, Number, Name, Who string
	Lead                    []string
	Facts, More             []factView
	Texts                   []textView
	Foot                    []string
}

type (
	factView struct {
		Lang, Label, Value string
		Dagger             bool
	}
	textView struct {
		Title, Text string
		Items       []string
		Null        bool
	}
)

// leadTexts is how many of the shortest texts of a person are shown at once.
const leadTexts = 2

func (v *view) gallery() {
	lead := v.leads()
	for _, p := range v.Gallery {
		v.Cards = append(v.Cards, v.card(&p, lead))
	}
}

// leads are the text fields that are meant to be the shortest.
func (v *view) leads() []string {
	var texts []*Field
	for i := range v.Stats.Fields {
		if f := &v.Stats.Fields[i]; f.Class == kind.Written && f.Type == frame.Text && f.Chars != nil && !f.Hidden {
			texts = append(texts, f)
		}
	}
	slices.SortStableFunc(texts, func(x, y *Field) int { return cmp.Compare(x.Chars.Max, y.Chars.Max) })
	var out []string
	for _, f := range texts[:min(len(texts), leadTexts)] {
		out = append(out, f.Name)
	}
	return out
}

func (v *view) card(p *Persona, lead []string) card {
	roles := v.Stats.Roles
	out := card{Lang: v.Lang, Number: thousands(p.Number + 1)}
	facts := map[string]*Fact{}
	for i := range p.Facts {
		facts[p.Facts[i].Field] = &p.Facts[i]
	}
	role := func(name string) string {
		if f := facts[roles[name]]; f != nil {
			return f.Text
		}
		return ""
	}
	out.Name = cmp.Or(role("name"), strings.TrimSpace(role("given_name")+" "+role("surname")))
	var who, headed []string
	for _, name := range []string{"sex", "age", "marital", "occupation", "place"} {
		if text := role(name); text != "" {
			if f := v.Stats.field(roles[name]); name == "age" && f != nil && f.Unit != "" {
				text += " " + f.Unit
			}
			who, headed = append(who, text), append(headed, roles[name])
		}
	}
	out.Who = strings.Join(who, " · ")
	for _, name := range lead {
		if f := facts[name]; f != nil && !f.Null {
			out.Lead = append(out.Lead, f.Text)
		}
	}
	for i := range p.Facts {
		fact := &p.Facts[i]
		f := v.Stats.field(fact.Field)
		switch {
		case f == nil || f.Kind == "constant":
		case f.Kind == "id" || f.Kind == "text_source":
			if !fact.Null {
				out.Foot = append(out.Foot, fact.Text)
			}
		case f.Class == kind.Written:
			if !slices.Contains(lead, f.Name) || fact.Null {
				out.Texts = append(out.Texts, textView{cmp.Or(f.Title, f.Name), fact.Text, fact.Items, fact.Null || fact.Text == "" && len(fact.Items) == 0})
			}
		case fact.Null:
		default:
			x := factView{Lang: v.Lang, Label: cmp.Or(f.Title, f.Name), Value: fact.Text, Dagger: f.Status == "assumed" || f.Status == "modelled"}
			if fact.Items != nil {
				x.Value = strings.Join(fact.Items, ", ")
			}
			if f.Unit != "" {
				x.Value += " " + f.Unit
			}
			v.Dagger = v.Dagger || x.Dagger
			if f.Values != nil && f.Values[0].Target != nil && len(f.Of) == 0 && !slices.Contains(headed, f.Name) {
				out.Facts = append(out.Facts, x)
			} else {
				out.More = append(out.More, x)
			}
		}
	}
	if out.Name == "" {
		out.Name = "Person " + out.Number
		out.Lang = "en"
	}
	return out
}

// ---------------------------------------------------------------- origins, checks, making

func (v *view) origins() {
	s := v.Stats
	for _, t := range s.Published {
		v.Published = append(v.Published, publishedView{t, deviationOf(t.MovedPersons), deviationOf(t.MissedPersons)})
	}
	for _, status := range []string{"assumed", "modelled", "derived", "secondary"} {
		for _, u := range s.Uncertain {
			if u.Status == status {
				v.Uncertain = append(v.Uncertain, u)
			}
		}
	}
	tests := map[string]*check.Test{}
	for i := range s.Checks.Outcomes {
		if o := &s.Checks.Outcomes[i]; o.Kind == check.KindIndependent {
			tests[o.ID] = o.Test
		}
	}
	for _, pair := range s.Independent {
		x := independentView{First: pair.Fields[0], Second: pair.Fields[1], Given: pair.Given}
		if t := tests["independent."+pair.Fields[0]+"."+pair.Fields[1]]; t != nil {
			x.P = short4(t.P)
		}
		v.Independent = append(v.Independent, x)
	}
}

func (v *view) checks() {
	c := &v.Stats.Checks
	parts := ""
	if c.Parts > 1 {
		parts = fmt.Sprintf(", over all %d parts of the population", c.Parts)
	}
	v.ChecksIntro = fmt.Sprintf("%s. Statistical tests: %d. The chance that any of them fails a right population%s is %g; their p-values are adjusted by Holm's method.", upper(c.Headline), c.Tests, parts, c.Budget)
	var shown []string
	for _, status := range []string{check.Pass, check.Note, check.Warn, check.Fail, check.Skip} {
		if c.Counts[status] > 0 {
			shown = append(shown, status)
		}
	}
	v.CheckHead = shown
	for _, k := range kinds {
		row := kindView{Name: upper(k.many), Counts: make([]int, len(shown))}
		any := false
		for i := range c.Outcomes {
			if o := &c.Outcomes[i]; o.Kind == k.kind {
				any = true
				row.Counts[slices.Index(shown, o.Status)]++
			}
		}
		if any {
			v.CheckKinds = append(v.CheckKinds, row)
		}
	}
}

func (v *view) made() {
	pop := &v.Stats.Population
	add := func(label, value string) {
		if value != "" {
			v.Made = append(v.Made, labelled{label, value})
		}
	}
	add("Population", strings.TrimSpace(pop.Name+" "+pop.Version))
	add("Licence", pop.License)
	add("Program", strings.TrimSpace("personagen "+pop.Program))
	add("Plan", pop.Plan)
	add("Structure", pop.Structure)
	add("Seed", strconv.FormatUint(pop.Seed, 10))
	add("Sampling", pop.Sampling)
	add("Size", thousands(pop.Size))
	add("Wanted", pop.Where)
	if pop.Persons > 0 {
		add("Tables speak of", thousands(pop.Persons)+" persons")
	}
	if w := v.Writing; w != nil {
		add("Texts by", w.Model+" ("+w.Provider+")")
		add("Calls", thousands(w.Calls))
		add("Tokens", fmt.Sprintf("%s prompt (%s cached), %s completion (%s reasoning)", thousands(w.Prompt), thousands(w.Cached), thousands(w.Completion), thousands(w.Thought)))
		add("Cost", money(w.Cost)+", in the currency of the price table")
		add("Set aside", count(int(w.Quarantined), "text", "texts"))
	}
	for _, f := range v.Page.Files {
		x := fileView{Name: f.Name, Size: bytesOf(f.Bytes)}
		if f.Rows > 0 {
			x.Rows = thousands(f.Rows)
		}
		v.Files = append(v.Files, x)
	}
	total := time.Duration(0)
	for _, s := range v.Page.Stages {
		total += s.Took
	}
	for _, s := range v.Page.Stages {
		seconds := fmt.Sprintf("%.2f", s.Took.Seconds())
		v.Stages = append(v.Stages, stageView{s.Name, barStrip(s.Name+": "+seconds+" s", s.Took.Seconds(), nil, total.Seconds()), seconds})
	}
	v.Workers = fmt.Sprintf("%.2f seconds", total.Seconds())
	if n := v.Page.Workers; n > 0 {
		v.Workers += " with " + count(n, "worker", "workers")
	}
}

func bytesOf(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}
