package table

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Numbers says how the figures of a file are written. The zero value is a plain
// number such as 12, -3.5 or 1e6.
type Numbers struct {
	Decimal   string   // the decimal mark; "" is the point
	Thousands string   // between groups of digits; "" for none; " " stands for every kind of blank
	Zero      []string // cells that mean 0
	Missing   []string // cells of figures that are not given
	Marks     []string // texts before or after a number that do not belong to it, such as "*" or "%"
}

// maxNumber bounds a figure, so that sums of figures are finite and exact.
const maxNumber = 1e15

// Errors of Numbers.Parse.
var (
	ErrEmpty     = errors.New("the cell is empty")
	ErrMissing   = errors.New("the figure is missing")
	ErrNotNumber = errors.New("not a number")
)

// ParseNumber parses a plain number.
func ParseNumber(cell string) (float64, error) { return Numbers{}.Parse(cell) }

// Parse parses the cell of a figure and ignores blanks around it. The error is
// ErrEmpty for a blank cell and ErrMissing for one that Missing lists; any other error
// wraps ErrNotNumber. Digits of every script, and every minus sign, are read; NaN and
// infinities are not.
func (n Numbers) Parse(cell string) (float64, error) {
	text := strings.TrimSpace(cell)
	switch {
	case slices.Contains(n.Missing, text):
		return 0, ErrMissing
	case slices.Contains(n.Zero, text):
		return 0, nil
	case text == "":
		return 0, ErrEmpty
	}
	plain, ok := n.plain(n.unmarked(text))
	if !ok {
		return 0, fmt.Errorf("%q is %w", cell, ErrNotNumber)
	}
	x, err := strconv.ParseFloat(plain, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is %w", cell, ErrNotNumber)
	}
	if math.Abs(x) > maxNumber {
		return 0, fmt.Errorf("%q is %w of at most %g", cell, ErrNotNumber, float64(maxNumber))
	}
	return x, nil
}

// Plain returns the figure of a cell as a plain number, for messages and for counting
// its decimals; the cell itself if it is none.
func (n Numbers) Plain(cell string) string {
	text := strings.TrimSpace(cell)
	if slices.Contains(n.Zero, text) {
		return "0"
	}
	if plain, ok := n.plain(n.unmarked(text)); ok {
		return plain
	}
	return cell
}

// unmarked removes the marks around a number.
func (n Numbers) unmarked(text string) string {
	for again := true; again; {
		again = false
		for _, m := range n.Marks {
			if m == "" {
				continue
			}
			cut, ok := strings.CutSuffix(text, m)
			if !ok {
				cut, ok = strings.CutPrefix(text, m)
			}
			if ok {
				text, again = strings.TrimSpace(cut), true
			}
		}
	}
	return text
}

// plain writes a number with ASCII digits, a point, and no thousands separators.
func (n Numbers) plain(text string) (string, bool) {
	decimal, thousands := n.Decimal, n.Thousands
	if decimal == "" {
		decimal = "."
	}
	if thousands == decimal || text == "" {
		return "", false
	}
	var b strings.Builder
	digits, group := 0, 0 // digits so far, and since the last separator
	var groups []int
	whole := true // before the decimal mark and the exponent
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case unicode.IsDigit(r):
			b.WriteByte(digit(r))
			digits++
			group++
		case whole && strings.HasPrefix(text, decimal):
			whole = false
			b.WriteByte('.')
			text = text[len(decimal):]
			continue
		case whole && digits > 0 && n.separates(r):
			groups = append(groups, group)
			group = 0
		case r == '-' || r == '\u2212' || r == '\ufe63' || r == '\uff0d':
			b.WriteByte('-')
		case r == '+':
			b.WriteByte('+')
		case (r == 'e' || r == 'E') && digits > 0 && len(groups) == 0:
			whole = false
			b.WriteByte('e')
		default:
			return "", false
		}
		text = text[size:]
	}
	if digits == 0 {
		return "", false
	}
	out := b.String()
	if len(groups) > 0 && !grouped(groups, out) {
		return "", false
	}
	return out, true
}

// separates reports whether a character separates thousands.
func (n Numbers) separates(r rune) bool {
	switch n.Thousands {
	case "":
		return false
	case " ":
		return unicode.IsSpace(r)
	case "'", "’":
		return r == '\'' || r == '’'
	}
	return n.Thousands == string(r)
}

// grouped reports whether digits are in groups of three, or as in India in groups of
// two before a last one of three. The sizes are those of all groups but the last. No
// number in groups begins with 0: "0,125" is a fraction.
func grouped(sizes []int, plain string) bool {
	whole, _, _ := strings.Cut(strings.TrimLeft(plain, "+-"), ".")
	if strings.HasPrefix(whole, "0") {
		return false
	}
	last := len(whole)
	for _, n := range sizes {
		last -= n
	}
	if last != 3 || sizes[0] < 1 || sizes[0] > 3 {
		return false
	}
	size := 3
	if len(sizes) > 1 {
		size = sizes[1]
	}
	if size == 2 && sizes[0] > 2 {
		return false
	}
	for _, n := range sizes[1:] {
		if n != size {
			return false
		}
	}
	return size == 2 || size == 3
}

// digit returns the ASCII digit of a decimal digit of any script.
func digit(r rune) byte {
	if r < 0x80 {
		return byte(r)
	}
	for _, x := range unicode.Nd.R16 {
		if r >= rune(x.Lo) && r <= rune(x.Hi) {
			return byte('0' + (r-rune(x.Lo))%10)
		}
	}
	for _, x := range unicode.Nd.R32 {
		if r >= rune(x.Lo) && r <= rune(x.Hi) {
			return byte('0' + (r-rune(x.Lo))%10)
		}
	}
	return 'x'
}
