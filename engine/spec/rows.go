package spec

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/table"
)

// Rows selects rows of a file and says how it is written.
type Rows struct {
	Place   diag.Place
	Path    string // absolute
	Layout  table.Layout
	Columns map[string]String // field name to column name, where they differ
	Where   *Condition        // on the text of cells, by column name
	Map     map[string]LabelMap
	Files   map[string]*MapFile // by field, of label maps that are in a file
	Ages    map[string]*table.AgeWords
	// Defaults are the fields whose label maps are those of the spec's defaults.
	Defaults map[string]bool
	Missing  *Missing // nil if figures must not be missing

	// Faults are settings that the schema cannot check, such as expressions that do
	// not compile.
	Faults diag.List
}

// LabelMap maps the labels in a file to those of a field.
type LabelMap map[string]String

// MapFile is a file of a label map.
type MapFile struct {
	Rows     *Rows
	From, To String // columns
}

// Missing says what figures are that a file does not give: unknown, or a number.
type Missing struct {
	Place  diag.Place
	Number *float64 // nil for unknown
}

// Rows decodes a struct of the schema's definition #Rows or #SheetRows, or the name of a
// file. It returns nil if n is neither.
func (n *Node) Rows() *Rows {
	switch {
	case n == nil:
		return nil
	case n.Kind == StringNode:
		return &Rows{Place: n.Place, Path: n.Path, Layout: table.Layout{Place: n.Place}}
	case n.Kind != StructNode:
		return nil
	}
	r := &Rows{Place: n.Place, Path: n.Get("file").Path, Columns: map[string]String{}, Map: map[string]LabelMap{}, Files: map[string]*MapFile{}}
	for _, f := range n.fields("columns") {
		r.Columns[f.Name] = f.Value.AsString()
	}
	if where := n.Get("where"); where != nil {
		r.Where = where.Cond
	}
	r.translate(n.Get("map"))
	for _, f := range n.fields("ages") {
		if r.Ages == nil {
			r.Ages = map[string]*table.AgeWords{}
		}
		v := f.Value
		r.Ages[f.Name] = &table.AgeWords{Open: v.strings("open"), Under: v.strings("under"), Unit: v.strings("unit"), To: v.strings("to")}
	}
	if m := n.Get("missing_is"); m != nil {
		r.Missing = &Missing{Place: m.Place}
		if m.Kind == NumberNode {
			r.Missing.Number = &m.Number
		}
	}
	r.layout(n)
	return r
}

// Sheet is Rows for a sheet of a workbook, if n is one; otherwise it is Rows.
func (n *Node) sourceRows(sheet bool) *Rows {
	r := n.Rows()
	if r != nil && sheet {
		r.Layout.Sheet = &table.Sheet{}
		if n.Kind == StructNode {
			r.Layout.Sheet = &table.Sheet{Name: n.text("sheet"), Range: n.text("range")}
		}
	}
	return r
}

// FileRows decodes the csv or xlsx of a stanza. It returns nil if there is neither.
func (n *Node) FileRows() *Rows {
	if csv := n.Get("csv"); csv != nil {
		return csv.sourceRows(false)
	}
	return n.Get("xlsx").sourceRows(true)
}

// Translate adds the label maps of the spec's defaults, by field, where there are none.
func (r *Rows) Translate(defaults *Node) {
	r.Defaults = map[string]bool{}
	for _, name := range r.translate(defaults) {
		r.Defaults[name] = true
	}
}

// translate adds label maps by field, where there are none, and returns these fields.
func (r *Rows) translate(maps *Node) (added []string) {
	if maps == nil {
		return nil
	}
	for _, f := range maps.Fields {
		if _, known := r.Map[f.Name]; known || r.Files[f.Name] != nil {
			continue
		}
		added = append(added, f.Name)
		if csv := f.Value.Get("csv"); csv != nil {
			m := &MapFile{Rows: csv.Rows(), From: String{"from", csv.Place}, To: String{"to", csv.Place}}
			if from := f.Value.Get("from"); from != nil {
				m.From = from.AsString()
			}
			if to := f.Value.Get("to"); to != nil {
				m.To = to.AsString()
			}
			r.Files[f.Name] = m
			continue
		}
		labels := LabelMap{}
		for _, l := range f.Value.Fields {
			labels[strings.TrimSpace(l.Name)] = l.Value.AsString()
		}
		r.Map[f.Name] = labels
	}
	return added
}

// Rename adds the columns of given fields, if given is a struct of field and column.
func (r *Rows) Rename(given *Node) {
	if given == nil {
		return
	}
	for _, f := range given.Fields {
		if _, named := r.Columns[f.Name]; !named {
			r.Columns[f.Name] = f.Value.AsString()
		}
	}
}

// Names returns the strings of a list, or the names of the fields of a struct. n may be
// nil.
func (n *Node) Names() []String {
	if n == nil || n.Kind == ListNode {
		return n.AsStrings()
	}
	var out []String
	for _, f := range n.Fields {
		out = append(out, String{Value: f.Name, Place: f.Place})
	}
	return out
}

