package check

import (
	"testing"

	"github.com/personagen/personagen/engine/frame"
)

// Published fields that follow from what is not published have outcomes that say so.
func TestUntold(t *testing.T) {
	for _, hidden := range []bool{false, true} {
		p := hall(t)
		p.Fields[0].Hidden = hidden // all others are drawn given it
		r := judge(t, p, Options{Rows: 300, Kinds: []string{KindNumber, KindOpen}}, 1, []*frame.Batch{members(p, 7, 300)})
		drawn := 0
		for _, f := range p.Fields[1:] {
			for _, o := range r.Outcomes {
				if o.Name != f.Name {
					continue
				}
				drawn++
				if skipped := o.Status == Skip; skipped != hidden || skipped && o.Message != "field hue is hidden and does not follow from published fields" {
					t.Errorf("hidden %v: %s: %s: %s", hidden, o.ID, o.Status, o.Message)
				}
			}
		}
		if drawn != len(p.Fields)-1 {
			t.Errorf("hidden %v: got outcomes of %d fields, want %d", hidden, drawn, len(p.Fields)-1)
		}
	}
}
