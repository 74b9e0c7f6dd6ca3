package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/run"
	"github.com/personagen/personagen/engine/say"
)

// errGoals is the error of a release that does not meet every goal.
var errGoals = errors.New("goals are not met")

func (a *app) goalsCommand() *cobra.Command {
	o := validateOptions{}
	c := &cobra.Command{
		Use:   "goals DIR... | FILE...",
		Short: "Tell point by point whether a release is the success its spec asks for",
		Long: `goals measures written data again and holds it to the goals of its spec: shares of
persons, values near their targets, p-values, texts that are there and long enough,
and how many of them a model wrote. It exits with 0 when all are met, with 4 when
one is not. It takes a release, all its shards, or bare files together with --spec.`,
		Example: `  personagen goals out
  personagen goals out --json
  personagen goals people.csv --spec island.cue --map gender=sex`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("%s takes at least one release folder or data file; see %s --help", c.CommandPath(), c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return a.goals(c, args, o) },
	}
	f := c.Flags()
	f.StringVar(&o.spec, "spec", "", "hold the data to the goals of this spec instead of the release's own")
	f.StringArrayVar(&o.columns, "map", nil, "THEIRS=OURS: a column's name in the files and in the spec; may be repeated")
	f.StringVar(&o.aliases, "aliases", "", "set of the spec's aliases by which bare files name their columns; a release says itself")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress")
	f.BoolVar(&a.json, "json", false, "print the goals as one JSON document")
	o.cache.add(f)
	return c
}

func (a *app) goals(c *cobra.Command, paths []string, o validateOptions) error {
	columns, err := parseColumns(o.columns)
	if err != nil {
		return err
	}
	if err := checkData(paths); err != nil {
		return err
	}
	cache, err := o.cache.folder()
	if err != nil {
		return err
	}
	progress := a.newProgress(o.quiet)
	found, err := run.Validate(c.Context(), run.Validation{Paths: paths, Spec: o.spec, Columns: columns, Aliases: o.aliases, Cache: cache, Events: progress.event})
	progress.finish()
	if found == nil || err != nil && !errors.Is(err, run.ErrChecks) {
		return err
	}
	goals := found.Result.Goals
	if len(goals) == 0 {
		return usagef("%s states no goals; add a goals stanza to its spec (personagen explain goal), or name a spec that has one with --spec", found.Plan.Name)
	}
	met := 0
	for _, g := range goals {
		if g.Met {
			met++
		}
	}
	if a.json {
		err = a.document(struct {
			Name  string       `json:"name"`
			Plan  string       `json:"plan"`
			Rows  int64        `json:"rows"`
			Met   int          `json:"met"`
			Of    int          `json:"of"`
			Goals []check.Goal `json:"goals"`
		}{found.Plan.Name, found.Plan.Hash, found.Rows, met, len(goals), goals})
		if err != nil {
			return err
		}
	} else {
		a.printGoals(found, met)
	}
	if met < len(goals) {
		return printed{errGoals}
	}
	return nil
}

// printGoals prints a line or two for each goal, those about persons and texts
// in the order of the spec, then the count.
func (a *app) printGoals(v *run.Validated, met int) {
	for _, g := range v.Result.Goals {
		mark := a.paint(statusColor[check.Pass], "met    ")
		if !g.Met {
			mark = a.paint(statusColor[check.Fail], "NOT MET")
		}
		fmt.Fprintf(a.stdout, "%s  %s: %s\n         %s\n", mark, g.Name, g.Demand, g.Found)
	}
	fmt.Fprintf(a.stdout, "%s of %s: %d of %s met\n", say.Count(v.Rows, "row", "rows"), v.Plan.Name, met, say.Count(int64(len(v.Result.Goals)), "goal", "goals"))
	if n := v.Result.Counts[check.Fail]; n > 0 || len(v.Issues) > 0 {
		fmt.Fprintf(a.stdout, "%s; personagen validate names them\n", checksLine(v.Result))
	}
}
