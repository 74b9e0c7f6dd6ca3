package journal

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// temporary ends the name of a file that is not yet whole.
const temporary = ".tmp"

// Export writes the records that count, in the order of Range, to a single file
// under a temporary name and renames it. The file is a segment: a folder that
// holds it as 000001.log is a journal.
func (j *Journal) Export(path string) error {
	j.layout.RLock()
	defer j.layout.RUnlock()
	_, err := j.export(path)
	return err
}

// Compact puts the records that count into a single new segment and removes the
// others. A crash in the middle leaves both, which read the same. A journal with
// damage is refused, since compacting would drop what may still be mended.
func (j *Journal) Compact() error {
	if j.opt.ReadOnly {
		return errors.New("compact: the journal was opened for reading only")
	}
	if r := j.Report(); !r.Whole() {
		return fmt.Errorf("compact: %s; export what is whole to a new journal instead", r)
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
	s, err := openSegment(j.dir, number, false)
	if err != nil {
		return err
	}
	j.swap(s, compacted)
	var errs []error
	for _, s := range old { // oldest first: what a crash leaves has no gap
		errs = append(errs, s.file.Close(), os.Remove(filepath.Join(j.dir, s.name)))
	}
	return errors.Join(append(errs, syncDir(j.dir))...)
}

// swap makes s the only segment, with the frames at the given offsets.
func (j *Journal) swap(s *segment, frames []slot) {
	var x index
	for _, f := range frames {
		x.add(f.print, locate(s.number, int64(f.at)))
	}
	j.state.Lock()
	defer j.state.Unlock()
	j.segments, j.index, j.report.Replaced = []*segment{s}, x, 0
}

// export writes the file and returns where each frame stands in it.
func (j *Journal) export(path string) (frames []slot, err error) {
	f, err := os.Create(path + temporary)
	if err != nil {
		return nil, err
	}
	w := bufio.NewWriterSize(f, scanBuffer)
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
		err = os.Rename(path+temporary, path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("export journal: %w", err), ignoreAbsent(os.Remove(path+temporary)))
	}
	return frames, syncDir(filepath.Dir(path))
}

func ignoreAbsent(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
