package compare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/similarity"
	"github.com/personagen/personagen/engine/internal/sketch"
	"github.com/personagen/personagen/engine/internal/tokenize"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// Input is a data set to compare: files or a reference.
type Input struct {
	Name   string
	Kind   string
	Title  string
	Origin string // a description for readers
	Note   string
	Files  []string
	// Schema lists the columns to read, nil for all columns of the files. Shown is the
	// same with the labels to compare, nil for those of Schema, and Numerals are those
	// whose numbers are stored as text.
	Schema, Shown frame.Schema
	Numerals      []string
	// Columns maps names of columns to names of fields.
	Columns map[string]string
	// Plan has the fields and their roles, nil if there is none.
	Plan  *plan.Plan
	Known *spec.Reference // set for a reference, which has no files
}

// The numbers of persons whose texts are compared with each other and whose words
// are kept. They are the persons with the smallest hashes of their numbers.
const (
	comparedPersons = 10_000
	keptPersons     = 1_000
)

// mostValues is the largest number of different values of a column that are
// counted.
const mostValues = 20_000

// batchRows is the number of rows per batch. The first batch decides how a column
// that is not in the plan is compared.
const batchRows = 1024

// profile is the statistics of a data set.
type profile struct {
	input    *Input
	rows     int64
	columns  []*column
	byName   map[string]*column
	texts    int // number of columns of texts and lists
	rowChars sketch.Numbers
	weight   string   // field of the weights of the rows, "" without any
	model    [2]int64 // texts with a known writer, and those of them by a model

	key      rng.Stream
	compared sketch.Lowest[[]sampledText] // per text or list
	kept     sketch.Lowest[[][]uint64]    // per text or list
	roles    []role

	tokens tokenize.Tokenizer
	masker similarity.Masker
	masked []int // columns of the batch
}

// sampledText is what is kept of a text in the sample.
type sampledText struct {
	signature similarity.Signature
	has       uint16 // a bit for each role for which the person has a fact
	named     uint16 // a bit for each of these facts that the text names
}

// person is a person in the sample, with the facts that texts may name and the
// words that are masked in them.
type person struct {
	facts []fact
	masks similarity.Masks
}

// measure reads the files of the input.
func (p *profile) measure(ctx context.Context, progress func(rows int64)) error {
	p.key = rng.New(0, "compare/texts")
	p.compared = sketch.Lowest[[]sampledText]{Keep: comparedPersons, Below: math.MaxUint64}
	p.kept = sketch.Lowest[[][]uint64]{Keep: keptPersons, Below: math.MaxUint64}
	for _, path := range p.input.Files {
		if err := p.read(ctx, path, progress); err != nil {
			return err
		}
	}
	p.compared.Trim()
	p.kept.Trim()
	return nil
}

// read adds the rows of a file.
func (p *profile) read(ctx context.Context, path string, progress func(rows int64)) error {
	r, err := dataset.Open(path, dataset.OpenOptions{Schema: p.input.Schema, Columns: p.input.Columns, Numerals: p.input.Numerals})
	if err != nil {
		return err
	}
	defer r.Close()
	b := frame.New(r.Schema())
	for first := true; ; first = false {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(b, batchRows)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if n == 0 {
			return nil
		}
		if first {
			for _, i := range r.Issues() { // issues with the file as a whole
				if i.Problem == dataset.Unsupported {
					p.input.Note = strings.TrimSpace(p.input.Note + " " + fmt.Sprintf("Column %q cannot be read.", i.Column))
				}
			}
		}
		b.First = p.rows
		if p.input.Shown != nil {
			b.Schema = p.input.Shown
		}
		p.add(counted(b))
		p.rows += int64(n)
		if progress != nil {
			progress(int64(n))
		}
	}
}

// add adds a batch. Files of one set may have their columns in any order.
func (p *profile) add(b *frame.Batch) {
	at := make([]*column, len(b.Schema))
	for i := range b.Schema {
		at[i] = p.find(b, i)
	}
	p.findRoles(b)
	sample, weights := p.sample(b), p.weights(b)
	for i, c := range at {
		switch c.kind {
		case textKind:
			p.addTexts(b, i, c, sample)
		case listKind:
			p.addLists(b, i, c, sample)
		case valueKind:
			c.addValues(b, i, weights)
		case numberKind:
			c.addNumbers(b, i, weights)
		case sourceKind:
			p.addSources(b, i, at)
		}
	}
	for _, n := range sample.rowChars {
		if p.texts > 0 {
			p.rowChars.Add(float64(n))
		}
	}
	for _, r := range sample.rows {
		row := p.rows + int64(r)
		h := p.key.Uint64(row)
		p.compared.Add(h, row, sample.texts[r])
		if sample.words[r] != nil {
			p.kept.Add(h, row, sample.words[r])
		}
	}
}

