package rules

import (
	"slices"
	"testing"
)

func TestLostNumbers(t *testing.T) {
	for _, c := range []struct {
		original, text string
		want           []string
	}{
		{"În 1989 avea 58 de ani.", "В 1989 году ей было 58 лет.", nil},
		{"În 1989 avea 58 de ani.", "Тогда ей было 58 лет.", []string{"1989"}},
		{"Câștigă 1.200 de lei.", "Зарабатывает 1 200 леев.", nil},
		{"Câștigă 1200 de lei.", "Зарабатывает 1\u00a0200 леев.", nil},
		{"Câștigă 1.200.000 de lei.", "Зарабатывает 1200000 леев.", nil},
		{"În 90, 200 de oameni.", "В 90-м — 200 человек.", nil},
		{"Aged 45 in 2003.", "٤٥ عامًا في ٢٠٠٣", nil},
		{"Aged 45 in 2003, 45 again.", "四十五", []string{"45", "2003"}},
		{"At 3,5 kg.", "3.5 кг", nil},
		{"No numbers.", "Ни одного", nil},
	} {
		if got := lostNumbers(c.text, c.original); !slices.Equal(got, c.want) {
			t.Errorf("%q for %q: got %q, want %q", c.text, c.original, got, c.want)
		}
	}
}
