package enrich

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/internal/prompt"
	"github.com/personagen/personagen/engine/internal/tokenize"
	"github.com/personagen/personagen/engine/plan"
)

// Lengths in words: of the runs that are counted, of the openings, and of the phrases that
// runs are joined to.
const (
	leastPhrase = 4
	openingRun  = 3
	mostPhrase  = 8
)

// A run that follows another in this share of its texts continues it.
const continues = 0.8

// leastPersons is how many persons must have a phrase before others avoid it.
const leastPersons = 3

// openingMark stands after the words of an opening.
const openingMark = " …"

// phraseCounts counts with how many persons phrases of a field stand: runs of words in lower
// case, openings as they are written, and items of lists.
type phraseCounts struct {
	items   bool // the field is a list
	persons int64
	with    map[string]int64
	seen    map[string]bool // of the current person
	words   tokenize.Tokenizer
}

func newPhraseCounts(items bool) *phraseCounts {
	return &phraseCounts{items: items, with: map[string]int64{}, seen: map[string]bool{}}
}

// add counts the phrases of a person's text, without those that have a name or a number
// which the prompt shows of the person.
func (c *phraseCounts) add(r *record, values map[string]any) {
	c.persons++
	clear(c.seen)
	own := map[string]bool{}
	for _, value := range values {
		ownWords(value, own)
	}
	if c.items {
		for _, item := range r.Items {
			c.count(strings.ToLower(strings.Join(strings.Fields(item), " ")))
		}
		return
	}
	c.words.Read(r.Text)
	words := make([]string, len(c.words.Words))
	for i, w := range c.words.Words {
		words[i] = string(c.words.Lower[w.From:w.To])
	}
	free := func(run []string) bool { return !slices.ContainsFunc(run, func(w string) bool { return own[w] }) }
	if len(words) >= openingRun && free(words[:openingRun]) {
		w := c.words.Words
		c.count(strings.TrimSpace(r.Text[w[0].From:w[openingRun-1].To]) + openingMark)
	}
	for at := 0; at+leastPhrase <= len(words); at++ {
		if run := words[at : at+leastPhrase]; free(run) && c.joined(at) {
			c.count(strings.Join(run, " "))
		}
	}
}

// joined reports whether nothing but spaces stands between the words of a run.
func (c *phraseCounts) joined(at int) bool {
	for _, w := range c.words.Words[at+1 : at+leastPhrase] {
		if !w.Joined {
			return false
		}
	}
	return true
}

func (c *phraseCounts) count(phrase string) {
	if phrase != "" && !c.seen[phrase] {
		c.seen[phrase] = true
		c.with[phrase]++
	}
}

// ownWords collects the words of facts that begin with a capital letter or a digit, in lower
// case.
func ownWords(value any, into map[string]bool) {
	switch v := value.(type) {
	case nil, bool:
	case []any: // records
		for _, x := range v {
			ownWords(x, into)
		}
	case map[string]any:
		for _, x := range v {
			ownWords(x, into)
		}
	case []map[string]any: // what a prompt says about fields
	case []string:
		for _, x := range v {
			ownWords(x, into)
		}
	default:
		text := string(prompt.AppendText(nil, v))
		for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !tokenize.IsWord(r) }) {
			if first, _ := utf8.DecodeRuneInString(word); unicode.IsUpper(first) || unicode.IsDigit(first) {
				into[tokenize.Lower(word)] = true
			}
		}
	}
}

// kept is how many phrases a list keeps for the next window, for each that it shows.
const kept = 4

