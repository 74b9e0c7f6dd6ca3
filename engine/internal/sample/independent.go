package sample

import (
	"math/bits"

	"github.com/personagen/personagen/engine/internal/rng"
)

// Independent draws every person independently from the model, without reference
// to the size of the population. It is safe for concurrent use.
type Independent struct {
	columns []draw
}

// draw is the inverse distribution function of one step: for each configuration of
// the given variables the possible values with their cumulative probability in
// units of 2^-64, and a guide table into them (Chen and Asau 1974, "On generating
// random variates from an empirical distribution", AIIE Transactions 6).
type draw struct {
	variable int
	stream   rng.Stream
	given    []digit
	start    []int32 // configuration k has choices[start[k]:start[k+1]]
	choices  []choice
}

// choice is a possible value of a configuration. The n choices of a configuration
// also hold its guide table: the i-th has the choice, counted from the
// configuration's first, at which the search starts for the i-th of n equal slices
// of the unit interval.
type choice struct {
	below uint64 // cumulative probability, this value included
	value int32
	guide int32
}

// digit is a given variable and the stride of its value in the configuration.
type digit struct {
	variable int
	stride   int32
}

// NewIndependent returns a sampler of independent draws. The error is that of
// Model.Validate.
func NewIndependent(m *Model, seed uint64) (*Independent, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	q := &Independent{}
	for i := range m.Steps {
		q.columns = append(q.columns, newDraw(m, &m.Steps[i], seed))
	}
	return q, nil
}

func newDraw(m *Model, s *Step, seed uint64) draw {
	v := m.Vars[s.Var]
	d := draw{variable: s.Var, stream: rng.New(seed, v.Name), start: []int32{0}}
	for i, stride := range strides(m.cards(s.Given)) {
		d.given = append(d.given, digit{s.Given[i], int32(stride)})
	}
	for row := 0; row < len(s.Weight); row += v.Card {
		d.addRow(s.Weight[row : row+v.Card])
	}
	return d
}

// addRow adds the distribution of one configuration. A row without weight, which
// is that of an impossible configuration, has no choices.
func (d *draw) addRow(weight []float64) {
	from := len(d.choices)
	total := 0.0
	for _, w := range weight {
		total += w
	}
	sum := 0.0
	for v, w := range weight {
		if w > 0 {
			sum += w
			d.choices = append(d.choices, choice{below: threshold(sum / total), value: int32(v)})
		}
	}
	row := d.choices[from:]
	at := 0
	for i := range row {
		low, _ := bits.Div64(uint64(i), 0, uint64(len(row))) // i/n in units of 2^-64
		for at < len(row)-1 && row[at].below <= low {
			at++
		}
		row[i].guide = int32(at)
	}
	d.start = append(d.start, int32(len(d.choices)))
}

// threshold returns p in units of 2^-64.
func threshold(p float64) uint64 {
	if p >= 1 {
		return 1<<64 - 1
	}
	return uint64(p * (1 << 64))
}

// Fill sets codes[v][j] to the value of variable v of person first+j. codes has a
// slice for every variable of the model, all of the same length.
func (q *Independent) Fill(first int64, codes [][]int32) {
	for i := range q.columns {
		q.columns[i].fill(first, codes)
	}
}

func (d *draw) fill(first int64, codes [][]int32) {
	out := codes[d.variable]
	clear(out)
	for _, g := range d.given { // until the next loop out holds configurations
		given := codes[g.variable][:len(out)]
		for j := range out {
			out[j] += given[j] * g.stride
		}
	}
	for j, row := range out {
		choices := d.choices[d.start[row]:d.start[row+1]]
		if len(choices) == 1 {
			out[j] = choices[0].value
			continue
		}
		out[j] = pick(choices, d.stream.Uint64(first+int64(j)))
	}
}

// pick returns the value for the uniform random word u.
func pick(choices []choice, u uint64) int32 {
	slice, _ := bits.Mul64(u, uint64(len(choices)))
	i := int(choices[slice].guide)
	for i < len(choices)-1 && u >= choices[i].below {
		i++
	}
	return choices[i].value
}
