package check

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/plan"
)

// TestMutations changes a correct population in one way at a time: the checks that
// should fail do, and no others.
func TestMutations(t *testing.T) {
	const n = 6000
	cells, share := quotaCells(n, 1)
	p := town(t, share)
	tests := []struct {
		name   string
		spoil  func(b *frame.Batch)
		want   []string
		unless []string // that may fail too
	}{
		{name: "right", spoil: func(*frame.Batch) {}},
		{
			name: "labels swapped in 2 % of rows",
			spoil: func(b *frame.Batch) {
				for r := 0; r < b.N; r += 50 {
					b.Columns[tHue].Codes[r] = (b.Columns[tHue].Codes[r] + 1) % 2 // never the hue that may be impossible
				}
			},
			want: []string{"margin.hue", "table.hue_by_zone"},
		},
		{
			name: "zones exchanged between persons",
			spoil: func(b *frame.Batch) {
				z := b.Columns[tZone].Codes
				for r := 0; r+60 < b.N; r += 120 {
					if b.Columns[tHue].Codes[r] != 2 && b.Columns[tHue].Codes[r+60] != 2 {
						z[r], z[r+60] = z[r+60], z[r]
					}
				}
			},
			want:   []string{"table.hue_by_zone"},
			unless: []string{"table.guild_of_grown"},
		},
		{
			name: "everyone between 16 and 38 a year older, bands as they should be",
			spoil: func(b *frame.Batch) {
				for r, a := range b.Columns[tAge].Ints {
					if a >= 16 && a < 39 {
						b.Columns[tAge].Ints[r]++
						b.Columns[tBand].Codes[r] = int32((a + 1) / 10)
					}
				}
			},
			want: []string{"margin.age", "margin.band", "table.guild_by_band"},
		},
		{
			name: "ages shifted, bands left",
			spoil: func(b *frame.Batch) {
				for r, a := range b.Columns[tAge].Ints {
					if a == 29 {
						b.Columns[tAge].Ints[r] = 30
					}
				}
			},
			want: []string{"group.band", "margin.age"},
		},
		{
			name: "rows repeated with their ids",
			spoil: func(b *frame.Batch) {
				for i := range b.Columns {
					c := &b.Columns[i]
					for _, r := range []int{1, 2} {
						switch b.Schema[i].Type {
						case frame.Category:
							c.Codes[r] = c.Codes[0]
						case frame.Integer:
							c.Ints[r] = c.Ints[0]
						case frame.Number:
							c.Floats[r] = c.Floats[0]
						case frame.Text:
							c.Texts[r] = c.Texts[0]
						case frame.CategoryList:
							c.Codes = []int32{}
							clear(c.Offsets)
						}
					}
				}
			},
			want:   []string{"unique.id", "persons"},
			unless: []string{"margin.hue", "margin.zone", "margin.age", "margin.band", "margin.guild", "table.hue_by_zone", "table.guild_by_band", "table.guild_of_grown"},
		},
		{
			name: "the same persons under other ids",
			spoil: func(b *frame.Batch) {
				clear(b.Columns[tTags].Offsets)
				r := slices.Index(cells[1:], cells[0]) + 1 // of two persons of one cell, the second gets the first's draws
				b.Columns[tScore].Floats[r] = b.Columns[tScore].Floats[0]
				b.Columns[tName].Texts[r] = b.Columns[tName].Texts[0]
			},
			want: []string{"persons"},
		},
		{
			name:  "one id twice",
			spoil: func(b *frame.Batch) { b.Columns[tID].Texts[5] = b.Columns[tID].Texts[4000] },
			want:  []string{"unique.id"},
		},
		{
			name: "an impossible person",
			spoil: func(b *frame.Batch) {
				r := slices.Index(b.Columns[tHue].Codes, 2)
				b.Columns[tZone].Codes[r] = 3
			},
			want: []string{"impossible.1", "table.hue_by_zone"},
		},
		{
			name:  "a group that contradicts its base",
			spoil: func(b *frame.Batch) { b.Columns[tBand].Codes[17] = 3 - b.Columns[tBand].Codes[17] },
			want:  []string{"group.band"},
			unless: []string{
				"table.guild_by_band", // the band of the young is not one of null guilds
			},
		},
		{
			name: "null where there should be a value",
			spoil: func(b *frame.Batch) {
				r := slices.IndexFunc(b.Columns[tAge].Ints, func(a int64) bool { return a == 20 })
				b.Columns[tGuild].Codes[r] = -1
			},
			want: []string{"nulls.guild", "table.guild_by_band", "table.guild_of_grown"},
		},
		{
			name: "a value where there should be null",
			spoil: func(b *frame.Batch) {
				r := slices.IndexFunc(b.Columns[tAge].Ints, func(a int64) bool { return a == 3 })
				b.Columns[tGuild].Codes[r] = 0
			},
			want: []string{"nulls.guild", "table.guild_by_band"},
		},
		{
			name:  "null in a column that has none",
			spoil: func(b *frame.Batch) { b.Columns[tScore].Null = make([]bool, b.N); b.Columns[tScore].Null[9] = true },
			want:  []string{"nulls.score"},
		},
		{
			name: "unknown labels",
			spoil: func(b *frame.Batch) {
				for r := range 3 {
					b.Columns[tZone].Codes[r] = -2
				}
			},
			want:   []string{"values.zone"},
			unless: []string{"margin.zone", "table.hue_by_zone", "table.guild_of_grown"},
		},
		{
			name:   "a number outside the domain",
			spoil:  func(b *frame.Batch) { b.Columns[tAge].Ints[3] = ages },
			want:   []string{"values.age", "nulls.guild"},
			unless: []string{"margin.age", "nulls.guild"},
		},
		{
			name:  "a number outside its range, one that is not finite",
			spoil: func(b *frame.Batch) { b.Columns[tScore].Floats[3], b.Columns[tScore].Floats[4] = -1, math.NaN() },
			want:  []string{"values.score"},
		},
		{
			name:  "an empty text",
			spoil: func(b *frame.Batch) { b.Columns[tName].Texts[8] = "" },
			want:  []string{"values.name"},
		},
		{
			name:  "an unknown item in a list",
			spoil: func(b *frame.Batch) { b.Columns[tTags].Codes[0] = -2 },
			want:  []string{"values.tags"},
		},
		{
			name: "hue follows age",
			spoil: func(b *frame.Batch) { // the same hues and zones, reordered by age
				order := make([]int, b.N)
				for i := range order {
					order[i] = i
				}
				slices.SortStableFunc(order, func(x, y int) int { return int(b.Columns[tAge].Ints[x] - b.Columns[tAge].Ints[y]) })
				hue, zone := slices.Clone(b.Columns[tHue].Codes), slices.Clone(b.Columns[tZone].Codes)
				by := slices.Clone(order)
				slices.Sort(by)
				slices.SortStableFunc(by, func(x, y int) int { return int(hue[x]) - int(hue[y]) })
				for k, r := range order {
					b.Columns[tHue].Codes[r], b.Columns[tZone].Codes[r] = hue[by[k]], zone[by[k]]
				}
			},
			want:   []string{"independent.hue.age"},
			unless: []string{"independent.zone.guild", "table.guild_of_grown"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := people(p, cells, 0)
			test.spoil(b)
			r := judge(t, p, Options{Rows: n}, 1, []*frame.Batch{b})
			got := failed(r)
			for _, id := range test.want {
				if !slices.Contains(got, id) && !slices.Contains(test.unless, id) {
					t.Errorf("got no failure of %s, want one", id)
				}
			}
			for _, o := range r.Failures() {
				if !slices.Contains(test.want, o.ID) && !slices.Contains(test.unless, o.ID) {
					t.Errorf("got a failure of %s, want none: %s", o.ID, o.Message)
				}
			}
			if (len(got) == 0) != (r.Headline() == fmt.Sprintf("all %d checks of 6,000 persons passed", len(r.Outcomes))) {
				t.Errorf("got headline %q", r.Headline())
			}
		})
	}
}

