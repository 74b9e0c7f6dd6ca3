package run_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

// isle is a spec whose persons have a tale and a list of tools from phrase banks.
const isle = `name: "isle", population: {size: 3000, seed: 4}
narrator: {banks: ["isle.txt"], forms: {by: "hue", values: ["red", "blue"]}}
fields: {
	id: kind: "id"
	hue: {kind: "category", values: ["red", "blue"]}
	turns: {kind: "integer", min: 0, max: 49}
	inner: {kind: "group", hidden: true, of: "turns", cuts: [0, 25], labels: ["calm", "stormy"]}
	tools: {kind: "text_list", items: {min: 1, max: 2}, chars: {min: 1, max: 40}, offline: parts: ["tool"]}
	tale: {kind: "text", when: turns: >=5, chars: {min: 10, target: 60, max: 200}, offline: {parts: ["tale"], more: ["more"]}}
	by: kind: "text_source"
}
`

const isleBanks = `[tool]
a knife
two nets
[tale]
after {turns} turns {his|her} days are {inner}.
{his|her} {tools} hang by the door.
[more]
the sea is near.
nobody asks why!
gulls cry. the wind turns.
`

func isleSpec(t *testing.T) (spec, dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{"isle.cue": isle, "isle.txt": isleBanks} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "isle.cue"), dir
}

func runIsle(t *testing.T, cfg run.Config) *run.Summary {
	t.Helper()
	s, err := run.Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// person is a line of JSONL.
type person struct {
	ID    string   `json:"id"`
	Hue   string   `json:"hue"`
	Turns int      `json:"turns"`
	Tools []string `json:"tools"`
	Tale  *string  `json:"tale"`
	By    string   `json:"by"`
}

func people(t *testing.T, lines string) (out []person) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(lines))
	for d.More() {
		var p person
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

func TestTextsReachTheRelease(t *testing.T) {
	spec, dir := isleSpec(t)
	s := runIsle(t, run.Config{Spec: spec, Out: filepath.Join(dir, "out")})
	all := files(t, s.Dir)
	persons := people(t, all["jsonl/train-00000-of-00001.jsonl"])
	if len(persons) != 3000 || !slices.Contains(s.Manifest.Columns, "tale") {
		t.Fatalf("%d persons, columns %v", len(persons), s.Manifest.Columns)
	}
	for _, p := range persons {
		if (p.Tale == nil) != (p.Turns < 5) || len(p.Tools) == 0 || p.By != "offline" {
			t.Fatalf("%+v", p)
		}
		if p.Tale == nil {
			continue
		}
		if own := map[string]string{"red": "is ", "blue": "er "}[p.Hue]; !strings.Contains(*p.Tale, " h"+own) && !strings.HasPrefix(*p.Tale, "H"+own) {
			t.Fatalf("%s: %s", p.Hue, *p.Tale)
		}
	}
	if got := parquetTales(t, filepath.Join(s.Dir, "data/train-00000-of-00001.parquet")); got[7] != deref(persons[7].Tale) || got[2999] != deref(persons[2999].Tale) {
		t.Errorf("Parquet has %q, JSONL %q", got[7], deref(persons[7].Tale))
	}
	if _, err := run.Validate(context.Background(), run.ValidateConfig{Paths: []string{s.Dir}}); err != nil {
		t.Error(err)
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func parquetTales(t *testing.T, path string) []string {
	t.Helper()
	schema := frame.Schema{{Name: "tale", Type: frame.Text, Nullable: true}}
	r, err := dataset.Open(path, dataset.OpenOptions{Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out []string
	b := frame.New(schema)
	for len(out) < 3000 {
		n, err := r.Read(b, 1000)
		if err != nil || n == 0 {
			t.Fatal(n, err)
		}
		for _, tale := range b.Columns[0].Texts[:n] {
			out = append(out, strings.Clone(tale))
		}
	}
	return out
}

// The data has the same bytes with any number of workers and when it is merged from
// shards, even if a shard begins within a hundred persons, whose texts depend on
// each other.
func TestTextsInAnyParts(t *testing.T) {
	const size = 3050
	spec, dir := isleSpec(t)
	want := files(t, runIsle(t, run.Config{Spec: spec, Size: size, Out: filepath.Join(dir, "one"), Workers: 1}).Dir)
	three := files(t, runIsle(t, run.Config{Spec: spec, Size: size, Out: filepath.Join(dir, "three"), Workers: 3}).Dir)
	var parts []string
	for i := 1; i <= 3; i++ {
		parts = append(parts, runIsle(t, run.Config{Spec: spec, Size: size, Out: filepath.Join(dir, "part", string(rune('0'+i))), Shard: release.Shard{Index: i, Of: 3}}).Dir)
	}
	merged, err := run.Merge(context.Background(), run.MergeConfig{Dirs: parts, Out: filepath.Join(dir, "merged")})
	if err != nil {
		t.Fatal(err)
	}
	joined := files(t, merged.Dir)
	for _, name := range []string{"data/train-00000-of-00001.parquet", "jsonl/train-00000-of-00001.jsonl", "csv/train-00000-of-00001.csv"} {
		if three[name] != want[name] {
			t.Errorf("%s differs with three workers", name)
		}
		if joined[name] != want[name] {
			t.Errorf("%s differs when merged from three shards", name)
		}
	}
}

// A release without texts has the same persons and no columns for texts.
func TestNoTexts(t *testing.T) {
	spec, dir := isleSpec(t)
	with := runIsle(t, run.Config{Spec: spec, Out: filepath.Join(dir, "with"), Provider: run.Offline})
	without := runIsle(t, run.Config{Spec: spec, Out: filepath.Join(dir, "without"), Provider: run.NoTexts})
	if d := cmp.Diff([]string{"id", "hue", "turns"}, without.Manifest.Columns); d != "" {
		t.Error(d)
	}
	a, b := people(t, files(t, with.Dir)["jsonl/train-00000-of-00001.jsonl"]), people(t, files(t, without.Dir)["jsonl/train-00000-of-00001.jsonl"])
	for i := range a {
		if a[i].ID != b[i].ID || a[i].Hue != b[i].Hue || a[i].Turns != b[i].Turns || b[i].Tale != nil {
			t.Fatalf("%+v became %+v", a[i], b[i])
		}
	}
	if with.Manifest.Plan == without.Manifest.Plan || with.Manifest.Structure != without.Manifest.Structure {
		t.Error("the plans are equal, or the persons differ")
	}
	if _, err := run.Validate(context.Background(), run.ValidateConfig{Paths: []string{without.Dir}}); err != nil {
		t.Error(err)
	}
	if _, err := run.Run(context.Background(), run.Config{Spec: spec, Out: filepath.Join(dir, "x"), Provider: "oracle"}); !errors.Is(err, run.ErrUsage) {
		t.Errorf("an unknown provider: %v", err)
	}
}

// A preview has the texts that a run writes.
func TestPreviewShowsTexts(t *testing.T) {
	spec, dir := isleSpec(t)
	sketch, err := run.Preview(context.Background(), run.Config{Spec: spec}, 20)
	if err != nil {
		t.Fatal(err)
	}
	var lines bytes.Buffer
	if err := sketch.WriteJSONL(&lines); err != nil {
		t.Fatal(err)
	}
	released := files(t, runIsle(t, run.Config{Spec: spec, Out: filepath.Join(dir, "out"), Formats: []string{"jsonl"}}).Dir)["jsonl/train-00000-of-00001.jsonl"]
	if !strings.HasPrefix(released, lines.String()) {
		t.Errorf("the preview differs:\n%s", lines.String())
	}
}
