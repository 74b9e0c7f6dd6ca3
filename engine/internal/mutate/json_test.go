package mutate

import (
	"encoding/json"
	"testing"
)

func TestReplace(t *testing.T) {
	doc, err := Parse([]byte(`{"a": [1, {"b": "x"}], "c": null}`))
	if err != nil {
		t.Fatal(err)
	}
	if doc.Values() != 6 {
		t.Fatalf("got %d values, want 6", doc.Values())
	}
	for _, test := range []struct {
		number uint
		value  string
		want   string
	}{
		{0, "-1", `{"a": [-1, {"b": "x"}], "c": null}`},
		{1, "[]", `{"a": [1, {"b": []}], "c": null}`},
		{2, "x y", `{"a": [1, "x y"], "c": null}`},
		{3, "@1", `{"a": "x", "c": null}`},
		{3, "+0", `{"a": [1, {"b": "x"},1], "c": null}`},
		{2, "+0", `{"a": [1, {"b": "x","added":1}], "c": null}`},
		{4, "", `{"a": [1, {"b": "x"}], "c": ""}`},
		{11, "0", `0`},
	} {
		if got := string(doc.Replace(test.number, test.value)); got != test.want {
			t.Errorf("value %d with %q: got %s, want %s", test.number, test.value, got, test.want)
		}
	}
}

func FuzzReplace(f *testing.F) {
	f.Add(`{"a": [1, {"b": "x"}], "c": null}`, uint(3), "@1")
	f.Add(`[]`, uint(0), "+0")
	f.Fuzz(func(t *testing.T, text string, number uint, value string) {
		doc, err := Parse([]byte(text))
		if err == nil && !json.Valid(doc.Replace(number, value)) {
			t.Errorf("%q, value %d with %q: %q", text, number, value, doc.Replace(number, value))
		}
	})
}
