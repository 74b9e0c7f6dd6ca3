package endpoint

import (
	"context"
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

// Client sends requests to one model of one endpoint. Its methods may be called
// by any number of goroutines; Width says how many have a use.
type Client struct {
	cfg     Config
	key     Secret
	keyless error
	price   Price
	budget  *Budget
	api     *openai.Client
	wire    transport
	fields  []byte // Config.Extra, encoded
	jitter  rng.Stream

	gate  *gate
	pacer *pacer
	calls atomic.Int64

	common common

	life context.Context // ends when the client stops, with the reason as its cause
	stop context.CancelCauseFunc

	mu       sync.Mutex
	mode     Mode
	failures int // requests failed in a row
	stats    Stats
}

// New returns a client. A nil budget sets no limit. Every fault of the config is
// reported; nothing is sent. A key that is not there is a fault of the requests:
// see Keyless.
func New(cfg Config, budget *Budget) (*Client, error) {
	cfg = cfg.withDefaults()
	key, keyErr := readKey(cfg.KeyVar, cfg.KeyFile)
	keyless := error(nil)
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
		fields: encodeFields(cfg.Extra),
		jitter: rng.New(cfg.Seed, "endpoint retries"),
		gate:   newGate(cfg.Workers, cfg.MaxInFlight),
		pacer:  newPacer(cfg.Limits),
		wire:   transport{base, key, cfg.Headers},
		stats:  Stats{Failures: map[Kind]int64{}},
	}
	c.life, c.stop = context.WithCancelCause(context.Background())
	conf := openai.DefaultConfig("") // the transport adds the key
	conf.BaseURL, conf.HTTPClient = cfg.BaseURL, c.wire
	c.api = openai.NewClientWithConfig(conf)
	return c, nil
}

// priceOf finds the price of the model; it must be known where money is limited.
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

// Keyless returns why no request can be sent, if the variable of the key is not
// set: whoever has nothing to send needs none.
func (c *Client) Keyless() error { return c.keyless }

// Price returns what the client counts with.
func (c *Client) Price() Price { return c.price }

// Mode returns how answers are made to be JSON, "" before Probe found out.
func (c *Client) Mode() Mode {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mode
}

// Close lets waiting requests end with an error and closes idle connections.
func (c *Client) Close() {
	c.stop(&Error{Kind: Stopped, Message: "the client was closed"})
	if base, ok := c.wire.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// Do sends a request, again if need be, and returns its answer or an *Error.
// It waits for its turn: for a place in flight, the budget, and the limits.
func (c *Client) Do(ctx context.Context, req Request) (Answer, error) {
	answer, err := c.do(ctx, req, c.Mode())
	c.count(answer, err)
	if err != nil {
		return Answer{}, err
	}
	return *answer, nil
}

func (c *Client) do(ctx context.Context, req Request, mode Mode) (*Answer, *Error) {
	if err := c.checkRequest(req, mode); err != nil {
		return nil, err
	}
	if err := c.checkKey(); err != nil {
		return nil, err
	}
	call := c.calls.Add(1)
	waiting, cancel := c.whileAlive(ctx)
	defer cancel()
	for attempt := 1; ; attempt++ {
		answer, err := c.attempt(ctx, waiting, req, mode)
		if err == nil {
			c.hardFailures(false)
			return answer, nil
		}
		err.Attempts = attempt
		if err.Kind.retryable() && attempt <= c.cfg.Retries && err.RetryAfter <= c.cfg.MaxWait {
			if cause := sleep(waiting, c.backoff(call, attempt, err.RetryAfter)); cause != nil {
				return nil, c.interrupted(cause, attempt)
			}
			continue
		}
		c.judge(err)
		return nil, err
	}
}

// checkKey stops the client when there is no key.
func (c *Client) checkKey() *Error {
	if c.keyless == nil {
		return nil
	}
	e := &Error{Kind: Unauthorised, Message: c.keyless.Error()}
	c.stop(e)
	return e
}

// checkRequest refuses what could not be sent, or not within the budget.
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
	case req.Schema != nil && !c.common.isJSON(req.Schema):
		return fault("the schema is not JSON")
	case req.Schema != nil && mode == "":
		return fault("how this endpoint answers to a schema is not known: run Probe first, or set the mode")
	}
	return nil
}

// patience is a context for waiting, which ends with the caller's or when the
// client stops. A call that is in flight is not cut off by that: it may have been
// paid for. The two are joined when somebody does wait, which few calls have to.
// It is for one goroutine.
type patience struct {
	context.Context
	life context.Context
	end  func() // nil before they are joined
}

func (c *Client) whileAlive(ctx context.Context) (waiting *patience, end func()) {
	p := &patience{Context: ctx, life: c.life}
	return p, func() {
		if p.end != nil {
			p.end()
		}
	}
}

