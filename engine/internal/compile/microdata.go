package compile

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/inputs"
	"github.com/personagen/personagen/engine/internal/microdata"
	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// tabulator counts the records of a file over the fields of a table.
type tabulator struct {
	*compiler
	f      *figures
	of     *spec.Microdata
	r      *microdata.Reader
	fields map[string]*recordField
	axes   []*recordField
	tests  []recordTest
	weight int // column, -1 for none
	// inside is the universe of the table, nil if the file does not tell it.
	inside   *kind.Selector
	universe []*recordField

	counts                       *microdata.Counts
	read, unmet, outside         int64
	zeros                        int64 // records with weight 0
	firstZero                    diag.Place
	noWeight, negative, odd      int64 // records whose weight is wrong
	firstNo, firstNegative, oddP diag.Place
	oddErr                       error
	missing                      []int64 // records without a value, by axis
	unknown                      []unknownText
}

// recordTest is a term of a condition on a column.
type recordTest struct {
	term   *spec.Term
	column int
	known  map[string]bool
}

// unknownText is a text that is not a value of its field.
type unknownText struct {
	field   *recordField
	text    string
	to      spec.String
	records int64
	place   diag.Place
}

// recordField tells the value of a field that a record has.
type recordField struct {
	*kind.Field
	column int
	labels *kind.FileLabels
	known  map[string]int
	// Of a field that is computed from others: these, and the function.
	of     []*recordField
	lookup *kind.Selector
}

// Codes of a record that are no values.
const (
	noValue  = -1
	notKnown = -2 // not a value of the field
)

// maxKnown bounds the texts of a column whose meaning is remembered.
const maxKnown = 1 << 16

// countRecords reads the records of a table's file, and of the tables after it with the
// same file, in one pass. It returns false after a fault.
func (c *compiler) countRecords(f *figures) bool {
	if c.tabulated == nil {
		c.tabulated = map[string]*tabulator{}
	}
	t, done := c.tabulated[f.spec.Name]
	if !done {
		c.tabulate(f.spec.Microdata)
		t = c.tabulated[f.spec.Name]
	}
	if t == nil {
		return false
	}
	t.f = f
	t.finish()
	return true
}

// tabulate counts the records of a file for every table that reads it in the same way.
func (c *compiler) tabulate(of *spec.Microdata) {
	if of.Faults.Failed() {
		c.diags.Items = append(c.diags.Items, of.Faults.Items...)
		return
	}
	var all []*tabulator
	for i := range c.spec.Tables {
		if s := &c.spec.Tables[i]; s.Microdata != nil && recordsKey(s.Microdata) == recordsKey(of) {
			c.tabulated[s.Name] = nil
			n := len(c.diags.Items)
			if f, ok := c.shape(s); ok {
				all = append(all, &tabulator{compiler: c, f: &f, of: s.Microdata, fields: map[string]*recordField{}, weight: -1})
			} else {
				c.diags.Items = c.diags.Items[:n] // the table reports it
			}
		}
	}
	shown := c.spec.Shown(of.Path)
	file, err := c.spec.Inputs.OpenLarge(of.Path)
	if err != nil {
		c.diags.Errorf(of.Place, "unreadable-file", "%s cannot be read: %v", shown, inputs.Cause(err)).WithHint("%s", inputs.Hint(err))
		return
	}
	r := microdata.Open(file, shown, &of.Layout, c.diags)
	if r == nil {
		return
	}
	defer r.Close()
	before := len(c.diags.Items)
	for _, t := range all {
		t.r = r
		t.prepare()
	}
	if failedSince(c.diags, before) {
		return
	}
	for n := 0; ; n++ {
		if n%4096 == 0 && c.ctx.Err() != nil {
			c.diags.Errorf(of.Place, "interrupted", "compilation was interrupted: %v", c.ctx.Err())
			return
		}
		record, err := r.Next(c.diags)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return
		}
		for _, t := range all {
			t.add(record)
		}
	}
	sum, err := r.Sum()
	if err != nil {
		c.diags.Errorf(of.Place, "unreadable-file", "%s cannot be read: %v", shown, err)
		return
	}
	for _, t := range all {
		c.tabulated[t.f.spec.Name] = t
	}
	c.spec.Inputs.Opened(of.Path, sum)
	if name := c.spec.FileName(of.Path); !slices.ContainsFunc(c.plan.Files, func(known plan.File) bool { return known.Path == name }) {
		c.plan.Files = append(c.plan.Files, plan.File{Path: name, SHA256: sum})
	}
}

