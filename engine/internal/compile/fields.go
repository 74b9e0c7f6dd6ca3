package compile

import (
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// compileFields compiles every field, each after those it uses.
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
		p := plan.Correlation{Name: x.Name, Matrix: x.Matrix, Source: x.Source, Status: x.Status, Note: x.Note}
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
	if s.Unique && !slices.ContainsFunc(c.diags.Items[before:], isError) {
		c.kinds.MakeUnique(s, f)
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
	broken := slices.ContainsFunc(c.diags.Items[before:], isError)
	if !broken { // a fault is reported once, not again for every field that uses it
		c.kinds.Fields[f.Name] = f
	}
	return f
}

func isError(d diag.Diagnostic) bool { return d.Severity == diag.Error }

// fieldOrder returns the positions of the fields so that each comes after those
// it uses, otherwise in the order of the spec. It reports a cycle with its path.
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
		names := uses(&c.spec.Fields[i])
		if kind.MeaningOf(c.spec.Fields[i].Kind) == kind.Weighting {
			names = append(names, kind.StratumUses(c.spec)...)
		}
		for _, name := range names {
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
				// The where of csv and values is about columns of a CSV file. The kind
				// lists what statistics use, because those of a fitted field may be by
				// groups of it.
				if e.Name != "csv" && e.Name != "values" && !kind.ListsStatistics(e.Name) {
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
	c.diags.Errorf(c.spec.Fields[cycle[0]].Place, "cycle", "the fields depend on each other: %s", strings.Join(names, " -> ")).
		WithHint("remove one of these references")
}
