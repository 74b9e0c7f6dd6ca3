package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

type runOptions struct {
	persons   personFlags
	out       string
	formats   string
	aliases   string
	workers   int
	writer    writerFlags
	ask       askFlags
	unwatched bool
	quiet     bool
}

func (a *app) runCommand() *cobra.Command {
	o := runOptions{}
	c := &cobra.Command{
		Use:   "run SPEC",
		Short: "Generate a population and write a release",
		Long: `run generates the population of a spec and writes a release: a folder with the
personas as Parquet, JSONL and CSV, their statistics, the plan and a manifest.
The folder appears once everything is written, and replaces an older release of
the same spec. The same spec, size and seed give the same bytes.

Texts come from the spec's phrase banks, or, with --provider, from a model. Each
answer of a model is saved in a journal beside the release before it is used. If a
run is interrupted, loses its endpoint or spends its budget, the same command
continues it without paying twice. Every thousand personas, a line reports
progress, cost and the distributions so far. The run stops itself if texts are
missing from one group of people more often than chance explains.

Exit code 4 means that the release was written but a check failed, that the persons
failed a check before any text was requested, or that the run stopped itself. Exit
code 5 means that texts are missing and that the same command continues the run.`,
		Example: `  personagen run island.cue -o out
  personagen run island.cue -n 100000 --seed 3 --format parquet,csv
  personagen run island.cue --shard 1/4 -o part1
  personagen run island.cue --provider ollama --model qwen3:8b --limit 500`,
		Args:              oneSpec(),
		ValidArgsFunction: completeSpec,
		RunE:              func(c *cobra.Command, args []string) error { return a.run(c, args[0], o) },
	}
	f := c.Flags()
	o.persons.add(f)
	o.persons.addParts(f)
	f.StringVarP(&o.out, "out", "o", "", "folder of the release (default out/NAME, where NAME is the file name of the spec)")
	f.StringVar(&o.formats, "format", "", "data formats, separated by commas (default "+strings.Join(dataset.FormatNames(), ",")+")")
	f.StringVar(&o.aliases, "aliases", "", "write the columns of this set of the spec's aliases")
	f.IntVar(&o.workers, "workers", 0, "number of goroutines that make persons, and of calls to a model at once unless --workers-in-flight or --max-in-flight is given; the data does not depend on it (default one per core)")
	o.writer.add(c)
	o.ask.add(f, "")
	f.BoolVar(&o.unwatched, "no-monitor", false, "continue even if texts are missing from one group of people more often than from others")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print no progress and no summary")
	f.BoolVar(&a.json, "json", false, "print the summary as one JSON document, progress as JSON lines on stderr")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(dataset.FormatNames(), cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("sampling", cobra.FixedCompletions([]string{check.Quota, check.Independent}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (a *app) run(c *cobra.Command, spec string, o runOptions) error {
	cfg, err := o.config(c, spec)
	if err != nil {
		return err
	}
	if err := a.applyAsk(&o.ask, c, &cfg.Writer); err != nil {
		return err
	}
	progress := a.newProgress(o.quiet)
	cfg.Events, cfg.Warnings = progress.event, a.warnings
	summary, err := run.Run(c.Context(), cfg)
	took := progress.finish()
	return a.released(c.Context(), summary, took, o.quiet, err)
}

func (o *runOptions) config(c *cobra.Command, spec string) (run.Config, error) {
	cfg, err := o.persons.config(c, spec)
	if err != nil {
		return cfg, err
	}
	if err := o.writer.apply(c, &cfg); err != nil {
		return cfg, err
	}
	cfg.Formats = splitList(o.formats)
	if err := checkFormats(cfg.Formats); err != nil {
		return cfg, err
	}
	cfg.Writer.Unwatched = o.unwatched
	if o.workers < 0 {
		return cfg, usagef("--workers must be at least 1, or 0 for one per core, not %d", o.workers)
	}
	if e := &cfg.Writer.Endpoint; o.workers > 0 && e.Workers == 0 && e.MaxInFlight == 0 {
		e.Workers, e.MaxInFlight = o.workers, o.workers
	}
	cfg.Out, cfg.Workers, cfg.Aliases = o.out, o.workers, o.aliases
	if cfg.Out == "" {
		cfg.Out = defaultOut(spec, cfg.Shard)
	}
	return cfg, checkOut(cfg.Out)
}

func checkRowsPerFile(flag string, rows int64) error {
	if err := release.CheckRowsPerFile(rows); err != nil {
		return usagef("--%s: %v", flag, err)
	}
	return nil
}

// checkFormats refuses unknown and repeated formats before any work is done.
func checkFormats(formats []string) error {
	known := dataset.FormatNames()
	seen := map[string]bool{}
	for _, f := range formats {
		if !slices.Contains(known, f) {
			return usagef("--format accepts %s, not %q%s", strings.Join(known, ", "), f, didYouMean(f, known))
		}
		if seen[f] {
			return usagef("--format names %s twice", f)
		}
		seen[f] = true
	}
	return nil
}

// released prints the summary of a run or a merge that made a release.
func (a *app) released(ctx context.Context, s *run.Summary, took time.Duration, quiet bool, err error) error {
	if s == nil || err != nil && !errors.Is(err, run.ErrChecks) {
		if err != nil && ctx.Err() != nil && !errors.Is(err, run.ErrResumable) {
			return context.Canceled
		}
		return err
	}
	switch {
	case a.json:
		if jsonErr := a.document(summaryDocument(s, took, err)); jsonErr != nil {
			return jsonErr
		}
	case quiet:
		if err != nil {
			fmt.Fprintf(a.stderr, "personagen: %v\n", err)
		}
	default:
		a.printSummary(s, took)
		if err != nil && !s.Result.Failed() { // a failed check is printed above
			fmt.Fprintf(a.stderr, "personagen: %v\n", err)
		}
	}
	if err != nil {
		return printed{err}
	}
	return nil
}
