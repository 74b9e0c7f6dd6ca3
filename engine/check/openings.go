package check

import (
	"fmt"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
)

var openingsCheck = definition{kind: KindOpenings, compile: compileOpenings, measures: []measure{
	{"repeated_openings", func(j *judging, _ []*Outcome) []measured {
		return j.shared.texts.measure(func(n *NearDuplicates) float64 { return n.Openings.Repeated })
	}},
}}

// maxRepeated is the share of texts that may open like another of their hundred.
const maxRepeated = 0.01

// openings: few texts of a field open like another of the same hundred persons.
type openings struct{ texts *textsPlan }

func compileOpenings(s *shared) check {
	if x := s.askTexts(); x != nil {
		return &openings{x}
	}
	return nil
}

func (*openings) newTally(a *accumulators) tally { return a.texts }

func (x *openings) judge(j *judging, gathered tally) (out []finding, _ error) {
	compared := gathered.(*texts).compare()
	for i, c := range x.texts.fields {
		if c.field.Type != frame.Text {
			continue
		}
		name := c.field.Name
		o := Outcome{ID: KindOpenings + "." + name, Kind: KindOpenings, Name: name, Severity: Warn, Fields: []string{name}}
		if n := compared.fields[i]; n == nil {
			o.Status, o.Message = Skip, "no texts"
		} else {
			o.Message = fmt.Sprintf("%.3g %% of %s open like another of the same hundred%s; entropy %.1f of %.1f bits",
				100*n.Openings.Repeated, humanize.Count(n.Texts, "text", "texts"), j.defaultLimit("repeated_openings", name, maxRepeated), n.Openings.Entropy, n.Openings.Most)
			if n.Openings.Repeated > maxRepeated && !j.limited("repeated_openings", name) {
				o.Status = Warn
			}
		}
		out = append(out, only(o)...)
	}
	return out, nil
}
