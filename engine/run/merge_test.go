package run

import (
	"slices"
	"testing"

	"github.com/personagen/personagen/engine/release"
)

// Money of different currencies is not added up.
func TestCostOfParts(t *testing.T) {
	eur := func(amount float64) release.Sum { return release.Sum{Amount: amount, Currency: "EUR"} }
	usd := func(amount float64) release.Sum { return release.Sum{Amount: amount, Currency: "USD"} }
	var sum *release.Texts
	for _, cost := range [][]release.Sum{{eur(0.1)}, {usd(0.2)}, nil, {eur(0.2)}} {
		sum = AddTexts(sum, &release.Texts{Provider: "p", Model: "m", Cost: cost})
	}
	if want := []release.Sum{eur(0.3), usd(0.2)}; !slices.Equal(sum.Cost, want) {
		t.Errorf("got %v, want %v", sum.Cost, want)
	}
}
