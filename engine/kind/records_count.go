package kind

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/spec"
)

// recordCount is how many records of a group a person has.
type recordCount struct {
	// Of gives the count as a function of finite fields: it is the case. Nil if it is drawn.
	Of *Selector `json:"of,omitempty"`
	// Draw is a choice of which the labels are counts, or a column of integers.
	Draw *Field `json:"draw,omitempty"`
	// When selects the persons who have records: case 1. Of a drawn count only.
	When *Selector `json:"when,omitempty"`
	Max  int       `json:"max"` // the largest count
}

// countUses returns the fields of the person on which the count of a group depends.
func countUses(group *spec.Node) []spec.String {
	uses := conditionUses(group.Get("when"))
	n := group.Get("count")
	if n.Kind == spec.StringNode {
		return append(uses, n.AsString())
	}
	if of := n.Get("of"); of != nil {
		uses = append(uses, of.AsString())
	}
	return append(uses, n.Get("given").Names()...)
}

// compileCount compiles the count of a group. It returns nil after it has reported a
// fault.
func (c *Compiler) compileCount(s *spec.Field, f *Field, n spec.Named) *recordCount {
	node := n.Value.Get("count")
	before := len(c.Diags.Items)
	count := &recordCount{}
	switch {
	case node.Kind == spec.NumberNode:
		count.Of = newSelector()
		count.Of.Case[0] = int32(node.Number)
	case node.Kind == spec.StringNode:
		count.Of = c.countOfField(node.AsString())
	case node.Get("of") != nil:
		c.readCountColumn(n, node, count)
	case node.Get("max") != nil:
		count.Draw = c.countBetween(n, node)
	default:
		count.Draw = c.drawnCount(n, node)
	}
	if slices.ContainsFunc(c.Diags.Items[before:], isError) || count.Of == nil && count.Draw == nil {
		return nil
	}
	if !c.readMostRecords(n, node, count) {
		return nil
	}
	if when := n.Value.Get("when"); when != nil {
		sel := c.Select([]*spec.Condition{when.Cond})
		if sel == nil {
			return nil
		}
		if count.Of == nil {
			count.When = sel
		} else if count.Of = c.where(count.Of, sel, when.Place); count.Of == nil {
			return nil
		}
	}
	for _, name := range count.inputs() {
		if !slices.Contains(f.Inputs, name) {
			f.Inputs = append(f.Inputs, name)
		}
	}
	return count
}

// countOfField returns the count that is the value of a field; null is none.
func (c *Compiler) countOfField(name spec.String) *Selector {
	of := c.FiniteField(name.Value, name.Place)
	if of == nil {
		return nil
	}
	sel := newSelector(of)
	for i := range of.Domain.Size() {
		k, ok := asCount(of.Domain.Label(i))
		if !ok {
			c.Diags.Errorf(name.Place, "not-a-count", "field %q has the value %q, which is not a number of records from 0 to %d", of.Name, of.Domain.Label(i), maxRecords-1).
				WithHint("name a field of whole numbers, or a group that has them as labels")
			return nil
		}
		sel.Case[i] = k
	}
	return sel
}

// asCount reads a number of records.
func asCount(label string) (int32, bool) {
	k, err := strconv.Atoi(label)
	return int32(k), err == nil && k >= 0 && k < maxRecords
}

// readCountColumn reads a count that is in a column of the file with the values of a field:
// of a category, or of the rows that a choice draws.
func (c *Compiler) readCountColumn(n spec.Named, node *spec.Node, count *recordCount) {
	name := node.Get("of").AsString()
	of := c.Fields[name.Value]
	if of != nil {
		if _, ok := of.Program.(*choice); ok {
			body := &spec.Node{Kind: spec.StructNode, Place: node.Place, Fields: slices.Clone(node.Fields)}
			body.Fields = append(body.Fields, spec.Named{Name: "type", Place: node.Place, Value: &spec.Node{Kind: spec.StringNode, String: "integer", Place: node.Place}})
			f := &Field{Name: n.Name, Kind: columnKind.Name, Decimals: -1}
			compileColumn(c, &spec.Field{Name: n.Name, Place: n.Place, Kind: columnKind.Name, Body: body}, f)
			if f.Program != nil {
				count.Draw = f
			}
			return
		}
	}
	if of = c.FiniteField(name.Value, name.Place); of == nil {
		return
	}
	i := slices.IndexFunc(c.Spec.Fields, func(f spec.Field) bool { return f.Name == name.Value })
	values := c.Spec.Fields[i].Body.Get("values")
	if values == nil || values.Kind == spec.ListNode || values.FileRows() == nil {
		c.Diags.Errorf(name.Place, "no-columns", "the values of %q are not in a file, and have no columns", of.Name).
			WithHint("move them to a CSV file, or count with a group that has numbers as labels")
		return
	}
	count.Of = c.countOfLabels(of, values, node.Get("column").AsString())
}

