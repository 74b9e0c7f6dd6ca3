package specs_test

import (
	"testing"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/run"
)

// sealed returns the encoded bundle of the Moldovan spec, with the counts of its
// default population.
func sealed(t testing.TB) []byte {
	t.Helper()
	estimate, err := run.Estimate(t.Context(), run.Config{Spec: moldova, Cache: cache, Formats: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := estimate.Bundle.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func BenchmarkDecodeBundle(b *testing.B) {
	data := sealed(b)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := bundle.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeBundle(b *testing.B) {
	x, err := bundle.Decode(sealed(b))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := x.Encode(); err != nil {
			b.Fatal(err)
		}
	}
}
