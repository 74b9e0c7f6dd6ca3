package run

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/report"
)

// rebuild is the command that makes the release again, from what the release
// itself knows, and a remark on what else that takes: the release that merge
// made names the same command as the one that a single run made.
func (r *release) rebuild(stats *report.Stats) (command, remark string) {
	p := r.persons
	args := []string{"personagen run", r.plan.Name + ".cue", fmt.Sprint("-n ", p.Size), fmt.Sprint("--seed ", p.Seed)}
	if p.Sampling != check.Quota {
		args = append(args, "--sampling "+p.Sampling)
	}
	var remarks []string
	if part, ok := p.part(); ok {
		args = append(args, part...)
	} else {
		remarks = append(remarks, fmt.Sprintf("That makes the whole population; this release is the rows %d to %d of it.", p.First, p.First+p.Count-1))
	}
	if !slices.Equal(r.formats, AllFormats()) {
		args = append(args, "--format "+strings.Join(r.formats, ","))
	}
	if r.perFile != wholeChunks(DefaultRowsPerFile) {
		args = append(args, fmt.Sprint("--rows-per-file ", r.perFile))
	}
	if r.aliases != "" {
		args = append(args, "--aliases "+r.aliases)
	}
	switch models := models(stats.Texts); {
	case stats.Texts == nil:
		args = append(args, "--provider "+NoTexts)
	case len(models) > 0:
		provider := "PROVIDER"
		if r.texts != nil {
			provider = r.texts.Provider
		}
		args = append(args, "--provider "+provider, "--model "+strings.Join(models, " or "), "--journal JOURNAL")
		remarks = append(remarks, "A model does not say the same twice, so this takes a copy of the journal of its answers (run --export-journal writes one) in the place of JOURNAL. Nothing is asked then, and no key is needed.")
	}
	return strings.Join(append(args, "-o DIR"), " \\\n  "), strings.Join(remarks, " ")
}

// part is how a command asks for these persons; false when no single run makes
// them, as with some neighbouring shards joined.
func (p population) part() (args []string, ok bool) {
	switch {
	case p.whole():
		return nil, true
	case p.Shard != Shard{}:
		if p.among < p.Size {
			args = append(args, fmt.Sprint("--limit ", p.among))
		}
		return append(args, fmt.Sprintf("--shard %d/%d", p.Shard.Index, p.Shard.Of)), true
	case p.First == 0:
		return []string{fmt.Sprint("--limit ", p.Count)}, true
	}
	return nil, false
}

// models lists who wrote texts, apart from the narrator.
func models(t *report.Texts) []string {
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