// batchSample is the sample of a batch. The maps are by row of the batch.
type batchSample struct {
	rowChars []int64 // characters of texts and lists, of every row
	rows     []int   // rows in the sample
	persons  map[int]*person
	texts    map[int][]sampledText // per text or list
	words    map[int][][]uint64    // per text or list, of rows whose words are kept
}

// sample selects the rows of a batch whose hashes may be among the smallest.
func (p *profile) sample(b *frame.Batch) *batchSample {
	s := &batchSample{rowChars: make([]int64, b.N), persons: map[int]*person{}, texts: map[int][]sampledText{}, words: map[int][][]uint64{}}
	for r := range b.N {
		h := p.key.Uint64(p.rows + int64(r))
		if h > p.compared.Below {
			continue
		}
		s.rows = append(s.rows, r)
		s.texts[r] = make([]sampledText, p.texts)
		if h <= p.kept.Below {
			s.words[r] = make([][]uint64, p.texts)
		}
		s.persons[r] = &person{facts: p.facts(b, r)}
		p.masker.Load(&s.persons[r].masks, b, r, p.masked)
	}
	return s
}

// sampleOf returns the MinHash signatures of a column's sampled texts with the
// numbers of their persons, and the words of those whose words are kept.
func (p *profile) sampleOf(c *column) (signatures []*similarity.Signature, persons []int64, words [][]uint64) {
	for i := range p.compared.All {
		x := &p.compared.All[i]
		if c.sampled >= len(x.Value) {
			continue // from a file without this column
		}
		if s := &x.Value[c.sampled]; s.signature.Used {
			signatures, persons = append(signatures, &s.signature), append(persons, x.Row)
		}
	}
	for i := range p.kept.All {
		if all := p.kept.All[i].Value; c.sampled < len(all) && len(all[c.sampled]) > 0 {
			words = append(words, all[c.sampled])
		}
	}
	return signatures, persons, words
}

// addTexts adds a column of texts and fills the sample of the batch.
func (p *profile) addTexts(b *frame.Batch, i int, c *column, sample *batchSample) {
	col := &b.Columns[i]
	for r, text := range col.Texts[:b.N] {
		if col.IsNull(frame.Text, r) {
			c.nulls++
			continue
		}
		c.n++
		if text == "" {
			c.empty++
			continue
		}
		if sample.texts[r] == nil {
			n := utf8.RuneCountInString(text)
			c.chars.Add(float64(n))
			sample.rowChars[r] += int64(n)
			continue
		}
		p.tokens.Read(text)
		c.chars.Add(float64(p.tokens.Chars))
		sample.rowChars[r] += int64(p.tokens.Chars)
		masked := p.masker.Mask(&p.tokens, &sample.persons[r].masks)
		if len(masked) == 0 {
			continue
		}
		s := &sample.texts[r][c.sampled]
		s.signature = similarity.NewSignature(masked)
		for k, f := range sample.persons[r].facts {
			if !f.has() {
				continue
			}
			s.has |= 1 << k
			if f.named(&p.tokens) {
				s.named |= 1 << k
			}
		}
		if w := sample.words[r]; w != nil {
			w[c.sampled] = slices.Clone(masked)
		}
	}
}

// addLists adds a column of lists and fills the sample of the batch.
func (p *profile) addLists(b *frame.Batch, i int, c *column, sample *batchSample) {
	col, field := &b.Columns[i], &b.Schema[i]
	for r := range b.N {
		if col.IsNull(field.Type, r) {
			c.nulls++
			continue
		}
		var items []string
		switch field.Type {
		case frame.Text:
			var ok bool
			if items, _, ok = dataset.ReadList(col.Texts[r]); !ok {
				if strings.TrimSpace(col.Texts[r]) != "" {
					items = []string{col.Texts[r]}
				}
			}
		case frame.TextList:
			items = col.Texts[col.Offsets[r]:col.Offsets[r+1]]
		default:
			for _, code := range col.Codes[col.Offsets[r]:col.Offsets[r+1]] {
				if code >= 0 && int(code) < len(field.Labels) {
					items = append(items, field.Labels[code])
				}
			}
		}
		c.n++
		if len(items) == 0 {
			c.empty++
		}
		c.items.Add(float64(len(items)))
		for _, item := range items {
			n := utf8.RuneCountInString(item)
			c.chars.Add(float64(n))
			sample.rowChars[r] += int64(n)
		}
		if w := sample.words[r]; w != nil {
			for _, item := range items {
				w[c.sampled] = append(w[c.sampled], p.itemHash(item))
			}
		}
	}
}

