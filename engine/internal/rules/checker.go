package rules

import (
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/plaintext"
	"github.com/personagen/personagen/engine/internal/tokenize"
	"github.com/personagen/personagen/engine/kind"
)

// Checker judges texts for one goroutine.
type Checker struct {
	// Chars is the length of the text judged last, ItemChars the lengths of the
	// items of the list judged last, in characters.
	Chars     int
	ItemChars []int

	set     *Set
	matcher *matcher
	whens   []*kind.BoundSelector // per rule, nil if it concerns everyone
	cases   [][]int32             // per rule and row, 1 if it concerns the person
	batch   *frame.Batch
	faults  []Fault
	tokens  tokenize.Tokenizer // of the text or item
	source  tokenize.Tokenizer // of the text that it translates
	items   [][]uint64         // hashes of the words of a list's items so far
}

// Checker returns a new checker.
func (s *Set) Checker() *Checker {
	c := &Checker{set: s, matcher: s.expressions.matcher(), whens: make([]*kind.BoundSelector, len(s.rules)), cases: make([][]int32, len(s.rules))}
	env := &kind.Env{Fields: s.fields}
	for i, r := range s.rules {
		if r.When != nil {
			c.whens[i] = r.When.Bind(env)
		}
	}
	return c
}

// Load sets the persons that texts are about: a batch with all columns of the
// plan's schema; all columns but texts must be filled. It must not
// change while texts are judged.
func (c *Checker) Load(b *frame.Batch) {
	c.batch = b
	for i, w := range c.whens {
		if w != nil {
			c.cases[i] = w.Cases(b, c.cases[i])
		}
	}
}

// Tokens returns the words of the text that was judged last, or of the last item
// of a list. They are valid until the next text is judged.
func (c *Checker) Tokens() *tokenize.Tokenizer { return &c.tokens }

// Text judges a text as the value of a column for the person in a row of the
// batch, a translation with its original in the batch. The faults are valid until the
// next call.
func (c *Checker) Text(column, row int, text string) []Fault {
	original := ""
	if at := c.set.texts[column].original; at >= 0 && !c.batch.Columns[at].IsNull(frame.Text, row) {
		original = c.batch.Columns[at].Texts[row]
	}
	return c.Translation(column, row, text, original)
}

// Translation is Text for a translation of an original that is not in the batch; "" if
// there is none.
func (c *Checker) Translation(column, row int, text, original string) []Fault {
	c.faults = c.faults[:0]
	f := c.set.texts[column]
	text = plaintext.NFC(text)
	c.read(text, f.language)
	if c.Chars = c.tokens.Chars; len(c.tokens.Words) == 0 {
		c.fault(f.demand[Empty], "the text is empty", text, 0, len(text))
		return c.faults
	}
	if l := f.text.Chars; c.Chars < l.Min || c.Chars > l.Max {
		c.faults = append(c.faults, Fault{Demand: f.demand[Length], Reason: fmt.Sprintf("the text has %d characters; it must have %d to %d", c.Chars, l.Min, l.Max)})
	}
	c.judge(f, row, text)
	for i := range f.mentions {
		c.judgeMention(&f.mentions[i], row)
	}
	if f.original >= 0 {
		c.judgeTranslation(f, text, original)
	}
	return c.faults
}

// List judges the items of a list as Text judges a text.
func (c *Checker) List(column, row int, items []string) []Fault {
	c.faults, c.ItemChars, c.items = c.faults[:0], c.ItemChars[:0], c.items[:0]
	f := c.set.texts[column]
	if n, l := len(items), f.text.Items; n < l.Min || n > l.Max {
		c.faults = append(c.faults, Fault{Demand: f.demand[Items], Reason: fmt.Sprintf("the list has %d items; it must have %d to %d", n, l.Min, l.Max)})
	}
	for _, item := range items {
		item = plaintext.NFC(item)
		c.read(item, nil)
		c.ItemChars = append(c.ItemChars, c.tokens.Chars)
		if len(c.tokens.Words) == 0 {
			c.fault(f.demand[Empty], "an item is empty", item, 0, len(item))
			continue
		}
		if l, n := f.text.Chars, c.tokens.Chars; n < l.Min || n > l.Max {
			c.fault(f.demand[Length], fmt.Sprintf("an item has %d characters; each must have %d to %d", n, l.Min, l.Max), item, 0, len(item))
		}
		if c.repeats() {
			c.fault(f.demand[Repeated], "an item occurs twice; all must differ", item, 0, len(item))
		}
		c.judge(f, row, item)
	}
	return c.faults
}

// read splits a text into words.
func (c *Checker) read(text string, l *language) {
	c.tokens.Alphabet = nil
	if l != nil {
		c.tokens.Alphabet = l.alphabet
	}
	c.tokens.Read(text)
}

// repeats reports whether the item read last has the words of an earlier one.
func (c *Checker) repeats() bool {
	n := len(c.items)
	c.items = slices.Grow(c.items, 1)[:n+1] // keeps the memory of earlier lists
	c.items[n] = c.items[n][:0]
	for _, w := range c.tokens.Words {
		c.items[n] = append(c.items[n], w.Hash)
	}
	return slices.ContainsFunc(c.items[:n], func(o []uint64) bool { return slices.Equal(o, c.items[n]) })
}

