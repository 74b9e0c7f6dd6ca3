// Package release reads and writes releases. A release is a folder with the data
// files of a population, the plan they were made from, their statistics, a
// report, a dataset card and a manifest that names every file with its hash.
//
// Open reads one. Create, Draft.Write, Draft.Describe and Draft.Publish make
// one: a draft is built in a hidden folder beside its target and gets its name
// when it is complete, so a reader never sees half a release.
//
// The package takes its rows from a Source. It does not know how they are made,
// who writes their texts, or how a specification becomes a plan.
package release

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/internal/inputs"
	"github.com/personagen/personagen/engine/plan"
)

// ErrUsage marks an error in what was asked for: a folder that is not a release,
// a target that must not be replaced, an unknown format.
var ErrUsage = errors.New("usage")

// ErrChanged marks the error of a release whose plan is not the one it was made from.
var ErrChanged = errors.New("the plan was changed since it was written")

// Names of the files of a release, apart from its data files.
const (
	ManifestFile  = "manifest.json"
	PlanFile      = "plan.json"
	StatsFile     = "stats.json"
	StatsTextFile = "stats.md"
	ReportFile    = "report.html"
	CardFile      = "README.md"
	CroissantFile = "croissant.json"
	CitationFile  = "CITATION.cff"
)

// Release is an open release, or several that are neighboring parts of one
// population.
type Release struct {
	Plan       *plan.Plan
	Population Population  // the persons of all parts together
	Manifests  []*Manifest // one per part, in the order of the persons
	// Aliases is the set of the plan's aliases whose columns the data files have; empty
	// for the visible fields.
	Aliases string
	// Exceptions are cells that the allocation left more than a person off.
	Exceptions []check.Exception

	dirs []string // one per part
}

// Open opens a release, given by its folder, or all the parts of a population, in
// any order. Parts must be of the same plan, seed, size and sampling and follow
// each other without a gap. The error wraps ErrUsage when a folder is not a
// release or the parts do not fit together.
func Open(dirs ...string) (*Release, error) {
	if len(dirs) == 0 {
		return nil, fmt.Errorf("%w: no release was named", ErrUsage)
	}
	type part struct {
		dir string
		*Manifest
	}
	var parts []part
	for _, dir := range dirs {
		m, err := ReadManifest(dir)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{dir, m})
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.Population.First, b.Population.First) })
	first := parts[0]
	p, err := readPlan(first.dir)
	if err != nil {
		return nil, err
	}
	if p.Hash != first.Plan {
		return nil, fmt.Errorf("%s: %w: it is of plan %.12s, the manifest says %.12s", filepath.Join(first.dir, PlanFile), ErrChanged, p.Hash, first.Plan)
	}
	r := &Release{Plan: p, Population: first.Population, Aliases: first.Aliases, Exceptions: first.Exceptions}
	r.Population.Count = 0
	for _, next := range parts {
		was, is := r.Population, next.Population
		switch {
		case next.Plan != first.Plan:
			return nil, fmt.Errorf("%w: %s and %s were made from different plans", ErrUsage, first.dir, next.dir)
		case next.Aliases != first.Aliases:
			return nil, fmt.Errorf("%w: %s and %s name their columns by different sets of aliases, %q and %q", ErrUsage, first.dir, next.dir, first.Aliases, next.Aliases)
		case is.Seed != was.Seed || is.Size != was.Size || is.Sampling != was.Sampling:
			return nil, fmt.Errorf("%w: %s and %s are not parts of one population: seed, size or sampling differ", ErrUsage, first.dir, next.dir)
		case is.First != was.First+was.Count:
			return nil, fmt.Errorf("%w: %s begins with person %d, but the parts before it end with person %d; name every part once", ErrUsage,
				next.dir, is.First, was.First+was.Count-1)
		}
		r.Population.Count += is.Count
		r.dirs, r.Manifests = append(r.dirs, next.dir), append(r.Manifests, next.Manifest)
	}
	return r, nil
}

// readPlan reads the plan of a release.
func readPlan(dir string) (*plan.Plan, error) {
	path := filepath.Join(dir, PlanFile)
	data, err := inputs.ReadRegular(path, maxDocument)
	if err != nil {
		return nil, err
	}
	p, err := plan.Read(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if p.Changed() {
		return nil, fmt.Errorf("%s: %w: its hash is not %.12s", path, ErrChanged, p.Hash)
	}
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w: %v", path, ErrChanged, err)
	}
	return p, nil
}

// DataFiles returns the paths of the data files in the order of their rows. A
// release that has its rows in several formats returns those of one: Parquet if
// it has it, because Parquet keeps types best.
func (r *Release) DataFiles() []string {
	var paths []string
	for i, m := range r.Manifests {
		paths = append(paths, m.dataFiles(r.dirs[i])...)
	}
	return paths
}

func (m *Manifest) dataFiles(dir string) []string {
	for _, f := range dataset.Formats() {
		var paths []string
		for _, file := range m.Files {
			if file.Rows > 0 && strings.HasSuffix(file.Name, f.Extension) {
				paths = append(paths, filepath.Join(dir, file.Name))
			}
		}
		if len(paths) > 0 {
			return paths
		}
	}
	return nil
}

// Rows returns a reader of all rows.
func (r *Release) Rows() *Reader { return NewReader(r.Plan, r.DataFiles(), r.Aliases, nil) }