// TestMerge: the result is the same to the byte for any number of tallies, any size of
// batches, in memory and on disk.
func TestMerge(t *testing.T) {
	cells, share := quotaCells(6000, 1)
	p := town(t, share)
	spoilt := func(size int) []*frame.Batch {
		all := batches(p, cells, 0, size)
		for _, b := range all {
			for r := range b.N {
				if b.First+int64(r) == 4321 {
					b.Columns[tID].Texts[r] = "id-00000077"
					b.Columns[tHue].Codes[r] = -2
					b.Columns[tBand].Codes[r] ^= 1
				}
			}
		}
		return all
	}
	var want []byte
	for _, c := range []struct{ workers, size, spill int }{{1, 6000, 0}, {1, 512, 0}, {5, 512, 0}, {3, 97, 0}, {2, 300, 100}, {4, 64, 1000}} {
		r := judge(t, p, Options{Spill: c.spill}, c.workers, spoilt(c.size))
		got, err := json.MarshalIndent([]any{r, r.Profiles, r.Observed}, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%+v: %s", c, d)
		}
	}
	if !strings.Contains(string(want), "person 4321 has that of person 77") {
		t.Error("got no repeated id, want person 4321 and person 77")
	}
}

// TestFalseAlarms: independent draws are right, so that no test may fail, and p-values
// are as spread as they should be.
func TestFalseAlarms(t *testing.T) {
	share := townShares()
	p := town(t, share)
	below, alarms := map[string]int{}, 0
	const seeds = 200
	for seed := range uint64(seeds) {
		r := judgeOnce(t, p, Options{Sampling: Independent}, batches(p, drawnCells(800, share, seed), 0, 800))
		for _, o := range r.Failures() {
			t.Errorf("seed %d: %s: %s", seed, o.ID, o.Message)
		}
		least := 1.0
		for _, o := range r.Outcomes {
			if o.Test != nil {
				least = min(least, o.Test.PHolm)
			}
			if o.Test != nil && o.Test.P < 0.1 {
				below[o.ID]++
			}
			if o.Test != nil && o.Test.PDeviance < 0.1 {
				below[o.ID+" deviance"]++
			}
		}
		if least < 0.05 {
			alarms++
		}
	}
	// With a budget of 5 %, 10 of 200 runs are expected to fail; 22 is four standard
	// deviations above.
	if alarms > 22 {
		t.Errorf("got %d of %d runs that fail with a budget of 5 %%, want 22 at most", alarms, seeds)
	}
	// 20 of 200 are expected; 6 to 40 is within four standard deviations.
	for id, n := range below {
		if n < 6 || n > 40 {
			t.Errorf("%s: got p < 0.1 for %d of %d seeds, want 6 to 40", id, n, seeds)
		}
	}
	if len(below) < 16 {
		t.Errorf("got %d tests, want 16 or more", len(below))
	}
}

