package journal

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// FuzzOpen damages a segment: nothing panics, every record that is read was
// written, every byte is in a record, in damage or cut, and a second Open finds
// the same.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(magic), 3, byte(0))
	f.Add([]byte(magic), 30, byte(0xff))
	f.Add([]byte("pgj"), 0, byte(1))
	f.Add([]byte{}, 100, byte(7))
	f.Add([]byte(magic+"\x01\x02\x03\x04\x28\x00\xff\xff\xff\x00"), 200, byte(40))
	f.Fuzz(func(t *testing.T, tail []byte, at int, bend byte) {
		records := map[Key][]byte{}
		data := []byte(magic)
		for i := range 4 {
			r := sample(i)
			r.Value = r.Value[:min(len(r.Value), 30)]
			records[r.Key] = r.Value
			data = appendFrame(data, &r.Key, r.Value)
			if i == 2 {
				data = append(data, tail...)
			}
		}
		if at >= 0 {
			data[at%len(data)] ^= bend
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, segmentName(1)), data, 0o644); err != nil {
			t.Fatal(err)
		}
		first, frames, err := read(t, dir, records)
		if err != nil {
			return // no longer a journal
		}
		covered := int64(len(magic)) + frames + first.Cut
		for _, d := range first.Damaged {
			covered += d.Bytes
		}
		if first.Cut < int64(len(data)) && covered != int64(len(data)) {
			t.Errorf("%d of %d bytes are accounted for: %s", covered, len(data), first)
		}
		second, _, err := read(t, dir, records)
		if err != nil || second.Records != first.Records || second.Cut != 0 || len(second.Damaged) != len(first.Damaged) {
			t.Errorf("second Open: got %s, %v; want %s", second, err, first)
		}
	})
}

// read opens a journal and returns its report and the size of all its frames,
// including replaced ones.
func read(t *testing.T, dir string, records map[Key][]byte) (r Report, frames int64, err error) {
	j, err := Open(dir, Options{})
	if err != nil {
		return r, 0, err
	}
	defer j.Close()
	for _, s := range j.segments {
		_, err := scan(s.name, s.file, s.size, func(_ int64, frame []byte) error {
			frames += int64(len(frame))
			want, known := records[keyOf(frame)]
			if known && !bytes.Equal(want, valueOf(frame)) {
				t.Errorf("record %x differs from what was written", keyOf(frame))
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	return j.Report(), frames, nil
}
