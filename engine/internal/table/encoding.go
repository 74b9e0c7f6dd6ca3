package table

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// marks are the byte order marks of encodings, longest first.
var marks = []struct {
	mark     []byte
	name     string
	encoding encoding.Encoding // nil for UTF-8
}{
	{[]byte{0xff, 0xfe, 0, 0}, "utf-32le", utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)},
	{[]byte{0, 0, 0xfe, 0xff}, "utf-32be", utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)},
	{[]byte{0xef, 0xbb, 0xbf}, "utf-8", nil},
	{[]byte{0xff, 0xfe}, "utf-16le", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	{[]byte{0xfe, 0xff}, "utf-16be", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
}

// decode returns the bytes of a file in UTF-8, without a byte order mark. The mark
// takes precedence over the name. Bytes without
// a name may not be UTF-8; those with a name are, and an error says what is wrong.
func decode(data []byte, name string) (text []byte, err error) {
	for _, m := range marks {
		rest, ok := bytes.CutPrefix(data, m.mark)
		switch {
		case !ok:
			continue
		case m.encoding == nil:
			return rest, nil
		}
		text, err = m.encoding.NewDecoder().Bytes(rest)
		return text, err
	}
	if name == "" {
		return data, nil
	}
	e, err := encodingNamed(name)
	if err != nil || e == nil {
		return data, err
	}
	text, err = e.NewDecoder().Bytes(data)
	if err == nil && bytes.ContainsRune(text, utf8.RuneError) {
		err = fmt.Errorf("it is not in the encoding %s", name)
	}
	return text, err
}

// encodingNamed returns the encoding with an IANA name or an alias such as latin1,
// cp1252 or windows-1251; nil for UTF-8.
func encodingNamed(name string) (encoding.Encoding, error) {
	e, err := ianaindex.IANA.Encoding(name)
	if err != nil || e == nil {
		e, err = htmlindex.Get(name)
	}
	if err != nil || e == nil {
		return nil, fmt.Errorf("no encoding is called %q", name)
	}
	if e == unicode.UTF8 {
		return nil, nil
	}
	return e, nil
}

// CheckEncoding returns an error if there is no encoding of this name.
func CheckEncoding(name string) error {
	_, err := encodingNamed(name)
	return err
}
