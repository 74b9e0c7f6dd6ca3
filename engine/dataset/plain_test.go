package dataset

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// Runs of plain characters, and what is written of texts with them, are as if characters were
// read one by one.
func TestPlainRun(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"a", "z ", " ", "~", "\x7f", "ș", "ă", "\u0080", "ю", "\u07ff", "\"", "\\", "\n", "\x00", "\x1f", "–", "€", "\u0800", "\u2028", "\ufffd", "😀",
		"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc8", "\xdf", "\xe2\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x9f", "\xf5", "\xff"}
	for range 200_000 {
		var b strings.Builder
		some := 1 + random.IntN(len(pieces))
		for range random.IntN(20) {
			b.WriteString(pieces[random.IntN(some)])
		}
		s := b.String()
		whole := 0
		for whole < len(s) {
			r, n := utf8.DecodeRuneInString(s[whole:])
			if r < ' ' || r == '"' || r == '\\' || n > 2 || r == utf8.RuneError {
				break
			}
			whole += n
		}
		if n := plainRun(s, 0); n > whole || n < whole && (n+9 <= len(s) || !utf8.RuneStart(s[n])) {
			t.Fatalf("%q: got a run of %d bytes, want %d", s, n, whole)
		}
		if got, want := validText(s), string([]rune(s)); got != want {
			t.Fatalf("%q: got the text %q, want %q", s, got, want)
		}
		var got string
		if err := json.Unmarshal(appendJSONString(nil, s), &got); err != nil || got != string([]rune(s)) {
			t.Fatalf("%q: got the JSON %s, %v", s, appendJSONString(nil, s), err)
		}
	}
}
