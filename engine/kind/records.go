package kind

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/spec"
)

const recordsName = "records"

var recordsKind = Kind{
	Name:            recordsName,
	Uses:            recordsUses,
	listsConditions: true,
	Compile:         compileRecords,
	New:             func() Program { return &records{} },
}

// records is a list of records for each person: those of the first group, then those of
// the second, and so on. A record is a row of fields of its own, which are drawn as those
// of a person are.
//
// The fields of a record name those of the person as person.x, those of the first record
// of an earlier group as group.x, and those of the record before as previous.x.
type records struct {
	Groups []*recordGroup `json:"groups"`
}

// recordGroup is the records of one group.
type recordGroup struct {
	Name   string       `json:"name"`
	Title  string       `json:"title,omitempty"`
	About  string       `json:"about,omitempty"`
	Count  *recordCount `json:"count"`
	Fields []*Field     `json:"fields"` // with the hidden ones
	Order  []string     `json:"order"`  // of Fields, each after those it uses
	// Context are the fields of others that Fields and Limits read, with their names there.
	// They have no programs.
	Context []*Field       `json:"context,omitempty"`
	Limits  []*recordLimit `json:"limits,omitempty"`
	// Distinct are the fields of which no two records of a person have the same value.
	Distinct []string `json:"distinct,omitempty"`
}

const (
	personPrefix   = "person."
	previousPrefix = "previous."
)

// maxRecords is the largest number of records of a group that a person can have, plus one.
const maxRecords = 1 << 8

// recordsUses returns the fields of the person that a stanza refers to.
func recordsUses(s *spec.Field) []spec.String {
	var uses []spec.String
	if s.When != nil {
		uses = append(uses, conditionUses(s.Body.Get("when"))...)
	}
	for _, g := range s.Body.Get("groups").Fields {
		uses = append(uses, countUses(g.Value)...)
		inner := slices.Clone(limitUses(g.Value))
		for _, f := range recordFields(g.Value) {
			inner = append(inner, Uses(&f)...)
		}
		for _, u := range inner {
			if name, ok := strings.CutPrefix(u.Value, personPrefix); ok {
				uses = append(uses, spec.String{Value: name, Place: u.Place})
			}
		}
	}
	return uses
}

// recordFields returns the stanzas of the fields of a group.
func recordFields(group *spec.Node) (fields []spec.Field) {
	if n := group.Get("fields"); n != nil {
		for _, e := range n.Fields {
			fields = append(fields, e.Field())
		}
	}
	return fields
}

func compileRecords(c *Compiler, s *spec.Field, f *Field) {
	f.Class, f.Type = Drawn, frame.Records
	f.Nullable = s.When != nil
	groups := s.Body.Get("groups")
	if len(groups.Fields) == 0 {
		c.Diags.Errorf(groups.Place, "no-groups", "%q has no group of records", s.Name).WithHint("add one, for example child: {count: 1, fields: {…}}")
		return
	}
	p, ok := &records{}, true
	for _, n := range groups.Fields {
		g := c.compileRecordGroup(s, f, p, n)
		if g == nil {
			ok = false
			continue
		}
		p.Groups = append(p.Groups, g)
	}
	if !ok {
		return
	}
	if f.Records = c.recordColumns(p, groups); f.Records == nil {
		return
	}
	f.Program = p
}

// compileRecordGroup returns nil after it has reported a fault.
func (c *Compiler) compileRecordGroup(s *spec.Field, f *Field, p *records, n spec.Named) *recordGroup {
	before := len(c.Diags.Items)
	fields := recordFields(n.Value)
	c.checkRecordNames(s, n, fields)
	inner := c.ofRecord(p, fields)
	g := &recordGroup{Name: n.Name}
	if t := n.Value.Get("title"); t != nil {
		g.Title = t.String
	}
	if t := n.Value.Get("about"); t != nil {
		g.About = t.String
	}
	g.Count = c.compileCount(s, f, n)
	c.reportLimits(n.Value, fields)
	c.reportDistinct(n.Value, fields)
	order, ok := c.recordOrder(s, n, fields)
	if !ok {
		return nil
	}
	g.Fields = make([]*Field, len(fields))
	for _, i := range order {
		of := inner.CompileField(&fields[i])
		g.Fields[i] = of
		g.Order = append(g.Order, of.Name)
		if inner.Fields[of.Name] == nil {
			continue // faulty
		}
		inner.admitNulls(&fields[i], of)
		inner.Fields[previousPrefix+of.Name] = of.outside(previousPrefix+of.Name, true)
		g.Limits = append(g.Limits, inner.compileLimits(n.Value, of)...)
		inner.compileDistinct(n.Value, g, of)
	}
	if slices.ContainsFunc(c.Diags.Items[before:], isError) {
		return nil
	}
	g.addContext(f, inner)
	return g
}

