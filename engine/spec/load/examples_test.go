package load

import (
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
)

// The example in the documentation of a definition must conform to it.
func TestExamplesConformToTheSchema(t *testing.T) {
	ctx := cuecontext.New()
	schema := newModel(ctx).value
	checked := 0
	for _, d := range definitions() {
		_, after, found := strings.Cut(strings.Join(strings.Fields(comment(d.doc)), " "), "Example: ")
		if !found {
			continue
		}
		example := ctx.CompileString(balanced(after), cue.Filename(d.name))
		if err := example.Err(); err != nil {
			t.Errorf("%s: %v in %s", d.name, err, balanced(after))
			continue
		}
		conforming := schema.LookupPath(cue.ParsePath(d.name)).Unify(example)
		if err := conforming.Validate(); err != nil {
			t.Errorf("%s: %s: %v", d.name, balanced(after), err)
		}
		checked++
	}
	if checked < 30 {
		t.Errorf("got %d examples, want at least 30", checked)
	}
}

// balanced returns text up to the end of its first struct or string. Braces in
// strings must be balanced, too.
func balanced(text string) string {
	if strings.HasPrefix(text, `"`) {
		return text[:strings.Index(text[1:], `"`)+2]
	}
	depth := 0
	for i, r := range text {
		switch r {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return text[:i+1]
			}
		}
	}
	return text
}
