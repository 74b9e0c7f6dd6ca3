// Package run makes releases of synthetic populations. It is what a Go program
// calls:
//
//   - Run turns a specification into a release.
//   - Preview makes the first few persons and writes nothing.
//   - Estimate says what Run would write, and what its texts would cost.
//   - Merge joins the shards of a population into one release.
//   - Validate checks data that was written before.
//   - Compare sets data sets side by side.
//   - Compile returns the bundle of a specification: its plan and all else that a
//     run needs. Vet checks a specification, and RowSchema returns the JSON Schema
//     of its rows.
//
// Release folders are read with package release. The stages of a run are in the
// function Run; read this file from top to bottom to know what a run does.
package run

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/internal/monitor"
	"github.com/personagen/personagen/engine/internal/narrate"
	"github.com/personagen/personagen/engine/journal"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/report"
)

// Config says what to run. Spec is required, and Out by Run; the zero value of
// every other field means what the spec says or the stated default.
type Config struct {
	Spec     string        // path of the spec, or of a bundle made from one
	Out      string        // folder of the release
	Size     int64         // persons of the population
	Seed     *uint64       // of every random draw
	Limit    int64         // make only the first Limit persons; 0 for all
	Shard    release.Shard // make only this part of them
	Sampling string        // check.Quota, the default, or check.Independent

	// Provider names who writes the texts: Offline for the phrase banks of the
	// plan, NoTexts for a release without texts, or an endpoint:
	// one of Providers or one that the spec defines. The default is Offline when the
	// plan has phrase banks and NoTexts otherwise.
	Provider string
	Writer   Writer // the model that writes, when Provider names an endpoint

	Formats     []string // names of dataset.FormatNames; nil for all
	Aliases     string   // set of the plan's aliases whose columns the files have; empty for the visible fields
	RowsPerFile int64    // largest number of rows of a Parquet file; 0 for release.DefaultRowsPerFile
	Workers     int      // goroutines that make persons; 0 for one per processor
	Cache       string   // folder of fitted plans; empty for none
	AllowPaths  []string // folders, beside its own, whose files the spec may read
	Version     string   // of the program, for the manifest

	Events   func(Event)      // called with progress, from several goroutines; may be nil
	Warnings func(*diag.List) // called with faults in the spec that do not stop the run; may be nil
}

// Names of Config.Provider that are not endpoints.
const (
	Offline = "offline"
	NoTexts = "none"
)

// Event reports the progress of a run.
type Event struct {
	Stage       string // a stage of Run, or "fit", "journal" or "read"
	Done, Total int64  // rows, in stages that handle rows one by one
	Note        string
	Checkpoint  bool // show this event however soon it follows the last
	// Distributions are, at checkpoints of stage "enrich", the deviations of the
	// persons so far from the tables, the largest first.
	Distributions []Deviation
}

// Deviation says how far one distribution of the persons so far is from its
// table: the cell of Field with the largest deviation, and that deviation in
// percentage points, observed minus expected.
type Deviation = monitor.Deviation

// Summary describes a finished run.
type Summary struct {
	Dir      string // folder of the release
	Plan     *plan.Plan
	Result   *check.Result
	Manifest *release.Manifest
	Stages   []report.Stage // with the time that each took
}

// ErrUsage marks an error in what was asked for, as opposed to its input. It is
// release.ErrUsage.
var ErrUsage = release.ErrUsage

// ErrChecks is the error of a release that was written but failed a check.
var ErrChecks = errors.New("checks failed")

// ErrResumable is the error of a run that was interrupted, spent its budget or
// lost its endpoint while texts were written. The same call continues it.
var ErrResumable = errors.New("the texts are not complete")

// run carries a run from stage to stage.
type run struct {
	Config
	ctx    context.Context
	bundle *bundle.Bundle // of the spec, with all of its texts
	plan   *plan.Plan     // of the persons that are made, perhaps without texts

	persons   release.Population
	allocated allocation
	generator *generate.Generator
	narrator  *narrate.Narrator // nil when it has nothing to write
	model     *modelWriter      // nil when no model writes
	budget    *endpoint.Budget  // of a part; nil for that of Config

	journalOptions journal.Options

	draft   *release.Draft
	part    *TextPart // nil when all persons are made at once
	summary Summary
}

// Run makes a release. Nothing is visible under the name of the release until
// everything is written. The error is a *diag.ListError when the spec or a table
// is wrong, wraps ErrUsage when the request is, and wraps ErrResumable when texts
// are missing that the same call would go on with. It wraps ErrChecks when the
// release was written but failed its checks; the Summary is then complete.
func Run(ctx context.Context, cfg Config) (*Summary, error) {
	r := &run{Config: cfg, ctx: ctx}
	defer r.cleanUp()
	for _, s := range []struct {
		name string
		run  func() error
	}{
		{"compile", r.compile},   // load the spec, compile and fit the plan, choose the persons
		{"allocate", r.allocate}, // find the counts that a quota sample draws from
		{"connect", r.connect},   // open the endpoint and the journal of a model that writes
		{"prepare", r.prepare},   // open the hidden folder that becomes the release
		{"precheck", r.precheck}, // check all persons without texts before texts are paid for
		{"confirm", r.confirm},   // ask whether the texts may cost what they will
		{"enrich", r.enrich},     // have the model write the texts that the journal lacks
		{"write", r.write},       // make the persons, write them in order and tally them
		{"check", r.check},       // draw conclusions from the tallies
		{"export", r.export},     // copy the answers in the release to a separate journal
		{"describe", r.describe}, // write statistics, report, card and manifest
		{"publish", r.publish},   // give the folder its name
	} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r.event(Event{Stage: s.name})
		start := time.Now()
		if err := s.run(); err != nil {
			return nil, err
		}
		r.summary.Stages = append(r.summary.Stages, report.Stage{Name: s.name, Took: time.Since(start)})
	}
	if r.summary.Result.Failed() {
		err := fmt.Errorf("%w: %s", ErrChecks, r.summary.Result.Headline())
		if texts := r.summary.Manifest.Texts; texts != nil && commonReasons(texts) != "" {
			err = fmt.Errorf("%w; texts were refused (%s)", err, commonReasons(texts))
		}
		return &r.summary, err
	}
	return &r.summary, r.checkQuarantine()
}

