package pipeline

import (
	"testing"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

func TestPortions(t *testing.T) {
	text := func(target int) *kind.Field {
		return &kind.Field{Type: frame.Text, Text: &kind.TextSpec{Chars: kind.Length{Min: 10, Max: 30, Target: target}}}
	}
	list := &kind.Field{Type: frame.TextList, Text: &kind.TextSpec{Chars: kind.Length{Min: 10, Max: 30}, Items: &kind.Length{Min: 1, Max: 5}}}
	for _, c := range []struct {
		fields       []*kind.Field
		chunk, batch int
	}{
		{nil, dataset.ChunkRows, generate.BatchRows},
		{[]*kind.Field{{Type: frame.Text}}, dataset.ChunkRows, generate.BatchRows}, // composed from other fields, not written
		{[]*kind.Field{text(0), list}, dataset.ChunkRows, generate.BatchRows},      // 22 + 110 bytes
		{[]*kind.Field{text(9000)}, 4096, 512},                                     // 9,900 bytes: 6,778 and 847 rows
		{[]*kind.Field{text(900_000)}, 1024, 256},
	} {
		chunk, batch := Portions(&plan.Plan{Fields: c.fields})
		if chunk != c.chunk || batch != c.batch {
			t.Errorf("%d fields: got chunks of %d and batches of %d rows, want %d and %d", len(c.fields), chunk, batch, c.chunk, c.batch)
		}
		if chunk%batch != 0 || dataset.ChunkRows%chunk != 0 {
			t.Errorf("a chunk of %d rows is not a whole number of batches of %d rows, or a file not of chunks", chunk, batch)
		}
	}
	if n := TextBytes(list); n != 110 {
		t.Errorf("a list of five items of 20 characters: got %d bytes, want 110", n)
	}
}
