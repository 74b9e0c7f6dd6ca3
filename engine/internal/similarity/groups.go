package similarity

import (
	"cmp"
	"math"
	"slices"

	"github.com/personagen/personagen/engine/internal/sketch"
)

// Group is the words that texts of the persons with one value of a field have
// more often than texts of all others.
type Group struct {
	Field   string `json:"field"`
	Value   string `json:"value"`
	Persons int64  `json:"persons"` // in the sample
	Words   []Word `json:"words"`   // the most distinctive first
	// Language is that of the texts, "" for that of the spec.
	Language string `json:"language,omitempty"`
}

// Word is a word of a group, in lower case. Count and Elsewhere are its occurrences
// in texts of the group and of all others, Share and Others the shares of persons
// whose texts have it. Score is its log-odds ratio in standard errors; by chance
// one word in a thousand scores 3.
type Word struct {
	Word      string  `json:"word"`
	Count     int64   `json:"count"`
	Elsewhere int64   `json:"elsewhere"`
	Share     float64 `json:"share"`
	Others    float64 `json:"share_elsewhere"`
	Score     float64 `json:"score"`
}

// Thresholds for a group, and for a word of it.
const (
	leastGroup   = 20 // persons in the group, and outside it
	leastBearers = 5  // persons in the group with the word
	leastScore   = 3
	mostWords    = 10
)

// GroupBy is a field, its values, and the index of each person's value, -1 for
// none.
type GroupBy struct {
	Field  string
	Values []string
	Codes  []int32
}

// Groups finds the words that distinguish the texts of groups, by the log-odds
// ratio with an informative Dirichlet prior: the words of all texts, with the
// weight of one person's texts (Monroe, Colaresi and Quinn, "Fightin' Words:
// Lexical Feature Selection and Evaluation for Identifying the Content of
// Political Conflict", Political Analysis 16, 2008, section 3.5). persons holds
// the masked words of each person's texts, names the words by their hash. A group
// without distinctive words has an empty list; small groups are left out.
func Groups(persons [][]uint64, by []GroupBy, names map[uint64]string) []Group {
	v := newVocabulary(persons)
	if v.words == 0 {
		return nil
	}
	var out []Group
	for _, field := range by {
		for value, label := range field.Values {
			takes := func(person int) bool { return int(field.Codes[person]) == value }
			group := Group{Field: field.Field, Value: label, Words: []Word{}}
			for i := range persons {
				if takes(i) {
					group.Persons++
				}
			}
			if group.Persons < leastGroup || int64(len(persons))-group.Persons < leastGroup {
				continue
			}
			v.addWords(&group, takes, names)
			out = append(out, group)
		}
	}
	return out
}

// vocabulary is the words of all persons, numbered.
type vocabulary struct {
	hashes  []uint64  // per word
	total   []int64   // per word, its occurrences
	bearers []int64   // per word, the persons who have it
	persons [][]int32 // the numbers of each person's words
	words   int64     // of all persons
}

// newVocabulary numbers the words that are not masked.
func newVocabulary(persons [][]uint64) *vocabulary {
	v := &vocabulary{persons: make([][]int32, len(persons))}
	index := map[uint64]int32{}
	for i, person := range persons {
		for _, hash := range person {
			if hash&Masked != 0 {
				continue
			}
			at, ok := index[hash]
			if !ok {
				at = int32(len(v.hashes))
				index[hash] = at
				v.hashes, v.total = append(v.hashes, hash), append(v.total, 0)
			}
			v.persons[i] = append(v.persons[i], at)
			v.total[at]++
			v.words++
		}
	}
	v.bearers = v.bearersOf(func(int) bool { return true })
	return v
}

// addWords adds the distinctive words of a group, whose persons takes accepts.
func (v *vocabulary) addWords(group *Group, takes func(person int) bool, names map[uint64]string) {
	counts, n := make([]int64, len(v.hashes)), int64(0)
	for i, words := range v.persons {
		if takes(i) {
			n += int64(len(words))
			for _, w := range words {
				counts[w]++
			}
		}
	}
	weight := float64(v.words) / float64(len(v.persons))
	bearers, others := v.bearersOf(takes), int64(len(v.persons))-group.Persons
	for w, c := range counts {
		if bearers[w] < leastBearers {
			continue
		}
		prior := weight * float64(v.total[w]) / float64(v.words)
		score := logOdds(float64(c), float64(n), float64(v.total[w]-c), float64(v.words-n), prior, weight)
		if score < leastScore {
			continue
		}
		group.Words = append(group.Words, Word{
			Word: names[v.hashes[w]], Count: c, Elsewhere: v.total[w] - c, Score: sketch.Tidy(score),
			Share: sketch.Tidy(float64(bearers[w]) / float64(group.Persons)), Others: sketch.Tidy(float64(v.bearers[w]-bearers[w]) / float64(others)),
		})
	}
	slices.SortFunc(group.Words, func(a, b Word) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Word, b.Word))
	})
	group.Words = group.Words[:min(len(group.Words), mostWords)]
}

// bearersOf counts, per word, the persons who have it among those that takes
// accepts.
func (v *vocabulary) bearersOf(takes func(person int) bool) []int64 {
	out := make([]int64, len(v.hashes))
	last := make([]int, len(v.hashes)) // 1 + the last person with the word
	for i, words := range v.persons {
		if !takes(i) {
			continue
		}
		for _, w := range words {
			if last[w] != i+1 {
				last[w] = i + 1
				out[w]++
			}
		}
	}
	return out
}

// logOdds returns the log-odds ratio of a word, in standard errors: it occurs a
// times among of words, and b times among others elsewhere. prior and weight are
// the same counts of the prior.
func logOdds(a, of, b, others, prior, weight float64) float64 {
	odds := func(count, n float64) float64 { return math.Log((count + prior) / (n + weight - count - prior)) }
	return (odds(a, of) - odds(b, others)) / math.Sqrt(1/(a+prior)+1/(b+prior))
}
