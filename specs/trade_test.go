package specs_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// csvRows reads a CSV file of a spec as one map from header to cell for each row.
func csvRows(t *testing.T, path ...string) (rows []map[string]string) {
	t.Helper()
	f, err := os.Open(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, cell := range record {
			row[records[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}

// stems returns the first five letters of every word of a text that has as many.
func stems(text string) map[string]bool {
	found := map[string]bool{}
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if letters := []rune(word); len(letters) >= 5 {
			found[string(letters[:5])] = true
		}
	}
	return found
}

// definite matches the definite form of a singular noun, with what follows it.
var definite = regexp.MustCompile(`^\pL+(-\pL+)?(a|l|le)( .+)?$`)

// TestTrades checks that every Moldovan occupation has words and acts, by itself or by its
// unit group, that say something its title does not, and that they fit into phrases.
func TestTrades(t *testing.T) {
	jobs, trades := csvRows(t, "moldova", "jobs.csv"), csvRows(t, "moldova", "trade.csv")
	byCode, unitOf := map[string][]map[string]string{}, map[string]string{}
	keys := map[string]bool{}
	for _, job := range jobs {
		unitOf[job["code"]], unitOf[job["isco"]] = job["isco"], job["isco"]
	}
	actOf := map[string]string{} // the unit group that has an act
	for _, row := range trades {
		code, text := row["code"], row["text"]
		if unitOf[code] == "" {
			t.Errorf("no occupation has the code or unit group %q", code)
		}
		if key := code + "\n" + text; keys[key] {
			t.Errorf("%s: %q is there twice", code, text)
		} else {
			keys[key] = true
		}
		byCode[code] = append(byCode[code], row)
		if strings.ContainsAny(text+row["definite"], "şţŞŢ") {
			t.Errorf("%s: %q is written with a cedilla", code, text)
		}
		if strings.TrimSpace(text) != text || strings.Contains(text, "  ") {
			t.Errorf("%s: %q has spaces to spare", code, text)
		}
		if row["turn"] != "1" && row["turn"] != "2" {
			t.Errorf("%s: %q has turn %q", code, text, row["turn"])
		}
		switch row["kind"] {
		case "word":
			first, _ := utf8.DecodeRuneInString(row["definite"])
			if !definite.MatchString(row["definite"]) || !unicode.IsLower(first) {
				t.Errorf("%s: %q is not the definite form of %q", code, row["definite"], text)
			}
		case "act":
			if n := len(strings.Fields(text)); n < 4 || n > 12 {
				t.Errorf("%s: the act %q has %d words", code, text, n)
			}
			first, _ := utf8.DecodeRuneInString(text)
			last, _ := utf8.DecodeLastRuneInString(text)
			if !unicode.IsLower(first) || !unicode.IsLetter(last) && !unicode.IsDigit(last) {
				t.Errorf("%s: the act %q is not a predicate without capital and full stop", code, text)
			}
			if unit := actOf[text]; unit != "" && unit != unitOf[code] {
				t.Errorf("%s: the act %q is that of unit group %s, too", code, text, unit)
			}
			actOf[text] = unitOf[code]
			if row["definite"] != "" {
				t.Errorf("%s: the act %q has a definite form", code, text)
			}
		default:
			t.Errorf("%s: %q is a %q", code, text, row["kind"])
		}
	}
	for _, job := range jobs {
		rows := byCode[job["code"]]
		if rows == nil {
			rows = byCode[job["isco"]]
		}
		title := job["title_f"] + ", " + job["title_m"]
		taken := stems(title)
		count := map[string]int{} // by kind, and by kind and turn
		for _, row := range rows {
			count[row["kind"]]++
			count[row["kind"]+row["turn"]]++
			if row["kind"] != "word" {
				continue
			}
			for stem := range stems(row["text"] + " " + row["definite"]) {
				if taken[stem] {
					t.Errorf("%s: the word %q has a stem of the title %q", job["code"], row["text"], title)
				}
			}
		}
		if count["word"] < 3 || count["word"] > 6 || count["act"] < 2 {
			t.Errorf("%s (%s) has %d words and %d acts, want 3 to 6 and at least 2", job["code"], title, count["word"], count["act"])
		}
		for _, kind := range []string{"word", "act"} {
			if count[kind+"1"] == 0 || count[kind+"2"] == 0 {
				t.Errorf("%s (%s) has no %s of each turn", job["code"], title, kind)
			}
		}
	}
}

// TestBrazilianTrades checks that every Brazilian occupation has two words, an act and a
// skill of each turn, that words say something its title does not, and that all fit into
// phrases.
func TestBrazilianTrades(t *testing.T) {
	definite := map[string]string{"um": "o", "uma": "a"}
	byCode := map[string][]map[string]string{}
	for _, row := range csvRows(t, "brazil", "trade.csv") {
		byCode[row["code"]] = append(byCode[row["code"]], row)
	}
	for _, job := range csvRows(t, "brazil", "occupations.csv") {
		title := job["title_f"] + ", " + job["title_m"]
		taken, count, seen := stems(title), map[string]int{}, map[string]bool{}
		for _, row := range byCode[job["code"]] {
			kind, text := row["kind"], row["text"]
			count[kind+row["turn"]]++
			first, _ := utf8.DecodeRuneInString(text)
			if seen[text] || !unicode.IsLower(first) || strings.HasSuffix(text, ".") || strings.TrimSpace(text) != text {
				t.Errorf("%s: the %s %q is there twice, or is no part of a sentence", title, kind, text)
			}
			seen[text] = true
			if kind != "word" {
				continue
			}
			article, noun, _ := strings.Cut(text, " ")
			if want := definite[article] + " " + noun; row["definite"] != want {
				t.Errorf("%s: got %q as the definite form of %q, want %q", title, row["definite"], text, want)
			}
			for stem := range stems(text) {
				if taken[stem] {
					t.Errorf("the word %q has a stem of the title %q", text, title)
				}
			}
		}
		for key, want := range map[string]int{"word1": 2, "word2": 2, "act1": 1, "act2": 1, "skill1": 1, "skill2": 1} {
			if count[key] != want {
				t.Errorf("%s has %d of %s, want %d", title, count[key], key, want)
			}
		}
	}
}

// TestTradesBreakNoRule: a person of any faith, age and household can have any trade, so
// its words and acts say nothing that a rule forbids to some.
func TestTradesBreakNoRule(t *testing.T) {
	for _, pop := range populations {
		p, _ := persons(t, pop.file, 1, 1)
		for _, row := range csvRows(t, pop.dir, "trade.csv") {
			for _, text := range []string{row["text"], row["definite"]} {
				for i := range p.Rules {
					for _, never := range p.Rules[i].Never {
						if mentions(strings.ToLower(text), strings.ToLower(never)) {
							t.Errorf("%s: %s: %q says %q, which the rule %q forbids", pop.dir, row["code"], text, never, p.Rules[i].Name)
						}
					}
				}
			}
		}
	}
}
