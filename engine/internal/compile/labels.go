package compile

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/plaintext"
)

// checkLabels checks every label and column name as readers of the data see it.
func (c *compiler) checkLabels() {
	c.refuseUnreadable()
	c.warnMisread()
	c.warnReserved()
	c.compileAliases()
	c.warnCase()
}

// refuseUnreadable reports labels with characters that nobody sees, and labels of
// one field that look the same. It warns of blanks around a label, and of labels that
// are equal but for case.
func (c *compiler) refuseUnreadable() {
	for _, f := range c.plan.Fields {
		if f.Domain == nil {
			continue
		}
		folded := make(map[string]string, len(f.Domain.Labels))
		padded, cases := "", [2]string{}
		lower := make(map[string]string, len(f.Domain.Labels))
		for _, label := range f.Domain.Labels {
			if r, found := plaintext.Invisible(label); found {
				c.diags.Errorf(f.Place, "invisible", "the label %+q of field %q has the invisible character %U", label, f.Name, r).WithHint("remove it")
				continue
			}
			same := plaintext.Folded(label)
			if same == "" {
				c.diags.Errorf(f.Place, "empty-label", "a label of field %q is blank", f.Name).WithHint("write a label")
				continue
			}
			if other, twice := folded[same]; twice && other != label {
				c.diags.Errorf(f.Place, "same-looking", "the labels %q and %q of field %q differ only in blanks or Unicode form", other, label, f.Name).
					WithHint("write both alike, or make the difference visible")
			}
			folded[same] = label
			if label != strings.TrimSpace(label) {
				padded = cmp.Or(padded, label)
			}
			small := strings.ToLower(label)
			if other := lower[small]; other != "" && other != label && cases[0] == "" {
				cases = [2]string{other, label}
			}
			lower[small] = label
		}
		if padded != "" {
			c.diags.Warnf(f.Place, "padded-label", "the label %+q of field %q has blanks around it", padded, f.Name).
				WithHint("remove them: nobody sees them, and conditions on the label without them meet nobody")
		}
		if cases[0] != "" {
			c.diags.Warnf(f.Place, "equal-but-for-case", "the labels %q and %q of field %q are equal but for case", cases[0], cases[1], f.Name).
				WithHint("if they mean the same, write them alike; databases and spreadsheets may not distinguish them")
		}
	}
}

// Words that common readers of CSV (pandas, R, DuckDB, spreadsheets) take for a
// missing value or for a truth value. Quotes do not prevent that.
var (
	missingWords = words("#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null")
	truthWords   = words("TRUE", "True", "true", "FALSE", "False", "false")
	shortTruths  = words("T", "F") // only if there are no other labels
)

func words(list ...string) map[string]bool {
	set := map[string]bool{}
	for _, w := range list {
		set[w] = true
	}
	return set
}

// reserved says what readers take a label for, "" for text.
func reserved(label string, all []string) string {
	label = strings.TrimSpace(label)
	switch {
	case missingWords[label]:
		return "a missing value"
	case truthWords[label], shortTruths[label] && !slices.ContainsFunc(all, func(l string) bool { return !shortTruths[l] && !truthWords[l] }):
		return "a truth value"
	}
	return ""
}

// warnReserved warns of labels that are reserved words.
func (c *compiler) warnReserved() {
	for _, f := range c.plan.Fields {
		if f.Hidden || f.Domain == nil || f.Type != frame.Category && f.Type != frame.CategoryList {
			continue
		}
		var found []string
		as := ""
		for _, label := range f.Domain.Labels {
			if kind := reserved(label, f.Domain.Labels); kind != "" {
				found = append(found, label)
				as = cmp.Or(as, kind)
			}
		}
		if found == nil {
			continue
		}
		text := fmt.Sprintf("readers of CSV files take the label %q of field %q for %s", found[0], f.Name, as)
		if n := len(found) - 1; n > 0 {
			text += fmt.Sprintf("; this also concerns %s", humanize.Count(n, "other label", "other labels"))
		}
		c.diags.Warnf(f.Place, "reserved-label", "%s", text).
			WithHint("write labels that are no such words, such as \"not applicable\" or \"yes\"; Parquet and JSONL files are not affected")
	}
}

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
		d := c.diags.Warnf(f.Place, "misread-label", "%s", text)
		if f.RowOf() != "" {
			d.WithHint("in a spreadsheet, import the column as text; Parquet and JSONL files are not affected")
			continue
		}
		d.WithHint(`write labels with a word in them, such as "65 and over" or "5 to 9"; Parquet and JSONL files are not affected`)
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
