package sample

import (
	"fmt"
	"math"

	"github.com/personagen/personagen/engine/internal/rng"
)

// builder makes models of invented populations for tests.
type builder struct {
	model  Model
	source *rng.Source
}

func newBuilder(seed uint64) *builder {
	return &builder{source: rng.New(seed, "builder").Source()}
}

func (b *builder) variable(name string) int {
	for i, v := range b.model.Vars {
		if v.Name == name {
			return i
		}
	}
	panic("there is no variable " + name)
}

func (b *builder) scope(names []string) []int {
	out := []int{}
	for _, n := range names {
		out = append(out, b.variable(n))
	}
	return out
}

// rule returns the relative weight of a value given the values of other variables.
type rule func(given []int, value int) float64

// skewed returns a rule with uneven weights that differ by configuration. About the
// share zeros of the values are impossible; value 0 never is.
func (b *builder) skewed(spread, zeros float64) rule {
	return func(_ []int, value int) float64 {
		x := math.Exp(spread * b.normal())
		if b.source.Float64() < zeros && value > 0 {
			return 0
		}
		return x
	}
}

// tilted returns a rule whose weights vary by configuration around a common skewed
// profile.
func (b *builder) tilted(card int, profile, spread, zeros float64) rule {
	base := make([]float64, card)
	for i := range base {
		base[i] = math.Exp(profile * b.normal())
	}
	vary := b.skewed(spread, zeros)
	return func(given []int, value int) float64 { return base[value] * vary(given, value) }
}

func (b *builder) normal() float64 {
	sum := -6.0
	for range 12 {
		sum += b.source.Float64()
	}
	return sum
}

// step adds a variable given others.
func (b *builder) step(name string, card int, given []string, weight rule) {
	m := &b.model
	s := Step{Var: len(m.Vars), Given: b.scope(given)}
	mass := []float64{1}
	if len(given) > 0 {
		mass = b.mass(s.Given)
	}
	cards := m.cards(s.Given)
	m.Vars = append(m.Vars, Var{Name: name, Card: card, Ordered: name == "age" || name == "band"})
	for g, p := range mass {
		row := make([]float64, card)
		sum := 0.0
		for v := range row {
			row[v] = weight(digits(g, cards), v)
			sum += row[v]
		}
		for _, w := range row {
			s.Weight = append(s.Weight, p*w/sum)
		}
	}
	m.Steps = append(m.Steps, s)
}

// mass returns the probabilities of the configurations of a scope.
func (b *builder) mass(scope []int) []float64 {
	m := &b.model
	h := m.host(scope)
	if h < 0 {
		panic(fmt.Sprint("no step has ", m.names(scope)))
	}
	to := m.project(m.Steps[h].scope(), scope)
	out := make([]float64, product(m.cards(scope)))
	for c, w := range m.Steps[h].Weight {
		out[to.at(c)] += w
	}
	return out
}

func digits(c int, cards []int) []int {
	out := make([]int, len(cards))
	for i, stride := range strides(cards) {
		out[i] = c / stride % cards[i]
	}
	return out
}

// grouping maps a value of a variable to its group, -1 for none.
type grouping func(value int) int

func itself(v int) int      { return v }
func by(width int) grouping { return func(v int) int { return v / width } }
func modulo(n int) grouping { return func(v int) int { return v % n } }
func from(low int) grouping { return func(v int) int { return max(v-low, -1) } }
func cuts(at ...int) grouping {
	return func(v int) int {
		for i, c := range at {
			if v < c {
				return i
			}
		}
		return len(at)
	}
}

// axisOf is a variable of a control with its grouping.
type axisOf struct {
	name  string
	group grouping
}

// control adds a control with the model's own shares.
func (b *builder) control(rank int, axes ...axisOf) {
	m := &b.model
	c := Control{Rank: rank}
	for _, a := range axes {
		c.Name += a.name + " "
		c.Scope = append(c.Scope, b.variable(a.name))
	}
	number := map[string]int32{}
	cards := m.cards(c.Scope)
	for i, p := range b.mass(c.Scope) {
		key := ""
		for k, v := range digits(i, cards) {
			g := axes[k].group(v)
			if g < 0 {
				key = "outside"
				break
			}
			key += fmt.Sprint(g, " ")
		}
		if key == "outside" {
			c.Cell = append(c.Cell, -1)
			continue
		}
		if _, ok := number[key]; !ok {
			number[key] = int32(len(c.Share))
			c.Share = append(c.Share, 0)
		}
		c.Cell = append(c.Cell, number[key])
		c.Share[number[key]] += p
	}
	c.Name += fmt.Sprint(len(c.Share))
	m.Controls = append(m.Controls, c)
}

