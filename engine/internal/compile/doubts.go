package compile

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// A doubt is something that a spec may say but rarely means: a lost row, a lost
// where, figures in thousands, a rule about nobody. It is a warning with the names
// and figures that it is about, and becomes a part of the plan.

// doubtCodes are the codes of the warnings that the plan records.
var doubtCodes = []string{"fraction", "totals", "absent", "no-table", "meets-nobody", "moved", "missing", "microdata", "off", "nobody"}

// recordWarnings copies the doubts to the plan, for the documents of a release.
func (c *compiler) recordWarnings() {
	sorted := diag.List{Items: slices.Clone(c.diags.Items)}
	sorted.Sort()
	for _, d := range sorted.Items {
		if d.Severity == diag.Warning && slices.Contains(doubtCodes, d.Code) {
			c.plan.Warnings = append(c.plan.Warnings, plan.Warning{Code: d.Code, Message: d.Message})
		}
	}
}

// figuresAsWritten is what a table's figures were before they became shares.
type figuresAsWritten struct {
	present  []bool // per cell: whether a figure is written, if only 0
	written  []int  // per cell: figures that it is the sum of
	total    float64
	decimals int       // the most decimal places of a figure
	odd      []written // figures that are not whole numbers
	universe string    // identifies the persons described, see universeOf; "" if it is not needed
	where    *kind.Selector
}

// written is a figure as it is written.
type written struct {
	cell  int
	text  string
	place diag.Place
}

// note records a figure as written.
func (f *figures) note(cell int, text string, at diag.Place) {
	f.present[cell] = true
	f.written[cell]++
	text = strings.TrimSpace(text)
	if mantissa, _, _ := strings.Cut(strings.ToLower(text), "e"); len(mantissa) == len(text) {
		if _, fraction, ok := strings.Cut(text, "."); ok {
			f.decimals = max(f.decimals, len(fraction))
		}
	}
	if x, err := strconv.ParseFloat(text, 64); err == nil && x != math.Trunc(x) || thousands.MatchString(text) {
		f.odd = append(f.odd, written{cell, text, at})
	}
}

// thousands matches a number whose points may separate thousands.
var thousands = regexp.MustCompile(`^[1-9][0-9]{0,2}\.[0-9]{3}$`)

// checkFractions reports counts that are not whole numbers. Counts with just three
// decimals are refused: they are more likely thousands with a point between them.
func (c *compiler) checkFractions(f *figures) {
	if f.spec.Measure != "counts" || len(f.odd) == 0 || f.spec.Rounded > 0 && f.spec.Rounded < 1 {
		return
	}
	first := f.odd[0]
	alike := !slices.ContainsFunc(f.odd, func(w written) bool { return !thousands.MatchString(w.text) })
	if alike {
		write := "write " + strings.ReplaceAll(first.text, ".", "")
		if f.spec.Rows != nil {
			write = "if it does, say so: thousands: \".\", decimal: \",\""
			if f.spec.Rows.Layout.Numbers.Decimal == "," {
				write = "if the comma does, say so: thousands: \",\" in place of decimal"
			}
		}
		c.diags.Errorf(first.place, "thousands", "table %q counts %s as %s: does the point separate thousands?", f.spec.Name, f.describe(first.cell), first.text).
			WithHint("%s; or, if the counts do have fractions, say so in the table: rounded: 0.001", write).
			Note("%s", humanize.Count(len(f.odd), "count of the table is not a whole number", "counts of the table are not whole numbers"))
		return
	}
	hint := "correct them"
	if f.decimals > 0 {
		hint += ", or say how they are rounded: rounded: " + strconv.FormatFloat(math.Pow10(-f.decimals), 'f', -1, 64)
	}
	c.diags.Warnf(first.place, "fraction", "table %q has %s, the first for %s: %s", f.spec.Name,
		humanize.Count(len(f.odd), "count that is not a whole number", "counts that are not whole numbers"), f.describe(first.cell), first.text).
		WithHint("%s", hint)
}

// listDoubts warns of figures and conditions that are possible but not likely.
func (c *compiler) listDoubts() {
	for i := range c.tables {
		c.doubtAbsent(&c.tables[i])
	}
	c.doubtTotals()
	c.doubtParts()
	c.doubtFields()
	c.doubtConditions()
}

