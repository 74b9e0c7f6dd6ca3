package check

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// Columns of the guild hall.
const (
	gHue = iota
	gHeight
	gMood
	gNerve
	gCraft
	gTools
)

// hall is a plan of drawn fields: numbers by hue, two of them correlated, a
// choice and a list by hue.
func hall(t testing.TB) *plan.Plan {
	t.Helper()
	byHue := func(cases ...int32) map[string]any {
		return map[string]any{"fields": []string{"hue"}, "slots": []int{2}, "nullable": []bool{false}, "min": []int64{0}, "case": cases}
	}
	all := map[string]any{"fields": []string{}, "slots": []int{}, "nullable": []bool{}, "min": []int64{}, "case": []int32{0}}
	field := func(name, kindName string, typ frame.Type, decimals int, domain *kind.Domain, program map[string]any) *kind.Field {
		data, err := json.Marshal(map[string]any{"name": name, "kind": kindName, "class": "drawn", "type": typ, "decimals": decimals, "domain": domain, "inputs": []string{"hue"}, "program": program})
		if err != nil {
			t.Fatal(err)
		}
		f := &kind.Field{}
		if err := json.Unmarshal(data, f); err != nil {
			t.Fatal(err)
		}
		return f
	}
	normal := func(mean, sd float64) map[string]any { return map[string]any{"kind": "normal", "a": mean, "b": sd} }
	none := map[string]any{"a": 0, "b": 0}
	score := func(row ...float64) map[string]any {
		return map[string]any{
			"shapes": []any{normal(50, 15)}, "cases": all, "limits": map[string]any{"min": 0, "max": 100, "round": 5, "decimals": 0},
			"copula": map[string]any{"name": "humours", "row": row},
		}
	}
	upto := func(shares ...float64) (out []uint32) {
		for _, s := range shares {
			out = append(out, uint32(s*(1<<32)-1))
		}
		return out
	}
	bank := map[string]any{
		"given": byHue(1, 2), "start": []int32{0, 3, 5}, "codes": []int32{0, 1, 2, 2, 3},
		"upto": append(upto(0.5, 0.75, 1), upto(0.9, 1)...),
	}
	list := map[string]any{"min": 1, "max": 2}
	for k, v := range bank {
		list[k] = v
	}
	return &plan.Plan{
		Name: "hall", Population: plan.Population{Seed: 7},
		Fields: []*kind.Field{
			{Name: "hue", Kind: "category", Class: kind.Fitted, Type: frame.Category, Domain: &kind.Domain{Labels: labels("h", 2)}},
			field("height", "number", frame.Number, 0, nil, map[string]any{
				"shapes": []any{none, normal(170, 8), normal(182, 9)}, "cases": byHue(1, 2), "limits": map[string]any{"min": 150, "round": 1, "decimals": 0},
			}),
			field("mood", "number", frame.Number, 0, nil, score(1)),
			field("nerve", "number", frame.Number, 0, nil, score(-0.6, 0.8)),
			field("craft", "choice", frame.Category, 0, &kind.Domain{Labels: labels("t", 4)}, bank),
			field("tools", "list", frame.CategoryList, 0, &kind.Domain{Labels: labels("t", 4)}, list),
		},
		Correlations: []plan.Correlation{{Name: "humours", Fields: []string{"mood", "nerve"}, Matrix: [][]float64{{1, -0.6}, {-0.6, 1}}}},
	}
}

// members draws n persons with the plan's own programs.
func members(p *plan.Plan, seed uint64, n int) *frame.Batch {
	b := frame.New(p.Schema())
	b.Resize(0, n)
	for r := range n {
		b.Columns[gHue].Codes[r] = int32(r % 3 / 2)
	}
	for i, f := range p.Fields {
		if f.Program != nil {
			f.Program.Bind(&kind.Env{Fields: p.Fields, Field: f, Seed: seed}).Fill(b, &b.Columns[i])
		}
	}
	return b
}