func of(name string) axisOf                      { return axisOf{name, itself} }
func grouped(name string, group grouping) axisOf { return axisOf{name, group} }

// realistic returns a model of realistic size: fourteen variables with rare
// categories and impossible combinations, tables of up to 27,720 cells, a variable
// that determines another (age its band), and some forty controls.
func realistic() *Model {
	b := newBuilder(7)
	b.step("zone", 35, nil, b.tilted(35, 0.7, 0, 0))
	b.step("area", 2, []string{"zone"}, b.skewed(0.8, 0.03))
	b.step("guild", 9, []string{"zone", "area"}, b.tilted(9, 2, 1, 0.1))
	b.step("sex", 2, []string{"zone", "area", "guild"}, b.skewed(0.05, 0))
	b.step("band", 22, []string{"zone", "area", "guild", "sex"}, b.tilted(22, 0.4, 0.3, 0.02))
	b.step("tongue", 9, []string{"zone", "guild"}, b.tilted(9, 1.5, 2, 0.3))
	b.step("creed", 15, []string{"zone", "guild"}, b.tilted(15, 2, 1, 0.2))
	b.step("age", 106, []string{"band", "sex"}, func(given []int, value int) float64 {
		if min(value/5, 21) != given[0] {
			return 0
		}
		return math.Exp(0.1 * b.normal())
	})
	b.step("tie", 6, []string{"band", "sex"}, func(given []int, value int) float64 {
		if given[0] < 3 && value > 0 {
			return 0
		}
		return math.Exp(b.normal())
	})
	b.step("schooling", 7, []string{"area", "band", "sex"}, func(given []int, value int) float64 {
		if value > given[1] {
			return 0
		}
		return math.Exp(b.normal())
	})
	b.step("work", 4, []string{"band", "sex", "schooling"}, func(given []int, value int) float64 {
		if given[0] < 3 && value > 0 {
			return 0
		}
		return math.Exp(b.normal())
	})
	b.step("craft", 12, []string{"sex", "work", "schooling"}, func(given []int, value int) float64 {
		if (given[1] == 1) != (value > 0) {
			return 0
		}
		return math.Exp(b.normal())
	})
	b.step("house", 6, []string{"zone", "area"}, b.tilted(6, 0.5, 0.2, 0))
	b.step("place", 60, []string{"zone", "area"}, b.skewed(1.5, 0.3))

	for _, v := range b.model.Vars {
		if v.Name != "place" {
			b.control(1, of(v.Name))
		}
	}
	for _, group := range []axisOf{
		grouped("zone", by(7)), grouped("age", cuts(15, 30, 45, 60)), grouped("age", by(10)), grouped("age", cuts(18, 25, 35, 45, 55, 65)), grouped("band", cuts(3, 12)),
	} {
		b.control(1, group)
	}
	for _, table := range [][]axisOf{
		{of("zone"), of("area")}, {of("zone"), of("guild")}, {of("zone"), of("tongue")}, {of("zone"), of("creed")}, {of("zone"), of("sex")},
		{of("guild"), of("tongue")}, {of("guild"), of("creed")}, {of("guild"), of("area")},
		{of("zone"), of("area"), grouped("band", cuts(3, 12))}, {of("guild"), grouped("band", by(2))}, {of("band"), of("sex")},
		{of("age"), of("sex")}, {of("tie"), of("band")}, {of("tie"), of("sex")},
		{of("schooling"), grouped("band", by(3))}, {of("schooling"), of("sex")}, {of("schooling"), of("area")},
		{of("work"), of("sex")}, {of("work"), grouped("band", from(3))}, {of("craft"), of("sex")}, {of("craft"), of("schooling")},
		{of("house"), of("area")}, {grouped("zone", by(7)), of("guild")}, {grouped("zone", by(7)), of("tongue")},
	} {
		b.control(2, table...)
	}
	return &b.model
}
