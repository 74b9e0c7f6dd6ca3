package compare

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/similarity"
	"github.com/personagen/personagen/engine/internal/sketch"
	"github.com/personagen/personagen/engine/internal/tokenize"
)

// factRoles are the facts that texts may name, by the roles of the spec.
var factRoles = []string{"name", "age", "place", "region", "occupation"}

// role is a fact, and the column of the batch that holds it, -1 for none.
type role struct {
	name   string
	column int
}

// findRoles finds the columns of a batch that play roles.
func (p *profile) findRoles(b *frame.Batch) {
	p.roles, p.masked = p.roles[:0], p.masked[:0]
	if p.input.Plan == nil {
		return
	}
	for _, name := range factRoles {
		field := p.input.Plan.Roles[name]
		if name == "name" && b.Schema.Index(field) < 0 {
			field = p.input.Plan.Roles["given_name"]
		}
		p.roles = append(p.roles, role{name, b.Schema.Index(field)})
	}
	for _, name := range similarity.MaskRoles {
		if i := b.Schema.Index(p.input.Plan.Roles[name]); i >= 0 && !slices.Contains(p.masked, i) {
			p.masked = append(p.masked, i)
		}
	}
}

// fact is something of a person: words that a text may have.
type fact struct {
	stems [][]byte // in lower case
	whole bool     // words must be equal, not only begin so
	one   bool     // one of the words is enough
}

func (f *fact) has() bool { return len(f.stems) > 0 }

// Words of fewer characters are articles and prepositions.
const shortWord = 4

// facts collects the words of a person's facts. A word of five characters and
// more is looked for without its last two, but at least four long: endings
// differ from case to case; a shorter one must stand as it is. It counts a fact as named when all its longer words
// are, a name when one of them is, an age when its number is.
func (p *profile) facts(b *frame.Batch, r int) []fact {
	out := make([]fact, len(p.roles))
	for k, role := range p.roles {
		if role.column < 0 {
			continue
		}
		f := &out[k]
		f.whole, f.one = role.name == "age", role.name == "name"
		value := textOf(&b.Columns[role.column], &b.Schema[role.column], r)
		p.tokens.Read(value)
		for _, long := range []int{shortWord, 1} { // short words count when there is nothing else
			for _, w := range p.tokens.Words {
				low := p.tokens.Lower[w.From:w.To]
				if n := utf8.RuneCount(low); f.whole || n >= long || f.one && n >= shortWord-1 {
					f.stems = append(f.stems, stem(low, n, f.whole))
				}
			}
			if len(f.stems) > 0 {
				break
			}
		}
	}
	return out
}

func stem(word []byte, chars int, whole bool) []byte {
	if !whole && chars > shortWord {
		for range chars - max(shortWord, chars-2) {
			_, size := utf8.DecodeLastRune(word)
			word = word[:len(word)-size]
		}
	}
	return bytes.Clone(word)
}

// named reports whether a text names the fact.
func (f *fact) named(s *tokenize.Tokenizer) bool {
	for _, stem := range f.stems {
		found := slices.ContainsFunc(s.Words, func(w tokenize.Word) bool {
			word := s.Lower[w.From:w.To]
			return bytes.HasPrefix(word, stem) && (len(word) == len(stem) || !f.whole && utf8.RuneCount(stem) >= shortWord)
		})
		if found == f.one {
			return found
		}
	}
	return !f.one
}

// named counts the facts that the texts of a column name.
func (p *profile) named(c *column) []Fact {
	var out []Fact
	for k, role := range p.roles {
		of, hits := int64(0), int64(0)
		for i := range p.compared.All {
			all := p.compared.All[i].Value
			if c.sampled >= len(all) {
				continue
			}
			if s := &all[c.sampled]; s.has>>k&1 == 1 {
				of++
				hits += int64(s.named >> k & 1)
			}
		}
		if of > 0 {
			out = append(out, Fact{role.name, of, sketch.Tidy(float64(hits) / float64(of))})
		}
	}
	return out
}

// roleTitle is a role as a heading.
func roleTitle(role string) string { return strings.ReplaceAll(role, "_", " ") }
