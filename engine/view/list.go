package view

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/report"
	"github.com/personagen/personagen/engine/view/store"
)

// pagePersons is the number of persons on a page of the table.
const pagePersons = 50

// facetValues is the number of values that a facet shows at first, facetMost when all are
// asked for.
const (
	facetValues = 12
	facetMost   = 500
)

// page is what all pages show.
type page struct {
	View                *Viewer
	Data                *Data
	State               *State
	Title, Here         string
	Faults              []string
	Count, Total, Share string
	Chips               []chip
	Outcome             *check.Outcome
}

// chip is a part of the state that can be taken away.
type chip struct{ Text, Remove, Title string }

// listPage is the table of persons with the facets.
type listPage struct {
	page
	Facets  []facet
	Heads   []head
	Rows    []row
	Columns []column
	Sorts   []column
	From    string
	Pages   pager
	Exports []link
}

type (
	link struct{ Text, To string }
	head struct {
		Field, Title, To, Sorted string
		Number                   bool
	}
	row struct {
		Number  string
		Name    string
		To      string
		Cells   []cell
		Excerpt []store.Segment
		In      string // title of the field of the excerpt
	}
	cell struct {
		Text         string
		Null, Number bool
		Marked       template.HTML // with the hits of the search, "" without one
	}
	column struct {
		Field, Title string
		On           bool
	}
	pager struct{ Prev, Next, First, Last, Text string }
)

// facet is a field with its values among the persons selected.
type facet struct {
	Field, Title, About string
	Values              []facetValue
	Active, Open        bool
	Whole               bool // all values are shown
	Targets             bool
	Clear, All, Cross   string
	Note                string
}

type facetValue struct {
	Label, To    string
	On           bool
	Count, Share string
	Target       string
	Bar          template.HTML
	Null         bool
}

// open begins a page: it reads the state and selects.
func (v *Viewer) open(r *http.Request, here string) (p page, selected *store.Selection, err error) {
	d, s := v.data, v.data.state(r.URL.Query())
	p = page{View: v, Data: d, State: s, Here: here, Title: d.Name, Faults: s.faults, Total: humanize.Thousands(int64(d.Table.Rows))}
	selected, err = v.ordered(r.Context(), d, s)
	if err != nil {
		return p, nil, err
	}
	p.Count = humanize.Thousands(int64(selected.Len()))
	if s.narrowed() && d.Table.Rows > 0 {
		p.Share = report.Percent(float64(selected.Len()) / float64(d.Table.Rows))
	}
	path := map[string]string{"cross": "/cross", "beside": "/beside"}[here]
	path = cmp.Or(path, "/")
	for i, t := range s.Terms {
		p.Chips = append(p.Chips, chip{Text: d.titles[t.Field] + ": " + plainly(t.Constraint), Title: t.String(), Remove: s.with(path, func(c *State) { c.Where = slices.Delete(c.Where, i, i+1) })})
	}
	if s.search != nil {
		p.Chips = append(p.Chips, chip{Text: "search: " + s.Query, Remove: s.with(path, func(c *State) { c.Query = "" })})
	}
	if s.Rows != nil {
		p.Chips = append(p.Chips, chip{Text: humanize.Count(len(s.Rows), "named person", "named persons"), Remove: s.with(path, func(c *State) { c.Rows = nil })})
	}
	if s.Check != "" {
		p.Outcome = d.outcome(s.Check)
		p.Chips = append(p.Chips, chip{Text: "check: " + s.Check, Title: p.Outcome.Message, Remove: s.with(path, func(c *State) { c.Check = "" })})
	}
	return p, selected, nil
}

// plainly writes a constraint without the quotation marks of a single value.
func plainly(constraint string) string {
	if len(constraint) > 2 && strings.Count(constraint, `"`) == 2 && constraint[0] == '"' && constraint[len(constraint)-1] == '"' {
		return constraint[1 : len(constraint)-1]
	}
	return constraint
}

