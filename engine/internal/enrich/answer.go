package enrich

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/internal/plaintext"
)

// schemaOf returns the JSON Schema of an answer with the given fields: a flat
// object of strings, lists of strings and scores, all required. It has no lengths, because
// some servers cannot derive a grammar from them; the rules check them.
func schemaOf(fields []task) json.RawMessage {
	var b bytes.Buffer
	b.WriteString(`{"type":"object","properties":{`)
	for i, t := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quoted(t.field.Name) + ":" + answerType(t.field))
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

// answerType returns the JSON Schema of the answer for a field.
func answerType(f *field) string {
	switch {
	case f.Scale():
		return scoreSchema(f.Domain)
	case listed(f.Field):
		return `{"type":"array","items":{"type":"string"}}`
	}
	return `{"type":"string"}`
}

func quoted(text string) string {
	data, _ := json.Marshal(text) // strings always marshal
	return string(data)
}

var (
	errNoObject  = errors.New("the answer is not a JSON object")
	errAmbiguous = errors.New("the answer has several objects with these fields; write one object")
)

// parseAnswer returns the members with the wanted names of a model's answer: of
// the last object that has most of them. It ignores thoughts, and words and code
// fences around objects. An object within another counts where the outer one has
// none of the names. An object that breaks off counts if no other does.
func parseAnswer(text string, wanted []string) (map[string]json.RawMessage, error) {
	text = plainAnswer(text)
	var best map[string]json.RawMessage
	found := false
	for _, whole := range []bool{true, false} {
		for at, tries := 0, 0; at < len(text) && tries < mostObjects; tries++ {
			next := strings.IndexByte(text[at:], '{')
			if next < 0 {
				break
			}
			at += next
			o, end := parseObject(text, at)
			if !o.whole {
				end = at + 1 // an object may begin within it
			}
			if o.whole == whole && len(o.members) > 0 {
				found = true
				members, err := o.find(wanted, mostNested)
				if err != nil {
					return nil, err
				}
				if len(members) > 0 && len(members) >= len(best) {
					best = members
				}
			}
			at = end
		}
		if len(best) > 0 {
			return best, nil
		}
	}
	if !found {
		return nil, errNoObject
	}
	return map[string]json.RawMessage{}, nil // each field is missing
}

// plainAnswer returns an answer without its thoughts, and the text of one that is
// quoted as a JSON string.
func plainAnswer(text string) string {
	for range mostNested {
		text = endpoint.WithoutThoughts(text)
		var inner string
		if text = strings.TrimSpace(text); !strings.HasPrefix(text, `"`) || json.Unmarshal([]byte(text), &inner) != nil {
			break
		}
		text = inner
	}
	return text
}

// mostObjects is how many objects are looked for in an answer.
const mostObjects = 50

// mostNested is how deep objects are looked for in others.
const mostNested = 4

// find returns the members with the wanted names, or those of an object within that
// has more of them; two such objects are ambiguous.
func (o *object) find(wanted []string, depth int) (map[string]json.RawMessage, error) {
	out := map[string]json.RawMessage{}
	for _, name := range wanted {
		if value, ok := o.member(name, wanted); ok {
			out[name] = value
		}
	}
	direct, rivals := len(out), false
	if direct == len(wanted) && direct > 1 || depth == 0 {
		return out, nil
	}
	for _, m := range o.members {
		inner := strings.TrimLeft(string(m.value), "[")
		var text string
		if json.Unmarshal(m.value, &text) == nil { // JSON within a string
			inner = strings.TrimLeft(text, " \n\t")
		}
		if !strings.HasPrefix(inner, "{") {
			continue
		}
		nested, _ := parseObject(inner, 0)
		found, err := nested.find(wanted, depth-1)
		if err != nil {
			return nil, err
		}
		if len(found) > direct {
			out, rivals = found, len(out) > direct
		}
		if rivals {
			return nil, errAmbiguous
		}
	}
	return out, nil
}

// member returns the member of a name. Case, spaces, hyphens and underscores may
// differ if only one member and one wanted name are alike then.
func (o *object) member(name string, wanted []string) (json.RawMessage, bool) {
	for _, m := range slices.Backward(o.members) {
		if m.name == name {
			return m.value, true
		}
	}
	var value json.RawMessage
	n := 0
	for _, m := range o.members {
		if folded(m.name) == folded(name) && !slices.Contains(wanted, m.name) {
			value = m.value
			n++
		}
	}
	for _, w := range wanted {
		if w != name && folded(w) == folded(name) {
			return nil, false
		}
	}
	return value, n == 1
}

// folded is a name without what models change in it.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '_' {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// lineEnds replaces those of other systems.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// asText converts a member to a text, in Unicode's composed form and without
// thoughts. A bare number is no prose. An object with a single member stands for its
// value.
func asText(member json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(member, &text) == nil && string(member) != "null" {
		return plaintext.NFC(strings.TrimSpace(lineEnds.Replace(endpoint.WithoutThoughts(text)))), true
	}
	if len(member) > 0 && member[0] == '{' {
		if o, _ := parseObject(string(member), 0); o.whole {
			if inner := o.values(); len(inner) == 1 && inner[0][0] == '"' {
				return asText(inner[0])
			}
		}
	}
	return "", false
}

