package sample

import (
	"context"
	"math"

	"github.com/personagen/personagen/engine/internal/rng"
)

// stepTable is the table of one step while its counts are found: one row per
// configuration of Given that has people, one column per value of Var.
type stepTable struct {
	card        int
	row         []int32   // per row: its configuration of Given
	size        []int32   // per row: its people, fixed by the earlier steps
	expected    []float64 // rows x card: expected counts; 0 in cells that must be empty
	count       []int32   // rows x card: counts
	constraints []constraint
	cells       []boundCell // cells of all constraints
	source      *rng.Source

	// prices of the cells; the last is that of a place outside of a constraint, 0.
	prices []price
	// counted lists, per row and column, the cell of every constraint in which a
	// person there counts, len(cells) for none. It is nil when it would be too large,
	// and countedIn then fills scratch.
	counted []int32
	scratch [2][]int32
}

// price is by how much the cost changes when a person leaves or joins a cell.
type price struct{ less, add int64 }

// mostCounted bounds the length of stepTable.counted, mostPlaces that of constraint.places.
const (
	mostCounted = 16 << 20
	mostPlaces  = 1 << 20
)

// constraint is a target in the coordinates of the step's table. The index of a
// configuration of the target's scope is the sum of a part that the row fixes,
// rowPart, and one that the column fixes, column*stride.
type constraint struct {
	cell    []int32 // per configuration: index into stepTable.cells, -1 is outside
	rowPart []int32 // per row
	stride  int32   // of the column
	weight  int64
	// rows lists the rows by rowPart: those of part p are at start[p] to start[p+1].
	rows, start []int32
	// configurations lists the configurations by cell: those of the constraint's
	// i-th cell are at from[i] to from[i+1]. people is the cumulative number of
	// rows of the listed configurations.
	configurations, from, people []int32
	first                        int32 // index of the constraint's first cell
	// places lists the places, row*card + column, of the listed configurations: those of
	// one are its rows. It is nil when it would be too large.
	places []int32
}

// boundCell is a cell of a constraint. Its count should be within low and high, in
// general the floor and the ceiling of its target; being e persons outside costs
// weight*e*(e+1)/2.
type boundCell struct {
	constraint int32
	low, high  int32
	count      int32
	target     float64
	up, down   float64 // odds of the ceiling over the floor, and of the floor
	listed     int32   // position in the list of broken cells, -1 when within
}

// weights of a broken cell, per rank: a higher rank hardly ever outweighs a lower.
var weights = [...]int64{1: 1 << 20, 2: 1 << 10, 3: 1}

// bind adds the targets that are settled at this step.
func (b *stepTable) bind(m *Model, s *Step, targets []target, persons int64) {
	scope := s.scope()
	for k, t := range targets {
		l := constraint{weight: weights[t.rank], first: int32(len(b.cells)), cell: make([]int32, len(t.cell))}
		for i, c := range t.cell {
			l.cell[i] = -1
			if c >= 0 {
				l.cell[i] = l.first + c
			}
		}
		to := m.project(scope, t.scope)
		l.stride = int32(to.at(1)) // Var is the last, fastest variable of the step
		if b.card == 1 {
			l.stride = 0
		}
		for _, row := range b.row {
			l.rowPart = append(l.rowPart, int32(to.at(int(row)*b.card)))
		}
		for i, share := range t.share {
			x := float64(share * float64(persons))
			up := odds(x - math.Floor(x))
			c := boundCell{
				constraint: int32(k), target: x, listed: -1, up: up, down: 1 / up,
				low: int32(math.Floor(x + whole)), high: int32(math.Ceil(x - whole)),
			}
			if t.within != nil {
				c.leaveRoom(float64(t.within[i] * float64(persons)))
			}
			if t.bounds != nil {
				c.low, c.high = int32(t.bounds.low), int32(t.bounds.high)
			}
			b.cells = append(b.cells, c)
		}
		l.index(len(t.share), b.card)
		b.constraints = append(b.constraints, l)
	}
}

// leaveRoom narrows the bounds of a cell that is part of a larger one which is
// settled later and expects all persons. The rest of the larger one is expected to
// get its rounded target; together they must reach the larger one's floor or
// ceiling.
func (c *boundCell) leaveRoom(all float64) {
	rest := int32(math.Round(all - c.target))
	low, high := max(c.low, int32(math.Floor(all+whole))-rest), min(c.high, int32(math.Ceil(all-whole))-rest)
	if low <= high {
		c.low, c.high = low, high
	}
}

