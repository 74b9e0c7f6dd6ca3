package tokenize_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/tokenize"
)

// TestRead checks the positions of words, and that hashes do not depend on case.
func TestRead(t *testing.T) {
	var s, upper tokenize.Tokenizer
	const text = "Ștefan-Vodă, the 2nd “Мир” αβ\u0301 e\u0301té…"
	s.Read(text)
	upper.Read(strings.ToUpper(text))
	var words, low []string
	for i, w := range s.Words {
		words, low = append(words, text[w.From:w.To]), append(low, string(s.Lower[w.From:w.To]))
		if w.Hash != upper.Words[i].Hash {
			t.Errorf("the hash of %q is different in upper case", text[w.From:w.To])
		}
	}
	if got := strings.Join(words, "|"); got != "Ștefan|Vodă|the|2nd|Мир|αβ\u0301|e\u0301té" {
		t.Errorf("got words %s", got)
	}
	if got := strings.Join(low, "|"); got != "ștefan|vodă|the|2nd|мир|αβ\u0301|e\u0301té" {
		t.Errorf("got words in lower case %s", got)
	}
	if s.Chars != utf8.RuneCountInString(text) || !s.Words[3].Digit || s.Words[2].Joined || !s.Words[4].Joined {
		t.Errorf("got %+v", s)
	}
}

// TestReadProperty compares the tokenizer with a simple one on random texts of many
// kinds of characters, with lengths around the number of bytes read at a time.
func TestReadProperty(t *testing.T) {
	alphabet := []string{"a", "B", "z", "7", "0", "/", ":", "@", "[", "_", "\x60", "{", " ", "\n", "-", "ș", "Ț", "Ж", "İ", "\u212a", "中", "e\u0301", "\xff", "\xc8", "…", "“", "😀", "𝔄"}
	source := rng.New(1, "scan").Source()
	inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) }
	var s tokenize.Tokenizer
	seen := map[string]uint64{}
	for n := range 6000 {
		text := ""
		for range source.Below(40 + n%120) {
			text += alphabet[source.Below(len(alphabet)-16*(n%2))] // ASCII every second time
		}
		s.Read(text)
		want := strings.FieldsFunc(text, func(r rune) bool { return !inWord(r) })
		var got []string
		for _, w := range s.Words {
			got = append(got, text[w.From:w.To])
			low := string(s.Lower[w.From:w.To])
			//lint:ignore SA6005 EqualFold folds more letters than ToLower, which the tokenizer follows
			if strings.ToLower(low) != strings.ToLower(text[w.From:w.To]) || w.Digit != strings.ContainsAny(low, "0123456789") {
				t.Errorf("%q: word %q: %+v", text, low, w)
			}
			if hash, ok := seen[low]; ok && hash != w.Hash {
				t.Errorf("%q: word %q has two hashes", text, low)
			}
			seen[low] = w.Hash
		}
		if !slices.Equal(got, want) || s.Chars != utf8.RuneCountInString(text) || len(s.Lower) != len(text) {
			t.Fatalf("%q: got words %q and %d characters, want %q", text, got, s.Chars, want)
		}
	}
	hashes := map[uint64]string{}
	for low, hash := range seen {
		if other, ok := hashes[hash]; ok {
			t.Errorf("%q and %q have the same hash", low, other)
		}
		hashes[hash] = low
	}
}

// TestAlphabet counts letters inside and outside an alphabet.
func TestAlphabet(t *testing.T) {
	for _, c := range []struct {
		letters       string
		latin         bool
		text          string
		home, foreign int
	}{
		{"ăț", true, "Ăla țese", 2, 0},
		{"ăț", true, "Ăla вяжет", 1, 5},
		{"авя", false, "Ява, not tea", 3, 6},
		{"ᏸ", true, "ᏸ Ᏹ 12", 1, 1},
	} {
		s := tokenize.Tokenizer{Alphabet: tokenize.NewAlphabet(c.letters, c.latin)}
		for range 2 { // counts begin again
			if s.Read(c.text); s.Home != c.home || s.Foreign != c.foreign {
				t.Errorf("%q in %q: got %d letters, %d foreign, want %d, %d", c.text, c.letters, s.Home, s.Foreign, c.home, c.foreign)
			}
		}
		s.Alphabet = nil
		if s.Read(c.text); s.Home != 0 || s.Foreign != 0 {
			t.Errorf("%q without an alphabet: got %d letters, %d foreign, want 0, 0", c.text, s.Home, s.Foreign)
		}
	}
}

// TestFlaws finds the first character that cannot be printed and the first
// remains of a template.
func TestFlaws(t *testing.T) {
	for _, c := range []struct {
		text              string
		unprintable, mark int
	}{
		{"a\nb – 5 < 7, a<b, 3>2", -1, -1},
		{"a \x07 \xff", 2, -1},
		{"<no value> {", -1, 0},
		{"a } \ufeff <x>", 4, 2},
		{"<" + strings.Repeat("long ", 9) + ">", -1, -1},
	} {
		var s tokenize.Tokenizer
		if s.Read(c.text); s.Unprintable != c.unprintable || s.Mark != c.mark {
			t.Errorf("%q: got positions %d, %d, want %d, %d", c.text, s.Unprintable, s.Mark, c.unprintable, c.mark)
		}
	}
}

func ExampleTokenizer_Read() {
	var t tokenize.Tokenizer
	t.Read("Ștefan-Vodă, 2nd")
	for _, w := range t.Words {
		fmt.Printf("%s joined=%t digit=%t\n", t.Lower[w.From:w.To], w.Joined, w.Digit)
	}
	// Output:
	// ștefan joined=false digit=false
	// vodă joined=true digit=false
	// 2nd joined=false digit=true
}
