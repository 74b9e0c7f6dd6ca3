package fake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// stream writes an answer as server-sent events of one token each, at the speed of the
// server.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, n int, req *request, text, finish string, u usage, f Fault) {
	w.Header().Set("Content-Type", "text/event-stream")
	flush := func() {
		if flusher, ok := w.(http.Flusher); ok {
			flusher.Flush()
		}
	}
	send := func(choices []any, usage *usage) {
		event := map[string]any{"id": fmt.Sprint("call-", n), "object": "chat.completion.chunk", "model": req.Model, "choices": choices}
		if usage != nil {
			event["usage"] = usage
		}
		data, err := json.Marshal(event)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(w, "data: %s\n\n", data)
		flush()
	}
	choice := func(delta map[string]any, finish any) []any {
		return []any{map[string]any{"index": 0, "delta": delta, "finish_reason": finish}}
	}
	send(choice(map[string]any{"role": "assistant", "content": ""}, nil), nil)
	runes := []rune(text)
	for event, at := 0, 0; at < len(runes); event, at = event+1, at+charsPerToken {
		if s.StreamCut != nil && s.StreamCut(event) {
			<-r.Context().Done()
			return
		}
		if f == CutInside && at > len(runes)/2 {
			panic(http.ErrAbortHandler)
		}
		if s.Speed > 0 && !pause(r, time.Duration(float64(time.Second)/s.Speed)) {
			return
		}
		send(choice(map[string]any{"content": string(runes[at:min(len(runes), at+charsPerToken)])}, nil), nil)
	}
	send(choice(map[string]any{}, finish), nil)
	if req.StreamOptions.IncludeUsage && !s.NoUsage {
		send([]any{}, &u)
	}
	fmt.Fprint(w, "data: [DONE]\n\n")
	flush()
}
