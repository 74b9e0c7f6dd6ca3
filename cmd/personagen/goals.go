package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/run"
)

// errGoals is the error of data that does not meet every goal.
var errGoals = errors.New("goals are not met")

func (a *app) goalsCommand() *cobra.Command {
	o := writtenFlags{}
	c := &cobra.Command{
		Use:   "goals DIR... | FILE...",
		Short: "Measure whether data meets the goals of its spec",
		Long: `goals measures written data and compares it with the goals of its spec: shares of
persons, values near their targets, p-values, texts that are present and long
enough, and how many of them a model wrote. The exit code is 0 if every goal is
met, and 4 otherwise. The arguments are a release, all shards of one, or data files
together with --spec.`,
		Example: `  personagen goals out
  personagen goals out --json
  personagen goals people.csv --spec island.cue --map gender=sex`,
		Args: writtenArgs,
		RunE: func(c *cobra.Command, args []string) error { return a.goals(c, args, o) },
	}
	o.add(c.Flags())
	c.Flags().BoolVar(&a.json, "json", false, "print the goals as one JSON document")
	return c
}

func (a *app) goals(c *cobra.Command, paths []string, o writtenFlags) error {
	v, err := o.validation(paths)
	if err != nil {
		return err
	}
	found, err := a.measure(c.Context(), v, o.quiet)
	if found == nil {
		return err
	}
	goals := found.Result.Goals
	if len(goals) == 0 {
		return usagef("%s has no goals; add a goals stanza to its spec (see personagen explain goal), or use --spec with a spec that has one", found.Plan.Name)
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

// printGoals prints each goal, in the order of the spec, and the number of goals met.
func (a *app) printGoals(v *run.Validation, met int) {
	for _, g := range v.Result.Goals {
		mark := a.paint(statusColor[check.Pass], "met    ")
		if !g.Met {
			mark = a.paint(statusColor[check.Fail], "NOT MET")
		}
		fmt.Fprintf(a.stdout, "%s  %s: %s\n         %s\n", mark, g.Name, g.Demand, g.Found)
	}
	fmt.Fprintf(a.stdout, "%s of %s: %d of %s met\n", humanize.Count(v.Rows, "row", "rows"), v.Plan.Name, met, humanize.Count(int64(len(v.Result.Goals)), "goal", "goals"))
	if n := v.Result.Counts[check.Fail]; n > 0 || len(v.Issues) > 0 {
		fmt.Fprintf(a.stdout, "%s; see personagen validate\n", checksLine(v.Result))
	}
}
