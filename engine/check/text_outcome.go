package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/rules"
)

// Limits of texts.
const (
	// mostNear and mostRepeated are the shares of texts that may be nearly the
	// same as another, and open as another of a hundred does.
	mostNear     = 0.001
	mostRepeated = 0.01
)

// checkTexts judges the written fields.
func (b *builder) checkTexts() {
	x := b.suite.texts
	if x == nil {
		return
	}
	for i := range x.fields {
		b.checkWritten(i)
	}
	for i := range x.fields {
		b.checkText(i)
	}
	for i := range x.fields {
		b.checkLanguage(i)
	}
	for _, r := range b.suite.plan.Rules {
		b.checkRule(r.Name, r.About, r.Severity)
	}
	alike, groups := b.tally.alike()
	for i := range x.fields {
		if x.fields[i].field.Type == frame.Text {
			b.checkAlike(i, alike[i])
		}
	}
	b.Groups = groups
	b.checkSources()
	for i := range x.fields {
		b.Texts = append(b.Texts, b.text(i, alike[i]))
	}
}

// checkWritten: everyone whom a field speaks of has a text, or nobody was to
// have one.
func (b *builder) checkWritten(i int) {
	c, t := &b.suite.texts.fields[i], &b.tally.texts.fields[i]
	name := c.field.Name
	missing, extra := &b.tally.fields[c.column].missing, &b.tally.fields[c.column].extra
	var f fault
	f.add(missing, "without a text")
	f.add(extra, "with a text who should have none")
	o := f.outcome(KindWritten, name, fmt.Sprintf("all %s have a text", persons(t.applies)))
	if c.field.WhenText != "" {
		o.Message += fmt.Sprintf(" (where %s)", c.field.WhenText)
	}
	switch {
	case t.applies == 0 && extra.count == 0:
		o.Status, o.Message = Skip, "there is nobody it speaks of"
	case t.written == 0:
		o.Status, o.Message, o.Persons, o.Rows = Note, "no text was asked for", 0, nil
	case missing.count > 0 && extra.count == 0 && b.limited("missing_texts", name):
		o.Status = Pass
	case missing.count > 0 && extra.count == 0 && float64(missing.count) <= b.suite.plan.MostQuarantined()*float64(t.applies):
		o.Status = Warn
	}
	b.add(o)
}

// what says in a few words how texts fail a demand.
var what = map[string]string{
	rules.Empty: "with an empty text", rules.Length: "with a length out of bounds", rules.Items: "with too few or too many items",
	rules.Repeated: "with an item twice", rules.Unprintable: "with a character that cannot be printed", rules.Mark: "with a mark that a template left",
	rules.Mention: "that does not mention %s",
}

// checkText: what a field demands of every text.
func (b *builder) checkText(i int) {
	c := &b.suite.texts.fields[i]
	var f fault
	var examples textExamples
	for k, d := range b.suite.texts.rules.Demands {
		if d.Column != c.column || d.Kind == rules.Rule || d.Kind == rules.Language {
			continue
		}
		found := &b.tally.texts.broken[k]
		text := what[d.Kind]
		if d.Kind == rules.Mention {
			text = fmt.Sprintf(text, d.Name)
		}
		f.add(&found.finds, text)
		examples.add(found, c.field.Name)
	}
	o := f.outcome(KindText, c.field.Name, "every text is as the field demands")
	b.addExamples(o, examples, b.tally.texts.fields[i].written)
}

// checkLanguage: every text is in its language, where the spec describes it.
func (b *builder) checkLanguage(i int) {
	c := &b.suite.texts.fields[i]
	for k, d := range b.suite.texts.rules.Demands {
		if d.Column != c.column || d.Kind != rules.Language {
			continue
		}
		found := &b.tally.texts.broken[k]
		var f fault
		f.add(&found.finds, fmt.Sprintf("that is not in %q, or without its letters", c.field.Text.Language))
		var examples textExamples
		examples.add(found, c.field.Name)
		b.addExamples(f.outcome(KindLanguage, c.field.Name, fmt.Sprintf("every text is in %q", c.field.Text.Language)), examples, b.tally.texts.fields[i].written)
	}
}

// checkRule: a rule over all the fields that it concerns.
func (b *builder) checkRule(name, about, severity string) {
	o := Outcome{ID: KindRule + "." + name, Kind: KindRule, Name: name, Severity: severity, Message: "no text breaks it: " + about}
	var f finds
	var examples textExamples
	written := int64(0)
	for k, d := range b.suite.texts.rules.Demands {
		if d.Kind != rules.Rule || d.Name != name {
			continue
		}
		field := b.suite.plan.Fields[d.Column].Name
		o.Fields = append(o.Fields, field)
		written += b.tally.texts.writtenIn(b.suite, d.Column)
		f.merge(&b.tally.texts.broken[k].finds)
		examples.add(&b.tally.texts.broken[k], field)
	}
	if f.count > 0 {
		o.Status, o.Persons, o.Rows = broken(severity), f.count, f.rows
		o.Message = fmt.Sprintf("%s it: %s", humanize.Count(f.count, "text breaks", "texts break"), about)
	}
	b.addExamples(o, examples, written)
}

func (t *textTally) writtenIn(s *Suite, column int) int64 {
	at := slices.IndexFunc(s.texts.fields, func(c textCheck) bool { return c.column == column })
	return t.fields[at].written
}

