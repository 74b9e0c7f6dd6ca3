package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/run"
)

type previewOptions struct {
	persons personFlags
	show    int
}

func (a *app) previewCommand() *cobra.Command {
	o := previewOptions{}
	c := &cobra.Command{
		Use:   "preview SPEC",
		Short: "Show a few personas",
		Long: `preview prints the first personas that a run of the spec would make, each as a
card. It writes no files.`,
		Example:           "  personagen preview island.cue\n  personagen preview island.cue -n 20 --seed 8 --json",
		Args:              oneSpec(),
		ValidArgsFunction: completeSpec,
		RunE:              func(c *cobra.Command, args []string) error { return a.preview(c, args[0], o) },
	}
	f := c.Flags()
	f.IntVarP(&o.show, "show", "n", 5, "number of personas to show")
	f.Int64Var(&o.persons.size, "size", 0, "number of persons in the population, of which the first are shown (default from the spec)")
	f.Uint64Var(&o.persons.seed, "seed", 0, "seed of all random draws (default from the spec)")
	f.StringVar(&o.persons.sampling, "sampling", check.Quota, "quota or independent")
	f.BoolVar(&a.json, "json", false, "print one JSON object per line")
	o.persons.inputs.add(f)
	o.persons.cache.add(f)
	return c
}

func (a *app) preview(c *cobra.Command, path string, o previewOptions) error {
	cfg, err := o.persons.config(c, path)
	if err != nil {
		return err
	}
	cfg.Warnings = a.warnings
	progress := a.newProgress(false)
	cfg.Events = progress.event
	s, err := run.Preview(c.Context(), cfg, o.show)
	progress.finish()
	if err != nil {
		return err
	}
	if a.json {
		return s.WriteJSONL(a.stdout)
	}
	d := a.newDeck(s)
	for row := range s.Persons.N {
		if _, err := fmt.Fprint(a.stdout, d.card(row)); err != nil {
			return err
		}
	}
	return nil
}
