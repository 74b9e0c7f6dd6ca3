// Package fake is a model server for tests. It implements OpenAI's chat
// completions and batches over HTTP, with a configurable latency and planned
// faults, and accounts for tokens as a provider does.
package fake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/personagen/personagen/engine/internal/rng"
)

// Fault is what goes wrong with a call.
type Fault string

const (
	None           Fault = ""
	RateLimit      Fault = "429"
	RateLimitAfter Fault = "429 with Retry-After"
	ServerError    Fault = "500"
	BadGateway     Fault = "502 with HTML"
	Hang           Fault = "no reply"             // until the client leaves
	CutBefore      Fault = "cut before the reply" // and charged
	CutInside      Fault = "cut within the reply" // and charged
	SlowBody       Fault = "slow body"            // in parts, taking Server.Latency again
	NotJSON        Fault = "200 with HTML"        // and charged
	ErrorIn200     Fault = "200 with an error"    // not charged, without usage
	TruncatedJSON  Fault = "truncated JSON"       // in the answer
	CodeFence      Fault = "code fence"           // around the answer
	WrongTypes     Fault = "wrong types"          // numbers instead of strings, strings instead of lists
	MissingKeys    Fault = "missing keys"         // the last property
	Refusal        Fault = "refusal"              // in the refusal field
	RefusalInText  Fault = "refusal in the text"  // as an answer
	Filtered       Fault = "content filter"       // finish_reason content_filter
	Empty          Fault = "empty text"           //
	Length         Fault = "length"               // finish_reason length, half the answer
	Duplicate      Fault = "duplicate answer"     // that of the first call
	WrongLanguage  Fault = "wrong language"       // prose in another script
	SchemaIgnored  Fault = "schema ignored"       // prose instead of JSON
	Unauthorised   Fault = "401"                  // repeating the key
	Quota          Fault = "429 insufficient_quota"
	BadRequest     Fault = "400"
)

// Faults lists every fault.
var Faults = []Fault{RateLimit, RateLimitAfter, ServerError, BadGateway, Hang, CutBefore, CutInside, SlowBody, NotJSON,
	ErrorIn200, TruncatedJSON, CodeFence, WrongTypes, MissingKeys, Refusal, RefusalInText, Filtered, Empty, Length,
	Duplicate, WrongLanguage, SchemaIgnored, Unauthorised, Quota, BadRequest}

// Plan says what goes wrong with call number n, counting from 0.
type Plan func(n int) Fault

// Always plans the same for every call.
func Always(f Fault) Plan { return func(int) Fault { return f } }

// Sequence plans the first calls one by one, and nothing for the others.
func Sequence(faults ...Fault) Plan {
	return func(n int) Fault {
		if n < len(faults) {
			return faults[n]
		}
		return None
	}
}

// Random gives a share of the calls one of the faults each.
func Random(seed uint64, share float64, faults ...Fault) Plan {
	s := rng.New(seed, "fake faults")
	return func(n int) Fault {
		u, v := s.At(int64(n), 0)
		if rng.Float64(u) >= share {
			return None
		}
		return faults[v%uint64(len(faults))]
	}
}

// Server is the server. Set its fields before the first call.
type Server struct {
	Faults     Plan
	FaultOf    func(user string) Fault // for calls without another fault
	Latency    time.Duration           // of every call
	Slots      int                     // calls processed at once, 0 for all; others queue, as with vLLM
	Limit      int                     // concurrent calls above which it answers 429, 0 for none
	RetryAfter time.Duration           // of RateLimitAfter; 1 s
	Number     func(user string) int   // replaces the call's number in texts, so that a prompt always gets the same text
	TextLength int                     // characters of each string it writes; 40
	Refuses    []string                // response formats that get a 400: "json_schema", "json_object"
	Breaks     []string                // response formats that get a 500
	BreaksWith string                  // its message
	Ignores    []string                // response formats it accepts and does not follow
	Schemas    bool                    // it follows a schema given with "json_object"
	Disobeys   bool                    // it does not answer with JSON if only the prompt asks for it
	Thinks     int                     // reasoning tokens per answer
	NoUsage    bool                    // replies do not report the usage
	Speed      float64                 // tokens per second, after Latency; 0 for all at once
	NoStreams  bool                    // it answers as a whole even if asked to stream
	StreamCut  func(event int) bool    // whether a stream falls silent at an event
	Headers    http.Header             // further headers of every reply
	Seen       func(body map[string]json.RawMessage, header http.Header)
	Rejects    func(body map[string]json.RawMessage) string // message of a 400, "" for none
	Writes     func(a Asked) string                         // replaces the text of an answer
	Replies    func(a Asked) string                         // replaces the body of a reply with status 200, unless ""

	Batches Batches // how it takes files of requests

	mu      sync.Mutex
	calls   int
	at      int
	peak    int
	billed  Billed
	served  map[string]int
	slots   chan struct{}
	started bool
}

