package compile

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// figures is a table of the spec with its figures as shares, over the fitted
// fields.
type figures struct {
	spec   *spec.Table
	fields []*kind.Field // given first
	given  int
	rows   int       // configurations of the given fields
	inRow  int       // cells of a row
	share  []float64 // row-major over fields; sums to 1 in each row that has figures
	filled []bool    // per row: whether it has figures
	open   []bool    // per cell: whether its figure is not given; nil if all are
	// low and high bound each share by the rounding of the figures.
	low, high []float64
	figuresAsWritten
	part constraint
	all  constraint // part with the cells that are open
	// merged is, per row of shares with figures that are not given, the cell that has
	// what is missing to the whole.
	merged map[int]int
	// microdata says how the figures were counted from records; nil if they were not.
	microdata *plan.Microdata
	// The fit numbers cells and rows in the order of the space, not of the
	// spec, and leaves out rows without figures.
	fitCell []int // position in share of each of the fit's cells
	fitRow  []int // row of each of the fit's rows
}

// cell returns the number of the cell with these values, one per field.
func (f *figures) cell(labels []int) int {
	k := 0
	for i, l := range labels {
		k = k*f.fields[i].Domain.Size() + l
	}
	return k
}

// describe names a cell by its labels, for messages.
func (f *figures) describe(cell int) string {
	text := make([]string, len(f.fields))
	for i := len(f.fields) - 1; i >= 0; i-- {
		n := f.fields[i].Domain.Size()
		text[i] = fmt.Sprintf("%s %q", f.fields[i].Name, f.fields[i].Domain.Label(cell%n))
		cell /= n
	}
	return strings.Join(text, ", ")
}

// readTables reads the figures of every table. Tables are ordered by name.
func (c *compiler) readTables() {
	for i := range c.spec.Tables {
		if f, ok := c.readTable(&c.spec.Tables[i]); ok {
			c.tables = append(c.tables, f)
		}
	}
	c.spreadTables()
	slices.SortFunc(c.tables, func(a, b figures) int { return strings.Compare(a.spec.Name, b.spec.Name) })
}

// readTable reads a table. It is not ok after a fault.
func (c *compiler) readTable(t *spec.Table) (figures, bool) {
	f, ok := c.shape(t)
	if !ok {
		return f, false
	}
	before := len(c.diags.Items)
	switch {
	case t.Microdata != nil:
		if !c.countRecords(&f) {
			return f, false
		}
	case t.Rows != nil:
		c.readRows(&f)
	default:
		c.readNested(&f, t.Inline, nil)
	}
	if failedSince(c.diags, before) {
		return f, false
	}
	return f, c.complete(&f)
}

// complete makes the figures that were read those of a table of the fit. It returns false
// after a fault.
func (c *compiler) complete(f *figures) bool {
	before := len(c.diags.Items)
	c.takeRest(f)
	f.total = sum(f.share)
	c.checkFractions(f)
	c.normalise(f)
	return !failedSince(c.diags, before) && c.partition(f)
}

// shape returns a table without figures.
func (c *compiler) shape(t *spec.Table) (figures, bool) {
	names, ok := c.finite(slices.Concat(t.Given, t.Over))
	if !ok {
		return figures{}, false
	}
	f := figures{spec: t, given: len(t.Given), rows: 1, inRow: 1}
	for i, name := range names {
		field := c.kinds.Fields[name]
		f.fields = append(f.fields, field)
		if i < f.given {
			f.rows *= field.Domain.Size()
		} else {
			f.inRow *= field.Domain.Size()
		}
	}
	if f.rows*f.inRow > maxConfigurations {
		c.diags.Errorf(t.Place, "too-wide", "table %q has more than %d cells", t.Name, maxConfigurations).WithHint("use groups with fewer values")
		return f, false
	}
	f.share = make([]float64, f.rows*f.inRow)
	f.present = make([]bool, len(f.share))
	f.written = make([]int, len(f.share))
	return f, true
}

