package specs_test

import (
	"context"
	"slices"
	"testing"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/run"
)

// TestNearPersonsByChance: few fields make many persons the same but for one
// thing, as many as the suite expects; many fields make none.
func TestNearPersonsByChance(t *testing.T) {
	for _, c := range []struct {
		spec  string
		size  int64
		pairs int // things by which there are at least 500 pairs
	}{{"quickstart.cue", 20_000, 5}, {moldova, 3000, 0}} {
		s, err := run.Run(context.Background(), run.Config{Spec: c.spec, Out: t.TempDir(), Size: c.size, Provider: run.NoTexts, Formats: []string{"csv"}})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(s.Result.Outcomes, func(o check.Outcome) bool { return o.Kind == check.KindNearPersons })
		o := s.Result.Outcomes[i]
		if o.Status != check.Pass || o.Near.Persons != 0 {
			t.Errorf("%s: %s: %s", c.spec, o.Status, o.Message)
		}
		many := 0
		for _, x := range o.Near.ByThing {
			if x.Pairs < 500 {
				continue
			}
			many++
			if x.Expected < 0.7*x.Pairs || x.Expected > 4*x.Pairs {
				t.Errorf("%s: %s: %g pairs where %g are expected", c.spec, x.Thing, x.Pairs, x.Expected)
			}
		}
		if many < c.pairs {
			t.Errorf("%s: %+v", c.spec, o.Near)
		}
	}
}