// judge checks the demands that texts and items have in common on the text read
// last.
func (c *Checker) judge(f *textField, row int, text string) {
	if at := c.tokens.Unprintable; at >= 0 {
		c.fault(f.demand[Unprintable], "there is a character that cannot be printed", text, at, at+1)
	}
	if at := c.tokens.Mark; at >= 0 {
		c.fault(f.demand[Mark], "there are remains of a template, such as {, } or <name>", text, at, at+1)
	}
	if f.language != nil {
		if reason := f.language.judge(&c.tokens); reason != "" {
			c.fault(f.demand[Language], reason, text, 0, len(text))
		}
	}
	c.judgePhrases(f, row, text)
	c.judgeExpressions(f, row, text)
}

// concerns reports whether a rule concerns the person in a row.
func (c *Checker) concerns(rule, row int) bool {
	return c.whens[rule] == nil || c.cases[rule][row] == 1
}

// fault adds a demand that is not met, unless it has been added for this text.
func (c *Checker) fault(demand int, reason, text string, from, to int) {
	for i := range c.faults {
		if c.faults[i].Demand == demand {
			return
		}
	}
	c.faults = append(c.faults, Fault{demand, reason, snippet(text, from, to)})
}

// judgePhrases looks for forbidden phrases.
func (c *Checker) judgePhrases(f *textField, row int, text string) {
	words := c.tokens.Words
	for i := range words {
		if !c.set.phrases.firsts.mayHave(words[i].Hash) {
			continue
		}
		c.judgePhrasesAt(c.set.phrases.under(words[i].Hash), f, row, text, i)
		if i+1 < len(words) && words[i+1].Joined {
			c.judgePhrasesAt(c.set.phrases.under(keyOf(words[i].Hash, words[i+1].Hash)), f, row, text, i)
		}
	}
}

// judgePhrasesAt looks for some phrases at word i.
func (c *Checker) judgePhrasesAt(phrases []phrase, f *textField, row int, text string, i int) {
	words := c.tokens.Words
	for k := range phrases {
		p := &phrases[k]
		demand := f.demandOf[p.rule]
		if demand < 0 || !c.concerns(p.rule, row) || !p.matches(words, i) {
			continue
		}
		said, n := p.text, len(p.hashes)
		if p.by != nil {
			if said, n = p.contradiction(words, i, p.by.codeOf(c.batch, row)); said == "" {
				continue
			}
		}
		c.fault(demand, fmt.Sprintf("it says %q, which it must not: %s", said, c.set.rules[p.rule].About), text, int(words[i].From), int(words[i+n-1].To))
	}
}

// judgeExpressions runs the expressions of rules.
func (c *Checker) judgeExpressions(f *textField, row int, text string) {
	if len(f.rules) == 0 {
		return
	}
	c.matcher.read(text)
	for _, b := range f.rules {
		r := &c.set.rules[b.rule]
		if !c.concerns(b.rule, row) {
			continue
		}
		if r.never >= 0 {
			if at := c.matcher.first(r.never, text); at != nil {
				c.fault(b.demand, fmt.Sprintf("it says %q, which it must not: %s", text[at[0]:at[1]], r.About), text, at[0], at[1])
			}
		}
		if r.number >= 0 {
			c.judgeNumbers(r, b.demand, row, text)
		}
	}
}

// judgeNumbers compares every number that a rule finds with the person's value.
func (c *Checker) judgeNumbers(r *rule, demand, row int, text string) {
	for _, at := range c.matcher.all(r.number, text) {
		if at[2] < 0 {
			continue
		}
		written := text[at[2]:at[3]]
		value, ok := valueOf(c.batch, r.column, row)
		if ok && sameValue(written, value) {
			continue
		}
		reason := fmt.Sprintf("it says %q where %s is %s: %s", written, r.Field, value, r.About)
		if !ok {
			reason = fmt.Sprintf("it says %q where the person has no %s: %s", written, r.Field, r.About)
		}
		c.fault(demand, reason, text, at[0], at[1])
	}
}

// judgeMention looks for the value of a field.
func (c *Checker) judgeMention(m *mention, row int) {
	switch typ := c.batch.Schema[m.column].Type; typ {
	case frame.Category: // by the plan's labels, whose lower case is known
		code := c.batch.Columns[m.column].Codes[row]
		if labels := c.set.labels[m.column]; code >= 0 && int(code) < len(labels) && !mentions(c.tokens.Lower, labels[code], false) {
			c.missing(m, c.set.fields[m.column].Domain.Labels[code])
		}
	default:
		whole := typ == frame.Integer || typ == frame.Number
		if value, ok := valueOf(c.batch, m.column, row); ok && value != "" && !mentions(c.tokens.Lower, tokenize.Lower(value), whole) {
			c.missing(m, value)
		}
	}
}

func (c *Checker) missing(m *mention, value string) {
	c.faults = append(c.faults, Fault{Demand: m.demand, Reason: fmt.Sprintf("it must mention %s, which is %q", m.name, value)})
}
