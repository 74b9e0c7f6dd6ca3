package load_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec/load"
)

// printed loads a faulty spec and returns its diagnostics as a user sees them.
func printed(t *testing.T, dir, path string) string {
	t.Helper()
	s, list := load.Load(context.Background(), path, load.Options{Dir: dir})
	if (s == nil) != list.Failed() {
		t.Errorf("Load(%s): got a spec: %v, and errors: %v; want one of them", path, s != nil, list.Failed())
	}
	var out strings.Builder
	err := diag.Text(&out, list, diag.TextOptions{Source: func(file string) ([]byte, error) {
		return os.ReadFile(filepath.Join(dir, file))
	}})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// golden compares got with the contents of a file. UPDATE=1 rewrites the file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

// TestMessages compares the output for each faulty spec in testdata/messages with a
// golden. Outside a module, and in a definition, the output must be the same.
func TestMessages(t *testing.T) {
	dir := filepath.Join("testdata", "messages")
	files, err := filepath.Glob(filepath.Join(dir, "*.cue"))
	if err != nil || len(files) < 20 {
		t.Fatalf("got %d cases, error %v", len(files), err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(strings.TrimSuffix(name, ".cue"), func(t *testing.T) {
			got := printed(t, dir, name)
			if !strings.Contains(got, "error: ") {
				t.Error("got no error")
			}
			golden(t, strings.TrimSuffix(file, ".cue")+".txt", got)

			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			outside := t.TempDir()
			if err := os.WriteFile(filepath.Join(outside, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
			if again := printed(t, outside, name); again != got {
				t.Errorf("got outside a module\n%s\nand inside one\n%s", again, got)
			}

			switch name {
			case "syntax.cue", "empty.cue", "not_a_struct.cue", "missing_fields.cue", "definition.cue", "definition_outside.cue", "definition_other.cue":
				return // these cannot be put in a definition, or have other faults there
			}
			write := func(body string) string {
				if err := os.WriteFile(filepath.Join(outside, name), []byte(body), 0o644); err != nil {
					t.Fatal(err)
				}
				return printed(t, outside, name)
			}
			head, body := headOf(string(text))
			if plain, defined := write(head+"\n"+body), write(head+"#Spec: {\n"+body+"\n}\n"); plain != defined {
				t.Errorf("got in a definition\n%s\nand at the top level\n%s", defined, plain)
			}
		})
	}
}

// headOf splits a spec file after its package clause and imports.
func headOf(text string) (head, body string) {
	lines := strings.SplitAfter(text, "\n")
	first := 0
	for i, line := range lines {
		if strings.HasPrefix(line, "package ") || strings.HasPrefix(line, "import ") {
			first = i + 1
		}
	}
	return strings.Join(lines[:first], ""), strings.Join(lines[first:], "")
}
