package endpoint

import (
	"math"
	"net/http"
	"strings"
	"time"
)

// wire is what a client has learned about the fields that its server accepts.
type wire struct {
	tokensField   string // "max_tokens" or "max_completion_tokens"
	noTemperature bool
	noStream      bool // answers cannot be streamed
	noStreamUsage bool // stream_options is refused
}

// settings returns what is known of the server now.
func (c *Client) settings() wire {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wire
}

// Refused lists the body fields that the server refused and that are no longer
// sent, each with what is sent instead.
func (c *Client) Refused() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.refused...)
}

// learn changes the fields of later requests after an error reply that names one
// of those sent, and reports whether the request is worth sending again.
func (c *Client) learn(e *Error, sent wire, streamed bool, req Request) bool {
	if streamed && c.learnStreaming(e, sent) {
		return true
	}
	if e.Kind != BadRequest && e.Kind != Incapable || e.Status != http.StatusBadRequest && e.Status != http.StatusUnprocessableEntity {
		return false
	}
	said := strings.ToLower(e.Message)
	unsupported := hasOne(said, "unsupported", "not supported", "does not support", "unrecognized", "unknown", "unexpected", "not permitted", "not allowed", "extra inputs", "extra_forbidden", "deprecated", "only the default", "must be 1", "must be equal to 1", "only 1 is allowed")
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.wire != sent: // another request has learned
		return true
	case req.MaxTokens > 0 && sent.tokensField == "max_tokens" && strings.Contains(said, "max_completion_tokens"):
		c.wire.tokensField = "max_completion_tokens"
		c.refused = append(c.refused, "max_tokens (max_completion_tokens is sent)")
	case req.MaxTokens > 0 && sent.tokensField == "max_completion_tokens" && strings.Contains(said, "max_completion_tokens") && unsupported && !c.switched:
		c.wire.tokensField = "max_tokens"
		c.refused = append(c.refused, "max_completion_tokens (max_tokens is sent)")
	case req.Temperature != nil && !sent.noTemperature && strings.Contains(said, "temperature") && unsupported:
		c.wire.noTemperature = true
		c.refused = append(c.refused, "temperature (the model's own applies)")
	default:
		return false
	}
	c.switched = c.switched || c.wire.tokensField != sent.tokensField
	return true
}

// learnStreaming is learn for what only streams have. A server whose stream cannot be
// read is asked for whole replies.
func (c *Client) learnStreaming(e *Error, sent wire) bool {
	if e.Kind != BadRequest && e.Kind != Incapable && e.Kind != Unreadable {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.wire.noStream, c.wire.noStreamUsage != sent.noStreamUsage: // another request has learned
	case e.Status >= 400 && strings.Contains(e.Message, "stream_options") && !sent.noStreamUsage:
		c.wire.noStreamUsage = true
	default:
		c.wire.noStream = true
	}
	return true
}

// Limits on one attempt, when the config sets none. A server may need some minutes
// before its first token, and a small machine writes a few tokens a second.
const (
	leastTimeout = 5 * time.Minute
	mostTimeout  = 6 * time.Hour
	slowestPace  = 0.2 // seconds per token that are allowed for before any was measured
)

// timeout returns how long an attempt may take: as the config says, or three times
// what the measured pace lets expect for an answer of full length, so that no
// answer is cut off that is being written.
func (c *Client) timeout(req Request) time.Duration {
	if c.fixedTimeout {
		return c.cfg.Timeout
	}
	tokens := req.MaxTokens
	if tokens == 0 {
		tokens = unboundTokens
	}
	inFlight, _ := c.gate.occupancy()
	c.mu.Lock()
	defer c.mu.Unlock()
	seconds := slowestPace * float64(tokens)
	if c.pace > 0 {
		load := max(1, float64(inFlight)/float64(max(1, c.paceLoad)))
		prompt := float64(c.expectedTokens(Request{System: req.System, Examples: req.Examples, User: req.User}))
		seconds = max(seconds, 3*c.pace*load*(float64(tokens)+prompt))
	}
	return max(leastTimeout, time.Duration(math.Min(seconds, mostTimeout.Seconds())*float64(time.Second)))
}

// fewTokens are too few to tell the pace from the time before the first token.
const fewTokens = 8

// measure keeps the slowest recent pace of an answer.
func (c *Client) measure(tokens int64, took time.Duration) {
	if tokens < fewTokens {
		return
	}
	inFlight, _ := c.gate.occupancy()
	c.mu.Lock()
	defer c.mu.Unlock()
	if pace := took.Seconds() / float64(tokens); pace > 0.95*c.pace {
		c.pace, c.paceLoad = pace, inFlight
	} else {
		c.pace *= 0.95
	}
}

// Answers of full length that take longer than streamFrom are streamed, so that
// silence ends an attempt and not the length of the answer. Faster servers are asked
// for whole replies, which cost less to read.
const (
	streamFrom   = time.Minute
	leastSilence = 2 * time.Minute // within an answer
	leastSpeed   = 0.5             // tokens per second below which a stream is a trickle
)

// Slow reports whether answers of so many tokens are streamed, at the pace that was
// measured last; 0 is no limit.
func (c *Client) Slow(maxTokens int) bool {
	if maxTokens == 0 {
		maxTokens = unboundTokens
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.wire.noStream && c.pace*float64(maxTokens) > streamFrom.Seconds()
}

// streamLimits returns how long a stream may be silent within an answer, and how long
// it may take in all: a server that sends a byte now and then must not hold a call for
// ever.
func (c *Client) streamLimits(req Request) (silence, all time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	tokens := req.MaxTokens
	if tokens == 0 {
		tokens = unboundTokens
	}
	perToken := max(1/leastSpeed, 10*c.pace)
	silence = max(leastSilence, time.Duration(math.Min(50*c.pace, 3600)*float64(time.Second)))
	return silence, max(leastTimeout, time.Duration(math.Min(perToken*float64(tokens), mostTimeout.Seconds())*float64(time.Second)))
}
