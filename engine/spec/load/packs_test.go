package load

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue/cuecontext"
	cueload "cuelang.org/go/cue/load"

	"github.com/personagen/personagen/cue.mod/pkg/personagen.dev/packs"
	"github.com/personagen/personagen/schemas"
)

// TestPacksWithPlainCUE loads every pack as plain CUE does, from the repository, and
// asks for what plain `cue vet` does: no error, and concrete values outside
// definitions.
func TestPacksWithPlainCUE(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(Packs()) < 7 {
		t.Fatalf("got packs %q, want at least 7", Packs())
	}
	for _, pack := range Packs() {
		inst := cueload.Instances([]string{packPath(pack)}, &cueload.Config{Dir: root, Env: []string{"CUE_REGISTRY=none"}})[0]
		if inst.Err != nil {
			t.Errorf("%s: %v", pack, inst.Err)
			continue
		}
		if err := cuecontext.New().BuildInstance(inst).Validate(); err != nil {
			t.Errorf("%s: %v", pack, err)
		}
	}
}

// TestPacksAreDocumented: a pack says what it is, with an example, and every exported
// name has a comment.
func TestPacksAreDocumented(t *testing.T) {
	for _, pack := range Packs() {
		doc := packDoc(pack)
		if !strings.Contains(doc, "Example:") || !strings.Contains(doc, `import "`+packPath(pack)+`"`) {
			t.Errorf("%s: the comment on the package has no example that imports it:\n%s", pack, doc)
		}
		for line := range strings.SplitSeq(explainPack(pack), "\n") {
			if strings.TrimSpace(line) == "" && strings.HasPrefix(line, " ") {
				t.Errorf("%s: an exported name has no comment:\n%s", pack, explainPack(pack))
				break
			}
		}
	}
}

// TestSkeletonsWithPlainCUE lays out the skeletons of personagen new as the command does
// and asks for what plain `cue vet` does.
func TestSkeletonsWithPlainCUE(t *testing.T) {
	skeletons, err := filepath.Glob("../../../cmd/personagen/skeletons/*")
	if err != nil || len(skeletons) == 0 {
		t.Fatalf("got skeletons %q, error %v", skeletons, err)
	}
	for _, skeleton := range skeletons {
		dir := t.TempDir()
		copyFolder(t, os.DirFS(skeleton), dir)
		fillPlaceholders(t, dir)
		copyFolder(t, schemas.Files, filepath.Join(dir, "cue.mod/pkg", schemas.ImportPath))
		copyFolder(t, packs.Files, filepath.Join(dir, "cue.mod/pkg", packs.ImportPath))
		if err := os.WriteFile(filepath.Join(dir, "cue.mod/module.cue"), []byte("module: \"example.com/isle\"\nlanguage: version: \"v0.17.0\"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		inst := cueload.Instances([]string{"."}, &cueload.Config{Dir: dir, Env: []string{"CUE_REGISTRY=none"}})[0]
		if inst.Err != nil {
			t.Errorf("%s: %v", skeleton, inst.Err)
			continue
		}
		if err := cuecontext.New().BuildInstance(inst).Validate(); err != nil {
			t.Errorf("%s: %v", skeleton, err)
		}
	}
}

// fillPlaceholders gives the spec in a folder a name.
func fillPlaceholders(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.cue"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		named := strings.NewReplacer("NAME", "isle", "PACKAGE", "isle").Replace(string(text))
		if err := os.WriteFile(file, []byte(named), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func copyFolder(t *testing.T, from fs.FS, to string) {
	t.Helper()
	if err := os.CopyFS(to, from); err != nil {
		t.Fatal(err)
	}
}

func TestPackFilesAreEmbedded(t *testing.T) {
	root := filepath.Join("../../../cue.mod/pkg", packs.ImportPath)
	for _, pack := range Packs() {
		onDisk, err := filepath.Glob(filepath.Join(root, pack, "*.cue"))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, file := range onDisk {
			names = append(names, pack+"/"+filepath.Base(file))
		}
		if got := packFiles(pack); !slices.Equal(got, names) {
			t.Errorf("%s: got embedded files %q, want %q", pack, got, names)
		}
	}
}
