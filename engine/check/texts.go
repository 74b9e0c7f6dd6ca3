package check

import (
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/rules"
	"github.com/personagen/personagen/engine/internal/similarity"
	"github.com/personagen/personagen/engine/internal/sketch"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
)

// The persons whose texts are compared with each other, those of them whose words
// are kept to be compared by group, and those whose wording is measured: whole
// hundreds, chosen by the smallest keyed hashes of their numbers, so that texts are
// compared with those of neighbouring persons.
const (
	comparedPersons = 10_000
	groupedPersons  = 2_000
	keptPersons     = 1_000
)

// textsPlan describes the written fields.
type textsPlan struct {
	rules  *rules.Set
	coding *coding
	fields []textField
	masked []int // columns whose values are masked
	groups []textGroup
	// languages are the tags of the fields' languages, that of the spec first. Texts in
	// different languages are not compared.
	languages []string
	key       rng.Stream
	// Persons with a hash above these are not in the samples, whatever the rest
	// of the population is.
	comparedBelow, keptBelow uint64
}

// textField is a written field that is published. (A hidden one could not be
// counted in a merged release.)
type textField struct {
	column int
	field  *kind.Field
	when   int // mask of the rows that have a text
	// unknown says that the condition for having a text is about fields that no
	// release publishes. Then everyone with a text counts as one who should have it.
	unknown  bool
	original int // column of the text that it translates, -1 for none
	language int // of textsPlan.languages
}

// textGroup is a field by whose values the words of texts are compared.
type textGroup struct {
	axis  int
	field *kind.Field
}

// compileTexts returns nil when no field is written.
func compileTexts(b *basis, coding *coding) (x *textsPlan, err error) {
	x = &textsPlan{coding: coding, key: rng.New(b.plan.Population.Seed, "check/texts")}
	for i, f := range b.plan.Fields {
		if f.Text != nil && !f.Hidden {
			when, unknown := b.when(f)
			x.fields = append(x.fields, textField{column: i, field: f, when: coding.mask(when), unknown: unknown, original: b.column(f.Text.Of)})
		}
	}
	if x.fields == nil {
		return nil, nil
	}
	x.assignLanguages(b.plan)
	if x.rules, err = rules.Compile(b.ruled()); err != nil {
		return nil, err
	}
	for _, role := range similarity.MaskRoles {
		if i := b.column(b.plan.Roles[role]); i >= 0 && b.measurable[b.plan.Roles[role]] && !slices.Contains(x.masked, i) {
			x.masked = append(x.masked, i)
		}
	}
	for _, name := range b.plan.Groups {
		if b.measurable[name] {
			x.groups = append(x.groups, textGroup{coding.axis(name), b.plan.Field(name)})
		}
	}
	x.comparedBelow = x.certainBound(comparedPersons, b.options.First, b.options.Rows)
	x.keptBelow = x.certainBound(groupedPersons, b.options.First, b.options.Rows)
	return x, nil
}

// mostHundreds is how many hundreds are hashed beforehand.
const mostHundreds = 1_000_000

// certainBound is a hash that those of the hundreds with the sampled persons do
// not exceed, of so many rows from person first on.
func (x *textsPlan) certainBound(persons, first, rows int64) uint64 {
	enough := persons/similarity.Hundred + 2 // the first and the last one may not be whole
	from, to := first/similarity.Hundred, (first+rows+similarity.Hundred-1)/similarity.Hundred
	switch {
	case rows == 0 || to-from <= enough:
		return math.MaxUint64
	case to-from > mostHundreds:
		return sketch.CertainBound(enough, to-from)
	}
	var all []uint64
	for hundred := from; hundred < to; hundred++ {
		all = append(all, x.key.Uint64(hundred))
	}
	slices.Sort(all)
	return all[enough-1]
}

// texts is the one scan over all texts, for every check of them. It fills the
// column tallies of the written fields.
type texts struct {
	plan    *textsPlan
	codes   *codes
	columns *columns
	checker *rules.Checker

	fields   []textTally
	broken   []textViolations                      // per demand of the rules
	compared sketch.Lowest[[]similarity.Signature] // per text field
	kept     sketch.Lowest[keptPerson]
	names    map[uint64]string // words of the persons kept, by their hash
	recent   [1024]uint64      // hashes that names has: most words occur again soon

	comparison *comparedTexts // nil after more rows

	// Of the current batch.
	samples []sampledPerson
	sampled []int32 // per row, one more than its position in samples
	masker  similarity.Masker
}

