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
	"slices"
	"strings"
	"time"

	openai "github.com/sashabaranov/go-openai"
)

// BatchConfig says how an endpoint takes files of requests, which it answers
// within a day or so for less money.
type BatchConfig struct {
	Requests int           // most requests of a file; 0 when the endpoint takes no files
	Bytes    int64         // most bytes of a file; 0 for no limit
	Window   string        // within which a batch is to be done; "24h"
	Tag      string        // key of a batch's metadata under which its name goes; "personagen"
	Poll     time.Duration // between looks at a batch, at first; 30 s
	MaxPoll  time.Duration // to which that grows; 5 min
}

// BatchProviders lists the presets whose endpoints take files of requests.
func BatchProviders() []string {
	return slices.DeleteFunc(Providers(), func(name string) bool { return presets[name].Batch.Requests == 0 })
}

// Batch is a file of requests at an endpoint.
type Batch struct {
	ID     string
	Status string // the provider's word
	Ended  bool   // no more answers will come
	Failed bool   // the file was refused, and nothing was answered or charged
	Full   bool   // of Failed: because too much is waiting already
	Reason string // of Failed, one line
	Input  string // id of the file of requests
	Output string // id of the file of answers, "" when there are none
	Errors string // id of the file of requests that failed, "" when there are none

	Total, Done int64 // requests, and those answered or failed so far
}

// batchURL is the path of the requests in a batch file, for every provider.
const batchURL = "/v1/chat/completions"

// InBatch returns the client's price in batch mode.
func (c *Client) InBatch() Price { return c.price.InBatch() }

// Budget returns the budget that the client keeps to.
func (c *Client) Budget() *Budget { return c.budget }

// Batches returns how the endpoint takes files of requests.
func (c *Client) Batches() BatchConfig { return c.cfg.Batch }

// BaseURL returns the address of the endpoint.
func (c *Client) BaseURL() string { return c.cfg.BaseURL }

// AppendBatchLine appends a request to a batch file, with a new line behind it,
// and returns the worst that its answer can cost. The id, of at most 64
// characters, comes back with the answer.
func (c *Client) AppendBatchLine(dst []byte, id string, req Request) ([]byte, Cost, error) {
	body, err := c.Body(req)
	if err != nil {
		return dst, Cost{}, err
	}
	dst = append(dst, `{"custom_id":`...)
	dst = appendQuoted(dst, id)
	dst = append(dst, `,"method":"POST","url":"`+batchURL+`","body":`...)
	dst = append(append(dst, body...), '}', '\n')
	return dst, c.price.InBatch().Worst(req), nil
}

// BatchID returns the id of the request that a line of an output file answers.
func BatchID(line []byte) (string, error) {
	var l struct {
		ID string `json:"custom_id"`
	}
	if err := json.Unmarshal(line, &l); err != nil || l.ID == "" {
		return "", errors.New("a line of the provider's file names no request")
	}
	return l.ID, nil
}

