package compare

import (
	"fmt"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
)

// findings summarises how the first set compares with each other one, in sentences.
func (c *Comparison) findings() []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, s := range c.Sets {
		switch {
		case s.Model == nil || *s.Model == 1:
		case *s.Model == 0:
			add("No text of %s is model-written; all are assembled from phrase banks.", s.Name)
		default:
			add("%s of the texts of %s are model-written; the others are assembled from phrase banks.", percent(*s.Model), s.Name)
		}
	}
	for i := 1; i < len(c.Sets); i++ {
		c.rowFinding(i, add)
		c.lengthFinding(i, add)
		if c.Sets[i].Known == nil {
			c.wordingFindings(i, add)
			c.factFinding(i, add)
		} else {
			add("Only figures of %s are known, so its wording, the facts its texts name and the distributions of its values cannot be compared.", c.Sets[i].Name)
		}
		c.valueFinding(i, add)
	}
	return out
}

// rowFinding compares the characters of text per row.
func (c *Comparison) rowFinding(i int, add func(string, ...any)) {
	a, b := &c.Sets[0], &c.Sets[i]
	if a.RowChars == nil || a.RowChars.Mean <= 0 {
		return
	}
	const format = "A row has %s characters of text on average in %s and %s in %s: %s."
	switch {
	case b.RowChars != nil && b.RowChars.Mean > 0:
		add(format, number(a.RowChars.Mean), a.Name, number(b.RowChars.Mean), b.Name, ratio(a.RowChars.Mean, b.RowChars.Mean))
	case b.Known != nil && b.Known.RowChars != nil:
		k := b.Known.RowChars
		text := ratio(a.RowChars.Mean, (k.Low+k.High)/2)
		if k.Low != k.High {
			text += ", relative to the middle of that range"
		}
		add(format, number(a.RowChars.Mean), a.Name, knownFigure(k), b.Name, text)
	}
}

// lengthFinding names the fields whose texts are longer, shorter and about as long.
// Lengths within 5 % of each other count as equal.
func (c *Comparison) lengthFinding(i int, add func(string, ...any)) {
	longer, shorter, as := []string{}, []string{}, []string{}
	for _, t := range c.Texts {
		a, b := t.In[0], t.In[i]
		if a == nil || b == nil || a.Chars == nil {
			continue
		}
		low, high := 0.0, 0.0
		switch {
		case b.Chars != nil:
			low, high = b.Chars.Mean, b.Chars.Mean
		case b.Known != nil && b.Known.Chars != nil:
			low, high = b.Known.Chars.Low, b.Known.Chars.High
		default:
			continue
		}
		switch {
		case a.Chars.Mean > 1.05*high:
			longer = append(longer, t.Field)
		case a.Chars.Mean < low/1.05:
			shorter = append(shorter, t.Field)
		default:
			as = append(as, t.Field)
		}
	}
	var parts []string
	for _, p := range []struct {
		what   string
		fields []string
	}{{"longer", longer}, {"shorter", shorter}, {"about as long", as}} {
		if len(p.fields) > 0 {
			parts = append(parts, fmt.Sprintf("%s in %s", p.what, humanize.Some(p.fields)))
		}
	}
	if parts != nil {
		text := "Compared with %s, the texts of %s are on average %s"
		if c.Sets[i].Known != nil {
			text += ", as far as its means are known"
		}
		add(text+".", c.Sets[i].Name, c.Sets[0].Name, strings.Join(parts, ", "))
	}
}