// TestParts: prefixes and shards of exact quota populations of any size do not fail.
func TestParts(t *testing.T) {
	const n = 4000
	for seed := range uint64(25) {
		cells, share := quotaCells(n, seed)
		p := town(t, share)
		for _, size := range []int{40, 400, 1000, 2000, 3600, 3990, 3999} {
			first := 0
			if seed%2 == 1 {
				first = n - size
			}
			r := judge(t, p, Options{First: int64(first), Total: n, Parts: 8}, 1, batches(p, cells[first:first+size], int64(first), 4000))
			for _, o := range r.Failures() {
				t.Errorf("seed %d, %d of %d: %s: %s", seed, size, n, o.ID, o.Message)
			}
		}
	}
}

// TestPartCaught: a part that is not a random one fails.
func TestPartCaught(t *testing.T) {
	cells, share := quotaCells(8000, 1)
	p := town(t, share)
	slices.Sort(cells) // the first quarter has one hue only
	r := judge(t, p, Options{Total: 8000}, 1, batches(p, cells[:2000], 0, 500))
	for _, id := range []string{"margin.hue", "table.hue_by_zone"} {
		if !slices.Contains(failed(r), id) {
			t.Errorf("got no failure of %s, want one", id)
		}
	}
}

// TestExceptions: a cell that is off by more than its limit fails, unless the
// allocation listed it with as many persons.
func TestExceptions(t *testing.T) {
	cells, share := quotaCells(6000, 1)
	p := town(t, share)
	table := slices.IndexFunc(p.Expected, func(e plan.Expected) bool { return e.Name == "hue_by_zone" })
	for k, d := range map[int]float64{0: 2.5, 3: -2.5} { // the margins are separate expectations
		p.Expected[table].Share[k] += d / 6000
	}
	all := batches(p, cells, 0, 1000)
	if got := failed(judge(t, p, Options{}, 1, all)); !slices.Equal(got, []string{"table.hue_by_zone"}) {
		t.Errorf("without exceptions: got failures %v, want table.hue_by_zone", got)
	}
	listed := []Exception{{Expected: table, Cell: 0, Persons: -2.5}, {Expected: table, Cell: 3, Persons: 2.5}}
	r := judge(t, p, Options{Exceptions: listed}, 1, all)
	if got := failed(r); got != nil {
		t.Errorf("with exceptions: got failures %v, want none", got)
	}
	for _, o := range r.Outcomes {
		if o.ID == "table.hue_by_zone" && o.Table.Listed != 2 {
			t.Errorf("got %d cells listed, want 2", o.Table.Listed)
		}
	}
}

