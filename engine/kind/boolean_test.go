package kind

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Truth values are those of conditions and templates; the same labels as texts are
// texts.
func TestBooleans(t *testing.T) {
	fields := must(t, `fields: {
		works: {kind: "category", values: [true, false]}
		said: {kind: "category", values: ["true", "false"]}
		age: {kind: "integer", min: 0, max: 1}
		adult: {kind: "group", of: "age", cuts: [1], labels: [false, true]}
		asked: {kind: "group", of: "said", map: {"true": true}, other: false}
		both: {kind: "group", of: ["works", "adult"], cases: [{label: true, when: {works: true, adult: true}}], other: false}
		always: {kind: "constant", value: true}
		text: {kind: "template", text: "{{ if .works }}works{{ else }}rests{{ end }} {{ .said }}{{ if .said }}!{{ end }}"}
		plain: {kind: "template", text: "{{ .works }}"}
	}`, nil)
	middle := must(t, `fields: {
		age: {kind: "integer", min: 0, max: 3}
		worker: {kind: "group", of: "age", cuts: [1, 3], labels: [false, true, false]}
	}`, nil)[1]
	if d := cmp.Diff([]int32{1, 2, 2, 1}, middle.Lookup().Case); d != "" || middle.Domain.Size() != 2 {
		t.Errorf("bands with the same label are %d values: %s", middle.Domain.Size(), d)
	}
	for i, want := range []bool{true, false, false, true, true, true, true} {
		if got := fields[i].Domain.Boolean; got != want || fields[i].Column().Boolean != want {
			t.Errorf("%s has truth values: %t, want %t", fields[i].Name, got, want)
		}
	}
	got := map[string]bool{}
	for _, row := range lines(fill(t, fields, Env{Seed: 1}, 0, 200)) {
		got[row] = true
	}
	want := map[string]bool{}
	for _, works := range []string{"true", "false"} {
		for _, said := range []string{"true", "false"} {
			for _, age := range []string{"0", "1"} {
				adult, both, text := "false", "false", "rests "
				if age == "1" {
					adult = "true"
				}
				if works == "true" {
					text = "works "
					both = adult
				}
				want[works+"|"+said+"|"+age+"|"+adult+"|"+said+"|"+both+"|true|"+text+said+"!|"+works] = true
			}
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestBooleanFaults(t *testing.T) {
	const head = "fields: {\n works: {kind: \"category\", values: [true, false]}\n said: {kind: \"category\", values: [\"true\", \"false\"]}\n "
	for _, c := range []struct{ name, stanza, want string }{
		{"mixed", `a: {kind: "category", values: [true, "false"]}`, `spec.cue:5:33 bad-label: true is a truth value, but "false" is not | write all labels as true or false, or all in quotation marks`},
		{"mixed in a group", `a: {kind: "group", of: "said", map: {"true": true}, other: "no"}`, `spec.cue:5:47 bad-label: true is a truth value, but "no" is not | write all labels as true or false, or all in quotation marks`},
		{"twice", `a: {kind: "category", values: [true, true]}`, `spec.cue:5:39 duplicate-label: label "true" appears twice | remove one`},
		{"quoted", `a: {kind: "template", when: works: "true", text: "x"}`, `spec.cue:5:30 never-holds: no value of field "works" satisfies "true" | the values of field "works" are truth values, without quotation marks: true, false`},
		{"quoted beside another", `a: {kind: "template", when: works: false | "true", text: "x"}`, `spec.cue:5:30 never-holds: "true" is not a value of field "works", in the condition false | "true" | the values of field "works" are truth values, without quotation marks: true, false`},
		{"bare", `a: {kind: "template", when: said: true, text: "x"}`, `spec.cue:5:30 never-holds: no value of field "said" satisfies true | the values of field "said" are texts, in quotation marks: write "true"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := compile(t, head+c.stanza+"\n}", nil)
			if d := cmp.Diff(c.want, show(got.Diags)); d != "" {
				t.Error(d)
			}
		})
	}
}
