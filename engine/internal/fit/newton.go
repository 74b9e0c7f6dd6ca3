package fit

import "math"

// Bounds of a run of Newton steps.
const (
	patience     = 10  // Newton steps without halving the distance that end a run
	fewPatience  = 3   // the same for an elastic fit, which need not be precise
	longPatience = 80  // the same for the last attempt
	maxCG        = 100 // conjugate gradient steps in one Newton step
	startDamping = 1e-3
	minDamping   = 1e-9
	maxStep      = 12 // largest change of a dual variable in one step
)

// newtonStep takes one Levenberg-Marquardt step (Marquardt 1963, "An algorithm for
// least-squares estimation of nonlinear parameters") on the dual of the whole
// tree, followed by a tour. The dual is concave. Its gradient is target minus
// fitted mass per cell, its negative Hessian the covariance of the cells'
// indicators. A product with the Hessian is one pass of conditional expectations
// to the roots and back; no matrix is formed. The damping is relative to the mass
// of a cell, so that a large damping gives a short step of iterative proportional
// fitting. When no step improves, newtonStep restores the state and returns false.
func (s *solver) newtonStep() bool {
	grad := s.gradient()
	before := l1(grad)
	s.tree.save(&s.saved)
	old := s.duals()
	for range 12 {
		dir, predicted := s.newtonDirection(grad)
		clip(dir)
		gain := s.move(dir)
		after := l1(s.gradient())
		if gain > 0.75*predicted || after < 0.1*before {
			s.damping = max(s.damping/10, minDamping)
		} else if gain < 0.25*predicted {
			s.damping = min(s.damping*4, 1)
		}
		if gain > 1e-4*predicted || after < 0.9*before {
			s.trail = append(s.trail, old)
			s.tour()
			s.sweeps++
			return true
		}
		s.tree.restore(&s.saved)
		for i, t := range s.tables {
			copy(t.dual, old[i])
		}
		s.damping = min(s.damping*10, 1)
	}
	return false
}

// clip bounds every change of a dual variable by maxStep.
func clip(dir [][]float64) {
	for i := range dir {
		for c, x := range dir[i] {
			dir[i][c] = max(-maxStep, min(maxStep, x))
		}
	}
}

func l1(x [][]float64) float64 {
	d := 0.0
	for i := range x {
		for _, v := range x[i] {
			d += abs(v)
		}
	}
	return d
}

// gradient measures every table and returns the gap of every cell.
func (s *solver) gradient() [][]float64 {
	g := make([][]float64, len(s.tables))
	for i, t := range s.tables {
		t.measure()
		g[i] = make([]float64, t.size)
		for c := range g[i] {
			g[i][c] = t.gap(c)
		}
	}
	return g
}

// move adds dir to the duals, updates and calibrates the tree, and returns by how
// much the dual function grew.
func (s *solver) move(dir [][]float64) float64 {
	gain := 0.0
	for i, t := range s.tables {
		gain -= t.potential()
		copy(t.work, t.dual)
		t.centre(dir[i], t.aim)
		for c, x := range dir[i] {
			t.dual[c] += x
		}
		t.normaliseDual()
		for c, x := range t.dual {
			t.work[c] = math.Exp(x - t.work[c])
		}
		gain += t.potential()
		t.m.scale(t.node.belief, t.work)
	}
	return gain - s.tree.calibrate()
}

// potential returns the table's term of the dual function: the sum of
// target x dual for a hard table, -rho log of the sum of target x exp(-dual/rho)
// for a soft one, and zero for a table that is not absolute, whose duals
// normaliseDual keeps on a surface instead.
func (t *table) potential() float64 {
	d := 0.0
	switch {
	case !t.absolute:
	case t.soft():
		for c, x := range t.target {
			d += x * math.Exp(-t.dual[c]/t.rho)
		}
		d = -t.rho * math.Log(d)
	default:
		for c, x := range t.target {
			d += float64(x * t.dual[c])
		}
	}
	return d
}

// normaliseDual shifts the duals of a soft table that is not absolute so that in
// every row the sum of target x exp(-dual/rho) is one.
func (t *table) normaliseDual() {
	if t.absolute || !t.soft() {
		return
	}
	t.updateAim()
	for c := range t.dual {
		if c < t.n && t.rowSum[t.row[c]] > 0 {
			t.dual[c] += t.rho * math.Log(t.rowSum[t.row[c]])
		}
	}
}

