package kind

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
)

// sharesOf returns the share of each label in a configuration's list.
func sharesOf(f *Field, b *bank, config int) map[string]float64 {
	list := b.Given.Case[config]
	if list == 0 {
		return nil
	}
	out := map[string]float64{}
	before := -1.0
	for k := b.Start[list-1]; k < b.Start[list]; k++ {
		out[f.Domain.Labels[b.Codes[k]]] += (float64(b.Upto[k]) - before) / (1 << 32)
		before = float64(b.Upto[k])
	}
	return out
}

// approxShares compares shares up to 2^-31, by which integer thresholds may change
// them.
var approxShares = cmp.Comparer(func(x, y float64) bool { return math.Abs(x-y) < 1.0/(1<<31) })

func TestBankEntries(t *testing.T) {
	const head = "fields: {\n zone: {kind: \"category\", values: [\"North\", \"South\"]}\n rank: {kind: \"category\", values: [\"low\", \"high\"], when: zone: \"North\"}\n"
	for _, c := range []struct {
		name, stanza, csv string
		want              map[string]map[string]float64 // shares by value of the given field
	}{
		{"weights", `given: ["zone"], csv: {file: "f.csv"}, weight: "w"`, "zone,town,w\nNorth,a,1\nNorth,b,3\nSouth,a,0\nSouth,c,2\n",
			map[string]map[string]float64{"North": {"a": .25, "b": .75}, "South": {"c": 1}}},
		{"equal weights", `csv: {file: "f.csv"}`, "town\na\nb\n", map[string]map[string]float64{"": {"a": .5, "b": .5}}},
		{"any", `given: ["zone"], csv: {file: "f.csv"}, any: "*", weight: "w"`, "zone,town,w\n*,a,1\nNorth,b,3\n",
			map[string]map[string]float64{"North": {"a": .25, "b": .75}, "South": {"a": 1}}},
		{"null is an empty cell", `given: ["rank"], csv: {file: "f.csv"}`, "rank,town\nlow,a\n,b\n",
			map[string]map[string]float64{"low": {"a": 1}, "high": nil, "null": {"b": 1}}},
		{"any includes null", `given: ["rank"], csv: {file: "f.csv"}, any: "any"`, "rank,town\nany,a\nhigh,b\n",
			map[string]map[string]float64{"low": {"a": 1}, "high": {"a": .5, "b": .5}, "null": {"a": 1}}},
		{"columns and map", `given: ["zone"], csv: {file: "f.csv", columns: {zone: "z", town: "t"}, map: {zone: {N1: "North", N2: "North", S: "South"}, town: {A: "a"}}}`,
			"z,t\nN1,A\nN2,b\nS,A\n", map[string]map[string]float64{"North": {"a": .5, "b": .5}, "South": {"a": 1}}},
		{"column and where", `given: ["zone"], csv: {file: "f.csv", where: year: "2"}, column: "t"`, "zone,t,year\nNorth,a,1\nNorth,b,2\nSouth,c,2\n",
			map[string]map[string]float64{"North": {"b": 1}, "South": {"c": 1}}},
		{"zipf by group", `given: ["zone"], csv: {file: "f.csv"}, zipf: 1, any: "*"`, "zone,town\nNorth,a\n*,b\nNorth,c\n",
			map[string]map[string]float64{"North": {"a": 1 / 2.5, "b": 1 / 2.5, "c": .5 / 2.5}, "South": {"b": 1}}},
		{"inline", `values: {a: 1, "b c": 3, d: 0}`, "", map[string]map[string]float64{"": {"a": .25, "b c": .75}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fields := must(t, head+" town: {kind: \"choice\", "+c.stanza+"}\n}", map[string]string{"f.csv": c.csv})
			town := fields[2]
			b := &town.Program.(*choice).bank
			got := map[string]map[string]float64{}
			for config := range b.Given.Case {
				key := ""
				if len(b.Given.Fields) > 0 {
					f := fields[slices.IndexFunc(fields, func(f *Field) bool { return f.Name == b.Given.Fields[0] })]
					if key = "null"; config < f.Domain.Size() {
						key = f.Domain.Label(config)
					}
				}
				got[key] = sharesOf(town, b, config)
			}
			if d := cmp.Diff(c.want, got, approxShares); d != "" {
				t.Error(d)
			}
		})
	}
}

