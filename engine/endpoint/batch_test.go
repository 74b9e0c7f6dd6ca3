package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/endpoint/fake"
)

// batchFile writes a batch file of n requests.
func batchFile(t testing.TB, c *Client, n int) string {
	t.Helper()
	var text []byte
	for i := range n {
		var err error
		if text, _, err = c.AppendBatchLine(text, fmt.Sprint("r", i), ask(i)); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "in.jsonl")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func submit(t testing.TB, c *Client, path, name string) Batch {
	t.Helper()
	file, err := c.UploadBatch(context.Background(), path, name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.CreateBatch(context.Background(), file, name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// answers reads the output and error files of a batch.
func answers(t testing.TB, c *Client, b Batch) map[string]error {
	t.Helper()
	out := map[string]error{}
	for _, id := range []string{b.Output, b.Errors} {
		if id == "" {
			continue
		}
		path := filepath.Join(t.TempDir(), "out")
		if err := c.Download(context.Background(), id, path, 1<<30); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			id, err := BatchID(line)
			if err != nil {
				t.Fatal(err)
			}
			answer, usage, err := c.ReadBatchLine(line)
			if out[id] = err; err == nil && (answer.Text == "" || usage == nil || answer.Usage != *usage) {
				t.Errorf("%s: answer %+v, usage %v", id, answer, usage)
			}
		}
	}
	return out
}

// A batch has the requests that Do sends, and its answers are those that Do returns.
func TestBatchRoundTrip(t *testing.T) {
	s := &fake.Server{TextLength: 300, Faults: fake.Sequence(fake.None, fake.Length, fake.Refusal, fake.RateLimit, fake.BadRequest)}
	c := newClient(t, quick(t, s), nil)
	b := submit(t, c, batchFile(t, c, 7), "the name")
	if b.Ended || b.Failed || b.ID == "" {
		t.Fatalf("got %+v", b)
	}
	b, err := c.Batch(context.Background(), b.ID)
	if err != nil || !b.Ended || b.Failed || b.Total != 7 || b.Done != 7 {
		t.Fatalf("got %+v, %v", b, err)
	}
	want := map[string]Kind{"r0": "", "r1": Truncated, "r2": Refused, "r3": RateLimited, "r4": BadRequest, "r5": "", "r6": ""}
	got := answers(t, c, b)
	for id, kind := range want {
		if KindOf(got[id]) != kind || (kind == "") != (got[id] == nil) {
			t.Errorf("%s: got %v, want %q", id, got[id], kind)
		}
	}
	body, err := c.Body(ask(0))
	if err != nil {
		t.Fatal(err)
	}
	var line struct{ Body json.RawMessage }
	first, _, _ := bytes.Cut(s.Batches.Inputs()[0], []byte("\n"))
	if err := json.Unmarshal(first, &line); err != nil || !bytes.Equal(line.Body, body) {
		t.Errorf("the line has the body %s, want %s", line.Body, body)
	}
}

// DashScope needs a body field that turns thinking off, and has its own metadata key
// for the name of a batch.
func TestBatchForDashScope(t *testing.T) {
	s := &fake.Server{}
	cfg, err := Preset("dashscope")
	if err != nil {
		t.Fatal(err)
	}
	var asked []byte
	own := quick(t, s)
	own.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/batches") {
			asked, _ = io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(asked))
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	c := newClient(t, own.Over(cfg), nil)
	if limits := c.Batches(); limits.Requests != 50_000 || limits.Window != "24h" {
		t.Errorf("got %+v", limits)
	}
	submit(t, c, batchFile(t, c, 1), "the name")
	if input := s.Batches.Inputs()[0]; !bytes.Contains(input, []byte(`"enable_thinking":false`)) {
		t.Errorf("%s", input)
	}
	if !bytes.Contains(asked, []byte(`"metadata":{"ds_name":"the name"}`)) {
		t.Errorf("%s", asked)
	}
}

// A batch that was made although the request failed is found by its file and by its
// name.
func TestFindBatch(t *testing.T) {
	for _, fault := range []fake.BatchFault{fake.CreateLost, fake.CreateBroken} {
		s := &fake.Server{}
		s.Batches.Faults = func(n int) fake.BatchFault {
			if n == 4 {
				return fault
			}
			return fake.Fine
		}
		c := newClient(t, quick(t, s), nil)
		path := batchFile(t, c, 1)
		for i := range 4 {
			submit(t, c, path, fmt.Sprint("other ", i))
		}
		file, err := c.UploadBatch(context.Background(), path, "mine")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.CreateBatch(context.Background(), file, "mine"); err == nil || !Charged(err) {
			t.Fatalf("%s: got error %v", fault, err)
		}
		if n := s.Batches.Created(); n != 5 {
			t.Errorf("%s: got %d batches, want 5", fault, n)
		}
		for i := range 5 { // so that mine is on a later page
			submit(t, c, path, fmt.Sprint("later ", i))
		}
		for _, by := range []struct{ file, name string }{{file, "?"}, {"?", "mine"}} {
			if b, err := c.FindBatch(context.Background(), by.file, by.name); err != nil || b == nil || b.Input != file {
				t.Errorf("%s: by %+v: %+v, %v", fault, by, b, err)
			}
		}
		if b, err := c.FindBatch(context.Background(), "?", "?"); b != nil || err != nil {
			t.Errorf("%s: found %+v, %v", fault, b, err)
		}
	}
}

// Requests that were refused or are safe to repeat are sent again; a request that may
// have made a batch is not.
func TestBatchRetries(t *testing.T) {
	s := &fake.Server{}
	limited := 0
	s.Batches.Faults = func(n int) fake.BatchFault {
		if limited++; limited <= 2 {
			return fake.CreateLimited
		}
		return fake.Fine
	}
	cuts := map[string]int{}
	s.Batches.Wire = func(n int, method, path string) fake.Cut {
		if path == "batches" {
			return fake.NoCut
		}
		if cuts[method+path]++; cuts[method+path] <= 2 {
			return fake.CutAfter
		}
		return fake.NoCut
	}
	c := newClient(t, quick(t, s), nil)
	b := submit(t, c, batchFile(t, c, 3), "n")
	b, err := c.Batch(context.Background(), b.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := answers(t, c, b); len(got) != 3 {
		t.Errorf("got %v", got)
	}
	if n := s.Batches.Created(); n != 1 {
		t.Errorf("got %d batches", n)
	}
}

func TestBatchEnds(t *testing.T) {
	for fault, want := range map[fake.BatchFault]Batch{
		fake.Invalid:      {Status: "failed", Ended: true, Failed: true, Reason: "line 1: The provided model is not supported by the Batch API."},
		fake.QueueFull:    {Status: "failed", Ended: true, Failed: true, Full: true, Reason: "Enqueued token limit reached. Please try again once some in_progress batches have been completed."},
		fake.Expired:      {Status: "expired", Ended: true},
		fake.ExpiredEmpty: {Status: "expired", Ended: true},
		fake.Cancelled:    {Status: "cancelled", Ended: true},
	} {
		s := &fake.Server{}
		s.Batches.Faults = func(int) fake.BatchFault { return fault }
		c := newClient(t, quick(t, s), nil)
		b, err := c.Batch(context.Background(), submit(t, c, batchFile(t, c, 6), "n").ID)
		if err != nil {
			t.Fatal(err)
		}
		good, unanswered := 0, 0
		for _, err := range answers(t, c, b) {
			if err == nil {
				good++
			} else if KindOf(err) == Unanswered && !Charged(err) {
				unanswered++
			}
		}
		if b.Failed != (good+unanswered == 0) || !b.Failed && good+unanswered != 6 || good == 6 {
			t.Errorf("%s: got %d good, %d unanswered", fault, good, unanswered)
		}
		b.ID, b.Input, b.Output, b.Errors, b.Total, b.Done = "", "", "", "", 0, 0
		if b != want {
			t.Errorf("%s: got %+v, want %+v", fault, b, want)
		}
	}
	s := &fake.Server{}
	c := newClient(t, quick(t, s), nil)
	if _, err := c.Batch(context.Background(), "nobody's"); KindOf(err) != BadRequest || !strings.Contains(err.Error(), "No batch found") {
		t.Errorf("an unknown batch: %v", err)
	}
}

// A file of answers that is longer than its requests allow is not kept.
func TestDownloadLimit(t *testing.T) {
	s := &fake.Server{}
	c := newClient(t, quick(t, s), nil)
	b, err := c.Batch(context.Background(), submit(t, c, batchFile(t, c, 6), "n").ID)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "output")
	if err := c.Download(context.Background(), b.Output, path, 100); !errors.Is(err, errFileTooLong) {
		t.Errorf("got %v", err)
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) > 0 {
		t.Errorf("%v is left", files)
	}
	if FileLimit(50_000, 2000) >= 8<<30 || FileLimit(1<<40, 1<<30) != 1<<50 {
		t.Error("the limit of a file is wrong")
	}
}

// A key that a provider repeats in the errors of a batch is hidden.
func TestBatchErrorsHideTheKey(t *testing.T) {
	c := newClient(t, quick(t, &fake.Server{}), nil)
	for _, line := range []string{
		`{"custom_id":"a","response":{"status_code":401,"body":{"error":{"message":"bad key KEY","code":"x"}}}}`,
		`{"custom_id":"a","response":{"status_code":500,"body":"KEY"}}`,
		`{"custom_id":"a","error":{"code":"KEY","message":"KEY"}}`,
		`{"custom_id":"a","response":{"status_code":200,"body":{"error":{"message":"KEY"}}}}`,
	} {
		_, _, err := c.ReadBatchLine([]byte(strings.ReplaceAll(line, "KEY", testKey)))
		if err == nil || strings.Contains(err.Error(), testKey) {
			t.Errorf("%s: got %v", line, err)
		}
	}
}

// An upload needs about twice the size of its file in memory, which the default
// size of files bounds.
func TestUploadMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big.jsonl")
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<18) // 4 MiB
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	var got int64
	cfg := quick(t, &fake.Server{})
	cfg.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		form, err := r.MultipartReader()
		if err != nil {
			return nil, err
		}
		for {
			part, err := form.NextPart()
			if err != nil {
				break
			}
			if n, _ := io.Copy(io.Discard, part); part.FormName() == "file" {
				got += n
			}
		}
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: readCloser(`{"id":"file-1"}`)}, nil
	})
	c := newClient(t, cfg, nil)
	if got := c.Batches().Bytes; got != 64_000_000 {
		t.Errorf("files of %d bytes by default", got)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := c.UploadBatch(context.Background(), path, "n"); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got != int64(len(content)) {
		t.Errorf("%d bytes arrived, want %d", got, len(content))
	}
	if took := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(content)); took > 3.5 { // 3 with the race detector
		t.Errorf("the upload allocated %.1f times the size of its file, want about 2", took)
	}
}

