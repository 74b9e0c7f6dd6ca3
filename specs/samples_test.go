package specs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/run"
)

// sampled are the persons shown in moldova/samples, in that order: a young one in
// a town, a Gagauz at work, a widow alone in a village, a Russian at work, an
// elderly Bulgarian. previewed are as many of the population as it takes.
var sampled = []int{210, 85, 15, 48, 274}

const previewed = 400

// TestSamples makes the persons of moldova/samples again and compares: whoever
// edits the spec or a phrase bank changes them. UPDATE=1 writes them anew.
func TestSamples(t *testing.T) {
	s, err := run.Preview(context.Background(), run.Config{Spec: "moldova.cue"}, previewed)
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
	for _, row := range sampled {
		numbers = append(numbers, fmt.Sprint(row+1))
		lines.Write(rows[row])
		pages += page(t, s, rows[row])
	}
	head := fmt.Sprintf(`# Five personas

Invented people; their texts are put together offline from phrase banks (`+"`text_source` is `offline`"+`): no model wrote them.
They are persons %s of the specification's own population (seed %d, size %d), as

    personagen preview specs/moldova.cue -n %d --json

prints them, one a line. The JSON is in [personas.jsonl](personas.jsonl). Whoever edits the spec or a phrase bank gets other texts; `+"`UPDATE=1 go test ./specs -run Samples`"+` makes the samples anew.
`, strings.Join(numbers, ", "), s.Seed, s.Size, previewed)
	for name, want := range map[string]string{"personas.jsonl": lines.String(), "README.md": head + pages} {
		path := filepath.Join("moldova", "samples", name)
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
			t.Errorf("%s is not what the spec makes; UPDATE=1 go test ./specs -run Samples writes it anew\n%.2000s", path, d)
		}
	}
}

// page shows a person: the facts in a table, then the texts.
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
