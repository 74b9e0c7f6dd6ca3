package check

import (
	"encoding/json"
	"testing"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// A count of records that are drawn is compared with the records. It follows from them, so
// a release that has them gives it too.
func TestRecordCounts(t *testing.T) {
	kids := &kind.Field{}
	err := json.Unmarshal([]byte(`{"name":"kids","kind":"count","class":"drawn","type":"integer","nullable":true,"domain":{"integer":true,"max":2},"inputs":["kin"],"program":{"records":"kin","group":0}}`), kids)
	if err != nil {
		t.Fatal(err)
	}
	kin := &kind.Field{Name: "kin", Kind: "records", Class: kind.Drawn, Type: frame.Records, Nullable: true, Records: []*kind.Field{
		{Name: kind.RecordGroup, Type: frame.Category, Domain: &kind.Domain{Labels: []string{"child", "friend"}}},
		{Name: "age", Type: frame.Integer},
	}}
	p := &plan.Plan{Name: "yard", Fields: []*kind.Field{kin, kids}, Order: []string{"kin", "kids"}}
	if p.Fields[1].Hidden = true; !p.Measurable()["kids"] {
		t.Error("a hidden count of published records is not measurable")
	}
	p.Fields[1].Hidden = false
	for _, x := range []struct {
		name   string
		change func(kids *frame.Column)
		bad    int64
	}{
		{"as drawn", func(*frame.Column) {}, 0},
		{"one too many", func(kids *frame.Column) { kids.Ints[0]++ }, 1},
		{"friends are no children", func(kids *frame.Column) { kids.Ints[1] = 1 }, 1},
		{"a count without records", func(kids *frame.Column) { kids.Null[2] = false }, 1},
	} {
		b := frame.New(p.Schema())
		b.Resize(0, 3)
		b.Columns[0] = frame.Column{Offsets: []int32{0, 2, 3, 3}, Null: []bool{false, false, true}, Records: []frame.Column{{Codes: []int32{0, 1, 1}}, {Ints: []int64{4, 7, 9}}}}
		kids.Program.Bind(&kind.Env{Fields: p.Fields, Field: kids}).Fill(b, &b.Columns[1])
		x.change(&b.Columns[1])
		r := judge(t, p, Options{Rows: 3, Kinds: []string{KindRecords}}, 1, []*frame.Batch{b})
		o := r.Outcomes[len(r.Outcomes)-1]
		if o.ID != "records.kids" || o.Persons != x.bad || (o.Status == Fail) != (x.bad > 0) {
			t.Errorf("%s: %s: %s, %d persons: %s; want %d persons", x.name, o.ID, o.Status, o.Persons, o.Message, x.bad)
		}
	}
}