// recordsKey identifies a file and how it is read.
func recordsKey(of *spec.Microdata) string { return of.Path + "\x00" + of.Layout.Key() }

// prepare finds the columns. Several tables may share what is said of a file, so it may
// name fields that the table does not have.
func (t *tabulator) prepare() {
	for _, field := range t.f.fields {
		t.axes = append(t.axes, t.field(field.Name, true))
	}
	t.checkRows(t.of.Rows, t.f, slices.Sorted(maps.Keys(t.kinds.Fields))...)
	if w := t.of.Weight; w != nil {
		t.weight = t.column(*w)
	}
	if t.of.Where != nil {
		for i := range t.of.Where.Terms {
			term := &t.of.Where.Terms[i]
			t.tests = append(t.tests, recordTest{term, t.column(spec.String{Value: term.Field, Place: term.Place}), map[string]bool{}})
		}
	}
	t.findUniverse()
	var sizes []int
	for _, field := range t.f.fields {
		sizes = append(sizes, field.Domain.Size())
	}
	t.counts = microdata.NewCounts(sizes...)
	t.missing = make([]int64, len(t.axes))
}

// findUniverse finds the fields of the table's where in the file.
func (t *tabulator) findUniverse() {
	where := t.f.spec.Where
	if where == nil {
		return
	}
	sel := t.kinds.Select([]*spec.Condition{where})
	if sel == nil {
		return
	}
	for _, name := range sel.Fields {
		a := t.field(name, false)
		if a == nil {
			if t.of.Where == nil {
				t.diags.Warnf(where.Place, "microdata", "table %q describes only some persons, but %s has no column of field %q, so all its records are counted", t.f.spec.Name, t.file(), name).
					WithHint("name its column: columns: {%s: ...}; or say which records are meant: where in microdata", name)
			}
			return
		}
		t.universe = append(t.universe, a)
	}
	t.inside = sel
}

func (t *tabulator) file() string { return t.spec.Shown(t.of.Path) }

// column returns the number of a column, -1 after it has reported that there is none.
func (t *tabulator) column(name spec.String) int {
	i := slices.Index(t.r.Columns, name.Value)
	if i < 0 {
		t.noColumn(name)
	}
	return i
}

func (t *tabulator) noColumn(name spec.String) *diag.Diagnostic {
	d := t.diags.Errorf(name.Place, "unknown-column", "%s has no column %q", t.file(), name.Value)
	shown := t.r.Columns
	const most = 40
	more := ""
	if len(shown) > most {
		more = fmt.Sprintf(" and %d more", len(shown)-most)
		shown = shown[:most]
	}
	switch guess := diag.Guess(name.Value, t.r.Columns); {
	case guess != "":
		d.WithHint("did you mean %q?", guess)
	case len(t.r.Columns) == 1 && strings.ContainsAny(t.r.Columns[0], ";\t|"):
		d.WithHint("the header is %q: name its separator, for example separator: \";\"", t.r.Columns[0])
	default:
		d.WithHint("its columns are %q%s", shown, more)
	}
	return d
}

// field finds the column of a field, or those of the fields that it is computed from. It
// returns nil if there is none, with a report if that must be.
func (t *tabulator) field(name string, must bool) *recordField {
	if a, known := t.fields[name]; known {
		return a
	}
	f := t.kinds.Fields[name]
	a := &recordField{Field: f, column: -1, known: map[string]int{}}
	to, named := t.of.Columns[name]
	switch column := slices.Index(t.r.Columns, name); {
	case named:
		if a.column = t.column(to); a.column < 0 {
			return nil
		}
	case column >= 0:
		a.column = column
	case f.Lookup() != nil:
		a.lookup = f.Lookup()
		before := len(t.diags.Items)
		for _, base := range a.lookup.Fields {
			of := t.field(base, false)
			if of == nil {
				if must && !failedSince(t.diags, before) {
					t.noColumn(spec.String{Value: name, Place: t.of.Place}).
						Note("field %q is computed from %s: a column of each would do, named in columns: {%s: ...}", name, strings.Join(a.lookup.Fields, ", "), base)
				}
				return nil
			}
			a.of = append(a.of, of)
		}
	default:
		if must {
			t.noColumn(spec.String{Value: name, Place: t.of.Place}).Note("the column of a field with another name is named in columns: {%s: ...}", name)
		}
		return nil
	}
	if a.column >= 0 {
		if a.labels = t.kinds.FileLabels(t.of.Rows, f); a.labels == nil {
			return nil
		}
	}
	t.fields[name] = a
	return a
}

