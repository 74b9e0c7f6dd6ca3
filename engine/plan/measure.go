package plan

import "slices"

// Measure is something that the checks measure and a check of the spec may
// limit; the schema lists the same ones.
type Measure struct {
	Name string
	Of   string // what it is of, "" for the population as a whole
	// Most says that a larger value is worse; else a smaller one is.
	Most bool
	// Share says that it lies between 0 and 1.
	Share bool
}

// What measures are of.
const (
	OfText   = "text field"
	OfRule   = "rule"
	OfTable  = "table, field or joint"
	OfNumber = "number field"
)

// Measures lists them in the order of the schema.
func Measures() []Measure {
	return []Measure{
		{"missing_texts", OfText, true, true},
		{"near_duplicates", OfText, true, true},
		{"repeated_openings", OfText, true, true},
		{"model_written", OfText, false, true},
		{"rule_breaks", OfRule, true, true},
		{"deviation_persons", OfTable, true, false},
		{"deviation_points", OfTable, true, false},
		{"table_p", OfTable, false, true},
		{"number_p", OfNumber, false, true},
		{"duplicate_persons", "", true, true},
		{"near_duplicate_persons", "", true, true},
	}
}

// MeasureNamed finds a measure.
func MeasureNamed(name string) (Measure, bool) {
	all := Measures()
	i := slices.IndexFunc(all, func(m Measure) bool { return m.Name == name })
	if i < 0 {
		return Measure{}, false
	}
	return all[i], true
}