func (v *Viewer) list(w http.ResponseWriter, r *http.Request) {
	base, selected, err := v.open(r, "persons")
	if err != nil {
		v.fail(w, r, err)
		return
	}
	p := &listPage{page: base}
	d, s := v.data, p.State
	pages := max(1, (selected.Len()+pagePersons-1)/pagePersons)
	s.Page = min(s.Page, pages)
	from := (s.Page - 1) * pagePersons
	to := min(selected.Len(), from+pagePersons)
	p.pager(pages, from, to, selected.Len())
	shown := v.columns(s)
	for _, c := range shown {
		sorted, down := "", false
		if s.Sort == c.Field.Name {
			sorted, down = "ascending", !s.Down
			if s.Down {
				sorted = "descending"
			}
		}
		p.Heads = append(p.Heads, head{c.Field.Name, d.titles[c.Field.Name], s.with("/", func(n *State) { n.Sort, n.Down = c.Field.Name, down }), sorted, c.Numeric()})
	}
	for _, c := range d.Table.Columns {
		p.Columns = append(p.Columns, column{c.Field.Name, d.titles[c.Field.Name], slices.Contains(shown, c)})
	}
	hits, err := v.hits(r.Context(), d, s)
	if err != nil {
		v.fail(w, r, err)
		return
	}
	for i := from; i < to; i++ {
		p.Rows = append(p.Rows, v.row(s, selected.At(i), shown, hits))
	}
	if p.Facets, err = v.facets(r.Context(), d, s); err != nil {
		v.fail(w, r, err)
		return
	}
	for _, f := range []string{"jsonl", "csv", "parquet"} {
		p.Exports = append(p.Exports, link{strings.ToUpper(f), s.Link("/export/" + f)})
	}
	v.render(w, r, "list.html.tmpl", p)
}

// Span is the number of columns after that of the numbers.
func (p *listPage) Span() int { return 1 + len(p.Heads) }

func (p *listPage) pager(pages, from, to, of int) {
	at := func(n int) string { return addPage(p.State.Link("/"), n) }
	if p.State.Page > 1 {
		p.Pages.First, p.Pages.Prev = at(1), at(p.State.Page-1)
	}
	if p.State.Page < pages {
		p.Pages.Next, p.Pages.Last = at(p.State.Page+1), at(pages)
	}
	if of > 0 {
		p.Pages.Text = fmt.Sprintf("%s–%s of %s", humanize.Thousands(int64(from+1)), humanize.Thousands(int64(to)), humanize.Thousands(int64(of)))
	}
}

func addPage(link string, n int) string {
	if n <= 1 {
		return link
	}
	if strings.Contains(link, "?") {
		return fmt.Sprintf("%s&page=%d", link, n)
	}
	return fmt.Sprintf("%s?page=%d", link, n)
}

// mostShown is the number of columns of the table if the address names none.
const mostShown = 7

// fewShown is the number of columns with roles that are enough.
const fewShown = 4

// columns returns the columns of the table: those of the address, or those with roles and
// the first others.
func (v *Viewer) columns(s *State) (shown []*store.Column) {
	d := v.data
	for _, name := range s.Cols {
		shown = append(shown, d.Table.Column(name))
	}
	if shown != nil {
		return shown
	}
	add := func(c *store.Column) {
		if c != nil && len(shown) < mostShown && !slices.Contains(shown, c) && c.Field.Name != d.id && c.Field.Name != d.name {
			shown = append(shown, c)
		}
	}
	if d.Plan != nil {
		for _, role := range []string{"sex", "age", "marital", "occupation", "place", "region"} {
			add(d.Table.Column(d.role(role)))
		}
	}
	if s.Sort != "" {
		add(d.Table.Column(s.Sort))
	}
	for _, t := range s.Terms {
		add(d.Table.Column(t.Field))
	}
	if len(shown) >= fewShown {
		return shown
	}
	for _, c := range d.Table.Columns {
		if f := d.fields[c.Field.Name]; f != nil && (f.Meaning() != kind.Fact || d.isNamePart(f.Name)) || !c.Coded() && !c.Numeric() {
			continue
		}
		add(c)
	}
	if len(shown) == 0 {
		shown = d.Table.Columns[:min(len(d.Table.Columns), mostShown)]
	}
	return shown
}

