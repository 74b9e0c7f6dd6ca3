package endpoint

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// Bounds of a stream in bytes. What is kept is bounded as a whole reply is; the stream
// itself repeats the frame of a reply for every token.
const (
	mostEvent      = 64 << 10
	streamPerToken = 2 << 10
)

// isStream reports whether a reply has the content type of server-sent events.
func isStream(contentType string) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(contentType)), "text/event-stream")
}

// readStream reads the events of a streamed chat completion and returns the reply that
// they make up. It keeps at most limit bytes of text, and calls heard for every event
// with data.
func readStream(body io.Reader, limit int64, maxTokens int, heard func()) (reply, error) {
	if maxTokens == 0 {
		maxTokens = unboundTokens
	}
	most := replyFrame + streamPerToken*int64(maxTokens)
	in := bufio.NewReaderSize(io.LimitReader(body, most+1), mostEvent)
	var s streamed
	for read := int64(0); ; {
		line, err := in.ReadSlice('\n')
		read += int64(len(line))
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return s.reply, tooLong(mostEvent)
		case read > most:
			return s.reply, tooLong(most)
		case err != nil && err != io.EOF:
			return s.reply, err
		}
		data, isData := bytes.CutPrefix(line, []byte("data:"))
		if data = bytes.TrimSpace(data); isData && len(data) > 0 {
			heard()
			if string(data) == "[DONE]" {
				return s.whole()
			}
			if failed := s.add(data); failed != nil {
				return s.reply, badEvent{failed}
			}
			if int64(s.text.Len()+s.refusal.Len()) > limit {
				return s.reply, tooLong(limit)
			}
		}
		if err == io.EOF {
			if s.finish == "" && s.problem == "" {
				return s.reply, io.ErrUnexpectedEOF
			}
			return s.whole()
		}
	}
}

// badEvent is the error of an event that is not a part of a chat completion.
type badEvent struct{ error }

func (e badEvent) Unwrap() error { return e.error }

// streamed is a reply of which some events were read.
type streamed struct {
	reply
	text, refusal strings.Builder
}

// add adds the data of an event.
func (s *streamed) add(data []byte) error {
	var w struct {
		Model   string
		Choices deltaChoice
		Usage   usageFields
		Error   json.RawMessage
	}
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	if s.model == "" {
		s.model = w.Model
	}
	if usage, absurd := w.Usage.usage(); usage != nil || absurd { // the last is that of the whole
		s.usage, s.absurd = usage, absurd
	}
	if len(w.Error) > 0 && string(w.Error) != "null" {
		s.problem, s.status = problemOf(w.Error)
	}
	if w.Choices.FinishReason != "" {
		s.answered, s.finish = true, w.Choices.FinishReason
	}
	for _, m := range []*message{w.Choices.Delta, w.Choices.Message} {
		if m == nil {
			continue
		}
		s.answered = true
		s.text.WriteString(string(m.Content))
		s.refusal.WriteString(m.Refusal)
		s.reasoned = s.reasoned || len(m.ReasoningContent) > len(`""`) || len(m.Reasoning) > len(`""`)
	}
	return nil
}

// whole returns the reply after its last event.
func (s *streamed) whole() (reply, error) {
	if s.problem != "" {
		s.answered = false // the text is not whole
	}
	s.reply.text, s.reply.refusal = s.text.String(), s.refusal.String()
	return s.reply, nil
}

// deltaChoice is the first of the choices of an event.
type deltaChoice struct {
	Delta        *message
	Message      *message
	FinishReason string `json:"finish_reason"`
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *deltaChoice) UnmarshalJSON(data []byte) error {
	var all []json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return errors.New("its choices are not a list")
	}
	if len(all) == 0 {
		return nil
	}
	type plain deltaChoice
	return json.Unmarshal(all[0], (*plain)(c))
}
