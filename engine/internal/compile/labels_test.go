package compile

import "testing"

// TestMisread: what LibreOffice 7 (CSV filter 44,34,76,1, en-US) and Excel make of
// labels; a dash between two small numbers is a date to Excel only.
func TestMisread(t *testing.T) {
	for label, want := range map[string]string{
		"65+": "a number", "65 +": "a number", "65-": "a number", "007": "a number", "1e5": "a number", "12E3": "a number", "1,000": "a number",
		"50%": "a number", "(5)": "a number", "$5": "a number", "5.": "a number", "1.50": "a number", "12345678901234567890": "a number",
		"12:30": "a time", "3/4": "a date", "2/3": "a date", "1-2": "a date", "10-14": "a date", "5-9": "a date", "12-45": "a date",
		"2020-05-01": "a date", "1.2.2020": "a date", "Mar 5": "a date", "mar-05": "a date", "Sept 2020": "a date", "5-1990": "a date",
		"=1+1": formula, "+5": formula, "-5": formula, "@x": formula,
		"": "", "0": "", "7": "", "2024": "", "1.5": "", "18-24": "", "25-34": "", "0-4": "", "13/14": "", "<18": "", "may": "", "March": "",
		"75 și peste": "", "65 and over": "", "5 to 9": "", "5–9": "", "a/b": "", "1 000": "", "north-east": "", "second": "", "12 months": "", "decade 3": "",
	} {
		if got := misread(label); got != want {
			t.Errorf("%q: %q, want %q", label, got, want)
		}
	}
}
