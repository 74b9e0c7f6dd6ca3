package kind

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec"
)

// Measures of a Statistic.
const (
	Mean     = "mean"
	Median   = "median"
	Quantile = "quantile"
	Total    = "total"
)

// Roles of a figure of a Statistic.
const (
	Fit      = "fit"      // the fit meets it
	Location = "location" // a factor of the group meets it
	Spread   = "spread"   // a factor of the group's spread meets it
	Tested   = "tested"   // it is compared only
)

// AcrossUnits is what Statistic.Across is for a mean over units of persons, such as
// households, where a person's value is the number of persons of the unit.
const AcrossUnits = "units"

// Statistic is a published mean, median, quantile or total of a field, of everyone
// or of groups of persons. Its slices have an entry per group.
type Statistic struct {
	Name    string  `json:"name"`    // such as "mean_by_sex", unique in its field
	Measure string  `json:"measure"` // Mean, Median, Quantile or Total
	P       float64 `json:"p,omitempty"`
	Across  string  `json:"across,omitempty"` // AcrossUnits, or empty for a mean over persons
	// Interpolate is what a quantile of a finite field is, such as Completed; empty for
	// other statistics.
	Interpolate string `json:"interpolate,omitempty"`
	// By are the fields whose values make the groups; empty for one group.
	By []string `json:"by,omitempty"`
	// Of gives the group of a person: case i+1 is group i, case 0 none.
	Of        *Selector `json:"of"`
	Groups    []string  `json:"groups"` // the values, "" for everyone
	Published []float64 `json:"published"`
	Rounded   []float64 `json:"rounded"` // the step to which the figure is rounded, 0 for exact
	Role      []string  `json:"role"`
	// Mass is the group's share of everyone, without persons who have no value.
	Mass []float64 `json:"mass"`
	// Reached is the statistic of everyone in the group, Expected that of the persons
	// wanted. Both are 0 where nobody is.
	Reached  []float64 `json:"reached"`
	Expected []float64 `json:"expected"`
	// ShareUpto is, of a quantile of a finite field, the share of the persons wanted whose
	// values count as at most the published figure. ShareBelow is the share of those
	// whose values count in full.
	ShareUpto  []float64 `json:"share_upto,omitempty"`
	ShareBelow []float64 `json:"share_below,omitempty"`

	Where  string `json:"where,omitempty"` // the condition as written
	Source string `json:"source,omitempty"`
	Year   int    `json:"year,omitempty"`
	Status string `json:"status,omitempty"`
	Note   string `json:"note,omitempty"`

	Places []diag.Place `json:"-"` // of the figures

	scale    []int   // of a number: the list of factors that the group is in
	position []int32 // and its position there
}

// Title describes the statistic in a few words.
func (s *Statistic) Title() string {
	text := s.Measure
	if s.Measure == Quantile {
		text = fmt.Sprintf("%g quantile", s.P)
	}
	switch s.Interpolate {
	case Completed:
		text = "interpolated " + text
	case Centred:
		text = "centred interpolated " + text
	}
	if s.Across != "" {
		text += " across " + s.Across
	}
	if len(s.By) > 0 {
		text += " by " + strings.Join(s.By, ", ")
	}
	if s.Where != "" {
		text += " where " + s.Where
	}
	return text
}

// IsQuantile reports whether the statistic is a median or another quantile.
func (s *Statistic) IsQuantile() bool { return s.Measure == Median || s.Measure == Quantile }

// statisticLists are the settings that list statistics, and the measure of each.
var statisticLists = []struct{ setting, measure string }{
	{"means", Mean}, {"totals", Total}, {"medians", Median}, {"quantiles", Quantile},
}

// ListsStatistics reports whether a setting of a field lists published statistics.
func ListsStatistics(setting string) bool {
	return slices.ContainsFunc(statisticLists, func(l struct{ setting, measure string }) bool { return l.setting == setting })
}

// StatisticStanzas returns the stanzas of the statistics of a field.
func StatisticStanzas(s *spec.Field) (stanzas []*spec.Node) {
	for _, list := range statisticLists {
		if node := s.Body.Get(list.setting); node != nil {
			stanzas = append(stanzas, node.Items...)
		}
	}
	return stanzas
}

