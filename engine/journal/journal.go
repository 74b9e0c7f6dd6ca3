// Package journal stores accepted answers, so that nothing that was paid for is
// lost: an append-only log of (key, value) records in a folder of segment
// files. Append returns once the records are on disk; neither a killed process
// nor a power loss can lose or damage them after that.
//
// The journal does not interpret keys and values. Note that the value passed to
// the callback of Range is valid only during the call.
package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Key identifies a record: 32 bytes of content hash, then a person number.
type Key [40]byte

// MakeKey returns the key of a person's answer. The hash covers everything that
// the answer depends on.
func MakeKey(hash [32]byte, person int64) Key {
	var k Key
	copy(k[:], hash[:])
	binary.BigEndian.PutUint64(k[32:], uint64(person))
	return k
}

// Person returns the person number in a key.
func (k Key) Person() int64 { return int64(binary.BigEndian.Uint64(k[32:])) }

// Record is one answer. Value holds at most MaxValue bytes.
type Record struct {
	Key   Key
	Value []byte
}

// Options of Open; the zero value is the default.
type Options struct {
	SegmentBytes int64         // size at which a new segment is started; 64 MiB
	GroupRecords int           // number of waiting records that are written at once; 500
	GroupWait    time.Duration // how long fewer records wait for more before they are written; 2 ms
	ReadOnly     bool          // take no lock and write nothing; records added later are not seen
	// Synced, when set, is called with each group of frames once they are on disk and
	// before Append returns, one group at a time. Frames after Magic are a segment. Its
	// error is one of Append, and the journal then accepts nothing more.
	Synced func(frames []byte) error
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

// Journal is an open journal. It is safe for concurrent use.
type Journal struct {
	fs     fileSystem
	dir    string
	opt    Options
	lock   *folderLock
	report Report

	state    sync.RWMutex // guards index, segments, closed and report
	index    index
	segments []*segment
	closed   bool

	layout sync.RWMutex // read-locked by Range and Export, locked by Compact and Close
	write  sync.Mutex   // locked while files change: by commit and Compact

	queue queue
}

// Open opens the journal in a folder, which it makes if necessary. It reads
// every segment, cuts off an unfinished write at the end and leaves damage in
// place; Report says what it found. What the opened journal shows is on disk,
// even if the process that wrote it was killed before it could sync. When
// another process has the journal open for writing the error matches ErrLocked.
func Open(dir string, opt Options) (*Journal, error) { return openOn(osFS{}, dir, opt) }

func openOn(fs fileSystem, dir string, opt Options) (*Journal, error) {
	j := &Journal{fs: fs, dir: dir, opt: opt.withDefaults()}
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
		if err := makeDir(j.fs, j.dir); err != nil {
			return err
		}
		var err error
		if j.lock, err = takeLock(j.dir); err != nil {
			return err
		}
		if err = dropTemporary(j.fs, j.dir); err != nil {
			return err
		}
		if err = j.fs.syncDir(j.dir); err != nil {
			return err
		}
	}
	numbers, err := segmentNumbers(j.fs, j.dir)
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
// segment can end in an unfinished or unsynced write: each of the others was
// synced before the next was started.
func (j *Journal) load(number int, last bool) error {
	s, err := openSegment(j.fs, j.dir, number, j.opt.ReadOnly)
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
	torn := found.torn > 0 || found.end == 0 // an end of 0 is a file without its magic
	switch {
	case torn && !last:
		j.report.Damaged = append(j.report.Damaged, Damage{s.name, found.end, found.torn})
	case torn:
		j.report.Cut, j.report.CutFrom = found.torn, s.name
		s.size = found.end
		if !j.opt.ReadOnly {
			return s.cut(found.end)
		}
	case last && !j.opt.ReadOnly:
		return s.file.Sync()
	}
	return nil
}

// enter adds the location of a record to the index, in place of an earlier one
// with the same key.
func (j *Journal) enter(key *Key, at location) error {
	hash := fingerprint(key)
	old, err := j.index.find(hash, func(at location) (bool, error) { return j.hasKey(at, key) })
	switch {
	case err != nil:
		return err
	case old != nil:
		old.at = at
		j.report.Replaced++
	default:
		j.index.add(hash, at)
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

// Get returns the value last accepted under the key; ok is false when there is
// none. A record that no longer matches its checksum is an error.
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

// segment returns the open segment of a location. Numbers are consecutive except
// for missing files, so the search is short.
func (j *Journal) segment(at location) *segment {
	i := min(at.segment()-j.segments[0].number, len(j.segments)-1)
	for j.segments[i].number > at.segment() {
		i--
	}
	return j.segments[i]
}

// Range calls visit for every key with its last value, in the order in which
// these values were accepted. It stops at the first error and returns it.
// Records appended during Range are not visited. The value is valid only during
// the call; visit must not call Compact.
func (j *Journal) Range(visit func(key Key, value []byte) error) error {
	j.layout.RLock()
	defer j.layout.RUnlock()
	return j.each(func(frame []byte) error { return visit(keyOf(frame), valueOf(frame)) })
}

// each visits the frames that the index points to. Damage that Open did not
// report is an error, so that no record is skipped silently.
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
				return fmt.Errorf("%s; they were whole when the journal was opened", d)
			}
		}
	}
	return nil
}

// snapshot copies the segments with their current sizes.
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

// Close writes the records that are waiting, closes the files and releases the
// lock. A second Close does nothing.
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

// Report describes what Open found in a journal, and its current size.
type Report struct {
	Records  int   // keys with a value
	Replaced int   // records whose key has a later value
	Segments int   // files
	Bytes    int64 // of all segments

	Cut     int64    // bytes of an unfinished write, cut off at the end
	CutFrom string   // the segment that they were cut from
	Damaged []Damage // skipped and left in place
	Missing []string // segments whose number is missing between two others
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

// Whole reports whether the journal has neither damage nor missing segments.
func (r Report) Whole() bool { return len(r.Damaged) == 0 && len(r.Missing) == 0 }