func TestRows(t *testing.T) {
	cells, share := quotaCells(500, 1)
	p := town(t, share)
	if r := judge(t, p, Options{Rows: 501}, 1, batches(p, cells, 0, 500)); !slices.Equal(failed(r), []string{"rows"}) {
		t.Errorf("500 of 501 rows: got failures %v, want rows", failed(r))
	}
	if r := judge(t, p, Options{}, 1, nil); !slices.Equal(failed(r), []string{"rows"}) {
		t.Errorf("no rows: got failures %v, want rows", failed(r))
	}
}

// TestTempFiles: Close removes all files, and a folder that does not exist is an
// error.
func TestTempFiles(t *testing.T) {
	cells, share := quotaCells(2000, 1)
	p := town(t, share)
	dir := t.TempDir()
	judge(t, p, Options{Spill: 50, TempDir: dir}, 2, batches(p, cells, 0, 100))
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("got %d files left, want none", len(left))
	}
	s := New(p, Options{Spill: 50, TempDir: dir + "/missing"})
	tally := s.NewTally()
	tally.Add(people(p, cells, 0))
	if r, err := s.Result(tally); err == nil || r != nil {
		t.Error("got no error, want one about the missing folder")
	}
}

// TestLimit: severity decides the status of a violated limit.
func TestLimit(t *testing.T) {
	cells, share := quotaCells(2000, 1)
	for _, severity := range []string{Fail, Warn, Note} {
		p := town(t, share)
		low := 0.5
		p.Checks[0].Severity, p.Checks[0].AtLeast, p.Checks[0].AtMost = severity, &low, nil
		r := judge(t, p, Options{}, 1, batches(p, cells, 0, 2000))
		o := r.Outcomes[len(r.Outcomes)-1]
		if o.ID != "check.few_h0z0" || o.Status != severity || o.Share.Low >= o.Share.Share || o.Share.High <= o.Share.Share {
			t.Errorf("severity %s: got %+v", severity, o)
		}
	}
}

