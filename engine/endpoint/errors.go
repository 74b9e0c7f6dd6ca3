package endpoint

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	openai "github.com/sashabaranov/go-openai"
)

// Kind is the kind of an Error.
type Kind string

const (
	RateLimited    Kind = "rate limited"      // 429, after all retries
	Overloaded     Kind = "server error"      // 5xx
	Timeout        Kind = "timeout"           // no answer within Config.Timeout
	Disconnected   Kind = "connection failed" // refused, reset, or closed before the end of the reply
	Unreadable     Kind = "unreadable reply"  // status 200, but not a chat completion
	Truncated      Kind = "truncated"         // the answer reached its token limit; Error.Answer has it
	Refused        Kind = "refused"           // by the model or a content filter
	BadRequest     Kind = "bad request"       // this request can never succeed
	Unauthorised   Kind = "unauthorised"      // stops the client
	QuotaExhausted Kind = "quota exhausted"   // stops the client
	OverBudget     Kind = "budget spent"      // the worst case does not fit the budget
	Stopped        Kind = "stopped"           // another request stopped the client
	Cancelled      Kind = "cancelled"         // by the caller's context
	Incapable      Kind = "incapable"         // the endpoint cannot serve this run, in any mode; stops the client
	Unreachable    Kind = "unreachable"       // there is no server at the address; stops the client
	Unanswered     Kind = "not answered"      // the batch ended without answering the request
)

// Temporary reports whether the same request may succeed soon, so that the client
// retries it.
func (k Kind) Temporary() bool {
	switch k {
	case RateLimited, Overloaded, Timeout, Disconnected, Unreadable:
		return true
	}
	return false
}

// Fatal reports whether every further request to the client will fail too.
func (k Kind) Fatal() bool {
	switch k {
	case Unauthorised, QuotaExhausted, Incapable, Unreachable, OverBudget, Stopped, Cancelled:
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
	Answer     *Answer // of Truncated and Refused: the text that was paid for

	cause   error
	final   bool // the client does not try again
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
// Stopped. Other causes are not exposed, because their texts may repeat the key.
func (e *Error) Unwrap() error { return e.cause }

// KindOf returns the kind of an *Error, "" for other errors.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

// fail makes the error of a failed attempt from go-openai's error and what the
// transport recorded. ctx is the caller's, without the attempt's timeout.
func (c *Client) fail(ctx context.Context, x *exchange, err error) *Error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // without the method and the URL
	}
	e := &Error{Status: x.status, charged: !x.unsent}
	_, long := errors.AsType[tooLong](err)
	_, bad := errors.AsType[badEvent](err)
	switch {
	case ctx.Err() != nil:
		e.Kind, e.cause, e.Message = Cancelled, ctx.Err(), ctx.Err().Error()
	case x.silent.Load() && x.events != nil:
		e.Kind, e.Message = Timeout, fmt.Sprintf("the answer stopped: nothing more came for %v", time.Duration(x.silence.Load()).Round(time.Millisecond))
	case x.silent.Load():
		e.Kind, e.Message = Timeout, fmt.Sprintf("no answer began within %v", time.Duration(x.silence.Load()).Round(time.Millisecond))
	case isTimeout(err):
		e.Kind, e.Message = Timeout, fmt.Sprintf("no answer within %v", x.timeout.Round(time.Millisecond))
	case long: // it would be again
		e.Kind, e.Message, e.final = Unreadable, err.Error(), true
	case bad:
		e.Kind, e.Message = Unreadable, "the streamed answer is not a chat completion: "+err.Error()
	case !c.proven.Load() && noServer(err) != "":
		e.Kind, e.Message = Unreachable, err.Error()+"; "+noServer(err)
	case x.status == 0 || x.cut:
		e.Kind, e.Message = Disconnected, err.Error()
		e.charged = e.charged && !neverSent(err)
		e.final = hasOne(e.Message, "malformed HTTP", "malformed MIME", "server response headers exceeded", "too many 1xx")
	case err == nil:
		e.Kind, e.Message = Unreadable, fmt.Sprintf("the server answers with status %d", x.status)
	case x.status >= 300:
		code, message := serverMessage(err)
		e.Kind = kindOf(x.status, code, message)
		e.Message = c.message(message) + c.remedy(e, x, code+" "+message)
		e.charged = false
		e.RetryAfter = retryAfter(x.header, time.Now())
		return e
	case foreign(x.reply) != "" && !c.proven.Load():
		e.Kind, e.Message = Incapable, foreign(x.reply)
	case foreign(x.reply) != "":
		e.Kind, e.Message = Unreadable, notChat+foreign(x.reply)
	case len(bytes.TrimSpace(x.reply)) == 0:
		e.Kind, e.Message = Unreadable, notChat+"it is empty"
	case !slices.Contains([]byte("{[\""), bytes.TrimSpace(x.reply)[0]):
		said := c.message(string(x.reply[:min(len(x.reply), maxErrorReply)])) // without the key, before it is cut
		e.Kind, e.Message = Unreadable, fmt.Sprintf("%sit is no JSON, but %q; is this the address of a model?", notChat, firstRunes(said, 60))
	default:
		e.Kind, e.Message = Unreadable, notChat+err.Error()
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok { // without the Go types
			e.Message = notChat + fmt.Sprintf("%s is a JSON %s", cmp.Or(wrong.Field, "it"), wrong.Value)
		}
	}
	e.Message = c.message(e.Message)
	return e
}