// checkRecordNames reports names that would mean two things, and what records cannot have.
func (c *Compiler) checkRecordNames(s *spec.Field, n spec.Named, fields []spec.Field) {
	groups := s.Body.Get("groups").Fields
	if n.Name+"." == personPrefix || n.Name+"." == previousPrefix {
		c.Diags.Errorf(n.Place, "reserved-name", "a group cannot be called %q, which stands for the %s", n.Name, map[string]string{"person": "person", "previous": "record before"}[n.Name]).
			WithHint("give it another name")
	}
	if len(fields) == 0 {
		c.Diags.Errorf(n.Place, "no-fields", "group %q has no fields", n.Name).WithHint("add one")
	}
	for i := range fields {
		f := &fields[i]
		switch {
		case f.Name == RecordGroup:
			c.Diags.Errorf(f.Place, "reserved-name", "a field of a record cannot be called %q, which is the column with the name of the group", RecordGroup).WithHint("give it another name")
		case slices.ContainsFunc(groups, func(g spec.Named) bool { return g.Name == f.Name }):
			c.Diags.Errorf(f.Place, "reserved-name", "%q is the name of a group of %q, and cannot be that of a field of its records", f.Name, s.Name).WithHint("give one of the two another name")
		}
		if f.Unique {
			c.Diags.Errorf(f.Body.Get("unique").Place, "not-unique", "a field of a record cannot be unique").WithHint("remove unique")
			f.Unique = false // what else is wrong with that does not matter
		}
		if f.Source != "" && !slices.ContainsFunc(c.Spec.Sources, func(x spec.Source) bool { return x.Name == f.Source }) {
			c.Diags.Errorf(f.Body.Get("source").Place, "unknown-source", "no source is called %q", f.Source).WithHint("declare it, or correct the name")
		}
	}
}

// ofRecord returns a compiler of the fields of a record of the next group of p.
func (c *Compiler) ofRecord(p *records, own []spec.Field) *Compiler {
	all := *c.Spec
	all.Correlations, all.Fields = nil, nil
	inner := &Compiler{Spec: &all, Diags: c.Diags, Fields: map[string]*Field{}, Table: c.Table, inRecord: true}
	add := func(f *Field, prefix string, nullable bool) {
		if f != nil && !f.Class.Added() && !f.Type.List() {
			inner.Fields[prefix+f.Name] = f.outside(prefix+f.Name, nullable)
		}
	}
	all.Fields = append(all.Fields, own...)
	for _, f := range own {
		name := previousPrefix + f.Name
		all.Fields = append(all.Fields, spec.Field{Name: name})
		if f.Kind == integerName { // its values are known before it is compiled, so that it may depend on itself
			low, high := int64(f.Body.Get("min").Number), int64(f.Body.Get("max").Number)
			inner.Fields[name] = &Field{Name: name, Kind: f.Kind, Class: Drawn, Type: frame.Integer, Nullable: true, Domain: &Domain{Integer: true, Min: low, Max: max(low, min(high, low+maxIntegers-1))}}
		}
	}
	for _, g := range p.Groups {
		for _, f := range g.Fields {
			all.Fields = append(all.Fields, spec.Field{Name: g.Name + "." + f.Name})
			add(f, g.Name+".", true)
		}
	}
	for _, f := range c.Spec.Fields {
		of := c.Fields[f.Name]
		if of != nil && (of.Class.Added() || of.Type.List()) {
			continue // a record cannot use it
		}
		all.Fields = append(all.Fields, spec.Field{Name: personPrefix + f.Name})
		add(of, personPrefix, false)
	}
	return inner
}