// index fills the lists of rows by rowPart, of configurations by cell, and of places.
func (l *constraint) index(cells, card int) {
	l.start, l.rows = bucket(l.rowPart, len(l.cell))
	own := make([]int32, len(l.cell))
	for i, c := range l.cell {
		own[i] = max(c-l.first, -1)
	}
	l.from, l.configurations = bucket(own, cells)
	l.people = make([]int32, len(l.configurations)+1)
	for i, c := range l.configurations {
		rowPart := l.rowPartOf(c, card)
		l.people[i+1] = l.people[i] + l.start[rowPart+1] - l.start[rowPart]
	}
	if l.people[len(l.configurations)] > mostPlaces {
		return
	}
	l.places = make([]int32, 0, l.people[len(l.configurations)])
	for _, c := range l.configurations {
		rowPart, column := l.rowPartOf(c, card), l.columnOf(c, card)
		for _, row := range l.rows[l.start[rowPart]:l.start[rowPart+1]] {
			l.places = append(l.places, row*int32(card)+column)
		}
	}
}

// rowPartOf returns the row's part of a configuration's index.
func (l *constraint) rowPartOf(configuration int32, card int) int32 {
	return configuration - l.columnOf(configuration, card)*l.stride
}

func (l *constraint) columnOf(configuration int32, card int) int32 {
	if l.stride == 0 {
		return 0
	}
	return configuration / l.stride % int32(card)
}

// bucket sorts the indices of keys by key: those of key k are index[start[k]] to
// index[start[k+1]-1]. Negative keys are left out.
func bucket(keys []int32, n int) (start, index []int32) {
	start = make([]int32, n+1)
	for _, k := range keys {
		if k >= 0 {
			start[k+1]++
		}
	}
	for k := range n {
		start[k+1] += start[k]
	}
	index = make([]int32, start[n])
	next := append([]int32(nil), start[:n]...)
	for i, k := range keys {
		if k >= 0 {
			index[next[k]] = int32(i)
			next[k]++
		}
	}
	return start, index
}

// at returns the cell of a row and column, or -1.
func (l *constraint) at(row, column int) int32 {
	return l.cell[l.rowPart[row]+int32(column)*l.stride]
}

// Raking stops when every target is met within rakeTolerance persons, or after
// rakeSweeps sweeps: it only prepares the rounding. A target of less than exact
// persons is met anywhere between its floor and its ceiling, because moving a
// fraction of a person into the few rows that have people would inflate their
// rarest cells.
const (
	rakeTolerance = 0.05
	rakeSweeps    = 12
	exact         = 0.5
)

// rake scales the expected counts towards the targets and keeps the row sums:
// iterative proportional fitting (Deming and Stephan 1940).
func (b *stepTable) rake() {
	factor := make([]float64, len(b.cells))
	for range rakeSweeps {
		worst := 0.0
		for k := range b.constraints {
			worst = max(worst, b.rakeTo(&b.constraints[k], factor))
		}
		b.rakeRows()
		if worst <= rakeTolerance {
			return
		}
	}
}

// rakeTo scales to one constraint and returns by how many persons its worst cell
// was off. A sweep changes no cell by more than a factor of four, so that a target
// that cannot be met does not empty its row.
func (b *stepTable) rakeTo(l *constraint, sum []float64) float64 {
	clear(sum)
	for r, at := range l.rowPart {
		for _, x := range b.expected[r*b.card : (r+1)*b.card] {
			if cell := l.cell[at]; cell >= 0 {
				sum[cell] += x
			}
			at += l.stride
		}
	}
	worst := 0.0
	for i := l.first; int(i) < len(b.cells) && b.cells[i].constraint == b.cells[l.first].constraint; i++ {
		if sum[i] == 0 {
			continue
		}
		target := b.cells[i].target
		if target < exact {
			target = min(max(sum[i], float64(b.cells[i].low)), float64(b.cells[i].high))
		}
		worst = max(worst, math.Abs(target-sum[i]))
		sum[i] = min(max(target/sum[i], 0.25), 4)
	}
	for r, at := range l.rowPart {
		row := b.expected[r*b.card : (r+1)*b.card]
		for c := range row {
			if cell := l.cell[at]; cell >= 0 {
				row[c] *= sum[cell]
			}
			at += l.stride
		}
	}
	return worst
}

// rakeRows scales every row back to its people.
func (b *stepTable) rakeRows() {
	for r, n := range b.size {
		row := b.expected[r*b.card : (r+1)*b.card]
		sum := 0.0
		for _, x := range row {
			sum += x
		}
		for c := range row {
			row[c] *= float64(n) / sum
		}
	}
}

