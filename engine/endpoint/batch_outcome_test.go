package endpoint

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/endpoint/fake"
)

// A batch that was made although the reply was lost is found and not made again, so
// that it is not paid for twice. A batch that was not made is made again.
func TestMakeBatchPaysOnce(t *testing.T) {
	for _, fault := range []fake.BatchFault{fake.CreateLost, fake.CreateBroken} {
		s := &fake.Server{}
		s.Batches.Faults = func(int) fake.BatchFault { return fault }
		c := newClient(t, quick(t, s), nil)
		file, err := c.UploadBatch(t.Context(), batchFile(t, c, 2), "mine")
		if err != nil {
			t.Fatal(err)
		}
		b, err := c.MakeBatch(t.Context(), file, "mine")
		if err != nil || b.ID == "" || b.Input != file || s.Batches.Created() != 1 {
			t.Errorf("%s: got %+v, %v and %d batches, want one", fault, b, err, s.Batches.Created())
		}
	}
}

// batchAPI answers the requests that create and list batches.
func batchAPI(t *testing.T, create, list func(asked int) (status int, body string)) (c *Client, created, listed *int) {
	t.Helper()
	created, listed = new(int), new(int)
	cfg := Config{BaseURL: "http://model.test/v1", Model: "m", Retries: 2, Backoff: 1, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		var status int
		var body string
		if r.Method == http.MethodPost {
			*created++
			status, body = create(*created)
		} else {
			*listed++
			status, body = list(*listed)
		}
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: readCloser(body)}, nil
	})}
	return newClient(t, cfg, nil), created, listed
}

// MakeBatch looks several times, because the list of an account's batches may lag
// behind, and sends the request again only if the batch is in none of the lists.
func TestMakeBatchLooksAgain(t *testing.T) {
	const (
		broken  = `{"error":{"message":"down","type":"server_error"}}`
		nothing = `{"data":[],"has_more":false}`
		mine    = `{"data":[{"id":"b-1","status":"validating","input_file_id":"file-1"}],"has_more":false}`
	)
	fails := func(int) (int, string) { return 500, broken }
	lag := func(asked int) (int, string) {
		if asked < maxLooks {
			return 200, nothing
		}
		return 200, mine
	}
	c, created, _ := batchAPI(t, fails, lag)
	if b, err := c.MakeBatch(t.Context(), "file-1", "name"); err != nil || b.ID != "b-1" || *created != 1 {
		t.Errorf("the list lags: got %+v, %v after %d requests for a batch, want b-1 after one", b, err, *created)
	}

	secondTime := func(asked int) (int, string) {
		if asked == 1 {
			return fails(asked)
		}
		return 200, `{"id":"b-2","status":"validating","input_file_id":"file-1"}`
	}
	never := func(int) (int, string) { return 200, nothing }
	c, created, listed := batchAPI(t, secondTime, never)
	if b, err := c.MakeBatch(t.Context(), "file-1", "name"); err != nil || b.ID != "b-2" || *created != 2 || *listed != maxLooks {
		t.Errorf("not made at first: got %+v, %v after %d requests and %d lists, want b-2 after 2 and %d", b, err, *created, *listed, maxLooks)
	}

	c, created, _ = batchAPI(t, fails, never)
	if _, err := c.MakeBatch(t.Context(), "file-1", "name"); err == nil || *created != 3 {
		t.Errorf("never made: got error %v after %d requests, want an error after 3", err, *created)
	}

	// As long as it is unknown whether the batch exists, another one must not be made.
	c, created, _ = batchAPI(t, fails, func(int) (int, string) { return 401, broken })
	if _, err := c.MakeBatch(t.Context(), "file-1", "name"); KindOf(err) != Unauthorised || *created != 1 {
		t.Errorf("lists fail: got %v after %d requests, want %s after one", err, *created, Unauthorised)
	}

	c, created, _ = batchAPI(t, func(int) (int, string) { return 200, `{"status":"validating"}` }, func(int) (int, string) { return 200, mine })
	if b, err := c.MakeBatch(t.Context(), "file-1", "name"); err != nil || b.ID != "b-1" || *created != 1 {
		t.Errorf("a reply without an id: got %+v, %v after %d requests, want b-1 after one", b, err, *created)
	}
}

// A cancelled run stops looking for a batch.
func TestLostBatchIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stopped by the user")
	c, _, listed := batchAPI(t, nil, func(int) (int, string) {
		cancel(stop)
		return 200, `{"data":[],"has_more":false}`
	})
	if b, err := c.LostBatch(ctx, "file-1", "name"); b != nil || err == nil || *listed != 1 {
		t.Errorf("got %+v, %v after %d lists, want an error after one", b, err, *listed)
	}
}

