package check

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// Columns of the shed.
const (
	sAge = iota
	sWeight
	sWidth
	sMarks
	sWood
	sNote
	sMemo
)

const inShed = 60

// shed is a plan with a column of every type, all of them nullable but the texts.
func shed() *plan.Plan {
	return &plan.Plan{
		Name: "shed", Population: plan.Population{Seed: 7},
		Fields: []*kind.Field{
			{Name: "age", Kind: "integer", Class: kind.Drawn, Type: frame.Integer, Nullable: true, Domain: &kind.Domain{Integer: true, Min: 10, Max: 19}},
			{Name: "weight", Kind: "integer", Class: kind.Drawn, Type: frame.Integer, Nullable: true, Program: bounded{5, 50}},
			{Name: "width", Kind: "number", Class: kind.Drawn, Type: frame.Number, Nullable: true, Decimals: 2, Program: bounded{1, 100}},
			{Name: "marks", Kind: "list", Class: kind.Drawn, Type: frame.TextList, Nullable: true},
			{Name: "wood", Kind: "list", Class: kind.Drawn, Type: frame.CategoryList, Nullable: true, Domain: &kind.Domain{Labels: labels("w", 4)}},
			{Name: "note", Kind: "template", Class: kind.Drawn, Type: frame.Text},
			{Name: "memo", Kind: "template", Class: kind.Drawn, Type: frame.Text, Hidden: true},
		},
	}
}

// tools fills the shed. Every third row is null where it may be, and the values
// below the nulls are outside every domain.
func tools(p *plan.Plan) *frame.Batch {
	b := frame.New(p.Schema())
	b.Resize(0, inShed)
	for i := range sNote {
		b.Columns[i].Null = make([]bool, inShed)
	}
	for r := range inShed {
		null := r%3 == 0
		for i := range sNote {
			b.Columns[i].Null[r] = null
		}
		b.Columns[sNote].Texts[r] = fmt.Sprintf("note %d", r)
		if null {
			b.Columns[sAge].Ints[r], b.Columns[sWeight].Ints[r], b.Columns[sWidth].Floats[r] = -7, -7, math.NaN()
		} else {
			b.Columns[sAge].Ints[r], b.Columns[sWeight].Ints[r], b.Columns[sWidth].Floats[r] = int64(10+r%10), int64(5+r%46), float64(1+r)
			b.Columns[sMarks].Texts = append(b.Columns[sMarks].Texts, "oak", fmt.Sprint("mark ", r))
			b.Columns[sWood].Codes = append(b.Columns[sWood].Codes, int32(r%4))
		}
		b.Columns[sMarks].Offsets[r+1] = int32(len(b.Columns[sMarks].Texts))
		b.Columns[sWood].Offsets[r+1] = int32(len(b.Columns[sWood].Codes))
	}
	return b
}

