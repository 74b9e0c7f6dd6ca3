package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/report"
	"github.com/personagen/personagen/engine/run"
)

// formats of what a validation found, with the endings of their files.
var formats = []struct{ name, ending string }{{"text", ".txt"}, {"json", ".json"}, {"markdown", ".md"}, {"html", ".html"}, {"junit", ".xml"}}

func formatNames() (names, endings []string) {
	for _, f := range formats {
		names, endings = append(names, f.name), append(endings, f.ending)
	}
	return names, endings
}

// chooseFormats checks --format and --to before anything is read.
func (a *app) chooseFormats(c *cobra.Command, o *validateOptions) error {
	names, endings := formatNames()
	if !slices.Contains(names, o.format) {
		return usagef("--format is one of %s, not %q", strings.Join(names, ", "), o.format)
	}
	switch {
	case a.json && c.Flags().Changed("format") && o.format != "json":
		return usagef("--json and --format %s contradict each other", o.format)
	case a.json:
		o.format = "json"
	case o.format == "json":
		a.json = true // errors are a document then, too
	}
	for _, path := range o.to {
		if !slices.Contains(endings, filepath.Ext(path)) {
			return usagef("--to %s: the ending of the file says its format, one of %s", path, strings.Join(endings, ", "))
		}
	}
	return nil
}

// printTo prints what was found, and writes it to the files asked for.
func (a *app) printTo(o validateOptions, found *run.Validation, files *release.Inspection) error {
	for _, path := range o.to {
		_, endings := formatNames()
		var b bytes.Buffer
		if err := a.printer(formats[slices.Index(endings, filepath.Ext(path))].name, found, files)(&b); err != nil {
			return err
		}
		if err := release.WriteFile(path, b.Bytes()); err != nil {
			return fmt.Errorf("%s cannot be written: %w", path, err)
		}
	}
	if o.format == "text" {
		a.printValidation(found, o.all)
		a.printCompared(files)
		return nil
	}
	return a.printer(o.format, found, files)(a.stdout)
}

// printer returns what writes a finding in a format.
func (a *app) printer(format string, v *run.Validation, files *release.Inspection) func(io.Writer) error {
	switch format {
	case "json":
		return func(w io.Writer) error {
			e := json.NewEncoder(w)
			e.SetEscapeHTML(false)
			e.SetIndent("", "  ")
			return e.Encode(validationDocument(v, files))
		}
	case "markdown":
		return v.Stats(version).Markdown
	case "html":
		return (&report.Page{Stats: v.Stats(version)}).HTML
	case "junit":
		return func(w io.Writer) error {
			faults := slices.Clone(files.Faults)
			for _, i := range v.Issues {
				faults = append(faults, issueLine(i))
			}
			return report.JUnit(w, v.Plan.Name, v.Result, faults)
		}
	}
	return func(w io.Writer) error { return report.Text(w, v.Result, false) }
}
