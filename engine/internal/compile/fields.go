package compile

import (
	"strings"

	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// compileFields compiles every field, each after those it uses.
func (c *compiler) compileFields() {
	order, ok := c.fieldOrder()
	if !ok {
		return
	}
	compiled := make([]*kind.Field, len(c.spec.Fields))
	for _, i := range order {
		f := c.kinds.CompileField(&c.spec.Fields[i])
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

// fieldOrder returns the positions of the fields so that each comes after those
// it uses, otherwise in the order of the spec. It reports a cycle with its path.
func (c *compiler) fieldOrder() (order []int, ok bool) {
	position := map[string]int{}
	for i, f := range c.spec.Fields {
		position[f.Name] = i
	}
	order, cycles := kind.Order(len(c.spec.Fields), func(i int) (used []int) {
		for _, t := range kind.Uses(&c.spec.Fields[i]) {
			if j, known := position[t.Value]; known {
				used = append(used, j)
			}
		}
		if kind.MeaningOf(c.spec.Fields[i].Kind) == kind.Weighting {
			for _, name := range kind.StratumUses(c.spec) {
				if j, known := position[name]; known {
					used = append(used, j)
				}
			}
		}
		return used
	})
	for _, cycle := range cycles {
		c.reportCycle(cycle)
	}
	return order, cycles == nil
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
