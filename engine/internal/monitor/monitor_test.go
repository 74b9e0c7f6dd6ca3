package monitor_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/compile"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/internal/monitor"
	"github.com/personagen/personagen/engine/internal/sample"
	"github.com/personagen/personagen/engine/spec/load"
)

// coast has margins, a two-way table and a text that children do not have.
const coast = `
name: "coast"
population: {size: 10000, seed: 1}
fields: {
	id: kind: "id"
	hue: {kind: "category", values: ["red", "green", "blue"]}
	years: {kind: "integer", min: 0, max: 79}
	bay: {kind: "category", values: ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]}
	tale: {kind: "text", call: "tell", chars: {min: 1, max: 400}}
	deed: {kind: "text", call: "tell", when: years: >=18, chars: {min: 1, max: 400}}
}
tables: {
	hues: {over: ["hue"], shares: {red: 0.2, green: 0.3, blue: 0.5}}
	bays: {given: ["hue"], over: ["bay"], shares: {
		red: {a: 0.1, b: 0.1, c: 0.1, d: 0.1, e: 0.1, f: 0.1, g: 0.1, h: 0.1, i: 0.1, j: 0.1}
		green: {a: 0.2, b: 0.1, c: 0.1, d: 0.1, e: 0.1, f: 0.1, g: 0.1, h: 0.1, i: 0.05, j: 0.05}
		blue: {a: 0.05, b: 0.05, c: 0.1, d: 0.1, e: 0.1, f: 0.1, g: 0.1, h: 0.1, i: 0.1, j: 0.2}
	}}
}
calls: tell: {prompt: "{{ .hue }}", model: "m"}
`

const people = 10_000

func compileText(t testing.TB, text string) *bundle.Bundle {
	t.Helper()
	path := filepath.Join(t.TempDir(), "coast.cue")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s, faults := load.Load(context.Background(), path, load.Options{})
	if faults != nil && faults.Failed() {
		t.Fatal(faults.Err())
	}
	b, faults := compile.Compile(context.Background(), s, compile.Options{})
	if b == nil {
		t.Fatal(faults.Err())
	}
	return b
}

// persons makes the persons of a seed, block by block.
func persons(t testing.TB, p *bundle.Bundle, seed uint64, visit func(b *frame.Batch) error) error {
	t.Helper()
	a, err := sample.Allocate(context.Background(), p.Model, people, seed)
	if err != nil {
		t.Fatal(err)
	}
	q, err := sample.NewQuota(p.Model, a)
	if err != nil {
		t.Fatal(err)
	}
	g, err := generate.New(p.Plan, q, seed, people)
	if err != nil {
		t.Fatal(err)
	}
	w := g.Worker()
	for at := int64(0); at < people; at += 125 {
		b, err := w.Batch(at, 125)
		if err != nil {
			t.Fatal(err)
		}
		if err := visit(b); err != nil {
			return err
		}
	}
	return nil
}

// watched runs a population past a monitor; bad says who has no tale.
func watched(t testing.TB, p *bundle.Bundle, seed uint64, budget float64, bad func(b *frame.Batch, row int) bool) error {
	m := monitor.New(p.Plan, []string{"tale", "deed"}, monitor.Options{Check: check.Options{Total: people}, Count: people, Budget: budget})
	years := p.Plan.Schema().Index("years")
	return persons(t, p, seed, func(b *frame.Batch) error {
		if err := m.Made(b); err != nil {
			return err
		}
		for row := range b.N {
			fates := []enrich.Fate{enrich.Good, enrich.NotApplicable}
			if bad(b, row) {
				fates[0] = enrich.Bad
			}
			if b.Columns[years].Ints[row] >= 18 { // the young would stand out if they counted
				fates[1] = enrich.Good
				if bad(b, row) {
					fates[1] = enrich.Bad
				}
			}
			if err := m.Ended(b, row, fates); err != nil {
				return err
			}
		}
		return nil
	})
}

