package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/release"
)

// quaySource is a spec with a hidden choice that has a condition.
func quaySource(seed string) string {
	return `name: "quay"
population: {size: 60, seed: ` + seed + `}
fields: {
	id: kind: "id"
	side: {kind: "category", values: ["left", "right"]}
	depth: {kind: "integer", min: 1, max: 9}
	load: {kind: "number", normal: {mean: 3, sd: 1}, round: 0.1}
	crate: {kind: "choice", hidden: true, when: side: "left", values: {tin: 1, oak: 1}}
	note: {kind: "template", text: "{{ with .crate }}{{ . }}, boxed{{ else }}=none{{ end }}"}
	gear: {kind: "list", count: {min: 0, max: 2}, values: {rope: 1, net: 1, "a, b": 1}}
	crew: {kind: "records", groups: {
		guest: {count: "depth", when: side: "left", fields: hat: {kind: "choice", values: {tall: 1, flat: 1}}}
		mate: {count: {min: 0, max: 2}, limits: [{field: "rank", at_least: {field: "person.depth", plus: 1}}, {field: "hat", never: hat: "tall"}], fields: {
			rank: {kind: "integer", min: 0, max: 20, cases: [{when: "previous.rank": int, from: "previous.rank", values: {"1": 1, "2": 1}}]}
			hat: {kind: "choice", values: {tall: 1, none: 1}}
			since: {kind: "date", between: {from: "2020-01-01", to: "2020-12-31"}}
			said: {kind: "template", text: "{{ .hat }} of {{ .person.side }}, {{ .guest.hat }}"}
		}}
	}}
	hands: {kind: "count", of: "crew.mate"}
	guests: {kind: "count", of: "crew.guest"}
}
tables: side: {over: ["side"], percent: {left: 50, right: 50}}
`
}

// quayRelease writes a release of quaySource.
func quayRelease(t testing.TB, seed string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "quay.cue")
	if err := os.WriteFile(path, []byte(quaySource(seed)), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	if _, err := Run(context.Background(), Config{Spec: path, Out: out}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestInspect(t *testing.T) {
	other := quayRelease(t, "2")
	manifest := func(dir string, change func(*release.Manifest)) {
		m, err := release.ReadManifest(dir)
		if err != nil {
			t.Fatal(err)
		}
		change(m)
		data, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, release.ManifestFile), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	replace := func(dir, name, from, to string) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Contains(data, []byte(from)) {
			t.Fatalf("%s has no %q (%v)", name, from, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), bytes.Replace(data, []byte(from), []byte(to), 1), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name   string
		damage func(dir string)
		want   string // part of a fault; "" for none
	}{
		{"as written", func(string) {}, ""},
		{"a cell of the CSV file", func(dir string) { replace(dir, "csv/train-00000-of-00001.csv", ",left,", ",right,") }, `column "side" differs from data/train-00000-of-00001.parquet in 1 row`},
		{"a cell of the JSONL file", func(dir string) { replace(dir, "jsonl/train-00000-of-00001.jsonl", "boxed", "Boxed") }, `column "note" differs from data/train-00000-of-00001.parquet in 1 row`},
		{"a lost row", func(dir string) {
			data, _ := os.ReadFile(filepath.Join(dir, "csv/train-00000-of-00001.csv"))
			os.WriteFile(filepath.Join(dir, "csv/train-00000-of-00001.csv"), data[:bytes.LastIndexByte(data[:len(data)-1], '\n')+1], 0o600)
		}, "59 rows, the manifest says 60"},
		{"rows of the manifest", func(dir string) { manifest(dir, func(m *release.Manifest) { m.Rows = 61 }) }, "the data files have 60 rows, the manifest says 61"},
		{"the plan's hash in the manifest", func(dir string) { manifest(dir, func(m *release.Manifest) { m.Plan = strings.Repeat("0", 64) }) }, "the manifest says 000000000000"},
		{"the plan", func(dir string) { replace(dir, "plan.json", `"quay"`, `"quai"`) }, "the plan was changed since it was written"},
		{"the report of another run", func(dir string) {
			replace(dir, "report.html", "", "")
			os.WriteFile(filepath.Join(dir, "report.html"), []byte("<html>another</html>"), 0o600)
		}, "report.html: is not of this run"},
		{"statistics of another run", func(dir string) {
			data, _ := os.ReadFile(filepath.Join(other, "stats.json"))
			os.WriteFile(filepath.Join(dir, "stats.json"), data, 0o600)
		}, "stats.json: is not of this run"},
		{"an extra data file", func(dir string) { os.WriteFile(filepath.Join(dir, "more.csv"), []byte("a\n"), 0o600) }, "more.csv: a data file that is not of this release"},
		{"a missing file", func(dir string) { os.Remove(filepath.Join(dir, "stats.md")) }, "stats.md: missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := quayRelease(t, "1")
			test.damage(dir)
			x, err := release.Inspect(context.Background(), dir, false)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(x.Faults, "\n")
			if test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// A run and a validation of its release agree, hidden fields included.
func TestValidateAgreesWithRun(t *testing.T) {
	dir := quayRelease(t, "1")
	v, err := Validate(context.Background(), ValidateConfig{Paths: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := release.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	for status, n := range m.Checks {
		if v.Result.Counts[status] != n {
			t.Errorf("%s: got %d, the run has %d", status, v.Result.Counts[status], n)
		}
	}
}

// A plan with mutated values is an error or a failed check, never a panic, whether its
// hash is right or not.
func TestMutatedPlanGivesErrors(t *testing.T) {
	dir := quayRelease(t, "1")
	path := filepath.Join(dir, "plan.json")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	tokens := []string{"0", "-1", "null", "[]", "{}", `""`, "1e9", "9999999999", "true", `"x"`}
	refused := 0
	for n := range 600 {
		mutated := withToken(whole, random, tokens)
		if n%2 == 1 { // with the hash that belongs to it
			p, err := plan.Read(mutated)
			if err != nil {
				continue
			}
			p.Stamp()
			mutated, _ = json.Marshal(p)
			m, err := release.ReadManifest(dir)
			if err != nil {
				t.Fatal(err)
			}
			m.Plan = p.Hash
			data, _ := json.Marshal(m)
			os.WriteFile(filepath.Join(dir, release.ManifestFile), data, 0o600)
		}
		if err := os.WriteFile(path, mutated, 0o600); err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() {
				if r := recover(); r != nil {
					t.Errorf("mutation %d panics: %v", n, r)
				}
			}()
			if _, err := Validate(context.Background(), ValidateConfig{Paths: []string{dir}}); errors.Is(err, release.ErrChanged) {
				refused++
			}
		}()
	}
	if refused == 0 {
		t.Error("no mutation was refused")
	}
}

// withToken replaces one value of an indented JSON document, of a key or in a list, by a
// token.
func withToken(data []byte, random *rand.Rand, tokens []string) []byte {
	lines := bytes.Split(data, []byte("\n"))
	for {
		i := random.IntN(len(lines))
		line := string(lines[i])
		value := strings.TrimRight(strings.TrimSpace(line), ",")
		if _, of, ok := strings.Cut(value, `": `); ok {
			value = of
		}
		if value == "" || strings.ContainsAny(value[:1], "[]{}") {
			continue
		}
		at := strings.LastIndex(line, value)
		mutated := bytes.Clone(data[:0])
		for k, l := range lines {
			if k == i {
				l = []byte(line[:at] + tokens[random.IntN(len(tokens))] + line[at+len(value):])
			}
			mutated = append(append(mutated, l...), '\n')
		}
		return mutated
	}
}
