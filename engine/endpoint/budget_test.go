package endpoint

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/personagen/personagen/engine/endpoint/fake"
	"github.com/personagen/personagen/engine/internal/rng"
)

func TestPrices(t *testing.T) {
	table := Prices()
	if table.Date == "" || table.Note == "" || table.Currency != "USD" || len(table.Models) == 0 {
		t.Errorf("table: %+v", table)
	}
	seen := map[string]bool{}
	for _, m := range table.Models {
		if seen[m.Model] || m.Source == "" || m.Input <= 0 || m.Output < m.Input || m.Cached > m.Input || m.Batch < 0 || m.Batch > 1 {
			t.Errorf("got %+v", m)
		}
		seen[m.Model] = true
	}
	for model, known := range map[string]bool{"gpt-4.1-mini": true, "gpt-4.1-mini-2025-04-14": true, "openai/gpt-oss-120b": true, "qwen-flash": true, "gpt-4.1": true, "claude-haiku-4-5-20251001": true, "mistral-small-latest": true, "no-such-model": false, "": false, "x/": false} {
		if _, ok := table.Find(model); ok != known {
			t.Errorf("price of %q: %v", model, ok)
		}
	}
}

func TestCost(t *testing.T) {
	p := Price{Input: 0.4, Cached: 0.1, Output: 1.6, Batch: 0.5}
	for _, c := range []struct {
		price Price
		usage Usage
		want  Money
	}{
		{p, Usage{Prompt: 1_000_000}, NewMoney(0.4)},
		{p, Usage{Prompt: 1_000_000, Cached: 1_000_000}, NewMoney(0.1)},
		{p, Usage{Completion: 1_000_000, Reasoning: 500_000}, NewMoney(1.6)},
		{p, Usage{Prompt: 4000, Cached: 3000, Completion: 2700}, 400_000 + 300_000 + 4_320_000},
		{p.InBatch(), Usage{Prompt: 4000, Completion: 2700}, 800_000 + 2_160_000},
		{Price{Input: 1}, Usage{Prompt: 10, Cached: 10}, 10_000},
		{Price{Input: 0.0005}, Usage{Prompt: 1}, 1}, // rounded up
	} {
		if got := c.price.Cost(c.usage); got.Money != c.want || got.Tokens != c.usage.Prompt+c.usage.Completion {
			t.Errorf("%+v of %+v: got %+v, want %d", c.usage, c.price, got, c.want)
		}
	}
	for amount, want := range map[float64]string{1.5: "1.50", 0.00123: "0.0012", 0: "0.00", 0.0001: "0.0001", -0.000068: "-0.000068", 1e-9: "0.000000001"} {
		if got := NewMoney(amount).String(); got != want {
			t.Errorf("%g is %s, want %s", amount, got, want)
		}
	}
	if got := NewMoney(0.2).In("EUR") + ", " + NewMoney(2).In(""); got != "0.20 EUR, 2.00" {
		t.Error(got)
	}
}

// No tokenizer makes more tokens than bytes, so that the bound holds for every
// server; the estimate follows the characters.
func TestTokenCounts(t *testing.T) {
	if got := EstimateTokens("țțțțțțț", 3.5); got != 2 {
		t.Errorf("estimate %d, want 2", got)
	}
	req := Request{System: "țț", User: "abc", Schema: json.RawMessage("{}")}
	if got := PromptBound(req); got != 4+3+4+promptFrame {
		t.Errorf("bound %d", got)
	}
}

func TestReserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(Cost{Money: 100, Tokens: 1000})
		first, err := b.Reserve(t.Context(), Cost{60, 10})
		if err != nil {
			t.Fatal(err)
		}
		// The second waits for the first: it fits if that turns out cheaper.
		var second *Reservation
		done := make(chan error, 1)
		go func() {
			var err error
			second, err = b.Reserve(t.Context(), Cost{60, 10})
			done <- err
		}()
		synctest.Wait()
		if second != nil {
			t.Error("the second reservation did not wait for the first")
		}
		first.Settle(Cost{30, 5})
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		// A third can never fit, and fails at once.
		if _, err := b.Reserve(t.Context(), Cost{71, 1}); KindOf(err) != OverBudget {
			t.Errorf("third: %v", err)
		}
		if _, err := b.Reserve(t.Context(), Cost{1, 996}); KindOf(err) != OverBudget || !strings.Contains(err.Error(), "5 of 1000 tokens") {
			t.Errorf("over the tokens: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := b.Reserve(ctx, Cost{20, 1}); err != context.DeadlineExceeded {
			t.Errorf("waiting with a deadline: %v", err)
		}
		second.SettleUnknown()
		spent, unknown := b.Spent()
		if spent != (Cost{90, 15}) || unknown != (Cost{60, 10}) || b.reserved != (Cost{}) {
			t.Errorf("spent %v, unknown %v, reserved %v", spent, unknown, b.reserved)
		}
	})
}

// TestGrantedBudget: a budget that is granted in slices is used up to the last call that
// surely fits, though calls in flight had lacked more than was left.
func TestGrantedBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left, asked := Money(190), 0
		b := NewGrantedBudget(func(_ context.Context, lacking Money) (Money, error) {
			asked++
			if lacking > left {
				return 0, nil
			}
			granted := min(left, max(lacking, 10))
			left -= granted
			return granted, nil
		})
		var wg sync.WaitGroup
		var over atomic.Int64
		for range 2 {
			wg.Go(func() {
				for {
					reserved, err := b.Reserve(t.Context(), Cost{Money: 100})
					if err != nil {
						if KindOf(err) != OverBudget {
							t.Error(err)
						}
						over.Add(1)
						return
					}
					time.Sleep(time.Second)
					reserved.Settle(Cost{Money: 20})
				}
			})
		}
		wg.Wait()
		if spent, _ := b.Spent(); over.Load() != 2 || spent.Money <= 90 || spent.Money > 190 || b.reserved != (Cost{}) || asked > 20 {
			t.Errorf("spent %v, %d left, asked %d times", spent.Money, left, asked)
		}
	})
}

// Whatever many goroutines reserve and settle, spent and reserved never exceed
// the limit, and nothing is left reserved.
func TestBudgetUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(Cost{Money: 10_000})
		var wg sync.WaitGroup
		for w := range 50 {
			src := rng.New(uint64(w), "budget").Source()
			wg.Go(func() {
				for range 50 {
					worst := Money(1 + src.Below(200))
					reserved, err := b.Reserve(t.Context(), Cost{Money: worst})
					if err != nil {
						if KindOf(err) != OverBudget {
							t.Error(err)
						}
						continue
					}
					b.mu.Lock()
					if b.spent.Money+b.reserved.Money > 10_000 {
						t.Errorf("spent %v and reserved %v", b.spent, b.reserved)
					}
					b.mu.Unlock()
					time.Sleep(time.Duration(src.Below(10)) * time.Millisecond)
					reserved.Settle(Cost{Money: Money(src.Below(int(worst) + 1))})
				}
			})
		}
		wg.Wait()
		if spent, _ := b.Spent(); b.reserved != (Cost{}) || spent.Money < 9_800 {
			t.Errorf("spent %v, reserved %v", spent, b.reserved)
		}
	})
}

// A budget is used up to the last call that surely fits, and not exceeded.
func TestBudgetOfARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fake.Server{Latency: time.Second, TextLength: 400}
		cfg := direct(s)
		price := Price{Input: 1, Output: 4}
		cfg.Price = &price
		b := NewBudget(Cost{Money: NewMoney(0.05)})
		c := newClient(t, cfg, b)
		var refused atomic.Int64
		run(t, c, 200, func(_ int, err error) {
			if KindOf(err) == OverBudget {
				refused.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
		spent, _ := b.Spent()
		worst := price.Worst(ask(0)).Money
		if spent.Money > b.Limit().Money || spent.Money < b.Limit().Money-worst || refused.Load() == 0 {
			t.Errorf("spent %v of %v with a worst case of %v; %d refused", spent.Money, b.Limit().Money, worst, refused.Load())
		}
	})
}
