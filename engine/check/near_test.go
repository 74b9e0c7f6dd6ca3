package check

import (
	"cmp"
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// scoredTown is the town with a score of known distribution.
func scoredTown(t testing.TB, share []float64, round float64, decimals int) *plan.Plan {
	t.Helper()
	all := map[string]any{"fields": []string{}, "slots": []int{}, "nullable": []bool{}, "min": []int64{}, "case": []int32{0}}
	data, err := json.Marshal(map[string]any{
		"name": "score", "kind": "number", "class": "drawn", "type": frame.Number, "decimals": decimals, "program": map[string]any{
			"shapes": []any{map[string]any{"kind": "normal", "a": 50, "b": 15}}, "cases": all,
			"limits": map[string]any{"min": 0, "max": 100, "round": round, "decimals": decimals},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	p := town(t, share)
	p.Order = []string{"band", "score"}
	p.Fields[tScore] = &kind.Field{}
	if err := json.Unmarshal(data, p.Fields[tScore]); err != nil {
		t.Fatal(err)
	}
	return p
}

// copyPerson makes row to the same person as row from, with its own id.
func copyPerson(b *frame.Batch, from, to int) {
	for i := range b.Columns {
		c := &b.Columns[i]
		switch {
		case i == tID:
		case b.Schema[i].Type == frame.Category:
			c.Codes[to] = c.Codes[from]
		case b.Schema[i].Type == frame.Integer:
			c.Ints[to] = c.Ints[from]
		case b.Schema[i].Type == frame.Number:
			c.Floats[to] = c.Floats[from]
		case b.Schema[i].Type == frame.Text:
			c.Texts[to] = c.Texts[from]
		}
	}
}

func nearOf(t testing.TB, r *Result) *Outcome {
	t.Helper()
	i := slices.IndexFunc(r.Outcomes, func(o Outcome) bool { return o.Kind == KindNearPersons })
	if i < 0 {
		t.Fatal("no check of near-duplicate persons")
	}
	return &r.Outcomes[i]
}

// TestNearPersons copies persons and changes one thing in the copies.
func TestNearPersons(t *testing.T) {
	const n = 4000
	cells, share := quotaCells(n, 11)
	p := scoredTown(t, share, 1e-6, 6)
	hue := func(b *frame.Batch, r int) { b.Columns[tHue].Codes[r] = (b.Columns[tHue].Codes[r] + 1) % hues }
	name := func(b *frame.Batch, r int) { b.Columns[tName].Texts[r] += " the Younger" }
	for _, c := range []struct {
		name    string
		copies  int
		change  func(b *frame.Batch, r int)
		status  string
		persons int64
		thing   string
	}{
		{"nothing", 0, nil, Pass, 0, ""},
		{"name", 40, name, Fail, 40, "name"},
		{"a few names", 4, name, Warn, 4, "name"},
		{"a name too many, 5 of 4,000", 5, name, Fail, 5, "name"},
		{"one name, which may be chance", 1, name, Pass, 0, ""},
		{"hue", 40, hue, Fail, 40, "hue"},
		{"age, and its band", 40, func(b *frame.Batch, r int) {
			a := &b.Columns[tAge].Ints[r]
			*a = (*a + 10) % ages
			b.Columns[tBand].Codes[r] = int32(*a / 10)
		}, Fail, 40, "age"},
		{"a value that follows from another", 40, func(b *frame.Batch, r int) { b.Columns[tBand].Codes[r] = 3 - b.Columns[tBand].Codes[r] }, Fail, 40, "band"},
		{"null for a value", 40, func(b *frame.Batch, r int) {
			g := &b.Columns[tGuild].Codes[r]
			*g = map[bool]int32{true: -1, false: 1}[*g >= 0]
		}, Fail, 40, "guild"},
		{"nothing of the copies", 40, func(*frame.Batch, int) {}, Pass, 0, ""},
		{"two things", 40, func(b *frame.Batch, r int) { hue(b, r); name(b, r) }, Pass, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := people(p, cells, 0)
			clear(b.Columns[tTags].Offsets) // without tags: lists are not copied here
			for i := range c.copies {
				copyPerson(b, 50*i, 50*i+20)
				c.change(b, 50*i+20)
			}
			o := nearOf(t, judge(t, p, Options{Rows: n}, 1, []*frame.Batch{b}))
			if o.Status != c.status || o.Persons != c.persons || o.Near.Sampled != 1 {
				t.Errorf("got %s, %d persons, want %s, %d: %s", o.Status, o.Persons, c.status, c.persons, o.Message)
			}
			if c.thing == "" {
				return
			}
			if i := slices.IndexFunc(o.Near.ByThing, func(x NearThing) bool { return !x.Chance }); o.Near.ByThing[i].Thing != c.thing || o.Near.ByThing[i].Pairs != float64(c.copies) {
				t.Errorf("got pairs %+v, want %d of %s", o.Near.ByThing, c.copies, c.thing)
			}
			if !slices.Equal(o.Rows, []int64{0, 20}) {
				t.Errorf("got persons %v, want 0 and 20", o.Rows)
			}
		})
	}
}

// TestNearLimited: the spec's own limit replaces the check's.
func TestNearLimited(t *testing.T) {
	const n = 4000
	cells, share := quotaCells(n, 11)
	p := scoredTown(t, share, 1e-6, 6)
	b := people(p, cells, 0)
	clear(b.Columns[tTags].Offsets)
	for i := range 40 {
		copyPerson(b, 50*i, 50*i+20)
		b.Columns[tName].Texts[50*i+20] = "Somebody else"
	}
	for most, want := range map[float64]string{0.009: Warn, 0.01: Pass} {
		p.Checks = []plan.Limit{{Name: "own", Severity: Warn, Measure: "near_duplicate_persons", AtMost: &most}}
		r := judge(t, p, Options{Rows: n}, 2, []*frame.Batch{b})
		i := slices.IndexFunc(r.Outcomes, func(o Outcome) bool { return o.ID == "check.own" })
		if o := r.Outcomes[i]; o.Status != want || o.Limit.Value != 0.01 || nearOf(t, r).Status != Pass {
			t.Errorf("at most %g: got %s, %s; the check's own: %s", most, o.Status, o.Message, nearOf(t, r).Status)
		}
	}
}

// TestNearByChance: with few different values chance makes pairs, about as many as
// expected, and the check passes.
func TestNearByChance(t *testing.T) {
	const n = 20_000
	cells, share := quotaCells(n, 12)
	p := scoredTown(t, share, 5, 0)
	b := people(p, cells, 0)
	draw := rand.New(rand.NewPCG(3, 4))
	for r := range b.N {
		b.Columns[tScore].Floats[r] = min(100, max(0, 5*math.Round((50+15*draw.NormFloat64())/5)))
	}
	o := nearOf(t, judge(t, p, Options{Rows: n}, 1, []*frame.Batch{b}))
	if o.Status != Pass || o.Near.Persons != 0 || len(o.Near.ByThing) < 4 {
		t.Fatalf("got %s, %v: %s", o.Status, o.Near, o.Message)
	}
	for _, x := range o.Near.ByThing {
		if x.Pairs > 100 && (x.Expected < 0.7*x.Pairs || x.Expected > 2*x.Pairs) {
			t.Errorf("%s: got %g pairs, expected %g", x.Thing, x.Pairs, x.Expected)
		}
	}
}

// TestNearSampled: with more persons than a sketch can hold, a sample estimates how many
// are near-duplicates; it does not depend on which tally has which rows.
func TestNearSampled(t *testing.T) {
	const n, copies = 60_000, 3000
	cells, share := quotaCells(n, 13)
	p := scoredTown(t, share, 1e-6, 6)
	p.Impossible, p.Checks, p.Independent, p.Expected = nil, nil, nil, nil
	whole := people(p, cells, 0)
	clear(whole.Columns[tTags].Offsets)
	for i := range copies {
		copyPerson(whole, 20*i, 20*i+7)
		whole.Columns[tName].Texts[20*i+7] = "Somebody else"
	}
	cut := func(size int) (all []*frame.Batch) {
		for at := 0; at < n; at += size {
			all = append(all, rowsOf(whole, at, min(size, n-at)))
		}
		return all
	}
	var first *Outcome
	for _, c := range []struct {
		workers, size int
		shuffled      bool
	}{{1, n, false}, {2, 4096, false}, {7, 1000, true}, {3, 10_000, true}} {
		all := cut(c.size)
		if c.shuffled {
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
		}
		o := nearOf(t, judge(t, p, Options{}, c.workers, all))
		if first == nil {
			first = o
		}
		if !reflect.DeepEqual(o, first) {
			t.Errorf("%+v: got %+v, want %+v", c, o, first)
		}
	}
	rate := first.Near.Sampled
	sd := math.Sqrt(copies * (1 - rate) / rate)
	if rate >= 1 || math.Abs(first.Near.Persons-copies) > 4*sd || first.Status != Fail {
		t.Errorf("got %s by a sample of %g: %s", first.Status, rate, first.Message)
	}
	known := nearOf(t, judge(t, p, Options{Rows: n}, 2, cut(4096)))
	if known.Near.Sampled != rate || !reflect.DeepEqual(known, first) {
		t.Errorf("with a known number of rows: got %+v, want %+v", known, first)
	}
}

// rowsOf copies n rows of a batch, without tags.
func rowsOf(b *frame.Batch, from, n int) *frame.Batch {
	out := frame.New(b.Schema)
	out.Resize(int64(from), n)
	for i := range b.Columns {
		c := &b.Columns[i]
		switch b.Schema[i].Type {
		case frame.Category:
			copy(out.Columns[i].Codes, c.Codes[from:])
		case frame.Integer:
			copy(out.Columns[i].Ints, c.Ints[from:])
		case frame.Number:
			copy(out.Columns[i].Floats, c.Floats[from:])
		case frame.Text:
			copy(out.Columns[i].Texts, c.Texts[from:])
		}
	}
	return out
}

// TestPairSketch: what a sketch holds does not depend on the order and the parts, and is
// within its bounds.
func TestPairSketch(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var all []match
	for i := range 700_000 {
		m := match{hash: r.Uint64(), rows: [2]int64{int64(i), -1}, count: 1, thing: uint16(i % 9), differ: uint16(i) | 1}
		if i > 0 && i%10 == 0 { // the hash of another
			m.hash, m.thing = all[r.IntN(i)].hash, all[i-1].thing
		}
		all = append(all, m)
	}
	for i := range all { // things go with hashes
		all[i].thing = uint16(all[i].hash % 9)
	}
	content := func(s *pairSketch) (held []match) {
		for _, m := range s.slots {
			if m.count > 0 {
				held = append(held, m)
			}
		}
		if len(s.slots) > maxSlots || s.used >= maxMatches || s.used != len(held) {
			t.Fatalf("got %d matches in %d slots, counted %d", len(held), len(s.slots), s.used)
		}
		slices.SortFunc(held, func(x, y match) int { return cmp.Compare(x.hash, y.hash) })
		return held
	}
	var whole pairSketch
	for _, m := range all {
		if whole.keeps(m.hash) {
			whole.add(m)
		}
	}
	want := content(&whole)
	if whole.level < 2 || len(want) < maxMatches/3 {
		t.Fatalf("got level %d, %d matches", whole.level, len(want))
	}
	// By hand: the persons of every hash that the level keeps.
	count := map[uint64]uint32{}
	for _, m := range all {
		if whole.keeps(m.hash) {
			count[m.hash]++
		}
	}
	for _, m := range want {
		if count[m.hash] != m.count {
			t.Fatalf("got %d persons with hash %x, want %d", m.count, m.hash, count[m.hash])
		}
	}
	if len(count) != len(want) {
		t.Fatalf("got %d hashes, want %d", len(want), len(count))
	}
	for _, parts := range []int{2, 5, 30} {
		r.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
		sketches := make([]pairSketch, parts)
		for _, m := range all {
			if s := &sketches[r.IntN(parts)]; s.keeps(m.hash) {
				s.add(m)
			}
		}
		for len(sketches) > 1 {
			i := 1 + r.IntN(len(sketches)-1)
			sketches[0].merge(&sketches[i])
			sketches = slices.Delete(sketches, i, i+1)
		}
		if sketches[0].level != whole.level || !slices.Equal(content(&sketches[0]), want) {
			t.Errorf("%d parts: got level %d, want %d, or other matches", parts, sketches[0].level, whole.level)
		}
	}
}

// BenchmarkNearPersons adds persons, hardly any two of which are similar.
func BenchmarkNearPersons(b *testing.B) {
	cells, share := quotaCells(4096, 3)
	p := town(b, share)
	s := New(p, Options{Rows: 1_000_000})
	t := s.NewTally()
	batch := people(p, cells, 0)
	t.Add(batch)
	near := t.checks[slices.IndexFunc(t.checks, func(x tally) bool { _, ok := x.(*nearTally); return ok })]
	for b.Loop() {
		batch.First += 4096
		for r := range batch.N {
			batch.Columns[tScore].Floats[r] = float64(batch.First + int64(r))
		}
		near.add(batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4096, "ns/person")
}