// recount sets the counts and prices of all constraints' cells.
func (b *stepTable) recount() {
	for k := range b.constraints {
		l := &b.constraints[k]
		for r := range b.row {
			for c, n := range b.count[r*b.card : (r+1)*b.card] {
				if cell := l.at(r, c); cell >= 0 {
					b.cells[cell].count += n
				}
			}
		}
	}
	b.prices = make([]price, len(b.cells)+1)
	for i := range b.cells {
		b.prices[i] = b.cells[i].price(b.constraints[b.cells[i].constraint].weight)
	}
	b.locate()
}

// locate fills counted.
func (b *stepTable) locate() {
	n, nowhere := len(b.constraints), int32(len(b.cells))
	if len(b.expected)*n > mostCounted {
		b.scratch = [2][]int32{make([]int32, n), make([]int32, n)}
		return
	}
	b.counted = make([]int32, len(b.expected)*n)
	for k := range b.constraints {
		l, to := &b.constraints[k], k
		for _, at := range l.rowPart {
			for range b.card {
				if b.counted[to] = l.cell[at]; b.counted[to] < 0 {
					b.counted[to] = nowhere
				}
				at += l.stride
				to += n
			}
		}
	}
}

// countedIn returns, per constraint, the cell in which a person of a row and column
// counts, len(cells) for none. The slice is valid until the next call with the same
// number, 0 or 1.
func (b *stepTable) countedIn(row, column int32, number int) []int32 {
	n := len(b.constraints)
	if b.counted != nil {
		at := (int(row)*b.card + int(column)) * n
		return b.counted[at : at+n : at+n]
	}
	in := b.scratch[number]
	for k := range b.constraints {
		in[k] = b.constraints[k].at(int(row), int(column))
		if in[k] < 0 {
			in[k] = int32(len(b.cells))
		}
	}
	return in
}

// price returns by how much one person less or more would change the cost.
func (c *boundCell) price(weight int64) (p price) {
	over, under := int64(c.count-c.high), int64(c.low-c.count)
	switch {
	case over > 0:
		p.less = -weight * over
	case under >= 0:
		p.less = weight * (under + 1)
	}
	switch {
	case under > 0:
		p.add = -weight * under
	case over >= 0:
		p.add = weight * (over + 1)
	}
	return p
}

func (c *boundCell) broken() bool { return c.count < c.low || c.count > c.high }

// move is the move of a person of a row from one column to another.
type move struct{ row, from, to int32 }

// change returns by how much a move changes the cost of all constraints.
func (b *stepTable) change(m move) int64 {
	var sum int64
	to := b.countedIn(m.row, m.to, 1)
	for k, from := range b.countedIn(m.row, m.from, 0) {
		if from != to[k] {
			sum += b.prices[from].less + b.prices[to[k]].add
		}
	}
	return sum
}

// chance returns the relative probability with which unbiased rounding would have
// made the move: the product of the odds of its two cells and of the constraints'
// cells that stay within their bounds.
func (b *stepTable) chance(m move) float64 {
	from, to := int(m.row)*b.card+int(m.from), int(m.row)*b.card+int(m.to)
	p := odds(float64(b.count[from])-b.expected[from]) * odds(b.expected[to]-float64(b.count[to])) *
		rarity(b.expected[to], b.count[to])
	in, nowhere := b.countedIn(m.row, m.to, 1), int32(len(b.cells))
	for k, from := range b.countedIn(m.row, m.from, 0) {
		to := in[k]
		if from == to {
			continue
		}
		if from < nowhere && b.prices[from].less == 0 {
			p *= b.cells[from].down
		}
		if to < nowhere && b.prices[to].add == 0 {
			p *= b.cells[to].up
		}
	}
	return p
}

// odds returns the odds of rounding a remainder up, limited to 1/64 and 64, also
// outside 0 and 1.
func odds(remainder float64) float64 {
	const least, most = 1.0 / 64, 64
	switch {
	case remainder <= 0:
		return least
	case remainder >= 1:
		return most
	}
	return min(max(remainder/(1-remainder), least), most)
}

// rarity is a factor that keeps rare cells rare: below one when the cell would have
// more than the expected count.
func rarity(expected float64, count int32) float64 {
	return min(expected/float64(count+1), 1)
}

