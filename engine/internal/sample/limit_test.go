package sample

import (
	"math"
	"testing"

	"github.com/personagen/personagen/engine/internal/rng"
)

func TestBoundsOfALimit(t *testing.T) {
	for _, c := range []struct {
		name          string
		least, most   float64
		expected      float64
		low, high     int64
		open          bool
		counted, base interval
		ok            bool
	}{
		{"none of 74 may be when 1 % may", 0, 0.01, 0.6, 74, 74, false, interval{0, 0}, interval{74, 74}, true},
		{"one of 100 may", 0, 0.01, 0.6, 100, 100, false, interval{0, 1}, interval{100, 100}, true},
		{"exactly the limit", 0, 0.1, 3, 30, 30, false, interval{3, 3}, interval{30, 30}, true},
		{"one of three, in floats", 1. / 3, 1. / 3, 1, 3, 3, false, interval{1, 1}, interval{3, 3}, true},
		{"at least half of three is two", 0.5, 1, 1.6, 3, 3, false, interval{2, 2}, interval{3, 3}, true},
		{"at least half of five is three, a ceiling away", 0.5, 1, 2.4, 5, 5, false, interval{3, 3}, interval{5, 5}, true},
		{"whichever of two come", 0, 0.5, 1.2, 2, 3, false, interval{1, 1}, interval{2, 3}, true},
		{"only the larger number allows one", 0, 0.4, 1.04, 2, 3, true, interval{1, 1}, interval{3, 3}, true},
		{"and where that is not open, none", 0, 0.4, 1, 2, 3, false, interval{0, 0}, interval{2, 3}, true},
		{"the tables are against it", 0, 0.5, 7, 10, 10, false, interval{}, interval{}, false},
		{"an empty base", 0.2, 0.5, 0.001, 0, 0, false, interval{0, 0}, interval{0, 0}, true},
		{"no whole number is between", 0.4, 0.45, 1.3, 3, 3, false, interval{}, interval{}, false},
	} {
		l := Limit{AtLeast: c.least, AtMost: c.most}
		counted, base, ok := l.bounds(c.expected, c.low, c.high, c.open)
		if counted != c.counted || base != c.base || ok != c.ok {
			t.Errorf("%s: got %v of %v, %v; want %v of %v, %v", c.name, counted, base, ok, c.counted, c.base, c.ok)
		}
	}
}

// A limit just beyond the fitted share is met at every size that allows it, and the
// margins are met as without it.
func TestAllocateHoldsLimits(t *testing.T) {
	free := family()
	free.control(1, of("guild"))
	free.control(1, of("hue"))
	free.control(2, of("guild"), of("hue"))
	source := rng.New(9, "limits").Source()
	broken := 0
	for range 20 {
		model := free.model
		l := Limit{Scope: []int{0, 1}, AtMost: 1} // guild and hue
		counted, base := 0.0, 0.0
		for _, w := range free.mass(l.Scope) {
			cell := int32(source.Below(3)) - 1
			l.Cell = append(l.Cell, cell)
			if cell >= 0 {
				base += w
			}
			if cell == 1 {
				counted += w
			}
		}
		if source.Below(2) == 0 {
			l.AtMost = min(1, 1.02*counted/base)
		} else {
			l.AtLeast = 0.98 * counted / base
		}
		model.Limits = []Limit{l}
		h := &model.enforcedLimits()[0]
		for n := int64(8); n < 300; n += 7 {
			a, without := allocate(t, &model, n, 5), allocate(t, &free.model, n, 5)
			if !keeps(&model, without) {
				broken++
			}
			low, high := model.baseOf(h, h.host, a)
			_, _, possible := h.bounds(float64(h.counted.share[0]*float64(n)), low, high, model.host(h.base.scope) >= h.host)
			if possible && !keeps(&model, a) {
				t.Errorf("n = %d: limit %+v is not met", n, l)
			}
			for i, d := range a.Deviations {
				if c := &model.Controls[i]; c.Rank == 1 && d.Worst > max(1, without.Deviations[i].Worst)+whole {
					t.Errorf("n = %d: control %s is off by %.2f persons, by %.2f without the limit", n, c.Name, d.Worst, without.Deviations[i].Worst)
				}
			}
		}
	}
	if broken < 20 {
		t.Errorf("only %d limits are broken when they are not enforced, want at least 20", broken)
	}
}

