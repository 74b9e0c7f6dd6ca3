package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/personagen/personagen/engine/endpoint/fake"
	"github.com/personagen/personagen/engine/internal/rng"
)

// The tests here run under virtual time: seconds of waiting take none, and
// synctest fails where a goroutine is left behind.

// run sends n requests from as many goroutines as the client has a use for, and
// returns how long that took.
func run(t *testing.T, c *Client, n int, outcome func(i int, err error)) time.Duration {
	start := time.Now()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range c.Width() {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				_, err := c.Do(t.Context(), ask(i))
				outcome(i, err)
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

func mustAnswer(t *testing.T) func(int, error) {
	return func(i int, err error) {
		if err != nil {
			t.Errorf("request %d: %v", i, err)
		}
	}
}

// At 200 ms a call and 200 in flight the ideal is 1,000 calls a second. The
// start, from 10 in flight, is part of the first 4,000 calls.
func TestThroughput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fake.Server{Latency: 200 * time.Millisecond}
		cfg := direct(s)
		cfg.MaxInFlight = 200
		c := newClient(t, cfg, nil)
		const n = 4000
		for _, least := range []float64{0.75, 0.95} {
			took := run(t, c, n, mustAnswer(t))
			if share := n / 1000.0 / took.Seconds(); share < least {
				t.Errorf("%.1f %% of the ideal throughput, want %.0f %%", 100*share, 100*least)
			}
		}
		if s.Peak() != 200 {
			t.Errorf("%d in flight, want 200", s.Peak())
		}
	})
}

// A server that queues what it cannot work on is kept busy, with a short queue.
func TestLatencyAsCongestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fake.Server{Latency: 200 * time.Millisecond, Slots: 40}
		cfg := direct(s)
		cfg.MaxInFlight = 500
		c := newClient(t, cfg, nil)
		const n = 4000
		took := run(t, c, n, mustAnswer(t))
		if share := float64(n) / (40 / 0.2) / took.Seconds(); share < 0.95 {
			t.Errorf("%.1f %% of what the server can do", 100*share)
		}
		if limit := c.Stats().Limit; s.Peak() > 240 || limit > 100 {
			t.Errorf("%d in flight at a server of 40 slots, %d at the end", s.Peak(), limit)
		}
	})
}

// A server that becomes slower for reasons of its own is not left idle.
func TestSlowerServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fake.Server{Latency: 100 * time.Millisecond}
		cfg := direct(s)
		cfg.MaxInFlight = 100
		c := newClient(t, cfg, nil)
		run(t, c, 2000, mustAnswer(t))
		s.Latency = 300 * time.Millisecond
		const n = 6000
		took := run(t, c, n, mustAnswer(t))
		if share := float64(n) / (100 / 0.3) / took.Seconds(); share < 0.75 {
			t.Errorf("%.1f %% of the ideal throughput", 100*share)
		}
	})
}

// A server that answers 429 above 100 calls at once: nearly all its capacity is
// used, few calls are refused, and none is lost.
func TestRefusalAsCongestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fake.Server{Latency: 200 * time.Millisecond, Limit: 100}
		cfg := direct(s)
		cfg.MaxInFlight, cfg.Retries, cfg.MaxBackoff = 500, 20, time.Second // else the run ends in a long wait for one call
		c := newClient(t, cfg, nil)
		const n = 5000
		took := run(t, c, n, mustAnswer(t))
		if share := float64(n) / (100 / 0.2) / took.Seconds(); share < 0.75 {
			t.Errorf("%.1f %% of what the server can do", 100*share)
		}
		if refused := s.Calls() - n; refused > n/20 {
			t.Errorf("%d of %d calls were refused", refused, s.Calls())
		}
	})
}

// Never more than MaxInFlight, and at first no more than Workers.
func TestInFlight(t *testing.T) {
	for _, c := range []struct{ workers, most, peak int }{{0, 0, 10}, {3, 0, 3}, {3, 7, 7}, {10, 4, 4}, {1, 1, 1}} {
		synctest.Test(t, func(t *testing.T) {
			s := &fake.Server{Latency: time.Second}
			cfg := direct(s)
			cfg.Workers, cfg.MaxInFlight = c.workers, c.most
			client := newClient(t, cfg, nil)
			var wg sync.WaitGroup
			for i := range 50 {
				wg.Go(func() { client.Do(t.Context(), ask(i)) })
			}
			time.Sleep(time.Second / 2)
			workers := c.workers
			if workers == 0 {
				workers = 10
			}
			if got, want := client.Stats().InFlight, min(workers, c.peak); got != want {
				t.Errorf("%+v: %d in flight at first, want %d", c, got, want)
			}
			wg.Wait()
			if s.Peak() != c.peak {
				t.Errorf("%+v: %d in flight at most", c, s.Peak())
			}
		})
	}
}

func TestRequestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		perSecond := map[int]int{}
		start := time.Now()
		s := &fake.Server{Faults: func(int) fake.Fault {
			mu.Lock()
			defer mu.Unlock()
			perSecond[int(time.Since(start).Seconds())]++
			return fake.None
		}}
		cfg := direct(s)
		cfg.Limits = Limits{RequestsPerSecond: 50, RequestsPerMinute: 1200} // the second is 20 a second
		took := run(t, newClient(t, cfg, nil), 600, mustAnswer(t))
		if took < 29*time.Second || took > 31*time.Second {
			t.Errorf("600 calls at 20 a second took %v", took)
		}
		for second, n := range perSecond {
			if n > 22 {
				t.Errorf("%d calls in second %d", n, second)
			}
		}
	})
}

// Tokens are counted as used, not as bounded: 400 are reserved per call.
func TestTokenLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fake.Server{Latency: time.Second}
		cfg := direct(s)
		cfg.Limits.TokensPerMinute = 60_000
		const n = 1000
		took := run(t, newClient(t, cfg, nil), n, mustAnswer(t))
		billed := s.Billed()
		rate := float64(billed.Prompt+billed.Completion) / took.Seconds()
		if rate > 1010 {
			t.Errorf("%.0f tokens a second, limit 1000", rate)
		}
		if rate < 200 { // 10 workers at 35 tokens a second are the bound here
			t.Errorf("%.0f tokens a second: the limit holds back too much", rate)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		header http.Header
		fault  fake.Fault
		least  time.Duration
		most   time.Duration
	}{
		{nil, fake.RateLimitAfter, 20 * time.Second, 21 * time.Second},
		{nil, fake.ServerError, time.Second / 2, time.Second},
		{http.Header{"X-Ratelimit-Remaining-Requests": {"0"}, "X-Ratelimit-Reset-Requests": {"1m4s"}}, fake.None, 64 * time.Second, 65 * time.Second},
		{http.Header{"X-Ratelimit-Remaining-Tokens": {"0"}, "X-Ratelimit-Reset-Tokens": {"60"}, "X-Ratelimit-Limit-Tokens": {"4500"}}, fake.None, 6 * time.Second, 7 * time.Second},
		{http.Header{"X-Ratelimit-Remaining-Tokens": {"100000"}, "X-Ratelimit-Reset-Tokens": {"60"}}, fake.None, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &fake.Server{Faults: fake.Sequence(c.fault), RetryAfter: 20 * time.Second, Headers: c.header}
			cfg := direct(s)
			client := newClient(t, cfg, nil)
			start := time.Now()
			calls := 2
			if c.fault != fake.None {
				calls = 1
			}
			for i := range calls {
				if _, err := client.Do(t.Context(), ask(i)); err != nil {
					t.Error(err)
				}
			}
			if took := time.Since(start); took < c.least || took > c.most {
				t.Errorf("%v %v: %v, want %v to %v", c.fault, c.header, took, c.least, c.most)
			}
		})
	}
}

// A pause that one caller is asked for holds all others back.
func TestPauseHoldsEveryone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var early atomic.Int64
		s := &fake.Server{RetryAfter: 30 * time.Second, Latency: time.Millisecond, Faults: func(n int) fake.Fault {
			if n == 0 {
				return fake.RateLimitAfter
			}
			if d := time.Since(start); d > time.Second && d < 30*time.Second {
				early.Add(1)
			}
			return fake.None
		}}
		c := newClient(t, direct(s), nil)
		run(t, c, 100, mustAnswer(t))
		if n := early.Load(); n > 0 {
			t.Errorf("%d calls were sent during the pause", n)
		}
	})
}

