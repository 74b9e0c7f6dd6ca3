package specs_test

import (
	"context"
	"slices"
	"testing"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/run"
)

// TestNearDuplicatePersonsByChance: with few fields, many pairs of persons differ in
// only one field, about as many as the check expects by chance. With many fields no
// pair does.
func TestNearDuplicatePersonsByChance(t *testing.T) {
	for _, c := range []struct {
		spec string
		size int64
		many int // fields in which at least 500 pairs differ
	}{{"quickstart.cue", 20_000, 5}, {moldova, 3000, 0}, {"brazil.cue", 3000, 0}} {
		s, err := run.Run(context.Background(), run.Config{Spec: c.spec, Cache: cache, Out: t.TempDir(), Size: c.size, Provider: run.NoTexts, Formats: []string{"csv"}})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(s.Result.Outcomes, func(o check.Outcome) bool { return o.Kind == check.KindNearPersons })
		o := s.Result.Outcomes[i]
		if o.Status != check.Pass || o.Near.Persons != 0 {
			t.Errorf("%s: got %s, want pass: %s", c.spec, o.Status, o.Message)
		}
		many := 0
		for _, x := range o.Near.ByThing {
			if x.Pairs < 500 {
				continue
			}
			many++
			if x.Expected < 0.7*x.Pairs || x.Expected > 4*x.Pairs {
				t.Errorf("%s: %s: got %g pairs, expected %g by chance", c.spec, x.Thing, x.Pairs, x.Expected)
			}
		}
		if many < c.many {
			t.Errorf("%s: got %d fields with 500 pairs, want %d: %+v", c.spec, many, c.many, o.Near)
		}
	}
}
