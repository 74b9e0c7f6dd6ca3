package enrich

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/journal"
	"github.com/personagen/personagen/engine/plan"
)

// avoidance keeps what later texts are to avoid, by window of persons. The list of a window
// and a field is made once, of the list of the window before and of that window's texts, and
// is a record of the journal from then on: whoever continues a run asks as it did.
type avoidance struct {
	plan.Avoid
	fields map[string][32]byte // by name, the start of the keys of the lists

	mu    sync.Mutex
	lists map[journal.Key]*avoided
}

// avoided is the record of a list: the most frequent phrases, those to avoid first.
type avoided struct {
	Persons int64    `json:"persons"` // whose texts were counted
	Shown   int      `json:"shown"`   // how many of the phrases are to be avoided
	Avoid   []phrase `json:"avoid"`   // more than are shown, for the next window
}

// phrase is a phrase with the number of persons whose texts have it.
type phrase struct {
	Text    string `json:"text"`
	Persons int64  `json:"persons"`
}

// texts are the phrases to avoid, nil for none.
func (a *avoided) texts() []string {
	var out []string
	if a != nil {
		for _, p := range a.Avoid[:min(a.Shown, len(a.Avoid))] {
			out = append(out, p.Text)
		}
	}
	return out
}

// newAvoidance returns nil if nothing is to be avoided.
func (e *Enricher) newAvoidance(p *plan.Plan) *avoidance {
	if e.variety.Avoid == nil {
		return nil
	}
	a := &avoidance{Avoid: *e.variety.Avoid, fields: map[string][32]byte{}, lists: map[journal.Key]*avoided{}}
	for i := range e.calls {
		c := &e.calls[i]
		for k := range c.fields {
			f := &c.fields[k]
			if !slices.Contains(a.Fields, f.Name) {
				continue
			}
			h := append([]byte("words to avoid"), binary.AppendVarint(nil, a.After)...)
			for _, share := range c.variants {
				bare := *share[0]
				bare.examples = nil // an example that is added changes no list
				sum := identityOf(p, c, &bare, f.Field, e.options.Population).Hash()
				h = append(h, sum[:]...)
			}
			a.fields[f.Name] = sha256.Sum256(h)
		}
	}
	return a
}

// window returns the first person of the window that a person is in; 0 if there are none.
// Windows double.
func (e *Enricher) window(person int64) int64 {
	if e.avoid == nil || person < e.avoid.After {
		return 0
	}
	window := e.avoid.After
	for window <= person/2 {
		window *= 2
	}
	return window
}

// windowEnd returns the first person after the window that a person is in.
func (e *Enricher) windowEnd(person int64) int64 {
	return max(e.avoid.After, 2*e.window(person))
}

// listKey is the key of the list of a window.
func (a *avoidance) listKey(f *field, window int64) journal.Key {
	return journal.MakeKey(a.fields[f.Name], window)
}

// list returns what the texts of a field are to avoid in a window; it is not known if the
// texts before the window are not there yet. The first window avoids nothing.
func (e *Enricher) list(f *field, window int64) (list *avoided, known bool, err error) {
	a := e.avoid
	if a == nil || window == 0 || a.fields[f.Name] == [32]byte{} {
		return nil, true, nil
	}
	if e.journal == nil {
		return nil, false, nil
	}
	key := a.listKey(f, window)
	a.mu.Lock()
	defer a.mu.Unlock()
	if list = a.lists[key]; list != nil {
		return list, true, nil
	}
	data, ok, err := e.journal.Get(key)
	if err != nil || !ok {
		return nil, false, err
	}
	list = &avoided{}
	if err := json.Unmarshal(data, list); err != nil || list.Shown < 0 || list.Persons < 0 {
		return nil, false, errors.New("the journal has a record that is not of phrases to avoid")
	}
	a.lists[key] = list
	return list, true, nil
}

// windowKnown reports whether it is known what the texts of a window are to avoid.
func (e *Enricher) windowKnown(window int64) (bool, error) {
	for i := range e.calls {
		for k := range e.calls[i].fields {
			if _, known, err := e.list(&e.calls[i].fields[k], window); err != nil || !known {
				return false, err
			}
		}
	}
	return true, nil
}

// openWindow makes the lists of a window that are not known yet, of the texts that the
// journal has of the window before, from a person on.
func (e *Enricher) openWindow(ctx context.Context, s Source, window, from int64) error {
	if known, err := e.windowKnown(window); err != nil || known {
		return err
	}
	last := e.window(window - 1)
	before := max(from, last, window-mostCounted)
	counts, err := e.countPhrases(ctx, s, before, window-before)
	if err != nil {
		return err
	}
	var written []journal.Record
	for i := range e.calls {
		for k := range e.calls[i].fields {
			f := &e.calls[i].fields[k]
			if _, known, err := e.list(f, window); err != nil {
				return err
			} else if known {
				continue
			}
			earlier, _, err := e.list(f, last)
			if err != nil {
				return err
			}
			data, err := json.Marshal(counts[f.number].list(earlier, &e.avoid.Avoid))
			if err != nil {
				return err
			}
			written = append(written, journal.Record{Key: e.avoid.listKey(f, window), Value: data})
		}
	}
	return e.journal.Append(written...)
}

// mostCounted is how many persons of a window are counted.
const mostCounted = 5000

// countPhrases counts the phrases of the accepted texts of persons, by number of the field.
func (e *Enricher) countPhrases(ctx context.Context, s Source, first, count int64) ([]*phraseCounts, error) {
	reader := e.Reader()
	var out []*phraseCounts
	for i := range e.calls {
		for k := range e.calls[i].fields {
			out = append(out, newPhraseCounts(listed(e.calls[i].fields[k].Field)))
		}
	}
	reader.read = func(f *field, values map[string]any, r *record) {
		if e.avoid.fields[f.Name] != [32]byte{} {
			out[f.number].add(r, values)
		}
	}
	return out, eachBatch(ctx, s, first, count, reader.Fill)
}

// placeholders is a list for estimates, of as many phrases as there may be.
func (a *avoidance) placeholders(f *field) *avoided {
	if a.fields[f.Name] == [32]byte{} {
		return nil
	}
	return &avoided{Shown: a.Most, Avoid: slices.Repeat([]phrase{{Text: strings.Repeat("x", placeholderPhrase)}}, a.Most)}
}

// placeholderPhrase is the length of five words with their spaces.
const placeholderPhrase = 30

// eachBatch makes persons and visits them in batches.
func eachBatch(ctx context.Context, s Source, first, count int64, visit func(*frame.Batch) error) error {
	for end := first + count; first < end; {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := s.Batch(first, int(min(exportRows, end-first)))
		if err != nil {
			return err
		}
		if b.N == 0 {
			return errFewer
		}
		if err := visit(b); err != nil {
			return err
		}
		first += int64(b.N)
	}
	return nil
}
