package check

import (
	"encoding/json"
	"testing"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// port is a plan of a choice of three places and two columns of their rows. The second
// row has no number.
func port(t testing.TB, hidden bool) *plan.Plan {
	t.Helper()
	field := func(text string) *kind.Field {
		f := &kind.Field{}
		if err := json.Unmarshal([]byte(text), f); err != nil {
			t.Fatal(err)
		}
		return f
	}
	p := &plan.Plan{
		Name: "port", Population: plan.Population{Seed: 7}, Order: []string{"place", "name", "height", "load"},
		Fields: []*kind.Field{
			field(`{"name":"place","kind":"choice","class":"drawn","type":"category","domain":{"labels":["1","2","3"]},
				"program":{"given":{"fields":[],"slots":[],"nullable":[],"min":[],"case":[1]},"start":[0,3],"codes":[0,1,2],"upto":[1431655764,2863311529,4294967295],"rows":[0,1,2]}}`),
			field(`{"name":"name","kind":"column","class":"drawn","type":"category","nullable":true,"domain":{"labels":["Ford","Hill"]},"inputs":["place"],
				"program":{"of":"place","columns":[{"codes":[0,0,1]}]}}`),
			field(`{"name":"height","kind":"column","class":"drawn","type":"integer","nullable":true,"inputs":["place"],
				"program":{"of":"place","columns":[{"numbers":[10,0,30],"empty":[1]}]}}`),
			{Name: "load", Kind: "number", Class: kind.Drawn, Type: frame.Number, Decimals: -1, Program: bounded{0, 1}},
		},
	}
	p.Fields[0].Hidden = hidden
	return p
}

// moored makes persons of the port.
func moored(p *plan.Plan, n int) *frame.Batch {
	b := frame.New(p.Schema())
	b.Resize(0, n)
	for i, f := range p.Fields {
		if f.Name != "load" {
			f.Program.Bind(&kind.Env{Fields: p.Fields, Field: f, Seed: 7}).Fill(b, &b.Columns[i])
		}
	}
	load := rng.New(7, "load")
	for r := range n {
		b.Columns[3].Floats[r] = rng.Float64(load.Uint64(int64(r)))
	}
	return b
}

func TestRowCells(t *testing.T) {
	p := port(t, false)
	o := Options{Rows: 300, Kinds: []string{KindColumn, KindNulls}, TempDir: t.TempDir()}
	for _, c := range []struct {
		name   string
		change func(b *frame.Batch)
		bad    int64
	}{
		{"as drawn", func(*frame.Batch) {}, 0},
		{"another label", func(b *frame.Batch) { b.Columns[1].Codes[7] = 1 - b.Columns[1].Codes[7] }, 1},
		{"no label", func(b *frame.Batch) { b.Columns[1].Codes[8] = -1 }, 1},
		{"another place", func(b *frame.Batch) { b.Columns[0].Codes[9] = (b.Columns[0].Codes[9] + 2) % 3 }, 2},
		{"another number", func(b *frame.Batch) {
			for r, null := range b.Columns[2].Null {
				if !null {
					b.Columns[2].Ints[r]++
					return
				}
			}
		}, 1},
		{"a number where there is none", func(b *frame.Batch) {
			for r, null := range b.Columns[2].Null {
				if null {
					b.Columns[2].Null[r] = false
					return
				}
			}
		}, 1},
	} {
		b := moored(p, 300)
		c.change(b)
		r := judge(t, p, o, 1, []*frame.Batch{b})
		var found int64
		columns := 0
		for _, x := range r.Outcomes {
			if x.Kind != KindColumn {
				if x.Status == Fail {
					t.Errorf("%s: %s: %s", c.name, x.ID, x.Message)
				}
				continue
			}
			columns++
			found += x.Persons
			if (x.Status == Fail) != (x.Persons > 0) {
				t.Errorf("%s: %s has %d persons and status %s", c.name, x.ID, x.Persons, x.Status)
			}
		}
		switch {
		case columns != 2:
			t.Errorf("%s: got %d checks of columns, want 2", c.name, columns)
		case c.name == "another place" && found < 1 || c.name != "another place" && found != c.bad:
			t.Errorf("%s: got %d persons, want %d", c.name, found, c.bad)
		}
	}
	r := judge(t, port(t, true), o, 1, []*frame.Batch{moored(port(t, true), 300)})
	if r.Failed() || r.Counts[Skip] != 2 {
		t.Errorf("a release without the choice: %s; got %d skipped checks, want those of both columns", r.Headline(), r.Counts[Skip])
	}
}

// The columns of a row are one thing: persons who share it are not near-duplicates for
// each column, and their number is not compared as if it were drawn.
func TestRowCellsAreOneThing(t *testing.T) {
	for _, hidden := range []bool{false, true} {
		p := port(t, hidden)
		o := Options{Rows: 4000, Kinds: []string{KindPersons, KindNearPersons}, TempDir: t.TempDir()}
		r := judge(t, p, o, 1, []*frame.Batch{moored(p, 4000)})
		for _, x := range r.Outcomes {
			if x.Status != Pass && x.Status != Note {
				t.Errorf("hidden %v: %s: %s: %s", hidden, x.ID, x.Status, x.Message)
			}
		}
	}
}

// A number of a row is as likely to repeat as the row is.
func TestNumbersOfRowsRepeat(t *testing.T) {
	p := port(t, true)
	height := &kind.Field{}
	err := json.Unmarshal([]byte(`{"name":"height","kind":"column","class":"drawn","type":"number","decimals":-1,"inputs":["place"],
		"program":{"of":"place","columns":[{"numbers":[10,20,30]}]}}`), height)
	if err != nil {
		t.Fatal(err)
	}
	p.Fields, p.Order = append(p.Fields[:2], height), p.Order[:3]
	b := frame.New(p.Schema())
	b.Resize(0, 500)
	for i, f := range p.Fields {
		f.Program.Bind(&kind.Env{Fields: p.Fields, Field: f, Seed: 7}).Fill(b, &b.Columns[i])
	}
	r := judge(t, p, Options{Rows: 500, Kinds: []string{KindPersons}, TempDir: t.TempDir()}, 1, []*frame.Batch{b})
	for _, x := range r.Outcomes {
		if x.Status == Fail || x.Persons < 400 {
			t.Errorf("%s: %s, %d persons: %s", x.ID, x.Status, x.Persons, x.Message)
		}
	}
}
