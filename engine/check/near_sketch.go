package check

import (
	"math"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
)

// nearCheck finds near-duplicate persons: two who are the same in all that is
// written (texts apart) but for one thing, and for what follows from it.
//
// Every field has a hash of its value and a person the sum of these, so that the
// hash of a person with one thing left out costs a subtraction; near-duplicates
// are persons with the same such hash (deletion neighbourhoods: Mor and Fraenkel,
// "A hash code method for detecting and correcting spelling errors",
// Communications of the ACM 25, 1982).
type nearCheck struct {
	fields []nearField
	things []nearThing
	base   int // fields that do not follow from others
	// inflation is how much likelier correlated numbers agree all together than
	// independent ones.
	inflation float64
	level     int // of the sketches at first
}

// nearField is a column that is compared.
type nearField struct {
	column int
	axis   int      // -1 when not coded
	codes  []uint64 // hashes by code, one more, so that -1 fits
	seed   uint64
	base   bool
	// number and draw are the check that knows how likely a value is drawn, given
	// what it depends on; -1 for none.
	number, draw int
}

// known reports whether the chance of a value can be told from the spec.
func (f *nearField) known() bool { return f.number >= 0 || f.draw >= 0 }

// nearThing is what may differ between two persons who are otherwise the same.
type nearThing struct {
	name   string
	fields []int // that differ, positions in nearCheck.fields
	out    []int // left out: they, and what follows from them
	parts  []int // of things that stand for several fields, those of each field
}

// nameRoles are the roles that make up a person's name, one thing together.
var nameRoles = []string{"name", "given_name", "surname"}

func (s *Suite) compileNear() {
	x := &nearCheck{inflation: 1}
	at := map[string]int{}
	for i, f := range s.plan.Fields {
		if f.Hidden || f.Class == kind.Written || slices.Contains(s.ids, i) || f.Class == kind.Derived && len(f.Inputs) == 0 {
			continue
		}
		n := nearField{column: i, axis: s.axisOf[i], base: f.Class != kind.Derived || !s.tells(f.Inputs), number: -1, draw: -1}
		var name fingerprint
		name.text(f.Name)
		n.seed = name.finish().a
		if n.axis >= 0 {
			n.codes = make([]uint64, s.axes[n.axis].slots+1)
			for c := range n.codes {
				n.codes[c] = spread(n.seed + uint64(c)*multA)
			}
		}
		n.number = slices.IndexFunc(s.numbers, func(c numberCheck) bool { return c.column == i })
		n.draw = slices.IndexFunc(s.draws, func(c drawCheck) bool { return c.column == i && !c.list })
		if n.base {
			x.base++
		}
		at[f.Name] = len(x.fields)
		x.fields = append(x.fields, n)
	}
	if x.base < 2 {
		return // whoever has one thing changed has everything changed
	}
	for k, f := range x.fields {
		name := s.plan.Fields[f.column].Name
		x.things = append(x.things, nearThing{name: name, fields: []int{k}, out: s.following(x, []int{k})})
	}
	var numbers, names []int
	for k, f := range x.fields {
		if f.base && s.plan.Fields[f.column].Type == frame.Number {
			numbers = append(numbers, k)
		}
	}
	for _, role := range nameRoles {
		if k, ok := at[s.plan.Roles[role]]; ok && !slices.Contains(names, k) {
			names = append(names, k)
		}
	}
	s.addThing(x, "the numbers", numbers)
	s.addThing(x, "the name", names)
	for _, c := range s.plan.Correlations {
		x.inflation *= s.inflation(c.Fields, c.Matrix)
	}
	x.level = s.nearLevel(x)
	s.near = x
}

// nearLevel is the level that a sketch of the rows there should be will come to if
// hardly any hash occurs twice: beginning there saves the most of the time.
func (s *Suite) nearLevel(x *nearCheck) (level int) {
	hashes := 0.0
	for _, thing := range x.things {
		values := 1.0 // that the fields left may have together
		for k, f := range x.fields {
			switch {
			case !f.base || slices.Contains(thing.out, k):
			case f.axis >= 0:
				values *= float64(s.axes[f.axis].slots)
			default:
				values = math.Inf(1)
			}
		}
		hashes += min(values, float64(s.options.Rows))
	}
	for ; hashes >= mostMatches; hashes /= 2 {
		level++
	}
	return level
}

// addThing adds a thing of several fields, unless it is no more than one field or
// leaves nothing to compare.
func (s *Suite) addThing(x *nearCheck, name string, fields []int) {
	out := s.following(x, fields)
	left := 0
	for k, f := range x.fields {
		if f.base && !slices.Contains(out, k) {
			left++
		}
	}
	if len(fields) < 2 || left == 0 || slices.ContainsFunc(x.things, func(t nearThing) bool { return slices.Equal(t.out, out) }) {
		return
	}
	x.things = append(x.things, nearThing{name: name, fields: fields, out: out, parts: fields})
}

