package rules

import (
	"encoding/binary"
	"regexp/syntax"
	"slices"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/internal/tokenize"
)

// program is up to perProgram expressions compiled together. One pass over a text
// finds which of them match and where; trying one after the other with
// backtracking would take most of the time of a run. A program does not change
// and may be shared.
type program struct {
	insts  []syntax.Inst // Arg of an InstMatch is the number of the expression
	starts []uint32
	// Runes that all instructions treat the same form a class. low holds the
	// first rune of each class; the class len(low) is the end of the text.
	low    []rune
	class  [tokenize.Tabled]uint16 // of the runes that are looked up
	breaks bool                    // an expression has \b or \B
	lines  bool                    // an expression has ^ or $ of lines
}

// perProgram is the number of expressions in a program: each has a bit of a
// uint64.
const perProgram = 64

// newProgram compiles at most perProgram expressions into one program.
func newProgram(expressions []*expression) *program {
	p := &program{}
	bounds := []rune{0, '\n', '\n' + 1, '0', '9' + 1, 'A', 'Z' + 1, '_', '_' + 1, 'a', 'z' + 1}
	for k, e := range expressions {
		offset := uint32(len(p.insts))
		p.starts = append(p.starts, offset+uint32(e.code.Start))
		for _, inst := range e.code.Inst {
			inst.Out += offset
			switch inst.Op {
			case syntax.InstAlt, syntax.InstAltMatch:
				inst.Arg += offset
			case syntax.InstMatch:
				inst.Arg = uint32(k)
			case syntax.InstEmptyWidth:
				op := syntax.EmptyOp(inst.Arg)
				p.breaks = p.breaks || op&(syntax.EmptyWordBoundary|syntax.EmptyNoWordBoundary) != 0
				p.lines = p.lines || op&(syntax.EmptyBeginLine|syntax.EmptyEndLine) != 0
			default:
				bounds = appendBounds(bounds, &inst)
			}
			p.insts = append(p.insts, inst)
		}
	}
	slices.Sort(bounds)
	p.low = slices.Compact(bounds)
	for r := range rune(tokenize.Tabled) {
		p.class[r] = p.search(r)
	}
	return p
}

// appendBounds appends the first runes of the ranges that an instruction distinguishes
// apart.
func appendBounds(bounds []rune, inst *syntax.Inst) []rune {
	if len(inst.Rune) == 1 {
		first := inst.Rune[0]
		bounds = append(bounds, first, first+1)
		if syntax.Flags(inst.Arg)&syntax.FoldCase != 0 {
			for r := unicode.SimpleFold(first); r != first; r = unicode.SimpleFold(r) {
				bounds = append(bounds, r, r+1)
			}
		}
		return bounds
	}
	for i := 0; i+1 < len(inst.Rune); i += 2 {
		bounds = append(bounds, inst.Rune[i], inst.Rune[i+1]+1)
	}
	return bounds
}

// search returns the class of a rune.
func (p *program) search(r rune) uint16 {
	k, found := slices.BinarySearch(p.low, r)
	if !found {
		k--
	}
	return uint16(k)
}

// automaton runs a program on texts as a deterministic automaton whose states
// are made when a text first reaches them (Cox, "Regular Expression Matching in
// the Wild", 2010). Goroutines share it: they read steps without the lock and
// take it to make new ones.
type automaton struct {
	*program
	stride int   // length of a row: the number of classes and the end
	fresh  int32 // rows before this one belong to states without instructions
	// next has a row per state: for each class, where the row of the next state
	// begins, or unknown, or a match. A full table is replaced by one twice as
	// long.
	next    atomic.Pointer[[]atomic.Int32]
	matches atomic.Pointer[[]match] // a longer one replaces it
	full    atomic.Bool             // there are too many states: the automaton is no longer used

	lock   sync.Mutex
	rows   int32 // length of next that is in use
	states []state
	index  map[string]int32
	// Memory of step.
	seen        []uint32 // per instruction, the last step that saw it
	steps       uint32
	stack, outs []uint32
	key         []byte
}

// unknown is a step that has not been made. Lower values are steps before which
// expressions match: x is described by matches[-2-x].
const unknown = -1