// A limit on a share within one group has a base that is settled before the count.
// An impossible configuration belongs to whichever side makes that so.
func TestLimitWithinAGroup(t *testing.T) {
	b := newBuilder(4)
	b.step("guild", 3, nil, func(_ []int, v int) float64 { return 1 })
	b.step("hue", 3, []string{"guild"}, func(given []int, v int) float64 {
		if given[0] == 0 && v == 2 {
			return 0
		}
		return 1
	})
	free := b.model
	limited := free
	limited.Limits = []Limit{{Name: "hue in guild 0", Scope: []int{0, 1}, Cell: []int32{1, 0, -1, -1, -1, -1, -1, -1, -1}, AtMost: 0.51}}
	if h := limited.enforcedLimits()[0]; len(h.base.scope) != 1 || h.base.scope[0] != 0 || h.host != 1 {
		t.Fatalf("the base depends on %v, the count is settled at step %d; want the guild only, and step 1", h.base.scope, h.host)
	}
	if !limited.Settles([]int{0, 1}) || withLeaves(family()).Settles([]int{0, 4}) {
		t.Error("Settles is wrong")
	}
	broken := 0
	for n := int64(3); n < 120; n++ {
		for seed := range uint64(3) {
			if !keeps(&limited, allocate(t, &free, n, seed)) {
				broken++
			}
			if !keeps(&limited, allocate(t, &limited, n, seed)) {
				t.Errorf("n = %d, seed %d: the limit is not met", n, seed)
			}
		}
	}
	if broken < 20 {
		t.Errorf("only %d allocations without the limit break it, want at least 20", broken)
	}
}

// keeps reports whether the persons of an allocation meet the model's limit.
func keeps(m *Model, a *Allocation) bool {
	l := &m.Limits[0]
	var counted, base float64
	for k, n := range m.marginal(m.host(l.Scope), l.Scope, a) {
		if l.Cell[k] >= 0 {
			base += float64(n)
		}
		if l.Cell[k] == 1 {
			counted += float64(n)
		}
	}
	share := counted / math.Max(1, base)
	return base == 0 || share >= l.AtLeast && share <= l.AtMost
}

// A part that is settled early leaves room for the rest of its cell, also when
// another control bounds the part by its floor and ceiling.
func TestEarlyStepsLeaveRoom(t *testing.T) {
	for _, c := range []struct{ part, all, low, high float64 }{
		{417.55, 418.02, 418, 418}, // 417 and no rest would be more than one below 418.02
		{417.55, 418.40, 417, 418}, // the rest is one
		{417.55, 417.60, 417, 418},
		{416.40, 417.10, 416, 417},
		{3, 3.2, 3, 3},
	} {
		x := boundCell{target: c.part, low: int32(math.Floor(c.part)), high: int32(math.Ceil(c.part))}
		x.leaveRoom(c.all)
		if x.low != int32(c.low) || x.high != int32(c.high) {
			t.Errorf("%v of %v: got %d to %d, want %v to %v", c.part, c.all, x.low, x.high, c.low, c.high)
		}
	}

	b := newBuilder(3)
	b.step("guild", 4, nil, func(_ []int, v int) float64 { return 1 })
	b.step("hue", 2, []string{"guild"}, func(_ []int, v int) float64 { return 1 })
	b.control(1, grouped("guild", cuts(2, 3)))
	m := &b.model
	m.Controls = append(m.Controls, Control{Name: "pairs", Scope: []int{0, 1}, Rank: 1, Cell: []int32{0, 0, 0, 0, 0, 1, 1, 1}, Share: []float64{0.625, 0.375}})
	room := 0
	for _, x := range m.targets(nil)[0] {
		if len(x.within) > 0 && x.within[0] == 0.625 && x.share[0] == 0.5 {
			room++
		}
	}
	if room != 1 {
		t.Errorf("got %d targets of the first step that leave room, want 1", room)
	}
}
