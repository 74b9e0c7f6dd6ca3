package fake

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// BatchFault is what goes wrong with a batch.
type BatchFault string

const (
	Fine          BatchFault = ""
	Invalid       BatchFault = "failed validation"         // nothing is charged
	QueueFull     BatchFault = "enqueued token limit"      // failed, because too many requests are queued
	Expired       BatchFault = "expired"                   // after half of its requests
	ExpiredEmpty  BatchFault = "expired without an answer" //
	Cancelled     BatchFault = "cancelled"                 // by another client, after half of its requests
	CreateLimited BatchFault = "429 on create"             // no batch is made
	CreateLost    BatchFault = "lost create response"      // the batch is made
	CreateBroken  BatchFault = "500 on create"             // the batch is made
	LinesMissing  BatchFault = "lines missing"             // every third answer, without an error line
	Shuffled      BatchFault = "answers in another order"  //
)

// BatchFaults lists every fault of a batch.
var BatchFaults = []BatchFault{Invalid, QueueFull, Expired, ExpiredEmpty, Cancelled, CreateLimited, CreateLost, CreateBroken, LinesMissing, Shuffled}

// Batches is the part of a server that takes files of requests. Server.Faults
// applies to the lines of a batch; faults that a line cannot have become an error
// line.
type Batches struct {
	Delay    time.Duration                        // from creation to the end of a batch
	Requests int                                  // most requests of a file; 0 for no limit
	Queue    int                                  // most requests in all batches that have not ended; 0 for no limit
	Faults   func(n int) BatchFault               // of creation number n, counting from 0
	Wire     func(n int, method, path string) Cut // of HTTP request number n, counting from 0
	Refuses  bool                                 // the server has no batch API
	Output   func(lines [][]byte) [][]byte        // replaces the lines of the file of answers; nil for none

	mu      sync.Mutex
	http    int
	created int
	files   map[string][]byte
	batches []*batch
}

// Cut is the moment at which the connection of a request breaks.
type Cut int

const (
	NoCut    Cut = iota
	CutFirst     // before the server acts
	CutAfter     // after the server has acted, before the reply
)

type batch struct {
	ID       string            `json:"id"`
	Object   string            `json:"object"`
	Endpoint string            `json:"endpoint"`
	Errors   any               `json:"errors"`
	Input    string            `json:"input_file_id"`
	Window   string            `json:"completion_window"`
	Status   string            `json:"status"`
	Output   *string           `json:"output_file_id"`
	Failures *string           `json:"error_file_id"`
	Created  int64             `json:"created_at"`
	Counts   map[string]int    `json:"request_counts"`
	Metadata map[string]string `json:"metadata"`

	fault BatchFault
	due   time.Time
	lines []line
}

type line struct {
	ID     string          `json:"custom_id"`
	Method string          `json:"method"`
	URL    string          `json:"url"`
	Body   json.RawMessage `json:"body"`
}

// Created returns the number of batches that were made.
func (b *Batches) Created() int { b.mu.Lock(); defer b.mu.Unlock(); return len(b.batches) }

// Inputs returns the content of the file of every batch.
func (b *Batches) Inputs() (out [][]byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, x := range b.batches {
		out = append(out, b.files[x.Input])
	}
	return out
}

// serve answers requests about files and batches, and reports whether r was one.
func (b *Batches) serve(s *Server, w http.ResponseWriter, r *http.Request) bool {
	path, ok := strings.CutPrefix(r.URL.Path, "/v1/")
	part := strings.Split(path, "/")
	if !ok || part[0] != "files" && part[0] != "batches" {
		return false
	}
	b.mu.Lock()
	cut := NoCut
	if b.Wire != nil {
		cut = b.Wire(b.http, r.Method, path)
	}
	b.http++
	b.mu.Unlock()
	if cut == CutFirst {
		panic(http.ErrAbortHandler)
	}
	if s.Seen != nil {
		s.Seen(nil, r.Header)
	}
	reply := &bufferedReply{header: http.Header{}, status: http.StatusOK}
	b.mu.Lock()
	if b.Refuses {
		fail(reply, http.StatusNotFound, "not_found", "no such API")
	} else {
		b.route(s, reply, r, part)
	}
	b.mu.Unlock()
	if cut == CutAfter || reply.lost {
		panic(http.ErrAbortHandler)
	}
	reply.send(w)
	return true
}

