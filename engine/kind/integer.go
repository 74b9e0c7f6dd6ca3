package kind

import (
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/spec"
)

const (
	maxIntegers = 10_000    // largest size of an integer's domain, all of which is fitted
	maxWhole    = 1<<53 - 1 // largest whole number that every reader of the data can represent
)

const integerName = "integer"

var integerKind = Kind{
	Name: integerName,
	Uses: integerUses,
	Compile: func(c *Compiler, s *spec.Field, f *Field) {
		if c.inRecord {
			compileDrawn(c, s, f)
			return
		}
		f.Class, f.Type = Fitted, frame.Integer
		f.Nullable = s.When != nil
		low, high := int64(s.Body.Get("min").Number), int64(s.Body.Get("max").Number)
		switch {
		case low > high:
			c.Diags.Errorf(s.Body.Get("min").Place, "empty-range", "min %d is above max %d", low, high).WithHint("swap them")
			high = low
		case high-low >= maxIntegers:
			c.Diags.Errorf(s.Body.Get("max").Place, "huge-range", "%d to %d is %d values; a fitted integer can have at most %d", low, high, high-low+1, maxIntegers).
				WithHint("make it a number, or count in larger units")
			high = low
		}
		f.Domain = &Domain{Integer: true, Min: low, Max: high}
	},
	New: func() Program { return &integer{} },
}