// remedy says what to do about an error that concerns every request, "" for
// others, and makes those that no mode can avoid Incapable.
func (c *Client) remedy(e *Error, x *exchange, said string) string {
	said = strings.ToLower(said)
	unknownModel := strings.Contains(said, "model") && hasOne(said, "model_not_found", "not found", "does not exist", "not exist", "unknown model", "no such model", "invalid model", "not a valid model")
	switch {
	case e.Kind == Unauthorised && c.cfg.KeySource() == "":
		return "; no key was sent: give one with --key-var or --key-file, and with --trust if the spec names this host"
	case e.Kind == Unauthorised:
		return "; check the key in " + c.cfg.KeySource() + " and what it may be used for"
	case !x.chat || e.Kind != BadRequest || aboutFormat(said) || strings.Contains(said, "parameter"):
	case x.status < 400:
		e.Kind = Incapable
	case hasOne(said, "context_length", "context length", "context size", "context window", "exceeds the available context", "too many tokens"), x.status == http.StatusRequestEntityTooLarge:
		return "; the prompt and max_tokens of the call must fit the model's context: raise it at the server (n_ctx, num_ctx, --max-model-len), or shorten them"
	case x.status == http.StatusNotFound, x.status == http.StatusMethodNotAllowed, unknownModel:
		e.Kind = Incapable
		return fmt.Sprintf("; check the name of the model, %s, and the base URL, %s", c.cfg.Model, c.cfg.BaseURL)
	}
	return ""
}

func hasOne(text string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(text, p) })
}

// noServer says what to do if an address has no server that an attempt later
// would find, "" for other errors.
func noServer(err error) string {
	op, dialled := errors.AsType[*net.OpError](err)
	address := ""
	if dialled && op.Addr != nil {
		address, _, _ = net.SplitHostPort(op.Addr.String())
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return "there is no such host; correct the base URL"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "the server's certificate cannot be verified; correct the base URL, or install the certificate"
	}
	said := err.Error()
	switch {
	case dialled && op.Op == "dial" && strings.Contains(said, "refused") && loopback(address):
		return "nothing listens there; start the server, or correct the base URL"
	case strings.Contains(said, "gave HTTP response to HTTPS client"):
		return "the server does not speak https; write http:// in the base URL"
	case hasOne(said, "malformed HTTP", "malformed MIME", "server response headers exceeded", "too many 1xx", "tls: first record does not look like"):
		return "what listens there is no model server; correct the base URL"
	}
	return ""
}

func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}

// neverSent reports whether no connection was made.
func neverSent(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// serverMessage returns the code and the message of a reply with an error status.
func serverMessage(err error) (code, message string) {
	// Before APIError, because it may wrap one that was not decoded.
	if r, ok := errors.AsType[*openai.RequestError](err); ok {
		return "", bodyMessage(r.Body)
	}
	if api, ok := errors.AsType[*openai.APIError](err); ok {
		return fmt.Sprint(api.Code) + " " + api.Type, api.Message
	}
	return "", err.Error()
}

// bodyMessage finds the message in an error reply that is not of OpenAI's form.
func bodyMessage(body []byte) string {
	if len(body) > maxErrorReply {
		body = body[:maxErrorReply] // not JSON then
	}
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

// kindOf classifies error replies, by the status and by words of OpenAI,
// DashScope and Azure. Words are compared in lower case, because services differ.
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
		says("insufficient balance", "arrearage", "billing_hard_limit", "billing_not_active", "freetieronly", "credit balance is too low", "insufficient credit"):
		return QuotaExhausted
	// DashScope uses OpenAI's code of an empty account for a rate limit on tokens.
	case says("insufficient_quota") && !says("allocated quota", "allocationquota", "throttling"):
		return QuotaExhausted
	case says("content_filter", "content_policy", "data_inspection_failed", "datainspectionfailed"):
		return Refused
	case status == http.StatusTooManyRequests:
		return RateLimited
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return Unauthorised
	// llama-cpp-python answers with 500 to a response format that it does not know.
	case status == http.StatusInternalServerError && says("response_format"):
		return BadRequest
	case status == http.StatusNotImplemented, status == http.StatusHTTPVersionNotSupported:
		return BadRequest
	case status >= 500, status == http.StatusConflict, status == http.StatusTooEarly:
		return Overloaded
	case status == http.StatusRequestTimeout:
		return Timeout
	}
	return BadRequest
}

// retryAfter reads how long the server asks to wait, 0 if it does not ask.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil {
		return span(ms / 1000)
	}
	text := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(text, 64); err == nil {
		return span(s)
	}
	if at, err := http.ParseTime(text); err == nil {
		return span(at.Sub(now).Seconds())
	}
	return 0
}

// span converts seconds that a server sent to a duration of at most a day.
func span(seconds float64) time.Duration {
	if !(seconds > 0) {
		return 0
	}
	return time.Duration(min(seconds, 86400) * float64(time.Second))
}

// oneLine makes a message from a server fit on one line of a log.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	text = strings.Map(func(r rune) rune { // no commands to terminals, no reversed text
		if unicode.Is(unicode.C, r) {
			return '?'
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:300]) + "…"
	}
	return text
}
