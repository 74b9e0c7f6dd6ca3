package narrate

import "unicode/utf8"

// drafts is the number of drafts of a text before the best one is taken.
const drafts = 20

// writeText writes text i: drafts until one has an allowed length, else the one
// that is closest to it. The second half of the drafts may repeat an opening.
func (w *Worker) writeText(i int) span {
	t, from := &w.texts[i], len(w.out)
	off, best := -1, uint64(0)
	w.anyWill = false
	for try := range drafts {
		w.anyWill = w.anyWill || try == drafts/2
		w.stamp++
		w.begin(w.stamp)
		length := w.draft(i)
		short, long := t.chars.Min-length, length-t.chars.Max
		if short <= 0 && long <= 0 {
			w.taken[i] = append(w.taken[i], w.opening)
			return span{from, len(w.out)}
		}
		if miss := max(short, long); off < 0 || miss < off {
			off, best = miss, w.opening
			w.best, w.kept = append(w.best[:0], w.out[from:]...), append(w.kept[:0], w.drawn...)
		}
		w.undo(mark{})
		w.out = w.out[:from]
	}
	w.out = append(w.out, w.best...)
	w.redo(w.kept)
	w.taken[i] = append(w.taken[i], best)
	return span{from, len(w.out)}
}

// draft writes a draft of text i and returns its length. It draws the closing
// phrases first, because the others must leave room for them.
func (w *Worker) draft(i int) int {
	t := &w.texts[i]
	w.start(sentenceStart)
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
			w.appendFirst(i)
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

// join writes a phrase after the previous ones.
func (w *Worker) join(joiner, phrase []byte) {
	if len(phrase) == 0 {
		return
	}
	if w.chars > 0 {
		w.write(joiner)
	}
	w.write(phrase)
	w.trim()
}

// extend adds phrases, from one bank after another, until the text is long enough.
// It must not be longer than room. A phrase that does not fit is put back; the
// text ends when no bank has a phrase that fits.
func (w *Worker) extend(t *text, room int) {
	target := t.target - (t.chars.Max - room)
	refused := 0
	for turn := 0; refused < len(t.more) && w.chars < target; turn++ {
		page, before, from := w.page, w.mark(), len(w.raw)
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
		refused++ // the bytes before are unchanged: phrases end without spaces
		page.out = w.out[:len(page.out)]
		w.page = page
		w.undo(before)
	}
}
