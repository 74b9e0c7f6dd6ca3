package check

import (
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
)

// axis is a column read as codes 0 to slots-1, null last where there may be
// null; -1 stands for what must not be.
type axis struct {
	column  int
	integer bool
	low     int64
	size    int32 // values, without null
	slots   int32
	null    int32 // code of null, -1 where there must be none
}

// space is a product of axes; a configuration is its row-major number. Tables,
// conditions and groups over the same fields share one.
type space struct {
	axes []int
	size int
}

// mask tells the rows whose configuration has case 1.
type mask struct {
	space int
	ok    []bool
}

// counter counts the rows of a mask (-1: all) by configuration.
type counter struct{ space, mask int }

// space returns the number of the space over the named fields.
func (s *Suite) space(names []string) int {
	sp := space{size: 1}
	for _, name := range names {
		a := s.axisOf[s.column(name)]
		sp.axes = append(sp.axes, a)
		sp.size *= int(s.axes[a].slots)
	}
	if i := slices.IndexFunc(s.spaces, func(o space) bool { return slices.Equal(o.axes, sp.axes) }); i >= 0 {
		return i
	}
	s.spaces = append(s.spaces, sp)
	return len(s.spaces) - 1
}

// mask returns the number of the mask of a selector, -1 for nil.
func (s *Suite) mask(sel *kind.Selector) int {
	if sel == nil {
		return -1
	}
	m := mask{space: s.space(sel.Fields), ok: make([]bool, len(sel.Case))}
	for i, c := range sel.Case {
		m.ok[i] = c == 1
	}
	if i := slices.IndexFunc(s.masks, func(o mask) bool { return o.space == m.space && slices.Equal(o.ok, m.ok) }); i >= 0 {
		return i
	}
	s.masks = append(s.masks, m)
	return len(s.masks) - 1
}

// counter returns the number of the counter over a space and a mask.
func (s *Suite) counter(space, mask int) int {
	c := counter{space, mask}
	if i := slices.Index(s.counters, c); i >= 0 {
		return i
	}
	s.counters = append(s.counters, c)
	return len(s.counters) - 1
}

// encode writes the codes of a batch to out and reports whether all are good.
func (a *axis) encode(b *frame.Batch, out []int32) ([]int32, bool) {
	out = frame.Grow(out, b.N)
	c := &b.Columns[a.column]
	good := true
	if a.integer {
		for r, v := range c.Ints[:b.N] {
			code := v - a.low
			if uint64(code) >= uint64(a.size) {
				code, good = -1, false
			}
			out[r] = int32(code)
		}
		if c.Null != nil {
			for r, null := range c.Null[:b.N] {
				if null {
					out[r] = a.null
				}
			}
			good = !slices.Contains(out, -1)
		}
		return out, good
	}
	for r, code := range c.Codes[:b.N] {
		if uint32(code) >= uint32(a.size) {
			if code != -1 {
				code = -1
			} else {
				code = a.null
			}
			good = good && code >= 0
		}
		out[r] = code
	}
	return out, good
}

// configurations writes every row's configuration to out; a row with a value
// that must not be gives -1. A space of one axis is the axis itself.
func (t *Tally) configurations(sp *space, out []int32) ([]int32, bool) {
	if len(sp.axes) == 1 {
		return t.codes[sp.axes[0]], t.good[sp.axes[0]]
	}
	out = frame.Grow(out, t.n)
	clear(out)
	good := true
	for k, a := range sp.axes {
		slots, codes := t.suite.axes[a].slots, t.codes[a][:len(out)]
		good = good && t.good[a]
		if k == 0 {
			copy(out, codes)
			continue
		}
		for r, code := range codes {
			out[r] = out[r]*slots + code
		}
	}
	if !good {
		for _, a := range sp.axes {
			for r, code := range t.codes[a] {
				if code < 0 {
					out[r] = -1
				}
			}
		}
	}
	return out, good
}

// apply writes to out which rows the mask takes.
func (m *mask) apply(config []int32, out []bool) []bool {
	out = frame.Grow(out, len(config))
	for r, c := range config {
		out[r] = c >= 0 && m.ok[c]
	}
	return out
}

// count adds rows to counts, by configuration.
func count(counts []int64, config []int32, good bool, take []bool) {
	switch {
	case take == nil && good:
		for _, c := range config {
			counts[c]++
		}
	case take == nil:
		for _, c := range config {
			if c >= 0 {
				counts[c]++
			}
		}
	default:
		for r, c := range config[:len(take)] {
			if take[r] && c >= 0 {
				counts[c]++
			}
		}
	}
}
