package enrich_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"testing"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/internal/identity"
	"github.com/personagen/personagen/engine/journal"
)

// paid uses everything that a record's key depends on.
const paid = `
name: "paid", language: "xy"
population: {size: 120, seed: 1}
fields: {
	id: kind: "id"
	hue: {kind: "category", values: ["red", "green"]}
	years: {kind: "integer", min: 1, max: 60}
	story: {kind: "text", call: "early", title: "Story", about: "a life", chars: {min: 10, max: 400}, mentions: ["hue"]}
	tools: {kind: "text_list", call: "early", when: years: >=15, items: {min: 2, max: 4}, chars: {min: 3, max: 80, target: 9}}
	note: {kind: "text", call: "late", chars: {min: 5, max: 400}}
	origin: kind: "text_source"
}
languages: xy: {letters: "ä", words: ["the"], common: 0}
rules: {
	polite: {about: "no <swearing>", never: ["damn"]}
	shade: {about: "the own hue", when: years: >=20, by: {field: "hue", words: {red: ["red"], green: ["green"]}, said: ["dressed in {}"]}}
	age: {about: "the own age", number: {match: "(\\d+) winters", field: "years"}, fields: ["story"]}
	loud: {about: "no shouting", never_match: "[A-Z]{9}", severity: "warn"}
}
calls: {
	early: {
		prompt: "{{ .years }}, {{ .hue }}{{ range .Fields }}, {{ .name }}{{ end }}", system: "Write.", model: "m", temperature: 0.5
		examples: [{prompt: "20, red", answer: {story: "a red life, well lived", tools: ["adze", "awl"]}}]
	}
	late: {prompt: "{{ .story }}{{ range .Fields }}, {{ .name }}{{ end }}", model: "m"}
}
`

// Texts that were paid for are found again by their keys. A change here orphans
// every journal: see identity.TextVersion.
func TestJournalKeysAreFrozen(t *testing.T) {
	w, dir := newWorld(t, paid), t.TempDir()
	e := w.enricher(t, dir, enrich.Options{Population: identity.Population("structure", "quota", 1, people)})
	w.run(t, e, &writer{write: func(_ int, req endpoint.Request) (string, error) {
		answer := map[string]any{}
		for _, name := range names(req) {
			answer[name] = "a red or green text that is good"
			if name == "tools" {
				answer[name] = []string{"hammer", "saw"}
			}
		}
		data, err := json.Marshal(answer)
		return string(data), err
	}})
	j, err := journal.Open(dir, journal.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	var keys []string
	if err := j.Range(func(key journal.Key, _ []byte) error {
		keys = append(keys, hex.EncodeToString(key[:]))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys)
	h := sha256.New()
	for _, k := range keys {
		h.Write([]byte(k))
	}
	const (
		first = "01c8fd23d486d62fddebc1c2e466e24a31e784e2b5a00a1ab5828ad32b1d6f140000000000000007"
		all   = "9bfb8a44a85ee4c9fa4362d72137d3e887f2a0c03d0bdedec220ad74cb6e5829"
	)
	if got := hex.EncodeToString(h.Sum(nil)); len(keys) != 332 || keys[0] != first || got != all {
		t.Errorf("%d keys, the first is %s, all hash to %s\nwant the first %s and %s", len(keys), keys[0], got, first, all)
	}
}
