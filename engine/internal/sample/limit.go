package sample

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Limit is a bound on a share that a quota sample meets where whole persons allow
// it. The share is the number of persons counted over the number of persons in the
// base. The fitted share may meet a limit that rounded counts break: when at most
// 1 % of 74 persons may be counted, 0.6 expected persons must become none. A limit
// that the fitted share itself does not meet is ignored.
type Limit struct {
	Name  string  `json:"name"`
	Scope []int   `json:"scope"`
	Cell  []int32 `json:"cell"` // per configuration of Scope, row-major: -1 not in the base, 0 in the base, 1 in the base and counted
	// AtLeast and AtMost bound the share, 0 to 1.
	AtLeast float64 `json:"at_least"`
	AtMost  float64 `json:"at_most"`
}

// Settles reports whether one step settles the counts over all of the variables,
// so that a limit or a control over them can be enforced.
func (m *Model) Settles(scope []int) bool { return m.host(scope) >= 0 }

// enforcedLimit is a limit in the form that allocation works on: the persons
// counted and those in the base are each a target of one cell over the variables on
// which it depends.
type enforcedLimit struct {
	*Limit
	counted, base target
	everyone      bool // the base is everyone
	host          int  // step at which the count is settled
}

// enforcedLimits returns the limits in that form.
func (m *Model) enforcedLimits() []enforcedLimit {
	var out []enforcedLimit
	for i := range m.Limits {
		l := &m.Limits[i]
		host := m.host(l.Scope)
		weight := m.Steps[host].marginal(m, l.Scope)
		h := enforcedLimit{Limit: l, everyone: true}
		for k, cell := range l.Cell {
			h.everyone = h.everyone && (cell >= 0 || weight[k] == 0)
		}
		h.counted, h.base = m.part(l, weight, 1), m.part(l, weight, 0)
		h.host = m.host(h.counted.scope)
		out = append(out, h)
	}
	return out
}

// part returns a target with one cell: the configurations whose cell in the limit
// is at least least.
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
	var order []int // variables that are placed last are tried first, so that the target is settled early
	for i := len(m.Steps) - 1; i >= 0; i-- {
		if v := m.Steps[i].Var; slices.Contains(l.Scope, v) {
			order = append(order, v)
		}
	}
	return m.drop(t, order)
}

// marginal sums a step's weights over all variables except those of part.
func (s *Step) marginal(m *Model, part []int) []float64 {
	to := m.project(s.scope(), part)
	out := make([]float64, product(m.cards(part)))
	for k, w := range s.Weight {
		out[to.at(k)] += w
	}
	return out
}

// limitsAt returns the targets that enforce the limits at step i, given the counts
// of the earlier steps. When the base is settled at a later step than the count,
// its bounds are stored for that step.
func (m *Model) limitsAt(i int, limits []enforcedLimit, a *Allocation) []target {
	var out []target
	for k := range limits {
		h := &limits[k]
		baseHost := m.host(h.base.scope)
		if h.host == i {
			low, high := m.baseOf(h, i, a)
			counted, base, ok := h.bounds(float64(h.counted.share[0]*float64(a.N)), low, high, baseHost >= i)
			if !ok {
				continue
			}
			h.counted.bounds = &counted
			out = append(out, h.counted)
			if low < high {
				h.base.bounds = &base
			}
		}
		if baseHost == i && h.base.bounds != nil {
			out = append(out, h.base)
		}
	}
	return out
}

// baseOf returns the least and the largest number of persons in a limit's base:
// equal once it is settled, and the floor and the ceiling of its expected number
// before.
func (m *Model) baseOf(h *enforcedLimit, i int, a *Allocation) (low, high int64) {
	if h.everyone {
		return a.N, a.N
	}
	if host := m.host(h.base.scope); host < i {
		var n int64
		for k, count := range m.marginal(host, h.base.scope, a) {
			if h.base.cell[k] >= 0 {
				n += int64(count)
			}
		}
		return n, n
	}
	x := float64(h.base.share[0] * float64(a.N))
	return int64(math.Floor(x + whole)), int64(math.Ceil(x - whole))
}

// interval is a range of counts; both ends are included.
type interval struct{ low, high int64 }

// bounds returns intervals for the count and for the base such that any two numbers
// from them meet the limit. The count stays within one person of the expected
// count; when that is impossible ok is false. The base is low to high persons; it
// can be narrowed only while it is open, that is not settled.
func (l *Limit) bounds(expected float64, low, high int64, open bool) (counted, base interval, ok bool) {
	floor, ceiling := int64(math.Floor(expected+whole)), int64(math.Ceil(expected-whole))
	near := interval{int64(math.Ceil(expected - 1)), int64(math.Floor(expected + 1))}
	choices := []interval{{low, high}}
	if open && low < high {
		choices = append(choices, interval{high, high}, interval{low, low})
	}
	for _, room := range []interval{{floor, ceiling}, near} {
		for _, base := range choices {
			counted := interval{
				max(room.low, l.least(base.low), l.least(base.high), 0),
				min(room.high, l.most(base.low), l.most(base.high)),
			}
			if counted.low <= counted.high {
				return counted, base, true
			}
		}
	}
	return interval{}, interval{}, false
}

// least returns the smallest count that is at least the share AtLeast of n persons.
func (l *Limit) least(n int64) int64 {
	k := max(int64(float64(l.AtLeast*float64(n)))-1, 0)
	for float64(k) < float64(n) && float64(k)/float64(n) < l.AtLeast {
		k++
	}
	return k
}

// most returns the largest count that is at most the share AtMost of n persons.
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
	if n := product(m.cards(l.Scope)); len(l.Cell) != n {
		return fmt.Errorf("%d cell numbers for %d configurations", len(l.Cell), n)
	}
	for k, cell := range l.Cell {
		if cell < -1 || cell > 1 {
			return fmt.Errorf("configuration %d has cell %d, want -1, 0 or 1", k, cell)
		}
	}
	if !(l.AtLeast >= 0 && l.AtMost <= 1 && l.AtLeast <= l.AtMost) {
		return fmt.Errorf("at least %v and at most %v, want 0 <= at least <= at most <= 1", l.AtLeast, l.AtMost)
	}
	if m.host(l.Scope) < 0 {
		return &SpreadError{Control: l.Name, Vars: m.names(l.Scope)}
	}
	return nil
}
