//go:build slow

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/personagen/personagen/engine/endpoint/fake"
)

// TestTextFieldIsOneStanza adds a text field to a copy of every spec that has calls.
// Without a change to a template or to the program, the field must appear in the
// answer's schema, the prompt, the data, the checks, the estimate, the statistics and
// the card. No text is paid for twice.
func TestTextFieldIsOneStanza(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"cue.mod", "specs", "prompts"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join("..", "..", name))); err != nil {
			t.Fatal(err)
		}
	}
	tried := 0
	specs, _ := filepath.Glob(filepath.Join(dir, "specs", "*.cue"))
	for _, spec := range specs {
		text, err := os.ReadFile(spec)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if code := Main([]string{"plan", "--json", spec}, strings.NewReader(""), &out, io.Discard, os.Getenv); code != exitOK {
			t.Fatalf("plan %s: exit code %d", spec, code)
		}
		var plan struct{ Calls []struct{} }
		if err := json.Unmarshal(out.Bytes(), &plan); err != nil {
			t.Fatal(err)
		}
		if len(plan.Calls) > 0 {
			tried++
			addText(t, dir, spec, string(text))
		}
	}
	if tried == 0 {
		t.Error("no spec has calls")
	}
}

const stanza = `
#Spec: fields: motto_of_life: {kind: "text", title: "Motto", about: "Words to live by.", call: CALL, chars: {min: 5, target: 10, max: 30}}
`

func addText(t *testing.T, dir, spec, text string) {
	var mu sync.Mutex
	var schemas, prompts []string
	s := &fake.Server{TextLength: 14, Seen: func(body map[string]json.RawMessage, _ http.Header) {
		if bytes.Contains(body["response_format"], []byte("canary")) {
			return // the probe
		}
		mu.Lock()
		defer mu.Unlock()
		schemas, prompts = append(schemas, string(body["response_format"])), append(prompts, string(body["messages"]))
	}}
	web := s.Start()
	defer web.Close()
	command := func(want int, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		code := Main(append(args, "--cache", filepath.Join(dir, "cache")), strings.NewReader(""), &out, &errs, os.Getenv)
		if code != want {
			t.Fatalf("%v: got exit code %d, want %d\n%s", args, code, want, errs.String())
		}
		return out.String()
	}
	model := []string{spec, "-n", "60", "--limit", "8", "--provider", "vllm", "--model", "m"}
	out := filepath.Join(dir, "out", filepath.Base(spec))
	run := append([]string{"run"}, append(model, "--base-url", web.URL+"/v1", "-o", out, "--json", "--format", "jsonl")...)
	// The words of the fake server are too short for the spec's own fields.
	command(exitChecks, run...)
	if slices.ContainsFunc(schemas, func(s string) bool { return strings.Contains(s, "motto_of_life") }) {
		t.Fatal("the spec already has the field")
	}

	var plan struct {
		Calls []struct{ Name string }
		Run   struct {
			Texts struct {
				Calls []struct{ Fields map[string]int }
			}
		}
	}
	read := func() {
		t.Helper()
		if err := json.Unmarshal([]byte(command(exitOK, append([]string{"plan", "--json", "--journal", out + ".journal"}, model...)...)), &plan); err != nil {
			t.Fatal(err)
		}
	}
	read()
	if err := os.WriteFile(spec, []byte(text+strings.Replace(stanza, "CALL", `"`+plan.Calls[0].Name+`"`, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	read()
	missing := map[string]int{}
	for _, c := range plan.Run.Texts.Calls {
		for field, n := range c.Fields {
			missing[field] += n
		}
	}
	if len(missing) != 1 || missing["motto_of_life"] != 8 {
		t.Errorf("got an estimate of missing texts %v", missing)
	}

	schemas, prompts = nil, nil
	command(exitChecks, run...)
	if len(schemas) != 8 {
		t.Errorf("got %d calls for eight persons", len(schemas))
	}
	for i, schema := range schemas {
		if !strings.Contains(schema, `"required":["motto_of_life"]`) || !strings.Contains(prompts[i], "Words to live by.") {
			t.Errorf("prompt %s requests %s", prompts[i], schema)
		}
	}
	for file, want := range map[string]string{
		"jsonl/train-00000-of-00001.jsonl": `"motto_of_life":"Text `, "manifest.json": `"motto_of_life"`, "plan.json": "motto_of_life",
		"stats.md": `| motto\_of\_life | 8 |`, "stats.json": `"written.motto_of_life"`, "README.md": "motto_of_life", "report.html": "motto_of_life", "croissant.json": "motto_of_life",
	} {
		data, err := os.ReadFile(filepath.Join(out, file))
		if err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s does not have %s: %v", file, want, err)
		}
	}
}
