package sample

import (
	"context"
	"math"

	"github.com/personagen/personagen/engine/internal/rng"
)

// board is the table of one step while its counts are found: one row per
// configuration of Given that has people, one column per value of Var.
type board struct {
	card   int
	row    []int32   // per row: its configuration of Given
	size   []int32   // per row: its people, fixed by the earlier steps
	want   []float64 // rows x card: expected counts; 0 where a person may not be
	have   []int32   // rows x card: counts
	limits []limit
	cells  []limited // cells of all limits
	source *rng.Source
}

// limit is a target as this step sees it. A configuration is split into what
// the row fixes, its base, and the column's part, column*stride.
type limit struct {
	cell   []int32 // per configuration: index into board.cells, -1 is outside
	base   []int32 // per row
	stride int32   // of the column
	weight int64
	// rows lists the rows by base: those of base b stand at start[b] to start[b+1].
	rows, start []int32
	// configurations lists the configurations by cell: those of cell i (counted
	// from the limit's first) stand at from[i] to from[i+1]; people is the
	// cumulative number of rows of the listed configurations.
	configurations, from, people []int32
	first                        int32 // index of the limit's first cell
}

// limited is a cell of a limit. Its count shall lie within low and high, the
// floor and the ceiling of its target; being e persons outside costs
// weight*e*(e+1)/2.
type limited struct {
	limit     int32
	low, high int32
	count     int32
	target    float64
	up, down  float64 // odds of the ceiling over the floor, and of the floor
	less, add int64   // change of cost when one person leaves or joins
	listed    int32   // position in the list of broken cells, -1 when within
}

// weights of a broken limit, per rank: a lower rank is never given up for a higher one.
var weights = [...]int64{1: 1 << 20, 2: 1 << 10, 3: 1}

