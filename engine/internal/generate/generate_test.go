package generate_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/compile"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/internal/sample"
	"github.com/personagen/personagen/engine/spec/load"
)

const harbour = `
name: "harbour"
population: {size: 300, seed: 5}
fields: {
	id: kind: "id"
	gear: {kind: "category", values: ["net", "sail", "rope"]}
	crew: {kind: "integer", min: 1, max: 9, when: gear: "net" | "sail"}
	large: {kind: "group", of: "crew", cuts: [1, 5], labels: ["no", "yes"]}
	pay: {kind: "number", when: gear: "rope", normal: {mean: 100, sd: 10}, round: 1}
	word: {kind: "template", when: gear: !="rope", text: "{{ .gear }} {{ .crew }}"}
	odd: {kind: "template", when: crew: >1, text: "{{ div 10 (sub .crew 1) }}"}
	tools: {kind: "list", values: {awl: 3, fid: 2, knife: 1}, count: {min: 0, max: 2}}
}
tables: gear: {over: ["gear"], percent: {net: 50, sail: 30, rope: 20}}
`

func harbourBundle(t testing.TB, text string) *bundle.Bundle {
	t.Helper()
	path := filepath.Join(t.TempDir(), "harbour.cue")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s, faults := load.Load(context.Background(), path, load.Options{})
	if s == nil {
		t.Fatal(faults.Items)
	}
	b, faults := compile.Compile(context.Background(), s, compile.Options{})
	if b == nil {
		t.Fatal(faults.Items)
	}
	return b
}

func generator(t testing.TB, b *bundle.Bundle) *generate.Generator {
	t.Helper()
	a, err := sample.Allocate(context.Background(), b.Model, b.Plan.Population.Size, b.Plan.Population.Seed)
	if err != nil {
		t.Fatal(err)
	}
	q, err := sample.NewQuota(b.Model, a)
	if err != nil {
		t.Fatal(err)
	}
	g, err := generate.New(b.Plan, q, b.Plan.Population.Seed, b.Plan.Population.Size)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// rows renders a batch, a line per person.
func rows(b *frame.Batch) []string {
	out := make([]string, b.N)
	for i, f := range b.Schema {
		c := &b.Columns[i]
		for r := range out {
			value := "null"
			switch {
			case c.IsNull(f.Type, r):
			case f.Type == frame.Category:
				value = f.Labels[c.Codes[r]]
			case f.Type == frame.Integer:
				value = fmt.Sprint(c.Ints[r])
			case f.Type == frame.Number:
				value = fmt.Sprint(c.Floats[r])
			case f.Type == frame.Text:
				value = c.Texts[r]
			case f.Type == frame.CategoryList:
				value = ""
				for _, code := range c.Codes[c.Offsets[r]:c.Offsets[r+1]] {
					value += f.Labels[code] + "+"
				}
			}
			out[r] += f.Name + "=" + value + ";"
		}
	}
	return out
}

func TestAnyRangeEqualsTheWhole(t *testing.T) {
	g := generator(t, harbourBundle(t, harbour))
	b, err := g.Worker().Batch(0, 300)
	if err != nil {
		t.Fatal(err)
	}
	whole := rows(b)
	w := g.Worker()
	for _, x := range [][2]int{{299, 1}, {0, 7}, {100, 113}, {7, 1}} {
		b, err := w.Batch(int64(x[0]), x[1])
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(whole[x[0]:x[0]+x[1]], rows(b)); d != "" {
			t.Errorf("from %d, %d persons: %s", x[0], x[1], d)
		}
	}
}

func TestValuesOnlyWhereWhenHolds(t *testing.T) {
	b, err := generator(t, harbourBundle(t, harbour)).Worker().Batch(0, 300)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows(b) {
		rope := strings.Contains(row, "gear=rope")
		for _, x := range []struct {
			column string
			null   bool
		}{{"crew", rope}, {"large", rope}, {"pay", !rope}, {"word", rope}, {"odd", rope || strings.Contains(row, "crew=1;")}} {
			if strings.Contains(row, ";"+x.column+"=null;") != x.null {
				t.Fatalf("%s: %s", x.column, row)
			}
		}
	}
}

// A field that a table fits is null exactly where its when does not hold, and the
// others get its first and last values too.
func TestFittedValuesOnlyWhereWhenHolds(t *testing.T) {
	text := strings.Replace(harbour, "fields: {", `fields: {
	knot: {kind: "category", values: ["bow", "hitch"], when: gear: "net" | "sail"}
	depth: {kind: "integer", min: 3, max: 5, when: gear: "net"}`, 1)
	text = strings.Replace(text, "tables: gear:", `tables: knot: {over: ["knot"], percent: {bow: 75, hitch: 25}}
tables: depth: {over: ["depth"], percent: {"3": 20, "4": 40, "5": 40}}
tables: gear:`, 1)
	b, err := generator(t, harbourBundle(t, text)).Worker().Batch(0, 300)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, row := range rows(b) {
		for _, cell := range strings.Split(row, ";") {
			if name, _, _ := strings.Cut(cell, "="); name == "gear" || name == "knot" || name == "depth" {
				count[cell]++
			}
		}
		if strings.Contains(row, "knot=null;") != strings.Contains(row, "gear=rope;") || strings.Contains(row, "depth=null;") == strings.Contains(row, "gear=net;") {
			t.Fatalf("null in the wrong place: %s", row)
		}
	}
	want := map[string]int{"gear=net": 150, "gear=sail": 90, "gear=rope": 60, "knot=bow": 180, "knot=hitch": 60, "knot=null": 60,
		"depth=3": 30, "depth=4": 60, "depth=5": 60, "depth=null": 150}
	if d := cmp.Diff(want, count); d != "" {
		t.Error(d)
	}
}

// A template that fails for one person ends the batch with the field and the
// person, unless its when leaves the person out.
func TestFailingTemplate(t *testing.T) {
	text := strings.Replace(harbour, "when: crew: >1, ", "when: crew: >0, ", 1)
	_, err := generator(t, harbourBundle(t, text)).Worker().Batch(0, 300)
	if err == nil || !strings.Contains(err.Error(), `field "odd" of person `) || !strings.Contains(err.Error(), "divide by zero") {
		t.Errorf("got %v", err)
	}
}

func TestDeriverFillsFunctionsOfOthers(t *testing.T) {
	p := harbourBundle(t, harbour)
	b, err := generator(t, p).Worker().Batch(0, 300)
	if err != nil {
		t.Fatal(err)
	}
	want := rows(b)
	i := b.Schema.Index("large")
	clear(b.Columns[i].Codes)
	d, err := generate.NewDeriver(p.Plan, []string{"large"})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Fill(b); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, rows(b)); d != "" {
		t.Error(d)
	}
}

func TestDamagedPlan(t *testing.T) {
	p := harbourBundle(t, harbour).Plan
	p.Structure = "no hash"
	if _, err := generate.New(p, nil, 1, 1); err == nil {
		t.Error("a damaged structure hash passes")
	}
	if _, err := generate.NewDeriver(p, nil); err == nil {
		t.Error("a damaged structure hash passes the deriver")
	}
}

func BenchmarkBatch(b *testing.B) {
	p := harbourBundle(b, strings.Replace(harbour, "size: 300", "size: 100_000", 1))
	w := generator(b, p).Worker()
	for b.Loop() {
		if _, err := w.Batch(0, generate.BatchRows); err != nil {
			b.Fatal(err)
		}
	}
}
