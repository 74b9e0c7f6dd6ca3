package journal

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/personagen/personagen/engine/internal/rng"
)

const childDir = "JOURNAL_TEST_CHILD"

// TestMain turns the test binary into the process that TestKill kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
	}
	os.Exit(m.Run())
}

// child appends records from several goroutines, and compacts from time to time,
// until it is killed. It prints the number of every acknowledged record.
func child(dir string) {
	die := func(err error) {
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	j, err := Open(dir, Options{SegmentBytes: 100_000, GroupRecords: 7, GroupWait: time.Millisecond})
	die(err)
	fmt.Println("start", j.Len())
	first := j.Len()
	for w := range 4 {
		go func() {
			for i := first + w; ; i += 4 {
				die(j.Append(sample(i)))
				fmt.Println(i)
			}
		}()
	}
	for {
		time.Sleep(30 * time.Millisecond)
		die(j.Compact())
	}
}

// A process that is killed at any moment loses no acknowledged record, and every
// record in the journal is whole.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	src := rng.New(1, "kill").Source()
	known := map[int]bool{}
	for round := range 25 {
		for _, n := range runAndKill(t, dir, time.Duration(src.Below(60))*time.Millisecond) {
			known[n] = true
		}
		r := checkKilled(t, dir, known)
		if t.Failed() {
			t.Fatalf("after round %d: %s", round, r)
		}
	}
	if len(known) < 100 {
		t.Errorf("got %d acknowledged records in all rounds, want at least 100", len(known))
	}
}

// runAndKill kills a child some time after its start and returns the numbers of
// the records that were acknowledged to it.
func runAndKill(t *testing.T, dir string, after time.Duration) (acknowledged []int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, "start") {
		t.Fatalf("child: %q, %v", line, err)
	}
	time.AfterFunc(after, func() { cmd.Process.Kill() })
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break // an incomplete last line does not count
		}
		var n int
		if _, err := fmt.Sscanf(line, "%d\n", &n); err != nil {
			t.Fatalf("child: %q", line)
		}
		acknowledged = append(acknowledged, n)
	}
	cmd.Wait()
	return acknowledged
}

func checkKilled(t *testing.T, dir string, known map[int]bool) Report {
	t.Helper()
	j, err := Open(dir, Options{SegmentBytes: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for n := range known {
		r := sample(n)
		if got, ok, err := j.Get(r.Key); err != nil || !ok || !bytes.Equal(got, r.Value) {
			t.Errorf("acknowledged record %d: %v, %v", n, ok, err)
		}
	}
	err = j.Range(func(key Key, value []byte) error {
		if !bytes.Equal(value, valueFor(key)) {
			return fmt.Errorf("record %x differs from what was written", key[:4])
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if r := j.Report(); !r.Whole() {
		t.Errorf("damage: %s", r)
	}
	return j.Report()
}

// Open refuses a journal that another process has open for writing, and names the
// process.
func TestLockOfAnotherProcess(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), fmt.Sprint("process ", cmd.Process.Pid, " on ")) {
		t.Errorf("Open: %v", err)
	}
}
