// Package specs_test tests the specifications of this folder.
package specs_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/run"
)

// persons returns the first persons of a seed, with texts by the narrator.
func persons(t *testing.T, file string, seed uint64, rows int) (*plan.Plan, *frame.Batch) {
	t.Helper()
	made, err := run.Preview(t.Context(), run.Config{Spec: file, Cache: cache, Seed: &seed, Sampling: check.Independent}, rows)
	if err != nil {
		t.Fatal(err)
	}
	return made.Plan, made.Persons
}

// TestOpeningsAndNearDuplicates: among the texts that a hundred persons have of a
// field, no two open with the same words, and few texts are near-duplicates.
func TestOpeningsAndNearDuplicates(t *testing.T) {
	const rows = 2000
	for _, pop := range populations {
		for seed := range pop.seeds {
			p, b := persons(t, pop.file, seed, rows)
			suite := check.New(p, check.Options{Sampling: "independent", TempDir: t.TempDir()})
			tally := suite.NewTally()
			tally.Add(b)
			result, err := suite.Result(tally)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, x := range result.Texts {
				if a := x.NearDuplicates; a != nil {
					n++
					if a.Openings.Repeated > 0 || a.NearDuplicateShare > pop.nearDuplicates || a.Texts != rows {
						t.Errorf("%s, seed %d, %s: got %d texts, a share of %g with a repeated opening and %g near-duplicates; want %d, 0 and at most %g",
							pop.file, seed, x.Field, a.Texts, a.Openings.Repeated, a.NearDuplicateShare, rows, pop.nearDuplicates)
					}
				}
			}
			if n != pop.texts {
				t.Errorf("%s: got %d text fields, want %d", pop.file, n, pop.texts)
			}
			for _, o := range result.Outcomes {
				if o.Kind == check.KindRule && o.Status == check.Fail {
					t.Errorf("%s, seed %d: %s: %s", pop.file, seed, o.ID, o.Message)
				}
			}
			suite.Close()
		}
	}
}

// unset matches what no text has, in any language: a space before a punctuation mark, marks
// one after the other, two spaces, a sentence that begins in lower case. A reference that is
// left out before a comma, or one that brings its own comma, leaves these.
var unset = regexp.MustCompile(`\s[,.;:]|[,;:]\s*[,.;:]|  |[^.][.!?] \p{Ll}`)

// TestTextsAreSetRight looks at the punctuation of texts.
func TestTextsAreSetRight(t *testing.T) {
	for _, pop := range populations {
		p, b := persons(t, pop.file, 5, 2000)
		for _, f := range p.Fields {
			if f.Text == nil || f.Text.Items != nil || f.Text.Of != "" {
				continue
			}
			for row := range 2000 {
				text := cell(b, f.Name, row)[0]
				if at := unset.FindStringIndex(text); at != nil {
					t.Errorf("%s, person %d, %s: …%s…", pop.file, row, f.Name, text[max(0, at[0]-60):min(len(text), at[1]+40)])
				}
			}
		}
	}
}

// cell returns the items of a person's list, or a text as the only item.
func cell(b *frame.Batch, field string, row int) []string {
	c := &b.Columns[b.Schema.Index(field)]
	if b.Schema[b.Schema.Index(field)].Type == frame.TextList {
		return c.Texts[c.Offsets[row]:c.Offsets[row+1]]
	}
	return c.Texts[row : row+1]
}

// item is a phrase that lists and texts share.
type item struct {
	name     string
	wordings []string // how a text mentions it, in lower case
}

// slots matches the fields, forms and references in a phrase.
var slots = regexp.MustCompile(`\\?[{<][^}>]*[}>]`)

// items returns the phrases of banks that name no field. A phrase of one or two words
// is too short to be recognised in a text, so only its facets are searched for.
func items(p *plan.Plan, banks ...string) (all []item) {
	for _, b := range p.Narrator.Banks {
		if !slices.Contains(banks, b.Name) {
			continue
		}
		for _, s := range b.Sections {
			for i, name := range s.Phrases {
				if strings.ContainsAny(name, "{<") {
					continue
				}
				x := item{name: name}
				if strings.Count(name, " ") > 1 {
					x.wordings = append(x.wordings, strings.ToLower(name))
				}
				for _, f := range s.Facets {
					if longest := slices.MaxFunc(slots.Split(f[i], -1), func(a, b string) int { return len(a) - len(b) }); strings.Count(longest, " ") > 4 {
						x.wordings = append(x.wordings, strings.ToLower(strings.TrimSpace(longest)))
					}
				}
				all = append(all, x)
			}
		}
	}
	return all
}

// mentions reports whether a text in lower case contains words, as whole words.
func mentions(text, words string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], words)
		if at < 0 {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(text[:from+at])
		after, _ := utf8.DecodeRuneInString(text[from+at+len(words):])
		if !unicode.IsLetter(before) && !unicode.IsLetter(after) {
			return true
		}
		from += at + len(words)
	}
}

// TestTextsMentionOnlyListedItems: the items that a text mentions are in the list beside
// it, and the texts mention enough of them.
func TestTextsMentionOnlyListedItems(t *testing.T) {
	const rows = 1000
	for _, pop := range populations {
		p, b := persons(t, pop.file, 2024, rows)
		found := map[string]float64{}
		for _, c := range pop.listed {
			all := items(p, c.banks...)
			if len(all) == 0 {
				t.Errorf("%s: got no items in the banks %v", pop.file, c.banks)
			}
			for row := range rows {
				list := cell(b, c.list, row)
				for _, field := range c.texts {
					text := strings.ToLower(cell(b, field, row)[0])
					for _, x := range all {
						if slices.Contains(list, x.name) {
							continue
						}
						for _, words := range x.wordings {
							if mentions(text, words) {
								t.Fatalf("%s, person %d: %s mentions %q, which is not in %s: %v\n%s", pop.file, row, field, x.name, c.list, list, text)
							}
						}
					}
					for _, x := range list {
						if mentions(text, strings.ToLower(x)) {
							found[field]++
						}
					}
				}
			}
		}
		for field, least := range pop.mentioned {
			if found[field] < least*rows {
				t.Errorf("%s, %s: got %g mentions of listed items in the texts of %d persons, want at least %g", pop.file, field, found[field], rows, least*rows)
			}
		}
	}
}
