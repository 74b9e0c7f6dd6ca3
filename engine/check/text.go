package check

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/rules"
	"github.com/personagen/personagen/engine/internal/similarity"
	"github.com/personagen/personagen/engine/internal/sketch"
	"github.com/personagen/personagen/engine/kind"
)

// Persons whose texts are compared with each other, those of them whose words
// are kept, to be compared by group, and those whose wording is measured: whole
// hundreds, the ones with the smallest keyed hash of their number, so that texts
// are compared with those they stand among.
const (
	comparedPersons = 10_000
	groupedPersons  = 2_000
	keptPersons     = 1_000
)

// textSuite is what the suite knows of written fields; nil when there are none.
type textSuite struct {
	rules  *rules.Set
	fields []textCheck
	source int   // column that says who wrote a person's texts, -1 for none
	masked []int // columns whose values are masked
	groups []int // axes by which words are compared
	key    rng.Stream
	// Persons with a hash above these are not in the samples, whatever the rest
	// of the population is.
	comparedBelow, keptBelow uint64
}

// textCheck is a written field.
type textCheck struct {
	column int
	field  *kind.Field
	when   int // mask of the rows that have a text, -1 for all
}

// compileTexts readies the checks of written fields.
func (s *Suite) compileTexts() {
	x := &textSuite{source: -1, key: rng.New(s.plan.Population.Seed, "check/texts")}
	for i, f := range s.plan.Fields {
		switch {
		case f.Text != nil && !f.Hidden: // what is not written could not be counted in a merged release
			x.fields = append(x.fields, textCheck{i, f, s.mask(f.When)})
		case f.Class == kind.Written:
			x.source = i
		}
	}
	if len(x.fields) == 0 {
		return
	}
	if x.rules, s.err = rules.Compile(s.plan); s.err != nil {
		return
	}
	for _, role := range similarity.MaskRoles {
		if i := s.column(s.plan.Roles[role]); i >= 0 && !slices.Contains(x.masked, i) {
			x.masked = append(x.masked, i)
		}
	}
	for _, name := range s.plan.Groups {
		if s.told[name] {
			x.groups = append(x.groups, s.axisOf[s.column(name)])
		}
	}
	x.comparedBelow, x.keptBelow = x.certainBound(comparedPersons, s.options.First, s.options.Rows), x.certainBound(groupedPersons, s.options.First, s.options.Rows)
	s.texts = x
}

// mostHundreds is how many hundreds are hashed beforehand.
const mostHundreds = 1_000_000

// certainBound is a hash that those of the hundreds with the sampled persons do
// not pass, of so many rows from person first on.
func (x *textSuite) certainBound(persons, first, rows int64) uint64 {
	wanted := persons/similarity.Hundred + 2 // the first and the last one may not be whole
	from, to := first/similarity.Hundred, (first+rows+similarity.Hundred-1)/similarity.Hundred
	switch {
	case rows == 0 || to-from <= wanted:
		return math.MaxUint64
	case to-from > mostHundreds:
		return sketch.CertainBound(wanted, to-from)
	}
	var all []uint64
	for hundred := from; hundred < to; hundred++ {
		all = append(all, x.key.Uint64(hundred))
	}
	slices.Sort(all)
	return all[wanted-1]
}

// textTally is what is gathered of the written fields.
type textTally struct {
	checker *rules.Checker
	fields  []textFieldTally
	broken  []textFinds // per demand
	// unsourced are persons with a text that nobody is said to have written.
	unsourced finds
	compared  sketch.Lowest[[]similarity.Signature] // per text field
	kept      sketch.Lowest[keptPerson]
	names     map[uint64]string // words that persons kept have, by their hash

	// Of the current batch.
	samples []sampledPerson
	sampled []int32 // per row, one more than its position in samples
	masker  similarity.Masker
}

// keptPerson is a person whose words are kept.
type keptPerson struct {
	words  [][]uint64 // per text field, masked
	groups []int32    // per axis of textSuite.groups, the value; -1 for none
}

// sampledPerson is a row of the current batch on its way into the samples.
type sampledPerson struct {
	row        int
	hash       uint64
	masks      similarity.Masks
	signatures []similarity.Signature
	words      [][]uint64
}

// textFieldTally is what is gathered of one written field.
type textFieldTally struct {
	applies, written int64
	items            sketch.Numbers // lengths of the items of a list
	sources          map[string]int64
}

