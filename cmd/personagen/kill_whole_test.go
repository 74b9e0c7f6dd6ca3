//go:build slow

package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/personagen/personagen/engine/endpoint/fake"
	"github.com/personagen/personagen/engine/journal"
)

// inFlight is how many requests a run of TestKillWholeRuns has at most in flight.
const inFlight = 12

// mostKills is how many runs of a life are killed at most.
const mostKills = 25

// A life is a release that is begun again and again until a run finishes.
type life struct {
	*islandRun
	name  string
	batch bool
	args  []string

	server *fake.Server
	mu     sync.Mutex
	asked  map[string]bool // user texts that the server received
	have   map[journal.Key]string
	older  map[string]string // the release that stands in the target's place; nil for none
}

// begin starts a run of the life.
func (l *life) begin() (*exec.Cmd, *strings.Builder) {
	l.t.Helper()
	path, err := exec.LookPath("personagen")
	if err != nil {
		l.t.Fatal(err)
	}
	output := &strings.Builder{}
	c := exec.Command(path, append([]string{"run", l.spec, "--provider", "openai", "--base-url", l.url, "--key-var", "ISLAND_KEY", "--yes",
		"-o", filepath.Join(l.dir, l.name), "--cache", filepath.Join(l.dir, "cache"), "--json"}, l.args...)...)
	c.Stdout, c.Stderr = output, output
	c.Env = append(os.Environ(), "ISLAND_KEY="+secret)
	if err := c.Start(); err != nil {
		l.t.Fatal(err)
	}
	return c, output
}

// instants are the files whose appearance is worth a kill: with parts of the names of
// the release and of its folder.
var instants = []string{"", "", "", "NAME.journal/*.log", "NAME.journal.batches/*.jsonl", "NAME.journal.batches/*.output.jsonl", ".NAME.partial-*", ".NAME.partial-*/data/train-00000-of-00001.parquet",
	".NAME.partial-*/README.md", ".NAME.partial-*/manifest.json", ".NAME.partial-*/manifest.json", ".NAME.partial-*.old", ".NAME.partial-*.old", "cache/.entry-*", "cache/*", "NAME.export/*"}

// killAt kills a process a moment after a file appears, or after some of the time that
// a calm run takes. It reports whether it was in time, and whether a run that was not
// killed finished: the faults of the server may be too many for it.
func (l *life) killAt(c *exec.Cmd, output *strings.Builder, instant string, after time.Duration) (killed, finished bool) {
	l.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	watched := make(chan struct{})
	stop := make(chan struct{})
	go func() {
		defer close(watched)
		pattern := filepath.Join(l.dir, filepath.FromSlash(strings.ReplaceAll(instant, "NAME", l.name)))
		known, _ := filepath.Glob(pattern)
		for instant != "" {
			found, _ := filepath.Glob(pattern)
			if slices.ContainsFunc(found, func(path string) bool { return !slices.Contains(known, path) }) {
				break
			}
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Microsecond):
			}
		}
		select {
		case <-stop:
		case <-time.After(after):
			c.Process.Kill()
		}
	}()
	err := <-ended
	close(stop)
	<-watched
	switch c.ProcessState.ExitCode() {
	case 0:
		return false, true
	case -1:
		return true, false
	case exitEndpoint:
		return false, false
	}
	l.t.Fatalf("a run of %s ended by itself: %v\n%s", l.name, err, output)
	return false, false
}

// state says what stands in the target's place: "none", "older", "new", or "hidden" if
// the older one waits under a hidden name for the next run.
func (l *life) state(calm map[string]string) string {
	l.t.Helper()
	same := func(got, want map[string]string) bool {
		for name, data := range want {
			if _, ok := got[name]; !ok || name != "manifest.json" && name != "report.html" && got[name] != data {
				return false
			}
		}
		return len(got) == len(want)
	}
	if _, err := os.Stat(filepath.Join(l.dir, l.name)); err != nil {
		if l.older == nil {
			return "none"
		}
		hidden, _ := filepath.Glob(filepath.Join(l.dir, "."+l.name+".partial-*.old"))
		if len(hidden) == 1 && same(l.release(filepath.Base(hidden[0])), l.older) {
			return "hidden"
		}
		l.t.Errorf("%s: the older release is lost", l.name)
		return "lost"
	}
	got := l.release(l.name)
	switch {
	case l.older != nil && same(got, l.older):
		return "older"
	case same(got, calm):
		return "new"
	}
	l.t.Errorf("%s is neither the older release nor the new one", l.name)
	return "torn"
}

// again counts the answers that the server gave to a question that it had answered.
func (l *life) again() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for question := range l.asked {
		if strings.HasPrefix(question, "P") { // of a person, not of the probe
			n += max(0, l.server.Served(question)-1)
		}
	}
	return n
}

// keep requires that no record of the journal is lost or changed.
func (l *life) keep() {
	l.t.Helper()
	now := l.records(l.name)
	for key, value := range l.have {
		if now[key] != value {
			l.t.Fatalf("%s: an accepted answer %q became %q", l.name, value, now[key])
		}
	}
	l.have = now
}