// doubtAbsent warns of combinations that a table leaves out although persons can be
// in them. A row of percent or shares with figures that add up is not doubted within
// a conditional table, where zeros are commonly left out.
func (c *compiler) doubtAbsent(f *figures) {
	if f.spec.Absent || f.spec.Role != "margin" || f.given > 0 && f.spec.Measure != "counts" || !slices.Contains(f.present, false) {
		return
	}
	missing := make([]bool, len(f.share))
	possible := c.possibleIn(f.part.scope)
	for k, cell := range f.part.cell {
		if cell >= 0 && !f.present[cell] && !missing[cell] {
			missing[cell] = possible(k)
		}
	}
	var names []string
	n := 0
	for cell, yes := range missing {
		if yes {
			if n++; n <= mostNamed {
				names = append(names, f.describe(cell))
			}
		}
	}
	if n == 0 {
		return
	}
	text := strings.Join(names, "; ")
	if n > mostNamed {
		text += fmt.Sprintf("; and %d more of %d", n-mostNamed, len(f.share))
	}
	c.diags.Warnf(f.spec.Place, "absent", "table %q has no figure for %s, so the population has no such person", f.spec.Name, text).
		WithHint("add the figures, or say that this is meant: absent: 0")
}

// mostNamed bounds the names that a warning lists.
const mostNamed = 5

// possibleIn returns a function that reports whether a configuration of the scope
// meets the structural zeros within it.
func (c *compiler) possibleIn(scope []int, except ...int) func(k int) bool {
	type test struct {
		cell []int32
		at   func(k int) int
	}
	var tests []test
	for i, z := range c.zeros {
		if len(c.space.union(scope, z.scope)) == len(scope) && !slices.Contains(except, i) {
			tests = append(tests, test{z.cell, project(c.space.cards, scope, z.scope)})
		}
	}
	return func(k int) bool {
		for _, t := range tests {
			if t.cell[t.at(k)] == 0 {
				return false
			}
		}
		return true
	}
}

// doubtTotals warns of counts of the same persons that add up to different totals.
func (c *compiler) doubtTotals() {
	told := map[string]bool{}
	for i := range c.tables {
		a := &c.tables[i]
		if !a.counts() {
			continue
		}
		if n := float64(c.spec.Population.Persons); n > 0 && a.universe == everyone && math.Abs(a.total-n) > a.rounding() && !told[everyone] {
			c.diags.Warnf(a.spec.Place, "totals", "table %q counts %s, population.persons is %s, and both are about everyone", a.spec.Name, grouped(a.total), grouped(n)).
				WithHint("%s", c.likelyUniverse(a, n))
		}
		for j := range c.tables[:i] {
			b := &c.tables[j]
			if !b.counts() || a.universe != b.universe || math.Abs(a.total-b.total) <= a.rounding()+b.rounding() || told[a.universe] {
				continue
			}
			small, large := a, b
			if small.total > large.total {
				small, large = large, small
			}
			told[a.universe] = true
			of := "everyone"
			switch {
			case a.spec.Where != nil:
				of = a.spec.Where.Text
			case b.spec.Where != nil:
				of = b.spec.Where.Text
			case a.universe != everyone:
				of = "the same persons"
			}
			c.diags.Warnf(small.spec.Place, "totals", "table %q counts %s and table %q %s, and both are about %s",
				small.spec.Name, grouped(small.total), large.spec.Name, grouped(large.total), of).
				WithHint("%s", c.likelyUniverse(small, large.total)).
				Note("table %q is at %s", large.spec.Name, placeText(large.spec.Place))
		}
	}
}

