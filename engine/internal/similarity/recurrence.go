package similarity

import (
	"slices"

	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/sketch"
	"github.com/personagen/personagen/engine/internal/tokenize"
)

const (
	// runWords is the number of words of a run.
	runWords = 6
	// commonShare is the share of persons beyond which a run is common.
	commonShare = 0.01
	// wholeSentence is the number of words of a sentence that says something by itself.
	wholeSentence = 8
	// SentenceEnd stands behind each sentence of Prose. The hashes of words have its bit
	// clear there, so that none is equal to it.
	SentenceEnd = 2
)

// Recurrence describes how much of the prose of persons other persons have too, with
// only names and places masked.
type Recurrence struct {
	Persons   int64 `json:"persons"`
	Words     int64 `json:"words"`
	Sentences int64 `json:"sentences"`
	// Runs is the share of the pairs of a person and one of the distinct runs of six
	// words in the person's texts whose run another person has, and more than 1 % of all.
	Runs float64 `json:"recurring_runs"`
	// Repeated is the share of the sentences that another person has word for word.
	Repeated float64 `json:"recurring_sentences"`
	// Commonest is the share of persons with the commonest sentence of eight words or
	// more.
	Commonest float64 `json:"commonest_sentence"`
	// Distinct2 is distinct-2 of all texts together: distinct pairs of neighbouring
	// words per pair, names and places as written (see Wording.Distinct).
	Distinct2 float64 `json:"distinct_2"`

	// Sentence has the hashes of the words of the commonest sentence.
	Sentence []uint64 `json:"-"`
}

// Prose is a text as AppendProse keeps it: hashes of its words, those of names and
// places masked, with SentenceEnd after each sentence.
type Prose []uint64

// AppendProse returns the words of a text that t has read, given as Mask has masked
// them. Unlike Mask it leaves words with digits as they are: a year tells persons apart.
func AppendProse(t *tokenize.Tokenizer, masked []uint64) Prose {
	p := make(Prose, 0, len(masked)+len(masked)/8)
	for i, w := range t.Words {
		hash := masked[i] &^ (Masked | SentenceEnd)
		if masked[i]&Masked != 0 && !w.Digit {
			hash = Masked
		}
		if n := len(p); hash != Masked || n == 0 || p[n-1] != Masked { // a name is one word
			p = append(p, hash)
		}
		end := len(t.Lower)
		if i+1 < len(t.Words) {
			end = int(t.Words[i+1].From)
		}
		if i+1 == len(t.Words) || endsSentence(t.Lower[w.To:end]) {
			p = append(p, SentenceEnd)
		}
	}
	return p
}

// endsSentence reports whether a sentence ends in the gap between two words: at a full
// stop, a question mark, an exclamation mark or an ellipsis before white space. A
// no-break space is none.
func endsSentence(gap []byte) bool {
	stop := false
	for _, r := range string(gap) {
		switch r {
		case '.', '!', '?', '…', '。', '！', '？', '।', '؟':
			stop = true
		case ' ', '\n', '\t', '\r':
			if stop {
				return true
			}
		}
	}
	return false
}

// leastPersons is the number of persons below which recurrence is not measured: what two
// of a few persons share says nothing about the texts.
const leastPersons = 100

// MeasureRecurrence measures the prose of persons, each of them given as their texts, and
// as the words of these as Mask has masked them. It returns nil if there are fewer than
// a hundred persons with texts.
func MeasureRecurrence(persons [][]Prose, words [][][]uint64) *Recurrence {
	persons = persons[:min(len(persons), mostCounted)]
	r := &Recurrence{}
	for _, texts := range persons {
		if len(texts) > 0 {
			r.Persons++
		}
	}
	for _, texts := range words[:len(persons)] {
		for _, text := range texts {
			r.Words += int64(len(text))
		}
	}
	if r.Persons < leastPersons {
		return nil
	}
	r.countRuns(persons, int(r.Words))
	r.countSentences(persons)
	r.Distinct2 = distinctPairs(words[:len(persons)], int(r.Words))
	return r
}

// distinctPairs returns distinct-2 of the texts of persons, of at most so many words.
func distinctPairs(persons [][][]uint64, most int) float64 {
	pairs, total := newHashCounter(most), 0
	var bare []uint64 // mixed
	for _, texts := range persons {
		for _, text := range texts {
			bare = bare[:0]
			for _, w := range text {
				bare = append(bare, rng.Mix(w&^Masked))
			}
			total += max(0, len(bare)-1)
			pairs.addRuns(bare, 2, 0)
		}
	}
	return sketch.Tidy(float64(pairs.used) / float64(max(1, total)))
}

// countRuns counts runs of words within texts.
func (r *Recurrence) countRuns(persons [][]Prose, most int) {
	runs := newHashCounter(most)
	var words []uint64 // mixed
	for i, texts := range persons {
		for _, text := range texts {
			words = words[:0]
			for _, w := range text {
				if w != SentenceEnd {
					words = append(words, rng.Mix(w))
				}
			}
			runs.addRuns(words, runWords, i)
		}
	}
	all, common := runs.pairs(max(1, commonShare*float64(r.Persons)))
	r.Runs = sketch.Tidy(float64(common) / float64(max(1, all)))
}

func hashWords(words []uint64) uint64 {
	h := uint64(len(words))
	for _, w := range words {
		h = rng.Mix(h*base + w)
	}
	return h
}

// countSentences counts sentences, and finds the commonest one.
func (r *Recurrence) countSentences(persons [][]Prose) {
	type known struct {
		last    int   // the person who was the last to have it
		persons int64 // who have it
		times   int64
	}
	seen := map[uint64]*known{}
	var most int64
	for i, texts := range persons {
		for _, text := range texts {
			for from := 0; from < len(text); {
				to := from + slices.Index(text[from:], SentenceEnd)
				sentence := text[from:to]
				from = to + 1
				r.Sentences++
				hash := hashWords(sentence)
				k := seen[hash]
				if k == nil {
					k = &known{last: -1}
					seen[hash] = k
				}
				k.times++
				if k.last != i {
					k.last = i
					k.persons++
				}
				if len(sentence) >= wholeSentence && k.persons > most {
					most, r.Sentence = k.persons, sentence
				}
			}
		}
	}
	var repeated int64
	for _, k := range seen {
		if k.persons > 1 {
			repeated += k.times
		}
	}
	r.Repeated = sketch.Tidy(float64(repeated) / float64(max(1, r.Sentences)))
	r.Commonest = sketch.Tidy(float64(most) / float64(r.Persons))
}
