package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"github.com/personagen/personagen/engine/frame"
)

// Terms are what a search looks for: every term must be in some text of a person.
type Terms struct {
	folded [][]byte
}

// mostTerms is the largest number of terms of a search.
const mostTerms = 32

// ParseTerms reads a search: words, of which all must be found, and phrases in quotation
// marks. It returns nil if there is nothing to look for.
func ParseTerms(text string) (*Terms, error) {
	t := &Terms{}
	add := func(term string) {
		if f := Fold(strings.Join(strings.Fields(term), " ")); f != "" {
			t.folded = append(t.folded, []byte(f))
		}
	}
	for i, part := range strings.Split(strings.ToValidUTF8(text, "\uFFFD"), `"`) {
		if i%2 == 1 {
			add(part)
			continue
		}
		for _, word := range strings.Fields(part) {
			add(word)
		}
	}
	if len(t.folded) > mostTerms {
		return nil, fmt.Errorf("a search has at most %d words, not %d", mostTerms, len(t.folded))
	}
	if len(t.folded) == 0 {
		return nil, nil
	}
	return t, nil
}

// Segment is a part of a text, Hit if it is what the search looks for.
type Segment struct {
	Text string
	Hit  bool
}

// Mark divides a text at its hits.
func (t *Terms) Mark(text string) []Segment {
	if t == nil || text == "" {
		return []Segment{{Text: text}}
	}
	var at []int
	f := appendFolded(nil, text, &at)
	at = append(at, len(text))
	hit := make([]bool, len(text))
	for _, term := range t.folded {
		for from := 0; ; {
			k := bytes.Index(f[from:], term)
			if k < 0 {
				break
			}
			start, end := at[from+k], at[from+k+len(term)]
			if start == end { // the term ends within a letter, such as ß
				_, size := utf8.DecodeRuneInString(text[start:])
				end = start + size
			}
			for end < len(text) { // the marks of the last letter
				r, size := utf8.DecodeRuneInString(text[end:])
				if !unicode.Is(unicode.Mn, r) {
					break
				}
				end += size
			}
			for i := start; i < end; i++ {
				hit[i] = true
			}
			from += k + len(term)
		}
	}
	var out []Segment
	for from := 0; from < len(text); {
		to := from
		for to < len(text) && hit[to] == hit[from] {
			to++
		}
		out = append(out, Segment{text[from:to], hit[from]})
		from = to
	}
	return out
}

// Excerpt is a part of a text around its first hit.
type Excerpt struct {
	Field    string
	Segments []Segment
}

// excerptBytes is about how long an excerpt is before and after the hit.
const excerptBytes = 90

// excerpt returns the part of a text around the first hit of a term; false if there is none.
func (t *Terms) excerpt(field, text string) (Excerpt, bool) {
	text = strings.ToValidUTF8(text, "\uFFFD")
	first := -1
	at := []int{}
	f := appendFolded(nil, text, &at)
	for _, term := range t.folded {
		if k := bytes.Index(f, term); k >= 0 && (first < 0 || at[k] < first) {
			first = at[k]
		}
	}
	if first < 0 {
		return Excerpt{}, false
	}
	from, to := max(0, first-excerptBytes), min(len(text), first+excerptBytes+30)
	for from > 0 && text[from-1] != ' ' && first-from < excerptBytes+30 {
		from--
	}
	for to < len(text) && text[to] != ' ' && to < first+2*excerptBytes {
		to++
	}
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to++
	}
	segments := t.Mark(text[from:to])
	if from > 0 {
		segments = append([]Segment{{Text: "… "}}, segments...)
	}
	if to < len(text) {
		segments = append(segments, Segment{Text: " …"})
	}
	return Excerpt{field, segments}, true
}

// Hits are the persons that a search has found, in the order of their rows.
type Hits struct {
	Selection *Selection
	excerpts  map[uint32]Excerpt
}

// mostExcerpts is the number of hits of which excerpts are kept.
const mostExcerpts = 20_000

// Excerpt returns the first hit of a person; false if it is not kept.
func (h *Hits) Excerpt(row int) (Excerpt, bool) {
	e, ok := h.excerpts[uint32(row)]
	return e, ok
}

