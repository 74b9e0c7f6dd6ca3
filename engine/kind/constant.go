package kind

import (
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/spec"
)

var constantKind = Kind{
	Name: "constant", Meaning: Constant,
	Uses: func(*spec.Field) []spec.String { return nil },
	Compile: func(c *Compiler, s *spec.Field, f *Field) {
		f.Class, f.Type = Derived, frame.Category
		f.Nullable = s.When != nil
		value := s.Body.Get("value")
		f.Domain = &Domain{Labels: []string{labelText(value)}}
		c.markBoolean(f, []*spec.Node{value})
		f.Program = &constant{}
	},
	New: func() Program { return &constant{} },
}

// constant gives every person the only label of the domain.
type constant struct{}

func (*constant) Bind(*Env) Filler { return &constant{} }

func (*constant) Fill(b *frame.Batch, c *frame.Column) { clear(c.Codes[:b.N]) }