// Configurations with equal entries share a list, so an entry for every value
// needs no memory per value.
func TestEqualListsAreShared(t *testing.T) {
	fields := must(t, `fields: {
		age: {kind: "integer", min: 0, max: 99}
		town: {kind: "choice", given: ["age"], csv: {file: "f.csv"}, any: "*"}
	}`, map[string]string{"f.csv": "age,town\n*,a\n*,b\n7,c\n8,c\n"})
	b := fields[1].Program.(*choice)
	if len(b.Start) != 3 || len(b.Codes) != 5 {
		t.Errorf("got lists that begin at %v and %d entries, want two lists of 2 and 3 entries", b.Start, len(b.Codes))
	}
}

func TestUncovered(t *testing.T) {
	fields := must(t, `fields: {
		zone: {kind: "category", values: ["North", "South"]}
		rank: {kind: "category", values: ["low", "high"]}
		town: {kind: "choice", given: ["zone", "rank"], csv: {file: "f.csv"}}
		wares: {kind: "list", given: ["zone"], csv: {file: "f.csv"}, column: "town", count: {min: 1, max: 1}, }
		hue: {kind: "choice", values: {red: 1}}
	}`, map[string]string{"f.csv": "zone,rank,town\nNorth,low,a\nNorth,high,b\n"})
	type uncoverer interface{ Uncovered() ([]string, []int) }
	for i, want := range map[int]string{2: "[zone rank] [2 3]", 3: "[zone] [1]", 4: "[] []"} {
		names, configs := fields[i].Program.(uncoverer).Uncovered()
		if got := fmt.Sprint(names, configs); got != want {
			t.Errorf("%s: got %s, want %s", fields[i].Name, got, want)
		}
	}
	b := fill(t, fields, Env{Seed: 1}, 0, 100)
	for r := range b.N {
		south := b.Columns[0].Codes[r] == 1
		if (b.Columns[2].Codes[r] < 0) != south || b.Columns[3].IsNull(frame.CategoryList, r) != south {
			t.Fatalf("row %d: got town %d and null wares %v, want null only in the South (%v)", r, b.Columns[2].Codes[r], b.Columns[3].IsNull(frame.CategoryList, r), south)
		}
	}
}

// Thresholds ascend, end at the last word and agree with the shares of the weights
// up to rounding. The rarest entry keeps at least one word.
func TestThresholds(t *testing.T) {
	source := rng.New(1, "thresholds").Source()
	for range 200 {
		weights := make([]float64, 1+source.Below(300))
		var total float64
		for i := range weights {
			weights[i] = math.Exp(20 * (source.Float64() - 0.5))
			total += weights[i]
		}
		upto := thresholds(weights)
		before := int64(-1)
		for i, w := range weights {
			got, want := float64(int64(upto[i])-before), w/total*(1<<32)
			if got < 1 || math.Abs(got-want) > 2 {
				t.Fatalf("entry %d: got %v words, want %v", i, got, want)
			}
			before = int64(upto[i])
		}
		if upto[len(upto)-1] != math.MaxUint32 {
			t.Fatalf("got last threshold %d, want the last word", upto[len(upto)-1])
		}
	}
	extreme := thresholds([]float64{1e-300, 1e300, 1e-300, 1e-300})
	if d := cmp.Diff([]uint32{0, math.MaxUint32 - 2, math.MaxUint32 - 1, math.MaxUint32}, extreme); d != "" {
		t.Error(d)
	}
}

