package endpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"
)

// transport adds to requests what go-openai's client lacks, and records what that
// client drops from replies: see exchange.
type transport struct {
	base http.RoundTripper
	key  Secret
	cfg  Config
}

// exchange travels in the context of one attempt, between the client and its
// transport.
type exchange struct {
	extra  []byte // JSON object whose members are added to the body; nil for none
	stream bool   // the body of a reply with status 200 is passed on unread
	tokens int    // limit of the answer, for a streamed one
	heard  func() // called for each event of a streamed answer; nil if none is asked for
	chat   bool   // a chat completion: the client decodes a good reply itself
	limit  int64  // of a good reply in bytes

	timeout time.Duration // for messages
	silence atomic.Int64  // limit of the silence of a streamed answer, for messages
	silent  atomic.Bool   // it was reached

	sent   bool // go-openai has accepted the request
	unsent bool // no connection was made, so the server has not seen the request
	status int  // of the reply, 0 without one
	header http.Header
	reply  []byte // the body, unless streamed
	events *reply // of a streamed answer
	cut    bool   // the body could not be read to its end
}

type exchangeKey struct{}

// attach returns a context that carries x.
func attach(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// Bounds of replies in bytes, so that memory does not depend on what servers send.
const (
	maxReply      = 4 << 20  // of the batch API: a list of a hundred batches
	maxErrorReply = 16 << 10 // with an error status; the rest is not read
	replyFrame    = 64 << 10 // of a chat completion beside its tokens
	bytesPerToken = 32       // in escapes of JSON, and with thoughts in another form
	unboundTokens = 32 << 10 // tokens of an answer whose request sets no bound
)

// replyLimit bounds a reply to a request with so many tokens.
func replyLimit(maxTokens int) int64 {
	if maxTokens == 0 {
		maxTokens = unboundTokens
	}
	return replyFrame + bytesPerToken*int64(maxTokens)
}

// FileLimit bounds the file of answers to so many requests with at most so many
// tokens each.
func FileLimit(requests int64, maxTokens int) int64 {
	limit := replyLimit(maxTokens)
	if requests > (1<<50)/limit {
		return 1 << 50
	}
	return requests * limit
}

// tooLong is the error of a reply beyond its limit.
type tooLong int64

func (n tooLong) Error() string {
	return fmt.Sprintf("the reply is longer than %d bytes, more than its request allows", int64(n))
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	x, ok := r.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return nil, errors.New("the request's context has no exchange")
	}
	x.sent = true
	r, err := t.complete(r, x.extra)
	if err != nil {
		return nil, err
	}
	_, network := t.base.(*http.Transport)
	x.unsent = network // until there is a connection
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { x.unsent = false }}
	resp, err := t.base.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	if err != nil {
		return nil, err
	}
	x.status, x.header = resp.StatusCode, resp.Header
	if x.stream && resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		x.reply, err = readUpTo(resp, maxErrorReply)
		if _, ok := err.(tooLong); ok {
			x.reply, err = x.reply[:maxErrorReply], nil
		}
	} else if x.heard != nil && isStream(resp.Header.Get("Content-Type")) {
		var r reply
		r, err = readStream(resp.Body, x.limit, x.tokens, x.heard)
		x.events = &r
	} else {
		x.reply, err = readUpTo(resp, max(x.limit, maxErrorReply))
	}
	if err != nil {
		x.cut = true
		return nil, err
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		// go-openai would decode it as an answer
		return nil, fmt.Errorf("the base URL answers with status %d, which sends elsewhere: %q; correct the base URL", resp.StatusCode, resp.Header.Get("Location"))
	}
	body := x.reply
	if x.chat && resp.StatusCode == http.StatusOK {
		body = []byte("{}") // go-openai decodes without bounds
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// complete returns a copy of r with the key, the configured headers and the
// extra body fields.
func (t *transport) complete(r *http.Request, extra []byte) (*http.Request, error) {
	r = r.Clone(r.Context())
	for name, value := range t.cfg.Headers {
		r.Header.Set(name, value)
	}
	switch key := t.key.reveal(); {
	case key == "":
	case t.cfg.KeyHeader == "" || strings.EqualFold(t.cfg.KeyHeader, "authorization"):
		r.Header.Set("Authorization", "Bearer "+key)
	default:
		r.Header.Set(t.cfg.KeyHeader, key)
	}
	if len(t.cfg.Query) > 0 {
		query := r.URL.Query()
		for name, value := range t.cfg.Query {
			query.Set(name, value)
		}
		r.URL.RawQuery = query.Encode()
	}
	if extra == nil {
		return r, nil
	}
	defer r.Body.Close()
	body := make([]byte, r.ContentLength, r.ContentLength+int64(len(extra)))
	if _, err := io.ReadFull(r.Body, body); err != nil {
		return nil, err
	}
	body = joinObjects(body, extra)
	r.ContentLength = int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	return r, nil
}

// readUpTo reads a reply to its end, so that its connection can be used again, or
// to a limit.
func readUpTo(resp *http.Response, limit int64) ([]byte, error) {
	var body bytes.Buffer
	body.Grow(int(min(max(resp.ContentLength+bytes.MinRead, 8<<10), limit)))
	n, err := body.ReadFrom(io.LimitReader(resp.Body, limit+1))
	if err == nil && n > limit {
		err = tooLong(limit)
	}
	return body.Bytes(), err
}

// newBase returns a transport that keeps a connection for every call in flight;
// http.DefaultTransport keeps two per host and would dial for most calls.
func newBase(inFlight int) *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: inFlight,
		WriteBufferSize:     16 << 10, // a request or a reply in one system call
		ReadBufferSize:      16 << 10,
		IdleConnTimeout:     90 * time.Second,
		// Of a reply; each connection may hold as much.
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true, // decompressing costs more than the rest of a call
		TLSHandshakeTimeout:    15 * time.Second,
		ExpectContinueTimeout:  time.Second,
	}
}