// Every value outside what its field allows fails with the persons who have it; nulls
// and the ends of a range are no violations.
func TestValuesOfColumns(t *testing.T) {
	p := shed()
	first := func(b *frame.Batch, column, r int) *int32 { return &b.Columns[column].Offsets[r] }
	for _, x := range []struct {
		name  string
		spoil func(b *frame.Batch)
		field string
		rows  []int64
		words string
	}{
		{"right", func(*frame.Batch) {}, "", nil, ""},
		{"the ends of the ranges", func(b *frame.Batch) {
			b.Columns[sAge].Ints[1], b.Columns[sAge].Ints[2] = 10, 19
			b.Columns[sWeight].Ints[1], b.Columns[sWeight].Ints[2] = 5, 50
			b.Columns[sWidth].Floats[1], b.Columns[sWidth].Floats[2] = 1, 100
		}, "", nil, ""},
		{"outside a domain", func(b *frame.Batch) { b.Columns[sAge].Ints[4], b.Columns[sAge].Ints[7] = 9, 20 },
			"age", []int64{4, 7}, "2 persons with a number outside 10 to 19 (first: person 4)"},
		{"whole numbers outside a range", func(b *frame.Batch) { b.Columns[sWeight].Ints[5], b.Columns[sWeight].Ints[8] = 4, 51 },
			"weight", []int64{5, 8}, "2 persons outside 5 to 50"},
		{"numbers outside a range", func(b *frame.Batch) { b.Columns[sWidth].Floats[5], b.Columns[sWidth].Floats[8] = 0.99, 100.01 },
			"width", []int64{5, 8}, "2 persons outside 1 to 100"},
		{"infinity", func(b *frame.Batch) { b.Columns[sWidth].Floats[2] = math.Inf(-1) },
			"width", []int64{2}, "1 person with a number that is not finite"},
		{"an empty item, not the last", func(b *frame.Batch) { b.Columns[sMarks].Texts[*first(b, sMarks, 10)] = "" },
			"marks", []int64{10}, "1 person with an empty text"},
		{"unknown labels in lists", func(b *frame.Batch) {
			b.Columns[sWood].Codes[*first(b, sWood, 13)], b.Columns[sWood].Codes[*first(b, sWood, 11)] = 4, -1
		}, "wood", []int64{11, 13}, "2 persons with a label that the field does not have"},
		{"an empty text", func(b *frame.Batch) { b.Columns[sNote].Texts[6] = "" }, "note", []int64{6}, "1 person with an empty text"},
	} {
		b := tools(p)
		x.spoil(b)
		r := judge(t, p, Options{Kinds: []string{KindValues}}, 1, []*frame.Batch{b})
		for _, o := range r.Outcomes {
			bad := o.Name == x.field
			if (o.Status == Fail) != bad || bad && (!slices.Equal(o.Rows, x.rows) || o.Persons != int64(len(x.rows)) || !strings.Contains(o.Message, x.words)) {
				t.Errorf("%s: got %s %s, rows %v: %s; want a failure of %q only, rows %v: %s", x.name, o.ID, o.Status, o.Rows, o.Message, x.field, x.rows, x.words)
			}
		}
	}
}

// The summaries of columns with nulls are those of the other values.
func TestProfilesWithNulls(t *testing.T) {
	p := shed()
	r := judge(t, p, Options{}, 1, []*frame.Batch{tools(p)})
	for i, want := range []struct {
		nulls  int64
		n      int64
		lo, hi float64
	}{sAge: {20, 40, 10, 19}, sWeight: {20, 40, 5, 49}, sWidth: {20, 40, 2, 60}, sMarks: {20, 40, 2, 2}, sWood: {20, 40, 1, 1}, sNote: {0, 60, 6, 7}} {
		got := r.Profiles[i]
		if got.Nulls != want.nulls || got.Numbers == nil || got.Numbers.N != want.n || got.Numbers.Min != want.lo || got.Numbers.Max != want.hi {
			t.Errorf("%s: got %d nulls, %+v; want %+v", got.Field, got.Nulls, got.Numbers, want)
		}
	}
	wood := make([]float64, 4)
	for r := range inShed {
		if r%3 != 0 {
			wood[r%4]++
		}
	}
	if d := cmp.Diff(wood, r.Profiles[sWood].Counts); d != "" {
		t.Error(d)
	}
}

