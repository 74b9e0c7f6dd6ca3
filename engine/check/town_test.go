package check

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// bounded is the program of a number with bounds; nothing binds it here.
type bounded struct{ low, high float64 }

func (b bounded) Bind(*kind.Env) kind.Filler          { return nil }
func (b bounded) Range() (low, high float64, ok bool) { return b.low, b.high, true }

// Columns of the town.
const (
	tID = iota
	tHue
	tZone
	tAge
	tBand
	tGuild
	tScore
	tName
	tTags
)

const (
	hues, zones, ages, guilds = 3, 4, 40, 5
	cellsInTown               = hues * zones * ages * (guilds + 1)
)

func labels(prefix string, n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("%s%d", prefix, i))
	}
	return out
}

// groupField makes a field of kind group from its stored form.
func groupField(t testing.TB, name string, labels []string, of *kind.Selector) *kind.Field {
	t.Helper()
	program, _ := json.Marshal(map[string]any{"of": of})
	data, _ := json.Marshal(map[string]any{
		"name": name, "kind": "group", "class": "derived", "type": "category",
		"domain": kind.Domain{Labels: labels}, "inputs": of.Fields, "program": json.RawMessage(program),
	})
	f := &kind.Field{}
	if err := json.Unmarshal(data, f); err != nil {
		t.Fatal(err)
	}
	return f
}

// joint is the share of a cell of (hue, zone, age, guild): hue and zone depend
// on each other and guild on age; zone 3 has no persons of hue 2, and guild is null
// exactly below age 15. Age is independent of hue and zone.
func joint(hue, zone, age, guild int) float64 {
	if hue == 2 && zone == 3 || (age < 15) != (guild == guilds) {
		return 0
	}
	p := 1 + 0.5*float64((hue+zone)%3)
	p *= 1 + 0.02*float64(40-age)
	if guild < guilds {
		p *= 1 + float64(guild*(age%7))/20
	}
	return p
}

func townShares() []float64 {
	out := make([]float64, 0, cellsInTown)
	total := 0.0
	for i := range cellsInTown {
		p := joint(i/(zones*ages*(guilds+1)), i/(ages*(guilds+1))%zones, i/(guilds+1)%ages, i%(guilds+1))
		out = append(out, p)
		total += p
	}
	for i := range out {
		out[i] /= total
	}
	return out
}

// town is a plan with the given joint distribution.
func town(t testing.TB, share []float64) *plan.Plan {
	band := &kind.Selector{Fields: []string{"age"}, Slots: []int{ages}, Nullable: []bool{false}, Min: []int64{0}}
	for a := range ages {
		band.Case = append(band.Case, int32(1+a/10))
	}
	grown := &kind.Selector{Fields: []string{"age"}, Slots: []int{ages}, Nullable: []bool{false}, Min: []int64{0}, Case: make([]int32, ages)}
	for a := 15; a < ages; a++ {
		grown.Case[a] = 1
	}
	pair := func(hue, zone int) *kind.Selector {
		s := &kind.Selector{Fields: []string{"hue", "zone"}, Slots: []int{hues, zones}, Nullable: []bool{false, false}, Min: []int64{0, 0}, Case: make([]int32, hues*zones)}
		s.Case[hue*zones+zone] = 1
		return s
	}
	half, most := 0.0, 0.5
	p := &plan.Plan{
		Name: "town", Population: plan.Population{Seed: 7},
		Fields: []*kind.Field{
			{Name: "id", Kind: "id", Class: kind.Drawn, Type: frame.Text},
			{Name: "hue", Kind: "category", Class: kind.Fitted, Type: frame.Category, Domain: &kind.Domain{Labels: labels("h", hues)}},
			{Name: "zone", Kind: "category", Class: kind.Fitted, Type: frame.Category, Domain: &kind.Domain{Labels: labels("z", zones)}},
			{Name: "age", Kind: "integer", Class: kind.Fitted, Type: frame.Integer, Domain: &kind.Domain{Integer: true, Max: ages - 1}},
			groupField(t, "band", labels("b", 4), band),
			{Name: "guild", Kind: "category", Class: kind.Fitted, Type: frame.Category, Nullable: true, Domain: &kind.Domain{Labels: labels("g", guilds)}, When: grown, WhenText: "age: >=15"},
			{Name: "score", Kind: "number", Class: kind.Drawn, Type: frame.Number, Decimals: 6, Program: bounded{0, 100}},
			{Name: "name", Kind: "template", Class: kind.Drawn, Type: frame.Text},
			{Name: "tags", Kind: "list", Class: kind.Drawn, Type: frame.CategoryList, Domain: &kind.Domain{Labels: labels("t", 3)}},
		},
		Impossible:  []plan.Impossible{{Text: `{hue: "h2", zone: "z3"}`, Selector: pair(2, 3)}},
		Checks:      []plan.Limit{{Name: "few_h0z0", Severity: "warn", Where: pair(0, 0), Within: grown, AtLeast: &half, AtMost: &most}},
		Independent: []plan.Independence{{Fields: [2]string{"hue", "age"}}, {Fields: [2]string{"zone", "guild"}, Given: []string{"band"}}},
	}
	expect := func(name, origin string, fields []string, universe *kind.Selector) {
		e := plan.Expected{Name: name, Origin: origin, Fields: fields, Universe: universe, Rank: len(fields)}
		size := 1
		for _, f := range fields {
			e.Slots = append(e.Slots, p.Field(f).Slots())
			size *= p.Field(f).Slots()
		}
		e.Share = make([]float64, size)
		for i, s := range share {
			value := map[string]int{"hue": i / (zones * ages * (guilds + 1)), "zone": i / (ages * (guilds + 1)) % zones, "age": i / (guilds + 1) % ages, "guild": i % (guilds + 1)}
			value["band"] = value["age"] / 10
			at := 0
			for k, f := range fields {
				at = at*e.Slots[k] + value[f]
			}
			if universe == nil || value["age"] >= 15 {
				e.Share[at] += s
			}
		}
		p.Expected = append(p.Expected, e)
	}
	for _, f := range []string{"hue", "zone", "age", "band", "guild"} {
		expect(f, "margin", []string{f}, nil)
	}
	expect("hue_by_zone", "table", []string{"hue", "zone"}, nil)
	expect("guild_by_band", "table", []string{"band", "guild"}, nil)
	expect("guild_of_grown", "table", []string{"zone", "guild"}, grown)
	return p
}

