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
		Title, Text string
		Items       []string
		Null        bool
	}
)

// leadTexts is how many of the shortest texts of a person are shown at once.
const leadTexts = 2

func (v *view) gallery() {
	lead := v.leads()
	for _, p := range v.Gallery {
		v.Cards = append(v.Cards, v.card(&p, lead))
	}
}

// leads are the text fields that are meant to be the shortest.
func (v *view) leads() []string {
	var texts []*Field
	for i := range v.Stats.Fields {
		if f := &v.Stats.Fields[i]; f.Class == kind.Written && f.Type == frame.Text && f.Chars != nil && !f.Hidden {
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

func (v *view) card(p *Persona, lead []string) card {
	roles := v.Stats.Roles
	out := card{Lang: v.Lang, Number: humanize.Thousands(p.Number + 1)}
	facts := map[string]*Fact{}
	for i := range p.Facts {
		facts[p.Facts[i].Field] = &p.Facts[i]
	}
	role := func(name string) string {
		if f := facts[roles[name]]; f != nil {
			return f.Text
		}
		return ""
	}
	out.Name = cmp.Or(role("name"), strings.TrimSpace(role("given_name")+" "+role("surname")))
	var who, headed []string
	for _, name := range []string{"sex", "age", "marital", "occupation", "place"} {
		if text := role(name); text != "" {
			if f := v.Stats.field(roles[name]); name == "age" && f != nil && f.Unit != "" {
				text += " " + f.Unit
			}
			who, headed = append(who, text), append(headed, roles[name])
		}
	}
	out.Who = strings.Join(who, " · ")
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
		case f.Class == kind.Written:
			if !slices.Contains(lead, f.Name) || fact.Null {
				out.Texts = append(out.Texts, textView{cmp.Or(f.Title, f.Name), fact.Text, fact.Items, fact.Null || fact.Text == "" && len(fact.Items) == 0})
			}
		case fact.Null:
		default:
			x := factView{Lang: v.Lang, Label: cmp.Or(f.Title, f.Name), Value: fact.Text, Dagger: f.Status == "assumed" || f.Status == "modelled"}
			if fact.Items != nil {
				x.Value = strings.Join(fact.Items, ", ")
			}
			if f.Unit != "" {
				x.Value += " " + f.Unit
			}
			v.Dagger = v.Dagger || x.Dagger
			if f.Values != nil && f.Values[0].Target != nil && len(f.Of) == 0 && !slices.Contains(headed, f.Name) {
				out.Facts = append(out.Facts, x)
			} else {
				out.More = append(out.More, x)
			}
		}
	}
	if out.Name == "" {
		out.Name = "Person " + out.Number
		out.Lang = "en"
	}
	return out
}
