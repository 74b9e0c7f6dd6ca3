package release_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

const spec = `
name: "crew"
population: {size: 1000, seed: 1}
fields: {
	id: kind: "id"
	post: {kind: "category", values: ["mate", "cook", "gunner"]}
}
tables: post: {over: ["post"], percent: {mate: 60, cook: 15, gunner: 25}}
`

// makeRelease makes a release in a temporary folder.
func makeRelease() (dir string, remove func()) {
	parent, err := os.MkdirTemp("", "crew")
	if err != nil {
		log.Fatal(err)
	}
	path := filepath.Join(parent, "crew.cue")
	if err := os.WriteFile(path, []byte(spec), 0o644); err != nil {
		log.Fatal(err)
	}
	made, err := run.Run(context.Background(), run.Config{Spec: path, Out: filepath.Join(parent, "out")})
	if err != nil {
		log.Fatal(err)
	}
	return made.Dir, func() { os.RemoveAll(parent) }
}

// Open reads the plan and the manifest of a release. Rows reads its persons in
// batches of columns; a category is a code, an index into the labels of its
// field.
func ExampleOpen() {
	dir, remove := makeRelease()
	defer remove()
	r, err := release.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	schema := r.Plan.Schema()
	column := schema.Index("post")
	counts := make([]int, len(schema[column].Labels))
	rows := r.Rows()
	defer rows.Close()
	for first := int64(0); ; {
		b, err := rows.Batch(first, 100)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		for _, code := range b.Columns[column].Codes {
			counts[code]++
		}
		first += int64(b.N)
	}
	for code, label := range schema[column].Labels {
		fmt.Println(label, counts[code])
	}
	// Output:
	// mate 600
	// cook 150
	// gunner 250
}

// Verify reports files that are missing or were changed.
func ExampleVerify() {
	dir, remove := makeRelease()
	defer remove()
	if err := os.Remove(filepath.Join(dir, release.StatsTextFile)); err != nil {
		log.Fatal(err)
	}
	faults, err := release.Verify(context.Background(), dir)
	if err != nil {
		log.Fatal(err)
	}
	for _, fault := range faults {
		fmt.Println(fault[len(dir)+1:])
	}
	// Output: stats.md: missing
}
