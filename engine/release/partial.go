package release

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/personagen/personagen/engine/internal/scratch"
)

// A draft is a hidden folder beside its target, .NAME.partial-NUMBER, with a lock: see
// package scratch. The next run of the same target removes drafts without a lock.

// replacedSuffix, after the name of a draft's folder, is that of the release that Publish is
// replacing.
const replacedSuffix = ".old"

// sweepPartial removes the folders of drafts that no process makes any more. A
// release that was being replaced gets its name back when its replacement did
// not get it. What cannot be removed is left: it costs space, not the run.
func sweepPartial(target, prefix string) {
	parent := filepath.Dir(target)
	scratch.Abandoned(parent, prefix, func(dir string) {
		if !strings.HasSuffix(dir, replacedSuffix) {
			os.Rename(dir+replacedSuffix, target) // fails when there is none, or the target exists
			os.RemoveAll(dir)
		}
	})
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, e := range entries {
		draft, replaced := strings.CutSuffix(e.Name(), replacedSuffix)
		if !replaced || !strings.HasPrefix(draft, prefix) {
			continue
		}
		_, err := os.Stat(filepath.Join(parent, draft))
		if _, missing := os.Stat(target); os.IsNotExist(err) && missing == nil {
			os.RemoveAll(filepath.Join(parent, e.Name()))
		}
	}
}