// search is a local search that repairs one step's table with ejection chains
// (Glover 1996, "Ejection chains, reference structures and alternating path methods
// for traveling salesman problems"). It takes a broken cell, makes the best of some
// moves that help it, continues with a cell that the move broke, and undoes the
// chain if it raised the cost.
type search struct {
	*stepTable
	broken []int32
	chain  []move
	work   int // columns looked at and constraints priced
}

// Bounds of the search.
const (
	chainLength = 8
	patience    = 200         // chains that may fail in a row, per broken cell
	budget      = 250_000_000 // of work, about a second
	tries       = 160         // places of a broken cell that are looked at
	enough      = 6           // 1 to 2^(enough-1) of these places are priced
	counter     = 1024        // places that are looked at for a counter-move
	blindness   = 8           // one choice in so many ignores the cost
	rare        = 0.05        // expected persons, see tooRare
)

// repair moves people within rows until every constraint is met or the search
// gives up. The error is that of ctx.
func (b *stepTable) repair(ctx context.Context) error {
	s := &search{stepTable: b}
	for i := range b.cells {
		s.list(int32(i))
	}
	failed := 0
	for n := 0; len(s.broken) > 0 && failed < patience*(len(s.broken)+2) && s.work < budget; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if s.follow(s.broken[b.source.Below(len(s.broken))]) {
			failed = 0
		} else {
			failed++
		}
	}
	return nil
}

// list adds cell i to the list of broken cells, or removes it, as needed.
func (s *search) list(i int32) {
	c := &s.cells[i]
	switch broken := c.broken(); {
	case broken && c.listed < 0:
		c.listed = int32(len(s.broken))
		s.broken = append(s.broken, i)
	case !broken && c.listed >= 0:
		last := s.broken[len(s.broken)-1]
		s.broken[c.listed] = last
		s.cells[last].listed = c.listed
		s.broken = s.broken[:len(s.broken)-1]
		c.listed = -1
	}
}

// follow makes a chain of moves that starts at a broken cell, and reports whether
// it lowered the cost. A chain that does not change the cost is kept, so that the
// search can cross plateaus.
func (s *search) follow(cell int32) bool {
	s.chain = s.chain[:0]
	var total int64
	for len(s.chain) < chainLength {
		m, ok := s.best(cell)
		if !ok {
			break
		}
		total += s.change(m)
		s.apply(m)
		s.chain = append(s.chain, m)
		if total < 0 || total == 0 && s.source.Below(2) == 0 {
			break
		}
		if cell, ok = s.worst(m); !ok {
			break
		}
	}
	if total > 0 {
		s.takeBack()
	}
	return total < 0
}

// takeBack undoes the chain.
func (s *search) takeBack() {
	for i := len(s.chain) - 1; i >= 0; i-- {
		m := s.chain[i]
		s.apply(move{m.row, m.to, m.from})
	}
}

// apply makes a move.
func (s *search) apply(m move) {
	s.count[int(m.row)*s.card+int(m.from)]--
	s.count[int(m.row)*s.card+int(m.to)]++
	to := s.countedIn(m.row, m.to, 1)
	for k, from := range s.countedIn(m.row, m.from, 0) {
		if from != to[k] {
			s.adjust(from, -1, s.constraints[k].weight)
			s.adjust(to[k], 1, s.constraints[k].weight)
		}
	}
}

func (s *search) adjust(cell, by int32, weight int64) {
	if int(cell) == len(s.cells) {
		return
	}
	s.cells[cell].count += by
	s.prices[cell] = s.cells[cell].price(weight)
	s.list(cell)
}

// worst returns a cell of the greatest weight that a move has made worse and left
// broken; ok is false when there is none.
func (s *search) worst(m move) (int32, bool) {
	worst, weight, equal := int32(-1), int64(0), 0
	to := s.countedIn(m.row, m.to, 1)
	for k, from := range s.countedIn(m.row, m.from, 0) {
		if from == to[k] {
			continue
		}
		l := &s.constraints[k]
		for i, cell := range [2]int32{from, to[k]} {
			// The chain does not follow a cell that the move has helped, even if it
			// is still broken.
			if int(cell) == len(s.cells) || i == 0 && s.cells[cell].count >= s.cells[cell].low || i == 1 && s.cells[cell].count <= s.cells[cell].high {
				continue
			}
			if l.weight > weight {
				worst, weight, equal = cell, l.weight, 1
			} else if l.weight == weight {
				if equal++; s.source.Below(equal) == 0 {
					worst = cell
				}
			}
		}
	}
	return worst, worst >= 0
}

