package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/report"
)

// ValidateConfig says which data to check.
type ValidateConfig struct {
	Paths   []string          // a release or all shards of a population, by their folders; or data files, which need Spec
	Spec    string            // check against this spec instead of the plan of the release
	Columns map[string]string // name in the files to name of the field
	// Aliases is the set of the spec's aliases that names the columns of data files.
	// A release states its own.
	Aliases string
	Size    int64  // persons of the population that data files are a part of; 0 when they are all of it
	Cache   string // folder of fitted plans; empty for none
	// AllowPaths are folders, beside its own, whose files the spec may read.
	AllowPaths []string
	Events     func(Event)
}

// Validation is the result of Validate.
type Validation struct {
	Plan   *plan.Plan
	Result *check.Result
	Rows   int64
	Faults []string             // the first faults in the files themselves, such as a value of the wrong type
	Issues []dataset.IssueCount // all such faults, counted

	seed uint64
}

// Stats returns the statistics of the data. Version is that of the program.
func (v *Validation) Stats(version string) *report.Stats {
	return report.New(v.Plan, v.Result, report.Facts{
		Size: v.Result.Total, Seed: v.seed, Sampling: v.Result.Sampling, First: v.Result.First, Version: version,
	})
}

// Validate runs the checks of a run on data that was written before. The error
// wraps ErrChecks when a check failed; the Validation is then complete.
func Validate(ctx context.Context, cfg ValidateConfig) (found *Validation, err error) {
	in, err := cfg.open(ctx)
	if err != nil {
		return nil, err
	}
	if in.read {
		// The plan is a file that anybody may have changed, hash included. What
		// plan.Validate does not find must not end the program.
		defer func() {
			if fault := recover(); fault != nil {
				found, err = nil, fmt.Errorf("%w: it cannot be used: %v", release.ErrChanged, fault)
			}
		}()
	}
	suite := check.New(in.plan, in.options)
	defer suite.Close()
	tally := suite.NewTally()
	rows := int64(0)
	reader := release.NewReader(in.plan, in.paths, in.aliases, cfg.Columns)
	defer reader.Close()
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b, err := reader.Batch(in.options.First+rows, generate.BatchRows)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		tally.Add(b)
		rows += int64(b.N)
		if cfg.Events != nil {
			cfg.Events(Event{Stage: "read", Done: rows, Total: in.rows})
		}
	}
	result, err := suite.Result(tally)
	if err != nil {
		return nil, err
	}
	out := &Validation{Plan: in.plan, Result: result, Rows: rows, Faults: reader.Faults(), Issues: reader.Issues(), seed: in.seed}
	if result.Failed() || len(out.Issues) > 0 {
		return out, fmt.Errorf("%w: %s", ErrChecks, result.Headline())
	}
	return out, nil
}

// validationInput is what Validate reads and what it compares it with.
type validationInput struct {
	plan    *plan.Plan
	paths   []string
	aliases string // set whose columns the files have
	options check.Options
	rows    int64 // 0 when unknown
	seed    uint64
	read    bool // the plan is that of a release
}

func (cfg *ValidateConfig) open(ctx context.Context) (*validationInput, error) {
	in := &validationInput{}
	if len(cfg.Paths) == 0 {
		return nil, fmt.Errorf("%w: name a release or data files to validate", ErrUsage)
	}
	if cfg.Spec != "" {
		size := cfg.Size
		if isRelease(cfg.Paths[0]) {
			r, err := release.Open(cfg.Paths...)
			if err != nil {
				return nil, err
			}
			size = r.Population.Size
		}
		b, err := compileFor(ctx, cfg.Spec, cfg.Cache, size, nil, nil, cfg.AllowPaths)
		if err != nil {
			return nil, err
		}
		in.plan = b.Plan
	}
	info, err := os.Stat(cfg.Paths[0])
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUsage, err)
	}
	if info.IsDir() {
		return in, cfg.openRelease(in)
	}
	return in, cfg.openFiles(in)
}

// openFiles prepares to read data files.
func (cfg *ValidateConfig) openFiles(in *validationInput) error {
	if in.plan == nil {
		return fmt.Errorf("%w: a data file needs --spec, which says what the file should contain", ErrUsage)
	}
	if err := checkAliases(in.plan, cfg.Aliases); err != nil {
		return err
	}
	in.plan = in.plan.As(cfg.Aliases)
	in.paths, in.aliases, in.seed = cfg.Paths, cfg.Aliases, in.plan.Population.Seed
	in.options = check.Options{Sampling: check.Quota, Total: cfg.Size}
	return nil
}

// openRelease prepares to read a release or shards.
func (cfg *ValidateConfig) openRelease(in *validationInput) error {
	r, err := release.Open(cfg.Paths...)
	if err != nil {
		return err
	}
	if in.plan == nil {
		in.plan, in.read = r.Plan, true
	}
	if cfg.Aliases != "" && cfg.Aliases != r.Aliases {
		return fmt.Errorf("%w: %s states the names of its columns itself; leave out the set of aliases", ErrUsage, cfg.Paths[0])
	}
	in.paths, in.rows, in.aliases, in.seed = r.DataFiles(), r.Population.Count, r.Aliases, r.Population.Seed
	if !in.read && r.Aliases != "" { // the spec may have changed its set since
		p := *in.plan
		p.Aliases = maps.Clone(p.Aliases)
		if p.Aliases == nil {
			p.Aliases = map[string]plan.AliasSet{}
		}
		p.Aliases[r.Aliases] = r.Plan.Aliases[r.Aliases]
		in.plan = p.As(r.Aliases)
	}
	in.options = r.Population.CheckOptions(r.Exceptions, "")
	return nil
}
