package similarity

import (
	"fmt"
	"slices"
	"testing"

	"github.com/personagen/personagen/engine/internal/sketch"
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

// measure measures persons beside others who share nothing with anybody.
func measure(persons ...[]string) *Recurrence {
	for i := len(persons); i < leastPersons; i++ {
		persons = append(persons, []string{fmt.Sprintf("w%da w%db.", i, i)})
	}
	var prose [][]Prose
	var words [][][]uint64
	for _, texts := range persons {
		p, w := readProse(texts...)
		prose, words = append(prose, p), append(words, w)
	}
	return MeasureRecurrence(prose, words)
}

func TestRecurrence(t *testing.T) {
	prose, words := readProse("One.", "Two.")
	if r := MeasureRecurrence([][]Prose{prose}, [][][]uint64{words}); r != nil {
		t.Errorf("one person: %+v", r)
	}
	r := measure(
		[]string{"Ana keeps seven brown hens behind the old mill. She sings.", "In 1987 they moved."},
		[]string{"Petra keeps seven brown hens behind the old mill. He whistles.", "In 1988 they moved."},
		[]string{"Ana keeps seven brown hens behind the old mill! She sings!"},
	)
	// Of eight sentences, those about Ana's hens and "She sings" stand with two persons; the
	// years differ. The other 97 persons have one sentence each.
	if r.Persons != 100 || r.Sentences != 8+97 || r.Repeated != sketch.Tidy(4.0/105) {
		t.Errorf("sentences: %+v", r)
	}
	if r.Commonest != 0.02 || len(r.Sentence) != 9 {
		t.Errorf("commonest: %+v", r)
	}
	// Each of the three has six runs. Those of the two who are called Ana are the same; the
	// third has three of them, without the name and what follows.
	if want := sketch.Tidy(15.0 / 18); r.Runs != want {
		t.Errorf("runs: got %v, want %v", r.Runs, want)
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
