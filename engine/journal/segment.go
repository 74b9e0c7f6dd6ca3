package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// segment is one open file of a journal.
type segment struct {
	number int
	name   string
	file   *os.File
	size   int64 // bytes that count; what lies behind is not yet accepted
}

func segmentName(number int) string { return fmt.Sprintf("%06d.log", number) }

// segmentNumbers lists the segments of a folder in order.
func segmentNumbers(dir string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, e := range entries {
		var n int
		if _, err := fmt.Sscanf(e.Name(), "%d.log", &n); err == nil && n > 0 && e.Name() == segmentName(n) {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// dropTemporary removes what a compaction that was killed left half written.
func dropTemporary(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.log"+temporary))
	for _, name := range names {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// openSegment opens an existing segment.
func openSegment(dir string, number int, readOnly bool) (*segment, error) {
	flag := os.O_RDWR
	if readOnly {
		flag = os.O_RDONLY
	}
	name := segmentName(number)
	f, err := os.OpenFile(filepath.Join(dir, name), flag, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &segment{number, name, f, info.Size()}, nil
}

// createSegment begins a new segment and makes its name durable.
func createSegment(dir string, number int) (*segment, error) {
	name := segmentName(number)
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	s := &segment{number: number, name: name, file: f}
	if err = s.begin(); err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

// begin writes the magic.
func (s *segment) begin() error {
	if _, err := s.file.WriteAt([]byte(magic), 0); err != nil {
		return err
	}
	s.size = int64(len(magic))
	return nil
}

// cut ends the segment at size, which may be before the end of its magic.
func (s *segment) cut(size int64) error {
	if err := s.file.Truncate(size); err != nil {
		return err
	}
	s.size = size
	if size < int64(len(magic)) {
		if err := s.begin(); err != nil {
			return err
		}
	}
	return s.file.Sync()
}

// key reads the key of the frame at offset.
func (s *segment) key(offset int64) (k Key, err error) {
	if _, err = s.file.ReadAt(k[:], offset+headerSize); err != nil {
		err = fmt.Errorf("read %s at %d: %w", s.name, offset, err)
	}
	return k, err
}

// frame reads and checks the frame at offset.
func (s *segment) frame(offset int64) ([]byte, error) {
	// One read serves most answers: a frame of up to 4 KiB.
	data := make([]byte, 4096)
	n, err := s.file.ReadAt(data, offset)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("read %s at %d: %w", s.name, offset, err)
	}
	size, v := parse(data[:n])
	if v == short && offset+int64(size) <= s.size {
		data = make([]byte, size)
		if n, err = s.file.ReadAt(data, offset); err != nil && err != io.EOF {
			return nil, fmt.Errorf("read %s at %d: %w", s.name, offset, err)
		}
		size, v = parse(data[:n])
	}
	if v != whole {
		return nil, fmt.Errorf("%s at %d: the record was damaged after it was written", s.name, offset)
	}
	return data[:size], nil
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
