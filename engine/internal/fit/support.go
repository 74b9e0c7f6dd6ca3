package fit

import "fmt"

// support finds the configurations that the supports and the zeros of the tables
// allow. It returns a tree whose beliefs are one where a clique cell is possible
// in the whole problem and zero elsewhere; it sets live in every table. One pass
// of messages to the roots and one back makes the masks of all cliques
// consistent. The error is a *NoSupportError.
func support(p *Problem, cliques []Clique, tables []*table) (*tree, error) {
	tr := newTree(p.Vars, cliques)
	for i := range p.Supports {
		tr.forbid(&p.Supports[i])
	}
	for _, t := range tables {
		tr.forbidZeros(t)
	}
	tr.calibrateMask()
	for _, t := range tables {
		t.live = tr.live(t.scope)
	}
	for _, t := range tables {
		if dead := t.deadCells(); len(dead) > 0 {
			return nil, blame(p, cliques, tables, t, dead)
		}
	}
	return tr, nil
}

func (tr *tree) forbid(s *Support) {
	scope, allowed := sortedMask(tr.vars, s)
	h := tr.host(scope)
	tr.margin(h, scope, nil, 0).scale(tr.nodes[h].belief, allowed)
}

// sortedMask returns a support's scope in ascending order and, over that scope,
// one for every allowed configuration and zero for the others.
func sortedMask(vars []Var, s *Support) ([]int, []float64) {
	scope := sorted(s.Scope)
	mask := make([]float64, len(s.Allowed))
	for i, ok := range reorder(vars, s.Scope, scope, s.Allowed) {
		if ok {
			mask[i] = 1
		}
	}
	return scope, mask
}

func (tr *tree) forbidZeros(t *table) {
	h := tr.host(t.scope)
	for c := range t.work {
		t.work[c] = 1
		if t.forbidden(c) {
			t.work[c] = 0
		}
	}
	tr.margin(h, t.scope, t.cell, t.size).scale(tr.nodes[h].belief, t.work)
}

// calibrateMask is calibrate for beliefs of ones and zeros.
func (tr *tree) calibrateMask() {
	send := func(n *node, from, to *margin, source, target []float64) {
		from.sum(source, n.message)
		for i, x := range n.message {
			n.message[i] = min(x, 1)
		}
		to.scale(target, n.message)
	}
	for i := len(tr.nodes) - 1; i >= 0; i-- {
		if n := tr.nodes[i]; n.parent >= 0 {
			send(n, n.up, n.down, n.belief, tr.nodes[n.parent].belief)
		}
	}
	for _, n := range tr.nodes {
		if n.parent >= 0 {
			send(n, n.down, n.up, tr.nodes[n.parent].belief, n.belief)
		}
	}
}

// live reports which configurations of a scope are possible. The scope is
// ascending and lies in a clique.
func (tr *tree) live(scope []int) []bool {
	h := tr.host(scope)
	m := tr.margin(h, scope, nil, 0)
	sum := make([]float64, m.size)
	m.sum(tr.nodes[h].belief, sum)
	out := make([]bool, m.size)
	for i, x := range sum {
		out[i] = x > 0
	}
	return out
}

// deadCells lists the cells of a hard table that have a positive target but no
// possible configuration. A row whose mass is free may be impossible as a whole:
// it stays empty.
func (t *table) deadCells() []int {
	if t.def.Role != Hard {
		return nil
	}
	alive := make([]bool, t.size)
	rowAlive := make([]bool, t.rows)
	for i, ok := range t.live {
		if ok {
			alive[t.cell[i]] = true
		}
	}
	for c, r := range t.row {
		rowAlive[r] = rowAlive[r] || alive[c] && t.target[c] > 0
	}
	free := !t.absolute && t.rows > 1
	var dead []int
	for c := range t.size {
		switch {
		case alive[c] || t.target[c] <= 0:
			continue
		case c == t.n && !t.absolute:
			continue // the outside of the universe may be empty
		case c < t.n && free && !rowAlive[t.row[c]]:
			continue
		}
		dead = append(dead, c)
	}
	return dead
}

// blame returns a *NoSupportError that names an irreducible set of supports and
// tables with zeros which together leave the first dead cell impossible. It is
// found with a deletion filter: drop one after the other, and keep those without
// which the cell becomes possible.
func blame(p *Problem, cliques []Clique, tables []*table, t *table, dead []int) error {
	e := &NoSupportError{Table: t.src, name: t.def.Name}
	for _, c := range dead {
		if c < t.n {
			e.Cells = append(e.Cells, c)
		} else {
			e.Cells = append(e.Cells, -1)
		}
	}
	useSupport, useTable := make([]bool, len(p.Supports)), make([]bool, len(tables))
	for i := range useSupport {
		useSupport[i] = true
	}
	for i, o := range tables {
		useTable[i] = o != t && hasZeros(o)
	}
	stillDead := func() bool {
		tr := newTree(p.Vars, cliques)
		for i, use := range useSupport {
			if use {
				tr.forbid(&p.Supports[i])
			}
		}
		for i, use := range useTable {
			if use {
				tr.forbidZeros(tables[i])
			}
		}
		tr.calibrateMask()
		for i, ok := range tr.live(t.scope) {
			if ok && int(t.cell[i]) == dead[0] {
				return false
			}
		}
		return true
	}
	drop := func(use []bool) {
		for i := range use {
			if use[i] {
				use[i] = false
				use[i] = !stillDead()
			}
		}
	}
	if stillDead() {
		drop(useTable)
		drop(useSupport)
	}
	for i, use := range useSupport {
		if use {
			e.Supports = append(e.Supports, i)
			e.because = append(e.because, fmt.Sprintf("support %s", p.Supports[i].Name))
		}
	}
	for i, use := range useTable {
		if use {
			e.Tables = append(e.Tables, tables[i].src)
			e.because = append(e.because, fmt.Sprintf("zeros of table %s", tables[i].def.Name))
		}
	}
	return e
}

func hasZeros(t *table) bool {
	for c := range t.size {
		if t.forbidden(c) {
			return true
		}
	}
	return false
}