// Search looks through all texts and labels of all persons: those in memory, and the
// texts and lists in the files, which several goroutines read part by part.
func (t *Table) Search(ctx context.Context, terms *Terms) (*Hits, error) {
	if len(terms.folded) == 0 {
		return &Hits{Selection: t.All()}, nil
	}
	found := make([]uint32, t.Rows) // a bit for each term
	t.searchMemory(terms, found)
	hits := &Hits{excerpts: map[uint32]Excerpt{}}
	if len(t.Scanned) > 0 {
		if err := t.searchFiles(ctx, terms, found, hits); err != nil {
			return nil, err
		}
	}
	all := uint32(1)<<len(terms.folded) - 1
	if len(terms.folded) == 32 {
		all = 1<<32 - 1
	}
	rows := []uint32{}
	for r, bits := range found {
		if bits == all {
			rows = append(rows, uint32(r))
		}
	}
	for r := range hits.excerpts {
		if found[r] != all {
			delete(hits.excerpts, r)
		}
	}
	hits.Selection = Rows(rows)
	return hits, nil
}

// searchMemory looks through the labels and texts in memory.
func (t *Table) searchMemory(terms *Terms, found []uint32) {
	var f []byte
	for _, c := range t.Columns {
		if c.Field.Type != frame.Category && c.Field.Type != frame.Text || c.Field.Boolean {
			continue
		}
		if !c.Coded() {
			for r := range t.Rows {
				f = appendFolded(f[:0], c.texts.at(r), nil)
				found[r] |= terms.in(f)
			}
			continue
		}
		bits, any := make([]uint32, c.Slots()), uint32(0)
		for code := range c.Values() {
			f = appendFolded(f[:0], c.Label(code), nil)
			bits[code] = terms.in(f)
			any |= bits[code]
		}
		if any == 0 {
			continue
		}
		for r := range t.Rows {
			found[r] |= bits[c.Code(r)]
		}
	}
}

// in returns a bit for each term that a folded text has.
func (t *Terms) in(f []byte) (bits uint32) {
	for i, term := range t.folded {
		if bytes.Contains(f, term) {
			bits |= 1 << i
		}
	}
	return bits
}

// span is a run of rows of a file that is read on its own.
type span struct {
	file  *file
	place int // in file.places
	rows  int
	first int // of the table
}

// spans divides the files into parts of about so many rows, at places where reading can
// begin.
func (t *Table) spans(size int) (all []span) {
	for i := range t.files {
		f := &t.files[i]
		for p := 0; p < len(f.places); {
			next := p + 1
			for next < len(f.places) && int(f.places[next].Row-f.places[p].Row) < size {
				next++
			}
			end := f.rows
			if next < len(f.places) {
				end = int(f.places[next].Row)
			}
			all = append(all, span{f, p, end - int(f.places[p].Row), f.first + int(f.places[p].Row)})
			p = next
		}
	}
	return all
}

// Scan reads some columns of all rows, part by part in several goroutines, and passes the
// batches, which are valid during the call, with the row of the table that is first in them.
func (t *Table) Scan(ctx context.Context, columns frame.Schema, visit func(worker, first int, b *frame.Batch)) error {
	return t.scan(ctx, columns, false, visit)
}