// add counts a record.
func (t *tabulator) add(record []string) {
	t.read++
	for i := range t.tests {
		if !t.tests[i].met(record, t.of.Layout.Numbers) {
			t.unmet++
			return
		}
	}
	if t.inside != nil && !t.isInside(record) {
		t.outside++
		return
	}
	cell, known := 0, true
	for i, a := range t.axes {
		code := t.code(a, record)
		switch {
		case code == notKnown:
			known = false
		case code == noValue || code >= a.Domain.Size():
			t.missing[i]++
			return
		}
		cell = cell*a.Domain.Size() + code
	}
	if !known {
		return // it is reported
	}
	weight := 1.0
	if t.weight >= 0 {
		var ok bool
		if weight, ok = t.weightOf(record[t.weight]); !ok {
			return
		}
	}
	t.counts.Add(cell, weight)
}

// weightOf parses a weight and notes one that cannot be used.
func (t *tabulator) weightOf(text string) (weight float64, ok bool) {
	note := func(n *int64, first *diag.Place) {
		if *n++; *n == 1 {
			*first = t.r.Place(t.weight)
		}
	}
	weight, err := t.of.Layout.Numbers.Parse(text)
	switch {
	case errors.Is(err, table.ErrEmpty), errors.Is(err, table.ErrMissing):
		note(&t.noWeight, &t.firstNo)
	case err != nil:
		note(&t.odd, &t.oddP)
		if t.odd == 1 {
			t.oddErr = err
		}
	case weight < 0:
		note(&t.negative, &t.firstNegative)
	case weight == 0:
		note(&t.zeros, &t.firstZero)
	default:
		return weight, true
	}
	return 0, false
}

// met reports whether a cell meets a term: as text, or else as a number.
func (x *recordTest) met(record []string, numbers table.Numbers) bool {
	text := record[x.column]
	if ok, known := x.known[text]; known {
		return ok
	}
	ok := x.term.Accept(text)
	if !ok && x.term.OtherKinds {
		if n, err := numbers.Parse(text); err == nil {
			if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
				ok = x.term.Accept(int64(n))
			} else {
				ok = x.term.Accept(n)
			}
		}
	}
	if len(x.known) < maxKnown {
		x.known[text] = ok
	}
	return ok
}

// isInside reports whether a record is of a person whom the table describes.
func (t *tabulator) isInside(record []string) bool {
	config := 0
	for i, a := range t.universe {
		code := t.code(a, record)
		if code < 0 {
			if !t.inside.Nullable[i] {
				return false
			}
			code = a.Domain.Size()
		}
		config = config*t.inside.Slots[i] + code
	}
	return t.inside.Case[config] != 0
}

// code returns the value of a field in a record: its position, the number of values for
// null, noValue or notKnown.
func (t *tabulator) code(a *recordField, record []string) int {
	if a.lookup != nil {
		config := 0
		for i, of := range a.of {
			code := t.code(of, record)
			switch {
			case code == noValue && a.lookup.Nullable[i]:
				code = of.Domain.Size()
			case code < 0:
				return code
			}
			config = config*a.lookup.Slots[i] + code
		}
		return int(a.lookup.Case[config]) - 1
	}
	text := record[a.column]
	code, known := a.known[text]
	if !known {
		code = t.translate(a, text)
		if len(a.known) < maxKnown {
			a.known[text] = code
		}
	}
	if code == notKnown {
		t.noteUnknown(a, text)
	}
	return code
}

// translate returns the code of a text.
func (t *tabulator) translate(a *recordField, text string) int {
	to, mapped := a.labels.Translate(text)
	if i, ok := a.Domain.Index(to.Value); ok {
		return i
	}
	if mapped {
		return notKnown
	}
	if text == "" || slices.Contains(t.of.Layout.Numbers.Missing, text) {
		return noValue
	}
	if n, err := t.of.Layout.Numbers.Parse(text); err == nil && n == math.Trunc(n) && math.Abs(n) < 1<<53 { // 1.0 is the code 1
		to, _ := a.labels.Translate(strconv.FormatFloat(n, 'f', 0, 64))
		if i, ok := a.Domain.Index(to.Value); ok {
			return i
		}
	}
	return notKnown
}

func (t *tabulator) noteUnknown(a *recordField, text string) {
	for i := range t.unknown {
		if u := &t.unknown[i]; u.field == a && u.text == text {
			u.records++
			return
		}
	}
	if len(t.unknown) < maxUnknown {
		to, mapped := a.labels.Translate(text)
		if !mapped {
			to.Place = diag.Place{}
		}
		t.unknown = append(t.unknown, unknownText{a, text, to, 1, t.r.Place(a.column)})
	}
}