// state is what the automaton knows between two runes: the instructions that
// wait for the next rune, those that begin a match aside, and the previous rune
// as simplify returns it (-1 at the beginning of a text).
type state struct {
	insts  []uint32
	before rune
}

// match is a step before which expressions match.
type match struct {
	next int32
	bits uint64 // of the expressions
}

// mostTransitions bounds the memory of an automaton: states times stride.
const mostTransitions = 1 << 20

func newAutomaton(p *program) *automaton {
	a := &automaton{program: p, stride: len(p.low) + 1, index: map[string]int32{}, seen: make([]uint32, len(p.insts))}
	a.next.Store(&[]atomic.Int32{})
	a.matches.Store(&[]match{})
	for _, before := range []rune{-1, ' ', 'a', '\n'} {
		a.stateOf(nil, before)
	}
	a.fresh = a.rows
	return a
}

// reading is what an automaton finds in a text. It serves one goroutine.
type reading struct {
	*automaton
	wanted uint64 // expressions whose places are noted
	// windows are the parts of the text with matches of wanted expressions, in
	// order. Every match is within one window.
	windows []window
	found   uint64 // expressions that match
	exact   bool   // the automaton could follow the text; else the rest is unknown
	open    bool   // the last window has no end yet
}

// window is a part of a text with matches of some expressions.
type window struct {
	from, to int // position in bytes
	bits     uint64
}

// read runs the automaton over a text. Most steps lead on without a match, so they have a
// loop of their own.
func (r *reading) read(text string) {
	r.windows, r.found, r.exact, r.open = r.windows[:0], 0, !r.full.Load(), false
	if !r.exact {
		return
	}
	a, row, since := r.automaton, int32(0), 0 // since: the first byte of what may still become a match
	class, fresh, next := &a.class, a.fresh, *a.next.Load()
	for i := 0; i < len(text); {
		size, c := 1, uint16(0)
		if b := text[i]; b < utf8.RuneSelf {
			c = class[b]
		} else {
			c, size = a.classAt(text, i)
		}
		step := next[row+int32(c)].Load()
		if step < 0 {
			if row, i, since = r.readOn(text, row, i, since); !r.exact {
				return
			}
			next = *a.next.Load()
			continue
		}
		row = step
		i += size
		if row < fresh { // no match that has begun goes on
			since = i
		}
	}
	last := uint16(len(a.low))
	_, bits := a.take(next[row+int32(last)].Load(), row, last)
	r.note(bits, since)
	if r.exact = !a.full.Load(); r.open {
		r.close(len(text))
	}
}

// readOn makes a step that is unknown or has a match, and those after it up to the end of the
// window or the text.
func (r *reading) readOn(text string, row int32, i, since int) (int32, int, int) {
	for i < len(text) {
		c, size := r.classAt(text, i)
		next, bits := r.take((*r.next.Load())[row+int32(c)].Load(), row, c)
		if r.full.Load() {
			r.exact = false
			break
		}
		r.note(bits, since)
		row = next
		i += size
		if row < r.fresh {
			since = i
			if r.open {
				r.close(i)
			}
		}
		if !r.open {
			break
		}
	}
	return row, i, since
}

// classAt returns the class of the rune at position i and its size in bytes.
func (p *program) classAt(text string, i int) (uint16, int) {
	char, size := tokenize.Decode(text, i)
	if char < tokenize.Tabled {
		return p.class[char], size
	}
	return p.search(char), size
}

// note records matches, the wanted ones in the open window or a new one.
func (r *reading) note(bits uint64, since int) {
	r.found |= bits
	if bits &= r.wanted; bits == 0 {
		return
	}
	if !r.open {
		r.windows, r.open = append(r.windows, window{from: since}), true
	}
	r.windows[len(r.windows)-1].bits |= bits
}

// close ends the open window.
func (r *reading) close(at int) {
	r.windows[len(r.windows)-1].to, r.open = at, false
}

