package endpoint

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzText compares the ways of long texts with encoding/json.
func FuzzText(f *testing.F) {
	f.Add("plain", `{"a":"b"}`)
	f.Add("\"\\\n\t\x00\x1f\u2028<&>ț🙂\xff", `{"a":["\ud83d\ude42\u021b\/\b\f\n\r\t\"\\"],"b":"\ud800x","c":1}`)
	f.Add(strings.Repeat("\\", 300), `{"a":"`+strings.Repeat(`\\`, 300)+`","b":"`+strings.Repeat("x", 255)+`\""}`)
	f.Fuzz(func(t *testing.T, text, reply string) {
		quoted := appendQuoted(nil, text)
		var back string
		if err := json.Unmarshal(quoted, &back); err != nil || back != strings.ToValidUTF8(text, "\uFFFD") {
			t.Errorf("appendQuoted(%q) = %s: %q, %v", text, quoted, back, err)
		}
		if got, err := unquote(quoted[1 : len(quoted)-1]); err != nil || got != back {
			t.Errorf("unquote(%s) = %q, %v", quoted, got, err)
		}
		compareStrings(t, reply)
	})
}

// compareStrings checks unquote on a JSON string.
func compareStrings(t *testing.T, reply string) {
	var want string
	if json.Unmarshal([]byte(reply), &want) != nil || !utf8.ValidString(reply) {
		return
	}
	raw := bytes.TrimSpace([]byte(reply))
	if len(raw) < 2 || raw[0] != '"' {
		return
	}
	if got, err := unquote(raw[1 : len(raw)-1]); err != nil || got != want {
		t.Errorf("unquote(%s) = %q, %v; want %q", raw, got, err, want)
	}
}

func TestUnquoteFaults(t *testing.T) {
	for _, text := range []string{`\`, `\q`, `\u12`, `\u12g4`, `a\`} {
		if got, err := unquote([]byte(text)); err == nil {
			t.Errorf("unquote(%s) = %q", text, got)
		}
	}
}

func TestOneLine(t *testing.T) {
	if got := oneLine(" a\n\tb\xff "); got != "a b?" {
		t.Errorf("%q", got)
	}
	if got := oneLine(strings.Repeat("ț", 1000)); utf8.RuneCountInString(got) != 301 {
		t.Errorf("%d runes", utf8.RuneCountInString(got))
	}
}
