package compile

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/internal/smooth"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/spec"
)

// defaultSlope is the slope of Gompertz's law in an open class if the spec does not say:
// risks of death double every seven years in most populations.
const defaultSlope = 0.1

// spreadTables adds a pattern over the single values of an integer for every table that
// spreads its classes. A pattern gives the shape within each class; the table itself
// keeps the totals.
func (c *compiler) spreadTables() {
	before := len(c.diags.Items)
	var made []spec.Table
	var curves [][]curve
	for i := range c.tables {
		if t := c.tables[i].spec; t.Spread != nil {
			if pattern, of, ok := c.spread(&c.tables[i]); ok {
				made, curves = append(made, pattern), append(curves, of)
			}
		}
	}
	if len(made) == 0 || failedSince(c.diags, before) {
		return
	}
	own := *c.spec // the caller's spec is not changed
	own.Tables = slices.Concat(own.Tables, made)
	c.spec, c.kinds.Spec = &own, &own
	for i := range made {
		f, ok := c.shape(&own.Tables[len(own.Tables)-len(made)+i])
		if !ok {
			continue
		}
		for _, x := range curves[i] {
			x.fill(&f)
		}
		if c.complete(&f) {
			c.tables = append(c.tables, f)
		}
	}
}

// curve has the counts of the single values for a combination of labels, NaN for those of
// a class without a figure.
type curve struct {
	labels []int
	counts []float64
}

// fill sets the figures of a pattern.
func (x *curve) fill(f *figures) {
	for v, count := range x.counts {
		cell := f.cell(append(slices.Clone(x.labels), v))
		if math.IsNaN(count) {
			f.leaveOpen(cell)
			continue
		}
		text := significantDigits(count)
		f.share[cell], _ = strconv.ParseFloat(text, 64)
		f.note(cell, text, f.spec.Place)
	}
}

// classes are the classes of an integer field on an axis of a table.
type classes struct {
	axis   int
	of     *kind.Field // the integer
	starts []int       // first value of each class, counted from the least value
	label  []int       // of each class
}

// spread returns the pattern of a table that spreads its classes, and its curves.
func (c *compiler) spread(f *figures) (spec.Table, []curve, bool) {
	t := f.spec
	x, ok := c.classesOf(f)
	if !ok {
		return spec.Table{}, nil, false
	}
	by := make([]int, 0, len(t.Spread.By)) // axes with a curve for each value
	for _, name := range t.Spread.By {
		at := slices.IndexFunc(f.fields, func(g *kind.Field) bool { return g.Name == name.Value })
		switch {
		case at < 0:
			var axes []string
			for _, g := range f.fields {
				axes = append(axes, g.Name)
			}
			c.mustBeOneOf(name, "axis of the table", "unknown-axis", axes)
			return spec.Table{}, nil, false
		case at == x.axis:
			c.diags.Errorf(name.Place, "spread-by", "the classes of %q cannot have a curve for each class", name.Value).WithHint("name another field of over")
			return spec.Table{}, nil, false
		}
		by = append(by, at)
	}
	open, about, ok := c.openClass(f, x)
	if !ok {
		return spec.Table{}, nil, false
	}
	end := x.of.Domain.Size()
	pattern := spec.Table{
		Name: t.Name + "_spread", Place: t.Place, Where: t.Where, Role: "pattern", Measure: "counts", Tolerance: -1,
		Source: t.Source, Year: t.Year, Status: "modelled",
		Note: fmt.Sprintf("%s spread over single values of %s by a monotone cubic spline (Hyman 1983)%s.", t.Name, x.of.Name, about),
	}
	if slices.ContainsFunc(c.spec.Tables, func(o spec.Table) bool { return o.Name == pattern.Name }) {
		c.diags.Errorf(t.Spread.Place, "name-taken", "the curve of table %q is called %q, and there is a table of that name", t.Name, pattern.Name).WithHint("rename one of them")
		return spec.Table{}, nil, false
	}
	for _, at := range by {
		pattern.Over = append(pattern.Over, spec.String{Value: f.fields[at].Name, Place: t.Place})
	}
	pattern.Over = append(pattern.Over, spec.String{Value: x.of.Name, Place: t.Place})
	var curves []curve
	unknown := make([]bool, len(x.starts))
	for _, row := range f.classTotals(x, by) {
		curves = append(curves, curve{row.labels, x.spread(row.counts, end, open)})
		for i, n := range row.counts {
			unknown[i] = unknown[i] || math.IsNaN(n)
		}
	}
	var names []string
	for i, yes := range unknown {
		if yes {
			names = append(names, strconv.Quote(f.fields[x.axis].Domain.Label(x.label[i])))
		}
	}
	if names != nil {
		pattern.Note = strings.TrimSuffix(pattern.Note, ".") + fmt.Sprintf("; not spread where there is no figure: %s.", strings.Join(names, ", "))
	}
	pattern.Rounded = 1e-9 // the counts of a curve have fractions
	return pattern, curves, true
}