// isNamePart reports whether a field is a part of the name, which the table shows.
func (d *Data) isNamePart(field string) bool {
	return d.name != "" && (d.Plan.Roles["given_name"] == field || d.Plan.Roles["surname"] == field)
}

// Long reports whether a table may have to cut the text.
func (c *cell) Long() bool { return len(c.Text) > 20 }

func (v *Viewer) row(s *State, r int, shown []*store.Column, hits *store.Hits) row {
	d := v.data
	out := row{Number: humanize.Thousands(int64(r + 1)), Name: d.Person(r), To: s.Link(fmt.Sprintf("/person/%d", r+1))}
	for _, c := range shown {
		text, ok := c.Text(r)
		x := cell{Text: text, Null: !ok, Number: c.Numeric()}
		if s.search != nil && ok && !x.Number {
			x.Marked = marked(s.search.Mark(text))
		}
		out.Cells = append(out.Cells, x)
	}
	if hits != nil {
		if e, ok := hits.Excerpt(r); ok {
			out.Excerpt, out.In = e.Segments, d.titles[e.Field]
		}
	}
	return out
}

// unfold opens the facets that most readers want first: those of roles, or the first ones.
func (d *Data) unfold(facets []facet) {
	left := 3
	for _, role := range []string{"sex", "age", "area", "region", "marital"} {
		for i := range facets {
			if f := &facets[i]; left > 0 && d.Plan != nil && f.Field == d.role(role) {
				f.Open = true
				left--
			}
		}
	}
	for i := range facets {
		if f := &facets[i]; left > 0 && d.Plan == nil && f.Values != nil {
			f.Open = true
			left--
		}
	}
}

// facets counts all fields, several at once.
func (v *Viewer) facets(ctx context.Context, d *Data, s *State) ([]facet, error) {
	out := make([]*facet, len(d.Table.Columns))
	selections := map[string]*store.Selection{}
	for _, name := range append([]string{""}, termFields(s)...) {
		x, err := v.selection(ctx, d, s, name)
		if err != nil {
			return nil, err
		}
		selections[name] = x
	}
	var group sync.WaitGroup
	var lock sync.Mutex
	var fault any
	limit := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, c := range d.Table.Columns {
		group.Go(func() {
			limit <- struct{}{}
			defer func() {
				<-limit
				if f := recover(); f != nil {
					lock.Lock()
					fault = f
					lock.Unlock()
				}
			}()
			selected := selections[c.Field.Name]
			if selected == nil {
				selected = selections[""]
			}
			out[i] = v.facet(d, s, c, selected)
		})
	}
	group.Wait()
	if fault != nil {
		panic(fault)
	}
	var facets []facet
	for _, f := range out {
		if f != nil {
			facets = append(facets, *f)
		}
	}
	d.unfold(facets)
	return facets, ctx.Err()
}

func termFields(s *State) (names []string) {
	for _, t := range s.Terms {
		if !slices.Contains(names, t.Field) {
			names = append(names, t.Field)
		}
	}
	return names
}

// axis returns the bins of a column. Those that do not depend on the selection are kept.
func (v *Viewer) axis(d *Data, c *store.Column, selected *store.Selection, most int) *store.Axis {
	if c.Coded() && !c.Numeric() && c.Values() > most {
		return d.Table.NewAxis(c, selected, most)
	}
	key := fmt.Sprintf("%p\x00%s\x00%d", d, c.Field.Name, most)
	a, _ := remember(&v.axes, key, func() (*store.Axis, error) { return d.Table.NewAxis(c, selected, most), nil })
	return a
}

