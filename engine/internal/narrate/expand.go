package narrate

import (
	"strconv"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/phrase"
)

// appendPhrase appends the phrase that a reference refers to, with its parts
// expanded and words contracted. It reports whether there is one; a fresh phrase has not
// been used in this text.
func (w *Worker) appendPhrase(dst []byte, r ref, fresh bool) ([]byte, bool) {
	from := len(dst)
	dst, ok := w.expand(dst, r, fresh, w.phrases > 0 && !w.connected && w.place == now)
	return w.contract.Apply(dst, from), ok
}

// mostPhrases is the most phrases of a bank that are tried until one has all its parts.
const mostPhrases = 20

// expand appends the phrase that a reference refers to, with its parts
// expanded. It reports whether there is one; a fresh phrase has not been used in
// this text. One that follows from the last phrase is preferred if it is wanted. Its tags are
// then w.top, nil if it has none.
func (w *Worker) expand(dst []byte, r ref, fresh, wanted bool) ([]byte, bool) {
	b, from := &w.banks[r.bank], len(dst)
	for range mostPhrases {
		var before mark
		w.mark(&before)
		var p int32
		var ok bool
		switch {
		case r.number > 0:
			p, ok = w.numbered(r, fresh)
		case r.letter > 0:
			p, ok = w.named(r, fresh, wanted)
		default:
			p, ok = w.next(r.bank, fresh, wanted)
		}
		if !ok {
			break
		}
		var x *tags
		if b.tags != nil {
			x = &b.tags[p]
			w.tell(x.facts, w.place)
		}
		parts := b.phrases[p]
		if r.facet >= 0 {
			parts = b.facets[r.facet].phrases[p]
		}
		outer := w.scope
		w.scope = len(w.small)
		dst, ok = w.appendParts(dst, parts)
		w.small, w.scope = w.small[:w.scope], outer
		if ok {
			w.top = x
			return dst, true
		}
		dst = dst[:from]
		w.undo(&before)
		if r.number > 0 {
			break
		}
	}
	return dst, false
}

// appendParts appends the parts of a phrase. It reports whether all banks had a phrase.
func (w *Worker) appendParts(dst []byte, parts []part) ([]byte, bool) {
	for i := range parts {
		switch x := &parts[i]; x.kind {
		case phrase.Literal:
			dst = append(dst, x.text...)
		case phrase.Field:
			dst = w.appendValue(dst, x)
		case phrase.Forms:
			dst = append(dst, w.form(x)...)
		case phrase.Refer:
			dst = w.appendMention(dst, &w.references[x.refer])
		case phrase.Bank:
			var ok bool
			if dst, ok = w.expand(dst, x.ref, false, false); !ok {
				return dst, false
			}
		}
	}
	return dst, true
}

// form returns the form of a part that fits the person, "" for none.
func (w *Worker) form(x *part) string {
	at := 0
	for _, a := range x.axes {
		form := int(w.formOf[a][w.row])
		if form == 0 {
			return ""
		}
		at = at*w.Narrator.forms[a].count + form - 1
	}
	return x.forms[at]
}

const listSeparator = ", "

// appendValue appends the person's value of a field.
func (w *Worker) appendValue(dst []byte, x *part) []byte {
	if x.list >= 0 {
		return w.appendList(dst, x.list)
	}
	c, f, r := &w.batch.Columns[x.column], &w.batch.Schema[x.column], w.row
	if c.IsNull(f.Type, r) {
		return dst
	}
	switch f.Type {
	case frame.Category:
		if x.words != nil {
			return append(dst, x.words[c.Codes[r]]...)
		}
		return append(dst, f.Labels[c.Codes[r]]...)
	case frame.Integer:
		return strconv.AppendInt(dst, c.Ints[r], 10)
	case frame.Date:
		return frame.AppendDate(dst, c.Ints[r])
	case frame.Number:
		return strconv.AppendFloat(dst, c.Floats[r]+0, 'f', f.Decimals, 64) // -0 + 0 is 0
	case frame.Text:
		return append(dst, c.Texts[r]...)
	}
	for i, k := range c.Codes[c.Offsets[r]:c.Offsets[r+1]] {
		if i > 0 {
			dst = append(dst, listSeparator...)
		}
		dst = append(dst, f.Labels[k]...)
	}
	return dst
}

// appendList appends the items of a list that has been written for the person.
func (w *Worker) appendList(dst []byte, list int) []byte {
	from := int32(0)
	if w.row > 0 {
		from = w.listEnds[list][w.row-1]
	}
	for i, s := range w.listSpans[list][from:w.listEnds[list][w.row]] {
		if i > 0 {
			dst = append(dst, listSeparator...)
		}
		dst = append(dst, w.out[s.from:s.to]...)
	}
	return dst
}
