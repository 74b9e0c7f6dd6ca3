package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/run"
)

type vetOptions struct {
	fit    bool
	cache  cacheFlags
	inputs inputFlags
}

func (a *app) vetCommand() *cobra.Command {
	o := vetOptions{}
	c := &cobra.Command{
		Use:   "vet SPEC",
		Short: "Check a spec and its tables",
		Long: `vet reads a spec and its CSV files and reports every fault: where it is, what is
wrong and what to do. With --fit it also fits the tables, which finds tables that
contradict each other. For a bundle, vet verifies its seal and prints what it
contains. vet writes no release.`,
		Example:           "  personagen vet island.cue\n  personagen vet island.cue --fit --json",
		Args:              oneSpec(),
		ValidArgsFunction: completeSpec,
		RunE:              func(c *cobra.Command, args []string) error { return a.vet(c.Context(), args[0], o) },
	}
	c.Flags().BoolVar(&o.fit, "fit", false, "also fit the tables")
	c.Flags().BoolVar(&a.json, "json", false, "print the diagnostics as one JSON document")
	o.cache.add(c.Flags())
	o.inputs.add(c.Flags())
	return c
}

func (a *app) vet(ctx context.Context, path string, o vetOptions) error {
	cache, err := o.cache.folder()
	if err != nil {
		return err
	}
	v, err := run.Vet(ctx, path, o.fit, cache, o.inputs.allow...)
	if err != nil {
		return err
	}
	if err := v.Found.Err(); err != nil {
		return err
	}
	if a.json {
		return diag.JSON(a.stdout, v.Found)
	}
	a.diagnostics(v.Found)
	fields, tables := humanize.Count(int64(v.Fields), "field", "fields"), humanize.Count(int64(v.Tables), "table", "tables")
	if v.Bundle != nil {
		_, err = fmt.Fprintf(a.stdout, "ok: %s is a bundle of %s, plan %.12s, with %s and %s%s\n", path, v.Bundle.Plan.Name, v.Bundle.Plan.Hash, fields, tables, requestOf(v.Bundle))
		return err
	}
	fitted := ""
	if o.fit {
		fitted = ", and they fit together"
	}
	_, err = fmt.Fprintf(a.stdout, "ok: %s has %s and %s%s\n", path, fields, tables, fitted)
	return err
}

// requestOf formats the population that a bundle was made for.
func requestOf(b *bundle.Bundle) string {
	r := b.Request
	if r == nil {
		return ""
	}
	return fmt.Sprintf(", for %s, seed %d, %s sampling", humanize.Count(r.Size, "person", "persons"), r.Seed, r.Sampling)
}
