package inputs

import "path/filepath"

// Relative returns the path of a file from a folder, with slashes and without links, so
// that what names the file does not depend on where it was made. It is "" for "".
func Relative(dir, file string) string {
	if file == "" {
		return ""
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return file
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	if rel, err := filepath.Rel(dir, abs); err == nil {
		abs = rel
	}
	return filepath.ToSlash(abs)
}
