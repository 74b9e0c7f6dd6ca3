package rng_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/personagen/personagen/engine/internal/rng"
)

func TestPermutationIsABijection(t *testing.T) {
	for n := int64(1); n < 3000; n++ {
		if n > 80 && n%37 != 0 {
			continue
		}
		checkBijection(t, n, rng.Mix(uint64(n)))
	}
	checkBijection(t, 1<<17+1, 3)
}

func checkBijection(t *testing.T, n int64, key uint64) {
	t.Helper()
	p := rng.NewPermutation(n, key)
	seen := make([]bool, n)
	for i := range n {
		x := p.At(i)
		if x < 0 || x >= n || seen[x] {
			t.Fatalf("n = %d: the image %d of %d is outside the domain or not unique", n, x, i)
		}
		seen[x] = true
	}
	if n > rng.Small {
		return
	}
	hashes := p.Hashes(nil)
	for i := range n {
		if got, want := rng.Rank(hashes, int(i)), p.At(i); got != want {
			t.Fatalf("n = %d: got the rank %d of %d, want %d", n, got, i, want)
		}
	}
}

// Large domains cannot be enumerated: some images are in the domain and differ.
func TestPermutationOfLargeDomain(t *testing.T) {
	for _, n := range []int64{1<<32 - 1, 1<<32 + 1, 1<<40 - 7, rng.MaxPermutation} {
		p := rng.NewPermutation(n, 5)
		seen := map[int64]bool{}
		for i := range int64(5000) {
			for _, at := range []int64{i, n - 1 - i} {
				x := p.At(at)
				if x < 0 || x >= n || seen[x] {
					t.Fatalf("n = %d: the image %d of %d is outside the domain or not unique", n, x, at)
				}
				seen[x] = true
			}
		}
	}
}

// Over many keys every permutation of a few values is equally likely, and so is
// every pair of images of more values. The limit is 4.9 standard deviations.
func TestPermutationIsUnbiasedOverKeys(t *testing.T) {
	for n := int64(2); n <= 6; n++ {
		counts := make([]float64, factorial(n))
		const each = 200
		keys := each * len(counts)
		for key := range keys {
			counts[lehmer(rng.NewPermutation(n, rng.Mix(uint64(key+1))), n)]++
		}
		checkUniform(t, fmt.Sprintf("all permutations of %d", n), counts, each)
	}
	for _, n := range []int64{7, 31, 32, 33, 36, 37, 43, 64, 100} {
		counts := make([]float64, n*n)
		const each = 40
		for key := range int(n*n) * each {
			p := rng.NewPermutation(n, rng.Mix(uint64(key+1)))
			counts[p.At(1)*n+p.At(n-1)]++
		}
		checkUniform(t, fmt.Sprintf("pairs of images of %d", n), offDiagonal(counts, n), each*float64(n)/float64(n-1))
	}
}

// The step from the image of one value to that of the next, modulo n, is uniform
// over 1 to n-1.
func TestPermutationHasNoStride(t *testing.T) {
	for _, n := range []int64{97, 1009, 5003} {
		counts := make([]float64, n-1)
		const each = 60
		for key := range uint64(each) {
			p := rng.NewPermutation(n, rng.Mix(key))
			for i := range n {
				step := (p.At((i+1)%n) - p.At(i) + n) % n
				counts[step-1]++
			}
		}
		checkUniform(t, fmt.Sprintf("strides modulo %d", n), counts, each*float64(n)/float64(n-1))
	}
}

func checkUniform(t *testing.T, what string, counts []float64, expected float64) {
	t.Helper()
	df := float64(len(counts) - 1)
	z := (chiSquare(counts, expected) - df) / math.Sqrt(2*df)
	if z > 4.9 && df > 30 || df <= 30 && chiSquare(counts, expected) > df+4.9*math.Sqrt(2*df)+8 {
		t.Errorf("%s: chi-square is %.1f standard deviations above its mean", what, z)
	}
}

func factorial(n int64) int64 {
	if n < 2 {
		return 1
	}
	return n * factorial(n-1)
}

// lehmer numbers the permutations of 0 to n-1.
func lehmer(p rng.Permutation, n int64) int64 {
	var code int64
	for i := range n {
		code *= n - i
		for j := i + 1; j < n; j++ {
			if p.At(j) < p.At(i) {
				code++
			}
		}
	}
	return code
}

func offDiagonal(counts []float64, n int64) []float64 {
	var out []float64
	for i, c := range counts {
		if int64(i)/n != int64(i)%n {
			out = append(out, c)
		}
	}
	return out
}

func ExamplePermutation() {
	p := rng.NewPermutation(1000, 42)
	seen := make([]bool, 1000)
	for i := range int64(1000) {
		seen[p.At(i)] = true
	}
	all := true
	for _, s := range seen {
		all = all && s
	}
	fmt.Println(all)
	// Output: true
}

func BenchmarkPermutation(b *testing.B) {
	for _, n := range []int64{2, 8, 32, 33, 1000, 100_000, 1 << 40} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := rng.NewPermutation(n, 7)
			var i, largest int64
			for b.Loop() {
				largest = max(largest, p.At(i))
				if i++; i == n {
					i = 0
				}
			}
			if largest >= n {
				b.Fatal(largest)
			}
		})
	}
}

func BenchmarkPhilox2x64(b *testing.B) {
	s := rng.New(1, "hue")
	var i int64
	var sum uint64
	for b.Loop() {
		sum += s.Uint64(i)
		i++
	}
	if sum == 0 {
		b.Fatal("all draws were zero")
	}
}
