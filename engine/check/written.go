package check

import "fmt"

var writtenCheck = definition{kind: KindWritten, compile: compileWritten, measures: []measure{
	{"missing_texts", func(j *judging, _ []*Outcome) (out []measured) {
		t := j.shared.texts
		for i, f := range t.fields {
			if f.written > 0 { // otherwise no text was requested
				c := &t.plan.fields[i]
				out = append(out, measured{c.field.Name, float64(t.columns.of[c.column].missing.count) / float64(f.applies)})
			}
		}
		return out
	}},
}}

// written: every person who should have a text has one, or no text of the field
// was requested.
type written struct{ texts *textsPlan }

func compileWritten(s *shared) check {
	if x := s.askTexts(); x != nil {
		return &written{x}
	}
	return nil
}

func (*written) newTally(a *accumulators) tally { return a.texts }

func (w *written) judge(j *judging, gathered tally) (out []finding, _ error) {
	t := gathered.(*texts)
	for i := range w.texts.fields {
		c, x := &w.texts.fields[i], &t.fields[i]
		missing, extra := &t.columns.of[c.column].missing, &t.columns.of[c.column].extra
		var f verdict
		f.add(missing, "without a text")
		f.add(extra, "with a text who should have none")
		o := f.outcome(KindWritten, c.field.Name, fmt.Sprintf("all %s have a text", persons(x.applies)))
		if x.unoriginal > 0 {
			o.Message += fmt.Sprintf("; %s without its original %s", persons(x.unoriginal), c.field.Text.Of)
		}
		if c.field.WhenText != "" {
			o.Message += fmt.Sprintf(" (where %s)", c.field.WhenText)
		}
		switch {
		case x.applies == 0 && extra.count == 0:
			o.Status, o.Message = Skip, "no person should have this text"
		case t.offline(i, j.shared.sources):
			o.Status, o.Message, o.Persons, o.Rows = Skip, notTranslated(c.field), 0, nil
		case x.written == 0 && c.field.Text.Of == "":
			o.Status, o.Message, o.Persons, o.Rows = Note, "no text was requested", 0, nil
		case missing.count > 0 && extra.count == 0 && j.limited("missing_texts", c.field.Name):
			o.Status = Pass
		case missing.count > 0 && extra.count == 0 && float64(missing.count) <= j.plan.MostQuarantined()*float64(x.applies):
			o.Status = Warn
		}
		out = append(out, only(o)...)
	}
	return out, nil
}
