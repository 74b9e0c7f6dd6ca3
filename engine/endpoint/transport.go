package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"time"
)

// exchange travels in the context of one attempt: what go-openai cannot put
// into the request, and what it does not tell of the reply.
type exchange struct {
	values [][]byte // JSON values for the markers of the request
	fields []byte   // further body fields, each with a comma before it
	plain  bool     // not a chat completion: the body goes as it is
	file   string   // path of a file to be sent in place of the first marker
	stream bool     // the body of a good reply is the caller's to read

	status  int
	header  http.Header
	usage   *Usage   // nil when the reply does not tell
	long    [][]byte // strings taken out of the reply
	cut     bool     // the reply ended too early
	problem string   // an error told in a reply of status 200
}

type exchangeKey struct{}

// transport completes requests and reads replies in full. It stands where
// go-openai would have an http.Client, whose redirects and cookies a model server
// has no use for.
type transport struct {
	base    http.RoundTripper
	key     Secret
	headers map[string]string
}

// maxReply bounds what is read of a reply.
const maxReply = 32 << 20

// newBase makes a transport that keeps a connection for every call in flight;
// the standard one keeps two and would dial for most calls.
func newBase(inFlight int) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   inFlight,
		WriteBufferSize:       16 << 10, // a request, and a reply, in one system call
		ReadBufferSize:        16 << 10,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   15 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// Do implements go-openai's HTTPDoer. The request is its own to change.
func (t transport) Do(r *http.Request) (*http.Response, error) {
	x, ok := r.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return nil, errors.New("a request without an exchange")
	}
	if err := t.complete(r, x); err != nil {
		return nil, err
	}
	resp, err := t.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	x.status, x.header = resp.StatusCode, resp.Header
	if x.stream && resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	body, err := readReply(resp)
	if err != nil {
		x.cut = true
		return nil, err
	}
	switch {
	case x.plain && resp.StatusCode < 300:
	case resp.StatusCode == http.StatusOK:
		body, x.long = takeOut(body)
		x.read(body)
	case resp.StatusCode < 400:
		// go-openai would take it for an answer.
		resp.StatusCode = http.StatusNotFound
		body = fmt.Appendf(nil, "the base URL answers with status %d", x.status)
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

// readReply reads a reply to its end, so that its connection can be used again.
func readReply(resp *http.Response) ([]byte, error) {
	var body bytes.Buffer
	body.Grow(int(min(max(resp.ContentLength+bytes.MinRead, 8<<10), maxReply)))
	n, err := body.ReadFrom(io.LimitReader(resp.Body, maxReply+1))
	if err == nil && n > maxReply {
		err = fmt.Errorf("the reply is over %d bytes", maxReply)
	}
	return body.Bytes(), err
}

// complete gives a request its texts, fields, headers and key.
func (t transport) complete(r *http.Request, x *exchange) error {
	if err := x.replaceBody(r); err != nil {
		return err
	}
	for name, value := range t.headers {
		r.Header.Set(name, value)
	}
	if key := t.key.reveal(); key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	return nil
}

// replaceBody gives a request the body that its own is the skeleton of.
func (x *exchange) replaceBody(r *http.Request) error {
	if x.plain && x.file == "" {
		return nil
	}
	skeleton, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if x.file != "" {
		return x.sendFile(r, skeleton)
	}
	body, err := x.body(skeleton)
	if err != nil {
		return err
	}
	r.ContentLength = int64(len(body))
	// GetBody lets net/http send again where a kept connection was closed.
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	return nil
}

// body puts texts and fields into a skeleton.
func (x *exchange) body(skeleton []byte) ([]byte, error) {
	skeleton = bytes.TrimSuffix(bytes.TrimSpace(skeleton), []byte("}"))
	return fill(slices.Concat(skeleton, x.fields, []byte("}")), x.values)
}

// read takes from the skeleton of a reply what go-openai drops: the usage under
// the names that services give it, and errors sent with status 200.
func (x *exchange) read(skeleton []byte) {
	var reply struct {
		Usage *wireUsage
		Error json.RawMessage
	}
	if json.Unmarshal(skeleton, &reply) != nil {
		return // go-openai reports it
	}
	if reply.Usage != nil && reply.Usage.Prompt+reply.Usage.Completion > 0 {
		u := reply.Usage.usage()
		x.usage = &u
	}
	if len(reply.Error) > 0 && string(reply.Error) != "null" {
		x.problem = bodyMessage(fmt.Appendf(nil, `{"error":%s}`, reply.Error))
	}
}

// wireUsage has the names of OpenAI, and those of DeepSeek and Moonshot for
// cached tokens.
type wireUsage struct {
	Prompt        int64 `json:"prompt_tokens"`
	Completion    int64 `json:"completion_tokens"`
	CacheHit      int64 `json:"prompt_cache_hit_tokens"`
	Cached        int64 `json:"cached_tokens"`
	Reasoning     int64 `json:"reasoning_tokens"`
	PromptDetails struct {
		Cached int64 `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
	CompletionDetails struct {
		Reasoning int64 `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
}

func (w *wireUsage) usage() Usage {
	u := Usage{
		Prompt:     max(0, w.Prompt),
		Completion: max(0, w.Completion),
		Cached:     max(0, w.CacheHit, w.Cached, w.PromptDetails.Cached),
		Reasoning:  max(0, w.Reasoning, w.CompletionDetails.Reasoning),
	}
	u.Cached = min(u.Cached, u.Prompt)
	u.Completion = max(u.Completion, u.Reasoning)
	return u
}

// text returns a string of the reply that go-openai decoded, put back if it was
// taken out.
func (x *exchange) text(decoded string) (string, error) {
	for i, raw := range x.long {
		if decoded == marker(i) {
			return unquote(raw)
		}
	}
	return decoded, nil
}

// encodeFields renders body fields in the order of their names.
func encodeFields(fields map[string]json.RawMessage) []byte {
	var out []byte
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		out = append(out, ',')
		out = appendQuoted(out, name)
		out = append(append(out, ':'), fields[name]...)
	}
	return out
}

// attach puts an exchange into a context.
func attach(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}