// textTally is what is gathered of one written field.
type textTally struct {
	applies, written int64          // persons who should have a text, and who have one
	unoriginal       int64          // those without it whose original is missing
	items            sketch.Numbers // lengths of the items of a list
}

// keptPerson is a person whose words are kept.
type keptPerson struct {
	words  [][]uint64           // per text field, masked
	prose  [][]similarity.Prose // per language, of the text fields
	groups []int32              // per group, the value; -1 for none
}

// sampledPerson is a row of the current batch on its way into the samples.
type sampledPerson struct {
	row        int
	hash       uint64
	masks      similarity.Masks
	signatures []similarity.Signature
	words      [][]uint64 // nil when they are not kept
	prose      [][]similarity.Prose
}

func (x *textsPlan) newTally(codes *codes, columns *columns) *texts {
	return &texts{
		plan: x, codes: codes, columns: columns,
		checker:  x.rules.Checker(),
		fields:   make([]textTally, len(x.fields)),
		broken:   make([]textViolations, len(x.rules.Demands)),
		compared: sketch.Lowest[[]similarity.Signature]{Keep: comparedPersons, Below: x.comparedBelow},
		kept:     sketch.Lowest[keptPerson]{Keep: groupedPersons, Below: x.keptBelow},
		names:    map[uint64]string{},
	}
}

func (t *texts) merge(other tally) {
	o := other.(*texts)
	t.comparison = nil
	for i := range t.fields {
		f, g := &t.fields[i], &o.fields[i]
		f.applies += g.applies
		f.written += g.written
		f.unoriginal += g.unoriginal
		f.items.Merge(&g.items)
	}
	for i := range t.broken {
		t.broken[i].merge(&o.broken[i])
	}
	t.compared.Merge(&o.compared)
	t.kept.Merge(&o.kept)
	for hash, word := range o.names {
		t.names[hash] = word
	}
}

func (t *texts) code(c *wire.Coder) {
	for i := range t.fields {
		f := &t.fields[i]
		c.Count(&f.applies)
		c.Count(&f.written)
		c.Count(&f.unoriginal)
		f.items.Code(c)
	}
	for i := range t.broken {
		t.broken[i].code(c)
	}
	t.compared.Code(c, func(signatures *[]similarity.Signature) {
		if c.Reading() {
			*signatures = make([]similarity.Signature, len(t.fields))
		}
		for i := range *signatures {
			(*signatures)[i].Code(c)
		}
	})
	t.kept.Code(c, func(k *keptPerson) { k.code(c, t.plan) })
	wire.Map(c, &t.names, math.MaxInt, c.Hash, c.Text)
}

func (k *keptPerson) code(c *wire.Coder, p *textsPlan) {
	hashes := func(of *[]uint64) { wire.Slice(c, of, math.MaxInt, c.Hash) }
	if c.Reading() {
		k.words, k.prose, k.groups = make([][]uint64, len(p.fields)), make([][]similarity.Prose, len(p.languages)), make([]int32, len(p.groups))
	}
	for i := range k.words {
		hashes(&k.words[i])
	}
	for i := range k.prose {
		wire.Slice(c, &k.prose[i], len(p.fields), func(prose *similarity.Prose) { hashes((*[]uint64)(prose)) })
	}
	for i := range k.groups {
		wire.Within(c, &k.groups[i], -1, p.coding.axes[p.groups[i].axis].size-1)
	}
}

func (t *texts) add(b *frame.Batch) {
	t.comparison = nil
	t.checker.Load(b)
	t.chooseSamples(b)
	for i := range t.fields {
		if t.plan.fields[i].field.Type == frame.TextList {
			t.addLists(b, i)
		} else {
			t.addColumn(b, i)
		}
	}
	for i := range t.samples {
		p := &t.samples[i]
		row := b.First + int64(p.row)
		t.compared.Add(p.hash, row, p.signatures)
		if p.words == nil {
			continue
		}
		k := keptPerson{words: p.words, prose: p.prose}
		for _, g := range t.plan.groups {
			code := t.codes.axes[g.axis][p.row]
			if code >= t.plan.coding.axes[g.axis].size {
				code = -1
			}
			k.groups = append(k.groups, code)
		}
		t.kept.Add(p.hash, row, k)
	}
}

