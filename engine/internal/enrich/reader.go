package enrich

import (
	"bytes"
	"context"
	"io"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/narrate"
	"github.com/personagen/personagen/engine/journal"
)

// Reader fills the texts of batches from the journal, for one goroutine.
type Reader struct {
	*Enricher
	block  *block
	counts Counts
	from   []map[string]string // per row, the source of each field that calls write
	used   func(journal.Key)   // when set, hears of every record that a field has
}

// Reader returns a reader of its own for one goroutine.
func (e *Enricher) Reader() *Reader {
	return &Reader{Enricher: e, block: e.newBlock(nil), counts: e.newCounts()}
}

// Fill writes the columns that calls write, and the sources, of a batch whose
// other columns are filled, those of texts by another writer included. A field
// that is quarantined, or not in the journal, is null.
func (r *Reader) Fill(b *frame.Batch) error {
	r.block.batch = b
	r.block.look()
	r.from = r.from[:0]
	for i := range r.calls {
		for k := range r.calls[i].fields {
			clean(&b.Columns[r.calls[i].fields[k].column], b.N)
		}
	}
	for row := range b.N {
		from, err := r.person(row)
		if err != nil {
			return err
		}
		r.from = append(r.from, from)
	}
	for _, s := range r.sources {
		r.tell(s)
	}
	return nil
}

// Export appends to another journal the records that count persons from first on
// have, in the order of persons and fields, and no others: what it takes to make
// their texts again.
func (e *Enricher) Export(ctx context.Context, s Source, first, count int64, to *journal.Journal) error {
	var keys []journal.Key
	reader := e.Reader()
	reader.used = func(k journal.Key) { keys = append(keys, k) }
	for end := first + count; first < end; {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := s.Batch(first, int(min(exportRows, end-first)))
		if err != nil {
			return err
		}
		if b.N == 0 {
			return io.ErrUnexpectedEOF
		}
		keys = keys[:0]
		if err := reader.Fill(b); err != nil {
			return err
		}
		var records []journal.Record
		for _, k := range keys {
			value, _, err := e.journal.Get(k)
			if err != nil {
				return err
			}
			records = append(records, journal.Record{Key: k, Value: value})
		}
		if err := to.Append(records...); err != nil {
			return err
		}
		first += int64(b.N)
	}
	return nil
}

// exportRows is how many persons' records go to disk together.
const exportRows = 256

// clean makes a column of texts null and without a value.
func clean(c *frame.Column, n int) {
	clear(c.Texts)
	c.Null = make([]bool, n)
	for i := range c.Null {
		c.Null[i] = true
	}
	if c.Offsets != nil {
		c.Texts, c.Offsets = c.Texts[:0], frame.Grow(c.Offsets, n+1)
		clear(c.Offsets)
	}
}

// person fills a row and returns who wrote what in it.
func (r *Reader) person(row int) (map[string]string, error) {
	from := map[string]string{}
	values := r.facts(r.block.batch, row)
	r.counts.Persons++
	for i := range r.calls {
		c := &r.calls[i]
		shown := c.shown(values)
		for k := range c.fields {
			f := &c.fields[k]
			n := &r.counts.Fields[f.number]
			rec := (*record)(nil)
			if r.block.applies(f, row) {
				var err error
				key := f.key(shown, r.block.batch, row)
				if rec, err = r.find(key); err != nil {
					return nil, err
				}
				if rec != nil && r.used != nil {
					r.used(key)
				}
			} else {
				n.NotApplicable++
				r.put(f, row, nil)
				continue
			}
			switch {
			case rec == nil:
				n.Unanswered++
			case rec.Refused != "":
				n.Quarantined++
				rec = nil
			default:
				n.Cached++
				values[f.Name], from[f.Name] = rec.value(f.Text.Items != nil), rec.Source
			}
			r.put(f, row, rec)
		}
	}
	return from, nil
}

// put writes a record into its row; rows come in order.
func (r *Reader) put(f *field, row int, rec *record) {
	c := &r.block.batch.Columns[f.column]
	if rec != nil {
		c.Null[row] = false
	}
	if f.Text.Items == nil {
		if rec != nil {
			c.Texts[row] = rec.Text
		}
		return
	}
	if rec != nil {
		c.Texts = append(c.Texts, rec.Items...)
	}
	c.Offsets[row+1] = int32(len(c.Texts))
}

// tell writes who wrote the texts of every person: one name when all are of one
// source, else an object of field to source.
func (r *Reader) tell(s source) {
	b := r.block.batch
	c := &b.Columns[s.column]
	c.Null = make([]bool, b.N)
	var cases []int32
	if s.when != nil {
		cases = s.when.Bind(r.env).Cases(b, nil)
	}
	for row := range b.N {
		c.Texts[row] = ""
		if cases != nil && cases[row] != 1 {
			c.Null[row] = true
			continue
		}
		c.Texts[row] = r.sourceOf(row)
		c.Null[row] = c.Texts[row] == ""
	}
}

// sourceOf says who wrote a person's texts, "" when there are none. What no
// call has written is the narrator's.
func (r *Reader) sourceOf(row int) string {
	b, one, mixed := r.block.batch, "", false
	var object bytes.Buffer
	for i, f := range r.env.Fields {
		if f.Text == nil || b.Columns[i].IsNull(f.Type, row) {
			continue
		}
		source, ok := r.from[row][f.Name]
		if !ok {
			source = narrate.Source
		}
		if one == "" {
			one = source
		}
		mixed = mixed || source != one
		object.WriteString("," + quoted(f.Name) + ":" + quoted(source))
	}
	if !mixed {
		return one
	}
	return "{" + object.String()[1:] + "}"
}

// Counts tells what was found for the persons read so far: Cached, Quarantined,
// NotApplicable and Unanswered.
func (r *Reader) Counts() Counts { return r.counts.clone() }
