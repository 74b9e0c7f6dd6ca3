package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	openai "github.com/sashabaranov/go-openai"
)

// BatchConfig says how an endpoint takes files of requests, which it answers
// within a day or so at a lower price.
type BatchConfig struct {
	Requests int           // most requests of a file; 0 if the endpoint takes no files
	Bytes    int64         // most bytes of a file; 64 MB. An upload needs twice that in memory
	Window   string        // time in which the endpoint completes a batch; "24h"
	Tag      string        // key of the batch's metadata that holds its name; "personagen"
	Poll     time.Duration // between the first status requests; 30 s
	MaxPoll  time.Duration // between later ones, at most; 5 min
}

// BatchProviders lists the presets whose endpoints take files of requests.
func BatchProviders() []string {
	return slices.DeleteFunc(Providers(), func(name string) bool { return presets[name].Batch.Requests == 0 })
}

// Batch is the state of a file of requests at an endpoint.
type Batch struct {
	ID     string
	Status string // as the endpoint names it
	Ended  bool   // no more answers will come
	Failed bool   // the file was refused; nothing was answered or charged
	Full   bool   // with Failed: too many requests are queued already
	Reason string // of Failed, one line
	Input  string // id of the file of requests
	Output string // id of the file of answers, "" if there are none
	Errors string // id of the file of failed requests, "" if there are none

	Total, Done int64 // requests, and those answered or failed so far
}

// batchURL is the path of the requests in a batch file, for every provider.
const batchURL = "/v1/chat/completions"

// InBatch returns the client's price in batch mode.
func (c *Client) InBatch() Price { return c.price.InBatch() }

// Budget returns the budget of the client.
func (c *Client) Budget() *Budget { return c.budget }

// Batches returns how the endpoint takes files of requests.
func (c *Client) Batches() BatchConfig { return c.cfg.Batch }

// BaseURL returns the address of the endpoint.
func (c *Client) BaseURL() string { return c.cfg.BaseURL }

// fileTimeout bounds the transfer of a file.
const fileTimeout = time.Hour

// UploadBatch sends the file of requests at path under a name and returns its
// id. It costs nothing and is retried. go-openai builds the form in memory, so
// that the file is in memory twice.
func (c *Client) UploadBatch(ctx context.Context, path, name string) (id string, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	failed := c.retry(ctx, apiCall{timeout: fileTimeout, safe: true}, func(ctx context.Context, _ *exchange) error {
		f, err := c.api.CreateFileBytes(ctx, openai.FileBytesRequest{Name: name + ".jsonl", Bytes: content, Purpose: openai.PurposeBatch})
		if err == nil && (f.ID == "" || c.key.isIn(f.ID)) {
			err = errors.New("the file was given no id that can be used")
		}
		id = f.ID
		return err
	})
	if failed != nil {
		return "", failed
	}
	return id, nil
}

// CreateBatch makes the endpoint answer an uploaded file. The name identifies
// the batch and goes into its metadata. Once the request is sent, the batch may
// exist and cost money even if an error is returned: unless Charged is false for
// the error, look with FindBatch before sending it again, as MakeBatch does.
func (c *Client) CreateBatch(ctx context.Context, file, name string) (Batch, error) {
	var b Batch
	failed := c.retry(ctx, apiCall{timeout: c.cfg.Timeout, newFile: true}, func(ctx context.Context, _ *exchange) error {
		r, err := c.api.CreateBatch(ctx, openai.CreateBatchRequest{InputFileID: file, Endpoint: batchURL,
			CompletionWindow: c.cfg.Batch.Window, Metadata: map[string]any{c.cfg.Batch.Tag: name}})
		b = c.batch(r.Batch)
		if err == nil && b.ID == "" {
			err = errors.New("the batch was given no id")
		}
		return err
	})
	if failed != nil {
		return Batch{}, failed
	}
	return b, nil
}

// maxLooks is how often a batch that may exist is looked for: lists may lag.
const maxLooks = 3

