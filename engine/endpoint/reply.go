package endpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	openai "github.com/sashabaranov/go-openai"
)

// A reply is read here and not by go-openai, which drops the names that other
// services have for tokens, and errors sent with status 200. Reading it once
// without reflection instead of twice with it is a quarter of the client's work on
// a call.

// chat is what counts of a chat completion: JSON values, in the reply's bytes.
type chat struct {
	model    []byte
	answered bool // there is a choice
	content  []byte
	refusal  []byte
	finish   []byte

	usage   *Usage // nil when the reply does not tell
	problem string // an error told in a reply of status 200
}

// readChat reads a chat completion, and reports whether it is a JSON object.
func readChat(body []byte) (r chat, ok bool) {
	ok = members(body, func(name, value []byte) {
		switch string(name) {
		case "model":
			r.model = value
		case "choices":
			elements(value, func(i int, choice []byte) {
				if i == 0 {
					r.answered = members(choice, r.choice)
				}
			})
		case "usage":
			r.usage = readUsage(value)
		case "error":
			if string(value) != "null" {
				r.problem = bodyMessage(fmt.Appendf(nil, `{"error":%s}`, value))
			}
		}
	})
	return r, ok
}

// choice reads a member of a choice.
func (r *chat) choice(name, value []byte) {
	switch string(name) {
	case "finish_reason":
		r.finish = value
	case "message":
		members(value, func(name, value []byte) {
			switch string(name) {
			case "content":
				r.content = value
			case "refusal":
				r.refusal = value
			}
		})
	}
}

// readUsage reads the usage under the names of OpenAI, and those of DeepSeek and
// Moonshot for cached tokens; nil when there is none.
func readUsage(value []byte) *Usage {
	var prompt, completion, cached, reasoning int64
	members(value, func(name, value []byte) {
		switch string(name) {
		case "prompt_tokens":
			prompt = count(value)
		case "completion_tokens":
			completion = count(value)
		case "prompt_cache_hit_tokens", "cached_tokens":
			cached = max(cached, count(value))
		case "reasoning_tokens":
			reasoning = max(reasoning, count(value))
		case "prompt_tokens_details":
			members(value, func(name, value []byte) {
				if string(name) == "cached_tokens" {
					cached = max(cached, count(value))
				}
			})
		case "completion_tokens_details":
			members(value, func(name, value []byte) {
				if string(name) == "reasoning_tokens" {
					reasoning = max(reasoning, count(value))
				}
			})
		}
	})
	if prompt+completion == 0 {
		return nil
	}
	return &Usage{Prompt: prompt, Completion: max(completion, reasoning), Cached: min(cached, prompt), Reasoning: reasoning}
}

// count reads a number of tokens, 0 where it is none.
func count(value []byte) int64 {
	n := int64(0)
	for _, digit := range value {
		if digit < '0' || digit > '9' || n > 1e15 {
			var x float64 // some write 12.0
			if json.Unmarshal(value, &x) != nil || !(x > 0) || x > 1e15 {
				return 0
			}
			return int64(x)
		}
		n = 10*n + int64(digit-'0')
	}
	return n
}

// decode makes the answer of a reply with status 200.
func (c *Client) decode(x *exchange) (*Answer, *Error) {
	unreadable := func(message string) (*Answer, *Error) {
		return nil, &Error{Kind: Unreadable, Status: x.status, Message: message, charged: true}
	}
	if !x.chat.answered && x.chat.problem != "" {
		return unreadable(c.key.scrub(oneLine(x.chat.problem)))
	}
	if !x.chat.answered {
		return unreadable("the reply has no answer in it")
	}
	text, err := message(x.chat.content)
	finish, finishErr := stringOf(x.chat.finish)
	model, modelErr := stringOf(x.chat.model)
	refusal, refusalErr := stringOf(x.chat.refusal)
	if err := errors.Join(err, finishErr, modelErr, refusalErr); err != nil {
		return unreadable(oneLine(err.Error()))
	}
	answer := &Answer{Text: text, FinishReason: finish, Model: model, Header: x.header}
	if x.chat.usage != nil {
		answer.Usage = *x.chat.usage
	}
	switch {
	case refusal != "":
		return nil, c.paid(Refused, answer, refusal)
	case finish == string(openai.FinishReasonContentFilter):
		return nil, c.paid(Refused, answer, "stopped by a content filter")
	case finish == string(openai.FinishReasonLength):
		return nil, c.paid(Truncated, answer, "the answer ran into the bound on its tokens, or the context was full")
	}
	return answer, nil
}

