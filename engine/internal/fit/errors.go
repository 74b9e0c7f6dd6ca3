package fit

import (
	"fmt"
	"strings"
)

// TooLargeError says that the cheapest junction tree found is over the budget.
type TooLargeError struct {
	Largest, Total, Budget int64    // cells: of the largest clique, of all, allowed
	Clique                 []int    // variables of the largest clique
	FillIn                 [][2]int // pairs of variables that triangulation joined
	Table                  int      // table whose removal helps most, -1 when none helps
	Without                int64    // cells of all cliques without that table

	names, table string
}

func (e *TooLargeError) Error() string {
	msg := fmt.Sprintf("fit: the junction tree needs %d cells, over the budget of %d; its largest clique (%s) has %d",
		e.Total, e.Budget, e.names, e.Largest)
	if e.Table >= 0 {
		msg += fmt.Sprintf("; without table %s it would need %d", e.table, e.Without)
	}
	return msg
}

// NoSupportError says that cells of a table with a positive share cannot hold
// anybody, because every configuration in them is forbidden.
type NoSupportError struct {
	Table    int
	Cells    []int
	Supports []int // supports that together forbid the cells, irreducible
	Tables   []int // tables whose zeros take part in that

	name    string
	because []string
}

func (e *NoSupportError) Error() string {
	msg := fmt.Sprintf("fit: table %s: %d cell(s) with a positive share have no possible configuration (first: cell %d)",
		e.name, len(e.Cells), e.Cells[0])
	if len(e.because) > 0 {
		msg += "; forbidden by " + strings.Join(e.because, ", ")
	}
	return msg
}

// Disagreement is a region that two hard tables give different masses.
type Disagreement struct {
	A, B           int     // tables
	CellsA, CellsB []int   // cells of A and of B that make up the region; -1 stands for outside the universe
	MassA, MassB   float64 // share of the whole population each gives it
	// TVD is the distance between the two tables over all their common regions.
	TVD float64
}

// InconsistentError lists the pairs of hard tables that disagree by more than
// their tolerances allow, worst first.
type InconsistentError struct {
	Disagreements []Disagreement

	names []string
}

func (e *InconsistentError) Error() string {
	lines := make([]string, len(e.Disagreements))
	for i, d := range e.Disagreements {
		lines[i] = fmt.Sprintf("fit: tables %s and %s disagree by more than their tolerances (TVD %.3g): cells %v of the first hold %.9g, cells %v of the second %.9g",
			e.names[d.A], e.names[d.B], d.TVD, d.CellsA, d.MassA, d.CellsB, d.MassB)
	}
	return strings.Join(lines, "\n")
}

// ImpossibleError says that a set of hard tables agrees pair by pair but
// cannot hold together.
type ImpossibleError struct {
	// Tables cannot hold together; when Irreducible, any of them dropped the
	// rest can.
	Tables      []int
	Irreducible bool
	Cells       [][]int // per table, the cells that take part in the contradiction
	// Repair is the least total absolute change of shares (as shares of the
	// whole population) that makes these tables possible. When not Exact it is
	// the least change among the fits of all hard tables that were tried, which
	// is enough, and AtLeast is a proven lower bound.
	Repair, AtLeast float64
	Exact           bool

	names []string
}

// Close says that the bounds of the least change are the same but for a
// hundredth.
func (e *ImpossibleError) Close() bool { return e.Repair <= 1.01*e.AtLeast }

func (e *ImpossibleError) Error() string {
	least := ""
	if !e.Irreducible {
		least = " (perhaps some of them have no part in it)"
	}
	size := fmt.Sprintf("exactly %.3g", e.Repair)
	switch {
	case e.Exact:
	case e.Close():
		size = fmt.Sprintf("%.3g", e.Repair)
	default:
		size = fmt.Sprintf("at least %.3g and at most %.3g", e.AtLeast, e.Repair)
	}
	return fmt.Sprintf("fit: tables %s agree pair by pair but cannot hold together%s; the smallest change that repairs them is %s of the population in all",
		strings.Join(e.names, ", "), least, size)
}

// StalledError says that the fit ended short of its tolerance although the
// tables were not shown to be impossible.
type StalledError struct {
	Sweeps int
	Table  int     // the table that is furthest off
	TVD    float64 // its total variation distance

	name string
}

func (e *StalledError) Error() string {
	return fmt.Sprintf("fit: after %d sweeps table %s is still off by a TVD of %.3g; the tables are possible or very nearly so: give the least trusted a tolerance, or drop one",
		e.Sweeps, e.name, e.TVD)
}