func TestRestFor(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	head := func(remaining, reset, limit string) http.Header {
		h := http.Header{}
		h.Set("x-ratelimit-remaining-tokens", remaining)
		h.Set("x-ratelimit-reset-tokens", reset)
		h.Set("x-ratelimit-limit-tokens", limit)
		return h
	}
	for _, c := range []struct {
		h    http.Header
		want time.Duration
	}{
		{http.Header{}, 0},
		{head("100", "1m", "1000"), 0},
		{head("0", "1m", "1000"), 6 * time.Second},
		{head("0", "20ms", ""), 20 * time.Millisecond},
		{head("50", "95s", "1000"), 5 * time.Second},
		{head("0", "1700000003", "50"), 3 * time.Second},
		{head("0", "soon", "x"), 0},
		{head("-5", "-3", "0"), 0},
		{head("NaN", "1m", "10"), 0},
	} {
		if got := restFor(c.h, 100, now); got < c.want-time.Millisecond || got > c.want+time.Millisecond {
			t.Errorf("%v: %v, want %v", c.h, got, c.want)
		}
	}
	for text, want := range map[string]time.Duration{"": 0, "3": 3 * time.Second, "0.5": time.Second / 2, "-1": 0, "x": 0,
		now.Add(9 * time.Second).UTC().Format(http.TimeFormat): 9 * time.Second, now.Add(-time.Hour).UTC().Format(http.TimeFormat): 0, "1e300": 24 * time.Hour} {
		if got := retryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("Retry-After %q: %v, want %v", text, got, want)
		}
	}
}

// An endpoint that is down stops the client after a few requests, whoever waits
// for his turn included, and the error says it can be resumed.
func TestBreaker(t *testing.T) {
	for _, fault := range []fake.Fault{fake.ServerError, fake.CutBefore, fake.Hang, fake.RateLimit, fake.BadRequest} {
		synctest.Test(t, func(t *testing.T) {
			s := &fake.Server{Faults: fake.Always(fault)}
			c := newClient(t, direct(s), nil)
			var mu sync.Mutex
			kinds := map[Kind]int{}
			run(t, c, 1000, func(_ int, err error) {
				mu.Lock()
				defer mu.Unlock()
				kinds[KindOf(err)]++
				if KindOf(err) == Stopped && (!KindOf(err).Resumable() || KindOf(errors.Unwrap(err)) == "") {
					t.Errorf("stopped without its cause: %v", err)
				}
			})
			if kinds[Stopped] < 985 || kinds[""] > 0 || len(kinds) != 2 {
				t.Errorf("%s: %v", fault, kinds)
			}
		})
	}
}

// Failures with answers between them do not stop the client.
func TestBreakerForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fake.Server{Faults: func(n int) fake.Fault {
			if n%4 < 3 {
				return fake.BadRequest
			}
			return fake.None
		}}
		c := newClient(t, direct(s), nil)
		for i := range 100 {
			if _, err := c.Do(t.Context(), ask(i)); err != nil && KindOf(err) != BadRequest {
				t.Fatal(err)
			}
		}
	})
}

// A server that asks for a very long pause stops the client.
func TestLongPauseStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fake.Server{Faults: fake.Always(fake.RateLimitAfter), RetryAfter: time.Hour}
		c := newClient(t, direct(s), nil)
		start := time.Now()
		_, err := c.Do(t.Context(), ask(0))
		_, next := c.Do(t.Context(), ask(1))
		if KindOf(err) != RateLimited || KindOf(next) != Stopped || time.Since(start) > time.Second {
			t.Errorf("after %v: %v; then %v", time.Since(start), err, next)
		}
	})
}

// A caller that leaves gets his error at once, wherever his request is, and
// gives back what it held.
func TestCancel(t *testing.T) {
	src := rng.New(3, "cancel").Source()
	for range 50 {
		after := time.Duration(src.Below(4000)) * time.Millisecond
		synctest.Test(t, func(t *testing.T) {
			s := &fake.Server{Latency: 700 * time.Millisecond, Faults: fake.Random(4, 0.5, fake.RateLimitAfter, fake.ServerError)}
			cfg := direct(s)
			cfg.Workers, cfg.Limits.RequestsPerSecond = 3, 5
			b := NewBudget(Cost{Tokens: 4000})
			c := newClient(t, cfg, b)
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			start := time.Now()
			var wg sync.WaitGroup
			for i := range 20 {
				wg.Go(func() {
					_, err := c.Do(ctx, ask(i))
					if time.Since(start) > after {
						t.Errorf("ended %v after cancelling", time.Since(start)-after)
					}
					if k := KindOf(err); err != nil && k != Cancelled && k != OverBudget {
						t.Error(err)
					}
					if KindOf(err) == Cancelled && !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("%v does not unwrap to the context's error", err)
					}
				})
			}
			wg.Wait()
			if n := c.Stats().InFlight; n != 0 {
				t.Errorf("%d still in flight", n)
			}
			if b.reserved != (Cost{}) {
				t.Errorf("%+v still reserved", b.reserved)
			}
		})
	}
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fake.Server{Latency: time.Second}
		cfg := direct(s)
		cfg.Workers = 1
		c := newClient(t, cfg, nil)
		var wg sync.WaitGroup
		var mu sync.Mutex
		got := map[Kind]int{}
		for i := range 5 {
			wg.Go(func() {
				_, err := c.Do(t.Context(), ask(i))
				mu.Lock()
				defer mu.Unlock()
				got[KindOf(err)]++
			})
		}
		time.Sleep(time.Second / 2)
		c.Close()
		wg.Wait()
		// What was in flight is paid for: it gets its answer.
		if want := map[Kind]int{"": 1, Stopped: 4}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("outcomes %v, want %v", got, want)
		}
	})
}

