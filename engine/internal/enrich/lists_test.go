package enrich_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/internal/enrich"
)

// listed has prompts that show lists: one that is drawn and one that is written.
const listed = `
name: "listed"
population: {size: 120, seed: 1}
fields: {
	id: kind: "id"
	years: {kind: "integer", min: 1, max: 60}
	likes: {kind: "list", values: {rum: 2, tea: 1, rain: 1}, count: {min: 0, max: 2}}
	tools: {kind: "text_list", call: "early", when: years: >=15, items: {min: 2, max: 4}, chars: {min: 3, max: 80}}
	note: {kind: "text", call: "late", chars: {min: 5, max: 400}}
}
calls: early: {prompt: "early {{ .id }}:{{ range .likes }} {{ . }}{{ end }}{{ range .Fields }}{{ end }}", model: "m"}
calls: late: {prompt: "late {{ .id }}:{{ range .likes }} {{ . }}{{ end }};{{ range .tools }} {{ . }}{{ end }}{{ range .Fields }}{{ end }}", model: "m"}
`

// A prompt shows the items of the person's own lists, and none where a list is empty or
// null.
func TestPromptsShowLists(t *testing.T) {
	w := newWorld(t, listed)
	var mu sync.Mutex
	got := map[string]int{}
	w.run(t, w.enricher(t, t.TempDir(), enrich.Options{}), &writer{write: func(n int, req endpoint.Request) (string, error) {
		mu.Lock()
		got[req.User]++
		mu.Unlock()
		return honest(n, req)
	}})
	b, err := w.source().Batch(0, people)
	if err != nil {
		t.Fatal(err)
	}
	column := func(name string) int {
		for i := range b.Schema {
			if b.Schema[i].Name == name {
				return i
			}
		}
		t.Fatalf("no field %s", name)
		return -1
	}
	id, years, likes := &b.Columns[column("id")], &b.Columns[column("years")], &b.Columns[column("likes")]
	labels := b.Schema[column("likes")].Labels
	prompts, lengths := 0, map[int]int{}
	for r := range b.N {
		items := ""
		codes := likes.Codes[likes.Offsets[r]:likes.Offsets[r+1]]
		for _, code := range codes {
			items += " " + labels[code]
		}
		lengths[len(codes)]++
		late := fmt.Sprintf("late %s:%s;", id.Texts[r], items)
		if years.Ints[r] >= 15 {
			late += " hammer saw"
			prompts++
			if early := fmt.Sprintf("early %s:%s", id.Texts[r], items); got[early] != 1 {
				t.Errorf("person %d: the prompt %q was sent %d times, want once", r, early, got[early])
			}
		}
		prompts++
		if got[late] != 1 {
			t.Errorf("person %d: the prompt %q was sent %d times, want once", r, late, got[late])
		}
	}
	if len(got) != prompts {
		var all []string
		for p := range got {
			all = append(all, p)
		}
		t.Errorf("got %d prompts, want %d:\n%s", len(got), prompts, strings.Join(all, "\n"))
	}
	if len(lengths) != 3 {
		t.Errorf("got lists of %v items, want some with 0, 1 and 2", lengths)
	}
}
