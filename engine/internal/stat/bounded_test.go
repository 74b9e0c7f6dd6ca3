package stat_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/personagen/personagen/engine/internal/stat"
)

// TestBoundedMeanCovers draws samples of scores and counts how often the interval has the
// mean that they were drawn with.
func TestBoundedMeanCovers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, shares := range map[string][]float64{
		"good": {0, 0.02, 0.13, 0.45, 0.4}, "even": {0.2, 0.2, 0.2, 0.2, 0.2}, "ends": {0.5, 0, 0, 0, 0.5}, "high": {0, 0, 0, 0.02, 0.98},
	} {
		mean := 0.0
		for i, p := range shares {
			mean += float64(i+1) * p
		}
		for _, n := range []int{3, 10, 60, 400} {
			const tries = 4000
			covered := 0
			for range tries {
				sum, squares := 0.0, 0.0
				for range n {
					u, x := r.Float64(), 1.0
					for i, p := range shares {
						if x = float64(i + 1); u < p {
							break
						}
						u -= p
					}
					sum += x
					squares += x * x
				}
				low, high := stat.BoundedMean(sum/float64(n), squares/float64(n), float64(n), 1, 5, stat.Z95)
				if low <= mean && mean <= high {
					covered++
				}
			}
			if share := float64(covered) / tries; share < 0.93 {
				t.Errorf("%s, %d persons: the interval covers the mean in %.3f of the samples", name, n, share)
			}
		}
	}
}

func ExampleBoundedMean() {
	for _, n := range []float64{1, 10, 100} { // everybody has the highest score
		low, high := stat.BoundedMean(5, 25, n, 1, 5, stat.Z95)
		fmt.Printf("%3.0f: %.2f to %.2f\n", n, low, high)
	}
	low, high := stat.BoundedMean(math.NaN(), math.NaN(), 0, 1, 5, stat.Z95)
	fmt.Printf("  0: %.2f to %.2f\n", low, high)
	// Output:
	//   1: 1.68 to 5.00
	//  10: 3.70 to 5.00
	// 100: 4.82 to 5.00
	//   0: 1.00 to 5.00
}
