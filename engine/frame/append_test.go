package frame_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
)

func TestAppend(t *testing.T) {
	schema := frame.Schema{
		{Name: "hue", Type: frame.Category, Labels: []string{"amber", "slate"}},
		{Name: "span", Type: frame.Integer},
		{Name: "wit", Type: frame.Number},
		{Name: "call", Type: frame.Text},
		{Name: "pastimes", Type: frame.CategoryList, Labels: []string{"dice", "kites"}},
		{Name: "words", Type: frame.TextList},
		{Name: "kin", Type: frame.Records, Records: frame.Schema{
			{Name: "group", Type: frame.Category, Labels: []string{"child", "friend"}},
			{Name: "born", Type: frame.Integer, Nullable: true},
		}},
	}
	batch := func(first int64, columns ...frame.Column) *frame.Batch {
		return &frame.Batch{Schema: schema, First: first, N: 2, Columns: columns}
	}
	one := batch(40,
		frame.Column{Codes: []int32{0, -1}}, frame.Column{Ints: []int64{7, 8}}, frame.Column{Floats: []float64{1, 2}, Null: []bool{false, true}},
		frame.Column{Texts: []string{"a", "b"}}, frame.Column{Offsets: []int32{0, 2, 2}, Codes: []int32{1, 0}}, frame.Column{Offsets: []int32{0, 0, 1}, Texts: []string{"x"}},
		frame.Column{Offsets: []int32{0, 1, 1}, Records: []frame.Column{{Codes: []int32{1}}, {Ints: []int64{1999}}}})
	two := batch(42,
		frame.Column{Codes: []int32{1, 0}}, frame.Column{Ints: []int64{9, 0}, Null: []bool{false, true}}, frame.Column{Floats: []float64{3, 4}},
		frame.Column{Texts: []string{"c", "d"}}, frame.Column{Offsets: []int32{1, 2, 3}, Codes: []int32{9, 0, 1}}, frame.Column{Offsets: []int32{0, 1, 3}, Texts: []string{"y", "z", "w"}},
		frame.Column{Offsets: []int32{0, 2, 3}, Records: []frame.Column{{Codes: []int32{0, 0, 1}}, {Ints: []int64{2001, 2003, 0}, Null: []bool{false, false, true}}}})
	want := &frame.Batch{Schema: schema, First: 40, N: 4, Columns: []frame.Column{
		{Codes: []int32{0, -1, 1, 0}},
		{Ints: []int64{7, 8, 9, 0}, Null: []bool{false, false, false, true}},
		{Floats: []float64{1, 2, 3, 4}, Null: []bool{false, true, false, false}},
		{Texts: []string{"a", "b", "c", "d"}},
		{Offsets: []int32{0, 2, 2, 3, 4}, Codes: []int32{1, 0, 0, 1}},
		{Offsets: []int32{0, 0, 1, 2, 4}, Texts: []string{"x", "y", "z", "w"}},
		{Offsets: []int32{0, 1, 1, 3, 4}, Records: []frame.Column{{Codes: []int32{1, 0, 0, 1}}, {Ints: []int64{1999, 2001, 2003, 0}, Null: []bool{false, false, false, true}}}},
	}}
	one.Append(two)
	if diff := cmp.Diff(want, one); diff != "" {
		t.Error(diff)
	}
}
