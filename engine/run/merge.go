package run

import (
	"context"
	"fmt"
	"time"

	"github.com/personagen/personagen/engine/check"
)

// Merger says which shards to join into one release.
type Merger struct {
	Dirs        []string
	Out         string
	Formats     []string
	RowsPerFile int64
	Version     string
	Events      func(Event)
}

// Merge joins shards of one population, neighbours without a gap, into one
// release, with the bytes that a run of all their persons would have written.
// Errors are as with Run.
func Merge(ctx context.Context, m Merger) (*Summary, error) {
	if len(m.Dirs) < 2 {
		return nil, fmt.Errorf("%w: name at least two shards to merge", ErrUsage)
	}
	s, start := &Summary{}, time.Now()
	stage := func(name string) {
		s.Timings = append(s.Timings, Timing{name, time.Since(start)})
		start = time.Now()
	}
	parts, err := openShards(m.Dirs)
	if err != nil {
		return nil, err
	}
	r, err := openRelease(m.Out, parts.plan, parts.persons, m.Formats, m.RowsPerFile, parts.aliases)
	if err != nil {
		return nil, err
	}
	defer r.abandon()
	r.texts = parts.texts
	suite := check.New(parts.plan, parts.persons.checkOptions(parts.exceptions, r.dir))
	defer suite.Close()
	stage("open")
	reader := newRowReader(parts.plan, parts.paths, parts.columns)
	tally, err := r.fill(ctx, suite, 1, parts.persons, func(int) source { return reader }, func(done int64) {
		if m.Events != nil {
			m.Events(Event{Stage: "write", Done: done, Total: parts.persons.Count})
		}
	})
	if err != nil {
		return nil, err
	}
	stage("merge")
	s.Plan = parts.plan
	if s.Result, err = tally.result(suite); err != nil {
		return nil, err
	}
	if err := suite.Close(); err != nil { // its temporary files stand in the release's folder
		return nil, err
	}
	stage("check")
	r.timings = s.Timings
	if s.Manifest, err = r.describe(parts.plan, parts.persons, tally, s.Result, parts.exceptions, m.Version); err != nil {
		return nil, err
	}
	if s.Dir, err = r.publish(); err != nil {
		return nil, err
	}
	if s.Result.Failed() {
		return s, fmt.Errorf("%w: %s", ErrChecks, s.Result.Headline())
	}
	return s, nil
}
