package run_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

// TestReadmeProgram checks that the Go program in README.md compiles.
func TestReadmeProgram(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```go\n")
	program, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("README.md has no Go program")
	}
	path := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(path, []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "vet", path).CombinedOutput(); err != nil {
		t.Errorf("got %v, want a program that compiles:\n%s", err, out)
	}
}

const crew = `
name: "crew"
population: {size: 1000, seed: 1}
fields: {
	id: kind: "id"
	post: {kind: "category", values: ["mate", "cook", "gunner"]}
	watch: {kind: "category", values: ["day", "night"]}
}
tables: {
	post: {over: ["post"], percent: {mate: 60, cook: 15, gunner: 25}}
	watch: {over: ["watch"], given: ["post"], percent: {
		mate: {day: 50, night: 50}
		cook: {day: 90, night: 10}
		gunner: {day: 40, night: 60}
	}}
}
`

// writeCrew writes the spec to a temporary folder.
func writeCrew() (spec, dir string) {
	dir, err := os.MkdirTemp("", "crew")
	if err != nil {
		log.Fatal(err)
	}
	spec = filepath.Join(dir, "crew.cue")
	if err := os.WriteFile(spec, []byte(crew), 0o644); err != nil {
		log.Fatal(err)
	}
	return spec, dir
}

// A run turns a spec into a release: a folder with the data, the statistics,
// the plan and a manifest.
func ExampleRun() {
	spec, dir := writeCrew()
	defer os.RemoveAll(dir)
	summary, err := run.Run(context.Background(), run.Config{Spec: spec, Out: filepath.Join(dir, "out"), Formats: []string{"jsonl"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(summary.Manifest.Rows, "persons,", summary.Result.Counts["fail"], "failed checks")
	for _, f := range summary.Manifest.Files {
		fmt.Println(f.Name)
	}
	// Output:
	// 1000 persons, 0 failed checks
	// jsonl/train-00000-of-00001.jsonl
	// plan.json
	// stats.json
	// stats.md
	// README.md
	// croissant.json
	// CITATION.cff
}

// Compile returns all that a run needs, such as the plan: plain data that says
// what a run does.
func ExampleCompile() {
	spec, dir := writeCrew()
	defer os.RemoveAll(dir)
	b, err := run.Compile(context.Background(), spec, "", nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range b.Plan.Tables {
		fmt.Println("table", t.Name)
	}
	// Output:
	// table post
	// table watch
}

// A preview has the first persons that a run would make.
func ExamplePreview() {
	spec, dir := writeCrew()
	defer os.RemoveAll(dir)
	preview, err := run.Preview(context.Background(), run.Config{Spec: spec}, 3)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("the first %d of %d persons, seed %d\n", preview.Persons.N, preview.Size, preview.Seed)
	for _, f := range preview.Plan.Fields {
		fmt.Println(f.Name)
	}
	// Output:
	// the first 3 of 1000 persons, seed 1
	// id
	// post
	// watch
}

// An estimate says what a run would write. It writes nothing.
func ExampleEstimate() {
	spec, dir := writeCrew()
	defer os.RemoveAll(dir)
	forecast, err := run.Estimate(context.Background(), run.Config{Spec: spec, Size: 20_000, Formats: []string{"csv"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range forecast.Files {
		fmt.Printf("%s: %d rows, about %.1f MB\n", f.Name, f.Rows, float64(f.Bytes)/1e6)
	}
	// Output:
	// csv/train-00000-of-00001.csv: 20000 rows, about 0.9 MB
}

// Shards can be made on different machines. Merging them gives the release that
// one run of all persons would have made.
func ExampleMerge() {
	spec, dir := writeCrew()
	defer os.RemoveAll(dir)
	ctx := context.Background()
	var shards []string
	for i := 1; i <= 2; i++ {
		summary, err := run.Run(ctx, run.Config{
			Spec: spec, Out: filepath.Join(dir, fmt.Sprint("part", i)), Shard: release.Shard{Index: i, Of: 2},
		})
		if err != nil {
			log.Fatal(err)
		}
		shards = append(shards, summary.Dir)
	}
	merged, err := run.Merge(ctx, run.MergeConfig{Dirs: shards, Out: filepath.Join(dir, "all")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(merged.Manifest.Rows, "persons")
	// Output: 1000 persons
}

// Validate checks data that was written before against the plan of its release,
// or against a spec.
func ExampleValidate() {
	spec, dir := writeCrew()
	defer os.RemoveAll(dir)
	ctx := context.Background()
	made, err := run.Run(ctx, run.Config{Spec: spec, Out: filepath.Join(dir, "out")})
	if err != nil {
		log.Fatal(err)
	}
	found, err := run.Validate(ctx, run.ValidateConfig{Paths: []string{made.Dir}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.Rows, "rows,", found.Result.Counts["fail"], "failed checks")
	// Output: 1000 rows, 0 failed checks
}

// Compare sets releases, other data files and references side by side.
func ExampleCompare() {
	spec, dir := writeCrew()
	defer os.RemoveAll(dir)
	ctx := context.Background()
	var sets []string
	for seed := uint64(1); seed <= 2; seed++ {
		made, err := run.Run(ctx, run.Config{Spec: spec, Out: filepath.Join(dir, fmt.Sprint("seed", seed)), Seed: &seed})
		if err != nil {
			log.Fatal(err)
		}
		sets = append(sets, made.Dir)
	}
	comparison, err := run.Compare(ctx, run.CompareConfig{Sets: sets})
	if err != nil {
		log.Fatal(err)
	}
	for _, set := range comparison.Sets {
		fmt.Println(set.Name, *set.Rows)
	}
	// Output:
	// seed1 1000
	// seed2 1000
}
