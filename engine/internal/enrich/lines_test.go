package enrich

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/journal"
)

// Lines may be longer than the buffer, and the last one may not end. Their offsets are
// those that ReadAt needs.
func TestEachLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lines")
	want := []string{
		"short\n", strings.Repeat("a", 1<<18) + "\n", "\n", strings.Repeat("b", 1<<20) + "\n", "between\n",
		strings.Repeat("c", 1<<18-1) + "\n", strings.Repeat("d", 600_000),
	}
	text := strings.Join(want, "")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := eachLine(path, func(offset int64, line []byte) error {
		if !strings.HasPrefix(text[offset:], string(line)) {
			t.Errorf("the line %d is not at %d", len(got), offset)
		}
		got = append(got, string(line))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("got %d lines, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d: got %d bytes, want %d", i, len(got[i]), len(want[i]))
		}
	}

	stop, visits := errors.New("stop"), 0
	err = eachLine(path, func(int64, []byte) error { visits++; return stop })
	if !errors.Is(err, stop) || visits != 1 {
		t.Errorf("got error %v after %d lines, want %v after one", err, visits, stop)
	}
	if err := eachLine(path+".absent", func(int64, []byte) error { return stop }); err != nil {
		t.Errorf("got error %v for a file that does not exist, want no lines", err)
	}
}

// The replies to a batch's requests are found whatever their order; lines that name no
// request of the batch are ignored, and the first answer to a request counts.
func TestRepliesOfABatch(t *testing.T) {
	l, err := openLedger(t.TempDir(), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	e := l.next()
	e.Requests = 4
	line := func(id, body string) string { return `{"custom_id":"` + id + `","response":"` + body + `"}` + "\n" }
	output := line("2-70", "two") + "not JSON\n" + line("0-50", "zero") + line("0-50", "zero again") +
		line("4-90", "beyond") + line("-1-90", "negative") + line("x", "no number") + line("1", "no person") + line("1-x", "no person")
	if err := os.WriteFile(l.output(e.Number), []byte(output), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.errors(e.Number), []byte(line("3-80", "refused")+line("2-70", "two again")), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := l.replies(e)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	var got []string
	var buf []byte
	for number := range e.Requests {
		if buf, err = r.line(number, buf); err != nil {
			t.Fatal(err)
		}
		got = append(got, string(buf))
	}
	want := []string{line("0-50", "zero"), "", line("2-70", "two"), line("3-80", "refused")}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
