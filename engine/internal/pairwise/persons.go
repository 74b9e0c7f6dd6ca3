// Package pairwise sets persons of two data sets side by side before a model: it finds
// pairs of persons who are alike, asks about each pair in both orders, and tells whose
// texts the model prefers.
//
// The method guards against what is known of models as judges (Zheng and others 2023,
// "Judging LLM-as-a-judge with MT-bench and chatbot arena"): a preference for a position
// shows in pairs whose two answers differ, which do not count; one for length shows in how
// often the longer text wins, and texts can be cut to the same length.
package pairwise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/compare"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/plaintext"
	"github.com/personagen/personagen/engine/internal/prompt"
	"github.com/personagen/personagen/engine/kind"
)

// Traits are the fields by which persons are matched, "" for those that the sets do not
// both have.
type Traits struct{ Age, Sex, Work string }

// all lists the fields in order, with "" for those that are missing.
func (t *Traits) all() [3]string { return [3]string{t.Sex, t.Age, t.Work} }

// Names lists the fields that are there.
func (t *Traits) Names() (names []string) {
	for _, name := range t.all() {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// person is what pairs are matched by. Equal numbers stand for equal values; 0 for null.
type person struct {
	sex, work int32
	age       int32 // in years, -1 for none
}

// Labels maps values of a field in the second set to those of the first, by field.
type Labels map[string]map[string]string

// Set says that a value of a field in the second set is one of the first.
func (l Labels) Set(field, theirs, ours string) {
	if l[field] == nil {
		l[field] = map[string]string{}
	}
	l[field][theirs] = ours
}

// values numbers the values of a field.
type values map[string]int32

func (v values) number(text string) int32 {
	if text == "" {
		return 0
	}
	if n, ok := v[text]; ok {
		return n
	}
	v[text] = int32(len(v) + 1)
	return v[text]
}

// set is a data set with its persons.
type set struct {
	persons []person
	sexes   values // those that it has, as it writes them
}

// batchRows is the number of rows that are read at a time.
const batchRows = 1024

// eachBatch reads the rows of a set in order.
func eachBatch(ctx context.Context, in *compare.Input, visit func(b *frame.Batch) error) error {
	rows := int64(0)
	for _, path := range in.Files {
		r, err := dataset.Open(path, dataset.OpenOptions{Schema: in.Schema, Columns: in.Columns, Numerals: in.Numerals})
		if err != nil {
			return err
		}
		b := frame.New(r.Schema())
		for err == nil {
			if err = ctx.Err(); err != nil {
				break
			}
			n := 0
			if n, err = r.Read(b, batchRows); n > 0 && (err == nil || errors.Is(err, io.EOF)) {
				b.First = rows
				if in.Shown != nil {
					b.Schema = in.Shown
				}
				rows += int64(n)
				if failed := visit(b); failed != nil {
					err = failed
				}
			}
		}
		if closed := r.Close(); errors.Is(err, io.EOF) {
			err = closed
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// valueOf returns a value as text, "" for null.
func valueOf(b *frame.Batch, column, row int) string {
	if column < 0 || b.Columns[column].IsNull(b.Schema[column].Type, row) {
		return ""
	}
	switch value := kind.CellValue(b, column, row).(type) {
	case []string:
		return strings.Join(value, ", ")
	default:
		return string(prompt.AppendText(nil, value))
	}
}

// folded is a value as it is compared.
func folded(text string) string { return strings.ToLower(strings.TrimSpace(plaintext.NFC(text))) }

// readSet reads the persons of a set. Labels translate its values.
func readSet(ctx context.Context, in *compare.Input, t Traits, works, sexes values, labels Labels) (*set, error) {
	s := &set{sexes: values{}}
	translated := func(field, text string) string {
		if ours, ok := labels[field][text]; ok {
			text = ours
		}
		return folded(text)
	}
	err := eachBatch(ctx, in, func(b *frame.Batch) error {
		sex, age, work := b.Schema.Index(t.Sex), b.Schema.Index(t.Age), b.Schema.Index(t.Work)
		for r := range b.N {
			p := person{age: -1}
			text := valueOf(b, sex, r)
			if p.sex = sexes.number(translated(t.Sex, text)); p.sex > 0 {
				s.sexes[text] = p.sex
			}
			p.work = works.number(translated(t.Work, valueOf(b, work, r)))
			if x, err := strconv.ParseFloat(strings.TrimSpace(valueOf(b, age, r)), 64); err == nil && x >= 0 && x < 200 {
				p.age = int32(x)
			}
			s.persons = append(s.persons, p)
		}
		return nil
	})
	if err == nil && len(s.persons) == 0 {
		err = fmt.Errorf("%s has no persons", in.Name)
	}
	return s, err
}

// Columns returns the fields that each set has, from its first rows.
func Columns(ctx context.Context, inputs []compare.Input) (all []map[string]bool, err error) {
	enough := errors.New("enough")
	for i := range inputs {
		names := map[string]bool{}
		err := eachBatch(ctx, &inputs[i], func(b *frame.Batch) error {
			for _, f := range b.Schema {
				names[f.Name] = true
			}
			return enough
		})
		if err != nil && !errors.Is(err, enough) {
			return nil, err
		}
		all = append(all, names)
	}
	return all, nil
}

// without lists the values whose numbers others do not have, in quotes.
func (v values) without(others values) (alone []string) {
	has := map[int32]bool{}
	for _, n := range others {
		has[n] = true
	}
	for _, text := range slices.Sorted(maps.Keys(v)) {
		if !has[v[text]] {
			alone = append(alone, strconv.Quote(text))
		}
	}
	return alone
}

// some lists some of the values.
func (v values) some() string {
	if len(v) == 0 {
		return "none"
	}
	return humanize.Some(v.without(nil))
}
