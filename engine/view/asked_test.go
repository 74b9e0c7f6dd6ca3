package view_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/endpoint/fake"
	"github.com/personagen/personagen/engine/run"
)

// TestPrompts shows what a model was asked and has answered: the prompt, made again from
// the row, and the answer in the journal beside the release.
func TestPrompts(t *testing.T) {
	dir := t.TempDir()
	spec := filepath.Join(dir, "quay.cue")
	if err := os.WriteFile(spec, []byte(`name: "quay", population: {size: 30, seed: 2}
fields: {
	id: kind: "id"
	years: {kind: "integer", min: 18, max: 80}
	mood: {kind: "choice", hidden: true, values: {calm: 1, busy: 1}}
	tale: {kind: "text", call: "early", chars: {min: 10, max: 400}}
	tools: {kind: "text_list", call: "early", items: {min: 1, max: 3}, chars: {min: 2, max: 80}}
	note: {kind: "text", call: "late", chars: {min: 10, max: 400}}
	by: kind: "text_source"
}
calls: {
	early: {system: "You write tales.", prompt: "Someone of {{ .years }} years", model: "bard"}
	late: {prompt: "{{ .mood }} at {{ .years }}: {{ .tale }}", model: "bard"}
}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	server := &fake.Server{}
	out := filepath.Join(dir, "out")
	if _, err := run.Run(t.Context(), run.Config{Spec: spec, Out: out, Provider: "vllm", Formats: []string{"parquet"},
		Writer: run.Writer{Unwatched: true, Endpoint: endpoint.Config{BaseURL: "http://127.0.0.1/v1", Model: "bard", Transport: server.Transport()}}}); err != nil {
		t.Fatal(err)
	}
	v := enter(t, opened(t, out), nil)
	for _, n := range []int{1, 17, 30} {
		page := v.page(t, fmt.Sprintf("/person/%d", n))
		if got := strings.Count(page, "Prompt and answer of bard"); got != 3 {
			t.Fatalf("person %d has %d prompts\n%s", n, got, page)
		}
		for _, want := range []string{"<pre>You write tales.</pre>", " years</pre>", "written by <strong>bard</strong>", "the hidden field mood"} {
			if !strings.Contains(page, want) {
				t.Errorf("person %d: no %q", n, want)
			}
		}
		if got := strings.Count(page, "Answer in the journal"); got != 3 {
			t.Errorf("person %d has %d answers", n, got)
		}
		if strings.Contains(page, "<pre>calm") || strings.Contains(page, "<pre>busy") {
			t.Errorf("person %d: the prompt shows a hidden field", n)
		}
	}
	// Without the journal the prompts are still known.
	if err := os.RemoveAll(out + ".journal"); err != nil {
		t.Fatal(err)
	}
	page := enter(t, opened(t, out), nil).page(t, "/person/2")
	if strings.Contains(page, "<h4>Answer in the journal") || !strings.Contains(page, "The journal does not have this answer") || !strings.Contains(page, " years</pre>") {
		t.Error("without a journal")
	}
	// A journal that is no journal is told.
	if err := os.MkdirAll(out+".journal", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out+".journal", "000001.log"), []byte(strings.Repeat("nothing", 40)), 0o600); err != nil {
		t.Fatal(err)
	}
	if w := enter(t, opened(t, out), nil).get("/person/2"); !slices.Contains([]int{200, 500}, w.Code) {
		t.Errorf("a damaged journal gives %d", w.Code)
	}
}
