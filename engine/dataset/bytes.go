package dataset

import (
	"fmt"
	"sync"

	"github.com/personagen/personagen/engine/frame"
)

// blockSize is the size of the buffers for encoded text. Small buffers that are
// reused stay mapped and partly in the cache: with one slice per chunk the same
// encoder is three times slower.
const blockSize = 1 << 20

// A rowEncoder encodes rows of a text format. It has no state, so all parts share
// one.
type rowEncoder interface {
	appendHeader(dst []byte) []byte
	appendRow(dst []byte, b *frame.Batch, r int) []byte
}

// textWriter writes the parts of a text format one after the other.
type textWriter struct {
	out    *output
	schema frame.Schema
	enc    rowEncoder
	blocks sync.Pool // of *[]byte with capacity blockSize
}

func createText(path string, s frame.Schema, o Options, enc func(frame.Schema) rowEncoder) (Writer, error) {
	if err := checkSchema(s); err != nil {
		return nil, err
	}
	out, err := createOutput(path, o.Copy)
	if err != nil {
		return nil, err
	}
	w := &textWriter{out: out, schema: s, enc: enc(s)}
	w.blocks.New = func() any { b := make([]byte, 0, blockSize); return &b }
	if header := w.enc.appendHeader(nil); len(header) > 0 {
		if _, err := out.Write(header); err != nil {
			out.abort()
			return nil, err
		}
	}
	return w, nil
}

func (w *textWriter) NewPart() Part { return &textPart{w: w} }

func (w *textWriter) Append(p Part) error {
	part, ok := p.(*textPart)
	if !ok || part.w != w {
		return fmt.Errorf("the part was made by another writer")
	}
	for _, block := range part.blocks {
		if _, err := w.out.Write(*block); err != nil {
			part.Reset()
			return err
		}
	}
	part.Reset()
	return w.out.err
}

func (w *textWriter) Close() error { return w.out.close() }
func (w *textWriter) Abort() error { return w.out.abort() }

// A textPart holds encoded rows in blocks from the pool of its writer.
type textPart struct {
	w      *textWriter
	blocks []*[]byte
	rows   int
	size   int64
}

func (p *textPart) Rows() int     { return p.rows }
func (p *textPart) Size() int64   { return p.size }
func (p *textPart) Finish() error { return nil }

func (p *textPart) Reset() {
	for _, block := range p.blocks {
		if cap(*block) > 2*blockSize {
			continue // a very long row made it grow; drop it
		}
		*block = (*block)[:0]
		p.w.blocks.Put(block)
	}
	clear(p.blocks)
	p.blocks = p.blocks[:0]
	p.rows, p.size = 0, 0
}

func (p *textPart) Write(b *frame.Batch) error {
	if err := checkBatch(p.w.schema, b); err != nil {
		return err
	}
	longest := 0
	for r := 0; r < b.N; {
		block := p.space(longest)
		buf := *block
		for ; r < b.N && fits(len(buf), longest); r++ {
			start := len(buf)
			buf = p.w.enc.appendRow(buf, b, r)
			longest = max(longest, len(buf)-start)
		}
		*block = buf
	}
	p.rows += b.N
	p.size += rawSize(b)
	return nil
}

// fits reports whether a row of n bytes fits in a block with used bytes. A row
// that is longer than a block gets its own.
func fits(used, n int) bool { return used == 0 || used+n <= blockSize }

// space returns a block with room for a row of n bytes.
func (p *textPart) space(n int) *[]byte {
	if k := len(p.blocks); k > 0 && fits(len(*p.blocks[k-1]), n) {
		return p.blocks[k-1]
	}
	block := p.w.blocks.Get().(*[]byte)
	p.blocks = append(p.blocks, block)
	return block
}
