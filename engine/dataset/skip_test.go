package dataset

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"testing"

	"github.com/personagen/personagen/engine/frame"
)

// rowsOf reads up to n rows as texts.
func rowsOf(t *testing.T, r *Reader, n int) (rows []string) {
	t.Helper()
	b := frame.New(nil)
	for n > 0 {
		got, err := r.Read(b, n)
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			text := ""
			for k, f := range b.Schema {
				var c frame.Column
				switch c = b.Columns[k]; {
				case c.IsNull(f.Type, i):
					text += "|null"
				case f.Type == frame.Integer:
					text += fmt.Sprint("|", c.Ints[i])
				case f.Type == frame.TextList:
					text += fmt.Sprintf("|%q", c.Texts[c.Offsets[i]:c.Offsets[i+1]])
				default:
					text += "|" + c.Texts[i]
				}
			}
			rows = append(rows, text)
		}
		n -= got
	}
	return rows
}

// TestSkip reads from every place of files in all formats, in any order, and compares
// with a reader that begins at the first row.
func TestSkip(t *testing.T) {
	schema := frame.Schema{{Name: "n", Type: frame.Integer}, {Name: "text", Type: frame.Text, Nullable: true}, {Name: "list", Type: frame.TextList, Nullable: true}}
	const rows, chunk = 700, 130
	for _, f := range Formats() {
		path := filepath.Join(t.TempDir(), "rows"+f.Extension)
		w, err := Create(f.Name, path, schema, Options{})
		if err != nil {
			t.Fatal(err)
		}
		part := w.NewPart()
		for from := 0; from < rows; from += chunk {
			n := min(chunk, rows-from)
			b := frame.New(schema)
			b.Resize(int64(from), n)
			for i := range n {
				at := from + i
				b.Columns[0].Ints[i] = int64(at)
				b.Columns[1].Texts[i] = fmt.Sprintf("text %d, \"quoted\"\nand a second line é", at)
				if at%7 == 0 {
					b.Columns[1].SetNull(frame.Text, i, n)
				}
				for k := range at % 4 {
					b.Columns[2].Texts = append(b.Columns[2].Texts, fmt.Sprint("item ", k))
				}
				b.Columns[2].Offsets[i+1] = int32(len(b.Columns[2].Texts))
			}
			if err := errors.Join(part.Write(b), w.Append(part)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		open := func() *Reader {
			r, err := Open(path, OpenOptions{Schema: schema})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { r.Close() })
			return r
		}
		first := open()
		var want []string
		var places []Place
		for {
			places = append(places, first.Place())
			row := rowsOf(t, first, 1)
			if row == nil {
				break
			}
			want = append(want, row...)
		}
		if len(want) != rows {
			t.Fatalf("%s: %d rows", f.Name, len(want))
		}
		r := open()
		for i := range 200 {
			at := (i*263 + 1) % (rows + 1)
			place := places[at]
			if f.Name == "parquet" {
				place = Place{Row: int64(at)}
			}
			if err := r.Skip(place); err != nil {
				t.Fatalf("%s: row %d: %v", f.Name, at, err)
			}
			n := 1 + i%300
			if got := rowsOf(t, r, n); !slices.Equal(got, want[at:min(rows, at+n)]) {
				t.Fatalf("%s: row %d: got %d rows %.300q", f.Name, at, len(got), got)
			}
		}
		groups := open().Groups()
		if f.Name == "parquet" && (len(groups) != 6 || groups[1].Row != chunk) || f.Name != "parquet" && groups != nil {
			t.Errorf("%s: groups %v", f.Name, groups)
		}
		if err := open().Skip(Place{Row: rows + 5}); err == nil {
			t.Errorf("%s: a row beyond the end is no error", f.Name)
		}
	}
}