// newtonDirection solves (Hessian + damping) direction = gradient by conjugate
// gradients with a diagonal preconditioner, less precisely while the gradient is
// large (Dembo, Eisenstat and Steihaug 1982, "Inexact Newton methods"). It returns
// the direction and the gain that the quadratic model predicts.
func (s *solver) newtonDirection(grad [][]float64) (dir [][]float64, gain float64) {
	diag := s.curvature()
	zero := func() [][]float64 {
		v := make([][]float64, len(s.tables))
		for i, t := range s.tables {
			v[i] = make([]float64, t.size)
		}
		return v
	}
	x, res, z, h := zero(), zero(), zero(), zero()
	dir = zero()
	copyAll(res, grad)
	precondition := func() {
		for i := range z {
			for c, d := range diag[i] {
				z[i][c] = 0
				if d > 0 {
					z[i][c] = res[i][c] / d
				}
			}
		}
	}
	precondition()
	copyAll(dir, z)
	rz := dotAll(res, z)
	first := rz
	forcing := min(0.1, math.Sqrt(l1(grad)))
	for range maxCG {
		s.hessian(dir, h)
		for i := range h {
			for c, d := range diag[i] {
				h[i][c] += float64(s.damping * d * dir[i][c])
			}
		}
		curve := dotAll(dir, h)
		if !(curve > 1e-30) {
			break
		}
		alpha := rz / curve
		addAll(x, alpha, dir)
		addAll(res, -alpha, h)
		precondition()
		next := dotAll(res, z)
		if !(next > forcing*forcing*first) {
			break
		}
		beta := next / rz
		rz = next
		for i := range dir {
			for c := range dir[i] {
				dir[i][c] = z[i][c] + float64(beta*dir[i][c])
			}
		}
	}
	// The quadratic model predicts grad x - x H x / 2, where H x = grad - res.
	return x, (dotAll(grad, x) + dotAll(res, x)) / 2
}

// curvature returns an approximation of the diagonal of the Hessian: the mass of
// every cell, and zero outside a universe.
func (s *solver) curvature() [][]float64 {
	d := make([][]float64, len(s.tables))
	for i, t := range s.tables {
		d[i] = make([]float64, t.size)
		for c, m := range t.mass {
			if t.rowOf(c) < t.rows {
				d[i][c] = m
			}
		}
	}
	return d
}

// hessian writes the product of the Hessian with x to out: per cell, the covariance
// of its constraint function with X, the sum of x over all tables, plus the term
// of a soft table's penalty.
func (s *solver) hessian(x, out [][]float64) {
	s.products++
	val := s.tree.scratch()
	for i := range val {
		clear(val[i])
	}
	for i, t := range s.tables {
		copy(t.work, x[i])
		t.centre(t.work, t.aim)
		t.m.add(val[t.at], t.work)
	}
	mean := s.expectations(val)
	for i, n := range s.tree.nodes {
		for k, b := range n.belief {
			val[i][k] *= b
		}
	}
	for i, t := range s.tables {
		t.m.sum(val[t.at], out[i])
		t.constrain(out[i], mean[t.at])
		if t.soft() {
			t.addPenalty(x[i], out[i])
		}
	}
}

// constrain turns E[X 1(c)] into the covariance of X with the cell's
// constraint function: 1(c) when absolute, else 1(c) - aim_c 1(row).
func (t *table) constrain(h []float64, mean float64) {
	if t.absolute {
		for c, m := range t.mass {
			h[c] -= float64(m * mean)
		}
		return
	}
	clear(t.rowSum)
	for c := range h {
		t.rowSum[t.rowOf(c)] += h[c]
	}
	for c := range h {
		h[c] -= float64(t.aim[c] * t.rowSum[t.rowOf(c)])
	}
}

// addPenalty adds mass/rho (diag(aim) - aim aim') x, row by row.
func (t *table) addPenalty(x, h []float64) {
	clear(t.rowSum)
	for c := range x {
		t.rowSum[t.rowOf(c)] += float64(t.aim[c] * x[c])
	}
	for c := range x {
		mass := 1.0
		if !t.absolute {
			if c == t.n {
				continue
			}
			mass = t.rowMass[t.row[c]]
		}
		h[c] += float64(mass / t.rho * t.aim[c] * (x[c] - t.rowSum[t.rowOf(c)]))
	}
}

// expectations replaces val, which holds each node's own terms of X per clique
// cell, by E[X | cell]. A pass to the roots adds to every clique the conditional
// expectation of the terms below it, and a pass back the terms above. It returns,
// per node, the mean of X in the node's component.
func (s *solver) expectations(val [][]float64) []float64 {
	nodes := s.tree.nodes
	below := make([][]float64, len(nodes))
	mean := make([]float64, len(nodes))
	for i := len(nodes) - 1; i >= 0; i-- {
		n := nodes[i]
		if n.parent < 0 {
			continue
		}
		n.up.dot(n.belief, val[i], n.message)
		n.divide()
		below[i] = append([]float64(nil), n.message...)
		n.down.add(val[n.parent], n.message)
	}
	for i, n := range nodes {
		if n.parent < 0 {
			for k, b := range n.belief {
				mean[i] += float64(b * val[i][k])
			}
			continue
		}
		mean[i] = mean[n.parent]
		n.down.dot(nodes[n.parent].belief, val[n.parent], n.message)
		n.divide()
		for k, b := range below[i] {
			n.message[k] -= b
		}
		n.up.add(val[i], n.message)
	}
	return mean
}

func (n *node) divide() {
	for k, mass := range n.sep {
		if mass > 0 {
			n.message[k] /= mass
		} else {
			n.message[k] = 0
		}
	}
}
