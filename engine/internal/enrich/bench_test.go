package enrich_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/endpoint/fake"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/journal"
)

// BenchmarkRun writes the texts of persons with a model that answers at once. It
// measures a person's two calls without the endpoint, asked for and then found in
// the journal.
func BenchmarkRun(b *testing.B) {
	w := newWorld(b, letters)
	for _, cached := range []bool{false, true} {
		b.Run(fmt.Sprintf("cached=%v", cached), func(b *testing.B) {
			dir := b.TempDir()
			j, err := journal.Open(dir, journal.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer j.Close()
			for n := 0; b.Loop(); n++ {
				o := enrich.Options{Model: "m"}
				if !cached {
					o.Population = fmt.Sprint(n) // so that nothing is in the journal
				}
				e, err := enrich.New(w.plan, j, o)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := e.Run(context.Background(), &writer{}, w.source, 0, people, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*people), "µs/person")
		})
	}
}

// BenchmarkRunBatches writes the texts of persons in batches that are answered at
// once. It measures a request from the prompt to the journal, including the fake
// server.
func BenchmarkRunBatches(b *testing.B) {
	w, s := newWorld(b, letters), &fake.Server{}
	c, err := endpoint.New(endpoint.Config{BaseURL: "http://fake/v1", Model: "m", Mode: endpoint.Strict, Transport: s.Transport(), Local: true,
		Batch: endpoint.BatchConfig{Requests: 1000, Poll: 1, MaxPoll: 1}}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	dir := b.TempDir()
	j, err := journal.Open(dir, journal.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	for n := 0; b.Loop(); n++ {
		e, err := enrich.New(w.plan, j, enrich.Options{Population: fmt.Sprint(n)})
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := e.RunBatches(context.Background(), c, enrich.BatchOptions{Dir: filepath.Join(dir, "batches")}, w.source, 0, people); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*people), "µs/person")
}