func grouped(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < 1e15 {
		return humanize.Thousands(int64(x))
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// counts reports whether the total of a table's figures is a number of persons that
// the fit uses. Figures with fractions are of something else, such as thousands.
func (f *figures) counts() bool {
	return f.spec.Measure == "counts" && f.spec.Role == "margin" && !f.spec.Partial && len(f.odd) == 0 && f.open == nil
}

// rounding returns by how much the total may differ because figures are rounded.
func (f *figures) rounding() float64 {
	unit := 1.0
	if f.spec.Rounded > 0 {
		unit = f.spec.Rounded
	}
	n := 0
	for _, x := range f.share {
		if x > 0 {
			n++
		}
	}
	if f.spec.Rounded == 0 && f.total == math.Trunc(f.total) {
		return 0.5 // whole persons add up exactly
	}
	return unit / 2 * float64(n) * 1.0000001
}

// maxUniverseLabels is the largest number of labels of a field among which
// likelyUniverse looks: some labels of thousands add up to any total by chance.
const maxUniverseLabels = 200

// likelyUniverse says whom a table with a total that is too small may describe: the
// labels of another table of counts, next to each other, that have this total.
func (c *compiler) likelyUniverse(small *figures, of float64) string {
	share := ""
	if small.total > 0 && small.total < of {
		share = fmt.Sprintf(", %s of them", asPercent(small.total/of, 1))
	}
	for i := range c.tables {
		f := &c.tables[i]
		if f == small || f.spec.Measure != "counts" || f.universe != small.universe || f.given > 0 {
			continue
		}
		within := small.rounding() + f.rounding()
		for axis, field := range f.fields {
			by := f.alongAxis(axis)
			if len(by) > maxUniverseLabels {
				continue
			}
			for first := range by {
				sum := 0.0
				for last := first; last < len(by) && sum <= small.total+within; last++ {
					sum += by[last]
					if last-first+1 < len(by) && sum > 0 && math.Abs(sum-small.total) <= within {
						var labels []string
						for l := first; l <= last; l++ {
							labels = append(labels, strconv.Quote(field.Domain.Label(l)))
						}
						return fmt.Sprintf("perhaps table %q is only about %s of table %q, who are as many%s: where: %s: %s; or correct a figure, or give the figures of a sample as percent",
							small.spec.Name, strings.Join(labels, ", "), f.spec.Name, share, field.Name, strings.Join(labels, " | "))
					}
				}
			}
		}
	}
	return fmt.Sprintf("say which persons table %q describes (where: …)%s, correct a figure, or give the figures of a sample as percent", small.spec.Name, share)
}

// alongAxis sums the counts of a table by the labels of one of its fields.
func (f *figures) alongAxis(axis int) []float64 {
	stride := 1
	for _, g := range f.fields[axis+1:] {
		stride *= g.Domain.Size()
	}
	by := make([]float64, f.fields[axis].Domain.Size())
	for k, x := range f.share {
		by[k/stride%len(by)] += x * f.total // one row: f.given is 0
	}
	return by
}

// everyone is the universe of a table that is about all persons.
const everyone = "[]"

// universeOf identifies the persons that a table describes. It expresses them by as
// few variables as possible, so that a table over a field with when and a table with
// the same where are recognised as being about the same persons.
func (c *compiler) universeOf(part constraint) string {
	fn := c.universe(part)
	ones := 0
	for _, x := range fn.code {
		ones += int(x)
	}
	if len(fn.scope) == 0 && ones == 1 {
		return everyone
	}
	return fmt.Sprint(fn.scope, fn.code)
}

// universe returns the persons that a table describes, with code 1.
func (c *compiler) universe(part constraint) function {
	in := make([]int32, len(part.cell))
	for k, cell := range part.cell {
		if cell >= 0 {
			in[k] = 1
		}
	}
	fn := function{scope: part.scope, code: in}
	for _, v := range slices.Backward(part.scope) {
		fn = c.withoutVariable(fn, v)
	}
	return fn
}

// withoutVariable expresses a condition without a variable if it does not depend on
// it, or only on whether the variable has a value.
func (c *compiler) withoutVariable(fn function, v int) function {
	at := slices.Index(fn.scope, v)
	if at < 0 {
		return fn
	}
	card, stride := c.space.cards[v], 1
	for _, w := range fn.scope[at+1:] {
		stride *= c.space.cards[w]
	}
	when := c.space.fields[v].When
	values := card
	if when != nil {
		values-- // the last is null
	}
	rest := function{scope: slices.Delete(slices.Clone(fn.scope), at, at+1)}
	for k := 0; k < len(fn.code); k++ {
		value := k / stride % card
		if value == 0 {
			rest.code = append(rest.code, fn.code[k])
		}
		if value > 0 && value < values && fn.code[k] != fn.code[k-value*stride] {
			return fn
		}
		if when != nil && value == card-1 && fn.code[k] != 0 {
			return fn
		}
	}
	if when == nil {
		return rest
	}
	holds := c.space.compose(when, c.kinds.Fields)
	scope := c.space.union(rest.scope, holds.scope)
	if c.space.size(scope) < 0 {
		return fn
	}
	both := function{scope: scope, code: make([]int32, c.space.size(scope))}
	one, other := c.space.reader(scope, rest), c.space.reader(scope, holds)
	for k := range both.code {
		if one(k) != 0 && other(k) != 0 {
			both.code[k] = 1
		}
	}
	return both
}

// doubtFields warns of fitted fields that no table speaks of, unless the spec has no
// tables at all. The fit makes all of their values equally likely.
func (c *compiler) doubtFields() {
	if len(c.tables) == 0 {
		return
	}
	spoken := make([]bool, len(c.space.fields))
	for i := range c.tables {
		for _, field := range c.tables[i].fields {
			for _, v := range c.space.resolve(field.Name, c.kinds.Fields).scope {
				spoken[v] = true
			}
		}
	}
	for i := range c.means {
		for _, v := range c.space.resolve(c.means[i].field.Name, c.kinds.Fields).scope {
			spoken[v] = true
		}
	}
	var names []string
	var first *kind.Field
	for _, f := range c.plan.Fields {
		if v := slices.Index(c.space.fields, f); v >= 0 && !spoken[v] && f.Domain.Size() > 1 {
			names = append(names, fmt.Sprintf("%s (%d values)", f.Name, f.Domain.Size()))
			if first == nil {
				first = f
			}
		}
	}
	if first != nil {
		c.diags.Warnf(first.Place, "no-table", "no table has figures of %s; as far as conditions allow, all values are equally likely", strings.Join(names, ", ")).
			WithHint("add a table over each")
	}
}

// isDrawn reports whether a selector has a field that is drawn after the fit.
func (c *compiler) isDrawn(s *kind.Selector) bool {
	return slices.ContainsFunc(s.Fields, func(name string) bool { return !c.kinds.Fields[name].Finite() })
}

// doubtConditions warns of conditions that no person can meet.
func (c *compiler) doubtConditions() {
	for i, x := range c.plan.Impossible {
		own := slices.IndexFunc(c.zeros, func(z zero) bool { return z.text == "impossible: "+x.Text })
		if !c.canMeet(x.Selector, own) {
			c.diags.Warnf(c.spec.Impossible[i].Place, "meets-nobody", "no person meets the impossible combination %s, even without it", x.Text).
				WithHint("correct it, or remove it")
		}
	}
	for i := range c.tables {
		f := &c.tables[i]
		if f.where != nil && !c.canMeet(f.where) {
			c.diags.Warnf(f.spec.Where.Place, "meets-nobody", "no person meets the where of table %q: %s", f.spec.Name, f.spec.Where.Text).
				WithHint("correct it, or remove the table")
		}
	}
	for i := range c.plan.Checks {
		x := &c.plan.Checks[i]
		for _, of := range []struct {
			text string
			*kind.Selector
		}{{x.Text, x.Where}, {x.WithinText, x.Within}} {
			guard := of.Selector == x.Where && x.AtMost != nil && *x.AtMost == 0 // it says that nobody meets it
			if of.Selector != nil && !guard && !c.isDrawn(of.Selector) && !c.canMeet(of.Selector) {
				at := c.spec.Checks[slices.IndexFunc(c.spec.Checks, func(y spec.Check) bool { return y.Name == x.Name })].Place
				c.diags.Warnf(at, "meets-nobody", "no person meets a condition of check %q: %s", x.Name, of.text).
					WithHint("correct it, or remove the check")
			}
		}
	}
}

// canMeet reports whether some configuration that the structural zeros allow, except
// the given ones, meets a condition. It is true of a condition with a term that no value
// satisfies, which has its own warning.
func (c *compiler) canMeet(sel *kind.Selector, except ...int) bool {
	if !slices.Contains(sel.Case, 1) {
		return true
	}
	if c.space.size(c.space.scopeOf(sel.Fields, c.kinds.Fields)) < 0 {
		return true
	}
	fn := c.space.compose(sel, c.kinds.Fields)
	possible := c.possibleIn(fn.scope, except...)
	for k, code := range fn.code {
		if code != 0 && possible(k) {
			return true
		}
	}
	return false
}
