package rules

import (
	"regexp"
	"regexp/syntax"
	"slices"
)

// expression is a regular expression of a rule. An automaton finds whether and
// where a text has matches; the expression itself runs only there.
type expression struct {
	*regexp.Regexp
	code *syntax.Prog
	// later finds, as its first group, the first match after the first rune, which
	// is there as context for \b and ^. It is nil if matches may be empty.
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
		// An expression that cannot be part of a group, such as \Q(, has no later.
		e.later, _ = regexp.Compile(`\A(?s:.+?)(` + text + `)`)
	}
	return e, nil
}

// consumes reports whether no match is empty.
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
// contains every match that begins in it.
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

// first returns the first match that begins at a position or after it, as
// FindStringSubmatchIndex does.
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

// expressions are the expressions of a set of rules. They may be shared by
// goroutines once built.
type expressions struct {
	all      []*expression
	wanted   []uint64     // per program: the expressions whose places are wanted
	automata []*automaton // per program
}

// add compiles an expression and returns its number. Places are wanted if
// matcher.all will be called.
func (x *expressions) add(text string, places bool) (int, error) {
	e, err := newExpression(text)
	if err != nil {
		return -1, err
	}
	n := len(x.all)
	if n%perProgram == 0 {
		x.wanted = append(x.wanted, 0)
	}
	if places {
		x.wanted[n/perProgram] |= 1 << (n % perProgram)
	}
	x.all = append(x.all, e)
	return n, nil
}

// build makes the automata, once all expressions are added.
func (x *expressions) build() {
	for group := range slices.Chunk(x.all, perProgram) {
		x.automata = append(x.automata, newAutomaton(newProgram(group)))
	}
}

// matcher runs all expressions on a text. It serves one goroutine.
type matcher struct {
	expressions []*expression
	readings    []reading // per automaton
}

func (x *expressions) matcher() *matcher {
	m := &matcher{expressions: x.all}
	for k, a := range x.automata {
		m.readings = append(m.readings, reading{automaton: a, wanted: x.wanted[k]})
	}
	return m
}

// read reads a text.
func (m *matcher) read(text string) {
	for k := range m.readings {
		m.readings[k].read(text)
	}
}

// possible reports whether an expression may match the text that was read.
func (m *matcher) possible(e int) bool {
	r := &m.readings[e/perProgram]
	return !r.exact || r.found>>(e%perProgram)&1 != 0
}

// first returns the position of the first match of an expression in the text that
// was read, nil if there is none.
func (m *matcher) first(e int, text string) []int {
	if !m.possible(e) {
		return nil
	}
	return m.expressions[e].FindStringIndex(text)
}

// all returns all matches of an expression whose places are wanted in the text
// that was read, as FindAllStringSubmatchIndex does.
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
