package check

import (
	"fmt"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
)

var nearDuplicatesCheck = definition{kind: KindNearDuplicates, compile: compileNearDuplicates, measures: []measure{
	{"near_duplicates", func(j *judging, _ []*Outcome) []measured {
		return j.shared.texts.measure(func(n *NearDuplicates) float64 { return n.NearDuplicateShare })
	}},
}}

// maxNearDuplicates is the share of texts that may be near-duplicates.
const maxNearDuplicates = 0.001

// nearDuplicates: few texts of a field are near-duplicates of other persons'.
type nearDuplicates struct{ texts *textsPlan }

func compileNearDuplicates(s *shared) check {
	if x := s.askTexts(); x != nil {
		return &nearDuplicates{x}
	}
	return nil
}

func (*nearDuplicates) newTally(a *accumulators) tally { return a.texts }

func (x *nearDuplicates) judge(j *judging, gathered tally) (out []finding, _ error) {
	compared := gathered.(*texts).compare()
	for i, c := range x.texts.fields {
		if c.field.Type != frame.Text {
			continue
		}
		name := c.field.Name
		o := Outcome{ID: KindNearDuplicates + "." + name, Kind: KindNearDuplicates, Name: name, Severity: Warn, Fields: []string{name}}
		if n := compared.fields[i]; n == nil {
			o.Status, o.Message = Skip, "no texts"
		} else {
			o.Persons, o.Rows = n.NearDuplicates, n.Pair
			o.Message = fmt.Sprintf("%d of %s are near-duplicates of another (%.3g %%%s)", n.NearDuplicates, humanize.Count(n.Texts, "text", "texts"), 100*n.NearDuplicateShare, j.defaultLimit("near_duplicates", name, maxNearDuplicates))
			if n.NearDuplicates > 0 {
				o.Message += fmt.Sprintf(", such as those of person %d and person %d", n.Pair[0], n.Pair[1])
			}
			if n.NearDuplicateShare > maxNearDuplicates && !j.limited("near_duplicates", name) {
				o.Status = Warn
			}
		}
		out = append(out, only(o)...)
	}
	return out, nil
}

// measure lists a figure of every field whose texts were compared.
func (t *texts) measure(figure func(*NearDuplicates) float64) (out []measured) {
	for i, n := range t.compare().fields {
		if n != nil {
			out = append(out, measured{t.plan.fields[i].field.Name, figure(n)})
		}
	}
	return out
}
