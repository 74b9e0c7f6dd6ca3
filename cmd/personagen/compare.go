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
	judge    judgeFlags
}

func (a *app) compareCommand() *cobra.Command {
	o := compareOptions{}
	c := &cobra.Command{
		Use:   "compare A [B...]",
		Short: "Compare releases and other data sets",
		Long: `compare measures data sets and shows them side by side: length, wording and
similarity of texts, how often texts name their person's facts, lists,
distributions and numbers.

A data set is a release, a folder of data files, a Parquet, JSONL or CSV file, or
the name of a reference in the spec: a data set of which only some figures are
known. NAME=FILE gives a file a name; if NAME is a reference, its column names
apply to the file. A release alone is compared with the references of its spec.
Use --map for columns with other names. Lists may be written as strings.

With --judge, a model is shown persons of two sets, pair by pair, without saying
which is which: persons of the same sex, with the same work and about the same
age, in both orders. The result is a win rate with an interval, and no verdict if
the model does not answer alike in both orders. Answers are kept in a journal, so
that a comparison that was stopped goes on without paying twice.`,
		Example: `  personagen compare out
  personagen compare out other.parquet --map gender=sex -o comparison.md
  personagen compare before=out1 after=out2 --json
  personagen compare out theirs=train.parquet --judge --provider openai --model gpt-4.1-mini`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("%s takes at least one release, data file or reference; see %s --help", c.CommandPath(), c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return a.compare(c, args, o) },
	}
	f := c.Flags()
	f.StringVar(&o.spec, "spec", "", "take fields, roles and references from this spec or bundle instead of the first release's plan")
	f.StringArrayVar(&o.columns, "map", nil, "match a column of the files to a field of the spec, `THEIRS=OURS`; may be repeated")
	f.StringVarP(&o.out, "out", "o", "", "also write the comparison to this `FILE`: .md, .html (a fragment) or .json")
	f.BoolVar(&o.markdown, "markdown", false, "print Markdown")
	f.BoolVar(&o.all, "all", false, "print lists in full")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print no progress")
	f.BoolVar(&a.json, "json", false, "print the comparison as one JSON document")
	o.cache.add(f)
	o.inputs.add(f)
	o.judge.add(f)
	return c
}

// comparisonWriter returns the function that writes a comparison in the format of
// path's extension.
func (a *app) comparisonWriter(path string) (func(*compare.Comparison, io.Writer) error, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".md":
		return (*compare.Comparison).WriteMarkdown, nil
	case ".html":
		return (*compare.Comparison).WriteHTML, nil
	case ".json":
		return (*compare.Comparison).WriteJSON, nil
	}
	return nil, usagef("-o %s: the file name must end in .md, .html or .json", path)
}

func (a *app) compare(c *cobra.Command, sets []string, o compareOptions) error {
	columns, err := parseColumns(o.columns)
	if err != nil {
		return err
	}
	if a.json && o.markdown {
		return usagef("--json and --markdown cannot be used together")
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
	judge, err := o.judge.config(c, sets, a)
	if err != nil {
		return err
	}
	progress := a.newProgress(o.quiet)
	found, err := run.Compare(c.Context(), run.CompareConfig{Sets: sets, Spec: o.spec, Columns: columns, Cache: cache, AllowPaths: o.inputs.allow, Events: progress.event, Judge: judge})
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
