package enrich

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/prompt"
	"github.com/personagen/personagen/engine/plan"
)

// lateCancel ends after it was asked a number of times, which is in the middle of a long
// template.
type lateCancel struct {
	context.Context
	left int
}

func (c *lateCancel) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// A run that is interrupted stops within the rendering of a prompt, in both modes.
func TestRenderStopsWithTheRun(t *testing.T) {
	template, faults := prompt.Parse("tell", `{{ range $i := until 9999 }}{{ $i }} {{ end }}`, nil)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	c := &call{Call: &plan.Call{Name: "tell"}, variants: [][]*variant{{{}}}, template: template}
	p := &person{runner: &runner{Enricher: &Enricher{}}, block: &block{batch: &frame.Batch{N: 1}}, values: map[string]any{}}
	req, err := p.request(context.Background(), c, nil)
	if err != nil || !strings.Contains(req.User, " 9998 ") {
		t.Fatalf("without an interruption: %v", err)
	}
	const asked = 5
	ctx := &lateCancel{context.Background(), asked}
	if _, err := p.request(ctx, c, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cause of the interruption", err)
	}
	if more := -ctx.left; more > 3 {
		t.Errorf("asked %d times after the end", more)
	}
	if _, err := (&batcher{}).ask(&lateCancel{context.Background(), asked}, p, c, nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a batch's request: got %v", err)
	}
}

// TestShareOf counts the draws of shares: near their size in any hundred persons.
func TestShareOf(t *testing.T) {
	for seed := range uint64(20) {
		v := newVariety(&plan.Plan{Variation: &plan.Variation{Shares: []plan.ModelShare{{Share: 0.7}, {Share: 0.25}, {Share: 0.05}}}}, seed)
		var all, hundred [3]int
		for person := range int64(10_000) {
			if person%100 == 0 {
				hundred = [3]int{}
			}
			i := v.shareOf(person)
			all[i]++
			if hundred[i]++; person%100 == 99 && hundred != [3]int{70, 25, 5} {
				t.Fatalf("seed %d, to person %d: got %v", seed, person, hundred)
			}
		}
	}
}
