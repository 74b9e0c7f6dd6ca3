package run

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/internal/sample"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// Compile loads a spec and compiles its plan. The error is a *diag.ListError
// when the spec or a table is wrong; warn, when set, hears of a list that only
// warns.
func Compile(ctx context.Context, path, cache string, progress func(fit.Progress), warn func(*diag.List)) (*plan.Plan, error) {
	s, faults := spec.Load(ctx, path, spec.Options{})
	if err := listError(ctx, faults); err != nil {
		return nil, err
	}
	p, found := plan.Compile(ctx, s, plan.Options{Cache: cache, Progress: progress})
	if err := listError(ctx, found); err != nil {
		return nil, err
	}
	faults.Items = append(faults.Items, found.Items...)
	if warn != nil && len(faults.Items) > 0 {
		faults.Sort()
		warn(faults)
	}
	return p, nil
}

// listError is the list as an error, unless what ended the work was the user.
func listError(ctx context.Context, l *diag.List) error {
	if l == nil || !l.Failed() {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.Err()
}

// population says which persons are made: Count of them from number First on,
// out of Size.
type population struct {
	Size     int64  `json:"size"`
	Seed     uint64 `json:"seed"`
	Sampling string `json:"sampling"`
	First    int64  `json:"first"`
	Count    int64  `json:"count"`
	Shard    Shard  `json:"-"`
	among    int64  // the first so many, of which Shard is a part
}

// whole reports whether every person of the population is made.
func (p population) whole() bool { return p.Count == p.Size }

// identity is the size as far as it decides who person i is.
func (p population) identity() int64 {
	if p.Sampling == check.Independent {
		return 0
	}
	return p.Size
}

// choosePersons settles size, seed and range from the plan and the request.
func choosePersons(p *plan.Plan, c *Config) (population, error) {
	persons := population{Size: p.Population.Size, Seed: p.Population.Seed, Sampling: c.Sampling, Shard: c.Shard}
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
		return persons, fmt.Errorf("%w: sampling is %q or %q, not %q", ErrUsage, check.Quota, check.Independent, persons.Sampling)
	}
	persons.Count = persons.Size
	if c.Limit > 0 {
		persons.Count = min(c.Limit, persons.Size)
	}
	persons.among = persons.Count
	if s := c.Shard; s != (Shard{}) {
		if s.Of < 1 || s.Index < 1 || s.Index > s.Of || int64(s.Of) > persons.Count {
			return persons, fmt.Errorf("%w: shard %d/%d of %d persons does not exist", ErrUsage, s.Index, s.Of, persons.Count)
		}
		first, end := cut(persons.Count, s.Index-1, s.Of), cut(persons.Count, s.Index, s.Of)
		persons.First, persons.Count = first, end-first
	}
	return persons, nil
}

// cut is where part i of k parts of n begins.
func cut(n int64, i, k int) int64 {
	q, r := n/int64(k), n%int64(k)
	return q*int64(i) + min(int64(i), r)
}

// checkOptions tells the suite what the rows are.
func (p population) checkOptions(exceptions []check.Exception, temp string) check.Options {
	o := check.Options{Sampling: p.Sampling, Rows: p.Count, Exceptions: exceptions, TempDir: temp}
	if !p.whole() {
		o.First, o.Total, o.Parts = p.First, p.Size, max(1, p.Shard.Of)
	}
	return o
}

// allocation is a sampler, and what a quota population could not meet.
type allocation struct {
	sampler    generate.Sampler
	exceptions []check.Exception
}

// allocationVersion is raised when the same model would be allocated to other
// counts, so that old cached allocations are not used.
const allocationVersion = 2

// allocate readies the sampler. In quota mode the counts come from the cache
// when the same model was allocated for the same size and seed before.
func allocate(ctx context.Context, p *plan.Plan, persons population, cache string) (allocation, error) {
	if persons.Sampling == check.Independent {
		s, err := sample.NewIndependent(p.Model, persons.Seed)
		return allocation{sampler: s}, err
	}
	path := ""
	if cache != "" {
		path = filepath.Join(cache, fmt.Sprintf("quota-%d-%s-%d-%d", allocationVersion, modelHash(p.Model), persons.Size, persons.Seed))
	}
	a := readAllocation(path)
	if a == nil {
		var err error
		if a, err = sample.Allocate(ctx, p.Model, persons.Size, persons.Seed); err != nil {
			return allocation{}, err
		}
		writeAllocation(path, a)
	}
	q, err := sample.NewQuota(p.Model, a)
	if err != nil {
		return allocation{}, err
	}
	return allocation{sampler: q, exceptions: exceptions(p, a)}, nil
}

// exceptions tells what the counts could not meet in terms of the plan.
func exceptions(p *plan.Plan, a *sample.Allocation) []check.Exception {
	var list []check.Exception
	for _, x := range a.Exceptions {
		ref := p.Controls[x.Control]
		list = append(list, check.Exception{
			Expected: ref.Expected, Cell: int(ref.Cell[x.Cell]), Persons: float64(x.Count) - x.Target,
			Reason: "the integer counts of this many persons could not be brought closer without moving a margin or an impossible combination",
		})
	}
	return list
}

// modelHash identifies a model by all its numbers.
func modelHash(m *sample.Model) string {
	h := sha256.New()
	var b []byte
	number := func(v uint64) { b = binary.LittleEndian.AppendUint64(b, v) }
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
			b = binary.LittleEndian.AppendUint32(b, uint32(cell))
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
			b = binary.LittleEndian.AppendUint32(b, uint32(cell))
		}
		number(math.Float64bits(l.AtLeast))
		number(math.Float64bits(l.AtMost))
	}
	h.Write(b)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// readAllocation returns a cached allocation, nil when there is none or it is
// damaged.
func readAllocation(path string) *sample.Allocation {
	if path == "" {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var a sample.Allocation
	if a.UnmarshalBinary(data) != nil {
		return nil
	}
	return &a
}

// writeAllocation stores an allocation; a cache that cannot be written costs
// time later, not the run.
func writeAllocation(path string, a *sample.Allocation) {
	if path == "" {
		return
	}
	data, err := a.MarshalBinary()
	if err != nil || os.MkdirAll(filepath.Dir(path), 0o755) != nil {
		return
	}
	_ = writeFile(path, data)
}
