package narrate

import "slices"

// letters are the phrases that letters name.
type letters struct {
	capitals []binding // in this text
	small    []binding // in the phrases that are being written, the innermost last
	scope    int       // small from here on is of the innermost phrase
}

// binding is a phrase that a letter names.
type binding struct {
	bank   int
	letter byte
	phrase int32
}

// named returns the phrase that a letter names, the next one of its bank at the first time.
func (d *draws) named(r ref, fresh, wanted bool) (int32, bool) {
	same := func(b binding) bool { return b.bank == r.bank && b.letter == r.letter }
	known, scope := &d.capitals, 0
	if r.letter >= 'a' {
		known, scope = &d.small, d.scope
	}
	if i := slices.IndexFunc((*known)[scope:], same); i >= 0 {
		return (*known)[scope+i].phrase, true
	}
	p, ok := d.next(r.bank, fresh, wanted)
	if ok {
		*known = append(*known, binding{r.bank, r.letter, p})
	}
	return p, ok
}
