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
	"github.com/personagen/personagen/engine/humanize"
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

// DefaultRowsPerFile is the default for Options.RowsPerFile: about five million.
const DefaultRowsPerFile = 152 * dataset.ChunkRows

// CheckRowsPerFile returns an error unless files can have so many rows: whole chunks,
// which are what the bytes of a file do not depend on others for.
func CheckRowsPerFile(rows int64) error {
	if rows > 0 && rows%dataset.ChunkRows == 0 {
		return nil
	}
	below := max(1, rows/dataset.ChunkRows) * dataset.ChunkRows
	return fmt.Errorf("the rows of a file must be a multiple of %s, not %s: choose %d or %d", humanize.Thousands(dataset.ChunkRows), humanize.Thousands(rows), below, below+dataset.ChunkRows)
}

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

// Part is the rows of one file of each format. Its files do not depend on other parts.
type Part struct {
	Index       int // from 0, as its files are numbered
	First, Rows int64
	Files       []DataFile
}

// parts divides the rows into parts.
func (o *Options) parts() []Part {
	first, count := o.Population.First, o.Population.Count
	all := make([]Part, max(1, (count+o.RowsPerFile-1)/o.RowsPerFile))
	for i := range all {
		p := &all[i]
		done := int64(i) * o.RowsPerFile
		p.Index, p.First, p.Rows = i, first+done, min(o.RowsPerFile, count-done)
		for _, format := range o.Formats {
			f, _ := dataset.FormatOf(format)
			folder := format
			if format == "parquet" {
				folder = parquetFolder
			}
			name := path.Join(folder, fmt.Sprintf("%s-%05d-of-%05d%s", split, i, len(all), f.Extension))
			p.Files = append(p.Files, DataFile{name, format, p.First, p.Rows})
		}
	}
	return all
}

// layout lists the data files, format by format.
func (o *Options) layout() (files []DataFile) {
	all := o.parts()
	for k := range o.Formats {
		for i := range all {
			files = append(files, all[i].Files[k])
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
