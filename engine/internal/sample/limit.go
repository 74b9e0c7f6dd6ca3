package sample

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Limit is a bound on a share that a quota sample must keep where whole persons
// allow it. The fitted share may keep it and the rounded counts break it: where
// 1 % of 74 persons is the most, 0.6 expected persons must become none. A share
// that the fit itself puts beyond the limit is left where it is.
type Limit struct {
	Name  string  `json:"name"`
	Scope []int   `json:"scope"`
	Cell  []int32 `json:"cell"` // per configuration of Scope, row-major: -1 not spoken of, 0 spoken of, 1 counted
	// The counted are at least and at most this share of those spoken of.
	AtLeast float64 `json:"at_least"`
	AtMost  float64 `json:"at_most"`
}

// Holds reports whether a step settles all of the variables together, so that a
// limit or control over them can be followed.
func (m *Model) Holds(scope []int) bool { return m.host(scope) >= 0 }

// held is a limit as allocation sees it: those counted, and those spoken of,
// each a target of one cell over the variables that it depends on.
type held struct {
	*Limit
	counted, spoken target
	everyone        bool // are spoken of
	host            int  // step at which those counted are settled
}

// held prepares the limits.
func (m *Model) held() []held {
	var out []held
	for i := range m.Limits {
		l := &m.Limits[i]
		host := m.host(l.Scope)
		weight := m.Steps[host].marginal(m, l.Scope)
		h := held{Limit: l, everyone: true}
		for k, cell := range l.Cell {
			h.everyone = h.everyone && (cell >= 0 || weight[k] == 0)
		}
		h.counted, h.spoken = m.part(l, weight, 1), m.part(l, weight, 0)
		h.host = m.host(h.counted.scope)
		out = append(out, h)
	}
	return out
}

// part is the target whose one cell are the configurations of at least the
// given cell of a limit.
func (m *Model) part(l *Limit, weight []float64, least int32) target {
	t := target{scope: l.Scope, cell: make([]int32, len(l.Cell)), share: []float64{0}, rank: 1}
	for k, cell := range l.Cell {
		switch {
		case weight[k] == 0:
			t.cell[k] = never
		case cell >= least:
			t.share[0] += weight[k]
		default:
			t.cell[k] = -1
		}
	}
	var order []int // what is placed last goes first, so that the target is settled early
	for i := len(m.Steps) - 1; i >= 0; i-- {
		if v := m.Steps[i].Var; slices.Contains(l.Scope, v) {
			order = append(order, v)
		}
	}
	return m.drop(t, order)
}

// marginal sums a step's weights over all but the variables of part.
func (s *Step) marginal(m *Model, part []int) []float64 {
	to := m.project(s.scope(), part)
	out := make([]float64, product(m.cards(part)))
	for k, w := range s.Weight {
		out[to.at(k)] += w
	}
	return out
}

// limitsAt returns the targets by which the limits are kept at step i, the counts
// of the steps before it being known. Those spoken of may be settled at a later
// step than those counted: what they must then be is noted for that step.
func (m *Model) limitsAt(i int, limits []held, a *Allocation) []target {
	var out []target
	for k := range limits {
		h := &limits[k]
		spokenHost := m.host(h.spoken.scope)
		if h.host == i {
			low, high := m.spokenOf(h, i, a)
			counted, spoken, ok := h.bounds(float64(h.counted.share[0]*float64(a.N)), low, high, spokenHost >= i)
			if !ok {
				continue
			}
			h.counted.bounds = &counted
			out = append(out, h.counted)
			if low < high {
				h.spoken.bounds = &spoken
			}
		}
		if spokenHost == i && h.spoken.bounds != nil {
			out = append(out, h.spoken)
		}
	}
	return out
}

// spokenOf is how many persons a limit speaks of: one number when they are
// settled, the floor and the ceiling of what is expected when not.
func (m *Model) spokenOf(h *held, i int, a *Allocation) (low, high int64) {
	if h.everyone {
		return a.N, a.N
	}
	if host := m.host(h.spoken.scope); host < i {
		var n int64
		for k, count := range m.marginal(host, h.spoken.scope, a) {
			if h.spoken.cell[k] >= 0 {
				n += int64(count)
			}
		}
		return n, n
	}
	x := float64(h.spoken.share[0] * float64(a.N))
	return int64(math.Floor(x + whole)), int64(math.Ceil(x - whole))
}

// interval is a range of whole persons.
type interval struct{ low, high int64 }

// bounds finds how many may be counted, and how many spoken of, for the limit to
// hold whichever numbers of the two come together. The counted stay within a
// person of what is expected; ok is false where that is impossible. Those spoken
// of, who are low to high, can be narrowed down only while they are not settled.
func (l *Limit) bounds(expected float64, low, high int64, open bool) (counted, spoken interval, ok bool) {
	floor, ceiling := int64(math.Floor(expected+whole)), int64(math.Ceil(expected-whole))
	near := interval{int64(math.Ceil(expected - 1)), int64(math.Floor(expected + 1))}
	choices := []interval{{low, high}}
	if open && low < high {
		choices = append(choices, interval{high, high}, interval{low, low})
	}
	for _, room := range []interval{{floor, ceiling}, near} {
		for _, spoken := range choices {
			counted := interval{
				max(room.low, l.least(spoken.low), l.least(spoken.high), 0),
				min(room.high, l.most(spoken.low), l.most(spoken.high)),
			}
			if counted.low <= counted.high {
				return counted, spoken, true
			}
		}
	}
	return interval{}, interval{}, false
}

// least is the smallest count of n persons that reaches AtLeast.
func (l *Limit) least(n int64) int64 {
	k := max(int64(float64(l.AtLeast*float64(n)))-1, 0)
	for float64(k) < float64(n) && float64(k)/float64(n) < l.AtLeast {
		k++
	}
	return k
}

// most is the largest count of n persons that stays within AtMost.
func (l *Limit) most(n int64) int64 {
	k := min(int64(float64(l.AtMost*float64(n)))+1, n)
	for k > 0 && float64(k)/float64(n) > l.AtMost {
		k--
	}
	return k
}

func (m *Model) validateLimits() error {
	var faults []error
	for i := range m.Limits {
		if err := m.validateLimit(&m.Limits[i]); err != nil {
			faults = append(faults, fmt.Errorf("limit %q: %w", m.Limits[i].Name, err))
		}
	}
	return errors.Join(faults...)
}

func (m *Model) validateLimit(l *Limit) error {
	if err := m.validateScope(l.Scope); err != nil {
		return err
	}
	if want := product(m.cards(l.Scope)); len(l.Cell) != want {
		return fmt.Errorf("%d cell numbers for %d configurations", len(l.Cell), want)
	}
	for k, cell := range l.Cell {
		if cell < -1 || cell > 1 {
			return fmt.Errorf("cell %d of configuration %d is not -1, 0 or 1", cell, k)
		}
	}
	if !(l.AtLeast >= 0 && l.AtMost <= 1 && l.AtLeast <= l.AtMost) {
		return fmt.Errorf("the limits %v and %v are not within 0 and 1 and in order", l.AtLeast, l.AtMost)
	}
	if m.host(l.Scope) < 0 {
		return &SpreadError{Control: l.Name, Vars: m.names(l.Scope)}
	}
	return nil
}