// Billed is what a provider would charge for.
type Billed struct {
	Prompt, Cached, Completion int64
	Answers                    int
}

// Calls returns the number of calls received.
func (s *Server) Calls() int { s.mu.Lock(); defer s.mu.Unlock(); return s.calls }

// Peak returns the largest number of concurrent calls.
func (s *Server) Peak() int { s.mu.Lock(); defer s.mu.Unlock(); return s.peak }

// Billed returns what was charged so far.
func (s *Server) Billed() Billed { s.mu.Lock(); defer s.mu.Unlock(); return s.billed }

// Served returns how often a user text got an answer without a fault.
func (s *Server) Served(user string) int { s.mu.Lock(); defer s.mu.Unlock(); return s.served[user] }

// Start listens on the loopback interface. A client's base URL is URL + "/v1".
func (s *Server) Start() *httptest.Server { return httptest.NewServer(s) }

// Transport answers without a network, for tests with a fake clock.
func (s *Server) Transport() http.RoundTripper { return direct{s} }

// Asked is a request as a model sees it.
type Asked struct {
	Number       int // of the call, from 0
	System, User string
	Examples     []string        // answers of the examples
	Schema       json.RawMessage // nil if there is none
	Names        []string        // properties of the schema
	Lists        map[string]bool // properties that are lists
	Scores       map[string]bool // properties that are whole numbers
	Canary       bool            // it is a probe
	Answer       string          // what the model would write
	MaxTokens    int
}

