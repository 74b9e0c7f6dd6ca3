package compile

import (
	"cmp"
	"slices"

	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// uncovered is a program that has no entry for some configurations of the fields it
// depends on.
type uncovered interface {
	Uncovered() (fields []string, configs []int)
}

// checkEntries reports fields that have no entry for persons who can occur.
func (c *compiler) checkEntries() {
	for _, f := range c.plan.Fields {
		u, ok := f.Program.(uncovered)
		if !ok {
			continue
		}
		given, missing := u.Uncovered()
		if len(missing) == 0 {
			continue
		}
		c.checkEntriesOf(f, given, missing)
	}
}

// checkEntriesOf reports the missing entries of a field. Given are the fields it
// depends on; missing are configurations of their slots.
func (c *compiler) checkEntriesOf(f *kind.Field, given []string, missing []int) {
	joint, err := c.joint(given, f.When, c.wanted)
	if err != nil {
		c.diags.Errorf(f.Place, "marginal", "field %q cannot be checked for missing entries: %v", f.Name, err).WithHint("make it depend on fewer fields")
		return
	}
	mass := joint.Mass
	var fields []*kind.Field
	for _, name := range given {
		fields = append(fields, c.kinds.Fields[name])
	}
	var worst []int
	total := 0.0
	for _, k := range missing {
		if mass[k] > 0 {
			worst, total = append(worst, k), total+mass[k]
		}
	}
	if len(worst) == 0 {
		return
	}
	slices.SortStableFunc(worst, func(a, b int) int { return cmp.Compare(mass[b], mass[a]) })
	has := "no entry"
	if f.MaxItems() > 0 {
		has = "too few entries, or none,"
	}
	d := c.diags.Errorf(f.Place, "no-entry", "field %q has %s for %d combinations that occur, %.3g %% of persons", f.Name, has, len(worst), 100*total).
		WithHint("add entries for them or for any value, leave them out with when, or declare the combinations impossible")
	for i, k := range worst {
		if i == 5 {
			d.Note("and %d more", len(worst)-i)
			break
		}
		d.Note("%s: %.3g %% of persons", plan.SlotName(fields, k), 100*mass[k])
	}
}
