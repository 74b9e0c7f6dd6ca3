package endpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// AppendBatchLine appends a request to a batch file, as a line, and returns the
// most that its answer can cost. The id, of at most 64 characters, comes back
// with the answer.
func (c *Client) AppendBatchLine(dst []byte, id string, req Request) ([]byte, Cost, error) {
	body, err := c.Body(req)
	if err != nil {
		return dst, Cost{}, err
	}
	line, err := json.Marshal(struct {
		ID     string          `json:"custom_id"`
		Method string          `json:"method"`
		URL    string          `json:"url"`
		Body   json.RawMessage `json:"body"`
	}{id, http.MethodPost, batchURL, body})
	if err != nil {
		return dst, Cost{}, err
	}
	return append(append(dst, line...), '\n'), c.price.InBatch().Worst(req), nil
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
// The usage is nil if the line does not report it; then the cost is unknown,
// unless Charged is false for the error.
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
			e.Message = c.message(l.Error.Message)
			if kind := kindOf(0, fmt.Sprint(l.Error.Code), l.Error.Message); kind != BadRequest {
				e.Kind = kind
			}
		}
		return Answer{}, nil, e
	}
	if l.Response.Status != http.StatusOK {
		return Answer{}, nil, c.lineError(l.Response.Status, l.Response.Body)
	}
	r, err := readReply(l.Response.Body)
	if r.absurd {
		r.usage = nil
	}
	if err != nil {
		return Answer{}, r.usage, c.unreadable(notChat + err.Error())
	}
	answer, failed := c.answer(r)
	if failed != nil {
		return Answer{}, r.usage, failed
	}
	return *answer, r.usage, nil
}

// lineError is the error of a request of a batch that the endpoint refused.
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
	return &Error{Kind: kindOf(status, code, message), Status: status, Message: c.message(message)}
}

// Charged reports whether a request that ended in err may have been paid for.
func Charged(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return !ok || e.charged
}
