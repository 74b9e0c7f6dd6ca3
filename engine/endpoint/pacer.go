package endpoint

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// pacer spreads requests and tokens over time and observes the pauses that the
// server asks for.
type pacer struct {
	mu       sync.Mutex
	requests bucket
	tokens   bucket
	until    time.Time // end of the pause
}

func newPacer(l Limits) *pacer {
	return &pacer{
		requests: bucket{rate: slower(l.RequestsPerSecond, l.RequestsPerMinute/60)},
		tokens:   bucket{rate: slower(l.TokensPerSecond, l.TokensPerMinute/60)},
	}
}

// slower returns the smaller of two rates; 0 is no limit.
func slower(a, b float64) float64 {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// wait returns once a request of so many tokens may be sent.
func (p *pacer) wait(ctx context.Context, tokens int64) error {
	p.mu.Lock()
	now := time.Now()
	delay := max(p.requests.take(1, now), p.tokens.take(float64(tokens), now), p.until.Sub(now))
	p.mu.Unlock()
	for delay > 0 {
		if err := sleep(ctx, delay); err != nil {
			p.giveBack(tokens)
			return err
		}
		p.mu.Lock()
		delay = time.Until(p.until) // another reply may have asked for a pause
		p.mu.Unlock()
	}
	return nil
}

// giveBack returns tokens that were taken and not used.
func (p *pacer) giveBack(tokens int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tokens.level += float64(tokens)
}

// pause holds all requests back for d.
func (p *pacer) pause(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := time.Now().Add(d); at.After(p.until) {
		p.until = at
	}
}

// bucket is a token bucket whose level may become negative: a request that takes more than
// the level waits until it is 0 again, and later requests wait behind it. It
// holds a tenth of a second's worth, so that no second exceeds its share by much.
type bucket struct {
	rate  float64 // per second; 0 for no limit
	level float64
	last  time.Time
}

// take returns how long to wait before using n.
func (b *bucket) take(n float64, now time.Time) time.Duration {
	if b.rate == 0 {
		return 0
	}
	b.level = min(b.level+now.Sub(b.last).Seconds()*b.rate, max(1, b.rate/10))
	b.last = now
	b.level -= n
	if b.level >= 0 {
		return 0
	}
	return span(-b.level / b.rate)
}

// restFor returns how long to wait, by the rate-limit headers of a reply, until
// the account has a request and so many tokens left; 0 if it has.
func restFor(h http.Header, tokens int64, now time.Time) time.Duration {
	return max(rest(h, "Requests", 1, now), rest(h, "Tokens", float64(tokens), now))
}

// rest assumes that the remaining amount grows evenly until its reset.
func rest(h http.Header, what string, need float64, now time.Time) time.Duration {
	values := h["X-Ratelimit-Remaining-"+what]
	if len(values) == 0 { // the usual case, before the cost of a parse error
		return 0
	}
	remaining, err := strconv.ParseFloat(values[0], 64)
	if err != nil || !(remaining < need) {
		return 0
	}
	reset := resetIn(h.Get("X-Ratelimit-Reset-"+what), now)
	limit, err := strconv.ParseFloat(h.Get("X-Ratelimit-Limit-"+what), 64)
	if err != nil || limit <= remaining || need > limit {
		return reset
	}
	if share := (need - remaining) / (limit - remaining); share <= 1 { // not NaN
		return time.Duration(math.Ceil(float64(reset) * share))
	}
	return reset
}

// resetIn reads a duration such as "6m0s", seconds, or seconds since 1970.
func resetIn(text string, now time.Time) time.Duration {
	if d, err := time.ParseDuration(text); err == nil {
		return span(d.Seconds())
	}
	s, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0
	}
	if s > 1e9 {
		s -= float64(now.UnixNano()) / 1e9
	}
	return span(s)
}

// sleep waits for d, or returns the cause if the context ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
