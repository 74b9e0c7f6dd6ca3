package dataset

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestReadList(t *testing.T) {
	for text, want := range map[string][]string{
		`['a', 'b']`:                {"a", "b"},
		`["it's", 'say "x"']`:       {"it's", `say "x"`},
		`["a","b\n\u0219\/"]`:       {"a", "b\nș/"},
		` ['ață', 'b',] `:           {"ață", "b"},
		`['a' 'b'` + "\n" + ` 'c']`: {"a", "b", "c"},
		`[]`:                        nil,
		`[ ]`:                       nil,
		`['it\'s', '\x41\q']`:       {"it's", `A\q`},
		`[1, 2.5, None, null, x]`:   {"1", "2.5", "x"},
		`['None', 'a, b', '[c]']`:   {"None", "a, b", "[c]"},
	} {
		got, _, ok := ReadList(text)
		if !ok || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, ok %v, want %q", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "a, b", "['a'", "['a", "'a'", "[['a'], ['b']]", "[,]", "['a'] b", `['\u12']`, `['\`, "[a]]"} {
		if got, _, ok := ReadList(text); ok {
			t.Errorf("%q: got %q, want no list", text, got)
		}
	}
}

// A list is exact when all of its items are quoted texts.
func TestReadListExact(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string // nil for no exact list
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
		items, exact, _ := ReadList(c.text)
		if exact != (c.want != nil) || exact && !slices.Equal(items, c.want) {
			t.Errorf("%s: got %q, exact %v, want %q", c.text, items, exact, c.want)
		}
	}
}

// No text makes ReadList panic, items come from the text, and a list printed as JSON
// or as Python does is read as it was.
func FuzzReadList(f *testing.F) {
	for _, text := range []string{`['a', "b"]`, `["a\n"]`, `['a' 'b']`, "[", `['\x41', None]`, "['ș']"} {
		f.Add(text)
	}
	f.Add("\b\f\v\a")
	f.Fuzz(func(t *testing.T, text string) {
		items, _, ok := ReadList(text)
		if !ok && items != nil {
			t.Errorf("%q: got items of a text that is not a list", text)
		}
		total := 0
		for _, item := range items {
			total += len(item)
		}
		if total > 3*len(text) { // an invalid code becomes a sign of three bytes
			t.Errorf("%q: got items of %d bytes", text, total)
		}
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\u2028\u2029\x00\ufffd") {
			return
		}
		want := []string{text, "b"}
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		escaped := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text)
		for _, printed := range []string{string(data), fmt.Sprintf("['%s', 'b']", escaped)} {
			if got, _, ok := ReadList(printed); !ok || !slices.Equal(got, want) {
				t.Errorf("%s: got %q", printed, got)
			}
		}
	})
}

func ExampleReadList() {
	items, exact, ok := ReadList(`['knots', "sailor's songs"]`)
	fmt.Println(len(items), items[1], exact, ok)
	// Output: 2 sailor's songs true true
}
