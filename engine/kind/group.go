package kind

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/spec"
)

var groupKind = Kind{
	Name:    "group",
	Uses:    groupUses,
	Compile: compileGroup,
	New:     func() Program { return &group{} },
}

// groupUses returns the fields that a group is a function of.
func groupUses(s *spec.Field) []spec.String {
	of := s.Body.Get("of")
	if of.Kind == spec.StringNode {
		return []spec.String{of.AsString()}
	}
	return of.AsStrings()
}

// group is a function of its base fields, or the band of a number.
type group struct {
	Of *Selector `json:"of,omitempty"` // case i+1 is value i of the domain, case 0 is null
	// Bands is set instead of Of if the group is of a number.
	Bands *bands `json:"bands,omitempty"`
}

func (g *group) lookup() *Selector { return g.Of }

func compileGroup(c *Compiler, s *spec.Field, f *Field) {
	f.Class, f.Type = Derived, frame.Category
	f.Domain = &Domain{}
	forms := 0
	for _, form := range []string{"cuts", "map", "csv", "xlsx", "cases"} {
		if s.Body.Get(form) != nil {
			forms++
		}
	}
	if forms != 1 {
		c.Diags.Errorf(s.Place, "group-form", "group %q needs exactly one of cuts, map, csv and cases, but has %d", s.Name, forms).
			WithHint("define its values with cuts (bands), map or csv (label to label), or cases (conditions)")
		return
	}
	whole := s.Body.Get("type").AsString()
	if c.isBandOfNumber(s) {
		if whole.Value == "integer" {
			c.Diags.Errorf(whole.Place, "band-type", "the bands of a number are texts").WithHint("remove type")
			return
		}
		c.readBands(s, f)
		return
	}
	var bases []*Field
	for _, name := range groupUses(s) {
		base := c.FiniteField(name.Value, name.Place)
		if base == nil {
			return
		}
		bases = append(bases, base)
	}
	if len(bases) > 1 && s.Body.Get("cases") == nil {
		c.Diags.Errorf(s.Body.Get("of").Place, "group-form", "a group of several fields needs cases").WithHint("use cases, or name one field")
		return
	}
	var of *Selector
	switch {
	case s.Body.Get("cuts") != nil:
		of = c.readCuts(s, f, bases[0])
	case s.Body.Get("cases") != nil:
		of = c.readCases(s, f, bases)
	default:
		of = c.readMap(s, f, bases[0])
	}
	if of == nil {
		return
	}
	if whole.Value == "integer" {
		if !c.makeIntegers(s, f, of) {
			return
		}
	} else {
		c.markBoolean(f, groupLabels(s))
	}
	f.Program, f.Inputs = &group{Of: of}, of.Fields
	f.Nullable = slices.Contains(of.Case, 0) || s.When != nil
}

// groupLabels returns the labels of a group as the spec writes them.
func groupLabels(s *spec.Field) []*spec.Node {
	var labels []*spec.Node
	if n := s.Body.Get("labels"); n != nil && s.Body.Get("cuts") != nil {
		labels = n.Items
	}
	if n := s.Body.Get("map"); n != nil {
		for _, e := range n.Fields {
			labels = append(labels, e.Value)
		}
	}
	if n := s.Body.Get("cases"); n != nil {
		for _, item := range n.Items {
			labels = append(labels, item.Get("label"))
		}
	}
	if n := s.Body.Get("other"); n != nil && s.Body.Get("cuts") == nil {
		labels = append(labels, n)
	}
	return labels
}

// makeIntegers turns the labels of a group into the whole numbers that they say, in
// ascending order, and the cases of its selector with them. It returns false after it
// has reported a fault.
func (c *Compiler) makeIntegers(s *spec.Field, f *Field, of *Selector) bool {
	at := s.Body.Get("type").Place
	values := make([]int64, len(f.Domain.Labels))
	for i, label := range f.Domain.Labels {
		v, err := strconv.ParseInt(label, 10, 64)
		if err != nil || strconv.FormatInt(v, 10) != label || v < -maxWhole || v > maxWhole {
			c.Diags.Errorf(at, "not-whole", "group %q has the label %q, which is not a whole number", s.Name, label).WithHint("write whole numbers such as 7, or remove type: \"integer\"")
			return false
		}
		values[i] = v
	}
	if len(values) == 0 {
		return true // a fault has been reported
	}
	low, high := slices.Min(values), slices.Max(values)
	if high-low >= maxIntegers {
		c.Diags.Errorf(at, "huge-range", "%d to %d is %d values; a group of whole numbers can have at most %d", low, high, high-low+1, maxIntegers).
			WithHint("make it a column of a choice, or count in larger units")
		return false
	}
	for config, k := range of.Case {
		if k > 0 {
			of.Case[config] = int32(values[k-1]-low) + 1
		}
	}
	f.Type = frame.Integer
	f.Domain = &Domain{Integer: true, Min: low, Max: high}
	return true
}