func (r *run) event(e Event) {
	if r.Events != nil {
		r.Events(e)
	}
}

func (r *run) compile() error {
	b, err := compileFor(r.ctx, r.Spec, r.Cache, r.Size, func(p FitProgress) {
		r.event(Event{Stage: "fit", Note: fmt.Sprintf("%s, sweep %d, worst deviation %.1e", p.Stage, p.Sweep, p.TVD)})
	}, r.Warnings, r.AllowPaths)
	if err != nil {
		return err
	}
	if err := r.checkProvider(b); err != nil {
		return err
	}
	if err := checkAliases(b.Plan, r.Aliases); err != nil {
		return err
	}
	if err := checkWeight(b.Plan, r.Aliases); err != nil {
		return err
	}
	if len(r.Writer.Calls) > 0 {
		if b, err = b.OnlyCalls(r.Writer.Calls); err != nil {
			return fmt.Errorf("%w: %v", ErrUsage, err)
		}
	}
	texts := b.Plan.HasTexts()
	b = b.As(r.Aliases)
	r.bundle = b
	switch {
	case texts && !b.Plan.HasTexts():
		if r.Provider != "" && r.Provider != Offline && r.Provider != NoTexts {
			return fmt.Errorf("%w: the set of aliases %q has no text, so %s has nothing to write; leave out --provider", ErrUsage, r.Aliases, r.Provider)
		}
		b = b.WithoutTexts()
	case r.Provider == NoTexts || r.Provider == "" && b.Plan.Narrator == nil:
		b = b.WithoutTexts()
	}
	r.plan, r.summary.Plan = b.Plan, b.Plan
	r.persons, err = choosePersons(b, &r.Config)
	return err
}

// checkWeight returns an error when a set of aliases has no column of the weights that
// rows of a sample with strata need.
func checkWeight(p *plan.Plan, set string) error {
	d := p.Population.Design
	if d == nil || slices.ContainsFunc(p.FileColumns(set), func(c plan.FileColumn) bool { return c.Field == d.Weight }) {
		return nil
	}
	return fmt.Errorf("%w: some persons are sampled at another rate, and the set of aliases %q has no column of field %s, so nobody could count its rows by weight; add {column: %q, field: %q} to the set", ErrUsage, set, d.Weight, d.Weight, d.Weight)
}

// checkAliases returns an error when the plan has no such set of aliases.
func checkAliases(p *plan.Plan, set string) error {
	if _, ok := p.Aliases[set]; ok || set == "" {
		return nil
	}
	if len(p.Aliases) == 0 {
		return fmt.Errorf("%w: the spec has no aliases, so it has no set %q", ErrUsage, set)
	}
	return fmt.Errorf("%w: the spec has no set of aliases %q; it has %s", ErrUsage, set, strings.Join(slices.Sorted(maps.Keys(p.Aliases)), ", "))
}

func (r *run) allocate() (err error) {
	var entries diag.List
	if r.allocated, err = allocate(r.ctx, r.bundle, r.persons, r.Cache, damagedEntry(&entries)); err != nil {
		return err
	}
	if r.Warnings != nil && len(entries.Items) > 0 {
		r.Warnings(&entries)
	}
	if r.generator, err = generate.New(r.plan, r.allocated.sampler, r.persons.Seed, r.persons.IdentitySize()); err != nil {
		return err
	}
	r.generator = r.generator.WithContext(r.ctx)
	if r.plan.Narrator != nil {
		r.narrator, err = narrate.New(r.plan, r.persons.Seed)
	}
	return err
}

func (r *run) prepare() (err error) {
	r.draft, err = release.Create(r.releaseOptions())
	return err
}

func (r *run) releaseOptions() release.Options {
	return release.Options{
		Dir: r.Out, Plan: r.plan, Population: r.persons, Exceptions: r.allocated.exceptions,
		Formats: r.Formats, RowsPerFile: r.RowsPerFile, Aliases: r.Aliases, Workers: r.Workers, Version: r.Version,
	}
}

func (r *run) write() error {
	return r.draft.Write(r.ctx, func(int) release.Source { return r.source() },
		func(rows int64) { r.event(Event{Stage: "write", Done: rows, Total: r.persons.Count}) })
}

func (r *run) check() (err error) {
	r.summary.Result, err = r.draft.Check()
	return err
}

func (r *run) describe() (err error) {
	r.summary.Manifest, err = r.draft.Describe(release.Description{Texts: r.texts(), Stages: r.summary.Stages})
	return err
}

func (r *run) publish() (err error) {
	r.summary.Dir, err = r.draft.Publish()
	return err
}

// cleanUp removes what an unfinished run has written.
func (r *run) cleanUp() {
	if r.draft != nil {
		r.draft.Discard()
	}
	if r.model != nil {
		r.model.close()
	}
}