// countOfLabels reads the counts of the labels of a category from a column of their file.
func (c *Compiler) countOfLabels(of *Field, values *spec.Node, column spec.String) *Selector {
	rows := values.FileRows()
	file := c.Table(rows)
	if file == nil {
		return nil
	}
	at, ok := c.Column(file, column)
	label, found := c.Column(file, values.Get("column").AsString())
	if !ok || !found {
		return nil
	}
	where := rows.Where
	if w := values.Get("where"); w != nil {
		where = w.Cond
	}
	selected, ok := c.selectRows(file, where)
	if !ok {
		return nil
	}
	sel := newSelector(of)
	first := map[int]int{} // row of each code
	for _, r := range selected {
		text := file.Rows[r][label]
		if to := values.Get("map").Get(text); to != nil {
			text = to.String
		}
		code, known := of.Domain.Index(text)
		if !known {
			continue
		}
		k, isCount := asCount(file.Rows[r][at])
		row, again := first[code]
		switch {
		case !isCount:
			c.Diags.Errorf(file.Place(r, at), "not-a-count", "column %q: %q is not a number of records from 0 to %d", file.Header[at], file.Rows[r][at], maxRecords-1).WithHint("write a whole number")
			return nil
		case again && sel.Case[code] != k:
			c.Diags.Errorf(file.Place(r, at), "two-values", "%q has %d here and %d on line %d", text, k, sel.Case[code], file.Place(row, at).Line).WithHint("give each label one number")
			return nil
		}
		first[code], sel.Case[code] = r, k
	}
	return sel
}

// countBetween returns the choice of a count from min to max, equally likely.
func (c *Compiler) countBetween(n spec.Named, node *spec.Node) *Field {
	low, high := 0, int(node.Get("max").Number)
	if m := node.Get("min"); m != nil {
		low = int(m.Number)
	}
	if low > high {
		c.Diags.Errorf(node.Place, "empty-range", "min %d is above max %d", low, high).WithHint("swap them")
		return nil
	}
	f := &Field{Name: n.Name, Kind: choiceKind.Name, Class: Drawn, Type: frame.Category, Domain: &Domain{}, Decimals: -1}
	var list []entry
	for k := low; k <= high; k++ {
		list = append(list, entry{code: f.Domain.addLabel(strconv.Itoa(k)) - 1, weight: 1})
	}
	b := bank{Given: newSelector(), Start: []int32{0}}
	b.Given.Case[0] = b.addList(list)
	f.Program = &choice{bank: b}
	return f
}

// drawnCount returns the choice of a count with weights, given other fields.
func (c *Compiler) drawnCount(n spec.Named, node *spec.Node) *Field {
	f := &Field{Name: n.Name, Kind: choiceKind.Name, Class: Drawn, Type: frame.Category, Decimals: -1}
	b := c.compileBank(&spec.Field{Name: n.Name, Place: n.Place, Kind: choiceKind.Name, Body: node}, f)
	if b == nil {
		return nil
	}
	for _, l := range f.Domain.Labels {
		if _, ok := asCount(l); !ok {
			c.Diags.Errorf(node.Place, "not-a-count", "%q is not a number of records from 0 to %d", l, maxRecords-1).WithHint("the labels of a count are whole numbers")
			return nil
		}
	}
	f.Program, f.Inputs = &choice{bank: *b}, b.Given.Fields
	if fields, configs := b.Uncovered(); len(configs) > 0 {
		c.Diags.Warnf(node.Place, "no-entry", "for %d of the combinations of values of %v there is no count: persons with one of them have no %s", len(configs), fields, n.Name).
			WithHint("add the rows, with a count of 0 if that is meant")
	}
	return f
}

// readMostRecords sets the largest count. It returns false after it has reported a fault.
func (c *Compiler) readMostRecords(n spec.Named, node *spec.Node, count *recordCount) bool {
	most := 0
	switch {
	case count.Of != nil:
		most = int(slices.Max(count.Of.Case))
	case count.Draw.Type == frame.Integer:
		least, greatest := count.Draw.Bounds()
		if least < 0 || greatest >= maxRecords || math.IsInf(greatest, 0) {
			c.Diags.Errorf(node.Place, "not-a-count", "the column has numbers from %g to %g; a person has 0 to %d records of a group", least, greatest, maxRecords-1).WithHint("name another column")
			return false
		}
		most = int(greatest)
	default:
		p := count.Draw.Program.(*choice)
		for _, code := range p.Codes {
			k, _ := asCount(count.Draw.Domain.Labels[code])
			most = max(most, int(k))
		}
	}
	count.Max = most
	if most == 0 {
		c.Diags.Errorf(node.Place, "never-any", "the count of %q is 0 for everyone", n.Name).WithHint("remove the group, or correct its count")
		return false
	}
	return true
}

