package kind

import (
	"slices"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec"
)

// CompileField compiles a stanza, whose inputs have been compiled, and adds the field to
// c.Fields unless it is faulty, which it reports.
func (c *Compiler) CompileField(s *spec.Field) *Field {
	f := &Field{
		Name: s.Name, Kind: s.Kind, Title: s.Title, About: s.About, Unit: s.Unit, Hidden: s.Hidden,
		Source: s.Source, Status: s.Status, Note: s.Note, Decimals: -1, Place: s.Place,
	}
	before := len(c.Diags.Items)
	if s.When != nil {
		f.When, f.WhenText = c.Select([]*spec.Condition{s.When}), s.When.Text
	}
	k, _ := Find(s.Kind)
	k.Compile(c, s, f)
	if s.Unique && !slices.ContainsFunc(c.Diags.Items[before:], isError) {
		c.MakeUnique(s, f)
	}
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
	broken := slices.ContainsFunc(c.Diags.Items[before:], isError)
	if !broken { // a fault is reported once, not again for every field that uses it
		c.Fields[f.Name] = f
	}
	return f
}

func isError(d diag.Diagnostic) bool { return d.Severity == diag.Error }

// Order returns the positions of fields so that each comes after those it uses, otherwise
// in their own order, and the cycles in which fields depend on each other, if there are
// any.
func Order(n int, uses func(i int) []int) (order []int, cycles [][]int) {
	const (
		unseen = iota
		open
		done
	)
	state := make([]int, n)
	var path []int
	var visit func(i int)
	visit = func(i int) {
		switch state[i] {
		case done:
			return
		case open:
			cycles = append(cycles, slices.Clone(path[slices.Index(path, i):]))
			return
		}
		state[i] = open
		path = append(path, i)
		for _, j := range uses(i) {
			visit(j)
		}
		path = path[:len(path)-1]
		state[i] = done
		order = append(order, i)
	}
	for i := range n {
		visit(i)
	}
	return order, cycles
}

// Uses lists the fields that a stanza refers to, with those in its conditions.
func Uses(f *spec.Field) []spec.String {
	k, ok := Find(f.Kind)
	if !ok {
		return nil
	}
	names := k.Uses(f)
	if k.listsConditions {
		return names
	}
	return append(names, conditionUses(f.Body)...)
}

// conditionUses lists the fields in the conditions of a stanza.
func conditionUses(n *spec.Node) []spec.String {
	var names []spec.String
	switch {
	case n == nil:
	case n.Kind == spec.CondNode:
		for _, t := range n.Cond.Terms {
			names = append(names, spec.String{Value: t.Field, Place: t.Place})
		}
	default:
		for _, item := range n.Items {
			names = append(names, conditionUses(item)...)
		}
		for _, e := range n.Fields {
			// The where of csv and values is about columns of a CSV file. The kind
			// lists what statistics use, because those of a fitted field may be by
			// groups of it.
			if e.Name != "csv" && e.Name != "values" && !ListsStatistics(e.Name) {
				names = append(names, conditionUses(e.Value)...)
			}
		}
	}
	return names
}
