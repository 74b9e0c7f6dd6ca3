package kind

import (
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/spec"
)

var choiceKind = Kind{
	Name: "choice",
	Uses: func(s *spec.Field) []spec.String { return append(bankUses(s), keyUses(s)...) },
	Compile: func(c *Compiler, s *spec.Field, f *Field) {
		f.Class, f.Type = Drawn, frame.Category
		f.Nullable = s.When != nil
		if b := c.compileBank(s, f); b != nil {
			f.Program, f.Inputs = &choice{bank: *b}, b.inputs(c)
			f.Nullable = f.Nullable || b.Key != nil && c.Fields[b.Key.Of].Nullable
		}
	},
	New: func() Program { return &choice{} },
}

// choice draws one entry for each person.
type choice struct {
	bank
	Unique bool `json:"unique,omitempty"` // no two persons have the same
}

func (p *choice) Bind(env *Env) Filler {
	if p.Unique {
		return p.bindUnique(env)
	}
	return &choiceFiller{drawer: p.bind(env), stream: rng.New(env.Seed, env.Field.Name)}
}

type choiceFiller struct {
	drawer
	stream rng.Stream
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
}