// spread returns the counts of the single values by those of the classes. Classes without
// a count (NaN) interrupt the curve, because nothing is known of their borders.
func (x *classes) spread(counts []float64, end int, open *smooth.Open) []float64 {
	var out []float64
	border := func(i int) int {
		if i < len(x.starts) {
			return x.starts[i]
		}
		return end
	}
	for i := 0; i < len(counts); {
		j := i
		for j < len(counts) && !math.IsNaN(counts[j]) {
			j++
		}
		if j == i {
			for range border(i+1) - x.starts[i] {
				out = append(out, math.NaN())
			}
			i++
			continue
		}
		tail := open
		if j < len(counts) {
			tail = nil
		}
		out = append(out, smooth.Spread(x.starts[i:j], border(j), counts[i:j], tail)...)
		i = j
	}
	return out
}

// significantDigits writes a count with seven digits, which are the same on every
// machine.
func significantDigits(x float64) string { return strconv.FormatFloat(x, 'e', 6, 64) }

// classesOf finds the axis of a table whose values are bands of an integer field.
func (c *compiler) classesOf(f *figures) (x classes, ok bool) {
	found := 0
	for axis, g := range f.fields[f.given:] {
		of := g.Lookup()
		if of == nil || len(of.Fields) != 1 {
			continue
		}
		base := c.kinds.Fields[of.Fields[0]]
		if base == nil || base.Domain == nil || !base.Domain.Integer {
			continue
		}
		y := classes{axis: f.given + axis, of: base}
		last, whole := int32(0), true
		for v := range base.Domain.Size() {
			k := of.Case[v]
			if k == last {
				continue
			}
			whole = whole && k > 0 && !slices.Contains(y.label, int(k)-1)
			y.starts, y.label, last = append(y.starts, v), append(y.label, int(k)-1), k
		}
		if whole && len(y.starts) > 0 && y.starts[0] == 0 {
			x = y
			found++
		}
	}
	if found == 1 {
		return x, true
	}
	d := c.diags.Errorf(f.spec.Spread.Place, "no-classes", "table %q has %d fields in over with bands that cover an integer field, and spread needs one", f.spec.Name, found)
	if found == 0 {
		d.WithHint(`add a field such as bands: {kind: "group", of: "age", cuts: […]} and give the table over it`)
	} else {
		d.WithHint("spread a table over one of them")
	}
	return x, false
}

// classTotals are the figures of the classes for a combination of labels.
type classTotals struct {
	labels []int
	counts []float64
}

