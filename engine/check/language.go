package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/internal/rules"
	"github.com/personagen/personagen/engine/internal/similarity"
	"github.com/personagen/personagen/engine/plan"
)

var languageCheck = definition{kind: KindLanguage, compile: compileLanguage}

// language: every text is in its field's language, where the spec describes it.
type language struct{ texts *textsPlan }

func compileLanguage(s *shared) check {
	if x := s.askTexts(); x != nil {
		return &language{x}
	}
	return nil
}

func (*language) newTally(a *accumulators) tally { return a.texts }

func (l *language) judge(_ *judging, gathered tally) (out []finding, _ error) {
	t := gathered.(*texts)
	for i, c := range l.texts.fields {
		for k, d := range l.texts.rules.Demands {
			if d.Column != c.column || d.Kind != rules.Language {
				continue
			}
			var f verdict
			f.add(&t.broken[k].violations, fmt.Sprintf("with a text that is not in %q or lacks its letters", c.field.Text.Language))
			var examples textExamples
			examples.add(&t.broken[k], c.field.Name)
			o := f.outcome(KindLanguage, c.field.Name, fmt.Sprintf("every text is in %q", c.field.Text.Language))
			out = append(out, only(withExamples(o, examples, t.fields[i].written))...)
		}
	}
	return out, nil
}

// assignLanguages groups the fields by language, that of the spec first.
func (x *textsPlan) assignLanguages(p *plan.Plan) {
	base, _, _ := strings.Cut(p.Language, "-")
	for _, c := range x.fields {
		if tag := p.TextLanguage(c.field); !slices.Contains(x.languages, tag) {
			if tag == p.Language || tag == base {
				x.languages = slices.Insert(x.languages, 0, tag)
			} else {
				x.languages = append(x.languages, tag)
			}
		}
	}
	for i := range x.fields {
		x.fields[i].language = slices.Index(x.languages, p.TextLanguage(x.fields[i].field))
	}
}

// otherLanguage returns the tag of a language, "" for the first, which is that of the spec.
func (x *textsPlan) otherLanguage(language int) string {
	if language == 0 {
		return ""
	}
	return x.languages[language]
}

// wordsIn returns the words of a person's texts in a language; those in others have none.
func (t *texts) wordsIn(language int, k *keptPerson) [][]uint64 {
	if len(t.plan.languages) == 1 {
		return k.words
	}
	words := slices.Clone(k.words)
	for i := range words {
		if t.plan.fields[i].language != language {
			words[i] = nil
		}
	}
	return words
}

// measureRecurrence measures the prose of the persons kept in a language.
func (t *texts) measureRecurrence(language int) *similarity.Recurrence {
	var persons [][]similarity.Prose
	var words [][][]uint64
	for i := range min(keptPersons, len(t.kept.All)) {
		k := &t.kept.All[i].Value
		persons, words = append(persons, k.prose[language]), append(words, t.wordsIn(language, k))
	}
	return similarity.MeasureRecurrence(persons, words)
}
