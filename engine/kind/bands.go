package kind

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/spec"
)

// bands are the bands of a number field, such as the levels of a score. A group of
// them is a column only: the numbers are drawn after the fit, so tables and
// conditions cannot use it.
type bands struct {
	Number string  `json:"number"` // the field
	Cuts   []int64 `json:"cuts"`   // ascending: band i+1 begins at Cuts[i], band 0 is below
}

// isBandOfNumber reports whether a group has cuts of a number field.
func (c *Compiler) isBandOfNumber(s *spec.Field) bool {
	uses := groupUses(s)
	if s.Body.Get("cuts") == nil || len(uses) != 1 {
		return false
	}
	base := c.Fields[uses[0].Value]
	return base != nil && base.Type == frame.Number
}

// readBands compiles a group of the bands of a number.
func (c *Compiler) readBands(s *spec.Field, f *Field) {
	base := c.Fields[groupUses(s)[0].Value]
	cuts := c.readNumberCuts(s.Body.Get("cuts"), base)
	if cuts == nil {
		return
	}
	least, _ := base.Bounds()
	p := &bands{Number: base.Name, Cuts: cuts}
	if float64(cuts[0]) <= least {
		p.Cuts = cuts[1:] // no value is below the first cut
	}
	labels := s.Body.Get("labels")
	switch {
	case labels == nil:
		f.Domain.Labels = p.labels(cuts)
	case len(labels.Items) != len(p.Cuts)+1:
		d := c.Diags.Errorf(labels.Place, "label-count", "%d labels for %s", len(labels.Items), humanize.Count(len(p.Cuts)+1, "band", "bands"))
		if len(p.Cuts) == 0 {
			d.WithHint("no value is below %d: give one label, or another cut", cuts[0])
		} else {
			d.WithHint("give one label per band; the first is for values below %d", p.Cuts[0])
		}
		return
	default:
		for _, l := range labels.Items {
			if _, twice := f.Domain.Index(labelText(l)); twice {
				c.Diags.Errorf(l.Place, "duplicate-label", "label %q appears twice", labelText(l)).WithHint("give each band of a number a label of its own")
				return
			}
			f.Domain.addLabel(labelText(l))
		}
		c.markBoolean(f, labels.Items)
	}
	f.Program, f.Inputs = &group{Bands: p}, []string{base.Name}
	f.Nullable = base.Nullable || s.When != nil
}

// readNumberCuts returns the cuts, or nil after it has reported a fault.
func (c *Compiler) readNumberCuts(node *spec.Node, base *Field) []int64 {
	least, greatest := base.Bounds()
	var cuts []int64
	for i, n := range node.Items {
		cut := int64(n.Number)
		var d *diag.Diagnostic
		switch {
		case i > 0 && cut <= cuts[i-1]:
			d = c.Diags.Errorf(n.Place, "cuts-order", "cut %d is not above %d", cut, cuts[i-1]).WithHint("list the cuts in ascending order")
		case float64(cut) < least || float64(cut) > greatest:
			d = c.Diags.Errorf(n.Place, "cut-outside", "cut %d is outside %v to %v, the range of %q", cut, least, greatest, base.Name).WithHint("remove it")
		}
		if d != nil {
			return nil
		}
		cuts = append(cuts, cut)
	}
	return cuts
}

// labels returns labels such as "under 35", "35 to under 45" and "45 and over".
func (b *bands) labels(cuts []int64) []string {
	var labels []string
	if len(b.Cuts) == len(cuts) {
		labels = append(labels, fmt.Sprintf("under %d", cuts[0]))
	}
	for i, from := range cuts {
		if i == len(cuts)-1 {
			labels = append(labels, fmt.Sprintf("%d and over", from))
		} else {
			labels = append(labels, fmt.Sprintf("%d to under %d", from, cuts[i+1]))
		}
	}
	return labels
}

// BandOf returns the number field whose bands the field has, "" if it is not a group
// of a number's bands.
func (f *Field) BandOf() string {
	if g, ok := f.Program.(*group); ok && g.Bands != nil {
		return g.Bands.Number
	}
	return ""
}

// Band returns the code of a number's band; the field must have bands.
func (f *Field) Band(v float64) int32 { return f.Program.(*group).Bands.band(v) }

// band returns the code of a number's band.
func (b *bands) band(v float64) int32 {
	i, found := slices.BinarySearchFunc(b.Cuts, v, func(cut int64, v float64) int { return cmp.Compare(float64(cut), v) })
	if found {
		i++
	}
	return int32(i)
}

// validate checks a program that was read.
func (b *bands) validate(d *Domain) error {
	if d == nil || d.Integer || len(d.Labels) != len(b.Cuts)+1 || !slices.IsSorted(b.Cuts) {
		return errors.New("its bands are not complete")
	}
	return nil
}

func (b *bands) bind(env *Env) Filler { return &bandsFiller{b, env.Index(b.Number)} }

type bandsFiller struct {
	*bands
	number int // column
}

func (f *bandsFiller) Fill(b *frame.Batch, c *frame.Column) {
	of := &b.Columns[f.number]
	for r := range b.N {
		if of.IsNull(frame.Number, r) {
			c.Codes[r] = -1
			continue
		}
		c.Codes[r] = f.band(of.Floats[r])
	}
}
