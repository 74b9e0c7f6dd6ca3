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
		Long: `schema prints the JSON Schema (draft 2020-12) of a persona, one line of
the JSONL file of a release: columns, types, labels, limits, and which values may be null.
With --stats or --manifest it prints the schema of stats.json or manifest.json,
which is the same for all specs.`,
		Example: `  personagen schema island.cue > persona.schema.json
  personagen schema --stats`,
		Args: func(c *cobra.Command, args []string) error {
			switch {
			case o.stats && o.manifest:
				return usagef("--stats and --manifest cannot be used together")
			case o.stats || o.manifest:
				if len(args) > 0 {
					return usagef("--stats and --manifest take no spec, because their schemas are the same for all; remove %s", args[0])
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
	f.StringVar(&o.aliases, "aliases", "", "describe the columns of this alias set of the spec")
	f.StringVar(&o.provider, "provider", "", "none omits the text columns, as in a run")
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
