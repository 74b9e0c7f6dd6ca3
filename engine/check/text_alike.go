package check

import (
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/similarity"
)

// alike compares the sampled texts of every field, and the words of groups of
// persons, several at a time.
func (t *Tally) alike() (fields []*Alike, groups []similarity.Group) {
	x := t.suite.texts
	t.texts.compared.Trim()
	t.texts.kept.Trim()
	fields = make([]*Alike, len(x.fields))
	var work errgroup.Group
	work.SetLimit(min(runtime.GOMAXPROCS(0), 8))
	work.Go(func() error { // first, because it takes longest
		groups = t.wordGroups()
		return nil
	})
	for i := range x.fields {
		if x.fields[i].field.Type == frame.Text {
			work.Go(func() error {
				fields[i] = t.texts.alike(i)
				return nil
			})
		}
	}
	work.Wait()
	return fields, groups
}

// alike compares the texts of a field; nil when there are none.
func (t *textTally) alike(field int) *Alike {
	var signatures []*similarity.Signature
	var persons []int64
	for i := range t.compared.All {
		if p := &t.compared.All[i].Value[field]; p.Used {
			signatures, persons = append(signatures, p), append(persons, t.compared.All[i].Row)
		}
	}
	var texts [][]uint64
	for i := range min(keptPersons, len(t.kept.All)) {
		if words := t.kept.All[i].Value.words[field]; len(words) > 0 {
			texts = append(texts, words)
		}
	}
	return similarity.Compare(signatures, persons, texts)
}

// wordGroups compares the words of the persons kept by the values of some fields.
func (t *Tally) wordGroups() []similarity.Group {
	x, tt := t.suite.texts, t.texts
	if len(x.groups) == 0 {
		return nil
	}
	persons := make([][]uint64, len(tt.kept.All))
	by := make([]similarity.GroupBy, len(x.groups))
	for k, a := range x.groups {
		f := t.suite.plan.Fields[t.suite.axes[a].column]
		by[k] = similarity.GroupBy{Field: f.Name, Values: f.Domain.AllLabels()}
	}
	for i := range tt.kept.All {
		p := &tt.kept.All[i].Value
		persons[i] = slices.Concat(p.words...)
		for k, code := range p.groups {
			by[k].Codes = append(by[k].Codes, code)
		}
	}
	return similarity.Groups(persons, by, tt.names)
}
