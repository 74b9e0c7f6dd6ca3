package run_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/personagen/personagen/engine/run"
)

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

// A run turns a spec into a release: a folder with the data, the statistics,
// the plan and a manifest.
func ExampleRun() {
	dir, err := os.MkdirTemp("", "crew")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	spec := filepath.Join(dir, "crew.cue")
	if err := os.WriteFile(spec, []byte(crew), 0o644); err != nil {
		panic(err)
	}
	summary, err := run.Run(context.Background(), run.Config{Spec: spec, Out: filepath.Join(dir, "out"), Formats: []string{"jsonl"}})
	if err != nil {
		panic(err)
	}
	fmt.Println(summary.Manifest.Rows, "persons,", summary.Result.Counts["fail"], "failed checks")
	for _, f := range summary.Manifest.Files {
		fmt.Println(f.Name)
	}
	// Output:
	// 1000 persons, 0 failed checks
	// personas.jsonl
	// plan.json
	// stats.json
	// stats.md
	// README.md
	// croissant.json
	// CITATION.cff
}
