package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/frame"
)

// A small file whose keys are data would have billions of cells; it is refused after
// some lines. One with as many keys in every line is read.
func TestSparseJSONLIsRefused(t *testing.T) {
	var wide strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&wide, `,"k%d":1`, i)
	}
	object := "{" + wide.String()[1:] + "}\n"
	for _, test := range []struct {
		name, text string
		want       string // part of the error; "" for none
	}{
		{"sparse", object + strings.Repeat("{}\n", 100_000), "this is not a table"},
		{"dense", strings.Repeat(object, 3000), ""},
	} {
		path := filepath.Join(t.TempDir(), "data.jsonl")
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(path, OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		b := frame.New(r.Schema())
		for err == nil {
			var n int
			n, err = r.Read(b, 512)
			rows += n
		}
		r.Close()
		if errors.Is(err, io.EOF) {
			err = nil
		}
		if (err != nil) != (test.want != "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v after %d rows, want %q", test.name, err, rows, test.want)
		}
		if test.want != "" && rows > sparseLines+512 {
			t.Errorf("%s: refused after %d rows only", test.name, rows)
		}
	}
}