// Two persons are the same only if they agree in every published field, whatever its
// type.
func TestSamePersonsByType(t *testing.T) {
	p := shed()
	item := func(b *frame.Batch, column, r, k int) int32 { return b.Columns[column].Offsets[r] + int32(k) }
	for _, x := range []struct {
		name   string
		change func(b *frame.Batch, r int)
		same   int64
	}{
		{"nothing", func(*frame.Batch, int) {}, 1},
		{"a hidden field", func(b *frame.Batch, r int) { b.Columns[sMemo].Texts[r] = "another" }, 1},
		{"a number with a domain", func(b *frame.Batch, r int) { b.Columns[sAge].Ints[r] = 19 }, 0},
		{"a whole number", func(b *frame.Batch, r int) { b.Columns[sWeight].Ints[r]++ }, 0},
		{"a number", func(b *frame.Batch, r int) { b.Columns[sWidth].Floats[r] += 0.01 }, 0},
		{"a null", func(b *frame.Batch, r int) { b.Columns[sWidth].Null[r] = true }, 0},
		{"an item", func(b *frame.Batch, r int) { b.Columns[sMarks].Texts[item(b, sMarks, r, 1)] = "ash" }, 0},
		{"where the items are divided", func(b *frame.Batch, r int) {
			b.Columns[sMarks].Texts[item(b, sMarks, r, 0)], b.Columns[sMarks].Texts[item(b, sMarks, r, 1)] = "oakm", "ark 1"
		}, 0},
		{"the order of the items", func(b *frame.Batch, r int) {
			slices.Reverse(b.Columns[sMarks].Texts[item(b, sMarks, r, 0):item(b, sMarks, r, 2)])
		}, 0},
		{"a label in a list", func(b *frame.Batch, r int) { b.Columns[sWood].Codes[item(b, sWood, r, 0)]++ }, 0},
		{"a text", func(b *frame.Batch, r int) { b.Columns[sNote].Texts[r] = "note 1." }, 0},
	} {
		b := tools(p)
		const from, to = 1, 17
		for i := range b.Columns {
			switch c := &b.Columns[i]; b.Schema[i].Type {
			case frame.Integer:
				c.Ints[to] = c.Ints[from]
			case frame.Number:
				c.Floats[to] = c.Floats[from]
			case frame.Text:
				c.Texts[to] = c.Texts[from]
			case frame.TextList:
				copy(c.Texts[c.Offsets[to]:c.Offsets[to+1]], c.Texts[c.Offsets[from]:c.Offsets[from+1]])
			case frame.CategoryList:
				c.Codes[c.Offsets[to]] = c.Codes[c.Offsets[from]]
			}
		}
		x.change(b, to)
		r := judge(t, p, Options{Kinds: []string{KindPersons}}, 1, []*frame.Batch{b})
		if o := r.Outcomes[0]; o.Persons != x.same || x.same > 0 && !slices.Equal(o.Rows, []int64{from, to}) {
			t.Errorf("the persons differ in %s: got %d the same, rows %v: %s; want %d", x.name, o.Persons, o.Rows, o.Message, x.same)
		}
	}
}

// Violations keep the smallest rows in order, however they are added and merged.
func TestViolationsKeepTheFirst(t *testing.T) {
	var whole, low, high violations
	var texts, others textViolations
	for _, row := range []int64{90, 10, 80, 20, 70, 30, 60, 40, 50} {
		whole.add(row)
		part, text := &low, &texts
		if row >= 50 {
			part, text = &high, &others
		}
		part.add(row)
		text.add(row, fmt.Sprint("row ", row))
	}
	high.merge(&low)
	others.merge(&texts)
	want := []int64{10, 20, 30, 40, 50}
	if whole.count != 9 || !slices.Equal(whole.rows, want) {
		t.Errorf("added: got %+v, want 9 of %v", whole, want)
	}
	if high.count != 9 || !slices.Equal(high.rows, want) {
		t.Errorf("merged: got %+v, want 9 of %v", high, want)
	}
	snippets := []string{"row 10", "row 20", "row 30", "row 40", "row 50"}
	if others.count != 9 || !slices.Equal(others.rows, want) || !slices.Equal(others.snippets, snippets) {
		t.Errorf("merged texts: got %+v, want 9 of %v", others, snippets)
	}
}

// A text in a language that the spec describes fails when it is not in it.
func TestLanguageOfTexts(t *testing.T) {
	p := village()
	p.Languages = []plan.Language{{Name: "xy", Letters: "țș", Foreign: 0.02, Accented: 0.001, Least: 20}}
	p.Fields[vStory].Text.Language = "xy"
	b := villagers(p, 0, 200, 60)
	outcome := func() Outcome {
		t.Helper()
		r := judge(t, p, Options{Kinds: []string{KindLanguage}}, 1, []*frame.Batch{b})
		if len(r.Outcomes) != 1 || r.Outcomes[0].ID != "language.story" {
			t.Fatalf("got %+v, want one outcome, of story", r.Outcomes)
		}
		return r.Outcomes[0]
	}
	if o := outcome(); o.Status != Pass {
		t.Errorf("got %s: %s, want a pass", o.Status, o.Message)
	}
	for _, r := range []int{150, 3} {
		b.Columns[vStory].Texts[r] = strings.Repeat("это слова другого языка здесь ", 12)
	}
	if o := outcome(); o.Status != Fail || o.Persons != 2 || !slices.Equal(o.Rows, []int64{3, 150}) || len(o.Examples) != 2 {
		t.Errorf("got %s, %d persons, rows %v, examples %+v: %s; want a failure of persons 3 and 150", o.Status, o.Persons, o.Rows, o.Examples, o.Message)
	}
}
