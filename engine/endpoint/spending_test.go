package endpoint

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/endpoint/fake"
)

// spend sends one request to a server that reports a usage, given as JSON, and returns
// what the budget has then.
func spend(t testing.TB, usage string, price Price, req Request, text string) (spent Cost) {
	s := &fake.Server{Replies: func(fake.Asked) string {
		return fmt.Sprintf(`{"choices":[{"message":{"content":%q},"finish_reason":"stop"}],"usage":%s}`, text, usage)
	}}
	cfg := direct(s)
	cfg.Mode, cfg.Retries, cfg.Price = Prompted, -1, &price
	b := NewBudget(Cost{})
	_, _ = newClient(t, cfg, b).Do(t.Context(), req)
	spent, _ = b.Spent()
	return spent
}

// checkSpent compares what was recorded with the least that the call took and with the
// most that is believed of it.
func checkSpent(t testing.TB, usage string, price Price, req Request, text string) {
	spent := spend(t, usage, price, req, text)
	least := price.Cost(Usage{Prompt: LeastPrompt(req), Cached: LeastPrompt(req), Completion: int64(utf8.RuneCountInString(text)) / charsPerTokenAtMost})
	most := price.Cost(Usage{Prompt: PromptBound(req) + hiddenPrompt, Completion: int64(req.MaxTokens) + hiddenThoughts + miscounted})
	if spent.Money < least.Money || spent.Tokens < least.Tokens {
		t.Errorf("usage %s: spent %+v, less than the %+v that were certainly spent", usage, spent, least)
	}
	if spent.Money > most.Money || spent.Tokens > most.Tokens {
		t.Errorf("usage %s: spent %+v, more than the %+v that the request can cost", usage, spent, most)
	}
	if worst := price.Worst(req); !strings.Contains(usage, "reasoning") && (spent.Money > worst.plus(price.Cost(Usage{Prompt: hiddenPrompt, Completion: miscounted})).Money) {
		t.Errorf("usage %s without thoughts: spent %+v, the worst case is %+v", usage, spent, worst)
	}
}

var spendingRequest = Request{System: strings.Repeat("Write a portrait. ", 20), User: "A sailor, 40.", MaxTokens: 400}

// figures are numbers of tokens that servers might write, in JSON.
var figures = []string{"0", "-1", "-0", "1", "50", "400", "401", "9999", "120000", "1000000", "2147483648", "9007199254740993", "9223372036854775807",
	"9999999999999999999999", "1e400", "-1e400", "1e-400", "0.5", "199.99", "null", `"80"`, `"NaN"`, "true", "[]", "{}", `""`}

// Whatever usage a server reports, the cost that is recorded is at least what was
// certainly spent and at most what the request can cost.
func TestAnyUsageIsSettledWithinBounds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func() string { return figures[random.IntN(len(figures))] }
	price := Price{Input: 2, Output: 8, Cached: 0.5}
	for range 400 {
		text := strings.Repeat("He mends nets. ", 1+random.IntN(30))
		usage := fmt.Sprintf(`{"prompt_tokens":%s,"completion_tokens":%s,"total_tokens":%s,"prompt_tokens_details":{"cached_tokens":%s}`, pick(), pick(), pick(), pick())
		if random.IntN(2) == 0 {
			usage += fmt.Sprintf(`,"completion_tokens_details":{"reasoning_tokens":%s}`, pick())
		}
		checkSpent(t, usage+"}", price, spendingRequest, text)
	}
	for _, usage := range append([]string{`{}`, `{"total_tokens":7}`}, figures...) {
		checkSpent(t, usage, price, spendingRequest, "He mends nets.")
	}
}

func FuzzUsageIsSettledWithinBounds(f *testing.F) {
	f.Add(`{"prompt_tokens":200,"completion_tokens":80}`)
	f.Add(`{"prompt_tokens":1e9,"completion_tokens":-1,"cached_tokens":3}`)
	f.Fuzz(func(t *testing.T, usage string) {
		checkSpent(t, usage, Price{Input: 2, Output: 8}, spendingRequest, strings.Repeat("He mends nets. ", 20))
	})
}

// A budget is not overspent by more than what calls in flight report beyond their worst
// cases, which is nothing unless they report thoughts.
func TestBudgetIsNeverOverspent(t *testing.T) {
	const inFlight = 8
	for name, usage := range map[string]func(r *rand.Rand) string{
		"honest": func(r *rand.Rand) string {
			return fmt.Sprintf(`{"prompt_tokens":%d,"completion_tokens":%d}`, 90+r.IntN(50), 20+r.IntN(380))
		},
		"lies": func(r *rand.Rand) string {
			return fmt.Sprintf(`{"prompt_tokens":%s,"completion_tokens":%s}`, figures[r.IntN(len(figures))], figures[r.IntN(len(figures))])
		},
		"thoughts without end": func(r *rand.Rand) string {
			return fmt.Sprintf(`{"prompt_tokens":100,"completion_tokens":%d,"completion_tokens_details":{"reasoning_tokens":%[1]d}}`, r.IntN(200_000))
		},
		"none": func(*rand.Rand) string { return "null" },
	} {
		var mu sync.Mutex
		random := rand.New(rand.NewPCG(3, 4))
		s := &fake.Server{Replies: func(fake.Asked) string {
			mu.Lock()
			defer mu.Unlock()
			return `{"choices":[{"message":{"content":"He mends nets."},"finish_reason":"stop"}],"usage":` + usage(random) + `}`
		}}
		price := Price{Input: 2, Output: 8}
		cfg := direct(s)
		cfg.Mode, cfg.Price, cfg.Workers, cfg.MaxInFlight = Prompted, &price, inFlight, inFlight
		worst := price.Worst(spendingRequest)
		limit := Cost{Money: 40 * worst.Money}
		b := NewBudget(limit)
		c := newClient(t, cfg, b)
		stopped := 0
		for range 50 {
			var all sync.WaitGroup
			for range inFlight {
				all.Go(func() {
					if _, err := c.Do(t.Context(), spendingRequest); KindOf(err) == OverBudget {
						mu.Lock()
						stopped++
						mu.Unlock()
					}
				})
			}
			all.Wait()
		}
		spent, _ := b.Spent()
		beyond := price.Cost(Usage{Prompt: hiddenPrompt, Completion: miscounted}).Money
		if name == "thoughts without end" {
			beyond = price.Cost(Usage{Prompt: hiddenPrompt, Completion: hiddenThoughts + miscounted}).Money
		}
		if spent.Money > limit.Money+inFlight*beyond {
			t.Errorf("%s: spent %v of %v, more than calls in flight explain", name, spent.Money, limit.Money)
		}
		if stopped == 0 {
			t.Errorf("%s: the budget stopped no call; spent %v of %v", name, spent.Money, limit.Money)
		}
	}
}
