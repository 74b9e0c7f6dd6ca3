package release

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/pipeline"
	"github.com/personagen/personagen/engine/internal/scratch"
	"github.com/personagen/personagen/engine/plan"
)

// Options say which release to make. Dir, Plan and Population are required.
type Options struct {
	Dir         string // folder of the release; it replaces an older release of the same name
	Plan        *plan.Plan
	Population  Population
	Exceptions  []check.Exception // cells that the allocation left more than a person off
	Formats     []string          // names of dataset.FormatNames; nil for all
	RowsPerFile int64             // largest number of rows of a file, a multiple of dataset.ChunkRows; 0 for DefaultRowsPerFile
	Aliases     string            // set of the plan's aliases whose columns the files have; empty for the visible fields
	Workers     int               // goroutines that make rows; 0 for one per processor
	Version     string            // of the program
}

// withDefaults fills in defaults and refuses unknown formats.
func (o Options) withDefaults() (Options, error) {
	if o.Formats == nil {
		o.Formats = dataset.FormatNames()
	}
	for _, name := range o.Formats {
		if _, err := dataset.FormatOf(name); err != nil {
			return o, fmt.Errorf("%w: %v", ErrUsage, err)
		}
	}
	if o.RowsPerFile == 0 {
		o.RowsPerFile = DefaultRowsPerFile
	}
	if err := CheckRowsPerFile(o.RowsPerFile); err != nil {
		return o, fmt.Errorf("%w: %v", ErrUsage, err)
	}
	return o, nil
}

// Draft is a release that is being made. It lives in a hidden folder beside its
// target until Publish. Call Write, Check, Describe and Publish, in this order.
type Draft struct {
	options  Options
	target   string // folder that Publish replaces
	dir      string // hidden folder; empty once published or discarded
	fs       fileSystem
	lock     *scratch.Lock // says that this process works in dir; nil where the system has no locks
	files    []DataFile
	written  []File // per data file, its row of the manifest
	suite    *check.Suite
	pipeline *pipeline.Pipeline
	result   *check.Result
}

// Create checks that the release can be made and opens its hidden folder. It
// removes the hidden folders that killed processes left for the same target. The
// error wraps ErrUsage when the target holds anything but an older release of
// the same plan's name. Call Discard when done with the draft, published or not.
func Create(o Options) (*Draft, error) {
	if o.Dir == "" {
		return nil, fmt.Errorf("%w: no output folder was given", ErrUsage)
	}
	if err := replaceable(o.Dir, o.Plan.Name); err != nil {
		return nil, err
	}
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	target := o.Dir
	if real, err := filepath.EvalSymlinks(target); err == nil {
		target = real // replace the folder behind a link, not the link
	}
	d := &Draft{fs: osFS{}, options: o, target: filepath.Clean(target), files: o.layout()}
	parent := filepath.Dir(d.target)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, notWritable(parent, err)
	}
	if err := d.checkSpace(parent); err != nil {
		return nil, err
	}
	prefix := "." + filepath.Base(d.target) + ".partial-"
	sweepPartial(d.target, prefix)
	if d.dir, d.lock, err = scratch.Make(parent, prefix, 0o755); err != nil {
		return nil, notWritable(parent, err)
	}
	d.suite = check.New(o.Plan, o.Population.CheckOptions(o.Exceptions, d.dir))
	return d, nil
}

// TempDir is a folder for temporary files that must be gone before Publish. It is
// on the disk of the release.
func (d *Draft) TempDir() string { return d.dir }

// replaceable returns an error when the target holds anything but a release of
// the same name: nothing else is ever overwritten.
func replaceable(target, name string) error {
	entries, err := os.ReadDir(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(target); err == nil {
			return fmt.Errorf("%w: %s is a link to a folder that does not exist; make that folder, or name another with -o", ErrUsage, target)
		}
		return nil
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s cannot be read: %w; name another folder with -o", target, fs.ErrPermission)
	case err != nil:
		return fmt.Errorf("%w: %s is not a folder that a release could replace: %v", ErrUsage, target, err)
	case len(entries) == 0:
		return nil
	}
	m, err := ReadManifest(target)
	if err != nil {
		return fmt.Errorf("%w: %s holds files that are not a release; name another folder with -o", ErrUsage, target)
	}
	if m.Name != name {
		return fmt.Errorf("%w: %s holds a release of %s, not of %s; name another folder with -o, or remove that release first", ErrUsage, target, m.Name, name)
	}
	others, err := foreign(target, m)
	if err != nil {
		return err
	}
	for _, name := range others {
		if !slices.Contains(desktopFiles, path.Base(name)) {
			return fmt.Errorf("%w: %s also holds %s, which is not part of its release and would be lost; move it, or name another folder with -o", ErrUsage, target, name)
		}
	}
	return nil
}

// desktopFiles are files that file managers leave in folders.
var desktopFiles = []string{".DS_Store", "Thumbs.db", "desktop.ini", ".directory"}

// notWritable makes an error about a folder that the program may not write to
// name that folder, and not a temporary file in it.
func notWritable(folder string, err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		reason := err
		if path := (*fs.PathError)(nil); errors.As(err, &path) {
			reason = path.Err
		}
		return fmt.Errorf("%s cannot be written to: %w; name another folder with -o", folder, reason)
	}
	return err
}

// checkSpace compares the free space of the disk with a generous estimate of the
// size of the release.
func (d *Draft) checkSpace(dir string) error {
	free, err := dataset.FreeSpace(dir)
	if err != nil {
		return nil // not every system says
	}
	need := d.options.estimateBytes()
	if free < need {
		return fmt.Errorf("%s has %s free, and %d rows need about %s; free some space, write fewer formats, or choose another folder",
			dir, megabytes(free), d.options.Population.Count, megabytes(need))
	}
	return nil
}

func megabytes(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }

// estimateBytes adds up the typical widths of the columns in each format.
func (o *Options) estimateBytes() int64 {
	row := int64(0)
	for _, f := range o.Plan.Fields {
		if f.Hidden {
			continue
		}
		width := int64(12)
		if f.Type == frame.Category || f.Type == frame.CategoryList {
			longest := 0
			for _, l := range f.Domain.Labels {
				longest = max(longest, len(l))
			}
			width = int64(longest)/2 + 4
		} else if f.Text != nil {
			width = int64(pipeline.TextBytes(f))
		} else if f.Type == frame.Text {
			width = 40
		} else if f.Type == frame.Records {
			width = int64(20 * len(f.Records) * min(f.MaxItems(), 6))
		}
		for _, format := range o.Formats {
			switch format {
			case "parquet":
				row += 3 + width/10
				if f.Text != nil {
					row += width / 3 // texts compress less than other values
				}
			case "jsonl":
				row += width + int64(len(f.Name)) + 6
			default:
				row += width + 1
			}
		}
	}
	return row*o.Population.Count + 8<<20
}
