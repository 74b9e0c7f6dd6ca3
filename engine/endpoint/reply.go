package endpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	openai "github.com/sashabaranov/go-openai"
)

// reply is a reply with status 200, read.
type reply struct {
	chat  openai.ChatCompletionResponse
	usage *Usage // nil when the reply does not report it
	error string // reported instead of an answer, "" for none
}

// newReply completes what go-openai has decoded from body, err included.
func newReply(chat openai.ChatCompletionResponse, err error, body []byte) (reply, error) {
	r := reply{chat: chat}
	r.usage, r.error = besideChat(body)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		r.chat, err = decodeEssentials(body)
	}
	return r, err
}

// decodeEssentials decodes only what the client needs of a chat completion. It
// serves replies with a member whose type is not go-openai's: some servers
// report 12.0 tokens, or an id that is a number.
func decodeEssentials(body []byte) (openai.ChatCompletionResponse, error) {
	var r struct {
		Model   string
		Choices []struct {
			Message      openai.ChatCompletionMessage
			FinishReason openai.FinishReason `json:"finish_reason"`
		}
	}
	err := json.NewDecoder(bytes.NewReader(body)).Decode(&r)
	out := openai.ChatCompletionResponse{Model: r.Model}
	for _, c := range r.Choices {
		out.Choices = append(out.Choices, openai.ChatCompletionChoice{Message: c.Message, FinishReason: c.FinishReason})
	}
	return out, err
}

// besideChat reads what go-openai does not decode of a reply: the usage under
// the names of other services, and an error.
func besideChat(body []byte) (*Usage, string) {
	var r struct {
		Usage usageFields
		Error json.RawMessage
	}
	// What can be decoded is, whatever the type of the rest.
	err := json.NewDecoder(bytes.NewReader(body)).Decode(&r)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !ok {
		return nil, ""
	}
	problem := ""
	if len(r.Error) > 0 && string(r.Error) != "null" {
		problem = bodyMessage(fmt.Appendf(nil, `{"error":%s}`, r.Error))
	}
	return r.Usage.usage(), problem
}

// usageFields are the names of OpenAI, and those of DeepSeek and Moonshot for
// cached tokens. Numbers of tokens need not be written as integers.
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

// usage returns nil when no tokens are reported.
func (f usageFields) usage() *Usage {
	prompt, completion := tokenCount(f.Prompt), tokenCount(f.Completion)
	if prompt+completion == 0 {
		return nil
	}
	cached := max(tokenCount(f.Cached), tokenCount(f.CacheHit), tokenCount(f.PromptDetails.Cached))
	reasoning := max(tokenCount(f.Reasoning), tokenCount(f.CompletionDetails.Reasoning))
	return &Usage{Prompt: prompt, Completion: max(completion, reasoning), Cached: min(cached, prompt), Reasoning: reasoning}
}

// tokenCount returns 0 for what cannot be a number of tokens.
func tokenCount(x float64) int64 {
	if !(x > 0) || x > 1e15 {
		return 0
	}
	return int64(x)
}

// answer returns the answer of a reply, or why it has none.
func (c *Client) answer(r reply, header http.Header) (*Answer, *Error) {
	choices := r.chat.Choices
	if len(choices) == 0 || reflect.ValueOf(choices[0]).IsZero() {
		if r.error == "" {
			r.error = "the reply has no answer in it"
		}
		return nil, c.unreadable(r.error)
	}
	choice := choices[0]
	answer := &Answer{Text: messageText(choice.Message), FinishReason: string(choice.FinishReason), Model: r.chat.Model, Header: header}
	if r.usage != nil {
		answer.Usage = *r.usage
	}
	switch {
	case choice.Message.Refusal != "":
		return nil, c.paid(Refused, answer, choice.Message.Refusal)
	case choice.FinishReason == openai.FinishReasonContentFilter:
		return nil, c.paid(Refused, answer, "stopped by a content filter")
	case choice.FinishReason == openai.FinishReasonLength:
		return nil, c.paid(Truncated, answer, "the answer reached its token limit, or the context was full")
	}
	return answer, nil
}

// messageText returns the text of a message, which may come in parts.
func messageText(m openai.ChatCompletionMessage) string {
	if len(m.MultiContent) == 0 {
		return m.Content
	}
	var text strings.Builder
	for _, part := range m.MultiContent {
		text.WriteString(part.Text)
	}
	return text.String()
}

// notChat is the start of the message about such a reply.
const notChat = "the reply is not a chat completion: "

// unreadable is the error of a reply with status 200 that is not an answer.
func (c *Client) unreadable(message string) *Error {
	return &Error{Kind: Unreadable, Status: http.StatusOK, Message: c.key.scrub(oneLine(message)), charged: true}
}

// paid is an error whose answer was paid for.
func (c *Client) paid(kind Kind, a *Answer, message string) *Error {
	return &Error{Kind: kind, Status: http.StatusOK, Message: c.key.scrub(oneLine(message)), Answer: a, charged: true}
}
