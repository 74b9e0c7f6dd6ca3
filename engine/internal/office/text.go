package office

import (
	"regexp"

	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
)

// tags matches HTML tags.
var tags = regexp.MustCompile(`</?[A-Za-z][^<>]{0,1000}>`)

// charset returns the encoding with a name as offices write it, nil if it is unknown.
func charset(name string) encoding.Encoding {
	name = strings.ToLower(strings.TrimSpace(name))
	switch name {
	case "ansi":
		return charmap.Windows1252
	case "oem", "dos", "":
		return charmap.CodePage850
	}
	for _, prefix := range []string{"windows-", "cp", "ibm", "ibm-"} {
		if digits, ok := strings.CutPrefix(name, prefix); ok && strings.Trim(digits, "0123456789") == "" {
			name = digits
		}
	}
	if strings.Trim(name, "0123456789") == "" { // the number of a code page
		switch name {
		case "65001":
			name = "utf-8"
		case "850", "437", "852", "855", "858", "860", "862", "863", "865", "866":
			if e, err := ianaindex.IANA.Encoding("IBM" + name); err == nil && e != nil {
				return e
			}
			name = "ibm" + name
		default:
			name = "windows-" + name
		}
	}
	if e, err := htmlindex.Get(name); err == nil {
		return e
	}
	if e, err := ianaindex.IANA.Encoding(name); err == nil {
		return e
	}
	return nil
}

// Decode decodes the bytes of a text. It tells the name of the encoding: what the file
// declares, UTF-8 or UTF-16 if the bytes are, and otherwise Windows-1252, which
// contains Latin-1.
func decode(data []byte, declared string) (text string, name string, err error) {
	switch {
	case len(data) >= 3 && string(data[:3]) == "\xef\xbb\xbf" && utf8.Valid(data):
		return string(data[3:]), "utf-8", nil
	case len(data) >= 2 && (data[0] == 0xff && data[1] == 0xfe || data[0] == 0xfe && data[1] == 0xff):
		e, _ := htmlindex.Get("utf-16le")
		if data[0] == 0xfe {
			e, _ = htmlindex.Get("utf-16be")
		}
		out, err := e.NewDecoder().Bytes(data[2:])
		return string(out), "utf-16", err
	case utf8.Valid(data) && (declared == "" || !ascii(data)):
		return string(data), "utf-8", nil // text in another encoding is hardly ever valid UTF-8
	}
	if declared == "" {
		declared = "windows-1252"
	}
	e := charset(declared)
	if e == nil {
		return "", "", faultf(0, 0, "the encoding %q is not known", declared).hint("save the file as UTF-8")
	}
	out, err := e.NewDecoder().Bytes(data)
	return string(out), declared, err
}

func ascii(data []byte) bool {
	for _, b := range data {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
