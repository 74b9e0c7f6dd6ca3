package run_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

func crewSpec(t *testing.T) (spec, dir string) {
	t.Helper()
	dir = t.TempDir()
	spec = filepath.Join(dir, "crew.cue")
	if err := os.WriteFile(spec, []byte(crew), 0o644); err != nil {
		t.Fatal(err)
	}
	return spec, dir
}

// files reads every file of a folder.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		out[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	out[release.ReportFile] = timeless(out[release.ReportFile])
	return out
}

// timeless removes the section of a report that states how long the run took.
func timeless(page string) string {
	before, rest, _ := strings.Cut(page, `<section id="timings"`)
	_, after, _ := strings.Cut(rest, "</section>")
	return before + after
}

func TestReleaseHasTheFilesOfTheManifest(t *testing.T) {
	spec, dir := crewSpec(t)
	s, err := run.Run(context.Background(), run.Config{Spec: spec, Out: filepath.Join(dir, "out"), Size: 70_000})
	if err != nil {
		t.Fatal(err)
	}
	want := append([]string{release.ManifestFile}, s.Manifest.Unhashed...)
	for _, f := range s.Manifest.Files {
		want = append(want, f.Name)
	}
	var got []string
	for name := range files(t, s.Dir) {
		got = append(got, name)
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	left, _ := filepath.Glob(filepath.Join(dir, ".out*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A new release replaces an old one; a run that fails leaves the old one.
func TestOldReleaseStaysUntilTheNewOneIsComplete(t *testing.T) {
	spec, dir := crewSpec(t)
	out := filepath.Join(dir, "out")
	if _, err := run.Run(context.Background(), run.Config{Spec: spec, Out: out, Size: 10}); err != nil {
		t.Fatal(err)
	}
	before := files(t, out)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := run.Run(ctx, run.Config{Spec: spec, Out: out, Size: 300_000, Events: func(e run.Event) {
		if e.Stage == "write" && e.Done > 0 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if d := cmp.Diff(before, files(t, out)); d != "" {
		t.Error(d)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".out*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := run.Run(context.Background(), run.Config{Spec: spec, Out: out, Size: 20}); err != nil {
		t.Fatal(err)
	}
	m, err := release.ReadManifest(out)
	if err != nil || m.Rows != 20 {
		t.Errorf("got %v, %v", m, err)
	}
}

// Neither a file put into the target during a run nor the finished release is lost.
func TestFinishedReleaseIsKeptWhenItsNameIsTaken(t *testing.T) {
	spec, dir := crewSpec(t)
	out, notes := filepath.Join(dir, "out"), filepath.Join(dir, "out", "notes.txt")
	_, err := run.Run(context.Background(), run.Config{Spec: spec, Out: out, Size: 10, Events: func(e run.Event) {
		if e.Stage == "publish" {
			os.Mkdir(out, 0o755)
			os.WriteFile(notes, []byte("mine"), 0o644)
		}
	}})
	if !errors.Is(err, run.ErrUsage) || !strings.Contains(err.Error(), "the finished release is in "+out+"-2") {
		t.Fatalf("got %v", err)
	}
	if text, err := os.ReadFile(notes); err != nil || string(text) != "mine" {
		t.Errorf("got %q, %v", text, err)
	}
	if m, err := release.ReadManifest(out + "-2"); err != nil || m.Rows != 10 {
		t.Errorf("got %v, %v", m, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".out*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestInvalidRequests(t *testing.T) {
	spec, dir := crewSpec(t)
	for name, c := range map[string]run.Config{
		"sampling": {Sampling: "guess"},
		"shard":    {Shard: release.Shard{Index: 4, Of: 3}},
		"format":   {Formats: []string{"xls"}},
		"provider": {Provider: "nobody"},
		"folder":   {Out: dir},
	} {
		t.Run(name, func(t *testing.T) {
			c.Spec = spec
			if c.Out == "" {
				c.Out = filepath.Join(t.TempDir(), "out")
			}
			if _, err := run.Run(context.Background(), c); !errors.Is(err, run.ErrUsage) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Merging the shards of a population gives the bytes of the whole.
func TestShardsMergeToTheWhole(t *testing.T) {
	spec, dir := crewSpec(t)
	size := int64(40_000)
	if _, err := run.Run(context.Background(), run.Config{Spec: spec, Out: filepath.Join(dir, "whole"), Size: size}); err != nil {
		t.Fatal(err)
	}
	var parts []string
	for i := range 3 {
		out := filepath.Join(dir, string(rune('a'+i)))
		parts = append(parts, out)
		if _, err := run.Run(context.Background(), run.Config{Spec: spec, Out: out, Size: size, Shard: release.Shard{Index: i + 1, Of: 3}}); err != nil {
			t.Fatal(err)
		}
	}
	slices.Reverse(parts) // the order of the arguments does not matter
	if _, err := run.Merge(context.Background(), run.MergeConfig{Dirs: parts, Out: filepath.Join(dir, "merged")}); err != nil {
		t.Fatal(err)
	}
	want, got := files(t, filepath.Join(dir, "whole")), files(t, filepath.Join(dir, "merged"))
	for name := range want {
		if want[name] != got[name] {
			t.Errorf("%s differs", name)
		}
	}
	if _, err := run.Merge(context.Background(), run.MergeConfig{Dirs: parts[:2:2][:1], Out: filepath.Join(dir, "one")}); !errors.Is(err, run.ErrUsage) {
		t.Errorf("merging one shard: got %v, want ErrUsage", err)
	}
	if _, err := run.Merge(context.Background(), run.MergeConfig{Dirs: []string{parts[0], parts[2]}, Out: filepath.Join(dir, "gap")}); !errors.Is(err, run.ErrUsage) {
		t.Errorf("merging with a gap: got %v, want ErrUsage", err)
	}
}

// No file has the values of a hidden category. A run, a validation and a merge skip
// the same checks that need them.
func TestHiddenCategory(t *testing.T) {
	spec, dir := crewSpec(t)
	text := strings.Replace(crew, "\twatch:", "\tluck: {kind: \"category\", hidden: true, values: [\"good\", \"bad\"]}\n\twatch:", 1)
	if err := os.WriteFile(spec, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var parts []string
	for i := range 2 {
		out := filepath.Join(dir, string(rune('a'+i)))
		parts = append(parts, out)
		if _, err := run.Run(context.Background(), run.Config{Spec: spec, Out: out, Shard: release.Shard{Index: i + 1, Of: 2}}); err != nil {
			t.Fatal(err)
		}
	}
	whole := filepath.Join(dir, "whole")
	if _, err := run.Run(context.Background(), run.Config{Spec: spec, Out: whole}); err != nil {
		t.Fatal(err)
	}
	if _, err := run.Merge(context.Background(), run.MergeConfig{Dirs: parts, Out: filepath.Join(dir, "merged")}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(files(t, whole), files(t, filepath.Join(dir, "merged"))); d != "" {
		t.Error(d)
	}
	v, err := run.Validate(context.Background(), run.ValidateConfig{Paths: []string{whole}})
	if err != nil {
		t.Fatal(err)
	}
	if v.Result.Counts["skip"] == 0 {
		t.Error("got no skipped check, want those of luck skipped")
	}
}
