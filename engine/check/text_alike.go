package check

import (
	"runtime"
	"sync"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/prose"
)

// alike compares the sampled texts of every field, several fields at a time.
func (t *Tally) alike() []*Alike {
	x := t.suite.texts
	t.texts.compared.Trim()
	t.texts.kept.Trim()
	out := make([]*Alike, len(x.fields))
	var wait sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), 8)
	for w := range workers {
		wait.Go(func() {
			for i := w; i < len(x.fields); i += workers {
				if x.fields[i].field.Type == frame.Text {
					out[i] = t.texts.alike(i)
				}
			}
		})
	}
	wait.Wait()
	return out
}

// alike compares the texts of a field; nil when there are none.
func (t *textTally) alike(field int) *Alike {
	var prints []*prose.Print
	var persons []int64
	for i := range t.compared.All {
		if p := &t.compared.All[i].Value[field]; p.Used {
			prints, persons = append(prints, p), append(persons, t.compared.All[i].Row)
		}
	}
	var texts [][]uint64
	for i := range t.kept.All {
		if words := t.kept.All[i].Value[field]; len(words) > 0 {
			texts = append(texts, words)
		}
	}
	return prose.Compare(prints, persons, texts)
}
