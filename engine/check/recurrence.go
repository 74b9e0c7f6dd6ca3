package check

import (
	"fmt"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/similarity"
)

var recurrenceCheck = definition{kind: KindRecurrence, compile: compileRecurrence, measures: []measure{
	recurrenceMeasure("recurring_runs", func(r *similarity.Recurrence) float64 { return r.Runs }),
	recurrenceMeasure("recurring_sentences", func(r *similarity.Recurrence) float64 { return r.Repeated }),
	recurrenceMeasure("commonest_sentence", func(r *similarity.Recurrence) float64 { return r.Commonest }),
	recurrenceMeasure("distinct_2", func(r *similarity.Recurrence) float64 { return r.Distinct2 }),
}}

// recurrenceMeasure is a measure of the texts of persons together.
func recurrenceMeasure(name string, figure func(*similarity.Recurrence) float64) measure {
	return measure{name, func(j *judging, _ []*Outcome) (out []measured) {
		t := j.shared.texts
		for i, r := range t.compare().recurrence {
			if r != nil {
				out = append(out, measured{t.plan.otherLanguage(i), figure(r)})
			}
		}
		return out
	}}
}

// recurrence: how much of the texts of persons in a language others have too. It has no limits of its
// own; the checks of a spec set them.
type recurrence struct{ texts *textsPlan }

func compileRecurrence(s *shared) check {
	x := s.askTexts()
	if x == nil {
		return nil
	}
	for _, f := range x.fields {
		if f.field.Type == frame.Text {
			return &recurrence{x}
		}
	}
	return nil
}

func (*recurrence) newTally(a *accumulators) tally { return a.texts }

func (x *recurrence) judge(_ *judging, gathered tally) (out []finding, _ error) {
	for i := range x.texts.languages {
		if o := x.outcome(gathered.(*texts), i); o.Fields != nil {
			out = append(out, only(o)...)
		}
	}
	return out, nil
}

// outcome describes the texts in a language.
func (x *recurrence) outcome(t *texts, language int) Outcome {
	o := Outcome{ID: KindRecurrence + ".texts", Kind: KindRecurrence, Name: "texts", Severity: Note}
	if tag := x.texts.otherLanguage(language); tag != "" {
		o.ID, o.Name = o.ID+"."+tag, "texts in "+tag
	}
	for _, f := range x.texts.fields {
		if f.field.Type == frame.Text && f.language == language {
			o.Fields = append(o.Fields, f.field.Name)
		}
	}
	r := t.compare().recurrence[language]
	if r == nil {
		o.Status, o.Message = Skip, "too few persons with texts"
		return o
	}
	o.Message = fmt.Sprintf("of %s: %s of the runs of six words stand with more than 1 %% of them, %s of the sentences with another; distinct-2 %.3g",
		humanize.Count(r.Persons, "person", "persons"), percent(r.Runs), percent(r.Repeated), r.Distinct2)
	if len(r.Sentence) > 0 && r.Commonest*float64(r.Persons) > 1.5 {
		o.Message += fmt.Sprintf("; the commonest sentence of eight words or more stands with %s: %q", percent(r.Commonest), t.sentence(r.Sentence))
	}
	return o
}

// sentence writes a sentence from the hashes of its words, with … for those that are
// masked or not known.
func (t *texts) sentence(hashes []uint64) string {
	var words []string
	for _, h := range hashes {
		word, ok := t.names[h]
		if !ok {
			word, ok = t.names[h|similarity.SentenceEnd]
		}
		if !ok {
			word = "…"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}
