package kind

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/prompt"
	"github.com/personagen/personagen/engine/spec"
)

const textHead = `fields: {
 hue: {kind: "category", values: ["red", "blüe"]}
 age: {kind: "integer", min: 5, max: 7, when: hue: "red"}
 wage: {kind: "number", uniform: {low: 1000000, high: 2000000}, round: 0.5, when: hue: "red"}
 wares: {kind: "list", values: {tea: 1, salt: 1}, count: {min: 0, max: 2}, when: hue: "red"}
 rank: {kind: "category", values: ["low"], when: hue: "red"}
 id: {kind: "id"}
 t: {kind: "template", `

// Concatenation and text/template write the same text for every type of column,
// null included.
func TestTemplateValues(t *testing.T) {
	c, fields := compile(t, textHead+`text: "{{ .hue }};{{ .age }};{{ .wage }};{{ .wares }};{{ .rank }}"}
		slow: {kind: "template", text: "{{ .hue }};{{ .age }};{{ .wage }};{{ .wares }};{{ .rank }}{{ if false }}{{ end }}"}
		typed: {kind: "template", text: "{{ kindOf .hue }} {{ kindOf .age }} {{ kindOf .wage }} {{ kindOf .wares }}"}}`, nil)
	if len(c.Diags.Items) > 0 {
		t.Fatal(show(c.Diags))
	}
	for _, i := range []int{1, 2, 3} { // the compiler of plans does so for fields with a when
		fields[i].Nullable = true
	}
	b := fill(t, fields, Env{Seed: 1}, 0, 6)
	b.Columns[0].Codes = []int32{0, 0, 1, 0, 0, 0}
	b.Columns[1].Ints, b.Columns[1].Null = []int64{5, 6, 0, 7, 7, 7}, []bool{false, false, true, false, false, false}
	b.Columns[2].Floats, b.Columns[2].Null = []float64{1234567, 1.5, 0, 0, 1e21, 0.1}, []bool{false, false, true, false, false, false}
	b.Columns[3].Codes, b.Columns[3].Offsets = []int32{0, 1, 0}, []int32{0, 2, 3, 3, 3, 3, 3}
	b.Columns[3].Null = []bool{false, false, true, false, false, false}
	b.Columns[4].Codes = []int32{0, 0, -1, 0, 0, 0}
	for i := 6; i < len(fields); i++ {
		fillField(t, fields, Env{Seed: 1}, b, i, fields[i])
	}
	want := []string{"red;5;1234567;tea, salt;low", "red;6;1.5;tea;low", "blüe;;;;", "red;7;0;;low", "red;7;1000000000000000000000;;low", "red;7;0.1;;low"}
	if d := cmp.Diff(want, b.Columns[6].Texts); d != "" {
		t.Errorf("by concatenation:\n%s", d)
	}
	if d := cmp.Diff(want, b.Columns[7].Texts); d != "" {
		t.Errorf("by text/template:\n%s", d)
	}
	if got := b.Columns[8].Texts[0] + "|" + b.Columns[8].Texts[2]; got != "string int64 float64 slice|string string string slice" {
		t.Errorf("got types %s", got)
	}
	if _, ok := fields[6].Program.(*template).template.Plain(); !ok {
		t.Error("got no parts of the first template, want concatenation")
	}
	if _, ok := fields[7].Program.(*template).template.Plain(); ok {
		t.Error("got parts of the second template, want text/template")
	}
}

