package enrich

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/identity"
	"github.com/personagen/personagen/engine/internal/prompt"
	"github.com/personagen/personagen/engine/journal"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// identityOf lists what all records of a field have in common, in the encoding
// that is fixed for journals. It leaves out what must not affect this field's
// key: a rule's other fields, and what examples answer for other fields.
func identityOf(p *plan.Plan, c *call, v *variant, f *kind.Field, population string) *identity.Text {
	t := &identity.Text{
		Population: population, Name: f.Name, Title: f.Title, About: f.About,
		System: c.System, Prompt: c.Prompt, Model: v.model, Temperature: v.temperature,
	}
	if chars := f.Chars(); chars != nil {
		t.Chars = lengthOf(*chars)
	}
	language := ""
	if f.Scale() {
		t.Scale = &identity.Scale{Lowest: f.Domain.Min, Highest: f.Domain.Max}
	} else if f.Text != nil {
		t.Mentions, language = f.Text.Mentions, f.Text.Language
		if items := f.Text.Items; items != nil {
			length := lengthOf(*items)
			t.Items = &length
		}
		if r := f.Text.Ratio; r != nil {
			t.Of, t.Ratio = f.Text.Of, []float64{r.Min, r.Max}
		}
	}
	for i := range p.Rules {
		if r := &p.Rules[i]; slices.Contains(r.Fields, f.Name) {
			t.Rules = append(t.Rules, ruleOf(r))
		}
	}
	for i := range p.Languages {
		if l := &p.Languages[i]; f.Text != nil && l.Name == language {
			t.Language = &identity.Language{
				Name: l.Name, Letters: l.Letters, Own: l.Own, Foreign: l.Foreign,
				Accented: l.Accented, Words: l.Words, Common: l.Common, Least: l.Least,
			}
		}
	}
	for _, x := range v.examples {
		if a, ok := x.Answer[f.Name]; ok {
			t.Examples = append(t.Examples, identity.Exchange{Prompt: x.Prompt, Answer: identity.Answer{Text: a.Text, Items: a.Items, Score: a.Score}})
		}
	}
	return t
}

func lengthOf(l kind.Length) identity.Length {
	return identity.Length{Min: l.Min, Max: l.Max, Target: l.Target}
}

func ruleOf(r *plan.Rule) identity.Rule {
	out := identity.Rule{
		Name: r.Name, About: r.About, Severity: r.Severity, WhenText: r.WhenText,
		Never: r.Never, NeverMatch: r.NeverMatch, Number: r.Number, Field: r.Field,
	}
	if by := r.By; by != nil {
		out.By = &identity.ByValue{Field: by.Field, Words: by.Words, Said: by.Said, Unless: by.Unless, Opening: by.Opening}
	}
	return out
}

// key returns the key of a field's record of a person. It depends on the field's
// stanza and its rules, the system text and the prompt, the model and its settings
// (all in common), the facts and texts that the prompt shows (in shown), the facts
// that the text must mention or is compared with, the original of a translation, the
// phrases that it must avoid, and the person. It does not depend on what other fields the
// same call writes.
func (f *field) key(a *asked, b *frame.Batch, row int) journal.Key {
	return f.keyIn(a.variant.common[f.at], a, b, row)
}

// formerKeys returns the keys that an earlier version may have given the record.
func (f *field) formerKeys(a *asked, b *frame.Batch, row int) []journal.Key {
	var keys []journal.Key
	for _, common := range a.variant.former[f.at] {
		keys = append(keys, f.keyIn(common, a, b, row))
	}
	return keys
}

func (f *field) keyIn(common [32]byte, a *asked, b *frame.Batch, row int) journal.Key {
	shown := a.shown
	h := append(common[:len(common):len(common)], shown[:]...)
	for _, columns := range [][]int{f.mentions, f.compared} {
		for _, column := range columns {
			h = appendFact(h, b.Schema[column].Name, kind.CellValue(b, column, row))
		}
	}
	if list := a.avoids[f.at].texts(); list != nil {
		h = appendFact(h, "avoid", list)
	}
	return journal.MakeKey(sha256.Sum256(h), b.First+int64(row))
}

// asked is how a call is made for a person.
type asked struct {
	variant *variant
	shown   [32]byte   // hash of what the prompt shows of the person
	avoids  []*avoided // by field of the call
}

// asks returns how a call is made for a person, of whom the prompt shows some values. It is
// not known before the texts that it avoids repeating are there.
func (e *Enricher) asks(c *call, person int64, values map[string]any) (a *asked, known bool, err error) {
	a = &asked{variant: e.variant(c, person), shown: c.shown(values), avoids: make([]*avoided, len(c.fields))}
	known = true
	for i := range c.fields {
		list, ok, err := e.list(&c.fields[i], e.window(person))
		if err != nil {
			return nil, false, err
		}
		a.avoids[i], known = list, known && ok
	}
	return a, known, nil
}

