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
