package release

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/columns"
	"github.com/personagen/personagen/engine/internal/inputs"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/report"
)

// Inspection says what was compared in the folder of a release, and what is wrong.
type Inspection struct {
	Compared []string `json:"compared"` // what was read and compared with what, a line each
	Faults   []string `json:"faults"`   // files that are missing, changed or of another run, a line each
	Others   []string `json:"others"`   // files that do not belong to the release and do no harm
}

// Inspect compares the files of a release with its manifest. Unless quick, it also
// checks that the plan is the one that its hash was made of, that the documents are
// of this run, that every data file has the rows that the manifest states, and that
// all formats have the same value in every cell. The error wraps ErrUsage when the
// folder is not a release, and is the context's when that ends.
func Inspect(ctx context.Context, dir string, quick bool) (*Inspection, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	x := &Inspection{}
	if x.Faults, err = Verify(ctx, dir); err != nil {
		return nil, err
	}
	bytes := int64(0)
	for _, f := range m.Files {
		bytes += f.Bytes
	}
	x.compared("%s of %s with the sizes and hashes of the manifest", humanize.Count(len(m.Files), "file", "files"), humanize.Count(bytes, "byte", "bytes"))
	if err := x.extra(dir, m); err != nil {
		return nil, err
	}
	if quick {
		return x, nil
	}
	p, err := readPlan(dir)
	if err != nil {
		x.fault("%v", err)
		return x, nil
	}
	if p.Hash != m.Plan || p.Structure != m.Structure {
		x.fault("%s: plan %.12s, the manifest says %.12s", filepath.Join(dir, PlanFile), p.Hash, m.Plan)
	}
	x.compared("the plan with its hash, computed again")
	x.documents(dir, m)
	return x, x.data(ctx, dir, m, p)
}

func (x *Inspection) fault(format string, args ...any) {
	x.Faults = append(x.Faults, fmt.Sprintf(format, args...))
}

func (x *Inspection) compared(format string, args ...any) {
	x.Compared = append(x.Compared, fmt.Sprintf(format, args...))
}

// extra lists files that the manifest does not name. A data file among them is a
// fault, because readers of a folder would read it too. Hidden files are left out.
func (x *Inspection) extra(dir string, m *Manifest) error {
	others, err := foreign(dir, m)
	if err != nil {
		return err
	}
	for _, name := range others {
		at := filepath.Join(dir, name)
		if strings.HasPrefix(path.Base(name), ".") {
			continue
		}
		info, err := os.Stat(at)
		if _, unknown := dataset.FormatOfPath(name); err == nil && !info.IsDir() && unknown == nil {
			x.fault("%s: a data file that is not of this release", at)
		} else {
			x.Others = append(x.Others, at)
		}
	}
	return nil
}

// documents checks that the documents state the plan and the persons of the manifest.
func (x *Inspection) documents(dir string, m *Manifest) {
	checked := 0
	read := func(name string) []byte {
		data, err := inputs.ReadRegular(filepath.Join(dir, name), maxDocument)
		if err != nil {
			return nil // Verify reports it
		}
		checked++
		return data
	}
	for _, name := range []string{CardFile, CitationFile, ReportFile} {
		if data := read(name); data != nil && !bytes.Contains(data, []byte(m.Plan)) {
			x.fault("%s: is not of this run: it does not name plan %.12s", filepath.Join(dir, name), m.Plan)
		}
	}
	if data := read(StatsFile); data != nil {
		var s struct {
			Population struct {
				Plan, Structure, Sampling string
				Rows, Size, First         int64
				Seed                      uint64
			}
		}
		err := json.Unmarshal(data, &s)
		is, of := s.Population, m.Population
		switch {
		case err != nil:
			x.fault("%s: %v", filepath.Join(dir, StatsFile), err)
		case is.Plan != m.Plan || is.Structure != m.Structure || is.Rows != m.Rows || is.Size != of.Size || is.First != of.First || is.Seed != of.Seed || is.Sampling != of.Sampling:
			x.fault("%s: is not of this run: it is of %d rows of plan %.12s with seed %d, the manifest of %d of plan %.12s with seed %d",
				filepath.Join(dir, StatsFile), is.Rows, is.Plan, is.Seed, m.Rows, m.Plan, of.Seed)
		}
	}
	if data := read(CroissantFile); data != nil {
		of := map[string]int{} // data files by extension
		for _, f := range m.Files {
			if f.Rows > 0 {
				of[path.Ext(f.Name)]++
			}
		}
		for _, f := range m.Files {
			listed := f.Rows > 0 && of[path.Ext(f.Name)] <= report.MostListed || f.Name == StatsFile
			if listed && !bytes.Contains(data, []byte(f.SHA256)) {
				x.fault("%s: is not of this run: it does not have the hash of %s", filepath.Join(dir, CroissantFile), f.Name)
			}
		}
	}
	x.compared("%s with plan, persons and seed of the manifest", humanize.Count(checked, "document", "documents"))
}

// data reads every data file, counts its rows, and compares all formats cell by cell
// with the first.
func (x *Inspection) data(ctx context.Context, dir string, m *Manifest, p *plan.Plan) error {
	reading := columns.ReadingOf(p, m.Aliases)
	var all []*cells
	var names []string
	for _, format := range dataset.Formats() {
		var files []File
		for _, f := range m.Files {
			if f.Rows > 0 && strings.HasSuffix(f.Name, format.Extension) {
				files = append(files, f)
			}
		}
		if files != nil {
			all, names = append(all, newCells(dir, files, reading)), append(names, format.Name)
		}
	}
	if all == nil {
		if m.Rows > 0 {
			x.fault("%s: the manifest names no data file", dir)
		}
		return nil
	}
	faults, err := compareCells(ctx, all)
	if err != nil {
		return err
	}
	x.Faults = append(x.Faults, faults...)
	total := int64(0)
	for _, f := range all[0].files {
		total += f.Rows
	}
	if total != m.Rows || total != m.Population.Count {
		x.fault("%s: the data files have %d rows, the manifest says %d", dir, total, m.Rows)
	}
	text := fmt.Sprintf("%s of %s in %s", humanize.Count(total, "row", "rows"), humanize.Count(len(reading.Fields)+len(reading.Constants), "column", "columns"), names[0])
	if len(names) > 1 {
		text += " with " + strings.Join(names[1:], " and ") + ", cell by cell"
	}
	x.compared("%s", text)
	return nil
}