// message returns the text of a message, which may come in parts.
func message(content []byte) (text string, err error) {
	if len(content) == 0 || content[0] != '[' {
		return stringOf(content)
	}
	whole := elements(content, func(_ int, part []byte) {
		members(part, func(name, value []byte) {
			if string(name) == "text" {
				more, partErr := stringOf(value)
				text, err = text+more, errors.Join(err, partErr)
			}
		})
	})
	if !whole {
		err = errString
	}
	return text, err
}

// stringOf returns a JSON string, "" for null and for nothing.
func stringOf(value []byte) (string, error) {
	n := len(value)
	if n == 0 || string(value) == "null" {
		return "", nil
	}
	if value[0] != '"' || stringEnd(value[1:]) != n-2 {
		return "", errString
	}
	return unquote(value[1 : n-1])
}

// paid is an error whose answer was paid for.
func (c *Client) paid(kind Kind, a *Answer, message string) *Error {
	return &Error{Kind: kind, Status: http.StatusOK, Message: c.key.scrub(oneLine(message)), Answer: a, charged: true}
}

// members calls f with the name and the value of each member of a JSON object,
// and reports whether it came to the object's end. It looks no closer than that
// takes: what a value holds is for f to find out.
func members(data []byte, f func(name, value []byte)) bool {
	data, ok := inside(data, '{')
	for ok && len(data) > 0 && data[0] != '}' {
		n := -1
		if data[0] == '"' {
			n = stringEnd(data[1:])
		}
		if n < 0 {
			return false
		}
		name := data[1 : 1+n]
		data = bytes.TrimLeft(data[n+2:], space)
		if len(data) == 0 || data[0] != ':' {
			return false
		}
		data = data[1:]
		end := valueEnd(data)
		if end < 0 {
			return false
		}
		f(name, bytes.Trim(data[:end], space))
		if data, ok = next(data[end:], '}'); !ok {
			return false
		}
	}
	return ok && len(data) > 0
}

// elements calls f with the place and the value of each element of a JSON array,
// and reports whether it came to the array's end.
func elements(data []byte, f func(i int, value []byte)) bool {
	data, ok := inside(data, '[')
	for i := 0; ok && len(data) > 0 && data[0] != ']'; i++ {
		end := valueEnd(data)
		if end < 0 {
			return false
		}
		f(i, bytes.Trim(data[:end], space))
		if data, ok = next(data[end:], ']'); !ok {
			return false
		}
	}
	return ok && len(data) > 0
}

const space = " \t\r\n"

// inside returns what follows the bracket that opens an object or an array.
func inside(data []byte, bracket byte) (rest []byte, ok bool) {
	data = bytes.TrimLeft(data, space)
	if len(data) == 0 || data[0] != bracket {
		return nil, false
	}
	return bytes.TrimLeft(data[1:], space), true
}

// next steps over the comma behind a value, or stands at the bracket that closes.
func next(data []byte, bracket byte) (rest []byte, ok bool) {
	if data[0] == ',' {
		return bytes.TrimLeft(data[1:], space), true
	}
	return data, data[0] == bracket
}

// valueEnd returns the index of the comma or bracket behind a JSON value, -1 if
// there is none.
func valueEnd(data []byte) int {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			n := stringEnd(data[i+1:])
			if n < 0 {
				return -1
			}
			i += n + 1
		case '{', '[':
			depth++
		case ',':
			if depth == 0 {
				return i
			}
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		}
	}
	return -1
}
