package narrate

import "github.com/personagen/personagen/engine/internal/rng"

// writeList writes the items of list i, one from each bank in turn, until there are
// enough.
func (w *Worker) writeList(i int, person int64) {
	l := &w.lists[i]
	w.begin(w.stamp + 1)
	count := l.items.Min + int(rng.Float64(l.count.Uint64(person))*float64(l.items.Max-l.items.Min+1))
	first := len(w.listSpans[i])
	for try := 0; len(w.listSpans[i])-first < count && try < count+drafts; try++ {
		var ok bool
		if w.raw, ok = w.appendPhrase(w.raw[:0], l.parts[try%len(l.parts)], true); !ok {
			continue
		}
		from := len(w.out)
		length := w.writeItem(w.raw)
		item := span{from, len(w.out)}
		if length < l.chars.Min || length > l.chars.Max || w.isAmong(w.listSpans[i][first:], item) {
			w.out = w.out[:from]
			continue
		}
		w.listSpans[i] = append(w.listSpans[i], item)
	}
}

// isAmong reports whether an item is the same as one of others.
func (w *Worker) isAmong(others []span, item span) bool {
	for _, o := range others {
		if string(w.out[o.from:o.to]) == string(w.out[item.from:item.to]) {
			return true
		}
	}
	return false
}
