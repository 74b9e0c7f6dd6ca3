package check

import (
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/rules"
	"github.com/personagen/personagen/engine/kind"
)

var translationCheck = definition{kind: KindTranslation, compile: compileTranslation}

// translation: every translation says what its original says, as far as numbers and
// lengths show it.
type translation struct{ texts *textsPlan }

func compileTranslation(s *shared) check {
	x := s.askTexts()
	if x == nil || !slices.ContainsFunc(x.fields, func(f textField) bool { return f.field.Text.Of != "" }) {
		return nil
	}
	return &translation{x}
}

func (*translation) newTally(a *accumulators) tally { return a.texts }

// translationFaults describe the translations that fail a demand.
var translationFaults = map[string]string{
	rules.Original: "with a translation of a missing text", rules.Translated: "with a text that is not translated",
	rules.Ratio: "with a translation that is too short or too long for its original", rules.Numbers: "with a translation that lacks numbers of its original",
}

func (x *translation) judge(j *judging, gathered tally) (out []finding, _ error) {
	t := gathered.(*texts)
	for i, c := range x.texts.fields {
		of := c.field.Text.Of
		if of == "" {
			continue
		}
		var f verdict
		var examples textExamples
		for k, d := range x.texts.rules.Demands {
			if fault, own := translationFaults[d.Kind]; own && d.Column == c.column {
				f.add(&t.broken[k].violations, fault)
				examples.add(&t.broken[k], c.field.Name)
			}
		}
		o := f.outcome(KindTranslation, c.field.Name, fmt.Sprintf("every text translates %s", of))
		switch {
		case !j.measurable[of]:
			o.Status, o.Message = Skip, fmt.Sprintf("the original, %s, is not in the data", of)
		case t.offline(i, j.shared.sources):
			o.Status, o.Message = Skip, notTranslated(c.field)
		default:
			o = withExamples(o, examples, t.fields[i].written)
		}
		out = append(out, only(o)...)
	}
	return out, nil
}

// offline reports whether a field is a translation that nobody has, because no model wrote
// its original either, as far as sources, which may be nil, tell.
func (t *texts) offline(i int, sources *sources) bool {
	f := t.plan.fields[i].field
	if f.Text.Of == "" || t.fields[i].written > 0 {
		return false
	}
	if sources == nil {
		return true
	}
	_, _, model := wroteBy(sources.total([]string{f.Text.Of}))
	return model == 0
}

// notTranslated says why there are no texts of a translation.
func notTranslated(f *kind.Field) string {
	return fmt.Sprintf("no text: %s is translated into %q by a model only", f.Text.Of, f.Text.Language)
}

// Unwritten says which translations are not written at all, "" if there are none such.
func Unwritten(texts []TextProfile) string {
	var names, languages []string
	for _, f := range texts {
		if f.Of == "" || f.Written > 0 || f.Applies == 0 {
			continue
		}
		names = append(names, f.Field)
		if !slices.Contains(languages, f.Language) {
			languages = append(languages, f.Language)
		}
	}
	if names == nil {
		return ""
	}
	return fmt.Sprintf("not written, because only a model translates: %s (%s)", humanize.Some(names), humanize.Some(languages))
}
