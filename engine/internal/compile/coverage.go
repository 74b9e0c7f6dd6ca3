package compile

import (
	"cmp"
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

// A phrase is open to the persons who meet its section's condition and have a
// value of every field that it and its facets name. Every person for whom a bank
// is used, by a field or by a phrase of another bank, must find a phrase open, and
// as many as the largest number by which the bank's phrases are used.

// meeting is a conjunction of conditions: case 1 of every selector.
type meeting []*kind.Selector

// key identifies a meeting.
func (m meeting) key() string {
	var b strings.Builder
	for _, s := range m {
		fmt.Fprintf(&b, "%p ", s)
	}
	return b.String()
}

// and adds a selector, unless it is nil or already there.
func (m meeting) and(s *kind.Selector) meeting {
	if s == nil || slices.Contains(m, s) {
		return m
	}
	return append(slices.Clip(m), s)
}

// maxMeetings bounds the ways to one bank that are distinguished. A bank with more
// must have phrases for everyone.
const maxMeetings = 64

// maxTried bounds the combinations of fitted values that are tried for one way to
// a bank.
const maxTried = 1 << 21

// checkCoverage follows all ways from fields to banks, then checks the banks, on
// every core.
func (n *narrator) checkCoverage(order []*bank) {
	present := n.presence()
	ways := n.ways(order, present)
	faults := make([]*diag.List, len(order))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(len(order), runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			own := n.forWorker()
			for i := next.Add(1) - 1; i < int64(len(order)); i = next.Add(1) - 1 {
				own.diags = &diag.List{}
				b := order[i]
				if gap := own.gap(b, own.openings(b, present, nil), ways[b]); gap != nil {
					own.reportGap(b, gap)
				}
				faults[i] = own.diags
			}
		})
	}
	workers.Wait()
	for _, list := range faults {
		n.diags.Items = append(n.diags.Items, list.Items...)
	}
	if !n.diags.Failed() {
		n.checkTold(present, ways)
	}
}

// ways returns, per bank, the conditions under which persons come to it. Order lists
// each bank before those that its phrases name.
func (n *narrator) ways(order []*bank, present presence) map[*bank][]meeting {
	ways := map[*bank][]meeting{}
	arrive := func(to string, m meeting) {
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
			arrive(name, meeting{}.and(w.When))
		}
	}
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
				arrive(bankOf(part.Text), way)
			}
		})
	}
	return ways
}

// forWorker returns the narrator with separate caches and diagnostics, for one
// goroutine.
func (n *narrator) forWorker() *narrator {
	own := *n.compiler
	own.space = n.space.forWorker()
	return &narrator{compiler: &own, written: n.written, banks: n.banks, names: n.names, conditions: n.conditions, proof: n.proof}
}

// gap is the persons for whom a bank has too few phrases.
type gap struct {
	who  string // their values, empty for anyone
	wide string // the fields of conditions that have too many combinations to be checked
}

// gap returns the persons on the first way to a bank on which some find too few phrases open,
// or nil.
func (n *narrator) gap(b *bank, open openings, ways []meeting) *gap {
	if n.coversAll(open) {
		return nil
	}
	for _, way := range ways {
		if gap := n.gapOn(open, way); gap != nil {
			return gap
		}
	}
	return nil
}

// reportGap reports that a bank has too few phrases.
func (n *narrator) reportGap(b *bank, gap *gap) {
	at := b.sections[0].Place
	who := gap.who
	if who == "" {
		who = "anyone"
	}
	switch {
	case gap.wide != "":
		n.diags.Errorf(at, "too-wide", "the conditions of the bank %q have too many combinations to check that everyone has a phrase: %s", b.name, gap.wide).
			WithHint("add a section without a condition")
	case b.numbers > 1:
		n.diags.Errorf(at, "no-phrase", "phrase %[2]d of the bank %[1]q is used, but the bank has fewer for %[3]s", b.name, b.numbers, who).WithHint("add phrases to a section for them, or to one without a condition")
	default:
		n.diags.Errorf(at, "no-phrase", "the bank %q has no phrase for everyone: none for %s", b.name, who).WithHint("add a section for them, or one without a condition")
	}
}

