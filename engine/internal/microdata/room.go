package microdata

// Room says how many cells the cliques have that a fit needs for some tables: those of a
// triangulated graph, by eliminating the variables in turn, always the one whose clique
// is smallest. A fit may need fewer, because it looks for a better order, or more, because
// other tables join the cliques.
func Room(sizes []int, tables [][]int) float64 {
	n := len(sizes)
	near := make([][]bool, n)
	left := make([]bool, n)
	for v := range near {
		near[v] = make([]bool, n)
	}
	for _, t := range tables {
		for _, a := range t {
			left[a] = true
			for _, b := range t {
				near[a][b] = a != b || near[a][b]
			}
		}
	}
	total := 0.0
	for {
		best, least := -1, 0.0
		for v := range n {
			if !left[v] {
				continue
			}
			cells := float64(sizes[v])
			for w := range n {
				if left[w] && w != v && near[v][w] {
					cells *= float64(sizes[w])
				}
			}
			if best < 0 || cells < least {
				best, least = v, cells
			}
		}
		if best < 0 {
			return total
		}
		total += least
		left[best] = false
		for a := range n {
			for b := range n {
				if a != b && left[a] && left[b] && near[best][a] && near[best][b] {
					near[a][b] = true
				}
			}
		}
	}
}

// Determined reports whether the value of variable a of a pair decides that of b, in all
// but one of a thousand persons, and b is not one value for nearly everybody.
func Determined(c *Counts, byFirst bool) bool {
	p, _ := shares(c)
	rows, columns := c.Sizes[0], c.Sizes[1]
	at := func(a, b int) float64 { return p[a*columns+b] }
	if !byFirst {
		rows, columns = columns, rows
		at = func(a, b int) float64 { return p[b*c.Sizes[1]+a] }
	}
	sum := 0.0
	most := make([]float64, columns)
	for a := range rows {
		best := 0.0
		for b := range columns {
			best = max(best, at(a, b))
			most[b] += at(a, b)
		}
		sum += best
	}
	commonest := 0.0
	for _, m := range most {
		commonest = max(commonest, m)
	}
	return sum >= 0.999 && commonest < 0.99
}
