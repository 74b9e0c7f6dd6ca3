package endpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
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
