package check

import (
	"fmt"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/wire"
)

// Tally gathers what the suite needs to know of some rows. It belongs to one
// goroutine at a time; tallies of one suite can be merged in any order.
type Tally struct {
	of     string // the suite
	rows   int64
	shared *accumulators
	checks []tally // by compiled.at
	// each lists the shared accumulators and then the checks' own tallies, once.
	each []tally
}

// Add counts a batch, whose columns are those of the plan's Schema.
func (t *Tally) Add(b *frame.Batch) {
	if b.N == 0 {
		return
	}
	t.rows += int64(b.N)
	for _, x := range t.each {
		x.add(b)
	}
}

// Merge adds what o has gathered; o must not be used any more.
func (t *Tally) Merge(o *Tally) {
	t.rows += o.rows
	for i, x := range t.each {
		x.merge(o.each[i])
	}
}

// tallyForm is the version of the serialised form of a tally.
const tallyForm = "personagen tally 1"

// MarshalBinary returns the serialised form of a tally, without its fingerprints. Equal
// tallies have equal bytes, whatever the order in which they were joined.
func (t *Tally) MarshalBinary() ([]byte, error) {
	c := wire.Writer()
	t.code(c)
	return c.Bytes(), c.Err()
}

// ReadTally reads the serialised form of a tally of a suite with the same plan and
// options. It may be anybody's: what is not a tally is an error.
func (s *Suite) ReadTally(data []byte) (*Tally, error) {
	t, c := s.NewTally(), wire.Reader(data)
	if t.code(c); c.Err() != nil {
		return nil, fmt.Errorf("the tally cannot be read: %w", c.Err())
	}
	return t, nil
}

func (t *Tally) code(c *wire.Coder) {
	c.Same(tallyForm, "form than this program's")
	c.Same(t.of, "plan or population")
	c.Count(&t.rows)
	for _, x := range t.each {
		x.code(c)
	}
}

// identity says which suite a tally is of.
func (s *Suite) identity() string {
	o := &s.shared.options
	return fmt.Sprint(s.shared.plan.Hash, " ", s.shared.plan.Population.Seed, " ", o.Sampling, " ", o.First, " ", o.Total, " ", o.Rows, " ", o.Constructed, " ", o.Kinds)
}
