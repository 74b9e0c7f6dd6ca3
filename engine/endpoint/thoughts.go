package endpoint

import (
	"encoding/json"
	"regexp"
	"strings"
)

// thoughtTag matches the tags that models write thoughts between. A
// submatch is "/" in the tags that end thoughts.
var thoughtTag = regexp.MustCompile(`(?i)` +
	`<(/?)(?:[a-z]{1,12}:)?(?:think|thinking|antthinking|thought|thoughts|reason|reasoning|scratchpad|analysis|reflection|inner_thoughts|inner_monologue)(?:\s[^<>]{0,80})?>` +
	`|\[(/?)think\]|◁(/?)think▷|<\|(/?)think(?:ing)?\|>`)

// channelTag begins a part of an answer in the format of gpt-oss; only the final part
// is the answer.
const (
	channelTag = "<|channel|>"
	finalTag   = "<|channel|>final<|message|>"
)

// WithoutThoughts removes the thoughts from an answer: what is between tags, what
// precedes a closing tag, and what follows an opening tag that is not closed. Tags
// within the JSON object that a text begins with are part of its strings.
func WithoutThoughts(text string) string {
	if at := strings.LastIndex(text, finalTag); at >= 0 {
		text = text[at+len(finalTag):]
	} else if strings.HasPrefix(strings.TrimSpace(text), channelTag) {
		return ""
	}
	tags := thoughtTag.FindAllStringSubmatchIndex(text, -1)
	if tags == nil {
		return text
	}
	object := objectEnd(text)
	var kept strings.Builder
	from, within := 0, false
	for _, tag := range tags {
		switch closing := isClosing(tag); {
		case tag[0] < object:
			continue
		case !closing:
			if !within {
				kept.WriteString(text[from:tag[0]])
			}
			within = true
		case within:
			within = false
		default: // thoughts whose beginning is in the prompt
			kept.Reset()
		}
		from = tag[1]
	}
	if !within {
		kept.WriteString(text[from:])
	}
	return kept.String()
}

// isClosing reports whether a match of thoughtTag has a slash.
func isClosing(tag []int) bool {
	for i := 2; i < len(tag); i += 2 {
		if tag[i] >= 0 && tag[i+1] > tag[i] {
			return true
		}
	}
	return false
}

// objectEnd returns where the JSON object ends that a text begins with, 0 if it does
// not begin with one.
func objectEnd(text string) int {
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return 0
	}
	d := json.NewDecoder(strings.NewReader(text))
	var object json.RawMessage
	if d.Decode(&object) != nil {
		return 0
	}
	return int(d.InputOffset())
}