// ReadBatchLine reads an answer from a line of a batch's output or error file.
// The usage is nil when the line does not tell it; then the charge is not known,
// unless the error is one that costs nothing.
func (c *Client) ReadBatchLine(line []byte) (Answer, *Usage, error) {
	var l struct {
		Response *struct {
			Status int             `json:"status_code"`
			Body   json.RawMessage `json:"body"`
		} `json:"response"`
		Error *struct {
			Code    any    `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return Answer{}, nil, &Error{Kind: Unreadable, Message: "the line is not JSON", charged: true}
	}
	if l.Response == nil || l.Response.Status == 0 {
		e := &Error{Kind: Unanswered}
		if l.Error != nil {
			e.Message = c.key.scrub(oneLine(l.Error.Message))
			if kind := kindOf(0, fmt.Sprint(l.Error.Code), l.Error.Message); kind != BadRequest {
				e.Kind = kind
			}
		}
		return Answer{}, nil, e
	}
	if l.Response.Status != http.StatusOK {
		return Answer{}, nil, c.lineError(l.Response.Status, l.Response.Body)
	}
	chat, ok := readChat(l.Response.Body)
	if !ok {
		return Answer{}, chat.usage, &Error{Kind: Unreadable, Status: http.StatusOK, Message: "the reply is not a chat completion", charged: true}
	}
	answer, failed := c.decode(&exchange{status: http.StatusOK, chat: chat})
	if failed != nil {
		return Answer{}, chat.usage, failed
	}
	return *answer, chat.usage, nil
}

// lineError is the error of a request that the endpoint refused within a batch.
func (c *Client) lineError(status int, body []byte) *Error {
	var reply struct {
		Error struct {
			Code    any    `json:"code"`
			Type    string `json:"type"`
			Message string `json:"message"`
		} `json:"error"`
	}
	code, message := "", bodyMessage(body)
	if json.Unmarshal(body, &reply) == nil && reply.Error.Message != "" {
		code, message = fmt.Sprint(reply.Error.Code)+" "+reply.Error.Type, reply.Error.Message
	}
	return &Error{Kind: kindOf(status, code, message), Status: status, Message: c.key.scrub(oneLine(message))}
}

// Charged reports whether the request that ended in an error may have been paid
// for.
func Charged(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return !ok || e.charged
}

// fileTimeout bounds the transfer of a file.
const fileTimeout = time.Hour

// UploadBatch sends a file of requests and returns its id there. It costs
// nothing, and is tried again if need be.
func (c *Client) UploadBatch(ctx context.Context, path, name string) (id string, err error) {
	failed := c.again(ctx, fileTimeout, true, func(ctx context.Context, x *exchange) error {
		x.file = path
		f, err := c.api.CreateFileBytes(ctx, openai.FileBytesRequest{Name: name + ".jsonl", Bytes: []byte(fileMarker), Purpose: openai.PurposeBatch})
		if err == nil && f.ID == "" {
			err = errors.New("the file was given no id")
		}
		id = f.ID
		return err
	})
	if failed != nil {
		return "", failed
	}
	return id, nil
}

// fileMarker stands for the content of a file in the form that go-openai makes,
// which would hold the file in memory several times.
const fileMarker = marker

// sendFile puts a file into the place of its marker.
func (x *exchange) sendFile(r *http.Request) error {
	form, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	before, after, ok := bytes.Cut(form, []byte(fileMarker))
	if !ok {
		return errors.New("the file has no place in the request")
	}
	info, err := os.Stat(x.file)
	if err != nil {
		return err
	}
	r.ContentLength = int64(len(before)+len(after)) + info.Size()
	r.GetBody = func() (io.ReadCloser, error) {
		f, err := os.Open(x.file)
		if err != nil {
			return nil, err
		}
		return struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(before), f, bytes.NewReader(after)), f}, nil
	}
	r.Body, err = r.GetBody()
	return err
}

// CreateBatch has the endpoint answer to an uploaded file. The name tells
// batches apart and goes into the metadata. From the moment of the request on
// the batch may exist and cost money, whatever the error says: unless the error
// is one for which Charged is false, look with FindBatch before asking again, as
// MakeBatch does.
func (c *Client) CreateBatch(ctx context.Context, file, name string) (Batch, error) {
	var b Batch
	failed := c.again(ctx, c.cfg.Timeout, false, func(ctx context.Context, x *exchange) error {
		x.fresh = true
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

// looks is how often a batch of unknown fate is looked for: a list may lag.
const looks = 3

// MakeBatch is CreateBatch that finds out what became of an attempt of unknown
// outcome, and makes another only when no batch came of it.
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

// LostBatch is FindBatch with patience.
func (c *Client) LostBatch(ctx context.Context, file, name string) (*Batch, error) {
	waiting, cancel := c.whileAlive(ctx)
	defer cancel()
	call := c.calls.Add(1)
	for look := 1; ; look++ {
		found, err := c.FindBatch(ctx, file, name)
		if found != nil || err != nil || look == looks {
			return found, err
		}
		if cause := sleep(waiting, c.backoff(call, look, 0)); cause != nil {
			return nil, c.interrupted(cause, look)
		}
	}
}

// Batch looks at a batch.
func (c *Client) Batch(ctx context.Context, id string) (Batch, error) {
	var b Batch
	failed := c.again(ctx, c.cfg.Timeout, true, func(ctx context.Context, x *exchange) error {
		r, err := c.api.RetrieveBatch(ctx, id)
		b = c.batch(r.Batch)
		return err
	})
	if failed != nil {
		return Batch{}, failed
	}
	return b, nil
}

// mostPages bounds a search through an account's batches.
const mostPages = 200

// FindBatch looks for the batch of an uploaded file, or of that name, among all
// of the account; nil when there is none.
func (c *Client) FindBatch(ctx context.Context, file, name string) (*Batch, error) {
	limit, after := 100, (*string)(nil)
	for range mostPages {
		var page openai.ListBatchResponse
		failed := c.again(ctx, c.cfg.Timeout, true, func(ctx context.Context, x *exchange) (err error) {
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

// CancelBatch stops a batch; what was answered until then is charged.
func (c *Client) CancelBatch(ctx context.Context, id string) error {
	failed := c.again(ctx, c.cfg.Timeout, true, func(ctx context.Context, x *exchange) error {
		_, err := c.api.CancelBatch(ctx, id)
		return err
	})
	if failed != nil {
		return failed
	}
	return nil
}

// Download writes a file of the endpoint to a path, where it appears whole or
// not at all.
func (c *Client) Download(ctx context.Context, id, path string) error {
	var local error // of this machine's disk
	failed := c.again(ctx, fileTimeout, true, func(ctx context.Context, x *exchange) error {
		x.stream = true
		content, err := c.api.GetFileContent(ctx, id)
		if err != nil {
			return err
		}
		defer content.Close()
		from := &remembering{r: content}
		if err := writeWhole(path, from); from.err == nil {
			local = err
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

// remembering tells errors of reading from those of writing.
type remembering struct {
	r   io.Reader
	err error
}

func (r *remembering) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

func writeWhole(path string, from io.Reader) error {
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

// again makes a request that is not a chat completion, and makes it again after
// errors that pass: after all of them when that is safe, else only where the
// request was certainly not carried out.
func (c *Client) again(ctx context.Context, timeout time.Duration, safe bool, ask func(context.Context, *exchange) error) *Error {
	if err := c.checkKey(); err != nil {
		return err
	}
	call := c.calls.Add(1)
	waiting, cancel := c.whileAlive(ctx)
	defer cancel()
	for attempt := 1; ; attempt++ {
		if c.life.Err() != nil {
			return c.interrupted(context.Cause(c.life), attempt-1)
		}
		if ctx.Err() != nil {
			return c.interrupted(context.Cause(ctx), attempt-1)
		}
		e := c.once(ctx, timeout, ask)
		if e == nil {
			return nil
		}
		e.Attempts = attempt
		if !e.Kind.retryable() || e.charged && !safe || attempt > c.cfg.Retries || e.RetryAfter > c.cfg.MaxWait {
			return e
		}
		if cause := sleep(waiting, c.backoff(call, attempt, e.RetryAfter)); cause != nil {
			return c.interrupted(cause, attempt)
		}
	}
}

func (c *Client) once(ctx context.Context, timeout time.Duration, ask func(context.Context, *exchange) error) *Error {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	x := &exchange{plain: true}
	err := ask(attach(limited, x), x)
	if err == nil {
		return nil
	}
	e := c.fail(ctx, x, err)
	switch {
	case e.Kind == Unreadable:
		e.Message = "the reply is none of the batch API: " + c.key.scrub(oneLine(err.Error()))
	case x.fresh && e.Kind == BadRequest && missing(e):
		e.Kind = Overloaded // providers may take a moment to know a file
	case e.Kind == Overloaded, e.Kind == Timeout:
		e.charged = true // it may have been carried out
	case e.Status == http.StatusNotFound && e.Message == "":
		e.Message = "it is not there"
	}
	return e
}

// missing reports whether a provider does not find a file.
func missing(e *Error) bool {
	words := strings.ToLower(e.Message)
	for _, says := range []string{"cannot find file", "no such file", "file not found", "file does not exist"} {
		if strings.Contains(words, says) {
			return true
		}
	}
	return e.Status == http.StatusNotFound && strings.Contains(words, "file")
}

// batch reads what an endpoint tells of a batch.
func (c *Client) batch(b openai.Batch) Batch {
	out := Batch{ID: b.ID, Status: b.Status, Input: b.InputFileID,
		Total: int64(b.RequestCounts.Total), Done: int64(b.RequestCounts.Completed + b.RequestCounts.Failed)}
	if b.OutputFileID != nil {
		out.Output = *b.OutputFileID
	}
	if b.ErrorFileID != nil {
		out.Errors = *b.ErrorFileID
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
	out.Reason = c.key.scrub(oneLine(out.Reason))
	if out.Failed && out.Reason == "" {
		out.Reason = "the provider gives no reason"
	}
	return out
}
