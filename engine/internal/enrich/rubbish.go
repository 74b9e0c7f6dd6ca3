package enrich

import (
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/internal/plaintext"
	"github.com/personagen/personagen/engine/internal/tokenize"
)

// rubbish finds what no spec accepts as a text, in any language: copies of the
// request or of its example, placeholders, refusals, another script, and a text
// that another person already has. It is safe for concurrent use.
type rubbish struct {
	mu   sync.Mutex
	seed maphash.Seed
	// seen remembers accepted texts by their hash; each replaces another now and
	// then, so that memory does not grow with the population.
	seen []seenText
}

type seenText struct {
	hash   uint64
	person int64
}

const seenTexts = 1 << 20 // 16 MB

func newRubbish() *rubbish { return &rubbish{seed: maphash.MakeSeed()} }

// Lengths from which two persons do not have the same text by chance: bytes, and
// items of a list.
const (
	leastSame      = 60
	leastSameList  = 100
	leastSameItems = 4
)

// slot returns where a record is remembered, nil if it is too short.
func (s *rubbish) slot(r *record) (*seenText, uint64) {
	text := r.Text
	switch {
	case r.Items == nil && len(text) < leastSame:
		return nil, 0
	case r.Items != nil:
		if text = strings.Join(r.Items, "\n"); len(text) < leastSameList || len(r.Items) < leastSameItems {
			return nil, 0
		}
	}
	if s.seen == nil {
		s.seen = make([]seenText, seenTexts)
	}
	hash := maphash.String(s.seed, r.Field+"\x00"+text)
	return &s.seen[hash%seenTexts], hash
}

// remember notes an accepted text of a person.
func (s *rubbish) remember(r *record, person int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, hash := s.slot(r); at != nil {
		*at = seenText{hash, person}
	}
}

// taken reports whether another person has the same text.
func (s *rubbish) taken(r *record, person int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, hash := s.slot(r)
	return at != nil && at.hash == hash && at.person != person
}

// Words in a row that two texts share only if one copies the other, and the share
// of a text in such runs from which it counts as a copy.
const (
	runWords   = 5
	leastWords = 8 // of a text that is judged by its runs
	leastShort = 3 // of a text that is a copy as a whole
	mostCopied = 0.6
)

// sent is what a request says, as words.
type sent struct {
	parts []string            // as they are
	words [][]uint64          // of each part
	runs  map[uint64]struct{} // hashes of runWords words in a row
	own   [][]uint64          // of the facts and texts of the person that prompts show
}

// newSent reads a request. What the prompt shows of the person is not the
// request's: texts may repeat it.
func newSent(req endpoint.Request, values map[string]any) *sent {
	s := &sent{runs: map[uint64]struct{}{}}
	add := func(text string) {
		words := tokenize.Hashes(text)
		s.parts = append(s.parts, text)
		s.words = append(s.words, words)
		eachRun(words, func(_ int, run uint64) { s.runs[run] = struct{}{} })
	}
	add(req.System)
	add(req.User)
	for _, x := range req.Examples {
		add(x.User)
		add(x.Answer)
	}
	for name, value := range values {
		if name != "" {
			s.disown(value)
		}
	}
	return s
}

// disown takes what the prompt shows of the person from what is the request's.
func (s *sent) disown(value any) {
	var words []uint64
	switch v := value.(type) {
	case string:
		words = tokenize.Hashes(v)
	case []string:
		words = tokenize.Hashes(strings.Join(v, "\n"))
	case []any: // records
		for _, x := range v {
			s.disown(x)
		}
	case map[string]any:
		for _, x := range v {
			s.disown(x)
		}
	}
	if len(words) == 0 {
		return
	}
	s.own = append(s.own, words)
	eachRun(words, func(_ int, run uint64) { delete(s.runs, run) })
}

func eachRun(words []uint64, visit func(at int, run uint64)) {
	var b [8 * runWords]byte
	for at := 0; at+runWords <= len(words); at++ {
		for k := range runWords {
			binary.LittleEndian.PutUint64(b[8*k:], words[at+k])
		}
		visit(at, maphash.Bytes(runSeed, b[:]))
	}
}

var runSeed = maphash.MakeSeed()

