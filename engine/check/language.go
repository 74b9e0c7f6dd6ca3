package check

import (
	"fmt"

	"github.com/personagen/personagen/engine/internal/rules"
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
