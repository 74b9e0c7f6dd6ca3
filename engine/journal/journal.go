// Package journal keeps accepted answers so that nothing that was paid for is
// lost: an append-only log of (key, value) records in a folder of segment
// files. Append returns when the records are on disk; a process killed at any
// instant loses none of those and damages none.
//
// Keys and values are the caller's business. The trap: a value handed to the
// callback of Range is valid during that call only.
package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// Key addresses a record: 32 bytes of content hash and a person number.
type Key [40]byte

// MakeKey joins the hash of what an answer depends on with a person number.
func MakeKey(hash [32]byte, person int64) Key {
	var k Key
	copy(k[:], hash[:])
	binary.BigEndian.PutUint64(k[32:], uint64(person))
	return k
}

// Person returns the person number of a key.
func (k Key) Person() int64 { return int64(binary.BigEndian.Uint64(k[32:])) }

// Record is one answer. Value holds at most MaxValue bytes.
type Record struct {
	Key   Key
	Value []byte
}

// Options of Open; the zero value is the default.
type Options struct {
	SegmentBytes int64         // a segment that reached this size is followed by another; 64 MiB
	GroupRecords int           // records that make a group worth writing at once; 500
	GroupWait    time.Duration // how long a smaller group waits for company before its fsync; 2 ms
	ReadOnly     bool          // no lock, nothing written; what a writer adds later is not seen
}

func (o Options) withDefaults() Options {
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = 64 << 20
	}
	if o.GroupRecords <= 0 {
		o.GroupRecords = 500
	}
	if o.GroupWait <= 0 {
		o.GroupWait = 2 * time.Millisecond
	}
	return o
}

// Journal is an open journal. All methods may be called at the same time.
type Journal struct {
	dir    string
	opt    Options
	lock   *folderLock
	report Report

	state    sync.RWMutex // guards what is readable
	index    index
	segments []*segment
	closed   bool

	layout sync.RWMutex // held by readers of whole segments, and by Compact against them
	write  sync.Mutex   // held while files change: commits and Compact

	queue queue
}

// Open opens the journal in the folder, making it if need be. It reads every
// segment, cuts off a write that was not finished and leaves damage in place;
// Report says what it found. A journal another process writes is refused with
// an error that matches ErrLocked.
func Open(dir string, opt Options) (*Journal, error) {
	j := &Journal{dir: dir, opt: opt.withDefaults()}
	if err := j.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open journal: %w", err), j.closeFiles())
	}
	if !opt.ReadOnly {
		j.queue.start(j)
	}
	return j, nil
}

func (j *Journal) open() error {
	if !j.opt.ReadOnly {
		if err := os.MkdirAll(j.dir, 0o755); err != nil {
			return err
		}
		var err error
		if j.lock, err = takeLock(j.dir); err != nil {
			return err
		}
		if err = dropTemporary(j.dir); err != nil {
			return err
		}
	}
	numbers, err := segmentNumbers(j.dir)
	if err != nil {
		return err
	}
	for i, n := range numbers {
		if i > 0 {
			for missing := numbers[i-1] + 1; missing < n; missing++ {
				j.report.Missing = append(j.report.Missing, segmentName(missing))
			}
		}
		if err := j.load(n, i == len(numbers)-1); err != nil {
			return err
		}
	}
	return nil
}

// load opens one segment and enters its records into the index. Only the last
// segment can end in an unfinished write: the others were synced before the
// next was begun.
func (j *Journal) load(number int, last bool) error {
	s, err := openSegment(j.dir, number, j.opt.ReadOnly)
	if err != nil {
		return err
	}
	j.segments = append(j.segments, s)
	found, err := scan(s.name, s.file, s.size, func(offset int64, frame []byte) error {
		key := keyOf(frame)
		return j.enter(&key, locate(number, offset))
	})
	if err != nil {
		return err
	}
	j.report.Damaged = append(j.report.Damaged, found.damages...)
	if found.torn == 0 && found.end > 0 { // an end of 0 is a file without its magic
		return nil
	}
	if !last {
		j.report.Damaged = append(j.report.Damaged, Damage{s.name, found.end, found.torn})
		return nil
	}
	j.report.Cut, j.report.CutFrom = found.torn, s.name
	s.size = found.end
	if j.opt.ReadOnly {
		return nil
	}
	return s.cut(found.end)
}

// enter puts a record that lies in a segment into the index, in place of an
// earlier one of the same key.
func (j *Journal) enter(key *Key, at location) error {
	print := fingerprint(key)
	old, err := j.index.find(print, func(at location) (bool, error) { return j.hasKey(at, key) })
	switch {
	case err != nil:
		return err
	case old != nil:
		old.at = at
		j.report.Replaced++
	default:
		j.index.add(print, at)
	}
	return nil
}

// Report returns what Open found.
func (j *Journal) Report() Report {
	j.state.RLock()
	defer j.state.RUnlock()
	r := j.report
	r.Records, r.Segments, r.Bytes = j.index.used, len(j.segments), 0
	for _, s := range j.segments {
		r.Bytes += s.size
	}
	return r
}

