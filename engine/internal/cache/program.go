package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"runtime/debug"
	"sync"
)

// Program identifies the code of the running program, so that an entry is used only by
// the program that made it. It is "" if the program cannot tell.
var Program = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if ok && released(info) {
		return info.String()
	}
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return ""
	}
	return hex.EncodeToString(sum.Sum(nil))
})

// released reports whether the build information names all code: that of a module
// with a checksum, or of a commit without changes.
func released(info *debug.BuildInfo) bool {
	if info.Main.Sum != "" {
		return true
	}
	committed := false
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			committed = s.Value != ""
		case "vcs.modified":
			if s.Value != "false" {
				return false
			}
		}
	}
	for _, d := range info.Deps {
		if d.Replace != nil && d.Replace.Sum == "" { // a folder
			return false
		}
	}
	return committed
}
