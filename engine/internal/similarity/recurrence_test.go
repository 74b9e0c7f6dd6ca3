package similarity

import (
	"fmt"
	"slices"
	"testing"

	"github.com/personagen/personagen/engine/internal/tokenize"
)

// readProse reads texts as the checks do. Words that begin with "ana" are masked.
func readProse(texts ...string) (prose []Prose, words [][]uint64) {
	var t tokenize.Tokenizer
	for _, text := range texts {
		t.Read(text)
		var masked []uint64
		for _, w := range t.Words {
			h := w.Hash &^ Masked
			if w.Digit || string(t.Lower[w.From:w.To]) == "ana" {
				h |= Masked
			}
			masked = append(masked, h)
		}
		prose, words = append(prose, AppendProse(&t, masked)), append(words, slices.Clone(masked))
	}
	return prose, words
}

func measure(persons ...[]string) *Recurrence {
	var prose [][]Prose
	var words [][][]uint64
	for _, texts := range persons {
		p, w := readProse(texts...)
		prose, words = append(prose, p), append(words, w)
	}
	return MeasureRecurrence(prose, words)
}

func TestRecurrence(t *testing.T) {
	if r := measure(nil, nil); r != nil {
		t.Errorf("no texts: %+v", r)
	}
	r := measure(
		[]string{"Ana keeps seven brown hens behind the old mill. She sings.", "In 1987 they moved."},
		[]string{"Petra keeps seven brown hens behind the old mill. He whistles.", "In 1988 they moved."},
		[]string{"Ana keeps seven brown hens behind the old mill! She sings!"},
	)
	// The first sentences are those of two persons, the years differ, "She sings" stands
	// twice: 4 of 8.
	if r.Persons != 3 || r.Sentences != 8 || r.Repeated != 0.5 {
		t.Errorf("sentences: %+v", r)
	}
	if r.Commonest < 0.666 || r.Commonest > 0.667 || len(r.Sentence) != 9 {
		t.Errorf("commonest: %+v", r)
	}
	// Ten or eleven words make five or six runs; with three persons every run of anybody
	// is common.
	if r.Runs != 1 {
		t.Errorf("runs: %v", r.Runs)
	}
	one := measure([]string{"a b a b a"})
	if one.Distinct2 != 0.5 || one.Repeated != 0 {
		t.Errorf("distinct-2 of a b a b a: %+v", one)
	}
}

// TestRecurringRuns has 200 persons, of whom 3 have one run and 2 another: only the first
// stands with more than 1 %.
func TestRecurringRuns(t *testing.T) {
	var persons [][]string
	for i := range 200 {
		text := fmt.Sprintf("w%da w%db w%dc w%dd w%de w%df", i, i, i, i, i, i)
		switch {
		case i < 3:
			text = "one two three four five six"
		case i < 5:
			text = "seven eight nine ten eleven twelve"
		}
		persons = append(persons, []string{text})
	}
	if r := measure(persons...); r.Runs != 3.0/200 {
		t.Errorf("runs: got %v, want %v", r.Runs, 3.0/200)
	}
}

func TestSentenceEnds(t *testing.T) {
	for text, want := range map[string]int{
		"One two. Three four? Five!":           3,
		"One, two; three: four – five":         1,
		"At 7.30 he eats 3.5 eggs.":            1,
		"Nr.\u00a07 is hers. “Yes.” No… maybe": 4,
		"First line.\nSecond line.":            2,
	} {
		prose, _ := readProse(text)
		got := 0
		for _, w := range prose[0] {
			if w == SentenceEnd {
				got++
			}
		}
		if got != want {
			t.Errorf("%q: %d sentences, want %d", text, got, want)
		}
	}
}
