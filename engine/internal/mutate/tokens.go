package mutate

import (
	"regexp"
	"strconv"
	"strings"
)

// token is a word, a number, a quoted text, blanks or another character of most
// languages.
var token = regexp.MustCompile(`[\pL_#][\pL\pN_]*|[0-9][0-9_.]*|"(?:\\.|[^"\\\n])*"|\s+|(?s:.)`)

// Tokens is a text whose tokens can be replaced.
type Tokens []string

// Split returns the tokens of a text; together they are the text.
func Split(text string) Tokens { return token.FindAllString(text, -1) }

// Replace returns the tokens with another text in the place of one; numbers beyond
// the last begin again. "@7" is token 7, and a text after "+" is put before the token.
func (t Tokens) Replace(number uint, text string) Tokens {
	if len(t) == 0 {
		return t
	}
	i := number % uint(len(t))
	if rest, ok := strings.CutPrefix(text, "@"); ok {
		if n, err := strconv.ParseUint(rest, 10, 32); err == nil {
			text = t[uint(n)%uint(len(t))]
		}
	} else if rest, ok := strings.CutPrefix(text, "+"); ok {
		text = rest + t[i]
	}
	out := append(Tokens(nil), t...)
	out[i] = text
	return out
}

// String joins the tokens.
func (t Tokens) String() string { return strings.Join(t, "") }
