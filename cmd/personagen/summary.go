package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

// summaryDocument returns the JSON document of a finished run.
func summaryDocument(s *run.Summary, took time.Duration, err error) any {
	failure := ""
	if err != nil {
		failure = err.Error()
	}
	return struct {
		Folder   string            `json:"folder"`
		Manifest *release.Manifest `json:"manifest"`
		Failures []*check.Outcome  `json:"failures"`
		Goals    []check.Goal      `json:"goals,omitempty"`
		Assumed  []string          `json:"assumed"`
		Seconds  float64           `json:"seconds"`
		Failure  string            `json:"failure,omitempty"` // why the exit code is not 0
	}{s.Dir, s.Manifest, append([]*check.Outcome{}, s.Result.Failures()...), s.Result.Goals, append([]string{}, assumed(s.Plan)...), took.Seconds(), failure}
}

// printSummary prints the failed checks of a finished run, the files written, and
// which parts of the data do not come from published statistics.
func (a *app) printSummary(s *run.Summary, took time.Duration) {
	w := a.stdout
	a.printFailures(s.Result)
	rate := int64(float64(s.Manifest.Rows) / max(took.Seconds(), 1e-3))
	fmt.Fprintf(w, "%s in %s (%s rows/s, seed %d, %s sampling)\n", humanize.Count(s.Manifest.Rows, "persona", "personas"), seconds(took), humanize.Thousands(rate),
		s.Manifest.Population.Seed, s.Manifest.Population.Sampling)
	if m := s.Manifest.Population; m.Count < m.Size {
		fmt.Fprintf(w, "persons %s to %s of %s\n", humanize.Thousands(m.First+1), humanize.Thousands(m.First+m.Count), humanize.Thousands(m.Size))
	}
	fmt.Fprintln(w, filepath.ToSlash(s.Dir)+"/")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range s.Manifest.Files {
		fmt.Fprintf(t, "  %s\t%s\n", f.Name, size(f.Bytes))
	}
	for _, name := range s.Manifest.Unhashed {
		fmt.Fprintf(t, "  %s\n", name)
	}
	fmt.Fprintf(t, "  %s\n", release.ManifestFile)
	t.Flush()
	fmt.Fprintln(w, checksLine(s.Result))
	if line := check.Unwritten(s.Result.Texts); line != "" {
		fmt.Fprintln(w, line)
	}
	if line := check.GoalsLine(s.Result.Goals); line != "" {
		fmt.Fprintf(w, "goals: %s\n", line)
	}
	for _, line := range assumed(s.Plan) {
		fmt.Fprintln(w, line)
	}
}

// printFailures prints the failed checks, then the warnings.
func (a *app) printFailures(r *check.Result) {
	for _, status := range []string{check.Fail, check.Warn} {
		for _, o := range r.Outcomes {
			if o.Status == status {
				fmt.Fprintf(a.stdout, "%s  %s: %s\n", a.paint(statusColor[status], strings.ToUpper(status)), o.ID, o.Message)
			}
		}
	}
}

// checksLine counts the checks by status.
func checksLine(r *check.Result) string {
	line := fmt.Sprintf("checks: %d passed, %d failed", r.Counts[check.Pass], r.Counts[check.Fail])
	if n := r.Counts[check.Warn]; n > 0 {
		line += fmt.Sprintf(", %s", humanize.Count(int64(n), "warning", "warnings"))
	}
	if n := r.Counts[check.Note]; n > 0 {
		line += fmt.Sprintf(", %s", humanize.Count(int64(n), "note", "notes"))
	}
	if n := r.Counts[check.Skip]; n > 0 {
		line += fmt.Sprintf(", %d skipped", n)
	}
	return line
}

// assumed lists the parts of the data that do not come from published statistics, a
// line per status.
func assumed(p *plan.Plan) []string {
	var lines []string
	for _, status := range []string{"modelled", "assumed"} {
		var names []string
		for _, t := range p.Tables {
			if t.Status == status {
				names = append(names, "table "+t.Name)
			}
		}
		for _, f := range p.Fields {
			if f.Status == status {
				names = append(names, "field "+f.Name)
			}
		}
		for _, c := range p.Correlations {
			if c.Status == status {
				names = append(names, "correlations "+c.Name)
			}
		}
		if len(names) > 0 {
			lines = append(lines, fmt.Sprintf("%s: %s", status, humanize.Some(names)))
		}
	}
	if n := len(p.Independent); n > 0 {
		lines = append(lines, fmt.Sprintf("independent because no table covers them: %s of fields (personagen plan lists them)", humanize.Count(int64(n), "pair", "pairs")))
	}
	return lines
}
