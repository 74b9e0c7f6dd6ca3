package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// temporary ends the name of a file that is still being written.
const temporary = ".tmp"

// Export writes the current records, in the order of Range, to a single file. It
// writes under a temporary name and renames the file when it is on disk. The
// file is a segment: a folder that holds it as 000001.log is a journal.
func (j *Journal) Export(path string) error {
	j.layout.RLock()
	defer j.layout.RUnlock()
	_, err := j.export(path)
	return err
}

// Compact writes the current records into a single new segment and removes the
// others. A crash in between leaves both, and they read the same. Compact
// refuses a journal with damage, because it would drop bytes that may still be
// repaired by hand.
func (j *Journal) Compact() error {
	if j.opt.ReadOnly {
		return errors.New("compact: the journal is open for reading only")
	}
	if r := j.Report(); !r.Whole() {
		return fmt.Errorf("compact: %s; export the undamaged records to a new journal instead", r)
	}
	j.layout.Lock()
	defer j.layout.Unlock()
	j.write.Lock()
	defer j.write.Unlock()
	old := j.segments
	if len(old) == 0 {
		return nil
	}
	number := old[len(old)-1].number + 1
	compacted, err := j.export(filepath.Join(j.dir, segmentName(number)))
	if err != nil {
		return err
	}
	s, err := openSegment(j.fs, j.dir, number, false)
	if err != nil {
		return err
	}
	j.swap(s, compacted)
	var errs []error
	removed := true
	for _, s := range old { // oldest first, and none after a failure: no gap in the numbers
		errs = append(errs, s.file.Close())
		if removed {
			err := j.fs.remove(filepath.Join(j.dir, s.name))
			errs, removed = append(errs, err), err == nil
		}
	}
	return errors.Join(append(errs, j.fs.syncDir(j.dir))...)
}

// swap makes s the only segment. The slots give, per frame, its fingerprint and
// its offset in s.
func (j *Journal) swap(s *segment, frames []slot) {
	var x index
	for _, f := range frames {
		x.add(f.fingerprint, locate(s.number, int64(f.at)))
	}
	j.state.Lock()
	defer j.state.Unlock()
	j.segments, j.index, j.report.Replaced = []*segment{s}, x, 0
}

// export writes the file and returns a slot per frame, with the frame's offset
// in the file as its location.
func (j *Journal) export(path string) (frames []slot, err error) {
	f, err := j.fs.open(path+temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return nil, err
	}
	w := bufio.NewWriterSize(io.NewOffsetWriter(f, 0), scanBuffer)
	at, _ := w.WriteString(magic) // Flush reports the error of any write
	err = j.each(func(frame []byte) error {
		key := keyOf(frame)
		frames = append(frames, slot{fingerprint(&key), location(at)})
		at += len(frame)
		_, err := w.Write(frame)
		return err
	})
	err = errors.Join(err, w.Flush(), f.Sync(), f.Close())
	if err == nil {
		err = j.fs.rename(path+temporary, path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("export journal: %w", err), ignoreAbsent(j.fs.remove(path+temporary)))
	}
	return frames, j.fs.syncDir(filepath.Dir(path))
}

func ignoreAbsent(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
