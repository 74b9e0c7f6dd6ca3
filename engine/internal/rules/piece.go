package rules

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// piece is a part of a text, a sentence or less, with what is to be known of it
// whatever text it is part of. Texts made of a spec's phrases consist of pieces
// that come again and again: what is known of these is kept, so that most of a
// text is never looked at letter by letter.
//
// A piece that is kept does not change. What most texts need of it stands in the
// 64 bytes that a processor fetches at once: fetching is what such texts cost.
type piece struct {
	hash  uint64 // of a piece that is kept, else 0
	first step   // that was ever taken; steps has the others
	counts
	plain bool // there are neither suspects nor flaws
	*details
}

// counts are what is counted in a piece, or in a text.
type counts struct {
	chars, words  int32
	home, foreign int32  // letters of the language beyond a to z, of other alphabets
	small         int32  // words that the language is known by
	sum           uint32 // of the hashes of the words
}

func (c *counts) add(o *counts) {
	c.chars += o.chars
	c.words += o.words
	c.home += o.home
	c.foreign += o.foreign
	c.small += o.small
	c.sum += o.sum
}

// details are the rest of what is known of a piece. Of a piece that is kept
// there are only those that are needed.
type details struct {
	Scan
	// suspects are where a forbidden phrase begins, which may be forbidden to
	// some persons, or in some fields, only.
	suspects []suspect
	steps    []step
}

// suspect is a phrase at a word of the piece.
type suspect struct {
	word   int
	phrase *phrase
}

// step is how an automaton passes a piece without a match: from one state to
// another. What may become a match later began at byte since of the piece, or
// where it is -1, before.
type step struct {
	from, to  int32
	since     int16
	automaton int16 // -1 for no step
}

// mostSteps is how many steps of a piece are kept: behind a full stop an
// automaton waits for other things than behind a comma.
const mostSteps = 8

// part is a piece where it stands in a text.
type part struct {
	*piece
	from, to int // bytes
	word     int // words before it
}

// study finds out what is to be known of a piece.
func (p *piece) study(s *Set, text string, l *language) {
	p.language = l
	p.Read(text)
	p.first.automaton = -1
	p.counts = counts{chars: int32(p.Chars), words: int32(len(p.Words)), home: int32(p.Home), foreign: int32(p.Foreign)}
	if l != nil {
		p.small = int32(l.smallIn(p.Words))
		if l.Own {
			for _, c := range p.Lower {
				if c >= 'a' && c <= 'z' {
					p.foreign++
				}
			}
		}
	}
	p.suspects = p.suspects[:0]
	for i := range p.Words {
		hash := p.Words[i].Hash
		p.sum += uint32(hash >> 32)
		p.suspect(s, i, s.under(hash))
		if i+1 < len(p.Words) && p.Words[i+1].Joined {
			p.suspect(s, i, s.under(pairOf(hash, p.Words[i+1].Hash)))
		}
	}
	p.plain = len(p.suspects) == 0 && p.Unprintable < 0 && p.Mark < 0
}

// suspect notes those of some phrases that may stand at a word.
func (p *piece) suspect(s *Set, word int, phrases []phrase) {
	for k := range phrases {
		if phrases[k].mayStand(s, p.Words, word) {
			p.suspects = append(p.suspects, suspect{word, &phrases[k]})
		}
	}
}

// kept is a copy of a piece to be kept.
func (p *piece) kept(hash uint64) *piece {
	k := *p
	k.hash, k.details = hash, nil
	if !p.plain {
		k.details = &details{suspects: slices.Clone(p.suspects)}
		k.Words, k.Unprintable, k.Mark = slices.Clone(p.Words), p.Unprintable, p.Mark
	}
	return &k
}

// with is a copy of a kept piece with one more step, itself when it has enough.
func (p *piece) with(s step) *piece {
	k := *p
	switch {
	case k.first.automaton < 0:
		k.first = s
	case k.details == nil:
		k.details = &details{steps: []step{s}}
	case len(k.steps) < mostSteps-1:
		d := *k.details
		d.steps = append(slices.Clip(d.steps), s)
		k.details = &d
	default:
		return p
	}
	return &k
}

// step returns where an automaton in a state gets through the piece, nil if it
// has to read it.
func (p *piece) step(automaton int16, from int32) *step {
	if p.first.from == from && p.first.automaton == automaton {
		return &p.first
	}
	if p.details != nil {
		for i := range p.steps {
			if s := &p.steps[i]; s.from == from && s.automaton == automaton {
				return s
			}
		}
	}
	return nil
}