// The guide table finds the same entry as a search from the start of the list.
func TestDrawerFindsEntry(t *testing.T) {
	source := rng.New(2, "drawer").Source()
	for range 100 {
		b := &bank{Given: newSelector(), Start: []int32{0}}
		for range 1 + source.Below(4) {
			var list []entry
			for range 1 + source.Below(40) {
				list = append(list, entry{code: int32(len(list)), weight: math.Exp(15 * source.Float64())})
			}
			b.addList(list)
		}
		d := b.bind(&Env{})
		for range 200 {
			list := int32(1 + source.Below(len(b.Start)-1))
			word := uint32(source.Uint64())
			if source.Below(3) == 0 { // a threshold or the word after it
				word = b.Upto[int(b.Start[list-1])+source.Below(int(b.Start[list]-b.Start[list-1]))] + uint32(source.Below(2))
			}
			want := b.Start[list-1]
			for b.Upto[want] < word {
				want++
			}
			if got := d.draw(list, word); got != want {
				t.Fatalf("word %d of list %d: got entry %d, want %d", word, list, got, want)
			}
		}
	}
}

func TestChoiceFollowsWeights(t *testing.T) {
	var csv strings.Builder
	csv.WriteString("zone,town,w\n")
	for i := range 50 {
		fmt.Fprintf(&csv, "North,n%d,%d\nSouth,s%d,%d\n", i, i*i+1, i%7, 1)
		if i == 6 {
			break
		}
	}
	fields := must(t, `fields: {
		zone: {kind: "category", values: ["North", "South"]}
		town: {kind: "choice", given: ["zone"], csv: {file: "f.csv"}, weight: "w"}
	}`, map[string]string{"f.csv": csv.String()})
	b := fill(t, fields, Env{Seed: 3}, 0, 100_000)
	p := fields[1].Program.(*choice)
	for config := range 2 {
		want := sharesOf(fields[1], &p.bank, config)
		counts, probabilities := make([]int, len(fields[1].Domain.Labels)), make([]float64, len(fields[1].Domain.Labels))
		for r, code := range b.Columns[1].Codes {
			if b.Columns[0].Codes[r] == int32(config) {
				counts[code]++
			}
		}
		for i, label := range fields[1].Domain.Labels {
			probabilities[i] = want[label]
		}
		if p := chiSquare(counts, probabilities); p < leastP {
			t.Errorf("zone %d: got p = %.2g, want at least %g; counts %v", config, p, leastP, counts)
		}
	}
}

// successive returns the probability of every ordered draw of n items, one after
// another, in proportion to the weights of the items that are left.
func successive(weights []float64, n int) map[string]float64 {
	out := map[string]float64{}
	var walk func(items []int, p float64)
	walk = func(items []int, p float64) {
		if len(items) == n {
			out[fmt.Sprint(items)] = p
			return
		}
		var left float64
		for i, w := range weights {
			if !slices.Contains(items, i) {
				left += w
			}
		}
		for i, w := range weights {
			if !slices.Contains(items, i) {
				walk(append(slices.Clone(items), i), p*w/left)
			}
		}
	}
	walk(nil, 1)
	return out
}

// Both methods of drawing a list, repeated draws and exponential keys, follow the
// weights of the items that are left. With the second weights, about half of the
// lists need keys.
func TestListFollowsWeights(t *testing.T) {
	for _, weights := range [][]float64{{1, 2, 3, 4}, {1000, 20, 1, 1}} {
		fields := must(t, fmt.Sprintf("fields: wares: {kind: \"list\", count: {min: 3, max: 3}, values: {a: %v, b: %v, c: %v, d: %v}}", weights[0], weights[1], weights[2], weights[3]), nil)
		const n = 100_000
		b := fill(t, fields, Env{Seed: 4}, 0, n)
		c := &b.Columns[0]
		counted := map[string]int{}
		for r := range n {
			counted[fmt.Sprint(c.Codes[c.Offsets[r]:c.Offsets[r+1]])]++
		}
		var counts []int
		var probabilities []float64
		rare, rareP := 0, 0.0 // lists with an expected count below five, pooled
		want := successive(weights, 3)
		for key, p := range want {
			if p*n < 5 {
				rare, rareP = rare+counted[key], rareP+p
				continue
			}
			counts, probabilities = append(counts, counted[key]), append(probabilities, p)
		}
		counts, probabilities = append(counts, rare), append(probabilities, rareP)
		for key := range counted {
			if want[key] == 0 {
				t.Errorf("got list %s, which is impossible", key)
			}
		}
		if p := chiSquare(counts, probabilities); p < leastP {
			t.Errorf("weights %v: got p = %.2g, want at least %g; counts %v", weights, p, leastP, counted)
		}
	}
}

