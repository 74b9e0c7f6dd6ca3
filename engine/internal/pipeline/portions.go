package pipeline

import (
	"math/bits"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// batchBytes limits the text of one batch, which is allocated for each batch.
const batchBytes = 8 << 20

// Portions returns how many rows a chunk of a file has, and how many rows are
// made at a time; long texts make both smaller. Both are powers of two, so a
// chunk is a whole number of batches and a file a whole number of chunks. Both
// depend on the plan only, so a run and a merge of its shards write the same
// bytes.
func Portions(p *plan.Plan) (chunk, batch int) {
	text := 0
	for _, f := range p.Fields {
		text += TextBytes(f)
	}
	if text == 0 {
		return dataset.ChunkRows, generate.BatchRows
	}
	return powerBelow(dataset.RowsPerChunk(text)), powerBelow(max(256, min(generate.BatchRows, batchBytes/text)))
}

// powerBelow returns the largest power of two that is at most n, for n > 0.
func powerBelow(n int) int { return 1 << (bits.Len(uint(n)) - 1) }

// TextBytes returns the expected size of one person's text in a written field:
// the length aimed at, plus a tenth for letters outside ASCII. It is 0 for other
// fields.
func TextBytes(f *kind.Field) int {
	if f.Text == nil {
		return 0
	}
	chars := f.Text.Chars.Aim()
	if f.Type == frame.TextList {
		chars *= f.Text.Items.Max
	}
	return chars + chars/10
}
