package fit

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestValidate checks that every fault has a message.
func TestValidate(t *testing.T) {
	cases := []struct {
		name, want string
		spoil      func(*Problem)
	}{
		{"no variables", "no variables", func(p *Problem) { p.Vars = nil }},
		{"no values", "want at least one", func(p *Problem) { p.Vars[1].Card = 0 }},
		{"role", "unknown role", func(p *Problem) { p.Tables[0].Role = "firm" }},
		{"rho", "the weight rho of a soft table is 0", func(p *Problem) { p.Tables[0].Role = Soft }},
		{"scope", "has variable 9, want 0 to 2", func(p *Problem) { p.Tables[0].Scope[0] = 9 }},
		{"twice", "twice", func(p *Problem) { p.Tables[0].Scope[0] = 1 }},
		{"empty scope", "scope is empty", func(p *Problem) { p.Tables[0].Scope = nil }},
		{"cells", "cell has 5 entries", func(p *Problem) { p.Tables[0].Cell = p.Tables[0].Cell[1:] }},
		{"cell", "has cell 6", func(p *Problem) { p.Tables[0].Cell[2] = 6 }},
		{"rows", "row has 1 entries", func(p *Problem) { p.Tables[1].Row = p.Tables[1].Row[:1] }},
		{"row", "has row -1", func(p *Problem) { p.Tables[1].Row[0] = -1 }},
		{"gap in rows", "row 0 has no cells", func(p *Problem) { p.Tables[1].Row = []int32{1, 1} }},
		{"negative", "has share -1", func(p *Problem) { p.Tables[1].Share[0] = -1 }},
		{"sum", "sum to 1.01, want 1", func(p *Problem) { p.Tables[1].Share[0] += 0.01 }},
		{"variance", "variance", func(p *Problem) { p.Tables[1].Variance = -1 }},
		{"allowed", "allowed has 1 entries", func(p *Problem) {
			p.Supports = []Support{{"s", []int{0}, []bool{true}}}
		}},
		{"together", "together 0", func(p *Problem) { p.Together = [][]int{{7}} }},
		{"huge", "more than", func(p *Problem) { p.Vars[0].Card, p.Vars[1].Card = 1<<20, 1<<20 }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := chain()
			c.spoil(p)
			_, err := Fit(context.Background(), p, Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want %q", err, c.want)
			}
		})
	}
}

// FuzzFit fits malformed problems: any result or error is right, a panic is not.
func FuzzFit(f *testing.F) {
	for _, p := range []*Problem{chain(), triangle(0.6), triangle(0.7)} {
		b, err := json.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"vars":[{"name":"a","card":2}],"tables":[{"role":"hard","scope":[0],"cell":[-1,-1],"row":[0],"share":[1]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := new(Problem)
		if json.Unmarshal(b, p) != nil {
			return
		}
		total := 0
		for _, v := range p.Vars {
			total += max(v.Card, 0)
		}
		if total > 64 || len(p.Tables) > 16 {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		r, err := Fit(ctx, p, Options{MaxCells: 1 << 14, MaxSweeps: 500})
		if err != nil {
			_ = err.Error()
			return
		}
		for i, c := range r.Certificates {
			if p.Tables[i].Role == Hard && !(c.TVD <= 1e-9) {
				t.Errorf("table %d certified with TVD %g", i, c.TVD)
			}
		}
	})
}
