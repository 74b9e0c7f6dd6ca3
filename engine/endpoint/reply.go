package endpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// reply is what the client reads of a reply with status 200.
type reply struct {
	model    string
	answered bool   // there is a choice
	text     string // of the answer, without reasoning
	reasoned bool   // the message has reasoning beside the text
	refusal  string
	finish   string
	usage    *Usage // nil if the reply does not report it
	absurd   bool   // the usage has counts that no call can have
	problem  string // an error that the reply reports, "" for none
	status   int    // HTTP status that the error names as its code, 0 for none
}

// readReply decodes the first value of a body. It allocates no more than a small
// multiple of what it keeps, whatever the body holds: only the first choice is
// decoded, and no value of a free form.
func readReply(body []byte) (reply, error) {
	var w struct {
		Model   string
		Choices firstChoice
		Usage   usageFields
		Error   json.RawMessage
	}
	err := json.NewDecoder(bytes.NewReader(body)).Decode(&w)
	r := reply{model: w.Model, finish: w.Choices.FinishReason}
	r.usage, r.absurd = w.Usage.usage()
	if m := w.Choices.Message; m != nil {
		r.answered, r.text, r.refusal = true, string(m.Content), m.Refusal
		r.reasoned = len(m.ReasoningContent) > len(`""`) || len(m.Reasoning) > len(`""`)
	}
	r.answered = r.answered || r.finish != ""
	if len(w.Error) > 0 && string(w.Error) != "null" {
		r.problem, r.status = problemOf(w.Error)
	}
	return r, err
}

// problemOf returns the message of an error within a reply, and the HTTP status that
// gateways pass on as its code, 0 without one.
func problemOf(data json.RawMessage) (message string, status int) {
	var e struct{ Code json.Number }
	if json.Unmarshal(data, &e) == nil {
		if code, err := e.Code.Int64(); err == nil && code >= 400 && code < 600 {
			status = int(code)
		}
	}
	return bodyMessage(fmt.Appendf(nil, `{"error":%s}`, data)), status
}

// firstChoice is the first of the choices; the others are skipped.
type firstChoice struct {
	Message      *message
	FinishReason string `json:"finish_reason"`
}

type message struct {
	Content          content
	Refusal          string
	ReasoningContent json.RawMessage `json:"reasoning_content"`
	Reasoning        json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *firstChoice) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return errors.New("its choices are not a list")
	}
	if !d.More() {
		return nil
	}
	type plain firstChoice
	return d.Decode((*plain)(c))
}

// content is the text of a message, which may come in parts. Parts of another
// type, such as reasoning, are skipped.
type content string

// UnmarshalJSON implements json.Unmarshaler.
func (c *content) UnmarshalJSON(data []byte) error {
	switch {
	case string(data) == "null":
		return nil
	case data[0] == '"':
		var text string
		err := json.Unmarshal(data, &text)
		*c = content(text)
		return err
	case data[0] != '[':
		return errors.New("its content is neither a text nor a list")
	}
	var all strings.Builder
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		var part struct{ Type, Text string }
		if err := d.Decode(&part); err != nil {
			return err
		}
		if part.Type == "" || part.Type == "text" || part.Type == "output_text" {
			all.WriteString(part.Text)
		}
	}
	*c = content(all.String())
	return nil
}

// usageFields has the names of OpenAI, and those of DeepSeek and Moonshot for cached
// tokens. Some servers write numbers of tokens as floats.
type usageFields struct {
	Prompt        float64 `json:"prompt_tokens"`
	Completion    float64 `json:"completion_tokens"`
	Cached        float64 `json:"cached_tokens"`
	CacheHit      float64 `json:"prompt_cache_hit_tokens"`
	Reasoning     float64 `json:"reasoning_tokens"`
	PromptDetails struct {
		Cached float64 `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
	CompletionDetails struct {
		Reasoning float64 `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
}

// UnmarshalJSON implements json.Unmarshaler. Members of another type are skipped.
func (f *usageFields) UnmarshalJSON(data []byte) error {
	type plain usageFields
	err := json.Unmarshal(data, (*plain)(f))
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil
	}
	return err
}

// usage returns nil if no tokens are reported. Absurd is set if a count is
// negative or too large for any call; it counts as 0.
func (f usageFields) usage() (_ *Usage, absurd bool) {
	count := func(x float64) int64 {
		if x < 0 || x > mostTokens {
			absurd = true
			return 0
		}
		return int64(x)
	}
	prompt, completion := count(f.Prompt), count(f.Completion)
	cached := max(count(f.Cached), count(f.CacheHit), count(f.PromptDetails.Cached))
	reasoning := max(count(f.Reasoning), count(f.CompletionDetails.Reasoning))
	if prompt+completion == 0 {
		return nil, absurd
	}
	return &Usage{Prompt: prompt, Completion: max(completion, reasoning), Cached: min(cached, prompt), Reasoning: reasoning}, absurd
}