// wordingFindings compares the wording of the text fields that both sets have.
func (c *Comparison) wordingFindings(i int, add func(string, ...any)) {
	n := 0.0
	var pairs, duplicates, openings [2]float64 // sums over fields, by set
	for _, t := range c.Texts {
		a, b := t.In[0], t.In[i]
		if !bothSampled(a, b) {
			continue
		}
		n++
		for k, f := range []*TextFigures{a, b} {
			pairs[k] += f.Distinct[1]
			duplicates[k] += f.NearDuplicates
			openings[k] += f.RepeatedOpenings
		}
	}
	if n == 0 {
		return
	}
	first, other := c.Sets[0].Name, c.Sets[i].Name
	a, b := pairs[0]/n, pairs[1]/n
	verdict := "the wording is about equally rich"
	switch {
	case a > 1.05*b:
		verdict = "the wording of " + first + " is richer"
	case b > 1.05*a:
		verdict = "the wording of " + other + " is richer"
	}
	add("In equally long samples, %s of the pairs of adjacent words are different in %s and %s in %s (mean of %s): %s.", percent(a), first, percent(b), other, fieldCount(int(n)), verdict)
	add("Near-duplicates make up %s of the texts of %s and %s of %s; %s and %s have an opening that another of the same hundred texts has.",
		percent(duplicates[0]/n), first, percent(duplicates[1]/n), other, percent(openings[0]/n), percent(openings[1]/n))
}

// factFinding compares how often texts name facts about their persons.
func (c *Comparison) factFinding(i int, add func(string, ...any)) {
	shares, counts := map[string]*[2]float64{}, map[string]*[2]float64{} // by role, then set
	for _, t := range c.Texts {
		a, b := t.In[0], t.In[i]
		if !bothSampled(a, b) {
			continue
		}
		for k, f := range []*TextFigures{a, b} {
			for _, x := range f.Named {
				if shares[x.Role] == nil {
					shares[x.Role], counts[x.Role] = &[2]float64{}, &[2]float64{}
				}
				shares[x.Role][k] += x.Share
				counts[x.Role][k]++
			}
		}
	}
	var parts []string
	for _, role := range factRoles {
		if s, n := shares[role], counts[role]; s != nil && n[0] > 0 && n[1] > 0 {
			parts = append(parts, fmt.Sprintf("the %s %s and %s", roleTitle(role), percent(s[0]/n[0]), percent(s[1]/n[1])))
		}
	}
	if parts != nil {
		add("Mean share of the texts of %s and of %s that name a fact about their person: %s.", c.Sets[0].Name, c.Sets[i].Name, strings.Join(parts, ", "))
	}
}

// bothSampled reports whether both sets have sampled texts of a field.
func bothSampled(a, b *TextFigures) bool {
	return a != nil && b != nil && a.Sample.Words > 0 && b.Sample.Words > 0
}

// valueFinding names the field whose distributions differ most.
func (c *Comparison) valueFinding(i int, add func(string, ...any)) {
	compared, apart := 0, []string{}
	most, where := 0.0, ""
	for _, v := range c.Values {
		a, b := v.In[0], v.In[i]
		if a == nil || b == nil || a.Known != nil || b.Known != nil {
			continue
		}
		if v.TVD[i] == nil {
			apart = append(apart, v.Field)
			continue
		}
		compared++
		if *v.TVD[i] >= most {
			most, where = *v.TVD[i], v.Field
		}
	}
	switch {
	case compared > 0 && most < 1e-9:
		add("The values of %s are distributed as in %s (%s).", c.Sets[0].Name, c.Sets[i].Name, fieldCount(compared))
	case compared > 0:
		add("Of %s with common values, %s differs most: %s of the persons of %s would have to change their value to match %s.", fieldCount(compared), where, percent(most), c.Sets[0].Name, c.Sets[i].Name)
	}
	if len(apart) > 0 {
		add("Fields that share no value with %s, or have too many values to count: %s.", c.Sets[i].Name, humanize.Some(apart))
	}
}

func fieldCount(n int) string { return humanize.Count(n, "field", "fields") }

// ratio describes a relative to b.
func ratio(a, b float64) string {
	switch r := a / b; {
	case r >= 1.05:
		return fmt.Sprintf("%.1f times as many", r)
	case r <= 0.95:
		return fmt.Sprintf("%.0f %% as many", 100*r)
	}
	return "about as many"
}
