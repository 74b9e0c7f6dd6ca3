package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	openai "github.com/sashabaranov/go-openai"
)

// Kind says what became of a request that has no answer.
type Kind string

const (
	RateLimited    Kind = "rate limited"      // 429, still after all retries
	Overloaded     Kind = "server error"      // 5xx
	Timeout        Kind = "timeout"           // no answer within Config.Timeout
	Cut            Kind = "connection failed" // refused, reset or cut
	Unreadable     Kind = "unreadable reply"  // status 200, but not the protocol
	Truncated      Kind = "truncated"         // the answer ran into its token bound; Error.Answer has it
	Refused        Kind = "refused"           // by the model or a content filter
	BadRequest     Kind = "bad request"       // this request can never succeed
	Unauthorised   Kind = "unauthorised"      // stops the client
	QuotaExhausted Kind = "quota exhausted"   // stops the client
	OverBudget     Kind = "budget spent"      // the worst case no longer fits
	Stopped        Kind = "stopped"           // another request stopped the client
	Cancelled      Kind = "cancelled"         // by the caller's context
	Incapable      Kind = "incapable"         // Probe: no mode works
	Unanswered     Kind = "not answered"      // a request of a batch that ended without coming to it
)

// retryable kinds are tried again by the client.
func (k Kind) retryable() bool {
	switch k {
	case RateLimited, Overloaded, Timeout, Cut, Unreadable:
		return true
	}
	return false
}

// Resumable reports whether the same request may succeed in a later run.
func (k Kind) Resumable() bool {
	switch k {
	case Truncated, Refused, BadRequest, Incapable:
		return false
	}
	return true
}

// Ends reports whether there is no use in sending the client another request.
func (k Kind) Ends() bool {
	switch k {
	case Unauthorised, QuotaExhausted, OverBudget, Stopped, Cancelled:
		return true
	}
	return false
}

// Error is the outcome of a request without an answer.
type Error struct {
	Kind       Kind
	Status     int           // of the last reply, 0 without one
	Message    string        // one line, from the server or the system; never the key
	RetryAfter time.Duration // what the server asked for
	Attempts   int
	Answer     *Answer // of Truncated and Refused: what was paid for

	cause   error
	charged bool // whether the attempt may have been paid for
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Kind))
	if e.Status != 0 {
		fmt.Fprintf(&b, " (%d)", e.Status)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (after %d attempts)", e.Attempts)
	}
	return b.String()
}

// Unwrap returns the context's error of Cancelled and the stopping error of
// Stopped. Other causes stay inside: their texts are not ours to vouch for.
func (e *Error) Unwrap() error { return e.cause }

// KindOf returns the kind of an error of this package, "" for another.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

// fail makes the error of a failed attempt from what go-openai says of it and
// what the transport saw. ctx is the caller's, without the attempt's timeout.
func (c *Client) fail(ctx context.Context, x *exchange, err error) *Error {
	e := &Error{Status: x.status, charged: true}
	switch {
	case ctx.Err() != nil:
		e.Kind, e.cause, e.Message = Cancelled, ctx.Err(), ctx.Err().Error()
	case isTimeout(err):
		e.Kind, e.Message = Timeout, fmt.Sprintf("no answer within %v", c.cfg.Timeout)
	case x.status == 0 || x.cut:
		e.Kind, e.Message = Cut, err.Error()
		e.charged = !neverSent(err)
	case x.status >= 300:
		code, message := serverWords(err)
		e.Kind = kindOf(x.status, code, message)
		e.Message = message
		e.charged = false
		e.RetryAfter = retryAfter(x.header, time.Now())
	default:
		e.Kind, e.Message = Unreadable, "the reply is not a chat completion: "+err.Error()
	}
	e.Message = c.key.scrub(oneLine(e.Message))
	return e
}

func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}

// neverSent reports whether the connection was not even made.
func neverSent(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// serverWords returns the code and the message of a reply with an error status.
func serverWords(err error) (code, message string) {
	// First, because it may hold an APIError that was not decoded.
	if r, ok := errors.AsType[*openai.RequestError](err); ok {
		return "", bodyMessage(r.Body)
	}
	if api, ok := errors.AsType[*openai.APIError](err); ok {
		return fmt.Sprint(api.Code) + " " + api.Type, api.Message
	}
	return "", err.Error()
}

// bodyMessage finds the words in an error reply of another form.
func bodyMessage(body []byte) string {
	text := strings.TrimSpace(string(body))
	if strings.HasPrefix(text, "<") {
		return "the server answered with an HTML page"
	}
	var other struct {
		Message string
		Detail  any
		Error   any
	}
	if json.Unmarshal(body, &other) != nil {
		return text
	}
	switch {
	case other.Message != "":
		return other.Message
	case other.Detail != nil:
		return fmt.Sprint(other.Detail)
	case other.Error != nil:
		if inner, ok := other.Error.(map[string]any); ok && inner["message"] != nil {
			return fmt.Sprint(inner["message"])
		}
		return fmt.Sprint(other.Error)
	}
	return text
}

// kindOf sorts error replies. The words are those of OpenAI, DashScope and
// Azure; lower case, because services differ.
func kindOf(status int, code, message string) Kind {
	says := func(words ...string) bool {
		text := strings.ToLower(code + " " + message)
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	switch {
	case status == http.StatusPaymentRequired,
		says("insufficient balance", "arrearage", "billing_hard_limit", "billing_not_active", "freetieronly"):
		return QuotaExhausted
	// DashScope uses OpenAI's word for an empty account where tokens come too fast.
	case says("insufficient_quota") && !says("allocated quota", "allocationquota", "throttling"):
		return QuotaExhausted
	case says("content_filter", "content_policy", "data_inspection_failed", "datainspectionfailed"):
		return Refused
	case status == http.StatusTooManyRequests:
		return RateLimited
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return Unauthorised
	// llama-cpp-python answers so to a response format that it does not know.
	case status == http.StatusInternalServerError && says("response_format"):
		return BadRequest
	case status >= 500, status == http.StatusConflict, status == http.StatusTooEarly:
		return Overloaded
	case status == http.StatusRequestTimeout:
		return Timeout
	}
	return BadRequest
}

// retryAfter reads how long the server asks to wait, 0 if it does not say.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil {
		return span(ms / 1000)
	}
	text := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(text, 64); err == nil {
		return span(s)
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// span turns seconds of outside origin into a duration of at most a day.
func span(seconds float64) time.Duration {
	if !(seconds > 0) {
		return 0
	}
	return time.Duration(min(seconds, 86400) * float64(time.Second))
}

// oneLine makes a message of outside origin fit for a line of a log.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:300]) + "…"
	}
	return text
}