// A row for which the template fails is null and listed; all others have a text.
func TestTemplateFailsByRow(t *testing.T) {
	fields := must(t, `fields: {
		age: {kind: "integer", min: 0, max: 2}
		share: {kind: "template", text: "{{ div 6 .age }}"}
	}`, nil)
	b := fill(t, fields, Env{}, 0, 50)
	filler := fields[1].Program.Bind(&Env{Fields: fields, Field: fields[1]})
	b.Resize(0, 50)
	fillField(t, fields, Env{}, b, 0, fields[0])
	filler.Fill(b, &b.Columns[1])
	failed := filler.(Failer).Failed()
	zeros := 0
	for r, age := range b.Columns[0].Ints {
		if null := b.Columns[1].IsNull(frame.Text, r); null != (age == 0) {
			t.Errorf("row %d: age %d: got null %v, want %v", r, age, null, age == 0)
		} else if null {
			if zeros >= len(failed) || failed[zeros].Row != r || !strings.Contains(failed[zeros].Err.Error(), "share:1:4: div 6 .age: error calling div: runtime error: integer divide by zero") {
				t.Errorf("row %d: got failures %v, want a division by zero in this row", r, failed)
			}
			zeros++
		} else if b.Columns[1].Texts[r] != fmt.Sprint(6/age) {
			t.Errorf("row %d: got %q, want %d", r, b.Columns[1].Texts[r], 6/age)
		}
	}
	if zeros == 0 || len(failed) != zeros {
		t.Errorf("got %d failures, want %d and at least one", len(failed), zeros)
	}
}

func TestTemplateFaults(t *testing.T) {
	for _, c := range []struct{ stanza, want string }{
		{`text: "{{ .heu }} {{ uper .hue }}"`, "spec.cue:9:34 template: no field is called \"heu\" | did you mean \"hue\"?\nspec.cue:9:45 template: no function is called \"uper\" | did you mean \"upper\"?"},
		{`text: "x {{ now }}"`, "spec.cue:9:36 template: function \"now\" is not allowed: a text must depend on the persona alone and be the same every time | see the list of functions"},
		{`text: "{{ .hue"`, "spec.cue:9:31 template: unclosed action | "},
		{"text: \"\"\"\n   one\n   {{ .hue }} {{ .aeg }}\n   \"\"\"", "spec.cue:11:18 template: no field is called \"aeg\" | did you mean \"age\"?"},
		{`text: "{{ .hue.x }}"`, "spec.cue:9:34 template: field \"hue\" has no fields, so no \"x\" | it is a value or a list of values: remove \"x\""},
		{`text: "{{ if .age }}{{ upper .age }}{{ end }}"`, "spec.cue:9:53 template: the template fails for the values age=7: .age: wrong type for value; expected string; got int64 | convert it: toString returns a text, int and float64 return numbers"},
		{`when: hue: "red", text: "{{ if gt .wage 5 }}rich{{ end }}"`, "spec.cue:9:55 template: the template fails for the values wage=1: gt .wage 5: error calling gt: incompatible types for comparison: float64 and int | compare values of the same type: an integer with 5, another number with 5.0, a missing value with \"\""},
		{`text: "{{ if gt .age 5 }}old{{ end }}"`, "spec.cue:9:37 template: the template fails where \"age\" has no value: gt .age 5: error calling gt: incompatible types for comparison: string and int | put it inside {{ if .age }}, or add a when to the template"},
		{`text: "{{ if .age }}{{ if gt .age 5 }}old{{ end }}{{ end }}"`, ""},
		{`when: hue: "red", text: "{{ if gt .age 5 }}old{{ end }}"`, ""},
	} {
		got, _ := compile(t, textHead+c.stanza+"}\n}", nil)
		if d := cmp.Diff(c.want, show(got.Diags)); d != "" {
			t.Errorf("%s\n%s", c.stanza, d)
		}
	}
}

// A template over a field that failed to compile adds no diagnostic.
func TestTemplateOverFailedField(t *testing.T) {
	c, _ := compile(t, `fields: {
		town: {kind: "choice", csv: {file: "f.csv"}}
		t: {kind: "template", text: "{{ .town }}"}
	}`, map[string]string{"f.csv": "twon,x\na,1\n"})
	if want := "spec.cue:3:31 unknown-column: f.csv has no column \"town\" | did you mean \"twon\"?"; show(c.Diags) != want {
		t.Errorf("got %s, want %s", show(c.Diags), want)
	}
}

func TestTemplatePlaces(t *testing.T) {
	node := &spec.Node{String: "ab{{ .x }}"}
	if at := node.PositionAt(4); at.Line != 0 {
		t.Errorf("got place %v of a node without one", at)
	}
	if got := string(prompt.AppendText(nil, nullValue(&frame.Field{Type: frame.CategoryList}))); got != "" {
		t.Errorf("got text %q of a null list, want none", got)
	}
}

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func ids(t testing.TB, env Env, first int64, n int) []string {
	return fill(t, []*Field{{Name: "id", Kind: "id", Class: Derived, Type: frame.Text, Program: &id{}}}, env, first, n).Columns[0].Texts
}

