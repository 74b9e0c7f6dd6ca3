package similarity

import (
	"cmp"
	"math"
	"slices"

	"github.com/personagen/personagen/engine/internal/sketch"
)

// Group is the words that the texts of some persons have more often than those
// of all others.
type Group struct {
	Field   string `json:"field"`
	Value   string `json:"value"`
	Persons int64  `json:"persons"` // of the sample
	Words   []Word `json:"words"`   // the most distinctive first
}

// Word is a word of a group, in lower case. Score is its log-odds against all
// others in standard errors; a word that only one in a thousand would have by
// chance scores 3. Shares are of the persons whose texts have the word at all.
type Word struct {
	Word      string  `json:"word"`
	Count     int64   `json:"count"` // in the texts of the group
	Elsewhere int64   `json:"elsewhere"`
	Share     float64 `json:"share"`
	Others    float64 `json:"share_elsewhere"`
	Score     float64 `json:"score"`
}

// What it takes for a group to be told of, and a word of it.
const (
	leastGroup   = 20 // persons, and as many others
	leastBearers = 5  // persons of the group with the word
	leastScore   = 3
	mostWords    = 10
)

// GroupBy names a field, its values, and which of them each person has; -1 for
// none.
type GroupBy struct {
	Field  string
	Values []string
	Codes  []int32
}

// Groups finds the words that set the texts of groups apart: weighted log-odds
// with an informative Dirichlet prior, which is all texts together, as heavy as
// the texts of one person (Monroe, Colaresi and Quinn, "Fightin' words: lexical
// feature selection and evaluation for identifying the content of political
// conflict", Political Analysis 16, 2008). persons are the masked words of each
// person's texts, and names the words themselves by their hash.
func Groups(persons [][]uint64, by []GroupBy, names map[uint64]string) []Group {
	index := map[uint64]int32{}
	var hashes []uint64
	var total []int64 // per word
	words := int64(0)
	coded := make([][]int32, len(persons))
	for i, person := range persons {
		for _, hash := range person {
			if hash&Masked != 0 {
				continue
			}
			at, ok := index[hash]
			if !ok {
				at = int32(len(hashes))
				index[hash] = at
				hashes, total = append(hashes, hash), append(total, 0)
			}
			coded[i] = append(coded[i], at)
			total[at]++
			words++
		}
	}
	if words == 0 {
		return nil
	}
	weight := float64(words) / float64(len(persons))
	counts, bearers := make([]int64, len(hashes)), make([]int64, len(hashes))
	all := bearersOf(coded, make([]int64, len(hashes)), func(int) bool { return true })
	var out []Group
	for _, g := range by {
		for value, label := range g.Values {
			clear(counts)
			clear(bearers)
			group := Group{Field: g.Field, Value: label, Words: []Word{}}
			n := int64(0)
			for i, code := range g.Codes {
				if int(code) != value {
					continue
				}
				group.Persons++
				n += int64(len(coded[i]))
				for _, w := range coded[i] {
					counts[w]++
				}
			}
			others := int64(len(persons)) - group.Persons
			if group.Persons < leastGroup || others < leastGroup {
				continue
			}
			bearersOf(coded, bearers, func(i int) bool { return int(g.Codes[i]) == value })
			for w, c := range counts {
				if bearers[w] < leastBearers {
					continue
				}
				prior := weight * float64(total[w]) / float64(words)
				score := logOdds(float64(c), float64(n), float64(total[w]-c), float64(words-n), prior, weight)
				if score < leastScore {
					continue
				}
				group.Words = append(group.Words, Word{
					Word: names[hashes[w]], Count: c, Elsewhere: total[w] - c, Score: sketch.Tidy(score),
					Share: sketch.Tidy(float64(bearers[w]) / float64(group.Persons)), Others: sketch.Tidy(float64(all[w]-bearers[w]) / float64(others)),
				})
			}
			slices.SortFunc(group.Words, func(a, b Word) int {
				return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Word, b.Word))
			})
			group.Words = group.Words[:min(len(group.Words), mostWords)]
			out = append(out, group)
		}
	}
	return out
}

// logOdds is the difference of the log-odds of a word in two texts of so many
// words, in standard errors, both with a prior of so many words.
func logOdds(a, of, b, others, prior, weight float64) float64 {
	odds := func(count, n float64) float64 { return math.Log((count + prior) / (n + weight - count - prior)) }
	return (odds(a, of) - odds(b, others)) / math.Sqrt(1/(a+prior)+1/(b+prior))
}

// bearersOf counts the persons who have each word.
func bearersOf(coded [][]int32, out []int64, takes func(person int) bool) []int64 {
	last := make([]int, len(out)) // one more than the last person with the word
	for i, words := range coded {
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