// following lists some fields and those that follow from any of them, ascending.
func (s *Suite) following(x *nearCheck, fields []int) []int {
	changed := map[string]bool{}
	for _, k := range fields {
		changed[s.plan.Fields[x.fields[k].column].Name] = true
	}
	for _, name := range s.plan.Order {
		if f := s.plan.Field(name); f != nil && f.Class == kind.Derived && slices.ContainsFunc(f.Inputs, func(input string) bool { return changed[input] }) {
			changed[name] = true
		}
	}
	var out []int
	for k, f := range x.fields {
		if changed[s.plan.Fields[f.column].Name] {
			out = append(out, k)
		}
	}
	return out
}

// nearTally is what is gathered of near-duplicates.
type nearTally struct {
	sketch nearSketch
	sample nearSample

	hashes []uint64 // of the batch, field by field
	whole  []uint64 // their sums
	left   []uint64 // the sums with some things left out
	differ []uint64 // the hashes of what may differ
}

// addNear remembers the persons of a batch.
func (t *Tally) addNear(b *frame.Batch) {
	x := t.suite.near
	if x == nil {
		return
	}
	n := &t.near
	n.hashes, n.whole = frame.Grow(n.hashes, b.N*len(x.fields)), frame.Grow(n.whole, b.N)
	clear(n.whole)
	for k := range x.fields {
		f, out := &x.fields[k], n.of(k, b.N)
		f.hash(t, b, out)
		for r, h := range out {
			n.whole[r] += h
		}
	}
	for k := range x.things {
		thing := &x.things[k]
		if len(thing.out) == 1 {
			n.sketch.addRows(n.whole, n.of(thing.out[0], b.N), n.of(thing.out[0], b.N), k, b.First)
			continue
		}
		n.left, n.differ = sum(n.left, n, thing.out, b.N), sum(n.differ, n, thing.fields, b.N)
		n.sketch.addRows(n.whole, n.left, n.differ, k, b.First)
	}
	n.sample.add(t, b)
}

// of returns the hashes of a field in the batch of so many rows.
func (n *nearTally) of(field, rows int) []uint64 { return n.hashes[field*rows : (field+1)*rows] }

// sum adds up the hashes of some fields.
func sum(out []uint64, n *nearTally, fields []int, rows int) []uint64 {
	out = frame.Grow(out, rows)
	copy(out, n.of(fields[0], rows))
	for _, k := range fields[1:] {
		for r, h := range n.of(k, rows) {
			out[r] += h
		}
	}
	return out
}

