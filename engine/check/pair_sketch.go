package check

import (
	"cmp"
	"math"
	"slices"

	"github.com/personagen/personagen/engine/internal/wire"
)

// maxMatches bounds the hashes of a sketch, in a table of maxSlots: 8 MiB.
const (
	maxSlots   = 1 << 18
	maxMatches = maxSlots / 4 * 3
)

// pairSketch counts persons by hash. When it would hold too many different hashes,
// it drops those whose next leading bit is 1. What it holds is a sample of all
// hashes, each with all its persons (adaptive sampling: Flajolet, "On adaptive
// sampling", Computing 43, 1990). The level of a sketch, and so what it holds, does
// not depend on the order of the rows or on which worker saw which row.
type pairSketch struct {
	level int // leading bits of a hash that must be 0
	used  int
	slots []match // an open hash table
}

// match is all persons with one hash.
type match struct {
	hash   uint64
	rows   [2]int64 // the first two, -1 for none
	count  uint32   // 0 when the slot is free
	thing  uint16
	differ uint16 // hash of what may differ, 0 when it is not the same in all
}

// addRows adds persons by the hashes of the parts that must be equal (whole). differ
// are the hashes of the parts that may differ.
func (s *pairSketch) addRows(whole, left, differ []uint64, thing int, first int64) {
	shift := 64 - s.level
	for r, w := range whole {
		h := w - left[r]
		if h>>shift != 0 {
			continue
		}
		s.add(match{h, [2]int64{first + int64(r), -1}, 1, uint16(thing), uint16(differ[r]>>48) | 1})
		shift = 64 - s.level
	}
}

func (s *pairSketch) add(m match) {
	if len(s.slots) == 0 {
		s.slots = make([]match, 1<<10)
	}
	if s.insert(&m) && 4*s.used >= 3*len(s.slots) {
		s.grow()
	}
}

// insert reports whether the hash is new.
func (s *pairSketch) insert(m *match) bool {
	last := uint64(len(s.slots) - 1)
	for at := m.hash & last; ; at = (at + 1) & last {
		switch o := &s.slots[at]; {
		case o.count == 0:
			*o = *m
			s.used++
			return true
		case o.hash == m.hash:
			o.join(m)
			return false
		}
	}
}

// grow makes the table larger, or drops hashes until fewer than maxMatches are
// left.
func (s *pairSketch) grow() {
	if len(s.slots) < maxSlots {
		s.rebuild(2 * len(s.slots))
	}
	for s.used >= maxMatches {
		s.level++
		s.rebuild(len(s.slots))
	}
}

// rebuild moves the hashes that the level keeps to a new table.
func (s *pairSketch) rebuild(slots int) {
	old := s.slots
	s.slots, s.used = make([]match, slots), 0
	for i := range old {
		if m := &old[i]; m.count > 0 && s.keeps(m.hash) {
			s.insert(m)
		}
	}
}

// keeps reports whether the level keeps a hash.
func (s *pairSketch) keeps(hash uint64) bool { return hash>>(64-s.level) == 0 }

// join adds the persons of another match with the same hash.
func (m *match) join(o *match) {
	for _, row := range o.rows {
		switch {
		case row < 0:
		case row < m.rows[0]:
			m.rows = [2]int64{row, m.rows[0]}
		case m.rows[1] < 0 || row < m.rows[1]:
			m.rows[1] = row
		}
	}
	m.count += o.count
	if m.differ != o.differ {
		m.differ = 0
	}
}

func (s *pairSketch) merge(o *pairSketch) {
	if o.level > s.level {
		s.level = o.level
		s.rebuild(len(s.slots))
	}
	for i := range o.slots {
		if m := &o.slots[i]; m.count > 0 && s.keeps(m.hash) {
			s.add(*m)
		}
	}
}

// code codes the hashes in their order, so that equal sketches have equal bytes.
func (s *pairSketch) code(c *wire.Coder, things int) {
	wire.Within(c, &s.level, 0, 63)
	var all []match
	for i := range s.slots {
		if s.slots[i].count > 0 {
			all = append(all, s.slots[i])
		}
	}
	slices.SortFunc(all, func(a, b match) int { return cmp.Compare(a.hash, b.hash) })
	wire.Slice(c, &all, maxSlots, func(m *match) {
		c.Hash(&m.hash)
		for k := range m.rows {
			wire.Within(c, &m.rows[k], -1, math.MaxInt64)
		}
		wire.Within(c, &m.count, 1, math.MaxUint32)
		wire.Within(c, &m.thing, 0, uint16(max(1, things)-1))
		wire.Within(c, &m.differ, 0, math.MaxUint16)
	})
	if c.Reading() {
		s.slots, s.used = nil, 0
		for i := range all {
			if s.keeps(all[i].hash) {
				s.add(all[i])
			}
		}
	}
}

// pairsFound counts the pairs of a sketch that differ in one thing.
type pairsFound struct {
	persons, pairs float64 // whole numbers, of the sample of hashes
	rows           []int64 // the first person with an earlier match, after that match
}

// found sums up the matches of every thing.
func (s *pairSketch) found(things int) []pairsFound {
	out := make([]pairsFound, things)
	for i := range s.slots {
		m := &s.slots[i]
		if m.count < 2 || m.differ != 0 {
			continue
		}
		f, c := &out[m.thing], float64(m.count)
		f.persons += c - 1
		f.pairs += float64(c*(c-1)) / 2
		if f.rows == nil || m.rows[1] < f.rows[1] || m.rows[1] == f.rows[1] && m.rows[0] < f.rows[0] {
			f.rows = m.rows[:]
		}
	}
	for i := range out {
		out[i].rows = slices.Clone(out[i].rows)
	}
	return out
}