// copied returns the share of words that are in runs of a set.
func copied(words []uint64, runs map[uint64]struct{}) float64 {
	covered, until := 0, 0
	eachRun(words, func(at int, run uint64) {
		if _, ok := runs[run]; ok {
			covered += at + runWords - max(at, until)
			until = at + runWords
		}
	})
	return float64(covered) / float64(max(1, len(words)))
}

// containsWords reports whether words occur in a row.
func containsWords(all, words []uint64) bool {
	for at := 0; at+len(words) <= len(all); at++ {
		if slices.Equal(all[at:at+len(words)], words) {
			return true
		}
	}
	return false
}

// leastCut is the length in bytes from which a text is not in the request by
// chance, in languages without spaces between words.
const leastCut = 45

// cutFrom reports whether a text is a part of the request as it is.
func (s *sent) cutFrom(text string, words []uint64) bool {
	return len(text) >= leastCut && slices.ContainsFunc(s.parts, func(p string) bool { return strings.Contains(p, text) }) &&
		!slices.ContainsFunc(s.own, func(o []uint64) bool { return containsWords(o, words) })
}

// repeats reports whether words are a copy of the request.
func (s *sent) repeats(words []uint64) bool {
	in := func(parts [][]uint64) bool {
		return slices.ContainsFunc(parts, func(p []uint64) bool { return containsWords(p, words) })
	}
	switch {
	case len(words) < leastShort:
		return false
	case len(words) < leastWords:
		return in(s.words) && !in(s.own)
	}
	return copied(words, s.runs) >= mostCopied
}

// leastLoop is the number of words from which a text is judged for repetition, and
// mostRepeated the share of its words in runs that it has already.
const (
	leastLoop    = 20
	mostRepeated = 0.5
)

// loops reports whether a text says the same again and again, as small models do that
// lose the thread: one word, or the same runs of words.
func loops(words []uint64) bool {
	if len(words) >= leastShort && !slices.ContainsFunc(words, func(w uint64) bool { return w != words[0] }) {
		return true
	}
	if len(words) < leastLoop {
		return false
	}
	seen := make(map[uint64]struct{}, len(words))
	repeated, until := 0, 0
	eachRun(words, func(at int, run uint64) {
		if _, again := seen[run]; again {
			repeated += at + runWords - max(at, until)
			until = at + runWords
		}
		seen[run] = struct{}{}
	})
	return float64(repeated) >= mostRepeated*float64(len(words))
}

// repeatsOwn reports whether words are a text that the prompt shows.
func (s *sent) repeatsOwn(words []uint64) bool {
	return len(words) >= leastWords && slices.ContainsFunc(s.own, func(o []uint64) bool { return containsWords(o, words) })
}

// rubbish returns why a text or list of a person is none, "" if it is one.
func (p *person) rubbish(c *call, f *field, r *record, s *sent) string {
	texts, what := []string{r.Text}, "the text"
	if f.Text.Items != nil {
		texts, what = r.Items, "an item"
	}
	example := c.exampleText()
	for _, text := range texts {
		if fault := badText(text, example, f.Text.Items != nil); fault != "" {
			return what + " " + fault
		}
		if f.Text.Items != nil && loops(tokenize.Hashes(text)) {
			return what + " repeats itself"
		}
	}
	whole := strings.Join(texts, "\n")
	if refuses(whole) {
		return "it " + refusal
	}
	words := tokenize.Hashes(whole)
	switch {
	case lorem.MatchString(whole):
		return "it has the placeholder \"lorem ipsum\"; write words in its place"
	case loops(words):
		return "it repeats itself; write each thing once"
	case c.copiesExample(f, texts, words):
		return "it copies the example; write about this person, in other words"
	case s.repeats(words), s.cutFrom(whole, words), f.Text.Items != nil && mostOf(texts, func(item string) bool { return s.repeats(tokenize.Hashes(item)) }):
		return "it repeats the request instead of answering it"
	case f.Text.Items == nil && s.repeatsOwn(words):
		return "it repeats a text that the person already has"
	case otherScript(whole, f.language):
		return "it is in another script than that of its language"
	case p.rubbishSeen.taken(r, p.number()):
		return "another person has the same; write about this person"
	}
	return ""
}

