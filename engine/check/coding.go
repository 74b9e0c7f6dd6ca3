package check

import (
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// coding reads the columns of a finite domain as codes, combines them to
// configurations and finds the rows that meet conditions. Checks over the same
// fields share the work.
type coding struct {
	plan   *plan.Plan
	axes   []axis
	axisOf []int // per field, -1 when its values are not coded
	spaces []space
	masks  []mask
	design *design // nil if everyone has the same weight
}

// axis is a column read as codes 0 to slots-1, null last where null is allowed; -1
// means a value that is not allowed.
type axis struct {
	column  int
	integer bool
	low     int64
	size    int32 // values, without null
	slots   int32
	null    int32 // code of null, -1 where null is not allowed
}

// space is a product of axes; a configuration is a row-major number in it.
type space struct {
	axes []int
	size int
}

// mask is a condition: the configurations of a space that meet it.
type mask struct {
	space int
	ok    []bool
}

// everyone is the mask of no condition.
const everyone = -1

func (c *coding) compile(p *plan.Plan) {
	c.plan = p
	c.design = newDesign(p)
	for i, f := range p.Fields {
		coded := f.Domain != nil && (f.Type == frame.Category || f.Type == frame.Integer)
		if !coded {
			c.axisOf = append(c.axisOf, -1)
			continue
		}
		c.axisOf = append(c.axisOf, len(c.axes))
		a := axis{column: i, integer: f.Type == frame.Integer, size: int32(f.Domain.Size()), slots: int32(f.Slots()), null: -1}
		if a.integer {
			a.low = f.Domain.Min
		}
		if f.Nullable {
			a.null = a.size
		}
		c.axes = append(c.axes, a)
	}
}

// axis returns the axis of a named field, which must be coded.
func (c *coding) axis(name string) int {
	return c.axisOf[slices.IndexFunc(c.plan.Fields, func(f *kind.Field) bool { return f.Name == name })]
}

// space returns the number of the space over the named fields.
func (c *coding) space(names []string) int {
	sp := space{size: 1}
	for _, name := range names {
		a := c.axis(name)
		sp.axes = append(sp.axes, a)
		sp.size *= int(c.axes[a].slots)
	}
	if i := slices.IndexFunc(c.spaces, func(o space) bool { return slices.Equal(o.axes, sp.axes) }); i >= 0 {
		return i
	}
	c.spaces = append(c.spaces, sp)
	return len(c.spaces) - 1
}

// mask returns the number of the mask of a selector's case 1; everyone for nil.
func (c *coding) mask(sel *kind.Selector) int {
	if sel == nil {
		return everyone
	}
	m := mask{space: c.space(sel.Fields), ok: make([]bool, len(sel.Case))}
	for i, k := range sel.Case {
		m.ok[i] = k == 1
	}
	if i := slices.IndexFunc(c.masks, func(o mask) bool { return o.space == m.space && slices.Equal(o.ok, m.ok) }); i >= 0 {
		return i
	}
	c.masks = append(c.masks, m)
	return len(c.masks) - 1
}

// codes is the coding of the current batch. It gathers nothing.
type codes struct {
	coding  *coding
	rows    int
	axes    [][]int32 // codes per axis
	good    []bool    // per axis: no code is -1
	configs [][]int32 // configurations per space
	scratch [][]int32 // their memory, for spaces of several axes
	valid   []bool    // per space: no configuration is -1
	masks   [][]bool  // per mask, the rows that meet it
	classes []uint16  // of the rows' weights; nil without a design
}

func (c *coding) newTally() *codes {
	return &codes{
		coding:  c,
		axes:    make([][]int32, len(c.axes)),
		good:    make([]bool, len(c.axes)),
		configs: make([][]int32, len(c.spaces)),
		scratch: make([][]int32, len(c.spaces)),
		valid:   make([]bool, len(c.spaces)),
		masks:   make([][]bool, len(c.masks)),
	}
}

func (c *codes) add(b *frame.Batch) {
	c.rows = b.N
	for i := range c.axes {
		c.axes[i], c.good[i] = c.coding.axes[i].encode(b, c.axes[i])
	}
	for i := range c.configs {
		sp := &c.coding.spaces[i]
		c.configs[i], c.valid[i] = c.configurations(sp, c.scratch[i])
		if len(sp.axes) > 1 {
			c.scratch[i] = c.configs[i]
		}
	}
	for i := range c.masks {
		m := &c.coding.masks[i]
		c.masks[i] = m.apply(c.configs[m.space], c.masks[i])
	}
	if d := c.coding.design; d != nil {
		c.classes = d.encode(b, c.classes)
	}
}

func (c *codes) merge(tally) {}

func (c *codes) code(*wire.Coder) {}

// class is the class of a row's weight.
func (c *codes) class(row int) int {
	if c.classes == nil {
		return 0
	}
	return int(c.classes[row])
}

// taken returns which rows meet a mask, nil for everyone.
func (c *codes) taken(mask int) []bool {
	if mask == everyone {
		return nil
	}
	return c.masks[mask]
}

// configurations writes every row's configuration to out, -1 for a row with a
// value that is not allowed. A space of one axis is the axis itself.
func (c *codes) configurations(sp *space, out []int32) ([]int32, bool) {
	if len(sp.axes) == 1 {
		return c.axes[sp.axes[0]], c.good[sp.axes[0]]
	}
	out = frame.Grow(out, c.rows)
	clear(out)
	good := true
	for k, a := range sp.axes {
		slots, codes := c.coding.axes[a].slots, c.axes[a][:len(out)]
		good = good && c.good[a]
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
			for r, code := range c.axes[a] {
				if code < 0 {
					out[r] = -1
				}
			}
		}
	}
	return out, good
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

// apply writes to out which rows meet the mask.
func (m *mask) apply(config []int32, out []bool) []bool {
	out = frame.Grow(out, len(config))
	for r, c := range config {
		out[r] = c >= 0 && m.ok[c]
	}
	return out
}
