package importer

import (
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/internal/office"
)

// describe takes the title, the source and the unit from the texts around the table.
func (t *tabular) describe(c *office.Cube) {
	pending := "" // a key whose value is on the next line
	for _, text := range slices.Concat(t.guess.Titles, t.guess.Notes) {
		for n, line := range strings.Split(text, "\n") {
			line = strings.Join(strings.Fields(line), " ")
			key, value, ok := strings.Cut(line, ":")
			value = strings.TrimSpace(value)
			if pending != "" && line != "" {
				key, value, ok, pending = pending, line, true, ""
			}
			switch {
			case line == "":
			case ok && value == "" && (is("source", key) || is("unit", key) || is("updated", key)):
				pending = key
			case ok && value != "" && is("source", key) && c.Publisher == "":
				c.Publisher = value
			case ok && value != "" && is("unit", key) && c.Unit == "":
				c.Unit = value
			case ok && value != "" && is("updated", key) && c.Updated == "":
				c.Updated = value
			case strings.HasPrefix(line, "©") && c.Publisher == "":
				c.Publisher = strings.TrimSpace(strings.TrimLeft(line, "© "))
			case c.Title == "" && n == 0 && slices.Contains(t.guess.Titles, text):
				c.Title = line
			case len(t.guess.Titles) > 1 && text == t.guess.Titles[1] && len(c.Title) < 60 && n == 0:
				c.Title += ": " + line
			default:
				c.AddNote(line)
			}
		}
	}
}

// yearIn returns the only year that texts name, 0 if there is none or several.
func yearIn(texts []string) int {
	year := 0
	for _, text := range texts {
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
			if y := yearOf(word); y > 0 && len(word) == 4 {
				if year != 0 && year != y {
					return 0
				}
				year = y
			}
		}
	}
	return year
}
