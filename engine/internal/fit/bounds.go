package fit

// roundingNoise is a share of the whole population by which a cell may exceed its
// bounds, because sums of shares are not exact.
const roundingNoise = 1e-9

// bounded reports whether the table may move only as far as its figures are rounded.
func (t *table) bounded() bool { return t.def != nil && t.def.Low != nil }

// ownMass reports whether the table itself says which share of the population each
// row has: it has one row, of everyone.
func (t *table) ownMass() bool { return t.rows <= 1 && t.size == t.n }

// slack returns by how much the mass of cell c may change, for a row with a mass.
func (t *table) slack(c int, rowMass float64) float64 {
	if !t.bounded() || c >= t.n {
		return 0
	}
	return max(t.share[c]-t.def.Low[c], t.def.High[c]-t.share[c]) * rowMass
}

// masses sums shares of the whole population over the rows.
func (t *table) masses(x []float64) []float64 {
	mass := make([]float64, t.rows)
	for c, r := range t.row {
		mass[r] += x[c]
	}
	return mass
}

// outside returns by how much a cell of x, shares of the whole population, exceeds its
// bounds, for the cell that does so most.
func (t *table) outside(x []float64) float64 {
	if !t.bounded() {
		return 0
	}
	worst := 0.0
	mass := t.masses(x)
	for c, r := range t.row {
		worst = max(worst, float64(t.def.Low[c]*mass[r])-x[c], x[c]-float64(t.def.High[c]*mass[r]))
	}
	return worst
}

// tooFar reports whether the shares x of the whole population differ by more from the
// published ones than the table allows.
func (t *table) tooFar(x []float64, tolerance float64) bool {
	if t.bounded() {
		return t.outside(x) > roundingNoise+tolerance
	}
	return t.distance(x) > t.def.Tolerance+tolerance
}

// distance returns the total variation distance between the published shares within
// the rows and x, shares of the whole population. A change of a row's mass does not
// count: a table of a universe does not publish the size of the universe.
func (t *table) distance(x []float64) float64 {
	mass := t.masses(x)
	d := 0.0
	for c, r := range t.row {
		d += abs(x[c]-float64(t.share[c]*mass[r])) / 2
	}
	return d
}

// clip moves every cell that is outside of its bounds to the nearer one. When free, a
// table has no bounds but zero.
func (t *table) clip(x []float64, free bool) {
	if !t.bounded() || free {
		for c := range x {
			x[c] = max(x[c], 0)
		}
		return
	}
	mass := t.masses(x)
	for c, r := range t.row {
		x[c] = min(max(x[c], float64(t.def.Low[c]*mass[r])), float64(t.def.High[c]*mass[r]))
	}
}
