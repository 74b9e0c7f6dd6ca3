package rng_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/personagen/personagen/engine/internal/rng"
)

func TestPhiloxKnownAnswers(t *testing.T) {
	raw, err := os.ReadFile("testdata/philox.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases struct {
		Vectors []struct {
			Ctr, Key, Out []string
		} `json:"philox2x64_10"`
		Narrow []struct {
			Ctr, Key, Out []string
		} `json:"philox4x32_10"`
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases.Vectors) < 3 || len(cases.Narrow) < 3 {
		t.Fatalf("got %d and %d vectors, want at least 3", len(cases.Vectors), len(cases.Narrow))
	}
	for _, c := range cases.Vectors {
		x, y := rng.Philox2x64(word(t, c.Ctr[0]), word(t, c.Ctr[1]), word(t, c.Key[0]))
		if x != word(t, c.Out[0]) || y != word(t, c.Out[1]) {
			t.Errorf("Philox2x64(%v, %v) = %x %x, want %v", c.Ctr, c.Key, x, y, c.Out)
		}
		if got := paper2x64.block(words(t, c.Ctr), words(t, c.Key)); !slices.Equal(got, words(t, c.Out)) {
			t.Errorf("the paper's Philox2x64(%v, %v) = %x, want %v", c.Ctr, c.Key, got, c.Out)
		}
	}
	for _, c := range cases.Narrow {
		if got := paper4x32.block(words(t, c.Ctr), words(t, c.Key)); !slices.Equal(got, words(t, c.Out)) {
			t.Errorf("the paper's Philox4x32(%v, %v) = %x, want %v", c.Ctr, c.Key, got, c.Out)
		}
	}
}

// The generator agrees on random counters and keys with the paper's definition,
// which the vectors of both widths confirm.
func TestPhiloxAgreesWithThePaper(t *testing.T) {
	source := rng.New(5, "counters").Source()
	for range 2000 {
		ctr, key := []uint64{source.Uint64(), source.Uint64()}, []uint64{source.Uint64()}
		x, y := rng.Philox2x64(ctr[0], ctr[1], key[0])
		if got := paper2x64.block(ctr, key); got[0] != x || got[1] != y {
			t.Fatalf("Philox2x64(%x, %x) = %x %x, want %x", ctr, key, x, y, got)
		}
	}
}

// philox is Philox-NxW with ten rounds, for any number and width of words, as
// section 4.3 of the paper defines it.
type philox struct {
	bits       uint
	multiplier []uint64 // per pair of words
	weyl       []uint64 // per word of the key
}

var (
	paper2x64 = philox{64, []uint64{0xD2B74407B1CE6E93}, []uint64{0x9E3779B97F4A7C15}}
	paper4x32 = philox{32, []uint64{0xD2511F53, 0xCD9E8D57}, []uint64{0x9E3779B9, 0xBB67AE85}}
)

func (p philox) block(counter, key []uint64) []uint64 {
	c, k := slices.Clone(counter), slices.Clone(key)
	mask := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), p.bits), big.NewInt(1))
	for range 10 {
		next := make([]uint64, len(c))
		for pair := range p.multiplier {
			product := new(big.Int).Mul(new(big.Int).SetUint64(p.multiplier[pair]), new(big.Int).SetUint64(c[2*pair]))
			high := new(big.Int).Rsh(product, p.bits).Uint64()
			low := new(big.Int).And(product, mask).Uint64()
			to := len(c) - 2 - 2*pair // the pairs are exchanged
			next[to] = high ^ c[to+1] ^ k[to/2]
			next[to+1] = low
		}
		c = next
		for i := range k {
			k[i] = new(big.Int).And(new(big.Int).Add(new(big.Int).SetUint64(k[i]), new(big.Int).SetUint64(p.weyl[i])), mask).Uint64()
		}
	}
	return c
}

func words(t *testing.T, texts []string) []uint64 {
	t.Helper()
	var out []uint64
	for _, s := range texts {
		out = append(out, word(t, s))
	}
	return out
}

func word(t *testing.T, s string) uint64 {
	t.Helper()
	u, err := strconv.ParseUint(s, 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// The published first outputs of SplitMix64 with seed 1234567 (Rosetta Code,
// "Pseudo-random numbers/Splitmix64").
func TestMixIsSplitMix64(t *testing.T) {
	state := uint64(1234567)
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		state += 0x9E3779B97F4A7C15
		if got := rng.Mix(state); got != want {
			t.Errorf("output %d: got %d, want %d", i, got, want)
		}
	}
}

func TestStreamsDiffer(t *testing.T) {
	seen := map[uint64]string{}
	for seed := range uint64(5) {
		for _, name := range []string{"hue", "zone", "guild", ""} {
			for person := range int64(5) {
				id := fmt.Sprint(seed, name, person)
				u := rng.New(seed, name).Uint64(person)
				if other, ok := seen[u]; ok {
					t.Errorf("%s and %s give the same word", id, other)
				}
				seen[u] = id
			}
		}
	}
}

func TestFloat64IsInsideTheUnitInterval(t *testing.T) {
	for _, u := range []uint64{0, 1, 1 << 63, math.MaxUint64} {
		if f := rng.Float64(u); !(f > 0 && f < 1) {
			t.Errorf("Float64(%d) = %v", u, f)
		}
	}
}

func TestSourceBelowIsUniform(t *testing.T) {
	source := rng.New(1, "hue").Source()
	const draws, cells = 60_000, 6
	var counts [cells]float64
	for range draws {
		counts[source.Below(cells)]++
	}
	if x := chiSquare(counts[:], draws/cells); x > 25.7 { // p = 1e-4 at 5 df
		t.Errorf("chi-square %.1f of %v", x, counts)
	}
}

func ExampleNew() {
	hue := rng.New(2024, "hue")
	// The draw of person 7 does not depend on which others are drawn.
	fmt.Println(hue.Uint64(7) == rng.New(2024, "hue").Uint64(7))
	// Output: true
}

func chiSquare(counts []float64, expected float64) float64 {
	var x float64
	for _, c := range counts {
		x += (c - expected) * (c - expected) / expected
	}
	return x
}
