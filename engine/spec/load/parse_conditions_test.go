package load

import (
	"testing"

	"github.com/personagen/personagen/engine/diag"
)

func TestParseConditions(t *testing.T) {
	texts := []string{`age: >=15 & <25, zone: "N" | "S"`, `guild: null`, `hue: =~"^a"`}
	var places []diag.Place
	for i := range texts {
		places = append(places, diag.Place{File: "b.txt", Line: i + 1, Column: 7})
	}
	faults := &diag.List{}
	got := ParseConditions(texts, places, faults)
	if len(faults.Items) > 0 {
		t.Fatal(faults.Items)
	}
	for _, c := range []struct {
		condition, term int
		field           string
		accepted        []any
		refused         []any
	}{
		{0, 0, "age", []any{int64(15), int64(24), 20.0}, []any{int64(14), int64(25), "20", nil}},
		{0, 1, "zone", []any{"N", "S"}, []any{"E", "", nil}},
		{1, 0, "guild", []any{nil}, []any{"rope", int64(0)}},
		{2, 0, "hue", []any{"amber"}, []any{"slate", nil}},
	} {
		cond := got[c.condition]
		term := cond.Terms[c.term]
		if cond.Text != texts[c.condition] || cond.Place != places[c.condition] || term.Place != cond.Place || term.Field != c.field {
			t.Errorf("condition %q: got %+v", texts[c.condition], cond)
		}
		for _, v := range c.accepted {
			if !term.Accept(v) {
				t.Errorf("%s does not accept %v", term.Text, v)
			}
		}
		for _, v := range c.refused {
			if term.Accept(v) {
				t.Errorf("%s accepts %v", term.Text, v)
			}
		}
	}
}

func TestParseConditionFaults(t *testing.T) {
	for text, want := range map[string]string{
		`age >= 15`:        `not a condition: reference "age" not found`,
		`age: >=`:          `not a condition: expected operand, found '}'`,
		`age: <5, age: >9`: `not a condition: age: incompatible number bounds <5 and >9`,
		`age: nowhere`:     `not a condition: age: reference "nowhere" not found`,
		`}`:                `not a condition: expected 'EOF', found '}'`,
		``:                 `the condition is empty`,
		`// words`:         `the condition is empty`,
		`_age: 5`:          `the condition is empty`,
		`zone: {a: "N"}`:   `no value of field "zone" can meet the constraint { a: "N" }`,
		`zone: ["N"]`:      `no value of field "zone" can meet the constraint ["N"]`,
	} {
		faults := &diag.List{}
		place := diag.Place{File: "b.txt", Line: 3, Column: 9}
		if got := ParseConditions([]string{text}, []diag.Place{place}, faults); got[0] != nil || len(faults.Items) != 1 {
			t.Errorf("%q: got condition %+v and faults %+v, want one fault", text, got[0], faults.Items)
			continue
		}
		if d := faults.Items[0]; d.Message != want || d.Place != place || d.Hint == "" {
			t.Errorf("%q: got %+v, want %s", text, d, want)
		}
	}
}

func FuzzParseConditions(f *testing.F) {
	for _, text := range []string{`age: >=15 & <25, zone: "N" | "S"`, `}{`, `a: b, b: a`, `a: len("x")`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		faults := &diag.List{}
		if got := ParseConditions([]string{text}, make([]diag.Place, 1), faults); (got[0] == nil) != faults.Failed() {
			t.Fatalf("got condition %+v and faults %+v", got[0], faults.Items)
		}
	})
}
