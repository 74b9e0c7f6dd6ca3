package enrich

import (
	"bytes"
	"context"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/narrate"
	"github.com/personagen/personagen/engine/journal"
)

// Reader fills the texts of batches from the journal, for one goroutine.
type Reader struct {
	*Enricher
	block  *block
	counts Counts
	from   []map[string]string       // by row, the source of each field that calls write
	used   func(key, at journal.Key) // when set, receives the key of every record found, and where it is
	lists  map[journal.Key]bool      // of phrases to avoid that used has received
	// read, when set, receives every accepted text, with the facts that prompts show of the
	// person.
	read func(f *field, facts map[string]any, r *record)
}

// Reader returns a new Reader, for one goroutine.
func (e *Enricher) Reader() *Reader {
	return &Reader{Enricher: e, block: e.newBlock(nil), counts: e.newCounts(), lists: map[journal.Key]bool{}}
}

// Fill fills the columns that calls write, and the text sources, of a batch whose
// other columns are filled, including those of texts by other writers. A field
// that is quarantined or not in the journal is null.
func (r *Reader) Fill(b *frame.Batch) error {
	r.block.batch = b
	r.block.findCases()
	r.from = r.from[:0]
	for i := range r.calls {
		for k := range r.calls[i].fields {
			clearTexts(&b.Columns[r.calls[i].fields[k].column], b.N)
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
		r.fillSource(s)
	}
	return nil
}

// Export appends to another journal the records of count persons from first on,
// in the order of persons and fields, and no others: what is needed to make their
// texts again.
func (e *Enricher) Export(ctx context.Context, s Source, first, count int64, to *journal.Journal) error {
	var keys, places []journal.Key
	reader := e.Reader()
	reader.used = func(key, at journal.Key) { keys, places = append(keys, key), append(places, at) }
	return eachBatch(ctx, s, first, count, func(b *frame.Batch) error {
		keys, places = keys[:0], places[:0]
		if err := reader.Fill(b); err != nil {
			return err
		}
		return e.copyRecords(keys, places, to)
	})
}

// copyRecords copies the records at some places to another journal, under their keys.
func (e *Enricher) copyRecords(keys, places []journal.Key, to *journal.Journal) error {
	var records []journal.Record
	for i, k := range keys {
		value, _, err := e.journal.Get(places[i])
		if err != nil {
			return err
		}
		records = append(records, journal.Record{Key: k, Value: value})
	}
	return to.Append(records...)
}

// exportRows is the number of persons whose records are written together.
const exportRows = 256

// clearTexts makes every row of a column of texts or scores null.
func clearTexts(c *frame.Column, n int) {
	clear(c.Texts)
	clear(c.Ints)
	c.Null = make([]bool, n)
	for i := range c.Null {
		c.Null[i] = true
	}
	if c.Offsets != nil {
		c.Texts, c.Offsets = c.Texts[:0], frame.Grow(c.Offsets, n+1)
		clear(c.Offsets)
	}
}

// person fills a row and returns the source of each of its texts.
func (r *Reader) person(row int) (map[string]string, error) {
	from := map[string]string{}
	values, number := r.facts(r.block.batch, row), r.block.batch.First+int64(row)
	r.counts.Persons++
	var facts map[string]any // without texts, for read
	if r.read != nil {
		facts = r.facts(r.block.batch, row)
	}
	for i := range r.calls {
		c := &r.calls[i]
		a, known, err := r.asks(c, number, values)
		if err != nil {
			return nil, err
		}
		r.useLists(c, number)
		unread := r.block.unread(c, values, row)
		for k := range c.fields {
			f := &c.fields[k]
			if unread || !r.block.applies(c, f, row) {
				r.counts.Fields[f.number].NotApplicable++
				r.put(f, row, nil)
				continue
			}
			rec, err := r.accepted(f, a, known, values, row)
			if err != nil {
				return nil, err
			}
			if rec != nil {
				values[f.Name], from[f.Name] = rec.value(f), rec.Source
				if r.read != nil {
					r.read(f, facts, rec)
				}
			}
			r.put(f, row, rec)
		}
	}
	return from, nil
}

// useLists reports the lists of phrases that a person's texts avoid, each once.
func (r *Reader) useLists(c *call, person int64) {
	window := r.window(person)
	if r.used == nil || window == 0 {
		return
	}
	for i := range c.fields {
		key := r.avoid.listKey(&c.fields[i], window)
		if list, _, _ := r.list(&c.fields[i], window); list != nil && !r.lists[key] {
			r.lists[key] = true
			r.used(key, key)
		}
	}
}

// accepted returns the record of a person's accepted text, nil if there is none,
// and counts the outcome.
func (r *Reader) accepted(f *field, a *asked, known bool, values map[string]any, row int) (*record, error) {
	n := &r.counts.Fields[f.number]
	if f.lacksOriginal(values) {
		n.Untranslated++
		return nil, nil
	}
	if !known {
		n.Unanswered++
		return nil, nil
	}
	rec, key, at, err := r.look(f, a.to(f, values), r.block.batch, row)
	if err != nil {
		return nil, err
	}
	if rec == nil {
		n.Unanswered++
		return nil, nil
	}
	if r.used != nil {
		r.used(key, at)
	}
	if rec.Refused != "" {
		n.refuse(rec.Refused)
		return nil, nil
	}
	n.Cached++
	return rec, nil
}

// put writes a record into its row. Rows must come in order.
func (r *Reader) put(f *field, row int, rec *record) {
	c := &r.block.batch.Columns[f.column]
	if rec != nil {
		c.Null[row] = false
	}
	switch {
	case f.Scale():
		if rec != nil {
			c.Ints[row] = *rec.Score
		}
		return
	case !listed(f.Field):
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

// fillSource fills a text_source column: one name if all texts of a person have
// the same source, else a JSON object of sources by field.
func (r *Reader) fillSource(s source) {
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

// sourceOf returns the source of a person's texts, "" if there are none. Texts that
// no call writes are the narrator's.
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

// Counts returns what was found for the persons read so far: Cached, Quarantined,
// NotApplicable, Untranslated and Unanswered.
func (r *Reader) Counts() Counts { return r.counts.clone() }
