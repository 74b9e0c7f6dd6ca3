package plan

import (
	"fmt"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
)

// Microdata says how a table was counted from the records of a survey, and smoothed.
type Microdata struct {
	Weight    string    `json:"weight,omitempty"` // column of the weights
	Records   int64     `json:"records"`          // that were counted
	Effective float64   `json:"effective"`        // their number with equal weights of the same precision (Kish)
	LeftOut   []LeftOut `json:"left_out,omitempty"`
	// Strength is the number of records, as Effective, that the product of the margins
	// counts as. Moved is the total variation distance from the weighted to the smoothed
	// shares.
	Strength  float64 `json:"strength"`
	Estimated bool    `json:"estimated,omitempty"` // whether Strength is
	Moved     float64 `json:"moved"`
	// Small is the number of cells with fewer than Least records; Pooled cells have no
	// figure of their own.
	Least  int `json:"least"`
	Small  int `json:"small"`
	Pooled int `json:"pooled"`
	// Empty is the number of possible cells without records, and EmptyShare what
	// smoothing gives them.
	Empty      int     `json:"empty"`
	EmptyShare float64 `json:"empty_share"`
	// Unknown are values that no record has; their cells are left to other tables.
	Unknown []string `json:"unknown,omitempty"`
}

// LeftOut counts records that a table does not count.
type LeftOut struct {
	Why     string `json:"why"`
	Records int64  `json:"records"`
}

// Sentences describes the counts for readers.
func (m *Microdata) Sentences() []string {
	weighted := ""
	if m.Weight != "" {
		weighted = " weighted by " + m.Weight
	}
	out := []string{fmt.Sprintf("%s%s, as precise as %s with equal weights (Kish)", humanize.Count(m.Records, "record", "records"), weighted, humanize.Thousands(int64(m.Effective+0.5)))}
	var left []string
	for _, l := range m.LeftOut {
		left = append(left, fmt.Sprintf("%s %s", humanize.Thousands(l.Records), l.Why))
	}
	if left != nil {
		out = append(out, "left out: "+strings.Join(left, ", "))
	}
	strength := fmt.Sprintf("smoothed towards independent fields as if by %.3g more records", m.Strength)
	if m.Estimated {
		strength += " (Fienberg and Holland)"
	}
	out = append(out, fmt.Sprintf("%s, which moves %.3g %% of persons", strength, 100*m.Moved))
	if m.Small > 0 {
		out = append(out, fmt.Sprintf("%s fewer than %d records; %s no figure of their own", humanize.Count(m.Small, "cell has", "cells have"), m.Least, humanize.Count(m.Pooled, "cell has", "cells have")))
	}
	if m.Empty > 0 {
		out = append(out, fmt.Sprintf("%s no record and %s %.3g %% of persons together", humanize.Count(m.Empty, "possible cell has", "possible cells have"), map[bool]string{true: "gets", false: "get"}[m.Empty == 1], 100*m.EmptyShare))
	}
	if m.Unknown != nil {
		out = append(out, "no record has "+humanize.Some(m.Unknown)+": left to other tables")
	}
	return out
}
