package fit

import "math"

// node is a clique with its belief and its edge to the parent. In a calibrated
// tree the belief is the joint distribution of the clique's variables; otherwise
// it lacks the factors of the parts of the tree whose messages it has not received.
type node struct {
	vars     []int
	parent   int
	children []int
	belief   []float64

	up, down *margin   // the separator to the parent, seen from here and from the parent
	sep      []float64 // separator mass at the last message
	message  []float64 // scratch, as long as sep

	tables []*table // hosted here
}

// tree is a junction tree with beliefs (Lauritzen and Spiegelhalter 1988, "Local
// computations with probabilities on graphical structures and their application
// to expert systems"). Parents come before children. It may be a forest.
type tree struct {
	vars  []Var
	nodes []*node
	work  [][]float64 // per node, as long as its belief; made when first needed
}

// newTree returns a tree whose beliefs are all one, which is not calibrated.
func newTree(vars []Var, cliques []Clique) *tree {
	t := &tree{vars: vars}
	for i, c := range cliques {
		n := &node{vars: c.Vars, parent: c.Parent, belief: make([]float64, int(cells(vars, c.Vars)))}
		fill(n.belief, 1)
		if c.Parent >= 0 {
			p := t.nodes[c.Parent]
			p.children = append(p.children, i)
			s := intersect(c.Vars, p.vars)
			n.up = newMargin(vars, c.Vars, s, nil, 0)
			n.down = newMargin(vars, p.vars, s, nil, 0)
			n.sep = make([]float64, n.up.size)
			n.message = make([]float64, n.up.size)
			fill(n.sep, 1)
		}
		t.nodes = append(t.nodes, n)
	}
	return t
}

func fill(x []float64, v float64) {
	for i := range x {
		x[i] = v
	}
}

// host returns the smallest clique that contains a scope (ascending), or -1.
func (t *tree) host(scope []int) int {
	best := -1
	for i, n := range t.nodes {
		if subset(scope, n.vars) && (best < 0 || len(n.belief) < len(t.nodes[best].belief)) {
			best = i
		}
	}
	return best
}

// margin maps the cells of a node to those of a table whose scope it contains.
func (t *tree) margin(node int, scope []int, cell []int32, size int) *margin {
	return newMargin(t.vars, t.nodes[node].vars, scope, cell, size)
}

// sendToParent multiplies the parent's belief by the node's new separator over
// the old one, where 0/0 is 0 (Jensen, Lauritzen and Olesen 1990, "Bayesian
// updating in causal probabilistic networks by local computations").
func (t *tree) sendToParent(n *node) {
	n.up.sum(n.belief, n.message)
	n.pass(n.down, t.nodes[n.parent].belief)
}

// sendToChild does the same from a node's parent to the node.
func (t *tree) sendToChild(n *node) {
	n.down.sum(t.nodes[n.parent].belief, n.message)
	n.pass(n.up, n.belief)
}

func (n *node) pass(to *margin, belief []float64) {
	for i, x := range n.message {
		old := n.sep[i]
		n.sep[i] = x
		if old > 0 {
			n.message[i] = x / old
		} else {
			n.message[i] = 0
		}
	}
	to.scale(belief, n.message)
}

// calibrate makes all cliques agree on their separators, by one pass to the roots
// and one back. It normalises every component and returns the sum of the
// logarithms of their masses before that: -Inf when a component has no mass.
func (t *tree) calibrate() float64 {
	for i := len(t.nodes) - 1; i >= 0; i-- {
		if t.nodes[i].parent >= 0 {
			t.sendToParent(t.nodes[i])
		}
	}
	logMass := 0.0
	for _, n := range t.nodes {
		if n.parent < 0 {
			logMass += math.Log(normalise(n.belief))
		}
	}
	t.distribute()
	return logMass
}

// distribute passes messages from the roots to all other nodes.
func (t *tree) distribute() {
	for _, n := range t.nodes {
		if n.parent >= 0 {
			t.sendToChild(n)
		}
	}
}

// normalise scales p to a sum of one and returns the sum it had.
func normalise(p []float64) float64 {
	s := 0.0
	for _, x := range p {
		s += x
	}
	if s > 0 {
		f := 1 / s
		for i := range p {
			p[i] *= f
		}
	}
	return s
}

// scratch returns a vector per node, as long as its belief. Every call returns the
// same vectors, with their old contents.
func (t *tree) scratch() [][]float64 {
	if t.work == nil {
		for _, n := range t.nodes {
			t.work = append(t.work, make([]float64, len(n.belief)))
		}
	}
	return t.work
}

// snapshot is a copy of beliefs and separators, made by save for restore.
type snapshot struct{ belief, sep [][]float64 }

func (t *tree) save(into *snapshot) {
	if into.belief == nil {
		into.belief = make([][]float64, len(t.nodes))
		into.sep = make([][]float64, len(t.nodes))
	}
	for i, n := range t.nodes {
		into.belief[i] = append(into.belief[i][:0], n.belief...)
		into.sep[i] = append(into.sep[i][:0], n.sep...)
	}
}

func (t *tree) restore(from *snapshot) {
	for i, n := range t.nodes {
		copy(n.belief, from.belief[i])
		copy(n.sep, from.sep[i])
	}
}
