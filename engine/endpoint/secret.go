package endpoint

import (
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

// scrub hides the key in a text of the server.
func (s Secret) scrub(text string) string {
	if key := s.reveal(); key != "" {
		return strings.ReplaceAll(text, key, hidden)
	}
	return text
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
