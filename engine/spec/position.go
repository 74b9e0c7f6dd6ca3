package spec

import (
	"sort"

	"github.com/personagen/personagen/engine/diag"
)

// Position maps a part of a string to its source, from Offset to the next
// Position. Within it, string and source match byte for byte, unless Fixed is
// set: then the whole part comes from one place, such as an escape.
type Position struct {
	Offset int // in the string, in bytes
	Place  diag.Place
	Fixed  bool
}

// PositionAt returns the place in the source of the byte at offset in a
// StringNode. If the string is not a literal, for example the result of a
// function, that is the place of the node.
func (n *Node) PositionAt(offset int) diag.Place {
	i := sort.Search(len(n.Positions), func(i int) bool { return n.Positions[i].Offset > offset }) - 1
	if i < 0 {
		return n.Place
	}
	p := n.Positions[i]
	if !p.Fixed {
		p.Place.Column += offset - p.Offset
	}
	return p.Place
}
