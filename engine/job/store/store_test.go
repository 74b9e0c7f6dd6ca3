package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

func put(s Store, name, text string) error {
	return s.Put(context.Background(), name, strings.NewReader(text), int64(len(text)))
}

func putIfAbsent(s Store, name, text string) error {
	return s.PutIfAbsent(context.Background(), name, strings.NewReader(text), int64(len(text)))
}

func read(t testing.TB, s Store, name string) string {
	t.Helper()
	data, err := ReadAll(context.Background(), s, name, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// stores returns an empty store of each kind.
func stores(t testing.TB) map[string]Store {
	noLinks := Folder(t.TempDir()).(*folder)
	noLinks.link = func(from, to string) error {
		if err := renameNew(from, to); !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
		return linkNew(from, to)
	}
	return map[string]Store{"memory": Memory(), "folder": Folder(t.TempDir()), "folder without hard links": noLinks, "S3": testS3(t)}
}

func TestStores(t *testing.T) {
	ctx := context.Background()
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			if _, err := s.Get(ctx, "a/none"); !errors.Is(err, ErrAbsent) {
				t.Errorf("Get of nothing: got %v", err)
			}
			if _, err := s.Range(ctx, "a/none", 0, 1); !errors.Is(err, ErrAbsent) {
				t.Errorf("Range of nothing: got %v", err)
			}
			for _, step := range []struct {
				do   func(Store, string, string) error
				text string
				want error
				then string
			}{{putIfAbsent, "first", nil, "first"}, {putIfAbsent, "second", ErrExists, "first"}, {put, "third", nil, "third"}, {putIfAbsent, "fourth", ErrExists, "third"}} {
				if err := step.do(s, "a/b/one", step.text); !errors.Is(err, step.want) {
					t.Fatalf("%s: got error %v, want %v", step.text, err, step.want)
				}
				if got := read(t, s, "a/b/one"); got != step.then {
					t.Errorf("%s: got %q, want %q", step.text, got, step.then)
				}
			}
			if data, err := s.Range(ctx, "a/b/one", 1, 3); string(data) != "hir" || err != nil {
				t.Errorf("Range: got %q and %v", data, err)
			}
			for _, bad := range [][2]int64{{3, 3}, {6, 1}} {
				if data, err := s.Range(ctx, "a/b/one", bad[0], bad[1]); err == nil {
					t.Errorf("Range %v of 5 bytes: got %q", bad, data)
				}
			}
			if err := errors.Join(put(s, "a/b/two", "22"), put(s, "a/c", "c"), put(s, "ab", "x")); err != nil {
				t.Fatal(err)
			}
			for prefix, want := range map[string][]Object{
				"a/b/":   {{"a/b/one", 5}, {"a/b/two", 2}},
				"a/b/tw": {{"a/b/two", 2}},
				"a":      {{"a/b/one", 5}, {"a/b/two", 2}, {"a/c", 1}, {"ab", 1}},
				"z/":     nil,
			} {
				var got []Object
				for o, err := range s.List(ctx, prefix) {
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, o)
				}
				if !slices.Equal(got, want) {
					t.Errorf("List %q: got %v, want %v", prefix, got, want)
				}
			}
			if err := errors.Join(s.Remove(ctx, "a/b/two"), s.Remove(ctx, "a/b/two")); err != nil {
				t.Error(err)
			}
			if _, err := s.Get(ctx, "a/b/two"); !errors.Is(err, ErrAbsent) {
				t.Errorf("after Remove: got %v", err)
			}
			for _, bad := range []string{"", "../x", "/x", "a//b", "a/../../x", `a\b`, "."} {
				if err := put(s, bad, "x"); !errors.Is(err, ErrUnfit) {
					t.Errorf("name %q: got %v", bad, err)
				}
			}
		})
	}
}

