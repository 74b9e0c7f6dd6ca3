package run

import (
	"slices"
	"testing"
)

// Money of different currencies is not added up.
func TestCostOfParts(t *testing.T) {
	part := func(cost ...Sum) *Texts { return &Texts{Provider: "p", Model: "m", Cost: cost} }
	sum := part(Sum{0.1, "EUR"}).with(part(Sum{0.2, "USD"})).with(part()).with(part(Sum{0.2, "EUR"}))
	if want := []Sum{{0.3, "EUR"}, {0.2, "USD"}}; !slices.Equal(sum.Cost, want) {
		t.Errorf("%v, want %v", sum.Cost, want)
	}
}
