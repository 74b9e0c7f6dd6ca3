package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/internal/rng"
)

// Capability is what Probe finds out about an endpoint.
type Capability struct {
	Mode     Mode
	Model    string   // as the server names it
	Thinking bool     // the model spends reasoning tokens, or writes its reasoning into the answer
	Rejected []string // modes that do not work, each with the reason
	Refused  []string // body fields that the server refuses, see Client.Refused
	Usage    Usage    // of all canary calls
}

// Call is how a run will ask: what Probe needs of its requests.
type Call struct {
	Schema      json.RawMessage
	Temperature *float64
	MaxTokens   int
}

// Probe finds the best mode in which the endpoint answers to the given calls,
// and sets it. It tries each mode with one short request per call, or one if
// there is no call. The schema gets an additional property, the canary, whose
// only permitted value is a word that is not in the prompt: in a mode in which
// the server constrains the answer, only a constrained model can write it. This
// detects servers that accept a schema and ignore it, as llama.cpp does when it
// derives a grammar that does not parse.
//
// Probe fails closed: the error is of kind Incapable and has the reason for each
// mode, or of the kind that made asking impossible.
func (c *Client) Probe(ctx context.Context, calls ...Call) (Capability, error) {
	var found Capability
	if len(calls) == 0 {
		calls = []Call{{Schema: json.RawMessage(`{"type":"object","properties":{},"required":[],"additionalProperties":false}`)}}
	}
	canaries := slices.Clone(calls)
	for i, call := range calls {
		var err error
		if canaries[i].Schema, err = withCanary(call.Schema, c.canary()); err != nil {
			return found, &Error{Kind: BadRequest, Message: fmt.Sprintf("schema %d: %v", i+1, err)}
		}
	}
	candidates := modes
	if c.cfg.Mode != "" {
		candidates = []Mode{c.cfg.Mode}
	}
	var broken error // the server error, while no mode was rejected for another reason
	for i, mode := range candidates {
		reason, err := c.try(ctx, mode, canaries, i == len(candidates)-1, &found)
		found.Refused = c.Refused()
		if unsupported(err) && i == len(found.Rejected) && (i == 0 || broken != nil) {
			// Some servers answer with 500 to what they do not support.
			broken, reason, err = err, "server error: "+err.Error(), nil
		} else if unsupported(err) {
			reason, err = "server error: "+err.Error(), nil
		} else if err == nil && reason != "" {
			broken = nil
		}
		if err != nil {
			return found, err
		}
		if reason == "" {
			found.Mode = mode
			c.mu.Lock()
			c.mode = mode
			c.mu.Unlock()
			return found, nil
		}
		found.Rejected = append(found.Rejected, string(mode)+": "+reason)
	}
	if broken != nil {
		return found, broken
	}
	return found, &Error{Kind: Incapable, Message: fmt.Sprintf("%s does not answer with the required JSON: %s", c.cfg.Model, strings.Join(found.Rejected, "; "))}
}

// canaryTokens limits a canary's answer; its beginning is enough. mostThoughts
// limits it when the model thinks first, unless the call itself is limited to less.
const (
	canaryTokens = 200
	mostThoughts = 8000
)

// unsupported reports whether an error may be that of a server that fails at what it
// does not support.
func unsupported(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == Overloaded && e.Status == http.StatusInternalServerError
}

// try returns why a mode does not work, "" if it does, or an error that does not
// concern the mode. An internal error of the server is not waited for unless the mode
// is the last.
func (c *Client) try(ctx context.Context, mode Mode, canaries []Call, last bool, found *Capability) (reason string, err error) {
	for _, call := range canaries {
		req := Request{
			System: "You greet people.",
			User:   "Write a short greeting.",
			Schema: call.Schema, MaxTokens: canaryTokens, Temperature: call.Temperature,
		}
		if !mode.enforced() {
			req.User = "Write the JSON object."
		}
		var answer *Answer
		var e *Error
		for {
			answer, e = c.do(ctx, req, mode, func(e *Error) int {
				if !last && unsupported(e) {
					return 1
				}
				return c.patience(e)
			})
			c.count(answer, e)
			if e != nil && e.Answer != nil && e.Kind == Truncated {
				answer, e = e.Answer, nil // its beginning is enough
				answer.FinishReason = "length"
			}
			more := min(4*req.MaxTokens, max(call.MaxTokens, canaryTokens), mostThoughts)
			if call.MaxTokens == 0 {
				more = min(4*req.MaxTokens, mostThoughts)
			}
			thinks := e == nil && answer.FinishReason == "length" && (answer.thought() || strings.TrimSpace(answer.Text) == "")
			if !thinks || more <= req.MaxTokens {
				break
			}
			found.Usage = found.Usage.plus(answer.Usage)
			found.Thinking = true
			req.MaxTokens = more
		}
		switch {
		case e == nil:
		case e.Kind == BadRequest && e.Status == http.StatusUnprocessableEntity && !aboutFormat(e.Message):
			e.Kind = Incapable // in every mode
			return "", e
		case e.Kind == BadRequest:
			return "the server refuses it: " + e.Message, nil
		case e.Kind == Refused:
			return "the model refuses: " + e.Message, nil
		default:
			return "", e
		}
		found.Model = answer.Model
		found.Usage = found.Usage.plus(answer.Usage)
		found.Thinking = found.Thinking || answer.Usage.Reasoning > 0 || answer.thought()
		if reason := c.checkCanary(answer, mode); reason != "" {
			return reason, nil
		}
	}
	return "", nil
}

