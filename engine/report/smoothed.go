package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/plan"
)

// smoothedRows are the rows of a table of smoothed fields: field, integer, edges, the
// steepest step by bands and smoothed, and the limit. Escape writes texts.
func smoothedRows(all []plan.Smoothed, escape func(string) string) (rows [][]string) {
	for i := range all {
		x := &all[i]
		rows = append(rows, []string{escape(x.Field), escape(x.Of), x.EdgeList(), escape(x.Before.Text()), escape(x.After.Text()), fmt.Sprintf("%g", x.MaxStep)})
	}
	return rows
}

// smoothedNote says in the card what is interpolated.
func (r *Release) smoothedNote() string {
	var fields, of []string
	for _, x := range r.Smoothed {
		fields = append(fields, "`"+x.Field+"`")
		if name := "`" + x.Of + "`"; !slices.Contains(of, name) {
			of = append(of, name)
		}
	}
	return fmt.Sprintf("The shares of %s are interpolated over single values of %s between the bands of their tables. Every band keeps its shares; the curves within bands are assumed, and `stats.md` lists the steepest steps.", strings.Join(fields, ", "), strings.Join(of, ", "))
}
