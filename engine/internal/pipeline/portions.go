package run

import (
	"math/bits"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// batchBytes is how much text a batch may hold: it is made anew for each.
const batchBytes = 8 << 20

// portions tells how many rows go into a chunk of a file and how many are made
// at a time: fewer when there are long texts. Both are powers of two, so that a
// chunk is whole batches and a file is whole chunks; both depend on the plan
// alone, so that a run and a merge of its shards write the same bytes.
func portions(p *plan.Plan) (chunk, batch int) {
	text := 0
	for _, f := range p.Fields {
		text += textBytes(f)
	}
	if text == 0 {
		return dataset.ChunkRows, generate.BatchRows
	}
	return powerBelow(dataset.RowsPerChunk(text)), powerBelow(max(256, min(generate.BatchRows, batchBytes/text)))
}

// powerBelow is the largest power of two that is at most n, n > 0.
func powerBelow(n int) int { return 1 << (bits.Len(uint(n)) - 1) }

// textBytes is the size that a person's text in a written field is expected to
// have: its target, with a tenth more for letters beyond ASCII.
func textBytes(f *kind.Field) int {
	if f.Text == nil {
		return 0
	}
	chars := f.Text.Chars.Target
	if chars == 0 {
		chars = (f.Text.Chars.Min + f.Text.Chars.Max) / 2
	}
	if f.Type == frame.TextList {
		chars *= f.Text.Items.Max
	}
	return chars + chars/10
}