// mostOf reports whether more than half of the items, and at least two, have a
// property.
func mostOf(items []string, has func(string) bool) bool {
	n := 0
	for _, item := range items {
		if has(item) {
			n++
		}
	}
	return n >= 2 && 2*n > len(items)
}

// exampleText is all that the examples answer: what looks like a placeholder there
// is meant.
func (c *call) exampleText() string {
	var b strings.Builder
	for _, x := range c.Examples {
		for _, a := range x.Answer {
			b.WriteString(a.Text + "\n" + strings.Join(a.Items, "\n") + "\n")
		}
	}
	return b.String()
}

// copiesExample reports whether a text or list is that of an example of the call.
func (c *call) copiesExample(f *field, texts []string, words []uint64) bool {
	for _, x := range c.Examples {
		a, ok := x.Answer[f.Name]
		if !ok {
			continue
		}
		if f.Text.Items != nil {
			same := func(item string) bool {
				hashes := tokenize.Hashes(item)
				return slices.ContainsFunc(a.Items, func(e string) bool { return slices.Equal(tokenize.Hashes(e), hashes) })
			}
			if mostOf(texts, same) || len(texts) == 1 && len(words) >= leastShort && same(texts[0]) {
				return true
			}
			continue
		}
		example := tokenize.Hashes(a.Text)
		runs := map[uint64]struct{}{}
		eachRun(example, func(_ int, run uint64) { runs[run] = struct{}{} })
		if len(words) >= leastShort && slices.Equal(words, example) || len(words) >= leastWords && copied(words, runs) >= mostCopied {
			return true
		}
	}
	return false
}

var (
	lorem      = regexp.MustCompile(`(?i)\blorem\s+ipsum\b`)
	bracketed  = regexp.MustCompile(`\[[^\[\]\n]{2,60}\]\(?`)
	braced     = regexp.MustCompile(`\$?\{[^{}\n]{0,60}\}|%\([A-Za-z_]+\)s|__[A-Z_]{2,30}__`)
	tagged     = regexp.MustCompile(`<[/|!]?\p{L}[^<>\n]{0,60}>|<\|[^<>\n]{1,60}\|>`)
	crossed    = regexp.MustCompile(`\b[Xx]{3,}\b`)
	jsonType   = regexp.MustCompile(`(?i)(^|[:=]\s*)["']?(string|str|array|list\[str\])["']?\s*[.,]?$`)
	fillers    = regexp.MustCompile(`(?i)^["'(\[]*(string|text|item|value|element|example|placeholder|null|undefined|nan|todo|tbd|(your|insert|write|some)( \p{L}+){0,3} here)["')\]]*[ _#-]?\d*[.…!]*$`)
	looksJSON  = regexp.MustCompile(`^\s*[{\[]\s*(["'{\[]|[}\]])`)
	codeFence  = "```"
	notPlaces  = []string{"[sic]", "[...]", "[…]"}
	atLeastOne = func(text string, is func(rune) bool) bool { return strings.IndexFunc(text, is) >= 0 }
)

// refusal is the fault of a text that refuses to write.
const refusal = "refuses to write; the person is made up, write about this one"

// badText returns what is wrong with a text or an item by itself, "" for nothing.
// What an example has too is meant.
func badText(text, example string, item bool) string {
	if unseen(text) {
		return "has a control character or an invisible one; write plain words"
	}
	if looksJSON.MatchString(text) || strings.Contains(text, codeFence) {
		return "is JSON or code; write plain words"
	}
	for _, pattern := range []*regexp.Regexp{lorem, bracketed, braced, tagged, crossed} {
		for _, found := range pattern.FindAllString(text, -1) {
			if pattern == bracketed && (strings.HasSuffix(found, "(") || slices.Contains(notPlaces, found) || !atLeastOne(found, unicode.IsLetter)) {
				continue
			}
			if pattern == crossed && found != strings.ToUpper(found) { // a Roman numeral has no three x in a row but as XXX
				continue
			}
			if !strings.Contains(example, found) {
				return fmt.Sprintf("has the placeholder %q; write words in its place", found)
			}
		}
	}
	switch {
	case !item && !atLeastOne(text, unicode.IsLetter):
		return "has no words"
	case jsonType.MatchString(text), fillers.MatchString(text):
		return fmt.Sprintf("is the placeholder %q; write words in its place", text[max(0, len(text)-40):])
	case refuses(text):
		return refusal
	}
	return ""
}