// chooseSamples finds the rows whose texts are compared with others.
func (t *texts) chooseSamples(b *frame.Batch) {
	t.samples, t.sampled = t.samples[:0], frame.Grow(t.sampled, b.N)
	clear(t.sampled)
	for r := range b.N {
		hash := t.plan.key.Uint64((b.First + int64(r)) / similarity.Hundred)
		if hash > t.compared.Below {
			continue
		}
		p := sampledPerson{row: r, hash: hash, signatures: make([]similarity.Signature, len(t.fields))}
		if hash <= t.kept.Below {
			p.words, p.prose = make([][]uint64, len(t.fields)), make([][]similarity.Prose, len(t.plan.languages))
		}
		t.masker.Load(&p.masks, b, r, t.plan.masked)
		t.samples = append(t.samples, p)
		t.sampled[r] = int32(len(t.samples))
	}
}

// has counts a row's null or text and reports whether there is a text to judge.
func (t *texts) has(b *frame.Batch, i, r int, applies []bool) bool {
	c, f := &t.plan.fields[i], &t.fields[i]
	column, col := &t.columns.of[c.column], &b.Columns[c.column]
	null := col.Null != nil && col.Null[r]
	required := (applies == nil || applies[r]) && !(c.unknown && null)
	if required {
		f.applies++
	}
	switch {
	case null && required:
		column.missing.add(b.First + int64(r))
		if c.original >= 0 && b.Columns[c.original].IsNull(frame.Text, r) {
			f.unoriginal++
		}
	case !null && !required:
		column.extra.add(b.First + int64(r))
	}
	if null {
		column.nulls++
		return false
	}
	f.written++
	return true
}

func (t *texts) addColumn(b *frame.Batch, i int) {
	c := &t.plan.fields[i]
	applies, numbers := t.codes.taken(c.when), &t.columns.of[c.column].numbers
	for r, text := range b.Columns[c.column].Texts[:b.N] {
		if !t.has(b, i, r, applies) {
			continue
		}
		t.addFaults(b.First+int64(r), t.checker.Text(c.column, r, text))
		numbers.Add(float64(t.checker.Chars))
		if at := t.sampled[r]; at > 0 {
			t.sample(&t.samples[at-1], i)
		}
	}
}

func (t *texts) addLists(b *frame.Batch, i int) {
	c := &t.plan.fields[i]
	col, applies, numbers := &b.Columns[c.column], t.codes.taken(c.when), &t.columns.of[c.column].numbers
	for r := range b.N {
		if !t.has(b, i, r, applies) {
			continue
		}
		items := col.Texts[col.Offsets[r]:col.Offsets[r+1]]
		t.addFaults(b.First+int64(r), t.checker.List(c.column, r, items))
		numbers.Add(float64(len(items)))
		for _, n := range t.checker.ItemChars {
			t.fields[i].items.Add(float64(n))
		}
	}
}

// addFaults counts the demands that a person's text does not meet.
func (t *texts) addFaults(row int64, faults []rules.Fault) {
	for _, f := range faults {
		t.broken[f.Demand].add(row, f.Snippet)
	}
}

// sample keeps what is compared of the text that was judged last.
func (t *texts) sample(p *sampledPerson, i int) {
	tokens := t.checker.Tokens()
	words := t.masker.Mask(tokens, &p.masks)
	if len(words) == 0 {
		return
	}
	p.signatures[i] = similarity.NewSignature(words)
	if p.words != nil {
		p.words[i] = slices.Clone(words)
		language := t.plan.fields[i].language
		p.prose[language] = append(p.prose[language], similarity.AppendProse(tokens, words))
		for k, hash := range words {
			recent := &t.recent[hash>>54]
			if *recent == hash || hash&similarity.Masked != 0 {
				continue
			}
			*recent = hash
			if _, known := t.names[hash]; !known {
				t.names[hash] = string(tokens.Lower[tokens.Words[k].From:tokens.Words[k].To])
			}
		}
	}
}

