package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/personagen/personagen/engine/job/store"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

const (
	testSpec  = "../../specs/quickstart.cue"
	chunk     = 32768
	testParts = 3
)

func testConfig() run.Config {
	return run.Config{Spec: testSpec, Size: (testParts-1)*chunk + 3000, Formats: []string{"parquet", "csv"}, Version: "test", Workers: 2}
}

var testOptions = Options{Version: "test", Workers: 2}

// stores returns an empty store of each kind.
func stores(t testing.TB) map[string]func() store.Store {
	backend := s3mem.New()
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	buckets := 0
	return map[string]func() store.Store{
		"memory": store.Memory,
		"folder": func() store.Store { return store.Folder(t.TempDir()) },
		"S3": func() store.Store {
			buckets++
			name := fmt.Sprint("bucket", buckets)
			if err := backend.CreateBucket(name); err != nil {
				t.Fatal(err)
			}
			s, err := store.Open("s3://" + name + "/jobs/x")
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
	}
}

// contents reads all objects but the report and temporary files.
func contents(t testing.TB, s store.Store) map[string]string {
	t.Helper()
	all := map[string]string{}
	for o, err := range s.List(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if o.Name == release.ReportFile || isTemporary(o.Name) {
			continue
		}
		data, err := store.ReadAll(context.Background(), s, o.Name, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		all[o.Name] = string(data)
	}
	return all
}

// compare reports the objects that differ.
func compare(t testing.TB, got, want map[string]string) {
	t.Helper()
	for name, text := range want {
		if other, has := got[name]; !has {
			t.Errorf("%s is missing", name)
		} else if other != text {
			t.Errorf("%s differs", name)
		}
	}
	for name := range got {
		if _, has := want[name]; !has {
			t.Errorf("%s is new", name)
		}
	}
}

// outside returns the objects that are not under _job/.
func outside(all map[string]string) map[string]string {
	out := maps.Clone(all)
	maps.DeleteFunc(out, func(name, _ string) bool { return strings.HasPrefix(name, folder) })
	return out
}

// wholeRun returns the files of a run with as many rows per file as a part has.
var wholeRun = sync.OnceValues(func() (map[string]string, error) {
	dir, err := os.MkdirTemp("", "whole-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cfg := testConfig()
	cfg.Out, cfg.RowsPerFile = filepath.Join(dir, "out"), chunk
	if _, err := run.Run(context.Background(), cfg); err != nil {
		return nil, err
	}
	all := map[string]string{}
	err = fs.WalkDir(os.DirFS(cfg.Out), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && name != release.ReportFile {
			data, err := os.ReadFile(filepath.Join(cfg.Out, name))
			all[name] = string(data)
			return err
		}
		return err
	})
	return all, err
})

// step is a step of a job, as an engine starts it.
type step struct {
	name string
	do   func(context.Context, store.Store) error
}

func part(i int) step {
	return step{fmt.Sprint("part ", i), func(ctx context.Context, s store.Store) error {
		_, err := Part(ctx, s, Range{i, i}, testOptions)
		return err
	}}
}

func reduceOf(i int) step {
	return step{fmt.Sprint("reduce ", i), func(ctx context.Context, s store.Store) error {
		_, err := Reduce(ctx, s, Range{i, i}, testOptions)
		return err
	}}
}

var (
	makeNew = step{"new", func(ctx context.Context, s store.Store) error {
		_, err := New(ctx, s, testConfig(), chunk)
		return err
	}}
	commit = step{"commit", func(ctx context.Context, s store.Store) error {
		_, err := Commit(ctx, s, false, testOptions)
		return err
	}}
	verified = step{"commit --verify", func(ctx context.Context, s store.Store) error {
		_, err := Commit(ctx, s, true, testOptions)
		return err
	}}
)

// madeJob makes a job and returns what it holds before and after the commit.
func madeJob(t *testing.T) (before, after map[string]string) {
	t.Helper()
	made := store.Memory()
	for _, step := range steps() {
		if step.name == commit.name {
			before = contents(t, made)
		}
		if err := step.do(context.Background(), made); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
	}
	return before, contents(t, made)
}

// several makes jobs with two reductions.
func several(t testing.TB) {
	t.Helper()
	was := partitionPersons
	partitionPersons = 50_000
	t.Cleanup(func() { partitionPersons = was })
}

func steps() []step {
	return []step{makeNew, part(0), part(1), part(2), reduceOf(0), reduceOf(1), commit}
}

// TestEqualsRun: in any order of the parts and reductions, a job has the bytes of a run.
func TestEqualsRun(t *testing.T) {
	several(t)
	want, err := wholeRun()
	if err != nil {
		t.Fatal(err)
	}
	for name, empty := range stores(t) {
		t.Run(name, func(t *testing.T) {
			s := empty()
			all := steps()
			rand.Shuffle(3, func(i, k int) { all[1+i], all[1+k] = all[1+k], all[1+i] })
			rand.Shuffle(2, func(i, k int) { all[4+i], all[4+k] = all[4+k], all[4+i] })
			for _, step := range all {
				if err := step.do(context.Background(), s); err != nil {
					t.Fatalf("%s: %v", step.name, err)
				}
			}
			compare(t, outside(contents(t, s)), want)
			state, err := Status(context.Background(), s)
			if err != nil || !state.Committed || state.Done != testParts || state.Reduced != 2 {
				t.Errorf("got state %+v and %v", state, err)
			}
			// Everything again changes nothing.
			before := contents(t, s)
			for _, step := range all[1:] {
				if err := step.do(context.Background(), s); err != nil {
					t.Fatalf("%s again: %v", step.name, err)
				}
			}
			compare(t, contents(t, s), before)
			if _, err := Sweep(context.Background(), s, false, testOptions); err != nil {
				t.Fatal(err)
			}
			compare(t, outside(contents(t, s)), want)
		})
	}
}

// faulty is a store of a process that ends at one of its operations, or that damages what
// passes.
type faulty struct {
	store.Store
	mu    sync.Mutex
	left  int  // operations until the end, or forever
	after bool // the last operation is done, and its answer lost
	flip  func(name string, data []byte, reading bool)
}

const forever = -1

var errEnded = errors.New("the process has ended")

// call does an operation unless the process has ended.
func (f *faulty) call(do func() error) error {
	f.mu.Lock()
	left := f.left
	if left > 0 {
		f.left--
	}
	f.mu.Unlock()
	switch {
	case left == forever || left > 1:
		return do()
	case left == 1 && f.after:
		if err := do(); err != nil {
			return err
		}
	}
	return errEnded
}

func (f *faulty) Put(ctx context.Context, name string, from io.ReadSeeker, size int64) error {
	return f.call(func() error { return f.Store.Put(ctx, name, f.damaged(name, from), size) })
}

func (f *faulty) PutIfAbsent(ctx context.Context, name string, from io.ReadSeeker, size int64) error {
	return f.call(func() error { return f.Store.PutIfAbsent(ctx, name, f.damaged(name, from), size) })
}

func (f *faulty) damaged(name string, from io.ReadSeeker) io.ReadSeeker {
	if f.flip == nil {
		return from
	}
	data, _ := io.ReadAll(from)
	f.flip(name, data, false)
	return bytes.NewReader(data)
}

func (f *faulty) Get(ctx context.Context, name string) (in io.ReadCloser, err error) {
	err = f.call(func() error {
		in, err = f.Store.Get(ctx, name)
		return err
	})
	if err == nil && f.flip != nil {
		data, _ := io.ReadAll(in)
		in.Close()
		f.flip(name, data, true)
		in = io.NopCloser(bytes.NewReader(data))
	}
	return in, err
}

func (f *faulty) Range(ctx context.Context, name string, at, n int64) (data []byte, err error) {
	err = f.call(func() error {
		data, err = f.Store.Range(ctx, name, at, n)
		return err
	})
	if err == nil && f.flip != nil {
		f.flip(name, data, true)
	}
	return data, err
}

func (f *faulty) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	if err := f.call(func() error { return nil }); err != nil {
		return func(yield func(store.Object, error) bool) { yield(store.Object{}, err) }
	}
	return f.Store.List(ctx, prefix)
}

func (f *faulty) Remove(ctx context.Context, name string) error {
	return f.call(func() error { return f.Store.Remove(ctx, name) })
}

// TestKilledAnywhere ends the process at every operation on the store, before it and after
// it. The step that is started again does the rest, and the store is as if nothing had
// happened.
func TestKilledAnywhere(t *testing.T) {
	several(t)
	for name, empty := range stores(t) {
		t.Run(name, func(t *testing.T) {
			before := map[string]string{}
			for _, step := range steps() {
				reference := filled(t, empty(), before)
				if err := step.do(context.Background(), reference); err != nil {
					t.Fatalf("%s: %v", step.name, err)
				}
				want := contents(t, reference)
				// The operations of a part do not depend on its number; the last is small.
				for ends, at := step.name == part(0).name || step.name == part(1).name, 1; !ends; at++ {
					if name != "memory" && at%9 != 1 {
						continue // the protocol is the same, and these take longer
					}
					for _, after := range []bool{false, true} {
						s := filled(t, empty(), before)
						dying := &faulty{Store: s, left: at, after: after}
						err := step.do(context.Background(), dying)
						if ends = err == nil; ends {
							break // there are not so many operations
						}
						if !errors.Is(err, errEnded) {
							t.Fatalf("%s, ended at operation %d: %v", step.name, at, err)
						}
						if err := step.do(context.Background(), s); err != nil {
							t.Fatalf("%s again, ended at operation %d (after: %v): %v", step.name, at, after, err)
						}
						compare(t, contents(t, s), want)
						if t.Failed() {
							t.Fatalf("%s, ended at operation %d (after: %v)", step.name, at, after)
						}
					}
				}
				before = want
			}
		})
	}
}

// filled puts objects into an empty store.
func filled(t testing.TB, s store.Store, all map[string]string) store.Store {
	t.Helper()
	for name, text := range all {
		if err := s.Put(context.Background(), name, strings.NewReader(text), int64(len(text))); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestRacingAttempts: attempts at the same step at the same time do no harm.
func TestRacingAttempts(t *testing.T) {
	several(t)
	want, err := wholeRun()
	if err != nil {
		t.Fatal(err)
	}
	for name, empty := range stores(t) {
		t.Run(name, func(t *testing.T) {
			s := empty()
			for _, step := range steps() {
				var all sync.WaitGroup
				for range 3 {
					all.Go(func() {
						if err := step.do(context.Background(), s); err != nil {
							t.Errorf("%s: %v", step.name, err)
						}
					})
				}
				all.Wait()
			}
			compare(t, outside(contents(t, s)), want)
		})
	}
}

// TestFlippedBit: a bit that changes on the way to the store, in it or on the way back is
// found before the receipt, and another attempt succeeds.
func TestFlippedBit(t *testing.T) {
	s := store.Memory()
	if err := makeNew.do(context.Background(), s); err != nil {
		t.Fatal(err)
	}
	sealed := contents(t, s)
	want, err := wholeRun()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"data/train-00001-of-00003.parquet", "csv/train-00001-of-00003.csv", findingsName(1), fingerprintName(1), receiptName(1)} {
		for _, reading := range []bool{false, true} {
			s := filled(t, store.Memory(), sealed)
			flipped := false
			lying := &faulty{Store: s, left: forever, flip: func(of string, data []byte, read bool) {
				if of == name && read == reading && !flipped {
					flipped = true
					data[len(data)/2] ^= 4
				}
			}}
			err := part(1).do(context.Background(), lying)
			if err == nil || errors.Is(err, ErrDiffers) || !flipped {
				t.Errorf("%s: got error %v", name, err)
			}
			if has, _ := (&session{store: s}).has(context.Background(), receiptName(1)); has {
				t.Errorf("%s: the part has a receipt", name)
			}
			if err := part(1).do(context.Background(), s); err != nil {
				t.Errorf("%s: the next attempt fails: %v", name, err)
			}
			if got := contents(t, s); strings.HasPrefix(name, "data") && got[name] != want[name] {
				t.Errorf("%s differs", name)
			}
		}
	}
}

// TestChangedObjects: what others have changed is told, and nothing wrong is committed.
func TestChangedObjects(t *testing.T) {
	several(t)
	before, after := madeJob(t)
	const file = "data/train-00001-of-00003.parquet"
	flip := func(s string) string { b := []byte(s); b[len(b)/2] ^= 1; return string(b) }
	for _, c := range []struct {
		name   string
		change func(all map[string]string)
		do     step
		want   error
	}{
		{"a file of a part that another program made", func(all map[string]string) {
			delete(all, receiptName(1))
			all[file] = flip(all[file])
		}, part(1), ErrDiffers},
		{"findings changed", func(all map[string]string) {
			delete(all, reducedName(0))
			all[findingsName(0)] = flip(all[findingsName(0)])
		}, reduceOf(0), ErrDiffers},
		{"fingerprints changed", func(all map[string]string) {
			delete(all, reducedName(0))
			b := []byte(all[fingerprintName(2)])
			b[3000] ^= 1
			all[fingerprintName(2)] = string(b)
		}, reduceOf(0), ErrDiffers},
		{"joined findings changed", func(all map[string]string) { all[joinedName(1)] = flip(all[joinedName(1)]) }, commit, ErrDiffers},
		{"a bit of a file changed", func(all map[string]string) { all[file] = flip(all[file]) }, verified, ErrDiffers},
		{"a file cut short", func(all map[string]string) { all[file] = all[file][:1000] }, commit, ErrDiffers},
		{"a file too many", func(all map[string]string) { all["data/train-00009-of-00003.parquet"] = "x" }, commit, ErrDiffers},
		{"a file missing", func(all map[string]string) { delete(all, file) }, commit, ErrIncomplete},
		{"a receipt missing", func(all map[string]string) { delete(all, receiptName(2)) }, commit, ErrIncomplete},
		{"a reduction missing", func(all map[string]string) { delete(all, reducedName(1)) }, commit, ErrIncomplete},
		{"the receipt of another part", func(all map[string]string) { all[receiptName(2)] = all[receiptName(1)] }, commit, ErrSealed},
		{"a receipt that is none", func(all map[string]string) { all[receiptName(2)] = "{" }, commit, ErrSealed},
		{"the plan changed", func(all map[string]string) { all[bundleFile] = flip(all[bundleFile]) }, commit, ErrSealed},
		{"the job changed", func(all map[string]string) {
			all[jobFile] = strings.Replace(all[jobFile], `"parts": 3`, `"parts": 2`, 1)
		}, commit, ErrSealed},
		{"the seed changed", func(all map[string]string) {
			all[jobFile] = strings.Replace(all[jobFile], `"seed": `, `"seed": 1`, 1)
		}, commit, ErrSealed},
		{"no formats", func(all map[string]string) {
			from := strings.Index(all[jobFile], `"formats": [`)
			to := from + strings.Index(all[jobFile][from:], "]") + 1
			all[jobFile] = all[jobFile][:from] + `"formats": null` + all[jobFile][to:]
		}, commit, ErrSealed},
		{"a document after the job", func(all map[string]string) { all[jobFile] += "{}" }, commit, ErrSealed},
		{"the fingerprints of another part", func(all map[string]string) {
			delete(all, reducedName(0))
			all[fingerprintName(1)] = all[fingerprintName(0)]
		}, reduceOf(0), ErrDiffers},
		{"the receipt of another job", func(all map[string]string) {
			all[receiptName(2)] = strings.Replace(all[receiptName(2)], `"job": "`, `"job": "0`, 1)
		}, commit, ErrSealed},
		{"fewer persons compared", func(all map[string]string) {
			all[reducedName(0)] = strings.Replace(all[reducedName(0)], `"compared": `, `"compared": 1`, 1)
		}, commit, nil},
	} {
		all := maps.Clone(before)
		c.change(all)
		s := filled(t, store.Memory(), all)
		err := c.do.do(context.Background(), s)
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: got error %v, want %v", c.name, err, c.want)
		}
		if has, _ := (&session{store: s}).has(context.Background(), release.ManifestFile); has {
			t.Errorf("%s: there is a manifest", c.name)
		}
	}
	// A missing file is made again.
	all := maps.Clone(before)
	delete(all, file)
	s := filled(t, store.Memory(), all)
	if err := errors.Join(part(1).do(context.Background(), s), commit.do(context.Background(), s)); err != nil {
		t.Fatal(err)
	}
	compare(t, contents(t, s), after)
}

// TestAnotherVersion: parts by another version of the program are refused.
func TestAnotherVersion(t *testing.T) {
	s := store.Memory()
	if err := makeNew.do(context.Background(), s); err != nil {
		t.Fatal(err)
	}
	if _, err := Part(context.Background(), s, Range{0, 0}, Options{Version: "other"}); !errors.Is(err, ErrSealed) {
		t.Errorf("got %v", err)
	}
}

// TestSweepUnfinished removes what killed attempts have left, and no more.
func TestSweepUnfinished(t *testing.T) {
	dir := t.TempDir()
	s := store.Folder(dir)
	for _, step := range []step{makeNew, part(0)} {
		if err := step.do(context.Background(), s); err != nil {
			t.Fatal(err)
		}
	}
	want := contents(t, s)
	if _, err := Sweep(context.Background(), s, false, testOptions); !errors.Is(err, run.ErrUsage) {
		t.Errorf("a sweep of a job that is not committed: got %v", err)
	}
	if err := part(1).do(context.Background(), &faulty{Store: s, left: 7}); !errors.Is(err, errEnded) {
		t.Fatalf("got %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(store.TemporaryFolder), "put-1"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	swept, err := Sweep(context.Background(), s, true, testOptions)
	if err != nil || swept.Objects < 2 {
		t.Errorf("got %+v and %v", swept, err)
	}
	compare(t, contents(t, s), want)
	if left, _ := os.ReadDir(filepath.Join(dir, filepath.FromSlash(store.TemporaryFolder))); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestSweepDamaged: what was changed after it was made can be made again.
func TestSweepDamaged(t *testing.T) {
	several(t)
	before, want := madeJob(t)
	for _, all := range []map[string]string{before, want} {
		for _, name := range []string{"csv/train-00001-of-00003.csv", findingsName(1), fingerprintName(1), receiptName(1), joinedName(1), reducedName(1)} {
			for change, data := range map[string]string{"flipped": all[name][:50] + string([]byte{all[name][50] ^ 1}) + all[name][51:], "cut": all[name][:60]} {
				t.Run(name+" "+change, func(t *testing.T) {
					damaged := maps.Clone(all)
					damaged[name] = data
					s := filled(t, store.Memory(), damaged)
					if swept, err := Sweep(context.Background(), s, true, testOptions); err != nil || swept.Objects == 0 {
						t.Fatalf("swept %+v, error %v", swept, err)
					}
					state, err := Status(context.Background(), s)
					if err != nil || state.Done == testParts && state.Reduced == state.Reductions || state.Committed && strings.HasPrefix(name, "csv/") {
						t.Errorf("the job is said to be whole: %+v, error %v", state, err)
					}
					for _, step := range steps() {
						if err := step.do(context.Background(), s); err != nil {
							t.Fatalf("%s: %v", step.name, err)
						}
					}
					compare(t, contents(t, s), want)
				})
			}
		}
	}
}

// TestMadeAgainAfterSweep: a job that was swept can be made again from its plan.
func TestMadeAgainAfterSweep(t *testing.T) {
	several(t)
	_, want := madeJob(t)
	s := filled(t, store.Memory(), want)
	if _, err := Sweep(context.Background(), s, false, testOptions); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(context.Background(), release.ManifestFile); err != nil {
		t.Fatal(err)
	}
	if _, err := Commit(context.Background(), s, false, testOptions); !errors.Is(err, ErrIncomplete) || !strings.Contains(err.Error(), "make it again with job part") {
		t.Errorf("got %v", err)
	}
	for _, step := range steps() {
		if err := step.do(context.Background(), s); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
	}
	compare(t, contents(t, s), want)
}

// careless is a store that puts an object whether there is one or not.
type careless struct{ store.Store }

func (s careless) PutIfAbsent(ctx context.Context, name string, from io.ReadSeeker, size int64) error {
	return s.Put(ctx, name, from, size)
}

// TestCarelessStore: a store that breaks its promise has no job.
func TestCarelessStore(t *testing.T) {
	s := careless{store.Memory()}
	if err := makeNew.do(context.Background(), s); !errors.Is(err, store.ErrUnfit) || !strings.Contains(err.Error(), "If-None-Match") {
		t.Errorf("got %v", err)
	}
	if _, err := Read(context.Background(), s); !errors.Is(err, run.ErrUsage) {
		t.Errorf("got %v, want no job", err)
	}
}

func TestRanges(t *testing.T) {
	for _, c := range []struct {
		numbers []int
		want    []string
	}{{nil, []string{}}, {[]int{3}, []string{"3"}}, {[]int{1, 2, 4, 7, 8, 9, 9}, []string{"1..2", "4", "7..9"}}} {
		if got := rangeList(c.numbers); !slices.Equal(got, c.want) {
			t.Errorf("%v: got %q, want %q", c.numbers, got, c.want)
		}
	}
}

// TestTemporaryFolders: a step leaves nothing behind, and removes what killed steps have left,
// but nothing of steps that go on; a folder that cannot be used is a fault of the command.
func TestTemporaryFolders(t *testing.T) {
	s := store.Memory()
	if err := makeNew.do(context.Background(), s); err != nil {
		t.Fatal(err)
	}
	o := testOptions
	o.Temp = t.TempDir()
	killed, held, err := makeTemp(o.Temp)
	if err != nil || held == nil {
		t.Skipf("no locks here: %v", err)
	}
	going, other, err := makeTemp(o.Temp)
	if err != nil {
		t.Fatal(err)
	}
	held.Close() // as the system does when a process ends
	if err := os.WriteFile(filepath.Join(killed, "rows"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	makeParts(t, s, o, Range{2, 2})
	left, err := os.ReadDir(o.Temp)
	if err != nil || len(left) != 2 || left[0].Name() != filepath.Base(going) {
		t.Errorf("left %v, %v; want %s with its lock", left, err, going)
	}
	other.Release()
	file := filepath.Join(o.Temp, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, o.Temp = range []string{filepath.Join(o.Temp, "none"), file} {
		if _, err := Part(context.Background(), s, Range{2, 2}, o); !errors.Is(err, run.ErrUsage) || !strings.Contains(err.Error(), "choose another folder with --temp") {
			t.Errorf("%s: got %v", o.Temp, err)
		}
	}
}
