package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

// cacheFlags are the flags for the cache of plans and fits.
type cacheFlags struct {
	dir string
	off bool
}

func (o *cacheFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.dir, "cache", "", "folder of cached plans and fits (default personagen in the user's cache folder)")
	f.BoolVar(&o.off, "no-cache", false, "do not use the cache of plans and fits")
}

// folder returns the folder of the cache, "" for none.
func (o *cacheFlags) folder() (string, error) {
	switch {
	case o.off && o.dir != "":
		return "", usagef("--cache and --no-cache cannot be used together")
	case o.off:
		return "", nil
	case o.dir != "":
		return o.dir, nil
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", nil // an account without a home folder has no cache
	}
	return filepath.Join(base, "personagen"), nil
}

// inputFlags say which files a spec may read.
type inputFlags struct{ allow []string }

func (o *inputFlags) add(f *pflag.FlagSet) {
	f.StringArrayVar(&o.allow, "allow-path", nil, "folder, beside that of the spec or its CUE module, whose files the spec may read; may be repeated")
}

// personFlags are the flags that choose the persons.
type personFlags struct {
	size     int64
	seed     uint64
	limit    int64
	shard    string
	sampling string
	perFile  int64
	cache    cacheFlags
	inputs   inputFlags
}

func (o *personFlags) add(f *pflag.FlagSet) {
	f.Int64VarP(&o.size, "size", "n", 0, "number of persons in the population (default from the spec)")
	f.Uint64Var(&o.seed, "seed", 0, "seed of all random draws (default from the spec)")
	f.StringVar(&o.sampling, "sampling", check.Quota, "quota, which meets every margin within one person, or independent, a random sample")
	o.cache.add(f)
	o.inputs.add(f)
}

// addParts adds the flags that choose a part of the persons.
func (o *personFlags) addParts(f *pflag.FlagSet) {
	f.Int64Var(&o.limit, "limit", 0, "make only the first N persons")
	f.StringVar(&o.shard, "shard", "", "make only part i of k, written `i/k`; merge joins the parts")
	f.Int64Var(&o.perFile, "rows-per-file", release.DefaultRowsPerFile, "largest number of rows of one file, a multiple of 32,768; a shard has whole files of the population if there are enough")
}

// largestSize is the limit of the schema.
const largestSize = 1_000_000_000

// config returns a run's config with the values of the flags.
func (o *personFlags) config(c *cobra.Command, spec string) (run.Config, error) {
	cfg := run.Config{Spec: spec, Size: o.size, Limit: o.limit, Version: version, AllowPaths: o.inputs.allow}
	for _, f := range []struct {
		name  string
		value int64
	}{{"size", o.size}, {"limit", o.limit}} {
		if c.Flags().Changed(f.name) && (f.value < 1 || f.value > largestSize) {
			return cfg, usagef("--%s must be between 1 and %s, not %d", f.name, humanize.Thousands(largestSize), f.value)
		}
	}
	if c.Flags().Changed("seed") {
		cfg.Seed = &o.seed
	}
	if o.sampling != check.Quota && o.sampling != check.Independent {
		return cfg, usagef("--sampling must be %s or %s, not %q", check.Quota, check.Independent, o.sampling)
	}
	if c.Flags().Changed("sampling") {
		cfg.Sampling = o.sampling
	}
	if c.Flags().Lookup("rows-per-file") != nil {
		if err := checkRowsPerFile("rows-per-file", o.perFile); err != nil {
			return cfg, err
		}
		cfg.RowsPerFile = o.perFile
	}
	var err error
	if cfg.Shard, err = parseShard(o.shard); err != nil {
		return cfg, err
	}
	cfg.Cache, err = o.cache.folder()
	return cfg, err
}

// parseShard parses "i/k"; "" is the whole population.
func parseShard(s string) (release.Shard, error) {
	if s == "" {
		return release.Shard{}, nil
	}
	var shard release.Shard
	if _, err := fmt.Sscanf(s, "%d/%d", &shard.Index, &shard.Of); err != nil || s != fmt.Sprintf("%d/%d", shard.Index, shard.Of) {
		return shard, usagef("--shard must be written i/k, such as 1/4, not %q", s)
	}
	if shard.Index < 1 || shard.Index > shard.Of {
		return shard, usagef("--shard %s does not exist: the parts are 1/%d to %d/%d", s, max(1, shard.Of), max(1, shard.Of), max(1, shard.Of))
	}
	return shard, nil
}

// checkOut refuses folders that a release cannot replace: the working folder, its
// parents and the root.
func checkOut(out string) error {
	base := filepath.Base(filepath.Clean(out))
	if base == "." || base == ".." || base == string(filepath.Separator) {
		return usagef("-o %s: a release needs its own folder; name a new one, such as %s", out, filepath.Join(out, "out"))
	}
	return nil
}

// defaultOut returns the default folder of a release. Each shard has its own.
func defaultOut(spec string, shard release.Shard) string {
	name := strings.TrimSuffix(filepath.Base(filepath.Clean(spec)), ".cue")
	name = strings.TrimSuffix(name, bundle.Extension)
	if shard != (release.Shard{}) {
		name += fmt.Sprintf("-%d-of-%d", shard.Index, shard.Of)
	}
	return filepath.Join("out", name)
}
