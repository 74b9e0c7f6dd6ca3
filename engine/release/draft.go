package run

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/report"
)

// Names of a release's files beside the data.
const (
	ManifestFile  = "manifest.json"
	PlanFile      = "plan.json"
	StatsFile     = "stats.json"
	StatsTextFile = "stats.md"
	ReportFile    = "report.html"
	CardFile      = "README.md"
	CroissantFile = "croissant.json"
	CitationFile  = "CITATION.cff"
	dataName      = "personas"
)

// Manifest says what a release holds and how it was made. It has no times and
// no machine in it, nor the hash of a file that has: the same run gives the
// same manifest.
type Manifest struct {
	Format     int               `json:"format"`
	Name       string            `json:"name"`
	Title      string            `json:"title,omitempty"`
	Version    string            `json:"version"` // of the program
	Plan       string            `json:"plan"`    // hash
	Structure  string            `json:"structure"`
	Population population        `json:"population"`
	Rows       int64             `json:"rows"`
	Columns    []string          `json:"columns"`
	Aliases    string            `json:"aliases,omitempty"` // set that some of Columns have their names from
	Files      []ManifestFileRow `json:"files"`
	// Unhashed are the files that tell how long the run took, and so differ
	// between two runs of the same plan.
	Unhashed []string       `json:"unhashed,omitempty"`
	Inputs   []plan.File    `json:"inputs,omitempty"`
	Checks   map[string]int `json:"checks"` // by status
	// Exceptions are cells that the allocation left more than a person off.
	Exceptions []check.Exception `json:"exceptions,omitempty"`
	Merged     int               `json:"merged,omitempty"` // shards it was joined from
	// Texts says what a model wrote, nil when none did.
	Texts *Texts `json:"texts,omitempty"`
}

// ManifestFileRow is one file of the release.
type ManifestFileRow struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	Rows   int64  `json:"rows,omitempty"`
	SHA256 string `json:"sha256"`
}

// manifestFormat is the version of the manifest's form.
const manifestFormat = 1

// release is a folder in the making: it has a hidden temporary name beside its
// target until publish.
type release struct {
	target  string
	dir     string
	lock    *os.File // on dir while this process lives, nil where there are no locks
	plan    *plan.Plan
	aliases string // set of names of columns
	persons population
	formats []string
	perFile int64
	files   []dataFile
	texts   *Texts
	workers int      // that filled it
	timings []Timing // of the stages before describe
}

// dataFile is a data file with the range of rows it takes.
type dataFile struct {
	name, format string
	first, count int64
}

// openRelease checks that the release can be made and opens its folder.
func openRelease(target string, p *plan.Plan, persons population, formats []string, perFile int64, aliases string) (*release, error) {
	if target == "" {
		return nil, fmt.Errorf("%w: no output folder was given", ErrUsage)
	}
	if err := replaceable(target, p.Name); err != nil {
		return nil, err
	}
	if real, err := filepath.EvalSymlinks(target); err == nil {
		target = real // the folder behind a link is replaced, not the link
	}
	r := &release{target: filepath.Clean(target), plan: p, aliases: aliases, persons: persons, formats: formats, perFile: perFile}
	if r.formats == nil {
		r.formats = AllFormats()
	}
	for _, name := range r.formats {
		if _, err := dataset.FormatOf(name); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrUsage, err)
		}
	}
	if r.perFile <= 0 {
		r.perFile = DefaultRowsPerFile
	}
	r.perFile = wholeChunks(r.perFile)
	r.layFiles()
	parent := filepath.Dir(r.target)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, cannotMake(parent, err)
	}
	if err := r.checkSpace(parent); err != nil {
		return nil, err
	}
	prefix := "." + filepath.Base(r.target) + ".partial-"
	sweepPartial(r.target, prefix)
	var err error
	if r.dir, r.lock, err = makePartial(parent, prefix); err == nil {
		err = os.Chmod(r.dir, 0o755)
	}
	if err != nil {
		return r, cannotMake(parent, err)
	}
	return r, nil
}

// wholeChunks rounds the rows of a file down to whole chunks, one at least.
func wholeChunks(rows int64) int64 { return max(1, rows/dataset.ChunkRows) * dataset.ChunkRows }