// presence says who has a value of a field that can be null. A nil selector means
// that this is unknown.
type presence struct {
	of       map[string]*kind.Selector
	fieldsOf func(*phrase.Part) []string // that a part of a phrase names
}

func (n *narrator) presence() presence {
	p := presence{of: map[string]*kind.Selector{}, fieldsOf: func(part *phrase.Part) []string {
		switch part.Kind {
		case phrase.Field:
			return []string{part.Text}
		case phrase.Refer:
			return n.fieldsOfReference(part)
		}
		return nil
	}}
	for _, f := range n.plan.Fields {
		switch {
		case !f.Nullable || f.Class.Added() && f.When == nil:
		case f.Finite():
			p.of[f.Name] = notNull(f)
		default:
			p.of[f.Name] = f.When
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

// needs returns who a phrase is open to. It is not certain when it is unknown who
// has a value of a field that the phrase names.
func (p presence) needs(s *section, x *phrase.Phrase) (m meeting, certain bool) {
	m, certain = meeting{}.and(s.when), true
	try := func(parts []phrase.Part) {
		for i := range parts {
			for _, name := range p.fieldsOf(&parts[i]) {
				if has, nullable := p.of[name]; nullable {
					certain = certain && has != nil
					m = m.and(has)
				}
			}
		}
	}
	try(x.Parts)
	for i := range x.Facets {
		try(x.Facets[i].Parts)
	}
	return m, certain
}

// opening counts the phrases of a bank that are open to the same persons.
type opening struct {
	meeting
	phrases int
}

// openings counts the phrases of a bank by who they are open to.
type openings struct {
	to      []opening // different meetings, without that of everyone
	missing int       // phrases that everyone needs beside those open to everyone
}

// meetings lists who phrases are open to.
func (o openings) meetings() (all []meeting) {
	for _, x := range o.to {
		all = append(all, x.meeting)
	}
	return all
}

// openings counts the phrases of a bank, without those that wait for a fact and those that
// tell one of some facts.
func (n *narrator) openings(b *bank, p presence, without map[string]bool) openings {
	open := openings{missing: max(1, b.numbers)}
	for i := range b.sections {
		for k := range b.sections[i].Phrases {
			x := &b.sections[i].Phrases[k]
			m, certain := p.needs(&b.sections[i], x)
			if !certain || waits(x) || slices.ContainsFunc(factsOf(x), func(fact string) bool { return without[fact] }) {
				continue
			}
			if len(m) == 0 {
				open.missing--
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

// coversAll reports whether everyone finds enough phrases, whatever the way to the
// bank. That is so for most banks, and cheap to find, because their conditions name
// few fields.
func (n *narrator) coversAll(open openings) bool {
	if open.missing <= 0 {
		return true
	}
	all := fieldsOf(open.meetings()...)
	return n.narrow(all) && n.uncovered(n.space.scopeOf(all, n.kinds.Fields), open, nil) < 0
}

// gapOn returns persons who come to a bank on this way and find too few phrases open, or nil.
func (n *narrator) gapOn(open openings, way meeting) *gap {
	if slices.ContainsFunc(open.to, func(o opening) bool { return o.phrases >= open.missing && o.key() == way.key() }) {
		return nil
	}
	meetings := open.meetings()
	names := fieldsOf(meetings...)
	for len(way) > 0 && !n.narrow(fieldsOf(append(slices.Clip(meetings), way)...)) {
		way = way[1:] // with fewer conditions more persons come, so no fault is missed
	}
	all := fieldsOf(append(slices.Clip(meetings), way)...)
	if n.narrow(all) {
		return n.tryAll(names, n.space.scopeOf(all, n.kinds.Fields), open, way)
	}
	some, fields := n.simplest(open, way)
	if n.tryAll(fields, n.space.scopeOf(fields, n.kinds.Fields), some, way) == nil {
		return nil
	}
	return &gap{wide: strings.Join(names, ", ")}
}

// simplest returns phrases whose conditions can be tried together on this way, those with
// the fewest fields first, and the fields of these conditions and of the way. Whom they
// cover, all phrases cover.
func (n *narrator) simplest(open openings, way meeting) (some openings, fields []string) {
	some = openings{missing: open.missing}
	fields = fieldsOf(way)
	byFields := func(a, b opening) int { return cmp.Compare(len(fieldsOf(a.meeting)), len(fieldsOf(b.meeting))) }
	for _, o := range slices.SortedStableFunc(slices.Values(open.to), byFields) {
		if wider := fieldsOf(append(some.meetings(), o.meeting, way)...); n.narrow(wider) {
			some.to, fields = append(some.to, o), wider
		}
	}
	return some, fields
}

// tryAll looks for a combination of fitted values that can occur and has too few
// phrases open. It adds the fields that decide who is wanted and possible only when
// it finds one without them, because most banks need no such fields.
func (n *narrator) tryAll(names []string, scope []int, open openings, way meeting) *gap {
	k := n.uncovered(scope, open, way)
	if k >= 0 {
		scope = n.widen(scope)
		k = n.uncovered(scope, open, way)
	}
	if k < 0 {
		return nil
	}
	return &gap{who: n.describe(names, scope, k)}
}

// uncovered returns the first configuration that can occur, comes on this way and
// finds too few phrases open, or -1. Each condition is one pass over the
// configurations that are left.
func (n *narrator) uncovered(scope []int, open openings, way meeting) int {
	needed := slices.Concat(n.limitsOn(scope), n.tests(way))
	all := slices.Clone(needed)
	tests := make([][]function, len(open.to)) // of each opening
	for i, o := range open.to {
		tests[i] = n.tests(o.meeting)
		all = append(all, tests[i]...)
	}
	q := n.proof.quotient(&n.space, scope, all)
	along := func(fn function) func(k int32) int32 { return q.along(scope, q.restrict(fn)) }

	left := make([]int32, q.size(scope))
	for k := range left {
		left[k] = int32(k)
	}
	for _, test := range needed {
		holds := along(test)
		left = slices.DeleteFunc(left, func(k int32) bool { return holds(k) == 0 })
	}
	found := make([]int32, len(left)) // phrases open to the configurations in left
	for i, o := range open.to {
		var all []func(k int32) int32
		for _, test := range tests[i] {
			all = append(all, along(test))
		}
		kept := 0
		for i, k := range left {
			count := found[i]
			if !slices.ContainsFunc(all, func(holds func(k int32) int32) bool { return holds(k) == 0 }) {
				count += int32(o.phrases)
			}
			if int(count) < open.missing {
				left[kept], found[kept] = k, count
				kept++
			}
		}
		left, found = left[:kept], found[:kept]
	}
	if len(left) == 0 {
		return -1
	}
	return q.original(int(left[0]))
}

// tests expresses the conditions of a meeting by fitted fields.
func (n *narrator) tests(m meeting) []function {
	var tests []function
	for _, s := range m {
		tests = append(tests, n.proof.composed.get(s, func() function { return n.space.compose(s, n.kinds.Fields) }))
	}
	return tests
}

// fieldsOf lists the fields that some meetings name.
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

// narrow reports whether all combinations of some finite fields can be tried.
func (n *narrator) narrow(names []string) bool {
	return n.triable(n.space.scopeOf(names, n.kinds.Fields))
}

func (n *narrator) triable(scope []int) bool {
	size := n.space.size(scope)
	return size >= 0 && size <= maxTried
}

// limits lists the constraints on who is wanted and possible.
func (n *narrator) limits() (all []constraint) {
	if n.where != nil {
		all = append(all, *n.where)
	}
	for _, z := range n.zeros {
		all = append(all, z.constraint)
	}
	return all
}

// widen adds the fields to a scope that limits connect with it, as far as all
// combinations can still be tried.
func (n *narrator) widen(scope []int) []int {
	for _, x := range slices.Backward(n.limits()) { // backward, so that where comes last
		wider := n.space.union(scope, x.scope)
		if len(wider) < len(scope)+len(x.scope) && n.triable(wider) {
			scope = wider
		}
	}
	return scope
}

// limitsOn lists the limits that concern no fields but those of the scope.
func (n *narrator) limitsOn(scope []int) []function {
	return n.proof.limits.get(fmt.Sprint(scope), func() (tests []function) {
		for _, x := range n.limits() {
			if len(n.space.union(scope, x.scope)) == len(scope) {
				tests = append(tests, function{scope: x.scope, code: x.cell})
			}
		}
		return tests
	})
}

// describe names the values of some fields in a configuration, for messages.
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