// unseen reports whether a text has characters that steer terminals or the direction of
// the text, that have no width, or that stand for broken encodings.
func unseen(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		mark := r == 0x61c || r == 0x200e || r == 0x200f // of languages written from right to left
		return plaintext.Steers(r) && !mark || strings.ContainsRune("\u200b\u2060\ufeff\ufffd", r)
	})
}

//go:embed refusals.json
var refusalsJSON []byte

// refusalPatterns match texts, as plain returns them, that refuse to write.
var refusalPatterns = sync.OnceValue(func() *regexp.Regexp {
	var languages []struct{ Starts, Anywhere []string }
	if err := json.Unmarshal(refusalsJSON, &languages); err != nil {
		panic(fmt.Sprintf("refusals.json: %v", err)) // embedded, and tested
	}
	var all []string
	for _, l := range languages {
		all = append(all, `^(`+strings.Join(l.Starts, "|")+`)`)
		all = append(all, l.Anywhere...)
	}
	return regexp.MustCompile(strings.Join(all, "|"))
})

func refuses(text string) bool { return refusalPatterns().MatchString(plain(text)) }

// plain is a text in lower case without accents, with straight quotes and single
// spaces, from its first letter on.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == '’' || r == '‘' || r == '`' || r == '´':
			return '\''
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(text))
	text = strings.Join(strings.Fields(text), " ")
	return strings.TrimLeftFunc(text, func(r rune) bool { return !unicode.IsLetter(r) })
}

// scripts are the Unicode scripts of the codes of ISO 15924 for writing systems.
var scripts = map[string][]*unicode.RangeTable{
	"Latn": {unicode.Latin}, "Cyrl": {unicode.Cyrillic}, "Grek": {unicode.Greek}, "Arab": {unicode.Arabic}, "Hebr": {unicode.Hebrew},
	"Armn": {unicode.Armenian}, "Geor": {unicode.Georgian}, "Deva": {unicode.Devanagari}, "Beng": {unicode.Bengali}, "Guru": {unicode.Gurmukhi},
	"Gujr": {unicode.Gujarati}, "Taml": {unicode.Tamil}, "Telu": {unicode.Telugu}, "Knda": {unicode.Kannada}, "Mlym": {unicode.Malayalam},
	"Sinh": {unicode.Sinhala}, "Thai": {unicode.Thai}, "Laoo": {unicode.Lao}, "Khmr": {unicode.Khmer}, "Mymr": {unicode.Myanmar}, "Ethi": {unicode.Ethiopic},
	"Jpan": {unicode.Han, unicode.Hiragana, unicode.Katakana}, "Kore": {unicode.Hangul, unicode.Han}, "Hang": {unicode.Hangul},
	"Hans": {unicode.Han, unicode.Bopomofo}, "Hant": {unicode.Han, unicode.Bopomofo},
}

// scriptsOf returns the scripts that a language is written in, nil if that is not
// known or not one.
func scriptsOf(tag string) []*unicode.RangeTable {
	t, err := language.Parse(tag)
	if tag == "" || err != nil {
		return nil
	}
	script, confidence := t.Script()
	if confidence < language.High && script.String() != "Hans" && script.String() != "Hant" { // both are Han
		return nil
	}
	return scripts[script.String()]
}

// mostOther is the share of letters in other scripts that names and words of other
// languages may take.
const mostOther = 0.4

// otherScript reports whether a text is not in the scripts of its language.
func otherScript(text string, own []*unicode.RangeTable) bool {
	if own == nil {
		return false
	}
	letters, other := 0, 0
	for _, r := range text {
		if !unicode.IsLetter(r) {
			continue
		}
		letters++
		if !unicode.In(r, own...) && !unicode.Is(unicode.Common, r) {
			other++
		}
	}
	return letters >= 4 && float64(other) > mostOther*float64(letters)
}