// finish smooths the counts and makes the figures of the table.
func (t *tabulator) finish() {
	before := len(t.diags.Items)
	t.reportUnknown()
	t.reportWeights()
	name := t.f.spec.Name
	if failedSince(t.diags, before) {
		return
	}
	if t.counts.All() == 0 {
		t.diags.Errorf(t.of.Place, "no-rows", "table %q counts no record of the %s of %s", name, humanize.Thousands(t.read), t.file()).
			WithHint("%s", t.whyNone())
		return
	}
	possible, ok := t.possibleCells()
	if !ok {
		return
	}
	s := microdata.Smooth(t.counts, possible, microdata.Smoothing{Strength: t.of.Strength, Least: int64(t.of.Least)})
	if s.Impossible == t.counts.All() {
		t.diags.Errorf(t.of.Place, "no-rows", "every record that table %q counts has a combination that is impossible", name).WithHint("correct columns, map or impossible")
		return
	}
	total := t.counts.Total()
	for k, share := range s.Share {
		t.f.share[k] = share * total
		t.f.present[k], t.f.written[k] = true, 1
	}
	t.f.decimals = 15 // the figures are not rounded
	if s.Open != nil {
		for k, open := range s.Open {
			if open {
				t.f.leaveOpen(k)
			}
		}
	}
	t.describe(s)
	t.doubt(s, possible)
}

// whyNone says why no record was counted.
func (t *tabulator) whyNone() string {
	switch {
	case t.read == 0:
		return "the file has no record below its header"
	case t.unmet == t.read:
		return "no record meets its where"
	case t.outside > 0:
		return "no record is of the persons that the table's where means"
	case t.zeros > 0:
		return "the weights are 0"
	}
	for i, n := range t.missing {
		if n > 0 {
			return fmt.Sprintf("%s have no value of field %q", humanize.Count(n, "record does", "records"), t.axes[i].Name)
		}
	}
	return "correct the file"
}

// possibleCells says which cells have a combination of values that is not impossible.
func (t *tabulator) possibleCells() ([]bool, bool) {
	var names []string
	for _, f := range t.f.fields {
		names = append(names, f.Name)
	}
	slots, ok := t.mustJoin(names, t.f.spec.Place)
	if !ok {
		return nil, false
	}
	possible := make([]bool, len(t.f.share))
	can := t.possibleIn(slots.scope)
	for k, slot := range slots.cell {
		if cell := t.f.cellOfSlot(int(slot)); cell >= 0 && !possible[cell] {
			possible[cell] = can(k)
		}
	}
	return possible, true
}

// reportUnknown reports the texts that are not values of their fields, each once.
func (t *tabulator) reportUnknown() {
	for _, u := range t.unknown {
		at := u.to.Place
		if at.File == "" {
			at = u.place
		}
		d := t.unknownLabel(u.field.Field, u.to.Value, at)
		column := table.CUEName(t.r.Columns[u.field.column])
		_, err := t.of.Layout.Numbers.Parse(u.text)
		if hint := u.field.labels.Hint(u.text); hint != "" && err != nil {
			d.WithHint("%s", hint)
		} else {
			d.Note("to rename it: map: {%s: {%q: ...}}; if nothing is known of these persons, missing: [%q]; to leave them out, drop: {%s: [%q]}", u.field.Name, u.text, u.text, column, u.text)
		}
		d.Note("%s it", humanize.Count(u.records, "record has", "records have"))
	}
}

// reportWeights reports weights that cannot be used.
func (t *tabulator) reportWeights() {
	if t.weight < 0 {
		return
	}
	column := table.CUEName(t.r.Columns[t.weight])
	if t.odd > 0 {
		d := t.diags.Errorf(t.oddP, "bad-weight", "the weight %v", t.oddErr)
		d.WithHint("correct weight, decimal or thousands; if such a text means that there is none, list it in missing")
		d.Note("%s such a weight", humanize.Count(t.odd, "record has", "records have"))
	}
	if t.noWeight > 0 {
		t.diags.Errorf(t.firstNo, "no-weight", "table %q: %s no weight, the first here", t.f.spec.Name, humanize.Count(t.noWeight, "record has", "records have")).
			WithHint("it is not known how many persons such a record stands for: give it a weight, or leave these records out with microdata: where: {%s: !=\"\"}", column)
	}
	if t.negative > 0 {
		t.diags.Errorf(t.firstNegative, "negative-weight", "table %q: %s a negative weight, the first here", t.f.spec.Name, humanize.Count(t.negative, "record has", "records have")).
			WithHint("use weights that are positive, or leave these records out with microdata: where: {%s: >0}", column)
	}
	if t.zeros > 0 {
		t.diags.Warnf(t.firstZero, "microdata", "table %q: %s the weight 0, the first here, and %s left out", t.f.spec.Name, humanize.Count(t.zeros, "record has", "records have"), isOrAre(t.zeros))
	}
}

