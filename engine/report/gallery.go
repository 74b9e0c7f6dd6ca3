package report

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// Limits of a gallery and of a sampler.
const (
	galleryPersons = 12
	mostStrata     = 64
	perStratum     = 2
	galleryBands   = 4  // of an axis of whole numbers
	mostKinds      = 40 // values of a field that may distinguish persons
)

// Persona is a person of the release: a value for each visible field, in order.
type Persona struct {
	Number int64 // from 0
	Facts  []Fact
}

// Fact is the value of a field: Text, or the items of a list.
type Fact struct {
	Field string
	Null  bool
	Text  string
	Items []string
}

// Sampler keeps a few persons of every stratum as rows are added. Strata are
// formed by the roles sex, age and region, or by other fields if the spec lacks
// these. It keeps the persons with the smallest hashes of seed and number, so
// samplers of several workers, merged in any order, keep the same ones (bottom-k
// sampling: Cohen and Kaplan, "Summarizing data using bottom-k sketches", 2007).
// A Sampler must not be used by several goroutines at once.
type Sampler struct {
	plan    *plan.Plan
	schema  frame.Schema
	visible []int
	kinds   []int // positions in Persona.Facts of the values that distinguish persons
	axes    []galleryAxis
	stream  rng.Stream
	strata  [][]candidate // in ascending order of hashes, at most perStratum each
}

// candidate is a person in a stratum.
type candidate struct {
	hash    uint64
	stratum int
	Persona
}

// galleryAxis is a column that defines strata.
type galleryAxis struct {
	column int
	slots  int
	band   []int // per value, for whole numbers
	low    int64
}

// NewSampler returns an empty sampler for the persons made from a plan and a seed.
func NewSampler(p *plan.Plan, seed uint64) *Sampler {
	s := &Sampler{plan: p, schema: p.Schema(), visible: p.Visible(), stream: rng.New(seed, "gallery")}
	size := 1
	for _, f := range galleryFields(p) {
		a := galleryAxis{column: slices.Index(p.Fields, f), slots: f.Slots()}
		if f.Domain.Integer {
			a.low, a.band = f.Domain.Min, quarters(margin(p, f.Name), f.Domain.Size())
			a.slots = galleryBands + 1 // and one for null
		}
		a.slots = max(1, min(a.slots, mostStrata/size)) // further values share the slots of the first
		size *= a.slots
		s.axes = append(s.axes, a)
	}
	s.strata = make([][]candidate, size)
	for k, i := range s.visible {
		f := p.Fields[i]
		if f.Type == frame.Category && f.Domain.Size() > 1 && f.Domain.Size() <= mostKinds {
			s.kinds = append(s.kinds, k)
		}
	}
	return s
}