// TestRace: of many who put an object that is absent one succeeds, and it is whole.
func TestRace(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			var won atomic.Int32
			var winner atomic.Value
			var all sync.WaitGroup
			for i := range 64 {
				all.Go(func() {
					text := strings.Repeat(fmt.Sprintf("writer %2d ", i), 1000)
					switch err := putIfAbsent(s, "data/one", text); {
					case err == nil:
						won.Add(1)
						winner.Store(text)
					case !errors.Is(err, ErrExists):
						t.Error(err)
					}
				})
			}
			all.Wait()
			if won.Load() != 1 {
				t.Fatalf("%d of 64 writers succeeded", won.Load())
			}
			if read(t, s, "data/one") != winner.Load() {
				t.Error("the object is not that of the writer who succeeded")
			}
		})
	}
}

// TestBrokenOff: what is broken off is not seen, and leaves no temporary file.
func TestBrokenOff(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			failing := struct {
				io.Reader
				io.Seeker
			}{io.MultiReader(strings.NewReader("half"), readError{}), bytes.NewReader(nil)}
			if err := s.PutIfAbsent(context.Background(), "data/one", failing, 8); err == nil {
				t.Error("half an object was put")
			}
			for o, err := range s.List(context.Background(), "") {
				t.Errorf("left behind: %v, %v", o, err)
			}
		})
	}
}

type readError struct{}

func (readError) Read([]byte) (int, error) { return 0, errors.New("broken off") }

// TestNoPromise: a folder where neither links nor renames tell two writers apart is
// refused.
func TestNoPromise(t *testing.T) {
	err := fmt.Errorf("%w", &os.LinkError{Op: "link", Err: syscall.EPERM})
	if !noLinks(err) {
		t.Error("EPERM is not taken for a lack of hard links")
	}
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	if err := errors.Join(os.WriteFile(from, []byte("a"), 0o600), os.WriteFile(to, []byte("b"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := linkNew(from, to); !errors.Is(err, ErrExists) {
		t.Errorf("got %v, want that the name exists", err)
	}
}

// TestUnwritable: a folder that cannot be written to is not tried again.
func TestUnwritable(t *testing.T) {
	for _, cause := range []error{syscall.EROFS, syscall.EACCES} {
		if err := unwritable(&fs.PathError{Op: "mkdir", Path: "x", Err: cause}); !errors.Is(err, ErrUnfit) || !errors.Is(err, cause) {
			t.Errorf("got %v", err)
		}
	}
	if err := unwritable(syscall.ENOSPC); errors.Is(err, ErrUnfit) {
		t.Errorf("got %v", err)
	}
}

func TestAddresses(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
	for address, want := range map[string]string{
		"jobs/x": "jobs/x", "file:///jobs/x": "/jobs/x", "s3://bucket/a/b/": "s3://bucket/a/b/", "s3://bucket": "s3://bucket/",
		"s3://bucket/a b/ü#1%20": "s3://bucket/a b/ü#1%20/", "file:///a%20b": "/a b",
	} {
		s, err := Open(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.String(); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
	for _, bad := range []string{"", "ftp://x/y", "s3:///x", "s3://key:secret@bucket/x", "file://host/x", "s3://bucket/x?y=z",
		"s3://bucket/x?X-Amz-Signature=secret", "https://key:secret@host/bucket", "s3://key:sec/secret@bucket/x", "file:///x#y", "file:///x?secret", "s3://bucket/a/../b", "s3://bucket/a//b", "s3://bucket/a\x00", "s3://B/x"} {
		if s, err := Open(bad); !errors.Is(err, ErrUnfit) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got %v and %v", bad, s, err)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL", "http://key:secret@127.0.0.1:9")
	if _, err := Open("s3://bucket/x"); !errors.Is(err, ErrUnfit) || strings.Contains(err.Error(), "secret") {
		t.Errorf("credentials in AWS_ENDPOINT_URL: got %v", err)
	}
	for address, want := range map[string]string{"s3://bucket/%zz": "s3://bucket/%zz", "file:///a%20b": "/a b", "/a": "/a"} {
		if got, folder, err := Absolute(address); err != nil || got != want || folder != (address[0] != 's') {
			t.Errorf("%s: got %s, %v, %v", address, got, folder, err)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL", "127.0.0.1:9")
	if _, err := Open("s3://bucket/x"); !errors.Is(err, ErrUnfit) {
		t.Errorf("a bad AWS_ENDPOINT_URL: got %v", err)
	}
}