// layout decodes how the file is written.
func (r *Rows) layout(n *Node) {
	l := &r.Layout
	l.Place, l.Encoding, l.Separator, l.Headings = n.Place, n.text("encoding"), n.text("separator"), n.text("headings")
	l.Table, l.Language = n.text("table"), n.text("language")
	if l.Encoding != "" {
		if err := table.CheckEncoding(l.Encoding); err != nil {
			r.Faults.Errorf(n.Get("encoding").Place, "encoding", "%v", err).WithHint(`use an IANA name, such as "windows-1252", "iso-8859-2" or "utf-16le"`)
		}
	}
	if l.Separator != "" && !table.ValidSeparator(l.Separator) {
		r.Faults.Errorf(n.Get("separator").Place, "separator", "the separator %q is not one character that can separate cells", l.Separator).WithHint(`write ";", "," or "\t"`)
	}
	l.Fixed = r.fixed(n)
	if v := n.Get("skip"); v != nil {
		l.Skip = int(v.Number)
	}
	if v := n.Get("header"); v != nil {
		l.Header, l.NoHeader = int(v.Number), v.Number == 0
	}
	if v := n.Get("until"); v != nil {
		if x := r.expression(v); x != nil {
			l.Until = &table.Pattern{Regexp: x, Place: v.Place}
		}
	}
	l.FillDown = names(n.Get("fill_down"))
	l.Drop, l.Wide = r.labels(n.Get("drop")), r.labels(n.Get("wide"))
	if v := n.Get("value"); v != nil {
		l.Value = v.String
	}
	l.Numbers = table.Numbers{
		Decimal: n.text("decimal"), Thousands: n.text("thousands"),
		Zero: n.strings("zero"), Missing: n.strings("missing"), Marks: n.strings("marks"),
	}
	if l.Numbers.Thousands != "" && (l.Numbers.Thousands == l.Numbers.Decimal || l.Numbers.Decimal == "" && l.Numbers.Thousands == ".") {
		r.Faults.Errorf(n.Get("thousands").Place, "two-marks", "decimal and thousands are both %q", l.Numbers.Thousands).WithHint(`if the decimal mark is a comma, say so: decimal: ","`)
	}
	for _, text := range l.Numbers.Zero {
		for _, other := range l.Numbers.Missing {
			if text == other {
				r.Faults.Errorf(n.Get("missing").Place, "two-meanings", "%q is both zero and missing", text).WithHint("remove it from one of them")
			}
		}
	}
}

// fixed decodes the positions of columns.
func (r *Rows) fixed(n *Node) []table.FixedColumn {
	of := n.Get("fixed")
	if of == nil {
		return nil
	}
	var columns []table.FixedColumn
	for _, f := range of.Fields {
		c := table.FixedColumn{Name: f.Name}
		if items := f.Value.Items; f.Value.Kind == ListNode && len(items) > 0 {
			c.From, c.To = int(items[0].Number), int(items[len(items)-1].Number)
		} else {
			c.From, c.To = int(f.Value.Number), int(f.Value.Number)
		}
		columns = append(columns, c)
	}
	if wrong := table.CheckFixed(columns); wrong != "" {
		r.Faults.Errorf(of.Place, "fixed", "%s", wrong).WithHint("write fixed: {sex: [1, 1], age: [2, 4]}, with the first and the last character of each column")
		return nil
	}
	for _, name := range []string{"separator", "header"} {
		if v := n.Get(name); v != nil {
			r.Faults.Errorf(v.Place, "fixed", "a file with fixed columns has no %s", name).WithHint("remove %s; skip leaves out lines above the records", name)
		}
	}
	return columns
}

// labels decodes a struct of lists of labels, or patterns, by column.
func (r *Rows) labels(n *Node) []table.Labels {
	if n == nil {
		return nil
	}
	var out []table.Labels
	for _, f := range n.Fields {
		l := table.Labels{Of: f.Name, Place: f.Value.Place}
		if f.Value.Kind == StringNode {
			if l.Pattern = r.expression(f.Value); l.Pattern == nil {
				continue
			}
		} else {
			l.List = names(f.Value)
		}
		out = append(out, l)
	}
	return out
}

func (r *Rows) expression(n *Node) *regexp.Regexp {
	x, err := regexp.Compile(n.String)
	if err != nil {
		r.Faults.Errorf(n.Place, "bad-pattern", "%v", fmt.Errorf("the pattern is wrong: %w", err)).WithHint("see https://pkg.go.dev/regexp/syntax; for labels as they are, write a list")
		return nil
	}
	return x
}

func names(n *Node) []table.Name {
	var out []table.Name
	for _, s := range n.AsStrings() {
		out = append(out, table.Name{Text: strings.TrimSpace(s.Value), Place: s.Place})
	}
	return out
}

func (n *Node) fields(name string) []Named {
	if v := n.Get(name); v != nil {
		return v.Fields
	}
	return nil
}

func (n *Node) text(name string) string {
	if v := n.Get(name); v != nil {
		return v.String
	}
	return ""
}

func (n *Node) strings(name string) []string {
	var out []string
	for _, s := range n.Get(name).AsStrings() {
		out = append(out, s.Value)
	}
	return out
}
