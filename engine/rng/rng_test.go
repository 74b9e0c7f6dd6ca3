package rng_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/personagen/personagen/engine/rng"
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
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases.Vectors) < 3 {
		t.Fatalf("%d vectors, want at least 3", len(cases.Vectors))
	}
	for _, c := range cases.Vectors {
		x, y := rng.Philox2x64(word(t, c.Ctr[0]), word(t, c.Ctr[1]), word(t, c.Key[0]))
		if x != word(t, c.Out[0]) || y != word(t, c.Out[1]) {
			t.Errorf("Philox2x64(%v, %v) = %x %x, want %v", c.Ctr, c.Key, x, y, c.Out)
		}
	}
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
			t.Errorf("output %d: %d, want %d", i, got, want)
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
	// Person 7's draw is the same whoever else is drawn.
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
