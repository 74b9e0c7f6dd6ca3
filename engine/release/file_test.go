package release

import (
	"bytes"
	"encoding/json"
	"testing"
)

// A document is laid out as json.Indent does it, arrays of numbers aside.
func TestIndent(t *testing.T) {
	for _, v := range []any{
		nil, 3.5, "a", []int{}, map[string]int{}, []any{},
		map[string]any{"a": []any{}, "b": map[string]any{"c]": nil, "d\"[1,2]": true}, "e": []any{"x", "é<\\\n"}, "f": [][]string{{}, {"1"}}},
		[]any{1, "a"}, []any{1, nil}, []any{1, []any{true}}, []any{map[string]any{"a": -1e300}},
	} {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		if err := json.Indent(&want, data, "", " "); err != nil {
			t.Fatal(err)
		}
		if got := indent(data); string(got) != want.String() {
			t.Errorf("%s: got\n%s\nwant\n%s", data, got, want.String())
		}
	}
	const want = "{\n \"a\": [1, -2.5e-7, 3],\n \"b\": [\n  [4],\n  [5, 6]\n ]\n}"
	if got := indent([]byte(`{"a":[1,-2.5e-7,3],"b":[[4],[5,6]]}`)); string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
