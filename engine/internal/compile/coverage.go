package compile

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/phrase"
	"github.com/personagen/personagen/engine/kind"
)

// A phrase is open to the persons who meet its section's condition and have
// every field that it and its facets name. A bank must have an open phrase for
// everybody who can come to it, through the fields that use it and the phrases
// that refer to it, and as many as the largest number it is asked for by.

// meeting is a conjunction: the persons with case 1 of every selector.
type meeting []*kind.Selector

// key tells meetings apart.
func (m meeting) key() string {
	var b strings.Builder
	for _, s := range m {
		fmt.Fprintf(&b, "%p ", s)
	}
	return b.String()
}

// and adds a selector, unless it is nil or there already.
func (m meeting) and(s *kind.Selector) meeting {
	if s == nil || slices.Contains(m, s) {
		return m
	}
	return append(slices.Clip(m), s)
}

// maxMeetings is how many ways to one bank are kept apart; beyond it the bank
// must have a phrase for everyone.
const maxMeetings = 64

// maxTried bounds the combinations of fitted values that are tried for one way
// to a bank.
const maxTried = 1 << 21

// checkCoverage follows all ways from the fields to the banks, then looks at
// the banks, on every core.
func (n *narrator) checkCoverage(order []*bank) {
	ways := map[*bank][]meeting{}
	come := func(to string, m meeting) {
		b := n.banks[to]
		known := ways[b]
		everyone := func(m meeting) bool { return len(m) == 0 }
		switch {
		case slices.ContainsFunc(known, func(k meeting) bool { return k.key() == m.key() }) || slices.ContainsFunc(known, everyone):
		case everyone(m) || len(known) == maxMeetings:
			ways[b] = []meeting{nil}
		default:
			ways[b] = append(known, m)
		}
	}
	for _, w := range n.written {
		for _, name := range banksOf(w.Text.Offline) {
			come(name, meeting{}.and(w.When))
		}
	}
	present := n.presence()
	for _, b := range order {
		b.eachPart(func(s *section, entry, _ *phrase.Phrase, part *phrase.Part) {
			if part.Kind != phrase.Bank {
				return
			}
			needs, _ := present.needs(s, entry)
			for _, way := range ways[b] {
				for _, need := range needs {
					way = way.and(need)
				}
				come(bankOf(part.Text), way)
			}
		})
	}
	faults := make([]*diag.List, len(order))
	var next atomic.Int64
	var looking sync.WaitGroup
	for range min(len(order), runtime.GOMAXPROCS(0)) {
		looking.Go(func() {
			own := n.alone()
			for i := next.Add(1) - 1; i < int64(len(order)); i = next.Add(1) - 1 {
				own.diags = &diag.List{}
				own.coversWays(order[i], own.openings(order[i], present), ways[order[i]])
				faults[i] = own.diags
			}
		})
	}
	looking.Wait()
	for _, list := range faults {
		n.diags.Items = append(n.diags.Items, list.Items...)
	}
}

// alone is a narrator that works out and reports by itself.
func (n *narrator) alone() *narrator {
	own := *n.compiler
	own.space = n.space.alone()
	return &narrator{compiler: &own, written: n.written, banks: n.banks, names: n.names, conditions: n.conditions, occurs: map[string][]int32{}}
}

// coversWays reports the first way to a bank on which somebody finds too few
// phrases open.
func (n *narrator) coversWays(b *bank, open openings, ways []meeting) {
	if n.coversAll(open) {
		return
	}
	for _, way := range ways {
		if !n.covers(b, open, way) {
			return
		}
	}
}

// presence says who has a value of a field that can be null; a nil selector
// means that nothing is known about it.
type presence map[string]*kind.Selector

func (n *narrator) presence() presence {
	p := presence{}
	for _, f := range n.plan.Fields {
		switch {
		case !f.Nullable || f.Class == kind.Written && f.When == nil:
		case f.Finite():
			p[f.Name] = notNull(f)
		default:
			p[f.Name] = f.When
		}
	}
	return p
}

// notNull selects the persons who have a value of a finite field.
func notNull(f *kind.Field) *kind.Selector {
	s := &kind.Selector{Fields: []string{f.Name}, Slots: []int{f.Slots()}, Nullable: []bool{true}, Min: []int64{f.Domain.Min}, Case: make([]int32, f.Slots())}
	for i := range f.Domain.Size() {
		s.Case[i] = 1
	}
	return s
}

