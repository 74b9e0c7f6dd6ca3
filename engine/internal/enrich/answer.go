package enrich

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/personagen/personagen/engine/internal/plaintext"
)

// schemaOf returns the JSON Schema of an answer with the given fields: a flat
// object of strings and lists of strings, all required. It has no lengths, because
// some servers cannot derive a grammar from them; the rules check them.
func schemaOf(fields []task) json.RawMessage {
	var b bytes.Buffer
	b.WriteString(`{"type":"object","properties":{`)
	for i, t := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		schema := `{"type":"string"}`
		if t.field.Text.Items != nil {
			schema = `{"type":"array","items":{"type":"string"}}`
		}
		b.WriteString(quoted(t.field.Name) + ":" + schema)
	}
	b.WriteString(`},"required":[`)
	for i, t := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quoted(t.field.Name))
	}
	b.WriteString(`],"additionalProperties":false}`)
	return b.Bytes()
}

func quoted(text string) string {
	data, _ := json.Marshal(text) // strings always marshal
	return string(data)
}

var errNoObject = errors.New("the answer is not a JSON object")

// parseAnswer returns the members of the JSON object in a model's answer. It
// ignores words and code fences around the object, and keeps the complete members
// of an object that breaks off.
func parseAnswer(text string) (map[string]json.RawMessage, error) {
	start := strings.IndexByte(text, '{')
	if start < 0 {
		return nil, errNoObject
	}
	d := json.NewDecoder(strings.NewReader(text[start:]))
	if _, err := d.Token(); err != nil {
		return nil, errNoObject
	}
	members := map[string]json.RawMessage{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			break
		}
		key, ok := name.(string)
		var value json.RawMessage
		if !ok || d.Decode(&value) != nil {
			break
		}
		members[key] = value
	}
	if len(members) == 0 {
		return nil, errNoObject
	}
	return members, nil
}

// asText converts a member to a text; a number becomes its digits.
func asText(member json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(member, &text) == nil && string(member) != "null" {
		return strings.TrimSpace(plaintext.NFC(text)), true
	}
	var number json.Number
	if json.Unmarshal(member, &number) == nil && number != "" {
		return number.String(), true
	}
	return "", false
}

// asItems converts a member to a list. A string may hold the list as JSON, as a
// Python list with single quotes, or as one item per line.
func asItems(member json.RawMessage) ([]string, bool) {
	var raw []json.RawMessage
	if json.Unmarshal(member, &raw) == nil && string(member) != "null" {
		items := make([]string, len(raw))
		for i, r := range raw {
			var ok bool
			if items[i], ok = asText(r); !ok {
				return nil, false
			}
		}
		return items, true
	}
	text, ok := asText(member)
	switch {
	case !ok || text == "":
		return nil, false
	case strings.HasPrefix(text, "["):
		if items, ok := asItems(json.RawMessage(text)); ok {
			return items, true
		}
		return pythonList(text)
	case strings.Contains(text, "\n"):
		return lines(text), true
	}
	return nil, false
}

// pythonList parses a list such as ['one', 'two'], with single or double quotes.
func pythonList(text string) ([]string, bool) {
	text = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	var items []string
	for text != "" {
		quote := text[0]
		if quote != '\'' && quote != '"' {
			return nil, false
		}
		end := 1
		for end < len(text) && (text[end] != quote || text[end-1] == '\\') {
			end++
		}
		if end == len(text) {
			return nil, false
		}
		items = append(items, strings.ReplaceAll(text[1:end], `\`+string(quote), string(quote)))
		text = strings.TrimLeft(text[end+1:], " \n\t")
		if text != "" && text[0] != ',' {
			return nil, false
		}
		text = strings.TrimLeft(text, ", \n\t")
	}
	return items, true
}

// lines splits a text into its lines, without bullets and numbers before them.
func lines(text string) []string {
	var items []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "-*•0123456789.) ")); line != "" {
			items = append(items, line)
		}
	}
	return items
}
