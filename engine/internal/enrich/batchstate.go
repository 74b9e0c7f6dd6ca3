package enrich

import (
	"errors"
	"fmt"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/humanize"
)

// batcher writes the texts of a range of persons in batches.
type batcher struct {
	*runner
	BatchOptions
	client     *endpoint.Client // of the models that have none of their own
	models     []string         // that are asked
	asking     string           // the model that the current scan asks
	ledger     *ledger
	scanBlock  *block
	judgeBlock *block

	first, count int64
	asked        bitset // persons, from first on, with an unanswered request
	reported     bitset // persons whose outcome the watch knows
	scanned      bool   // everyone, once
	open         []*openBatch
	file         *batchFile // being written
	line         []byte     // buffer

	maxOpen      int      // batches that the provider takes at once; 0 if unknown
	maxRequests  int64    // of a file
	crowded      bool     // the queue is full of batches of others
	blocked      error    // why the last scan could not ask for everything; nil if it could
	bought       []bought // by field, in this run
	boughtBefore []bought // before the last scan
	calls        int64
	usage        endpoint.Usage
	fatal        error // if set, nothing more is sent
	probed       bool
}

// openBatch is a batch at the provider.
type openBatch struct {
	entry
	reserved *endpoint.Reservation
	noted    string // the progress of the last note
}

// bought counts the accepted texts of a field in this run.
type bought struct{ accepted, repaired int64 }

// total combines the counts of the last scan with what this run bought.
func (s *batcher) total() Counts {
	c := s.counts.clone()
	for i, b := range s.bought {
		f, known := &c.Fields[i], s.boughtBefore[i].accepted
		f.Accepted, f.Repaired = b.accepted, b.repaired
		f.Cached = max(0, f.Cached-known)
		f.Unanswered = max(0, f.Unanswered-(b.accepted-known))
	}
	c.Calls, c.Usage = s.calls, s.usage
	return c
}

// atProvider sums up the open batches.
func (s *batcher) atProvider() (left AtProvider) {
	for _, b := range s.open {
		left.Batches++
		left.Requests += b.Requests
		left.Worst.Money += b.Worst.Money
		left.Worst.Tokens += b.Worst.Tokens
	}
	return left
}

func (s *batcher) note(format string, args ...any) {
	if s.Note != nil {
		s.Note(fmt.Sprintf(format, args...))
	}
}

func requests(n int64) string { return humanize.Count(n, "request", "requests") }

func texts(n int64) string { return humanize.Count(n, "text", "texts") }

// clientOf returns the client of a model. A batch is for one model.
func (s *batcher) clientOf(model string) *endpoint.Client {
	if c := s.Clients[model]; c != nil {
		return c
	}
	return s.client
}

// setAsked records whether a request about a person is at the provider. Batches
// of earlier runs may be about persons outside the range.
func (s *batcher) setAsked(person int64, asked bool) {
	if i := person - s.first; i >= 0 && i < s.count {
		s.asked.set(i, asked)
	}
}

// setAllAsked records whether the requests of a batch are at the provider. At
// most one request about a person is.
func (s *batcher) setAllAsked(e entry, asked bool) error {
	return s.ledger.eachAsked(e, func(_ int64, a indexLine) error {
		s.setAsked(a.Person, asked)
		return nil
	})
}

// closeEntry closes the entry of a batch that does not exist or is collected, and
// removes its files.
func (s *batcher) closeEntry(e entry) error {
	e.State = closed
	return errors.Join(s.ledger.save(e), s.ledger.drop(e.Number))
}
