package endpoint

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// gate bounds the calls in flight by a limit that it adapts as TCP adapts its
// window: the limit doubles per round until the first sign of congestion (slow
// start), then grows by one per round and shrinks by a factor at each sign
// (Jacobson, "Congestion avoidance and control", SIGCOMM 1988; Chiu and Jain,
// "Analysis of the increase and decrease algorithms", 1989). Signs are refusals
// and failures of the server and, for servers that queue instead of refusing,
// latency that rises without more throughput.
type gate struct {
	mu       sync.Mutex
	max      float64
	limit    float64
	inFlight int
	waiting  list.List // of chan struct{}, closed when the call may go
	slow     bool      // slow start
	crest    float64   // limit before the last decrease
	service  float64   // seconds of a served call, smoothed
	settled  time.Time // calls sent later see the effect of the last decrease
	round    round
	watch    watch
}

const (
	cutOnRefusal = 0.5 // of the limit
	cutOnLatency = 0.7
)

// ticket is a place in flight, taken at a time.
type ticket time.Time

// effect is what a call shows about the server's load.
type effect int

const (
	neutral effect = iota
	served
	congested
)

func newGate(start, most int) *gate {
	return &gate{max: float64(most), limit: float64(start), slow: true}
}

// enter waits for a place in flight, first come first served.
func (g *gate) enter(ctx context.Context) (t ticket, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if ctx.Err() != nil {
		return t, context.Cause(ctx)
	}
	if g.waiting.Len() > 0 || g.inFlight >= int(g.limit) {
		if err = g.queue(ctx); err != nil {
			return t, err
		}
	} else {
		g.inFlight++
	}
	return ticket(time.Now()), nil
}

// queue waits for admit. It is called, and returns, with the lock held.
func (g *gate) queue(ctx context.Context) error {
	turn := make(chan struct{})
	place := g.waiting.PushBack(turn)
	g.mu.Unlock()
	defer g.mu.Lock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-turn: // at the same moment: give the place to the next
		g.inFlight--
		g.admit()
	default:
		g.waiting.Remove(place)
	}
	return context.Cause(ctx)
}

// occupancy returns the number of calls in flight and the limit.
func (g *gate) occupancy() (inFlight, limit int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inFlight, int(g.limit)
}

// admit lets waiting calls in up to the limit.
func (g *gate) admit() {
	for g.inFlight < int(g.limit) && g.waiting.Len() > 0 {
		close(g.waiting.Remove(g.waiting.Front()).(chan struct{}))
		g.inFlight++
	}
}

// leave returns a place. latency and tokens are those of a served call.
func (g *gate) leave(t ticket, e effect, latency time.Duration, tokens int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	informed := time.Time(t).After(g.settled)
	saturated := g.inFlight >= int(g.limit)
	if informed && e == congested {
		g.shrink(cutOnRefusal)
	}
	if e == served {
		g.service += (latency.Seconds() - g.service) / 16
		if saturated {
			g.grow()
		}
		if informed {
			g.measure(latency, tokens)
		}
	}
	g.inFlight--
	g.admit()
}

// grow raises the limit after a call that was served while the limit was reached.
// Well below the crest it closes a quarter of the gap per round (as in BIC; Xu,
// Harfoush and Rhee, INFOCOM 2004), because a round may last a minute here.
func (g *gate) grow() {
	step := 1.0
	if !g.slow {
		step = (1 + max(0, 0.9*g.crest-g.limit)/4) / g.limit
	}
	g.limit = min(g.max, g.limit+step)
}

// shrink lowers the limit. It is called at most once per service time: calls sent
// before it measure the old load, and refusals come back faster than the calls
// that made up that load end.
func (g *gate) shrink(factor float64) {
	g.crest = g.limit
	g.limit = max(1, g.limit*factor)
	g.slow = false
	g.settled = time.Now().Add(span(g.service))
	g.round = round{}
}

// round sums up about as many calls as the limit.
type round struct {
	start   time.Time
	full    int // calls that complete it
	calls   int
	latency time.Duration
	tokens  int64
	load    int // sum of the calls in flight when each ended
}

const leastRound = 16 // calls; fewer measure latency too badly

// measure adds a call to the round and judges the round once it is full.
func (g *gate) measure(latency time.Duration, tokens int64) {
	r := &g.round
	if r.calls == 0 {
		r.start, r.full = time.Now().Add(-latency), max(leastRound, int(g.limit))
	}
	r.calls++
	r.latency += latency
	r.tokens += max(1, tokens)
	r.load += g.inFlight
	if r.calls < r.full {
		return
	}
	elapsed := max(time.Since(r.start), time.Microsecond).Seconds()
	load := load{
		perToken:   r.latency.Seconds() / float64(r.tokens),
		throughput: float64(r.tokens) / elapsed,
		inFlight:   float64(r.load) / float64(r.calls),
	}
	g.round = round{}
	tolerance := 2.0
	if g.slow { // the next round would double the load
		tolerance = 1.5
	}
	if g.watch.inflated(load, tolerance) {
		g.shrink(cutOnLatency)
	}
}

// load is what a round measures of the server.
type load struct {
	perToken   float64 // seconds
	throughput float64 // tokens per second
	inFlight   float64 // calls, on average
}

// watch distinguishes queueing from work: a server that queues takes longer per
// token without yielding more tokens per second.
type watch struct {
	calm float64 // least seconds per token of a round since the last vain cut
	best float64 // most tokens per second of a round, decaying
	cut  load    // that caused the last cut, zero once judged
}

// inflated reports whether latency exceeds its calm value by more than the
// tolerated factor without a gain in throughput.
func (w *watch) inflated(now load, tolerance float64) bool {
	if w.cutWasVain(now) {
		*w = watch{calm: now.perToken, best: now.throughput}
		return false
	}
	w.cut = load{}
	if w.calm == 0 || now.perToken < w.calm {
		w.calm = now.perToken
	}
	slow := now.perToken > tolerance*w.calm
	gained := now.throughput > 1.1*w.best
	w.best = max(now.throughput, 0.95*w.best)
	if slow && !gained {
		w.cut = now
		return true
	}
	return false
}

// cutWasVain reports whether fewer calls did not make the server faster, so that
// it is slower for another reason. In a queue latency falls in proportion to the
// number of calls; the threshold is half of that fall.
func (w *watch) cutWasVain(now load) bool {
	if w.cut.inFlight == 0 {
		return false
	}
	fewer := now.inFlight / w.cut.inFlight
	return fewer < 0.9 && now.perToken/w.cut.perToken > (1+fewer)/2
}
