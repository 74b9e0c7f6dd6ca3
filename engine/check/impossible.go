package check

import (
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/plan"
)

var impossibleCheck = definition{kind: KindImpossible, compile: compileImpossible}

// impossible: no person meets a condition that the spec rules out. Conditions over
// the same fields are looked up together.
type impossible struct {
	rules []plan.Impossible
	sets  []conditionSet
}

// conditionSet is some impossible conditions over the same fields.
type conditionSet struct {
	space int
	any   []bool // per configuration: it meets any of them
	rules []int  // positions in impossible.rules
}

func compileImpossible(s *shared) check {
	x := &impossible{rules: s.plan.Impossible}
	for i, rule := range x.rules {
		at := s.coding.space(rule.Selector.Fields)
		k := slices.IndexFunc(x.sets, func(c conditionSet) bool { return c.space == at })
		if k < 0 {
			k = len(x.sets)
			x.sets = append(x.sets, conditionSet{space: at, any: make([]bool, len(rule.Selector.Case))})
		}
		set := &x.sets[k]
		set.rules = append(set.rules, i)
		for config, c := range rule.Selector.Case {
			set.any[config] = set.any[config] || c == 1
		}
	}
	if x.rules == nil {
		return nil
	}
	return x
}

type impossibleTally struct {
	*impossible
	codes *codes
	found []violations
}

func (x *impossible) newTally(a *accumulators) tally {
	return &impossibleTally{x, a.codes, make([]violations, len(x.rules))}
}

func (t *impossibleTally) add(b *frame.Batch) {
	for i := range t.sets {
		set := &t.sets[i]
		for r, config := range t.codes.configs[set.space] {
			if config < 0 || !set.any[config] {
				continue
			}
			for _, rule := range set.rules {
				if t.rules[rule].Selector.Case[config] == 1 {
					t.found[rule].add(b.First + int64(r))
				}
			}
		}
	}
}

func (t *impossibleTally) merge(o tally) {
	for i := range t.found {
		t.found[i].merge(&o.(*impossibleTally).found[i])
	}
}

func (t *impossibleTally) code(c *wire.Coder) { codeViolations(c, t.found) }

func (x *impossible) judge(j *judging, t tally) (out []finding, _ error) {
	for i, rule := range x.rules {
		f := &t.(*impossibleTally).found[i]
		o := Outcome{ID: fmt.Sprintf("impossible.%d", i+1), Kind: KindImpossible, Name: rule.Text, Fields: rule.Selector.Fields, Message: "no person meets it"}
		if !j.unmeasurable(&o, o.Fields) && f.count > 0 {
			o.Status, o.Persons, o.Rows = Fail, f.count, f.rows
			o.Message = fmt.Sprintf("%s it, expected none%s", meet(f.count), first(f.rows))
		}
		out = append(out, only(o)...)
	}
	return out, nil
}

// meet is "1 person meets" or "5 persons meet".
func meet(n int64) string {
	if n == 1 {
		return "1 person meets"
	}
	return persons(n) + " meet"
}
