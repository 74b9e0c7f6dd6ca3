package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/personagen/personagen/engine/internal/rng"
)

// sample returns the record of a number; its value is a function of its key.
func sample(n int) Record {
	var number [8]byte
	binary.LittleEndian.PutUint64(number[:], uint64(n))
	key := MakeKey(sha256.Sum256(number[:]), int64(n))
	return Record{key, valueFor(key)}
}

// valueFor returns 0 to 2,000 bytes that depend on the key only.
func valueFor(key Key) []byte {
	src := rng.New(binary.LittleEndian.Uint64(key[:]), "value").Source()
	value := make([]byte, src.Below(2001))
	for i := range value {
		value[i] = byte(src.Uint64())
	}
	return value
}

func samples(first, n int) []Record {
	records := make([]Record, n)
	for i := range records {
		records[i] = sample(first + i)
	}
	return records
}

func open(t testing.TB, dir string, opt Options) *Journal {
	t.Helper()
	j, err := Open(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

func add(t testing.TB, j *Journal, records ...Record) {
	t.Helper()
	if err := j.Append(records...); err != nil {
		t.Fatal(err)
	}
}

func shut(t testing.TB, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// expect checks that the journal holds exactly these records, in this order.
func expect(t testing.TB, j *Journal, want []Record) {
	t.Helper()
	if j.Len() != len(want) {
		t.Errorf("got %d records, want %d", j.Len(), len(want))
	}
	for _, r := range want {
		got, ok, err := j.Get(r.Key)
		if err != nil || !ok || !bytes.Equal(got, r.Value) {
			t.Fatalf("Get(%x) = %d bytes, %v, %v; want %d bytes", r.Key[:4], len(got), ok, err, len(r.Value))
		}
	}
	i := 0
	err := j.Range(func(key Key, value []byte) error {
		if i >= len(want) || key != want[i].Key || !bytes.Equal(value, want[i].Value) {
			return fmt.Errorf("record %d differs", i)
		}
		i++
		return nil
	})
	if err != nil || i != len(want) {
		t.Fatalf("Range visited %d records, want %d; error %v", i, len(want), err)
	}
}

func TestAppendAndReopen(t *testing.T) {
	for _, segment := range []int64{1, 10_000, 0} {
		t.Run(fmt.Sprint("segments of ", segment), func(t *testing.T) {
			dir, opt := t.TempDir(), Options{SegmentBytes: segment}
			want := samples(0, 50)
			j := open(t, dir, opt)
			add(t, j, want[:20]...)
			for _, r := range want[20:40] {
				add(t, j, r)
			}
			expect(t, j, want[:40])
			shut(t, j)

			j = open(t, dir, opt)
			add(t, j, want[40:]...)
			expect(t, j, want)
			if ok, err := j.Has(sample(50).Key); ok || err != nil {
				t.Errorf("Has of an absent key: got %v, %v, want false", ok, err)
			}
			if _, ok, err := j.Get(sample(50).Key); ok || err != nil {
				t.Errorf("Get of an absent key: got %v, %v, want false", ok, err)
			}
			if r := j.Report(); !r.Whole() || r.Cut != 0 || r.Records != 50 || segment == 1 && r.Segments != 50 {
				t.Errorf("report: %s", r)
			}
		})
	}
}

func TestConcurrentAppend(t *testing.T) {
	j := open(t, t.TempDir(), Options{SegmentBytes: 50_000, GroupRecords: 10})
	var wg sync.WaitGroup
	for w := range 20 {
		wg.Go(func() {
			for i := range 20 {
				r := sample(w*20 + i)
				if err := j.Append(r); err != nil {
					t.Error(err)
				}
				if got, ok, err := j.Get(r.Key); err != nil || !ok || !bytes.Equal(got, r.Value) {
					t.Errorf("an acknowledged record cannot be read: %v, %v", ok, err)
				}
			}
		})
	}
	wg.Wait()
	if j.Len() != 400 {
		t.Errorf("got %d records, want 400", j.Len())
	}
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	want := samples(0, 5)
	j := open(t, dir, Options{SegmentBytes: 3000})
	add(t, j, want...)
	again := Record{want[1].Key, []byte("again")}
	add(t, j, again)
	want = append(append(want[:1:1], want[2:]...), again)
	expect(t, j, want)
	shut(t, j)
	j = open(t, dir, Options{SegmentBytes: 3000})
	expect(t, j, want)
	if r := j.Report(); r.Replaced != 1 {
		t.Errorf("report: %+v", r)
	}
}

func TestKeysWithOneFingerprint(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	want := samples(0, 3)
	add(t, j, want...)
	// Rebuild the index with the fingerprint of the first key for all three.
	shared := fingerprint(&want[0].Key)
	var all []location
	for _, s := range j.index.slots {
		if s.at != 0 {
			all = append(all, s.at)
		}
	}
	j.index = index{}
	for _, at := range all {
		j.index.add(shared, at)
	}
	got, ok, err := j.Get(want[0].Key)
	if err != nil || !ok || !bytes.Equal(got, want[0].Value) {
		t.Errorf("Get among equal fingerprints: %v, %v", ok, err)
	}
}

func TestTornTail(t *testing.T) {
	want := samples(0, 6)
	last := frameSize(len(want[5].Value))
	for _, c := range []struct {
		name string
		tear func(t *testing.T, path string)
		kept int
		cut  int
	}{
		{"one byte short", truncateBy(1), 5, last - 1},
		{"one byte left", truncateBy(last - 1), 5, 1},
		{"frame whole", truncateBy(0), 6, 0},
		{"zeros behind", appendTo(make([]byte, 5000)), 6, 5000},
		{"a header behind", appendTo(appendFrame(nil, &want[0].Key, want[0].Value)[:headerSize]), 6, headerSize},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			j := open(t, dir, Options{})
			add(t, j, want...)
			shut(t, j)
			c.tear(t, filepath.Join(dir, segmentName(1)))

			r := open(t, dir, Options{ReadOnly: true})
			expect(t, r, want[:c.kept])
			if got := r.Report().Cut; got != int64(c.cut) {
				t.Errorf("opened for reading: got %d bytes to cut, want %d", got, c.cut)
			}
			j = open(t, dir, Options{})
			if got := j.Report(); got.Cut != int64(c.cut) || !got.Whole() {
				t.Errorf("report: %s, want %d bytes cut", got, c.cut)
			}
			add(t, j, sample(9))
			shut(t, j)
			j = open(t, dir, Options{})
			if got := j.Report(); got.Cut != 0 || !got.Whole() {
				t.Errorf("after cutting: %s", got)
			}
			expect(t, j, append(want[:c.kept:c.kept], sample(9)))
		})
	}
}

func truncateBy(n int) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		info, err := os.Stat(path)
		if err == nil {
			err = os.Truncate(path, info.Size()-int64(n))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func appendTo(data []byte) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err == nil {
			_, err = f.Write(data)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A segment whose writer was killed before the magic was complete is started again.
func TestTornMagic(t *testing.T) {
	for n := range len(magic) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, segmentName(1)), []byte(magic[:n]), 0o644); err != nil {
			t.Fatal(err)
		}
		j := open(t, dir, Options{})
		if r := j.Report(); r.Cut != int64(n) {
			t.Errorf("%d bytes of magic: %s", n, r)
		}
		add(t, j, sample(1))
		shut(t, j)
		expect(t, open(t, dir, Options{}), samples(1, 1))
	}
}

