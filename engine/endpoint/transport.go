package endpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
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

	sent   bool // go-openai has accepted the request
	status int  // of the reply, 0 without one
	header http.Header
	reply  []byte // the body, unless streamed
	cut    bool   // the body could not be read to its end
}

type exchangeKey struct{}

// attach returns a context that carries x.
func attach(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// maxReply bounds a reply in bytes.
const maxReply = 32 << 20

var errTooLong = fmt.Errorf("the reply is longer than %d bytes", maxReply)

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
	resp, err := t.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	x.status, x.header = resp.StatusCode, resp.Header
	if x.stream && resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	if x.reply, err = readAll(resp); err != nil {
		x.cut = true
		return nil, err
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return nil, fmt.Errorf("the base URL answers with status %d", resp.StatusCode) // go-openai would decode it as an answer
	}
	resp.Body = io.NopCloser(bytes.NewReader(x.reply))
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

// readAll reads a reply to its end, so that its connection can be used again.
func readAll(resp *http.Response) ([]byte, error) {
	var body bytes.Buffer
	body.Grow(int(min(max(resp.ContentLength+bytes.MinRead, 8<<10), maxReply)))
	n, err := body.ReadFrom(io.LimitReader(resp.Body, maxReply+1))
	if err == nil && n > maxReply {
		err = errTooLong
	}
	return body.Bytes(), err
}

// newBase returns a transport that keeps a connection for every call in flight;
// http.DefaultTransport keeps two per host and would dial for most calls.
func newBase(inFlight int) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   inFlight,
		WriteBufferSize:       16 << 10, // a request or a reply in one system call
		ReadBufferSize:        16 << 10,
		IdleConnTimeout:       90 * time.Second,
		DisableCompression:    true, // decompressing costs more than the rest of a call
		TLSHandshakeTimeout:   15 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}
