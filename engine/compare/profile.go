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
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// Input is a data set to be compared: files, or a reference.
type Input struct {
	Name   string
	Kind   string
	Title  string
	Origin string // for people
	Note   string
	Files  []string
	// Schema are the columns wanted; nil for what the files hold.
	Schema frame.Schema
	// Columns maps names in the files to names of fields.
	Columns map[string]string
	// Plan knows the fields and their roles; nil when nothing does.
	Plan  *plan.Plan
	Known *spec.Reference // a reference has nothing else
}

// Kinds of columns.
const (
	textKind   = "text"
	listKind   = "list"
	valueKind  = "values"
	numberKind = "numbers"
	sourceKind = "source" // who wrote the texts
	otherKind  = "other"  // identifiers
)

// How many persons' texts are compared with each other, and of how many the
// words are kept: those with the smallest hashes of their numbers.
const (
	comparedPersons = 10_000
	keptPersons     = 1_000
)

// mostValues is how many different values of a column are counted.
const mostValues = 20_000

// batchRows are read at a time; the first of them decide what a column that no
// plan knows is taken for.
const batchRows = 1024

// column is what is gathered of a column.
type column struct {
	name, title string
	kind        string
	of          frame.Type
	sampled     int // position among texts and lists, -1 for others

	n, nulls, empty int64
	chars, items    sketch.Numbers
	numbers         sketch.Numbers
	values          map[string]int64
	many            bool
	strings         bool // lists are written as texts
}

// profile is what is gathered of a data set.
type profile struct {
	input    *Input
	rows     int64
	columns  []*column
	byName   map[string]*column
	texts    int // columns of texts and lists
	rowChars sketch.Numbers
	model    [2]int64 // texts of which is known who wrote them, those of a model

	key      rng.Stream
	compared sketch.Lowest[[]seen]     // per text or list
	kept     sketch.Lowest[[][]uint64] // per text or list
	roles    []role

	tokens tokenize.Tokenizer
	masker similarity.Masker
	masked []int // columns of the batch
}

// seen is what is kept of a sampled text.
type seen struct {
	signature similarity.Signature
	has       uint16 // a bit for each role that the person has
	named     uint16 // and that the text names
}

// person is a sampled one: what texts may name, and what is masked in them.
type person struct {
	facts []fact
	masks similarity.Masks
}

func (p *profile) column(name string) *column {
	if c := p.byName[name]; c != nil && c.kind != sourceKind && c.kind != otherKind {
		return c
	}
	return nil
}

// measure reads the files of the input.
func (p *profile) measure(ctx context.Context, progress func(rows int64)) error {
	p.key = rng.New(0, "compare/texts")
	p.compared = sketch.Lowest[[]seen]{Keep: comparedPersons, Below: math.MaxUint64}
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

func (p *profile) read(ctx context.Context, path string, progress func(rows int64)) error {
	r, err := dataset.Open(path, dataset.OpenOptions{Schema: p.input.Schema, Columns: p.input.Columns})
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
			for _, i := range r.Issues() { // of the file itself: a column of ours that is not there
				if i.Problem == dataset.Unsupported {
					p.input.Note = strings.TrimSpace(p.input.Note + " " + fmt.Sprintf("Column %q cannot be read.", i.Column))
				}
			}
		}
		b.First = p.rows
		p.add(b)
		p.rows += int64(n)
		if progress != nil {
			progress(int64(n))
		}
	}
}