// describe notes for the plan how the table was counted.
func (t *tabulator) describe(s *microdata.Smoothed) {
	m := &plan.Microdata{
		Records: t.counts.All() - s.Impossible, Effective: s.Effective, Strength: s.Strength, Estimated: math.IsNaN(t.of.Strength), Moved: s.Moved,
		Least: t.of.Least, Small: s.Small, Pooled: s.Pooled, Empty: s.Empty, EmptyShare: s.EmptyShare,
	}
	if t.of.Weight != nil {
		m.Weight = t.of.Weight.Value
	}
	left := func(n int64, why string) {
		if n > 0 {
			m.LeftOut = append(m.LeftOut, plan.LeftOut{Why: why, Records: n})
		}
	}
	left(t.unmet, "by where")
	left(t.outside, "outside the table's universe")
	for i, a := range t.axes {
		left(t.missing[i], "without "+a.Name)
	}
	left(t.zeros, "with weight 0")
	left(s.Impossible, "with an impossible combination")
	for v, f := range t.f.fields {
		for l, n := range marginOf(t.counts, v) {
			if n == 0 {
				m.Unknown = append(m.Unknown, fmt.Sprintf("%s %q", f.Name, f.Domain.Label(l)))
			}
		}
	}
	t.f.microdata = m
}

// marginOf counts the records of each value of a field.
func marginOf(c *microdata.Counts, variable int) []int64 {
	inner := 1
	for _, s := range c.Sizes[variable+1:] {
		inner *= s
	}
	out := make([]int64, c.Sizes[variable])
	for k, n := range c.Records {
		out[k/inner%c.Sizes[variable]] += n
	}
	return out
}

// doubt warns of what smoothing may have got wrong.
func (t *tabulator) doubt(s *microdata.Smoothed, possible []bool) {
	name, m := t.f.spec.Name, t.f.microdata
	warn := func(format string, args ...any) *diag.Diagnostic {
		return t.diags.Warnf(t.of.Place, "microdata", format, args...)
	}
	if s.Impossible > 0 {
		k := slices.IndexFunc(possible, func(yes bool) bool { return !yes })
		for k < len(possible) && (possible[k] || t.counts.Records[k] == 0) {
			k++
		}
		warn("table %q: %s a combination that is impossible, such as %s, and %s not counted", name, humanize.Count(s.Impossible, "record has", "records have"), t.f.describe(k), isOrAre(s.Impossible)).
			WithHint("correct map, or impossible if such persons exist")
	}
	for i, a := range t.axes {
		if n := t.missing[i]; n > 0 && a.When == nil && !a.Nullable {
			warn("table %q: %s no value of field %q and %s left out, as if the others were like them", name, humanize.Count(n, "record has", "records have"), a.Name, isOrAre(n))
		}
	}
	if m.Unknown != nil {
		warn("table %q: no record has %s: other tables decide about these persons", name, humanize.Some(m.Unknown))
	}
	if t.f.spec.Role == "margin" && t.f.spec.Tolerance < 0 {
		warn("table %q is met exactly, although it is estimated from a sample of %s", name, humanize.Count(int64(s.Effective+0.5), "effective record", "effective records")).
			WithHint("role: \"pattern\" takes its shape, and other tables decide its levels; role: \"soft\" with a weight, or a tolerance, lets it yield to them")
	}
	var odd []int
	for k, q := range s.Prior {
		if t.counts.Records[k] == 0 && q*s.Effective >= 10 {
			odd = append(odd, k)
		}
	}
	share := 0.0
	for _, k := range odd {
		share += s.Share[k]
	}
	if share < 1e-4 {
		return
	}
	slices.SortStableFunc(odd, func(a, b int) int { return cmp.Compare(s.Prior[b], s.Prior[a]) })
	var list []string
	for _, k := range odd[:min(len(odd), mostNamed)] {
		list = append(list, t.f.describe(k))
	}
	text := strings.Join(list, "; ")
	if len(odd) > mostNamed {
		text += fmt.Sprintf("; and %d more", len(odd)-mostNamed)
	}
	warn("table %q: no record has %s, although each would be expected ten times or more if its fields were independent; smoothing gives them %.2g %% of persons", name, text, 100*share).
		WithHint("if a combination cannot occur, declare it impossible")
}

func isOrAre(n int64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
