package fit

import (
	"errors"
	"fmt"
	"math"
)

// maxScope bounds the configurations of one table, so that a malformed problem
// cannot exhaust memory.
const maxScope = 1 << 28

// shareSlack is the largest accepted difference between one and the sum of a
// row's shares.
const shareSlack = 1e-6

// validate checks lengths and ranges and returns all faults, joined.
func (p *Problem) validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if len(p.Vars) == 0 {
		fault("fit: the problem has no variables")
	}
	for i, v := range p.Vars {
		if v.Card < 1 {
			fault("fit: variable %d (%s) has %d values, want at least one", i, v.Name, v.Card)
		}
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	for i := range p.Tables {
		if err := p.checkTable(&p.Tables[i]); err != nil {
			fault("fit: table %d (%s): %w", i, p.Tables[i].Name, err)
		}
	}
	for i, s := range p.Supports {
		n, err := p.configurations(s.Scope)
		if err == nil && n != len(s.Allowed) {
			err = fmt.Errorf("allowed has %d entries, its scope has %d configurations", len(s.Allowed), n)
		}
		if err != nil {
			fault("fit: support %d (%s): %w", i, s.Name, err)
		}
	}
	for i, scope := range p.Together {
		if err := p.checkScope(scope); err != nil {
			fault("fit: together %d: %w", i, err)
		}
	}
	for i := range p.Means {
		if err := p.checkMean(&p.Means[i]); err != nil {
			fault("fit: mean %d (%s): %w", i, p.Means[i].Name, err)
		}
	}
	return errors.Join(faults...)
}

func (p *Problem) checkTable(t *Table) error {
	n, err := p.configurations(t.Scope)
	if err != nil {
		return err
	}
	switch t.Role {
	case Hard, Pattern:
	case Soft:
		if !(t.Rho > 0) || math.IsInf(t.Rho, 0) {
			return fmt.Errorf("the weight rho of a soft table is %g, want a finite number above zero", t.Rho)
		}
	default:
		return fmt.Errorf("unknown role %q", t.Role)
	}
	if n != len(t.Cell) {
		return fmt.Errorf("cell has %d entries, its scope has %d configurations", len(t.Cell), n)
	}
	if len(t.Share) == 0 {
		return errors.New("it has no cells")
	}
	if len(t.Row) != len(t.Share) {
		return fmt.Errorf("row has %d entries, there are %d cells", len(t.Row), len(t.Share))
	}
	for i, c := range t.Cell {
		if c < -1 || int(c) >= len(t.Share) {
			return fmt.Errorf("configuration %d has cell %d, want -1 to %d", i, c, len(t.Share)-1)
		}
	}
	if bad(t.Variance) || bad(t.Tolerance) {
		return fmt.Errorf("variance %g and tolerance %g must be finite and not negative", t.Variance, t.Tolerance)
	}
	if len(t.Low) != len(t.High) || t.Low != nil && len(t.Low) != len(t.Share) {
		return fmt.Errorf("low and high have %d and %d entries, there are %d cells", len(t.Low), len(t.High), len(t.Share))
	}
	for c, low := range t.Low {
		if bad(low) || bad(t.High[c]) || low > t.Share[c] || t.High[c] < t.Share[c] {
			return fmt.Errorf("cell %d has share %g, its bounds are %g and %g", c, t.Share[c], low, t.High[c])
		}
	}
	return checkShares(t)
}

func checkShares(t *Table) error {
	sum := make([]float64, len(t.Row))
	used := make([]bool, len(t.Row))
	rows := 0
	for c, r := range t.Row {
		if r < 0 || int(r) >= len(t.Row) {
			return fmt.Errorf("cell %d has row %d; rows are numbered from 0", c, r)
		}
		if bad(t.Share[c]) {
			return fmt.Errorf("cell %d has share %g", c, t.Share[c])
		}
		sum[r] += t.Share[c]
		used[r] = true
		rows = max(rows, int(r)+1)
	}
	for r := range rows {
		if !used[r] {
			return fmt.Errorf("row %d has no cells", r)
		}
		if !(math.Abs(sum[r]-1) <= shareSlack) {
			return fmt.Errorf("the shares of row %d sum to %g, want 1", r, sum[r])
		}
	}
	return nil
}

func bad(x float64) bool { return !(x >= 0) || math.IsInf(x, 0) }

func (p *Problem) checkScope(scope []int) error {
	if len(scope) == 0 {
		return errors.New("the scope is empty")
	}
	seen := make([]bool, len(p.Vars))
	for _, v := range scope {
		if v < 0 || v >= len(p.Vars) {
			return fmt.Errorf("the scope has variable %d, want 0 to %d", v, len(p.Vars)-1)
		}
		if seen[v] {
			return fmt.Errorf("the scope has variable %d (%s) twice", v, p.Vars[v].Name)
		}
		seen[v] = true
	}
	return nil
}

// configurations returns the number of configurations of a scope, or an error for
// a scope that checkScope refuses or that has more than maxScope.
func (p *Problem) configurations(scope []int) (int, error) {
	if err := p.checkScope(scope); err != nil {
		return 0, err
	}
	n := 1
	for _, v := range scope {
		if p.Vars[v].Card > maxScope/n {
			return 0, fmt.Errorf("the scope has more than %d configurations", maxScope)
		}
		n *= p.Vars[v].Card
	}
	return n, nil
}
