package sample

import (
	"testing"

	"github.com/personagen/personagen/engine/internal/rng"
)

// A chain goes on with a cell that its last move has pushed out of its bounds, not
// with one that the move has helped but not enough.
func TestChainsFollowWhatAMoveBreaks(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to int32 // counts after the move, of cells with bounds 2 and 4
		want     int32
	}{
		{"both within", 3, 4, -1},
		{"too few are left", 1, 3, 0},
		{"too many have come", 2, 5, 1},
		{"still too many are left", 5, 4, -1},
		{"still too few have come", 2, 1, -1},
	} {
		s := &search{stepTable: &stepTable{
			card: 2, row: []int32{0}, expected: make([]float64, 2), source: rng.New(1, "chains").Source(),
			constraints: []constraint{{cell: []int32{0, 1}, rowPart: []int32{0}, stride: 1, weight: 1}},
			cells:       []boundCell{{low: 2, high: 4, count: c.from}, {low: 2, high: 4, count: c.to}},
		}}
		s.locate()
		got, ok := s.worst(move{row: 0, from: 0, to: 1})
		if got != c.want || ok != (c.want >= 0) {
			t.Errorf("%s: got cell %d, %v; want %d", c.name, got, ok, c.want)
		}
	}
}

// The price of a cell is the change of weight*e*(e+1)/2, where e is by how many
// persons it is outside its bounds.
func TestPriceOfACell(t *testing.T) {
	const weight = 3
	cost := func(count int32) int64 {
		e := int64(max(count-4, 2-count, 0))
		return weight * e * (e + 1) / 2
	}
	for count := int32(0); count < 9; count++ {
		c := boundCell{low: 2, high: 4, count: count}
		p := c.price(weight)
		if want := cost(count+1) - cost(count); p.add != want {
			t.Errorf("%d persons: one more costs %d, want %d", count, p.add, want)
		}
		if want := cost(count-1) - cost(count); p.less != want {
			t.Errorf("%d persons: one less costs %d, want %d", count, p.less, want)
		}
	}
}

// A cell's places, and only these, are found by its number.
func TestPlacesOfACell(t *testing.T) {
	m := &family().model
	const persons = 200
	a := allocate(t, m, persons, 1)
	targets := m.targets(nil)
	for i := range m.Steps {
		b := m.newStepTable(i, a)
		b.bind(m, &m.Steps[i], targets[i], persons)
		s := &search{stepTable: b}
		for k := range b.constraints {
			l := &b.constraints[k]
			places := map[[2]int32]bool{}
			for cell := range l.from[:len(l.from)-1] {
				for n := range l.people[l.from[cell+1]] - l.people[l.from[cell]] {
					row, column := s.place(l, int(l.from[cell]), int(l.from[cell+1]), n)
					if got := l.at(int(row), int(column)); got != l.first+int32(cell) {
						t.Errorf("step %d, constraint %d: place %d of cell %d is in cell %d", i, k, n, cell, got-l.first)
					}
					places[[2]int32{row, column}] = true
				}
			}
			inside := 0
			for row := range b.row {
				for column := range b.card {
					if l.at(row, column) >= 0 {
						inside++
					}
				}
			}
			if len(places) != inside {
				t.Errorf("step %d, constraint %d: got %d places, want %d", i, k, len(places), inside)
			}
		}
	}
}
