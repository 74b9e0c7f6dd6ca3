package compile

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// checkAliases checks that a set of aliases gives every column a different name, of
// one field. Labels and types are checked by compileAliases.
func (c *compiler) checkAliases(set spec.AliasSet, fields []string) {
	if set.Listed {
		c.checkListedAliases(set, fields)
		return
	}
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
		if field := a.Field.Value; columns[field] != "" {
			c.takeColumn(set, a, field, taken)
		}
	}
	c.addAliases(set, plan.AliasSet{Names: columns})
}

// takeColumn records whose column has a name, and reports a name that is taken.
func (c *compiler) takeColumn(set spec.AliasSet, a spec.Alias, field string, taken map[string]string) {
	column := a.Column.Value
	if other, twice := taken[column]; twice {
		c.diags.Errorf(a.Column.Place, "column-twice", "two columns are called %q in the set %q: those of %s and %s", column, set.Name, other, field).
			WithHint("rename one of them")
		return
	}
	taken[column] = field
}

func (c *compiler) addAliases(set spec.AliasSet, to plan.AliasSet) {
	if c.plan.Aliases == nil {
		c.plan.Aliases = map[string]plan.AliasSet{}
	}
	c.plan.Aliases[set.Name] = to
}

// checkListedAliases checks the fields and names of a set that lists its columns.
func (c *compiler) checkListedAliases(set spec.AliasSet, fields []string) {
	for _, name := range set.Beside {
		c.diags.Errorf(name.Place, "alias-column", "the set %q lists its columns, so %q beside them has no effect", set.Name, name.Value).
			WithHint("write it into the list: {column: \"NAME\", field: %q}", name.Value)
	}
	taken, seen := map[string]string{}, map[string]bool{}
	for _, a := range set.Columns {
		field := a.Field.Value
		switch {
		case field == "" && (a.Type.Value != "" || a.Labels != nil):
			c.diags.Errorf(a.Column.Place, "alias-column", "column %q is a constant, which has no type and no labels", a.Column.Value).WithHint("write the value as it is stored")
		case field != "" && !c.mustBeOneOf(a.Field, "field", "unknown-field", fields):
		case seen[field]:
			c.diags.Errorf(a.Field.Place, "field-twice", "field %q is in two columns of the set %q", field, set.Name).WithHint("list it once")
		}
		seen[field] = field != ""
		if field == "" {
			field = "a constant"
		}
		c.takeColumn(set, a, field, taken)
	}
}

// compileAliases compiles the sets that list their columns.
func (c *compiler) compileAliases() {
	for _, set := range c.spec.Aliases {
		if !set.Listed {
			continue
		}
		out := plan.AliasSet{}
		for _, a := range set.Columns {
			column := plan.AliasColumn{Name: a.Column.Value, Field: a.Field.Value, Type: a.Type.Value}
			if a.Value != nil {
				value := a.Value.String
				column.Value = &value
				if a.Value.Kind == spec.NumberNode {
					column.Type = plan.AsInteger
				}
			}
			if f := c.plan.Field(column.Field); f != nil {
				column.Labels = c.aliasLabels(a, f)
				c.checkAliasType(a, f, column.Labels)
			}
			out.Columns = append(out.Columns, column)
		}
		c.addAliases(set, out)
	}
}

// aliasLabels returns the labels of a column that differ from those of its field. No
// two values may get the same label.
func (c *compiler) aliasLabels(a spec.Alias, f *kind.Field) map[string]string {
	if a.Labels == nil {
		return nil
	}
	if f.Domain == nil || f.Type != frame.Category && f.Type != frame.CategoryList {
		c.diags.Errorf(a.Labels[0].Of.Place, "alias-labels", "field %q has no labels to replace: it is of type %s", f.Name, f.Type).WithHint("remove labels")
		return nil
	}
	to, place := map[string]string{}, map[string]diag.Place{}
	for _, l := range a.Labels {
		if _, known := f.Domain.Index(l.Of.Value); !known {
			c.unknownLabel(f, l.Of.Value, l.Of.Place)
			continue
		}
		to[l.Of.Value], place[l.Of.Value] = l.Label.Value, l.Label.Place
	}
	taken := map[string]string{}
	for _, label := range f.Domain.Labels {
		if _, replaced := to[label]; !replaced {
			taken[label] = label
		}
	}
	for _, l := range a.Labels {
		of := l.Of.Value
		other, twice := taken[to[of]]
		if _, known := to[of]; known && twice && other != of {
			c.diags.Errorf(place[of], "alias-labels", "the values %q and %q of field %q get the same label %q in column %q", other, of, f.Name, to[of], a.Column.Value).
				WithHint("give each value a label of its own, or list a group field that joins them")
		}
		taken[to[of]] = of
	}
	maps.DeleteFunc(to, func(of, label string) bool { return of == label })
	return to
}

// checkAliasType checks that the values of a field can be stored as the column says,
// and read back.
func (c *compiler) checkAliasType(a spec.Alias, f *kind.Field, labels map[string]string) {
	hint := "remove type, or choose one that fits: lists as json or python, numbers as text"
	if a.Type.Value == plan.AsInteger {
		hint = "only categories whose labels are whole numbers and numbers without decimal places fit an integer"
	}
	if !plan.Fits(f, a.Type.Value) {
		c.diags.Errorf(a.Type.Place, "alias-type", "column %q cannot store field %q as %s: the field is of type %s", a.Column.Value, f.Name, a.Type.Value, f.Type).WithHint("%s", hint)
		return
	}
	if f.Type != frame.Category || a.Type.Value == "" || a.Type.Value == plan.AsText {
		return
	}
	for _, label := range f.Domain.Labels {
		to := label
		if l, ok := labels[label]; ok {
			to = l
		}
		if !canonical(to, a.Type.Value) {
			c.diags.Errorf(a.Type.Place, "alias-type", "column %q cannot store the label %q of field %q as %s", a.Column.Value, to, f.Name, a.Type.Value).
				WithHint("map it to a number with labels, written without leading zeros, or remove type")
			return
		}
	}
}

// canonical reports whether a label is a number that is written back as the same text.
func canonical(label, as string) bool {
	if as == plan.AsInteger {
		n, err := strconv.ParseInt(label, 10, 64)
		return err == nil && strconv.FormatInt(n, 10) == label
	}
	x, err := strconv.ParseFloat(label, 64)
	return err == nil && strconv.FormatFloat(x, 'f', -1, 64) == label
}

// warnCase warns of columns whose names are equal but for case: databases and
// spreadsheets take them for one.
func (c *compiler) warnCase() {
	names := map[string]string{}
	for _, f := range c.plan.Fields {
		if !f.Hidden {
			names[f.Name] = f.Name
		}
	}
	for _, set := range c.spec.Aliases {
		column := maps.Clone(names)
		if set.Listed {
			clear(column)
		}
		place := map[string]diag.Place{}
		for i, a := range set.Columns {
			field := a.Field.Value
			if field == "" {
				field = "constant " + strconv.Itoa(i)
			}
			column[field], place[field] = a.Column.Value, a.Column.Place
		}
		seen := map[string]string{}
		for _, field := range slices.Sorted(maps.Keys(column)) {
			name := column[field]
			other, twice := seen[strings.ToLower(name)]
			seen[strings.ToLower(name)] = name
			if !twice || other == name {
				continue
			}
			at, ok := place[field]
			if !ok {
				at = set.Place
			}
			c.diags.Warnf(at, "equal-but-for-case", "the columns %q and %q of the aliases %q are equal but for case", other, name, set.Name).
				WithHint("rename one: databases and spreadsheets do not distinguish them")
		}
	}
}
