package main

import (
	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

type mergeOptions struct {
	out         string
	formats     string
	rowsPerFile int64
	quiet       bool
}

func (a *app) mergeCommand() *cobra.Command {
	o := mergeOptions{}
	c := &cobra.Command{
		Use:   "merge DIR... -o OUT",
		Short: "Join the shards of one population into one release",
		Long: `merge joins releases that were made with --shard from the same plan, size and seed.
The result has the same bytes as one run of all persons, and all checks are run on
the whole.`,
		Example: "  personagen merge part1 part2 part3 -o out",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usagef("%s takes at least two shards, not %d; see %s --help", c.CommandPath(), len(args), c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return a.merge(c, args, o) },
	}
	f := c.Flags()
	f.StringVarP(&o.out, "out", "o", "", "folder of the release (required)")
	f.StringVar(&o.formats, "format", "", "data formats, separated by commas (default all)")
	f.Int64Var(&o.rowsPerFile, "rows-per-file", release.DefaultRowsPerFile, "largest number of rows of one file, a multiple of 32,768")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print no progress and no summary")
	f.BoolVar(&a.json, "json", false, "print the summary as one JSON document, progress as JSON lines on stderr")
	return c
}

func (a *app) merge(c *cobra.Command, dirs []string, o mergeOptions) error {
	if o.out == "" {
		return usagef("name the folder of the merged release with -o")
	}
	if err := checkOut(o.out); err != nil {
		return err
	}
	formats := splitList(o.formats)
	if err := checkFormats(formats); err != nil {
		return err
	}
	if err := checkRowsPerFile("rows-per-file", o.rowsPerFile); err != nil {
		return err
	}
	progress := a.newProgress(o.quiet)
	summary, err := run.Merge(c.Context(), run.MergeConfig{
		Dirs: dirs, Out: o.out, Formats: formats, RowsPerFile: o.rowsPerFile, Version: version, Events: progress.event,
	})
	took := progress.finish()
	return a.released(c.Context(), summary, took, o.quiet, err)
}
