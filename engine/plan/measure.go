package plan

import "slices"

// Measure is a value that the checks measure and a check of the spec may limit. The
// schema lists the same measures.
type Measure struct {
	Name string
	Of   string // what it is measured for, "" for all persons together
	// Most says that a larger value is worse; otherwise a smaller one is.
	Most bool
	// Share says that the value lies between 0 and 1.
	Share bool
}

// Values of Measure.Of.
const (
	OfText   = "text field"
	OfRule   = "rule"
	OfTable  = "table, field or joint"
	OfNumber = "number field"
	// OfLanguage is a language of texts; without one, that of the spec.
	OfLanguage = "language"
)

// Measures lists the measures in the order of the schema.
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
		{"recurring_runs", OfLanguage, true, true},
		{"recurring_sentences", OfLanguage, true, true},
		{"commonest_sentence", OfLanguage, true, true},
		{"distinct_2", OfLanguage, false, true},
		{"duplicate_persons", "", true, true},
		{"near_duplicate_persons", "", true, true},
	}
}

// MeasureNamed returns the named measure.
func MeasureNamed(name string) (Measure, bool) {
	all := Measures()
	i := slices.IndexFunc(all, func(m Measure) bool { return m.Name == name })
	if i < 0 {
		return Measure{}, false
	}
	return all[i], true
}
