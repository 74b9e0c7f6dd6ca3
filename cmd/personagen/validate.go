package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

type validateOptions struct {
	writtenFlags
	size   int64
	all    bool
	quick  bool
	format string
	to     []string
}

func (a *app) validateCommand() *cobra.Command {
	o := validateOptions{}
	c := &cobra.Command{
		Use:   "validate DIR... | FILE...",
		Short: "Check written data against its plan or a spec",
		Long: `validate runs the checks of a run on written data: a release, all shards of one, or
Parquet, JSONL or CSV files together with --spec. The files of a release must also
match its manifest, its plan and documents must be of the same run, and all formats
must have the same value in every cell; --quick compares only sizes and hashes. Use
--map for columns with other names. Columns that are computed from others may be
missing.

The results are printed as text, or with --format as one JSON document, as Markdown
or HTML with all statistics, or as JUnit XML for build servers. --to also writes
them to a file, in the format of its extension: .txt, .json, .md, .html or .xml.`,
		Example: `  personagen validate out
  personagen validate part1 part2 part3
  personagen validate people.csv --spec island.cue --map gender=sex
  personagen validate out --to checks.xml --to checks.html`,
		Args: writtenArgs,
		RunE: func(c *cobra.Command, args []string) error { return a.validate(c, args, o) },
	}
	f := c.Flags()
	o.add(f)
	f.Int64VarP(&o.size, "size", "n", 0, "number of persons in the population of which the data files are a part (default: the files are all of it)")
	f.BoolVar(&o.all, "all", false, "print all checks, not only those that failed")
	f.BoolVar(&o.quick, "quick", false, "compare only sizes and hashes of a release with its manifest")
	f.BoolVar(&a.json, "json", false, "print the results as one JSON document")
	f.StringVar(&o.format, "format", "text", "format of the results: text, json, markdown, html or junit")
	f.StringArrayVar(&o.to, "to", nil, "also write the results to this `FILE`, in the format of its extension; may be repeated")
	return c
}

func (a *app) validate(c *cobra.Command, paths []string, o validateOptions) error {
	v, err := o.validation(paths)
	if err != nil {
		return err
	}
	if v.Size = o.size; c.Flags().Changed("size") && o.size < 1 {
		return usagef("--size must be at least 1, not %d", o.size)
	}
	if err := a.chooseFormats(c, &o); err != nil {
		return err
	}
	files, err := inspect(c.Context(), paths, o.quick)
	if err != nil {
		return err
	}
	if o.quick {
		return a.printQuick(files)
	}
	if o.format == "text" {
		for _, text := range files.Faults { // first, because it may explain why the data cannot be read
			fmt.Fprintf(a.stdout, "%s  %s\n", a.paint(statusColor[check.Fail], "FILE"), text)
		}
	}
	found, err := a.measure(c.Context(), v, o.quiet)
	if found == nil {
		if errors.Is(err, release.ErrChanged) {
			err = fmt.Errorf("%w: %v", run.ErrChecks, err)
		}
		return err
	}
	if err := a.printTo(o, found, files); err != nil {
		return err
	}
	if err == nil && len(files.Faults) > 0 {
		err = errChanged
	}
	if err != nil {
		return printed{err}
	}
	return nil
}

// errChanged is the error of a release whose files are not those of its run.
var errChanged = fmt.Errorf("%w: files were changed", run.ErrChecks)

// printQuick prints what --quick found.
func (a *app) printQuick(files *release.Inspection) error {
	if a.json {
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		if err := e.Encode(files); err != nil {
			return err
		}
	} else {
		for _, text := range files.Faults {
			fmt.Fprintf(a.stdout, "%s  %s\n", a.paint(statusColor[check.Fail], "FILE"), text)
		}
		a.printCompared(files)
	}
	if len(files.Faults) > 0 {
		return printed{errChanged}
	}
	return nil
}

// printCompared says what was compared, and names files that do not belong to the
// release.
func (a *app) printCompared(files *release.Inspection) {
	for _, text := range files.Compared {
		fmt.Fprintf(a.stdout, "compared: %s\n", text)
	}
	for _, name := range files.Others {
		fmt.Fprintf(a.stdout, "not of the release: %s\n", name)
	}
}

// inspect compares the files of the releases among the paths with their manifests.
func inspect(ctx context.Context, paths []string, quick bool) (*release.Inspection, error) {
	all := &release.Inspection{Compared: []string{}, Faults: []string{}, Others: []string{}}
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			continue
		}
		x, err := release.Inspect(ctx, path, quick)
		if err != nil {
			return nil, err
		}
		all.Compared, all.Faults, all.Others = append(all.Compared, x.Compared...), append(all.Faults, x.Faults...), append(all.Others, x.Others...)
	}
	return all, nil
}

// checkData refuses files whose extension is not that of a data format.
func checkData(paths []string) error {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || info.IsDir() {
			continue // a missing file is reported when it is opened
		}
		if _, err := dataset.FormatOfPath(path); err != nil {
			return usagef("%v", err)
		}
	}
	return nil
}

// parseColumns parses pairs THEIRS=OURS.
func parseColumns(pairs []string) (map[string]string, error) {
	columns := map[string]string{}
	for _, pair := range pairs {
		theirs, ours, ok := strings.Cut(pair, "=")
		if !ok || theirs == "" || ours == "" {
			return nil, usagef("--map must be written THEIRS=OURS, not %q", pair)
		}
		if was, twice := columns[theirs]; twice && was != ours {
			return nil, usagef("--map names column %q twice", theirs)
		}
		columns[theirs] = ours
	}
	return columns, nil
}

func validationDocument(v *run.Validation, files *release.Inspection) any {
	return struct {
		Name   string               `json:"name"`
		Plan   string               `json:"plan"`
		Rows   int64                `json:"rows"`
		Result *check.Result        `json:"result"`
		Faults []string             `json:"faults"`
		Issues []dataset.IssueCount `json:"issues"`
		Damage []string             `json:"damage"`
		// Compared says what was compared, Others names files that are not of the release.
		Compared []string `json:"compared"`
		Others   []string `json:"others"`
	}{v.Plan.Name, v.Plan.Hash, v.Rows, v.Result, append([]string{}, v.Faults...), append([]dataset.IssueCount{}, v.Issues...), files.Faults, files.Compared, files.Others}
}

// printValidation prints the faults in the files, the failed checks and the counts.
func (a *app) printValidation(v *run.Validation, all bool) {
	for _, i := range v.Issues {
		fmt.Fprintf(a.stdout, "%s  %s\n", a.paint(statusColor[check.Fail], "FILE"), issueLine(i))
	}
	for _, fault := range v.Faults {
		fmt.Fprintf(a.stdout, "      %s\n", fault)
	}
	a.printFailures(v.Result)
	if all {
		for _, o := range v.Result.Outcomes {
			if o.Status != check.Fail && o.Status != check.Warn {
				fmt.Fprintf(a.stdout, "%s  %s: %s\n", o.Status, o.ID, o.Message)
			}
		}
	}
	fmt.Fprintf(a.stdout, "%s of %s\n%s\n", humanize.Count(v.Rows, "row", "rows"), v.Plan.Name, checksLine(v.Result))
}

// issueLine formats the count of one kind of fault in a column.
func issueLine(i dataset.IssueCount) string {
	line := string(i.Problem)
	if i.Column != "" {
		line = fmt.Sprintf("column %q: %s", i.Column, line)
	}
	if i.Count > 1 {
		line += fmt.Sprintf(", %s times", humanize.Thousands(i.Count))
	}
	return line
}