// StatisticSources returns the sources that the statistics of a field name.
func StatisticSources(s *spec.Field) (sources []spec.String) {
	for _, n := range StatisticStanzas(s) {
		if source := n.Get("source"); source != nil {
			sources = append(sources, source.AsString())
		}
	}
	return sources
}

// statisticUses returns the fields that the statistics of a stanza use.
func statisticUses(s *spec.Field) (uses []spec.String) {
	for _, n := range StatisticStanzas(s) {
		uses = append(uses, byFields(n)...)
		if where := n.Get("where"); where != nil {
			for _, t := range where.Cond.Terms {
				uses = append(uses, spec.String{Value: t.Field, Place: t.Place})
			}
		}
	}
	return uses
}

func byFields(n *spec.Node) []spec.String {
	by := n.Get("by")
	switch {
	case by == nil:
		return nil
	case by.Kind == spec.StringNode:
		return []spec.String{by.AsString()}
	}
	return by.AsStrings()
}

// ReadStatistics reads the published statistics of a field. Least and greatest bound
// its values; they may be infinite. Points are the values in quantiles of a finite field,
// nil for others. It is not ok after a fault.
func (c *Compiler) ReadStatistics(s *spec.Field, least, greatest float64, points []float64) (out []*Statistic, ok bool) {
	ok = true
	for _, list := range statisticLists {
		node := s.Body.Get(list.setting)
		if node == nil {
			continue
		}
		for _, n := range node.Items {
			x := &Statistic{Measure: list.measure}
			if !c.readStatistic(n, x) {
				ok = false
				continue
			}
			if x.IsQuantile() && points != nil {
				x.readInterpolation(n)
				ok = c.checkQuantile(s, x, points) && ok
			} else {
				ok = c.checkStatistic(s, x, least, greatest) && ok
			}
			base := x.Measure
			if x.Measure == Quantile {
				base += "_" + strconv.FormatFloat(x.P, 'g', -1, 64)
			}
			if x.Across != "" {
				base += "_across_" + x.Across
			}
			if len(x.By) > 0 {
				base += "_by_" + strings.Join(x.By, "_")
			}
			x.Name = base
			for i := 2; slices.ContainsFunc(out, func(o *Statistic) bool { return o.Name == x.Name }); i++ {
				x.Name = base + "_" + strconv.Itoa(i)
			}
			out = append(out, x)
		}
	}
	return out, ok
}

// maxGroups is the largest number of groups of a statistic.
const maxGroups = 1 << 16

func (c *Compiler) readStatistic(n *spec.Node, x *Statistic) bool {
	get := func(name string) string {
		if v := n.Get(name); v != nil {
			return v.String
		}
		return ""
	}
	x.Source, x.Status, x.Note = get("source"), get("status"), get("note")
	if year := n.Get("year"); year != nil {
		x.Year = int(year.Number)
	}
	if across := get("across"); across == AcrossUnits {
		x.Across = across
	}
	switch x.Measure {
	case Quantile:
		x.P = n.Get("p").Number
	case Median:
		x.P = 0.5
	}
	var fields []*Field
	for _, t := range byFields(n) {
		f := c.FiniteField(t.Value, t.Place)
		if f == nil {
			return false
		}
		if slices.Contains(fields, f) {
			c.Diags.Errorf(t.Place, "field-twice", "field %q is named twice", f.Name).WithHint("remove one")
			return false
		}
		fields, x.By = append(fields, f), append(x.By, f.Name)
	}
	r := statisticReader{c: c, x: x, fields: fields, cells: map[string]int{}}
	if rounded := n.Get("rounded"); rounded != nil {
		r.rounded = rounded.Number
	}
	if !r.selector(n) {
		return false
	}
	value, values := n.Get("value"), n.Get("values")
	switch {
	case value != nil && len(fields) > 0:
		c.Diags.Errorf(value.Place, "value-by", "one value cannot be by %s", strings.Join(x.By, ", ")).WithHint("give values: {…}, a figure for each label, or remove by")
		return false
	case value == nil && len(fields) == 0:
		c.Diags.Errorf(n.Place, "value-by", "values need the field that they are by").WithHint("add by, or give one value for everyone")
		return false
	case value != nil:
		r.add(nil, value.Number, value.Written(), value.Place)
	case values != nil:
		r.nested(values, nil)
	default:
		r.rows(n)
	}
	if r.failed {
		return false
	}
	if len(x.Groups) == 0 {
		c.Diags.Errorf(n.Place, "no-figures", "there are no figures").WithHint("give a figure for at least one label")
		return false
	}
	return r.finish()
}

