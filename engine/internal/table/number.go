package table

import (
	"regexp"
	"strings"
)

// Forms of numbers that ParseNumber does not accept.
var (
	grouped     = regexp.MustCompile(`^[+-]?[1-9][0-9]{0,2}([ '’_.,][0-9]{3})+([.,][0-9]+)?$`)
	continental = regexp.MustCompile(`^[+-]?[0-9]+,[0-9]+$`)
	percentage  = regexp.MustCompile(`^([0-9.]+) ?%$`)
	noted       = regexp.MustCompile(`^([0-9.]+) ?(\*+|[a-z]|\([a-z0-9]\)|†)$`)
	dashes      = regexp.MustCompile(`^[-–—−.…:]+$`)
)

// absentWords are what statistical offices write for figures that are not available.
var absentWords = []string{"n/a", "na", "n.a.", "nan", "null", "none", "x", "c", "z", "confidential", "suppressed"}

// NumberHint says how to correct a cell that ParseNumber does not accept.
func NumberHint(cell string) string {
	const rest = "write a plain number, such as 1234 or 12.5, or leave the row out with where"
	text := strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2009", " ", "−", "-").Replace(strings.TrimSpace(cell))
	switch {
	case text == "":
		return "write a figure, 0 if there are none, or leave the row out with where"
	case continental.MatchString(text) && !grouped.MatchString(text):
		return "is the comma a decimal point? write " + strings.Replace(text, ",", ".", 1)
	case grouped.MatchString(text):
		return "is it grouped by thousands? write " + plain(text)
	case percentage.MatchString(text):
		return "write " + percentage.FindStringSubmatch(text)[1] + `, and measure: "percent" in the table`
	case noted.MatchString(text):
		return "remove the mark: write " + noted.FindStringSubmatch(text)[1]
	case dashes.MatchString(text), containsFold(absentWords, text):
		return "is the figure missing? write 0 if it means none, or leave the row out with where"
	}
	return rest
}

// plain removes the separators of thousands from a number. Of points and commas, the
// last one that occurs once and is not followed by just three digits is the decimal
// point.
func plain(text string) string {
	last := strings.LastIndexAny(text, ".,")
	decimals := ""
	if last >= 0 && strings.Count(text, text[last:last+1]) == 1 && (len(text)-last-1 != 3 || strings.ContainsAny(text[:last], ".,")) {
		text, decimals = text[:last], "."+text[last+1:]
	}
	return strings.NewReplacer(" ", "", "'", "", "’", "", "_", "", ".", "", ",", "").Replace(text) + decimals
}

func containsFold(words []string, text string) bool {
	for _, w := range words {
		if strings.EqualFold(w, text) {
			return true
		}
	}
	return false
}
