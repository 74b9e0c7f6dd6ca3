package endpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	openai "github.com/sashabaranov/go-openai"
)

// encode splits a request into what go-openai sends and what the transport puts
// in its place. go-openai is not given the texts, which it would encode anew for
// every call, the system text and the schema too: it checks and sends what is
// left, and its encoding of a whole request is made once per form of request.
func (c *Client) encode(req Request, mode Mode) (*exchange, openai.ChatCompletionRequest, error) {
	x := &exchange{fields: c.fields, values: make([][]byte, 0, 3+2*len(req.Examples))}
	roles := make([]byte, 0, 8)
	say := func(role byte, quoted []byte) { roles, x.values = append(roles, role), append(x.values, quoted) }
	same := func(role byte, text string) {
		if text != "" {
			say(role, c.common.quoted(text))
		}
	}
	same(systemRole, systemText(req, mode))
	for _, t := range req.Examples {
		same(userRole, t.User)
		same(assistantRole, t.Answer)
	}
	if req.User != "" {
		say(userRole, appendQuoted(nil, req.User))
	}
	switch {
	case req.Schema == nil:
	case mode == Strict:
		x.values = append(x.values, req.Schema)
	case mode == ObjectSchema: // go-openai has no schema there
		x.fields = fmt.Appendf(nil, `%s,"response_format":{"type":"json_object","schema":%s}`, x.fields, req.Schema)
	}
	if req.Temperature != nil { // go-openai would leave a 0 out
		x.fields = append(append(bytes.Clone(x.fields), `,"temperature":`...), strconv.FormatFloat(*req.Temperature, 'g', -1, 64)...)
	}
	if req.Seed != nil {
		x.fields = fmt.Appendf(nil, `%s,"seed":%d`, x.fields, *req.Seed)
	}
	bare := c.bare(req.MaxTokens)
	var err error
	x.form, err = c.common.form(shape{mode, req.Schema != nil, string(roles), req.MaxTokens}, bare)
	return x, bare, err
}

// bare is a request without its texts.
func (c *Client) bare(maxTokens int) openai.ChatCompletionRequest {
	out := openai.ChatCompletionRequest{Model: c.cfg.Model}
	if c.cfg.TokensField == "max_completion_tokens" {
		out.MaxCompletionTokens = maxTokens
	} else {
		//lint:ignore SA1019 the older name is the one that every compatible server knows
		out.MaxTokens = maxTokens
	}
	return out
}

// systemText adds the schema where the server does not take it. The word JSON
// must be there: DashScope refuses its JSON mode without it.
func systemText(req Request, mode Mode) string {
	if req.Schema == nil || mode.keeps() {
		return req.System
	}
	return strings.TrimSpace(req.System + "\n\nAnswer with a single JSON object that fits this JSON Schema, and with nothing else:\n" + string(req.Schema))
}

// Body returns the body of a request as Do would send it, for batch files.
func (c *Client) Body(req Request) ([]byte, error) {
	mode := c.Mode()
	if err := c.checkRequest(req, mode); err != nil {
		return nil, err
	}
	x, _, err := c.encode(req, mode)
	if err != nil {
		return nil, err
	}
	return x.appendBody(nil), nil
}

// appendBody joins a form with the values and fields of a request.
func (x *exchange) appendBody(out []byte) []byte {
	size := len(x.fields) + len(x.form[len(x.values)])
	for i, value := range x.values {
		size += len(x.form[i]) + len(value)
	}
	out = slices.Grow(out, size)
	for i, value := range x.values {
		out = append(append(out, x.form[i]...), value...)
	}
	last := x.form[len(x.values)]
	end := len(last) - 1 // of the object
	return append(append(append(out, last[:end]...), x.fields...), last[end:]...)
}

// common remembers what was worked out for what is the same from request to
// request: system texts, examples, schemas and forms, of which a run has a
// handful.
type common struct {
	mu      sync.Mutex
	texts   map[string][]byte // JSON strings
	schemas map[string]bool   // that are JSON
	forms   map[shape][][]byte
}

const mostCommon = 64 // of a kind; more are not the same from request to request

// quoted returns a text as a JSON string.
func (c *common) quoted(text string) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	quoted := c.texts[text]
	if quoted == nil {
		if len(c.texts)%mostCommon == 0 {
			c.texts = make(map[string][]byte)
		}
		quoted = appendQuoted(nil, text)
		c.texts[text] = quoted
	}
	return quoted
}

// isJSON is json.Valid.
func (c *common) isJSON(schema []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.schemas[string(schema)] {
		return true
	}
	if !json.Valid(schema) {
		return false
	}
	if len(c.schemas)%mostCommon == 0 {
		c.schemas = make(map[string]bool)
	}
	c.schemas[string(schema)] = true
	return true
}

// shape is what a request's form depends on, beside the client.
type shape struct {
	mode      Mode
	schema    bool
	roles     string // of the messages, a letter each
	maxTokens int
}

const (
	systemRole    = 's'
	userRole      = 'u'
	assistantRole = 'a'
)

var roleNames = map[byte]string{
	systemRole: openai.ChatMessageRoleSystem, userRole: openai.ChatMessageRoleUser, assistantRole: openai.ChatMessageRoleAssistant,
}

// form returns a request as go-openai encodes it, in pieces: between each and the
// next a value is to come, first those of the messages, then the schema.
func (c *common) form(s shape, out openai.ChatCompletionRequest) ([][]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if form := c.forms[s]; form != nil {
		return form, nil
	}
	for i := range s.roles {
		out.Messages = append(out.Messages, openai.ChatCompletionMessage{Role: roleNames[s.roles[i]], Content: marker})
	}
	switch {
	case !s.schema:
	case s.mode == Strict:
		out.ResponseFormat = &openai.ChatCompletionResponseFormat{
			Type: openai.ChatCompletionResponseFormatTypeJSONSchema,
			JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{
				Name: "answer", Strict: true, Schema: json.RawMessage(`"` + marker + `"`)},
		}
	case s.mode == JSONObject:
		out.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatTypeJSONObject}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	if len(c.forms)%mostCommon == 0 {
		c.forms = make(map[shape][][]byte)
	}
	form := bytes.Split(text, []byte(`"`+marker+`"`))
	c.forms[s] = form
	return form, nil
}

// marker stands where a text is to come.
const marker = "personagen text 7c41f0e2"
