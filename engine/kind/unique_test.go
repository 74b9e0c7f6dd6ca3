package kind

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var seats = func() string {
	var text strings.Builder
	text.WriteString("seat,sex\n")
	for i := range 2000 {
		fmt.Fprintf(&text, "F%d,f\nM%d,m\n", i, i)
	}
	return text.String()
}()

const uniqueSpec = `population: size: 1500
fields: {
	sex: {kind: "category", values: ["f", "m"]}
	card: {kind: "number", uniform: {low: 1000, high: 2499}, round: 1, unique: true}
	step: {kind: "number", uniform: {low: -10, high: 1000}, min: -1, max: 374.5, round: 0.25, unique: true}
	seat: {kind: "choice", given: ["sex"], csv: file: "seats.csv", unique: true}
	doc: {kind: "template", text: "{{ .sex }}-{{ .card }}/7", unique: true}
	mail: {kind: "template", text: "{{ .card }}@{{ .sex }}.org", unique: true}
	id: {kind: "id", unique: true}
}`

// No value repeats, and together the persons have every value of a field that has
// just enough.
func TestUnique(t *testing.T) {
	fields := must(t, strings.Replace(uniqueSpec, "population: size: 1500\n", "population: size: 1500\n", 1), map[string]string{"seats.csv": seats})
	b := fill(t, fields, Env{Seed: 4, Size: 1500}, 0, 1500)
	rows := lines(b)
	for i, f := range fields {
		if f.Unique == 0 {
			continue
		}
		seen := map[string]bool{}
		for _, row := range rows {
			seen[strings.Split(row, "|")[i]] = true
		}
		if len(seen) != b.N {
			t.Errorf("%s: %d persons have %d values", f.Name, b.N, len(seen))
		}
	}
	low, high := b.Columns[1].Floats[0], b.Columns[1].Floats[0]
	for _, v := range b.Columns[1].Floats {
		low, high = min(low, v), max(high, v)
	}
	if low != 1000 || high != 2499 {
		t.Errorf("1500 persons have the cards %g to %g, want 1000 to 2499", low, high)
	}
	if fields[2].Unique != 1503 {
		t.Errorf("from -1 to 374.5 there are %d multiples of 0.25, want 1503", fields[2].Unique)
	}
	if least, greatest := fields[2].Bounds(); least != -1 || greatest != 374.5 {
		t.Errorf("the bounds are %g to %g, want -1 to 374.5", least, greatest)
	}
}

// A person after the last value fails.
func TestUniqueFailsByRow(t *testing.T) {
	fields := must(t, "population: size: 3\nfields: n: {kind: \"number\", uniform: {low: 0, high: 2}, round: 1, unique: true}", nil)
	b := fill(t, fields, Env{}, 0, 5)
	filler := fields[0].Program.Bind(&Env{Fields: fields, Field: fields[0]})
	filler.Fill(b, &b.Columns[0])
	if failed := filler.(Failer).Failed(); len(failed) != 2 || failed[0].Row != 3 {
		t.Errorf("got %v, want failures of rows 3 and 4", failed)
	}
}

func TestUniqueFaults(t *testing.T) {
	const kinds = "unique are ids; numbers with uniform and round; choices of equally likely entries; and templates that are a unique field, or end or begin with one, set off by a character that it cannot contain"
	for _, c := range []struct{ name, stanza, want string }{
		{"few numbers", `kind: "number", uniform: {low: 0, high: 98}, round: 1`, `too-few-values: field "f" is unique and has 99 values, but there are 100 persons | add values, or generate fewer persons`},
		{"few entries", `kind: "choice", values: {a: 1, b: 1}`, `too-few-values: field "f" is unique and has 2 values, but there are 100 persons | add values, or generate fewer persons`},
		{"normal", `kind: "number", normal: {mean: 0, sd: 9}, round: 1`, "not-unique: this number cannot be unique: it has another distribution than one uniform | " + kinds},
		{"published mean", `kind: "number", uniform: {low: 0, high: 999}, round: 1, means: [{value: 500}]`, "not-unique: this number cannot be unique: its values follow published statistics | " + kinds},
		{"not rounded", `kind: "number", uniform: {low: 0, high: 9}`, "not-unique: this number cannot be unique: it is not rounded, so its values are not listed | " + kinds},
		{"huge", `kind: "number", uniform: {low: 0, high: 1e14}, round: 1`, "unique-range: from 0 to 1e+14 there are 1e+14 multiples of 1; a unique number has 1 to 1099511627776 values | change the range, or round to another step"},
		{"weights", `kind: "choice", values: {a: 1, b: 2}`, "not-unique: this choice cannot be unique: its entries are drawn by weight | " + kinds},
		{"category", `kind: "category", values: ["a", "b"]`, "not-unique: this category cannot be unique: its values repeat | " + kinds},
		{"constant", `kind: "constant", value: "a"`, "not-unique: this constant cannot be unique: its values repeat | " + kinds},
		{"list", `kind: "list", values: {a: 1}, count: {min: 1, max: 1}`, "not-unique: this list cannot be unique: its values repeat | " + kinds},
		{"date", `kind: "date", between: {from: "2020-01-01", to: "2024-01-01"}`, "not-unique: this date cannot be unique: its values repeat | " + kinds},
		{"drawn names", `kind: "template", text: "{{ .name }} {{ .sex }}"`, "not-unique: this template cannot be unique: name, sex can repeat | " + kinds},
		{"digits run together", `kind: "template", text: "{{ .name }}{{ .card }}"`, "not-unique: this template cannot be unique: two texts can be equal although name, card differ | " + kinds},
		{"in the middle", `kind: "template", text: "{{ .name }}-{{ .card }}-{{ .sex }}"`, "not-unique: this template cannot be unique: two texts can be equal although name, card, sex differ | " + kinds},
		{"function", `kind: "template", text: "{{ upper .name }} {{ .card }}"`, "not-unique: this template cannot be unique: it does more than write values one after the other | " + kinds},
		{"text only", `kind: "template", text: "x"`, "not-unique: this template cannot be unique: it writes no field | " + kinds},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := compile(t, `population: size: 100
fields: {
	name: {kind: "choice", values: {Ann: 1, Bea: 1}}
	sex: {kind: "category", values: ["f", "m"]}
	card: {kind: "number", uniform: {low: 0, high: 999}, round: 1, unique: true}
	f: {unique: true, `+c.stanza+"}\n}", nil)
			_, message, _ := strings.Cut(show(got.Diags), " ")
			if d := cmp.Diff(c.want, message); d != "" {
				t.Error(d)
			}
		})
	}
}
