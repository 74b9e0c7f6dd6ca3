package compile

import (
	"maps"
	"slices"

	"github.com/personagen/personagen/engine/internal/phrase"
	"github.com/personagen/personagen/engine/kind"
)

// A text tells a fact once, so a part of it can find that earlier parts have told the facts of
// all phrases that are open to the person; it is then left out. checkTold warns where that can
// happen: the phrases of the bank, without as many as earlier parts can take from it, must be
// enough for everyone.

// factsOf lists the facts that a phrase tells itself.
func factsOf(x *phrase.Phrase) (facts []string) {
	for _, t := range x.Tags {
		if t.Name == phrase.Fact {
			facts = append(facts, t.Facts...)
		}
	}
	return facts
}

// waits reports whether a phrase is used only after some fact has been told.
func waits(x *phrase.Phrase) bool {
	return slices.ContainsFunc(x.Tags, func(t phrase.Tag) bool { return t.Name == phrase.After })
}

// told finds what the parts of texts can tell.
type told struct {
	*narrator
	takes map[[2]*bank]int           // cached by taken
	tells map[*bank]map[string][]int // phrases of a bank by the facts that they tell, nil if none has tags
}

// checkTold checks every part of every text.
func (n *narrator) checkTold(present presence, ways map[*bank][]meeting) {
	t := told{narrator: n.forWorker(), takes: map[[2]*bank]int{}, tells: map[*bank]map[string][]int{}}
	for _, name := range n.names {
		b, i := n.banks[name], 0
		b.eachPhrase(func(_ *section, entry, x *phrase.Phrase) {
			if x != entry {
				return
			}
			if x.Tags != nil && t.tells[b] == nil {
				t.tells[b] = map[string][]int{}
			}
			for _, fact := range factsOf(x) {
				t.tells[b][fact] = append(t.tells[b][fact], i)
			}
			i++
		})
	}
	for _, w := range n.written {
		if o := w.Text.Offline; o != nil && w.Text.Items == nil {
			for i := range o.All() {
				t.checkOutline(w, i, present, ways)
			}
		}
	}
}

// checkOutline checks the parts of an outline in the order in which they are drawn.
func (t told) checkOutline(w writtenField, at int, present presence, ways map[*bank][]meeting) {
	o := w.Text.Offline.All()[at]
	elsewhere := map[string]bool{}
	for _, x := range t.written {
		if slices.Contains(w.Text.Offline.ApartFrom, x.Name) {
			for _, name := range banksOf(x.Text.Offline) {
				for _, b := range t.reached(t.banks[name], false) {
					for fact := range t.tells[b] {
						elsewhere[fact] = true
					}
				}
			}
		}
	}
	order := slices.Concat(o.Parts, o.Close)
	if !t.closeWaits(o) {
		order = slices.Concat(o.Close, o.Parts)
	}
	var before []*bank
	for _, name := range order {
		ref, _ := phrase.ParseRef(name)
		b := t.banks[ref.Bank]
		if ref.Number == 0 && !t.checkPart(w, at, name, b, before, elsewhere, present, ways) {
			return
		}
		before = append(before, b)
	}
}

// closeWaits reports whether a closing phrase of an outline waits for a fact. The closing
// phrases are then drawn after the parts.
func (t told) closeWaits(o kind.Outline) bool {
	for _, name := range o.Close {
		for _, b := range t.reached(t.banks[bankOf(name)], true) {
			found := false
			b.eachPhrase(func(_ *section, _, x *phrase.Phrase) { found = found || waits(x) })
			if found {
				return true
			}
		}
	}
	return false
}