// readNested reads inline figures, one level of nesting per field.
func (c *compiler) readNested(f *figures, n *spec.Node, labels []int) {
	field := f.fields[len(labels)]
	last := len(labels) == len(f.fields)-1
	if n.Kind != spec.StructNode {
		c.diags.Errorf(n.Place, "too-shallow", "table %q needs a map of figures by %s here", f.spec.Name, field.Name).
			WithHint("nest one map per field, in this order: %s", names(f.fields))
		return
	}
	for _, e := range n.Fields {
		i, ok := field.Domain.Index(e.Name)
		switch {
		case !ok:
			c.unknownLabel(field, e.Name, e.Place)
		case !last:
			c.readNested(f, e.Value, append(labels, i))
		case e.Value.Kind != spec.NumberNode:
			c.diags.Errorf(e.Value.Place, "too-deep", "table %q has a map here instead of a figure", f.spec.Name).WithHint("its fields are %s", names(f.fields))
		case e.Value.Number < 0:
			c.diags.Errorf(e.Value.Place, "negative", "a figure is negative: %v", e.Value.Number).WithHint("correct it")
		default:
			cell := f.cell(append(labels, i))
			f.share[cell] = e.Value.Number
			f.note(cell, e.Value.Written(), e.Value.Place)
		}
	}
}

func names(fields []*kind.Field) string {
	var n []string
	for _, f := range fields {
		n = append(n, f.Name)
	}
	return strings.Join(n, ", ")
}

// checkRows reports maps of columns and labels that name no field of the table.
func (c *compiler) checkRows(rows *spec.Rows, f *figures, more ...string) {
	var axes []string
	for _, field := range f.fields {
		axes = append(axes, field.Name)
	}
	what := "axis of the table"
	if more != nil {
		axes, what = append(axes, more...), "field"
	}
	for _, name := range slices.Sorted(maps.Keys(rows.Columns)) {
		c.mustBeOneOf(spec.String{Value: name, Place: rows.Columns[name].Place}, what, "unknown-axis", axes)
	}
	for _, name := range slices.Concat(slices.Sorted(maps.Keys(rows.Ages)), slices.Sorted(maps.Keys(rows.Files))) {
		if _, byDefault := rows.Defaults[name]; !byDefault {
			c.mustBeOneOf(spec.String{Value: name, Place: rows.Place}, what, "unknown-axis", axes)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rows.Map)) {
		if rows.Defaults[name] && !slices.Contains(axes, name) {
			continue
		}
		i := slices.Index(axes, name)
		if i < 0 {
			c.mustBeOneOf(spec.String{Value: name, Place: rows.Place}, what, "unknown-axis", axes)
			continue
		}
		for _, from := range slices.Sorted(maps.Keys(rows.Map[name])) {
			to := rows.Map[name][from]
			field := c.kinds.Fields[axes[i]]
			if field.Domain == nil {
				continue
			}
			if _, ok := field.Domain.Index(to.Value); !ok {
				c.unknownLabel(field, to.Value, to.Place)
			}
		}
	}
}

// whole is the sum of a row's figures in their measure, 0 when any sum is right.
func whole(measure string) float64 {
	switch measure {
	case "shares":
		return 1
	case "percent":
		return 100
	}
	return 0
}

// takeRest gives the label named by rest what is missing from the whole in each row.
func (c *compiler) takeRest(f *figures) {
	t := f.spec
	if t.Rest == nil {
		return
	}
	if len(t.Over) != 1 || whole(t.Measure) == 0 {
		c.diags.Errorf(t.Rest.Place, "no-rest", "rest needs shares or percent over one field").WithHint("write the figures out")
		return
	}
	field := f.fields[f.given]
	l, ok := field.Domain.Index(t.Rest.Value)
	if !ok {
		c.unknownLabel(field, t.Rest.Value, t.Rest.Place)
		return
	}
	for r := range f.rows {
		row := f.share[r*f.inRow : (r+1)*f.inRow]
		if sum := sum(row); sum > 0 {
			row[l] = math.Max(0, whole(t.Measure)-(sum-row[l]))
			f.present[r*f.inRow+l] = true
			f.written[r*f.inRow+l] = 0
			for _, n := range f.written[r*f.inRow : (r+1)*f.inRow] {
				f.written[r*f.inRow+l] += n // its rounding is that of all others
			}
		}
	}
}

