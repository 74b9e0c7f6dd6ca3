package main

import (
	"regexp"
	"strings"

	"github.com/personagen/personagen/engine/endpoint/fake"
)

var toTranslate = regexp.MustCompile(`\|([a-z_]+)=([^|]*)\|`)

// translate answers like a model that spells in Cyrillic what it is to translate. About
// people who are red it does so only when it is asked again, about those who are blue it
// loses the numbers, and about those who are green it writes nothing but translations.
func translate(a fake.Asked) string {
	originals := map[string]string{}
	for _, m := range toTranslate.FindAllStringSubmatch(a.User, -1) {
		originals[m[1]] = m[2]
	}
	switch {
	case len(originals) == 0 && strings.Contains(a.User, "green"):
		return "I'm sorry, but I cannot help with that."
	case len(originals) == 0:
		return a.Answer
	}
	return a.Object(func(name string) string {
		text := originals[name]
		if strings.Contains(a.User, "red") && !strings.Contains(a.User, "Your last answer") {
			return text
		}
		if strings.Contains(a.User, "blue") {
			text = strings.Map(func(r rune) rune {
				if '0' <= r && r <= '9' {
					return 'z'
				}
				return r
			}, text)
		}
		return inCyrillic.Replace(text)
	}, nil)
}

var inCyrillic = strings.NewReplacer("a", "а", "b", "б", "d", "д", "e", "е", "h", "х", "k", "к", "n", "н", "o", "о", "q", "к", "r", "р",
	"s", "с", "t", "т", "T", "Т", "u", "у", "v", "в", "x", "кс", "y", "й", "z", "з", "A", "А", "g", "г", "l", "л", "m", "м", "i", "и", "w", "в", "p", "п", "c", "ц", "f", "ф", "j", "ж")
