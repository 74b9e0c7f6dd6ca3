package plan

import "fmt"

// smoothed prints the steepest steps between neighbouring values, without and with
// interpolation.
func (t *printer) smoothed() {
	var rows [][]string
	for i := range t.Smoothed {
		x := &t.Smoothed[i]
		rows = append(rows, []string{x.Field, x.Of, x.Table, fmt.Sprintf("from %d", x.From), x.EdgeList(), x.Before.Text(), x.After.Text(), fmt.Sprintf("%g", x.MaxStep)})
	}
	if rows == nil {
		return
	}
	t.section("Smooth: the steepest step between neighbouring values, BY BANDS and SMOOTHED")
	t.grid([]string{"FIELD", "OVER", "TABLE", "CHECKED", "EDGES", "BY BANDS", "SMOOTHED", "AT MOST"}, rows)
}