func TestListLengths(t *testing.T) {
	fields := must(t, `fields: {
		zone: {kind: "category", values: ["North", "South"]}
		wares: {kind: "list", given: ["zone"], csv: {file: "f.csv"}, count: {min: 1, max: 4}}
		none: {kind: "list", values: {a: 1}, count: {min: 0, max: 0}}
	}`, map[string]string{"f.csv": "zone,wares\nNorth,a\nNorth,b\nNorth,c\nNorth,d\nNorth,e\nSouth,a\nSouth,b\n"})
	b := fill(t, fields, Env{Seed: 5}, 0, 20_000)
	lengths := make([][]int, 2)
	for zone := range lengths {
		lengths[zone] = make([]int, 5)
	}
	c := &b.Columns[1]
	for r := range b.N {
		items := slices.Clone(c.Codes[c.Offsets[r]:c.Offsets[r+1]])
		slices.Sort(items)
		if len(slices.Compact(slices.Clone(items))) != len(items) {
			t.Fatalf("row %d: got %v, want distinct items", r, items)
		}
		lengths[b.Columns[0].Codes[r]][len(items)]++
		if b.Columns[2].Offsets[r+1] != 0 {
			t.Fatalf("row %d: got items in a list of at most 0", r)
		}
	}
	if p := chiSquare(lengths[0], []float64{0, .25, .25, .25, .25}); p < leastP {
		t.Errorf("lengths of lists from five items: got %v, want 1 to 4 equally often", lengths[0])
	}
	if p := chiSquare(lengths[1], []float64{0, .25, .75, 0, 0}); p < leastP {
		t.Errorf("lengths of lists from two items: got %v, want 1 in a quarter, else 2", lengths[1])
	}
}

