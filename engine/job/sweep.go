package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/job/store"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

// Swept counts what Sweep removed.
type Swept struct {
	Objects int   `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

func isTemporary(name string) bool { return strings.HasPrefix(name, store.TemporaryFolder+"/") }

// Sweep removes what a job does not need any more. After Commit that is all under _job/ but
// the plan, the receipts, the journals of paid texts and the job itself; before Commit there
// is no such thing. If unfinished is set, before or after Commit, it removes what stands in
// the way of another attempt: temporary files, the files of parts without a receipt, receipts
// that are not of this job, and objects that are not as a receipt says, with that receipt, and
// with the manifest if they are data, unless the job was swept before and so could not be
// committed again. It reads all objects then, and no part may be in the making.
func Sweep(ctx context.Context, in store.Store, unfinished bool, o Options) (swept Swept, err error) {
	s, err := open(ctx, in, o)
	if err != nil {
		return swept, err
	}
	defer s.close()
	committed, err := s.has(ctx, release.ManifestFile)
	if err != nil {
		return swept, err
	}
	var kept func(name string) bool
	switch {
	case unfinished:
		if kept, err = s.finished(ctx); err != nil {
			return swept, err
		}
	case committed:
		kept = func(name string) bool {
			return !strings.HasPrefix(name, folder) || name == jobFile || name == bundleFile || strings.HasPrefix(name, receipts) || strings.HasPrefix(name, journals) || strings.HasPrefix(name, reduced)
		}
	default:
		return swept, fmt.Errorf("%w: nothing is left over while a job is not committed; job sweep --unfinished removes what killed attempts have left, once no part is in the making", run.ErrUsage)
	}
	var left []store.Object
	for o, err := range s.store.List(ctx, "") {
		if err != nil {
			return swept, err
		}
		if !kept(o.Name) {
			left = append(left, o)
		}
	}
	for _, o := range left {
		if err := s.store.Remove(ctx, o.Name); err != nil {
			return swept, err
		}
		swept.Objects++
		swept.Bytes += o.Bytes
	}
	return swept, nil
}

// finished returns a function that reports whether an object is not one of an unfinished
// part or reduction, and as its receipt says.
func (s *session) finished(ctx context.Context) (func(name string) bool, error) {
	undecided, err := s.missing(ctx, choices, s.Job.Parts, choiceName)
	if err != nil {
		return nil, err
	}
	left := map[string]bool{}
	var objects []Sealed
	receiptOf := map[string]string{} // the receipt that names an object
	for i := range s.Job.Parts {
		r, has, err := s.receipt(ctx, i)
		switch {
		case errors.Is(err, ErrSealed):
			left[receiptName(i)] = true
		case err != nil:
			return nil, err
		case has:
			for _, of := range r.objects() {
				objects = append(objects, of)
				receiptOf[of.Name] = receiptName(i)
			}
			continue
		}
		left[findingsName(i)], left[fingerprintName(i)] = true, true
		for _, f := range s.parts.All[i].Files {
			left[f.Name] = true
		}
	}
	for i := range s.Reductions {
		var r reduction
		has, err := s.document(ctx, reducedName(i), &r)
		if err == nil && has {
			err = s.checkReduction(&r, i)
		}
		switch {
		case errors.Is(err, ErrSealed):
			left[reducedName(i)] = true
		case err != nil:
			return nil, err
		case has:
			objects = append(objects, r.Findings)
			receiptOf[r.Findings.Name] = reducedName(i)
			continue
		}
		left[joinedName(i)] = true
	}
	wrong, err := s.changed(ctx, objects)
	if err != nil {
		return nil, err
	}
	swept, err := s.missing(ctx, joinedFindings, s.Reductions, joinedName)
	if err != nil {
		return nil, err
	}
	for _, of := range wrong {
		left[of.Name], left[receiptOf[of.Name]] = true, true
		if !strings.HasPrefix(of.Name, folder) && len(swept) == 0 {
			left[release.ManifestFile] = true // without this file it is no release; Commit can write it again
		}
	}
	return func(name string) bool {
		part, attempt := attemptPart(name)
		return !left[name] && !isTemporary(name) && (!attempt || !slices.Contains(undecided, part))
	}, nil
}
