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

// factRoles are the roles of the facts that texts may name.
var factRoles = []string{"name", "age", "place", "region", "occupation"}

// role is a role and the column of the batch that has it, -1 for none.
type role struct {
	name   string
	column int
}

// findRoles finds the columns of a batch that have a role.
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

// fact is a fact about a person, as the words by which a text names it.
type fact struct {
	stems [][]byte // in lower case
	exact bool     // words must equal a stem, not only begin with it
	any   bool     // one of the words is enough
}

func (f *fact) has() bool { return len(f.stems) > 0 }

// shortWord is the length of the shortest words that count. Shorter ones are mostly
// articles and prepositions.
const shortWord = 4

// facts returns the facts of row r, one per role. A fact counts as named if a text
// has all its longer words, a name if it has one of them, an age if it has the
// number. Because of inflection, words of five and more characters match without
// their last two, but with at least four; shorter words must match exactly.
func (p *profile) facts(b *frame.Batch, r int) []fact {
	out := make([]fact, len(p.roles))
	for k, role := range p.roles {
		if role.column < 0 {
			continue
		}
		f := &out[k]
		f.exact, f.any = role.name == "age", role.name == "name"
		value := textOf(&b.Columns[role.column], &b.Schema[role.column], r)
		p.tokens.Read(value)
		for _, long := range []int{shortWord, 1} { // short words count if there are no others
			for _, w := range p.tokens.Words {
				low := p.tokens.Lower[w.From:w.To]
				if n := utf8.RuneCount(low); f.exact || n >= long || f.any && n >= shortWord-1 {
					f.stems = append(f.stems, stem(low, n, f.exact))
				}
			}
			if len(f.stems) > 0 {
				break
			}
		}
	}
	return out
}

// stem returns the beginning of a word of so many characters that must match.
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
			return bytes.HasPrefix(word, stem) && (len(word) == len(stem) || !f.exact && utf8.RuneCount(stem) >= shortWord)
		})
		if found == f.any {
			return found
		}
	}
	return !f.any
}

// named returns how often the texts of a column name the facts of their persons.
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

// roleTitle formats a role for a heading.
func roleTitle(role string) string { return strings.ReplaceAll(role, "_", " ") }