func TestBankFaults(t *testing.T) {
	const head = "fields: {\n zone: {kind: \"category\", values: [\"North\", \"South\"]}\n hue: {kind: \"template\", text: \"red\"}\n town: {kind: \"choice\", "
	for _, c := range []struct{ name, stanza, csv, want string }{
		{"unknown label", `given: ["zone"], csv: {file: "f.csv"}`, "zone,town\nNorth,a\nSuoth,b\nSuoth,c\nWest,d\n",
			"f.csv:3:1 unknown-label: \"Suoth\" is not a value of field \"zone\" | did you mean \"South\"?\nf.csv:5:1 unknown-label: \"West\" is not a value of field \"zone\" | its values are North, South"},
		{"unknown label in map", `given: ["zone"], csv: {file: "f.csv", map: zone: N: "Nort"}`, "zone,town\nN,a\n",
			"spec.cue:5:77 unknown-label: \"Nort\" is not a value of field \"zone\" | did you mean \"North\"?"},
		{"empty given cell", `given: ["zone"], csv: {file: "f.csv"}`, "zone,town\n,a\n", "f.csv:2:1 unknown-label: \"\" is not a value of field \"zone\" | its values are North, South"},
		{"empty label", `csv: {file: "f.csv"}`, "town,x\n,1\n", "f.csv:2:1 empty-label: the label in column \"town\" is empty | write a label, or exclude the row with where"},
		{"bad weights", `csv: {file: "f.csv"}, weight: "w"`, "town,w\na,-1\nb,many\nc,NaN\nd,+Inf\ne,1\n",
			"f.csv:2:3 bad-weight: weight \"-1\" is not a number of at least 0 | write a plain number such as 12.5\nf.csv:3:3 bad-weight: weight \"many\" is not a number of at least 0 | write a plain number such as 12.5\n" +
				"f.csv:4:3 bad-weight: weight \"NaN\" is not a number of at least 0 | say how figures are written: missing: [\"NaN\"]\nf.csv:5:3 bad-weight: weight \"+Inf\" is not a number of at least 0 | write a plain number such as 12.5"},
		{"no weight", `given: ["zone"], csv: {file: "f.csv"}, weight: "w"`, "zone,town,w\nNorth,a,1\nSouth,b,0\nSouth,c,0\n",
			"f.csv:3:9 no-weight: every entry for zone=South has weight 0: \"b\", \"c\" | give one of them a weight, or leave the rows out: then persons for zone=South have no value"},
		{"twice", `given: ["zone"], csv: {file: "f.csv"}, any: "*"`, "zone,town\n*,a\nNorth,b\nNorth,a\n",
			"f.csv:4:7 duplicate-entry: \"a\" appears twice for zone=North, here and on line 2 | keep one row, with the sum of the weights"},
		{"twice without given", `csv: {file: "f.csv"}`, "town\na\na\n", "f.csv:3:1 duplicate-entry: \"a\" appears twice, here and on line 2 | keep one row, with the sum of the weights"},
		{"no such column", `given: ["zone"], csv: {file: "f.csv"}, column: "twon", weight: "people"`, "zone,town,w\nNorth,a,1\n",
			"spec.cue:5:72 unknown-column: f.csv has no column \"twon\" | did you mean \"town\"?\nspec.cue:5:88 unknown-column: f.csv has no column \"people\" | its columns are [zone town w]"},
		{"no rows", `csv: {file: "f.csv", where: town: "z"}`, "town\na\n", "spec.cue:5:30 no-rows: no row of f.csv gives an entry | check where\nspec.cue:5:53 never-holds: no value of column \"town\" satisfies \"z\" | the values are a"},
		{"no such column in where", `csv: {file: "f.csv", where: twon: "z"}`, "town,x\na,1\n", "spec.cue:5:53 unknown-column: f.csv has no column \"twon\" | did you mean \"town\"?"},
		{"not finite", `given: ["hue"], csv: {file: "f.csv"}`, "hue,town\nred,a\n",
			"spec.cue:5:33 not-finite: field \"hue\" is a template, which has no finite list of values | use a category, integer, group or constant"},
		{"unknown given", `given: ["zoen"], csv: {file: "f.csv"}`, "zone,town\nNorth,a\n", "spec.cue:5:33 unknown-field: no field is called \"zoen\" | did you mean \"zone\"?"},
		{"given twice", `given: ["zone", "zone"], csv: {file: "f.csv"}`, "zone,town\nNorth,a\n", "spec.cue:5:41 given-twice: \"zone\" is given twice | remove one"},
		{"column of another field", `given: ["zone"], csv: {file: "f.csv", columns: zoen: "z"}`, "zone,town\nNorth,a\n",
			"spec.cue:5:72 not-given: \"zoen\" is neither \"town\" nor one of its given fields | did you mean \"zone\"?"},
		{"two weights", `csv: {file: "f.csv"}, weight: "w", zipf: 1`, "town,w\na,1\n", "spec.cue:5:66 two-weights: \"town\" has both a weight column and zipf | remove one"},
		{"inline with given", `given: ["zone"], values: {a: 1}`, "x\n1\n",
			"spec.cue:5:32 needs-csv: given is only for entries from a CSV file, and the entries of \"town\" are inline | remove it, or move the entries to a CSV file"},
		{"inline without weight", `values: {a: 0}`, "x\n1\n", "spec.cue:5:33 no-weight: no entry of \"town\" has a weight above 0 | give at least one entry a weight"},
		{"no values", `values: {}`, "x\n1\n", "spec.cue:5:33 no-weight: no entry of \"town\" has a weight above 0 | give at least one entry a weight"},
		{"list range", `values: {a: 1}}, wares: {kind: "list", values: {a: 1}, count: {min: 3, max: 2}`, "x\n1\n", "spec.cue:5:93 empty-range: min 3 is above max 2 | swap them"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := compile(t, head+c.stanza+"}\n}", map[string]string{"f.csv": c.csv})
			if d := cmp.Diff(c.want, show(got.Diags)); d != "" {
				t.Error(d)
			}
		})
	}
}
