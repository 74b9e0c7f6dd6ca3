package journal

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzSegments opens a folder with any bytes as segments, read only and for writing.
// What is read can be exported, and the export is a whole journal with the same
// records. Compact makes one too, or refuses a damaged journal and changes nothing.
func FuzzSegments(f *testing.F) {
	frames := func(first, n int) []byte {
		data := []byte(magic)
		for i := first; i < first+n; i++ {
			r := sample(i)
			data = appendFrame(data, &r.Key, r.Value[:min(len(r.Value), 40)])
		}
		return data
	}
	f.Add(frames(0, 2), frames(1, 3))
	f.Add(frames(0, 2), []byte(magic))
	f.Add(frames(0, 3)[:100], frames(3, 1))
	f.Add([]byte("not a journal"), frames(0, 1))
	f.Add(append(frames(0, 1), make([]byte, 200)...), append(frames(2, 1), bytes.Repeat([]byte{0xff}, 90)...))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		dir := t.TempDir()
		for i, data := range [][]byte{one, two} {
			if err := os.WriteFile(filepath.Join(dir, segmentName(i+1)), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		records := func(dir string, opt Options) (map[Key]string, Report, error) {
			j, err := Open(dir, opt)
			if err != nil {
				return nil, Report{}, err
			}
			defer j.Close()
			all := map[Key]string{}
			err = j.Range(func(key Key, value []byte) error { all[key] = string(value); return nil })
			if err == nil && len(all) != j.Len() {
				t.Errorf("Range visits %d records, Len is %d", len(all), j.Len())
			}
			return all, j.Report(), err
		}
		want, _, err := records(dir, Options{ReadOnly: true})
		if err != nil {
			if !strings.Contains(err.Error(), dir) && !strings.Contains(err.Error(), ".log") {
				t.Errorf("an error without the file: %v", err)
			}
			return
		}
		same := func(what string, got map[Key]string, err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if len(got) != len(want) {
				t.Errorf("%s: got %d records, want %d", what, len(got), len(want))
			}
			for key, value := range want {
				if got[key] != value {
					t.Errorf("%s: a record became %q, was %q", what, got[key], value)
				}
			}
		}
		got, report, err := records(dir, Options{})
		same("open for writing", got, err)
		j, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		exported := filepath.Join(t.TempDir(), segmentName(1))
		if err := j.Export(exported); err != nil {
			t.Fatal(err)
		}
		err = j.Compact()
		j.Close()
		if (err == nil) != report.Whole() {
			t.Errorf("Compact: %v; the report: %s", err, report)
		}
		for what, dir := range map[string]string{"the export": filepath.Dir(exported), "after Compact": dir} {
			got, after, err := records(dir, Options{})
			same(what, got, err)
			if !after.Whole() && what == "the export" {
				t.Errorf("%s: %s", what, after)
			}
		}
	})
}

// The name of a journal's holder is one line, whatever is in its lock file.
func FuzzHolder(f *testing.F) {
	f.Add([]byte("\x00process 7 on a\n"))
	f.Add([]byte("\x00\x1b[31mred\x07\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), lockName)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		name := holder(path)
		if name == "" || strings.ContainsAny(name, "\n\r\x1b\x07") || !utf8.ValidString(name) || len(name) > 300 {
			t.Errorf("got %q", name)
		}
	})
}