// What a line of an error file says decides whether its request is sent again and
// whether it may have been charged.
func TestBatchLineErrors(t *testing.T) {
	c := newClient(t, quick(t, &fake.Server{}), nil)
	for _, x := range []struct {
		line    string
		kind    Kind
		charged bool
		words   string
	}{
		{`{"custom_id":"a","error":{"code":"batch_expired","message":"too late"}}`, Unanswered, false, "too late"},
		{`{"custom_id":"a","response":{"status_code":0},"error":{"code":"batch_expired","message":"too late"}}`, Unanswered, false, "too late"},
		{`{"custom_id":"a"}`, Unanswered, false, ""},
		{`{"custom_id":"a","error":{"code":"content_filter","message":"flagged"}}`, Refused, false, "flagged"},
		{`{"custom_id":"a","response":{"status_code":400,"body":{"error":{"message":"flagged","code":"content_filter"}}}}`, Refused, false, "flagged"},
		{`{"custom_id":"a","response":{"status_code":429,"body":{"error":{"message":"slow down","code":"x"}}}}`, RateLimited, false, "slow down"},
		{`not JSON`, Unreadable, true, "not JSON"},
	} {
		_, usage, err := c.ReadBatchLine([]byte(x.line))
		if KindOf(err) != x.kind || Charged(err) != x.charged || usage != nil || !strings.Contains(err.Error(), x.words) {
			t.Errorf("%s: got %s, charged %v, usage %v: %v; want %s, charged %v", x.line, KindOf(err), Charged(err), usage, err, x.kind, x.charged)
		}
	}
	for _, line := range []string{`{}`, `{"custom_id":""}`, `{"custom_id":"r1"`} {
		if id, err := BatchID([]byte(line)); err == nil {
			t.Errorf("%s: got id %q, want an error", line, id)
		}
	}
}

// A failed batch says why, and whether the provider's queue was full: then it is sent
// again later.
func TestFailedBatchReasons(t *testing.T) {
	for _, x := range []struct {
		errors, reason string
		full           bool
	}{
		{``, "the provider gives no reason", false},
		{`,"errors":{"data":[]}`, "the provider gives no reason", false},
		{`,"errors":{"data":[{"code":"token_limit_exceeded","message":"later"}]}`, "later", true},
		{`,"errors":{"data":[{"code":"x","message":"Enqueued token limit reached for m"}]}`, "Enqueued token limit reached for m", true},
		{`,"errors":{"data":[{"code":"x","message":"bad","line":7}]}`, "line 7: bad", false},
	} {
		c, _, _ := batchAPI(t, nil, func(int) (int, string) {
			return 200, `{"id":"b","status":"failed","input_file_id":"f"` + x.errors + `}`
		})
		b, err := c.Batch(t.Context(), "b")
		if err != nil || !b.Failed || !b.Ended || b.Reason != x.reason || b.Full != x.full {
			t.Errorf("%s: got %+v, %v; want reason %q, full %v", x.errors, b, err, x.reason, x.full)
		}
	}
}

// A search ends at a page without batches, even if the provider says that there are
// more.
func TestFindBatchEnds(t *testing.T) {
	c, _, listed := batchAPI(t, nil, func(int) (int, string) { return 200, `{"data":[],"has_more":true}` })
	if b, err := c.FindBatch(t.Context(), "file-1", "name"); b != nil || err != nil || *listed != 1 {
		t.Errorf("got %+v, %v after %d lists, want nothing after one", b, err, *listed)
	}
}

// A batch file that cannot be written is an error of the machine, not of the provider,
// and leaves no file behind.
func TestAtomicWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	cut := errors.New("cut off")
	if err := writeAtomically(path, &failingReader{[]byte("new"), cut}); !errors.Is(err, cut) {
		t.Errorf("got error %v, want %v", err, cut)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "old" {
		t.Errorf("the file has %q, %v; want the old content", text, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("got %d files, %v; want 1", len(entries), err)
	}
}

// A download that is cut off is repeated, and its file has every answer once.
func TestDownloadIsRepeated(t *testing.T) {
	s := &fake.Server{}
	cfg := quick(t, s)
	downloads := 0
	cfg.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		reply, err := http.DefaultTransport.RoundTrip(r)
		if err == nil && strings.HasSuffix(r.URL.Path, "/content") {
			if downloads++; downloads <= 2 {
				body, err := io.ReadAll(reply.Body)
				reply.Body.Close()
				if err != nil {
					return nil, err
				}
				reply.Body = io.NopCloser(&failingReader{body[:len(body)*downloads/3], io.ErrUnexpectedEOF})
			}
		}
		return reply, err
	})
	c := newClient(t, cfg, nil)
	b, err := c.Batch(t.Context(), submit(t, c, batchFile(t, c, 5), "n").ID)
	if err != nil || !b.Ended {
		t.Fatalf("got %+v, %v", b, err)
	}
	got := answers(t, c, b)
	for id, err := range got {
		if err != nil {
			t.Errorf("%s: got error %v", id, err)
		}
	}
	if len(got) != 5 || downloads != 3 {
		t.Errorf("got %d answers after %d downloads, want 5 after 3", len(got), downloads)
	}
}

// failingReader yields some bytes and then an error.
type failingReader struct {
	rest []byte
	err  error
}

func (r *failingReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, r.err
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