// MakeBatch is CreateBatch that finds out the outcome of a failed attempt, and
// tries again only if that attempt made no batch.
func (c *Client) MakeBatch(ctx context.Context, file, name string) (Batch, error) {
	for attempt := 1; ; attempt++ {
		b, err := c.CreateBatch(ctx, file, name)
		if err == nil || !Charged(err) {
			return b, err
		}
		found, lookErr := c.LostBatch(ctx, file, name)
		switch {
		case lookErr != nil:
			return b, lookErr
		case found != nil:
			return *found, nil
		case attempt > c.cfg.Retries:
			return b, err
		}
	}
}

// LostBatch is FindBatch that looks several times before it returns nil.
func (c *Client) LostBatch(ctx context.Context, file, name string) (*Batch, error) {
	waiting, cancel := c.whileAlive(ctx)
	defer cancel()
	call := c.calls.Add(1)
	for look := 1; ; look++ {
		found, err := c.FindBatch(ctx, file, name)
		if found != nil || err != nil || look == maxLooks {
			return found, err
		}
		if cause := sleep(waiting, c.backoff(call, look, 0)); cause != nil {
			return nil, c.interrupted(cause, look)
		}
	}
}

// Batch returns the state of a batch.
func (c *Client) Batch(ctx context.Context, id string) (Batch, error) {
	var b Batch
	failed := c.retry(ctx, apiCall{timeout: c.cfg.Timeout, safe: true}, func(ctx context.Context, _ *exchange) error {
		r, err := c.api.RetrieveBatch(ctx, id)
		b = c.batch(r.Batch)
		return err
	})
	if failed != nil {
		return Batch{}, failed
	}
	return b, nil
}

// maxPages bounds a search through an account's batches.
const maxPages = 200

// FindBatch looks through the account's batches for the one of an uploaded file
// or of a name. It returns nil if there is none.
func (c *Client) FindBatch(ctx context.Context, file, name string) (*Batch, error) {
	limit, after := 100, (*string)(nil)
	for range maxPages {
		var page openai.ListBatchResponse
		failed := c.retry(ctx, apiCall{timeout: c.cfg.Timeout, safe: true}, func(ctx context.Context, _ *exchange) (err error) {
			page, err = c.api.ListBatch(ctx, after, &limit)
			return err
		})
		if failed != nil {
			return nil, failed
		}
		for _, b := range page.Data {
			named := false
			for _, value := range b.Metadata {
				named = named || value == name
			}
			if named || b.InputFileID == file {
				found := c.batch(b)
				return &found, nil
			}
		}
		if !page.HasMore || len(page.Data) == 0 {
			return nil, nil
		}
		after = &page.Data[len(page.Data)-1].ID
	}
	return nil, nil
}

// Download writes a file of the endpoint to path, atomically. It refuses a file of
// more than limit bytes: see FileLimit.
func (c *Client) Download(ctx context.Context, id, path string, limit int64) error {
	var local error // of this machine's disk
	failed := c.retry(ctx, apiCall{timeout: fileTimeout, safe: true, stream: true}, func(ctx context.Context, x *exchange) error {
		content, err := c.api.GetFileContent(ctx, id)
		if err != nil {
			return err
		}
		defer content.Close()
		from := &readErrors{r: c.key.masked(content), left: limit}
		if err := writeAtomically(path, from); from.err == nil {
			local = err
			return nil
		}
		if errors.Is(from.err, errFileTooLong) {
			local = fmt.Errorf("%w: %d bytes would do for its requests", errFileTooLong, limit)
			return nil
		}
		x.cut = true
		return from.err
	})
	if failed != nil {
		return failed
	}
	return local
}

// readErrors keeps the error of a reader, to distinguish it from the writer's.
type readErrors struct {
	r    io.Reader
	left int64 // bytes that may follow
	err  error
}

var errFileTooLong = errors.New("the provider's file is longer than answers to its requests can be")

func (r *readErrors) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if r.left -= int64(n); r.left < 0 {
		n, err = 0, errFileTooLong
	}
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