// bind attaches the targets settled at this step.
func (b *board) bind(m *Model, s *Step, targets []target, persons int64) {
	scope := s.scope()
	for k, t := range targets {
		l := limit{weight: weights[t.rank], first: int32(len(b.cells)), cell: make([]int32, len(t.cell))}
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
			l.base = append(l.base, int32(to.at(int(row)*b.card)))
		}
		for i, share := range t.share {
			x := float64(share * float64(persons))
			up := odds(x - math.Floor(x))
			c := limited{
				limit: int32(k), target: x, listed: -1, up: up, down: 1 / up,
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
		b.limits = append(b.limits, l)
	}
}

// leaveRoom narrows the bounds of a cell that is part of one that is settled
// later, so that the rest, which is what is expected of it to the nearest person,
// fills that one up to its floor or ceiling.
func (c *limited) leaveRoom(all float64) {
	rest := int32(math.Round(all - c.target))
	low, high := max(c.low, int32(math.Floor(all+whole))-rest), min(c.high, int32(math.Ceil(all-whole))-rest)
	if low <= high {
		c.low, c.high = low, high
	}
}

// index builds the lists of rows by base and of configurations by cell.
func (l *limit) index(cells, card int) {
	l.start, l.rows = bucket(l.base, len(l.cell))
	own := make([]int32, len(l.cell))
	for i, c := range l.cell {
		own[i] = max(c-l.first, -1)
	}
	l.from, l.configurations = bucket(own, cells)
	l.people = make([]int32, len(l.configurations)+1)
	for i, c := range l.configurations {
		base := l.baseOf(c, card)
		l.people[i+1] = l.people[i] + l.start[base+1] - l.start[base]
	}
}

// baseOf returns the row's part of a configuration.
func (l *limit) baseOf(configuration int32, card int) int32 {
	return configuration - l.columnOf(configuration, card)*l.stride
}

func (l *limit) columnOf(configuration int32, card int) int32 {
	if l.stride == 0 {
		return 0
	}
	return configuration / l.stride % int32(card)
}

// bucket sorts the indices of keys by key: those of key k stand at start[k] to
// start[k+1]. Negative keys are left out.
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

// at returns the limit's cell of a row and column, or -1.
func (l *limit) at(row, column int) int32 {
	return l.cell[l.base[row]+int32(column)*l.stride]
}

// Raking stops when every target is met within rakeTolerance persons, or after
// rakeSweeps: it only prepares the rounding. A target of less than exact
// persons is left alone within its floor and ceiling: forcing a fraction of a
// person into the few rows that have people would inflate their rarest cells.
const (
	rakeTolerance = 0.05
	rakeSweeps    = 12
	exact         = 0.5
)

// rake scales the expected counts towards the targets, keeping row sums.
func (b *board) rake() {
	factor := make([]float64, len(b.cells))
	for range rakeSweeps {
		worst := 0.0
		for k := range b.limits {
			worst = max(worst, b.rakeTo(&b.limits[k], factor))
		}
		b.rakeRows()
		if worst <= rakeTolerance {
			return
		}
	}
}

// rakeTo scales to one limit and returns how far its worst cell was off. One
// sweep changes no cell by more than a factor of four: a target that cannot be
// met must not empty its row.
func (b *board) rakeTo(l *limit, sum []float64) float64 {
	clear(sum)
	for r := range b.row {
		for c := range b.card {
			if cell := l.at(r, c); cell >= 0 {
				sum[cell] += b.want[r*b.card+c]
			}
		}
	}
	worst := 0.0
	for i := l.first; int(i) < len(b.cells) && b.cells[i].limit == b.cells[l.first].limit; i++ {
		if sum[i] == 0 {
			continue
		}
		want := b.cells[i].target
		if want < exact {
			want = min(max(sum[i], float64(b.cells[i].low)), float64(b.cells[i].high))
		}
		worst = max(worst, math.Abs(want-sum[i]))
		sum[i] = min(max(want/sum[i], 0.25), 4)
	}
	for r := range b.row {
		for c := range b.card {
			if cell := l.at(r, c); cell >= 0 {
				b.want[r*b.card+c] *= sum[cell]
			}
		}
	}
	return worst
}

func (b *board) rakeRows() {
	for r, n := range b.size {
		row := b.want[r*b.card : (r+1)*b.card]
		sum := 0.0
		for _, x := range row {
			sum += x
		}
		for c := range row {
			row[c] *= float64(n) / sum
		}
	}
}

// count fills the limits' cells from the counts.
func (b *board) count() {
	for k := range b.limits {
		l := &b.limits[k]
		for r := range b.row {
			for c, n := range b.have[r*b.card : (r+1)*b.card] {
				if cell := l.at(r, c); cell >= 0 {
					b.cells[cell].count += n
				}
			}
		}
	}
	for i := range b.cells {
		b.cells[i].price(b.limits[b.cells[i].limit].weight)
	}
}

// price sets what one person less or more would change.
func (c *limited) price(weight int64) {
	over, under := int64(c.count-c.high), int64(c.low-c.count)
	switch {
	case over > 0:
		c.less = -weight * over
	case under >= 0:
		c.less = weight * (under + 1)
	default:
		c.less = 0
	}
	switch {
	case under > 0:
		c.add = -weight * under
	case over >= 0:
		c.add = weight * (over + 1)
	default:
		c.add = 0
	}
}

func (c *limited) broken() bool { return c.count < c.low || c.count > c.high }

// move takes a person of a row from one column to another.
type move struct{ row, from, to int32 }

// change returns how much a move changes the cost of all limits.
func (b *board) change(m move) int64 {
	var sum int64
	for k := range b.limits {
		l := &b.limits[k]
		base := l.base[m.row]
		from, to := l.cell[base+m.from*l.stride], l.cell[base+m.to*l.stride]
		if from == to {
			continue
		}
		if from >= 0 {
			sum += b.cells[from].less
		}
		if to >= 0 {
			sum += b.cells[to].add
		}
	}
	return sum
}

// chance is the relative probability with which unbiased rounding would have
// made the move: the odds of each of its two cells, which fall off outside
// floor and ceiling, and of the limits that stay within theirs.
func (b *board) chance(m move) float64 {
	from, to := int(m.row)*b.card+int(m.from), int(m.row)*b.card+int(m.to)
	p := odds(float64(b.have[from])-b.want[from]) * odds(b.want[to]-float64(b.have[to])) *
		share(b.want[to], b.have[to])
	for k := range b.limits {
		l := &b.limits[k]
		base := l.base[m.row]
		from, to := l.cell[base+m.from*l.stride], l.cell[base+m.to*l.stride]
		if from == to {
			continue
		}
		if from >= 0 && b.cells[from].less == 0 {
			p *= b.cells[from].down
		}
		if to >= 0 && b.cells[to].add == 0 {
			p *= b.cells[to].up
		}
	}
	return p
}

// odds returns the odds of rounding a remainder up; beyond it falls off fast.
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

// share keeps rare cells rare.
func share(want float64, have int32) float64 {
	return min(want/float64(have+1), 1)
}

// search is the repair of one board: a local search that takes a broken cell,
// makes the best of some moves that help it and follows what the move breaks; a
// chain of moves that raises the cost is taken back (an ejection chain, Glover
// 1996).
type search struct {
	*board
	broken []int32
	chain  []move
	work   int // columns looked at and limits priced
}

// Bounds of the search.
const (
	chainLength = 8
	patience    = 200         // chains that may fail in a row, per broken cell
	budget      = 250_000_000 // work, about a second
	tries       = 160         // places of a broken cell that are looked at
	enough      = 6           // 1 to 2^(enough-1) of them are priced
	counter     = 1024        // places that are looked at for the counter-move
	blindness   = 8           // one choice in so many does not look at the cost
	rare        = 0.05        // expected persons, see tooRare
)

// repair moves people within rows until every limit holds or the search gives
// up.
func (b *board) repair(ctx context.Context) error {
	s := &search{board: b}
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

// list keeps the list of broken cells.
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

// follow makes a chain of moves that starts at a broken cell, and reports
// whether it lowered the cost. Chains that leave the cost as it is are kept:
// they carry the search across plateaus.
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
	s.have[int(m.row)*s.card+int(m.from)]--
	s.have[int(m.row)*s.card+int(m.to)]++
	for k := range s.limits {
		l := &s.limits[k]
		base := l.base[m.row]
		from, to := l.cell[base+m.from*l.stride], l.cell[base+m.to*l.stride]
		if from == to {
			continue
		}
		s.adjust(from, -1, l.weight)
		s.adjust(to, 1, l.weight)
	}
}

func (s *search) adjust(cell, by int32, weight int64) {
	if cell < 0 {
		return
	}
	s.cells[cell].count += by
	s.cells[cell].price(weight)
	s.list(cell)
}

// worst returns a cell that a move has left broken, of the greatest weight.
func (s *search) worst(m move) (int32, bool) {
	worst, weight, equal := int32(-1), int64(0), 0
	for k := range s.limits {
		l := &s.limits[k]
		base := l.base[m.row]
		from, to := l.cell[base+m.from*l.stride], l.cell[base+m.to*l.stride]
		if from == to {
			continue
		}
		for i, cell := range [2]int32{from, to} {
			// A cell that the move has helped, broken as it may still be, is not
			// what the chain must follow.
			if cell < 0 || i == 0 && s.cells[cell].count >= s.cells[cell].low || i == 1 && s.cells[cell].count <= s.cells[cell].high {
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

// best finds a move that helps a broken cell at the least cost, tried on a
// random part of the cell's places; among equal moves one is drawn by chance.
// Within a chain every other choice looks at the counter of the last move only,
// which keeps the margins of the columns, but at many more places.
func (s *search) best(cell int32) (move, bool) {
	c := &s.cells[cell]
	p := pricing{board: s.board, cell: cell, limit: &s.limits[c.limit], out: c.count > c.high, last: int32(s.card)}
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

	l := p.limit
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

// place returns row and column of the n-th place of the configurations from to to.
func (s *search) place(l *limit, from, to int, n int32) (row, column int32) {
	n += l.people[from]
	low, high := from, to-1 // the last configuration whose people start at or before n
	for low < high {
		middle := (low + high + 1) / 2
		if l.people[middle] <= n {
			low = middle
		} else {
			high = middle - 1
		}
	}
	configuration := l.configurations[low]
	base := l.baseOf(configuration, s.card)
	return l.rows[l.start[base]+n-l.people[low]], l.columnOf(configuration, s.card)
}

// offer prices the moves out of a place of a cell that has too many, or into a
// place of one that has too few, and reports whether there were any.
func (s *search) offer(p *pricing, row, column int32) bool {
	at := int(row) * s.card
	want, have := s.want[at:at+s.card], s.have[at:at+s.card]
	if p.out && have[column] == 0 || !p.out && want[column] == 0 {
		return false
	}
	s.work += int(p.last - p.first)
	found := false
	for other := p.first; other < p.last; other++ {
		m := move{row, column, other}
		if !p.out {
			m = move{row, other, column}
		}
		if have[m.from] == 0 || want[m.to] == 0 || p.limit.at(int(row), int(other)) == p.cell || s.undoes(m) || s.tooRare(want[m.to]) {
			continue
		}
		found = true
		s.work += len(s.limits)
		p.price(m)
	}
	return found
}

// undoes reports whether a move takes back one of the chain.
func (s *search) undoes(m move) bool {
	for _, old := range s.chain {
		if old.row == m.row && (old.to == m.from || old.from == m.to) {
			return true
		}
	}
	return false
}

// tooRare leaves out most moves into a cell that expects hardly anyone, in
// proportion, so that repair does not fill cells that sampling would leave empty.
func (s *search) tooRare(want float64) bool {
	return want < rare && float64(s.source.Float64()*rare) > want
}

// pricing is the choice of a move that helps a broken cell. It keeps the
// cheapest move; among equals one is drawn with probability proportional to its
// chance. When blind it takes all for equal: now and then the way out of a dead
// end begins with an expensive move.
type pricing struct {
	*board
	cell        int32
	limit       *limit
	out         bool  // the cell has too many
	first, last int32 // columns on the other side of the move
	blind       bool

	least int64
	total float64 // chances of the equals so far
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
