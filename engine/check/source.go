package check

import (
	"fmt"
	"strings"
)

var sourceCheck = definition{kind: KindSource, compile: compileSource, measures: []measure{
	{"model_written", func(j *judging, _ []*Outcome) (out []measured) {
		t := j.shared.sources
		for i, c := range t.plan.fields {
			if _, model := t.of(c.field.Name, j.shared.texts.fields[i].written); model != nil {
				out = append(out, measured{c.field.Name, *model})
			}
		}
		return out
	}},
}}

// source: the writer is known of every text or, as in data from other tools, of
// none.
type source struct{ column int }

func compileSource(s *shared) check {
	if p := s.askSources(); p != nil {
		return &source{p.column}
	}
	return nil
}

func (*source) newTally(a *accumulators) tally { return a.sources }

func (s *source) judge(j *judging, gathered tally) ([]finding, error) {
	t := gathered.(*sources)
	name := j.plan.Fields[s.column].Name
	o := Outcome{ID: KindSource + "." + name, Kind: KindSource, Name: name, Fields: []string{name}}
	texts, known, model := int64(0), int64(0), int64(0)
	for _, counts := range t.counts {
		n, k, m := wroteBy(counts)
		texts, known, model = texts+n, known+k, model+m
	}
	switch {
	case texts == 0:
		o.Status, o.Message = Skip, "no texts"
	case known == 0:
		o.Status, o.Message = Note, fmt.Sprintf("the source of all %d texts is unknown", texts)
	default:
		o.Message = fmt.Sprintf("model-written %s of %d texts", Percent(model, texts), texts)
		if f := t.unsourced; f.count > 0 {
			o.Status, o.Persons, o.Rows = Fail, f.count, f.rows
			o.Message += fmt.Sprintf("; %s with a text of unknown source%s", persons(f.count), first(f.rows))
		}
	}
	return only(o), nil
}

// Percent writes a share with at most two decimals. Only 0 of them is "0 %" and
// only all of them "100 %".
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
