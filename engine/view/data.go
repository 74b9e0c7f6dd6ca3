package view

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/columns"
	"github.com/personagen/personagen/engine/internal/rules"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/report"
	"github.com/personagen/personagen/engine/spec"
	"github.com/personagen/personagen/engine/view/store"
)

// ErrUsage marks the error of a path that is neither a release nor a data file.
var ErrUsage = errors.New("usage")

// Options say what is shown.
type Options struct {
	// ParseConditions reads conditions in the language of specs.
	ParseConditions func(texts []string, places []diag.Place, faults *diag.List) []*spec.Condition
	// Plan describes the persons of a data file that is not in a release; nil if that is
	// not known.
	Plan *plan.Plan
	// Journal is the folder with the answers of a model; "" is the one beside the release,
	// if there is one.
	Journal string
}

// Data is a release, or data files without one, ready to be shown. It does not change.
type Data struct {
	Name  string // of the folder or file
	Title string
	Table *store.Table
	// Plan is nil if the files are not those of a release and no plan was given. Stats and
	// Manifest are nil without a release.
	Plan     *plan.Plan
	Stats    *report.Stats
	Manifest *release.Manifest
	// Notes are what a reader should know about the files, a sentence each.
	Notes []string

	options Options
	fields  map[string]*kind.Field // visible fields of the plan
	titles  map[string]string
	name    string // field with the names of the persons, "" for none
	id      string
	rules   *rules.Set // nil without texts or a plan
	targets *targets
	journal string // folder, "" for none
	asker   asker
}

// Load opens a release by its folder, or a Parquet, JSONL or CSV file, or a folder of
// such files. The error wraps ErrUsage if the path is none of these.
func Load(ctx context.Context, path string, o Options) (*Data, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	d := &Data{Name: filepath.Base(path), options: o, Plan: o.Plan}
	if abs, err := filepath.Abs(path); err == nil {
		d.Name = filepath.Base(abs)
	}
	paths, set := []string{path}, ""
	_, err = os.Stat(filepath.Join(path, release.ManifestFile))
	switch {
	case info.IsDir() && err == nil:
		r, err := release.Open(path)
		if err != nil {
			return nil, err
		}
		if paths, set = r.DataFiles(), r.Aliases; len(paths) == 0 {
			return nil, fmt.Errorf("%s: the manifest names no data file", path)
		}
		d.Plan, d.Manifest = r.Plan.As(set), r.Manifests[0]
		d.Title, d.journal = d.Plan.Title, d.journalOf(path)
		d.readStats(path)
	case info.IsDir():
		if paths, err = dataFiles(path); err != nil {
			return nil, err
		}
	default:
		if _, err := dataset.FormatOfPath(path); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUsage, err)
		}
	}
	return d, d.load(ctx, paths, set)
}

// dataFiles lists the data files in a folder that is not a release: those of the first
// format that it has.
func dataFiles(dir string) ([]string, error) {
	for _, f := range dataset.Formats() {
		for _, in := range []string{dir, filepath.Join(dir, "data"), filepath.Join(dir, f.Name)} {
			paths, err := filepath.Glob(filepath.Join(escapeGlob(in), "*"+f.Extension))
			if err == nil && len(paths) > 0 {
				slices.Sort(paths)
				return paths, nil
			}
		}
	}
	return nil, fmt.Errorf("%w: %s has no %s and no Parquet, JSONL or CSV file; name a release or a data file", ErrUsage, dir, release.ManifestFile)
}

// escapeGlob makes a folder a pattern of itself.
func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "*", `\*`, "?", `\?`).Replace(dir)
}

// readStats reads the statistics of a release. Without them it is shown, with a note.
func (d *Data) readStats(dir string) {
	path := filepath.Join(dir, release.StatsFile)
	data, err := os.ReadFile(path)
	if err == nil {
		var s report.Stats
		if err = json.Unmarshal(data, &s); err == nil {
			d.Stats = &s
			return
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = errors.New("it is missing")
	}
	d.note("The checks are not shown, because %s cannot be read: %v. personagen validate says what is wrong with the release.", path, err)
}

func (d *Data) note(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}

// load reads the data files and prepares what pages need.
func (d *Data) load(ctx context.Context, paths []string, set string) (err error) {
	o := store.Options{}
	if d.Plan != nil {
		reading := columns.ReadingOf(d.Plan, set)
		o.Schema, o.Names, o.Numerals = reading.Fields, reading.Names, reading.Numerals
		o.Text = func(name string) bool { f := d.Plan.Field(name); return f != nil && f.Text != nil }
		for _, f := range d.Plan.Fields {
			if f.Meaning() == kind.Weighting && !f.Hidden {
				o.Weight = f.Name
			}
		}
	}
	if d.Table, err = store.Open(ctx, paths, o); err != nil {
		return fmt.Errorf("%w; personagen validate says what is wrong with a release, and a damaged file has to be fetched or written again", err)
	}
	for _, i := range d.Table.Issues {
		if i.Problem == dataset.Unsupported {
			d.note("Column %s is not shown: its type cannot be read.", i.Column)
			continue
		}
		where := ""
		if i.Column != "" {
			where = fmt.Sprintf(" in column %s", i.Column)
		}
		d.note("%d times%s: %s. Such values are shown as null.", i.Count, where, i.Problem)
	}
	d.Notes = append(d.Notes, d.Table.Faults...)
	d.titles, d.fields = map[string]string{}, map[string]*kind.Field{}
	for _, f := range d.Table.Schema {
		d.titles[f.Name] = cmp.Or(f.Title, f.Name)
	}
	if d.Plan == nil {
		d.id = columnNamed(d.Table.Schema, "id", "uuid")
		d.name = columnNamed(d.Table.Schema, "name", "full_name")
		return nil
	}
	for _, f := range d.Plan.Fields {
		if !f.Hidden {
			d.fields[f.Name] = f
		}
	}
	d.id, d.name = d.role("id"), d.role("name")
	d.targets = newTargets(d.Plan, d.Table)
	if d.rules, err = rules.Compile(d.Plan); err != nil {
		d.rules = nil
		d.note("What the rules say of texts is not shown: %v.", err)
	}
	return nil
}

// role returns the visible field with a role, "" for none.
func (d *Data) role(name string) string {
	if f := d.Plan.Roles[name]; d.fields[f] != nil {
		return f
	}
	return ""
}

func columnNamed(s frame.Schema, names ...string) string {
	for _, name := range names {
		if s.Index(name) >= 0 {
			return name
		}
	}
	return ""
}

// Person names the person of a row.
func (d *Data) Person(row int) string {
	for _, field := range []string{d.name, d.id} {
		if c := d.Table.Column(field); c != nil {
			if text, ok := c.Text(row); ok && text != "" {
				return text
			}
		}
	}
	return fmt.Sprintf("Person %d", row+1)
}

// sourceOf says who wrote the texts of a person, by field, "" for all others.
func (d *Data) sourceOf(row int) map[string]string {
	if d.Plan == nil {
		return nil
	}
	for _, f := range d.Plan.Fields {
		if c := d.Table.Column(f.Name); f.Meaning() == kind.Provenance && c != nil {
			text, _ := c.Text(row)
			return check.ParseSource(text)
		}
	}
	return nil
}
