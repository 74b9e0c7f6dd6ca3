package kind

import (
	"math/bits"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/spec"
)

var choiceKind = Kind{
	Name: "choice",
	Uses: func(s *spec.Field) []spec.String {
		return slices.Concat(bankUses(s), keyUses(s), s.Body.Get("unlike").Names())
	},
	Compile: func(c *Compiler, s *spec.Field, f *Field) {
		f.Class, f.Type = Drawn, frame.Category
		f.Nullable = s.When != nil
		if b := c.compileBank(s, f); b != nil {
			p := &choice{bank: *b}
			c.compileUnlike(s, p)
			f.Program, f.Inputs = p, slices.Concat(b.inputs(c), p.Unlike)
			f.Nullable = f.Nullable || b.Key != nil && c.Fields[b.Key.Of].Nullable
		}
	},
	New: func() Program { return &choice{} },
}

// choice draws one entry for each person.
type choice struct {
	bank
	Unique bool `json:"unique,omitempty"` // no two persons have the same
	// Unlike are fields whose value the entry has only if all entries have one of theirs.
	Unlike []string `json:"unlike,omitempty"`
}

func (p *choice) Bind(env *Env) Filler {
	if p.Unique {
		return p.bindUnique(env)
	}
	return &choiceFiller{drawer: p.bind(env), stream: rng.New(env.Seed, env.Field.Name), unlike: p.bindUnlike(env)}
}

type choiceFiller struct {
	drawer
	stream rng.Stream
	unlike []unlikeField
	others []int64 // codes that the row must not have
}

func (p *choiceFiller) Fill(b *frame.Batch, c *frame.Column) {
	p.lists = p.given.Cases(b, p.lists)
	for r, list := range p.lists {
		if list == 0 {
			c.Codes[r] = -1
			continue
		}
		word := uint32(p.stream.Uint64(b.Number(r)) >> 32)
		c.Codes[r] = p.Codes[p.draw(list, word)]
	}
	if p.unlike != nil {
		p.giveWay(b, c)
	}
}

// other draws an entry for row r whose code is not among those taken, -1 if there is none.
// It draws in proportion to the weights of the entries that are left.
func (p *choiceFiller) other(b *frame.Batch, r int, taken []int64) int32 {
	list := p.lists[r] - 1
	from, to := p.Start[list], p.Start[list+1]
	var total uint64
	for e := from; e < to; e++ {
		if !slices.Contains(taken, int64(p.Codes[e])) {
			total += p.width(list, e)
		}
	}
	word, _ := p.stream.At(b.Number(r), 1)
	at, _ := bits.Mul64(word, total)
	for e := from; e < to; e++ {
		if slices.Contains(taken, int64(p.Codes[e])) {
			continue
		}
		if w := p.width(list, e); at >= w {
			at -= w
		} else {
			return p.Codes[e]
		}
	}
	return -1
}
