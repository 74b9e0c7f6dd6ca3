package fit

import (
	"fmt"
	"strings"
)

// TooLargeError says that the smallest junction tree found has more cells than
// Options.MaxCells.
type TooLargeError struct {
	Largest, Total, Budget int64    // cells: of the largest clique, of all, allowed
	Clique                 []int    // variables of the largest clique
	FillIn                 [][2]int // pairs of variables that triangulation joined
	Remove                 []int    // tables without which, and without Apart, the budget suffices; none of them can stay
	Apart                  [][]int  // sets of Problem.Together, likewise
	Without                int64    // cells of all cliques without those

	names  string
	remove []string
}

func (e *TooLargeError) Error() string {
	msg := fmt.Sprintf("fit: the junction tree needs %d cells, more than the limit of %d; its largest clique (%s) has %d",
		e.Total, e.Budget, e.names, e.Largest)
	if len(e.remove) > 0 {
		msg += fmt.Sprintf("; without %s it would need %d", strings.Join(e.remove, ", "), e.Without)
	}
	return msg
}

// NoSupportError says that cells of a table have a positive share although every
// configuration in them is forbidden.
type NoSupportError struct {
	Table    int
	Cells    []int
	Supports []int // an irreducible set of supports that, with Tables, forbids the first cell
	Tables   []int // tables whose zeros belong to that set

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

// Disagreement is a region to which two hard tables give different masses.
type Disagreement struct {
	A, B           int     // tables
	CellsA, CellsB []int   // cells of A and of B that make up the region; -1 is the outside of the universe
	MassA, MassB   float64 // the region's share of the whole population in A and in B
	// TVD is the total variation distance of the two tables over all their common
	// regions, as a share of the whole population.
	TVD float64
	// Supports are structural zeros without which the two tables agree, or have no
	// common region: an irreducible set, empty when they disagree anyway.
	Supports []int
}

// InconsistentError lists the pairs of hard tables that disagree by more than
// their tolerances, worst first.
type InconsistentError struct {
	Disagreements []Disagreement
	// Needed is, per table of the problem, a tolerance with which the tables could be
	// reconciled, if those of all other tables were as given; 0 for a table that need
	// not move further than it may.
	Needed []float64

	names []string
}

func (e *InconsistentError) Error() string {
	lines := make([]string, len(e.Disagreements))
	for i, d := range e.Disagreements {
		lines[i] = fmt.Sprintf("fit: tables %s and %s disagree by more than their tolerances (TVD %.3g): cells %v of the first have %.9g of the population, cells %v of the second %.9g",
			e.names[d.A], e.names[d.B], d.TVD, d.CellsA, d.MassA, d.CellsB, d.MassB)
	}
	return strings.Join(lines, "\n")
}

// ImpossibleError says that a set of hard tables agrees pair by pair but that no
// distribution meets them all.
type ImpossibleError struct {
	// Tables cannot be met together. When Irreducible, they can be without any
	// one of them.
	Tables      []int
	Irreducible bool
	// Supports are structural zeros that take part: without any one of them, the
	// tables can be met together. Empty when they cannot without all supports.
	Supports []int
	Cells    [][]int // per table, the cells that take part in the contradiction; -1 is the outside of the universe
	// Repair is the least total absolute change that makes these tables possible,
	// as a share of the whole population. When not Exact it is an upper bound, the
	// change that the best elastic fit of all hard tables needed. AtLeast is a
	// proven lower bound.
	Repair, AtLeast float64
	Exact           bool

	names []string
}

// Close reports whether the bounds of the least change differ by at most 1 %.
func (e *ImpossibleError) Close() bool { return e.Repair <= 1.01*e.AtLeast }

func (e *ImpossibleError) Error() string {
	least := ""
	if !e.Irreducible {
		least = " (perhaps some of them are not involved)"
	}
	size := fmt.Sprintf("exactly %.3g", e.Repair)
	switch {
	case e.Exact:
	case e.Close():
		size = fmt.Sprintf("%.3g", e.Repair)
	default:
		size = fmt.Sprintf("at least %.3g and at most %.3g", e.AtLeast, e.Repair)
	}
	return fmt.Sprintf("fit: tables %s agree pair by pair but cannot be met together%s; the smallest change that repairs them is %s of the population in total",
		strings.Join(e.names, ", "), least, size)
}

// StalledError says that the fit did not reach its tolerance although the tables
// were not proven impossible.
type StalledError struct {
	Sweeps int
	Table  int     // the table that is furthest off
	TVD    float64 // its total variation distance

	name string
}

func (e *StalledError) Error() string {
	return fmt.Sprintf("fit: after %d sweeps table %s is still off by a TVD of %.3g, though no contradiction was found; give the least trusted tables a tolerance, or remove one",
		e.Sweeps, e.name, e.TVD)
}