// writtenIn counts the texts of the field in a column.
func (t *texts) writtenIn(column int) int64 {
	at := slices.IndexFunc(t.plan.fields, func(f textField) bool { return f.column == column })
	return t.fields[at].written
}

// comparedTexts says how similar the texts of different persons are.
type comparedTexts struct {
	fields []*NearDuplicates // nil for lists and where nothing is written
	groups []similarity.Group
	// recurrence is, per language, of the texts of a person together; nil if there are none.
	recurrence []*similarity.Recurrence
}

// compare compares the sampled texts of every field, and the words of groups of
// persons, several at a time.
func (t *texts) compare() *comparedTexts {
	if t.comparison != nil {
		return t.comparison
	}
	t.compared.Trim()
	t.kept.Trim()
	out := &comparedTexts{fields: make([]*NearDuplicates, len(t.fields))}
	var work errgroup.Group
	work.SetLimit(min(runtime.GOMAXPROCS(0), 8))
	work.Go(func() error { // first, because it takes longest
		out.groups = t.compareGroups()
		return nil
	})
	out.recurrence = make([]*similarity.Recurrence, len(t.plan.languages))
	for language := range t.plan.languages {
		work.Go(func() error {
			out.recurrence[language] = t.measureRecurrence(language)
			return nil
		})
	}
	for i := range t.fields {
		if t.plan.fields[i].field.Type == frame.Text {
			work.Go(func() error {
				out.fields[i] = t.compareField(i)
				return nil
			})
		}
	}
	work.Wait()
	t.comparison = out
	return out
}

// compareField compares the texts of a field; nil when there are none.
func (t *texts) compareField(field int) *NearDuplicates {
	var signatures []*similarity.Signature
	var persons []int64
	for i := range t.compared.All {
		if p := &t.compared.All[i].Value[field]; p.Used {
			signatures, persons = append(signatures, p), append(persons, t.compared.All[i].Row)
		}
	}
	var texts [][]uint64
	for i := range min(keptPersons, len(t.kept.All)) {
		if words := t.kept.All[i].Value.words[field]; len(words) > 0 {
			texts = append(texts, words)
		}
	}
	return similarity.Compare(signatures, persons, texts)
}

// compareGroups compares the words of the persons kept by the values of some
// fields.
func (t *texts) compareGroups() []similarity.Group {
	if t.plan.groups == nil {
		return nil
	}
	by := make([]similarity.GroupBy, len(t.plan.groups))
	for k, g := range t.plan.groups {
		by[k] = similarity.GroupBy{Field: g.field.Name, Values: g.field.Domain.AllLabels()}
		for i := range t.kept.All {
			by[k].Codes = append(by[k].Codes, t.kept.All[i].Value.groups[k])
		}
	}
	var out []similarity.Group
	for language := range t.plan.languages {
		persons := make([][]uint64, len(t.kept.All))
		for i := range t.kept.All {
			persons[i] = slices.Concat(t.wordsIn(language, &t.kept.All[i].Value)...)
		}
		groups := similarity.Groups(persons, by, t.names)
		for i := range groups {
			groups[i].Language = t.plan.otherLanguage(language)
		}
		out = append(out, groups...)
	}
	return out
}

// textExamples gathers examples of several demands.
type textExamples []Example

func (x *textExamples) add(v *textViolations, field string) {
	for i, row := range v.rows {
		if v.snippets[i] != "" {
			*x = append(*x, Example{row, field, v.snippets[i]})
		}
	}
}

// first returns those of the first persons.
func (x textExamples) first() []Example {
	slices.SortStableFunc(x, func(a, b Example) int { return int(a.Person - b.Person) })
	return x[:min(len(x), shownRows)]
}

// withExamples adds the first examples to an outcome about written texts; it is
// skipped when there are none.
func withExamples(o Outcome, examples textExamples, written int64) Outcome {
	if written == 0 {
		o.Status, o.Message = Skip, "no texts"
	}
	o.Examples = examples.first()
	if len(o.Examples) > 0 {
		o.Message += "; " + o.Examples[0].String()
	}
	return o
}
