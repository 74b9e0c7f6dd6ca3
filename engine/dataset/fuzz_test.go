package dataset

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/personagen/personagen/engine/frame"
)

// within requires work to end in bounded time and to allocate a bounded amount in
// all.
func within(t *testing.T, took time.Duration, bytes uint64, work func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	work()
	elapsed := time.Since(start)
	runtime.ReadMemStats(&after)
	if elapsed > took {
		t.Errorf("took %v", elapsed)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > bytes {
		t.Errorf("allocated %d MB", got>>20)
	}
}

// FuzzParquetFile reads any bytes as a Parquet file, with and without a schema.
func FuzzParquetFile(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "mixed.parquet"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(ownParquet(f, Options{}))
	f.Add(ownParquet(f, Options{Metadata: []KeyValue{{"a", "b"}}}))
	records, err := os.ReadFile(writeBatches(f, "parquet", recordsSchema(), []*frame.Batch{recordsBatch(0, 9)}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(records)
	f.Add([]byte("PAR1\x00\x00\x00\x00PAR1"))
	s := mixedSchema()
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 100_000 {
			return
		}
		path := writeFile(t, "a.parquet", string(data))
		within(t, 20*time.Second, 1<<30, func() {
			for _, o := range []OpenOptions{{Schema: s}, {Schema: recordsSchema()}, {}} {
				r, err := Open(path, o)
				if err != nil {
					if !strings.Contains(err.Error(), "a.parquet") {
						t.Errorf("an error without the file: %v", err)
					}
					continue
				}
				r.Fields()
				b, rows := &frame.Batch{}, 0
				for rows < 100_000 {
					n, err := r.Read(b, 1000)
					if err != nil {
						break
					}
					if rows += n; n == 0 {
						t.Error("a batch of no rows, and no error")
						break
					}
					if err := checkWhole(b); err != nil {
						t.Error(err)
						break
					}
				}
				r.Close()
			}
		})
	})
}

// ownParquet is a small file of this package.
func ownParquet(t testing.TB, o Options) []byte {
	t.Helper()
	s := frame.Schema{
		{Name: "hue", Type: frame.Category, Labels: []string{"red", "green"}, Nullable: true, Decimals: -1},
		{Name: "years", Type: frame.Integer, Decimals: -1},
		{Name: "note", Type: frame.Text, Nullable: true, Decimals: -1},
	}
	path := filepath.Join(t.TempDir(), "own.parquet")
	w, err := Create("parquet", path, s, o)
	if err != nil {
		t.Fatal(err)
	}
	b := frame.New(s)
	b.Resize(0, 3)
	for i := range 3 {
		b.Columns[0].Codes[i] = int32(i%3) - 1
		b.Columns[1].Ints[i] = int64(i)
		b.Columns[2].Texts[i] = "n"
	}
	part := w.NewPart()
	for _, step := range []func() error{func() error { return part.Write(b) }, part.Finish, func() error { return w.Append(part) }, w.Close} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// described is a source of which only the metadata is read.
type described struct {
	source
	metadataOnly []KeyValue
}

func (d described) metadata() []KeyValue { return d.metadataOnly }

// FuzzFields reads a schema that another program may have written into a file.
func FuzzFields(f *testing.F) {
	own, err := json.Marshal(mixedSchema())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(own))
	if own, err = json.Marshal(recordsSchema()); err != nil {
		f.Fatal(err)
	}
	f.Add(string(own))
	f.Add(`[{"name":"a","type":"category","labels":["x","x"]}]`)
	f.Add(`[{"name":"a","type":"number","decimals":999999999}]`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, text string) {
		r := &Reader{source: described{metadataOnly: []KeyValue{{FieldsKey, text}}}}
		s, ok := r.Fields()
		if !ok {
			return
		}
		if err := checkSchema(s); err != nil {
			t.Errorf("accepted %s: %v", text, err)
		}
		// Such a schema is used to read the file, and to write another one.
		path := writeFile(t, "a.jsonl", "{\"a\":1}\n{\"hue\":\"red\",\"b\":null}\n{\"a\":[\"x\"]}\n{\"a\":\"x\"}\n{}\n{\"kin\":[{},{\"group\":\"spouse\"}]}\n")
		rows, err := readAll(path, s)
		if err != nil {
			return
		}
		for _, format := range FormatNames() {
			to := filepath.Join(t.TempDir(), "b."+format)
			w, err := Create(format, to, s, Options{})
			if err != nil {
				continue
			}
			part := w.NewPart()
			err = part.Write(rows)
			if err == nil {
				err = part.Finish()
			}
			if err == nil {
				err = w.Append(part)
			}
			if err != nil {
				w.Abort()
				continue
			}
			if err := w.Close(); err != nil {
				continue
			}
			if back, err := readAll(to, s); err != nil || back.N != rows.N {
				t.Errorf("%s: %v", format, err)
			}
		}
	})
}

// readAll reads the rows of a small file.
func readAll(path string, s frame.Schema) (*frame.Batch, error) {
	r, err := Open(path, OpenOptions{Schema: s})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b := frame.New(s)
	if _, err := r.Read(b, 100); err != nil {
		return nil, err
	}
	return b, nil
}

// FuzzTextFile reads any bytes as a file of any text format, with names for its columns
// that a user gives, in bounded time.
func FuzzTextFile(f *testing.F) {
	for _, name := range []string{"mixed.csv", "mixed.jsonl"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "hue", "colour")
	}
	for _, format := range []string{"csv", "jsonl"} {
		data, err := os.ReadFile(writeBatches(f, format, recordsSchema(), []*frame.Batch{recordsBatch(0, 9)}))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "kin", "kin")
	}
	f.Add([]byte("\xff\xfea\x00,\x00"), "a", "b")
	f.Add([]byte("a;b\n1;2\n"), "a", "a")
	f.Add([]byte(strings.Repeat(`{"a":`, 300)), "", "")
	f.Add([]byte("\"a\n"+strings.Repeat("x,", 2000)), "x", "")
	f.Fuzz(func(t *testing.T, data []byte, theirs, ours string) {
		if len(data) > 100_000 {
			return
		}
		within(t, 10*time.Second, 1<<29, func() {
			for _, name := range []string{"a.csv", "a.jsonl"} {
				path := writeFile(t, name, string(data))
				for _, o := range []OpenOptions{{Columns: map[string]string{theirs: ours}}, {Schema: mixedSchema(), Columns: map[string]string{theirs: ours}}, {Schema: recordsSchema(), Columns: map[string]string{theirs: ours}}} {
					r, err := Open(path, o)
					if err != nil {
						if !strings.Contains(err.Error(), name) {
							t.Errorf("an error without the file: %v", err)
						}
						continue
					}
					small, err := drainBy(r, 3)
					for _, i := range r.Issues() {
						if i.String() == "" {
							t.Error("an issue without words")
						}
					}
					r.Close()
					if r, again := Open(path, o); again == nil {
						large, errLarge := drainBy(r, 1000)
						r.Close()
						// Rows of a batch that fails are not counted.
						if (err == nil) != (errLarge == nil) || err == nil && small != large {
							t.Errorf("%s: %d rows in small batches (%v), %d in large ones (%v)", name, small, err, large, errLarge)
						}
					}
				}
			}
		})
	})
}
