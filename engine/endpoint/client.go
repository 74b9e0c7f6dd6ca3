package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	openai "github.com/sashabaranov/go-openai"

	"github.com/personagen/personagen/engine/internal/rng"
)

// Client sends requests to one model of one endpoint. It is safe for concurrent
// use; Width is the number of goroutines worth starting.
type Client struct {
	cfg     Config
	key     Secret
	keyless error
	price   Price
	budget  *Budget
	api     *openai.Client
	http    *http.Client // of api
	jitter  rng.Stream

	gate  *gate
	pacer *pacer
	calls atomic.Int64 // numbers requests, for the jitter

	life context.Context // ends when the client stops, with the reason as its cause
	stop context.CancelCauseFunc

	fixedTimeout bool        // the config sets the timeout
	proven       atomic.Bool // the server has answered a request

	mu       sync.Mutex
	mode     Mode
	wire     wire
	switched bool     // the field of the token limit was changed
	refused  []string // body fields
	pace     float64  // seconds per token, 0 if unknown
	paceLoad int      // calls in flight when pace was measured
	failures int      // requests failed in a row
	stats    Stats
}

// New returns a client, or every fault of the config. A nil budget sets no
// limit. Nothing is sent. A missing API key is not a fault of the config: see
// Keyless.
func New(cfg Config, budget *Budget) (*Client, error) {
	fixedTimeout := cfg.Timeout > 0
	cfg = cfg.withDefaults()
	key, keyErr := readKey(cfg.KeyVar, cfg.KeyFile)
	var keyless error
	if errors.Is(keyErr, errNoKey) {
		keyless, keyErr = keyErr, nil
	}
	price, priceErr := priceOf(cfg, budget)
	if err := errors.Join(cfg.check(), keyErr, priceErr); err != nil {
		return nil, err
	}
	if budget == nil {
		budget = NewBudget(Cost{})
	}
	base := cfg.Transport
	if base == nil {
		base = newBase(cfg.MaxInFlight)
	}
	c := &Client{
		cfg: cfg, key: key, keyless: keyless, price: price, budget: budget, mode: cfg.Mode,
		fixedTimeout: fixedTimeout, wire: wire{tokensField: cfg.TokensField},
		jitter: rng.New(cfg.Seed, "endpoint retries"),
		gate:   newGate(cfg.Workers, cfg.MaxInFlight),
		pacer:  newPacer(cfg.Limits),
		stats:  Stats{Failures: map[Kind]int64{}},
		http: &http.Client{
			Transport:     &transport{base: base, key: key, cfg: cfg},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	c.life, c.stop = context.WithCancelCause(context.Background())
	conf := openai.DefaultConfig("") // the transport adds the key, so that it is kept in a Secret only
	conf.BaseURL, conf.HTTPClient = cfg.BaseURL, c.http
	c.api = openai.NewClientWithConfig(conf)
	return c, nil
}

// priceOf returns the price of the model. It must be known if the budget limits
// money.
func priceOf(cfg Config, budget *Budget) (Price, error) {
	if cfg.Price != nil {
		return *cfg.Price, nil
	}
	if cfg.Local {
		return Price{}, nil
	}
	price, known := Prices().Find(cfg.Model)
	if !known && budget != nil && budget.limit.Money > 0 {
		return price, fmt.Errorf("a budget in money needs the price of %q, which is not in the table of %s: give its price per million tokens, or a budget in tokens", cfg.Model, Prices().Date)
	}
	return price, nil
}

// Width is the number of goroutines that Do can serve at once.
func (c *Client) Width() int { return c.cfg.MaxInFlight }

// Keyless returns why requests will fail if the variable of the API key is not
// set, else nil. A caller with nothing to send needs no key.
func (c *Client) Keyless() error { return c.keyless }

// Mode returns how answers are made to be JSON, "" until Probe finds out.
func (c *Client) Mode() Mode {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mode
}

// Close ends waiting requests with an error and closes idle connections.
// Requests in flight still get their answers.
func (c *Client) Close() {
	c.stop(&Error{Kind: Stopped, Message: "the client was closed"})
	c.http.CloseIdleConnections()
}

// Do sends a request, with retries, and returns its answer or an *Error. It
// waits for a place in flight, the budget and the rate limits.
func (c *Client) Do(ctx context.Context, req Request) (Answer, error) {
	answer, err := c.do(ctx, req, c.Mode(), c.patience)
	c.count(answer, err)
	if err != nil {
		return Answer{}, err
	}
	return *answer, nil
}

// do is Do in a mode. It retries after a temporary error as often as patience allows.
func (c *Client) do(ctx context.Context, req Request, mode Mode, patience func(*Error) int) (*Answer, *Error) {
	if err := c.checkRequest(req, mode); err != nil {
		return nil, err
	}
	if err := c.checkKey(); err != nil {
		return nil, err
	}
	call := c.calls.Add(1)
	waiting, cancel := c.whileAlive(ctx)
	defer cancel()
	for attempt, learned := 1, 0; ; attempt++ {
		sent := c.settings()
		stream := c.Slow(req.MaxTokens)
		answer, err, leave := c.attempt(ctx, waiting, req, mode, sent, stream)
		if err == nil {
			c.hardFailures(false)
			leave()
			return answer, nil
		}
		if learned < 3 && c.learn(err, sent, stream, req) {
			learned++
			leave()
			continue
		}
		err.Attempts = attempt
		if !err.Kind.Temporary() || attempt > min(c.cfg.Retries, patience(err)) || err.RetryAfter > c.cfg.MaxWait {
			c.judge(err) // before the place is free: nothing is sent after an error that stops the client
			leave()
			return nil, err
		}
		leave()
		wait := c.backoff(call, attempt, err.RetryAfter)
		if c.cfg.Retrying != nil {
			c.cfg.Retrying(err, wait)
		}
		if cause := sleep(waiting, wait); cause != nil {
			return nil, c.interrupted(cause, attempt)
		}
	}
}

// patience bounds the retries after an error that is less likely to pass than others: a
// reply that cannot be read may have been paid for, and a server that never answered
// within minutes is no better for being asked seven times.
func (c *Client) patience(e *Error) int {
	switch {
	case e.final:
		return 0
	case e.Kind == Unreadable:
		return mostReread
	case e.Kind == Timeout && !c.proven.Load():
		return mostReread - 1
	}
	return c.cfg.Retries
}

// mostReread is how often a reply that cannot be read is asked for again.
const mostReread = 2

// checkKey stops the client if there is no key.
func (c *Client) checkKey() *Error {
	if c.keyless == nil {
		return nil
	}
	e := &Error{Kind: Unauthorised, Message: c.keyless.Error()}
	c.stop(e)
	return e
}

// checkRequest returns an error for a request that cannot be sent, at all or
// under the budget.
func (c *Client) checkRequest(req Request, mode Mode) *Error {
	fault := func(text string) *Error { return &Error{Kind: BadRequest, Message: text} }
	switch {
	case req.User == "" && req.System == "":
		return fault("the request has no text")
	case req.MaxTokens < 0:
		return fault("max tokens must not be negative")
	case req.MaxTokens == 0 && c.budget.limit != Cost{}:
		return fault("a budget needs a bound on every answer: set max tokens")
	case req.Temperature != nil && !(*req.Temperature >= 0 && *req.Temperature <= 2):
		return fault("the temperature must be from 0 to 2")
	case req.Schema != nil && !json.Valid(req.Schema):
		return fault("the schema is not JSON")
	case req.Schema != nil && mode == "":
		return fault("how this endpoint answers to a schema is not known: run Probe first, or set the mode")
	}
	return nil
}

// waitContext is a context for waiting, which ends with the caller's or when the
// client stops. A call in flight is not cancelled when the client stops, because
// it may have been paid for. The two contexts are joined only when Done is
// called, which few calls need. It is for one goroutine.
type waitContext struct {
	context.Context
	life context.Context
	end  func() // nil until they are joined
}

func (c *Client) whileAlive(ctx context.Context) (waiting *waitContext, end func()) {
	w := &waitContext{Context: ctx, life: c.life}
	return w, func() {
		if w.end != nil {
			w.end()
		}
	}
}

func (w *waitContext) Done() <-chan struct{} {
	if w.end == nil {
		both, cancel := context.WithCancelCause(w.Context)
		unhook := context.AfterFunc(w.life, func() { cancel(context.Cause(w.life)) })
		w.Context, w.end = both, func() { unhook(); cancel(nil) }
	}
	return w.Context.Done()
}

// interrupted is the error of a request that ended while it waited.
func (c *Client) interrupted(cause error, attempts int) *Error {
	if e, ok := errors.AsType[*Error](cause); ok && e.Kind == OverBudget {
		e.Attempts = attempts
		return e
	} else if ok {
		return &Error{Kind: Stopped, Status: e.Status, Message: e.Message, Attempts: attempts, cause: e}
	}
	return &Error{Kind: Cancelled, Message: cause.Error(), Attempts: attempts, cause: cause}
}

// attempt waits for its turn and sends the request once. It keeps its place in flight
// until the caller leaves it.
func (c *Client) attempt(ctx, waiting context.Context, req Request, mode Mode, w wire, stream bool) (answer *Answer, failed *Error, leave func()) {
	place, err := c.gate.enter(waiting)
	if err != nil {
		return nil, c.interrupted(err, 0), func() {}
	}
	effect, latency, written := neutral, time.Duration(0), int64(0)
	leave = func() { c.gate.leave(place, effect, latency, written) }
	if c.life.Err() != nil { // waiting may not be joined with it yet
		return nil, c.interrupted(context.Cause(c.life), 0), leave
	}

	reserved, err := c.budget.Reserve(waiting, c.price.Worst(req))
	if err != nil {
		return nil, c.interrupted(err, 0), leave
	}
	expected := c.expectedTokens(req)
	if err := c.pacer.wait(waiting, expected); err != nil {
		reserved.Settle(Cost{})
		return nil, c.interrupted(err, 0), leave
	}
	start := time.Now()
	s := c.send(ctx, req, mode, w, stream)
	latency = time.Since(start)
	c.settle(reserved, s, req, expected)
	c.applyPauses(s.header, s.err, expected)
	switch {
	case s.err == nil || s.err.Answer != nil:
		effect = served
		c.proven.Store(true)
		if s.usage != nil {
			written = s.usage.Completion
		} else if s.answer != nil {
			written = EstimateTokens(s.answer.Text, c.cfg.CharsPerToken)
		}
		c.measure(written, latency)
	case s.err.Kind.Temporary():
		effect = congested
		if s.err.Kind == Timeout {
			c.measure(int64(max(req.MaxTokens, fewTokens)), latency) // the next attempt gets more time
		}
	}
	return s.answer, s.err, leave
}

// expectedTokens estimates the tokens of a call as rate limits count them. It
// counts bytes as characters: the excess is returned when the usage is known.
func (c *Client) expectedTokens(req Request) int64 {
	bytes := len(req.System) + len(req.User) + len(req.Schema)
	for _, t := range req.Examples {
		bytes += len(t.User) + len(t.Answer)
	}
	return int64(float64(bytes)/c.cfg.CharsPerToken) + int64(req.MaxTokens)
}

// settle books the cost of an attempt: what the server reports, or the bound if it
// reports nothing or what cannot be.
func (c *Client) settle(reserved *Reservation, s result, req Request, expected int64) {
	usage, failed, absurd := s.usage, s.err, s.absurd
	if usage != nil && !absurd {
		absurd = !Believable(*usage, LeastPrompt(req), s.text(), PromptBound(req), req.MaxTokens)
	}
	if absurd {
		usage = nil
		if s.answer != nil {
			s.answer.Usage = Usage{}
		}
		if failed != nil && failed.Answer != nil {
			failed.Answer.Usage = Usage{}
		}
	}
	c.mu.Lock()
	c.stats.Attempts++
	if absurd {
		c.stats.Misreported++
	}
	if usage != nil {
		c.stats.Usage = c.stats.Usage.plus(*usage)
	}
	c.mu.Unlock()
	switch {
	case usage != nil:
		reserved.Settle(c.price.Cost(*usage))
		c.pacer.giveBack(expected - usage.Prompt - usage.Completion)
	case failed != nil && !failed.charged:
		reserved.Settle(Cost{})
	default:
		reserved.SettleUnknown()
	}
}

// applyPauses holds all requests back for as long as a reply asks for.
func (c *Client) applyPauses(header http.Header, failed *Error, expected int64) {
	pause := restFor(header, expected, time.Now())
	if failed != nil {
		pause = max(pause, failed.RetryAfter)
	}
	if pause > 0 && pause <= c.cfg.MaxWait {
		c.pacer.pause(pause)
	}
}

// result is the outcome of one attempt over the network.
type result struct {
	answer *Answer // nil with an error
	err    *Error
	usage  *Usage // nil if the reply does not report it
	absurd bool   // the reply reports numbers of tokens that cannot be
	header http.Header
}

// text is what the model wrote, as far as it is known.
func (r *result) text() string {
	switch {
	case r.answer != nil:
		return r.answer.Text
	case r.err != nil && r.err.Answer != nil:
		return r.err.Answer.Text
	}
	return ""
}

// send makes one attempt over the network.
func (c *Client) send(ctx context.Context, req Request, mode Mode, w wire, stream bool) result {
	chat, extra, err := c.chatRequest(req, mode, w, stream)
	if err != nil {
		return result{err: &Error{Kind: BadRequest, Message: oneLine(err.Error())}}
	}
	x := &exchange{extra: extra, chat: true, limit: replyLimit(req.MaxTokens), tokens: req.MaxTokens, timeout: c.timeout(req)}
	limited, cancel := c.limit(ctx, x, req, stream)
	defer cancel()
	_, err = c.api.CreateChatCompletion(attach(limited, x), chat)
	switch {
	case !x.sent: // go-openai itself refuses some models
		return result{err: &Error{Kind: BadRequest, Message: oneLine(err.Error())}}
	case x.status != http.StatusOK || x.cut:
		return result{err: c.fail(ctx, x, err), header: x.header}
	}
	var r reply
	if x.events != nil {
		r = *x.events
	} else {
		r, err = readReply(x.reply)
	}
	if err != nil {
		return result{err: c.fail(ctx, x, err), usage: r.usage, absurd: r.absurd, header: x.header}
	}
	answer, failed := c.answer(r)
	return result{answer, failed, r.usage, r.absurd, x.header}
}

// limit bounds the time of an attempt: of a whole reply by its timeout, of a streamed
// one by the silence before and between its events.
func (c *Client) limit(ctx context.Context, x *exchange, req Request, stream bool) (context.Context, context.CancelFunc) {
	if !stream {
		return context.WithTimeout(ctx, x.timeout)
	}
	silence, all := c.streamLimits(req)
	if c.fixedTimeout {
		all = c.cfg.Timeout
	}
	first := x.timeout
	all = max(all, first)
	limited, cancel := context.WithTimeout(ctx, all)
	timer := time.AfterFunc(first, func() { x.silent.Store(true); cancel() })
	x.timeout = all
	x.heard = func() {
		x.silence.Store(int64(silence))
		timer.Reset(silence)
	}
	x.silence.Store(int64(first))
	return limited, func() { timer.Stop(); cancel() }
}

// backoff is the wait before the next attempt: what the server asked for, or a time
// that doubles with each attempt, times a random factor from 0.5 to 1, so that
// callers do not retry together. The factor is a function of call and attempt.
func (c *Client) backoff(call int64, attempt int, asked time.Duration) time.Duration {
	u, _ := c.jitter.At(call, uint64(attempt))
	d := min(float64(c.cfg.MaxBackoff), float64(c.cfg.Backoff)*math.Exp2(float64(attempt-1)))
	return max(asked, time.Duration(d*(1+rng.Float64(u))/2))
}

// judge stops the client after an error that concerns every request, or after
// too many failed requests in a row.
func (c *Client) judge(e *Error) {
	switch e.Kind {
	case Unauthorised, QuotaExhausted, Incapable, Unreachable:
		c.stop(e)
	case Truncated, Refused:
		c.hardFailures(false)
	case Cancelled, Stopped, OverBudget:
	default:
		if e.RetryAfter > c.cfg.MaxWait {
			e.Message += fmt.Sprintf("; the server asks to wait %v", e.RetryAfter.Round(time.Second))
			c.stop(e)
			return
		}
		if n := c.hardFailures(true); n >= c.cfg.BreakAfter {
			c.stop(&Error{Kind: Stopped, Status: e.Status, cause: e,
				Message: fmt.Sprintf("%d requests failed in a row, the last with: %v; run again once the endpoint recovers", n, e)})
		}
	}
}

// hardFailures counts requests that failed in a row.
func (c *Client) hardFailures(failed bool) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if failed {
		c.failures++
	} else {
		c.failures = 0
	}
	return c.failures
}
