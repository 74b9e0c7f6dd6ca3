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
	dst, ok := w.expand(dst, r, fresh)
	return w.contract.Apply(dst, from), ok
}

// expand appends the phrase that a reference refers to, with its parts
// expanded. It reports whether there is one; a fresh phrase has not been used in
// this text.
func (w *Worker) expand(dst []byte, r ref, fresh bool) ([]byte, bool) {
	var p int32
	var ok bool
	if r.number > 0 {
		p, ok = w.numbered(r, fresh)
	} else {
		p, ok = w.next(r.bank, fresh)
	}
	if !ok {
		return dst, false
	}
	b := &w.banks[r.bank]
	parts := b.phrases[p]
	if r.facet >= 0 {
		parts = b.facets[r.facet].phrases[p]
	}
	for i := range parts {
		switch x := &parts[i]; x.kind {
		case phrase.Literal:
			dst = append(dst, x.text...)
		case phrase.Field:
			dst = w.appendValue(dst, x)
		case phrase.Forms:
			dst = append(dst, w.form(x)...)
		case phrase.Bank:
			dst, _ = w.expand(dst, x.ref, false)
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
