package enrich_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/endpoint/fake"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/journal"
)

const childVar = "ENRICH_TEST_CHILD"

// TestMain turns the test binary into the process that TestBatchesKilled kills.
func TestMain(m *testing.M) {
	if where := os.Getenv(childVar); where != "" {
		url, dir, _ := strings.Cut(where, " ")
		if err := child(url, dir); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child runs in batches against the server and prints the counts as JSON.
func child(url, dir string) error {
	w, err := loadWorld(filepath.Join(dir, "letters.cue"))
	if err != nil {
		return err
	}
	j, err := journal.Open(filepath.Join(dir, "journal"), journal.Options{})
	if err != nil {
		return err
	}
	e, err := enrich.New(w.plan, j, enrich.Options{})
	if err != nil {
		return err
	}
	c, err := endpoint.New(endpoint.Config{BaseURL: url + "/v1", Model: "m", Mode: endpoint.Strict, Local: true,
		Backoff: time.Millisecond, MaxBackoff: 2 * time.Millisecond, Retries: 6, Timeout: 5 * time.Second,
		Batch: endpoint.BatchConfig{Requests: 25, Poll: 5 * time.Millisecond, MaxPoll: 20 * time.Millisecond}}, nil)
	if err != nil {
		return err
	}
	counts, left, err := e.RunBatches(context.Background(), c, enrich.BatchOptions{Dir: filepath.Join(dir, "journal", "batches")}, w.source, 0, people)
	if err == nil && left.Batches > 0 {
		err = fmt.Errorf("left %+v", left)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(counts)
}

// A process is killed again and again, at any moment, while batches and requests
// have every fault. In the end the counts include every field of every person, no
// question was answered twice, and every text that was bought is in the journal or
// was refused by the rules.
func TestBatchesKilled(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { killBatches(t, seed) })
	}
}

// victim is the process that is killed.
type victim struct {
	mu    sync.Mutex
	cmd   *exec.Cmd
	kills int
}

func (v *victim) kill() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.cmd != nil {
		v.cmd.Process.Kill()
		v.cmd = nil
		v.kills++
	}
}

// killed returns the number of kills.
func (v *victim) killed() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.kills
}

func (v *victim) start(t *testing.T, url, dir string) (out []byte, killed bool) {
	t.Helper()
	var text, faults bytes.Buffer
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVar+"="+url+" "+dir)
	cmd.Stdout, cmd.Stderr = &text, &faults
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	v.mu.Lock()
	v.cmd = cmd
	v.mu.Unlock()
	err := cmd.Wait()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.cmd == nil {
		return nil, true
	}
	v.cmd = nil
	if err != nil {
		t.Logf("a run ended with %v: %s%s", err, text.Bytes(), faults.Bytes())
		return nil, false
	}
	return text.Bytes(), false
}

func killBatches(t *testing.T, seed uint64) {
	const most = 15
	v := &victim{}
	s := &fake.Server{Faults: fake.Random(seed, 0.15, fake.RateLimit, fake.ServerError, fake.TruncatedJSON, fake.CodeFence, fake.WrongTypes,
		fake.MissingKeys, fake.Refusal, fake.RefusalInText, fake.Filtered, fake.Empty, fake.Length, fake.SchemaIgnored)}
	s.Batches.Delay = 30 * time.Millisecond
	chance := rng.New(seed, "kills").Source()
	s.Batches.Wire = func(n int, method, path string) fake.Cut { // under the server's lock
		if v.killed() >= most {
			return fake.NoCut
		}
		// The creation of a batch is the most critical request.
		odds := 12
		if method == "POST" && path == "batches" {
			odds = 2
		}
		if chance.Below(odds) > 0 {
			return fake.NoCut
		}
		switch chance.Below(4) {
		case 0:
			v.kill()
			return fake.CutFirst
		case 1:
			v.kill()
			return fake.CutAfter
		case 2:
			time.AfterFunc(time.Duration(chance.Below(40_000))*time.Microsecond, v.kill)
		case 3:
			return fake.CutAfter // without a kill
		}
		return fake.NoCut
	}
	troubles := rng.New(seed, "troubles").Source()
	s.Batches.Faults = func(int) fake.BatchFault {
		if troubles.Below(4) > 0 {
			return fake.Fine
		}
		// Without the fault that ends a run.
		faults := slices.DeleteFunc(slices.Clone(fake.BatchFaults), func(f fake.BatchFault) bool { return f == fake.Invalid })
		return faults[troubles.Below(len(faults))]
	}
	server := s.Start()
	defer server.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "letters.cue"), []byte(identified), 0o644); err != nil {
		t.Fatal(err)
	}
	var c enrich.Counts
	for runs := 1; ; runs++ {
		if runs > 60 {
			t.Fatal("60 runs did not come to an end")
		}
		out, killed := v.start(t, server.URL, dir)
		if killed || out == nil {
			continue
		}
		if err := json.Unmarshal(out, &c); err != nil {
			t.Fatal(err)
		}
		if c.Total().Unanswered == 0 {
			t.Logf("%d runs, %d of them killed, %d batches", runs, v.kills, s.Batches.Created())
			break
		}
	}
	all := wholeOf(t, c, 3)
	if v.kills < 3 || all.Accepted+all.Cached == 0 {
		t.Errorf("%d kills, %+v", v.kills, all)
	}
	for question := range asked(t, s) {
		if n := s.Served(question); n > 1 {
			t.Errorf("%d answers were paid for to one question:\n%s", n, question)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "journal", "batches", "*.jsonl")); err != nil || len(left) > 0 {
		t.Errorf("files were left: %v", left)
	}
}

// asked returns the user texts of all requests that the server received.
func asked(t *testing.T, s *fake.Server) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, input := range s.Batches.Inputs() {
		for in := bufio.NewScanner(bytes.NewReader(input)); in.Scan(); {
			var l struct {
				Body struct {
					Messages []struct{ Role, Content string }
				}
			}
			if err := json.Unmarshal(in.Bytes(), &l); err != nil {
				t.Fatal(err)
			}
			out[l.Body.Messages[len(l.Body.Messages)-1].Content] = true
		}
	}
	return out
}
