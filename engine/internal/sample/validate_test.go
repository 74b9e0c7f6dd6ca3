package sample

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestValidateNamesTheFault(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(m *Model)
		want  string
	}{
		{"no variables", func(m *Model) { *m = Model{} }, "no variables"},
		{"no name", func(m *Model) { m.Vars[1].Name = "" }, "variable 1 has no name"},
		{"same name", func(m *Model) { m.Vars[1].Name = "guild" }, `two variables have the name "guild"`},
		{"no values", func(m *Model) { m.Vars[1].Card = 0 }, `variable "hue" has 0 values`},
		{"placed twice", func(m *Model) { m.Steps[5] = m.Steps[4] }, `variable "star" is placed twice`},
		{"not placed", func(m *Model) { m.Steps = m.Steps[:5] }, `no step places variable "moon"`},
		{"unknown variable", func(m *Model) { m.Steps[1].Given = []int{17} }, "variable 17 does not exist"},
		{"variable given itself", func(m *Model) { m.Steps[1].Given = []int{1} }, `the scope has variable "hue" twice`},
		{"given spread", func(m *Model) {
			m.Steps[5] = Step{Var: 5, Given: []int{1, 2}, Weight: slices.Repeat([]float64{1. / 36}, 36)}
		}, `step of "moon": no earlier step has the given variables [hue tune] together`},
		{"too few weights", func(m *Model) { m.Steps[0].Weight = m.Steps[0].Weight[1:] }, `step of "guild": 3 weights for 4 cells`},
		{"not a number", func(m *Model) { m.Steps[0].Weight[0] = math.NaN() }, "cell 0 has weight NaN"},
		{"negative", func(m *Model) { m.Steps[0].Weight[0] = -0.1 }, "cell 0 has weight -0.1"},
		{"sum", func(m *Model) { m.Steps[0].Weight[0] += 0.1 }, `step of "guild": weights sum to 1.`},
		{"no way on", func(m *Model) {
			w := m.Steps[1].Weight
			w[3] += w[0] + w[1] + w[2]
			w[0], w[1], w[2] = 0, 0, 0
		}, `step of "hue": configuration 0 of [guild] is possible but has no weight`},
		{"control length", func(m *Model) { m.Controls[0].Cell = m.Controls[0].Cell[1:] }, `control "guild 4": 3 cell numbers for 4 configurations`},
		{"control cell", func(m *Model) { m.Controls[0].Cell[0] = 4 }, "configuration 0 has cell 4, want -1 to 3"},
		{"control share", func(m *Model) { m.Controls[0].Share[2] = 1.5 }, "cell 2 has share 1.5"},
		{"control rank", func(m *Model) { m.Controls[0].Rank = 0 }, "rank 0, want 1, 2 or 3"},
		{"control without scope", func(m *Model) { m.Controls[0].Scope = nil }, "the scope is empty"},
		{"limit length", func(m *Model) { m.Limits = []Limit{{Name: "few", Scope: []int{0}, AtMost: 1}} }, `limit "few": 0 cell numbers for 4 configurations`},
		{"limit cell", func(m *Model) { m.Limits = []Limit{{Scope: []int{0}, Cell: []int32{0, 1, -1, 2}, AtMost: 1}} }, "configuration 3 has cell 2, want -1, 0 or 1"},
		{"limit order", func(m *Model) {
			m.Limits = []Limit{{Scope: []int{0}, Cell: []int32{0, 1, -1, 0}, AtLeast: 0.3, AtMost: 0.2}}
		}, "at least 0.3 and at most 0.2"},
		{"limit spread", func(m *Model) { m.Limits = []Limit{{Scope: []int{2, 4}, Cell: make([]int32, 18), AtMost: 1}} }, "no step has"},
		{"too many cells", func(m *Model) {
			for v := range m.Vars {
				m.Vars[v].Card = 1 << 20
			}
		}, "more than 2147483647 cells"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &family().model
			c.spoil(m)
			err := m.Validate()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want %q", err, c.want)
			}
			if _, err := Allocate(context.Background(), m, 10, 1); err == nil {
				t.Error("Allocate accepted the model")
			}
			if _, err := NewIndependent(m, 1); err == nil {
				t.Error("NewIndependent accepted the model")
			}
		})
	}
}

func TestSpreadControlIsAnError(t *testing.T) {
	m := &family().model
	m.Controls = []Control{{Name: "hue by tune", Rank: 2, Scope: []int{1, 2}, Cell: make([]int32, 9), Share: []float64{1}}}
	var spread *SpreadError
	if err := m.Validate(); !errors.As(err, &spread) {
		t.Fatalf("got error %v, want a *SpreadError", err)
	}
	if spread.Control != "hue by tune" || !slices.Equal(spread.Vars, []string{"hue", "tune"}) {
		t.Errorf("got %+v", spread)
	}
}

func TestNewQuotaRefusesAForeignAllocation(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(a *Allocation)
		want  string
	}{
		{"size", func(a *Allocation) { a.N = 0 }, "it has 0 persons"},
		{"other size", func(a *Allocation) { a.N++ }, "1 persons of group 0 have no value"},
		{"steps", func(a *Allocation) { a.Steps = a.Steps[:3] }, "it has 3 steps, the model has 6"},
		{"lengths", func(a *Allocation) { a.Steps[1].Count = a.Steps[1].Count[1:] }, "cells and"},
		{"order", func(a *Allocation) { slices.Reverse(a.Steps[1].Cell) }, "not in ascending order"},
		{"range", func(a *Allocation) { a.Steps[0].Cell[3] = 4 }, "cell 4 is outside the table"},
		{"count", func(a *Allocation) { a.Steps[1].Count[0] = -1 }, "does not agree with the earlier steps"},
		{"moved", func(a *Allocation) { a.Steps[1].Count[0]++ }, "does not agree with the earlier steps"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &family().model
			a := allocate(t, m, 1000, 1)
			c.spoil(a)
			if _, err := NewQuota(m, a); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	m := &family().model
	a := allocate(t, m, 1000, 1)
	for i, cell := range a.Steps[3].Cell {
		if a.Steps[3].Count[i] > 0 {
			m.Steps[3].Weight[cell] = 0
			break
		}
	}
	if err := a.Validate(m); err == nil || !strings.Contains(err.Error(), "has people but no weight") {
		t.Errorf("people in a cell without weight: got error %v", err)
	}
}
