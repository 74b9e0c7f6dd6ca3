package compile

import (
	"slices"

	"github.com/personagen/personagen/engine/internal/prompt"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// originals returns the calls that write the originals of a call's translations. The
// prompt must show each original.
func (k *calls) originals(t *prompt.Template, s *spec.Call, call *plan.Call) (needs []need) {
	shown := t.Fields()
	for i := range k.spec.Fields {
		f := k.plan.Fields[i]
		if f.Text == nil || f.Text.Of == "" || !slices.Contains(call.Fields, f.Name) {
			continue
		}
		at := k.spec.Fields[i].Body.Get("of").Place
		writer := k.kinds.Fields[f.Text.Of].Text.Call
		if writer == call.Name {
			k.diags.Errorf(at, "not-written", "field %q translates %q, which the same call writes", f.Name, f.Text.Of).WithHint("give the translation a call of its own, which comes after call %q", writer)
			continue
		}
		if !slices.Contains(shown, plan.ToWrite+".original") && !slices.Contains(shown, f.Text.Of) {
			k.diags.Errorf(s.Prompt.Place, "unseen-original", "the prompt of call %q does not show the original of %q", s.Name, f.Name).WithHint("show it with .original: {{ range .Fields }}{{ .name }}: {{ .original }}{{ end }}")
		}
		needs = append(needs, need{writer, at})
	}
	return needs
}