func (b *Batches) route(s *Server, w *bufferedReply, r *http.Request, part []string) {
	for _, x := range b.batches { // also those that no request is about
		b.settle(s, x)
	}
	switch {
	case part[0] == "files" && len(part) == 1 && r.Method == http.MethodPost:
		b.upload(w, r)
	case part[0] == "files" && len(part) == 3 && part[2] == "content":
		content, ok := b.files[part[1]]
		if !ok {
			fail(w, http.StatusNotFound, "not_found", "No such File object: "+part[1])
			return
		}
		w.Write(content)
	case part[0] == "batches" && len(part) == 1 && r.Method == http.MethodPost:
		b.create(w, r)
	case part[0] == "batches" && len(part) == 1:
		b.list(w, r)
	case part[0] == "batches":
		for _, x := range b.batches {
			if x.ID != part[1] {
				continue
			}
			json.NewEncoder(w).Encode(x)
			return
		}
		fail(w, http.StatusNotFound, "not_found", "No batch found with id '"+part[1]+"'.")
	default:
		fail(w, http.StatusNotFound, "not_found", "no such path")
	}
}

func (b *Batches) upload(w *bufferedReply, r *http.Request) {
	form, err := r.MultipartReader()
	if err != nil {
		fail(w, http.StatusBadRequest, "invalid_request_error", "not a form")
		return
	}
	purpose, name, content := "", "", []byte(nil)
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			break
		} else if err != nil {
			fail(w, http.StatusBadRequest, "invalid_request_error", "a broken form")
			return
		}
		data, _ := io.ReadAll(part)
		switch part.FormName() {
		case "purpose":
			purpose = string(data)
		case "file":
			name, content = part.FileName(), data
		}
	}
	if purpose != "batch" || !strings.HasSuffix(name, ".jsonl") || len(content) == 0 {
		fail(w, http.StatusBadRequest, "invalid_request_error", "a file for a batch needs a purpose, a name in .jsonl and lines")
		return
	}
	fmt.Fprintf(w, `{"id":%q,"object":"file","bytes":%d,"filename":%q,"purpose":"batch"}`, b.put(content), len(content), name)
}

// put stores a file and returns its id.
func (b *Batches) put(content []byte) string {
	if b.files == nil {
		b.files = map[string][]byte{}
	}
	id := fmt.Sprintf("file-%d", len(b.files))
	b.files[id] = content
	return id
}

func (b *Batches) create(w *bufferedReply, r *http.Request) {
	var ask struct {
		Input    string            `json:"input_file_id"`
		Endpoint string            `json:"endpoint"`
		Window   string            `json:"completion_window"`
		Metadata map[string]string `json:"metadata"`
	}
	if json.NewDecoder(r.Body).Decode(&ask) != nil || ask.Endpoint != "/v1/chat/completions" || ask.Window == "" {
		fail(w, http.StatusBadRequest, "invalid_request_error", "not a batch")
		return
	}
	fault := Fine
	if b.Faults != nil {
		fault = b.Faults(b.created)
	}
	b.created++
	if fault == CreateLimited {
		fail(w, http.StatusTooManyRequests, "rate_limit_exceeded", "too many batches")
		return
	}
	x := &batch{ID: fmt.Sprintf("batch-%d", len(b.batches)), Object: "batch", Endpoint: ask.Endpoint, Input: ask.Input, Window: ask.Window,
		Status: "validating", Metadata: ask.Metadata, Created: time.Now().Unix(), fault: fault, due: time.Now().Add(b.Delay)}
	b.validate(x)
	b.batches = append(b.batches, x)
	switch fault {
	case CreateLost:
		w.lost = true
	case CreateBroken:
		fail(w, http.StatusInternalServerError, "server_error", "something broke")
	default:
		json.NewEncoder(w).Encode(x)
	}
}

// validate reads the lines of a batch, which fails if they are not valid.
func (b *Batches) validate(x *batch) {
	refuse := func(code, message string, at any) {
		x.Status, x.lines = "failed", nil
		x.Errors = map[string]any{"object": "list", "data": []any{map[string]any{"code": code, "message": message, "line": at}}}
	}
	seen := map[string]bool{}
	in := bufio.NewScanner(bytes.NewReader(b.files[x.Input]))
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var l line
		if json.Unmarshal(in.Bytes(), &l) != nil || l.ID == "" || len(l.ID) > 64 || l.URL != x.Endpoint || l.Method != "POST" || seen[l.ID] {
			refuse("invalid_json_line", "This line is not parseable as a request.", len(x.lines)+1)
			return
		}
		seen[l.ID] = true
		x.lines = append(x.lines, l)
	}
	waiting := len(x.lines)
	for _, other := range b.batches {
		if other.open() {
			waiting += len(other.lines)
		}
	}
	switch {
	case len(x.lines) == 0:
		refuse("empty_file", "The input file is empty.", nil)
	case x.fault == Invalid:
		refuse("model_not_found", "The provided model is not supported by the Batch API.", 1)
	case b.Requests > 0 && len(x.lines) > b.Requests:
		refuse("too_many_requests", fmt.Sprintf("A batch has at most %d requests.", b.Requests), nil)
	case x.fault == QueueFull, b.Queue > 0 && waiting > b.Queue:
		refuse("token_limit_exceeded", "Enqueued token limit reached. Please try again once some in_progress batches have been completed.", nil)
	default:
		x.Status = "in_progress"
	}
	x.Counts = map[string]int{"total": len(x.lines), "completed": 0, "failed": 0}
}