// pieces are those that have come more than once, as far as there is room. Which these are
// depends on the order of the texts, what is known of each does not.
type pieces struct {
	once    sync.Once
	seed    maphash.Seed
	buckets []bucket
}

// bucket is where pieces with some bits of their hash in common are kept. Like a
// piece it is 64 bytes, so that what is not kept costs one fetch.
type bucket struct {
	tags   [ways]atomic.Uint32 // of the pieces' hashes
	seen   [ways]atomic.Uint32 // of a hash that has come: some bits of it, and how often
	pieces [ways]atomic.Pointer[piece]
}

const (
	ways = 4
	// buckets bounds the memory: 64 bytes each, and as many for most pieces. More of
	// them find more, and then other memory takes longer to reach.
	buckets = 1 << 14
	// often is how often a piece has come again, and found no room, before it takes
	// the place of another. It is a mask too.
	often = 15
	// longestKept is the length in bytes of the longest piece that is kept.
	longestKept = 512
)

// ready makes room for pieces when there is a text to judge.
func (k *pieces) ready() {
	k.once.Do(func() {
		k.seed = maphash.MakeSeed()
		k.buckets = make([]bucket, buckets)
	})
}

// sighting is a part of a text on the way to its piece.
type sighting struct {
	from, to int
	hash     uint64
	piece    *piece // that is kept
}

// look finds the pieces of parts of a text; nil for those that are not kept.
// They are told apart by 64 bits of their hash, of which the language is part,
// with a key of this process: that two are taken for one happens in fewer than one
// of 100,000 runs with the texts of a million persons. Memory is visited in loops
// of its own, so that the processor waits for all visits at once.
func (k *pieces) look(text string, l *language, sights []sighting) {
	salt := uint64(0)
	if l != nil {
		salt = l.salt
	}
	for i := range sights {
		s := &sights[i]
		s.hash = max(1, maphash.String(k.seed, text[s.from:s.to])^salt)
	}
	for i := range sights {
		s := &sights[i]
		b, tag := k.bucket(s.hash), tagOf(s.hash)
		for way := range b.tags {
			if b.tags[way].Load() == tag {
				s.piece = b.pieces[way].Load()
			}
		}
	}
	for i := range sights {
		if s := &sights[i]; s.piece != nil && s.piece.hash != s.hash {
			s.piece = nil
		}
	}
}

// A hash has 14 bits for the bucket, the others tell pieces in it apart.
func (k *pieces) bucket(hash uint64) *bucket { return &k.buckets[hash%buckets] }
func tagOf(hash uint64) uint32               { return uint32(hash >> 32) }

// place counts that a part of a text has come that is not kept, and returns the
// way in which it is to be kept from now on, -1 if it is not: one that comes again
// is kept where there is room, one that comes often instead of another.
func (b *bucket) place(s *sighting) int {
	if s.to-s.from > longestKept {
		return -1
	}
	own := s.hash >> 62
	seen, tag := &b.seen[own], uint32(s.hash>>16)&^often
	was := seen.Load()
	if was&^often != tag {
		seen.Store(tag)
		return -1
	}
	times := was & often
	if times < often {
		seen.Store(was + 1)
	}
	for way := range b.pieces {
		if b.pieces[way].Load() == nil {
			return way
		}
	}
	if times < often {
		return -1
	}
	seen.Store(tag)
	return int(own)
}

// put keeps a piece.
func (b *bucket) put(way int, p *piece) {
	b.pieces[way].Store(p)
	b.tags[way].Store(tagOf(p.hash))
}

// replace puts a piece in the place of one, if this is still kept.
func (b *bucket) replace(old, p *piece) {
	for way := range b.pieces {
		if b.pieces[way].CompareAndSwap(old, p) {
			return
		}
	}
}

// through returns where a sign and the space after it end that come next in a text,
// behind which no word and no phrase goes on; the end of the text when there are
// none.
func through(text string, from int, sign byte) int {
	for {
		n := strings.IndexByte(text[from:], sign)
		if n < 0 {
			return len(text)
		}
		if from += n + 1; from < len(text) && text[from] == ' ' {
			return from + 1
		}
	}
}

