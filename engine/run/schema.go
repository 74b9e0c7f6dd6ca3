package run

import (
	"context"
	"encoding/json"
)

// RowSchema returns the JSON Schema of the rows that Run would write as JSONL.
// Errors are as with Run.
func RowSchema(ctx context.Context, cfg Config) (json.Marshaler, error) {
	r := &run{Config: cfg, ctx: ctx}
	if err := r.compile(); err != nil {
		return nil, err
	}
	return r.plan.RowSchema(r.Aliases), nil
}
