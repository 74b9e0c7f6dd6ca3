package main

import (
	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/run"
	"github.com/personagen/personagen/schemas"
)

type schemaOptions struct {
	stats, manifest bool
	aliases         string
	provider        string
	cache           cacheFlags
	inputs          inputFlags
}

func (a *app) schemaCommand() *cobra.Command {
	o := schemaOptions{}
	c := &cobra.Command{
		Use:   "schema [SPEC]",
		Short: "Print the JSON Schema of a persona, of statistics or of a manifest",
		Long: `schema prints the JSON Schema (draft 2020-12) of a persona of a spec, as a line of
personas.jsonl: columns, types, labels, limits, and who has a value. With --stats
or --manifest it prints that of any release's stats.json or manifest.json.`,
		Example: `  personagen schema island.cue > persona.schema.json
  personagen schema --stats`,
		Args: func(c *cobra.Command, args []string) error {
			switch {
			case o.stats && o.manifest:
				return usagef("--stats and --manifest exclude each other")
			case o.stats || o.manifest:
				if len(args) > 0 {
					return usagef("the schema of statistics and manifests is the same for every spec; leave %s away", args[0])
				}
				return nil
			}
			return oneSpec()(c, args)
		},
		ValidArgsFunction: completeSpec,
		RunE:              func(c *cobra.Command, args []string) error { return a.schema(c, args, o) },
	}
	f := c.Flags()
	f.BoolVar(&o.stats, "stats", false, "print the schema of stats.json")
	f.BoolVar(&o.manifest, "manifest", false, "print the schema of manifest.json")
	f.StringVar(&o.aliases, "aliases", "", "call the columns by this set of the spec's aliases")
	f.StringVar(&o.provider, "provider", "", "none leaves the columns of texts out, as it does in a run")
	o.cache.add(f)
	o.inputs.add(f)
	return c
}

func (a *app) schema(c *cobra.Command, args []string, o schemaOptions) error {
	if o.stats || o.manifest {
		text := schemas.Stats
		if o.manifest {
			text = schemas.Manifest
		}
		_, err := a.stdout.Write(text)
		return err
	}
	cache, err := o.cache.folder()
	if err != nil {
		return err
	}
	schema, err := run.RowSchema(c.Context(), run.Config{Spec: args[0], Aliases: o.aliases, Provider: o.provider, Cache: cache, AllowPaths: o.inputs.allow})
	if err != nil {
		return err
	}
	return a.document(schema)
}
