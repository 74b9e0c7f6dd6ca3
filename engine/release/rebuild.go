package release

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/report"
)

// rebuild returns the command that makes the release again, and a remark on what
// else that takes. It uses only what the release states, so a merged release
// names the same command as a release made by a single run.
func (o *Options) rebuild(stats *report.Stats, texts *Texts) (command, remark string) {
	p := o.Population
	args := []string{"personagen run", o.Plan.Name + ".cue", fmt.Sprint("-n ", p.Size), fmt.Sprint("--seed ", p.Seed)}
	if p.Sampling != check.Quota {
		args = append(args, "--sampling "+p.Sampling)
	}
	var remarks []string
	if part, ok := p.flags(); ok {
		args = append(args, part...)
	} else {
		remarks = append(remarks, fmt.Sprintf("The command makes the whole population; this release has rows %d to %d of it.", p.First, p.First+p.Count-1))
	}
	if !slices.Equal(o.Formats, dataset.FormatNames()) {
		args = append(args, "--format "+strings.Join(o.Formats, ","))
	}
	if o.RowsPerFile != DefaultRowsPerFile {
		args = append(args, fmt.Sprint("--rows-per-file ", o.RowsPerFile))
	}
	if o.Aliases != "" {
		args = append(args, "--aliases "+o.Aliases)
	}
	switch models := modelsOf(stats.Texts); {
	case stats.Texts == nil:
		args = append(args, "--provider none")
	case len(models) > 0:
		provider := "PROVIDER"
		if texts != nil {
			provider = texts.Provider
		}
		args = append(args, "--provider "+provider, "--model "+strings.Join(models, " or "), "--journal JOURNAL")
		remarks = append(remarks, "A model does not give the same answer twice, so replace JOURNAL by a copy of the journal of its answers, which run --export-journal writes. The command then sends no request and needs no key.")
	}
	return strings.Join(append(args, "-o DIR"), " \\\n  "), strings.Join(remarks, " ")
}

// flags returns the flags that choose these persons, or false when no single run
// makes them, for example when a release merges some but not all shards.
func (p Population) flags() (args []string, ok bool) {
	switch {
	case p.Whole():
		return nil, true
	case p.Shard != Shard{}:
		if p.Among < p.Size {
			args = append(args, fmt.Sprint("--limit ", p.Among))
		}
		return append(args, fmt.Sprintf("--shard %d/%d", p.Shard.Index, p.Shard.Of)), true
	case p.First == 0:
		return []string{fmt.Sprint("--limit ", p.Count)}, true
	}
	return nil, false
}

// modelsOf lists the models that wrote texts.
func modelsOf(t *report.Texts) []string {
	var out []string
	if t == nil {
		return nil
	}
	for _, f := range t.Fields {
		for _, s := range f.Sources {
			if s.Name != check.Offline && s.Name != check.Unknown && !slices.Contains(out, s.Name) {
				out = append(out, s.Name)
			}
		}
	}
	return out
}