// replaceable reports an error when the target holds anything but a release of
// the same spec: nothing else is ever overwritten.
func replaceable(target, name string) error {
	entries, err := os.ReadDir(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(target); err == nil {
			return fmt.Errorf("%w: %s is a link to a folder that is not there; make that folder, or name another with -o", ErrUsage, target)
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
		return fmt.Errorf("%w: %s holds a release of %s, not of %s; name another folder with -o, or take that one away first", ErrUsage, target, m.Name, name)
	}
	own := append([]string{ManifestFile}, m.Unhashed...)
	for _, f := range m.Files {
		own = append(own, f.Name)
	}
	for _, e := range entries {
		if !slices.Contains(own, e.Name()) && !slices.Contains(litter, e.Name()) {
			return fmt.Errorf("%w: %s holds %s beside its release, which would be lost; move it away, or name another folder with -o", ErrUsage, target, e.Name())
		}
	}
	return nil
}

// litter is what desktops leave in folders.
var litter = []string{".DS_Store", "Thumbs.db", "desktop.ini", ".directory"}

// cannotMake says of which folder nothing can be made, and not of what.
func cannotMake(parent string, err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		reason := err
		if path := (*fs.PathError)(nil); errors.As(err, &path) {
			reason = path.Err
		}
		return fmt.Errorf("%s cannot be written to: %w; name another folder with -o", parent, reason)
	}
	return err
}

// layFiles plans the data files: several Parquet files when there are more
// rows than one file takes.
func (r *release) layFiles() {
	first, count := r.persons.First, r.persons.Count
	for _, format := range r.formats {
		f, _ := dataset.FormatOf(format)
		n := 1
		if format == "parquet" {
			n = int(max(1, (count+r.perFile-1)/r.perFile))
		}
		if n == 1 {
			r.files = append(r.files, dataFile{dataName + f.Extension, format, first, count})
			continue
		}
		for i := range n {
			at := int64(i) * r.perFile
			name := fmt.Sprintf("%s-%05d-of-%05d%s", dataName, i+1, n, f.Extension)
			r.files = append(r.files, dataFile{name, format, first + at, min(r.perFile, count-at)})
		}
	}
}

// checkSpace compares the disk's free space with a careful guess of what the
// release takes.
func (r *release) checkSpace(dir string) error {
	free, err := dataset.FreeSpace(dir)
	if err != nil {
		return nil // not every system tells
	}
	need := r.guessBytes()
	if free < need {
		return fmt.Errorf("%s has %s free, and %d rows need about %s; free some space, write fewer formats, or choose another folder",
			dir, megabytes(free), r.persons.Count, megabytes(need))
	}
	return nil
}

func megabytes(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }

// guessBytes adds up, per row, the columns' typical widths in each format.
func (r *release) guessBytes() int64 {
	row := int64(0)
	for _, f := range r.plan.Fields {
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
			width = int64(textBytes(f))
		} else if f.Type == frame.Text {
			width = 40
		}
		for _, format := range r.formats {
			switch format {
			case "parquet":
				row += 3 + width/10
				if f.Text != nil {
					row += width / 3 // texts differ more than other values
				}
			case "jsonl":
				row += width + int64(len(f.Name)) + 6
			default:
				row += width + 1
			}
		}
	}
	return row*r.persons.Count + 8<<20
}

// fill sends all rows through the pipeline into the data files.
func (r *release) fill(ctx context.Context, suite *check.Suite, workers int, persons population,
	sources func(worker int) source, progress func(done int64)) (*tallies, error) {
	p := newPipeline(r.plan, suite, workers, sources)
	for i, column := range p.schema {
		p.schema[i].Name = cmp.Or(r.plan.Columns(r.aliases)[column.Name], column.Name)
	}
	for range p.tallies {
		p.samplers = append(p.samplers, report.NewSampler(r.plan, persons.Seed))
	}
	r.workers = len(p.tallies)
	var long, split []dataFile
	for _, f := range r.files {
		if f.count == persons.Count {
			long = append(long, f)
		} else {
			split = append(split, f)
		}
	}
	var open []dataset.Writer
	defer func() {
		for _, w := range open {
			w.Abort()
		}
	}()
	create := func(f dataFile) (dataset.Writer, error) {
		w, err := dataset.Create(f.format, filepath.Join(r.dir, f.name), p.schema, dataset.Options{Metadata: r.metadata(f)})
		if err == nil {
			open = append(open, w)
		}
		return w, err
	}
	var whole []dataset.Writer
	for _, f := range long {
		w, err := create(f)
		if err != nil {
			return nil, err
		}
		whole = append(whole, w)
	}
	if len(split) == 0 {
		split = []dataFile{{first: persons.First, count: persons.Count}}
	}
	for _, f := range split {
		p.files = whole
		var part dataset.Writer
		if f.name != "" {
			var err error
			if part, err = create(f); err != nil {
				return nil, err
			}
			p.files = append(slices.Clip(whole), part)
		}
		p.progress = func(rows int64) { progress(f.first - persons.First + rows) }
		if err := p.run(ctx, f.first, f.count); err != nil {
			return nil, err
		}
		if part != nil {
			if err := part.Close(); err != nil {
				return nil, err
			}
		}
	}
	for _, w := range whole {
		if err := w.Close(); err != nil {
			return nil, err
		}
	}
	return &tallies{all: p.tallies, samplers: p.samplers}, nil
}

