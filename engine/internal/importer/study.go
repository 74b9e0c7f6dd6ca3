// Package importer looks at a table of a statistical office and says what a spec can
// take from it: which categories are totals and sub-totals and how that is known, which
// dimensions are ages, places or periods, which fields of the spec they match, and what
// a person has to decide. Nothing is decided without evidence.
package importer

import (
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/office"
)

// Study is what was found in a cube.
type Study struct {
	Cube *office.Cube
	Axes []Axis

	Measure string // "counts", "percent" or "shares"; "" if the figures are none of these
	Given   []int  // axes within which the user wants shares
	Over    []int  // for percent: the axes along which the figures add up to 100
	Zero    bool   // missing figures are 0
	// Each is what each figure is that is not given, as a total of the file tells; nil if
	// none does.
	Each *float64
	// Open are the questions that the user has to answer.
	Open []Question
	// Notes say what else was found.
	Notes []string
}

// Axis is what was found about a dimension of the cube.
type Axis struct {
	About Subject
	Fixed int      // the only category that is read, -1 if all that are kept
	Why   string   // why only that one is
	Keep  []bool   // by category
	Drops []Drop   // in order
	Ages  []span   // of About Ages: by category
	Proof string   // how the kept categories are known to be parts of a whole, "" if nothing shows it
	Sexes []string // of About Sex: "female", "male" or "" by category

	exclusive bool // the ends of classes of ages are not part of them
}

// Drop is a category that is left out.
type Drop struct {
	Category int
	Evidence []string // such as "label", "adds up in 924 of 924 cells within 8"
}

// Question is what the user has to decide.
type Question struct {
	Axis    int      // -1 for the whole table
	Text    string   // one sentence
	Answers []string // flags of which one settles it
}

// Subject is what a dimension is about.
type Subject string

const (
	Ages    Subject = "age"
	Sex     Subject = "sex"
	Periods Subject = "time"
	Places  Subject = "place"
	Metrics Subject = "contents" // what is counted or measured
	Units   Subject = "unit"
	Other   Subject = "categories"
)

// Kept returns the categories of an axis that are read.
func (s *Study) Kept(axis int) []int {
	a := &s.Axes[axis]
	if a.Fixed >= 0 {
		return []int{a.Fixed}
	}
	var kept []int
	for i, k := range a.Keep {
		if k {
			kept = append(kept, i)
		}
	}
	return kept
}

// Free returns the axes that are not fixed.
func (s *Study) Free() []int {
	var free []int
	for i := range s.Axes {
		if s.Axes[i].Fixed < 0 {
			free = append(free, i)
		}
	}
	return free
}

// Look studies a cube. The error is a *ChoiceError.
func Look(c *office.Cube, choices Choices) (*Study, error) {
	for i := range c.Dims {
		c.Dims[i].Prefix = commonPrefix(&c.Dims[i])
	}
	s := &Study{Cube: c, Axes: make([]Axis, len(c.Dims)), Measure: "counts"}
	for i := range c.Dims {
		s.Axes[i] = s.classify(i)
	}
	l := &looker{Study: s, choices: choices, dropped: make([]map[int]bool, len(c.Dims))}
	if err := l.choose(); err != nil {
		return nil, err
	}
	l.restrict()
	l.allLevels()
	if l.zeros && !l.Zero { // now it is known that missing figures are 0
		l.Zero = true
		for i := range s.Axes {
			s.Axes[i].forget(l.dropped[i])
		}
		s.Open, s.Notes = nil, nil
		l.allLevels()
	}
	for i := range s.Axes {
		switch a := &s.Axes[i]; {
		case a.Fixed >= 0:
		case a.About == Periods:
			l.periods(i)
		case a.About == Units:
			l.units(i)
		case a.About == Metrics:
			l.contents(i)
		}
	}
	for i := range s.Axes {
		if s.Axes[i].Fixed < 0 {
			l.parts(i)
		}
	}
	l.measure()
	l.postpone()
	if len(s.Open) == 0 && s.Measure == "counts" && !s.Zero {
		l.missing()
	}
	for i := range s.Axes {
		slices.SortFunc(s.Axes[i].Drops, func(a, b Drop) int { return a.Category - b.Category })
	}
	return s, nil
}

// allLevels tells totals from categories in every dimension that has some.
func (l *looker) allLevels() {
	for i := range l.Axes {
		if a := &l.Axes[i]; a.Fixed < 0 && a.About != Periods && a.About != Metrics && a.About != Units {
			l.levels(i)
		}
	}
}

// postpone leaves only the questions which figures are read, if there are some: the
// others depend on the answers.
func (l *looker) postpone() {
	which := func(q Question) bool {
		return q.Axis >= 0 && (l.Axes[q.Axis].About == Metrics || l.Axes[q.Axis].About == Units)
	}
	if slices.ContainsFunc(l.Open, which) {
		l.Open = slices.DeleteFunc(l.Open, func(q Question) bool {
			return !which(q) && (q.Axis < 0 || l.Axes[q.Axis].About != Periods)
		})
	}
}

// forget takes back what was found about the categories, except what the user dropped.
func (a *Axis) forget(dropped map[int]bool) {
	a.Drops = slices.DeleteFunc(a.Drops, func(d Drop) bool { return !dropped[d.Category] })
	for j := range a.Keep {
		a.Keep[j] = !dropped[j]
	}
	a.Proof = ""
}

// looker carries a study from step to step.
type looker struct {
	*Study
	choices Choices
	dropped []map[int]bool // by the user
	grid    *grid          // of the categories that are read
	unit    float64        // to which figures are rounded
	proven  bool           // some categories add up, so the figures are counts
	zeros   bool           // they do so only if missing figures are 0
}

func (l *looker) drop(axis, category int, evidence ...string) {
	a := &l.Axes[axis]
	a.Keep[category] = false
	for i := range a.Drops {
		if a.Drops[i].Category == category {
			a.Drops[i].Evidence = append(a.Drops[i].Evidence, evidence...)
			return
		}
	}
	a.Drops = append(a.Drops, Drop{category, evidence})
}

// ask adds a question.
func (l *looker) ask(axis int, text string, answers ...string) {
	l.Open = append(l.Open, Question{axis, text, answers})
}

// evidence says how parts add up, "" if they were not in any cell.
func (s sums) evidence() string {
	if s.cells == 0 {
		return ""
	}
	text := fmt.Sprintf("adds up in %s of %s", humanize.Thousands(int64(s.agree)), humanize.Count(int64(s.cells), "cell", "cells"))
	if Figure(s.most) != "0" {
		text += " within " + Figure(s.most)
	}
	if s.gaps {
		text += " if missing figures are 0"
	} else if s.lacks > 0 {
		text += fmt.Sprintf(" (%s without a part left out)", humanize.Thousands(int64(s.lacks)))
	}
	return text
}
