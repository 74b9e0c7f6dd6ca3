// Package humanize writes numbers and lists of names as messages and papers for
// people have them.
package humanize

import (
	"fmt"
	"strconv"
	"strings"
)

// Thousands groups the digits of a whole number: 1,234,567.
func Thousands(n int64) string { return grouped(strconv.FormatInt(n, 10)) }

// Number writes a number with all its decimals, its whole part grouped: 1,234.5.
func Number(x float64) string {
	whole, rest, fraction := strings.Cut(strconv.FormatFloat(x, 'f', -1, 64), ".")
	if whole = grouped(whole); fraction {
		return whole + "." + rest
	}
	return whole
}

func grouped(s string) string {
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Count is n and the word for so many: 1 person, 2,000 persons.
func Count[N int | int64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Thousands(int64(n)) + " " + many
}

// Some joins the first names and counts the rest, where there are many.
func Some(names []string) string {
	const most = 6
	if len(names) <= most+1 { // "and 1 more" would take the room of the name
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
