package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/humanize"
)

func (v *view) origins() {
	s := v.Stats
	for _, t := range s.Published {
		v.Published = append(v.Published, publishedView{t, deviationOf(t.MovedPersons), deviationOf(t.MissedPersons)})
	}
	for _, status := range []string{"assumed", "modelled", "derived", "secondary"} {
		for _, u := range s.Uncertain {
			if u.Status == status {
				v.Uncertain = append(v.Uncertain, u)
			}
		}
	}
	tests := map[string]*check.Test{}
	for i := range s.Checks.Outcomes {
		if o := &s.Checks.Outcomes[i]; o.Kind == check.KindIndependent {
			tests[o.ID] = o.Test
		}
	}
	v.SmoothedRows = smoothedRows(s.Smoothed, func(text string) string { return text })
	v.Exceptions = slices.Clone(s.Exceptions)
	slices.SortStableFunc(v.Exceptions, func(a, b Exception) int { return cmp.Compare(math.Abs(b.Persons), math.Abs(a.Persons)) })
	v.Exceptions = v.Exceptions[:min(len(v.Exceptions), mostExceptions)]
	v.ExceptionsMore = len(s.Exceptions) - len(v.Exceptions)
	v.IndependentMore = max(0, len(s.Independent)-mostRows)
	for _, pair := range s.Independent[:len(s.Independent)-v.IndependentMore] {
		x := independentView{First: pair.Fields[0], Second: pair.Fields[1], Given: pair.Given}
		if t := tests["independent."+pair.Fields[0]+"."+pair.Fields[1]]; t != nil {
			x.P = short4(t.P)
		}
		v.Independent = append(v.Independent, x)
	}
}

// mostPassed is the number of passed checks that are listed.
const mostPassed = 100

// mostExceptions is the number of cells that are listed, the largest deviations first.
const mostExceptions = 50

func (v *view) checks() {
	c := &v.Stats.Checks
	v.ChecksIntro = fmt.Sprintf("%s. %s", upper(c.Headline), c.tests())
	var shown []string
	for _, status := range []string{check.Pass, check.Note, check.Warn, check.Fail, check.Skip} {
		if slices.ContainsFunc(c.Outcomes, func(o check.Outcome) bool { return o.Status == status }) {
			shown = append(shown, status)
		}
	}
	v.CheckHead = shown
	passed := 0
	for _, o := range c.Outcomes {
		if o.Status == check.Pass {
			if passed++; passed > mostPassed {
				v.OutcomesMore++
				continue
			}
		}
		v.Outcomes = append(v.Outcomes, o)
	}
	for _, k := range kinds {
		row := kindView{Name: upper(k.many), Counts: make([]int, len(shown))}
		any := false
		for i := range c.Outcomes {
			if o := &c.Outcomes[i]; o.Kind == k.kind {
				any = true
				row.Counts[slices.Index(shown, o.Status)]++
			}
		}
		if any {
			v.CheckKinds = append(v.CheckKinds, row)
		}
	}
}

func (v *view) made() {
	pop := &v.Stats.Population
	add := func(label, value string) {
		if value != "" {
			v.Made = append(v.Made, labelled{label, value})
		}
	}
	add("Population", strings.TrimSpace(pop.Name+" "+pop.Version))
	add("Licence", pop.License)
	add("Program", strings.TrimSpace("personagen "+pop.Program))
	add("Plan", pop.Plan)
	add("Structure", pop.Structure)
	add("Seed", strconv.FormatUint(pop.Seed, 10))
	add("Sampling", pop.Sampling)
	add("Size", humanize.Thousands(pop.Size))
	add("Target population", pop.Where)
	if pop.Persons > 0 {
		add("Persons in the tables", humanize.Thousands(pop.Persons))
	}
	if w := v.Writing; w != nil {
		add("Texts written by", w.Model+" ("+w.Provider+")")
		add("Model calls", humanize.Thousands(w.Calls))
		add("Tokens", fmt.Sprintf("%s prompt (%s cached), %s completion (%s reasoning)", humanize.Thousands(w.Prompt), humanize.Thousands(w.Cached), humanize.Thousands(w.Completion), humanize.Thousands(w.Thought)))
		add("Cost", costOf(w.Cost))
		add("Rejected", humanize.Count(int(w.Quarantined), "text", "texts"))
	}
	for _, f := range listed(v.Page.Files) {
		x := fileView{Name: f.Name, Size: bytesOf(f.Bytes)}
		if f.Rows > 0 {
			x.Rows = humanize.Thousands(f.Rows)
		}
		v.Files = append(v.Files, x)
	}
	total := time.Duration(0)
	for _, s := range v.Page.Stages {
		total += s.Took
	}
	for _, s := range v.Page.Stages {
		seconds := fmt.Sprintf("%.2f", s.Took.Seconds())
		v.Stages = append(v.Stages, stageView{s.Name, barStrip(s.Name+": "+seconds+" s", s.Took.Seconds(), nil, total.Seconds()), seconds})
	}
	v.Workers = fmt.Sprintf("%.2f seconds", total.Seconds())
	if n := v.Page.Workers; n > 0 {
		v.Workers += " with " + humanize.Count(n, "worker", "workers")
	}
}

func bytesOf(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}
