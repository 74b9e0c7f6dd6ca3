package endpoint

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// Secret holds an API key. Every way of printing it prints "***".
type Secret struct {
	// A pointer, because fmt prints unexported string fields of outer structs
	// without calling their methods.
	key *string
}

const hidden = "***"

// NewSecret hides a key.
func NewSecret(key string) Secret { return Secret{&key} }

func (Secret) String() string               { return hidden }
func (Secret) GoString() string             { return hidden }
func (Secret) Format(f fmt.State, _ rune)   { io.WriteString(f, hidden) }
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// reveal returns the key, "" if there is none.
func (s Secret) reveal() string {
	if s.key == nil {
		return ""
	}
	return *s.key
}

// leastSecret is the length from which a key is looked for in answers: servers
// without keys are given words such as "none".
const leastSecret = 8

// leastPart is the length from which a part of a key is hidden: long enough for
// the prefixes that all keys of a provider share.
const leastPart = 12

// scrub hides the key in a text of the server, as it is, as in an address or in
// JSON, and long parts of it. It must come before the text is cut.
func (s Secret) scrub(text string) string {
	key := s.reveal()
	if key == "" || text == "" {
		return text
	}
	text = strings.ReplaceAll(text, key, hidden)
	for _, form := range []string{url.QueryEscape(key), quotedForm(key), base64.StdEncoding.EncodeToString([]byte(key))} {
		text = strings.ReplaceAll(text, form, hidden)
	}
	for at := 0; at+leastPart <= len(key); at++ {
		for {
			i := strings.Index(text, key[at:at+leastPart])
			if i < 0 {
				break
			}
			n := leastPart
			for at+n < len(key) && i+n < len(text) && text[i+n] == key[at+n] {
				n++
			}
			text = text[:i] + hidden + text[i+n:]
		}
	}
	return text
}

// mostShown is the length from which a part of a key makes a text unusable.
const mostShown = 20

// isIn reports whether a text holds the key or a long part of it, plainly or in
// escapes of JSON.
func (s Secret) isIn(text string) bool {
	key := s.reveal()
	if len(key) < leastSecret {
		return false
	}
	for range 4 { // JSON may be within JSON
		for at := 0; at == 0 || at+mostShown <= len(key); at++ {
			if strings.Contains(text, key[at:min(at+mostShown, len(key))]) {
				return true
			}
		}
		plain := unescaped(text)
		if plain == text {
			break
		}
		text = plain
	}
	return false
}

// unescaped resolves the escapes of JSON strings wherever they are.
func unescaped(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		i++
		if text[i] == 'u' && i+4 < len(text) {
			if r, err := strconv.ParseUint(text[i+1:i+5], 16, 32); err == nil {
				b.WriteRune(rune(r))
				i += 4
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// quotedForm is a text as JSON writes it within quotes.
func quotedForm(text string) string {
	data, _ := json.Marshal(text) // strings always marshal
	return string(data[1 : len(data)-1])
}

var errNoKey = errors.New("API key")

// readKey reads the key from the named file, or else from the named variable.
// There is no key if neither is named. The error wraps errNoKey if the variable
// is not set.
func readKey(variable, file string) (Secret, error) {
	switch {
	case file != "":
		text, err := os.ReadFile(file)
		if err != nil {
			return Secret{}, fmt.Errorf("API key: %w", err)
		}
		key := strings.TrimSpace(string(text))
		if key == "" || strings.ContainsAny(key, " \t\r\n") {
			return Secret{}, fmt.Errorf("API key: %s must contain the key and nothing else", file)
		}
		return NewSecret(key), nil
	case variable != "":
		key := strings.TrimSpace(os.Getenv(variable))
		if key == "" {
			return Secret{}, fmt.Errorf("%w: set the environment variable %s, or name a file that contains the key", errNoKey, variable)
		}
		if strings.ContainsAny(key, " \t\r\n") {
			return Secret{}, errors.New("API key: the environment variable " + variable + " must contain the key and nothing else")
		}
		return NewSecret(key), nil
	}
	return Secret{}, nil
}
