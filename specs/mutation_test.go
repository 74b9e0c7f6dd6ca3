//go:build slow

package specs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/run"
)

// person is a line of JSONL. Numbers keep their digits.
type person map[string]any

func (p person) text(field string) string {
	s, _ := p[field].(string)
	return s
}

func readPersons(t *testing.T, path string) (all []person) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	for d.More() {
		var p person
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func writePersons(t *testing.T, path string, all []person) {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, p := range all {
		if err := e.Encode(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// spoil calls change on persons until it has changed n of them.
func spoil(t *testing.T, all []person, n int, change func(i int, p person) bool) {
	t.Helper()
	left := n
	for i, p := range all {
		if left > 0 && change(i, p) {
			left--
		}
	}
	if left > 0 {
		t.Fatalf("got %d persons changed, want %d", n-left, n)
	}
}

// replaceIn replaces the first match of old in the first field that has one.
func replaceIn(p person, fields []string, old *regexp.Regexp, with func(string) string) bool {
	for _, f := range fields {
		if text := p.text(f); old.MatchString(text) {
			done := false
			p[f] = old.ReplaceAllStringFunc(text, func(s string) string {
				if done {
					return s
				}
				done = true
				return with(s)
			})
			return true
		}
	}
	return false
}

var prose = []string{
	"cultural_background", "skills_and_expertise", "hobbies_and_interests", "career_goals_and_ambitions", "persona", "persona_summary",
	"professional_persona", "sports_persona", "arts_persona", "travel_persona", "culinary_persona",
}

// TestMutations changes the JSONL of a release of 2,000 persons and validates it.
func TestMutations(t *testing.T) {
	dir := t.TempDir()
	s, err := run.Run(context.Background(), run.Config{Spec: moldova, Cache: cache, Out: filepath.Join(dir, "out"), Size: 2000, Formats: []string{"jsonl"}})
	if err != nil {
		t.Fatal(err)
	}
	lines := filepath.Join(s.Dir, "jsonl/train-00000-of-00001.jsonl")
	right := readPersons(t, lines)
	number := func(p person, field string) int64 {
		n, err := p[field].(json.Number).Int64()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	digits := regexp.MustCompile(`\d+`)
	for _, m := range []struct {
		name   string
		change func(t *testing.T, all []person)
		caught []string // checks that must fail
	}{
		{"no change", func(*testing.T, []person) {}, nil},
		{"a label changed in 2 % of rows", func(t *testing.T, all []person) {
			spoil(t, all, 40, func(i int, p person) bool {
				if p["ethnicity"] != "moldoveni" || i%7 != 0 {
					return false
				}
				p["ethnicity"] = "români"
				return true
			})
		}, []string{"margin.ethnicity", "table.district_ethnicity"}},
		{"1 % of persons in another district, with their old locality", func(t *testing.T, all []person) {
			before := -1
			spoil(t, all, 20, func(i int, p person) bool {
				if before < 0 || all[before]["district"] == p["district"] || all[before]["region"] != p["region"] || all[before]["residence"] != p["residence"] {
					if i%11 == 0 {
						before = i
					}
					return false
				}
				all[before]["district"], p["district"] = p["district"], all[before]["district"] // the margin is unchanged
				before = -1
				return true
			})
		}, []string{"open.locality"}},
		{"ten texts empty", func(t *testing.T, all []person) {
			spoil(t, all, 10, func(i int, p person) bool { p["travel_persona"] = ""; return true })
		}, []string{"text.travel_persona"}},
		{"ten texts missing", func(t *testing.T, all []person) {
			spoil(t, all, 10, func(i int, p person) bool { p["travel_persona"] = nil; return true })
		}, []string{"written.travel_persona"}},
		{"ten rows repeated", func(t *testing.T, all []person) {
			for i := range 10 {
				all[100*i+1] = all[100*i]
			}
		}, []string{"unique.id", "persons"}},
		{"1 % of rows copied under new ids, with one field changed", func(t *testing.T, all []person) {
			fields := []string{"given_name", "religion", "household_size", "extraversion", "locality", "education_level", "name"}
			for i := range len(all) / 100 {
				from, field, id := all[100*i+3], fields[i%len(fields)], all[100*i+7]["id"]
				other := slices.IndexFunc(right, func(p person) bool { return p[field] != nil && p[field] != from[field] })
				twin := maps.Clone(from)
				twin["id"], twin[field] = id, right[other][field]
				all[100*i+7] = twin
			}
		}, []string{"near_persons"}},
		{"1 % of rows copied under new ids, with every number changed by one", func(t *testing.T, all []person) {
			for i := range len(all) / 100 {
				twin, id := maps.Clone(all[100*i+3]), all[100*i+7]["id"]
				for field, v := range twin {
					if slices.Contains([]string{"gross_wage", "pension", "openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism"}, field) && v != nil {
						twin[field] = json.Number(fmt.Sprint(number(twin, field) + 1))
					}
				}
				twin["id"] = id
				all[100*i+7] = twin
			}
		}, []string{"near_persons"}},
		{"ages shifted by a year", func(t *testing.T, all []person) {
			spoil(t, all, 1900, func(i int, p person) bool {
				age := number(p, "age")
				if age < 100 {
					p["age"] = json.Number(fmt.Sprint(age + 1))
				}
				return age < 100
			})
		}, []string{"margin.age", "group.age_group", "rule.age"}},
		{"the wrong gender in ten texts", func(t *testing.T, all []person) {
			spoil(t, all, 10, func(i int, p person) bool {
				if p["sex"] != "femeie" {
					return false
				}
				p["persona"] = p.text("persona") + " Este căutat de toți vecinii."
				return true
			})
		}, []string{"rule.agreement"}},
		{"a wrong age in ten texts", func(t *testing.T, all []person) {
			spoil(t, all, 10, func(i int, p person) bool {
				own := regexp.MustCompile(fmt.Sprintf(`(?:are|la cei) %d (?:de )?ani(?:[.,] | și | ai (?:lui|ei))`, number(p, "age")))
				return replaceIn(p, prose, own, func(s string) string {
					return digits.ReplaceAllString(s, fmt.Sprint(number(p, "age")%60+21))
				})
			})
		}, []string{"rule.age"}},
		{"another home in ten texts", func(t *testing.T, all []person) {
			home := regexp.MustCompile(`(?:(?:trăiește|locuiește) în|din) (?:satul|orașul) \pL+`)
			spoil(t, all, 10, func(i int, p person) bool {
				return p.text("locality") != "Cahul" && replaceIn(p, prose, home, func(string) string { return "trăiește în orașul Cahul" })
			})
		}, []string{"rule.home"}},
		{"another occupation in ten texts", func(t *testing.T, all []person) {
			work := regexp.MustCompile(`lucrează ca \pL+`)
			var other string
			for _, p := range all {
				if o := p.text("occupation"); o != "" && !strings.ContainsAny(o, " (") {
					other = strings.ToLower(o)
				}
			}
			spoil(t, all, 10, func(i int, p person) bool {
				own := strings.ToLower(p.text("occupation"))
				return own != "" && !strings.HasPrefix(own, other) && replaceIn(p, prose, work, func(string) string { return "lucrează ca " + other })
			})
		}, []string{"rule.own_occupation"}},
		{"another marital status in ten texts", func(t *testing.T, all []person) {
			spoil(t, all, 10, func(i int, p person) bool {
				if p["marital_status"] != "căsătorit(ă)" {
					return false
				}
				p["persona"] = p.text("persona") + " Este văduvă de mult."
				return true
			})
		}, []string{"rule.marital_status"}},
		{"another language in ten texts, another mother tongue in ten", func(t *testing.T, all []person) {
			spoil(t, all, 10, func(i int, p person) bool {
				if p["usual_language"] == "găgăuză" {
					return false
				}
				p["persona"] = p.text("persona") + " De zi cu zi vorbește găgăuza."
				return true
			})
			spoil(t, all, 10, func(i int, p person) bool {
				if p["mother_tongue"] == "bulgară" {
					return false
				}
				p["persona"] = p.text("persona") + " Limba maternă este bulgara."
				return true
			})
		}, []string{"rule.usual_language", "rule.mother_tongue"}},
		{"another person's name in ten texts", func(t *testing.T, all []person) {
			spoil(t, all, 10, func(i int, p person) bool {
				p["persona"] = map[bool]string{true: "Maria", false: "Ion"}[p["given_name"] == "Ion"] + " este cel despre care se spune: " + p.text("persona")
				return true
			})
		}, []string{"rule.own_name"}},
		{"ten texts in Russian, ten in English, ten without diacritics", func(t *testing.T, all []person) {
			const russian = "Анна выращивает яблоки и сливы в саду на краю села, а осенью ездит с соседями на рынок в город. "
			const english = "She grows apples and plums at home, looks after two cows, sings with neighbours on Sundays and travels when time allows. "
			plain := strings.NewReplacer("ă", "a", "â", "a", "î", "i", "ș", "s", "ț", "t", "Î", "I", "Ș", "S", "Ț", "T")
			spoil(t, all, 10, func(i int, p person) bool { p["sports_persona"] = strings.Repeat(russian, 4); return true })
			spoil(t, all, 10, func(i int, p person) bool { p["arts_persona"] = strings.Repeat(english, 3); return true })
			spoil(t, all, 10, func(i int, p person) bool {
				p["culinary_persona"] = plain.Replace(p.text("culinary_persona"))
				return true
			})
		}, []string{"language.sports_persona", "language.arts_persona", "language.culinary_persona", "rule.romanian"}},
		{"pay a quarter higher", func(t *testing.T, all []person) {
			for _, p := range all {
				if n, ok := p["gross_wage"].(json.Number); ok {
					pay, _ := n.Float64()
					p["gross_wage"] = json.Number(fmt.Sprintf("%.0f", 1.25*pay))
				}
			}
		}, []string{"number.gross_wage"}},
		{"scores swapped between persons", func(t *testing.T, all []person) {
			for i := range len(all) / 2 {
				k := len(all) - 1 - i
				all[i]["neuroticism"], all[k]["neuroticism"] = all[k]["neuroticism"], all[i]["neuroticism"]
			}
		}, []string{"correlation.personality.conscientiousness.neuroticism"}},
	} {
		t.Run(m.name, func(t *testing.T) {
			all := make([]person, len(right))
			for i := range right {
				all[i] = maps.Clone(right[i])
			}
			m.change(t, all)
			writePersons(t, lines, all)
			v, err := run.Validate(context.Background(), run.ValidateConfig{Paths: []string{s.Dir}})
			if v == nil || err != nil && !errors.Is(err, run.ErrChecks) {
				t.Fatal(err)
			}
			var failed []string
			for _, o := range v.Result.Outcomes {
				if o.Status == check.Fail {
					failed = append(failed, o.ID)
				}
			}
			for _, id := range m.caught {
				if !slices.Contains(failed, id) {
					t.Errorf("%s did not fail; got %v", id, failed)
				}
			}
			if m.caught == nil && (err != nil || failed != nil) {
				t.Errorf("unchanged data: got failed checks %v, error %v", failed, err)
			}
			t.Logf("failed: %v", failed)
		})
	}
}
