package journal

import (
	"sync/atomic"
	"testing"
	"time"
)

// syncs counts the syncs of files.
type syncs struct {
	fileSystem
	n atomic.Int32
}

type countedFile struct {
	file
	n *atomic.Int32
}

func (s *syncs) open(path string, flag int) (file, error) {
	f, err := s.fileSystem.open(path, flag)
	if err != nil {
		return nil, err
	}
	return countedFile{f, &s.n}, nil
}

func (f countedFile) Sync() error { f.n.Add(1); return f.file.Sync() }

// Records that wait for each other share a write and a sync; a group that is large
// enough, or a journal that is closed, does not wait.
func TestGroups(t *testing.T) {
	fs := &syncs{fileSystem: osFS{}}
	j, err := openOn(fs, t.TempDir(), Options{GroupRecords: 3, GroupWait: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	for i := range 3 {
		go func() { done <- j.Append(sample(i)) }()
	}
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := fs.n.Load(); n != 1 {
		t.Errorf("got %d syncs of a group of 3, want 1", n)
	}
	go func() { done <- j.Append(sample(3)) }()
	for waits := false; !waits; time.Sleep(time.Millisecond) {
		j.queue.mu.Lock()
		waits = j.queue.open != nil
		j.queue.mu.Unlock()
	}
	shut(t, j)
	if err := <-done; err != nil {
		t.Errorf("a record that waited when the journal was closed: %v", err)
	}
	if n := fs.n.Load(); n != 2 {
		t.Errorf("got %d syncs in all, want 2", n)
	}
}