// galleryFields returns at most three finite fields that define strata.
func galleryFields(p *plan.Plan) []*kind.Field {
	var out []*kind.Field
	add := func(f *kind.Field) {
		if f != nil && len(out) < 3 && f.Finite() && !f.Hidden && f.Meaning() != kind.Constant && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	for _, role := range []string{"sex", "age", "region"} {
		add(p.Field(p.Roles[role]))
	}
	for _, f := range p.Fields {
		if n := len(out); f.Finite() && f.Domain.Size() <= mostStrata {
			grouped := func(o *kind.Field) bool { return f.Lookup() != nil && slices.Contains(f.Lookup().Fields, o.Name) }
			if !slices.ContainsFunc(out[:n], grouped) {
				add(f)
			}
		}
	}
	return out
}

// quarters divides the values of a whole number into bands of about equal shares
// and returns the band of each value.
func quarters(share []float64, n int) []int {
	band := make([]int, n)
	sum := 0.0
	for i := range band {
		x := 1 / float64(n)
		if share != nil {
			x = share[i]
		}
		band[i] = min(galleryBands-1, int(galleryBands*(sum+x/2)))
		sum += x
	}
	return band
}

// Add offers the rows of a batch to the sampler. The batch has the columns of
// the plan's Schema; rows that are kept are copied.
func (s *Sampler) Add(b *frame.Batch) {
	for r := range b.N {
		stratum := 0
		for i := range s.axes {
			stratum = stratum*s.axes[i].slots + s.axes[i].code(b, r)
		}
		number := b.First + int64(r)
		s.offer(candidate{hash: s.stream.Uint64(number), stratum: stratum, Persona: Persona{Number: number}}, b, r)
	}
}

// code returns the slot of row r; the last slot is for null.
func (a *galleryAxis) code(b *frame.Batch, r int) int {
	c := &b.Columns[a.column]
	code := a.slots - 1
	switch {
	case a.band == nil:
		if c.Codes[r] >= 0 {
			code = int(c.Codes[r])
		}
	case c.Null == nil || !c.Null[r]:
		if v := c.Ints[r] - a.low; v >= 0 && v < int64(len(a.band)) {
			code = a.band[v]
		}
	}
	return code % a.slots
}

// offer keeps a candidate if its hash is among the smallest of its stratum. If b
// is not nil, the facts are copied from its row r.
func (s *Sampler) offer(c candidate, b *frame.Batch, r int) {
	kept := s.strata[c.stratum]
	if len(kept) == perStratum && !c.before(kept[perStratum-1]) {
		return
	}
	if b != nil {
		c.Facts = s.facts(b, r)
	}
	at, _ := slices.BinarySearchFunc(kept, c, candidate.compare)
	kept = slices.Insert(kept, at, c)
	s.strata[c.stratum] = kept[:min(len(kept), perStratum)]
}

func (c candidate) compare(o candidate) int {
	return cmp.Or(cmp.Compare(c.hash, o.hash), cmp.Compare(c.Number, o.Number))
}

func (c candidate) before(o candidate) bool { return c.compare(o) < 0 }

// facts copies the visible values of row r.
func (s *Sampler) facts(b *frame.Batch, r int) []Fact {
	out := make([]Fact, len(s.visible))
	for k, i := range s.visible {
		f, c := s.plan.Fields[i], &b.Columns[i]
		fact := &out[k]
		fact.Field = f.Name
		if fact.Null = c.IsNull(f.Type, r); fact.Null {
			continue
		}
		switch f.Type {
		case frame.Category:
			fact.Text = f.Domain.Label(int(c.Codes[r]))
		case frame.Integer:
			fact.Text = strconv.FormatInt(c.Ints[r], 10)
		case frame.Date:
			fact.Text = string(frame.AppendDate(nil, c.Ints[r]))
		case frame.Number:
			fact.Text = strconv.FormatFloat(c.Floats[r], 'f', f.Decimals, 64)
		case frame.Text:
			fact.Text = strings.Clone(c.Texts[r])
		case frame.CategoryList:
			for _, code := range c.Codes[c.Offsets[r]:c.Offsets[r+1]] {
				fact.Items = append(fact.Items, f.Domain.Label(int(code)))
			}
		case frame.TextList:
			for _, text := range c.Texts[c.Offsets[r]:c.Offsets[r+1]] {
				fact.Items = append(fact.Items, strings.Clone(text))
			}
		case frame.Records:
			fact.Items = f.RecordTexts(c, r)
		}
	}
	return out
}

// Merge adds the persons that o keeps.
func (s *Sampler) Merge(o *Sampler) {
	for _, kept := range o.strata {
		for _, c := range kept {
			s.offer(c, nil, 0)
		}
	}
}

// Code codes the persons that the sampler keeps, or reads them into an empty sampler of
// the same plan and seed.
func (s *Sampler) Code(c *wire.Coder) {
	for i := range s.strata {
		wire.Slice(c, &s.strata[i], perStratum, func(x *candidate) {
			x.stratum = i
			c.Hash(&x.hash)
			c.Count(&x.Number)
			if c.Reading() {
				x.Facts = make([]Fact, len(s.visible))
			}
			for k, at := range s.visible {
				f := &x.Facts[k]
				f.Field = s.plan.Fields[at].Name
				c.Bool(&f.Null)
				c.Text(&f.Text)
				wire.Slice(c, &f.Items, math.MaxInt, c.Text)
			}
		})
	}
}

// Gallery returns up to twelve of the kept persons, ordered by number. They are
// chosen greedily to differ in their strata and their other categories, so they
// show how varied the population is and are not representative.
func (s *Sampler) Gallery() []Persona {
	var left []candidate
	for _, kept := range s.strata {
		left = append(left, kept...)
	}
	slices.SortFunc(left, candidate.compare)
	used := map[[2]string]int{} // field and value, times chosen
	axes := make([]map[int]int, len(s.axes))
	for i := range axes {
		axes[i] = map[int]int{}
	}
	var out []Persona
	for len(left) > 0 && len(out) < galleryPersons {
		best, least := 0, 0
		for i, c := range left {
			score := 0
			for _, k := range s.kinds {
				score += used[[2]string{c.Facts[k].Field, c.Facts[k].Text}]
			}
			s.eachAxis(c.stratum, func(axis, code int) { score += len(s.kinds) * axes[axis][code] })
			if i == 0 || score < least {
				best, least = i, score
			}
		}
		c := left[best]
		left = slices.Delete(left, best, best+1)
		out = append(out, c.Persona)
		for _, k := range s.kinds {
			used[[2]string{c.Facts[k].Field, c.Facts[k].Text}]++
		}
		s.eachAxis(c.stratum, func(axis, code int) { axes[axis][code]++ })
	}
	slices.SortFunc(out, func(x, y Persona) int { return cmp.Compare(x.Number, y.Number) })
	return out
}

// eachAxis calls visit with the code of each axis of a stratum.
func (s *Sampler) eachAxis(stratum int, visit func(axis, code int)) {
	for i, a := range slices.Backward(s.axes) {
		visit(i, stratum%a.slots)
		stratum /= a.slots
	}
}
