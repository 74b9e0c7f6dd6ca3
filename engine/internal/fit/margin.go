package fit

import "slices"

// innerCells is the least number of clique cells that the inner loop over a
// margin covers, where the clique has so many.
const innerCells = 256

// margin maps the cells of a clique to the cells of a table whose scope the clique
// contains. The position of a configuration in the table is a sum over the
// clique's variables, so two short lists of offsets replace one entry per clique
// cell. Trailing variables that the table does not have become runs of equal
// cells.
type margin struct {
	hi, lo []int32
	run    int
	cell   []int32 // configuration of the table's scope -> cell
	size   int     // cells
}

// newMargin returns the map from the configurations of vars to those of scope, a
// subset; both are ascending. With a nil cell every configuration of scope is a
// separate cell, and size is ignored.
func newMargin(all []Var, vars, scope []int, cell []int32, size int) *margin {
	stride := make([]int32, len(vars))
	n := 1
	for i := len(vars) - 1; i >= 0; i-- {
		if slices.Contains(scope, vars[i]) {
			stride[i] = int32(n)
			n *= all[vars[i]].Card
		}
	}
	if cell == nil {
		size = n
		cell = make([]int32, n)
		for i := range cell {
			cell[i] = int32(i)
		}
	}
	m := &margin{run: 1, cell: cell, size: size}
	k := len(vars)
	for ; k > 0 && stride[k-1] == 0; k-- {
		m.run *= all[vars[k-1]].Card
	}
	split, inner := k, 1
	for ; split > 0 && inner < innerCells; split-- {
		inner *= all[vars[split-1]].Card
	}
	m.lo = offsets(all, vars[split:k], stride[split:k])
	m.hi = offsets(all, vars[:split], stride[:split])
	return m
}

// offsets lists the positions of all configurations of vars in row-major order,
// given the stride of every variable.
func offsets(all []Var, vars []int, stride []int32) []int32 {
	out := []int32{0}
	for i, v := range vars {
		next := make([]int32, 0, len(out)*all[v].Card)
		for _, o := range out {
			for x := range all[v].Card {
				next = append(next, o+int32(x)*stride[i])
			}
		}
		out = next
	}
	return out
}

// sum writes the sum of p in every table cell to out.
func (m *margin) sum(p, out []float64) {
	clear(out)
	k := 0
	for _, h := range m.hi {
		cell := m.cell[h:]
		if m.run == 1 {
			q := p[k : k+len(m.lo)]
			for j, l := range m.lo {
				out[cell[l]] += q[j]
			}
			k += len(m.lo)
			continue
		}
		for _, l := range m.lo {
			s := 0.0
			for _, x := range p[k : k+m.run] {
				s += x
			}
			out[cell[l]] += s
			k += m.run
		}
	}
}

// scale multiplies every clique cell of p by the factor f of its table cell.
func (m *margin) scale(p, f []float64) {
	k := 0
	for _, h := range m.hi {
		cell := m.cell[h:]
		if m.run == 1 {
			q := p[k : k+len(m.lo)]
			for j, l := range m.lo {
				q[j] *= f[cell[l]]
			}
			k += len(m.lo)
			continue
		}
		for _, l := range m.lo {
			x := f[cell[l]]
			q := p[k : k+m.run]
			for j := range q {
				q[j] *= x
			}
			k += m.run
		}
	}
}

// add adds to every clique cell of p the value f of its table cell.
func (m *margin) add(p, f []float64) {
	k := 0
	for _, h := range m.hi {
		cell := m.cell[h:]
		if m.run == 1 {
			q := p[k : k+len(m.lo)]
			for j, l := range m.lo {
				q[j] += f[cell[l]]
			}
			k += len(m.lo)
			continue
		}
		for _, l := range m.lo {
			x := f[cell[l]]
			q := p[k : k+m.run]
			for j := range q {
				q[j] += x
			}
			k += m.run
		}
	}
}

// dot writes the sum of a times b in every table cell to out.
func (m *margin) dot(a, b, out []float64) {
	clear(out)
	k := 0
	for _, h := range m.hi {
		cell := m.cell[h:]
		if m.run == 1 {
			q, r := a[k:k+len(m.lo)], b[k:k+len(m.lo)]
			for j, l := range m.lo {
				out[cell[l]] += float64(q[j] * r[j])
			}
			k += len(m.lo)
			continue
		}
		for _, l := range m.lo {
			s := 0.0
			for j := k; j < k+m.run; j++ {
				s += float64(a[j] * b[j])
			}
			out[cell[l]] += s
			k += m.run
		}
	}
}

// maximum raises every table cell of out to the largest value of p in it.
func (m *margin) maximum(p, out []float64) {
	k := 0
	for _, h := range m.hi {
		cell := m.cell[h:]
		for _, l := range m.lo {
			c := cell[l]
			for _, x := range p[k : k+m.run] {
				out[c] = max(out[c], x)
			}
			k += m.run
		}
	}
}
