package pipeline

import (
	"fmt"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/report"
)

// Findings are what was gathered of some rows. Those of the parts of a population, merged
// in any order, are those of one run.
type Findings struct {
	Tally   *check.Tally
	Sampler *report.Sampler // nil when no persons are sampled
}

// NewFindings returns the findings of no rows of a plan.
func NewFindings(p *plan.Plan, seed uint64, suite *check.Suite) *Findings {
	return &Findings{suite.NewTally(), report.NewSampler(p, seed)}
}

// Merge adds others, which must not be used any more.
func (f *Findings) Merge(o *Findings) {
	f.Tally.Merge(o.Tally)
	f.Sampler.Merge(o.Sampler)
}

// Bytes returns the serialised form. Equal findings have equal bytes. The fingerprints of
// the rows are written by Tally.WriteFingerprints.
func (f *Findings) Bytes() ([]byte, error) {
	tally, err := f.Tally.MarshalBinary()
	if err != nil {
		return nil, err
	}
	c, text := wire.Writer(), string(tally)
	c.Text(&text)
	f.Sampler.Code(c)
	return c.Bytes(), c.Err()
}

// ReadFindings reads what Bytes returns. It may be anybody's: what it did not return is an
// error.
func ReadFindings(p *plan.Plan, seed uint64, suite *check.Suite, data []byte) (*Findings, error) {
	c, tally := wire.Reader(data), ""
	c.Text(&tally)
	f := &Findings{Sampler: report.NewSampler(p, seed)}
	f.Sampler.Code(c)
	var err error
	if f.Tally, err = suite.ReadTally([]byte(tally)); err == nil && c.Err() != nil {
		err = fmt.Errorf("the sample of persons cannot be read: %w", c.Err())
	}
	return f, err
}
