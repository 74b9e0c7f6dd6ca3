package check

import (
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/rules"
)

var ruleCheck = definition{kind: KindRule, compile: compileRules, measures: []measure{
	{"rule_breaks", func(j *judging, found []*Outcome) (out []measured) {
		t := j.shared.texts
		for _, o := range found {
			if o.Status == Skip {
				continue
			}
			n := int64(0)
			for i, c := range t.plan.fields {
				if slices.Contains(o.Fields, c.field.Name) {
					n += t.fields[i].written
				}
			}
			out = append(out, measured{o.Name, float64(o.Persons) / float64(max(1, n))})
		}
		return out
	}},
}}

// textRules: no text breaks a rule of the spec, over all the fields of the rule.
type textRules struct{ texts *textsPlan }

func compileRules(s *shared) check {
	if x := s.askTexts(); x != nil {
		return &textRules{x}
	}
	return nil
}

func (*textRules) newTally(a *accumulators) tally { return a.texts }

func (x *textRules) judge(j *judging, gathered tally) (out []finding, _ error) {
	t := gathered.(*texts)
	for _, rule := range j.plan.Rules {
		o := Outcome{ID: KindRule + "." + rule.Name, Kind: KindRule, Name: rule.Name, Severity: rule.Severity, Message: "no text breaks the rule: " + rule.About}
		if j.unmeasurable(&o, rule.Compared()) {
			out = append(out, only(o)...)
			continue
		}
		var broken violations
		var examples textExamples
		written := int64(0)
		for k, d := range x.texts.rules.Demands {
			if d.Kind != rules.Rule || d.Name != rule.Name {
				continue
			}
			field := j.plan.Fields[d.Column].Name
			o.Fields = append(o.Fields, field)
			written += t.writtenIn(d.Column)
			broken.merge(&t.broken[k].violations)
			examples.add(&t.broken[k], field)
		}
		if broken.count > 0 {
			o.Status, o.Persons, o.Rows = asSevere(rule.Severity), broken.count, broken.rows
			o.Message = fmt.Sprintf("%s the rule: %s", humanize.Count(broken.count, "text breaks", "texts break"), rule.About)
		}
		if o = withExamples(o, examples, written); len(o.Examples) == 0 {
			o.Message += first(o.Rows)
		}
		out = append(out, only(o)...)
	}
	return out, nil
}
