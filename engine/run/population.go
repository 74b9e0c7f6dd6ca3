package run

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/cache"
	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/internal/sample"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/spec/load"
)

// FitProgress reports how far the tables are fitted.
type FitProgress = fit.Progress

// Compile returns the bundle of the spec at path, or reads the bundle at path.
// Cache is the folder of fitted plans; empty for none. Progress is called during
// the fit, warn with a list of warnings; both may be nil. The error is a
// *diag.ListError when the spec, a table or the bundle is wrong. The spec may also
// read the files in allowPaths.
func Compile(ctx context.Context, path, cache string, progress func(FitProgress), warn func(*diag.List), allowPaths ...string) (*bundle.Bundle, error) {
	return compileFor(ctx, path, cache, 0, progress, warn, allowPaths)
}

// compileFor is Compile for a population of a size, on which the rates of strata may
// depend; 0 means that of the spec.
func compileFor(ctx context.Context, path, cache string, size int64, progress func(FitProgress), warn func(*diag.List), allowPaths []string) (*bundle.Bundle, error) {
	b, warnings, err := compileOrRead(ctx, path, cache, size, progress, allowPaths)
	if err == nil && warn != nil && len(warnings.Items) > 0 {
		warn(warnings)
	}
	return b, err
}

// compileOrRead also returns the warnings, with file names as the user writes them.
func compileOrRead(ctx context.Context, path, cache string, size int64, progress func(fit.Progress), allowPaths []string) (*bundle.Bundle, *diag.List, error) {
	if bundle.Is(path) {
		b, err := readBundle(path)
		if err != nil {
			return nil, nil, err
		}
		return b, &diag.List{Items: slices.Clone(b.Warnings)}, nil
	}
	var entries diag.List // of this machine, not of the spec
	s := specSource{path: path, folder: cache, load: load.Options{AllowPaths: allowPaths}, damaged: damagedEntry(&entries)}
	o := s.compile(ctx, true, size, progress)
	found := &diag.List{Items: o.Found}
	if err := found.ErrContext(ctx); err != nil {
		return nil, nil, err
	}
	found.Items = append(found.Items, entries.Items...)
	return o.bundle, found, nil
}

// damagedEntry returns a function that warns of a damaged entry of the cache.
func damagedEntry(l *diag.List) func(path string, err error) {
	return func(path string, err error) {
		l.Warnf(diag.Place{File: filepath.ToSlash(path)}, "cache", "this cached result is not used and was computed again: %v", err).
			WithHint("it is replaced; if it happens again, check the disk")
	}
}

// Vetted is the result of Vet.
type Vetted struct {
	Fields, Tables int
	Found          *diag.List     // faults and warnings, sorted
	Bundle         *bundle.Bundle // nil for a spec
}

// Vet checks the spec at path and, with fit, that some population meets all of its
// tables. It also checks a bundle. The spec may also read the files in allowPaths. Faults in a spec are in the result. The error
// is the context's, or that of a bundle that cannot be read.
func Vet(ctx context.Context, path string, fit bool, cache string, allowPaths ...string) (*Vetted, error) {
	if bundle.Is(path) {
		b, err := readBundle(path)
		if err != nil {
			return nil, err
		}
		return &Vetted{Fields: len(b.Plan.Fields), Tables: len(b.Plan.Tables), Found: &diag.List{Items: b.Warnings}, Bundle: b}, nil
	}
	var found diag.List
	s := specSource{path: path, folder: cache, load: load.Options{AllowPaths: allowPaths}, damaged: damagedEntry(&found)}
	o := s.compile(ctx, fit, 0, nil)
	found.Items = append(found.Items, o.Found...)
	found.Sort()
	return &Vetted{Fields: o.Fields, Tables: o.Tables, Found: &found}, ctx.Err()
}

// readBundle reads the bundle at path. Its error is a *diag.ListError, like that of
// a spec.
func readBundle(path string) (*bundle.Bundle, error) {
	b, err := bundle.ReadFile(path)
	if err != nil {
		faults := &diag.List{}
		faults.Errorf(diag.Place{File: filepath.ToSlash(path)}, "bundle", "%v", err).WithHint("make it again: personagen plan SPEC --bundle FILE")
		return nil, faults.Err()
	}
	return b, nil
}

// choosePersons returns size, seed and range of the persons. The config takes
// precedence over the request of the bundle, and that over the plan.
func choosePersons(b *bundle.Bundle, c *Config) (release.Population, error) {
	persons := release.Population{Size: b.Plan.Population.Size, Seed: b.Plan.Population.Seed, Sampling: c.Sampling, Shard: c.Shard}
	if r := b.Request; r != nil {
		persons.Size, persons.Seed = r.Size, r.Seed
		if persons.Sampling == "" {
			persons.Sampling = r.Sampling
		}
	}
	if c.Size > 0 {
		persons.Size = c.Size
	}
	if c.Seed != nil {
		persons.Seed = *c.Seed
	}
	if persons.Sampling == "" {
		persons.Sampling = check.Quota
	}
	if persons.Sampling != check.Quota && persons.Sampling != check.Independent {
		return persons, fmt.Errorf("%w: sampling must be %q or %q, not %q", ErrUsage, check.Quota, check.Independent, persons.Sampling)
	}
	if d := b.Plan.Population.Design; d != nil && d.Size > 0 && d.Size != persons.Size {
		return persons, fmt.Errorf("%w: the bundle has rates of strata for %s, not for %s: make it again with -n %d", ErrUsage,
			humanize.Count(d.Size, "person", "persons"), humanize.Thousands(persons.Size), persons.Size)
	}
	for _, f := range b.Plan.Fields {
		if f.Unique > 0 && f.Unique < persons.Size {
			return persons, fmt.Errorf("%w: %s", ErrUsage, kind.TooFewValues(f, persons.Size))
		}
	}
	persons.Count = persons.Size
	if c.Limit > 0 {
		persons.Count = min(c.Limit, persons.Size)
	}
	persons.Among = persons.Count
	if s := c.Shard; s != (release.Shard{}) {
		if s.Of < 1 || s.Index < 1 || s.Index > s.Of || int64(s.Of) > persons.Count {
			return persons, fmt.Errorf("%w: shard %d/%d of %d persons does not exist", ErrUsage, s.Index, s.Of, persons.Count)
		}
		persons.First, persons.Count = s.Rows(persons.Count, cmp.Or(c.RowsPerFile, release.DefaultRowsPerFile))
	}
	return persons, nil
}

