// Package humanize formats numbers and lists of names for messages and reports.
package humanize

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Thousands formats a whole number with grouped digits: 1,234,567.
func Thousands(n int64) string { return groupDigits(strconv.FormatInt(n, 10)) }

// Number formats a number with all its decimals and a grouped whole part: 1,234.5.
func Number(x float64) string {
	whole, rest, fraction := strings.Cut(strconv.FormatFloat(x, 'f', -1, 64), ".")
	if whole = groupDigits(whole); fraction {
		return whole + "." + rest
	}
	return whole
}

// groupDigits inserts commas into a string of digits, which may have a minus sign.
func groupDigits(s string) string {
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Count formats a number of things, whose singular and plural are one and many:
// 1 person, 2,000 persons.
func Count[N int | int64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Thousands(int64(n)) + " " + many
}

// Some joins names with commas. It lists up to seven; of more it lists six and
// counts the rest: a, b, c, d, e, f and 2 more.
func Some(names []string) string {
	const most = 6
	if len(names) <= most+1 { // "and 1 more" is no shorter than the name
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// ShellWord writes a text as one argument in a command for a shell.
func ShellWord(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/.:_-+=@%,", r)
	}) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Quoted quotes names and joins them with commas. It lists up to twenty and counts the
// rest.
func Quoted(names []string) string {
	var out []string
	for i, n := range names {
		if i == 20 {
			out = append(out, fmt.Sprintf("and %d more", len(names)-i))
			break
		}
		out = append(out, strconv.Quote(n))
	}
	return strings.Join(out, ", ")
}