// hash writes the hashes of a field's values.
func (f *nearField) hash(t *Tally, b *frame.Batch, out []uint64) {
	if f.axis >= 0 {
		for r, code := range t.codes[f.axis] {
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
		hashValue(&h, b, f.column, r)
		out[r] = h.finish().a
	}
}

// mostMatches is how many hashes a sketch holds at most, in a table of
// mostSlots: 8 MiB.
const (
	mostSlots   = 1 << 18
	mostMatches = mostSlots / 4 * 3
)

// nearSketch counts persons by hash. When it would hold too many different ones,
// it forgets those whose next leading bit is 1: what it has is a sample of all
// hashes, each with all its persons (adaptive sampling: Flajolet, "On adaptive
// sampling", Computing 43, 1990). The level of a sketch, and so what it holds, does
// not depend on the order of the rows or on how they were shared out.
type nearSketch struct {
	level int // leading bits of a hash that must be 0
	held  int
	slots []match // an open hash table
}

// match is the persons with one hash.
type match struct {
	hash   uint64
	rows   [2]int64 // the first two
	count  uint32   // 0 when the slot is free
	thing  uint16
	differ uint16 // of the thing left out, 0 when it is not the same in all
}

// addRows adds persons by what is left of their hash.
func (s *nearSketch) addRows(whole, left, differ []uint64, thing int, first int64) {
	shift := 64 - s.level
	for r, w := range whole {
		h := w - left[r]
		if h>>shift != 0 {
			continue
		}
		s.add(match{h, [2]int64{first + int64(r), -1}, 1, uint16(thing), uint16(differ[r]>>48) | 1})
		shift = 64 - s.level
	}
}

func (s *nearSketch) add(m match) {
	if s.slots == nil {
		s.slots = make([]match, 1<<10)
	}
	if s.insert(&m) && 4*s.held >= 3*len(s.slots) {
		s.room()
	}
}

// insert reports whether the hash is new.
func (s *nearSketch) insert(m *match) bool {
	last := uint64(len(s.slots) - 1)
	for at := m.hash & last; ; at = (at + 1) & last {
		switch o := &s.slots[at]; {
		case o.count == 0:
			*o = *m
			s.held++
			return true
		case o.hash == m.hash:
			o.join(m)
			return false
		}
	}
}

// room makes the table larger, or forgets hashes until fewer than mostMatches are
// left.
func (s *nearSketch) room() {
	if len(s.slots) < mostSlots {
		s.rebuild(2 * len(s.slots))
	}
	for s.held >= mostMatches {
		s.level++
		s.rebuild(len(s.slots))
	}
}

// rebuild makes a table of what the level leaves.
func (s *nearSketch) rebuild(slots int) {
	old := s.slots
	s.slots, s.held = make([]match, slots), 0
	for i := range old {
		if m := &old[i]; m.count > 0 && s.keeps(m.hash) {
			s.insert(m)
		}
	}
}

func (s *nearSketch) keeps(hash uint64) bool { return hash>>(64-s.level) == 0 }

// join adds the persons of another match with the same hash.
func (m *match) join(o *match) {
	for _, row := range o.rows {
		switch {
		case row < 0:
		case row < m.rows[0]:
			m.rows = [2]int64{row, m.rows[0]}
		case m.rows[1] < 0 || row < m.rows[1]:
			m.rows[1] = row
		}
	}
	m.count += o.count
	if m.differ != o.differ {
		m.differ = 0
	}
}

func (s *nearSketch) merge(o *nearSketch) {
	if o.level > s.level {
		s.level = o.level
		s.rebuild(len(s.slots))
	}
	for i := range o.slots {
		if m := &o.slots[i]; m.count > 0 && s.keeps(m.hash) {
			s.add(*m)
		}
	}
}

// nearSample holds what the chance of near-duplicates is worked out from, of the
// first persons: the hashes of values whose chance is unknown, and the chances of
// the others. Chances are those of the value in a person with the same inputs.
type nearSample struct {
	taken  []bool
	hashes [][]uint32  // per field of unknown chance, nil for others
	chance [][]float32 // per field of known chance, nil for others
}

// room returns where the first rows of a batch stand, and how many they are.
func (s *nearSample) room(t *Tally, b *frame.Batch) (from, n int) {
	at := b.First - t.suite.options.First
	if at < 0 || at >= sampleRows {
		return 0, 0
	}
	if s.taken == nil {
		s.taken = make([]bool, sampleRows)
		for _, f := range t.suite.near.fields {
			var hashes []uint32
			var chance []float32
			switch {
			case !f.base:
			case f.known():
				chance = make([]float32, sampleRows)
			default:
				hashes = make([]uint32, sampleRows)
			}
			s.hashes, s.chance = append(s.hashes, hashes), append(s.chance, chance)
		}
	}
	return int(at), min(b.N, int(sampleRows-at))
}

func (s *nearSample) add(t *Tally, b *frame.Batch) {
	from, n := s.room(t, b)
	for r := range n {
		s.taken[from+r] = true
	}
	if n == 0 {
		return
	}
	for k := range t.suite.near.fields {
		f := &t.suite.near.fields[k]
		switch {
		case s.hashes[k] != nil:
			for r, h := range t.near.of(k, b.N)[:n] {
				s.hashes[k][from+r] = uint32(h)
			}
		case f.draw >= 0 && f.base:
			c, lists := &t.suite.draws[f.draw], t.draws[f.draw].lists
			for r, code := range b.Columns[f.column].Codes[:n] {
				s.chance[k][from+r] = 1
				if code >= 0 && lists[r] >= 0 {
					if entry := c.entries.Find(lists[r], code); entry >= 0 {
						s.chance[k][from+r] = float32(c.entries.Share(int(lists[r]), entry))
					}
				}
			}
		}
	}
}

// addNumbers takes the chances of the numbers of a check: low and high are the
// cumulative probabilities of the ends of each one's interval.
func (s *nearSample) addNumbers(t *Tally, b *frame.Batch, number int, low, high []float64) {
	if t.suite.near == nil {
		return
	}
	k := slices.IndexFunc(t.suite.near.fields, func(f nearField) bool { return f.number == number && f.base })
	if k < 0 {
		return
	}
	from, n := s.room(t, b)
	for r := range n {
		s.chance[k][from+r] = 1
		if width := high[r] - low[r]; width < 1 { // not NaN, where there is no number
			s.chance[k][from+r] = float32(width)
		}
	}
}

func (s *nearSample) merge(o *nearSample) {
	if s.taken == nil {
		*s = *o
		return
	}
	for r, taken := range o.taken {
		if !taken {
			continue
		}
		s.taken[r] = true
		for k := range s.hashes {
			switch {
			case s.hashes[k] != nil:
				s.hashes[k][r] = o.hashes[k][r]
			case s.chance[k] != nil:
				s.chance[k][r] = o.chance[k][r]
			}
		}
	}
}