// best returns the move with the least cost among those that help a broken cell at
// some random places; among moves of equal cost it draws one by their chances. In a
// chain, half of the choices consider only moves between the two columns of the
// last move in the other direction, which keep the column sums, but at many more
// places. ok is false when no move was found.
func (s *search) best(cell int32) (move, bool) {
	c := &s.cells[cell]
	p := pricing{stepTable: s.stepTable, cell: cell, constraint: &s.constraints[c.constraint], out: c.count > c.high, last: int32(s.card)}
	looks, priced := tries, 1<<s.source.Below(enough)
	if n := len(s.chain); n > 0 && s.source.Below(2) == 0 {
		p.first = s.chain[n-1].to
		if p.out {
			p.first = s.chain[n-1].from
		}
		p.last = p.first + 1
		looks, priced = counter, counter
	} else {
		p.blind = s.source.Below(blindness) == 0
	}

	l := p.constraint
	from, to := int(l.from[cell-l.first]), int(l.from[cell-l.first+1])
	places := int(l.people[to] - l.people[from])
	if places == 0 {
		return move{}, false
	}
	start := s.source.Below(places)
	for n := 0; n < min(places, looks) && priced > 0; n++ {
		place := (start + n) % places
		if places > looks {
			place = s.source.Below(places)
		}
		row, column := s.place(l, from, to, int32(place))
		if s.offer(&p, row, column) {
			priced--
		}
	}
	return p.move, p.total > 0
}

// place returns the row and column of the n-th place of the configurations with
// the list positions from to to-1.
func (s *search) place(l *constraint, from, to int, n int32) (row, column int32) {
	n += l.people[from]
	if l.places != nil {
		at := l.places[n]
		return at / int32(s.card), at % int32(s.card)
	}
	low, high := from, to-1 // search the last configuration whose people start at or before n
	for low < high {
		middle := (low + high + 1) / 2
		if l.people[middle] <= n {
			low = middle
		} else {
			high = middle - 1
		}
	}
	configuration := l.configurations[low]
	rowPart := l.rowPartOf(configuration, s.card)
	return l.rows[l.start[rowPart]+n-l.people[low]], l.columnOf(configuration, s.card)
}

// offer prices the moves out of a place when the cell has too many people, or into
// it when the cell has too few, and reports whether there were any.
func (s *search) offer(p *pricing, row, column int32) bool {
	at := int(row) * s.card
	expected, count := s.expected[at:at+s.card], s.count[at:at+s.card]
	if p.out && count[column] == 0 || !p.out && expected[column] == 0 {
		return false
	}
	s.work += int(p.last - p.first)
	found := false
	for other := p.first; other < p.last; other++ {
		if p.out && expected[other] == 0 || !p.out && count[other] == 0 {
			continue
		}
		m := move{row, column, other}
		if !p.out {
			m = move{row, other, column}
		}
		if p.constraint.at(int(row), int(other)) == p.cell || s.undoes(m) || s.tooRare(expected[m.to]) {
			continue
		}
		found = true
		s.work += len(s.constraints)
		p.price(m)
	}
	return found
}

// undoes reports whether a move reverses a move of the chain, partly or entirely.
func (s *search) undoes(m move) bool {
	for _, old := range s.chain {
		if old.row == m.row && (old.to == m.from || old.from == m.to) {
			return true
		}
	}
	return false
}

// tooRare decides at random whether to skip a move into a cell, more often the
// fewer persons the cell expects, so that repair does not fill cells that sampling
// would leave empty.
func (s *search) tooRare(expected float64) bool {
	return expected < rare && float64(s.source.Float64()*rare) > expected
}

// pricing chooses a move that helps a broken cell. It keeps the cheapest move;
// among equals it draws one with probability proportional to its chance (reservoir
// sampling). When blind it treats all moves as equal, because sometimes the only
// way out of a dead end starts with an expensive move.
type pricing struct {
	*stepTable
	cell        int32
	constraint  *constraint
	out         bool  // the cell has too many
	first, last int32 // columns on the other side of the move
	blind       bool

	least int64
	total float64 // sum of the chances of the moves with the least cost so far
	move  move
}

func (p *pricing) price(m move) {
	if !p.blind {
		by := p.change(m)
		if p.total > 0 && by > p.least {
			return
		}
		if by < p.least {
			p.total = 0
		}
		p.least = by
	}
	chance := p.chance(m)
	p.total += chance
	if float64(p.source.Float64()*p.total) <= chance {
		p.move = m
	}
}
