package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// small makes segments of two or three records, so that a few records rotate.
var small = Options{SegmentBytes: 400, GroupRecords: 1, GroupWait: time.Nanosecond}

// promise records what a journal has promised: acknowledged holds the last
// acknowledged value of every key, tried the values appended later without an
// acknowledgement, which may be there or not.
type promise struct {
	acknowledged map[Key][]byte
	tried        map[Key][][]byte
	exported     map[Key][]byte // content of an export that was acknowledged
}

func newPromise() *promise {
	return &promise{acknowledged: map[Key][]byte{}, tried: map[Key][][]byte{}}
}

func (p *promise) append(j *Journal, records ...Record) error {
	err := j.Append(records...)
	for _, r := range records {
		if err == nil {
			p.acknowledged[r.Key] = r.Value
			delete(p.tried, r.Key)
		} else {
			p.tried[r.Key] = append(p.tried[r.Key], r.Value)
		}
	}
	return err
}

// check compares a journal with what was promised. What the journal shows
// counts as acknowledged from then on.
func (p *promise) check(t *testing.T, j *Journal) {
	t.Helper()
	shown := map[Key][]byte{}
	err := j.Range(func(key Key, value []byte) error {
		shown[key] = bytes.Clone(value)
		for _, v := range append(p.tried[key], p.acknowledged[key]) {
			if bytes.Equal(v, value) {
				return nil
			}
		}
		return fmt.Errorf("record %x holds %d bytes that were never appended", key[:4], len(value))
	})
	if err != nil {
		t.Error(err)
	}
	for key := range p.acknowledged {
		got, ok, err := j.Get(key)
		if err != nil || !ok || !bytes.Equal(got, shown[key]) {
			t.Errorf("acknowledged record %x: present %v, error %v", key[:4], ok, err)
		}
	}
	if r := j.Report(); !r.Whole() {
		t.Errorf("report: %s", r)
	}
	p.acknowledged, p.tried = shown, map[Key][][]byte{}
}

// brief is the record of a number. Values are some 100 bytes, all of different
// lengths, so that half a write ends within a record.
func brief(n int, text string) Record {
	return Record{sample(n).Key, fmt.Appendf(nil, "%s of record %0*d", text, 50+10*n, n)}
}

// scenario uses a journal in every way that changes files, until the first
// error: new folders, single records, groups over several segments, replaced
// records, compaction, closing and opening again, export.
func scenario(fs *memFS, dir string, p *promise) error {
	j, err := openOn(fs, dir, small)
	if err != nil {
		return err
	}
	defer func() { j.Close() }()
	steps := []func() error{
		func() error { return p.append(j, brief(1, "first")) },
		func() error { return p.append(j, brief(2, "first")) },
		func() error {
			return p.append(j, brief(3, "first"), brief(4, "first"), brief(5, "first"), brief(6, "first"))
		},
		func() error { return p.append(j, brief(2, "second")) },
		func() error { return j.Compact() },
		func() error { return p.append(j, brief(7, "first")) },
		func() error { return j.Close() },
		func() error { j, err = openOn(fs, dir, small); return err },
		func() error { return p.append(j, brief(8, "first"), brief(3, "second")) },
		func() error { return j.Compact() },
		func() error {
			err := j.Export(filepath.Join(fs.path, "export", segmentName(1)))
			if err == nil {
				p.exported = map[Key][]byte{}
				for key, value := range p.acknowledged {
					p.exported[key] = value
				}
			}
			return err
		},
		func() error { return p.append(j, brief(1, "second")) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			if j == nil {
				j = &Journal{}
			}
			return err
		}
	}
	return nil
}

// realDir makes a journal's folder in the real file system, where locks are.
func realDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "spec", "journal")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// diskFor returns a disk that has the parent of a journal's folder, and beside
// it a folder named export.
func diskFor(dir string) *memDisk {
	disk := newDisk(filepath.Dir(filepath.Dir(dir)))
	for _, name := range []string{filepath.Base(filepath.Dir(dir)), "export"} {
		d := newDir()
		disk.root.seen[name], disk.root.durable[name] = d, d
	}
	return disk
}

// between is what a second process does between the fault and the power loss.
type between int

const (
	nothing between = iota
	looks
	appends
	betweens // number of these
)

// TestDurability lets every single operation of a scenario be the one at which
// the process is killed or the disk fails, then lets another process go on,
// and then loses power. Every acknowledged record must be there, whole, and so
// must every record that the process in between has seen.
func TestDurability(t *testing.T) {
	dir := realDir(t)
	dry := &memFS{memDisk: diskFor(dir), at: -1}
	if err := scenario(dry, dir, newPromise()); err != nil {
		t.Fatal(err)
	}
	if dry.count < 50 {
		t.Fatalf("the scenario has only %d operations", dry.count)
	}
	for at, operation := range dry.log {
		for _, f := range []fault{dies, fails} {
			for power := range keepPowers {
				for between := range betweens {
					survive(t, dir, f, at, power, between)
					if t.Failed() { // one case is enough to read
						t.Fatalf("at operation %d, %s; fault %d, power loss %d, process between %d", at, operation, f, power, between)
					}
				}
			}
		}
	}
}