// add gathers a batch. Files of one set may have their columns in any order.
func (p *profile) add(b *frame.Batch) {
	at := make([]*column, len(b.Schema))
	for i := range b.Schema {
		at[i] = p.find(b, i)
	}
	p.findRoles(b)
	rowChars := make([]int64, b.N)
	samples, words := map[int][]seen{}, map[int][][]uint64{}
	var order []int
	for r := range b.N {
		if h := p.key.Uint64(p.rows + int64(r)); h <= p.compared.Below {
			samples[r] = make([]seen, p.texts)
			order = append(order, r)
			if h <= p.kept.Below {
				words[r] = make([][]uint64, p.texts)
			}
		}
	}
	persons := make(map[int]*person, len(order))
	for _, r := range order {
		persons[r] = &person{facts: p.facts(b, r)}
		p.masker.Load(&persons[r].masks, b, r, p.masked)
	}
	for i, c := range at {
		switch c.kind {
		case textKind:
			p.addTexts(b, i, c, rowChars, samples, words, persons)
		case listKind:
			p.addLists(b, i, c, rowChars, samples, words)
		case valueKind:
			c.addValues(b, i)
		case numberKind:
			c.addNumbers(b, i)
		case sourceKind:
			p.addSources(b, i, at)
		}
	}
	for _, n := range rowChars {
		if p.texts > 0 {
			p.rowChars.Add(float64(n))
		}
	}
	for _, r := range order {
		row := p.rows + int64(r)
		h := p.key.Uint64(row)
		p.compared.Add(h, row, samples[r])
		if words[r] != nil {
			p.kept.Add(h, row, words[r])
		}
	}
}

// find returns the column of the batch's column i, made when it is new.
func (p *profile) find(b *frame.Batch, i int) *column {
	f := &b.Schema[i]
	if c := p.byName[f.Name]; c != nil {
		return c
	}
	c := &column{name: f.Name, title: f.Title, of: f.Type, sampled: -1}
	c.kind = p.kindOf(b, i, c)
	if c.kind == textKind || c.kind == listKind {
		c.sampled = p.texts
		p.texts++
	}
	if c.kind == valueKind {
		c.values = map[string]int64{}
	}
	p.columns = append(p.columns, c)
	if p.byName == nil {
		p.byName = map[string]*column{}
	}
	p.byName[c.name] = c
	return c
}

// kindOf tells what a column is compared as: what the plan says where it knows
// the field and the file has values of that sort, else by its first values.
func (p *profile) kindOf(b *frame.Batch, i int, c *column) string {
	var known *kind.Field
	if p.input.Plan != nil {
		known = p.input.Plan.Field(c.name)
	}
	if known != nil {
		c.title = known.Title
		switch {
		case known.Kind == "id" || p.input.Plan.Roles["id"] == c.name:
			return otherKind
		case known.Class == kind.Written && known.Text == nil:
			return sourceKind
		case known.Type == frame.TextList && c.of == frame.Text:
			c.strings = true
			return listKind
		case known.Text != nil && known.Type == c.of:
			return proseKind(known)
		case (known.Type == frame.Category || known.Type == frame.Text) && c.of != frame.TextList && c.of != frame.CategoryList:
			return valueKind
		}
	}
	switch c.of {
	case frame.Integer, frame.Number:
		return numberKind
	case frame.TextList, frame.CategoryList:
		return listKind
	case frame.Category:
		return valueKind
	}
	return p.sniff(b, i, c)
}

func proseKind(f *kind.Field) string {
	if f.Type == frame.TextList {
		return listKind
	}
	return textKind
}

// prosaic is the mean length in characters from which texts are prose and not
// labels.
const prosaic = 80

// sniff tells what a column of texts holds by its first rows.
func (p *profile) sniff(b *frame.Batch, i int, c *column) string {
	col := &b.Columns[i]
	n, lists, chars := 0, 0, 0
	different := map[string]bool{}
	for r, text := range col.Texts[:b.N] {
		if col.IsNull(frame.Text, r) || text == "" {
			continue
		}
		n++
		chars += utf8.RuneCountInString(text)
		different[text] = true
		if _, _, ok := dataset.ReadList(text); ok {
			lists++
		}
	}
	switch {
	case n > 0 && lists*10 >= n*9:
		c.strings = true
		return listKind
	case n > 0 && chars >= prosaic*n:
		return textKind
	case n > 10 && len(different) == n && chars >= 32*n && chars <= 36*n:
		return otherKind // all different and as long as a UUID
	}
	return valueKind
}

