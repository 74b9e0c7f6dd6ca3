package load

import (
	"cuelang.org/go/cue/cuecontext"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec"
)

const conditionHint = "write field: constraint, …, for example age: >=15"

// ParseConditions parses conditions that are not in a spec, such as those in the
// headings of phrase banks. Each text is the contents of a CUE struct, for example
// `age: >=15, region: "North" | "South"`. A fault is reported at the text's place,
// and its condition is nil.
func ParseConditions(texts []string, places []diag.Place, faults *diag.List) []*spec.Condition {
	evaluating.Lock()
	defer evaluating.Unlock()
	ctx := cuecontext.New()
	out := make([]*spec.Condition, len(texts))
	for i, text := range texts {
		v := ctx.CompileString("{\n" + text + "\n}")
		if err := v.Err(); err != nil {
			faults.Errorf(places[i], "condition", "not a condition: %v", err).WithHint(conditionHint)
			continue
		}
		it, err := v.Fields()
		if err != nil {
			faults.Errorf(places[i], "condition", "not a condition: %s", text).WithHint(conditionHint)
			continue
		}
		cond := &spec.Condition{Place: places[i], Text: text}
		for it.Next() {
			if it.Value().IncompleteKind()&scalarKinds == 0 {
				faults.Errorf(places[i], "condition", "no value of field %q can meet the constraint %s", it.Selector().Unquoted(), oneLine(it.Value())).WithHint(conditionHint)
				cond = nil
				break
			}
			cond.Terms = append(cond.Terms, newTerm(ctx, it.Selector().Unquoted(), places[i], oneLine(it.Value()), it.Value()))
		}
		if cond != nil && len(cond.Terms) == 0 {
			faults.Errorf(places[i], "condition", "the condition is empty").WithHint("remove it, or write field: constraint")
			continue
		}
		out[i] = cond
	}
	return out
}