// TestLimitByChance: a share just over a limit fails in a whole quota population but
// not in a random sample; one far over it fails in both.
func TestLimitByChance(t *testing.T) {
	cells, share := quotaCells(2000, 1)
	p := town(t, share)
	all := batches(p, cells[:500], 0, 500)
	status := func(o Options, most float64) (string, float64) {
		p.Checks[0].Severity, p.Checks[0].AtLeast, p.Checks[0].AtMost = Fail, nil, &most
		r := judgeOnce(t, p, o, all)
		last := r.Outcomes[len(r.Outcomes)-1]
		return last.Status, last.Share.Share
	}
	_, seen := status(Options{}, 1)
	for _, c := range []struct {
		o    Options
		most float64
		want string
	}{
		{Options{}, seen - 1e-6, Fail}, {Options{Total: 2000}, seen - 1e-6, Note}, {Options{Sampling: Independent}, seen - 1e-6, Note},
		{Options{Total: 2000}, seen / 10, Fail}, {Options{Sampling: Independent}, seen / 10, Fail}, {Options{Total: 2000}, seen + 1e-6, Pass},
	} {
		if got, _ := status(c.o, c.most); got != c.want {
			t.Errorf("%+v, at most %g, share %g: got %s, want %s", c.o, c.most, seen, got, c.want)
		}
	}
}

// TestProfiles compares the summaries with sorted values.
func TestProfiles(t *testing.T) {
	cells, share := quotaCells(3000, 1)
	p := town(t, share)
	all := batches(p, cells, 0, 700)
	r := judge(t, p, Options{}, 2, all)
	var scores, agesSeen []float64
	for _, b := range all {
		scores = append(scores, b.Columns[tScore].Floats...)
		for _, a := range b.Columns[tAge].Ints {
			agesSeen = append(agesSeen, float64(a))
		}
	}
	for _, c := range []struct {
		column    int
		values    []float64
		tolerance float64 // of quantiles, relative
	}{{tScore, scores, 1e-3}, {tAge, agesSeen, 0}} {
		slices.Sort(c.values)
		n := len(c.values)
		mean, sq := 0.0, 0.0
		for _, v := range c.values {
			mean += v / float64(n)
		}
		for _, v := range c.values {
			sq += (v - mean) * (v - mean)
		}
		s := r.Profiles[c.column].Numbers
		near := func(what string, got, want, tolerance float64) {
			if math.Abs(got-want) > tolerance*math.Abs(want) {
				t.Errorf("column %d: got %s %v, want %v", c.column, what, got, want)
			}
		}
		near("mean", s.Mean, mean, 1e-8)
		near("sd", s.SD, math.Sqrt(sq/float64(n-1)), 1e-8)
		near("min", s.Min, c.values[0], 0)
		near("max", s.Max, c.values[n-1], 0)
		near("p10", s.P10, c.values[n/10-1], c.tolerance)
		near("p50", s.P50, c.values[n/2-1], c.tolerance)
		near("p90", s.P90, c.values[n*9/10-1], c.tolerance)
	}
	if s := r.Profiles[tName].Numbers; s.Of != "characters" || s.Min != 6 || s.Max != 7 || s.P50 != 7 {
		t.Errorf("got name lengths %+v", s)
	}
	if s := r.Profiles[tTags]; s.Numbers.Of != "items" || s.Numbers.Max != 2 || len(s.Counts) != 3 || s.Counts[0] <= s.Counts[1] {
		t.Errorf("got list %+v", s)
	}
	if s := r.Profiles[tGuild]; s.Nulls == 0 || s.Counts[0]+s.Counts[1]+s.Counts[2]+s.Counts[3]+s.Counts[4]+float64(s.Nulls) != 3000 {
		t.Errorf("got guild %+v", s)
	}
}

// wide is a plan with many tables, as a rich spec has.
func wide(t testing.TB, share []float64) *plan.Plan {
	p := town(t, share)
	tables := p.Expected
	for k := range 60 - len(tables) {
		e := tables[5+k%3]
		e.Name = fmt.Sprintf("%s_%d", e.Name, k)
		p.Expected = append(p.Expected, e)
	}
	return p
}

