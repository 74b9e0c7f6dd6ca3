package check

import (
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
)

var groupCheck = definition{kind: KindGroup, compile: compileGroups}

// groups: a group has the value that its base fields give it.
type groups struct{ of []group }

type group struct {
	field             *kind.Field
	axis, space, when int
	unknown           bool    // who has a value
	code              []int32 // per configuration, -1 is null
	measurable        bool
}

func compileGroups(s *shared) check {
	g := &groups{}
	for i, f := range s.plan.Fields {
		of := f.Lookup()
		if of == nil {
			continue
		}
		when, unknown := s.when(f)
		x := group{
			field: f, axis: s.coding.axisOf[i], space: s.coding.space(of.Fields), when: s.coding.mask(when), unknown: unknown, code: make([]int32, len(of.Case)),
			measurable: s.measurable[f.Name] && s.measures(of.Fields),
		}
		for k, c := range of.Case {
			x.code[k] = c - 1
		}
		g.of = append(g.of, x)
	}
	if g.of == nil {
		return nil
	}
	return g
}

type groupsTally struct {
	*groups
	codes *codes
	found []violations
}

func (g *groups) newTally(a *accumulators) tally {
	return &groupsTally{g, a.codes, make([]violations, len(g.of))}
}

func (t *groupsTally) add(b *frame.Batch) {
	for i := range t.of {
		g := &t.of[i]
		has := t.codes.taken(g.when)
		codes, null := t.codes.axes[g.axis], t.codes.coding.axes[g.axis].null
		for r, config := range t.codes.configs[g.space] {
			if config < 0 {
				continue // the base field's own check reports it
			}
			expected := g.code[config]
			if has != nil && !has[r] {
				expected = -1
			}
			if expected < 0 {
				expected = null
			}
			if codes[r] != expected && !(g.unknown && codes[r] == null) {
				t.found[i].add(b.First + int64(r))
			}
		}
	}
}

func (t *groupsTally) merge(o tally) {
	for i := range t.found {
		t.found[i].merge(&o.(*groupsTally).found[i])
	}
}

func (t *groupsTally) code(c *wire.Coder) { codeViolations(c, t.found) }

func (g *groups) judge(j *judging, t tally) (out []finding, _ error) {
	for i, x := range g.of {
		if !x.measurable {
			continue // a release could not reveal it
		}
		field := x.field
		bases := strings.Join(field.Lookup().Fields, ", ")
		var f verdict
		f.add(&t.(*groupsTally).found[i], "whose value does not follow from "+bases)
		o := f.outcome(KindGroup, field.Name, "every value follows from "+bases)
		o.Fields = slices.Concat(o.Fields, field.Lookup().Fields)
		out = append(out, only(o)...)
	}
	return out, nil
}