// checkPart checks that a part of an outline finds a phrase whose facts are not told, for
// itself and for the banks that its phrases refer to.
func (t told) checkPart(w writtenField, at int, name string, b *bank, before []*bank, elsewhere map[string]bool, present presence, ways map[*bank][]meeting) bool {
	for _, c := range t.reached(b, true) {
		taken := 0
		for _, x := range before {
			taken += t.taken(x, c)
		}
		if c != b {
			taken += t.taken(b, c)
		}
		if taken == 0 && len(elsewhere) == 0 || t.tells[c] == nil {
			continue
		}
		open := t.openings(c, present, elsewhere)
		if least := 1 + taken; c.numbers < least {
			open.missing += least - max(1, c.numbers)
		}
		gap := t.gap(c, open, ways[c])
		if gap == nil || t.gap(c, t.untold(c, b, before, elsewhere, present), ways[c]) == nil {
			continue
		}
		who := gap.who
		switch {
		case gap.wide != "":
			who = "somebody (the conditions have too many combinations to tell whom)"
		case who == "":
			who = "everyone"
		}
		t.diags.Warnf(w.stanza.Body.Get("offline").Place, "left-out", "%s: the part %q can be left out, because earlier parts can tell the facts of every phrase of the bank %q that is open to %s", outlineName(w, at), name, c.name, who).
			WithHint("add %d more to the bank for them, without a fact or with one that the earlier parts do not tell", max(1, taken))
		return false
	}
	return true
}

// untold returns the phrases of a bank that are open whatever the parts before b, and b
// itself on the way to the bank, tell. Parts that tell the same fact make its phrases
// unusable once, which the sum over taken does not see.
func (t told) untold(c, b *bank, before []*bank, elsewhere map[string]bool, present presence) openings {
	facts, drawn := maps.Clone(elsewhere), 0
	tell := func(by *bank) {
		drawn += t.draws(by, c)
		for _, x := range t.reached(by, false) {
			for fact := range t.tells[x] {
				facts[fact] = true
			}
		}
	}
	for _, x := range before {
		tell(x)
	}
	if c != b {
		tell(b)
		drawn-- // the phrase that is looked for
	}
	open := t.openings(c, present, facts)
	if least := 1 + drawn; c.numbers < least {
		open.missing += least - max(1, c.numbers)
	}
	return open
}

// draws returns how many phrases of a bank one phrase of another draws at most, itself or
// through references.
func (t told) draws(by, from *bank) (most int) {
	by.eachPhrase(func(_ *section, _, x *phrase.Phrase) {
		n := 0
		if by == from {
			n = 1
		}
		for _, part := range x.Parts {
			if part.Kind == phrase.Bank {
				n += t.draws(t.banks[bankOf(part.Text)], from)
			}
		}
		most = max(most, n)
	})
	return most
}

// taken returns how many phrases of a bank one phrase of another can at most make unusable by
// the facts that it tells, itself or through references.
func (t told) taken(by, from *bank) int {
	key := [2]*bank{by, from}
	if n, ok := t.takes[key]; ok {
		return n
	}
	most := 0
	by.eachPhrase(func(_ *section, entry, x *phrase.Phrase) {
		gone := map[int]bool{}
		for _, fact := range factsOf(entry) {
			for _, i := range t.tells[from][fact] {
				gone[i] = true
			}
		}
		sum := len(gone)
		if by == from {
			sum = max(sum, 1) // no phrase repeats in a text if its bank has tags
		}
		for _, part := range x.Parts {
			if part.Kind == phrase.Bank {
				sum += t.taken(t.banks[bankOf(part.Text)], from)
			}
		}
		most = max(most, sum)
	})
	t.takes[key] = most
	return most
}

// reached returns a bank and those that its phrases refer to, directly or through others;
// drawn leaves out those that are only referred to by number.
func (t told) reached(b *bank, drawn bool) (all []*bank) {
	var visit func(b *bank)
	visit = func(b *bank) {
		if slices.Contains(all, b) {
			return
		}
		all = append(all, b)
		b.eachPart(func(_ *section, _, _ *phrase.Phrase, part *phrase.Part) {
			if ref, _ := phrase.ParseRef(part.Text); part.Kind == phrase.Bank && !(drawn && ref.Number > 0) {
				visit(t.banks[ref.Bank])
			}
		})
	}
	visit(b)
	return all
}
