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

// formats are the output formats of validate, with the extensions of their files.
var formats = []struct{ name, extension string }{{"text", ".txt"}, {"json", ".json"}, {"markdown", ".md"}, {"html", ".html"}, {"junit", ".xml"}}

func formatNames() (names, extensions []string) {
	for _, f := range formats {
		names, extensions = append(names, f.name), append(extensions, f.extension)
	}
	return names, extensions
}

// chooseFormats checks --format and --to before anything is read.
func (a *app) chooseFormats(c *cobra.Command, o *validateOptions) error {
	names, extensions := formatNames()
	if !slices.Contains(names, o.format) {
		return usagef("--format must be one of %s, not %q", strings.Join(names, ", "), o.format)
	}
	switch {
	case a.json && c.Flags().Changed("format") && o.format != "json":
		return usagef("--json and --format %s cannot be used together", o.format)
	case a.json:
		o.format = "json"
	case o.format == "json":
		a.json = true // errors are printed as a document too
	}
	for _, path := range o.to {
		if !slices.Contains(extensions, filepath.Ext(path)) {
			return usagef("--to %s: the file name must end in one of %s", path, strings.Join(extensions, ", "))
		}
	}
	return nil
}

// printTo prints the results and writes them to the files of --to.
func (a *app) printTo(o validateOptions, found *run.Validation, files *release.Inspection) error {
	for _, path := range o.to {
		_, extensions := formatNames()
		var b bytes.Buffer
		if err := a.printer(formats[slices.Index(extensions, filepath.Ext(path))].name, found, files)(&b); err != nil {
			return err
		}
		if err := release.WriteFile(path, b.Bytes()); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	if o.format == "text" {
		a.printValidation(found, o.all)
		a.printCompared(files)
		return nil
	}
	return a.printer(o.format, found, files)(a.stdout)
}

// printer returns a function that writes the results in a format.
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
	return func(w io.Writer) error { return report.WriteText(w, v.Result, false) }
}
