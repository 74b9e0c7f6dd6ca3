package plaintext

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestVisible(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"plain\tBălți\n", "plain\tBălți\n"},
		{"\x1b]0;title\x07", `\u001b]0;title\u0007`},
		{"\u009b31m", `\u009b31m`}, {"a\x9bb", `a\x9bb`},
		{"c\u202ed\u2066e", `c\u202ed\u2066e`}, {"\x7f", `\u007f`},
	} {
		if got := Visible(c.text); got != c.want {
			t.Errorf("Visible(%q): got %s, want %s", c.text, got, c.want)
		}
	}
}

func TestInvisible(t *testing.T) {
	for text, want := range map[string]bool{
		"Bălți": false, "New York": false, "می\u200cخواهم": false, "क्\u200dष": false, "a b": false, "👩\u200d🚒": false,
		"a\u0000b": true, "c\u202ed": true, "e\u0007f": true, "a\u200bb": true, "a\u00adb": true, "\ufeffa": true, "a\u2028b": true,
		"a\nb": true, "a\tb": true, "\u200d": true, "a\u200d": true, "\u3164": true, "\u2800": true, "x\U000e0041": true,
	} {
		if _, got := Invisible(text); got != want {
			t.Errorf("Invisible(%q): got %v, want %v", text, got, want)
		}
	}
}

func TestFolded(t *testing.T) {
	for _, pair := range [][2]string{{"x", "x "}, {"Bălți", "Ba\u0306lt\u0326i"}, {"New York", "New\u00a0 York"}} {
		if Folded(pair[0]) != Folded(pair[1]) {
			t.Errorf("%q and %q look the same", pair[0], pair[1])
		}
	}
	if Folded("ab") == Folded("a b") {
		t.Error("ab and a b differ")
	}
}

func TestWriterPassesItsOwnSequencesOnly(t *testing.T) {
	var terminal, file strings.Builder
	const text = "\r\x1b[K\x1b[1;31mred\x1b[0m \x1b[8mhidden \rover\r\n\x1b]0;t\x07 ă"
	NewWriter(&terminal, true).Write([]byte(text))
	if want := "\r\x1b[K\x1b[1;31mred\x1b[0m " + `\u001b[8mhidden \u000dover` + "\r\n" + `\u001b]0;t\u0007 ă`; terminal.String() != want {
		t.Errorf("terminal: got %q, want %q", terminal.String(), want)
	}
	w := NewWriter(&file, false)
	for i := range len(text) { // characters in pieces
		if n, err := w.Write([]byte(text[i : i+1])); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	if strings.Contains(file.String(), "\x1b") || !strings.HasSuffix(file.String(), "ă") {
		t.Errorf("file: got %q", file.String())
	}
}

func FuzzVisible(f *testing.F) {
	f.Add("a\x1b[31m\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := Visible(s)
		if _, r, found := Steering(got); found || !utf8.ValidString(got) {
			t.Errorf("Visible(%q) = %q still steers by %U", s, got, r)
		}
	})
}

// A character that composed accepts is its own NFC, alone and after a letter that others
// would combine with.
func TestComposed(t *testing.T) {
	accepted := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		alone := composed(string(r))
		if long := "nine “бăȱ” " + string(r) + " – and on"; composed(long) != alone {
			t.Errorf("composed says %v of %U, but not in %q", alone, r, long)
		}
		if !alone {
			continue
		}
		accepted++
		for _, s := range []string{string(r), "e" + string(r), string(r) + "e"} {
			if !norm.NFC.IsNormalString(s) {
				t.Errorf("composed accepts %U in %q, which NFC changes", r, s)
			}
		}
	}
	if accepted < 800 {
		t.Errorf("got %d accepted characters, want more", accepted)
	}
	for _, s := range []string{"a\u0306", "\u2000", "\u212b", "\u1100\u1161", "x\xe2\x80"} {
		if composed(s) {
			t.Errorf("composed accepts %q", s)
		}
	}
}
