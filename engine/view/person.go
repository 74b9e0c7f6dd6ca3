package view

import (
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/internal/rules"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/view/store"
)

// personPage is one person: the row, the records, the texts.
type personPage struct {
	page
	Person     *shownPerson
	Position   string
	Prev, Next string
	List, Pair string
}

// shownPerson is a person as a page shows it.
type shownPerson struct {
	Name   string
	Number string
	Row    int
	Facts  []fact
	Lists  []recordTable
	Texts  []text
}

type (
	fact struct {
		Field, Title, Text, Unit, Alike string
		Null                            bool
		Differs                         bool // on the page of a pair
	}
	recordTable struct {
		Field, Title string
		Heads        []string
		Rows         [][]cell
	}
	text struct {
		Field, Title, Source, Language string
		Paragraphs                     []template.HTML
		Items                          []template.HTML
		Null                           bool
		Chars                          string
		Judged                         bool
		Demands                        int
		Faults                         []textFault
		Asked                          *exchange
	}
	textFault struct{ What, Reason, Snippet, Severity string }
)

// rowOf reads the number of a person in an address.
func (d *Data) rowOf(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n - 1, err == nil && n >= 1 && n <= d.Table.Rows
}

func (v *Viewer) person(w http.ResponseWriter, r *http.Request) {
	d := v.data
	number, ok := d.rowOf(r.PathValue("row"))
	if !ok {
		refuse(w, http.StatusNotFound, fmt.Sprintf("There is no such person; persons are numbered from 1 to %d.", d.Table.Rows))
		return
	}
	base, selected, err := v.open(r, "persons")
	if err != nil {
		v.fail(w, r, err)
		return
	}
	p := &personPage{page: base}
	s := p.State
	if p.Person, err = d.show(number, s.search); err != nil {
		v.fail(w, r, err)
		return
	}
	p.Title = p.Person.Name + " – " + d.Name
	p.List = s.Link("/")
	at := selected.Find(number)
	to := func(i int) string { return s.Link(fmt.Sprintf("/person/%d", selected.At(i)+1)) }
	if at >= 0 {
		p.List = addPage(p.List, at/pagePersons+1)
		p.Position = fmt.Sprintf("%s of %s", humanize.Thousands(int64(at+1)), humanize.Thousands(int64(selected.Len())))
		if at > 0 {
			p.Prev = to(at - 1)
		}
		if at+1 < selected.Len() {
			p.Next = to(at + 1)
		}
	} else {
		p.Position = "not among those selected"
	}
	p.Pair = fmt.Sprintf("/pair?a=%d", number+1)
	v.render(w, r, "person.html.tmpl", p)
}

// show reads a person.
func (d *Data) show(row int, search *store.Terms) (*shownPerson, error) {
	b, err := d.Table.Person(row, d.Table.Schema)
	if err != nil {
		return nil, err
	}
	p := &shownPerson{Name: d.Person(row), Number: humanize.Thousands(int64(row + 1)), Row: row}
	sources := d.sourceOf(row)
	judge, err := d.judge(b)
	if err != nil {
		return nil, err
	}
	asked, err := d.asked(b, row, sources)
	if err != nil {
		return nil, err
	}
	for k := range b.Schema {
		f, c := &b.Schema[k], &b.Columns[k]
		if column := d.Table.Column(f.Name); column != nil {
			p.Facts = append(p.Facts, d.fact(column, row))
			continue
		}
		if f.Type == frame.Records {
			if t := d.records(f, c); t.Rows != nil {
				p.Lists = append(p.Lists, t)
			}
			continue
		}
		t := d.text(f, c, search)
		if t.Source = sources[f.Name]; t.Source == "" {
			t.Source = sources[""]
		}
		t.Asked = asked[f.Name]
		if judge != nil && !t.Null {
			judge(&t, f, c)
		}
		p.Texts = append(p.Texts, t)
	}
	return p, nil
}