// sampleOf returns the signatures and the words of a column's sample, in the order of
// the sample.
func (p *profile) sampleOf(c *column) (signatures []*similarity.Signature, persons []int64, words [][]uint64) {
	for i := range p.compared.All {
		x := &p.compared.All[i]
		if c.sampled >= len(x.Value) {
			continue // of a file that has no such column
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

func (p *profile) addTexts(b *frame.Batch, i int, c *column, rowChars []int64, samples map[int][]seen, words map[int][][]uint64, persons map[int]*person) {
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
		if samples[r] == nil {
			n := utf8.RuneCountInString(text)
			c.chars.Add(float64(n))
			rowChars[r] += int64(n)
			continue
		}
		p.tokens.Read(text)
		c.chars.Add(float64(p.tokens.Chars))
		rowChars[r] += int64(p.tokens.Chars)
		masked := p.masker.Mask(&p.tokens, &persons[r].masks)
		if len(masked) == 0 {
			continue
		}
		s := &samples[r][c.sampled]
		s.signature = similarity.NewSignature(masked)
		for k, f := range persons[r].facts {
			if !f.has() {
				continue
			}
			s.has |= 1 << k
			if f.named(&p.tokens) {
				s.named |= 1 << k
			}
		}
		if w := words[r]; w != nil {
			w[c.sampled] = slices.Clone(masked)
		}
	}
}

func (p *profile) addLists(b *frame.Batch, i int, c *column, rowChars []int64, samples map[int][]seen, words map[int][][]uint64) {
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
			rowChars[r] += int64(n)
		}
		if w := words[r]; w != nil {
			for _, item := range items {
				w[c.sampled] = append(w[c.sampled], p.itemHash(item))
			}
		}
	}
}

// itemHash identifies an item by its words.
func (p *profile) itemHash(item string) uint64 {
	p.tokens.Read(item)
	h := uint64(0)
	for _, w := range p.tokens.Words {
		h = rng.Mix(h + w.Hash)
	}
	return h &^ similarity.Masked
}

func (c *column) addValues(b *frame.Batch, i int) {
	col, field := &b.Columns[i], &b.Schema[i]
	for r := range b.N {
		if col.IsNull(field.Type, r) {
			c.nulls++
			continue
		}
		c.n++
		label := textOf(col, field, r)
		if _, known := c.values[label]; !known && len(c.values) >= mostValues {
			c.many = true
			continue
		}
		c.values[label]++
	}
}

// textOf is a value as text, "" for null and lists.
func textOf(col *frame.Column, field *frame.Field, r int) string {
	switch {
	case col.IsNull(field.Type, r):
	case field.Type == frame.Category && int(col.Codes[r]) < len(field.Labels):
		return field.Labels[col.Codes[r]]
	case field.Type == frame.Integer:
		return strconv.FormatInt(col.Ints[r], 10)
	case field.Type == frame.Number:
		return strconv.FormatFloat(col.Floats[r], 'g', -1, 64)
	case field.Type == frame.Text:
		return col.Texts[r]
	}
	return ""
}

func (c *column) addNumbers(b *frame.Batch, i int) {
	col, field := &b.Columns[i], &b.Schema[i]
	for r := range b.N {
		switch {
		case col.IsNull(field.Type, r):
			c.nulls++
		case field.Type == frame.Integer:
			c.n++
			c.numbers.Add(float64(col.Ints[r]))
		case field.Type == frame.Number:
			c.n++
			c.numbers.Add(col.Floats[r])
		}
	}
}

// addSources counts who wrote the texts.
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

// set describes the data set.
func (p *profile) set() Set {
	in := p.input
	s := Set{Name: in.Name, Kind: in.Kind, Title: in.Title, Origin: in.Origin, Note: in.Note, Known: in.Known}
	if in.Known != nil {
		return s
	}
	s.Rows, s.RowChars = &p.rows, p.rowChars.Describe()
	if s.RowChars != nil {
		s.RowChars.Of = "characters"
	}
	if p.model[0] > 0 {
		share := sketch.Tidy(float64(p.model[1]) / float64(p.model[0]))
		s.Model = &share
	}
	return s
}