func (p *patience) Done() <-chan struct{} {
	if p.end == nil {
		both, cancel := context.WithCancelCause(p.Context)
		unhook := context.AfterFunc(p.life, func() { cancel(context.Cause(p.life)) })
		p.Context, p.end = both, func() { unhook(); cancel(nil) }
	}
	return p.Context.Done()
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

// attempt waits for its turn and sends the request once.
func (c *Client) attempt(ctx, waiting context.Context, req Request, mode Mode) (*Answer, *Error) {
	if c.life.Err() != nil { // known here before waiting hears of it
		return nil, c.interrupted(context.Cause(c.life), 0)
	}
	place, err := c.gate.enter(waiting)
	if err != nil {
		return nil, c.interrupted(err, 0)
	}
	effect, latency, written := neutral, time.Duration(0), int64(0)
	defer func() { c.gate.leave(place, effect, latency, written) }()

	hold, err := c.budget.Reserve(waiting, c.price.Worst(req))
	if err != nil {
		return nil, c.interrupted(err, 0)
	}
	expected := c.expect(req)
	if err := c.pacer.wait(waiting, expected); err != nil {
		hold.Settle(Cost{})
		return nil, c.interrupted(err, 0)
	}
	start := time.Now()
	answer, x, failed := c.send(ctx, req, mode)
	latency = time.Since(start)
	c.settle(hold, x.chat.usage, failed, expected)
	c.obey(x.header, failed, expected)
	switch {
	case failed == nil || failed.Answer != nil:
		effect = served
		if x.chat.usage != nil {
			written = x.chat.usage.Completion
		}
	case failed.Kind.retryable():
		effect = congested
	}
	return answer, failed
}

// expect estimates the tokens of a call, as limits count them: by bytes, since
// what is too much is given back when the usage is known.
func (c *Client) expect(req Request) int64 {
	bytes := len(req.System) + len(req.User) + len(req.Schema)
	for _, t := range req.Examples {
		bytes += len(t.User) + len(t.Answer)
	}
	return int64(float64(bytes)/c.cfg.CharsPerToken) + int64(req.MaxTokens)
}

// settle books what an attempt did cost.
func (c *Client) settle(hold *Hold, usage *Usage, failed *Error, expected int64) {
	c.mu.Lock()
	c.stats.Attempts++
	if usage != nil {
		c.stats.Usage = c.stats.Usage.plus(*usage)
	}
	c.mu.Unlock()
	switch {
	case usage != nil:
		hold.Settle(c.price.Cost(*usage))
		c.pacer.giveBack(expected - usage.Prompt - usage.Completion)
	case failed != nil && !failed.charged:
		hold.Settle(Cost{})
	default:
		hold.SettleUnknown()
	}
}

// obey keeps the pauses that a reply asks for.
func (c *Client) obey(header http.Header, failed *Error, expected int64) {
	pause := restFor(header, expected, time.Now())
	if failed != nil {
		pause = max(pause, failed.RetryAfter)
	}
	if pause > 0 && pause <= c.cfg.MaxWait {
		c.pacer.pause(pause)
	}
}

// send makes one attempt over the wire.
func (c *Client) send(ctx context.Context, req Request, mode Mode) (*Answer, *exchange, *Error) {
	limited, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	x, bare, err := c.encode(req, mode)
	if err != nil {
		return nil, x, &Error{Kind: BadRequest, Message: oneLine(err.Error())}
	}
	defer x.done()
	_, err = c.api.CreateChatCompletion(attach(limited, x), bare)
	switch {
	case err != nil && isOwnRefusal(err):
		return nil, x, &Error{Kind: BadRequest, Message: oneLine(err.Error())}
	case err != nil:
		return nil, x, c.fail(ctx, x, err)
	}
	answer, failed := c.decode(x)
	return answer, x, failed
}

// isOwnRefusal reports whether go-openai itself turned a request down, for a
// model it knows.
func isOwnRefusal(err error) bool {
	for _, own := range []error{
		openai.ErrChatCompletionInvalidModel, openai.ErrReasoningModelMaxTokensDeprecated,
		openai.ErrReasoningModelLimitationsOther, openai.ErrReasoningModelLimitationsLogprobs,
	} {
		if errors.Is(err, own) {
			return true
		}
	}
	return false
}

// backoff is the wait before the next attempt: what the server asked for, or
// else a time that doubles, of which a random part from half to all is waited,
// so that callers do not come back together. Jitter is keyed by call and
// attempt.
func (c *Client) backoff(call int64, attempt int, asked time.Duration) time.Duration {
	u, _ := c.jitter.At(call, uint64(attempt))
	d := min(float64(c.cfg.MaxBackoff), float64(c.cfg.Backoff)*math.Exp2(float64(attempt-1)))
	return max(asked, time.Duration(d*(1+rng.Float64(u))/2))
}

// judge stops the client after an error that concerns every request, or after
// too many in a row.
func (c *Client) judge(e *Error) {
	switch e.Kind {
	case Unauthorised, QuotaExhausted:
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
				Message: fmt.Sprintf("%d requests failed in a row, the last with: %v; run again when the endpoint is well", n, e)})
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

// Stats counts what a client did.
type Stats struct {
	Requests int64          // ended, with or without an answer
	Answers  int64          // requests that ended in an answer
	Failures map[Kind]int64 // the others
	Attempts int64          // sent over the wire
	Usage    Usage          // as far as the server told
	InFlight int            // now
	Limit    int            // on calls in flight, now
}

// Stats returns the counts so far.
func (c *Client) Stats() Stats {
	c.gate.mu.Lock()
	inFlight, limit := c.gate.inFlight, int(c.gate.limit)
	c.gate.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.InFlight, s.Limit, s.Failures = inFlight, limit, map[Kind]int64{}
	for kind, n := range c.stats.Failures {
		s.Failures[kind] = n
	}
	return s
}

func (c *Client) count(a *Answer, e *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.Requests++
	if e != nil {
		c.stats.Failures[e.Kind]++
	} else if a != nil {
		c.stats.Answers++
	}
}