// shown hashes what a call's prompt shows of a person.
func (c *call) shown(values map[string]any) [32]byte {
	var h []byte
	for _, s := range c.sees {
		h = appendFact(h, s.name, values[s.name])
	}
	return sha256.Sum256(h)
}

// to returns how a field is asked for: a translation is shown its original.
func (a *asked) to(f *field, values map[string]any) *asked {
	if f.Original() == "" {
		return a
	}
	own := *a
	own.shown = sha256.Sum256(appendFact(a.shown[:], f.Original(), f.originalIn(values)))
	return &own
}

// originalIn returns the accepted text of which a field is the translation, "" if there is
// none.
func (f *field) originalIn(values map[string]any) string {
	original, _ := values[f.Original()].(string)
	return original
}

// lacksOriginal reports whether a field translates a text that the person does not have.
func (f *field) lacksOriginal(values map[string]any) bool {
	return f.Original() != "" && f.originalIn(values) == ""
}

// appendFact appends a name and a value, so that different pairs append different
// bytes.
func appendFact(h []byte, name string, value any) []byte {
	texts := []string{name}
	switch value := value.(type) {
	case []string:
		texts = append(texts, value...)
	case map[string]any, []any: // records
		data, _ := json.Marshal(value) // strings, numbers and truth values always marshal
		texts = append(texts, string(data))
	default:
		texts = append(texts, string(prompt.AppendText(nil, value)))
	}
	h = binary.AppendUvarint(h, uint64(len(texts)))
	for _, t := range texts {
		h = binary.AppendUvarint(h, uint64(len(t)))
		h = append(h, t...)
	}
	return h
}

// record is the journal's record of a field of a person: the accepted text, items or
// score, or the reason why none was accepted.
type record struct {
	Field   string   `json:"field,omitempty"` // first, see fieldOf
	Score   *int64   `json:"score,omitempty"`
	Text    string   `json:"text,omitempty"`
	Items   []string `json:"items,omitempty"`
	Source  string   `json:"source"`            // name of the model
	Refused string   `json:"refused,omitempty"` // why the field is quarantined
}

func (r *record) bytes() []byte {
	data, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings always marshal
	}
	return data
}

// fieldOf returns the field of a record with an accepted text, "" for others and
// for records without a field name. It does not decode the record.
func fieldOf(value []byte) string {
	rest, ok := bytes.CutPrefix(value, []byte(`{"field":"`))
	name, rest, closed := bytes.Cut(rest, []byte{'"'})
	// Within a text the quotes are escaped.
	if !ok || !closed || bytes.Contains(rest, []byte(`,"refused":"`)) {
		return ""
	}
	return string(name)
}

// stores reports whether a record can be of the field.
func (f *field) stores(r *record) bool {
	if !f.Scale() || r.Refused != "" {
		return r.Score == nil
	}
	return r.Score != nil && *r.Score >= f.Domain.Min && *r.Score <= f.Domain.Max
}

// value is the value that prompts show of an accepted record.
func (r *record) value(f *field) any {
	if listed(f.Field) {
		return r.Items
	}
	return r.Text
}

// find returns the record of a key, nil if there is none.
func (e *Enricher) find(key journal.Key) (*record, error) {
	if e.journal == nil {
		return nil, nil
	}
	data, ok, err := e.journal.Get(key)
	if err != nil || !ok {
		return nil, err
	}
	r := &record{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("the journal has a record that is not of a text: %w", err)
	}
	return r, nil
}

// look returns the record of a field of a person, nil if there is none, its key, and the
// key that it is under, which differs when an earlier version wrote it.
func (e *Enricher) look(f *field, a *asked, b *frame.Batch, row int) (r *record, key, at journal.Key, err error) {
	defer func() {
		if err == nil && r != nil && !f.stores(r) {
			err = fmt.Errorf("the journal has a record that is not of field %q", f.Name)
		}
	}()
	key = f.key(a, b, row)
	if r, err = e.find(key); r != nil || err != nil || e.journal == nil {
		return r, key, key, err
	}
	for _, at := range f.formerKeys(a, b, row) {
		if r, err = e.find(at); r != nil || err != nil {
			return r, key, at, err
		}
	}
	return nil, key, key, nil
}

// facts returns what the calls' prompts show of a person; texts are still empty.
func (e *Enricher) facts(b *frame.Batch, row int) map[string]any {
	values := map[string]any{}
	for i := range e.calls {
		for _, s := range e.calls[i].sees {
			if s.column >= 0 {
				values[s.name] = kind.CellValue(b, s.column, row)
			} else if s.list {
				values[s.name] = []string(nil)
			} else {
				values[s.name] = ""
			}
		}
	}
	return values
}
