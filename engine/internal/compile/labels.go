package compile

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
)

// warnMisread tells of labels that a spreadsheet opening the CSV file takes for
// something else, so that "65+" becomes 65 and "5-9" the ninth of May. Quotes do
// not keep it from that; only other labels do.
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
		text := fmt.Sprintf("in CSV files spreadsheets take the label %q of field %q for %s", first, f.Name, as)
		if as == formula {
			text = fmt.Sprintf("in CSV files the label %q of field %q has an apostrophe before it, or spreadsheets would take it for %s", first, f.Name, as)
		}
		if others > 0 {
			text += fmt.Sprintf(", and %s likewise", humanize.Count(others, "other", "others"))
		}
		c.diags.Warnf(f.Place, "misread-label", "%s", text).
			WithHint(`write labels with a word in them, such as "65 and over" or "5 to 9"; in Parquet and JSONL they are right either way`)
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

// misread says what a spreadsheet takes a label for, "" when for itself: what
// LibreOffice and Excel with English settings are known to do. Plain numbers look
// the same as numbers and are not counted.
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