// newSelector returns a selector over the given fields with every case 0.
func newSelector(fields ...*Field) *Selector {
	s := &Selector{}
	size := 1
	for _, f := range fields {
		s.Fields = append(s.Fields, f.Name)
		s.Slots, s.Nullable = append(s.Slots, f.Slots()), append(s.Nullable, f.Nullable)
		s.Min = append(s.Min, f.Domain.Min)
		size *= f.Slots()
	}
	s.Case = make([]int32, size)
	return s
}

// readCuts compiles a group of intervals of an integer. It returns nil after it
// has reported a fault, as do readCases and readMap.
func (c *Compiler) readCuts(s *spec.Field, f *Field, base *Field) *Selector {
	node := s.Body.Get("cuts")
	if !base.Domain.Integer {
		c.Diags.Errorf(node.Place, "cuts-of-labels", "field %q is not an integer, so it cannot be cut", base.Name).WithHint("use map or cases")
		return nil
	}
	d := base.Domain
	var cuts []int64
	for i, n := range node.Items {
		cut := int64(n.Number)
		if i > 0 && cut <= cuts[i-1] {
			c.Diags.Errorf(n.Place, "cuts-order", "cut %d is not above %d", cut, cuts[i-1]).WithHint("list the cuts in ascending order")
			return nil
		}
		if cut < d.Min || cut > d.Max {
			c.Diags.Errorf(n.Place, "cut-outside", "cut %d is outside %d to %d, the range of %q", cut, d.Min, d.Max, base.Name).WithHint("remove it")
			return nil
		}
		cuts = append(cuts, cut)
	}
	starts := cuts
	if cuts[0] > d.Min {
		starts = append([]int64{d.Min}, cuts...)
	}
	var codes []int32 // of each band, one more than the position of its label
	if labels := s.Body.Get("labels"); labels != nil {
		if len(labels.Items) != len(starts) {
			c.Diags.Errorf(labels.Place, "label-count", "%d labels for %d bands", len(labels.Items), len(starts)).
				WithHint("give one label per band; the bands begin at %v", starts)
			return nil
		}
		for _, l := range labels.Items {
			codes = append(codes, f.Domain.addLabel(labelText(l))) // bands with the same label are one value
		}
	} else {
		for _, l := range bandLabels(starts, cuts[0] > d.Min) {
			codes = append(codes, f.Domain.addLabel(l))
		}
	}
	sel := newSelector(base)
	band := 0
	for i := range d.Size() {
		for band+1 < len(starts) && d.Min+int64(i) >= starts[band+1] {
			band++
		}
		sel.Case[i] = codes[band]
	}
	return sel
}

// bandLabels returns labels such as "<18", "18-24" and "65+". below says that the
// first band begins at the domain's least value, not at a cut.
func bandLabels(starts []int64, below bool) []string {
	var labels []string
	for i, from := range starts {
		switch {
		case i == 0 && below:
			labels = append(labels, fmt.Sprintf("<%d", starts[1]))
		case i == len(starts)-1:
			labels = append(labels, fmt.Sprintf("%d+", from))
		case starts[i+1] == from+1:
			labels = append(labels, fmt.Sprint(from))
		default:
			labels = append(labels, fmt.Sprintf("%d-%d", from, starts[i+1]-1))
		}
	}
	return labels
}

// readCases compiles a group defined by conditions: a configuration has the label
// of the first condition that holds.
func (c *Compiler) readCases(s *spec.Field, f *Field, bases []*Field) *Selector {
	var conditions []*spec.Condition
	var codes []int32
	for _, n := range s.Body.Get("cases").Items {
		cond := n.Get("when").Cond
		for _, t := range cond.Terms {
			if !slices.ContainsFunc(bases, func(b *Field) bool { return b.Name == t.Field }) {
				c.Diags.Errorf(t.Place, "not-a-base", "%q is not among the fields that %q is a group of", t.Field, s.Name).WithHint("add it to of")
				return nil
			}
		}
		conditions = append(conditions, cond)
		codes = append(codes, f.Domain.addLabel(labelText(n.Get("label"))))
	}
	sel := c.Select(conditions)
	if sel == nil {
		return nil
	}
	rest := int32(0)
	if other := s.Body.Get("other"); other != nil {
		rest = f.Domain.addLabel(labelText(other))
	}
	for i, chosen := range sel.Case {
		if chosen == 0 {
			sel.Case[i] = rest
		} else {
			sel.Case[i] = codes[chosen-1]
		}
	}
	return sel
}