// Damage in the middle costs only the records that it touches. Every Open reports
// it, and nothing changes it.
func TestDamage(t *testing.T) {
	want := samples(0, 12)
	for i := range want {
		want[i].Value = append(want[i].Value, "never empty"...)
	}
	offset := len(magic)
	starts := make([]int, len(want))
	for i, r := range want {
		starts[i] = offset
		offset += frameSize(len(r.Value))
	}
	for _, c := range []struct {
		name string
		at   int // byte of frame 4
	}{{"checksum", 0}, {"key length", 4}, {"value length", 7}, {"key", 20}, {"value", headerSize + 40}} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			j := open(t, dir, Options{})
			add(t, j, want...)
			shut(t, j)
			flip(t, filepath.Join(dir, segmentName(1)), int64(starts[4]+c.at))
			left := append(want[:4:4], want[5:]...)
			damage := Damage{segmentName(1), int64(starts[4]), int64(starts[5] - starts[4])}
			for range 2 {
				j = open(t, dir, Options{})
				r := j.Report()
				if r.Whole() || len(r.Damaged) != 1 || r.Damaged[0] != damage || r.Cut != 0 {
					t.Errorf("report: %s, want %s", r, damage)
				}
				expect(t, j, left)
				add(t, j, sample(100+len(left)))
				left = append(left, sample(100+len(left)))
				if err := j.Compact(); err == nil || !strings.Contains(err.Error(), "damaged") {
					t.Errorf("Compact of a damaged journal: %v", err)
				}
				shut(t, j)
			}
		})
	}
}

// A last record that was complete and was damaged later is reported as damage, not
// cut off.
func TestDamagedLastRecord(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	add(t, j, Record{sample(1).Key, []byte("kept")}, Record{sample(2).Key, []byte("bent")})
	shut(t, j)
	info, err := os.Stat(filepath.Join(dir, segmentName(1)))
	if err != nil {
		t.Fatal(err)
	}
	flip(t, filepath.Join(dir, segmentName(1)), info.Size()-1)
	j = open(t, dir, Options{})
	if r := j.Report(); len(r.Damaged) != 1 || r.Cut != 0 {
		t.Errorf("report: %s", r)
	}
}