// TestKillWholeRuns kills whole runs, with texts asked one by one and in batches, at
// random moments and when certain files appear: the journal, the files of a batch, an
// entry of the cache, the draft of the release, its manifest, the older release that is
// replaced. After each kill the target is the older or the new release, and nothing
// accepted is lost; in the end the release has the bytes of a calm run, and no more is
// paid for twice than was in flight. PERSONAGEN_TRIALS is the number of kills.
func TestKillWholeRuns(t *testing.T) {
	trials := 30
	if text := os.Getenv("PERSONAGEN_TRIALS"); text != "" {
		var err error
		if trials, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	base := &islandRun{t: t, dir: t.TempDir()}
	base.spec = filepath.Join(base.dir, "island.cue")
	small := strings.Replace(island, "size: 400", "size: 90", 1)
	small = strings.Replace(small, "fields: {", "tables: {hue: {over: [\"hue\"], percent: {red: 30, green: 70}}}\nfields: {", 1)
	if err := os.WriteFile(base.spec, []byte(small), 0o644); err != nil {
		t.Fatal(err)
	}
	birth := func(name string, batch bool, seed uint64) (*life, func()) {
		l := &life{islandRun: &islandRun{t: t, dir: base.dir, spec: base.spec}, name: name, batch: batch, asked: map[string]bool{}, have: map[journal.Key]string{}}
		l.args = []string{"--workers-in-flight", fmt.Sprint(inFlight)}
		if batch {
			l.args = []string{"--mode", "batch", "--batch-requests", "40", "--poll-every", "10ms"}
		}
		if !batch && seed%2 == 0 {
			l.args = append(l.args, "--export-journal", filepath.Join(base.dir, name+".export"))
		}
		l.server = &fake.Server{Latency: 5 * time.Millisecond, RetryAfter: 2 * time.Millisecond, Number: islander,
			Faults: fake.Random(seed, 0.1, fake.RateLimitAfter, fake.CodeFence, fake.WrongTypes, fake.Length, fake.ServerError),
			Seen: func(body map[string]json.RawMessage, _ http.Header) {
				var messages []struct{ Role, Content string }
				if json.Unmarshal(body["messages"], &messages) == nil && len(messages) > 0 {
					l.mu.Lock()
					l.asked[messages[len(messages)-1].Content] = true
					l.mu.Unlock()
				}
			}}
		l.server.Batches.Delay = 20 * time.Millisecond
		web := l.server.Start()
		l.url = web.URL + "/v1"
		return l, web.Close
	}
	calm, took := map[bool]map[string]string{}, map[bool]time.Duration{}
	for _, batch := range []bool{false, true} {
		l, end := birth(fmt.Sprint("calm-", batch), batch, 1)
		start := time.Now()
		c, output := l.begin()
		if err := c.Wait(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		calm[batch], took[batch] = l.release(l.name), time.Since(start)
		end()
	}
	l, end := birth("older", false, 1)
	l.args = append(l.args, "-n", "60")
	if c, output := l.begin(); c.Wait() != nil {
		t.Fatal(output)
	}
	end()
	older := l.release("older")
	random := rand.New(rand.NewPCG(21, 22))
	kills, lives, again, states, at := 0, 0, 0, map[string]int{}, map[string]int{}
	for kills < trials {
		batch := lives%2 == 1
		l, end := birth(fmt.Sprint("life-", lives), batch, uint64(lives))
		if lives%4 >= 2 { // it replaces an older release, of fewer persons
			l.older = older
			if err := os.CopyFS(filepath.Join(base.dir, l.name), os.DirFS(filepath.Join(base.dir, "older"))); err != nil {
				t.Fatal(err)
			}
		}
		mine := 0
		// One run after the release is complete replaces it, with every text in the journal.
		for finished := 0; finished < 2; {
			instant := instants[random.IntN(len(instants))]
			after := time.Duration(random.Int64N(int64(8 * time.Millisecond)))
			switch {
			case instant == "":
				after = time.Duration(random.Int64N(int64(took[batch] * 5 / 4)))
			case random.IntN(3) == 0:
				after *= 10
			}
			if err := os.RemoveAll(filepath.Join(base.dir, l.name+".export")); err != nil { // a run refuses to write over answers
				t.Fatal(err)
			}
			c, output := l.begin()
			if mine >= mostKills {
				instant, after = "", time.Hour
			}
			killed, whole := l.killAt(c, output, instant, after)
			if killed {
				mine++
				kills++
				at[instant]++
				states[l.state(calm[batch])]++
			} else if whole {
				finished++
				if got := l.state(calm[batch]); got != "new" {
					l.compare(fmt.Sprint("calm-", batch), l.name)
					t.Errorf("%s: after a run that finished the release is %q", l.name, got)
				}
				l.older = nil
			}
			if text := output.String(); strings.Contains(text, "cached result") {
				t.Errorf("%s: %s", l.name, text)
			} else if strings.Contains(text, secret) {
				t.Errorf("%s shows the key", l.name)
			}
			l.keep()
			if random.IntN(4) == 0 {
				os.RemoveAll(filepath.Join(base.dir, "cache"))
			}
		}
		n := l.again()
		if again += n; n > mine*inFlight || batch && n > 0 {
			t.Errorf("%s: %d answers were paid for again after %d kills", l.name, n, mine)
		}
		if left, _ := filepath.Glob(filepath.Join(base.dir, "."+l.name+".partial-*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		end()
		if lives++; lives%10 == 0 {
			t.Logf("%d kills in %d lives, %d answers paid for twice, the target: %v", kills, lives, again, states)
		}
	}
	t.Logf("%d kills in %d lives, at %v", kills, lives, at)
	t.Logf("the target after the kills: %v", states)
	t.Logf("%d answers were paid for twice, %.2f a kill, with %d in flight", again, float64(again)/float64(kills), inFlight)
	base.noSecret()
}
