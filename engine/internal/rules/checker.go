package rules

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
)

// Checker judges texts for one goroutine.
type Checker struct {
	// Chars are the characters of the text judged last, ItemChars those of each
	// item of the list judged last.
	Chars     int
	ItemChars []int

	set     *Set
	matcher *matcher
	whens   []*kind.BoundSelector
	cases   [][]int32 // per when and row
	batch   *frame.Batch
	faults  []Fault
	items   []counts // of a list's items so far
	phrase  []uint64

	// Of the text, or the item of a list.
	sentences, clauses []sighting
	text               string
	parts              []part
	counts
	unprintable, mark int
	spare             []*piece // of which so many are used
	used              int
	scan              Scan
	scanned           bool
}

// Checker returns a new checker.
func (s *Set) Checker() *Checker {
	s.known.ready()
	c := &Checker{set: s, matcher: newMatcher(s.expressions, s.automata, s.wanted), cases: make([][]int32, len(s.whens))}
	for _, w := range s.whens {
		c.whens = append(c.whens, w.Bind(s.env))
	}
	return c
}

// Load names the persons that texts are about: a batch with all columns of the
// plan's schema, of which those that are not texts must be filled. It must not
// change while texts are judged.
func (c *Checker) Load(b *frame.Batch) {
	c.batch = b
	for i, w := range c.whens {
		c.cases[i] = w.Cases(b, c.cases[i])
	}
}

// Text judges a text that the field in column has, or shall have, for the
// person in a row of the batch. The faults hold until the next call.
func (c *Checker) Text(column, row int, text string) []Fault {
	c.faults = c.faults[:0]
	f := c.set.texts[column]
	c.takeApart(text, f.language)
	if c.Chars = int(c.chars); c.words == 0 {
		c.fault(f.demand[Empty], "the text is empty", text, 0, len(text))
		return c.faults
	}
	if l := f.text.Chars; c.Chars < l.Min || c.Chars > l.Max {
		c.faults = append(c.faults, Fault{Demand: f.demand[Length], Reason: fmt.Sprintf("the text has %d characters; it must have %d to %d", c.Chars, l.Min, l.Max)})
	}
	c.judge(f, row, text)
	for i := range f.mentions {
		c.mention(&f.mentions[i], row)
	}
	return c.faults
}

// List judges the items of a list as Text does a text.
func (c *Checker) List(column, row int, items []string) []Fault {
	c.faults, c.items, c.ItemChars = c.faults[:0], c.items[:0], c.ItemChars[:0]
	f := c.set.texts[column]
	if n, l := len(items), f.text.Items; n < l.Min || n > l.Max {
		c.faults = append(c.faults, Fault{Demand: f.demand[Items], Reason: fmt.Sprintf("the list has %d items; it must have %d to %d", n, l.Min, l.Max)})
	}
	for i, item := range items {
		c.takeApart(item, nil)
		c.ItemChars = append(c.ItemChars, int(c.chars))
		if c.words == 0 {
			c.fault(f.demand[Empty], "an item is empty", item, 0, len(item))
			c.items = append(c.items, counts{})
			continue
		}
		if l, n := f.text.Chars, int(c.chars); n < l.Min || n > l.Max {
			c.fault(f.demand[Length], fmt.Sprintf("an item has %d characters; each must have %d to %d", n, l.Min, l.Max), item, 0, len(item))
		}
		if c.repeats(items[:i]) {
			c.fault(f.demand[Repeated], "an item occurs twice; all must differ", item, 0, len(item))
		}
		c.judge(f, row, item)
	}
	return c.faults
}

// repeats reports whether the item judged last has the words of one before.
func (c *Checker) repeats(before []string) bool {
	repeats := false
	for i := range c.items {
		o := &c.items[i]
		repeats = repeats || o.sum == c.sum && o.words == c.words && slices.Equal(hashesOf(before[i]), hashesOf(c.text))
	}
	c.items = append(c.items, c.counts)
	return repeats
}