// survive runs the scenario with a fault at operation at, perhaps a second
// process that opens the journal, appends and closes it, and then a power loss.
func survive(t *testing.T, dir string, f fault, at int, power keep, between between) {
	t.Helper()
	disk := diskFor(dir)
	p := newPromise()
	err := scenario(&memFS{memDisk: disk, fault: f, at: at}, dir, p)
	if f == dies && !errors.Is(err, errDied) {
		t.Errorf("the scenario ended with %v, want %v", err, errDied)
	}
	switch between {
	case looks:
		p.reopen(t, disk, dir)
	case appends:
		p.reopen(t, disk, dir, brief(9, "first"))
	}
	disk.powerLoss(power)
	p.reopen(t, disk, dir, brief(10, "first"))
	if p.exported == nil {
		return
	}
	e, err := openOn(&memFS{memDisk: disk, at: -1}, filepath.Join(disk.path, "export"), Options{ReadOnly: true})
	if err != nil {
		t.Error(err)
		return
	}
	defer e.Close()
	(&promise{acknowledged: p.exported}).check(t, e)
	if e.Len() != len(p.exported) {
		t.Errorf("the export has %d records, want %d", e.Len(), len(p.exported))
	}
}

// reopen opens the journal in a process without faults, checks it, appends
// records and closes it.
func (p *promise) reopen(t *testing.T, disk *memDisk, dir string, records ...Record) {
	t.Helper()
	j, err := openOn(&memFS{memDisk: disk, at: -1}, dir, small)
	if err != nil {
		t.Error(err)
		return
	}
	p.check(t, j)
	if err := errors.Join(p.append(j, records...), j.Close()); err != nil {
		t.Error(err)
	}
}

// The parents of a new journal folder are as durable as what is in it.
func TestNewFoldersAreDurable(t *testing.T) {
	disk := newDisk(t.TempDir())
	dir := filepath.Join(disk.path, "a", "b", "c")
	if err := os.MkdirAll(dir, 0o755); err != nil { // for the lock
		t.Fatal(err)
	}
	j, err := openOn(&memFS{memDisk: disk, at: -1}, dir, small)
	if err != nil {
		t.Fatal(err)
	}
	add(t, j, brief(1, "first"))
	disk.powerLoss(keepNone)
	shut(t, j)
	j, err = openOn(&memFS{memDisk: disk, at: -1}, dir, small)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	expect(t, j, []Record{brief(1, "first")})
}

// The parent of the journal's folder may have another owner.
func TestParentThatCannotBeSynced(t *testing.T) {
	dir := realDir(t)
	fs := &memFS{memDisk: diskFor(dir), at: -1, private: filepath.Dir(dir)}
	if err := fs.mkdir(dir); err != nil {
		t.Fatal(err)
	}
	j, err := openOn(fs, dir, small)
	if err != nil {
		t.Fatal(err)
	}
	shut(t, j)
}

// After a write or a sync that failed the file ends with the last acknowledged
// record: the next process has nothing to cut off and sees no record whose writer
// got an error.
func TestFailedWriteLeavesNoTrace(t *testing.T) {
	for _, operation := range []string{"write", "sync"} {
		t.Run(operation, func(t *testing.T) {
			dir := realDir(t)
			disk := diskFor(dir)
			fs := &memFS{memDisk: disk, at: -1}
			j, err := openOn(fs, dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			add(t, j, brief(1, "first"))
			fs.fault, fs.at = fails, fs.count
			if operation == "sync" {
				fs.at++
			}
			if err := j.Append(brief(2, "first"), brief(3, "first")); !errors.Is(err, errFails) {
				t.Fatalf("Append on a full disk: %v, want %v", err, errFails)
			}
			if err := j.Append(brief(4, "first")); !errors.Is(err, errFails) {
				t.Errorf("Append after a failed one: %v, want %v", err, errFails)
			}
			expect(t, j, []Record{brief(1, "first")})
			shut(t, j)
			j, err = openOn(&memFS{memDisk: disk, at: -1}, dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer j.Close()
			expect(t, j, []Record{brief(1, "first")})
			if r := j.Report(); r.Cut != 0 || !r.Whole() {
				t.Errorf("report: %s, want nothing cut", r)
			}
		})
	}
}

// A failed compaction leaves the journal as it was, without a temporary file; one
// that succeeds leaves one segment, also after a power loss.
func TestFailedCompaction(t *testing.T) {
	dir := realDir(t)
	disk := diskFor(dir)
	fs := &memFS{memDisk: disk, at: -1}
	j, err := openOn(fs, dir, small)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	records := []Record{brief(1, "first"), brief(2, "first"), brief(3, "first")}
	add(t, j, records...)
	for i, operation := range []string{"create", "write", "sync", "rename"} {
		fs.fault, fs.at = fails, fs.count+i
		if err := j.Compact(); !errors.Is(err, errFails) {
			t.Errorf("%s: Compact returned %v, want %v", operation, err, errFails)
		}
		expect(t, j, records)
		names, err := fs.list(dir)
		if err != nil || len(names) != j.Report().Segments {
			t.Errorf("%s: files %v, error %v, want %d segments", operation, names, err, j.Report().Segments)
		}
	}
	fs.fault = noFault
	if err := j.Compact(); err != nil {
		t.Fatal(err)
	}
	expect(t, j, records)
	disk.powerLoss(keepNone)
	if names, err := fs.list(dir); err != nil || len(names) != 1 {
		t.Errorf("after a compaction and a power loss: files %v, error %v, want one", names, err)
	}
	if shut(t, j); fs.opened != 0 {
		t.Errorf("%d files are open after Close, want none", fs.opened)
	}
}
