package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/personagen/personagen/engine/run"
)

// writtenFlags are the flags for reading existing data.
type writtenFlags struct {
	spec    string
	columns []string
	aliases string
	quiet   bool
	cache   cacheFlags
	inputs  inputFlags
}

func (o *writtenFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.spec, "spec", "", "check the data against this spec or bundle instead of the release's own plan")
	f.StringArrayVar(&o.columns, "map", nil, "match a column of the files to a field of the spec, `THEIRS=OURS`; may be repeated")
	f.StringVar(&o.aliases, "aliases", "", "alias set of the spec whose columns data files have; a release records its own")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print no progress")
	o.cache.add(f)
	o.inputs.add(f)
}

// writtenArgs requires at least one release or file.
func writtenArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("%s takes at least one release folder or data file; see %s --help", c.CommandPath(), c.CommandPath())
	}
	return nil
}

// validation returns the config that the flags ask for.
func (o *writtenFlags) validation(paths []string) (run.ValidateConfig, error) {
	v := run.ValidateConfig{Paths: paths, Spec: o.spec, Aliases: o.aliases, AllowPaths: o.inputs.allow}
	var err error
	if v.Columns, err = parseColumns(o.columns); err != nil {
		return v, err
	}
	if err = checkData(paths); err != nil {
		return v, err
	}
	v.Cache, err = o.cache.folder()
	return v, err
}

// measure validates the data. The result is nil if the data could not be read;
// otherwise the error is nil or wraps run.ErrChecks.
func (a *app) measure(ctx context.Context, v run.ValidateConfig, quiet bool) (*run.Validation, error) {
	progress := a.newProgress(quiet)
	defer progress.finish()
	v.Events = progress.event
	found, err := run.Validate(ctx, v)
	if err != nil && !errors.Is(err, run.ErrChecks) {
		return nil, err
	}
	return found, err
}