// open reports whether a batch has not ended.
func (x *batch) open() bool { return x.Status == "in_progress" }

// settle ends a batch that is due.
func (b *Batches) settle(s *Server, x *batch) {
	if !x.open() || time.Now().Before(x.due) {
		return
	}
	var out, bad [][]byte
	answered := len(x.lines)
	x.Status = "completed"
	switch x.fault {
	case Expired:
		x.Status, answered = "expired", answered/2
	case ExpiredEmpty:
		x.Status, answered = "expired", 0
	case Cancelled:
		x.Status, answered = "cancelled", answered/2
	}
	for i, l := range x.lines {
		switch {
		case x.fault == LinesMissing && i%3 == 2:
		case i >= answered:
			bad = append(bad, fmt.Appendf(nil, `{"id":"r-%d","custom_id":%q,"response":null,"error":{"code":"batch_expired","message":"This request could not be executed before the completion window expired."}}`, i, l.ID))
		default:
			status, body := s.lineReply(l.Body)
			text := fmt.Appendf(nil, `{"id":"r-%d","custom_id":%q,"response":{"status_code":%d,"request_id":"q","body":%s},"error":null}`, i, l.ID, status, body)
			if status == http.StatusOK {
				out = append(out, text)
			} else {
				bad = append(bad, text)
			}
		}
	}
	if x.fault == Shuffled {
		for i := range len(out) / 2 {
			out[i], out[len(out)-1-i] = out[len(out)-1-i], out[i]
		}
	}
	x.Counts["completed"], x.Counts["failed"] = len(out), len(bad)
	if b.Output != nil {
		out = b.Output(out)
	}
	x.Output, x.Failures = b.result(out), b.result(bad)
}

func (b *Batches) result(lines [][]byte) *string {
	if len(lines) == 0 {
		return nil
	}
	id := b.put(append(bytes.Join(lines, []byte("\n")), '\n'))
	return &id
}

// lineReply answers a request of a batch.
func (s *Server) lineReply(body []byte) (status int, reply []byte) {
	n := s.enter()
	defer s.leave()
	var req request
	if json.Unmarshal(body, &req) != nil {
		return http.StatusBadRequest, []byte(`{"error":{"message":"not a chat completion","code":"invalid_request_error"}}`)
	}
	fault := None
	if s.Faults != nil {
		fault = s.Faults(n)
	}
	if fault == None && s.FaultOf != nil {
		fault = s.FaultOf(req.text("user"))
	}
	switch fault {
	case RateLimit, RateLimitAfter:
		return http.StatusTooManyRequests, []byte(`{"error":{"message":"too many requests","code":"rate_limit_exceeded"}}`)
	case ServerError, BadGateway, Hang, CutBefore, CutInside, ErrorIn200, NotJSON:
		return http.StatusInternalServerError, []byte(`{"error":{"message":"something broke","code":"server_error"}}`)
	case Quota:
		return http.StatusTooManyRequests, []byte(`{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}`)
	case Unauthorised, BadRequest:
		return http.StatusBadRequest, []byte(`{"error":{"message":"this request is bad","code":"invalid_request_error"}}`)
	}
	text, finish, refusal := s.answer(n, &req, fault)
	if s.Writes != nil {
		text = s.Writes(s.asked(n, &req, text))
	}
	return http.StatusOK, encode(n, req.Model, text, finish, refusal, s.bill(&req, text, fault), s.NoUsage)
}

// list lists the account's batches, the newest first, in small pages.
func (b *Batches) list(w *bufferedReply, r *http.Request) {
	const page = 3
	var data []*batch
	after, more := r.URL.Query().Get("after"), false
	for i := len(b.batches) - 1; i >= 0; i-- {
		x := b.batches[i]
		switch {
		case after == x.ID:
			after = ""
		case after != "":
		case len(data) == page:
			more = true
		default:
			data = append(data, x)
		}
	}
	json.NewEncoder(w).Encode(map[string]any{"object": "list", "data": data, "has_more": more})
}

// bufferedReply holds a reply back, because it may get lost.
type bufferedReply struct {
	header http.Header
	status int
	body   bytes.Buffer
	lost   bool
}

func (h *bufferedReply) Header() http.Header         { return h.header }
func (h *bufferedReply) WriteHeader(status int)      { h.status = status }
func (h *bufferedReply) Write(p []byte) (int, error) { return h.body.Write(p) }

func (h *bufferedReply) send(w http.ResponseWriter) {
	for name, values := range h.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", fmt.Sprint(h.body.Len()))
	w.WriteHeader(h.status)
	w.Write(h.body.Bytes())
}
