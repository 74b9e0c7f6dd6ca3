package rules

import (
	"encoding/binary"
	"regexp/syntax"
	"slices"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"
)

// program is up to perProgram expressions compiled together. It tells, in one
// pass over a text, which of them match and where: trying one after the other
// with backtracking costs more than everything else that is done with a text. It does not change and may be shared.
type program struct {
	insts  []syntax.Inst // InstMatch has in Arg the expression's position
	starts []uint32
	// Runes between which no instruction tells a difference are a class; low
	// holds the first rune of each. The class len(low) is the end of the text.
	low    []rune
	class  [tabled]uint16 // of the runes that are looked up
	breaks bool           // an expression has \b or \B
	lines  bool           // an expression has ^ or $ of lines
}

// perProgram is how many expressions have a bit in a word.
const perProgram = 64

// assemble compiles expressions into one program.
func assemble(expressions []*expression) *program {
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
	for r := range rune(tabled) {
		p.class[r] = p.search(r)
	}
	return p
}

// appendBounds adds the runes from which on an instruction behaves otherwise.
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

// search finds the class of a rune.
func (p *program) search(r rune) uint16 {
	k, found := slices.BinarySearch(p.low, r)
	if !found {
		k--
	}
	return uint16(k)
}

// automaton runs a program on texts as a deterministic automaton whose states
// are made when they are first met (Cox, "Regular Expression Matching in the
// Wild", 2010). Goroutines share it: steps are read as they are, and made under
// the lock.
type automaton struct {
	*program
	stride int   // classes and the end
	fresh  int32 // the rows before this one are states without instructions
	// next has per state and class where the next state's row begins, or one of
	// the below. When it is full, one twice as long takes its place.
	next atomic.Pointer[[]atomic.Int32]
	full atomic.Bool // too many states: the automaton is not used any more

	lock    sync.Mutex
	rows    int32 // of next that are in use, times stride
	states  []state
	index   map[string]int32
	matches []match
	// Memory of step.
	seen        []uint32 // per instruction, the last step that saw it
	steps       uint32
	stack, outs []uint32
	key         []byte
}

// unknown is a step not taken so far; what is less is one before which an
// expression matches, which matches[-2-x] describes.
const unknown = -1

// state is what the automaton knows between two runes: the instructions that
// wait for the next one besides those that begin a match, and a rune that
// stands for the one before (-1 at the beginning of a text).
type state struct {
	insts  []uint32
	before rune
}

// match tells where a step leads that ends matches.
type match struct {
	next int32
	bits uint64 // of the expressions
}

// mostTransitions bounds the memory of an automaton: states times classes.
const mostTransitions = 1 << 20

func newAutomaton(p *program) *automaton {
	a := &automaton{program: p, stride: len(p.low) + 1, index: map[string]int32{}, seen: make([]uint32, len(p.insts))}
	a.next.Store(&[]atomic.Int32{})
	for _, before := range []rune{-1, ' ', 'a', '\n'} {
		a.stateOf(nil, before)
	}
	a.fresh = a.rows
	return a
}

// reading is an automaton on its way through a text, part by part. It serves one
// goroutine.
type reading struct {
	*automaton
	wanted uint64 // the expressions of which it is noted where they match
	// windows are the parts of the text that have matches of the wanted
	// expressions, in their order. No match reaches out of a window.
	windows []window
	found   uint64 // the expressions that match
	exact   bool   // the automaton could follow the text

	at    int32 // the state's row
	since int   // the first byte of what may still become a match
	open  bool  // the last window has no end yet
}

// window is a part of a text with matches of some expressions.
type window struct {
	from, to int // bytes
	bits     uint64
}

// begin readies the reading for a text.
func (r *reading) begin() {
	r.windows, r.found, r.exact, r.at, r.since, r.open = r.windows[:0], 0, !r.full.Load(), 0, 0, false
}

// read goes on through the text from one byte to another.
func (r *reading) read(text string, from, to int) {
	if !r.exact {
		return
	}
	a, at, since, open := r.automaton, r.at, r.since, r.open
	class, fresh, next := &a.class, a.fresh, *a.next.Load()
	for i := from; i < to; {
		size, c := 1, uint16(0)
		if b := text[i]; b < utf8.RuneSelf {
			c = class[b]
		} else {
			c, size = a.classAt(text, i)
		}
		step := next[at+int32(c)].Load()
		if step < 0 {
			var bits uint64
			if step, bits = a.slow(at, c); a.full.Load() {
				r.exact = false
				return
			}
			r.note(bits, since)
			open, next = r.open, *a.next.Load()
		}
		at = step
		i += size
		if at < fresh { // nothing that began before goes on
			since = i
		}
		if open && at < fresh {
			r.close(i)
			open = false
		}
	}
	r.at, r.since = at, since
}

// classAt returns the class of the rune at i, which is not ASCII, and its size.
func (p *program) classAt(text string, i int) (uint16, int) {
	char, size := decode(text, i)
	if char < tabled {
		return p.class[char], size
	}
	return p.search(char), size
}

// end ends the text, which has so many bytes.
func (r *reading) end(length int) {
	if !r.exact {
		return
	}
	_, bits := r.slow(r.at, uint16(len(r.low)))
	r.note(bits, r.since)
	if r.exact = !r.full.Load(); r.open {
		r.close(length)
	}
}

// note takes matches down, the wanted ones in the open window or a new one.
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

func (r *reading) close(at int) {
	r.windows[len(r.windows)-1].to, r.open = at, false
}

// slow takes a step that is not a plain one.
func (a *automaton) slow(at int32, c uint16) (next int32, bits uint64) {
	a.lock.Lock()
	defer a.lock.Unlock()
	place := at + int32(c)
	if (*a.next.Load())[place].Load() == unknown {
		next, bits = a.step(at/int32(a.stride), c)
		if a.full.Load() {
			return 0, 0
		}
		step := next
		if bits != 0 {
			a.matches = append(a.matches, match{next, bits})
			step = int32(-1 - len(a.matches))
		}
		(*a.next.Load())[place].Store(step)
		return next, bits
	}
	if x := (*a.next.Load())[place].Load(); x < 0 {
		m := &a.matches[-2-x]
		return m.next, m.bits
	}
	return (*a.next.Load())[place].Load(), 0
}

// step works a step out: it follows the instructions that take no rune, now
// that the runes before and after are known, and then those that take this one.
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
	return a.stateOf(slices.Compact(a.outs), a.before(r)), bits
}

// before is the rune that stands for all that are alike when one comes before
// ^, $ or \b.
func (p *program) before(r rune) rune {
	switch {
	case p.lines && r == '\n':
		return '\n'
	case p.breaks && syntax.IsWordChar(r):
		return 'a'
	}
	return ' '
}

// stateOf finds or makes a state and returns where its row begins.
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

// grow makes room for the rows in use. Who still reads the shorter table finds
// there what is true, or nothing, and then looks here.
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
