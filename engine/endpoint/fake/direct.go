package fake

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
)

// direct calls a server's handler without a network.
type direct struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper. Like a network, it returns when the reply is
// complete, when its first part is flushed, or when the request's context ends.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &recorder{header: http.Header{}, status: http.StatusOK, flushed: make(chan struct{})}
	w.parts, w.pipe = io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			cause := recover()
			if cause == http.ErrAbortHandler {
				w.cut = true
				w.pipe.CloseWithError(io.ErrUnexpectedEOF)
			} else if cause != nil {
				panic(cause)
			}
			w.pipe.Close()
		}()
		d.handler.ServeHTTP(w, r)
		w.end()
	}()
	response := func(body io.Reader) *http.Response {
		return &http.Response{StatusCode: w.status, Header: w.header, Body: &partsBody{body, w.parts}, Request: r, ProtoMajor: 1, ProtoMinor: 1}
	}
	select {
	case <-done:
	case <-w.flushed:
		go func() {
			select {
			case <-r.Context().Done():
				w.parts.CloseWithError(r.Context().Err())
			case <-done:
			}
		}()
		return response(w.parts), nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if w.cut && w.body.Len() == 0 {
		return nil, errors.New("connection reset by peer")
	}
	var body io.Reader = &w.body
	if w.cut {
		body = io.MultiReader(body, broken{})
	}
	return response(body), nil
}

// partsBody is a body whose end, when it is closed, the handler notices.
type partsBody struct {
	io.Reader
	parts *io.PipeReader
}

func (b *partsBody) Close() error { return b.parts.Close() }

// recorder is the http.ResponseWriter of one call. What is written before the first
// Flush is kept in body; from then on, parts go through the pipe.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	cut    bool

	once    sync.Once
	flushed chan struct{}
	parts   *io.PipeReader
	pipe    *io.PipeWriter
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(p []byte) (int, error) { return w.body.Write(p) }

// Flush implements http.Flusher.
func (w *recorder) Flush() {
	w.once.Do(func() { close(w.flushed) })
	part := bytes.Clone(w.body.Bytes())
	w.body.Reset()
	_, _ = w.pipe.Write(part) // an error means that the client left
}

// end sends what is left after the last Flush.
func (w *recorder) end() {
	select {
	case <-w.flushed:
		_, _ = w.pipe.Write(w.body.Bytes())
	default:
	}
}

// broken is the end of an interrupted body.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
