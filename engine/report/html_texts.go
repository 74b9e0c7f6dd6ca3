package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/similarity"
	"github.com/personagen/personagen/engine/kind"
)

type textsView struct {
	Lang, Headline, Compared string
	Parts                    []partView
	Axis                     template.HTML
	References               []referenceView
	Lengths                  []lengthView
	Broken                   []brokenView
	Repetition               []repetitionView
	Groups                   []groupsView
}

type (
	partView struct {
		Name, Texts, Share string
		Plot               template.HTML
	}
	referenceView struct {
		Title, Origin string
		Colour        int
	}
	lengthView struct {
		Field                        fieldName
		What                         string
		Plot                         template.HTML
		Mean, P10, P50, P90, Missing string
		References                   []string
	}
	brokenView struct{ Field, Demand, Texts, Share string }
	groupsView struct {
		Field          fieldName
		Language, Lang string // of the texts: "" for that of the spec, and the tag
		Rows           []groupView
	}
	groupView struct {
		Value, Persons string
		Words          []wordView
	}
	wordView       struct{ Word, Share, Others string }
	repetitionView struct {
		Field  fieldName
		Values []string
		Phrase string
	}
)

const lengthTicks = 7

func (v *view) texts() {
	t := v.Stats.Texts
	if t == nil || t.Written == 0 {
		return
	}
	out := &textsView{Lang: v.Lang, Headline: upper(t.Headline), Parts: writerParts(t)}
	for i, r := range v.Stats.References {
		out.References = append(out.References, referenceView{r.Title, r.Origin, i % 3})
	}
	axis := v.lengthAxis(t)
	out.Axis = axisStrip(axis, lengthTicks, func(x float64) string { return short4(x) })
	for i := range t.Fields {
		out.Lengths = append(out.Lengths, v.lengths(&t.Fields[i], axis)...)
	}
	for _, f := range t.Fields {
		for _, b := range f.Broken {
			out.Broken = append(out.Broken, brokenView{f.Field, strings.TrimSpace(b.Demand + " " + b.Name), humanize.Thousands(b.Texts), percentOf(share(b.Texts, f.Written))})
		}
	}
	compared := int64(0)
	for i := range t.Fields {
		f := &t.Fields[i]
		if field := v.Stats.field(f.Field); field != nil && f.NearDuplicates != nil {
			compared = max(compared, f.NearDuplicates.Texts)
			out.Repetition = append(out.Repetition, v.repetition(field, f))
		}
	}
	out.Compared = humanize.Thousands(compared)
	out.Groups = v.groups(t.Groups)
	v.Texts = out
}

// lengthAxis returns a scale for all lengths, limits and means of references.
func (v *view) lengthAxis(t *Texts) scale {
	low, high := math.Inf(1), 0.0
	for _, f := range t.Fields {
		for _, n := range []*check.Summary{f.Chars, f.Items} {
			if n != nil && n.N > 0 {
				low, high = min(low, max(1, n.Min)), max(high, n.Max)
			}
		}
		if x := v.Stats.field(f.Field); x != nil && x.Chars != nil {
			low, high = min(low, float64(max(1, x.Chars.Min))), max(high, float64(x.Chars.Max))
		}
		for _, r := range v.Stats.References {
			if x := r.Lengths[f.Field]; x > 0 {
				low, high = min(low, x), max(high, x)
			}
		}
	}
	return scale{low * 0.9, high * 1.1, true}
}

// lengths returns the rows of a field: its characters and, for lists, its items.
func (v *view) lengths(f *check.TextProfile, axis scale) []lengthView {
	field := v.Stats.field(f.Field)
	if field == nil {
		return nil
	}
	var out []lengthView
	if f.Chars != nil {
		var refs []float64
		for _, r := range v.Stats.References {
			refs = append(refs, r.Lengths[f.Field])
		}
		row := v.length(field, f.Chars, field.Chars, refs, axis)
		row.Missing = humanize.Thousands(f.Missing)
		if f.Items != nil {
			row.What = "characters per item"
		}
		out = append(out, row)
	}
	if f.Items != nil {
		var refs []float64
		for _, r := range v.Stats.References {
			refs = append(refs, r.Items[f.Field])
		}
		row := v.length(field, f.Items, field.Items, refs, axis)
		row.What = "items"
		out = append(out, row)
	}
	return out
}

