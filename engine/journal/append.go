package journal

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// group is a list of records that are written and synced together.
type group struct {
	frames []byte
	marks  []mark
	done   chan struct{} // closed when the outcome is in err
	err    error
}

// mark says where a record's frame starts in its group.
type mark struct {
	key    Key
	offset int
}

// queue collects records into groups and hands them to a single writer.
type queue struct {
	mu     sync.Mutex
	open   *group        // takes records
	failed error         // once set, nothing more is accepted
	wake   chan struct{} // holds a token while open has records
	full   chan struct{} // holds a token when open is large enough to be written now
	quit   chan struct{}
	ended  chan struct{}
}

// Append adds records and returns once they are on disk. Records that several
// goroutines append at the same time share one sync. After an error the journal
// accepts nothing more, because the contents of a file after a failed sync are
// unknown; after the next Open each of the records is either whole or absent.
func (j *Journal) Append(records ...Record) error {
	if len(records) == 0 {
		return nil
	}
	for i := range records {
		if len(records[i].Value) > MaxValue {
			return fmt.Errorf("record %d has a value of %d bytes; a journal takes at most %d", i, len(records[i].Value), MaxValue)
		}
	}
	g, err := j.queue.add(records, j.opt.GroupRecords)
	if err != nil {
		return err
	}
	<-g.done
	return g.err
}

func (q *queue) add(records []Record, enough int) (*group, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.wake == nil {
		return nil, errors.New("the journal is open for reading only")
	}
	if q.failed != nil {
		return nil, q.failed
	}
	if q.open == nil {
		q.open = &group{done: make(chan struct{})}
		q.wake <- struct{}{}
	}
	g := q.open
	for i := range records {
		g.marks = append(g.marks, mark{records[i].Key, len(g.frames)})
		g.frames = appendFrame(g.frames, &records[i].Key, records[i].Value)
	}
	if len(g.marks) >= enough {
		select {
		case q.full <- struct{}{}:
		default:
		}
	}
	return g, nil
}

// take removes and returns the open group; later records start another.
func (q *queue) take() *group {
	q.mu.Lock()
	defer q.mu.Unlock()
	g := q.open
	q.open = nil
	select {
	case <-q.full:
	default:
	}
	return g
}

func (q *queue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failed == nil {
		q.failed = err
	}
}

func (q *queue) start(j *Journal) {
	q.wake, q.full = make(chan struct{}, 1), make(chan struct{}, 1)
	q.quit, q.ended = make(chan struct{}), make(chan struct{})
	go q.run(j)
}

// run is the only writer.
func (q *queue) run(j *Journal) {
	defer close(q.ended)
	var broken error
	for {
		select {
		case <-q.wake:
		case <-q.quit:
			select {
			case <-q.wake: // appended before Close, but not written yet
			default:
				return
			}
		}
		q.await(j.opt.GroupWait)
		g := q.take()
		if broken == nil {
			if broken = j.commit(g); broken != nil {
				broken = fmt.Errorf("the journal takes no more records: %w", broken)
				q.fail(broken)
			}
		}
		g.err = broken
		close(g.done)
	}
}

// await gives the open group time to grow.
func (q *queue) await(wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-q.full:
	case <-q.quit:
	}
}

// stop ends the writer once it has written everything that was appended.
func (q *queue) stop() {
	q.mu.Lock()
	if q.wake == nil {
		q.mu.Unlock()
		return
	}
	if !errors.Is(q.failed, errClosed) {
		q.failed = errors.Join(q.failed, errClosed)
		close(q.quit)
	}
	q.mu.Unlock()
	<-q.ended
}

// commit writes a group, segment by segment. The records of a segment enter the
// index once they are on disk.
func (j *Journal) commit(g *group) error {
	j.write.Lock()
	defer j.write.Unlock()
	for first := 0; first < len(g.marks); {
		s, err := j.writable()
		if err != nil {
			return err
		}
		last := g.fit(first, j.opt.SegmentBytes-s.size)
		if err := j.extend(s, g, first, last); err != nil {
			return err
		}
		first = last
	}
	return nil
}

// fit returns the end of the marks, counted from first, whose frames fit into
// room bytes; it is at least first+1.
func (g *group) fit(first int, room int64) int {
	last := first + 1
	for last < len(g.marks) && int64(g.end(last)-g.marks[first].offset) <= room {
		last++
	}
	return last
}

// end returns the offset at which the frame of mark i ends.
func (g *group) end(i int) int {
	if i+1 < len(g.marks) {
		return g.marks[i+1].offset
	}
	return len(g.frames)
}

// writable returns the segment that takes the next records, a new one when the
// last is full.
func (j *Journal) writable() (*segment, error) {
	number := 1
	if n := len(j.segments); n > 0 {
		if s := j.segments[n-1]; s.size < j.opt.SegmentBytes {
			return s, nil
		}
		number = j.segments[n-1].number + 1
	}
	s, err := createSegment(j.fs, j.dir, number)
	if err != nil {
		return nil, err
	}
	j.state.Lock()
	defer j.state.Unlock()
	j.segments = append(j.segments, s)
	return s, nil
}

// extend writes the frames first to last-1 of the group to the end of a segment
// and enters them into the index.
func (j *Journal) extend(s *segment, g *group, first, last int) error {
	from := g.marks[first].offset
	frames := g.frames[from:g.end(last-1)]
	if err := s.add(frames); err != nil {
		return err
	}
	if j.opt.Synced != nil {
		if err := j.opt.Synced(frames); err != nil {
			return err
		}
	}
	j.state.Lock()
	defer j.state.Unlock()
	base := s.size - int64(from)
	s.size = base + int64(g.end(last-1))
	for i := first; i < last; i++ {
		if err := j.enter(&g.marks[i].key, locate(s.number, base+int64(g.marks[i].offset))); err != nil {
			return err
		}
	}
	return nil
}
