package narrate

import (
	"bytes"
	"strings"

	"github.com/personagen/personagen/engine/internal/rng"
)

// relation is a relation between neighbouring phrases.
type relation struct {
	name   string
	words  []connective
	stream rng.Stream // that selects a person's first connective
}

// connective is the words before a phrase. One that joins continues the sentence before.
type connective struct {
	text  []byte // with a blank at the end
	joins bool
}

// addRelations adds the relations of the plan.
func (b *builder) addRelations() {
	for _, r := range b.plan.Narrator.Relations {
		out := relation{name: r.Name, stream: rng.New(b.seed, "narrator relation "+r.Name)}
		for _, word := range r.Words {
			out.words = append(out.words, connective{[]byte(word + " "), strings.ContainsAny(word[:min(1, len(word))], ",;:-") || strings.HasPrefix(word, "–") || strings.HasPrefix(word, "—")})
		}
		if len(out.words) == 0 {
			b.fail("the relation %q has no connectives", r.Name)
		}
		b.relations = append(b.relations, out)
	}
	b.spread = b.plan.Narrator.Spread
}

// connect returns the connective before a phrase that is written after the last one, nil if it
// has none: no relation holds, the last phrase was connected itself, or no connective fits. One
// that continues a sentence fits after a full stop, if neither part of the sentence has it
// already.
func (w *Worker) connect(x *tags, joiner, phrase []byte) *connective {
	if x == nil || w.connected {
		return nil
	}
	for i := range x.follows {
		f := &x.follows[i]
		if !w.follows(f) {
			continue
		}
		words := w.relations[f.relation].words
		for k := range words {
			at := (w.turns[f.relation] + k) % len(words)
			c := &words[at]
			if !c.joins || string(joiner) == " " && w.endsWithStop() && !bytes.Contains(w.sentence(), c.text) && !bytes.Contains(phrase, c.text) {
				w.turns[f.relation] = at + 1
				return c
			}
		}
	}
	return nil
}

// put writes a phrase of the text in w.raw, with the facts that were told from a position of
// the log to another, after those before.
func (w *Worker) put(joiner, phrase []byte, x *tags, from, to int) {
	c := w.connect(x, joiner, phrase)
	switch {
	case c == nil:
		w.join(joiner, phrase)
	case c.joins:
		w.dropStop()
		w.write(c.text)
		w.join(nil, phrase)
	default:
		w.write(joiner)
		w.write(c.text)
		w.join(nil, phrase)
	}
	w.flow = flow{w.phrases + 1, from, to, c != nil}
}
