package plan

import (
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/spec"
)

// checkNames resolves every name of a field or source that the spec mentions
// outside conditions, which are resolved where they are compiled.
func (c *compiler) checkNames() {
	var fields, sources []string
	for _, f := range c.spec.Fields {
		fields = append(fields, f.Name)
	}
	for _, s := range c.spec.Sources {
		sources = append(sources, s.Name)
	}
	field := func(t spec.String) { c.mustBeOneOf(t, "field", "unknown-field", fields) }
	source := func(name string, at diag.Place) {
		if name != "" {
			c.mustBeOneOf(spec.String{Value: name, Place: at}, "source", "unknown-source", sources)
		}
	}
	for i := range c.spec.Fields {
		f := &c.spec.Fields[i]
		at := f.Place
		if n := f.Body.Get("source"); n != nil {
			at = n.Place
		}
		source(f.Source, at)
		if k, ok := kind.Find(f.Kind); ok {
			for _, t := range k.Uses(f) {
				field(t)
			}
		}
	}
	for _, t := range c.spec.Tables {
		source(t.Source, t.Place)
		axes := slices.Concat(t.Given, t.Over)
		for i, a := range axes {
			field(a)
			if slices.ContainsFunc(axes[:i], func(b spec.String) bool { return a.Value == b.Value }) {
				c.diags.Errorf(a.Place, "field-twice", "table %q names field %q twice", t.Name, a.Value).WithHint("name it once, in given or in over")
			}
		}
	}
	for _, j := range c.spec.Joints {
		for _, t := range j.Fields {
			field(t)
		}
	}
	for _, x := range c.spec.Correlations {
		source(x.Source, x.Place)
		for _, t := range x.Fields {
			field(t)
		}
	}
	for _, r := range c.spec.References {
		for _, f := range r.Fields {
			field(spec.String{Value: f.Field, Place: f.Place})
		}
	}
	for _, set := range c.spec.Aliases {
		c.checkAliases(set, fields)
	}
	for _, r := range c.spec.Roles {
		field(r.Field)
		c.plan.Roles[r.Name] = r.Field.Value
	}
}

// checkAliases checks that every column of a set has one field and the other
// way round.
func (c *compiler) checkAliases(set spec.AliasSet, fields []string) {
	columns, taken := map[string]string{}, map[string]string{}
	hidden := map[string]bool{}
	for _, f := range c.spec.Fields {
		hidden[f.Name] = f.Hidden
	}
	for _, a := range set.Columns {
		if !c.mustBeOneOf(a.Field, "field", "unknown-field", fields) {
			continue
		}
		if hidden[a.Field.Value] {
			c.diags.Errorf(a.Field.Place, "hidden-alias", "field %q is hidden, so it has no column to name", a.Field.Value).WithHint("take the alias away, or hidden")
			continue
		}
		columns[a.Field.Value] = a.Column.Value
	}
	for _, f := range c.spec.Fields {
		if !f.Hidden && columns[f.Name] == "" {
			taken[f.Name] = f.Name
		}
	}
	for _, a := range set.Columns {
		field, column := a.Field.Value, a.Column.Value
		if columns[field] == "" {
			continue
		}
		if other, twice := taken[column]; twice {
			c.diags.Errorf(a.Column.Place, "column-twice", "two columns would be called %q in the set %q: those of %s and %s", column, set.Name, other, field).
				WithHint("choose another name for one of them")
			continue
		}
		taken[column] = field
	}
	if c.plan.Aliases == nil {
		c.plan.Aliases = map[string]map[string]string{}
	}
	c.plan.Aliases[set.Name] = columns
}

func (c *compiler) mustBeOneOf(t spec.String, what, code string, names []string) bool {
	if slices.Contains(names, t.Value) {
		return true
	}
	d := c.diags.Errorf(t.Place, code, "no %s is called %q", what, t.Value)
	if g := diag.Guess(t.Value, names); g != "" {
		d.WithHint("did you mean %q?", g)
	} else {
		d.WithHint("declare it, or correct the name")
	}
	return false
}

