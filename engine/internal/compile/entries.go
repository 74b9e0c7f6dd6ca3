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
		if len(missing) == 0 || !c.fits(given, f.Place) {
			continue
		}
		c.checkEntriesOf(f, given, missing)
	}
}

// checkEntriesOf reports the missing entries of a field. Given are the fields it
// depends on; missing are configurations of their slots.
func (c *compiler) checkEntriesOf(f *kind.Field, given []string, missing []int) {
	names := given
	if f.When != nil {
		for _, name := range f.When.Fields {
			if !slices.Contains(names, name) {
				names = append(slices.Clip(names), name)
			}
		}
	}
	if !c.fits(names, f.Place) {
		return
	}
	mass, err := c.massOf(given, f.When)
	if err != nil {
		c.diags.Errorf(f.Place, "marginal", "field %q cannot be checked for missing entries: %v", f.Name, err).WithHint("make it depend on fewer fields")
		return
	}
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

// massOf returns the share of persons wanted per configuration of some fields' slots,
// of those who meet a condition (nil for all).
func (c *compiler) massOf(names []string, when *kind.Selector) ([]float64, error) {
	part := c.space.join(names, c.kinds.Fields)
	if when != nil {
		part = c.space.restrict(part, c.space.compose(when, c.kinds.Fields))
	}
	part = c.onVariables(part)
	marginal, err := c.wanted.Marginal(part.scope)
	if err != nil {
		return nil, err
	}
	mass := make([]float64, part.cells)
	for k, p := range marginal {
		if cell := part.cell[k]; cell >= 0 {
			mass[cell] += p
		}
	}
	return mass, nil
}