// aboutFormat reports whether a message can concern the response format.
func aboutFormat(message string) bool {
	return hasOne(strings.ToLower(message), "response_format", "json", "schema", "grammar", "guided", "structured")
}

// checkCanary returns what is wrong with a canary's answer, "" for nothing.
func (c *Client) checkCanary(a *Answer, mode Mode) string {
	text := WithoutThoughts(a.Text)
	if !mode.enforced() {
		// Callers skip code fences, and objects without the fields, too.
		if at := strings.LastIndex(text, `"`+canaryName+`"`); at >= 0 {
			text = text[max(0, strings.LastIndexByte(text[:at], '{')):]
		}
	}
	want := regexp.MustCompile(`^\s*\{[^{}]*"` + canaryName + `"\s*:\s*"` + regexp.QuoteMeta(c.canary()) + `"`)
	switch {
	case strings.TrimSpace(text) == "" && (a.Usage.Reasoning > 0 || a.Reasoned || text != a.Text):
		return fmt.Sprintf("the model spent %d tokens on thoughts and wrote nothing; turn thinking off, or raise max_tokens of the calls", max(a.Usage.Reasoning, a.Usage.Completion))
	case strings.TrimSpace(a.Text) == "":
		return "the answer is empty"
	case !want.MatchString(text):
		return fmt.Sprintf("the answer does not follow the schema: %q", firstRunes(c.message(a.Text), 60))
	case a.FinishReason != "length" && !json.Valid([]byte(wholeObject(text, mode))):
		return fmt.Sprintf("the answer is not complete JSON: %q", firstRunes(c.message(a.Text), 60))
	}
	return ""
}

// wholeObject removes what follows the object, in modes that allow it.
func wholeObject(text string, mode Mode) string {
	if end := strings.LastIndexByte(text, '}'); !mode.enforced() && end >= 0 {
		return text[:end+1]
	}
	return text
}

func firstRunes(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n]) + "…"
	}
	return text
}

const canaryName = "canary"

// canary is the word that only the schema has.
func (c *Client) canary() string {
	const letters = "abcdefghijkmnpqrstuvwxyz"
	src := rng.New(c.cfg.Seed, "endpoint canary").Source()
	word := make([]byte, 8)
	for i := range word {
		word[i] = letters[src.Below(len(letters))]
	}
	return string(word)
}

// withCanary returns a schema with the canary as its first property.
func withCanary(schema json.RawMessage, word string) (json.RawMessage, error) {
	var s map[string]json.RawMessage
	var required []string
	if err := json.Unmarshal(schema, &s); err != nil {
		return nil, fmt.Errorf("it is not a JSON Schema of an object: %w", err)
	}
	properties := bytes.TrimSpace(s["properties"])
	var names map[string]json.RawMessage
	if err := json.Unmarshal(properties, &names); err != nil || names == nil {
		return nil, errors.New("it has no properties")
	}
	if _, taken := names[canaryName]; taken {
		return nil, fmt.Errorf("it has a property %q, a name that the probe needs", canaryName)
	}
	if len(s["required"]) > 0 {
		if err := json.Unmarshal(s["required"], &required); err != nil {
			return nil, errors.New(`its "required" is not a list of names`)
		}
	}
	comma := ","
	if len(names) == 0 {
		comma = ""
	}
	s["properties"] = fmt.Appendf(nil, `{%q:{"type":"string","enum":[%q]}%s%s`, canaryName, word, comma, properties[1:])
	list, err := json.Marshal(append([]string{canaryName}, required...))
	if err != nil {
		return nil, err
	}
	s["required"] = list
	return json.Marshal(s) // keeps the order within "properties"
}

// ProbeWorst returns the most that one request of a Probe can cost, of a model that
// does not think.
func (c *Client) ProbeWorst(calls ...Call) Cost {
	var worst Cost
	for _, call := range append(slices.Clone(calls), Call{}) {
		s := call.Schema
		// The schema has the canary, and may be in the prompt too.
		one := c.price.Worst(Request{Schema: s, System: string(s), MaxTokens: canaryTokens})
		one = one.plus(c.price.Cost(Usage{Prompt: 512}))
		worst = Cost{max(worst.Money, one.Money), max(worst.Tokens, one.Tokens)}
	}
	return worst
}
