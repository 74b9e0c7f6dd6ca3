package fake

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// direct calls a server's handler without a network.
type direct struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper. Like a network, it returns when the
// reply is complete or the request's context ends.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if cause := recover(); cause == http.ErrAbortHandler {
				w.cut = true
			} else if cause != nil {
				panic(cause)
			}
		}()
		d.handler.ServeHTTP(w, r)
	}()
	select {
	case <-done:
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
	return &http.Response{StatusCode: w.status, Header: w.header, Body: io.NopCloser(body), Request: r, ProtoMajor: 1, ProtoMinor: 1}, nil
}

// recorder is the http.ResponseWriter of one call.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	cut    bool
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(p []byte) (int, error) { return w.body.Write(p) }

// broken is the end of an interrupted body.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