// fact shows a value; of a number with a target, also what share of all persons has it.
func (d *Data) fact(c *store.Column, row int) fact {
	value, ok := c.Text(row)
	f := fact{Field: c.Field.Name, Title: d.titles[c.Field.Name], Text: value, Unit: c.Field.Unit, Null: !ok}
	if c.Coded() && ok && c.Field.Type != frame.Number && c.Values() > 1 {
		f.Alike = (&State{Where: []string{fieldLabel(c.Field.Name) + ": " + literal(c, c.Cell(row))}}).Link("/")
	}
	return f
}

// records shows the records of a person as a table. Columns that no record fills are left
// out.
func (d *Data) records(f *frame.Field, c *frame.Column) recordTable {
	t := recordTable{Field: f.Name, Title: d.titles[f.Name]}
	if c.Null != nil && c.Null[0] || c.Offsets[1] == c.Offsets[0] {
		return t
	}
	var used []int
	for k := range f.Records {
		for i := int(c.Offsets[0]); i < int(c.Offsets[1]); i++ {
			if !c.Records[k].IsNull(f.Records[k].Type, i) {
				used = append(used, k)
				t.Heads = append(t.Heads, recordTitle(d.fields[f.Name], &f.Records[k]))
				break
			}
		}
	}
	for i := int(c.Offsets[0]); i < int(c.Offsets[1]); i++ {
		cells := []cell{}
		for _, k := range used {
			cells = append(cells, recordCell(&f.Records[k], &c.Records[k], i))
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

func recordTitle(of *kind.Field, f *frame.Field) string {
	if of != nil {
		for _, x := range of.Records {
			if x.Name == f.Name && x.Title != "" {
				return x.Title
			}
		}
	}
	if f.Title != "" {
		return f.Title
	}
	return f.Name
}

func recordCell(f *frame.Field, c *frame.Column, i int) cell {
	if c.IsNull(f.Type, i) {
		return cell{Null: true}
	}
	switch f.Type {
	case frame.Category:
		return cell{Text: f.Labels[c.Codes[i]]}
	case frame.Integer:
		return cell{Text: strconv.FormatInt(c.Ints[i], 10), Number: true}
	case frame.Date:
		return cell{Text: string(frame.AppendDate(nil, c.Ints[i]))}
	case frame.Number:
		return cell{Text: string(dataset.AppendNumber(nil, c.Floats[i], f.Decimals)), Number: true}
	}
	return cell{Text: c.Texts[i]}
}

// text shows a text or a list.
func (d *Data) text(f *frame.Field, c *frame.Column, search *store.Terms) text {
	t := text{Field: f.Name, Title: d.titles[f.Name]}
	if k := d.fields[f.Name]; k != nil && k.Text != nil {
		t.Language = d.Plan.TextLanguage(k)
	}
	if t.Null = c.Null != nil && c.Null[0]; t.Null {
		return t
	}
	chars := 0
	switch f.Type {
	case frame.Text:
		for _, part := range paragraphs(c.Texts[0]) {
			t.Paragraphs = append(t.Paragraphs, marked(search.Mark(part)))
		}
		chars = len([]rune(c.Texts[0]))
	case frame.TextList:
		for _, item := range c.Texts[c.Offsets[0]:c.Offsets[1]] {
			t.Items = append(t.Items, marked(search.Mark(item)))
			chars += len([]rune(item))
		}
	case frame.CategoryList:
		for _, code := range c.Codes[c.Offsets[0]:c.Offsets[1]] {
			label := store.NoLabel
			if code >= 0 {
				label = f.Labels[code]
			}
			t.Items = append(t.Items, marked(search.Mark(label)))
		}
	}
	if chars > 0 {
		t.Chars = humanize.Count(chars, "character", "characters")
	}
	return t
}

// judge returns the function that tells what the rules say of a person's texts; nil if the
// plan is not known or has no texts.
func (d *Data) judge(b *frame.Batch) (func(t *text, f *frame.Field, c *frame.Column), error) {
	if d.rules == nil {
		return nil, nil
	}
	all, err := complete(d.Plan, b)
	if err != nil {
		return nil, err
	}
	checker := d.rules.Checker()
	checker.Load(all)
	measurable := d.Plan.Measurable()
	return func(t *text, f *frame.Field, c *frame.Column) {
		at := d.rules.Column(f.Name)
		if at < 0 {
			return
		}
		t.Judged = true
		for _, x := range d.rules.Demands {
			t.Demands += bit(x.Column == at && d.known(x, measurable))
		}
		var found []rules.Fault
		if f.Type == frame.Text {
			found = checker.Text(at, 0, c.Texts[0])
		} else {
			found = checker.List(at, 0, c.Texts[c.Offsets[0]:c.Offsets[1]])
		}
		for _, x := range found {
			demand := d.rules.Demands[x.Demand]
			if !d.known(demand, measurable) {
				continue
			}
			what := demand.Kind
			if demand.Name != "" {
				what += " " + demand.Name
			}
			t.Faults = append(t.Faults, textFault{what, x.Reason, x.Snippet, demand.Severity})
		}
	}, nil
}

// known reports whether the data files say all that a demand depends on.
func (d *Data) known(x rules.Demand, measurable map[string]bool) bool {
	switch x.Kind {
	case rules.Mention:
		return measurable[x.Name]
	case rules.Rule:
		for i := range d.Plan.Rules {
			if r := &d.Plan.Rules[i]; r.Name == x.Name {
				return !slices.ContainsFunc(r.Compared(), func(f string) bool { return !measurable[f] })
			}
		}
	}
	return true
}

// complete returns rows of data files with all columns of the plan. Hidden fields that do
// not follow from others are null or zero.
func complete(p *plan.Plan, b *frame.Batch) (*frame.Batch, error) {
	schema := p.Schema()
	out := frame.New(schema)
	out.Resize(b.First, b.N)
	var derive []string
	for i, f := range p.Fields {
		if k := b.Schema.Index(f.Name); k >= 0 {
			out.Columns[i] = b.Columns[k]
		} else if f.Follows() {
			derive = append(derive, f.Name)
		} else if schema[i].Type == frame.Category {
			for r := range b.N {
				out.Columns[i].Codes[r] = -1
			}
		}
	}
	deriver, err := generate.NewDeriver(p, derive)
	if err != nil {
		return nil, err
	}
	return out, deriver.Fill(out)
}

// paragraphs divides a text at its line breaks.
func paragraphs(text string) (parts []string) {
	from := 0
	for i := range len(text) {
		if text[i] == '\n' {
			if i > from {
				parts = append(parts, text[from:i])
			}
			from = i + 1
		}
	}
	if from < len(text) {
		parts = append(parts, text[from:])
	}
	return parts
}

// pairPage is two persons side by side.
type pairPage struct {
	page
	A, B   *shownPerson
	Texts  [][2]*text
	Number [2]string
}

func (v *Viewer) pair(w http.ResponseWriter, r *http.Request) {
	d := v.data
	p := &pairPage{page: page{View: v, Data: d, State: &State{Page: 1}, Here: "pair", Title: "Two persons – " + d.Name, Total: humanize.Thousands(int64(d.Table.Rows))}}
	shown := [2]*shownPerson{}
	for i, key := range []string{"a", "b"} {
		p.Number[i] = r.URL.Query().Get(key)
		if p.Number[i] == "" {
			continue
		}
		row, ok := d.rowOf(p.Number[i])
		if !ok {
			p.Faults = append(p.Faults, fmt.Sprintf("%q is not the number of a person: these are from 1 to %d.", cut(p.Number[i], 40), d.Table.Rows))
			p.Number[i] = ""
			continue
		}
		var err error
		if shown[i], err = d.show(row, nil); err != nil {
			v.fail(w, r, err)
			return
		}
	}
	p.A, p.B = shown[0], shown[1]
	if p.A != nil && p.B != nil {
		for i := range p.A.Facts {
			a, b := &p.A.Facts[i], &p.B.Facts[i]
			a.Differs = a.Text != b.Text || a.Null != b.Null
		}
		for i := range p.A.Texts {
			p.Texts = append(p.Texts, [2]*text{&p.A.Texts[i], &p.B.Texts[i]})
		}
	}
	v.render(w, r, "pair.html.tmpl", p)
}

// Other returns the value of the other person of a pair.
func (p *pairPage) Other(i int) fact { return p.B.Facts[i] }
