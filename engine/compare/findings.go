package compare

import (
	"fmt"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
)

// findings sums the comparison of the first set with each other one up in
// sentences: the most telling ones only.
func (c *Comparison) findings() []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, s := range c.Sets {
		if s.Model != nil && *s.Model < 1 {
			add("Of the texts of %s a model wrote %s; the others are put together from phrases.", s.Name, percent(*s.Model))
		}
	}
	a := &c.Sets[0]
	for i := 1; i < len(c.Sets); i++ {
		b := &c.Sets[i]
		if a.RowChars != nil && a.RowChars.Mean > 0 {
			switch {
			case b.RowChars != nil && b.RowChars.Mean > 0:
				add("A row of %s has %s characters of text on average, one of %s %s: %s.", a.Name, number(a.RowChars.Mean), b.Name, number(b.RowChars.Mean), ratio(a.RowChars.Mean, b.RowChars.Mean))
			case b.Known != nil && b.Known.RowChars != nil:
				k := b.Known.RowChars
				text := ratio(a.RowChars.Mean, (k.Low+k.High)/2)
				if k.Low != k.High {
					text += ", against the middle of it"
				}
				add("A row of %s has %s characters of text on average, one of %s %s (%s): %s.", a.Name, number(a.RowChars.Mean), b.Name, k, k.Status, text)
			}
		}
		c.lengthFinding(i, add)
		if b.Known == nil {
			c.wordFindings(i, add)
		} else {
			add("Of %s only figures are known, no data: what its wording is like, what its texts name and how its values are distributed cannot be said.", b.Name)
		}
		c.valueFinding(i, add)
	}
	return out
}

// lengthFinding counts the fields whose texts are longer.
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
		text := "Against %s the texts of %s are on average %s"
		if c.Sets[i].Known != nil {
			text += ", as far as the means there are known"
		}
		add(text+".", c.Sets[i].Name, c.Sets[0].Name, strings.Join(parts, ", "))
	}
}

// wordFindings compare the wording of the fields that both sets have.
func (c *Comparison) wordFindings(i int, add func(string, ...any)) {
	n := 0
	var types, near, opening [2]float64
	named := map[string]*[2]float64{}
	counts := map[string]*[2]float64{}
	for _, t := range c.Texts {
		a, b := t.In[0], t.In[i]
		if a == nil || b == nil || a.Sample.Words == 0 || b.Sample.Words == 0 {
			continue
		}
		n++
		for k, f := range []*TextFigures{a, b} {
			types[k] += f.Distinct[1]
			near[k] += f.NearDuplicates
			opening[k] += f.RepeatedOpenings
			for _, x := range f.Named {
				if named[x.Role] == nil {
					named[x.Role], counts[x.Role] = &[2]float64{}, &[2]float64{}
				}
				named[x.Role][k] += x.Share
				counts[x.Role][k]++
			}
		}
	}
	if n == 0 {
		return
	}
	mean := func(x [2]float64) (float64, float64) { return x[0] / float64(n), x[1] / float64(n) }
	a, b := mean(types)
	first, other := c.Sets[0].Name, c.Sets[i].Name
	verdict := "neither wording is much richer"
	if a > 1.05*b || b > 1.05*a {
		verdict = "the wording of " + pick(a > b, first, other) + " is richer"
	}
	add("Of the pairs of words in equally many words of text, %s are different in %s and %s in %s (mean of %s): %s.", percent(a), first, percent(b), other, fieldCount(n), verdict)
	a, b = mean(near)
	x, y := mean(opening)
	add("Nearly the same as another of equally many are %s of the texts of %s and %s of %s; %s and %s open as another of the same hundred.", percent(a), first, percent(b), other, percent(x), percent(y))
	var parts []string
	for _, role := range factRoles {
		if s, k := named[role], counts[role]; s != nil && k[0] > 0 && k[1] > 0 {
			parts = append(parts, fmt.Sprintf("the %s %s and %s", roleTitle(role), percent(s[0]/k[0]), percent(s[1]/k[1])))
		}
	}
	if parts != nil {
		add("How many texts of %s and of %s name a fact of their person, on average: %s.", first, other, strings.Join(parts, ", "))
	}
}

// valueFinding names the fields whose distributions differ most.
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
		add("Of %s with values in common, %s is distributed most differently: %s of the persons of %s would have to change to be as in %s.", fieldCount(compared), where, percent(most), c.Sets[0].Name, c.Sets[i].Name)
	}
	if len(apart) > 0 {
		add("No value in common with %s, or too many to be counted: %s.", c.Sets[i].Name, humanize.Some(apart))
	}
}

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

func fieldCount(n int) string {
	if n == 1 {
		return "1 field"
	}
	return fmt.Sprintf("%d fields", n)
}

// ratio says how many times b a is.
func ratio(a, b float64) string {
	switch r := a / b; {
	case r >= 1.05:
		return fmt.Sprintf("%.1f times as many", r)
	case r <= 0.95:
		return fmt.Sprintf("%.0f %% of it", 100*r)
	}
	return "about as many"
}