// needs is whom a phrase is open to; it is not certain when a field that it
// names can be null nobody knows when.
func (p presence) needs(s *section, x *phrase.Phrase) (m meeting, certain bool) {
	m, certain = meeting{}.and(s.when), true
	try := func(parts []phrase.Part) {
		for _, part := range parts {
			if part.Kind != phrase.Field {
				continue
			}
			if has, nullable := p[part.Text]; nullable {
				certain = certain && has != nil
				m = m.and(has)
			}
		}
	}
	try(x.Parts)
	for i := range x.Facets {
		try(x.Facets[i].Parts)
	}
	return m, certain
}

// opening is whom some phrases of a bank are open to.
type opening struct {
	meeting
	phrases int
}

// openings is what a bank offers.
type openings struct {
	to   []opening // different meetings, none of everyone
	want int       // phrases that everybody needs beside those open to everyone
}

// meetings lists whom phrases are open to.
func (o openings) meetings() (all []meeting) {
	for _, x := range o.to {
		all = append(all, x.meeting)
	}
	return all
}

// openings counts the phrases of a bank by whom they are open to.
func (n *narrator) openings(b *bank, p presence) openings {
	open := openings{want: max(1, b.numbers)}
	for i := range b.sections {
		for k := range b.sections[i].Phrases {
			m, certain := p.needs(&b.sections[i], &b.sections[i].Phrases[k])
			if !certain {
				continue
			}
			if len(m) == 0 {
				open.want--
				continue
			}
			at := slices.IndexFunc(open.to, func(o opening) bool { return o.key() == m.key() })
			if at < 0 {
				at = len(open.to)
				open.to = append(open.to, opening{meeting: m})
			}
			open.to[at].phrases++
		}
	}
	return open
}

// coversAll reports whether everyone has phrases enough, whatever the way to
// the bank: most banks are of this sort, and their conditions speak of few
// fields.
func (n *narrator) coversAll(open openings) bool {
	if open.want <= 0 {
		return true
	}
	all := fieldsOf(open.meetings()...)
	return n.narrow(all) && n.uncovered(n.scopeOf(all), open, nil) < 0
}

// covers reports the first persons who come to a bank this way and find too few
// phrases open.
func (n *narrator) covers(b *bank, open openings, way meeting) bool {
	if slices.ContainsFunc(open.to, func(o opening) bool { return o.phrases >= open.want && o.key() == way.key() }) {
		return true
	}
	at := b.sections[0].Place
	meetings := open.meetings()
	names := fieldsOf(meetings...)
	for len(way) > 0 && !n.narrow(fieldsOf(append(slices.Clip(meetings), way)...)) {
		way = way[1:] // fewer conditions on the way ask for more, never for less
	}
	all := fieldsOf(append(slices.Clip(meetings), way)...)
	if !n.narrow(all) {
		n.diags.Errorf(at, "too-wide", "the conditions of the bank %q speak of too many combinations to see whether everybody has a phrase: %s", b.name, strings.Join(names, ", ")).
			WithHint("add a section without a condition")
		return false
	}
	return n.tryAll(b, at, names, n.scopeOf(all), open, way)
}

// tryAll looks for a combination of fitted values that can occur and has no
// open phrase. Most banks are covered whoever occurs; only where one is not are
// the fields added that say who is wanted and possible.
func (n *narrator) tryAll(b *bank, at diag.Place, names []string, scope []int, open openings, way meeting) bool {
	k := n.uncovered(scope, open, way)
	if k >= 0 {
		scope = n.widen(scope)
		k = n.uncovered(scope, open, way)
	}
	if k < 0 {
		return true
	}
	who := n.describe(names, scope, k)
	if b.numbers > 1 {
		n.diags.Errorf(at, "no-phrase", "the bank %q is asked for its phrase %d and has fewer for %s", b.name, b.numbers, who).WithHint("add phrases to a section for them, or to one without a condition")
		return false
	}
	n.diags.Errorf(at, "no-phrase", "the bank %q has no phrase for everybody who comes to it: none for %s", b.name, who).WithHint("add a section for them, or one without a condition")
	return false
}

