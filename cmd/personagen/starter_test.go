package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The texts of the starting spec are commented out. Without the comment signs they
// must work, including the phrase bank.
func TestStarterProse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "isle.cue")
	command := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := Main(args, strings.NewReader(""), &out, &errs, func(string) string { return "" }); code != exitOK {
			t.Fatalf("%q: exit code %d\n%s", args, code, errs.String())
		}
		return out.String()
	}
	command("new", filepath.Join(dir, "isle"))
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	phrases := regexp.MustCompile(`(?m)^\s*//\t(\[story\]|.*\{.*\}.*\.)$`).FindAllStringSubmatch(text, -1)
	if len(phrases) < 3 {
		t.Fatalf("got %d lines of phrases", len(phrases))
	}
	var bank strings.Builder
	for _, p := range phrases {
		bank.WriteString(p[1] + "\n")
	}
	for _, key := range []string{"story: {", "narrator: {"} {
		if !strings.Contains(text, "// "+key) {
			t.Fatalf("no comment with %s", key)
		}
		text = strings.Replace(text, "// "+key, key, 1)
	}
	for name, content := range map[string]string{path: text, filepath.Join(dir, "isle.txt"): bank.String()} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if found := command("preview", path, "--no-cache", "--json", "-n", "5"); strings.Count(found, `"story":"`)+strings.Count(found, `"story": "`) != 5 {
		t.Errorf("the personas have no stories:\n%s", found)
	}
}
