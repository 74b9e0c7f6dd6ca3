package rules

import (
	"regexp"
	"regexp/syntax"
	"slices"
)

// expression is a regular expression of a rule. An automaton tells whether and
// where a text has matches; the expression itself is tried only there.
type expression struct {
	*regexp.Regexp
	code *syntax.Prog
	// later finds the first match, as its first group, after the first rune,
	// which is there for \b and ^ to see; nil when matches may be empty.
	later *regexp.Regexp
}

func newExpression(text string) (*expression, error) {
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	e := &expression{Regexp: re}
	if e.code, err = syntax.Compile(tree.Simplify()); err != nil {
		return nil, err
	}
	if consumes(tree) {
		// An expression that cannot stand in a group, such as \Q(, does without.
		e.later, _ = regexp.Compile(`\A(?s:.+?)(` + text + `)`)
	}
	return e, nil
}

// consumes reports whether every match is sure to have a rune.
func consumes(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpLiteral, syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return true
	case syntax.OpCapture, syntax.OpPlus:
		return consumes(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min > 0 && consumes(re.Sub[0])
	case syntax.OpConcat:
		return slices.ContainsFunc(re.Sub, consumes)
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !consumes(sub) })
	}
	return false
}

// within appends what FindAllStringSubmatchIndex finds in a part of a text that
// no match reaches out of.
func (e *expression) within(text string, from, to int, out [][]int) [][]int {
	for from < to {
		at := e.first(text[:to], from)
		if at == nil {
			break
		}
		out = append(out, at)
		from = at[1]
	}
	return out
}

// first returns the first match from a rune on.
func (e *expression) first(text string, from int) []int {
	if from == 0 {
		return e.FindStringSubmatchIndex(text)
	}
	at := e.later.FindStringSubmatchIndex(text[from-1:])
	if at == nil {
		return nil
	}
	at = at[2:]
	for i := range at {
		if at[i] >= 0 {
			at[i] += from - 1
		}
	}
	return at
}

// matcher tries all expressions of a set on a text. It serves one goroutine.
type matcher struct {
	expressions []*expression
	readings    []reading // per automaton
}

func newMatcher(expressions []*expression, automata []*automaton, wanted []uint64) *matcher {
	m := &matcher{expressions: expressions}
	for k, a := range automata {
		m.readings = append(m.readings, reading{automaton: a, wanted: wanted[k]})
	}
	return m
}

// begin readies the matcher for a text.
func (m *matcher) begin() {
	for k := range m.readings {
		m.readings[k].begin()
	}
}

// end ends the text, which has so many bytes.
func (m *matcher) end(length int) {
	for k := range m.readings {
		m.readings[k].end(length)
	}
}

// read reads a whole text.
func (m *matcher) read(text string) {
	m.begin()
	for k := range m.readings {
		m.readings[k].read(text, 0, len(text))
	}
	m.end(len(text))
}

// possible reports whether an expression may match the text read.
func (m *matcher) possible(e int) bool {
	r := &m.readings[e/perProgram]
	return !r.exact || r.found>>(e%perProgram)&1 != 0
}

// first returns where the first match of an expression in the text read is, nil
// when there is none.
func (m *matcher) first(e int, text string) []int {
	if !m.possible(e) {
		return nil
	}
	return m.expressions[e].FindStringIndex(text)
}

// all returns all matches of a wanted expression in the text read, with their
// groups.
func (m *matcher) all(e int, text string) [][]int {
	if !m.possible(e) {
		return nil
	}
	r, x := &m.readings[e/perProgram], m.expressions[e]
	if !r.exact || x.later == nil {
		return x.FindAllStringSubmatchIndex(text, -1)
	}
	var out [][]int
	for _, w := range r.windows {
		if w.bits>>(e%perProgram)&1 != 0 {
			out = x.within(text, w.from, w.to, out)
		}
	}
	return out
}
