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
		left := c.mayOccur(f, given, missing)
		if len(left) == 0 {
			return
		}
		c.diags.Errorf(f.Place, "marginal", "field %q cannot be checked for missing entries: %v", f.Name, err).
			WithHint("make it depend on fewer fields, or add entries").
			Note("it has none for %d combinations that may occur, such as %s", len(left), plan.SlotName(c.fieldsOf(given), left[0]))
		return
	}
	mass := joint.Mass
	fields := c.fieldsOf(given)
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

// mayOccur returns those of the missing configurations that may occur, where the joint
// distribution of all given fields is too large: a configuration does not occur if its
// values of some of these fields do not occur together. It looks at the fields that do
// not depend on one of the fitted variables, for each variable in turn.
func (c *compiler) mayOccur(f *kind.Field, given []string, missing []int) []int {
	for _, v := range c.space.scopeOf(given, c.kinds.Fields) {
		var part []string
		for _, name := range given {
			if !slices.Contains(c.space.resolve(name, c.kinds.Fields).scope, v) {
				part = append(part, name)
			}
		}
		joint, err := c.joint(part, f.When, c.wanted)
		if err != nil {
			continue
		}
		missing = slices.DeleteFunc(slices.Clone(missing), func(config int) bool {
			return joint.Mass[c.projectSlots(given, part, config)] == 0
		})
	}
	return missing
}

func (c *compiler) fieldsOf(names []string) (fields []*kind.Field) {
	for _, name := range names {
		fields = append(fields, c.kinds.Fields[name])
	}
	return fields
}

// projectSlots returns the configuration of some of the fields that a configuration of all
// has. Both number the slots of their fields row-major, and part keeps the order of all.
func (c *compiler) projectSlots(all, part []string, config int) int {
	to, stride := 0, 1
	for i := len(all) - 1; i >= 0; i-- {
		slots := c.kinds.Fields[all[i]].Slots()
		if slices.Contains(part, all[i]) {
			to += config % slots * stride
			stride *= slots
		}
		config /= slots
	}
	return to
}
