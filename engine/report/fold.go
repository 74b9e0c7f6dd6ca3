package report

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
)

// Fields with thousands of values, such as the towns of a large population, are
// folded: documents show the largest values and those that deviate most, and the sums
// over all others. So the documents grow with the number of fields and tables, and
// little with the number of labels.

// mostKept is the number of values that stats.json has of a folded field.
const mostKept = 400

// mostOfField is the number of values that report.html shows of a field.
const mostOfField = 60

// Rest sums the values of a field that are not listed. Its shares are as in Value.
type Rest struct {
	Values int      `json:"values"` // how many they are
	Count  float64  `json:"count"`
	Share  float64  `json:"share"`
	Target *float64 `json:"target,omitempty"`
	// Deviation is the largest deviation from the target of one of these values, in
	// persons.
	Deviation *float64 `json:"deviation,omitempty"`
}

// foldValues divides values into those to list, at most n, in their order, and the sum
// of the others, nil if there are none. The half of n with the largest targets (counts,
// where there are none) is listed, and those that deviate most from them.
func foldValues(values []Value, rows int64, n int) (listed []int, rest *Rest) {
	order := indices(len(values))
	if len(values) <= n {
		return order, nil
	}
	size := func(i int) float64 {
		if t := values[i].Target; t != nil {
			return *t
		}
		return values[i].Share
	}
	off := func(i int) float64 { return math.Abs(deviationIn(&values[i], rows)) }
	by := func(list []int, of func(int) float64) {
		slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(of(b), of(a)) })
	}
	by(order, size)
	by(order[n/2:], off)
	listed = slices.Clone(order[:n])
	slices.Sort(listed)
	rest = &Rest{}
	for _, i := range order[n:] {
		rest.add(&values[i], rows)
	}
	return listed, rest
}

// deviationIn is the deviation of a value from its target in persons, 0 without one.
func deviationIn(v *Value, rows int64) float64 {
	if v.Target == nil {
		return 0
	}
	return v.Count - *v.Target*float64(rows)
}

// add adds a value.
func (r *Rest) add(v *Value, rows int64) {
	r.Values++
	r.Count += v.Count
	r.Share += v.Share
	if v.Target == nil {
		return
	}
	if r.Target == nil {
		r.Target, r.Deviation = new(float64), new(float64)
	}
	*r.Target += *v.Target
	if d := deviationIn(v, rows); math.Abs(d) > math.Abs(*r.Deviation) {
		*r.Deviation = d
	}
}

// fold sets what stats.json has of a field with many values.
func (f *Field) fold(rows int64) {
	if len(f.Values) <= MostCells {
		return
	}
	f.listed, f.Rest = foldValues(f.Values, rows, mostKept)
	f.Rest.Share = digits(f.Rest.Share)
	if f.Rest.Target != nil {
		*f.Rest.Target, *f.Rest.Deviation = digits(*f.Rest.Target), digits(*f.Rest.Deviation)
	}
}

// MarshalJSON implements json.Marshaler. A folded field has the listed values only.
func (f Field) MarshalJSON() ([]byte, error) {
	type plain Field // without this method
	out := plain(f)
	if f.Rest != nil {
		out.Values = nil
		for _, i := range f.listed {
			out.Values = append(out.Values, f.Values[i])
		}
	}
	return json.Marshal(out)
}