// apportion rounds the counts of cells by largest remainder.
func apportion(share []float64, n int) []int {
	counts := make([]int, len(share))
	order := make([]int, len(share))
	left := n
	for i, s := range share {
		counts[i] = int(s * float64(n))
		left -= counts[i]
		order[i] = i
	}
	rest := func(i int) float64 { return share[i]*float64(n) - float64(counts[i]) }
	slices.SortStableFunc(order, func(a, b int) int { return -compare(rest(a), rest(b)) })
	for _, i := range order[:left] {
		counts[i]++
	}
	return counts
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// quotaCells returns the cells of a quota population of n persons in random order, and
// the shares of its counts.
func quotaCells(n int, seed uint64) (cells []int, share []float64) {
	counts := apportion(townShares(), n)
	share = make([]float64, len(counts))
	for i, c := range counts {
		share[i] = float64(c) / float64(n)
		for range c {
			cells = append(cells, i)
		}
	}
	perm := rng.NewPermutation(int64(n), seed)
	out := make([]int, n)
	for i := range out {
		out[i] = cells[perm.At(int64(i))]
	}
	return out, share
}

// drawnCells draws n persons independently.
func drawnCells(n int, share []float64, seed uint64) []int {
	total := make([]float64, len(share))
	sum := 0.0
	for i, s := range share {
		sum += s
		total[i] = sum
	}
	out := make([]int, n)
	source := rng.New(seed, "town").Source()
	for i := range out {
		u := source.Float64() * sum
		out[i], _ = slices.BinarySearch(total, u)
	}
	return out
}

// people turns cells into a batch that starts at person first.
func people(p *plan.Plan, cells []int, first int64) *frame.Batch {
	b := frame.New(p.Schema())
	b.Resize(first, len(cells))
	score, tags := rng.New(3, "score"), rng.New(3, "tags")
	for r, cell := range cells {
		i := first + int64(r)
		age := cell / (guilds + 1) % ages
		b.Columns[tID].Texts[r] = fmt.Sprintf("id-%08d", i)
		b.Columns[tHue].Codes[r] = int32(cell / (zones * ages * (guilds + 1)))
		b.Columns[tZone].Codes[r] = int32(cell / (ages * (guilds + 1)) % zones)
		b.Columns[tAge].Ints[r] = int64(age)
		b.Columns[tBand].Codes[r] = int32(age / 10)
		b.Columns[tGuild].Codes[r] = int32(cell % (guilds + 1))
		if cell%(guilds+1) == guilds {
			b.Columns[tGuild].Codes[r] = -1
		}
		b.Columns[tScore].Floats[r] = math.Round(1e8*rng.Float64(score.Uint64(i))) / 1e6
		b.Columns[tName].Texts[r] = fmt.Sprintf("Name %d", i%97)
		n := int32(tags.Uint64(i) % 3)
		b.Columns[tTags].Offsets[r+1] = b.Columns[tTags].Offsets[r] + n
		for k := range n {
			b.Columns[tTags].Codes = append(b.Columns[tTags].Codes, k)
		}
	}
	return b
}

// batches cuts persons into batches of at most size.
func batches(p *plan.Plan, cells []int, first int64, size int) []*frame.Batch {
	var out []*frame.Batch
	for at := 0; at < len(cells); at += size {
		out = append(out, people(p, cells[at:min(at+size, len(cells))], first+int64(at)))
	}
	return out
}

// judge runs the suite over batches with the given number of tallies, which take turns.
// The result must be the same if they are joined from their serialised forms.
func judge(t testing.TB, p *plan.Plan, o Options, workers int, all []*frame.Batch) *Result {
	t.Helper()
	var parts []part
	r := judgeTallies(t, p, o, workers, all, func(tallies []*Tally) { parts = serialised(t, tallies) })
	if d := cmp.Diff(resultText(t, r), resultText(t, joined(t, p, o, parts))); d != "" {
		t.Errorf("joined from serialised tallies: %s", d)
	}
	return r
}

// judgeOnce is judge with one tally, for tests of many populations.
func judgeOnce(t testing.TB, p *plan.Plan, o Options, all []*frame.Batch) *Result {
	t.Helper()
	return judgeTallies(t, p, o, 1, all, func([]*Tally) {})
}

func judgeTallies(t testing.TB, p *plan.Plan, o Options, workers int, all []*frame.Batch, see func([]*Tally)) *Result {
	t.Helper()
	if o.TempDir == "" {
		o.TempDir = t.TempDir()
	}
	s := New(p, o)
	defer s.Close()
	tallies := make([]*Tally, workers)
	for i := range tallies {
		tallies[i] = s.NewTally()
	}
	for i, b := range all {
		tallies[i%workers].Add(b)
	}
	see(tallies)
	for i := workers - 1; i > 0; i-- {
		tallies[i-1].Merge(tallies[i])
	}
	r, err := s.Result(tallies[0])
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// failed lists the ids of failed outcomes.
func failed(r *Result) []string {
	var ids []string
	for _, o := range r.Failures() {
		ids = append(ids, o.ID)
	}
	return ids
}