// facet counts a field; nil for one that tells persons apart, such as an id.
func (v *Viewer) facet(d *Data, s *State, c *store.Column, selected *store.Selection) *facet {
	name := c.Field.Name
	if f := d.fields[name]; name == d.id || f != nil && f.Meaning() == kind.Identifier {
		return nil
	}
	f := &facet{Field: name, Title: d.titles[name], Active: slices.Contains(termFields(s), name)}
	if k := d.fields[name]; k != nil {
		f.About = k.About
	}
	f.Clear = s.with("/", func(n *State) { n.Where = without(n, name) })
	f.Cross = s.with("/cross", func(n *State) { n.X = name })
	most := facetValues
	if f.Whole = slices.Contains(s.Open, name); f.Whole {
		most = facetMost
	}
	a := v.axis(d, c, selected, most)
	if a == nil {
		f.Note = "Each person has its own; use a condition or the search."
		return f
	}
	if c.Coded() && !c.Numeric() && c.Values() > facetValues {
		f.All = s.with("/", func(n *State) {
			if n.Open = slices.DeleteFunc(n.Open, func(o string) bool { return o == name }); !f.Whole {
				n.Open = append(n.Open, name)
			}
		})
	}
	counts := a.Count(d.Table, selected)
	total := counts.Total()
	var target []float64
	if s.plain() {
		target = d.targets.of([]*store.Axis{a}, slices.DeleteFunc(slices.Clone(s.Terms), func(t Term) bool { return t.Field == name }))
	}
	f.Targets = target != nil
	on, exact := chosen(a, s.Terms)
	full := 0.0
	for i := range a.Bins {
		full = max(full, counts.Weight(i)/max(total, 1e-12))
		if target != nil {
			full = max(full, target[i])
		}
	}
	for i := range a.Bins {
		b := &a.Bins[i]
		x := facetValue{Label: b.Label, Null: b.Null, On: slices.Contains(on, i), Count: humanize.Thousands(counts.Rows[i])}
		share := counts.Weight(i) / max(total, 1e-12)
		x.Share = report.Percent(share)
		var goal *float64
		title := b.Label + ": " + x.Share
		if target != nil {
			goal, x.Target = &target[i], report.Percent(target[i])
			title += ", target " + x.Target
		}
		x.Bar = report.ShareBar(title, share, goal, full)
		if b.Label != store.NoLabel && !(b.Rest && len(b.Codes) > mostRest) {
			x.To = s.with("/", func(n *State) { n.Where = toggled(n, a, on, exact, i) })
		}
		if counts.Rows[i] == 0 && !x.On && len(a.Bins) > facetValues && target == nil {
			continue
		}
		f.Values = append(f.Values, x)
	}
	return f
}

// mostRest is the number of values that a link to "others" may list in its condition.
const mostRest = 60

// without returns the conditions but those on a field.
func without(s *State, field string) (where []string) {
	for i, t := range s.Terms {
		if t.Field != field {
			where = append(where, s.Where[i])
		}
	}
	return where
}

// toggled returns the conditions after a click on a bin: it is added to those that are
// selected, or taken away. A condition that is no choice of bins is replaced.
func toggled(s *State, a *store.Axis, on []int, exact bool, bin int) []string {
	var bins []int
	if exact {
		bins = slices.Clone(on)
	}
	if at := slices.Index(bins, bin); at >= 0 {
		bins = slices.Delete(bins, at, at+1)
	} else {
		bins = append(bins, bin)
	}
	slices.Sort(bins)
	where := without(s, a.Column.Field.Name)
	if len(bins) == 0 {
		return where
	}
	return append(where, fieldLabel(a.Column.Field.Name)+": "+constraint(a, bins))
}