// Len returns the number of keys.
func (j *Journal) Len() int {
	j.state.RLock()
	defer j.state.RUnlock()
	return j.index.used
}

// Get returns the value last accepted under the key, or false. A record that no
// longer fits its checksum is an error, never an answer.
func (j *Journal) Get(key Key) (value []byte, ok bool, err error) {
	j.state.RLock()
	defer j.state.RUnlock()
	found, err := j.find(&key)
	if found == nil || err != nil {
		return nil, false, err
	}
	frame, err := j.segment(found.at).frame(found.at.offset())
	if err != nil {
		return nil, false, err
	}
	return valueOf(frame), true, nil
}

// Has reports whether the key has a value.
func (j *Journal) Has(key Key) (bool, error) {
	j.state.RLock()
	defer j.state.RUnlock()
	found, err := j.find(&key)
	return found != nil, err
}

func (j *Journal) find(key *Key) (*slot, error) {
	if j.closed {
		return nil, errClosed
	}
	return j.index.find(fingerprint(key), func(at location) (bool, error) { return j.hasKey(at, key) })
}

func (j *Journal) hasKey(at location, key *Key) (bool, error) {
	k, err := j.segment(at).key(at.offset())
	return k == *key, err
}

// segment returns the open segment of a location. Numbers have no gaps but
// those of missing files, so the search is short.
func (j *Journal) segment(at location) *segment {
	i := min(at.segment()-j.segments[0].number, len(j.segments)-1)
	for j.segments[i].number > at.segment() {
		i--
	}
	return j.segments[i]
}

// Range calls visit with every record in the order of acceptance, a replaced
// key at the place of its last value, and stops at the first error, which it
// returns. Records appended meanwhile are not visited. The value is valid
// during the call only; visit must not call Compact.
func (j *Journal) Range(visit func(key Key, value []byte) error) error {
	j.layout.RLock()
	defer j.layout.RUnlock()
	return j.each(func(frame []byte) error { return visit(keyOf(frame), valueOf(frame)) })
}

// each visits the frames that the index points to. Damage that was not there
// when the journal was opened is an error, so that nothing is dropped unseen.
func (j *Journal) each(visit func(frame []byte) error) error {
	for _, s := range j.snapshot() {
		found, err := scan(s.name, s.file, s.size, func(offset int64, frame []byte) error {
			current, err := j.isCurrent(keyOf(frame), locate(s.number, offset))
			if err != nil || !current {
				return err
			}
			return visit(frame)
		})
		if err != nil {
			return err
		}
		if found.torn > 0 {
			found.damages = append(found.damages, Damage{s.name, found.end, found.torn})
		}
		for _, d := range found.damages {
			if !slices.Contains(j.report.Damaged, d) {
				return fmt.Errorf("%s since the journal was opened", d)
			}
		}
	}
	return nil
}

// snapshot copies the segments with their present sizes.
func (j *Journal) snapshot() []segment {
	j.state.RLock()
	defer j.state.RUnlock()
	all := make([]segment, len(j.segments))
	for i, s := range j.segments {
		all[i] = *s
	}
	return all
}

func (j *Journal) isCurrent(key Key, at location) (bool, error) {
	j.state.RLock()
	defer j.state.RUnlock()
	if j.closed {
		return false, errClosed
	}
	found, err := j.index.find(fingerprint(&key), func(other location) (bool, error) { return other == at, nil })
	return found != nil, err
}

var errClosed = errors.New("the journal is closed")

// Close writes what waits, and gives the journal free for others.
func (j *Journal) Close() error {
	j.queue.stop()
	j.layout.Lock()
	defer j.layout.Unlock()
	j.state.Lock()
	defer j.state.Unlock()
	if j.closed {
		return nil
	}
	j.closed = true
	return j.closeFiles()
}

func (j *Journal) closeFiles() error {
	var errs []error
	for _, s := range j.segments {
		errs = append(errs, s.file.Close())
	}
	if j.lock != nil {
		errs = append(errs, j.lock.Close())
	}
	return errors.Join(errs...)
}

// Report is what was found in a journal.
type Report struct {
	Records  int   // keys with a value
	Replaced int   // records whose key has a later value
	Segments int   // files
	Bytes    int64 // in all segments

	Cut     int64    // bytes of a write that was not finished, cut off at the end
	CutFrom string   // the segment they were in
	Damaged []Damage // skipped and left in place
	Missing []string // segments that should stand between others
}

func (r Report) String() string {
	text := fmt.Sprintf("%d answers in %d files (%d bytes)", r.Records, r.Segments, r.Bytes)
	if r.Cut > 0 {
		text += fmt.Sprintf("; %d bytes of an unfinished write cut from %s", r.Cut, r.CutFrom)
	}
	for _, d := range r.Damaged {
		text += "; " + d.String()
	}
	for _, name := range r.Missing {
		text += "; " + name + " is missing"
	}
	return text
}

// Whole reports whether no accepted answer is known to be lost.
func (r Report) Whole() bool { return len(r.Damaged) == 0 && len(r.Missing) == 0 }