// textFinds are finds that remember what was wrong.
type textFinds struct {
	finds
	snippets []string // of finds.rows
}

func (f *textFinds) add(row int64, snippet string) {
	f.count++
	f.insert(row, snippet)
}

func (f *textFinds) insert(row int64, snippet string) {
	at, _ := slices.BinarySearch(f.rows, row)
	if at == shown {
		return
	}
	f.rows, f.snippets = slices.Insert(f.rows, at, row), slices.Insert(f.snippets, at, strings.Clone(snippet))
	f.rows, f.snippets = f.rows[:min(shown, len(f.rows))], f.snippets[:min(shown, len(f.snippets))]
}

func (f *textFinds) merge(o *textFinds) {
	f.count += o.count
	for i, row := range o.rows {
		f.insert(row, o.snippets[i])
	}
}

func (x *textSuite) newTally() *textTally {
	t := &textTally{
		checker:  x.rules.Checker(),
		fields:   make([]textFieldTally, len(x.fields)),
		broken:   make([]textFinds, len(x.rules.Demands)),
		compared: sketch.Lowest[[]similarity.Signature]{Keep: comparedPersons, Below: x.comparedBelow},
		kept:     sketch.Lowest[keptPerson]{Keep: groupedPersons, Below: x.keptBelow},
		names:    map[uint64]string{},
	}
	for i := range t.fields {
		t.fields[i].sources = map[string]int64{}
	}
	return t
}

func (t *textTally) merge(o *textTally) {
	for i := range t.fields {
		f, g := &t.fields[i], &o.fields[i]
		f.applies += g.applies
		f.written += g.written
		f.items.Merge(&g.items)
		for source, n := range g.sources {
			f.sources[source] += n
		}
	}
	for i := range t.broken {
		t.broken[i].merge(&o.broken[i])
	}
	t.unsourced.merge(&o.unsourced)
	t.compared.Merge(&o.compared)
	t.kept.Merge(&o.kept)
	for hash, word := range o.names {
		t.names[hash] = word
	}
}

// addTexts judges the texts of a batch.
func (t *Tally) addTexts(b *frame.Batch) {
	x := t.suite.texts
	if x == nil {
		return
	}
	t.texts.checker.Load(b)
	t.chooseSamples(b)
	for i := range x.fields {
		if x.fields[i].field.Type == frame.TextList {
			t.addTextLists(b, i)
		} else {
			t.addTextColumn(b, i)
		}
	}
	t.addSources(b)
	for i := range t.texts.samples {
		p := &t.texts.samples[i]
		row := b.First + int64(p.row)
		t.texts.compared.Add(p.hash, row, p.signatures)
		if p.words != nil {
			k := keptPerson{words: p.words}
			for _, a := range x.groups {
				code := t.codes[a][p.row]
				if code >= t.suite.axes[a].size {
					code = -1
				}
				k.groups = append(k.groups, code)
			}
			t.texts.kept.Add(p.hash, row, k)
		}
	}
}

// chooseSamples finds the rows whose texts are compared with others.
func (t *Tally) chooseSamples(b *frame.Batch) {
	x, tt := t.suite.texts, t.texts
	tt.samples, tt.sampled = tt.samples[:0], frame.Grow(tt.sampled, b.N)
	clear(tt.sampled)
	for r := range b.N {
		hash := x.key.Uint64((b.First + int64(r)) / similarity.Hundred)
		if hash > tt.compared.Below {
			continue
		}
		p := sampledPerson{row: r, hash: hash, signatures: make([]similarity.Signature, len(x.fields))}
		if hash <= tt.kept.Below {
			p.words = make([][]uint64, len(x.fields))
		}
		tt.masker.Load(&p.masks, b, r, x.masked)
		tt.samples = append(tt.samples, p)
		tt.sampled[r] = int32(len(tt.samples))
	}
}

// has counts a row's null or text and reports whether there is a text to judge.
func (t *Tally) has(b *frame.Batch, i, r int, applies []bool) bool {
	c, f := &t.suite.texts.fields[i], &t.texts.fields[i]
	gathered := &t.fields[c.column]
	col := &b.Columns[c.column]
	null := col.Null != nil && col.Null[r]
	wanted := applies == nil || applies[r]
	if wanted {
		f.applies++
	}
	switch {
	case null && wanted:
		gathered.missing.add(b.First + int64(r))
	case !null && !wanted:
		gathered.extra.add(b.First + int64(r))
	}
	if null {
		gathered.nulls++
		return false
	}
	f.written++
	return true
}

