package compile

import (
	"context"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/spec"
)

// FiniteFields returns the fields of a spec that tables can be over, in its order. It
// reads no table.
func FiniteFields(ctx context.Context, s *spec.Spec, o Options) ([]*kind.Field, *diag.List) {
	c := newCompiler(ctx, s, o)
	c.runStages(checking[:2])
	c.diags.Sort()
	var fields []*kind.Field
	for i := range s.Fields {
		if f := c.kinds.Fields[s.Fields[i].Name]; f != nil && f.Finite() {
			fields = append(fields, f)
		}
	}
	return fields, c.diags
}
