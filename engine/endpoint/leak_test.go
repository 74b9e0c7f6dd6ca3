package endpoint

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

const longKey = "sk-proj-Zx9Qw7Lm2Tr5Vb8Nc4Kd6Hf3Jg1Ps0Ya"

// leaks are forms in which a server may send a key back.
func leaks(key string) map[string]string {
	spread := strings.Join(strings.Split(key, ""), " ")
	var codes, references strings.Builder
	for _, b := range []byte(key) {
		fmt.Fprintf(&codes, "%%%02X", b)
		fmt.Fprintf(&references, "&#%d;", b)
	}
	return map[string]string{
		"plain":           "He says " + key + " to nobody.",
		"upper case":      strings.ToUpper(key),
		"a long part":     "He says " + key[4:30] + " to nobody.",
		"in thirds":       `{"a":"` + key[:14] + `","b":"` + key[14:27] + `","c":"` + key[27:] + `"}`,
		"in small pieces": "a " + key[:10] + " b " + key[10:20] + " c " + key[20:30] + " d " + key[30:],
		"spread":          spread,
		"hyphens":         strings.Join(strings.Split(key, ""), "-"),
		"base64":          base64.StdEncoding.EncodeToString([]byte(key)),
		"base64 offset 1": base64.StdEncoding.EncodeToString([]byte("x" + key + "yz")),
		"base64 offset 2": base64.URLEncoding.EncodeToString([]byte("Bearer: " + key + "y")),
		"hexadecimal":     hex.EncodeToString([]byte("a" + key)),
		"percent":         codes.String(),
		"references":      references.String(),
		"JSON in JSON":    `{\"a\":\"\\u0073` + key[1:] + `\"}`,
	}
}

// A key is found in every form in which its reader would find it, and never in prose.
func TestLeaks(t *testing.T) {
	secret := NewSecret(longKey)
	for name, text := range leaks(longKey) {
		if !secret.isIn(text) {
			t.Errorf("%s: not found in %q", name, text)
		}
		shown := secret.scrub(text)
		if strings.Contains(strings.ToLower(squeeze(shown)), strings.ToLower(squeeze(longKey))) || secret.isIn(shown) {
			t.Errorf("%s: %q is shown", name, shown)
		}
	}
	for _, text := range []string{"", "She keeps bees near the old mill and sings in the choir on Sundays.", "sk-proj- is how keys begin", strings.Repeat("Zx9 Qw7 ", 100), "%zz &amp; 100 % \\u"} {
		if secret.isIn(text) {
			t.Errorf("found in %q", text)
		}
	}
	if got := secret.scrub("no such model; your key is " + longKey + ", is it not?"); got != "no such model; your key is ***, is it not?" {
		t.Errorf("got %q", got)
	}
}

// A file from a server is written without the key, wherever its reader cuts it.
func TestMasked(t *testing.T) {
	secret := NewSecret(longKey)
	line := `{"a":"` + longKey + `","b":"sk-proj-Z"}` + "\n"
	text := strings.Repeat("x", 32<<10-20) + strings.Repeat(line, 3000) + longKey[:12]
	for name, r := range map[string]io.Reader{"whole": strings.NewReader(text), "bytes": iotest.OneByteReader(strings.NewReader(text[:40_000])), "halves": iotest.HalfReader(strings.NewReader(text)), "short": strings.NewReader("ab"), "key": strings.NewReader(longKey)} {
		got, err := io.ReadAll(secret.masked(r))
		if err != nil || strings.Contains(string(got), longKey) {
			t.Errorf("%s: %v, the key is in it: %v", name, err, strings.Contains(string(got), longKey))
		}
		if want := strings.ReplaceAll(text, longKey, strings.Repeat("\x00", len(longKey))); name == "whole" && string(got) != want {
			t.Errorf("%d bytes, want %d", len(got), len(want))
		}
	}
}