// backward is the inverse of forward.
func (k *idKey) backward(l, r uint64) (uint64, uint64) {
	for i := idRounds - 1; i >= 0; i-- {
		l, r = r^k.round(i, l), l
	}
	return l, r
}

// personOf inverts writeUUID. That an inverse exists proves that different
// persons have different ids.
func personOf(t testing.TB, key idKey, text string) int64 {
	t.Helper()
	raw, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || !uuidForm.MatchString(text) {
		t.Fatalf("%q is not a UUID of version 8: %v", text, err)
	}
	high, low := binary.BigEndian.Uint64(raw), binary.BigEndian.Uint64(raw[8:])
	l, r := key.backward(high>>16<<13|high&0xfff<<1|low>>61&1, low&idHalfMask)
	if l != 0 {
		t.Fatalf("%q is not the id of any person", text)
	}
	return int64(r)
}

func TestIDsAreInvertible(t *testing.T) {
	for _, env := range []Env{{Seed: 5, Size: 1_000_000, Structure: [32]byte{1, 2, 3}}, {Seed: 5}} {
		for _, first := range []int64{0, 999_000, 1 << 40} {
			for r, text := range ids(t, env, first, 1000) {
				if got, want := personOf(t, newIDKey(&env), text), first+int64(r); got != want {
					t.Fatalf("id %q: got person %d, want %d", text, got, want)
				}
			}
		}
	}
}

func TestIDsDependOnSeedSizeAndStructure(t *testing.T) {
	env := Env{Seed: 5, Size: 1_000_000, Structure: [32]byte{1, 2, 3}}
	text := ids(t, env, 7, 1)[0]
	for name, other := range map[string]Env{
		"seed": {Seed: 6, Size: env.Size, Structure: env.Structure}, "size": {Seed: 5, Size: 999, Structure: env.Structure}, "structure": {Seed: 5, Size: env.Size},
	} {
		if ids(t, other, 7, 1)[0] == text {
			t.Errorf("another %s gives the same id", name)
		}
	}
}

const knownID0, knownID1 = "45c82b4e-ece1-8df9-bb61-fb3616843e93", "daa8b090-f66f-8a70-8044-ad6aa579dcfd"

// Ids of earlier releases must not change.
func TestIDKnownAnswer(t *testing.T) {
	if got := ids(t, Env{Seed: 1, Size: 100}, 0, 2); got[0] != knownID0 || got[1] != knownID1 {
		t.Errorf("got %q, want %q and %q", got, knownID0, knownID1)
	}
}

// Over consecutive persons every application bit of the ids is set in half of them.
func TestIDBits(t *testing.T) {
	const n = 20_000
	key := newIDKey(&Env{Seed: 3})
	var ones [128]int
	for person := range uint64(n) {
		high, low := uuid(key.forward(0, person))
		for bit := range 64 {
			ones[bit] += int(high >> bit & 1)
			ones[64+bit] += int(low >> bit & 1)
		}
	}
	for bit, count := range ones {
		want, fixed := map[int]int{12: 0, 13: 0, 14: 0, 15: n, 126: 0, 127: n}[bit]
		switch {
		case fixed && count != want:
			t.Errorf("bit %d: got %d ids with it set, want %d", bit, count, want)
		case !fixed && chiSquare([]int{count, n - count}, []float64{.5, .5}) < leastP/100:
			t.Errorf("bit %d: got %d of %d ids with it set, want about half", bit, count, n)
		}
	}
}

func FuzzIDKey(f *testing.F) {
	f.Add(uint64(1), uint64(0), uint64(3))
	f.Fuzz(func(t *testing.T, seed, l, r uint64) {
		key := newIDKey(&Env{Seed: seed})
		l, r = l&idHalfMask, r&idHalfMask
		if gotL, gotR := key.backward(key.forward(l, r)); gotL != l || gotR != r {
			t.Fatalf("seed %d: got %d, %d after forward and backward, want %d, %d", seed, gotL, gotR, l, r)
		}
	})
}