func writeAtomically(path string, from io.Reader) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path))
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// apiCall says how a request that is not a chat completion is sent.
type apiCall struct {
	timeout time.Duration
	safe    bool // it may be carried out twice
	newFile bool // it names a file that was uploaded a moment ago
	stream  bool // it reads the body of a good reply itself
}

// retry sends a request, and sends it again after temporary errors: after every
// one if the request is safe, else only if it was certainly not carried out.
func (c *Client) retry(ctx context.Context, call apiCall, ask func(context.Context, *exchange) error) *Error {
	if err := c.checkKey(); err != nil {
		return err
	}
	number := c.calls.Add(1)
	waiting, cancel := c.whileAlive(ctx)
	defer cancel()
	for attempt := 1; ; attempt++ {
		if c.life.Err() != nil {
			return c.interrupted(context.Cause(c.life), attempt-1)
		}
		if ctx.Err() != nil {
			return c.interrupted(context.Cause(ctx), attempt-1)
		}
		e := c.once(ctx, call, ask)
		if e == nil {
			return nil
		}
		e.Attempts = attempt
		if !e.Kind.Temporary() || e.charged && !call.safe || attempt > c.cfg.Retries || e.RetryAfter > c.cfg.MaxWait {
			return e
		}
		if cause := sleep(waiting, c.backoff(number, attempt, e.RetryAfter)); cause != nil {
			return c.interrupted(cause, attempt)
		}
	}
}

func (c *Client) once(ctx context.Context, call apiCall, ask func(context.Context, *exchange) error) *Error {
	limited, cancel := context.WithTimeout(ctx, call.timeout)
	defer cancel()
	x := &exchange{stream: call.stream, limit: maxReply, timeout: call.timeout}
	err := ask(attach(limited, x), x)
	if err == nil {
		return nil
	}
	e := c.fail(ctx, x, err)
	switch {
	case e.Kind == Unreadable:
		e.Message = "the reply is not one of the batch API: " + c.message(err.Error())
	case call.newFile && e.Kind == BadRequest && fileNotFound(e):
		e.Kind = Overloaded // providers may not find a new file at once
	case e.Kind == Overloaded, e.Kind == Timeout:
		e.charged = true // it may have been carried out
	case e.Status == http.StatusNotFound && e.Message == "":
		e.Message = "not found"
	}
	return e
}

// fileNotFound reports whether the error says that a provider does not find a
// file.
func fileNotFound(e *Error) bool {
	message := strings.ToLower(e.Message)
	for _, words := range []string{"cannot find file", "no such file", "file not found", "file does not exist"} {
		if strings.Contains(message, words) {
			return true
		}
	}
	return e.Status == http.StatusNotFound && strings.Contains(message, "file")
}

// count is a number of requests, whatever a server says it is.
func count(n int) int64 { return min(max(int64(n), 0), 1e9) }

// batch converts go-openai's batch.
func (c *Client) batch(b openai.Batch) Batch {
	out := Batch{ID: c.key.scrub(b.ID), Status: c.message(b.Status), Input: c.key.scrub(b.InputFileID),
		Total: count(b.RequestCounts.Total), Done: count(b.RequestCounts.Completed) + count(b.RequestCounts.Failed)}
	if b.OutputFileID != nil {
		out.Output = c.key.scrub(*b.OutputFileID)
	}
	if b.ErrorFileID != nil {
		out.Errors = c.key.scrub(*b.ErrorFileID)
	}
	switch b.Status {
	case "completed", "expired", "cancelled":
		out.Ended = true
	case "failed":
		out.Ended, out.Failed = true, true
	}
	if b.Errors != nil && len(b.Errors.Data) > 0 {
		first := b.Errors.Data[0]
		words := strings.ToLower(first.Code + " " + first.Message)
		out.Full = strings.Contains(words, "token_limit_exceeded") || strings.Contains(words, "enqueued token limit")
		if out.Reason = first.Message; first.Line != nil {
			out.Reason = fmt.Sprintf("line %d: %s", *first.Line, first.Message)
		}
	}
	out.Reason = c.message(out.Reason)
	if out.Failed && out.Reason == "" {
		out.Reason = "the provider gives no reason"
	}
	return out
}