// judge tries what texts and items have in common on the scanned text.
func (c *Checker) judge(f *textField, row int, text string) {
	if c.unprintable >= 0 {
		c.fault(f.demand[Unprintable], "there is a character that cannot be printed", text, c.unprintable, c.unprintable+1)
	}
	if c.mark >= 0 {
		c.fault(f.demand[Mark], "there is a mark that a template left over", text, c.mark, c.mark+1)
	}
	if f.language != nil {
		if reason := f.language.judge(&c.counts); reason != "" {
			c.fault(f.demand[Language], reason, text, 0, len(text))
		}
	}
	c.phrases(f, row, text)
	if len(f.rules) > 0 {
		c.match(text)
	}
	for _, b := range f.rules {
		r := &c.set.rules[b.rule]
		if !c.concerns(r, row) {
			continue
		}
		if r.never >= 0 {
			if at := c.matcher.first(r.never, text); at != nil {
				c.fault(b.demand, fmt.Sprintf("it says %q, which it must not: %s", text[at[0]:at[1]], r.About), text, at[0], at[1])
			}
		}
		if r.number >= 0 {
			c.number(r, b.demand, row, text)
		}
	}
}

// concerns reports whether a rule speaks of the person in a row.
func (c *Checker) concerns(r *rule, row int) bool { return r.when < 0 || c.cases[r.when][row] == 1 }

// fault notes a demand that is not met, once for a text.
func (c *Checker) fault(demand int, reason, text string, from, to int) {
	for i := range c.faults {
		if c.faults[i].Demand == demand {
			return
		}
	}
	c.faults = append(c.faults, Fault{demand, reason, snippet(text, from, to)})
}

// phrases judges the forbidden phrases that the text may have.
func (c *Checker) phrases(f *textField, row int, text string) {
	for k := range c.parts {
		p := &c.parts[k]
		if p.plain {
			continue
		}
		for _, s := range p.suspects {
			demand, r := f.demandOf[s.phrase.rule], &c.set.rules[s.phrase.rule]
			if demand < 0 || !c.concerns(r, row) {
				continue
			}
			said, last := s.phrase.text, s.word+len(s.phrase.rest)
			if r.by != nil && (s.phrase.said != nil || s.phrase.code != anyone) {
				n := 0
				if said, n = c.tells(r.by, s.phrase, row, p, s.word); said == "" {
					continue
				}
				last += n
			}
			c.fault(demand, fmt.Sprintf("it says %q, which it must not: %s", said, r.About), text, p.from+int(p.Words[s.word].From), p.from+int(p.Words[last].To))
		}
	}
}

// tells returns what of another value than the person's a phrase at word i of a
// part tells, and with how many more words; "" for nothing.
func (c *Checker) tells(b *byValue, p *phrase, row int, at *part, i int) (string, int) {
	if b.opening && at.word > 0 {
		return "", 0
	}
	own := c.codeOf(b, row)
	if p.said != nil {
		return p.said.follow(at.Words[i+1+len(p.rest):], own)
	}
	c.phrase = append(append(c.phrase[:0], at.Words[i].Hash), p.rest...)
	if !b.contradicts(p.code, own, c.phrase) {
		return "", 0
	}
	return p.text, 0
}

// mayStand reports whether the phrase that begins at word i of a piece may be
// forbidden to someone.
func (p *phrase) mayStand(s *Set, words []Word, i int) bool {
	if !follows(p.rest, words[i+1:]) {
		return false
	}
	b := s.rules[p.rule].by
	if b == nil || p.said == nil && p.code == anyone {
		return true
	}
	return !(b.opening && i > 0) && !b.turned(words, i) && (p.said == nil || p.said.told(words[i+1+len(p.rest):], func(*told) bool { return true }) != nil)
}

// follows reports whether the rest of a phrase comes next, in the same clause.
func follows(rest []uint64, words []Word) bool {
	if len(words) < len(rest) {
		return false
	}
	for i, hash := range rest {
		if words[i].Hash != hash || !words[i].Joined {
			return false
		}
	}
	return true
}

