package enrich

import (
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/kind"
)

// TestLengthAdvice: a text that misses its limits by little is still asked for in other words.
func TestLengthAdvice(t *testing.T) {
	text := strings.Repeat("words ", 10) + "and" // 63 characters
	for _, x := range []struct {
		chars kind.Length
		want  string
	}{
		{kind.Length{Min: 60, Max: 70}, ""},
		{kind.Length{Min: 120, Max: 140, Target: 126}, "with about 11 words more"},
		{kind.Length{Min: 10, Max: 50}, "with about 5 words fewer"},
		{kind.Length{Min: 64, Max: 64}, "with about 1 word more"},
		{kind.Length{Min: 62, Max: 62}, "with about 1 word fewer"},
	} {
		f := &field{Field: &kind.Field{Text: &kind.TextSpec{Chars: x.chars}}}
		if got := lengthAdvice(f, &record{Text: text}); !strings.HasSuffix(got, x.want) || (got == "") != (x.want == "") {
			t.Errorf("%+v: got %q, want %q", x.chars, got, x.want)
		}
	}
}