// where returns a count that is 0 where case 1 of a selector does not hold. It returns nil
// after it has reported that there are too many combinations.
func (c *Compiler) where(count, when *Selector, at diag.Place) *Selector {
	var fields []*Field
	for _, name := range slices.Concat(count.Fields, when.Fields) {
		if f := c.Fields[name]; !slices.Contains(fields, f) {
			fields = append(fields, f)
		}
	}
	size := 1
	for _, f := range fields {
		if size *= f.Slots(); size > maxSelector {
			c.Diags.Errorf(at, "too-wide", "the count and its condition use %d fields, which have more than %d combinations of values", len(fields), maxSelector).
				WithHint("use fewer fields, or groups with fewer values")
			return nil
		}
	}
	both := newSelector(fields...)
	codes := make([]int, len(fields))
	at1, at2 := both.projection(count), both.projection(when)
	for config := range both.Case {
		rest := config
		for k := len(codes) - 1; k >= 0; k-- {
			codes[k] = rest % both.Slots[k]
			rest /= both.Slots[k]
		}
		if when.Case[at2(codes)] == 1 {
			both.Case[config] = count.Case[at1(codes)]
		}
	}
	return both
}

// projection returns a function from the codes of the selector's fields to the
// configuration of another selector, whose fields are among them.
func (s *Selector) projection(to *Selector) func(codes []int) int {
	var axes []int
	for _, name := range to.Fields {
		axes = append(axes, slices.Index(s.Fields, name))
	}
	return func(codes []int) int {
		config := 0
		for k, axis := range axes {
			config = config*to.Slots[k] + codes[axis]
		}
		return config
	}
}

// inputs returns the fields of the person on which the count depends.
func (p *recordCount) inputs() (names []string) {
	if p.Of != nil {
		return p.Of.Fields
	}
	names = slices.Clone(p.Draw.Inputs)
	if p.When != nil {
		names = append(names, p.When.Fields...)
	}
	return names
}

func (p *recordCount) validate(find func(name string) *Field) error {
	if p == nil || (p.Of == nil) == (p.Draw == nil) || p.Max < 0 || p.Max >= maxRecords {
		return errors.New("it has no count")
	}
	if p.Of != nil && slices.ContainsFunc(p.Of.Case, func(k int32) bool { return int(k) > p.Max }) {
		return errors.New("a count is above the largest")
	}
	for _, s := range []*Selector{p.Of, p.When} {
		if err := s.validate(find); err != nil {
			return err
		}
	}
	if p.Draw == nil {
		return nil
	}
	for _, s := range p.Draw.Selectors() {
		if err := s.validate(find); err != nil {
			return err
		}
	}
	if err := p.Draw.Validate(); err != nil {
		return fmt.Errorf("count: %w", err)
	}
	if p.Draw.Type == frame.Category {
		for _, l := range p.Draw.Domain.Labels {
			if _, ok := asCount(l); !ok {
				return fmt.Errorf("the count %q is not a number of records", l)
			}
		}
	} else if p.Draw.Type != frame.Integer {
		return errors.New("its count is not a whole number")
	}
	return p.Draw.ValidateUses(find)
}

// bind returns what counts the records of the persons of a batch. Name is that of the
// stream.
func (p *recordCount) bind(env *Env, name string) *recordCounter {
	c := &recordCounter{max: int32(p.Max)}
	if p.Of != nil {
		c.of = p.Of.Bind(env)
		return c
	}
	if p.When != nil {
		c.when = p.When.Bind(env)
	}
	own := *env
	field := *p.Draw
	field.Name = name
	own.Field = &field
	c.typ, c.draw = field.Type, field.Program.Bind(&own)
	if field.Type == frame.Category {
		for _, l := range field.Domain.Labels {
			k, _ := asCount(l)
			c.labels = append(c.labels, k)
		}
	}
	return c
}

type recordCounter struct {
	of, when *BoundSelector
	draw     Filler
	typ      frame.Type
	labels   []int32 // the count of each code
	max      int32
	column   frame.Column
	cases    []int32
}

// counts writes the number of records of each person to out and returns it.
func (c *recordCounter) counts(b *frame.Batch, out []int32) []int32 {
	if c.of != nil {
		return c.of.Cases(b, out)
	}
	out = frame.Grow(out, b.N)
	c.column.Resize(c.typ, b.N)
	c.draw.Fill(b, &c.column)
	for r := range out {
		out[r] = 0
		switch {
		case c.column.IsNull(c.typ, r):
		case c.typ == frame.Category:
			out[r] = c.labels[c.column.Codes[r]]
		default:
			out[r] = int32(min(max(c.column.Ints[r], 0), int64(c.max)))
		}
	}
	if c.when != nil {
		c.cases = c.when.Cases(b, c.cases)
		for r := range out {
			if c.cases[r] == 0 {
				out[r] = 0
			}
		}
	}
	return out
}