// Scored returns the answer with other scores: the JSON that score returns for each
// property that is a whole number.
func (a *Asked) Scored(score func(name string) string) string {
	var all map[string]json.RawMessage
	if a.Canary || json.Unmarshal([]byte(a.Answer), &all) != nil {
		return a.Answer
	}
	var parts []string
	for _, name := range a.Names {
		value := string(all[name])
		if a.Scores[name] {
			value = score(name)
		}
		parts = append(parts, fmt.Sprintf("%q:%s", name, value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// Object returns a JSON object with a value for each property of the schema: the
// right one for the canary, text, or a list of what item returns.
func (a *Asked) Object(text func(name string) string, items func(name string) []string) string {
	var b bytes.Buffer
	for i, name := range a.Names {
		var value any
		switch {
		case name == "canary":
			var s struct {
				Properties map[string]struct{ Enum []any }
			}
			json.Unmarshal(a.Schema, &s)
			value = s.Properties[name].Enum[0]
		case a.Lists[name]:
			value = items(name)
		default:
			value = text(name)
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", name, encoded)
	}
	return "{" + b.String() + "}"
}

// asked describes a request for the functions of a Server.
func (s *Server) asked(n int, req *request, answer string) Asked {
	a := Asked{Number: n, System: req.text("system"), User: req.text("user"), Answer: answer, MaxTokens: max(req.MaxTokens, req.MaxCompletion), Lists: map[string]bool{}, Scores: map[string]bool{}}
	for _, m := range req.Messages {
		if m.Role == "assistant" {
			a.Examples = append(a.Examples, m.Content)
		}
	}
	switch f := req.ResponseFormat; {
	case f.JSONSchema.Schema != nil:
		a.Schema = f.JSONSchema.Schema
	case f.Schema != nil:
		a.Schema = f.Schema
	default:
		a.Schema = promptSchema(a.System)
	}
	var object struct{ Properties json.RawMessage }
	var types map[string]struct{ Type string }
	if json.Unmarshal(a.Schema, &object) == nil && json.Unmarshal(object.Properties, &types) == nil {
		a.Names = keys(object.Properties)
	}
	for name, t := range types {
		a.Lists[name], a.Scores[name] = t.Type == "array", t.Type == "integer"
		a.Canary = a.Canary || name == "canary"
	}
	return a
}

// request is the part of a request that the server reads.
type request struct {
	Model         string
	Messages      []struct{ Role, Content string }
	MaxTokens     int `json:"max_tokens"`
	MaxCompletion int `json:"max_completion_tokens"`
	Stream        bool
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	ResponseFormat struct {
		Type       string
		Schema     json.RawMessage
		JSONSchema struct{ Schema json.RawMessage } `json:"json_schema"`
	} `json:"response_format"`
}

// text is the last message of a role; examples come before the question.
func (r *request) text(role string) string {
	for _, m := range slices.Backward(r.Messages) {
		if m.Role == role {
			return m.Content
		}
	}
	return ""
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Batches.serve(s, w, r) {
		return
	}
	n := s.enter()
	defer s.leave()
	body, err := io.ReadAll(r.Body)
	var req request
	if err != nil || r.URL.Path != "/v1/chat/completions" || json.Unmarshal(body, &req) != nil {
		fail(w, http.StatusBadRequest, "invalid_request_error", "not a chat completion")
		return
	}
	var fields map[string]json.RawMessage
	if (s.Seen != nil || s.Rejects != nil) && json.Unmarshal(body, &fields) == nil && s.Seen != nil {
		s.Seen(fields, r.Header)
	}
	if s.Rejects != nil {
		if message := s.Rejects(fields); message != "" {
			fail(w, http.StatusBadRequest, "invalid_request_error", message)
			return
		}
	}
	for name, values := range s.Headers {
		w.Header()[name] = values
	}
	fault := None
	if s.Faults != nil {
		fault = s.Faults(n)
	}
	if fault == None && s.FaultOf != nil {
		fault = s.FaultOf(req.text("user"))
	}
	if s.Limit > 0 && s.now() > s.Limit {
		fault = RateLimit
	}
	if s.refuse(w, r, fault) || !s.work(r) {
		return
	}
	if slices.Contains(s.Breaks, req.ResponseFormat.Type) {
		fail(w, http.StatusInternalServerError, "server_error", s.BreaksWith)
		return
	}
	if slices.Contains(s.Refuses, req.ResponseFormat.Type) {
		fail(w, http.StatusBadRequest, "invalid_request_error", "response_format is not supported")
		return
	}
	s.reply(w, r, n, &req, fault)
}

func (s *Server) enter() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.started {
		s.started, s.served = true, map[string]int{}
		if s.Slots > 0 {
			s.slots = make(chan struct{}, s.Slots)
		}
	}
	s.at++
	s.peak = max(s.peak, s.at)
	s.calls++
	return s.calls - 1
}

func (s *Server) leave()   { s.mu.Lock(); defer s.mu.Unlock(); s.at-- }
func (s *Server) now() int { s.mu.Lock(); defer s.mu.Unlock(); return s.at }

// refuse answers with the faults that precede any work, and reports whether it
// did.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, f Fault) bool {
	switch f {
	case RateLimitAfter:
		after := s.RetryAfter
		if after == 0 {
			after = time.Second
		}
		w.Header().Set("Retry-After", fmt.Sprint(after.Seconds()))
		fallthrough
	case RateLimit:
		fail(w, http.StatusTooManyRequests, "rate_limit_exceeded", "too many requests")
	case ServerError:
		fail(w, http.StatusInternalServerError, "server_error", "something broke")
	case BadGateway:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		io.WriteString(w, "<html><body>502 Bad Gateway</body></html>")
	case Unauthorised:
		fail(w, http.StatusUnauthorized, "invalid_api_key", "Incorrect API key provided: "+strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	case Quota:
		fail(w, http.StatusTooManyRequests, "insufficient_quota", "You exceeded your current quota")
	case BadRequest:
		fail(w, http.StatusBadRequest, "invalid_request_error", "this request is bad")
	case Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

func fail(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": message, "type": code, "code": code}})
}

// work waits for a free slot and for the latency; it returns false if the client
// leaves.
func (s *Server) work(r *http.Request) bool {
	if s.slots != nil {
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		case <-r.Context().Done():
			return false
		}
	}
	return pause(r, s.Latency)
}

func pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// reply writes and bills an answer, with its fault.
func (s *Server) reply(w http.ResponseWriter, r *http.Request, n int, req *request, f Fault) {
	if f == ErrorIn200 {
		io.WriteString(w, `{"error":{"message":"upstream is busy","code":503}}`)
		return
	}
	text, finish, refusal := s.answer(n, req, f)
	if s.Writes != nil {
		text = s.Writes(s.asked(n, req, text))
	}
	if s.Replies != nil {
		if body := s.Replies(s.asked(n, req, text)); body != "" {
			io.WriteString(w, body)
			return
		}
	}
	usage := s.bill(req, text, f)
	if req.Stream && !s.NoStreams && (f == None || f == CutInside) {
		s.stream(w, r, n, req, text, finish, usage, f)
		return
	}
	if s.Speed > 0 && !pause(r, time.Duration(float64(usage.Completion)/s.Speed*float64(time.Second))) {
		return
	}
	body := encode(n, req.Model, text, finish, refusal, usage, s.NoUsage)
	w.Header().Set("Content-Type", "application/json")
	switch f {
	case CutBefore:
		panic(http.ErrAbortHandler)
	case NotJSON:
		body = []byte("<html>a proxy was here</html>")
	case CutInside:
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.Write(body[:len(body)/2])
		if flusher, ok := w.(http.Flusher); ok {
			flusher.Flush()
		}
		panic(http.ErrAbortHandler)
	case SlowBody:
		for part := range slices.Chunk(body, max(1, len(body)/10)) {
			w.Write(part)
			if flusher, ok := w.(http.Flusher); ok {
				flusher.Flush()
			}
			if !pause(r, s.Latency/10) {
				return
			}
		}
		return
	}
	w.Write(body)
}

// answer returns the text of an answer.
func (s *Server) answer(n int, req *request, f Fault) (text, finish, refusal string) {
	if f == Duplicate {
		n = 0
	} else if s.Number != nil {
		n = s.Number(req.text("user"))
	}
	text, finish = s.write(n, req, f), "stop"
	switch f {
	case TruncatedJSON:
		text = text[:len(text)*2/3]
	case CodeFence:
		text = "```json\n" + text + "\n```"
	case Refusal:
		text, refusal = "", "I cannot help with that."
	case RefusalInText:
		text = "I'm sorry, but I cannot help with that."
	case Filtered:
		text, finish = text[:len(text)/2], "content_filter"
	case Empty:
		text = ""
	case Length:
		text, finish = text[:len(text)/2], "length"
	}
	if bound := max(req.MaxTokens, req.MaxCompletion); bound > 0 && tokens(text) > bound {
		text, finish = text[:bound*charsPerToken], "length"
	}
	return text, finish, refusal
}

// charsPerToken is that of the fake model, for prompts and answers.
const charsPerToken = 4

func tokens(text string) int { return (len(text) + charsPerToken - 1) / charsPerToken }

// write follows the schema if the response format or the prompt makes the model do
// so.
func (s *Server) write(n int, req *request, f Fault) string {
	schema := req.ResponseFormat.JSONSchema.Schema
	format := req.ResponseFormat.Type
	if format == "json_object" && s.Schemas && req.ResponseFormat.Schema != nil {
		schema = req.ResponseFormat.Schema
	} else if format != "json_schema" {
		schema = promptSchema(req.text("system"))
		if s.Disobeys && format != "json_object" {
			schema = nil
		}
	}
	if schema == nil || f == SchemaIgnored || slices.Contains(s.Ignores, format) && !s.Schemas {
		return s.prose(n, "text")
	}
	var object struct {
		Properties json.RawMessage
	}
	if json.Unmarshal(schema, &object) != nil {
		return s.prose(n, "text")
	}
	return s.instance(n, object.Properties, f)
}

// promptSchema returns the JSON Schema in a prompt, nil if there is none.
func promptSchema(text string) json.RawMessage {
	at := strings.Index(text, `{"`)
	if at < 0 {
		return nil
	}
	var raw json.RawMessage
	if json.NewDecoder(strings.NewReader(text[at:])).Decode(&raw) != nil {
		return nil
	}
	return raw
}

// instance returns an object with the given properties, in their order.
func (s *Server) instance(n int, properties json.RawMessage, f Fault) string {
	names := keys(properties)
	var all map[string]struct {
		Type string
		Enum []json.RawMessage
	}
	if json.Unmarshal(properties, &all) != nil {
		return "{}"
	}
	if f == MissingKeys && len(names) > 0 {
		names = names[:len(names)-1]
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
		}
		var value any = s.prose(n, name)
		switch p := all[name]; {
		case f == WrongLanguage && p.Type == "array":
			value = []string{"яблоки и сливы", "старая лодка"}
		case f == WrongLanguage && len(p.Enum) == 0:
			value = "Она выращивает яблоки и сливы в саду на краю села. " + s.prose(n, name)[:10]
		case f == WrongTypes && p.Type == "array":
			value = "one, two"
		case f == WrongTypes && p.Type == "integer":
			value = "quite good"
		case f == WrongTypes:
			value = n
		case len(p.Enum) > 0 && p.Type == "integer":
			value = p.Enum[n%len(p.Enum)]
		case len(p.Enum) > 0:
			value = p.Enum[0]
		case p.Type == "array":
			value = []string{s.prose(n, name+" 1"), s.prose(n, name+" 2")}
		case p.Type == "integer" || p.Type == "number":
			value = n
		case p.Type == "boolean":
			value = true
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(&b, "%q:%s", name, encoded)
	}
	b.WriteByte('}')
	return b.String()
}

// keys lists the names of a JSON object in order.
func keys(object json.RawMessage) (names []string) {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		return nil
	}
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return names
		}
		names = append(names, name.(string))
	}
	return names
}

// prose returns a text that depends on the call and the subject.
func (s *Server) prose(n int, about string) string {
	length := s.TextLength
	if length == 0 {
		length = 40
	}
	text := fmt.Sprintf("Text %d about %s, \"quoted\" and\nbroken. ", n, about)
	return (text + strings.Repeat("And so the text goes on. ", length/25+1))[:length]
}

type usage struct {
	Prompt     int64          `json:"prompt_tokens"`
	Completion int64          `json:"completion_tokens"`
	Total      int64          `json:"total_tokens"`
	Details    map[string]int `json:"prompt_tokens_details"`
	Out        map[string]int `json:"completion_tokens_details"`
}

// bill accounts for a call. After the first call, system texts are cached.
func (s *Server) bill(req *request, text string, f Fault) usage {
	prompt, cached := tokens(req.text("user")), tokens(req.text("system"))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.billed.Answers == 0 {
		prompt, cached = prompt+cached, 0
	} else {
		prompt += cached
	}
	completion := tokens(text) + s.Thinks
	s.billed.Answers++
	s.billed.Prompt += int64(prompt)
	s.billed.Cached += int64(cached)
	s.billed.Completion += int64(completion)
	if f == None {
		s.served[req.text("user")]++
	}
	return usage{int64(prompt), int64(completion), int64(prompt + completion),
		map[string]int{"cached_tokens": cached}, map[string]int{"reasoning_tokens": s.Thinks}}
}

func encode(n int, model, text, finish, refusal string, u usage, noUsage bool) []byte {
	message := map[string]any{"role": "assistant", "content": text}
	if refusal != "" {
		message["refusal"] = refusal
	}
	reply := map[string]any{
		"id": fmt.Sprint("call-", n), "object": "chat.completion", "created": n, "model": model,
		"choices": []any{map[string]any{"index": 0, "message": message, "finish_reason": finish}},
	}
	if !noUsage {
		reply["usage"] = u
	}
	body, err := json.Marshal(reply)
	if err != nil {
		panic(err)
	}
	return body
}