// number holds every number that a rule finds to the person's own.
func (c *Checker) number(r *rule, demand, row int, text string) {
	for _, at := range c.matcher.all(r.number, text) {
		if at[2] < 0 {
			continue
		}
		said := text[at[2]:at[3]]
		want, ok := c.factOf(r.column, row)
		if ok && sameNumber(said, want) {
			continue
		}
		reason := fmt.Sprintf("it says %q where %s is %s: %s", said, r.Field, want, r.About)
		if !ok {
			reason = fmt.Sprintf("it says %q where the person has no %s: %s", said, r.Field, r.About)
		}
		c.fault(demand, reason, text, at[0], at[1])
	}
}

// sameNumber compares numbers by value, other texts as they are.
func sameNumber(said, want string) bool {
	if said == want {
		return true
	}
	a, err := strconv.ParseFloat(strings.Replace(said, ",", ".", 1), 64)
	if err != nil {
		return false
	}
	b, err := strconv.ParseFloat(want, 64)
	return err == nil && a == b
}

// mention looks for a field's value.
func (c *Checker) mention(m *mention, row int) {
	if c.batch.Schema[m.column].Type == frame.Category {
		code := c.batch.Columns[m.column].Codes[row]
		if labels := c.set.labels[m.column]; code >= 0 && int(code) < len(labels) && !c.says(labels[code], false) {
			c.missing(m, c.set.env.Fields[m.column].Domain.Labels[code])
		}
		return
	}
	if value, ok := c.factOf(m.column, row); ok && value != "" && !c.says(lowered(value), isNumber(c.batch.Schema[m.column].Type)) {
		c.missing(m, value)
	}
}

func isNumber(t frame.Type) bool { return t == frame.Integer || t == frame.Number }

func (c *Checker) missing(m *mention, value string) {
	c.faults = append(c.faults, Fault{Demand: m.demand, Reason: fmt.Sprintf("it must mention %s, which is %q", m.name, value)})
}

// says reports whether a text has a value, both in lower case, where a word
// begins; what follows may be an ending, unless whole words are asked for.
func says(lower []byte, value string, whole bool) bool {
	v := []byte(value)
	for at := 0; len(v) > 0; {
		k := bytes.Index(lower[at:], v)
		if k < 0 {
			return false
		}
		at += k
		before, _ := utf8.DecodeLastRune(lower[:at])
		after, _ := utf8.DecodeRune(lower[at+len(v):])
		if !isWord(before) && !(whole && isWord(after)) {
			return true
		}
		at += len(v)
	}
	return true
}

func isWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r))
}

// factOf returns a person's value of a field as text; false when there is none.
func (c *Checker) factOf(column, row int) (string, bool) {
	col, f := &c.batch.Columns[column], &c.batch.Schema[column]
	if col.IsNull(f.Type, row) {
		return "", false
	}
	switch f.Type {
	case frame.Category:
		if code := col.Codes[row]; int(code) < len(f.Labels) {
			return f.Labels[code], true
		}
		return "", false
	case frame.Integer:
		return strconv.FormatInt(col.Ints[row], 10), true
	case frame.Number:
		return strconv.FormatFloat(col.Floats[row], 'f', f.Decimals, 64), true
	case frame.Text:
		return col.Texts[row], true
	}
	return "", false
}

// snippet is a part of a text with a little of what stands around it, at most
// MostSnippet characters, cut between them.
func snippet(text string, from, to int) string {
	const around = 30
	start, end := max(0, from-around), min(len(text), to+around)
	if end-start > MostSnippet {
		start, end = from, min(len(text), from+MostSnippet)
	}
	for start > 0 && start < len(text) && !utf8.RuneStart(text[start]) {
		start++
	}
	for end > start && end < len(text) && !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.ToValidUTF8(text[start:end], "\ufffd")
}
