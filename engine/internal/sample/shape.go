package sample

// A table over some variables, its scope, is stored row-major: the last variable
// is the fastest.

// cards returns the number of values of each variable of the scope.
func (m *Model) cards(scope []int) []int {
	out := make([]int, len(scope))
	for i, v := range scope {
		out[i] = m.Vars[v].Card
	}
	return out
}

// scope returns the variables of a step's table: Given, then Var.
func (s *Step) scope() []int {
	return append(append(make([]int, 0, len(s.Given)+1), s.Given...), s.Var)
}

// product returns the number of configurations of variables with the given cards.
func product(cards []int) int {
	n := 1
	for _, c := range cards {
		n *= c
	}
	return n
}

// strides returns the row-major stride of each axis.
func strides(cards []int) []int {
	out := make([]int, len(cards))
	n := 1
	for i := len(cards) - 1; i >= 0; i-- {
		out[i] = n
		n *= cards[i]
	}
	return out
}

// contains reports whether every variable of part is in whole.
func contains(whole, part []int) bool {
	for _, v := range part {
		if position(whole, v) < 0 {
			return false
		}
	}
	return true
}

// position returns the index of v in scope, or -1.
func position(scope []int, v int) int {
	for i, w := range scope {
		if v == w {
			return i
		}
	}
	return -1
}

// projection maps configurations of one scope to configurations of a part of it.
type projection struct {
	axes []axis
}

// axis is one variable of a part: its stride in the whole, its number of values,
// and its stride in the part.
type axis struct{ stride, card, to int }

// project returns the projection from the scope whole to the scope part, a subset.
func (m *Model) project(whole, part []int) projection {
	from, to := strides(m.cards(whole)), strides(m.cards(part))
	var p projection
	for i, v := range part {
		j := position(whole, v)
		p.axes = append(p.axes, axis{from[j], m.Vars[v].Card, to[i]})
	}
	return p
}

// at returns the configuration of the part that configuration c of the whole
// projects to.
func (p projection) at(c int) int {
	out := 0
	for _, a := range p.axes {
		out += c / a.stride % a.card * a.to
	}
	return out
}

// host returns the first step whose scope contains all of the variables, or -1.
// That step settles the counts over the variables; later steps do not change them.
func (m *Model) host(scope []int) int {
	for i := range m.Steps {
		if contains(m.Steps[i].scope(), scope) {
			return i
		}
	}
	return -1
}
