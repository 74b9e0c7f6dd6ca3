package compile

import "github.com/personagen/personagen/engine/humanize"

// toldShare is the share of persons below which figures that are not given matter little.
const toldShare = 0.001

// reportUntold warns how many persons the fit gives to the figures that a table leaves to
// the others. If these do not tell them either, the fit makes them as even as it can,
// which is far from the small figures that offices keep secret.
func (c *compiler) reportUntold() {
	for i := range c.plan.Tables {
		t := &c.plan.Tables[i]
		f := &c.tables[c.tableNamed(t.Name)]
		if f.open == nil || f.spec.Rows == nil {
			continue // of microdata, whose classes are left to other tables, only the pattern counts
		}
		share, cells := 0.0, 0
		for k, open := range f.open {
			if _, merged := f.merged[k/f.inRow]; open && !merged { // merged: the whole is known
				share += t.Fitted[k] * t.Mass[k/f.inRow]
				cells++
			}
		}
		if share < toldShare {
			continue
		}
		c.diags.Warnf(f.spec.Rows.Missing.Place, "untold", "table %q: the fit gives %s to the %s", f.spec.Name, c.personsTo(share, 2),
			humanize.Count(cells, "figure that is not given", "figures that are not given")).
			WithHint("if that is too many, set missing_is to a number, leave the rows out with drop, or add a table that tells them")
	}
}