// addLabel returns one more than the position of a label, which it adds if the
// domain does not have it. It is not safe for concurrent use.
func (d *Domain) addLabel(label string) int32 {
	i, ok := d.Index(label)
	if !ok {
		i = len(d.Labels)
		d.Labels = append(d.Labels, label)
		d.index[label] = i
	}
	return int32(i + 1)
}

// readMap compiles a group that maps label to label, as the spec or a CSV file
// lists them.
func (c *Compiler) readMap(s *spec.Field, f *Field, base *Field) *Selector {
	pairs := map[string]string{}
	if node := s.Body.Get("map"); node != nil {
		for _, e := range node.Fields {
			c.checkLabel(base, e.Name, e.Place)
			pairs[e.Name] = labelText(e.Value)
		}
	} else if !c.readPairs(s, base, pairs) {
		return nil
	}
	other := s.Body.Get("other")
	sel := newSelector(base)
	for i := range base.Domain.Size() {
		label := base.Domain.Label(i)
		to, ok := pairs[label]
		switch {
		case ok:
		case other == nil:
			c.Diags.Errorf(s.Place, "unmapped-label", "group %q has no value for %s %q", s.Name, base.Name, label).
				WithHint("map it, or add other: \"keep\" or other: \"<label>\"")
			continue
		case other.String == "keep":
			to = label
		default:
			to = labelText(other)
		}
		sel.Case[i] = f.Domain.addLabel(to)
	}
	return sel
}

// checkLabel reports a label that the field does not have.
func (c *Compiler) checkLabel(f *Field, label string, at diag.Place) bool {
	if _, ok := f.Domain.Index(label); ok {
		return true
	}
	d := c.Diags.Errorf(at, "unknown-label", "%q is not a value of field %q", label, f.Name)
	if g := diag.Guess(label, f.Domain.AllLabels()); g != "" {
		d.WithHint("did you mean %q?", g)
	} else {
		d.WithHint("its values are %s", f.Domain.Summary())
	}
	return false
}

// readPairs adds the from and to columns of a CSV file to pairs. It returns false
// after it has reported a fault.
func (c *Compiler) readPairs(s *spec.Field, base *Field, pairs map[string]string) bool {
	rows := s.Body.FileRows()
	file := c.Table(rows)
	if file == nil {
		return false
	}
	name := func(key, fallback string) spec.String {
		if n := s.Body.Get(key); n != nil {
			return n.AsString()
		}
		return spec.String{Value: fallback, Place: rows.Place}
	}
	from, okFrom := c.Column(file, name("from", base.Name))
	to, okTo := c.Column(file, name("to", s.Name))
	if !okFrom || !okTo {
		return false
	}
	selected, ok := c.selectRows(file, rows.Where)
	for _, r := range selected {
		cells := file.Rows[r]
		first, known := pairs[cells[from]]
		switch {
		case known && first != cells[to]:
			c.Diags.Errorf(file.Place(r, to), "two-values", "%q maps to %q here and to %q above", cells[from], cells[to], first).WithHint("map each label to one value")
			ok = false
		case !known && !c.checkLabel(base, cells[from], file.Place(r, from)):
			ok = false
		}
		pairs[cells[from]] = cells[to]
	}
	return ok
}

func (g *group) Bind(env *Env) Filler {
	if g.Bands != nil {
		return g.Bands.bind(env)
	}
	if d := env.Field.Domain; d.Integer {
		return &integerGroupFiller{of: g.Of.Bind(env), least: d.Min}
	}
	return &groupFiller{of: g.Of.Bind(env)}
}

type groupFiller struct{ of *BoundSelector }

func (g *groupFiller) Fill(b *frame.Batch, c *frame.Column) {
	c.Codes = g.of.Cases(b, c.Codes)
	for r := range c.Codes {
		c.Codes[r]--
	}
}

// integerGroupFiller fills a group of whole numbers.
type integerGroupFiller struct {
	of    *BoundSelector
	least int64
	cases []int32
}

func (g *integerGroupFiller) Fill(b *frame.Batch, c *frame.Column) {
	g.cases = g.of.Cases(b, g.cases)
	for r, k := range g.cases {
		if k == 0 {
			c.SetNull(frame.Integer, r, b.N)
			continue
		}
		c.Ints[r] = g.least + int64(k) - 1
	}
}
