package release

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/plan"
)

// faultyFS records what Publish does and fails at one step.
type faultyFS struct {
	osFS
	root  string
	steps []string
	fail  string // the step that fails; "" for none
}

var errDisk = errors.New("the disk fails")

func (f *faultyFS) step(verb, path string) error {
	name, _ := filepath.Rel(f.root, path)
	if strings.HasPrefix(name, ".out.partial-") {
		name = "draft" + map[bool]string{true: ".old"}[strings.HasSuffix(name, replacedSuffix)]
	}
	step := verb + " " + name
	f.steps = append(f.steps, step)
	if step == f.fail {
		return errDisk
	}
	return nil
}

func (f *faultyFS) rename(from, to string) error {
	if err := f.step("rename", from); err != nil {
		return err
	}
	return f.osFS.rename(from, to)
}

func (f *faultyFS) removeAll(path string) error {
	if err := f.step("remove", path); err != nil {
		return err
	}
	return f.osFS.removeAll(path)
}

func (f *faultyFS) syncDir(dir string) error {
	if err := f.step("sync", dir); err != nil {
		return err
	}
	return f.osFS.syncDir(dir)
}

// The folder is synced before it gets its name, and its parent before the older
// release is removed; when that fails, the older release stays on the disk.
func TestPublishSyncsBeforeItRemoves(t *testing.T) {
	whole := []string{"sync draft", "rename out", "rename draft", "sync .", "remove draft.old"}
	for _, fail := range []string{"", "sync draft", "sync .", "rename draft"} {
		root := t.TempDir()
		target := filepath.Join(root, "out")
		draft := filepath.Join(root, ".out.partial-1")
		for _, dir := range []string{target, draft} {
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, ManifestFile), []byte(`{"format":1,"name":"sea","version":"`+filepath.Base(dir)+`"}`), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p := &plan.Plan{Name: "sea"}
		f := &faultyFS{root: root, fail: fail}
		d := &Draft{fs: f, options: Options{Plan: p}, target: target, dir: draft, suite: check.New(p, check.Options{})}
		_, err := d.Publish()
		d.Discard()
		if (err != nil) != (fail != "") {
			t.Fatalf("%q: got error %v", fail, err)
		}
		if fail == "" && !slices.Equal(f.steps, whole) {
			t.Errorf("got %q, want %q", f.steps, whole)
		}
		all, _ := os.ReadDir(root)
		kept := false
		for _, e := range all {
			m, err := ReadManifest(filepath.Join(root, e.Name()))
			kept = kept || err == nil && m.Version == "out"
		}
		if kept != (fail != "") {
			t.Errorf("%q: the older release is kept: %v", fail, kept)
		}
	}
}