// ReadBatchLine returns typed errors for any line of a provider's file.
func FuzzReadBatchLine(f *testing.F) {
	f.Add([]byte(`{"custom_id":"a","response":{"status_code":200,"body":{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}},"error":null}`))
	f.Add([]byte(`{"custom_id":"a","response":null,"error":{"code":"batch_expired","message":"late"}}`))
	f.Add([]byte(`{"custom_id":"a","response":{"status_code":429,"body":{"error":{"message":"slow","code":1}}}}`))
	c, err := New(Config{BaseURL: "http://model.test/v1", Model: "m", Mode: Strict}, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		BatchID(line)
		if answer, _, err := c.ReadBatchLine(line); err != nil && KindOf(err) == "" {
			t.Errorf("got %+v, %v", answer, err)
		}
	})
}

// A provider may not find a file at once after its upload.
func TestFreshFile(t *testing.T) {
	replies := []string{
		`{"error":{"message":"Cannot find file file-1, or the project does not have access to it.","type":"invalid_request_error"}}`,
		`{"detail":"Input file not found"}`,
		`{"id":"b-1","status":"validating","input_file_id":"file-1"}`,
	}
	asked := 0
	cfg := Config{BaseURL: "http://model.test/v1", Model: "m", Backoff: 1, Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		status := []int{400, 404, 200}[asked]
		asked++
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: readCloser(replies[asked-1])}, nil
	})}
	b, err := newClient(t, cfg, nil).MakeBatch(t.Context(), "file-1", "name")
	if err != nil || b.ID != "b-1" || b.Ended || asked != 3 {
		t.Errorf("got %+v, %v after %d requests", b, err, asked)
	}
	asked = 0
	replies[0] = `{"error":{"message":"The file has no requests in it.","type":"invalid_request_error"}}`
	if _, err := newClient(t, cfg, nil).MakeBatch(t.Context(), "file-1", "name"); KindOf(err) != BadRequest || asked != 1 {
		t.Errorf("got %v after %d requests", err, asked)
	}
}