// list returns what is to be avoided after a window: the phrases that stand with most
// persons, with the counts of the list before, without those within others.
func (c *phraseCounts) list(last *avoided, o *plan.Avoid) *avoided {
	out := &avoided{Persons: c.persons, Avoid: []phrase{}}
	with, carried := c.with, map[string]bool{}
	if last != nil {
		out.Persons += last.Persons
		with = c.plus(last)
		for _, p := range last.Avoid {
			carried[p.Text] = true
		}
	}
	least := max(leastPersons, int64(o.AtLeast*float64(out.Persons)+0.5))
	var all []phrase
	for text, persons := range with {
		if persons >= leastPersons {
			all = append(all, phrase{text, persons})
		}
	}
	slices.SortFunc(all, func(a, b phrase) int {
		return cmp.Or(cmp.Compare(b.Persons, a.Persons), strings.Compare(a.Text, b.Text))
	})
	j := joiner{from: map[string][]phrase{}, to: map[string][]phrase{}}
	for _, p := range all {
		if !c.items {
			j.index(p)
		}
	}
	for _, p := range all {
		if len(out.Avoid) == kept*o.Most {
			break
		}
		same := func(q phrase) bool { return !(carried[q.Text] && carried[p.Text]) && overlap(q.Text, p.Text) }
		if !c.items && slices.ContainsFunc(out.Avoid, same) {
			continue
		}
		out.Avoid = append(out.Avoid, j.join(p))
		if p.Persons >= least && out.Shown < o.Most {
			out.Shown++
		}
	}
	return out
}

// plus returns the counts together with those of an earlier list. A phrase of the list that
// is longer than a run counts with the texts that have its first run.
func (c *phraseCounts) plus(last *avoided) map[string]int64 {
	with := make(map[string]int64, len(c.with)+len(last.Avoid))
	for text, n := range c.with {
		with[text] = n
	}
	for _, p := range last.Avoid {
		n := with[p.Text]
		if words := strings.Fields(p.Text); n == 0 && len(words) > leastPhrase && !strings.HasSuffix(p.Text, openingMark) {
			n = with[strings.Join(words[:leastPhrase], " ")]
		}
		with[p.Text] = n + p.Persons
	}
	return with
}

// joiner joins runs that follow each other to longer phrases.
type joiner struct {
	from map[string][]phrase // runs by their words but the last
	to   map[string][]phrase // runs by their words but the first
}

func isRun(text string) bool {
	return strings.Count(text, " ") == leastPhrase-1 && !strings.HasSuffix(text, openingMark)
}

func (j *joiner) index(p phrase) {
	if !isRun(p.Text) {
		return
	}
	head, tail := p.Text[:strings.LastIndexByte(p.Text, ' ')], p.Text[strings.IndexByte(p.Text, ' ')+1:]
	j.from[head], j.to[tail] = append(j.from[head], p), append(j.to[tail], p)
}

// join returns a run with the words that nearly always come after it and before it.
func (j *joiner) join(p phrase) phrase {
	if !isRun(p.Text) {
		return p
	}
	words := strings.Fields(p.Text)
	enough := func(q phrase) bool { return float64(q.Persons) >= continues*float64(p.Persons) }
	for len(words) < mostPhrase {
		next := j.from[strings.Join(words[len(words)-leastPhrase+1:], " ")]
		if len(next) == 0 || !enough(next[0]) {
			break
		}
		words = append(words, next[0].Text[strings.LastIndexByte(next[0].Text, ' ')+1:])
	}
	for len(words) < mostPhrase {
		next := j.to[strings.Join(words[:leastPhrase-1], " ")]
		if len(next) == 0 || !enough(next[0]) {
			break
		}
		words = slices.Insert(words, 0, next[0].Text[:strings.IndexByte(next[0].Text, ' ')])
	}
	return phrase{strings.Join(words, " "), p.Persons}
}

// overlap reports whether one phrase is within the other, or two runs have two words in a row
// in common.
func overlap(a, b string) bool {
	opening := strings.HasSuffix(a, openingMark) || strings.HasSuffix(b, openingMark)
	a, b = tokenize.Lower(strings.TrimSuffix(a, openingMark)), tokenize.Lower(strings.TrimSuffix(b, openingMark))
	if strings.Contains(" "+a+" ", " "+b+" ") || strings.Contains(" "+b+" ", " "+a+" ") {
		return true
	}
	if opening {
		return false
	}
	x, y := strings.Fields(a), strings.Fields(b)
	for i := 0; i+2 <= len(x); i++ {
		for k := 0; k+2 <= len(y); k++ {
			if x[i] == y[k] && x[i+1] == y[k+1] {
				return true
			}
		}
	}
	return false
}