func sum(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

// normalise checks that each row adds up to the whole, within what rounding can
// explain, and scales it to a sum of 1.
func (c *compiler) normalise(f *figures) {
	t := f.spec
	f.filled = make([]bool, f.rows)
	f.low, f.high = make([]float64, len(f.share)), make([]float64, len(f.share))
	total := whole(t.Measure)
	any, largest := false, slices.Max(f.share)
	for r := range f.rows {
		row := f.share[r*f.inRow : (r+1)*f.inRow]
		s := sum(row)
		if s == 0 {
			continue
		}
		f.filled[r], any = true, true
		if total > 0 {
			printed := 0
			for _, v := range row {
				if v > 0 {
					printed++
				}
			}
			slack := math.Max(total*1e-6, t.Rounded/2*float64(printed)*1.0000001)
			if math.Abs(s-total) > slack && !(f.openIn(r) && s < total) {
				where := ""
				if f.given > 0 {
					where = " given " + (&figures{fields: f.fields[:f.given]}).describe(r)
				}
				c.diags.Errorf(t.Place, "sum", "table %q: %s%s add up to %.6g, not %g", t.Name, t.Measure, where, s, total).
					WithHint("correct a figure, name the label that takes the rest (rest: …), or say how figures are rounded (rounded: …)")
			}
		}
		if total > 0 && f.openIn(r) {
			f.merge(r, math.Max(0, total-s))
			s = math.Max(s, total)
		}
		for i := range row {
			f.bound(r*f.inRow+i, row[i], cmp.Or(total, s), s)
			row[i] /= s
		}
	}
	if any && t.Rounded > largest {
		c.diags.Errorf(t.Place, "rounded", "table %q: no figure is above %g, and they cannot be rounded to multiples of %g", t.Name, largest, t.Rounded).
			WithHint("say how figures are printed: rounded: 0.1 for one decimal, rounded: 1000 for thousands")
	}
	if !any {
		c.diags.Errorf(t.Place, "empty-table", "table %q has no figure above 0", t.Name).WithHint("give figures")
	}
}

// openIn reports whether a figure of a row is not given.
func (f *figures) openIn(row int) bool {
	return f.open != nil && slices.Contains(f.open[row*f.inRow:(row+1)*f.inRow], true)
}

// merge makes one cell, the first, of those of a row that have no figure, and gives it
// what is missing to the whole: how they share it is left to other tables.
func (f *figures) merge(row int, rest float64) {
	first := row * f.inRow
	for !f.open[first] {
		first++
	}
	f.share[first] = rest
	f.written[first] = 0
	for _, n := range f.written[row*f.inRow : (row+1)*f.inRow] {
		f.written[first] += n // its rounding is that of all others
	}
	if f.merged == nil {
		f.merged = map[int]int{}
	}
	f.merged[row] = first
}

// fitted returns the cell of the fit that a cell of the table belongs to, -1 for none.
func (f *figures) fitted(cell int) int32 {
	row := cell / f.inRow
	switch first, merged := f.merged[row]; {
	case !f.filled[row]:
		return -1
	case f.open == nil || !f.open[cell]:
		return int32(cell)
	case merged:
		return int32(first)
	}
	return -1
}

// bound sets the bounds of a cell with a figure x: its figures are rounded, of the whole.
// Sum is what the figures of the row add up to.
func (f *figures) bound(cell int, x, whole, sum float64) {
	f.low[cell], f.high[cell] = x/sum, x/sum
	if x > 0 {
		slack := f.unit() / 2 * float64(max(1, f.written[cell]))
		f.low[cell] = max(0, min(x/sum, (x-slack)/whole))
		f.high[cell] = max(x/sum, (x+slack)/whole)
	}
}

// partition assigns the configurations of the fitted fields to the cells of the
// table. Nulls, rows without figures and what where excludes belong to no cell.
func (c *compiler) partition(f *figures) bool {
	t := f.spec
	var axes []string
	for _, field := range f.fields {
		axes = append(axes, field.Name)
	}
	slots, ok := c.mustJoin(axes, t.Place)
	if !ok {
		return false
	}
	universe := constraint{scope: slots.scope, cells: len(f.share), cell: make([]int32, len(slots.cell))}
	for k, slot := range slots.cell {
		universe.cell[k] = f.cellOfSlot(int(slot))
	}
	if t.Where != nil {
		sel := c.kinds.Select([]*spec.Condition{t.Where})
		if sel == nil || !c.fits(slices.Concat(axes, sel.Fields), t.Where.Place) {
			return false
		}
		f.where = sel
		inside := c.space.compose(sel, c.kinds.Fields)
		if !holdsSomewhere(inside) {
			c.emptyUniverse(t, t.Where.Place, t.Where.Text)
			return false
		}
		universe = c.space.restrict(universe, inside)
	}
	f.part = constraint{scope: universe.scope, cells: universe.cells, cell: slices.Clone(universe.cell)}
	if f.counts() {
		f.universe = c.universeOf(universe)
	}
	if f.open != nil {
		f.all = constraint{scope: universe.scope, cells: universe.cells, cell: slices.Clone(universe.cell)}
	}
	for k, cell := range f.part.cell {
		if cell >= 0 {
			f.part.cell[k] = f.fitted(int(cell))
			if f.open != nil && !f.filled[int(cell)/f.inRow] && !f.openIn(int(cell)/f.inRow) {
				f.all.cell[k] = -1
			}
		}
	}
	return c.checkRowsFilled(f, universe)
}

// emptyUniverse reports a table whose universe is empty.
func (c *compiler) emptyUniverse(t *spec.Table, at diag.Place, text string) {
	c.diags.Errorf(at, "empty-universe", "table %q is about nobody: no combination of values meets %s", t.Name, text).WithHint("widen its where")
}

// cellOfSlot turns a number over slots (row-major, null last) into one over labels.
// It is -1 when a value is null.
func (f *figures) cellOfSlot(slot int) int32 {
	labels := make([]int, len(f.fields))
	for i := len(f.fields) - 1; i >= 0; i-- {
		labels[i] = slot % f.fields[i].Slots()
		slot /= f.fields[i].Slots()
		if labels[i] == f.fields[i].Domain.Size() {
			return -1
		}
	}
	return int32(f.cell(labels))
}

// checkRowsFilled reports rows of a conditional table that have no figures although
// persons of its universe can be in them.
func (c *compiler) checkRowsFilled(f *figures, universe constraint) bool {
	if f.given == 0 || f.spec.Partial || !slices.Contains(f.filled, false) {
		return true
	}
	missing := make([]bool, f.rows)
	for k, cell := range universe.cell {
		if cell >= 0 && !f.filled[int(cell)/f.inRow] && !f.openIn(int(cell)/f.inRow) && !missing[int(cell)/f.inRow] {
			missing[int(cell)/f.inRow] = c.possible(universe.scope, k)
		}
	}
	head := &figures{fields: f.fields[:f.given]}
	var rows []string
	for r, yes := range missing {
		if yes {
			rows = append(rows, head.describe(r))
		}
	}
	if len(rows) == 0 {
		return true
	}
	d := c.diags.Errorf(f.spec.Place, "missing-row", "table %q has no figures given %s", f.spec.Name, rows[0]).
		WithHint("add them, declare the combination impossible, or set partial: true to leave it open")
	for i, row := range rows[1:] {
		if i == 4 {
			d.Note("and %d more", len(rows)-1-i)
			break
		}
		d.Note("and none given %s", row)
	}
	return false
}

// possible reports whether a configuration meets the structural zeros within its
// scope.
func (c *compiler) possible(scope []int, config int) bool {
	for _, z := range c.zeros {
		inside := true
		for _, v := range z.scope {
			inside = inside && slices.Contains(scope, v)
		}
		if inside && z.cell[project(c.space.cards, scope, z.scope)(config)] == 0 {
			return false
		}
	}
	return true
}
