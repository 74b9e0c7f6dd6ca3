package view

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/journal"
	"github.com/personagen/personagen/engine/kind"
)

// exchange is a request to a model about a text, and what the journal has of its answer.
type exchange struct {
	Model, System, Prompt, Answer string
	Examples                      int
	Note                          string // what is not shown
}

// asker tells what a model was asked about the texts of a release and what it answered.
type asker struct {
	once     sync.Once
	fault    error
	journal  *journal.Journal // nil without one
	answers  map[int64][]journal.Key
	enricher *enrich.Enricher // nil if the plan has no calls
	first    int64            // number of the first person
}

// journalOf returns the journal of a release, "" for none: that of the options, or the
// folder beside the release.
func (d *Data) journalOf(dir string) string {
	if d.options.Journal != "" {
		return d.options.Journal
	}
	beside := filepath.Clean(dir) + ".journal"
	if _, err := os.Stat(filepath.Join(beside, journal.FirstSegment)); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return beside
}

// open reads which answers there are, when the first person is shown.
func (a *asker) open(d *Data) error {
	a.once.Do(func() { a.fault = a.read(d) })
	return a.fault
}

func (a *asker) read(d *Data) error {
	if d.journal != "" {
		j, err := journal.Open(d.journal, journal.Options{ReadOnly: true})
		if err != nil {
			return fmt.Errorf("the journal %s cannot be read: %w", d.journal, err)
		}
		a.journal, a.answers = j, map[int64][]journal.Key{}
		if err := j.Range(func(key journal.Key, _ []byte) error {
			a.answers[key.Person()] = append(a.answers[key.Person()], key)
			return nil
		}); err != nil {
			return fmt.Errorf("the journal %s cannot be read: %w", d.journal, err)
		}
	}
	o := enrich.Options{Model: "model"}
	if a.first = d.firstPerson(); d.Manifest != nil {
		o.Seed, o.Size = d.Manifest.Population.Seed, d.Manifest.Population.Size
		if t := d.Manifest.Texts; t != nil && t.Model != "" {
			o.Model = t.Model
		}
	}
	var err error
	if len(d.Plan.Calls) > 0 {
		a.enricher, err = enrich.New(d.Plan, nil, o)
	}
	return err
}

// onePerson is the source of the requests about a person.
type onePerson struct{ b *frame.Batch }

func (p onePerson) Batch(int64, int) (*frame.Batch, error) { return p.b, nil }

// asked returns the exchanges of the texts that a model has written about a person, by
// field. The batch has the row of the person as it is in the files.
func (d *Data) asked(b *frame.Batch, row int, sources map[string]string) (map[string]*exchange, error) {
	if d.Plan == nil || len(d.Plan.Calls) == 0 {
		return nil, nil
	}
	if err := d.asker.open(d); err != nil {
		return nil, err
	}
	out := map[string]*exchange{}
	for k := range b.Schema {
		f := d.fields[b.Schema[k].Name]
		if f == nil || f.Call() == "" {
			continue
		}
		source := sources[f.Name]
		if source == "" {
			source = sources[""]
		}
		x := &exchange{}
		found, err := d.asker.answer(x, d.asker.first+int64(row), f, &b.Schema[k], &b.Columns[k])
		if err != nil {
			return nil, err
		}
		if found || source != "" && source != check.Offline && source != check.Unknown {
			if x.Model == "" {
				x.Model = source
			}
			out[f.Name] = x
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, d.prompts(b, d.asker.first+int64(row), out)
}

// answer finds the accepted answer of a text in the journal: the record of the person with
// the same text.
func (a *asker) answer(x *exchange, person int64, f *kind.Field, s *frame.Field, c *frame.Column) (bool, error) {
	null := c.Null != nil && c.Null[0]
	for _, key := range slices.Backward(a.answers[person]) {
		value, ok, err := a.journal.Get(key)
		if err != nil {
			return false, err
		}
		if !ok {
			continue
		}
		r, err := enrich.ReadAnswered(value)
		if err != nil || r.Field != "" && r.Field != f.Name {
			continue
		}
		switch {
		case null && r.Refused != "" && r.Field == f.Name:
			x.Model, x.Note = r.Source, "No answer was accepted: "+r.Refused
			return true, nil
		case null || r.Refused != "":
		case s.Type == frame.Text && r.Text != "" && r.Text == c.Texts[0]:
			x.Model, x.Answer = r.Source, r.Text
			return true, nil
		case s.Type == frame.TextList && r.Items != nil && slices.Equal(r.Items, c.Texts[c.Offsets[0]:c.Offsets[1]]):
			x.Model, x.Answer = r.Source, strings.Join(r.Items, "\n")
			return true, nil
		}
	}
	return false, nil
}

// prompts adds the requests, as they are made from the row. A prompt that shows hidden
// fields which the files do not give cannot be made again from them.
func (d *Data) prompts(b *frame.Batch, person int64, out map[string]*exchange) error {
	measurable := d.Plan.Measurable()
	hidden := map[string]string{} // by call, the field that is not known
	for i := range d.Plan.Calls {
		for _, name := range d.Plan.Calls[i].Sees {
			base, _, _ := strings.Cut(name, ".")
			if !measurable[base] && hidden[d.Plan.Calls[i].Name] == "" {
				hidden[d.Plan.Calls[i].Name] = base
			}
		}
	}
	all, err := complete(d.Plan, b)
	if err != nil {
		return err
	}
	all.First = person
	return d.asker.enricher.Requests(context.Background(), onePerson{all}, person, 1, func(_ int64, call string, req endpoint.Request) error {
		for _, name := range d.Plan.Call(call).Fields {
			x := out[name]
			switch {
			case x == nil:
			case hidden[call] != "":
				x.Note = fmt.Sprintf("The prompt shows the hidden field %s, which the files do not have; personagen preview --prompts prints it from the spec.", hidden[call])
			default:
				x.System, x.Prompt, x.Examples = req.System, req.User, len(req.Examples)
			}
		}
		return nil
	})
}