// compileFields compiles every field after those it uses.
func (c *compiler) compileFields() {
	order, ok := c.fieldOrder()
	if !ok {
		return
	}
	compiled := make([]*kind.Field, len(c.spec.Fields))
	for _, i := range order {
		f := c.compileField(&c.spec.Fields[i])
		compiled[i] = f
		if f.Class != kind.Fitted {
			c.plan.Order = append(c.plan.Order, f.Name)
		}
	}
	c.plan.Fields = compiled
	c.kinds.CheckCorrelations()
	for _, x := range c.spec.Correlations {
		p := Correlation{Name: x.Name, Matrix: x.Matrix, Source: x.Source, Status: x.Status, Note: x.Note}
		for _, t := range x.Fields {
			p.Fields = append(p.Fields, t.Value)
		}
		c.plan.Correlations = append(c.plan.Correlations, p)
	}
}

func (c *compiler) compileField(s *spec.Field) *kind.Field {
	f := &kind.Field{
		Name: s.Name, Kind: s.Kind, Title: s.Title, About: s.About, Unit: s.Unit, Hidden: s.Hidden,
		Source: s.Source, Status: s.Status, Note: s.Note, Decimals: -1, Place: s.Place,
	}
	before := len(c.diags.Items)
	if s.When != nil {
		f.When, f.WhenText = c.kinds.Select([]*spec.Condition{s.When}), s.When.Text
	}
	k, _ := kind.Find(s.Kind)
	k.Compile(c.kinds, s, f)
	if s.When != nil {
		f.Nullable = true
		if f.When != nil {
			for _, name := range f.When.Fields {
				if !slices.Contains(f.Inputs, name) {
					f.Inputs = append(f.Inputs, name)
				}
			}
		}
	}
	broken := slices.ContainsFunc(c.diags.Items[before:], func(d diag.Diagnostic) bool { return d.Severity == diag.Error })
	if !broken { // what depends on a broken field stays silent: one fault, one message
		c.kinds.Fields[f.Name] = f
	}
	return f
}

// fieldOrder returns the fields so that each comes after those it uses, the
// spec's order otherwise; a cycle is reported with its path.
func (c *compiler) fieldOrder() (order []int, ok bool) {
	position := map[string]int{}
	for i, f := range c.spec.Fields {
		position[f.Name] = i
	}
	const (
		unseen = iota
		open
		done
	)
	state := make([]int, len(c.spec.Fields))
	var path []int
	ok = true
	var visit func(i int)
	visit = func(i int) {
		switch state[i] {
		case done:
			return
		case open:
			c.reportCycle(path[slices.Index(path, i):])
			ok = false
			return
		}
		state[i] = open
		path = append(path, i)
		for _, name := range uses(&c.spec.Fields[i]) {
			if j, known := position[name]; known {
				visit(j)
			}
		}
		path = path[:len(path)-1]
		state[i] = done
		order = append(order, i)
	}
	for i := range c.spec.Fields {
		visit(i)
	}
	return order, ok
}

// uses lists the fields that a field refers to, conditions included.
func uses(f *spec.Field) []string {
	var names []string
	if k, ok := kind.Find(f.Kind); ok {
		for _, t := range k.Uses(f) {
			names = append(names, t.Value)
		}
	}
	var walk func(n *spec.Node)
	walk = func(n *spec.Node) {
		switch {
		case n == nil:
		case n.Kind == spec.CondNode:
			for _, t := range n.Cond.Terms {
				names = append(names, t.Field)
			}
		default:
			for _, item := range n.Items {
				walk(item)
			}
			for _, e := range n.Fields {
				if e.Name != "csv" && e.Name != "values" { // their where speaks of columns
					walk(e.Value)
				}
			}
		}
	}
	walk(f.Body)
	return names
}

func (c *compiler) reportCycle(cycle []int) {
	var names []string
	for _, i := range cycle {
		names = append(names, c.spec.Fields[i].Name)
	}
	names = append(names, names[0])
	c.diags.Errorf(c.spec.Fields[cycle[0]].Place, "cycle", "fields need each other in a circle: %s", strings.Join(names, " -> ")).
		WithHint("take one of these references away")
}