// allocation is a sampler, the counts it reads in quota mode, and what they
// could not meet.
type allocation struct {
	sampler    generate.Sampler
	counts     *sample.Allocation
	exceptions []check.Exception
}

// allocationVersion changes when the same model would get other counts, so that
// allocations cached before are not used.
const allocationVersion = 3

// allocate prepares the sampler. In quota mode the counts are those of the
// bundle, or come from the cache, when the same model was allocated before for
// the same size and seed.
// A damaged entry of the cache is replaced, and damaged hears of it.
func allocate(ctx context.Context, b *bundle.Bundle, persons release.Population, folder string, damaged func(path string, err error)) (allocation, error) {
	if persons.Sampling == check.Independent {
		s, err := sample.NewIndependent(b.Model, persons.Seed)
		return allocation{sampler: s}, err
	}
	counts, err := countsFor(ctx, b, persons, folder, damaged)
	if err != nil {
		return allocation{}, err
	}
	q, err := sample.NewQuota(b.Model, counts)
	if err != nil {
		return allocation{}, err
	}
	return allocation{sampler: q, counts: counts, exceptions: exceptions(b, counts)}, nil
}

func countsFor(ctx context.Context, b *bundle.Bundle, persons release.Population, folder string, damaged func(path string, err error)) (*sample.Allocation, error) {
	if a := b.Allocation; a != nil && a.N == persons.Size && a.Seed == persons.Seed {
		return a, nil
	}
	if folder == "" {
		return sample.Allocate(ctx, b.Model, persons.Size, persons.Seed)
	}
	key := fmt.Sprintf("%s-%d-%d", modelHash(b.Model), persons.Size, persons.Seed)
	path := filepath.Join(folder, fmt.Sprintf("quota-%d-%s", allocationVersion, key))
	a, err := readAllocation(path, key, persons)
	if err != nil {
		damaged(path, err)
	}
	if a != nil {
		return a, nil
	}
	if a, err = sample.Allocate(ctx, b.Model, persons.Size, persons.Seed); err == nil {
		writeAllocation(path, key, a)
	}
	return a, err
}

// exceptions says in terms of the plan what the counts could not meet.
func exceptions(b *bundle.Bundle, a *sample.Allocation) []check.Exception {
	var list []check.Exception
	for _, x := range a.Exceptions {
		ref := b.Controls[x.Control]
		if ref.Expected == bundle.NoExpected {
			continue // the checks count strata themselves
		}
		list = append(list, check.Exception{
			Expected: ref.Expected, Cell: int(ref.Cell[x.Cell]), Persons: float64(x.Count) - x.Target,
			Reason: "the integer counts of this many persons could not be brought closer without moving a margin or an impossible combination",
		})
	}
	return list
}

// modelHash hashes all numbers of a model.
func modelHash(m *sample.Model) string {
	h := sha256.New()
	b := make([]byte, 0, 64<<10)
	room := func() []byte {
		if len(b) > cap(b)-8 {
			h.Write(b)
			b = b[:0]
		}
		return b
	}
	number := func(v uint64) { b = binary.LittleEndian.AppendUint64(room(), v) }
	for _, v := range m.Vars {
		b = append(b, v.Name...)
		number(uint64(v.Card))
	}
	for _, s := range m.Steps {
		number(uint64(s.Var))
		for _, g := range s.Given {
			number(uint64(g))
		}
		for _, w := range s.Weight {
			number(math.Float64bits(w))
		}
	}
	for _, c := range m.Controls {
		number(uint64(c.Rank))
		for _, v := range c.Scope {
			number(uint64(v))
		}
		for _, cell := range c.Cell {
			b = binary.LittleEndian.AppendUint32(room(), uint32(cell))
		}
		for _, w := range c.Share {
			number(math.Float64bits(w))
		}
	}
	for _, l := range m.Limits {
		for _, v := range l.Scope {
			number(uint64(v))
		}
		for _, cell := range l.Cell {
			b = binary.LittleEndian.AppendUint32(room(), uint32(cell))
		}
		number(math.Float64bits(l.AtLeast))
		number(math.Float64bits(l.AtMost))
	}
	h.Write(b)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// readAllocation returns a cached allocation, nil when there is none. The error says
// that the entry is damaged.
func readAllocation(path, key string, persons release.Population) (*sample.Allocation, error) {
	data, err := cache.Read(path, key)
	if data == nil {
		return nil, err
	}
	var a sample.Allocation
	if err := a.UnmarshalBinary(data); err != nil {
		return nil, err
	}
	if a.N != persons.Size || a.Seed != persons.Seed {
		return nil, cache.ErrDamaged
	}
	return &a, nil
}

// writeAllocation stores an allocation in the cache. A failure only costs time
// later.
func writeAllocation(path, key string, a *sample.Allocation) {
	if data, err := a.MarshalBinary(); err == nil {
		_ = cache.Write(path, key, data)
	}
}
