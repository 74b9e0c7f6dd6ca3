package report

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
)

// document is a Markdown or YAML document that is being written.
type document struct{ bytes.Buffer }

// line writes a formatted line.
func (d *document) line(format string, args ...any) {
	fmt.Fprintf(d, format+"\n", args...)
}

// table writes a Markdown table. A column whose head ends in ">" is aligned to the
// right.
func (d *document) table(head []string, rows [][]string) {
	titles, rule := make([]string, len(head)), make([]string, len(head))
	for i, h := range head {
		titles[i], rule[i] = strings.TrimSuffix(h, ">"), "---"
		if strings.HasSuffix(h, ">") {
			rule[i] = "---:"
		}
	}
	d.line("| %s |", strings.Join(titles, " | "))
	d.line("| %s |", strings.Join(rule, " | "))
	for _, r := range rows {
		d.line("| %s |", strings.Join(r, " | "))
	}
	d.line("")
}

// years formats a year, 0 as "".
func years(y int) string {
	if y == 0 {
		return ""
	}
	return strconv.Itoa(y)
}

// note formats a note that follows a name.
func note(text string) string {
	if text == "" {
		return ""
	}
	return ": " + Escape(text)
}

// Escape returns text with the special characters of Markdown escaped. The result
// is on one line and can be used in a cell of a table.
func Escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch r {
		case '\\', '`', '*', '_', '[', ']', '<', '>', '|', '~', '&', '#', '$':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\n', '\r', '\t':
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func percent(share float64) string { return fmt.Sprintf("%.2f %%", 100*share) }

// signed formats a deviation with its sign and two decimals. Zero has no sign.
func signed(x float64) string {
	text := fmt.Sprintf("%+.2f", x)
	if text == "+0.00" || text == "-0.00" {
		return "0.00"
	}
	return text
}

// points formats a deviation in percentage points. Zero has no sign.
func points(x float64) string {
	text := fmt.Sprintf("%+.3f", x)
	if strings.Trim(text, "+-0.") == "" {
		return "0.000"
	}
	return text
}

// number formats a number with four significant digits, whole numbers in full.
func number(x float64) string {
	if x == float64(int64(x)) && x > -1e15 && x < 1e15 {
		return humanize.Thousands(int64(x))
	}
	if math.Abs(x) >= 1000 && math.Abs(x) < 1e15 {
		return humanize.Thousands(int64(math.Round(x)))
	}
	return strconv.FormatFloat(x, 'g', 4, 64)
}

// short returns the first twelve characters of a hash.
func short(hash string) string { return hash[:min(len(hash), 12)] }
