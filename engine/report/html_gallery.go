package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/kind"
)

type card struct {
	Lang, Number, Name, Who string
	Lead                    []string
	Facts, More             []factView
	Texts                   []textView
	Foot                    []string
}

type (
	factView struct {
		Lang, Label, Value string
		Dagger             bool
	}
	textView struct {
		Lang, Title, Text string
		Items             []string
		Null              bool
	}
)

// leadTexts is the number of a person's shortest texts that are shown unfolded.
const leadTexts = 2

func (v *view) gallery() {
	lead := v.leads()
	for _, p := range v.Gallery {
		v.Cards = append(v.Cards, v.card(&p, lead))
	}
}

// leads returns the text fields with the smallest maximum lengths.
func (v *view) leads() []string {
	var texts []*Field
	for i := range v.Stats.Fields {
		if f := &v.Stats.Fields[i]; f.Class == kind.Written && f.Type == frame.Text && f.Chars != nil && !f.Hidden {
			if of, _ := v.translates(f.Name); of != "" {
				continue // its original is shown
			}
			texts = append(texts, f)
		}
	}
	slices.SortStableFunc(texts, func(x, y *Field) int { return cmp.Compare(x.Chars.Max, y.Chars.Max) })
	var out []string
	for _, f := range texts[:min(len(texts), leadTexts)] {
		out = append(out, f.Name)
	}
	return out
}

// card shows a person: a heading from its roles, its shortest texts, and folded
// facts and texts.
func (v *view) card(p *Persona, lead []string) card {
	out := card{Lang: v.Lang, Number: humanize.Thousands(p.Number + 1)}
	facts := map[string]*Fact{}
	for i := range p.Facts {
		facts[p.Facts[i].Field] = &p.Facts[i]
	}
	headed := v.cardHeading(&out, facts)
	for _, name := range lead {
		if f := facts[name]; f != nil && !f.Null {
			out.Lead = append(out.Lead, f.Text)
		}
	}
	for i := range p.Facts {
		fact := &p.Facts[i]
		f := v.Stats.field(fact.Field)
		switch {
		case f == nil || kind.MeaningOf(f.Kind) == kind.Constant:
		case kind.MeaningOf(f.Kind) != kind.Fact:
			if !fact.Null {
				out.Foot = append(out.Foot, fact.Text)
			}
		case f.Class == kind.Judged && fact.Null: // not in the sample
		case f.Class == kind.Written || f.Class == kind.Judged && f.Type == frame.Text:
			of, language := v.translates(f.Name)
			switch {
			case of != "" && fact.Null: // the section on texts says so
			case !slices.Contains(lead, f.Name) || fact.Null:
				out.Texts = append(out.Texts, textView{cmp.Or(language, v.Lang), cmp.Or(f.Title, f.Name), fact.Text, fact.Items, fact.Null || fact.Text == "" && len(fact.Items) == 0})
			}
		case fact.Null:
		case f.Values != nil && f.Values[0].Target != nil && len(f.Of) == 0 && !slices.Contains(headed, f.Name):
			out.Facts = append(out.Facts, v.fact(f, fact))
		default:
			out.More = append(out.More, v.fact(f, fact))
		}
	}
	return out
}

// translates returns the text that a field translates and the language of the translation,
// "" for others.
func (v *view) translates(field string) (of, language string) {
	if t := v.Stats.Texts; t != nil {
		for i := range t.Fields {
			if t.Fields[i].Field == field {
				return t.Fields[i].Of, t.Fields[i].Language
			}
		}
	}
	return "", ""
}

// cardHeading sets the name of a person and the line below it, from the fields with
// the roles for these. It returns the fields in that line.
func (v *view) cardHeading(c *card, facts map[string]*Fact) []string {
	roles := v.Stats.Roles
	role := func(name string) string {
		if f := facts[roles[name]]; f != nil {
			return f.Text
		}
		return ""
	}
	c.Name = cmp.Or(role("name"), strings.TrimSpace(role("given_name")+" "+role("surname")))
	if c.Name == "" {
		c.Name, c.Lang = "Person "+c.Number, "en"
	}
	var who, headed []string
	for _, name := range []string{"sex", "age", "marital", "occupation", "place"} {
		if text := role(name); text != "" {
			if f := v.Stats.field(roles[name]); name == "age" && f != nil && f.Unit != "" {
				text += " " + f.Unit
			}
			who, headed = append(who, text), append(headed, roles[name])
		}
	}
	c.Who = strings.Join(who, " · ")
	return headed
}

// fact formats a value with its unit. A dagger marks assumed and modelled values.
func (v *view) fact(f *Field, fact *Fact) factView {
	x := factView{Lang: v.Lang, Label: cmp.Or(f.Title, f.Name), Value: fact.Text, Dagger: f.Status == "assumed" || f.Status == "modelled"}
	if fact.Items != nil {
		x.Value = strings.Join(fact.Items, ", ")
	}
	if f.Unit != "" {
		x.Value += " " + f.Unit
	}
	v.Dagger = v.Dagger || x.Dagger
	return x
}
