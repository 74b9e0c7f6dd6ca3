package narrate

import (
	"slices"

	"github.com/personagen/personagen/engine/internal/phrase"
	"github.com/personagen/personagen/engine/internal/rng"
)

// reference is the wordings of a reference in a grammatical case.
type reference struct {
	name, wordCase   string
	who              int // the first reference of the name
	first, near, far [][]part
	within           int
	columns          []int // that the wordings name
	stream           rng.Stream
}

// mention is a mention in a text.
type mention struct{ who, phrase int }

// addReferences adds the references of the plan.
func (b *builder) addReferences() {
	for _, from := range b.plan.Narrator.References {
		r := reference{name: from.Name, wordCase: from.Case, within: from.Within, who: len(b.references), stream: rng.New(b.seed, "narrator reference "+from.Name)}
		if i := slices.IndexFunc(b.references, func(x reference) bool { return x.name == r.name }); i >= 0 {
			r.who = i
		}
		r.first, r.near, r.far = b.wordings(from.First, &r), b.wordings(from.Near, &r), b.wordings(from.Far, &r)
		if len(r.first) == 0 {
			b.fail("the reference %q has no wordings", r.name)
		}
		if len(r.far) == 0 {
			r.far = r.first
		}
		if len(r.near) == 0 {
			r.near = r.far
		}
		b.references = append(b.references, r)
	}
}

// wordings parses the wordings of a reference and adds the columns that they name to it.
func (b *builder) wordings(texts []string, r *reference) (out [][]part) {
	for _, text := range texts {
		t := test{}
		parts := b.parse("references", text, &t)
		for _, p := range parts {
			if p.kind == phrase.Bank || p.kind == phrase.Refer || p.kind == phrase.Field && p.list >= 0 {
				b.fail("the reference %q refers to something else", r.name)
			}
			if p.kind == phrase.Field && !slices.Contains(r.columns, p.column) {
				r.columns = append(r.columns, p.column)
			}
		}
		out = append(out, parts)
	}
	return out
}

// reference returns the index of the reference that a part makes, -1 if it makes none.
func (b *builder) reference(p *phrase.Part) int {
	return slices.IndexFunc(b.references, func(r reference) bool { return r.name == p.Text && r.wordCase == p.Case })
}

// appendMention appends the wording of a reference that fits the distance to its last mention.
func (w *Worker) appendMention(dst []byte, r *reference) []byte {
	before, count := -1, 0
	for i, m := range w.mentions {
		if m.who == r.who {
			before = i
			count++
		}
	}
	words := r.far
	switch {
	case before < 0 && w.place == now:
		words = r.first
	case before >= w.base && before == len(w.mentions)-1 && w.phrases-w.mentions[before].phrase <= r.within:
		words = r.near
	}
	w.mentions = append(w.mentions, mention{r.who, w.phrases})
	at := 0
	if n := len(words); n > 1 {
		at = int((r.stream.Uint64(w.batch.First+int64(w.row)) + uint64(count)) % uint64(n))
	}
	dst, _ = w.appendParts(dst, words[at])
	return dst
}
