package plaintext

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Writer writes text with every character that steers made visible. What the
// program itself sends to a terminal, colours and the clearing of a line, passes.
type Writer struct {
	w        io.Writer
	terminal bool
	rest     []byte // the beginning of a character
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer, terminal bool) *Writer { return &Writer{w: w, terminal: terminal} }

// Unwrap returns the writer below.
func (w *Writer) Unwrap() io.Writer { return w.w }

// own are the sequences that the program sends to terminals.
var own = []string{
	"\r\x1b[K", "\x1b[K", "\x1b[0m", "\x1b[1m", "\x1b[2m",
	"\x1b[1;31m", "\x1b[1;33m", "\x1b[1;36m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m", "\x1b[90m",
}

// Write implements io.Writer. It returns len(p) unless writing fails.
func (w *Writer) Write(p []byte) (int, error) {
	text := p
	if len(w.rest) > 0 {
		text = append(w.rest, p...)
		w.rest = nil
	}
	if n := partial(text); n > 0 {
		w.rest = append([]byte(nil), text[len(text)-n:]...)
		text = text[:len(text)-n]
	}
	if _, err := io.WriteString(w.w, w.visible(string(text))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// partial returns the length of an unfinished character at the end of a text.
func partial(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if c := b[len(b)-n]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// visible is Visible except for the program's own sequences and for carriage
// returns, which rewrite a line unless they end it.
func (w *Writer) visible(s string) string {
	if !unsafe(s) && !strings.Contains(s, "\r") {
		return s
	}
	var b strings.Builder
next:
	for i := 0; i < len(s); {
		if w.terminal && (s[i] == '\x1b' || s[i] == '\r') {
			for _, sequence := range own {
				if strings.HasPrefix(s[i:], sequence) {
					b.WriteString(sequence)
					i += len(sequence)
					continue next
				}
			}
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case Steers(r) || r == '\r' && !strings.HasPrefix(s[i:], "\r\n"):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}
