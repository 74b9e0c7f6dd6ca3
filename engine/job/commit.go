package job

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/job/store"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/report"
	"github.com/personagen/personagen/engine/run"
)

// Commit writes statistics, report, card and last the manifest, which makes the files a
// release. It compares the sizes of the data files with the receipts, and if verify is set
// their hashes, for which it reads all of them. It may be called again. The error wraps
// ErrIncomplete if a receipt or a file is missing, ErrDiffers if a file is not the one of its
// receipt, and run.ErrChecks if the release is written and failed a check; the Summary is
// then complete. Other errors are as with Part.
func Commit(ctx context.Context, in store.Store, verify bool, o Options) (*run.Summary, error) {
	s, err := open(ctx, in, o)
	if err != nil {
		return nil, err
	}
	defer s.close()
	sum := &run.Summary{Dir: in.String(), Plan: s.rows.Release().Plan}
	start := time.Now()
	stage := func(name string) {
		sum.Stages = append(sum.Stages, report.Stage{Name: name, Took: time.Since(start)})
		start = time.Now()
	}
	files, texts, err := s.files(ctx)
	if err == nil && verify {
		err = s.verify(ctx, files)
	}
	if err != nil {
		return nil, err
	}
	stage("collect")
	found, err := s.joinReduced(ctx)
	if err != nil {
		return nil, err
	}
	stage("join")
	var docs []release.Document
	if sum.Result, sum.Manifest, docs, err = s.parts.Describe(found, files, release.Description{Texts: texts, Stages: sum.Stages}); err != nil {
		return nil, err
	}
	for _, doc := range docs {
		if doc.Name == release.ReportFile { // it states how long the stages took
			err = s.store.Put(ctx, doc.Name, bytes.NewReader(doc.Data), int64(len(doc.Data)))
		} else {
			err = s.place(ctx, doc.Name, doc.Data)
		}
		if err != nil {
			return nil, err
		}
	}
	if sum.Result.Failed() {
		return sum, fmt.Errorf("%w: %s", run.ErrChecks, sum.Result.Headline())
	}
	return sum, s.rows.CheckTexts(texts)
}

// files returns the data files of all parts, in the order of release.Layout, and what a model
// wrote. All files must be in the store, with their sizes.
func (s *session) files(ctx context.Context) ([]release.File, *release.Texts, error) {
	missing, err := s.missing(ctx, receipts, s.Job.Parts, receiptName)
	if err != nil {
		return nil, nil, err
	}
	if len(missing) > 0 {
		return nil, nil, fmt.Errorf("%w: no receipt of parts %s; make them with job part", ErrIncomplete, ranges(missing))
	}
	all := make([]release.File, s.Job.Parts*len(s.Formats))
	written := make([]*release.Texts, s.Job.Parts)
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(inFlight)
	for i := range s.Job.Parts {
		g.Go(func() error {
			r, has, err := s.receipt(inner, i)
			if err != nil || !has {
				return errOr(err, "%w: no receipt of part %d", ErrIncomplete, i)
			}
			for k, f := range r.Files {
				all[k*s.Job.Parts+i] = f
			}
			written[i] = r.Texts
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	var texts *release.Texts
	for _, part := range written {
		texts = run.AddTexts(texts, part)
	}
	return all, texts, s.checkFiles(ctx, all)
}

// checkFiles checks that files are in the store, and nothing else beside them.
func (s *session) checkFiles(ctx context.Context, all []release.File) error {
	want := map[string]int64{}
	folders := map[string]bool{}
	for _, f := range all {
		want[f.Name] = f.Bytes
		folders[parent(f.Name)] = true
	}
	for name := range folders {
		for o, err := range s.store.List(ctx, name) {
			if err != nil {
				return err
			}
			bytes, known := want[o.Name]
			if !known {
				return fmt.Errorf("%w: %s is not a file of this job; remove it", ErrDiffers, o.Name)
			}
			if bytes != o.Bytes {
				return fmt.Errorf("%w: %s has %s, and its receipt says %d; %s", ErrDiffers, o.Name, size(o.Bytes), bytes, mend)
			}
			delete(want, o.Name)
		}
	}
	if len(want) > 0 {
		var parts []int
		for i, f := range all {
			if _, missing := want[f.Name]; missing {
				parts = append(parts, i%s.Job.Parts)
			}
		}
		return fmt.Errorf("%w: files of parts %s are missing; make them again with job part", ErrIncomplete, ranges(parts))
	}
	return nil
}

// verify checks that data files are what the receipts say.
func (s *session) verify(ctx context.Context, files []release.File) error {
	objects := make([]Sealed, len(files))
	for i, f := range files {
		objects[i] = sealedFile(f)
	}
	wrong, err := s.changed(ctx, objects)
	if err != nil || len(wrong) == 0 {
		return err
	}
	return fmt.Errorf("%w: %s not what the receipts say, the first is %s; %s", ErrDiffers, humanize.Count(int64(len(wrong)), "file is", "files are"), wrong[0].Name, mend)
}

// joinReduced joins what all reductions have found.
func (s *session) joinReduced(ctx context.Context) (*release.Findings, error) {
	missing, err := s.missing(ctx, reduced, s.Reductions, reducedName)
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%w: reductions %s are missing; make them with job reduce", ErrIncomplete, ranges(missing))
	}
	sum := s.parts.NewFindings()
	for i := range s.Reductions {
		var r reduction
		if has, err := s.document(ctx, reducedName(i), &r); err != nil || !has {
			return nil, errOr(err, "%w: reduction %d is missing", ErrIncomplete, i)
		}
		if err := s.checkReduction(&r, i); err != nil {
			return nil, err
		}
		data, err := s.load(ctx, r.Findings, mostFindings)
		if err != nil {
			return nil, err
		}
		found, err := s.parts.ReadFindings(data)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %v", ErrSealed, r.Findings.Name, err)
		}
		sum.Merge(found)
		if err := sum.Tally.AddRepeats(r.Repeats); err != nil {
			return nil, fmt.Errorf("%w: %s: %v", ErrSealed, reducedName(i), err)
		}
	}
	return sum, nil
}
