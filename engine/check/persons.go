package check

import (
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
)

var personsCheck = definition{kind: KindPersons, compile: compilePersons, measures: []measure{
	{"duplicate_persons", func(j *judging, found []*Outcome) (out []measured) {
		for _, o := range found {
			if j.Rows > 0 {
				out = append(out, measured{"", float64(o.Persons) / float64(j.Rows)})
			}
		}
		return out
	}},
}}

// unlikely is the expected number of pairs below which chance does not explain
// two persons who are the same.
const unlikely = 0.01

// duplicates: no two persons are the same in all published fields except ids and
// texts (the same person twice may have two texts). Whether such a pair is a fault
// depends on the spec: a few fields agree by chance, several drawn numbers do not.
type duplicates struct {
	temp    *tempFiles
	options Options
	columns *columnsPlan
	coding  *coding
	packs   []pack
	numbers []int // columns of numbers: the rest of a person is sampled without them
	others  []int
}

// pack is some axes whose codes (plus one, so that -1 fits) are packed into one
// word, which makes fingerprints fast.
type pack struct {
	axes []int
	size float64
}

func compilePersons(s *shared) check {
	d := &duplicates{temp: s.temp, options: s.options, columns: s.askColumns(), coding: &s.coding}
	any := false
	for i, f := range s.plan.Fields {
		if !s.identifies(i) && !f.Hidden && !f.Class.Added() && f.Meaning() != kind.Weighting {
			d.include(f, i)
			any = true
		}
	}
	if !any {
		return nil
	}
	return d
}

// include adds a column to the fingerprints.
func (d *duplicates) include(f *kind.Field, column int) {
	a := d.coding.axisOf[column]
	switch {
	case a >= 0:
		width := float64(d.coding.axes[a].slots) + 1
		if n := len(d.packs); n == 0 || d.packs[n-1].size*width > 1<<62 {
			d.packs = append(d.packs, pack{size: 1})
		}
		last := &d.packs[len(d.packs)-1]
		last.axes, last.size = append(last.axes, a), last.size*width
	case f.Type == frame.Number && f.RowOf() == "":
		d.numbers = append(d.numbers, column)
	default:
		d.others = append(d.others, column)
	}
}

type duplicatesTally struct {
	*duplicates
	codes *codes
	of    *columns
	found distinct
	// Fingerprints of the first persons without their numbers, 0 where none was
	// seen.
	seen   []bool
	sample []uint64

	words []uint64 // of the current batch
	rest  []fingerprint
	whole []fingerprint
}

func (d *duplicates) newTally(a *accumulators) tally {
	return &duplicatesTally{duplicates: d, codes: a.codes, of: a.columns, found: distinct{temp: d.temp}}
}

func (t *duplicatesTally) add(b *frame.Batch) {
	t.fingerprint(b)
	for r, f := range t.whole {
		t.found.add(f, b.First+int64(r))
	}
	at, n := t.options.sampled(b)
	if n > 0 && t.sample == nil {
		t.seen, t.sample = make([]bool, sampleRows), make([]uint64, sampleRows)
	}
	for r := range n {
		t.seen[at+r], t.sample[at+r] = true, t.rest[r].finish().a
	}
}

// fingerprint computes the fingerprints of a batch, without numbers (rest) and
// with them (whole).
func (t *duplicatesTally) fingerprint(b *frame.Batch) {
	t.words, t.rest, t.whole = frame.Grow(t.words, b.N), frame.Grow(t.rest, b.N), frame.Grow(t.whole, b.N)
	clear(t.rest)
	for _, pk := range t.packs {
		clear(t.words)
		for _, a := range pk.axes {
			width := uint64(t.coding.axes[a].slots) + 1
			for r, code := range t.codes.axes[a] {
				t.words[r] = t.words[r]*width + uint64(code+1)
			}
		}
		for r, w := range t.words {
			t.rest[r].word(w)
		}
	}
	for _, column := range t.others {
		for r := range t.rest {
			t.rest[r].value(b, column, r)
		}
	}
	copy(t.whole, t.rest)
	for _, column := range t.numbers {
		for r := range t.whole {
			t.whole[r].value(b, column, r)
		}
	}
	for r := range t.whole {
		t.whole[r] = t.whole[r].finish()
	}
}

func (t *duplicatesTally) merge(other tally) {
	o := other.(*duplicatesTally)
	t.found.merge(&o.found)
	t.seen, t.sample = unionOf(t.seen, o.seen), union(t.sample, o.sample)
}

// code leaves out the fingerprints: see Tally.WriteFingerprints.
func (t *duplicatesTally) code(c *wire.Coder) {
	if codeSeen(c, &t.seen) {
		if c.Reading() {
			t.sample = make([]uint64, sampleRows)
		}
		wire.Sparse(c, t.sample, c.Hash)
	}
}

func (t *duplicatesTally) distinct() []*distinct { return []*distinct{&t.found} }

func (d *duplicates) judge(j *judging, gathered tally) ([]finding, error) {
	t := gathered.(*duplicatesTally)
	o := Outcome{ID: "persons", Kind: KindPersons, Name: "duplicated persons", Message: "no two persons are equal"}
	r, err := t.found.search()
	if err != nil {
		return nil, err
	}
	if r.compared != j.Rows {
		return nil, fmt.Errorf("%s were compared with each other, and there are %d", persons(r.compared), j.Rows)
	}
	if r.count > 0 {
		o.Persons, o.Rows, o.Status = r.count, r.rows, Note
		o.Message = fmt.Sprintf("%s equal to an earlier one, such as person %d and person %d; ", humanize.Count(r.count, "person is", "persons are"), r.rows[1], r.rows[0])
		if pairs := t.byChance(float64(j.Rows)); pairs < unlikely {
			o.Status = Fail
			o.Message += fmt.Sprintf("about %.1g such pairs expected by chance", pairs)
		} else {
			o.Message += "chance explains this with so few different values"
		}
	}
	return only(o), nil
}

// byChance estimates how many pairs of n persons agree in everything: the share
// of pairs that agree in all but their numbers, by the sample, times the chances
// that the numbers agree.
func (t *duplicatesTally) byChance(n float64) float64 {
	if len(t.numbers) == 0 {
		return n * (n - 1) / 2
	}
	p := t.agreement()
	for _, column := range t.numbers {
		f, x := t.duplicates.columns.fields[column].field, &t.of.of[column]
		null := float64(x.nulls) / n
		a := null * null
		if x.numbers.N > 0 {
			has := float64(x.numbers.N) / n
			a += has * has * x.numbers.Agreement(f.Decimals)
		}
		p *= min(1, a)
	}
	return n * (n - 1) / 2 * p
}

// agreement estimates the chance that two persons agree in all but their numbers;
// when fewer than three pairs of the sample do, it is the bound that three give.
func (t *duplicatesTally) agreement() float64 {
	var hashes []uint64
	for r, seen := range t.seen {
		if seen {
			hashes = append(hashes, t.sample[r])
		}
	}
	slices.Sort(hashes)
	n := float64(len(hashes))
	if n < 2 {
		return 1
	}
	pairs := 0.0
	for i := 0; i < len(hashes); {
		k := i + 1
		for k < len(hashes) && hashes[k] == hashes[i] {
			k++
		}
		pairs += float64(k-i) * float64(k-i-1) / 2
		i = k
	}
	return min(1, max(pairs, 3)/(n*(n-1)/2))
}
