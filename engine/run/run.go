// Package run is the story of a run, top to bottom: load the spec, compile the
// plan, allocate the persons, generate and write them while they are tallied,
// check, describe, publish. Nothing is visible under the release's name until
// everything is written.
package run

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/internal/monitor"
	"github.com/personagen/personagen/engine/internal/narrate"
	"github.com/personagen/personagen/engine/plan"
)

// Config says what to run. Zero values mean what the spec or the defaults say.
type Config struct {
	Spec     string // path of the spec
	Out      string // folder of the release
	Size     int64  // persons in all
	Seed     *uint64
	Limit    int64  // only the first so many of them
	Shard    Shard  // only this part of them
	Sampling string // check.Quota (the default) or check.Independent

	// Provider is who writes the texts: "offline", the plan's phrase banks;
	// "none", nobody, and the release has no texts; or the kind of endpoint that
	// Author is about. Empty is offline where the plan has phrase banks, else
	// none.
	Provider string
	Author   Author

	Formats     []string // "parquet", "jsonl", "csv"; nil for all
	Aliases     string   // set of the plan's other names for columns; empty for the fields' own
	RowsPerFile int64    // of a Parquet file; 0 for DefaultRowsPerFile
	Workers     int      // 0 for one per core
	Cache       string   // folder of fitted plans; empty for none
	Version     string   // of the program, for the manifest
	Events      func(Event)
	// Warnings, when set, hears what is odd but not wrong about the spec.
	Warnings func(*diag.List)
}

// DefaultRowsPerFile is the largest number of rows of one Parquet file.
const DefaultRowsPerFile = 5_000_000

// Providers of texts.
const (
	Offline = "offline"
	NoTexts = "none"
)

// Shard is part Index (from 1) of Of parts; the zero value is the whole.
type Shard struct{ Index, Of int }

// Event tells how far a run is.
type Event struct {
	Stage       string // "load", "compile", "fit", "allocate", "rehearse", "confirm", "enrich", "write", "check", "publish"
	Done, Total int64  // rows, in stages "rehearse", "enrich" and "write"
	Note        string
	Checkpoint  bool // to be shown however soon after the last
	// Distributions tells, at checkpoints of stage "enrich", how far the persons
	// so far are from the tables.
	Distributions []Deviation
}

// Deviation is how far the persons of an enrichment are from an expected
// distribution.
type Deviation = monitor.Deviation

// Summary is what a finished run says.
type Summary struct {
	Dir      string
	Plan     *plan.Plan
	Result   *check.Result
	Manifest *Manifest
	Timings  []Timing
}

// Timing is how long a stage took.
type Timing struct {
	Stage string
	Took  time.Duration
}

// ErrUsage marks an error in how a run was asked for, not in its input.
var ErrUsage = errors.New("usage")

// ErrChecks is the error of a release that was written but failed a check.
var ErrChecks = errors.New("checks failed")

// run carries a run from stage to stage.
type run struct {
	Config
	ctx  context.Context
	plan *plan.Plan

	persons   population
	allocated allocation
	generator *generate.Generator
	narrator  *narrate.Narrator // nil when it has nothing to write
	author    *authorship       // nil when no model writes
	release   *release
	suite     *check.Suite
	tally     *tallies
	summary   Summary
}

// Run makes a release. The error is a *diag.ListError when spec or tables are
// wrong, wraps ErrUsage when the request is, and ErrChecks when the release
// was written but failed its checks; the summary is then complete.
func Run(ctx context.Context, cfg Config) (*Summary, error) {
	r := &run{Config: cfg, ctx: ctx}
	defer r.cleanUp()
	for _, s := range []struct {
		name string
		run  func() error
	}{
		{"compile", r.compile},
		{"allocate", r.allocate},
		{"connect", r.connect},
		{"prepare", r.prepare},
		{"rehearse", r.rehearse},
		{"confirm", r.confirm},
		{"enrich", r.enrich},
		{"write", r.write},
		{"check", r.check},
		{"export", r.export},
		{"describe", r.describe},
		{"publish", r.publish},
	} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r.event(Event{Stage: s.name})
		start := time.Now()
		if err := s.run(); err != nil {
			return nil, err
		}
		r.summary.Timings = append(r.summary.Timings, Timing{s.name, time.Since(start)})
	}
	if r.summary.Result.Failed() {
		return &r.summary, fmt.Errorf("%w: %s", ErrChecks, r.summary.Result.Headline())
	}
	return &r.summary, r.quarantined()
}