func (t *Tally) addTextColumn(b *frame.Batch, i int) {
	c, tt := &t.suite.texts.fields[i], t.texts
	applies, numbers := t.taken(c.when), &t.fields[c.column].numbers
	for r, text := range b.Columns[c.column].Texts[:b.N] {
		if !t.has(b, i, r, applies) {
			continue
		}
		t.noteFaults(b.First+int64(r), tt.checker.Text(c.column, r, text))
		numbers.Add(float64(tt.checker.Chars))
		if at := tt.sampled[r]; at > 0 {
			t.takeText(&tt.samples[at-1], i)
		}
	}
}

func (t *Tally) addTextLists(b *frame.Batch, i int) {
	c, tt := &t.suite.texts.fields[i], t.texts
	col, applies, numbers := &b.Columns[c.column], t.taken(c.when), &t.fields[c.column].numbers
	for r := range b.N {
		if !t.has(b, i, r, applies) {
			continue
		}
		items := col.Texts[col.Offsets[r]:col.Offsets[r+1]]
		t.noteFaults(b.First+int64(r), tt.checker.List(c.column, r, items))
		numbers.Add(float64(len(items)))
		for _, n := range tt.checker.ItemChars {
			tt.fields[i].items.Add(float64(n))
		}
	}
}

// noteFaults notes the demands that a person's text does not meet.
func (t *Tally) noteFaults(row int64, faults []rules.Fault) {
	for _, f := range faults {
		t.texts.broken[f.Demand].add(row, f.Snippet)
	}
}

// takeText keeps what is compared of the text that was judged last.
func (t *Tally) takeText(p *sampledPerson, i int) {
	tokens := t.texts.checker.Tokens()
	words := t.texts.masker.Mask(tokens, &p.masks)
	if len(words) == 0 {
		return
	}
	p.signatures[i] = similarity.NewSignature(words)
	if p.words != nil {
		p.words[i] = slices.Clone(words)
		for k, hash := range words {
			if _, known := t.texts.names[hash]; !known && hash&similarity.Masked == 0 {
				t.texts.names[hash] = string(tokens.Lower[tokens.Words[k].From:tokens.Words[k].To])
			}
		}
	}
}

// Sources that no program writes.
const (
	Offline = "offline" // the narrator
	Unknown = "unknown" // not said
)

// addSources counts who wrote the texts.
func (t *Tally) addSources(b *frame.Batch) {
	x, tt := t.suite.texts, t.texts
	if x.source < 0 {
		return
	}
	said := map[string]map[string]string{} // few: most rows say the same
	col := &b.Columns[x.source]
	for r := range b.N {
		text := ""
		if !col.IsNull(frame.Text, r) {
			text = col.Texts[r]
		}
		by, ok := said[text]
		if !ok {
			by = ParseSource(text)
			said[text] = by
		}
		unsourced := false
		for i := range x.fields {
			c := &x.fields[i]
			if b.Columns[c.column].IsNull(c.field.Type, r) {
				continue
			}
			source, ok := by[c.field.Name]
			if !ok {
				source = by[""]
			}
			unsourced = unsourced || source == Unknown
			tt.fields[i].sources[source]++
		}
		if unsourced {
			tt.unsourced.add(b.First + int64(r))
		}
	}
}

// ParseSource reads who wrote a person's texts: one source for all of them, or
// an object of field to source. The source under "" is that of fields that are
// not named.
func ParseSource(text string) map[string]string {
	by := map[string]string{}
	if strings.HasPrefix(text, "{") {
		if err := json.Unmarshal([]byte(text), &by); err != nil {
			clear(by)
		}
		text = ""
	}
	if text == "" {
		text = Unknown
	}
	by[""] = text
	for field, source := range by {
		if source == "" {
			by[field] = Unknown
		}
	}
	return by
}

// sourcesOf lists sources by their count, the largest first.
func sourcesOf(counts map[string]int64, of int64) []TextSource {
	var out []TextSource
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, TextSource{name, counts[name], tidy(float64(counts[name]) / float64(of))})
	}
	slices.SortStableFunc(out, func(a, b TextSource) int { return int(b.Texts - a.Texts) })
	return out
}
