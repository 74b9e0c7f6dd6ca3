package check

import (
	"fmt"

	"github.com/personagen/personagen/engine/internal/rules"
)

var textCheck = definition{kind: KindText, compile: compileText}

// text: every text has the length, items, mentions and characters that its field
// demands.
type text struct{ texts *textsPlan }

func compileText(s *shared) check {
	if x := s.askTexts(); x != nil {
		return &text{x}
	}
	return nil
}

func (*text) newTally(a *accumulators) tally { return a.texts }

// textFaults describe the texts that fail a demand.
var textFaults = map[string]string{
	rules.Empty: "with an empty text", rules.Length: "with a length out of bounds", rules.Items: "with too few or too many items",
	rules.Repeated: "with an item twice", rules.Unprintable: "with a character that cannot be printed", rules.Mark: "with a template mark left in the text",
	rules.Mention: "that does not mention %s",
}

func (x *text) judge(_ *judging, gathered tally) (out []finding, _ error) {
	t := gathered.(*texts)
	for i, c := range x.texts.fields {
		var f verdict
		var examples textExamples
		for k, d := range x.texts.rules.Demands {
			fault, own := textFaults[d.Kind]
			if d.Column != c.column || !own {
				continue // others are those of checks of their own
			}
			if d.Kind == rules.Mention {
				fault = fmt.Sprintf(fault, d.Name)
			}
			f.add(&t.broken[k].violations, fault)
			examples.add(&t.broken[k], c.field.Name)
		}
		o := f.outcome(KindText, c.field.Name, "every text meets the demands of its field")
		out = append(out, only(withExamples(o, examples, t.fields[i].written))...)
	}
	return out, nil
}