func TestDamageWhileOpen(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	add(t, j, Record{sample(1).Key, []byte("one")}, Record{sample(2).Key, []byte("two")})
	flip(t, filepath.Join(dir, segmentName(1)), int64(len(magic)+headerSize+41))
	if _, _, err := j.Get(sample(1).Key); err == nil {
		t.Error("Get returned a damaged record")
	}
	if err := j.Range(func(Key, []byte) error { return nil }); err == nil {
		t.Error("Range skipped damage that Open did not report")
	}
}

func flip(t *testing.T, path string, offset int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], offset); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0x41
	if _, err := f.WriteAt(b[:], offset); err != nil {
		t.Fatal(err)
	}
}

func TestMissingSegment(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{SegmentBytes: 1})
	add(t, j, samples(0, 4)...)
	shut(t, j)
	if err := os.Remove(filepath.Join(dir, segmentName(2))); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir, Options{SegmentBytes: 1})
	if r := j.Report(); len(r.Missing) != 1 || r.Missing[0] != segmentName(2) || r.Whole() {
		t.Errorf("report: %s", r)
	}
	expect(t, j, append(samples(0, 1), samples(2, 2)...))
	add(t, j, sample(9))
	expect(t, j, append(samples(0, 1), sample(2), sample(3), sample(9)))
}

func TestForeignFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, segmentName(1)), []byte("something else"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "not a journal segment") {
		t.Errorf("Open of a foreign file: %v", err)
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	add(t, j, sample(1))
	_, err := Open(dir, Options{})
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid())) {
		t.Errorf("second Open: %v", err)
	}
	expect(t, open(t, dir, Options{ReadOnly: true}), samples(1, 1))
	shut(t, j)
	open(t, dir, Options{})
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "absent"), Options{ReadOnly: true}); err == nil {
		t.Error("Open for reading accepted an absent journal")
	}
	j := open(t, dir, Options{})
	if err := j.Append(Record{Value: make([]byte, MaxValue+1)}); err == nil {
		t.Error("Append accepted a value over the limit")
	}
	add(t, j, Record{Value: make([]byte, MaxValue)})
	shut(t, j)
	if err := j.Append(sample(1)); !errors.Is(err, errClosed) {
		t.Errorf("Append after Close: %v", err)
	}
	if _, _, err := j.Get(sample(1).Key); !errors.Is(err, errClosed) {
		t.Errorf("Get after Close: %v", err)
	}
	r := open(t, dir, Options{ReadOnly: true})
	if err := r.Append(sample(1)); err == nil {
		t.Error("Append to a journal opened for reading")
	}
	if err := r.Compact(); err == nil {
		t.Error("Compact of a journal opened for reading")
	}
}

// A failed write is an error for every waiting Append and for all later ones.
func TestFailedWrite(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	add(t, j, sample(1))
	j.segments[0].file.Close()
	if err := j.Append(sample(2)); err == nil {
		t.Error("Append acknowledged a record that could not be written")
	}
	if err := j.Append(sample(3)); err == nil {
		t.Error("Append succeeded after a failed write")
	}
	j.Close()
	expect(t, open(t, dir, Options{}), samples(1, 1))
}

func TestCompactAndExport(t *testing.T) {
	dir, opt := t.TempDir(), Options{SegmentBytes: 5000}
	j := open(t, dir, opt)
	add(t, j, samples(0, 30)...)
	for i := range 10 {
		add(t, j, Record{sample(i).Key, []byte("replaced")})
	}
	want := samples(10, 20)
	for i := range 10 {
		want = append(want, Record{sample(i).Key, []byte("replaced")})
	}
	other := t.TempDir()
	if err := j.Export(filepath.Join(other, segmentName(1))); err != nil {
		t.Fatal(err)
	}
	expect(t, open(t, other, opt), want)

	for range 2 {
		if err := j.Compact(); err != nil {
			t.Fatal(err)
		}
		expect(t, j, want)
		if r := j.Report(); r.Segments != 1 || r.Replaced != 0 {
			t.Errorf("report: %s", r)
		}
		add(t, j, sample(100+len(want)))
		want = append(want, sample(100+len(want)))
	}
	shut(t, j)
	left := filepath.Join(dir, segmentName(99)+temporary)
	if err := os.WriteFile(left, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir, opt)
	expect(t, j, want)
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Error("the temporary file of a killed compaction is still there")
	}
}

func ExampleJournal() {
	dir, err := os.MkdirTemp("", "journal")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	j, err := Open(dir, Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer j.Close()
	key := MakeKey(sha256.Sum256([]byte("everything that the answer depends on")), 7)
	if err := j.Append(Record{key, []byte("an accepted answer")}); err != nil {
		fmt.Println(err)
		return
	}
	value, ok, err := j.Get(key)
	fmt.Println(string(value), ok, err)
	// Output: an accepted answer true <nil>
}
