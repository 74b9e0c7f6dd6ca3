package specs_test

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/run"
)

// TestEveryPromptFileIsUsed: every file in the folder of a population is one of its
// phrase banks or prompts, and prompts/README.md lists it.
func TestEveryPromptFileIsUsed(t *testing.T) {
	readme, err := os.ReadFile("../prompts/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, pop := range populations {
		made, err := run.Preview(t.Context(), run.Config{Spec: pop.file}, 1)
		if err != nil {
			t.Fatal(err)
		}
		used := map[string]bool{}
		for _, f := range made.Plan.Files {
			used[path.Base(f.Path)] = true
		}
		files, err := filepath.Glob(filepath.Join("../prompts", pop.dir, "*"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: got prompts %q, error %v", pop.dir, files, err)
		}
		for _, file := range files {
			name := filepath.Base(file)
			if !used[name] {
				t.Errorf("%s: the spec does not use %s", pop.file, name)
			}
			if !bytes.Contains(readme, []byte("`"+name+"`")) {
				t.Errorf("prompts/README.md does not list %s of %s", name, pop.dir)
			}
		}
	}
}

// TestExamplesOfThePromptsReadme writes texts from the example bank of
// prompts/README.md with the example fields beside it.
func TestExamplesOfThePromptsReadme(t *testing.T) {
	readme, err := os.ReadFile("../prompts/README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(language string) string {
		m := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindSubmatch(readme)
		if m == nil {
			t.Fatalf("got no %s block in prompts/README.md, want one", language)
		}
		return string(m[1])
	}
	dir := t.TempDir()
	spec := `name: "isle"
population: size: 200
fields: {
	given_name: {kind: "choice", values: {Ada: 1, Ben: 1, Kim: 1}}
	sex: {kind: "category", values: ["female", "male"]}
	age: {kind: "integer", min: 18, max: 90}
	region: {kind: "category", values: ["north", "south", "coast"]}
}
`
	for name, text := range map[string]string{"isle.cue": spec + block("cue"), "phrases.txt": block("text")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	made, err := run.Preview(t.Context(), run.Config{Spec: filepath.Join(dir, "isle.cue")}, 200)
	if err != nil {
		t.Fatal(err)
	}
	var lines bytes.Buffer
	if err := made.WriteJSONL(&lines); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"long walks", "to the [old] lighthouse", "for cards with friends", "first on the ice", "and for the neighbours."} {
		if !strings.Contains(lines.String(), want) {
			t.Errorf("got no text that contains %q, want one", want)
		}
	}
}
