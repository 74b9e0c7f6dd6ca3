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

// cacheFlags are the flags that say where fitted plans are stored.
type cacheFlags struct {
	dir string
	off bool
}

func (o *cacheFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.dir, "cache", "", "folder of fitted plans (default: personagen in the cache folder of the user)")
	f.BoolVar(&o.off, "no-cache", false, "fit again and store nothing")
}

// folder returns the folder of fitted plans, "" for none.
func (o *cacheFlags) folder() (string, error) {
	switch {
	case o.off && o.dir != "":
		return "", usagef("--cache and --no-cache exclude each other")
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
	cache    cacheFlags
	inputs   inputFlags
}

func (o *personFlags) add(f *pflag.FlagSet) {
	f.Int64VarP(&o.size, "size", "n", 0, "number of persons of the population (default: what the spec says)")
	f.Uint64Var(&o.seed, "seed", 0, "seed of every random draw (default: what the spec says)")
	f.StringVar(&o.sampling, "sampling", check.Quota, "quota: every margin is met within a person; independent: a random sample")
	o.cache.add(f)
	o.inputs.add(f)
}

// addParts adds the flags that choose a part of the persons.
func (o *personFlags) addParts(f *pflag.FlagSet) {
	f.Int64Var(&o.limit, "limit", 0, "make only the first N persons")
	f.StringVar(&o.shard, "shard", "", "make only part i of k, written i/k; merge joins the parts")
}

// largestSize is what the schema allows as well.
const largestSize = 1_000_000_000

// config returns a run's config with what the flags give.
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
	var err error
	if cfg.Shard, err = parseShard(o.shard); err != nil {
		return cfg, err
	}
	cfg.Cache, err = o.cache.folder()
	return cfg, err
}

// parseShard reads "i/k"; "" stands for the whole.
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
