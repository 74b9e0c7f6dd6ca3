package compile

import (
	"bytes"
	"slices"
	"sync"

	"github.com/personagen/personagen/engine/kind"
)

// A proof that everyone finds a phrase tries all configurations of a scope. Most values of
// its variables are alike for it: no condition and no limit tells ages of 30 and 31 apart,
// say. It is therefore done on the quotient, with one value for all that are alike, the
// first: where a configuration fails, so does the one of the first values, which comes
// before it.

// quotient is a space in which values of variables that some functions do not tell apart
// are one.
type quotient struct {
	space
	scope  []int
	values [][]int32 // per variable of the scope, the first value of each class, ascending
	of     *space
}

// proof finds quotients by functions, of which only zero or not matters, and keeps what
// the proof of the next bank needs again. Goroutines share it.
type proof struct {
	composed memo[*kind.Selector, function]
	limits   memo[string, []function]  // by scope
	classes  memo[*int32, []partition] // per function, by its first code, and variable of its scope
}

// memo keeps values by key. Two goroutines may make the same value at once.
type memo[K comparable, V any] struct {
	lock sync.Mutex
	of   map[K]V
}

func (m *memo[K, V]) get(key K, create func() V) V {
	m.lock.Lock()
	v, ok := m.of[key]
	m.lock.Unlock()
	if ok {
		return v
	}
	v = create()
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.of == nil {
		m.of = map[K]V{}
	}
	m.of[key] = v
	return v
}

// partition is a partition of the values of a variable into n classes, numbered in the order
// of their first values.
type partition struct {
	class []int32
	n     int
}

// refine makes a partition as fine as another one.
func (p *partition) refine(by partition) {
	if by.n == 1 || p.n == len(p.class) {
		return
	}
	number := make([]int32, p.n*by.n)
	p.n = 0
	for value, class := range p.class {
		at := &number[int(class)*by.n+int(by.class[value])]
		if *at == 0 {
			p.n++
			*at = int32(p.n)
		}
		p.class[value] = *at - 1
	}
}

// quotient returns the quotient of a scope by some functions of variables in it.
func (t *proof) quotient(s *space, scope []int, fns []function) *quotient {
	q := &quotient{scope: scope, of: s}
	q.cards = slices.Clone(s.cards)
	classes := make([]partition, len(s.cards))
	for _, v := range scope {
		classes[v] = partition{make([]int32, s.cards[v]), 1}
	}
	for _, fn := range fns {
		for i, by := range t.classesOf(s, fn) {
			classes[fn.scope[i]].refine(by)
		}
	}
	for _, v := range scope {
		var first []int32
		for value, class := range classes[v].class {
			if int(class) == len(first) {
				first = append(first, int32(value))
			}
		}
		q.values = append(q.values, first)
		q.cards[v] = len(first)
	}
	return q
}

// classesOf returns, per variable of a function's scope, the values that it does not tell
// apart.
func (t *proof) classesOf(s *space, fn function) []partition {
	return t.classes.get(&fn.code[0], func() []partition {
		holds := make([]byte, len(fn.code))
		for k, code := range fn.code {
			if code != 0 {
				holds[k] = 1
			}
		}
		all := make([]partition, len(fn.scope))
		stride := 1
		for i, v := range slices.Backward(fn.scope) {
			all[i] = alike(holds, stride, s.cards[v])
			stride *= s.cards[v]
		}
		return all
	})
}

// alike partitions the values of one variable of a test, whose configurations are a stride
// apart.
func alike(holds []byte, stride, card int) partition {
	p := partition{make([]int32, card), 1}
	line := partition{make([]int32, card), 2}
	var last []byte // the block before
	for from := 0; from < len(holds) && p.n < card; from += card * stride {
		block := holds[from : from+card*stride]
		if bytes.Equal(block, last) {
			continue
		}
		last = block
		for at := range stride {
			for value := range line.class {
				line.class[value] = int32(block[value*stride+at])
			}
			p.refine(line)
		}
	}
	return p
}

// restrict returns a function of variables in the scope on the quotient.
func (q *quotient) restrict(fn function) function {
	out := function{scope: fn.scope, code: []int32{}, slots: fn.slots}
	numbers := []int32{0} // of configurations of the function, over the values of the quotient
	for _, v := range fn.scope {
		values := q.values[slices.Index(q.scope, v)]
		next := make([]int32, 0, len(numbers)*len(values))
		for _, base := range numbers {
			for _, value := range values {
				next = append(next, base*int32(q.of.cards[v])+value)
			}
		}
		numbers = next
	}
	for _, k := range numbers {
		out.code = append(out.code, fn.code[k])
	}
	return out
}

// original returns the configuration of the scope that stands for one of the quotient.
func (q *quotient) original(k int) int {
	at, stride := 0, 1
	for i, v := range slices.Backward(q.scope) {
		at += int(q.values[i][k%q.cards[v]]) * stride
		k /= q.cards[v]
		stride *= q.of.cards[v]
	}
	return at
}
