package check

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/plan"
)

// part is what is written of a tally.
type part struct{ tally, fingerprints []byte }

func serialised(t testing.TB, tallies []*Tally) (parts []part) {
	t.Helper()
	for _, tally := range tallies {
		data, err := tally.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var fingerprints bytes.Buffer
		if err := tally.WriteFingerprints(&fingerprints); err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part{data, fingerprints.Bytes()})
	}
	return parts
}

// joined joins parts in any order, and searches their fingerprints in three shares.
func joined(t testing.TB, p *plan.Plan, o Options, parts []part) *Result {
	t.Helper()
	s := New(p, o)
	defer s.Close()
	sum := s.NewTally()
	for _, i := range rand.Perm(len(parts)) {
		read, err := s.ReadTally(parts[i].tally)
		if err != nil {
			t.Fatal(err)
		}
		again, err := read.MarshalBinary()
		if err != nil || !bytes.Equal(again, parts[i].tally) {
			t.Errorf("a tally has other bytes when it is written again (%v)", err)
		}
		sum.Merge(read)
	}
	for _, of := range [][2]int{{0, 100}, {100, 101}, {101, FingerprintPartitions}} {
		x := s.NewSearch(of[0], of[1])
		for _, part := range parts {
			at, n := x.Index()
			index := part.fingerprints[at : at+n]
			at, n, err := x.Partitions(index)
			if err != nil {
				t.Fatal(err)
			}
			if err := x.Add(index, part.fingerprints[at:at+n], 0, mostRows); err != nil {
				t.Fatal(err)
			}
		}
		found, err := x.Result()
		if err != nil {
			t.Fatal(err)
		}
		if err := sum.AddRepeats(found); err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.Result(sum)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func resultText(t testing.TB, r *Result) string {
	t.Helper()
	text, err := json.MarshalIndent([]any{r, r.Profiles, r.Observed, r.Texts, r.Groups}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTallyBytes: the bytes of joined tallies do not depend on which of them saw which
// rows, nor on the order in which they were joined.
func TestTallyBytes(t *testing.T) {
	cells, share := quotaCells(6000, 1)
	p, hall, village := town(t, share), hall(t), village()
	for _, c := range []struct {
		name string
		plan *plan.Plan
		all  []*frame.Batch
	}{
		{"town", p, batches(p, cells, 0, 500)},
		{"hall", hall, []*frame.Batch{cut(hall, members(hall, 7, 3000), 0, 1000), cut(hall, members(hall, 7, 3000), 1000, 2000)}},
		{"village", village, []*frame.Batch{villagers(village, 0, 3000, 12), villagers(village, 3000, 1000, 12)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want part
			for _, workers := range []int{1, 2, 3} {
				s := New(c.plan, Options{Rows: 6000, TempDir: t.TempDir(), Spill: 700 * workers})
				tallies := make([]*Tally, workers)
				for i := range tallies {
					tallies[i] = s.NewTally()
				}
				for i, b := range c.all {
					tallies[i%workers].Add(b)
				}
				for len(tallies) > 1 {
					i := rand.IntN(len(tallies) - 1)
					tallies[i].Merge(tallies[i+1])
					tallies = slices.Delete(tallies, i+1, i+2)
				}
				got := serialised(t, tallies)[0]
				if want.tally == nil {
					want = got
				}
				if !bytes.Equal(got.tally, want.tally) {
					t.Errorf("%d workers: the tally has other bytes", workers)
				}
				if !bytes.Equal(got.fingerprints, want.fingerprints) {
					t.Errorf("%d workers: the fingerprints have other bytes", workers)
				}
				s.Close()
			}
		})
	}
}

// townPart returns what is written of 600 persons of a town, and their suite.
func townPart(t *testing.T) (*plan.Plan, *Suite, part) {
	t.Helper()
	cells, share := quotaCells(600, 1)
	p := town(t, share)
	s := New(p, Options{Rows: 600})
	tally := s.NewTally()
	for _, b := range batches(p, cells, 0, 600) {
		tally.Add(b)
	}
	return p, s, serialised(t, []*Tally{tally})[0]
}

// TestTallyOfAnother: a tally of another plan or population is refused.
func TestTallyOfAnother(t *testing.T) {
	p, s, written := townPart(t)
	data := written.tally
	for name, other := range map[string]*Suite{
		"more persons": New(p, Options{Rows: 601}), "independent": New(p, Options{Rows: 600, Sampling: Independent}), "another plan": New(hall(t), Options{Rows: 600}),
	} {
		if _, err := other.ReadTally(data); err == nil {
			t.Errorf("%s: the tally was accepted", name)
		}
	}
	for n := 0; n < len(data); n += 1 + len(data)/200 {
		if _, err := s.ReadTally(data[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were accepted", n, len(data))
		}
	}
}

// TestDamagedFingerprints: a changed bit is found.
func TestDamagedFingerprints(t *testing.T) {
	_, s, written := townPart(t)
	data := written.fingerprints
	for i := range 400 {
		bit := i * len(data) * 8 / 400
		bad := bytes.Clone(data)
		bad[bit/8] ^= 1 << (bit % 8)
		x := s.NewSearch(0, FingerprintPartitions)
		at, n := x.Index()
		index := bad[at : at+n]
		from, length, err := x.Partitions(index)
		if err == nil && from+length <= int64(len(bad)) {
			err = x.Add(index, bad[from:from+length], 0, 600)
		}
		if err == nil {
			t.Errorf("bit %d: the damage was not found", bit)
		}
	}
	x := s.NewSearch(0, FingerprintPartitions)
	at, n := x.Index()
	if err := x.Add(data[at:at+n], data[n:], 0, 600); err != nil {
		t.Error(err)
	}
	if err := s.NewSearch(0, FingerprintPartitions).Add(data[at:at+n], data[n:], 600, 1200); err == nil {
		t.Error("fingerprints of other rows were accepted")
	}
}

// FuzzReadTally: whatever is read as a tally can be joined with others and judged.
func FuzzReadTally(f *testing.F) {
	cells, share := quotaCells(600, 1)
	type suite struct {
		*Suite
		batch *frame.Batch
	}
	p, hall, village := town(f, share), hall(f), village()
	suites := []suite{
		{New(p, Options{Rows: 600}), batches(p, cells, 0, 600)[0]},
		{New(hall, Options{Rows: 600}), members(hall, 7, 600)},
		{New(village, Options{Rows: 600}), villagers(village, 0, 600, 12)},
	}
	for i, s := range suites {
		tally := s.NewTally()
		tally.Add(s.batch)
		data := serialised(f, []*Tally{tally})[0].tally
		f.Add(uint8(i), data)
		f.Add(uint8(i), data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, i uint8, data []byte) {
		s := suites[int(i)%len(suites)]
		read, err := s.ReadTally(data)
		if err != nil {
			return
		}
		sum := s.NewTally()
		sum.Add(s.batch)
		sum.Merge(read)
		s.Result(sum)
	})
}
