package run

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/report"
)

// MergeConfig says which shards to join into one release.
type MergeConfig struct {
	Dirs        []string // folders of the shards, in any order
	Out         string   // folder of the release
	Formats     []string // names of dataset.FormatNames; nil for all
	RowsPerFile int64    // as in Config
	Version     string   // as in Config
	Events      func(Event)
}

// Merge joins shards of one population that follow each other without a gap. The
// release has the bytes that a run of all their persons would have written.
// Errors are as with Run.
func Merge(ctx context.Context, cfg MergeConfig) (*Summary, error) {
	if len(cfg.Dirs) < 2 {
		return nil, fmt.Errorf("%w: name at least two shards to merge", ErrUsage)
	}
	s, start := &Summary{}, time.Now()
	stage := func(name string) {
		s.Stages = append(s.Stages, report.Stage{Name: name, Took: time.Since(start)})
		start = time.Now()
	}

	shards, err := release.Open(cfg.Dirs...)
	if err != nil {
		return nil, err
	}
	s.Plan = shards.Plan
	draft, err := release.Create(release.Options{
		Dir: cfg.Out, Plan: shards.Plan, Population: shards.Population, Exceptions: shards.Exceptions, Aliases: shards.Aliases,
		Formats: cfg.Formats, RowsPerFile: cfg.RowsPerFile, Version: cfg.Version, Workers: 1,
	})
	if err != nil {
		return nil, err
	}
	defer draft.Discard()
	stage("open")

	rows := shards.Rows()
	defer rows.Close()
	err = draft.Write(ctx, func(int) release.Source { return rows }, func(done int64) {
		if cfg.Events != nil {
			cfg.Events(Event{Stage: "write", Done: done, Total: shards.Population.Count})
		}
	})
	if err != nil {
		return nil, err
	}
	stage("merge")

	if s.Result, err = draft.Check(); err != nil {
		return nil, err
	}
	stage("check")

	var texts *release.Texts
	for _, m := range shards.Manifests {
		texts = AddTexts(texts, m.Texts)
	}
	if s.Manifest, err = draft.Describe(release.Description{Texts: texts, Stages: s.Stages}); err != nil {
		return nil, err
	}
	if s.Dir, err = draft.Publish(); err != nil {
		return nil, err
	}
	if s.Result.Failed() {
		return s, fmt.Errorf("%w: %s", ErrChecks, s.Result.Headline())
	}
	return s, nil
}

// AddTexts adds up what models wrote in two parts of a population; either may be
// nil. When different models wrote them, the sum has all their names.
func AddTexts(a, b *release.Texts) *release.Texts {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	sum := *a
	sum.Provider, sum.Model = union(a.Provider, b.Provider), union(a.Model, b.Model)
	sum.Calls += b.Calls
	sum.Tokens.Prompt += b.Tokens.Prompt
	sum.Tokens.Completion += b.Tokens.Completion
	sum.Tokens.Cached += b.Tokens.Cached
	sum.Tokens.Reasoning += b.Tokens.Reasoning
	sum.Cost = append([]release.Sum{}, a.Cost...)
	for _, s := range b.Cost {
		i := slices.IndexFunc(sum.Cost, func(other release.Sum) bool { return other.Currency == s.Currency })
		if i < 0 {
			sum.Cost = append(sum.Cost, s)
			continue
		}
		sum.Cost[i].Amount = (endpoint.NewMoney(sum.Cost[i].Amount) + endpoint.NewMoney(s.Amount)).Amount()
	}
	sum.Own = slices.Clone(a.Own)
	for _, own := range b.Own {
		if !slices.ContainsFunc(sum.Own, func(o release.OwnModel) bool { return o.Endpoint == own.Endpoint && o.Model == own.Model }) {
			sum.Own = append(sum.Own, own)
		}
	}
	sum.Fields = slices.Clone(a.Fields)
	for _, f := range b.Fields {
		i := slices.IndexFunc(sum.Fields, func(other release.FieldTexts) bool { return other.Field == f.Field })
		if i < 0 {
			sum.Fields = append(sum.Fields, f)
			continue
		}
		sum.Fields[i].Written += f.Written
		sum.Fields[i].Quarantined += f.Quarantined
		sum.Fields[i].NotApplicable += f.NotApplicable
		sum.Fields[i].Untranslated += f.Untranslated
		sum.Fields[i].Reasons = addReasons(sum.Fields[i].Reasons, f.Reasons)
	}
	return &sum
}

// union joins two lists of names that are separated by commas.
func union(a, b string) string {
	names := strings.Split(a, ", ")
	for _, name := range strings.Split(b, ", ") {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