// addExamples adds an outcome with the first examples; it is skipped when there
// are no texts.
func (b *builder) addExamples(o Outcome, examples textExamples, written int64) {
	if written == 0 {
		o.Status, o.Message = Skip, "there are no texts"
	}
	o.Examples = examples.first()
	if len(o.Examples) > 0 {
		e := o.Examples[0]
		o.Message += fmt.Sprintf("; person %d, %s: %q", e.Person, e.Field, e.Snippet)
	} else if o.Kind == KindRule {
		o.Message += first(o.Rows)
	}
	b.add(o)
}

// textExamples gathers examples of several demands.
type textExamples []Example

func (x *textExamples) add(f *textFinds, field string) {
	for i, row := range f.rows {
		if f.snippets[i] != "" {
			*x = append(*x, Example{row, field, f.snippets[i]})
		}
	}
}

// first returns those of the first persons.
func (x textExamples) first() []Example {
	slices.SortStableFunc(x, func(a, b Example) int { return int(a.Person - b.Person) })
	return x[:min(len(x), shown)]
}

// checkAlike compares texts with each other.
func (b *builder) checkAlike(i int, a *Alike) {
	name := b.suite.texts.fields[i].field.Name
	alike := Outcome{ID: KindAlike + "." + name, Kind: KindAlike, Name: name, Severity: Warn, Fields: []string{name}}
	opening := alike
	opening.ID, opening.Kind = KindOpenings+"."+name, KindOpenings
	if a == nil {
		alike.Status, alike.Message = Skip, "there are no texts"
		opening.Status, opening.Message = Skip, alike.Message
	} else {
		alike.Persons, alike.Rows = a.NearDuplicates, a.Pair
		alike.Message = fmt.Sprintf("%d of %s are nearly the same as another (%.3g %%%s)", a.NearDuplicates, humanize.Count(a.Texts, "text", "texts"), 100*a.NearDuplicateShare, b.usual("near_duplicates", name, mostNear))
		if a.NearDuplicates > 0 {
			alike.Message += fmt.Sprintf(", as those of person %d and person %d", a.Pair[0], a.Pair[1])
		}
		if a.NearDuplicateShare > mostNear && !b.limited("near_duplicates", name) {
			alike.Status = Warn
		}
		opening.Message = fmt.Sprintf("%.3g %% of %s open as another of the same hundred%s; %.1f bits of %.1f", 100*a.Openings.Repeated, humanize.Count(a.Texts, "text", "texts"), b.usual("repeated_openings", name, mostRepeated), a.Openings.Entropy, a.Openings.Most)
		if a.Openings.Repeated > mostRepeated && !b.limited("repeated_openings", name) {
			opening.Status = Warn
		}
	}
	b.add(alike)
	b.add(opening)
}

// checkSources: who wrote the texts is said of each, or of none, as in data that
// other tools made.
func (b *builder) checkSources() {
	x := b.suite.texts
	if x.source < 0 {
		return
	}
	name := b.suite.plan.Fields[x.source].Name
	o := Outcome{ID: KindSource + "." + name, Kind: KindSource, Name: name, Fields: []string{name}}
	texts, known, model := int64(0), int64(0), int64(0)
	for i := range b.tally.texts.fields {
		t, k, m := wroteBy(b.tally.texts.fields[i].sources)
		texts, known, model = texts+t, known+k, model+m
	}
	if texts == 0 {
		o.Status, o.Message = Skip, "there are no texts"
		b.add(o)
		return
	}
	if known == 0 {
		o.Status, o.Message = Note, fmt.Sprintf("nothing says who wrote the %d texts", texts)
		b.add(o)
		return
	}
	o.Message = fmt.Sprintf("model-written %s of %d texts", Percent(model, texts), texts)
	if f := b.tally.texts.unsourced; f.count > 0 {
		o.Status, o.Persons, o.Rows = Fail, f.count, f.rows
		o.Message += fmt.Sprintf("; %s with a text of which nothing says who wrote it%s", persons(f.count), first(f.rows))
	}
	b.add(o)
}

// wroteBy counts texts, those of which is known who wrote them, and those that a
// model wrote.
func wroteBy(sources map[string]int64) (texts, known, model int64) {
	for source, n := range sources {
		texts += n
		if source != Unknown {
			known += n
			if source != Offline {
				model += n
			}
		}
	}
	return texts, known, model
}

// Percent writes a share with at most two decimals. Only nothing is 0 %, only
// everything 100 %.
func Percent(part, of int64) string {
	p := 100 * float64(part) / float64(max(1, of))
	switch {
	case part == 0 || part == of:
		return fmt.Sprintf("%.0f %%", p)
	case p < 0.01:
		return "under 0.01 %"
	case p > 99.99:
		return "over 99.99 %"
	}
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.2f", p), "0"), ".") + " %"
}

// text describes a written field.
func (b *builder) text(i int, a *Alike) Text {
	c, t := &b.suite.texts.fields[i], &b.tally.texts.fields[i]
	f := &b.tally.fields[c.column]
	out := Text{Field: c.field.Name, Applies: t.applies, Written: t.written, Missing: f.missing.count, Alike: a}
	numbers := f.numbers.Describe()
	if c.field.Type == frame.TextList {
		out.Items, out.Chars = numbers, t.items.Describe()
	} else {
		out.Chars = numbers
	}
	if out.Chars != nil {
		out.Chars.Of = "characters"
	}
	if out.Items != nil {
		out.Items.Of = "items"
	}
	for k, d := range b.suite.texts.rules.Demands {
		if n := b.tally.texts.broken[k].count; d.Column == c.column && n > 0 {
			out.Broken = append(out.Broken, Broken{d.Kind, d.Name, n})
		}
	}
	if _, known, model := wroteBy(t.sources); known > 0 {
		share := tidy(float64(model) / float64(t.written))
		out.Sources, out.Model = sourcesOf(t.sources, t.written), &share
	}
	return out
}
