package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
	"github.com/personagen/personagen/engine/spec/load"
)

type vetOptions struct {
	fit   bool
	cache cacheFlags
}

func (a *app) vetCommand() *cobra.Command {
	o := vetOptions{}
	c := &cobra.Command{
		Use:   "vet SPEC",
		Short: "Check a spec and its tables; write nothing",
		Long: `vet reads a spec and its CSV files and reports every fault with its place, what
is wrong and what to do. With --fit it also fits the tables, which finds those
that contradict each other.`,
		Example:           "  personagen vet island.cue\n  personagen vet island.cue --fit --json",
		Args:              oneSpec(),
		ValidArgsFunction: completeSpec,
		RunE:              func(c *cobra.Command, args []string) error { return a.vet(c.Context(), args[0], o) },
	}
	c.Flags().BoolVar(&o.fit, "fit", false, "fit the tables too")
	c.Flags().BoolVar(&a.json, "json", false, "print the diagnostics as one JSON document")
	o.cache.add(c.Flags())
	return c
}

func (a *app) vet(ctx context.Context, path string, o vetOptions) error {
	cache, err := o.cache.folder()
	if err != nil {
		return err
	}
	s, found := load.Load(ctx, path, load.Options{})
	if !found.Failed() {
		found.Items = append(found.Items, examine(ctx, s, o.fit, cache).Items...)
		found.Sort()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := found.Err(); err != nil {
		return err
	}
	if a.json {
		return diag.JSON(a.stdout, found)
	}
	a.diagnostics(found)
	fitted := ""
	if o.fit {
		fitted = ", and they fit together"
	}
	_, err = fmt.Fprintf(a.stdout, "ok: %s has %s and %s%s\n", path,
		humanize.Count(int64(len(s.Fields)), "field", "fields"), humanize.Count(int64(len(s.Tables)), "table", "tables"), fitted)
	return err
}

func examine(ctx context.Context, s *spec.Spec, fit bool, cache string) *diag.List {
	if !fit {
		return plan.Vet(ctx, s, plan.Options{})
	}
	_, found := plan.Compile(ctx, s, plan.Options{Cache: cache})
	return found
}