// outside returns the field as records see it from outside: its values are given, under
// another name.
func (f *Field) outside(name string, nullable bool) *Field {
	out := &Field{Name: name, Kind: f.Kind, Title: f.Title, Class: f.Class, Type: f.Type, Nullable: f.Nullable || nullable, Decimals: f.Decimals, Domain: f.Domain}
	if p, ok := f.Program.(*date); ok {
		out.Program = &date{Low: p.Low, High: p.High}
	}
	if low, high := f.Bounds(); f.Type == frame.Integer && f.Domain == nil && high-low < maxIntegers {
		out.Domain = &Domain{Integer: true, Min: int64(low), Max: int64(high)} // of a column
	}
	return out
}

// admitNulls makes a field nullable where its program gives some records no value, and
// warns of lists that some records do not have.
func (c *Compiler) admitNulls(s *spec.Field, f *Field) {
	p, ok := f.Program.(interface{ Uncovered() ([]string, []int) })
	if !ok {
		return
	}
	if _, configs := p.Uncovered(); len(configs) > 0 {
		f.Nullable = true
		if s.When == nil {
			c.Diags.Warnf(s.Place, "no-entry", "for %d of the combinations of values of the fields given to %q there is no entry: records with one of them have no value", len(configs), s.Name).
				WithHint("add the entries, or a when that says which records have a value")
		}
	}
}

// recordOrder returns the positions of the fields of a group, each after those it uses. It
// returns false after it has reported that there is no such order.
func (c *Compiler) recordOrder(s *spec.Field, n spec.Named, fields []spec.Field) (order []int, ok bool) {
	position := map[string]int{}
	for i, f := range fields {
		if position[f.Name] = i; f.Kind != integerName {
			position[previousPrefix+f.Name] = i
		}
	}
	order, cycles := Order(len(fields), func(i int) (used []int) {
		for _, u := range Uses(&fields[i]) {
			if j, ok := position[u.Value]; ok {
				used = append(used, j)
			}
		}
		for _, l := range limitsOf(n.Value, fields[i].Name) {
			for _, u := range l.uses() {
				if j, ok := position[u.Value]; ok && j != i {
					used = append(used, j)
				}
			}
		}
		return used
	})
	for _, cycle := range cycles {
		var names []string
		for _, i := range append(cycle, cycle[0]) {
			names = append(names, fields[i].Name)
		}
		c.Diags.Errorf(fields[cycle[0]].Place, "cycle", "the fields of %s.%s depend on each other: %s", s.Name, n.Name, strings.Join(names, " -> ")).
			WithHint("remove one of these references")
	}
	return order, len(cycles) == 0
}

// addContext lists the fields of others that the group reads, and makes those of the
// person inputs of f.
func (g *recordGroup) addContext(f *Field, inner *Compiler) {
	need := func(name string) {
		if !strings.Contains(name, ".") || slices.ContainsFunc(g.Context, func(x *Field) bool { return x.Name == name }) {
			return
		}
		g.Context = append(g.Context, inner.Fields[name])
		if of, ok := strings.CutPrefix(name, personPrefix); ok && !slices.Contains(f.Inputs, of) {
			f.Inputs = append(f.Inputs, of)
		}
	}
	for _, of := range g.Fields {
		for _, name := range of.Inputs {
			need(name)
		}
	}
	for _, l := range g.Limits {
		for _, name := range l.inputs() {
			need(name)
		}
	}
}

// recordColumns returns the columns of the records: the group, and the fields of all
// groups that are not hidden. It returns nil after it has reported a fault.
func (c *Compiler) recordColumns(p *records, at *spec.Node) []*Field {
	group := &Field{Name: RecordGroup, Kind: constantKind.Name, Class: Derived, Type: frame.Category, Domain: &Domain{}, Decimals: -1}
	columns := []*Field{group}
	ok := true
	for i, g := range p.Groups {
		group.Domain.addLabel(g.Name)
		for _, f := range g.Fields {
			if f.Hidden {
				continue
			}
			k := slices.IndexFunc(columns, func(x *Field) bool { return x.Name == f.Name })
			if k < 0 {
				columns = append(columns, f.recordColumn(i > 0))
				continue
			}
			if !columns[k].takeIn(f) {
				c.Diags.Errorf(f.Place, "other-type", "field %q of group %q has values of another type than that of an earlier group: %s and %s are one column", f.Name, g.Name, f.valuesName(), columns[k].valuesName()).
					WithHint("give one of them another name")
				ok = false
			}
		}
	}
	for _, x := range columns[1:] {
		for _, g := range p.Groups {
			if !slices.ContainsFunc(g.Fields, func(f *Field) bool { return f.Name == x.Name && !f.Hidden }) {
				x.Nullable = true
			}
		}
	}
	if !ok {
		return nil
	}
	if len(columns) == 1 {
		c.Diags.Errorf(at.Place, "no-fields", "every field of the records is hidden").WithHint("show one")
		return nil
	}
	return columns
}

