package endpoint

import (
	"encoding/json"
	"strings"

	openai "github.com/sashabaranov/go-openai"
)

// chatRequest returns a request as go-openai encodes it, and a JSON object of
// the body fields that go-openai cannot express:
//   - temperature: go-openai omits a 0, and refuses most values for some models;
//   - max_tokens: go-openai refuses it for reasoning models, but a compatible
//     server may serve such a model and accept it;
//   - stream: go-openai omits false, and some servers stream unless it is sent; the
//     transport reads streams, as it reads other replies;
//   - the schema of ObjectSchema, and Config.Extra.
func (c *Client) chatRequest(req Request, mode Mode, w wire, stream bool) (openai.ChatCompletionRequest, []byte, error) {
	out := openai.ChatCompletionRequest{Model: c.cfg.Model, Messages: messages(req, mode), Seed: req.Seed}
	fields := make(map[string]any, len(c.cfg.Extra)+4)
	for name, value := range c.cfg.Extra {
		fields[name] = value
	}
	fields["stream"] = stream
	if stream && !w.noStreamUsage {
		fields["stream_options"] = map[string]any{"include_usage": true}
	}
	if req.Temperature != nil && !w.noTemperature {
		fields["temperature"] = *req.Temperature
	}
	switch {
	case req.MaxTokens == 0:
	case w.tokensField == "max_completion_tokens":
		out.MaxCompletionTokens = req.MaxTokens
	default:
		fields["max_tokens"] = req.MaxTokens
	}
	switch {
	case req.Schema == nil:
	case mode == Strict:
		out.ResponseFormat = &openai.ChatCompletionResponseFormat{
			Type:       openai.ChatCompletionResponseFormatTypeJSONSchema,
			JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{Name: "answer", Strict: true, Schema: req.Schema},
		}
	case mode == ObjectSchema:
		fields["response_format"] = map[string]any{"type": openai.ChatCompletionResponseFormatTypeJSONObject, "schema": req.Schema}
	case mode == JSONObject:
		out.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatTypeJSONObject}
	}
	extra, err := json.Marshal(fields)
	return out, extra, err
}

func messages(req Request, mode Mode) []openai.ChatCompletionMessage {
	all := make([]openai.ChatCompletionMessage, 0, 2+2*len(req.Examples))
	add := func(role, text string) {
		if text != "" {
			all = append(all, openai.ChatCompletionMessage{Role: role, Content: text})
		}
	}
	add(openai.ChatMessageRoleSystem, systemText(req, mode))
	for _, t := range req.Examples {
		add(openai.ChatMessageRoleUser, t.User)
		add(openai.ChatMessageRoleAssistant, t.Answer)
	}
	add(openai.ChatMessageRoleUser, req.User)
	return all
}

// systemText appends the schema where the server does not take it. The word JSON
// must appear: DashScope refuses its JSON mode without it.
func systemText(req Request, mode Mode) string {
	if req.Schema == nil || mode.enforced() {
		return req.System
	}
	return strings.TrimSpace(req.System + "\n\nAnswer with a single JSON object that fits this JSON Schema, and with nothing else:\n" + string(req.Schema))
}

// Body returns the body that Do sends for a request, for lines of batch files.
func (c *Client) Body(req Request) ([]byte, error) {
	mode := c.Mode()
	if err := c.checkRequest(req, mode); err != nil {
		return nil, err
	}
	chat, extra, err := c.chatRequest(req, mode, c.settings(), false)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(chat) // as go-openai does
	if err != nil {
		return nil, err
	}
	return joinObjects(body, extra), nil
}

// joinObjects appends the members of the JSON object b to those of a, which has
// at least one.
func joinObjects(a, b []byte) []byte {
	if len(b) <= len("{}") {
		return a
	}
	return append(append(a[:len(a)-1], ','), b[1:]...)
}
