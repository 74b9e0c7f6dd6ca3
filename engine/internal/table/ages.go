package table

import (
	_ "embed"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// AgeWords are the words of labels such as "75 years and over", beside those that are
// known already.
type AgeWords struct {
	Open  []string // after or before the first age of an open class: "and over"
	Under []string // of a class below an age: "under"
	Unit  []string // "years"
	Most  []string // after the last age of a class: "and under"
	To    []string // between the first and last age of a class: "to"
}

var dashes = []string{"-", "–", "—", "‐", "‑", "−", "~", "/", "…"}

// OpenAge is the upper end of an open class of ages.
const OpenAge = math.MaxInt32

//go:embed ages.csv
var ageWords string

// knownAgeWords are the words of ages.csv, which has rows of a meaning and a word.
var knownAgeWords = sync.OnceValue(func() AgeWords {
	var w AgeWords
	lists := map[string]*[]string{"open": &w.Open, "under": &w.Under, "unit": &w.Unit, "atmost": &w.Most, "to": &w.To}
	for line := range strings.Lines(ageWords) {
		meaning, word, ok := strings.Cut(strings.TrimSpace(line), ",")
		if list := lists[meaning]; ok && list != nil {
			*list = append(*list, folded(word))
		}
	}
	for _, list := range lists { // the longest first
		slices.SortStableFunc(*list, func(a, b string) int { return len(b) - len(a) })
	}
	return w
})

// folded is the form in which words are compared: lower case without accents.
func folded(text string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(strings.Join(strings.Fields(text), " "))))
}

// ParseAge reads a label of ages: one age ("30", "30 years"), a class ("25-29", "25 to
// under 30"), or an open one ("75+", "75 and over", ">74", "under 1", "<1"). Both ends
// are included; the upper one is OpenAge for an open class. It is not ok if a word is
// neither in words nor known, because an unknown word may change the meaning.
func ParseAge(label string, words *AgeWords) (low, high int, ok bool) {
	known := knownAgeWords()
	var numbers []int
	var between []string // the texts before, between and after the numbers
	text := folded(label)
	for {
		i := strings.IndexFunc(text, unicode.IsDigit)
		if i < 0 {
			between = append(between, text)
			break
		}
		between = append(between, text[:i])
		text = text[i:]
		end := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsDigit(r) })
		if end < 0 {
			end = len(text)
		}
		digits := strings.Map(func(r rune) rune { return rune(digit(r)) }, text[:end])
		n, err := strconv.Atoi(digits)
		if err != nil || n > 200 {
			return 0, 0, false
		}
		numbers, text = append(numbers, n), text[end:]
	}
	// is reports what the texts mean, or that a word is not known.
	var open, under, atMost, above, to bool
	is := func(part int) bool {
		rest := strings.Trim(between[part], " ,;.()[]")
		find := func(lists ...[]string) bool {
			for _, list := range lists {
				for _, word := range list {
					if next, found := cutWord(rest, folded(word)); found && word != "" {
						rest = strings.TrimSpace(next)
						return true
					}
				}
			}
			return false
		}
		for rest != "" {
			switch {
			case find([]string{"<=", "≤"}):
				atMost = true
			case find([]string{"≥", ">="}):
				open = true
			case find([]string{"<"}):
				under = true
			case find([]string{">"}):
				above = true
			case find(words.Open), part > 0 && find(known.Open, []string{"+"}): // "over 65" may leave out 65
				open = true
			case part > 0 && find(words.Most, known.Most):
				atMost = true
			case find(words.Under, known.Under):
				under = true
			case find(words.Unit, known.Unit):
			case part > 0 && find(words.To, known.To, dashes):
				to = true
			default:
				return false
			}
			rest = strings.Trim(rest, " ,;.()[]")
		}
		return true
	}
	switch len(numbers) {
	case 1:
		if !is(0) || !is(1) || count(open, under, atMost, above) > 1 {
			return 0, 0, false
		}
		switch n := numbers[0]; {
		case open && !to:
			return n, OpenAge, true
		case above:
			return n + 1, OpenAge, true
		case under && n > 0 && !to:
			return 0, n - 1, true
		case atMost:
			return 0, n, true
		case open || under || to:
			return 0, 0, false
		default:
			return n, n, true
		}
	case 2:
		if !is(0) || open || under || !is(1) || open || atMost || above {
			return 0, 0, false
		}
		below := under // "25 to under 30"
		under = false
		if !is(2) || open || under || !to && !below || numbers[1] < numbers[0] {
			return 0, 0, false
		}
		if below {
			return numbers[0], numbers[1] - 1, numbers[1] > numbers[0]
		}
		return numbers[0], numbers[1], true
	}
	return 0, 0, false
}

func count(flags ...bool) (n int) {
	for _, f := range flags {
		if f {
			n++
		}
	}
	return n
}

// cutWord removes a word from the beginning of a text, where it ends.
func cutWord(text, word string) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(text, word); !ok || rest == "" {
		return rest, ok
	}
	last := []rune(word)
	next := []rune(rest)[0]
	return rest, !unicode.IsLetter(last[len(last)-1]) || !unicode.IsLetter(next)
}
