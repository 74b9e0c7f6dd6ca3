package report

import (
	"fmt"
)

// goals shows which points of the user's are met.
func (s *Stats) goals(p *paper) {
	if len(s.Goals) == 0 {
		return
	}
	met := 0
	var rows [][]string
	for _, g := range s.Goals {
		verdict := "**not met**"
		if g.Met {
			verdict = "met"
			met++
		}
		rows = append(rows, []string{verdict, Escape(g.Name), Escape(g.Demand), Escape(g.Found)})
	}
	p.line("## Goals\n")
	p.line("%s\n", fmt.Sprintf("What the specification calls success: %d of %d points are met.", met, len(s.Goals)))
	p.table([]string{"", "goal", "wanted", "found"}, rows)
}
