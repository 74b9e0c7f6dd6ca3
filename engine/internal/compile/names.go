package compile

import (
	"slices"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/spec"
)

// checkNames resolves the names of fields and sources that the spec mentions
// outside conditions. Names in conditions are resolved when those are compiled.
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
		for _, t := range kind.StatisticSources(f) {
			source(t.Value, t.Place)
		}
		if k, ok := kind.Find(f.Kind); ok {
			for _, t := range k.Uses(f) {
				field(t)
			}
		}
	}
	for _, t := range c.spec.Tables {
		source(t.Source, t.Place)
		for _, a := range slices.Concat(t.Given, t.Over) {
			field(a)
		}
		c.checkAxes(t)
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

// checkAxes reports fields that a table names twice.
func (c *compiler) checkAxes(t spec.Table) {
	axes := slices.Concat(t.Given, t.Over)
	for i, a := range axes {
		if slices.ContainsFunc(axes[:i], func(b spec.String) bool { return a.Value == b.Value }) {
			c.diags.Errorf(a.Place, "field-twice", "table %q names field %q twice", t.Name, a.Value).WithHint("name it once, in given or in over")
		}
	}
}

// checkAliases checks that a set of aliases gives every column a different name.
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
			c.diags.Errorf(a.Field.Place, "hidden-alias", "field %q is hidden, so it has no column to name", a.Field.Value).WithHint("remove the alias, or hidden")
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
			c.diags.Errorf(a.Column.Place, "column-twice", "two columns are called %q in the set %q: those of %s and %s", column, set.Name, other, field).
				WithHint("rename one of them")
			continue
		}
		taken[column] = field
	}
	if c.plan.Aliases == nil {
		c.plan.Aliases = map[string]map[string]string{}
	}
	c.plan.Aliases[set.Name] = columns
}
