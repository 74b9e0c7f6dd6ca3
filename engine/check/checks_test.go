package check

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/plan"
)

// evenIDs is a check as its author would write it: at most half of the persons have
// even numbers.
type evenIDs struct{}

var evenCheck = definition{kind: "even", compile: func(*shared) check { return evenIDs{} }, measures: []measure{
	{"table_p", func(_ *judging, found []*Outcome) []measured { return []measured{{"even", float64(len(found))}} }},
}}

type evenTally struct{ even int64 }

func (evenIDs) newTally(*accumulators) tally { return &evenTally{} }

func (t *evenTally) add(b *frame.Batch) {
	for r := range b.N {
		if (b.First+int64(r))%2 == 0 {
			t.even++
		}
	}
}

func (t *evenTally) merge(o tally) { t.even += o.(*evenTally).even }

func (t *evenTally) code(c *wire.Coder) { c.Count(&t.even) }

func (evenIDs) judge(j *judging, t tally) ([]finding, error) {
	o := Outcome{ID: "even", Kind: "even", Name: "even numbers", Message: fmt.Sprint(t.(*evenTally).even)}
	if 2*t.(*evenTally).even > j.Rows {
		o.Status = Fail
	}
	return only(o), nil
}

// TestNewCheck: a check is added by a line in the list, and its tallies merge.
func TestNewCheck(t *testing.T) {
	cells, share := quotaCells(1001, 1)
	p := town(t, share)
	half := 0.5
	p.Checks = []plan.Limit{{Name: "own", Severity: Warn, Measure: "table_p", AtMost: &half}}
	s := newSuite(p, Options{TempDir: t.TempDir()}, [][]definition{{rowsCheck}, {evenCheck}, {measureCheck}})
	defer s.Close()
	tallies := []*Tally{s.NewTally(), s.NewTally()}
	for i, b := range batches(p, cells, 0, 300) {
		tallies[i%2].Add(b)
	}
	tallies[1].Merge(tallies[0])
	r, err := s.Result(tallies[1])
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range r.Outcomes {
		got = append(got, fmt.Sprintf("%s %s: %s", o.ID, o.Status, o.Message))
	}
	want := []string{"rows pass: 1,001 persons", "even fail: 501", "check.own warn: table p of even 1, outside the limit of at most 0.5"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestKinds: Options.Kinds chooses checks, whose outcomes do not change, and the
// accumulators that only others ask for are not made.
func TestKinds(t *testing.T) {
	cells, share := quotaCells(1000, 1)
	p := town(t, share)
	all := batches(p, cells, 0, 300)
	var want []Outcome
	for _, o := range judge(t, p, Options{}, 1, all).Outcomes {
		if o.Kind == KindTable {
			want = append(want, o)
		}
	}
	o := Options{Kinds: []string{KindTable}}
	if d := cmp.Diff(want, judge(t, p, o, 2, all).Outcomes); d != "" {
		t.Error(d)
	}
	if a := New(p, o).NewTally().shared; a.columns != nil || a.scores != nil || a.entries != nil || a.texts != nil || a.sources != nil {
		t.Errorf("got accumulators %+v, want codes and counts only", a)
	}
}

// TestOrder: the outcomes are in the order of the list; those of a line alternate
// field by field.
func TestOrder(t *testing.T) {
	at := map[string]int{}
	for i, line := range checks {
		for _, d := range line {
			if other, ok := at[d.kind]; ok && other != i {
				t.Errorf("got kind %s in lines %d and %d, want it in one", d.kind, other, i)
			}
			at[d.kind] = i
		}
	}
	p, village := hall(t), village()
	for _, r := range []*Result{
		judge(t, p, Options{}, 1, []*frame.Batch{members(p, 7, 500)}),
		judge(t, village, Options{}, 1, []*frame.Batch{villagers(village, 0, 300, 60)}),
	} {
		var lines []int
		for _, o := range r.Outcomes {
			i, listed := at[o.Kind]
			if !listed {
				t.Errorf("%s: got kind %s, want one of the list", o.ID, o.Kind)
			}
			lines = append(lines, i)
		}
		if !slices.IsSorted(lines) {
			t.Errorf("got outcomes of lines %v, want them in order", lines)
		}
	}
	var got []string
	for _, o := range judge(t, p, Options{Kinds: []string{KindOpen, KindFrequency}}, 1, []*frame.Batch{members(p, 7, 500)}).Outcomes {
		got = append(got, o.ID)
	}
	if d := cmp.Diff([]string{"open.craft", "frequency.craft", "open.tools", "frequency.tools", "lengths.tools"}, got); d != "" {
		t.Error(d)
	}
}