// metadata is what a Parquet file says of itself.
func (r *release) metadata(f dataFile) []dataset.KeyValue {
	sources, _ := json.Marshal(r.plan.Sources)
	return []dataset.KeyValue{
		{Key: "personagen.name", Value: r.plan.Name},
		{Key: "personagen.plan", Value: r.plan.Hash},
		{Key: "personagen.structure", Value: r.plan.Structure},
		{Key: "personagen.seed", Value: fmt.Sprint(r.persons.Seed)},
		{Key: "personagen.size", Value: fmt.Sprint(r.persons.Size)},
		{Key: "personagen.sampling", Value: r.persons.Sampling},
		{Key: "personagen.first", Value: fmt.Sprint(f.first)},
		{Key: "personagen.sources", Value: string(sources)},
		{Key: "personagen.aliases", Value: r.aliases},
	}
}

// describe writes everything beside the data, the manifest last.
func (r *release) describe(p *plan.Plan, persons population, t *tallies, result *check.Result, exceptions []check.Exception, version string) (*Manifest, error) {
	m := &Manifest{
		Format: manifestFormat, Name: p.Name, Title: p.Title, Version: version, Plan: p.Hash, Structure: p.Structure, Aliases: r.aliases,
		Population: persons, Rows: persons.Count, Inputs: p.Files, Checks: result.Counts, Exceptions: exceptions, Texts: r.texts,
		Unhashed: []string{ReportFile},
	}
	columns := p.Columns(r.aliases)
	for _, f := range p.Fields {
		if !f.Hidden {
			m.Columns = append(m.Columns, cmp.Or(columns[f.Name], f.Name))
		}
	}
	stats := report.New(p, result, report.Facts{
		Size: persons.Size, Seed: persons.Seed, Sampling: persons.Sampling, First: persons.First, Version: version, Columns: columns,
	})
	if err := r.describeFiles(m, r.files); err != nil {
		return nil, err
	}
	if err := r.writePapers(m, []paper{{PlanFile, asJSON(p)}, {StatsFile, asJSON(stats)}, {StatsTextFile, stats.Markdown}}); err != nil {
		return nil, err
	}
	whole := r.whole(p, stats, m)
	if err := r.writePapers(m, []paper{{CardFile, whole.Card}, {CroissantFile, whole.Croissant}, {CitationFile, whole.Citation}}); err != nil {
		return nil, err
	}
	var page bytes.Buffer
	if err := r.page(stats, t.gallery(), m).HTML(&page); err != nil {
		return nil, err
	}
	if err := writeFile(filepath.Join(r.dir, ReportFile), page.Bytes()); err != nil {
		return nil, err
	}
	return m, writeJSON(filepath.Join(r.dir, ManifestFile), m)
}

// page gathers what the report shows.
func (r *release) page(stats *report.Stats, gallery []report.Persona, m *Manifest) *report.Page {
	p := &report.Page{Stats: stats, Gallery: gallery, Workers: r.workers}
	p.Files = r.listed(m)
	for _, t := range r.timings {
		p.Stages = append(p.Stages, report.Stage{Name: t.Stage, Took: t.Took})
	}
	if t := m.Texts; t != nil {
		p.Writing = &report.Writing{
			Provider: t.Provider, Model: t.Model, Calls: t.Calls,
			Prompt: t.Tokens.Prompt, Completion: t.Tokens.Completion, Cached: t.Tokens.Cached, Thought: t.Tokens.Reasoning,
		}
		for _, s := range t.Cost {
			p.Writing.Cost = append(p.Writing.Cost, report.Sum(s))
		}
		for _, f := range t.Fields {
			p.Writing.Quarantined += f.Quarantined
		}
	}
	return p
}

// paper is a file beside the data.
type paper struct {
	name  string
	write func(io.Writer) error
}

