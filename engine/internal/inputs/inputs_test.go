package inputs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// folder has a spec's folder, own, beside a folder with a secret.
func folder(t *testing.T) (base, own string) {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	own = filepath.Join(base, "own")
	for name, text := range map[string]string{
		"secret/key": "s", "own/a.csv": "a", "own/in/b.csv": "b", "own/.env": "e", "own/.git/config": "g",
	} {
		path := filepath.Join(base, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"inner": "in/b.csv", "outer": "../secret/key", "folder": "../secret", "zero": "/dev/zero", "loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(own, name)); err != nil {
			t.Skip(err)
		}
	}
	return base, own
}

func open(t *testing.T, own string, allowed ...string) *FS {
	t.Helper()
	f, err := New([]string{own}, allowed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestReadStaysWithinTheFolder(t *testing.T) {
	base, own := folder(t)
	f := open(t, own)
	for name, want := range map[string]error{
		"own/a.csv": nil, "own/in/b.csv": nil, "own/inner": nil,
		"own/outer": ErrOutside, "own/folder/key": ErrOutside, "own/zero": ErrOutside, "secret/key": ErrOutside,
		"own/.env": ErrHidden, "own/.git/config": ErrHidden, "own/in": ErrIrregular, "own/none": fs.ErrNotExist,
	} {
		_, err := f.Read(filepath.Join(base, name))
		if !errors.Is(err, want) {
			t.Errorf("Read(%s): got error %v, want %v", name, err, want)
		}
	}
	if _, err := f.Read(filepath.Join(own, "loop")); err == nil {
		t.Error("a link to itself was read")
	}
	for _, device := range []string{"/dev/zero", "/proc/self/environ"} {
		if _, err := f.Read(device); !errors.Is(err, ErrOutside) {
			t.Errorf("Read(%s): got error %v, want %v", device, err, ErrOutside)
		}
	}
	r := f.Record()
	if got := len(r.Opened); got != 3 {
		t.Errorf("got %d opened files, want 3: %v", got, r.Opened)
	}
	if !r.Missed[Name(filepath.Join(own, "none"))] {
		t.Errorf("the missing file is not recorded: %v", r.Missed)
	}
}

func TestAllowedFoldersHaveAllTheirFiles(t *testing.T) {
	base, own := folder(t)
	f := open(t, own, filepath.Join(base, "secret"), filepath.Join(own, ".git"))
	for _, name := range []string{"secret/key", "own/.git/config"} {
		if _, err := f.Read(filepath.Join(base, name)); err != nil {
			t.Errorf("Read(%s): %v", name, err)
		}
	}
	if _, err := f.Read("/dev/zero"); !errors.Is(err, ErrOutside) {
		t.Errorf("got error %v, want %v", err, ErrOutside)
	}
	if runtime.GOOS == "linux" {
		if _, err := open(t, own, "/dev").Read("/dev/zero"); !errors.Is(err, ErrIrregular) {
			t.Errorf("got error %v, want %v", err, ErrIrregular)
		}
	}
}

// CUE opens every file of a folder that it lists.
func TestListsLeaveOutWhatMayNotBeRead(t *testing.T) {
	_, own := folder(t)
	f := open(t, own)
	f.Overlay(filepath.Join(own, "cue.mod", "module.cue"), []byte("module: \"x.local\"\n"))
	var got []string
	for _, e := range f.List(own) {
		got = append(got, e.Name())
	}
	if want := []string{"a.csv", "cue.mod", "in", "inner"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	data, err := fs.ReadFile(f, Name(filepath.Join(own, "cue.mod", "module.cue")))
	if err != nil || string(data) != "module: \"x.local\"\n" {
		t.Errorf("the overlay reads as %q, %v", data, err)
	}
}

// A spec in the home folder must not read keys and mail.
func TestASpecInTheHomeFolderReadsOnlyWhatIsBesideIt(t *testing.T) {
	_, own := folder(t)
	t.Setenv("HOME", own)
	f := open(t, own)
	if _, err := f.Read(filepath.Join(own, "a.csv")); err != nil {
		t.Error(err)
	}
	if _, err := f.Read(filepath.Join(own, "in", "b.csv")); !errors.Is(err, ErrPlainHome) {
		t.Errorf("got error %v, want %v", err, ErrPlainHome)
	}
}

func TestLargeFilesAreRefusedUnread(t *testing.T) {
	_, own := folder(t)
	big := filepath.Join(own, "big.csv")
	h, err := os.Create(big)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Truncate(MaxBytes + 1); err != nil { // sparse
		t.Skip(err)
	}
	h.Close()
	if _, err := open(t, own).Read(big); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got error %v, want %v", err, ErrTooLarge)
	}
}

func FuzzNames(f *testing.F) {
	for _, name := range []string{"own/a.csv", "../own/a.csv", "own/../secret/key", "/etc/passwd", "own/outer", "own/folder/key"} {
		f.Add(name)
	}
	base := f.TempDir()
	if real, err := filepath.EvalSymlinks(base); err == nil {
		base = real
	}
	own := filepath.Join(base, "own")
	if err := os.Mkdir(own, 0o755); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(base, "key"), []byte("secret"), 0o644); err != nil {
		f.Fatal(err)
	}
	os.Symlink("../key", filepath.Join(own, "outer"))
	files, err := New([]string{own}, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string) {
		for _, path := range []string{name, filepath.Join(own, name)} {
			if data, err := files.Read(path); err == nil && string(data) == "secret" {
				t.Errorf("Read(%q) left the folder", path)
			}
		}
		if data, err := fs.ReadFile(files, name); err == nil && string(data) == "secret" {
			t.Errorf("ReadFile(%q) left the folder", name)
		}
	})
}