// Right runs are not stopped, although three in a hundred texts are missing and
// the monitor looks ten times.
func TestRightRunsAreNotStopped(t *testing.T) {
	p := compileText(t, coast)
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		if err := watched(t, p, seed, 0, func(*frame.Batch, int) bool { return r.Float64() < 0.03 }); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// With a budget of one half at most half of all right runs are stopped: the
// budget is one for all checkpoints and tests.
func TestTheBudgetIsThatOfTheWholeRun(t *testing.T) {
	p := compileText(t, coast)
	stopped := 0
	const runs = 100
	for seed := range uint64(runs) {
		r := rand.New(rand.NewPCG(seed, 2))
		if err := watched(t, p, seed, 0.5, func(*frame.Batch, int) bool { return r.Float64() < 0.03 }); err != nil {
			stopped++
		}
	}
	if stopped > runs/2+15 { // three standard deviations
		t.Errorf("%d of %d runs were stopped", stopped, runs)
	}
}

func TestBentRunsAreStopped(t *testing.T) {
	p := compileText(t, coast)
	hue, years, bay := p.Plan.Schema().Index("hue"), p.Plan.Schema().Index("years"), p.Plan.Schema().Index("bay")
	for _, c := range []struct {
		name   string
		bad    func(r *rand.Rand, b *frame.Batch, row int) bool
		within int64
		says   string
	}{
		{"a hue is refused", func(r *rand.Rand, b *frame.Batch, row int) bool { return b.Columns[hue].Codes[row] == 0 }, 1000, "persons with hue red (100.0 %)"},
		{"half of a small bay", func(r *rand.Rand, b *frame.Batch, row int) bool {
			return b.Columns[bay].Codes[row] == 8 && r.Float64() < 0.5
		}, 1000, "persons with bay i ("},
		{"the old now and then", func(r *rand.Rand, b *frame.Batch, row int) bool {
			return r.Float64() < map[bool]float64{true: 0.06, false: 0.01}[b.Columns[years].Ints[row] >= 76]
		}, 10_000, "persons with years 76-79 ("},
		{"most of all", func(r *rand.Rand, b *frame.Batch, row int) bool { return r.Float64() < 0.6 }, 1000, "field tale has no text for"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 3))
			err := watched(t, p, 1, 0, func(b *frame.Batch, row int) bool { return c.bad(r, b, row) })
			var stop *monitor.Stop
			if !errors.As(err, &stop) || stop.Persons > c.within || !strings.Contains(err.Error(), c.says) {
				t.Errorf("within %d persons and with %q wanted, got %v", c.within, c.says, err)
			}
		})
	}
}

// A group that is missing a little more is no reason to stop as long as that is
// within what the spec lets be set aside.
func TestTheLimitOfTheSpecCounts(t *testing.T) {
	bent := func(b *frame.Batch, row int) bool { return b.Columns[1].Codes[row] == 0 && row%8 == 0 }
	if err := watched(t, compileText(t, coast), 1, 0, bent); err == nil {
		t.Fatal("not stopped")
	}
	if err := watched(t, compileText(t, coast+"\nenrichment: quarantine: at_most: 0.2\n"), 1, 0, bent); err != nil {
		t.Error(err)
	}
}

// Persons that come in an order are stopped at the first checkpoint, and the
// monitor tells how far they are off.
func TestPersonsInAnOrderAreStopped(t *testing.T) {
	p := compileText(t, coast)
	m := monitor.New(p.Plan, []string{"tale"}, monitor.Options{Check: check.Options{Total: people}, Count: people})
	err := persons(t, p, 1, func(b *frame.Batch) error {
		if first := b.First; first < 3000 {
			for row := range b.N { // a fifth more red ones among the first
				if b.Columns[1].Codes[row] == 2 && row%5 == 0 {
					b.Columns[1].Codes[row] = 0
				}
			}
		}
		return m.Made(b)
	})
	var stop *monitor.Stop
	if !errors.As(err, &stop) || stop.Persons != 1000 || !strings.Contains(err.Error(), "do not follow") {
		t.Errorf("got %v", err)
	}
	m = monitor.New(p.Plan, []string{"tale"}, monitor.Options{Check: check.Options{Total: people}, Count: people})
	if err := persons(t, p, 1, m.Made); err != nil {
		t.Fatal(err)
	}
	if d := m.Distributions(); len(d) != 3 || fmt.Sprintf("%.2f", d[0].Points) != "0.00" && d[0].Points > 0.02 {
		t.Errorf("%+v", d)
	}
}
