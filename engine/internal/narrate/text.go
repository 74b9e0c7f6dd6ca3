package narrate

import "unicode/utf8"

// drafts is the number of drafts of a text before the best one is taken.
const drafts = 20

// writeText writes text i: drafts until one has an allowed length, else the one
// that is closest to it. The second half of the drafts may repeat an opening.
func (w *Worker) writeText(i int) span {
	t, from := &w.texts[i], len(w.out)
	off, best := -1, uint64(0)
	w.anyWill, w.outline = false, 0
	if n := len(t.outlines); n > 1 {
		w.outline = int(t.order.Uint64(w.batch.First+int64(w.row)) % uint64(n))
	}
	for try := range drafts {
		w.anyWill = w.anyWill || try == drafts/2
		w.stamp++
		w.begin(w.stamp)
		for _, other := range t.apartFrom {
			w.tell(w.tells[other], elsewhere)
		}
		length := w.draft(i)
		short, long := t.chars.Min-length, length-t.chars.Max
		fits := short <= 0 && long <= 0
		miss := max(short, long)
		better := fits || off < 0 || miss < off
		if better && w.facts > 0 {
			w.recordFacts(i)
		}
		if fits {
			w.taken[i] = append(w.taken[i], w.opening)
			return span{from, len(w.out)}
		}
		if better {
			off, best = miss, w.opening
			w.best, w.kept = append(w.best[:0], w.out[from:]...), append(w.kept[:0], w.drawn...)
		}
		w.undo(&mark{})
		w.out = w.out[:from]
	}
	w.out = append(w.out, w.best...)
	w.redo(w.kept)
	w.taken[i] = append(w.taken[i], best)
	return span{from, len(w.out)}
}

// recordFacts records the facts that the draft of text i tells.
func (w *Worker) recordFacts(i int) {
	w.tells[i] = w.tells[i][:0]
	for _, c := range w.log {
		if w.known[c.fact] > elsewhere {
			w.tells[i] = append(w.tells[i], c.fact)
		}
	}
}

// draft writes a draft of text i and returns its length. It draws the closing
// phrases first, because the others must leave room for them, or after the parts if they wait
// for what these tell. A part whose facts are all told is left out.
func (w *Worker) draft(i int) int {
	t := &w.texts[i]
	o := &t.outlines[w.outline]
	w.start(sentenceStart)
	w.raw, w.closing, w.opening = w.raw[:0], w.closing[:0], 0
	room := t.chars.Max
	if !o.closeWaits {
		room -= w.drawClose(t, o)
	}
	first := true
	for _, r := range o.parts {
		from, told := len(w.raw), len(w.log)
		var ok bool
		if first {
			ok = w.appendFirst(i, r)
		} else {
			w.raw, ok = w.appendPhrase(w.raw, r, false)
		}
		if ok {
			w.put(t.joiner, w.raw[from:], w.top, told, len(w.log))
			first = false
		}
		w.raw = w.raw[:from]
	}
	if o.closeWaits {
		room -= w.drawClose(t, o)
	}
	w.extend(t, o, room)
	from := 0
	for _, c := range w.closing {
		w.put(t.joiner, w.raw[from:c.end], c.tags, c.from, c.to)
		from = c.end
	}
	return w.finish()
}

// closing is a closing phrase in raw, and what it tells, in the log.
type closing struct {
	end      int
	tags     *tags
	from, to int
}

// drawClose draws the closing phrases of an outline and returns the room that they need.
func (w *Worker) drawClose(t *text, o *outline) (room int) {
	w.place = ahead
	for _, r := range o.close {
		from, told := len(w.raw), len(w.log)
		w.base = len(w.mentions)
		var ok bool
		w.raw, ok = w.appendPhrase(w.raw, r, false)
		w.mentions = w.mentions[:w.base]
		if !ok {
			continue
		}
		w.closing = append(w.closing, closing{len(w.raw), w.top, told, len(w.log)})
		room += utf8.RuneCount(w.raw[from:]) + len(t.joiner) + w.longestConnective(w.top)
	}
	w.place, w.base = now, 0
	return room
}

// longestConnective returns the length of the longest connective that can stand before a
// phrase.
func (w *Worker) longestConnective(x *tags) (chars int) {
	if x == nil {
		return 0
	}
	for _, f := range x.follows {
		for _, c := range w.relations[f.relation].words {
			chars = max(chars, utf8.RuneCount(c.text))
		}
	}
	return chars
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
func (w *Worker) extend(t *text, o *outline, room int) {
	target := t.target - (t.chars.Max - room)
	refused := 0
	for turn := 0; refused < len(o.more) && w.chars < target; turn++ {
		page, flow, from, told := w.page, w.flow, len(w.raw), len(w.log)
		var before mark
		w.mark(&before)
		var last byte
		if n := len(w.out); n > 0 {
			last = w.out[n-1]
		}
		var ok bool
		w.raw, ok = w.appendPhrase(w.raw, o.more[turn%len(o.more)], true)
		if ok {
			w.put(t.joiner, w.raw[from:], w.top, told, len(w.log))
		}
		w.raw = w.raw[:from]
		if ok && w.chars <= room {
			refused = 0
			continue
		}
		refused++ // the bytes before are unchanged but for the last: phrases end without spaces
		page.out = w.out[:len(page.out)]
		if n := len(page.out); n > 0 {
			page.out[n-1] = last
		}
		w.page, w.flow = page, flow
		w.undo(&before)
	}
}
