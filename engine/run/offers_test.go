package run

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/release"
)

// TestOffers prices a million tokens in, of which 600,000 are a prefix, and half a million
// out.
func TestOffers(t *testing.T) {
	table := endpoint.PriceTable{Models: []endpoint.ModelPrice{
		{Model: "plain", Price: endpoint.Price{Input: 1, Output: 2}},
		{Model: "cached", Price: endpoint.Price{Input: 1, Cached: 0.5, Output: 2}},
		{Model: "both", Price: endpoint.Price{Input: 1, Cached: 0.5, Output: 2, Batch: 0.5}},
		{Model: "plain", Price: endpoint.Price{Input: 9, Output: 9}},
	}}
	of := func(x float64) *float64 { return &x }
	want := []Offer{
		{Model: "both", Full: 2, Cached: of(1.7), Batch: of(1)},
		{Model: "cached", Full: 2, Cached: of(1.7)},
		{Model: "plain", Full: 2},
	}
	got := offers(table, release.Tokens{Prompt: 1_000_000, Completion: 500_000}, 600_000)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