// scan is Scan. Raw texts may have bytes that are not UTF-8.
func (t *Table) scan(ctx context.Context, columns frame.Schema, raw bool, visit func(worker, first int, b *frame.Batch)) error {
	spans := t.spans(4096)
	group, ctx := errgroup.WithContext(ctx)
	var lock sync.Mutex
	next := 0
	for worker := range min(runtime.GOMAXPROCS(0), len(spans)) {
		group.Go(func() (err error) {
			defer func() {
				if fault := recover(); fault != nil {
					err = fmt.Errorf("the files cannot be scanned: %v", fault)
				}
			}()
			b := frame.New(columns)
			for {
				lock.Lock()
				i := next
				next++
				lock.Unlock()
				if i >= len(spans) {
					return nil
				}
				if err := t.read(ctx, spans[i], columns, raw, b, func(first int) { visit(worker, first, b) }); err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}

// read reads a part of a file, batch by batch.
func (t *Table) read(ctx context.Context, s span, columns frame.Schema, raw bool, b *frame.Batch, visit func(first int)) error {
	r, err := t.readerOf(s.file.path, columns, raw)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.Skip(s.file.places[s.place]); err != nil {
		return inFolder(s.file.path, err)
	}
	for done := 0; done < s.rows; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(b, min(scanRows, s.rows-done))
		if errors.Is(err, io.EOF) && n == 0 {
			return fmt.Errorf("%s was changed while it was read; start view again", s.file.path)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return inFolder(s.file.path, err)
		}
		visit(s.first + done)
		done += n
	}
	return nil
}

// searchFiles looks through the texts and lists in the files.
func (t *Table) searchFiles(ctx context.Context, terms *Terms, found []uint32, hits *Hits) error {
	buffers := make([][]byte, runtime.GOMAXPROCS(0))
	labels := map[*string][]uint32{} // terms in the labels of categories, by the first label
	for i := range t.Scanned {
		terms.inLabels(&t.Scanned[i], labels)
	}
	var lock sync.Mutex
	kept := 0
	return t.scan(ctx, t.Scanned, true, func(worker, first int, b *frame.Batch) {
		f := buffers[worker]
		for r := range b.N {
			row := uint32(first + r)
			where, what := "", ""
			for k := range b.Columns {
				note := func(text string, bits uint32) {
					if bits != 0 && what == "" {
						where, what = b.Schema[k].Name, text
					}
					found[row] |= bits
				}
				eachText(&b.Schema[k], &b.Columns[k], r, func(text string) {
					f = appendFolded(f[:0], text, nil)
					note(text, terms.in(f))
				}, func(of *frame.Field, code int32) {
					if bits := labels[&of.Labels[0]]; bits != nil && bits[code] != 0 {
						note(of.Labels[code], bits[code])
					}
				})
			}
			if what == "" {
				continue
			}
			lock.Lock()
			keep := kept < mostExcerpts
			kept++
			lock.Unlock()
			if !keep {
				continue
			}
			if e, ok := terms.excerpt(where, what); ok {
				lock.Lock()
				hits.excerpts[row] = e
				lock.Unlock()
			}
		}
		buffers[worker] = f
	})
}

// inLabels looks for the terms in the labels of a list of categories, or of records. Fields
// of whose labels none has a term are left out.
func (t *Terms) inLabels(f *frame.Field, labels map[*string][]uint32) {
	for i := range f.Records {
		t.inLabels(&f.Records[i], labels)
	}
	bits, some := make([]uint32, len(f.Labels)), false
	var folded []byte
	for i, l := range f.Labels {
		folded = appendFolded(folded[:0], l, nil)
		bits[i] = t.in(folded)
		some = some || bits[i] != 0
	}
	if some {
		labels[&f.Labels[0]] = bits
	}
}

// eachText visits the texts of a row of a column: its text, the items of its list, the
// texts and, with their fields, the codes of its records.
func eachText(f *frame.Field, c *frame.Column, r int, visit func(text string), label func(of *frame.Field, code int32)) {
	switch f.Type {
	case frame.Text:
		if c.Null == nil || !c.Null[r] {
			visit(c.Texts[r])
		}
	case frame.TextList:
		for _, text := range c.Texts[c.Offsets[r]:c.Offsets[r+1]] {
			visit(text)
		}
	case frame.CategoryList:
		for _, code := range c.Codes[c.Offsets[r]:c.Offsets[r+1]] {
			if code >= 0 {
				label(f, code)
			}
		}
	case frame.Records:
		for k := range f.Records {
			x, cell := &f.Records[k], &c.Records[k]
			switch x.Type {
			case frame.Category:
				for _, code := range cell.Codes[c.Offsets[r]:c.Offsets[r+1]] {
					if code >= 0 {
						label(x, code)
					}
				}
			case frame.Text:
				for i := c.Offsets[r]; i < c.Offsets[r+1]; i++ {
					if cell.Null == nil || !cell.Null[i] {
						visit(cell.Texts[i])
					}
				}
			}
		}
	}
}