// repetition describes how much the texts of a field repeat each other.
func (v *view) repetition(field *Field, f *check.TextProfile) repetitionView {
	a := f.NearDuplicates
	row := repetitionView{
		Field: v.name(field), Phrase: "none",
		Values: []string{humanize.Thousands(a.NearDuplicates), percentOf(a.Openings.Repeated), fmt.Sprintf("%.1f of %.1f", a.Openings.Entropy, a.Openings.Most)},
	}
	for _, d := range a.Words.Distinct {
		row.Values = append(row.Values, fmt.Sprintf("%.3f", d))
	}
	if w := a.Words; w.Phrase > 0 {
		row.Phrase = fmt.Sprintf("%d words, %s of a text, in %s texts", w.Phrase, percentOf(w.PhraseShare), humanize.Thousands(w.PhraseTexts))
	}
	return row
}

// groups collects the distinctive words of groups of persons, by field.
func (v *view) groups(groups []similarity.Group) []groupsView {
	var out []groupsView
	for _, g := range groups {
		field := v.Stats.field(g.Field)
		if field == nil {
			continue
		}
		if n := len(out); n == 0 || out[n-1].Field.Name != g.Field || out[n-1].Language != g.Language {
			out = append(out, groupsView{Field: v.name(field), Language: g.Language, Lang: cmp.Or(g.Language, v.Lang)})
		}
		row := groupView{Value: g.Value, Persons: humanize.Thousands(g.Persons)}
		for _, w := range g.Words {
			row.Words = append(row.Words, wordView{w.Word, fmt.Sprintf("%.0f", 100*w.Share), fmt.Sprintf("%.0f", 100*w.Others) + thin + "%"})
		}
		out[len(out)-1].Rows = append(out[len(out)-1].Rows, row)
	}
	return out
}

// length describes the lengths of a field's texts, or the number of items of its
// lists. refs are the means of the references, 0 where unknown.
func (v *view) length(field *Field, n *check.Summary, allowed *kind.Length, refs []float64, axis scale) lengthView {
	x := spread{min: max(1, n.Min), p10: max(1, n.P10), p50: max(1, n.P50), p90: max(1, n.P90), max: max(1, n.Max)}
	if allowed != nil {
		x.low, x.high = float64(max(1, allowed.Min)), float64(allowed.Max)
	}
	out := lengthView{Field: v.name(field), Mean: short4(math.Round(n.Mean*10) / 10), P10: short4(n.P10), P50: short4(n.P50), P90: short4(n.P90)}
	title := fmt.Sprintf("%s: mean %s, from %s to %s", cmp.Or(field.Title, field.Name), out.Mean, short4(n.Min), short4(n.Max))
	for i, r := range refs {
		text := ""
		if r > 0 {
			text = short4(r)
			x.references = append(x.references, r)
			title += fmt.Sprintf(", %s in %s", text, v.Stats.References[i].Title)
		}
		out.References = append(out.References, text)
	}
	out.Plot = rangeStrip(title, x, axis, lengthTicks)
	return out
}

// writerParts counts the texts of all fields by writer, most texts first.
func writerParts(t *Texts) []partView {
	var names []string
	texts, all := map[string]int64{}, int64(0)
	for _, f := range t.Fields {
		for _, x := range f.Sources {
			if _, ok := texts[x.Name]; !ok {
				names = append(names, x.Name)
			}
			texts[x.Name] += x.Texts
			all += x.Texts
		}
	}
	slices.SortStableFunc(names, func(x, y string) int { return cmp.Compare(texts[y], texts[x]) })
	var out []partView
	for _, name := range names {
		x := share(texts[name], all)
		out = append(out, partView{name, humanize.Thousands(texts[name]), percentOf(x), barStrip(name+": "+percentOf(x), x, nil, 1)})
	}
	return out
}

// upper capitalises the first letter of an ASCII text.
func upper(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
