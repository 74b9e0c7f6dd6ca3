package compile

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
)

// warnMisread warns about labels that a spreadsheet does not read as text when it
// opens the CSV file: "65+" becomes 65 and "5-9" becomes the ninth of May. Quotes
// do not prevent that; only other labels do.
func (c *compiler) warnMisread() {
	for _, f := range c.plan.Fields {
		if f.Hidden || f.Type != frame.Category || f.Domain == nil {
			continue
		}
		var first, as string
		others := 0
		for _, label := range f.Domain.Labels {
			switch kind := misread(label); {
			case kind == "":
			case first == "":
				first, as = label, kind
			default:
				others++
			}
		}
		if first == "" {
			continue
		}
		text := fmt.Sprintf("spreadsheets read the label %q of field %q in CSV files as %s", first, f.Name, as)
		if as == formula {
			text = fmt.Sprintf("the label %q of field %q has an apostrophe before it in CSV files, because spreadsheets would read it as %s", first, f.Name, as)
		}
		if others > 0 {
			text += fmt.Sprintf("; this also concerns %s", humanize.Count(others, "other label", "other labels"))
		}
		c.diags.Warnf(f.Place, "misread-label", "%s", text).
			WithHint(`write labels with a word in them, such as "65 and over" or "5 to 9"; Parquet and JSONL files are not affected`)
	}
}

const formula = "a formula"

var (
	plainNumber = regexp.MustCompile(`^(0|[1-9]\d{0,14})(\.\d*[1-9])?$`)
	likeNumber  = regexp.MustCompile(`^\(?[$€£]?\d[\d,]*(\.\d*)?([eE][+-]?\d+)?\s*[%+-]?\)?$`)
	likeTime    = regexp.MustCompile(`^\d{1,2}:\d{2}(:\d{2})?$`)
	twoParts    = regexp.MustCompile(`^(\d{1,2})[-/](\d{1,2}|\d{4})$`)
	threeParts  = regexp.MustCompile(`^\d{1,4}([-/.])\d{1,2}[-/.]\d{1,4}$`)
	likeMonth   = regexp.MustCompile(`(?i)^(\d{1,2}[- ])?(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|dec(ember)?)[- ]?\d{1,4}$`)
)

// misread says what LibreOffice and Excel with English settings read a label as,
// "" for text. A plain number is also "": it looks the same as a number.
func misread(label string) string {
	s := strings.TrimSpace(label)
	switch {
	case s == "" || plainNumber.MatchString(s):
		return ""
	case strings.ContainsRune("=+-@", rune(s[0])):
		return formula
	case likeNumber.MatchString(s):
		return "a number"
	case likeTime.MatchString(s):
		return "a time"
	case threeParts.MatchString(s) || likeMonth.MatchString(s):
		return "a date"
	}
	if m := twoParts.FindStringSubmatch(s); m != nil {
		a, _ := strconv.Atoi(m[1])
		b, _ := strconv.Atoi(m[2])
		// Month and day, day and month, or month and year.
		if a >= 1 && a <= 12 && b >= 1 || b >= 1 && b <= 12 && a >= 1 && a <= 31 {
			return "a date"
		}
	}
	return ""
}