// BenchmarkAdd counts a batch of 4096 persons, 9 columns.
func BenchmarkAdd(b *testing.B) {
	cells, share := quotaCells(4096, 1)
	p := wide(b, share)
	s := New(p, Options{TempDir: b.TempDir()})
	defer s.Close()
	tally, batch := s.NewTally(), people(p, cells, 0)
	for b.Loop() {
		tally.Add(batch)
		batch.First += 4096
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4096, "ns/person")
}

// BenchmarkTables counts 60 different tables of two of 12 finite fields, without ids
// and texts.
func BenchmarkTables(b *testing.B) {
	share := townShares()
	p := town(b, share)
	p.Fields, p.Expected, p.Impossible, p.Checks, p.Independent = nil, nil, nil, nil, nil
	for i := range 12 {
		f := *town(b, share).Fields[tHue]
		f.Name, f.Domain.Labels = fmt.Sprintf("f%d", i), labels("v", 3+3*i)
		p.Fields = append(p.Fields, &f)
	}
	for i := range 12 {
		for k := range i {
			if len(p.Expected) < 60 {
				n, m := p.Fields[i].Slots(), p.Fields[k].Slots()
				p.Expected = append(p.Expected, plan.Expected{Fields: []string{p.Fields[i].Name, p.Fields[k].Name}, Slots: []int{n, m}, Share: make([]float64, n*m)})
			}
		}
	}
	batch := frame.New(p.Schema())
	batch.Resize(0, 4096)
	source := rng.New(1, "benchmark").Source()
	for i := range batch.Columns {
		for r := range 4096 {
			batch.Columns[i].Codes[r] = int32(source.Below(3 + 3*i))
		}
	}
	s := New(p, Options{TempDir: b.TempDir()})
	defer s.Close()
	tally := s.NewTally()
	for b.Loop() {
		tally.Add(batch)
		batch.First += 4096
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4096, "ns/person")
}

// BenchmarkResult judges 200,000 persons: 60 tables, 100 pairs of independent fields,
// and searches for repeated ids and persons.
func BenchmarkResult(b *testing.B) {
	cells, share := quotaCells(200_000, 1)
	p := wide(b, share)
	for range 98 {
		p.Independent = append(p.Independent, p.Independent[1])
	}
	s := New(p, Options{TempDir: b.TempDir()})
	defer s.Close()
	tally := s.NewTally()
	for _, batch := range batches(p, cells, 0, 4096) {
		tally.Add(batch)
	}
	for b.Loop() {
		if _, err := s.Result(tally); err != nil {
			b.Fatal(err)
		}
	}
}

// TestManyStrata: fields that are independent in each of 400 small strata pass as often
// as they should; unscaled statistics would fail in half of the runs.
func TestManyStrata(t *testing.T) {
	const runs, strata = 60, 400
	x := &independent{coding: &coding{axes: []axis{{slots: 9}, {slots: 12}, {slots: strata}}}, axes: []int{0, 1, 2}}
	low := 0
	for seed := range uint64(runs) {
		source := rng.New(seed, "strata").Source()
		m := &independentTally{independent: x, seen: make([]bool, sampleRows), codes: [][]int32{make([]int32, sampleRows), make([]int32, sampleRows), make([]int32, sampleRows)}}
		for r := range sampleRows {
			g := source.Below(strata)
			a, b := source.Below(9), source.Below(12)
			if source.Float64() < 0.7 {
				a = g % 9
			}
			if source.Float64() < 0.6 {
				b = g % 12
			}
			m.seen[r] = true
			m.codes[0][r], m.codes[1][r], m.codes[2][r] = int32(a), int32(b), int32(g)
		}
		if m.test([2]int{0, 1}, m.strata([]int{2})).P < 0.1 {
			low++
		}
	}
	// 6 are expected; 16 is more than four standard deviations above.
	if low > 16 {
		t.Errorf("got p < 0.1 in %d of %d runs, want 16 at most", low, runs)
	}
}
