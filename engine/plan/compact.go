package plan

import (
	"slices"

	"github.com/personagen/personagen/engine/kind"
)

// Compact returns the plan as a release stores it: the labels of a table's field are
// left out (null) where they are those of the field, in its order. Read adds them again,
// and the hash is of the whole.
func (p *Plan) Compact() *Plan {
	out := *p
	out.Tables = slices.Clone(p.Tables)
	for i := range out.Tables {
		t := &out.Tables[i]
		t.Labels = slices.Clone(t.Labels)
		for k, labels := range t.Labels {
			if f := p.domainOf(t, k); f != nil && slices.Equal(labels, f.Domain.AllLabels()) {
				t.Labels[k] = nil
			}
		}
	}
	return &out
}

// expand adds the labels that Compact leaves out.
func (p *Plan) expand() {
	for i := range p.Tables {
		t := &p.Tables[i]
		for k, labels := range t.Labels {
			if f := p.domainOf(t, k); f != nil && labels == nil {
				t.Labels[k] = f.Domain.AllLabels()
			}
		}
	}
}

// domainOf returns the finite field of an axis of a table, nil if there is none. The
// plan may be a file that anybody has changed, which is not validated yet.
func (p *Plan) domainOf(t *Table, axis int) *kind.Field {
	for _, f := range p.Fields {
		if axis < len(t.Fields) && f != nil && f.Name == t.Fields[axis] && f.Domain != nil {
			if n := f.Domain.Size(); n > 0 && n <= len(t.Published) {
				return f
			}
		}
	}
	return nil
}
