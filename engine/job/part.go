package job

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/personagen/personagen/engine/job/store"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

// Folders under _job/, with an object for each part.
const (
	receipts     = folder + "parts/"        // what a part consists of, put last
	findings     = folder + "findings/"     // what was gathered of its rows
	fingerprints = folder + "fingerprints/" // of its rows, by partition
)

func receiptName(part int) string     { return fmt.Sprintf("%s%06d.json", receipts, part) }
func findingsName(part int) string    { return fmt.Sprintf("%s%06d", findings, part) }
func fingerprintName(part int) string { return fmt.Sprintf("%s%06d", fingerprints, part) }

// receipt says that a part is made. It is the same whoever made it.
type receipt struct {
	Job          string         `json:"job"` // hash of the job
	Part         int            `json:"part"`
	Files        []release.File `json:"files"`
	Findings     Sealed         `json:"findings"`
	Fingerprints Sealed         `json:"fingerprints"`
	Texts        *release.Texts `json:"texts,omitempty"` // of a model
}

// Range is some parts or reductions, from the first to the last.
type Range struct{ First, Last int }

// Share returns share i of n, from 0, of the numbers below count. It may be empty: Last is
// then below First.
func Share(i, n, count int) Range {
	from, to := release.Share(int64(count), i, n)
	return Range{int(from), int(to) - 1}
}

// Done counts what a call made, and what others had made before.
type Done struct {
	Made    int   `json:"made"`
	Skipped int   `json:"skipped"`
	Rows    int64 `json:"rows"` // of the parts made
}

// Part makes some parts, numbered from 0. Those that have a receipt are skipped. The error
// wraps run.ErrUsage if there are no such parts, ErrSealed if the job cannot be used, and
// ErrDiffers if another attempt made something else; other errors may not occur again.
func Part(ctx context.Context, in store.Store, of Range, o Options) (done Done, err error) {
	s, err := open(ctx, in, o)
	if err != nil {
		return done, err
	}
	defer s.close()
	if err := of.within(s.Parts, "part"); err != nil {
		return done, err
	}
	for i := of.First; i <= of.Last; i++ {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		made, err := s.makePart(ctx, i)
		if err != nil {
			return done, fmt.Errorf("part %d: %w", i, err)
		}
		if !made {
			done.Skipped++
			continue
		}
		done.Made++
		done.Rows += s.parts.All[i].Rows
	}
	return done, nil
}

func (r Range) within(n int, what string) error {
	if r.First < 0 || r.Last < r.First || r.Last >= n {
		return fmt.Errorf("%w: the job has %ss 0 to %d, and not %d to %d", run.ErrUsage, what, n-1, r.First, r.Last)
	}
	return nil
}

// makePart makes a part, unless it has a receipt and its files are there.
func (s *session) makePart(ctx context.Context, i int) (made bool, err error) {
	if whole, err := s.hasPart(ctx, i); err != nil || whole {
		return false, err
	}
	if s.Texts != nil {
		return s.makeTextPart(ctx, i)
	}
	dir, err := os.MkdirTemp(s.dir, "part-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	part := s.parts.All[i]
	files, found, err := s.parts.Make(ctx, part, dir, func(int) release.Source { return s.rows.Source() })
	if err != nil {
		return false, err
	}
	r := receipt{Job: s.hash, Part: i, Files: files}
	for _, f := range files {
		if err := s.put(ctx, inFile(sealedFile(f), filepath.Join(dir, filepath.FromSlash(f.Name)))); err != nil {
			return false, err
		}
	}
	path := filepath.Join(dir, "fingerprints")
	if r.Fingerprints, err = writeFingerprints(i, found, path); err == nil {
		err = s.put(ctx, inFile(r.Fingerprints, path))
	}
	if err != nil {
		return false, err
	}
	if r.Findings, err = s.placeFindings(ctx, findingsName(i), found); err != nil {
		return false, err
	}
	if err := s.placeDocument(ctx, receiptName(i), r); err != nil {
		return false, err
	}
	s.madePart(i)
	return true, nil
}

func (s *session) madePart(i int) {
	part := s.parts.All[i]
	s.event(run.Event{Stage: "part", Done: part.First + part.Rows, Total: s.Population.Size, Note: fmt.Sprintf("part %d of 0 to %d", i, s.Job.Parts-1)})
}

func sealedFile(f release.File) Sealed { return Sealed{f.Name, f.Bytes, f.SHA256} }

// hasPart reports whether a part has a receipt and its files are there.
func (s *session) hasPart(ctx context.Context, i int) (bool, error) {
	r, has, err := s.receipt(ctx, i)
	if err != nil || !has {
		return false, err
	}
	for _, f := range r.objects() {
		there := false
		for o, err := range s.store.List(ctx, f.Name) {
			if err != nil {
				return false, err
			}
			there = there || o.Name == f.Name && o.Bytes == f.Bytes
		}
		if !there {
			return false, nil
		}
	}
	return true, nil
}

// objects are what a part consists of.
func (r *receipt) objects() []Sealed {
	all := []Sealed{r.Findings, r.Fingerprints}
	for _, f := range r.Files {
		all = append(all, sealedFile(f))
	}
	return all
}

// receipt reads the receipt of a part, and reports whether there is one.
func (s *session) receipt(ctx context.Context, i int) (r receipt, has bool, err error) {
	has, err = s.document(ctx, receiptName(i), &r)
	if err == nil && has {
		err = r.check(s.hash, i, s.parts.All[i])
	}
	return r, has, err
}

// check checks that a receipt is of a part of a job.
func (r *receipt) check(job string, i int, part release.Part) error {
	ok := r.Job == job && r.Part == i && len(r.Files) == len(part.Files) && r.Findings.Name == findingsName(i) && r.Fingerprints.Name == fingerprintName(i)
	for k := 0; ok && k < len(part.Files); k++ {
		ok = r.Files[k].Name == part.Files[k].Name && r.Files[k].Rows == part.Rows
	}
	if !ok {
		return fmt.Errorf("%w: %s is not the receipt of part %d of this job; %s", ErrSealed, receiptName(i), i, mend)
	}
	return nil
}

// placeFindings puts what was gathered of some rows.
func (s *session) placeFindings(ctx context.Context, name string, found *release.Findings) (Sealed, error) {
	data, err := found.Bytes()
	if err != nil {
		return Sealed{}, err
	}
	return seal(name, data), s.place(ctx, name, data)
}

// writeFingerprints writes the fingerprints of a part to a file.
func writeFingerprints(i int, found *release.Findings, path string) (Sealed, error) {
	to, err := os.Create(path)
	if err != nil {
		return Sealed{}, err
	}
	defer to.Close()
	sum := newSum()
	if err := found.Tally.WriteFingerprints(io.MultiWriter(to, sum)); err != nil {
		return Sealed{}, err
	}
	return sum.sealed(fingerprintName(i)), nil
}