// TestNumberMutations makes correct numbers, choices and lists wrong in one way at
// a time.
func TestNumberMutations(t *testing.T) {
	p := hall(t)
	const n = 2000
	for _, test := range []struct {
		name  string
		spoil func(b *frame.Batch)
		want  []string
	}{
		{"right", func(*frame.Batch) {}, nil},
		{"a number a little larger for all", func(b *frame.Batch) {
			for r := range b.N {
				b.Columns[gHeight].Floats[r] += 2
			}
		}, []string{"number.height"}},
		{"the distribution of others in a third", func(b *frame.Batch) {
			for r := range b.N {
				if b.Columns[gHue].Codes[r] == 1 {
					b.Columns[gHeight].Floats[r] -= 12
				}
			}
		}, []string{"number.height"}},
		{"numbers exchanged between persons", func(b *frame.Batch) {
			slices.Reverse(b.Columns[gNerve].Floats)
		}, []string{"correlation.humours.mood.nerve"}},
		{"the wrong sign", func(b *frame.Batch) {
			for r := range b.N {
				b.Columns[gNerve].Floats[r] = 100 - b.Columns[gNerve].Floats[r]
			}
		}, []string{"correlation.humours.mood.nerve"}},
		{"a choice that is not possible", func(b *frame.Batch) {
			b.Columns[gCraft].Codes[0] = 3 // possible for h1 only
		}, []string{"open.craft"}},
		{"a choice that is too frequent", func(b *frame.Batch) {
			for r := 0; r < b.N; r += 3 {
				b.Columns[gCraft].Codes[r] = 1
			}
		}, []string{"frequency.craft"}},
		{"an item twice", func(b *frame.Batch) {
			c := &b.Columns[gTools]
			r := slices.IndexFunc(c.Offsets[1:], func(o int32) bool { return o >= 2 && c.Offsets[slices.Index(c.Offsets, o)-1] == o-2 })
			c.Codes[c.Offsets[r]+1] = c.Codes[c.Offsets[r]]
		}, []string{"open.tools"}},
		{"an item that is not possible", func(b *frame.Batch) { b.Columns[gTools].Codes[0] = 3 }, []string{"open.tools"}},
		{"the same first item in a third", func(b *frame.Batch) {
			c := &b.Columns[gTools]
			for r := 0; r < b.N; r += 3 {
				if from, to := c.Offsets[r], c.Offsets[r+1]; to-from == 1 || c.Codes[from+1] != 1 {
					c.Codes[from] = 1
				}
			}
		}, []string{"frequency.tools"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := members(p, 7, n)
			test.spoil(b)
			if d := cmp.Diff(test.want, failed(judge(t, p, Options{}, 1, []*frame.Batch{b}))); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestNumberFalseAlarms: correct numbers give uniform p-values, although numbers are
// rounded and truncated.
func TestNumberFalseAlarms(t *testing.T) {
	p := hall(t)
	below := map[string]int{}
	const seeds = 200
	for seed := range uint64(seeds) {
		for _, o := range judgeOnce(t, p, Options{}, []*frame.Batch{members(p, seed, 600)}).Outcomes {
			if o.Status == Fail {
				t.Errorf("seed %d: %s: %s", seed, o.ID, o.Message)
			}
			if o.Test != nil && (o.Kind == KindNumber || o.Kind == KindCorrelation || o.Kind == KindFrequency) && o.Test.P < 0.1 {
				below[o.ID]++
			}
		}
	}
	// 20 of 200 are expected; 6 to 40 is within four standard deviations.
	for id, n := range below {
		if n < 6 || n > 40 {
			t.Errorf("%s: got p < 0.1 for %d of %d seeds, want 6 to 40", id, n, seeds)
		}
	}
	for _, id := range []string{"number.height", "number.mood", "correlation.humours.mood.nerve", "frequency.craft", "frequency.tools", "lengths.tools"} {
		if below[id] == 0 {
			t.Errorf("got no test of %s, want one", id)
		}
	}
}

// TestNumberMerge: the result is the same to the byte for any number of tallies.
func TestNumberMerge(t *testing.T) {
	p := hall(t)
	var want []byte
	for _, workers := range []int{1, 3} {
		var all []*frame.Batch
		whole := members(p, 7, 3000)
		size := 3000 / workers
		for first := 0; first < 3000; first += size {
			all = append(all, cut(p, whole, first, size))
		}
		got, err := json.Marshal(judge(t, p, Options{}, workers, all))
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%d workers: %s", workers, d)
		}
	}
}

// cut copies some rows of the hall.
func cut(p *plan.Plan, from *frame.Batch, first, n int) *frame.Batch {
	b := frame.New(p.Schema())
	b.Resize(int64(first), n)
	for i := range b.Columns {
		c, f := &b.Columns[i], &from.Columns[i]
		switch b.Schema[i].Type {
		case frame.Category:
			copy(c.Codes, f.Codes[first:first+n])
		case frame.Number:
			copy(c.Floats, f.Floats[first:first+n])
		case frame.CategoryList:
			at := f.Offsets[first]
			c.Codes = slices.Clone(f.Codes[at:f.Offsets[first+n]])
			for r := range n + 1 {
				c.Offsets[r] = f.Offsets[first+r] - at
			}
		}
	}
	return b
}

// TestQuantiles: the declared quantiles are those of the mixture of both hues.
func TestQuantiles(t *testing.T) {
	p := hall(t)
	r := judge(t, p, Options{}, 1, []*frame.Batch{members(p, 3, 30_000)})
	at := slices.IndexFunc(r.Outcomes, func(o Outcome) bool { return o.ID == "number.height" })
	for _, q := range r.Outcomes[at].Quantiles {
		// By scipy, two thirds N(170, 8) and a third N(182, 9), rounded: 161.7, 173.4 and 187.5.
		want := map[float64]float64{0.1: 162, 0.5: 173, 0.9: 187}[q.Share]
		if math.Abs(q.Declared-want) > 1 || math.Abs(q.Observed-q.Declared) > 1 {
			t.Errorf("%g: got %g declared and %g observed, want %g", q.Share, q.Declared, q.Observed, want)
		}
	}
}

// BenchmarkNumbers scores three numbers of 1024 persons and counts two draws.
func BenchmarkNumbers(b *testing.B) {
	p := hall(b)
	s := New(p, Options{Kinds: []string{KindOpen, KindFrequency, KindNumber, KindCorrelation}})
	tally, batch := s.NewTally(), members(p, 7, 1024)
	for b.Loop() {
		tally.Add(batch)
	}
}