// writePapers writes papers and enters them into the manifest.
func (r *release) writePapers(m *Manifest, papers []paper) error {
	var files []dataFile
	for _, x := range papers {
		var text bytes.Buffer
		if err := x.write(&text); err != nil {
			return err
		}
		if err := writeFile(filepath.Join(r.dir, x.name), text.Bytes()); err != nil {
			return err
		}
		files = append(files, dataFile{name: x.name})
	}
	return r.describeFiles(m, files)
}

// describeFiles enters files of the release into its manifest.
func (r *release) describeFiles(m *Manifest, files []dataFile) error {
	rows := make([]ManifestFileRow, len(files))
	var g errgroup.Group
	for i, f := range files {
		g.Go(func() (err error) {
			rows[i], err = describeFile(r.dir, f)
			return err
		})
	}
	err := g.Wait()
	m.Files = append(m.Files, rows...)
	return err
}

// whole is the release as the papers about all of it see it.
func (r *release) whole(p *plan.Plan, stats *report.Stats, m *Manifest) *report.Release {
	out := &report.Release{Plan: p, Stats: stats, Files: r.listed(m)}
	out.Command, out.Remark = r.rebuild(stats)
	return out
}

// listed are the files that the manifest lists by now.
func (r *release) listed(m *Manifest) (files []report.File) {
	for _, f := range m.Files {
		file := report.File{Name: f.Name, Bytes: f.Bytes, Rows: f.Rows, SHA256: f.SHA256}
		if i := slices.IndexFunc(r.files, func(d dataFile) bool { return d.name == f.Name }); i >= 0 {
			file.Format = r.files[i].format
		}
		files = append(files, file)
	}
	return files
}

func describeFile(dir string, f dataFile) (ManifestFileRow, error) {
	row := ManifestFileRow{Name: f.name, Rows: f.count}
	in, err := os.Open(filepath.Join(dir, f.name))
	if err != nil {
		return row, err
	}
	defer in.Close()
	h := sha256.New()
	row.Bytes, err = io.Copy(h, in)
	row.SHA256 = hex.EncodeToString(h.Sum(nil))
	return row, err
}

// tries is how often a release goes for its name when others do at the same time.
const tries = 10

// publish gives the folder its name; an older release there is taken away only
// when the new one stands.
func (r *release) publish() (string, error) {
	// Much can have happened to the target since the run began.
	if err := replaceable(r.target, r.plan.Name); err != nil {
		return "", r.keepBeside(err)
	}
	old := r.dir + replacedSuffix
	for try := 0; ; try++ {
		err := os.Rename(r.target, old)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", cannotMake(filepath.Dir(r.target), err)
		}
		if err = os.Rename(r.dir, r.target); err == nil {
			break
		}
		back := os.Rename(old, r.target)
		if try == tries || !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		// Another run took the name in between: what it made is replaced.
		if errors.Is(back, fs.ErrExist) {
			os.RemoveAll(old)
		}
	}
	r.dir = ""
	r.unlock()
	return r.target, os.RemoveAll(old)
}

// keepBeside gives a finished release another name when its own is taken by what
// must not be replaced.
func (r *release) keepBeside(taken error) error {
	for n := 2; ; n++ {
		name := fmt.Sprintf("%s-%d", r.target, n)
		if _, err := os.Lstat(name); err == nil {
			continue
		}
		if err := os.Rename(r.dir, name); errors.Is(err, fs.ErrExist) {
			continue // another run was first
		} else if err != nil {
			return errors.Join(taken, err)
		}
		r.dir = ""
		r.unlock()
		return fmt.Errorf("%w; the finished release is in %s", taken, name)
	}
}

func (r *release) unlock() {
	if r.lock != nil {
		r.lock.Close()
		r.lock = nil
	}
}

// abandon removes an unfinished folder.
func (r *release) abandon() {
	if r.dir != "" {
		os.RemoveAll(r.dir)
		r.dir = ""
	}
	r.unlock()
}

// asJSON writes a value as an indented document.
func asJSON(v any) func(io.Writer) error {
	return func(w io.Writer) error {
		data, err := json.MarshalIndent(v, "", " ")
		if err == nil {
			_, err = w.Write(append(data, '\n'))
		}
		return err
	}
}

// writeJSON writes a document of its own form, by rename.
func writeJSON(path string, v any) error {
	var text bytes.Buffer
	if err := asJSON(v)(&text); err != nil {
		return err
	}
	return writeFile(path, text.Bytes())
}

// WriteFile writes a whole file under a temporary name and renames it, so that a
// half of it is never seen.
func WriteFile(path string, data []byte) error { return writeFile(path, data) }

// writeFile writes a whole file under a temporary name and renames it.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