// statisticReader reads the figures of a statistic.
type statisticReader struct {
	c       *Compiler
	x       *Statistic
	fields  []*Field
	where   *Selector
	rounded float64        // 0 if the spec does not say
	cells   map[string]int // groups by their codes
	codes   [][]int        // per group
	failed  bool
}

// selector compiles where.
func (r *statisticReader) selector(n *spec.Node) bool {
	where := n.Get("where")
	if where == nil {
		return true
	}
	r.x.Where = where.Cond.Text
	r.where = r.c.Select([]*spec.Condition{where.Cond})
	if r.where != nil && !slices.Contains(r.where.Case, 1) {
		r.c.Diags.Errorf(where.Place, "empty-universe", "no combination of values meets %s", where.Cond.Text).WithHint("widen the condition")
		return false
	}
	return r.where != nil
}

func (r *statisticReader) nested(n *spec.Node, codes []int) {
	field := r.fields[len(codes)]
	for _, e := range n.Fields {
		if !r.c.checkLabel(field, e.Name, e.Place) {
			r.failed = true
			continue
		}
		code, _ := field.Domain.Index(e.Name)
		at := append(slices.Clone(codes), code)
		switch last := len(at) == len(r.fields); {
		case last && e.Value.Kind == spec.NumberNode:
			r.add(at, e.Value.Number, e.Value.Written(), e.Value.Place)
		case !last && e.Value.Kind == spec.StructNode:
			r.nested(e.Value, at)
		default:
			r.failed = true
			r.c.Diags.Errorf(e.Value.Place, "nesting", "the figures must be nested one map for each of %s", strings.Join(r.x.By, ", ")).
				WithHint("nest the figures by these fields, in this order")
		}
	}
}

// rows reads figures from a CSV file.
func (r *statisticReader) rows(n *spec.Node) {
	rows := n.FileRows()
	file := r.c.Table(rows)
	if file == nil {
		r.failed = true
		return
	}
	value, ok := r.c.Column(file, n.Get("csv").Get("value").AsString())
	columns, labels := make([]int, len(r.fields)), make([]*FileLabels, len(r.fields))
	for i, f := range r.fields {
		name, mapped := rows.Columns[f.Name]
		if !mapped {
			name = spec.String{Value: f.Name, Place: rows.Place}
		}
		var found bool
		columns[i], found = r.c.Column(file, name)
		labels[i] = r.c.FileLabels(rows, f)
		ok = ok && found && labels[i] != nil
	}
	selected, fine := r.c.selectRows(file, rows.Where)
	if !ok || !fine {
		r.failed = true
		return
	}
	if len(selected) == 0 {
		r.failed = true
		r.c.Diags.Errorf(rows.Place, "no-rows", "no row of %s is selected", file.Path).WithHint("correct its where")
	}
	for _, row := range selected {
		codes := make([]int, len(r.fields))
		fine := true
		for i, f := range r.fields {
			to, _ := labels[i].Translate(file.Rows[row][columns[i]])
			label := to.Value
			if !r.c.checkLabel(f, label, file.Place(row, columns[i])) {
				fine = false
				continue
			}
			codes[i], _ = f.Domain.Index(label)
		}
		x, err := file.Number(row, value)
		text := file.Figure(row, value)
		if err != nil {
			r.c.Diags.Errorf(file.Place(row, value), "not-a-number", "%v", err).WithHint("write a plain number, or leave the row out with where")
			fine = false
		}
		if !fine {
			r.failed = true
			continue
		}
		r.add(codes, x, text, file.Place(row, value))
	}
}

// add adds the figure of a group.
func (r *statisticReader) add(codes []int, value float64, text string, at diag.Place) {
	x := r.x
	var labels []string
	for i, code := range codes {
		labels = append(labels, r.fields[i].Domain.Label(code))
	}
	name, key := strings.Join(labels, ", "), fmt.Sprint(codes)
	if before, twice := r.cells[key]; twice {
		r.failed = true
		r.c.Diags.Errorf(at, "duplicate-cell", "%s has a figure already, in line %d", name, x.Places[before].Line).WithHint("remove one of the two")
		return
	}
	if len(x.Groups) == maxGroups {
		r.failed = true
		r.c.Diags.Errorf(at, "too-many-groups", "a statistic has at most %d figures", maxGroups).WithHint("use groups with fewer values")
		return
	}
	rounded := r.rounded
	if rounded == 0 {
		rounded = writtenStep(text)
	}
	r.cells[key] = len(x.Groups)
	r.codes = append(r.codes, codes)
	x.Groups, x.Published, x.Rounded = append(x.Groups, name), append(x.Published, value), append(x.Rounded, rounded)
	x.Places = append(x.Places, at)
}

