package endpoint

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// appendQuoted appends text as a JSON string.
func appendQuoted(dst []byte, text string) []byte {
	const hex = "0123456789abcdef"
	text = validUTF8(text)
	dst = append(slices.Grow(dst, len(text)+len(text)/16+2), '"')
	done := 0
	for i := 0; i < len(text); i++ {
		b := text[i]
		if b >= ' ' && b != '"' && b != '\\' {
			continue
		}
		dst = append(dst, text[done:i]...)
		switch b {
		case '"', '\\':
			dst = append(dst, '\\', b)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
		}
		done = i + 1
	}
	return append(append(dst, text[done:]...), '"')
}

// stringEnd returns the index of the quote that ends a JSON string, -1 if none does.
func stringEnd(data []byte) int {
	for from := 0; ; {
		q := bytes.IndexByte(data[from:], '"')
		if q < 0 {
			return -1
		}
		q += from
		slashes := 0
		for slashes < q && data[q-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return q
		}
		from = q + 1
	}
}

var errString = errors.New("a string of the reply is not JSON")

// unquote decodes what stands between the quotes of a JSON string. Control
// characters that JSON would have escaped are accepted, since models write them.
func unquote(text []byte) (string, error) {
	var out strings.Builder
	out.Grow(len(text))
	for {
		at := bytes.IndexByte(text, '\\')
		if at < 0 {
			out.Write(text)
			return validUTF8(out.String()), nil
		}
		out.Write(text[:at])
		r, size, err := unescape(text[at:])
		if err != nil {
			return "", err
		}
		out.WriteRune(r)
		text = text[at+size:]
	}
}

// validUTF8 is strings.ToValidUTF8, faster where there is nothing to mend.
func validUTF8(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// unescape decodes the escape at the start of text.
func unescape(text []byte) (r rune, size int, err error) {
	if len(text) < 2 {
		return 0, 0, errString
	}
	switch text[1] {
	case '"', '\\', '/':
		return rune(text[1]), 2, nil
	case 'b':
		return '\b', 2, nil
	case 'f':
		return '\f', 2, nil
	case 'n':
		return '\n', 2, nil
	case 'r':
		return '\r', 2, nil
	case 't':
		return '\t', 2, nil
	case 'u':
		r, err := codeUnit(text)
		if err != nil || !utf16.IsSurrogate(r) {
			return r, 6, err
		}
		if second, err := codeUnit(text[6:]); err == nil {
			if pair := utf16.DecodeRune(r, second); pair != utf8.RuneError {
				return pair, 12, nil
			}
		}
		return utf8.RuneError, 6, nil
	}
	return 0, 0, errString
}

// codeUnit reads \uXXXX.
func codeUnit(text []byte) (rune, error) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, errString
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return 0, errString
	}
	return rune(n), nil
}