func (r *run) event(e Event) {
	if r.Events != nil {
		r.Events(e)
	}
}

// compile loads the spec and makes the plan, then settles who is made.
func (r *run) compile() error {
	p, err := Compile(r.ctx, r.Spec, r.Cache, func(p fit.Progress) {
		r.event(Event{Stage: "fit", Note: fmt.Sprintf("%s, sweep %d, worst deviation %.1e", p.Stage, p.Sweep, p.TVD)})
	}, r.Warnings)
	if err != nil {
		return err
	}
	if err := r.checkProvider(p); err != nil {
		return err
	}
	if r.Provider == NoTexts || r.Provider == "" && p.Narrator == nil {
		p = p.WithoutTexts()
	}
	if err := hasAliases(p, r.Aliases); err != nil {
		return err
	}
	r.plan, r.summary.Plan = p, p
	r.persons, err = choosePersons(p, &r.Config)
	return err
}

// hasAliases reports an error when the plan has no such set of aliases.
func hasAliases(p *plan.Plan, set string) error {
	if _, ok := p.Aliases[set]; ok || set == "" {
		return nil
	}
	if len(p.Aliases) == 0 {
		return fmt.Errorf("%w: the spec has no aliases, so there is no set %q of them", ErrUsage, set)
	}
	return fmt.Errorf("%w: the spec has no set %q of aliases; it has %s", ErrUsage, set, strings.Join(slices.Sorted(maps.Keys(p.Aliases)), ", "))
}

// allocate finds the counts of a quota population.
func (r *run) allocate() (err error) {
	if r.allocated, err = allocate(r.ctx, r.plan, r.persons, r.Cache); err != nil {
		return err
	}
	if r.generator, err = generate.New(r.plan, r.allocated.sampler, r.persons.Seed, r.persons.identity()); err != nil {
		return err
	}
	if r.plan.Narrator != nil {
		r.narrator, err = narrate.New(r.plan, r.persons.Seed)
	}
	return err
}

// prepare opens the hidden folder in which the release is made.
func (r *run) prepare() (err error) {
	r.release, err = openRelease(r.Out, r.plan, r.persons, r.Formats, r.RowsPerFile, r.Aliases)
	if err != nil {
		return err
	}
	r.suite = check.New(r.plan, r.persons.checkOptions(r.allocated.exceptions, r.release.dir))
	return nil
}

// write generates the persons, writes them in order and tallies them.
func (r *run) write() (err error) {
	r.tally, err = r.release.fill(r.ctx, r.suite, r.Workers, r.persons, func(int) source {
		return r.source()
	}, func(done int64) { r.event(Event{Stage: "write", Done: done, Total: r.persons.Count}) })
	return err
}

// check draws the conclusions and lets go of the suite's temporary files, which
// stand in the release's folder.
func (r *run) check() (err error) {
	if r.summary.Result, err = r.tally.result(r.suite); err != nil {
		return err
	}
	return r.suite.Close()
}

// describe writes the plan, the statistics and the manifest.
func (r *run) describe() (err error) {
	r.release.texts, r.release.timings = r.texts(), r.summary.Timings
	r.summary.Manifest, err = r.release.describe(r.plan, r.persons, r.tally, r.summary.Result, r.allocated.exceptions, r.Version)
	return err
}

// publish gives the finished folder its name.
func (r *run) publish() (err error) {
	r.summary.Dir, err = r.release.publish()
	return err
}

// cleanUp removes what an unfinished run has written.
func (r *run) cleanUp() {
	if r.suite != nil {
		r.suite.Close()
	}
	if r.release != nil {
		r.release.abandon()
	}
	if r.author != nil {
		r.author.close()
	}
}

// AllFormats lists the names of the data formats in the order in which they
// are written.
func AllFormats() []string {
	var names []string
	for _, f := range dataset.Formats() {
		names = append(names, f.Name)
	}
	return names
}
