package microdata

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxTexts bounds the different texts of a column that are counted.
const maxTexts = 300

// Profile is what a column of records contains.
type Profile struct {
	Name     string
	Empty    int64            // cells that are empty or missing
	Texts    map[string]int64 // how often each text occurs; nil if there are too many
	Integers bool             // whether all are whole numbers
	Min, Max int64            // of integers
	any      bool
	missing  []string
}

// NewProfile returns the profile of a column without records. missing are texts that mean
// that nothing is known.
func NewProfile(name string, missing []string) *Profile {
	return &Profile{Name: name, Texts: map[string]int64{}, Integers: true, missing: missing}
}

// Add counts a cell.
func (p *Profile) Add(text string) {
	if text == "" || slices.Contains(p.missing, text) {
		p.Empty++
		return
	}
	text = Plain(text)
	if p.Texts != nil {
		if p.Texts[text]++; len(p.Texts) > maxTexts {
			p.Texts = nil
		}
	}
	if !p.Integers {
		return
	}
	n, ok := Whole(text)
	if p.Integers = ok; !ok {
		return
	}
	if !p.any || n < p.Min {
		p.Min = n
	}
	if !p.any || n > p.Max {
		p.Max = n
	}
	p.any = true
}

// Whole parses a whole number, also one that is written as 31.0.
func Whole(text string) (int64, bool) {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || x != math.Trunc(x) || math.Abs(x) > 1<<53 {
		return 0, false
	}
	return int64(x), true
}

// Plain writes a whole number without a fraction, 31.0 as 31; other texts stay.
func Plain(text string) string {
	if strings.ContainsAny(text, ".eE") {
		if n, ok := Whole(text); ok {
			return strconv.FormatInt(n, 10)
		}
	}
	return text
}

// Values returns the texts in order, numbers by their size.
func (p *Profile) Values() []string {
	values := make([]string, 0, len(p.Texts))
	for t := range p.Texts {
		values = append(values, t)
	}
	slices.SortFunc(values, func(s, t string) int {
		a, isA := Whole(s)
		b, isB := Whole(t)
		switch {
		case isA && isB:
			return cmp.Or(cmp.Compare(a, b), cmp.Compare(s, t))
		case isA:
			return -1
		case isB:
			return 1
		}
		return cmp.Compare(s, t)
	})
	return values
}