func TestBackoff(t *testing.T) {
	c := newClient(t, direct(&fake.Server{}), nil)
	for call := range int64(100) {
		for attempt := 1; attempt < 12; attempt++ {
			full := min(time.Minute, time.Second<<(attempt-1))
			d := c.backoff(call, attempt, 0)
			if d < full/2 || d > full || d != c.backoff(call, attempt, 0) {
				t.Fatalf("attempt %d waits %v of %v", attempt, d, full)
			}
		}
	}
	if c.backoff(1, 1, 0) == c.backoff(2, 1, 0) {
		t.Error("two calls wait the same time")
	}
	if d := c.backoff(1, 1, time.Hour); d != time.Hour {
		t.Errorf("asked to wait an hour, waits %v", d)
	}
}

// Random faults: every request ends in an answer or a typed error, each answer
// is billed and delivered, the bill stays within the budget, and the calls in
// flight within the limit.
func TestRandomFaults(t *testing.T) {
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) { randomFaults(t, seed) })
	}
}

func randomFaults(t *testing.T, seed uint64) {
	src := rng.New(seed, "random faults").Source()
	s := &fake.Server{
		Faults:  fake.Random(seed, src.Float64(), fake.Faults[:21]...), // without those that stop
		Latency: time.Duration(src.Below(3000)) * time.Millisecond,
		Slots:   src.Below(20), Limit: src.Below(2) * (5 + src.Below(20)),
		NoUsage: src.Below(4) == 0, Thinks: src.Below(100),
	}
	price := Price{Input: 1, Cached: 0.25, Output: 4}
	limit := Cost{Money: Money(src.Below(3)) * NewMoney(0.02*src.Float64()), Tokens: int64(src.Below(3) * src.Below(60_000))}
	b := NewBudget(limit)
	cfg := direct(s)
	cfg.Price, cfg.Seed, cfg.Retries = &price, seed, src.Below(5)
	cfg.Timeout, cfg.BreakAfter = 20*time.Second, 1+src.Below(40)
	cfg.MaxInFlight = 1 + src.Below(40)
	cfg.Limits = Limits{RequestsPerSecond: float64(src.Below(2) * 30), TokensPerMinute: float64(src.Below(2) * 100_000)}
	c := newClient(t, cfg, b)

	const n = 200
	var ended, answers atomic.Int64
	run(t, c, n, func(i int, err error) {
		ended.Add(1)
		if err == nil {
			answers.Add(1)
		} else if KindOf(err) == "" || KindOf(err) == Cancelled {
			t.Errorf("seed %d: %v (%T)", seed, err, err)
		}
	})
	if ended.Load() != n {
		t.Errorf("seed %d: %d of %d requests ended", seed, ended.Load(), n)
	}
	if s.Peak() > cfg.MaxInFlight {
		t.Errorf("seed %d: %d in flight, limit %d", seed, s.Peak(), cfg.MaxInFlight)
	}
	bill := s.Billed()
	cost := price.Cost(Usage{Prompt: bill.Prompt, Cached: bill.Cached, Completion: bill.Completion})
	spent, unknown := b.Spent()
	if !spent.within(limit) || !cost.within(limit) {
		t.Errorf("seed %d: billed %+v, counted %+v, limit %+v", seed, cost, spent, limit)
	}
	if spent.Tokens < cost.Tokens || s.NoUsage == false && spent.Tokens-unknown.Tokens > cost.Tokens {
		t.Errorf("seed %d: counted %+v, of it unknown %+v, billed %+v", seed, spent, unknown, cost)
	}
	stats := c.Stats()
	failures := int64(0)
	for _, k := range stats.Failures {
		failures += k
	}
	if stats.Requests != n || stats.Answers != answers.Load() || stats.Answers+failures != n || stats.Attempts != int64(s.Calls()) || stats.InFlight != 0 {
		t.Errorf("seed %d: stats %+v after %d calls", seed, stats, s.Calls())
	}
}
