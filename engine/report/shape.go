package report

import (
	"slices"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// Pyramid compares the population by age and sex with its target, in persons.
// Observed and Target have one row per band of age and one column per sex.
type Pyramid struct {
	Table    string      `json:"table"` // the table of Stats.Tables that it is summed from
	Age      string      `json:"age"`   // field
	Sex      string      `json:"sex"`
	Sexes    []string    `json:"sexes"` // always two
	Bands    []string    `json:"bands"` // youngest first
	Target   [][]float64 `json:"target"`
	Observed [][]float64 `json:"observed"`
}

// Places names the field that says where persons live, and groups its values
// by region.
type Places struct {
	Field string `json:"field"`
	// Name is the field with the names of the places, if the values of Field are codes:
	// that with the role place. Different places may have one name.
	Name string `json:"name,omitempty"`
	// Region is the coarser field, "" for none. Of is the region's label for each
	// value of Field; it is left out of fields with more than MostCells values.
	Region string   `json:"region,omitempty"`
	Of     []string `json:"of,omitempty"`

	names, regions []string // per value of Field; nil without Name or Region
}

// bandYears is the width of a pyramid's bands if ages are whole numbers.
const bandYears = 5

// pyramidOf returns the distribution by age and sex: by the field with the role
// age, or else by the group of that field with the most bands. It returns nil if
// either role is missing or there are not exactly two sexes.
func pyramidOf(p *plan.Plan, r *check.Result) *Pyramid {
	age, sex := p.Field(p.Roles["age"]), p.Field(p.Roles["sex"])
	if age == nil || sex == nil || !age.Finite() || !sex.Finite() {
		return nil
	}
	best, rows := -1, age
	for i := range p.Expected {
		e := &p.Expected[i]
		if e.Universe != nil || len(e.Fields) != 2 || !slices.Contains(e.Fields, sex.Name) || r.Observed[i] == nil {
			continue
		}
		f := p.Field(e.Fields[1-slices.Index(e.Fields, sex.Name)])
		of := f.Lookup()
		switch {
		case f == age:
			return bands(p, r, i, age, sex)
		case of != nil && slices.Equal(of.Fields, []string{age.Name}) && (best < 0 || f.Slots() > rows.Slots()):
			best, rows = i, f
		}
	}
	if best < 0 {
		return nil
	}
	return bands(p, r, best, rows, sex)
}

// bands sums Plan.Expected[i] by bands of age.
func bands(p *plan.Plan, r *check.Result, i int, age, sex *kind.Field) *Pyramid {
	e := &p.Expected[i]
	sexFirst := e.Fields[0] == sex.Name
	cell := func(a, s int) int {
		if sexFirst {
			return s*e.Slots[1] + a
		}
		return a*e.Slots[1] + s
	}
	occurs := func(a, s int) bool { return e.Share[cell(a, s)] > 0 || r.Observed[i][cell(a, s)] > 0 }
	out := &Pyramid{Table: e.Name, Age: age.Name, Sex: sex.Name}
	var sexes []int
	for s := range sex.Domain.Size() {
		if slices.ContainsFunc(indices(age.Domain.Size()), func(a int) bool { return occurs(a, s) }) {
			sexes, out.Sexes = append(sexes, s), append(out.Sexes, sex.Domain.Label(s))
		}
	}
	if len(sexes) != 2 {
		return nil
	}
	band := func(a int) int { return a }
	if age.Domain.Integer {
		band = func(a int) int { return int(floorDiv(age.Domain.Min+int64(a), bandYears)) }
	}
	var first, last int
	for a := range age.Domain.Size() {
		if !occurs(a, sexes[0]) && !occurs(a, sexes[1]) {
			continue
		}
		if n := len(out.Bands); n == 0 || band(a) != band(last) {
			first = a
			out.Bands = append(out.Bands, "")
			out.Target, out.Observed = append(out.Target, make([]float64, 2)), append(out.Observed, make([]float64, 2))
		}
		last = a
		n := len(out.Bands) - 1
		out.Bands[n] = age.Domain.Label(first)
		if last > first {
			out.Bands[n] += "–" + age.Domain.Label(last)
		}
		for k, s := range sexes {
			out.Target[n][k] += e.Share[cell(a, s)] * float64(r.Rows)
			out.Observed[n][k] += r.Observed[i][cell(a, s)]
		}
	}
	for _, row := range out.Target {
		row[0], row[1] = digits(row[0]), digits(row[1])
	}
	return out
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// placesOf chooses the field that best says where persons live: of the fields
// with the roles place, area and region, and the fields these are made from, the
// one with a target and the most values. If the field with the role place is made from
// that one alone, it has the names of the places.
func placesOf(p *plan.Plan, fields []Field) *Places {
	var found *Field
	for _, role := range []string{"place", "area", "region"} {
		f := p.Field(p.Roles[role])
		if f == nil {
			continue
		}
		for _, name := range append([]string{f.Name}, f.Inputs...) {
			k := slices.IndexFunc(fields, func(x Field) bool { return x.Name == name })
			if k < 0 || fields[k].Hidden && name != codeOf(f) || len(fields[k].Values) == 0 || fields[k].Values[0].Target == nil || p.Field(name).Domain.Integer {
				continue
			}
			if found == nil || len(fields[k].Values) > len(found.Values) {
				found = &fields[k]
			}
		}
	}
	if found == nil {
		return nil
	}
	out := &Places{Field: found.Name}
	n := len(found.Values)
	if place := p.Field(p.Roles["place"]); place != nil && place.Name != found.Name {
		if out.names = labelsBy(p, place, found.Name, n); out.names != nil {
			out.Name = place.Name
		}
	}
	if region := p.Field(p.Roles["region"]); region != nil && region.Name != found.Name {
		if out.regions = labelsBy(p, region, found.Name, n); out.regions != nil {
			out.Region = region.Name
		}
		if n <= MostCells {
			out.Of = out.regions
		}
	}
	return out
}

// codeOf returns the field that a group is made from, "" for several or none.
func codeOf(f *kind.Field) string {
	if of := f.Lookup(); of != nil && len(of.Fields) == 1 {
		return of.Fields[0]
	}
	return ""
}

// labelsBy returns the label of a group for each of the first n values of the field
// that it is made from, perhaps through other groups: "" for null. It returns nil if the
// group is not made from that field alone.
func labelsBy(p *plan.Plan, group *kind.Field, of string, n int) []string {
	codes := codesBy(p, group, of, n)
	if codes == nil {
		return nil
	}
	out := make([]string, n)
	for i, c := range codes {
		if c >= 0 {
			out[i] = group.Domain.Label(c)
		}
	}
	return out
}

// codesBy is labelsBy for the codes of the labels, -1 for null.
func codesBy(p *plan.Plan, f *kind.Field, of string, n int) []int {
	if f.Name == of {
		return indices(n)
	}
	from := codeOf(f)
	if from == "" || p.Field(from) == nil {
		return nil
	}
	codes := codesBy(p, p.Field(from), of, n)
	for i, c := range codes {
		if c >= 0 {
			codes[i] = int(f.Lookup().Case[c]) - 1
		}
	}
	return codes
}
