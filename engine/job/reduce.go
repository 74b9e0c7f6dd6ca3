package job

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/job/store"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

// Folders under _job/, with an object for each reduction.
const (
	reduced        = folder + "reduced/" // receipts
	joinedFindings = folder + "joined/"  // findings of the parts joined
)

func reducedName(i int) string { return fmt.Sprintf("%s%04d.json", reduced, i) }
func joinedName(i int) string  { return fmt.Sprintf("%s%04d", joinedFindings, i) }

// reduction is the receipt of a reduction: the findings of its parts, and the repeats in
// its partitions of the fingerprints of all parts.
type reduction struct {
	Job       string          `json:"job"` // hash of the job
	Reduction int             `json:"reduction"`
	Findings  Sealed          `json:"findings"`
	Repeats   []check.Repeats `json:"repeats"`
}

// share returns which of n things belong to a reduction.
func (j *Job) share(i, n int) (from, to int) {
	of := Share(i, j.Reductions, n)
	return of.First, of.Last + 1
}

// inFlight is how many objects are read at once.
const inFlight = 16

// Reduce makes some reductions, numbered from 0. The error wraps ErrIncomplete if a part
// has no receipt; other errors are as with Part.
func Reduce(ctx context.Context, in store.Store, of Range, o Options) (done Done, err error) {
	s, err := open(ctx, in, o)
	if err != nil {
		return done, err
	}
	defer s.close()
	if err := of.within(s.Reductions, "reduction"); err != nil {
		return done, err
	}
	for i := of.First; i <= of.Last; i++ {
		var r reduction
		has, err := s.document(ctx, reducedName(i), &r)
		if err == nil && has {
			err = s.checkReduction(&r, i)
		}
		if err == nil && has {
			has, err = s.has(ctx, r.Findings.Name)
		}
		if err == nil && has {
			done.Skipped++
			continue
		}
		if err == nil {
			err = s.reduce(ctx, i)
		}
		if err != nil {
			return done, fmt.Errorf("reduction %d: %w", i, err)
		}
		done.Made++
	}
	return done, nil
}

// checkReduction checks that a receipt is of a reduction of this job.
func (s *session) checkReduction(r *reduction, i int) error {
	if r.Job != s.hash || r.Reduction != i || r.Findings.Name != joinedName(i) {
		return fmt.Errorf("%w: %s is not the receipt of reduction %d; %s", ErrSealed, reducedName(i), i, mend)
	}
	return nil
}

func (s *session) reduce(ctx context.Context, i int) error {
	missing, err := s.missing(ctx, receipts, s.Job.Parts, receiptName)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: no receipt of parts %s; make them with job part", ErrIncomplete, ranges(missing))
	}
	from, to := s.share(i, s.Job.Parts)
	found, err := s.join(ctx, from, to)
	if err != nil {
		return err
	}
	r := reduction{Job: s.hash, Reduction: i}
	if r.Findings, err = s.placeFindings(ctx, joinedName(i), found); err != nil {
		return err
	}
	if r.Repeats, err = s.search(ctx, i); err != nil {
		return err
	}
	s.event(run.Event{Stage: "reduce", Note: fmt.Sprintf("reduction %d of 0 to %d", i, s.Reductions-1)})
	return s.placeDocument(ctx, reducedName(i), r)
}

// join joins the findings of some parts. Each is read while others are joined.
func (s *session) join(ctx context.Context, from, to int) (*release.Findings, error) {
	sum := s.parts.NewFindings()
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(inFlight)
	for i := from; i < to; i++ {
		g.Go(func() error {
			r, has, err := s.receipt(ctx, i)
			if err != nil || !has {
				return errOr(err, "%w: no receipt of part %d", ErrIncomplete, i)
			}
			data, err := s.load(ctx, r.Findings, mostFindings)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			found, err := s.parts.ReadFindings(data)
			if err != nil {
				return fmt.Errorf("%w: %s: %v", ErrSealed, r.Findings.Name, err)
			}
			sum.Merge(found)
			return nil
		})
	}
	return sum, g.Wait()
}

func errOr(err error, format string, args ...any) error {
	if err != nil {
		return err
	}
	return fmt.Errorf(format, args...)
}

// search compares the partitions of a reduction, of the fingerprints of all parts.
func (s *session) search(ctx context.Context, i int) ([]check.Repeats, error) {
	search := s.parts.NewSearch(s.share(i, check.FingerprintPartitions))
	var mu sync.Mutex
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(inFlight)
	for part := range s.Job.Parts {
		g.Go(func() error {
			at, n := search.Index()
			index, err := s.store.Range(inner, fingerprintName(part), at, n)
			if errors.Is(err, store.ErrAbsent) {
				return gone(fingerprintName(part))
			}
			if err != nil {
				return err
			}
			at, n, err = search.Partitions(index)
			if err != nil {
				return fmt.Errorf("%w: %s: %v; %s", ErrDiffers, fingerprintName(part), err, mend)
			}
			data, err := s.store.Range(inner, fingerprintName(part), at, n)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			rows := s.parts.All[part]
			if err := search.Add(index, data, rows.First, rows.First+rows.Rows); err != nil {
				return fmt.Errorf("%w: %s: %v; %s", ErrDiffers, fingerprintName(part), err, mend)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return search.Result()
}
