package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// troubled is a service that refuses every third request because there are too many, and cuts or
// stalls the first answers about each object.
type troubled struct {
	http.Handler
	mu       sync.Mutex
	requests int
	asked    map[string]int
}

func (s *troubled) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests++
	busy := s.requests%3 == 0
	if r.Method == http.MethodGet {
		s.asked[r.URL.Path]++
	}
	asked := s.asked[r.URL.Path]
	s.mu.Unlock()
	if busy {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, `<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>`)
		return
	}
	whole := httptest.NewRecorder()
	s.Handler.ServeHTTP(whole, r)
	for name, values := range whole.Header() {
		w.Header()[name] = values
	}
	body := whole.Body.Bytes()
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(whole.Code)
	if r.Method != http.MethodGet || r.URL.Query().Has("list-type") || whole.Code >= 300 || asked > 3 {
		w.Write(body)
		return
	}
	w.Write(body[:len(body)/2])
	w.(http.Flusher).Flush()
	if asked%2 == 0 {
		time.Sleep(3 * stall)
	}
	panic(http.ErrAbortHandler)
}

// TestTroubledS3: throttling, lost connections and stalls are survived, and an outage that does
// not end is an error.
func TestTroubledS3(t *testing.T) {
	was := stall
	stall = 300 * time.Millisecond
	t.Cleanup(func() { stall = was })
	backend := s3mem.New()
	if err := backend.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	service := &troubled{Handler: gofakes3.New(backend).Server(), asked: map[string]int{}}
	server := httptest.NewServer(service)
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	s, err := Open("s3://bucket/jobs/a b#ü%20")
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 4 {
		data := make([]byte, 1+random.IntN(200_000))
		for k := range data {
			data[k] = byte(random.Uint32())
		}
		name := fmt.Sprintf("part/%d", i)
		if err := s.PutIfAbsent(ctx, name, bytes.NewReader(data), int64(len(data))); err != nil {
			t.Fatal(err)
		}
		if err := s.PutIfAbsent(ctx, name, bytes.NewReader(data[:1]), 1); !errors.Is(err, ErrExists) {
			t.Errorf("put again: got %v", err)
		}
		if got, err := ReadAll(ctx, s, name, 1<<20); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(data), err)
		}
		from := int64(len(data) / 3)
		service.mu.Lock()
		clear(service.asked)
		service.mu.Unlock()
		if got, err := s.Range(ctx, name, from, from); err != nil || !bytes.Equal(got, data[from:2*from]) {
			t.Errorf("%s: a range of %d bytes of %d, %v", name, len(got), from, err)
		}
	}
	n := 0
	for o, err := range s.List(ctx, "part/") {
		if err != nil || o.Bytes == 0 {
			t.Errorf("%+v, %v", o, err)
		}
		n++
	}
	if n != 4 {
		t.Errorf("%d objects are listed", n)
	}
	if _, err := s.Get(ctx, "part/none"); !errors.Is(err, ErrAbsent) {
		t.Errorf("got %v", err)
	}
	service.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if _, err := ReadAll(ctx, s, "part/1", 1<<20); err == nil {
		t.Error("an outage is no error")
	}
}