// takeApart finds the pieces of a text: whole sentences that are kept, and the
// clauses of the others.
func (c *Checker) takeApart(text string, l *language) {
	c.text = text
	c.parts, c.counts, c.unprintable, c.mark, c.used, c.scanned = c.parts[:0], counts{}, -1, -1, 0, false
	c.sentences, c.clauses = c.sentences[:0], c.clauses[:0]
	if strings.IndexByte(text, '<') >= 0 { // what stands between < and > may be longer than a piece
		c.take(c.study(text, l), 0, len(text))
		return
	}
	known := &c.set.known
	for from, to := 0, 0; from < len(text); from = to {
		to = through(text, from, '.')
		c.sentences = append(c.sentences, sighting{from: from, to: to})
	}
	known.look(text, l, c.sentences)
	for i := range c.sentences {
		s := &c.sentences[i]
		if s.piece != nil {
			continue
		}
		for from, to := s.from, 0; from < s.to; from = to {
			to = through(text[:s.to], from, ',')
			c.clauses = append(c.clauses, sighting{from: from, to: to})
		}
	}
	known.look(text, l, c.clauses)
	clause := 0
	for i := range c.sentences {
		s := &c.sentences[i]
		if s.piece == nil {
			s.piece = c.keep(text, l, s)
		}
		for ; clause < len(c.clauses) && c.clauses[clause].to <= s.to; clause++ {
			if s.piece == nil {
				c.takeClause(text, l, &c.clauses[clause], s)
			}
		}
		if s.piece != nil {
			c.take(s.piece, s.from, s.to)
		}
	}
}

// takeClause adds a clause of a sentence that is not kept.
func (c *Checker) takeClause(text string, l *language, s, sentence *sighting) {
	if s.piece == nil && (s.from > sentence.from || s.to < sentence.to) { // else it has just been refused
		s.piece = c.keep(text, l, s)
	}
	if s.piece == nil {
		s.piece = c.study(text[s.from:s.to], l)
	}
	c.take(s.piece, s.from, s.to)
}

// keep studies a piece for all texts to come, if there is a place for it; nil if
// there is none.
func (c *Checker) keep(text string, l *language, s *sighting) *piece {
	b := c.set.known.bucket(s.hash)
	way := b.place(s)
	if way < 0 {
		return nil
	}
	p := c.study(text[s.from:s.to], l).kept(s.hash)
	b.put(way, p)
	return p
}

// study studies a piece for this text only.
func (c *Checker) study(text string, l *language) *piece {
	if c.used == len(c.spare) {
		c.spare = append(c.spare, &piece{details: &details{}})
	}
	p := c.spare[c.used]
	c.used++
	p.study(c.set, text, l)
	return p
}

// take adds a piece to the text.
func (c *Checker) take(p *piece, from, to int) {
	c.parts = append(c.parts, part{p, from, to, int(c.words)})
	c.counts.add(&p.counts)
	if p.plain {
		return
	}
	if c.unprintable < 0 && p.Unprintable >= 0 {
		c.unprintable = from + p.Unprintable
	}
	if c.mark < 0 && p.Mark >= 0 {
		c.mark = from + p.Mark
	}
}

// match runs the automata over the pieces of a text.
func (c *Checker) match(text string) {
	c.matcher.begin()
	for k := range c.matcher.readings {
		r := &c.matcher.readings[k]
		for i := range c.parts {
			c.pass(r, int16(k), &c.parts[i], text)
		}
	}
	c.matcher.end(len(text))
}

// pass lets an automaton read a part of the text, or does what it did there
// before.
func (c *Checker) pass(r *reading, k int16, p *part, text string) {
	if !r.open && r.exact {
		if s := p.step(k, r.at); s != nil {
			r.at = s.to
			if s.since >= 0 {
				r.since = p.from + int(s.since)
			}
			return
		}
	}
	from, since, found, known := r.at, r.since, r.found, p.hash != 0 && !r.open
	r.found = 0
	r.read(text, p.from, p.to)
	if known && r.exact && r.found == 0 {
		s := step{from, r.at, int16(r.since - p.from), k}
		if r.since == since {
			s.since = -1
		}
		old := p.piece
		p.piece = old.with(s)
		c.set.known.bucket(old.hash).replace(old, p.piece)
	}
	r.found |= found
}

// Scan returns the text that was judged last, or the last item of a list, taken
// apart. It holds until the next one is judged.
func (c *Checker) Scan() *Scan {
	if !c.scanned {
		c.scan.Read(c.text)
		c.scanned = true
	}
	return &c.scan
}

// says reports whether the text has a value, which is in lower case.
func (c *Checker) says(value string, whole bool) bool {
	for i := range c.parts {
		if p := c.parts[i].piece; p.hash == 0 && says(p.Lower, value, whole) {
			return true
		}
	}
	return says(c.Scan().Lower, value, whole)
}