// uncovered is the first configuration that comes this way, finds too few
// phrases open and can occur, or -1. Each condition is a pass over the
// configurations that are left.
func (n *narrator) uncovered(scope []int, open openings, way meeting) int {
	left := n.possible(scope)
	for _, test := range n.tests(way) {
		left = n.keep(scope, left, test)
	}
	left = slices.Clone(left)
	found := make([]int32, len(left)) // phrases, of the configurations in left
	for _, o := range open.to {
		var all []func(k int32) int32
		for _, test := range n.tests(o.meeting) {
			all = append(all, n.space.along(scope, test))
		}
		kept := 0
		for i, k := range left {
			have := found[i]
			if !slices.ContainsFunc(all, func(holds func(k int32) int32) bool { return holds(k) == 0 }) {
				have += int32(o.phrases)
			}
			if int(have) < open.want {
				left[kept], found[kept] = k, have
				kept++
			}
		}
		if left, found = left[:kept], found[:kept]; kept == 0 {
			return -1
		}
	}
	if len(left) == 0 {
		return -1
	}
	return int(left[0])
}

// possible lists the configurations of a scope that can occur. Many banks ask
// for the same scopes, so the lists are kept.
func (n *narrator) possible(scope []int) []int32 {
	key := fmt.Sprint(scope)
	left, ok := n.occurs[key]
	if !ok {
		left = make([]int32, n.space.size(scope))
		for k := range left {
			left[k] = int32(k)
		}
		for _, test := range n.occurring(scope) {
			holds := n.space.along(scope, test)
			left = slices.DeleteFunc(left, func(k int32) bool { return holds(k) == 0 })
		}
		left = slices.Clip(left)
		n.occurs[key] = left
	}
	return left
}

// keep returns those of some configurations that pass a test.
func (n *narrator) keep(scope []int, of []int32, test function) (left []int32) {
	holds := n.space.along(scope, test)
	for _, k := range of {
		if holds(k) != 0 {
			left = append(left, k)
		}
	}
	return left
}

// tests are the conditions of a meeting as functions of the fitted fields.
func (n *narrator) tests(m meeting) []function {
	var tests []function
	for _, s := range m {
		tests = append(tests, n.space.compose(s, n.kinds.Fields))
	}
	return tests
}

// fieldsOf lists the fields of some meetings.
func fieldsOf(ms ...meeting) []string {
	var names []string
	for _, m := range ms {
		for _, s := range m {
			for _, name := range s.Fields {
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// scopeOf lists the fitted fields that some finite fields are a function of.
func (n *narrator) scopeOf(names []string) []int {
	var scope []int
	for _, name := range names {
		scope = n.space.union(scope, n.space.resolve(name, n.kinds.Fields).scope)
	}
	return scope
}

// narrow reports whether all combinations of some finite fields can be tried.
func (n *narrator) narrow(names []string) bool { return n.triable(n.scopeOf(names)) }

func (n *narrator) triable(scope []int) bool {
	size := n.space.size(scope)
	return size >= 0 && size <= maxTried
}

// limits lists what is said of who is wanted and who is impossible.
func (n *narrator) limits() (all []constraint) {
	if n.where != nil {
		all = append(all, *n.where)
	}
	for _, z := range n.zeros {
		all = append(all, z.constraint)
	}
	return all
}

// widen adds the fields to a scope that limits tie to it, as far as all
// combinations can be tried.
func (n *narrator) widen(scope []int) []int {
	for _, x := range slices.Backward(n.limits()) { // where comes last: the others tie to its fields
		wider := n.space.union(scope, x.scope)
		if len(wider) < len(scope)+len(x.scope) && n.triable(wider) {
			scope = wider
		}
	}
	return scope
}

// occurring lists what is said of these fields alone about who is wanted and
// possible.
func (n *narrator) occurring(scope []int) []function {
	var tests []function
	for _, x := range n.limits() {
		if len(n.space.union(scope, x.scope)) == len(scope) {
			tests = append(tests, function{scope: x.scope, code: x.cell})
		}
	}
	return tests
}

// describe names the values of some fields in a configuration.
func (n *narrator) describe(names []string, scope []int, k int) string {
	var parts []string
	for _, name := range names {
		f := n.kinds.Fields[name]
		value := "null"
		if v := n.space.reader(scope, n.space.resolve(name, n.kinds.Fields))(k); int(v) < f.Domain.Size() {
			value = f.Domain.Label(int(v))
			if !f.Domain.Integer {
				value = fmt.Sprintf("%q", value)
			}
		}
		parts = append(parts, name+" "+value)
	}
	return strings.Join(parts, ", ")
}
