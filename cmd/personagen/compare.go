package main

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/compare"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

type compareOptions struct {
	spec     string
	columns  []string
	out      string
	markdown bool
	all      bool
	quiet    bool
	cache    cacheFlags
	inputs   inputFlags
}

func (a *app) compareCommand() *cobra.Command {
	o := compareOptions{}
	c := &cobra.Command{
		Use:   "compare A [B...]",
		Short: "Set releases and other data sets side by side",
		Long: `compare measures data sets and sets them side by side: lengths, wording and likeness
of texts, how often they name their person's facts, lists, distributions, numbers.
A set is a release, a folder of data files, a Parquet, JSONL or CSV file, or a
reference of the spec by its name: a data set of which only some figures are known.
NAME=FILE names a file; where NAME is a reference, its columns are taken for the
fields they stand for. A release alone is compared with the references of its spec.
Columns with other names are named with --map; a list may be written as a string.`,
		Example: `  personagen compare out
  personagen compare out other.parquet --map gender=sex -o comparison.md
  personagen compare before=out1 after=out2 --json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("%s takes at least one release, data file or reference; see %s --help", c.CommandPath(), c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return a.compare(c, args, o) },
	}
	f := c.Flags()
	f.StringVar(&o.spec, "spec", "", "take fields, roles and references from this spec instead of the first release's plan")
	f.StringArrayVar(&o.columns, "map", nil, "THEIRS=OURS: a column's name in the files and in the spec; may be repeated")
	f.StringVarP(&o.out, "out", "o", "", "also write the comparison to this file: .md, .html (a fragment) or .json")
	f.BoolVar(&o.markdown, "markdown", false, "print Markdown")
	f.BoolVar(&o.all, "all", false, "print every value, not only the largest of short lists")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress")
	f.BoolVar(&a.json, "json", false, "print the comparison as one JSON document")
	o.cache.add(f)
	o.inputs.add(f)
	return c
}

// writers of a comparison by the extension of the file.
func (a *app) comparisonWriter(path string) (func(*compare.Comparison, io.Writer) error, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".md":
		return (*compare.Comparison).WriteMarkdown, nil
	case ".html":
		return (*compare.Comparison).WriteHTML, nil
	case ".json":
		return (*compare.Comparison).WriteJSON, nil
	}
	return nil, usagef("%s: cannot tell what to write from the name: it must end in .md, .html or .json", path)
}

func (a *app) compare(c *cobra.Command, sets []string, o compareOptions) error {
	columns, err := parseColumns(o.columns)
	if err != nil {
		return err
	}
	if a.json && o.markdown {
		return usagef("--json and --markdown exclude each other")
	}
	var write func(*compare.Comparison, io.Writer) error
	if o.out != "" {
		if write, err = a.comparisonWriter(o.out); err != nil {
			return err
		}
	}
	cache, err := o.cache.folder()
	if err != nil {
		return err
	}
	progress := a.newProgress(o.quiet)
	found, err := run.Compare(c.Context(), run.CompareConfig{Sets: sets, Spec: o.spec, Columns: columns, Cache: cache, AllowPaths: o.inputs.allow, Events: progress.event})
	progress.finish()
	if err != nil {
		return err
	}
	if write != nil {
		var text bytes.Buffer
		if err := write(found, &text); err != nil {
			return err
		}
		if err := release.WriteFile(o.out, text.Bytes()); err != nil {
			return fmt.Errorf("write the comparison: %w", err)
		}
	}
	switch {
	case a.json:
		return found.WriteJSON(a.stdout)
	case o.markdown:
		return found.WriteMarkdown(a.stdout)
	}
	return found.WriteText(a.stdout, o.all)
}