// itemHash hashes the words of an item.
func (p *profile) itemHash(item string) uint64 {
	p.tokens.Read(item)
	h := uint64(0)
	for _, w := range p.tokens.Words {
		h = rng.Mix(h + w.Hash)
	}
	return h &^ similarity.Masked
}

func (c *column) addValues(b *frame.Batch, i int, weights []float64) {
	col, field := &b.Columns[i], &b.Schema[i]
	for r := range b.N {
		if col.IsNull(field.Type, r) {
			c.nulls++
			continue
		}
		c.n++
		c.weight += rowWeight(weights, r)
		label := textOf(col, field, r)
		if c.dates {
			label = yearOf(label)
		}
		if _, known := c.values[label]; !known && len(c.values) >= mostValues {
			c.tooMany = true
			continue
		}
		c.values[label] += rowWeight(weights, r)
	}
}

// yearOf returns the year of a date, anything else unchanged.
func yearOf(text string) string {
	if _, ok := frame.ParseDate(text); ok {
		return text[:len("2006")]
	}
	return text
}

// textOf formats a value, "" for null and lists.
func textOf(col *frame.Column, field *frame.Field, r int) string {
	switch {
	case col.IsNull(field.Type, r):
	case field.Type == frame.Category && int(col.Codes[r]) < len(field.Labels):
		return field.Labels[col.Codes[r]]
	case field.Type == frame.Integer:
		return strconv.FormatInt(col.Ints[r], 10)
	case field.Type == frame.Date:
		return string(frame.AppendDate(nil, col.Ints[r]))
	case field.Type == frame.Number:
		return strconv.FormatFloat(col.Floats[r], 'g', -1, 64)
	case field.Type == frame.Text:
		return col.Texts[r]
	}
	return ""
}

func (c *column) addNumbers(b *frame.Batch, i int, weights []float64) {
	col, field := &b.Columns[i], &b.Schema[i]
	for r := range b.N {
		switch {
		case col.IsNull(field.Type, r):
			c.nulls++
		case field.Type == frame.Integer:
			c.n++
			c.numbers.add(float64(col.Ints[r]), rowWeight(weights, r))
		case field.Type == frame.Number:
			c.n++
			c.numbers.add(col.Floats[r], rowWeight(weights, r))
		}
	}
}

// addSources counts texts by whether a model wrote them.
func (p *profile) addSources(b *frame.Batch, i int, at []*column) {
	col := &b.Columns[i]
	parsed := map[string]map[string]string{}
	for r := range b.N {
		text := textOf(col, &b.Schema[i], r)
		by, ok := parsed[text]
		if !ok {
			by = check.ParseSource(text)
			parsed[text] = by
		}
		for k, c := range at {
			if c.kind != textKind && c.kind != listKind || c.of == frame.CategoryList || b.Columns[k].IsNull(b.Schema[k].Type, r) {
				continue
			}
			source, ok := by[c.name]
			if !ok {
				source = by[""]
			}
			if source == check.Unknown {
				continue
			}
			p.model[0]++
			if source != check.Offline {
				p.model[1]++
			}
		}
	}
}

// set returns the description of the data set.
func (p *profile) set() Set {
	in := p.input
	s := Set{Name: in.Name, Kind: in.Kind, Title: in.Title, Origin: in.Origin, Note: strings.TrimSpace(in.Note + " " + p.weightNote()), Known: in.Known}
	if in.Known != nil {
		return s
	}
	s.Rows, s.RowChars, s.Weight = &p.rows, p.rowChars.Describe(), p.weight
	if s.RowChars != nil {
		s.RowChars.Of = "characters"
	}
	if p.model[0] > 0 {
		share := sketch.Tidy(float64(p.model[1]) / float64(p.model[0]))
		s.Model = &share
	}
	return s
}