// mostTokens is more than any call takes.
const mostTokens = 1e9

// Tokens beyond the bounds of a request that are believed: instructions that a
// provider adds to prompts, thoughts that it reports as such and that no bound limits,
// and the few that servers count differently.
const (
	hiddenPrompt   = 8 << 10
	hiddenThoughts = 128 << 10
	miscounted     = 64
)

// charsPerTokenAtMost is more than any tokenizer reaches with prose.
const charsPerTokenAtMost = 12

// LeastPrompt is a lower bound on the tokens of the request's prompt.
func LeastPrompt(req Request) int64 {
	return int64(utf8.RuneCountInString(req.System)+utf8.RuneCountInString(req.User)) / charsPerTokenAtMost
}

// Believable reports whether a reported usage can be that of a call: at least of
// the tokens that were certainly sent and received, and not beyond its bounds but by
// what the server may add. A maxTokens of 0 is no bound.
func Believable(u Usage, leastPrompt int64, answer string, mostPrompt int64, maxTokens int) bool {
	most := int64(maxTokens)
	if most == 0 {
		most = hiddenThoughts
	}
	return u.Prompt >= leastPrompt && u.Prompt <= mostPrompt+hiddenPrompt &&
		u.Completion >= int64(utf8.RuneCountInString(answer))/charsPerTokenAtMost &&
		u.Completion <= most+min(u.Reasoning, hiddenThoughts)+miscounted
}

// answer returns the answer of a reply, or why it has none.
func (c *Client) answer(r reply) (*Answer, *Error) {
	if !r.answered {
		if r.problem == "" {
			r.problem = "the reply has no answer in it"
		}
		e := c.unreadable(r.problem)
		if r.status != 0 {
			e.Kind, e.Status = kindOf(r.status, "", r.problem), r.status
			e.Message += c.remedy(e, &exchange{chat: true, status: r.status}, r.problem)
		}
		return nil, e
	}
	answer := &Answer{Text: r.text, FinishReason: r.finish, Model: c.message(r.model), Reasoned: r.reasoned}
	if r.usage != nil && !r.absurd {
		answer.Usage = *r.usage
	}
	if c.key.isIn(r.text) {
		answer.Text = ""
		return nil, c.paid(Refused, answer, "the answer holds the API key")
	}
	switch {
	case r.refusal != "":
		return nil, c.paid(Refused, answer, r.refusal)
	case r.finish == "content_filter":
		return nil, c.paid(Refused, answer, "stopped by a content filter")
	case r.finish == "length" && answer.thought():
		return nil, c.paid(Truncated, answer, "the answer reached its token limit while the model was thinking; raise max_tokens of the call, or turn thinking off")
	case r.finish == "length":
		return nil, c.paid(Truncated, answer, "the answer reached its token limit, or the context was full")
	}
	return answer, nil
}

// thought reports whether the model spent tokens on thoughts.
func (a *Answer) thought() bool {
	return a.Reasoned || a.Usage.Reasoning > 0 || strings.HasPrefix(strings.TrimSpace(a.Text), "<think")
}

// notChat is the start of the message about such a reply.
const notChat = "the reply is not a chat completion: "

// foreign returns what a body with status 200 is if no model server would send it
// on request, "" otherwise.
func foreign(body []byte) string {
	switch text := bytes.TrimSpace(body[:min(len(body), 4096)]); {
	case bytes.HasPrefix(text, []byte("<")):
		return "the server answers with an HTML page: this is not the address of a model, or a proxy asks to sign in; open it in a browser, and correct the base URL"
	case bytes.HasPrefix(text, []byte("\x1f\x8b")):
		return "the server compresses its reply, although it was not asked to; turn compression off there, or ask the model without this proxy"
	case bytes.HasPrefix(text, []byte("data:")), bytes.HasPrefix(text, []byte("event:")), bytes.HasPrefix(text, []byte(":")):
		return "the server streams its answer, although it was asked for one reply; turn streaming off there, or ask the model without this proxy"
	}
	return ""
}

// unreadable is the error of a reply with status 200 that is not an answer.
func (c *Client) unreadable(message string) *Error {
	return &Error{Kind: Unreadable, Status: http.StatusOK, Message: c.message(message), charged: true}
}

// paid is an error whose answer was paid for.
func (c *Client) paid(kind Kind, a *Answer, message string) *Error {
	return &Error{Kind: kind, Status: http.StatusOK, Message: c.message(message), Answer: a, charged: true}
}

// message makes a text from the server fit for messages: without the key, then
// short and on one line.
func (c *Client) message(text string) string { return oneLine(c.key.scrub(text)) }
