package plan

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/kind"
)

// Smoothed is a field whose shares by bands of an integer field are interpolated over the
// integer's single values.
type Smoothed struct {
	Table string `json:"table"` // that gives the shares by bands
	Field string `json:"field"`
	Of    string `json:"of"` // the integer
	// Edges are values before which there may be a step.
	Edges []int64 `json:"edges,omitempty"`
	// From is the first value whose steps count, MaxStep the largest step in points.
	From    int64   `json:"from"`
	MaxStep float64 `json:"max_step"`
	// Before and After are the largest steps among the persons wanted, without and with
	// interpolation.
	Before Step `json:"before"`
	After  Step `json:"after"`
}

// Step is the difference between the shares of a label among the persons of a value of
// an integer and among those of the value before it. Shares are of the persons for whom
// the field is not null.
type Step struct {
	Points float64 `json:"points"` // absolute, in percentage points
	Value  int64   `json:"value"`  // the later one
	Label  string  `json:"label"`
	// Low and High are the two shares, in the order of the values; N are the numbers of
	// persons, or their shares.
	Share [2]float64 `json:"share"`
	N     [2]float64 `json:"-"`
}

// Steps lists the steps of a table of masses, row-major over the values of the integer
// and the slots of the field, except those at edges and before From.
func (x *Smoothed) Steps(of *kind.Domain, mass []float64, slots int, field *kind.Domain) (out []Step) {
	sum := func(row int) (s float64) {
		for _, m := range mass[row*slots : row*slots+field.Size()] {
			s += m
		}
		return s
	}
	for row := 1; row < of.Size(); row++ {
		value := of.Min + int64(row)
		before, now := sum(row-1), sum(row)
		if value <= x.From || slices.Contains(x.Edges, value) || before <= 0 || now <= 0 {
			continue
		}
		for code := range field.Size() {
			a, b := mass[(row-1)*slots+code]/before, mass[row*slots+code]/now
			out = append(out, Step{Points: 100 * math.Abs(b-a), Value: value, Label: field.Label(code), Share: [2]float64{a, b}, N: [2]float64{before, now}})
		}
	}
	return out
}

// Text describes a step, as in "11.2 points, married from 24 to 25"; "none" if there is
// none.
func (s *Step) Text() string {
	if s.Points == 0 {
		return "none"
	}
	return fmt.Sprintf("%.1f points, %s from %d to %d", s.Points, s.Label, s.Value-1, s.Value)
}

// EdgeList lists the edges after the first checked value, "" for none.
func (x *Smoothed) EdgeList() string {
	var out []string
	for _, edge := range x.Edges {
		out = append(out, strconv.FormatInt(edge, 10))
	}
	return strings.Join(out, ", ")
}
