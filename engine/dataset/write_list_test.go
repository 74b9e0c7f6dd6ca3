package dataset

import (
	"slices"
	"testing"

	"github.com/personagen/personagen/engine/frame"
)

// Lists as text are written as Python's repr and JSON write them, and read again.
func TestListsAsText(t *testing.T) {
	items := []string{"rain", "it's", `"q"`, `it's "q"`, `back\slash`, "a\nb\tc\r", "țară 日本 😀", "\u200b\x01\u00ad", ""}
	c := &frame.Column{Texts: items, Offsets: []int32{0, int32(len(items)), int32(len(items))}}
	want := `['rain', "it's", '"q"', 'it\'s "q"', 'back\\slash', 'a\nb\tc\r', 'țară 日本 😀', '\u200b\x01\xad', '']`
	python := string(AppendPythonList(nil, c, 0, nil))
	if python != want {
		t.Errorf("got  %s\nwant %s", python, want)
	}
	for _, text := range []string{python, string(AppendJSONList(nil, c, 0, nil))} {
		got, exact, ok := ReadList(text)
		if !exact || !ok || !slices.Equal(got, items) {
			t.Errorf("%s: got %q", text, got)
		}
	}
	if got := string(AppendPythonList(nil, c, 1, nil)); got != "[]" {
		t.Errorf("got %s for an empty list", got)
	}
}
