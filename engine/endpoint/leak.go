package endpoint

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"html"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// leftOut replaces a message that holds the key in a form that cannot be cut out.
const leftOut = "the server's message holds the API key and is left out"

// scrub hides the key in a text of the server: as it is, encoded, and long parts of it.
// It must come before the text is cut.
func (s Secret) scrub(text string) string {
	key := s.reveal()
	if key == "" || text == "" {
		return text
	}
	text = strings.ReplaceAll(text, key, hidden)
	for _, form := range append([]string{url.QueryEscape(key), quotedForm(key), base64.StdEncoding.EncodeToString([]byte(key))}, encodings(key)...) {
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
	if s.isIn(text) {
		return leftOut
	}
	return text
}

// encodings returns what every encoding of a text that contains the key contains: in
// hexadecimal digits, and in base64 from each of the three offsets, without the
// characters that neighbours share. Parts too short to tell are left out.
func encodings(key string) []string {
	forms := []string{hex.EncodeToString([]byte(key)), strings.ToUpper(hex.EncodeToString([]byte(key)))}
	for offset := range 3 {
		padded := strings.Repeat("\x00", offset) + key
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			whole := encoding.EncodeToString([]byte(padded))
			core := whole[(offset*8+5)/6 : len(padded)*8/6]
			if len(core) >= leastSecret && !slices.Contains(forms, core) {
				forms = append(forms, core)
			}
		}
	}
	return forms
}

// mostShown is the length from which a part of a key makes a text unusable. A key in
// several pieces is found by pieces of leastPiece, if they make up mostPieces of it.
const (
	mostShown  = 20
	leastPiece = 6
	mostPieces = 0.6
)

// isIn reports whether a text holds the key or a long part of it: plainly, in other
// case, in pieces, with signs between its letters, or encoded.
func (s Secret) isIn(text string) bool {
	key := s.reveal()
	if len(key) < leastSecret {
		return false
	}
	encoded := encodings(key)
	for range 4 { // encodings may be within encodings
		if s.shows(text) || slices.ContainsFunc(encoded, func(form string) bool { return strings.Contains(text, form) }) {
			return true
		}
		plain := decoded(text)
		if plain == text {
			break
		}
		text = plain
	}
	return false
}

// shows is isIn for a text that is not encoded.
func (s Secret) shows(text string) bool {
	key := strings.ToLower(s.reveal())
	text = strings.ToLower(text)
	if len(key) < mostShown { // parts of short keys are words
		return strings.Contains(text, key)
	}
	covered, until := 0, 0
	for at, found := range piecesIn(key, text) {
		if !found {
			continue
		}
		covered += at + leastPiece - max(at, until)
		until = at + leastPiece
		if at+mostShown <= len(key) && strings.Contains(text, key[at:at+mostShown]) {
			return true
		}
	}
	if float64(covered) >= mostPieces*float64(len(key)) {
		return true
	}
	squeezed := squeeze(key)
	return len(squeezed) >= mostShown && strings.Contains(squeeze(text), squeezed)
}

// piecesIn reports for each position of a key whether the piece from there on is in a
// text, which is read once.
func piecesIn(key, text string) []bool {
	found := make([]bool, len(key)-leastPiece+1)
	const mask = 1<<(8*leastPiece) - 1
	slot := func(piece uint64) uint64 { return piece * 0x9e3779b97f4a7c15 >> 52 }
	var mayBe [1 << 12]bool // pieces of the key by a hash, because most of a text's are none
	var piece uint64
	for i := range len(key) {
		if piece = (piece<<8 | uint64(key[i])) & mask; i+1 >= leastPiece {
			mayBe[slot(piece)] = true
		}
	}
	piece = 0
	for i := range len(text) {
		if piece = (piece<<8 | uint64(text[i])) & mask; i+1 < leastPiece || !mayBe[slot(piece)] {
			continue
		}
		part := text[i+1-leastPiece : i+1]
		for at := range found {
			found[at] = found[at] || key[at:at+leastPiece] == part
		}
	}
	return found
}

// squeeze keeps letters and digits.
func squeeze(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
}

// percent matches bytes in the encoding of URLs.
var percent = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// decoded resolves the escapes of JSON strings, URLs and HTML wherever they are.
func decoded(text string) string {
	text = unescaped(text)
	text = percent.ReplaceAllStringFunc(text, func(code string) string {
		b, _ := strconv.ParseUint(code[1:], 16, 8)
		return string([]byte{byte(b)})
	})
	if strings.Contains(text, "&") {
		text = html.UnescapeString(text)
	}
	return text
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

// masked returns a reader in which the key is overwritten by zero bytes, which no JSON
// has: a line with it cannot be used, and can be kept on disk.
func (s Secret) masked(r io.Reader) io.Reader {
	if len(s.reveal()) < leastSecret {
		return r
	}
	return &maskedReader{r: r, key: []byte(s.reveal())}
}

// maskedReader holds back as many bytes as a key may begin in.
type maskedReader struct {
	r    io.Reader
	key  []byte
	held []byte
	err  error
}

// Read implements io.Reader.
func (m *maskedReader) Read(p []byte) (int, error) {
	for m.err == nil && len(m.held) < len(m.key) {
		part := make([]byte, 32<<10)
		n, err := m.r.Read(part)
		m.held, m.err = append(m.held, part[:n]...), err
	}
	for at := bytes.Index(m.held, m.key); at >= 0; at = bytes.Index(m.held, m.key) {
		clear(m.held[at : at+len(m.key)])
	}
	ready := len(m.held)
	if m.err == nil {
		ready -= len(m.key) - 1
	}
	n := copy(p, m.held[:ready])
	m.held = m.held[n:]
	if n == 0 && ready == 0 {
		return 0, m.err
	}
	return n, nil
}
