package compile_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/internal/compile"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec/load"
)

// letters is a spec of two calls, the second of which reads the first one's
// text; %s of the tests are laid over its calls.
const letters = `
name: "letters"
population: {size: 10, seed: 1}
fields: {
	hue: {kind: "category", values: ["red", "green"]}
	years: {kind: "integer", min: 20, max: 60}
	note: {kind: "text", call: "late", chars: {min: 5, max: 60}}
	story: {kind: "text", call: "early", chars: {min: 10, max: 400}, mentions: ["hue"]}
	tools: {kind: "text_list", call: "early", items: {min: 2, max: 4}, chars: {min: 3, max: 20}}
}
`

func compileLetters(t *testing.T, calls string, files map[string]string) (*plan.Plan, string) {
	t.Helper()
	dir := t.TempDir()
	files = mapsWith(files, "letters.cue", letters+calls)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, faults := load.Load(context.Background(), filepath.Join(dir, "letters.cue"), load.Options{})
	if faults != nil && faults.Failed() {
		t.Fatal(faults.Err())
	}
	b, faults := compile.Compile(context.Background(), s, compile.Options{})
	var lines []string
	for _, d := range faults.Items {
		place := d.Place
		place.File = filepath.Base(place.File)
		lines = append(lines, place.String()+" "+d.Message)
	}
	if b == nil {
		return nil, strings.Join(lines, "\n")
	}
	return b.Plan, strings.Join(lines, "\n")
}

func mapsWith(m map[string]string, name, text string) map[string]string {
	out := map[string]string{name: text}
	for k, v := range m {
		out[k] = v
	}
	return out
}

func TestCallsAreOrderedByWhatTheyRead(t *testing.T) {
	p, faults := compileLetters(t, `
calls: late: prompt: "{{ .story }} of {{ .hue }}{{ range .Fields }}{{ .name }}{{ end }}"
calls: early: {prompt: file: "early.tmpl", system: "Write.", model: "m", temperature: 0}
`, map[string]string{"early.tmpl": "{{ range .Fields }}{{ .name }}: {{ if .list }}{{ .items_min }}{{ end }} about {{ $.years }}{{ end }}"})
	if p == nil {
		t.Fatal(faults)
	}
	zero := 0.0
	want := []plan.Call{
		{Name: "early", Fields: []string{"story", "tools"}, System: "Write.", Model: "m", Temperature: &zero, Sees: []string{"years"}},
		{Name: "late", Fields: []string{"note"}, Needs: []string{"early"}, Sees: []string{"story", "hue"}},
	}
	for i := range p.Calls {
		if p.Calls[i].MaxTokens < 60/2 {
			t.Errorf("call %q may have %d tokens", p.Calls[i].Name, p.Calls[i].MaxTokens)
		}
		p.Calls[i].MaxTokens, p.Calls[i].Prompt = 0, ""
	}
	if d := cmp.Diff(want, p.Calls); d != "" {
		t.Error(d)
	}
	if !slices.ContainsFunc(p.Files, func(f plan.File) bool { return strings.HasSuffix(f.Path, "early.tmpl") }) {
		t.Error("the prompt's file is not among the inputs")
	}
}

func TestCallsAreRefused(t *testing.T) {
	ok := "\ncalls: late: prompt: \"x\"\n"
	for _, c := range []struct{ name, calls, want string }{
		{"cycle", `
calls: late: prompt: "{{ .story }}"
calls: early: prompt: "{{ .note }}"
`, "letters.cue:13:27 the calls depend on each other: late -> early -> late"},
		{"cycle by after", `
calls: late: {prompt: "x", after: ["early"]}
calls: early: prompt: "{{ .note }}"
`, "letters.cue:13:27 the calls depend on each other: late -> early -> late"},
		{"own text", ok + `calls: early: prompt: "{{ .tools }}"` + "\n",
			`letters.cue:13:27 the prompt of call "early" reads field "tools", which the same call writes`},
		{"unknown field", ok + `calls: early: prompt: "about {{ .huge }}"` + "\n", `letters.cue:13:33 no field is called "huge"`},
		{"unknown part", ok + `calls: early: prompt: "{{ range .Fields }}{{ .size }}{{ end }}"` + "\n", `letters.cue:13:46 no field is called "Fields.size"`},
		{"unknown function", ok + `calls: early: prompt: "{{ env .hue }}"` + "\n",
			`letters.cue:13:27 function "env" is not allowed: a text must depend on the persona alone and be the same every time`},
		{"missing file", ok + `calls: early: prompt: file: "none.tmpl"` + "\n", "letters.cue:13:29 "},
		{"unknown call", "calls: late: prompt: \"x\"\n", `no call is called "early"`},
		{"idle call", ok + "calls: early: prompt: \"x\"\ncalls: third: prompt: \"x\"\n", `call "third" writes no field`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, faults := compileLetters(t, c.calls, nil)
			if p != nil || !strings.Contains(faults, c.want) {
				t.Errorf("got %v, want %q in\n%s", p, c.want, faults)
			}
		})
	}
}
