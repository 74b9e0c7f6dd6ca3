package narrate

import "unicode/utf8"

// drafts is how often a text is written before the best draft is taken.
const drafts = 20

// writeText writes a text: drafts until one has a length that is allowed, else
// the one that is nearest to it. Half of them open like no other text.
func (w *Worker) writeText(i int) span {
	t, from := &w.texts[i], len(w.out)
	off, best := -1, uint64(0)
	w.stuck = false
	for try := range drafts {
		w.stuck = w.stuck || try == drafts/2
		w.stamp++
		w.since, w.draws, w.told = w.stamp, w.draws[:0], w.told[:0]
		length := w.draft(i)
		short, long := t.chars.Min-length, length-t.chars.Max
		if short <= 0 && long <= 0 {
			w.taken[i] = append(w.taken[i], w.opening)
			return span{from, len(w.out)}
		}
		if miss := max(short, long); off < 0 || miss < off {
			off, best = miss, w.opening
			w.best, w.kept = append(w.best[:0], w.out[from:]...), append(w.kept[:0], w.draws...)
		}
		w.undo(0)
		w.out = w.out[:from]
	}
	w.out = append(w.out, w.best...)
	w.redo(w.kept)
	w.taken[i] = append(w.taken[i], best)
	return span{from, len(w.out)}
}

// draft sets a text on the page and returns its length. The phrases that close
// it are drawn first, because the others must leave room for them.
func (w *Worker) draft(i int) int {
	t := &w.texts[i]
	w.start(opening)
	w.raw, w.ends = w.raw[:0], w.ends[:0]
	room := t.chars.Max
	for _, bank := range t.close {
		from := len(w.raw)
		w.raw, _ = w.appendPhrase(w.raw, bank, false)
		w.ends = append(w.ends, len(w.raw))
		room -= utf8.RuneCount(w.raw[from:]) + len(t.joiner)
	}
	for k, bank := range t.parts {
		from := len(w.raw)
		if k == 0 {
			w.open(i)
		} else {
			w.raw, _ = w.appendPhrase(w.raw, bank, false)
		}
		w.join(t.joiner, w.raw[from:])
		w.raw = w.raw[:from]
	}
	w.extend(t, room)
	from := 0
	for _, end := range w.ends {
		w.join(t.joiner, w.raw[from:end])
		from = end
	}
	return w.finish()
}

// join sets a phrase behind those before it.
func (w *Worker) join(joiner, phrase []byte) {
	if len(phrase) == 0 {
		return
	}
	if w.chars > 0 {
		w.set(joiner)
	}
	w.set(phrase)
	w.trim()
}

// extend adds phrases, the banks taking turns, until the text is long enough.
// Room is the length that it must not pass. A phrase that does not fit is put
// back; the text is done when no bank has one that fits.
func (w *Worker) extend(t *text, room int) {
	target := t.target - (t.chars.Max - room)
	refused := 0
	for turn := 0; refused < len(t.more) && w.chars < target; turn++ {
		mark, drawn, told, from := w.page, len(w.draws), len(w.told), len(w.raw)
		var ok bool
		w.raw, ok = w.appendPhrase(w.raw, t.more[turn%len(t.more)], true)
		if ok {
			w.join(t.joiner, w.raw[from:])
		}
		w.raw = w.raw[:from]
		if ok && w.chars <= room {
			refused = 0
			continue
		}
		refused++ // nothing before the mark has changed: phrases end without blanks
		mark.out = w.out[:len(mark.out)]
		w.page = mark
		w.undo(drawn)
		w.told = w.told[:told]
	}
}
