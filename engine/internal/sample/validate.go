package sample

import (
	"errors"
	"fmt"
	"math"
)

// Limits of a model and of a population.
const (
	// MaxCells is the largest number of cells of one step or control.
	MaxCells = math.MaxInt32
	// MaxPersons is the largest population that can be allocated.
	MaxPersons = 2_000_000_000
)

// sumTolerance is the largest accepted difference between one and the sum of a
// step's weights.
const sumTolerance = 1e-6

// Validate checks the model: every variable is placed by one step; every step's
// Given is in an earlier step's scope, and its weights are a distribution with a
// possible value for every possible configuration of Given; every control's and
// limit's scope is in that of one step. It returns the faults joined; for a scope
// that is in no step the fault is a *SpreadError.
func (m *Model) Validate() error {
	if err := m.validateVars(); err != nil {
		return err
	}
	if err := m.validateSteps(); err != nil {
		return err
	}
	return errors.Join(m.validateControls(), m.validateLimits())
}

func (m *Model) validateVars() error {
	var faults []error
	if len(m.Vars) == 0 {
		return errors.New("the model has no variables")
	}
	seen := map[string]bool{}
	for i, v := range m.Vars {
		switch {
		case v.Name == "":
			faults = append(faults, fmt.Errorf("variable %d has no name, which is the key of its random stream", i))
		case seen[v.Name]:
			faults = append(faults, fmt.Errorf("two variables have the name %q and would share a random stream", v.Name))
		}
		seen[v.Name] = true
		if v.Card < 1 || v.Card > MaxCells {
			faults = append(faults, fmt.Errorf("variable %q has %d values, want 1 to %d", v.Name, v.Card, MaxCells))
		}
	}
	return errors.Join(faults...)
}

func (m *Model) validateSteps() error {
	var faults []error
	placed := make([]bool, len(m.Vars))
	for i := range m.Steps {
		if err := m.validateStep(i, placed); err != nil {
			faults = append(faults, err)
			continue
		}
		if len(faults) > 0 {
			continue // the step may depend on a faulty one
		}
		if err := m.validateGiven(i); err != nil {
			faults = append(faults, err)
			continue
		}
		placed[m.Steps[i].Var] = true
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	for v, ok := range placed {
		if !ok {
			faults = append(faults, fmt.Errorf("no step places variable %q", m.Vars[v].Name))
		}
	}
	return errors.Join(faults...)
}

func (m *Model) validateStep(i int, placed []bool) error {
	s := &m.Steps[i]
	if err := m.validateScope(s.scope()); err != nil {
		return fmt.Errorf("step %d: %w", i, err)
	}
	name := m.Vars[s.Var].Name
	if placed[s.Var] {
		return fmt.Errorf("step %d: variable %q is placed twice", i, name)
	}
	if n := product(m.cards(s.scope())); len(s.Weight) != n {
		return fmt.Errorf("step of %q: %d weights for %d cells", name, len(s.Weight), n)
	}
	sum := 0.0
	for c, w := range s.Weight {
		if !(w >= 0) || math.IsInf(w, 1) {
			return fmt.Errorf("step of %q: cell %d has weight %v, want a probability", name, c, w)
		}
		sum += w
	}
	if math.Abs(sum-1) > sumTolerance {
		return fmt.Errorf("step of %q: weights sum to %v, want 1", name, sum)
	}
	return nil
}

// validateGiven checks that the steps before step i, which are valid, make its Given.
func (m *Model) validateGiven(i int) error {
	s := &m.Steps[i]
	if len(s.Given) == 0 {
		return nil
	}
	parent := (&Model{Vars: m.Vars, Steps: m.Steps[:i]}).host(s.Given)
	if parent < 0 {
		return fmt.Errorf("step of %q: no earlier step has the given variables %v together", m.Vars[s.Var].Name, m.names(s.Given))
	}
	return m.validateCover(parent, i)
}

// validateCover checks that every possible configuration of Given has a possible
// value.
func (m *Model) validateCover(parent, child int) error {
	s, p := &m.Steps[child], &m.Steps[parent]
	card := m.Vars[s.Var].Card
	open := make([]bool, len(s.Weight)/card)
	for g := range open {
		for _, w := range s.Weight[g*card : (g+1)*card] {
			open[g] = open[g] || w > 0
		}
	}
	to := m.project(p.scope(), s.Given)
	for c, w := range p.Weight {
		if w > 0 && !open[to.at(c)] {
			return fmt.Errorf("step of %q: configuration %d of %v is possible but has no weight", m.Vars[s.Var].Name, to.at(c), m.names(s.Given))
		}
	}
	return nil
}

func (m *Model) validateControls() error {
	var faults []error
	for i := range m.Controls {
		if err := m.validateControl(&m.Controls[i]); err != nil {
			faults = append(faults, fmt.Errorf("control %q: %w", m.Controls[i].Name, err))
		}
	}
	return errors.Join(faults...)
}

func (m *Model) validateControl(c *Control) error {
	if err := m.validateScope(c.Scope); err != nil {
		return err
	}
	if n := product(m.cards(c.Scope)); len(c.Cell) != n {
		return fmt.Errorf("%d cell numbers for %d configurations", len(c.Cell), n)
	}
	for i, cell := range c.Cell {
		if cell < -1 || int(cell) >= len(c.Share) {
			return fmt.Errorf("configuration %d has cell %d, want -1 to %d", i, cell, len(c.Share)-1)
		}
	}
	for i, share := range c.Share {
		if !(share >= 0 && share <= 1+sumTolerance) {
			return fmt.Errorf("cell %d has share %v, want 0 to 1", i, share)
		}
	}
	if c.Rank < 1 || c.Rank > 3 {
		return fmt.Errorf("rank %d, want 1, 2 or 3", c.Rank)
	}
	if m.host(c.Scope) < 0 {
		return &SpreadError{Control: c.Name, Vars: m.names(c.Scope)}
	}
	return nil
}

// SpreadError says that the variables of a control or limit are not together in any
// step, so that there are no integer counts on which it could be enforced. The
// model must be compiled with these variables in one clique.
type SpreadError struct {
	Control string
	Vars    []string
}

func (e *SpreadError) Error() string {
	return fmt.Sprintf("no step has %v together: put them in one clique", e.Vars)
}

func (m *Model) validateScope(scope []int) error {
	if len(scope) == 0 {
		return errors.New("the scope is empty")
	}
	cells := 1
	for i, v := range scope {
		if v < 0 || v >= len(m.Vars) {
			return fmt.Errorf("variable %d does not exist", v)
		}
		if position(scope[:i], v) >= 0 {
			return fmt.Errorf("the scope has variable %q twice", m.Vars[v].Name)
		}
		if cells > MaxCells/m.Vars[v].Card {
			return fmt.Errorf("more than %d cells over %v", MaxCells, m.names(scope))
		}
		cells *= m.Vars[v].Card
	}
	return nil
}

func (m *Model) names(scope []int) []string {
	out := make([]string, len(scope))
	for i, v := range scope {
		out[i] = m.Vars[v].Name
	}
	return out
}