// recordColumn returns the column of a field that is the first of its name.
func (f *Field) recordColumn(nullable bool) *Field {
	x := &Field{Name: f.Name, Kind: f.Kind, Title: f.Title, About: f.About, Unit: f.Unit, Source: f.Source, Status: f.Status, Note: f.Note,
		Class: f.Class, Type: f.Type, Nullable: f.Nullable || nullable, Decimals: f.Decimals}
	if d := f.Domain; d != nil {
		x.Domain = &Domain{Labels: slices.Clone(d.Labels), Boolean: d.Boolean, Integer: d.Integer, Min: d.Min, Max: d.Max}
	}
	return x
}

// takeIn makes a column also that of a field of another group. It returns false if the
// values have another type.
func (x *Field) takeIn(f *Field) bool {
	if x.Type != f.Type || (x.Domain == nil) != (f.Domain == nil) || x.Domain != nil && (x.Domain.Boolean != f.Domain.Boolean || x.Domain.Integer != f.Domain.Integer) {
		return false
	}
	x.Nullable = x.Nullable || f.Nullable
	if x.Decimals >= 0 && (f.Decimals < 0 || f.Decimals > x.Decimals) {
		x.Decimals = f.Decimals
	}
	switch d := f.Domain; {
	case d == nil:
	case d.Integer:
		x.Domain.Min, x.Domain.Max = min(x.Domain.Min, d.Min), max(x.Domain.Max, d.Max)
	default:
		for _, l := range d.Labels {
			x.Domain.addLabel(l)
		}
	}
	return true
}

func (f *Field) valuesName() string {
	if f.Domain != nil && f.Domain.Boolean {
		return "truth values"
	}
	return map[frame.Type]string{frame.Category: "labels", frame.Integer: "whole numbers", frame.Number: "numbers", frame.Text: "texts", frame.Date: "dates"}[f.Type]
}