// values returns the values of an object, without the type that a model copied from
// the schema.
func (o *object) values() []json.RawMessage {
	var all []json.RawMessage
	for _, m := range o.members {
		if m.name != "type" || len(o.members) == 1 || !schemaType[string(m.value)] {
			all = append(all, m.value)
		}
	}
	return all
}

var schemaType = map[string]bool{`"string"`: true, `"array"`: true, `"integer"`: true}

// asItems converts a member to a list. A string may hold the list as JSON, as a
// Python list with single quotes, or as one item per line; an object holds the
// items as its values. One list mark is cut from each item of a list in lines, and
// from those of another list if all have one.
func asItems(member json.RawMessage) ([]string, bool) { return itemsWithin(member, mostNested) }

// itemsWithin is asItems for a member within others, down to a depth.
func itemsWithin(member json.RawMessage, depth int) ([]string, bool) {
	if depth == 0 {
		return nil, false
	}
	var raw []json.RawMessage
	if json.Unmarshal(member, &raw) == nil && string(member) != "null" {
		if len(raw) == 1 { // all items in one
			if items, ok := itemsWithin(raw[0], depth-1); ok && len(items) > 1 {
				return items, true
			}
		}
		return itemsOf(raw)
	}
	if len(member) > 0 && member[0] == '{' {
		o, _ := parseObject(string(member), 0)
		if !o.whole {
			return nil, false
		}
		raw = o.values()
		if len(raw) == 1 { // {"items": [...]}
			if items, ok := itemsWithin(raw[0], depth-1); ok {
				return items, true
			}
		}
		return itemsOf(raw)
	}
	text, ok := asText(member)
	switch {
	case !ok || text == "":
		return nil, false
	case strings.HasPrefix(text, "["):
		if items, ok := itemsWithin(json.RawMessage(text), depth-1); ok {
			return items, true
		}
		return pythonList(text)
	case strings.Contains(text, "\n"):
		return lines(text), true
	}
	return nil, false
}

// itemsOf converts the elements of a list.
func itemsOf(raw []json.RawMessage) ([]string, bool) {
	items := make([]string, len(raw))
	for i, r := range raw {
		var ok bool
		if items[i], ok = asText(r); !ok {
			return nil, false
		}
	}
	marked := func(item string) bool { return withoutMark(item) != item }
	if len(items) > 1 && !slices.ContainsFunc(items, func(item string) bool { return !marked(item) }) {
		for i, item := range items {
			items[i] = withoutMark(item)
		}
	}
	return withoutNumbers(items), true
}

// numberedItem matches an item after its number: "#1 ", "**2.** ", "3: ".
var numberedItem = regexp.MustCompile(`^(?:[#*(\[]+ ?([0-9]{1,3})[.):\]*-]*|([0-9]{1,3})[.):\]*-]+)\s+(\S.*)$`)

// withoutNumbers cuts the numbers of items that are numbered 1, 2, 3 and so on, in
// any form, and a hyphen before each item.
func withoutNumbers(items []string) []string {
	cut := make([]string, len(items))
	for i, item := range items {
		m := numberedItem.FindStringSubmatch(item)
		if m == nil || m[1]+m[2] != strconv.Itoa(i+1) {
			cut = nil
			break
		}
		cut[i] = m[3]
	}
	hyphen := func(item string) bool { return len(item) > 1 && item[0] == '-' && item[1] != '-' }
	switch {
	case len(items) < 2:
	case cut != nil:
		return cut
	case !slices.ContainsFunc(items, func(item string) bool { return !hyphen(item) }):
		for i, item := range items {
			items[i] = item[1:]
		}
	}
	return items
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

// lines splits a text into its lines, without the list mark of each.
func lines(text string) []string {
	var items []string
	for line := range strings.Lines(text) {
		if line = withoutMark(strings.TrimSpace(line)); line != "" {
			items = append(items, line)
		}
	}
	return withoutNumbers(items)
}

// withoutMark cuts one list mark from the beginning of an item: a bullet before a
// space, or a number of up to three digits or one letter, with a dot or bracket.
// "1. 1980s disco" becomes "1980s disco"; "3D printing", "5-a-side football" and
// "2.5 km" stay.
func withoutMark(item string) string {
	first, size := utf8.DecodeRuneInString(item)
	if strings.ContainsRune("-*+•–—·‣◦▪●", first) {
		if rest := strings.TrimLeft(item[size:], " \t"); rest != item[size:] || first != '-' && first != '+' && first != '*' {
			return rest
		}
		return item
	}
	body := strings.TrimPrefix(item, "(")
	n := 0
	for n < len(body) && n < 3 && body[n] >= '0' && body[n] <= '9' {
		n++
	}
	number := n > 0
	if !number && n+1 < len(body) && (body[0] >= 'a' && body[0] <= 'z' || body[0] >= 'A' && body[0] <= 'Z') {
		n = 1
	}
	if n == 0 || n >= len(body) || body[n] != '.' && body[n] != ')' {
		return item
	}
	rest := strings.TrimLeft(body[n+1:], " \t")
	if next, _ := utf8.DecodeRuneInString(rest); rest == body[n+1:] && !(number && unicode.IsLetter(next)) {
		return item // no space: a decimal number, or initials
	}
	if !number && body[n] == '.' && body[0] < 'a' {
		return item // "J. S. Bach"
	}
	return rest
}
