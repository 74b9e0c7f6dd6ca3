package kind

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/spec"
)

var listKind = Kind{
	Name: "list",
	Uses: func(s *spec.Field) []spec.String { return append(bankUses(s), keyUses(s)...) },
	Compile: func(c *Compiler, s *spec.Field, f *Field) {
		f.Class, f.Type = Drawn, frame.CategoryList
		f.Nullable = s.When != nil
		count := s.Body.Get("count")
		p := &list{Min: int(count.Get("min").Number), Max: int(count.Get("max").Number)}
		if p.Min > p.Max {
			c.Diags.Errorf(count.Get("min").Place, "empty-range", "min %d is above max %d", p.Min, p.Max).WithHint("swap them")
			return
		}
		if b := c.compileBank(s, f); b != nil {
			p.bank = *b
			if s.Body.Get("admit") != nil {
				p.dropShort()
			} else if c.reportShortList(s, f, p) {
				return
			}
			f.Program, f.Inputs = p, b.inputs(c)
			f.Nullable = f.Nullable || b.Key != nil && c.Fields[b.Key.Of].Nullable
		}
	},
	New: func() Program { return &list{} },
}

// reportShortList reports the persons whose list has fewer items than they must have.
func (c *Compiler) reportShortList(s *spec.Field, f *Field, p *list) bool {
	lists := p.Given.Case
	if p.Key != nil {
		lists = p.Key.Lists
	}
	config := slices.IndexFunc(lists, func(list int32) bool { return list > 0 && p.Start[list]-p.Start[list-1] < int32(p.Min) })
	if config < 0 {
		return false
	}
	list := lists[config]
	who := fmt.Sprintf("the list of %q", f.Name)
	if p.Key != nil {
		who += fmt.Sprintf(" for %q", p.Key.keys[list-1])
	}
	var given []string
	for i, name := range slices.Backward(p.Given.Fields) {
		of := c.Fields[name]
		value := config % p.Given.Slots[i]
		config /= p.Given.Slots[i]
		label := "null"
		if value < of.Domain.Size() {
			label = of.Domain.Label(value)
		}
		given = append([]string{name + " " + strconv.Quote(label)}, given...)
	}
	if given != nil {
		who += " for " + strings.Join(given, ", ")
	}
	c.Diags.Errorf(s.Body.Get("count").Get("min").Place, "short-list", "%s has %s with a weight above 0, and everyone must have at least %d", who, humanize.Count(int64(p.Start[list]-p.Start[list-1]), "item", "items"), p.Min).
		WithHint("lower count.min, or add items")
	return true
}

// dropShort makes persons whose list has fewer items than they must have persons without
// a list. Who they are, and whether there are any, is known after the fit.
func (p *list) dropShort() {
	for config, list := range p.Given.Case {
		if list > 0 && p.Start[list]-p.Start[list-1] < int32(p.Min) {
			p.Given.Case[config] = 0
		}
	}
}

// list draws Min to Max distinct entries for each person, or all of them when there
// are fewer: one after another, each in proportion to the weights of the entries
// that are left.
type list struct {
	bank
	Min int `json:"min"`
	Max int `json:"max"`
}

func (p *list) maxItems() int { return p.Max }

func (p *list) entries() *Entries { return &Entries{bank: &p.bank, Min: p.Min, Max: p.Max} }

func (p *list) Bind(env *Env) Filler {
	return &listFiller{drawer: p.bind(env), p: p, stream: rng.New(env.Seed, env.Field.Name)}
}

type listFiller struct {
	drawer
	p      *list
	stream rng.Stream
	keys   []keyed
}

// keyed is an entry that is not drawn yet, with its exponential key.
type keyed struct {
	entry int32
	key   float64
}

func (p *listFiller) Fill(b *frame.Batch, c *frame.Column) {
	p.lists = p.given.Cases(b, p.lists)
	c.Codes = c.Codes[:0]
	for r, list := range p.lists {
		c.Offsets[r] = int32(len(c.Codes))
		if list > 0 {
			c.Codes = p.items(c.Codes, list, b.First+int64(r))
			continue
		}
		c.SetNull(frame.CategoryList, r, b.N)
	}
	c.Offsets[b.N] = int32(len(c.Codes))
}

// items appends one person's items in the order in which they are drawn. It
// draws again when an item repeats. After four draws per item, because few items
// are left or they are rare, it draws the rest with exponential keys, which give
// the same distribution (Efraimidis and Spirakis, "Weighted random sampling with
// a reservoir", Information Processing Letters 97, 2006).
func (p *listFiller) items(codes []int32, list int32, person int64) []int32 {
	word, _ := p.stream.At(person, 0)
	extra, _ := bits.Mul64(word, uint64(p.p.Max-p.p.Min+1))
	count := min(p.p.Min+int(extra), int(p.Start[list]-p.Start[list-1]))
	from := len(codes)
	for try := 0; len(codes)-from < count; try++ {
		if try == 4*count {
			return p.remaining(codes, from, count, list, person)
		}
		low, high := p.stream.At(person, 1+uint64(try)/2)
		if try%2 == 1 {
			low = high
		}
		code := p.Codes[p.draw(list, uint32(low>>32))]
		if !slices.Contains(codes[from:], code) {
			codes = append(codes, code)
		}
	}
	return codes
}

// keyDraws is the number of the first draw that makes a key, far above the numbers
// of draws that make items.
const keyDraws = 1 << 40

// remaining appends items by exponential keys until there are count of them from
// position from on.
func (p *listFiller) remaining(codes []int32, from, count int, list int32, person int64) []int32 {
	p.keys = p.keys[:0]
	before := int64(-1)
	for k := p.Start[list-1]; k < p.Start[list]; k++ {
		weight := int64(p.Upto[k]) - before
		before = int64(p.Upto[k])
		if slices.Contains(codes[from:], p.Codes[k]) {
			continue
		}
		word, _ := p.stream.At(person, keyDraws+uint64(k-p.Start[list-1]))
		p.keys = append(p.keys, keyed{k, -log(rng.Float64(word)) / float64(weight)})
	}
	slices.SortFunc(p.keys, func(a, b keyed) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.entry, b.entry)) })
	for _, k := range p.keys[:count-(len(codes)-from)] {
		codes = append(codes, p.Codes[k.entry])
	}
	return codes
}
