package specs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/run"
)

// previewed is the number of persons that the preview makes.
const previewed = 400

// TestSamples compares the folders samples with what the specs generate. Run it with
// UPDATE=1 after a change of a spec or of a phrase bank.
func TestSamples(t *testing.T) {
	for _, pop := range populations {
		t.Run(pop.dir, func(t *testing.T) { testSamples(t, pop) })
	}
}

// TestReadmeQuotesSamples: the README of the project quotes a person whom the spec makes.
func TestReadmeQuotesSamples(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile(`(?m)^> \*\*(.+?)\*\*.*\n> \*„(.+)”\*$`).FindStringSubmatch(string(readme))
	if quoted == nil {
		t.Fatal("the README quotes nobody")
	}
	samples, err := os.ReadFile("moldova/samples/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, person, found := strings.Cut(string(samples), "\n## "+quoted[1]+"\n")
	person, _, _ = strings.Cut(person, "\n## ")
	for _, part := range strings.Split(quoted[2], "[…]") {
		if !found || !strings.Contains(person, strings.TrimSpace(part)) {
			t.Errorf("specs/moldova/samples has no %s with the text %q; quote what is there", quoted[1], part)
		}
	}
}

func testSamples(t *testing.T, pop population) {
	s, err := run.Preview(context.Background(), run.Config{Spec: pop.file, Cache: cache}, previewed)
	if err != nil {
		t.Fatal(err)
	}
	var all, lines bytes.Buffer
	if err := s.WriteJSONL(&all); err != nil {
		t.Fatal(err)
	}
	rows := bytes.SplitAfter(all.Bytes(), []byte("\n"))
	var numbers []string
	pages := ""
	for _, row := range pop.sampled {
		numbers = append(numbers, fmt.Sprint(row+1))
		lines.Write(rows[row])
		pages += page(t, s, rows[row])
	}
	head := fmt.Sprintf(`# %d personas

These people are invented. The offline narrator wrote their texts from phrase banks (`+"`text_source` is `offline`"+`), not a model.
They are persons %s of the population that the specification describes (seed %d, size %d), as printed by

    personagen preview specs/%s -n %d --json

one per line. The JSON is in [personas.jsonl](personas.jsonl). After a change of the specification or of a phrase bank, `+"`UPDATE=1 go test ./specs -run Samples`"+` updates the samples.
`, len(numbers), strings.Join(numbers, ", "), s.Seed, s.Size, pop.file, previewed)
	for name, want := range map[string]string{"personas.jsonl": lines.String(), "README.md": head + pages} {
		path := filepath.Join(pop.dir, "samples", name)
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, string(got)); d != "" {
			t.Errorf("%s is out of date; run UPDATE=1 go test ./specs -run Samples\n%.2000s", path, d)
		}
	}
}

// page writes a person in Markdown: the facts in a table, then the texts.
func page(t *testing.T, s *run.PreviewResult, line []byte) string {
	t.Helper()
	var values map[string]any
	if err := json.Unmarshal(line, &values); err != nil {
		t.Fatal(err)
	}
	var facts, texts strings.Builder
	for _, i := range s.Plan.Visible() {
		f := s.Plan.Fields[i]
		v := values[f.Name]
		switch {
		case v == nil || slices.Contains([]string{"id", "name", "country", "text_source"}, f.Name):
		case f.Type == frame.Records:
			records, _ := json.Marshal(v) // what JSON gave always marshals
			fmt.Fprintf(&facts, "| %s | `%s` |\n", f.Name, records)
		case f.Text == nil:
			fmt.Fprintf(&facts, "| %s | %v |\n", f.Name, v)
		case f.Type == frame.TextList:
			var items []string
			for _, item := range v.([]any) {
				items = append(items, item.(string))
			}
			v = strings.Join(items, "; ")
			fallthrough
		default:
			fmt.Fprintf(&texts, "\n**%s** (`%s`)\n\n%s\n", f.Title, f.Name, v)
		}
	}
	return fmt.Sprintf("\n## %s\n\n| | |\n| --- | --- |\n%s%s", values["name"], &facts, &texts)
}
