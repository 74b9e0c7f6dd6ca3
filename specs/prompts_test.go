package specs_test

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/run"
)

// TestEveryPromptFileIsUsed: every file in the folder of a population is a phrase bank or
// prompt of its spec or of one that adds to it, and prompts/README.md lists it.
func TestEveryPromptFileIsUsed(t *testing.T) {
	readme, err := os.ReadFile("../prompts/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, pop := range populations {
		specs, err := filepath.Glob(pop.dir + "*.cue")
		if err != nil || !slices.Contains(specs, pop.file) {
			t.Fatalf("got specs %q, error %v", specs, err)
		}
		used := map[string]bool{}
		for _, spec := range specs {
			made, err := run.Preview(t.Context(), run.Config{Spec: spec, Cache: cache}, 1)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range made.Plan.Files {
				used[path.Base(f.Path)] = true
			}
		}
		files, err := filepath.Glob(filepath.Join("../prompts", pop.dir, "*"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: got prompts %q, error %v", pop.dir, files, err)
		}
		for _, file := range files {
			name := filepath.Base(file)
			if !used[name] {
				t.Errorf("%v: no spec uses %s", specs, name)
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
	block := func(language string, number int) string {
		all := regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllSubmatch(readme, -1)
		if len(all) <= number {
			t.Fatalf("got %d %s blocks in prompts/README.md, want more than %d", len(all), language, number)
		}
		return string(all[number][1])
	}
	preview := func(spec, phrases string) string {
		dir := t.TempDir()
		for name, text := range map[string]string{"isle.cue": spec, "phrases.txt": phrases} {
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
		return lines.String()
	}
	spec := `name: "isle"
population: size: 200
fields: {
	given_name: {kind: "choice", values: {Ada: 1, Ben: 1, Kim: 1}}
	sex: {kind: "category", values: ["female", "male"]}
	age: {kind: "integer", min: 18, max: 90}
	region: {kind: "category", values: ["north", "south", "coast"]}
}
`
	lines := preview(spec+block("cue", 0), block("text", 0))
	for _, want := range []string{"long walks", "to the [old] lighthouse", "for cards with friends", "first on the ice", "and for the neighbours."} {
		if !strings.Contains(lines, want) {
			t.Errorf("got no text that contains %q, want one", want)
		}
	}

	spec += `fields: {
	years: {kind: "integer", min: 2, max: 40}
	trade: {kind: "constant", value: "baker"}
	village: {kind: "constant", value: "Aske"}
	pay_words: {kind: "constant", value: "900 crowns"}
	story: {kind: "text", chars: {min: 40, target: 180, max: 400}, offline: {parts: ["open", "day"], more: ["day"], close: ["end"]}}
}
narrator: {banks: ["phrases.txt"], forms: {by: "sex", values: ["female", "male"]}}
`
	references := regexp.MustCompile("(?m)^\tspouse: .*\n").ReplaceAllString(block("cue", 2), "")
	lines = preview(spec+block("cue", 1)+references, block("text", 1))
	for _, want := range []string{"a wall clock, from her aunt", ", so she knows every dog", "? It still runs five minutes fast", "The pay is no more than 900 crowns", "Still, the baker would like to sleep"} {
		if !strings.Contains(lines, want) {
			t.Errorf("got no text that contains %q, want one", want)
		}
	}
}