// classTotals sums a table over all axes but the classes and those in by. Rows of a
// conditional table count the same. The total of a class is NaN if one of its figures is
// not given.
func (f *figures) classTotals(x classes, by []int) (out []classTotals) {
	at := map[string]int{}
	for cell, share := range f.share {
		codes, rest := make([]int, len(f.fields)), cell
		for i := len(f.fields) - 1; i >= 0; i-- {
			codes[i], rest = rest%f.fields[i].Domain.Size(), rest/f.fields[i].Domain.Size()
		}
		labels := make([]int, len(by))
		for i, axis := range by {
			labels[i] = codes[axis]
		}
		key := fmt.Sprint(labels)
		k, ok := at[key]
		if !ok {
			k = len(out)
			at[key] = k
			out = append(out, classTotals{labels, make([]float64, len(x.starts))})
		}
		if class := slices.Index(x.label, codes[x.axis]); class >= 0 {
			if f.open != nil && f.open[cell] {
				share = math.NaN() // and so is the sum
			}
			out[k].counts[class] += share * 1e6
		}
	}
	return slices.DeleteFunc(out, func(r classTotals) bool { return sum(r.counts) == 0 })
}

// openClass returns the curve of a table's open class, nil when the last class is
// closed, and says in words what it is.
func (c *compiler) openClass(f *figures, x classes) (*smooth.Open, string, bool) {
	n, end := len(x.starts), x.of.Domain.Size()
	last := x.starts[n-1]
	class := f.fields[x.axis].Domain.Label(x.label[n-1])
	said := f.spec.Spread.Open
	if said == nil {
		if n > 1 && end-last >= last-x.starts[n-2] && !f.spec.Spread.Closed && !mentions(class, x.of.Domain.Max) {
			return &smooth.Open{Slope: defaultSlope}, fmt.Sprintf("; the open class %s follows Gompertz's law with slope %g, which is assumed", class, defaultSlope), true
		}
		return nil, "", true
	}
	if said.Survivors == nil {
		return &smooth.Open{Slope: said.Slope}, fmt.Sprintf("; the open class %s follows Gompertz's law with slope %g", class, said.Slope), true
	}
	survivors, ok := c.survivors(f, x, last)
	return &smooth.Open{Survivors: survivors}, fmt.Sprintf("; the open class %s follows the survivors that the specification states", class), ok
}

// mentions reports whether a label, such as "55-64", contains a number.
func mentions(label string, n int64) bool {
	return slices.Contains(numbers.FindAllString(label, -1), strconv.FormatInt(n, 10))
}

var numbers = regexp.MustCompile(`[0-9]+`)

// survivors interpolates the survivors that the spec states over the values of the
// open class and the value after it.
func (c *compiler) survivors(f *figures, x classes, last int) ([]float64, bool) {
	type point struct {
		at int
		n  float64
	}
	least := int(x.of.Domain.Min)
	first, end := least+last, least+x.of.Domain.Size()
	var points []point
	for _, e := range f.spec.Spread.Open.Survivors {
		at, err := strconv.Atoi(e.Name)
		if err != nil || at < first || at > end {
			c.diags.Errorf(e.Place, "survivors", "%s is not a value of the open class, which is from %d to %d", e.Name, first, end-1).
				WithHint("give survivors to %d and to later values", first)
			return nil, false
		}
		points = append(points, point{at, e.Value.Number})
	}
	slices.SortFunc(points, func(a, b point) int { return a.at - b.at })
	if len(points) < 2 || points[0].at != first || points[0].n == 0 {
		c.diags.Errorf(f.spec.Spread.Open.Place, "survivors", "the survivors must begin with a number above 0 for %d and have a later value", first).
			WithHint(`for example {"%d": 54000, "%d": 0}`, first, end)
		return nil, false
	}
	if points[len(points)-1].at < end {
		points = append(points, point{end, 0})
	}
	out := make([]float64, end-first+1)
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		if b.n > a.n {
			c.diags.Errorf(f.spec.Spread.Open.Place, "survivors", "survivors rise from %g at %d to %g at %d", a.n, a.at, b.n, b.at).WithHint("correct one of them")
			return nil, false
		}
		for v := a.at; v <= b.at; v++ {
			t := float64(v-a.at) / float64(b.at-a.at)
			if b.n > 0 { // the same share dies each year
				out[v-first] = a.n * math.Pow(b.n/a.n, t)
			} else if a.n > 0 {
				out[v-first] = a.n * (1 - t)
			}
		}
	}
	return out, true
}
