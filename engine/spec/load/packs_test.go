package load

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue/cuecontext"
	cueload "cuelang.org/go/cue/load"

	"github.com/personagen/personagen/cue.mod/pkg/personagen.dev/packs"
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