// take returns the row that a step from a row for a class leads to, and the expressions that
// match before it.
func (a *automaton) take(step, row int32, c uint16) (next int32, bits uint64) {
	switch {
	case step >= 0:
		return step, 0
	case step == unknown:
		return a.slow(row, c)
	}
	m := &(*a.matches.Load())[-2-step]
	return m.next, m.bits
}

// slow makes the step from a row for a class, unless another goroutine has made it.
func (a *automaton) slow(row int32, c uint16) (next int32, bits uint64) {
	a.lock.Lock()
	defer a.lock.Unlock()
	entry := &(*a.next.Load())[row+int32(c)]
	if entry.Load() == unknown {
		next, bits = a.step(row/int32(a.stride), c)
		if a.full.Load() {
			return 0, 0
		}
		step := next
		if bits != 0 {
			matches := append(*a.matches.Load(), match{next, bits})
			a.matches.Store(&matches) // before the step, which others read first
			step = int32(-1 - len(matches))
		}
		(*a.next.Load())[row+int32(c)].Store(step) // step may have replaced the table
		return next, bits
	}
	return a.take(entry.Load(), row, c)
}

// step makes a step: it follows the instructions that take no rune, now that the
// runes before and after are known, and then those that take this rune.
func (a *automaton) step(from int32, c uint16) (next int32, bits uint64) {
	s, r := a.states[from], rune(-1)
	if int(c) < len(a.low) {
		r = a.low[c]
	}
	context := syntax.EmptyOpContext(s.before, r)
	a.steps++
	a.outs = a.outs[:0]
	a.stack = append(append(a.stack[:0], a.starts...), s.insts...)
	for len(a.stack) > 0 {
		pc := a.stack[len(a.stack)-1]
		a.stack = a.stack[:len(a.stack)-1]
		if a.seen[pc] == a.steps {
			continue
		}
		a.seen[pc] = a.steps
		switch inst := &a.insts[pc]; inst.Op {
		case syntax.InstFail:
		case syntax.InstMatch:
			bits |= 1 << inst.Arg
		case syntax.InstAlt, syntax.InstAltMatch:
			a.stack = append(a.stack, inst.Out, inst.Arg)
		case syntax.InstCapture, syntax.InstNop:
			a.stack = append(a.stack, inst.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(inst.Arg)&^context == 0 {
				a.stack = append(a.stack, inst.Out)
			}
		default:
			if r >= 0 && inst.MatchRune(r) {
				a.outs = append(a.outs, inst.Out)
			}
		}
	}
	if r < 0 {
		return 0, bits
	}
	slices.Sort(a.outs)
	return a.stateOf(slices.Compact(a.outs), a.simplify(r)), bits
}

// simplify returns a rune that ^, $ and \b treat as they treat r when it is the
// previous rune.
func (p *program) simplify(r rune) rune {
	switch {
	case p.lines && r == '\n':
		return '\n'
	case p.breaks && syntax.IsWordChar(r):
		return 'a'
	}
	return ' '
}

// stateOf returns where the row of a state begins. It makes the state if there is
// none yet.
func (a *automaton) stateOf(insts []uint32, before rune) int32 {
	a.key = binary.LittleEndian.AppendUint32(a.key[:0], uint32(before))
	for _, pc := range insts {
		a.key = binary.LittleEndian.AppendUint32(a.key, pc)
	}
	if row, ok := a.index[string(a.key)]; ok {
		return row
	}
	if int(a.rows)+a.stride > max(mostTransitions, 4*a.stride) {
		a.full.Store(true)
		return 0
	}
	row := a.rows
	a.rows += int32(a.stride)
	a.grow()
	a.index[string(a.key)] = row
	a.states = append(a.states, state{slices.Clone(insts), before})
	return row
}

// grow makes room for the rows in use. A goroutine that still reads the shorter
// table finds valid steps there, or unknown ones, for which it takes the lock.
func (a *automaton) grow() {
	old := *a.next.Load()
	if int(a.rows) <= len(old) {
		return
	}
	next := make([]atomic.Int32, max(2*len(old), 16*a.stride))
	for i := range next {
		if i < len(old) {
			next[i].Store(old[i].Load())
		} else {
			next[i].Store(unknown)
		}
	}
	a.next.Store(&next)
}
