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
	"net/http/httptrace"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// exchange travels in the context of one attempt: what go-openai cannot put
// into the request, and what it does not tell of the reply.
type exchange struct {
	form   [][]byte // of a chat completion's body, without what differs
	values [][]byte // JSON values between the pieces of the form
	fields []byte   // further body fields, each with a comma before it
	plain  bool     // not a chat completion: the body goes as it is
	file   string   // path of a file to be sent in place of the marker
	stream bool     // the body of a good reply is the caller's to read
	fresh  bool     // it is about a file that was sent a moment ago

	status int
	header http.Header
	cut    bool          // the reply ended too early
	chat   chat          // of a chat completion with status 200
	reply  *bytes.Buffer // what chat is part of

	body  *bytes.Buffer // of the request, once it is complete
	again bool          // the body was asked for once more
	sent  atomic.Bool   // the body was read to its end, and will not be any more
	trace httptrace.ClientTrace
}

// buffers are for requests and replies, which differ little in length from call
// to call. Most of what a call would leave to the garbage collector is in them.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// usual is the capacity in bytes above which a buffer is not kept.
const usual = 256 << 10

func keep(b *bytes.Buffer) {
	if b != nil && b.Cap() <= usual {
		b.Reset()
		buffers.Put(b)
	}
}

// done gives buffers back. Nothing of the reply may be looked at later.
func (x *exchange) done() {
	keep(x.reply)
	if x.sent.Load() && !x.again {
		keep(x.body)
	}
	x.reply, x.body, x.chat = nil, nil, chat{usage: x.chat.usage}
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
		DisableCompression:    true, // unpacking takes longer than the rest of a call
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
	body, err := x.readReply(resp)
	if err != nil {
		x.cut = true
		return nil, err
	}
	switch {
	case x.plain && resp.StatusCode < 300:
	case resp.StatusCode == http.StatusOK:
		if chat, ok := readChat(body); ok { // else go-openai reports it
			x.chat, body = chat, empty
		}
	case resp.StatusCode < 400:
		// go-openai would take it for an answer.
		resp.StatusCode = http.StatusNotFound
		body = fmt.Appendf(nil, "the base URL answers with status %d", x.status)
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

// readReply reads a reply to its end, so that its connection can be used again.
func (x *exchange) readReply(resp *http.Response) ([]byte, error) {
	x.reply = buffers.Get().(*bytes.Buffer)
	x.reply.Grow(int(min(max(resp.ContentLength+bytes.MinRead, 8<<10), maxReply)))
	n, err := x.reply.ReadFrom(io.LimitReader(resp.Body, maxReply+1))
	if err == nil && n > maxReply {
		err = fmt.Errorf("the reply is over %d bytes", maxReply)
	}
	return x.reply.Bytes(), err
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

// replaceBody gives a request the body that its own stands for.
func (x *exchange) replaceBody(r *http.Request) error {
	switch {
	case x.file != "":
		return x.sendFile(r)
	case x.plain:
		return nil
	}
	x.body = buffers.Get().(*bytes.Buffer)
	x.body.Write(x.appendBody(x.body.AvailableBuffer()))
	body := x.body.Bytes()
	r.ContentLength = int64(len(body))
	// Of readers that it knows, such as this, net/http sends all in one piece with
	// the headers.
	r.Body = io.NopCloser(bytes.NewReader(body))
	// It sends again where a kept connection was closed.
	r.GetBody = func() (io.ReadCloser, error) {
		x.again = true
		return io.NopCloser(bytes.NewReader(body)), nil
	}
	return nil
}

// empty is what go-openai reads in place of a reply that was read already.
var empty = []byte("{}")

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
	if !x.plain {
		x.trace.WroteRequest = x.wrote
		ctx = httptrace.WithClientTrace(ctx, &x.trace)
	}
	return context.WithValue(ctx, exchangeKey{}, x)
}

// wrote hears of the end of a body.
func (x *exchange) wrote(w httptrace.WroteRequestInfo) { x.sent.Store(w.Err == nil) }