// writtenStep returns the value of a figure's last decimal place, 1 for a whole
// number.
func writtenStep(text string) float64 {
	if strings.ContainsAny(text, "eE") {
		return 0
	}
	_, after, _ := strings.Cut(text, ".")
	return math.Pow10(-min(len(after), 12))
}

// finish makes the selector of the groups.
func (r *statisticReader) finish() bool {
	all := slices.Clone(r.fields)
	if r.where != nil {
		for _, name := range r.where.Fields {
			if f := r.c.Fields[name]; !slices.Contains(all, f) {
				all = append(all, f)
			}
		}
	}
	size := 1
	for _, f := range all {
		if size *= f.Slots(); size > maxSelector {
			r.c.Diags.Errorf(r.x.Places[0], "too-wide", "by and where use %d fields, which have more than %d combinations of values", len(all), maxSelector).
				WithHint("use fewer fields, or groups with fewer values")
			return false
		}
	}
	of := newSelector(all...)
	inside := (&Joint{Fields: of.Fields, Slots: of.Slots}).reader(r.where)
	for config := range of.Case {
		if r.where != nil && inside(config) != 1 {
			continue
		}
		codes, rest := make([]int, len(all)), config
		for i := len(all) - 1; i >= 0; i-- {
			codes[i], rest = rest%all[i].Slots(), rest/all[i].Slots()
		}
		var key []int
		if len(r.fields) > 0 {
			key = codes[:len(r.fields)]
		}
		if group, ok := r.cells[fmt.Sprint(key)]; ok {
			of.Case[config] = int32(group + 1)
		}
	}
	n := len(r.x.Groups)
	r.x.Of = of
	r.x.Role, r.x.Mass, r.x.Reached, r.x.Expected = make([]string, n), make([]float64, n), make([]float64, n), make([]float64, n)
	return true
}

// checkStatistic reports figures that no values of the field can have.
func (c *Compiler) checkStatistic(s *spec.Field, x *Statistic, least, greatest float64) bool {
	ok := true
	for i, v := range x.Published {
		if x.Measure == Total {
			if c.Spec.Population.Persons == 0 {
				c.Diags.Errorf(x.Places[i], "total-of-whom", "a total of %q needs the number of persons that the tables describe", s.Name).
					WithHint("add population: persons: …, or give means")
				return false
			}
			continue
		}
		if v-x.Rounded[i]/2 >= greatest || v+x.Rounded[i]/2 <= least {
			c.outside(s, x, i, least, greatest)
			ok = false
		}
	}
	return ok
}

func limitText(x float64) string {
	if math.IsInf(x, 0) {
		return "no limit"
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// GroupName names a group for messages.
func (s *Statistic) GroupName(i int) string {
	if s.Groups[i] == "" {
		return "everyone"
	}
	return strconv.Quote(s.Groups[i])
}

// Joint is a joint distribution of finite fields: Mass has a share per combination of
// their slots, row-major, null last.
type Joint struct {
	Fields []string
	Slots  []int
	Mass   []float64
}

// reader returns the case of a selector by the combinations of the joint, which has all
// its fields. The selector may be nil: its case is 0.
func (j *Joint) reader(s *Selector) func(config int) int32 {
	if s == nil {
		return func(int) int32 { return 0 }
	}
	type axis struct{ stride, slots int }
	axes := make([]axis, len(s.Fields))
	for i, name := range s.Fields {
		at := slices.Index(j.Fields, name)
		stride := 1
		for _, n := range j.Slots[at+1:] {
			stride *= n
		}
		axes[i] = axis{stride, j.Slots[at]}
	}
	return func(config int) int32 {
		k := 0
		for _, a := range axes {
			k = k*a.slots + config/a.stride%a.slots
		}
		return s.Case[k]
	}
}
