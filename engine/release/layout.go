package release

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/dataset"
)

// A release has a folder of data files for each format, named as data hubs name
// them: data/train-00000-of-00002.parquet. The folder data has Parquet files only, so
// that tools which read a whole folder read each person once. Releases of version 0.1
// have their data files beside the documents; they are read by the names in their
// manifests.
const (
	parquetFolder = "data" // of Parquet files; other formats have a folder of their own name
	split         = "train"
)

// DefaultRowsPerFile is the default for Options.RowsPerFile.
const DefaultRowsPerFile = 5_000_000

// RowsOfFiles returns the largest number of rows of a Parquet file for a wish: it is
// rounded down to whole chunks, but not below one.
func RowsOfFiles(wish int64) int64 { return wholeChunks(wish) }

// wholeChunks rounds the rows of a file down to whole chunks, but not below one.
func wholeChunks(rows int64) int64 { return max(1, rows/dataset.ChunkRows) * dataset.ChunkRows }

// DataFile is a data file of a release, with the range of persons it holds. Its name
// is a path in the release, with slashes.
type DataFile struct {
	Name, Format string
	First, Rows  int64
}

// Layout returns the data files that a release with these options has. It writes
// nothing.
func Layout(o Options) ([]DataFile, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	return o.layout(), nil
}

// layout divides the rows into files: one per format, or several Parquet files
// when there are more rows than one of them takes.
func (o *Options) layout() (files []DataFile) {
	first, count := o.Population.First, o.Population.Count
	for _, format := range o.Formats {
		f, _ := dataset.FormatOf(format)
		folder, n, rows := format, 1, count
		if format == "parquet" {
			folder, n, rows = parquetFolder, int(max(1, (count+o.RowsPerFile-1)/o.RowsPerFile)), o.RowsPerFile
		}
		for i := range n {
			done := int64(i) * rows
			name := path.Join(folder, fmt.Sprintf("%s-%05d-of-%05d%s", split, i, n, f.Extension))
			files = append(files, DataFile{name, format, first + done, min(rows, count-done)})
		}
	}
	return files
}

// folders lists the folders of data files, with slashes.
func (d *Draft) folders() (list []string) {
	for _, f := range d.files {
		if folder := path.Dir(f.Name); !slices.Contains(list, folder) {
			list = append(list, folder)
		}
	}
	return list
}

// foreign lists what is in the folder of a release and not of it: files that its
// manifest does not name, and folders without such files. The names are relative to
// the folder, with slashes.
func foreign(dir string, m *Manifest) (list []string, err error) {
	own := map[string]bool{ManifestFile: true}
	for _, name := range m.Unhashed {
		own[name] = true
	}
	for _, f := range m.Files {
		own[f.Name] = true
	}
	err = filepath.WalkDir(dir, func(at string, e fs.DirEntry, err error) error {
		if err != nil || at == dir {
			return err
		}
		name, err := filepath.Rel(dir, at)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		switch {
		case own[name] && !e.IsDir():
		case e.IsDir() && holds(own, name):
		case e.IsDir():
			list = append(list, name)
			return fs.SkipDir
		default:
			list = append(list, name)
		}
		return nil
	})
	return list, err
}

// holds reports whether a folder has one of the files.
func holds(files map[string]bool, folder string) bool {
	for name := range files {
		if strings.HasPrefix(name, folder+"/") {
			return true
		}
	}
	return false
}

// makeFolders makes the folders of the data files.
func (d *Draft) makeFolders() error {
	for _, folder := range d.folders() {
		if err := os.MkdirAll(filepath.Join(d.dir, folder), 0o755); err != nil {
			return err
		}
	}
	return nil
}
