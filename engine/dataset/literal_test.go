package dataset

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWrittenList(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string // nil for no list
	}{
		{`[]`, []string{}},
		{` [ ] `, []string{}},
		{`['one', 'two']`, []string{"one", "two"}},
		{`["it's", 'a "b"']`, []string{"it's", `a "b"`}},
		{`['it\'s', 'tab\t', 'ț', 'ț', 'back\\slash']`, []string{"it's", "tab\t", "ț", "ț", `back\slash`}},
		{`["\ud83d\ude00","\/"]`, []string{"😀", "/"}},
		{`['\xe2', '\U0001f600']`, []string{"â", "😀"}},
		{"['numpy' 'has\nno'\n 'commas']", []string{"numpy", "has\nno", "commas"}},
		{`['trailing',]`, []string{"trailing"}},
		{`['a, b', '[c]']`, []string{"a, b", "[c]"}},
		{`one, two`, nil},
		{`['open`, nil},
		{`['open]`, nil},
		{`[1, 2]`, nil},
		{`['a', None]`, nil},
		{`['\q']`, nil},
		{`['\u12']`, nil},
		{``, nil},
		{`[`, nil},
	} {
		items, ok := writtenList([]byte(c.text))
		var got []string
		if ok {
			got = []string{}
			for _, item := range items {
				got = append(got, string(item))
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.text, d)
		}
	}
}

// FuzzWrittenList: what JSON reads as a list of texts comes out the same, and
// nothing makes it panic.
func FuzzWrittenList(f *testing.F) {
	for _, seed := range []string{`["a","b"]`, `['a', "b'"]`, `["\u00e9\ud800"]`, `[`, `['\x`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		items, ok := writtenList([]byte(text))
		var want []string
		if json.Unmarshal([]byte(text), &want) != nil || want == nil {
			return
		}
		for _, s := range want { // null is "" to JSON, and half a pair of surrogates U+FFFD
			if s == "" || !json.Valid([]byte(text)) {
				return
			}
		}
		if !ok || len(items) != len(want) {
			t.Fatalf("%q: %q, want %q", text, items, want)
		}
	})
}
