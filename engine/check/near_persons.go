package check

import (
	"fmt"
	"math"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/stat"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

var nearPersonsCheck = definition{kind: KindNearPersons, compile: compileNearPersons, measures: []measure{
	{"near_duplicate_persons", func(_ *judging, found []*Outcome) (out []measured) {
		for _, o := range found {
			if o.Near != nil {
				out = append(out, measured{"", o.Near.Share})
			}
		}
		return out
	}},
}}

// maxNearPersons is the share of near-duplicate persons above which the check
// fails. With fewer, if chance does not explain them, it warns.
const maxNearPersons = 0.001

// nearPersons: apart from texts, no two persons are equal except for one thing and
// what follows from it, as resampling, copying and jitter leave them. A few fields
// make such pairs by chance; the number that it would make separates these from others.
//
// Every field has a hash of its value and a person the sum of these, so that the
// hash of a person with one thing left out costs a subtraction; near-duplicates
// are persons with the same such hash (deletion neighbourhoods: Mor and Fraenkel,
// "A hash code method for detecting and correcting spelling errors",
// Communications of the ACM 25, 1982).
type nearPersons struct {
	plan    *plan.Plan
	options Options
	coding  *coding
	fields  []nearField
	things  []nearThing
	thing   []int // of each field alone, -1 for none
	base    int   // fields that do not follow from others
	// factor is how much likelier correlated numbers agree all together than
	// independent ones.
	factor float64
	level  int // of the sketches at first
}

// nearField is a column that is compared.
type nearField struct {
	column int
	axis   int      // -1 when not coded
	codes  []uint64 // hashes by code plus one, so that -1 fits
	seed   uint64
	base   bool
	// number and entry are the accumulated field that knows how likely a value is
	// given its inputs, in scores or entries; -1 for none.
	number, entry int
}

// known reports whether the chance of a value is known from the spec.
func (f *nearField) known() bool { return f.number >= 0 || f.entry >= 0 }

// nearThing is what may differ between two persons who are otherwise the same.
type nearThing struct {
	name   string
	fields []int // that differ, positions in nearPersons.fields
	out    []int // left out: these, and what follows from them
	parts  []int // of a thing of several fields, the things of each field
}

// nameRoles are the roles that make up a person's name, which is one thing.
var nameRoles = []string{"name", "given_name", "surname"}

func compileNearPersons(s *shared) check {
	x := &nearPersons{plan: s.plan, options: s.options, coding: &s.coding, factor: 1}
	scores, entries := s.askScores(), s.askEntries()
	at := map[string]int{}
	drawn := map[string]bool{} // hidden choices, of which one column stands for the row
	for i, f := range s.plan.Fields {
		if f.Hidden || f.Class.Added() || s.identifies(i) || f.Meaning() == kind.Weighting || f.Follows() && len(f.Inputs) == 0 {
			continue
		}
		n := nearField{column: i, axis: s.coding.axisOf[i], base: !f.Follows() || !s.measures(f.Inputs), number: scores.field(f.Name), entry: -1}
		if of := f.RowOf(); of != "" {
			n.base = !s.measurable[of] && !drawn[of]
			drawn[of] = true
		}
		var name fingerprint
		name.text(f.Name)
		n.seed = name.finish().a
		if n.axis >= 0 {
			n.codes = make([]uint64, s.coding.axes[n.axis].slots+1)
			for c := range n.codes {
				n.codes[c] = spread(n.seed + uint64(c)*multA)
			}
		}
		if k := entries.field(i); k >= 0 && !entries.fields[k].list {
			n.entry = k
		}
		if n.base {
			x.base++
		}
		at[f.Name] = len(x.fields)
		x.fields = append(x.fields, n)
	}
	if x.base < 2 {
		return nil // a person with one thing changed has nothing left to compare
	}
	x.thing = make([]int, len(x.fields))
	for k, f := range x.fields {
		x.thing[k] = -1
		if of := s.plan.Fields[f.column].RowOf(); of != "" && !s.measurable[of] && !f.base {
			continue // it changes with the column that stands for the row
		}
		x.thing[k] = len(x.things)
		x.things = append(x.things, nearThing{name: s.plan.Fields[f.column].Name, fields: []int{k}, out: x.following([]int{k})})
		switch {
		case f.base && f.number >= 0:
			scores.fields[f.number].sampled = true
		case f.base && f.entry >= 0:
			entries.fields[f.entry].sampled = true
		}
	}
	var numbers, names []int
	for k, f := range x.fields {
		if of := s.plan.Fields[f.column]; f.base && of.Type == frame.Number && of.RowOf() == "" {
			numbers = append(numbers, k)
		}
	}
	for _, role := range nameRoles {
		if k, ok := at[s.plan.Roles[role]]; ok && !slices.Contains(names, k) {
			names = append(names, k)
		}
	}
	x.addThing("the numbers", numbers)
	x.addThing("the name", names)
	for _, c := range s.plan.Correlations {
		x.factor *= stat.AgreementFactor(scores.scored(c))
	}
	x.level = x.firstLevel()
	return x
}

// scored returns the part of a correlation's matrix that is about scored fields.
func (p *scoresPlan) scored(c plan.Correlation) (matrix [][]float64) {
	var known []int
	for i, name := range c.Fields {
		if p.field(name) >= 0 {
			known = append(known, i)
		}
	}
	for _, i := range known {
		var row []float64
		for _, k := range known {
			row = append(row, c.Matrix[i][k])
		}
		matrix = append(matrix, row)
	}
	return matrix
}

// firstLevel is the level that a sketch of the expected rows reaches if hardly any
// hash occurs twice. Starting there saves most of the time.
func (x *nearPersons) firstLevel() (level int) {
	hashes := 0.0
	for _, thing := range x.things {
		values := 1.0 // that the fields left may have together
		for k, f := range x.fields {
			switch {
			case !f.base || slices.Contains(thing.out, k):
			case f.axis >= 0:
				values *= float64(x.coding.axes[f.axis].slots)
			default:
				values = math.Inf(1)
			}
		}
		hashes += min(values, float64(x.options.Rows))
	}
	for ; hashes >= maxMatches; hashes /= 2 {
		level++
	}
	return level
}

// addThing adds a thing of several fields, unless it is one field only or leaves
// nothing to compare.
func (x *nearPersons) addThing(name string, fields []int) {
	out := x.following(fields)
	left := 0
	for k, f := range x.fields {
		if f.base && !slices.Contains(out, k) {
			left++
		}
	}
	if len(fields) < 2 || left == 0 || slices.ContainsFunc(x.things, func(t nearThing) bool { return slices.Equal(t.out, out) }) {
		return
	}
	var parts []int
	for _, k := range fields {
		if x.thing[k] >= 0 {
			parts = append(parts, x.thing[k])
		}
	}
	x.things = append(x.things, nearThing{name: name, fields: fields, out: out, parts: parts})
}

// following lists some fields and those that follow from any of them, ascending.
func (x *nearPersons) following(fields []int) []int {
	changed := map[string]bool{}
	for _, k := range fields {
		f := x.plan.Fields[x.fields[k].column]
		changed[f.Name] = true
		if of := x.plan.Field(f.RowOf()); of != nil && of.Hidden {
			changed[of.Name] = true // and with it the other columns of the row
		}
	}
	for _, name := range x.plan.Order {
		if f := x.plan.Field(name); f != nil && f.Follows() && slices.ContainsFunc(f.Inputs, func(input string) bool { return changed[input] }) {
			changed[name] = true
		}
	}
	var out []int
	for k, f := range x.fields {
		if changed[x.plan.Fields[f.column].Name] {
			out = append(out, k)
		}
	}
	return out
}

// nearTally is what is gathered of near-duplicate persons.
type nearTally struct {
	*nearPersons
	codes   *codes
	scores  *scores
	entries *entries

	sketch pairSketch
	// Of the first persons: who was seen, and per base field of unknown chance the
	// hashes of its values, 0 where no person was seen.
	seen   []bool
	sample [][]uint32

	hashes []uint64 // of the batch, field by field
	whole  []uint64 // their sums
	left   []uint64 // the sums of what is left out
	differ []uint64 // the sums of what may differ
}

func (x *nearPersons) newTally(a *accumulators) tally {
	return &nearTally{nearPersons: x, codes: a.codes, scores: a.scores, entries: a.entries, sketch: pairSketch{level: x.level}}
}

func (t *nearTally) add(b *frame.Batch) {
	t.hashes, t.whole = frame.Grow(t.hashes, b.N*len(t.fields)), frame.Grow(t.whole, b.N)
	clear(t.whole)
	for k := range t.fields {
		out := t.of(k, b.N)
		t.hash(&t.fields[k], b, out)
		for r, h := range out {
			t.whole[r] += h
		}
	}
	for k := range t.things {
		thing := &t.things[k]
		if len(thing.out) == 1 {
			t.sketch.addRows(t.whole, t.of(thing.out[0], b.N), t.of(thing.out[0], b.N), k, b.First)
			continue
		}
		t.left, t.differ = t.sum(t.left, thing.out, b.N), t.sum(t.differ, thing.fields, b.N)
		t.sketch.addRows(t.whole, t.left, t.differ, k, b.First)
	}
	t.addSample(b)
}

// of returns the hashes of a field in the batch of so many rows.
func (t *nearTally) of(field, rows int) []uint64 { return t.hashes[field*rows : (field+1)*rows] }

// sum adds up the hashes of some fields.
func (t *nearTally) sum(out []uint64, fields []int, rows int) []uint64 {
	out = frame.Grow(out, rows)
	copy(out, t.of(fields[0], rows))
	for _, k := range fields[1:] {
		for r, h := range t.of(k, rows) {
			out[r] += h
		}
	}
	return out
}

// hash writes the hashes of a field's values.
func (t *nearTally) hash(f *nearField, b *frame.Batch, out []uint64) {
	if f.axis >= 0 {
		for r, code := range t.codes.axes[f.axis] {
			out[r] = f.codes[code+1]
		}
		return
	}
	c := &b.Columns[f.column]
	if b.Schema[f.column].Type == frame.Number {
		for r, v := range c.Floats[:b.N] {
			out[r] = spread(f.seed + math.Float64bits(v)*multA)
		}
		if c.Null != nil {
			for r, null := range c.Null[:b.N] {
				if null {
					out[r] = f.seed
				}
			}
		}
		return
	}
	for r := range out {
		h := fingerprint{f.seed, f.seed}
		h.value(b, f.column, r)
		out[r] = h.finish().a
	}
}

// addSample keeps the hashes of the first persons.
func (t *nearTally) addSample(b *frame.Batch) {
	at, n := t.options.sampled(b)
	if n == 0 {
		return
	}
	if t.seen == nil {
		t.seen, t.sample = make([]bool, sampleRows), make([][]uint32, len(t.fields))
		for k := range t.fields {
			if f := &t.fields[k]; f.base && !f.known() {
				t.sample[k] = make([]uint32, sampleRows)
			}
		}
	}
	for r := range n {
		t.seen[at+r] = true
	}
	for k, sample := range t.sample {
		if sample != nil {
			for r, h := range t.of(k, b.N)[:n] {
				sample[at+r] = uint32(h)
			}
		}
	}
}

func (t *nearTally) merge(other tally) {
	o := other.(*nearTally)
	t.sketch.merge(&o.sketch)
	t.seen = unionOf(t.seen, o.seen)
	if t.sample == nil {
		t.sample = o.sample
		return
	}
	for k, sample := range o.sample {
		t.sample[k] = union(t.sample[k], sample)
	}
}

func (t *nearTally) code(c *wire.Coder) {
	t.sketch.code(c, len(t.things))
	if !codeSeen(c, &t.seen) {
		return
	}
	if c.Reading() {
		t.sample = make([][]uint32, len(t.fields))
	}
	for k := range t.fields {
		switch f := &t.fields[k]; {
		case !f.base:
		case f.number >= 0 && t.scores.fields[f.number].chance == nil, f.number < 0 && f.entry >= 0 && t.entries.fields[f.entry].chance == nil:
			c.Fail("the chances of the first persons are missing")
		case !f.known():
			if c.Reading() {
				t.sample[k] = make([]uint32, sampleRows)
			}
			wire.Sparse(c, t.sample[k], func(hash *uint32) { wire.Within(c, hash, 0, math.MaxUint32) })
		}
	}
}

func (x *nearPersons) judge(j *judging, gathered tally) ([]finding, error) {
	if j.Rows == 0 {
		return nil, nil
	}
	t := gathered.(*nearTally)
	o := Outcome{ID: KindNearPersons, Kind: KindNearPersons, Name: "near-duplicate persons"}
	rate := math.Ldexp(1, -t.sketch.level)
	near := &NearPersons{Fields: x.base, Sampled: rate}
	o.Near = near
	counted := make([]float64, len(x.things)) // persons of each thing that chance does not explain
	var byChance, expected float64
	for k, f := range t.sketch.found(len(x.things)) {
		if f.pairs == 0 {
			continue
		}
		e := t.expected(k, float64(j.Rows))
		chance := j.mayBeChance(f.pairs, e*rate)
		near.ByThing = append(near.ByThing, NearThing{x.things[k].name, f.pairs / rate, tidy(e), chance})
		if chance {
			byChance += f.pairs / rate
			continue
		}
		expected += e
		counted[k] = f.persons / rate
		if o.Rows == nil || f.rows[1] < o.Rows[1] {
			o.Rows = f.rows
		}
	}
	slices.SortStableFunc(near.ByThing, func(p, q NearThing) int { return int(min(1, max(-1, q.Pairs-p.Pairs))) })
	near.Persons = min(x.total(counted), float64(j.Rows))
	near.Share = tidy(near.Persons / float64(j.Rows))
	o.Persons = int64(near.Persons)
	o.Message = near.message(&o, j.defaultLimit("near_duplicate_persons", "", maxNearPersons), byChance, expected)
	switch {
	case near.Persons == 0:
	case j.limited("near_duplicate_persons", ""): // the spec sets the limit
	case near.Share > maxNearPersons:
		o.Status = Fail
	default:
		o.Status = Warn
	}
	return only(o), nil
}

// pairSlack is how many times too low the expected number of pairs may be: it is
// estimated from few pairs, and pairs come in clusters.
const pairSlack = 10

// mayBeChance reports whether chance, which makes the expected number of pairs on
// average, explains those found: a Poisson count, by the run's budget.
func (j *judging) mayBeChance(pairs, expected float64) bool {
	return stat.PoissonTail(pairs, pairSlack*expected) >= j.Budget/float64(j.Parts)
}

// total adds up persons by thing. Persons who differ in one of several fields that
// are also a thing together are counted in that thing too.
func (x *nearPersons) total(persons []float64) float64 {
	within := make([]bool, len(x.things)) // another thing
	total := 0.0
	for k, thing := range x.things {
		parts := 0.0
		for _, p := range thing.parts {
			within[p] = true
			parts += persons[p]
		}
		if thing.parts != nil {
			total += max(parts, persons[k])
		}
	}
	for k := range x.things {
		if !within[k] && x.things[k].parts == nil {
			total += persons[k]
		}
	}
	return total
}

func (n *NearPersons) message(o *Outcome, limit string, byChance, expected float64) string {
	about, are := "", "are"
	if o.Persons == 1 {
		are = "is"
	}
	if n.Sampled < 1 {
		about = "about "
	}
	text := fmt.Sprintf("no two persons differ in only one of %s", humanize.Count(n.Fields, "field", "fields"))
	switch {
	case n.Persons > 0:
		i := slices.IndexFunc(n.ByThing, func(t NearThing) bool { return !t.Chance })
		text = fmt.Sprintf("%s%s (%.3g %%%s) %s equal to another except for one thing, mostly %s, such as person %d and person %d; about %.1g such pairs expected by chance",
			about, persons(o.Persons), 100*n.Share, limit, are, n.ByThing[i].Thing, o.Rows[1], o.Rows[0], expected)
	case byChance > 0:
		text = fmt.Sprintf("%s%s of persons differ in one thing only, as expected by chance with %s", about, humanize.Count(int64(byChance), "pair", "pairs"), humanize.Count(n.Fields, "field", "fields"))
	}
	if n.Sampled < 1 {
		text += fmt.Sprintf(", estimated from one such pair in %s", humanize.Thousands(int64(1/n.Sampled)))
	}
	return text
}

// expected estimates how many pairs of n persons are by chance equal except for
// a thing: the pairs of the sample that agree in the fields whose values have
// unknown chances, times the chances that the other fields agree. When fewer than
// three pairs of the sample agree, it is the bound that three give. The chance of a
// value is the one in a person with the same inputs.
func (t *nearTally) expected(thing int, n float64) float64 {
	type person struct {
		hash   uint32
		chance float64
	}
	var all []person
	mean := 0.0
	for r, seen := range t.seen {
		if !seen {
			continue
		}
		p := person{chance: 1}
		for k := range t.fields {
			switch f := &t.fields[k]; {
			case !f.base || slices.Contains(t.things[thing].out, k):
			case f.number >= 0:
				p.chance *= float64(t.scores.fields[f.number].chance[r])
			case f.entry >= 0:
				p.chance *= float64(t.entries.fields[f.entry].chance[r])
			default:
				p.hash += t.sample[k][r]
			}
		}
		mean += p.chance
		all = append(all, p)
	}
	if len(all) < 2 {
		return n * (n - 1) / 2
	}
	mean /= float64(len(all))
	slices.SortStableFunc(all, func(p, q person) int {
		if p.hash < q.hash {
			return -1
		}
		if p.hash > q.hash {
			return 1
		}
		return 0
	})
	pairs := 0.0
	for i := 0; i < len(all); {
		k, sum := i, 0.0
		for ; k < len(all) && all[k].hash == all[i].hash; k++ {
			sum += all[k].chance
		}
		pairs += float64(k-i-1) / 2 * sum
		i = k
	}
	m := float64(len(all))
	share := max(pairs, 3*mean) / (m * (m - 1) / 2)
	return n * (n - 1) / 2 * min(1, float64(t.factor*share))
}