// field returns a field of the group, nil if there is none.
func (g *recordGroup) field(name string) *Field {
	for _, f := range g.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// maxItems returns the largest number of records.
func (p *records) maxItems() int {
	n := 0
	for _, g := range p.Groups {
		n += g.Count.Max
	}
	return n
}

// selectors returns those over fields of the person.
func (p *records) selectors() (all []*Selector) {
	for _, g := range p.Groups {
		if g == nil || g.Count == nil {
			continue // refused by validate
		}
		all = append(all, g.Count.Of, g.Count.When)
		if g.Count.Draw != nil {
			all = append(all, g.Count.Draw.Selectors()...)
		}
	}
	return all
}

// validate checks records that have been read against the fields of their plan.
func (p *records) validate(f *Field, find func(name string) *Field) error {
	for i, x := range f.Records {
		if x == nil || !x.isRecordColumn() || i == 0 && x.Type != frame.Category {
			return fmt.Errorf("column %d of its records is damaged", i)
		}
	}
	if len(p.Groups) == 0 || len(f.Records) < 2 || len(f.Records[0].Domain.Labels) != len(p.Groups) {
		return fmt.Errorf("its groups are not complete")
	}
	for i, g := range p.Groups {
		if g == nil || f.Records[0].Domain.Labels[i] != g.Name {
			return fmt.Errorf("group %d has another name", i)
		}
		if err := g.validate(f, p.Groups[:i], find); err != nil {
			return fmt.Errorf("group %q: %w", g.Name, err)
		}
	}
	return nil
}

// isRecordColumn reports whether records can have the field.
func (f *Field) isRecordColumn() bool {
	switch f.Type {
	case frame.Category:
		return f.Domain != nil && !f.Domain.Integer
	case frame.Integer, frame.Number, frame.Date, frame.Text:
		return true
	}
	return false
}

func (g *recordGroup) validate(f *Field, earlier []*recordGroup, find func(name string) *Field) error {
	own := map[string]*Field{}
	for _, x := range g.Fields {
		if x == nil || own[x.Name] != nil || strings.Contains(x.Name, ".") {
			return fmt.Errorf("a field has no name of its own")
		}
		own[x.Name] = x
	}
	for _, x := range g.Context {
		if x == nil || own[x.Name] != nil || !x.isRecordColumn() || !strings.Contains(x.Name, ".") {
			return fmt.Errorf("a field of others has no name of its own")
		}
		from := g.source(x.Name, earlier, find)
		if from == nil || from.Type != x.Type || from.Type.List() || x.Type == frame.Category && (from.Domain == nil || x.Domain == nil || from.Domain.Size() != x.Domain.Size()) {
			return fmt.Errorf("there is no field %q, or it has other values", x.Name)
		}
		own[x.Name] = x
	}
	inner := func(name string) *Field { return own[name] }
	if len(g.Order) != len(g.Fields) {
		return fmt.Errorf("its order is not complete")
	}
	seen := map[string]bool{}
	for _, name := range g.Order {
		x := own[name]
		if x == nil || seen[name] || strings.Contains(name, ".") || !x.isRecordColumn() || x.Class == Fitted || x.Class.Added() {
			return fmt.Errorf("its order names %q", name)
		}
		seen[name] = true
		if err := x.Validate(); err != nil {
			return fmt.Errorf("field %q: %w", name, err)
		}
		for _, s := range append(x.Selectors(), x.When) {
			if err := s.validate(inner); err != nil {
				return fmt.Errorf("field %q: %w", name, err)
			}
		}
		if err := x.ValidateUses(inner); err != nil {
			return fmt.Errorf("field %q: %w", name, err)
		}
		for _, input := range x.Inputs {
			if own[input] == nil {
				return fmt.Errorf("field %q: there is no field %q", name, input)
			}
		}
		if of := x.Lookup(); of != nil && slices.ContainsFunc(of.Case, func(k int32) bool { return int(k) > x.Domain.Size() }) {
			return fmt.Errorf("field %q: a case is no value", name)
		}
		age, dates := x.DateInputs()
		if age != "" && (own[age] == nil || own[age].Type != frame.Integer) || slices.ContainsFunc(dates, func(d string) bool { return own[d] == nil || own[d].Type != frame.Date }) {
			return fmt.Errorf("field %q does not follow from an age or dates", name)
		}
		if !x.Hidden {
			k := slices.IndexFunc(f.Records, func(c *Field) bool { return c.Name == name })
			if k < 1 || f.Records[k].Type != x.Type || (x.Domain == nil) != (f.Records[k].Domain == nil) {
				return fmt.Errorf("field %q has no column", name)
			}
		}
	}
	for _, l := range g.Limits {
		if l == nil {
			return fmt.Errorf("a limit is missing")
		}
		if err := l.validate(inner); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(g.Distinct, func(name string) bool {
		return own[name] == nil || strings.Contains(name, ".") || own[name].Type == frame.Number
	}) {
		return fmt.Errorf("a field that differs between records is missing")
	}
	return g.Count.validate(find)
}

// source returns the field that a name of the context stands for.
func (g *recordGroup) source(name string, earlier []*recordGroup, find func(name string) *Field) *Field {
	of, rest, _ := strings.Cut(name, ".")
	switch of + "." {
	case personPrefix:
		return find(rest)
	case previousPrefix:
		return g.field(rest)
	}
	for _, x := range earlier {
		if x.Name == of {
			return x.field(rest)
		}
	}
	return nil
}

// validate checks that a selector is complete, and over fields that there are.
func (s *Selector) validate(find func(name string) *Field) error {
	if s == nil {
		return nil
	}
	if len(s.Slots) != len(s.Fields) || len(s.Nullable) != len(s.Fields) || len(s.Min) != len(s.Fields) {
		return fmt.Errorf("a condition is not complete")
	}
	size := 1
	for i, name := range s.Fields {
		f := find(name)
		if f == nil || f.Domain == nil || f.Slots() != s.Slots[i] || s.Slots[i] < 1 || size > maxSelector/s.Slots[i] {
			return fmt.Errorf("a condition is about %q, which does not have %d values", name, s.Slots[i])
		}
		size *= s.Slots[i]
	}
	if size != len(s.Case) || slices.ContainsFunc(s.Case, func(c int32) bool { return c < 0 }) {
		return fmt.Errorf("a condition has %d cases for %d combinations of values", len(s.Case), size)
	}
	return nil
}
