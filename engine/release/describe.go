package release

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/personagen/personagen/engine/internal/inputs"
	"github.com/personagen/personagen/engine/report"
)

// Description is what only the caller of Describe knows.
type Description struct {
	Texts  *Texts         // what a model wrote; nil when no model wrote
	Stages []report.Stage // of the run so far, for the report
}

// document is a file of the release that is not data.
type document struct {
	name  string
	write func(io.Writer) error
}

// Describe writes the documents of the release: plan, statistics, card, Croissant
// description, citation and report, and the manifest last. Call it after Check.
func (d *Draft) Describe(of Description) (*Manifest, error) {
	o := &d.options
	p, persons := o.Plan, o.Population
	m := &Manifest{
		Format: manifestFormat, Name: p.Name, Title: p.Title, Version: o.Version, Plan: p.Hash, Structure: p.Structure, Aliases: o.Aliases,
		Population: persons, Rows: persons.Count, Inputs: p.Files, Checks: d.result.Counts, Exceptions: o.Exceptions, Texts: of.Texts,
		Unhashed: []string{ReportFile},
	}
	columns := p.FileColumns(o.Aliases)
	for _, c := range columns {
		m.Columns = append(m.Columns, c.Name)
	}
	stats := report.New(p, d.result, report.Facts{
		Size: persons.Size, Seed: persons.Seed, Sampling: persons.Sampling, First: persons.First, Version: o.Version, Columns: columns,
	})
	if of.Texts != nil {
		for _, f := range of.Texts.Fields {
			for _, reason := range slices.SortedFunc(maps.Keys(f.Reasons), func(a, b string) int {
				return cmp.Or(cmp.Compare(f.Reasons[b], f.Reasons[a]), cmp.Compare(a, b))
			}) {
				stats.Refused = append(stats.Refused, report.Refused{Field: f.Field, Reason: reason, Texts: f.Reasons[reason]})
			}
		}
	}
	var names []string
	for _, f := range d.files {
		names = append(names, f.Name)
	}
	if err := d.addFiles(m, names); err != nil {
		return nil, err
	}
	for i := range m.Files {
		m.Files[i].Rows = d.files[i].Rows
	}
	if err := d.addDocuments(m, document{PlanFile, asJSON(p.Compact())}, document{StatsFile, asJSON(stats)}, document{StatsTextFile, stats.Markdown}); err != nil {
		return nil, err
	}
	// These list the files above with their hashes.
	whole := &report.Release{Plan: p, Columns: columns, Stats: stats, Files: d.reportFiles(m)}
	whole.Command, whole.Remark = d.rebuild(stats, of.Texts)
	if err := d.addDocuments(m, document{CardFile, whole.Card}, document{CroissantFile, whole.Croissant}, document{CitationFile, whole.Citation}); err != nil {
		return nil, err
	}
	if err := d.write(document{ReportFile, d.page(stats, of, m).HTML}); err != nil {
		return nil, err
	}
	return m, d.write(document{ManifestFile, asJSON(m)})
}

// write writes a document.
func (d *Draft) write(doc document) error {
	var text bytes.Buffer
	if err := doc.write(&text); err != nil {
		return err
	}
	return WriteFile(filepath.Join(d.dir, doc.name), text.Bytes())
}

// addDocuments writes documents and lists them in the manifest.
func (d *Draft) addDocuments(m *Manifest, docs ...document) error {
	var names []string
	for _, doc := range docs {
		if err := d.write(doc); err != nil {
			return err
		}
		names = append(names, doc.name)
	}
	return d.addFiles(m, names)
}

// addFiles lists files in the manifest, with their sizes and hashes.
func (d *Draft) addFiles(m *Manifest, names []string) error {
	files := make([]File, len(names))
	var g errgroup.Group
	for i, name := range names {
		g.Go(func() (err error) {
			files[i], err = hashFile(d.dir, name)
			return err
		})
	}
	err := g.Wait()
	m.Files = append(m.Files, files...)
	return err
}

// hashFile reads a file and returns its row of the manifest.
func hashFile(dir, name string) (File, error) {
	in, err := inputs.OpenRegular(filepath.Join(dir, name))
	if err != nil {
		return File{}, err
	}
	defer in.Close()
	h := sha256.New()
	size, err := io.Copy(h, in)
	return File{Name: name, Bytes: size, SHA256: hex.EncodeToString(h.Sum(nil))}, err
}

// reportFiles returns the files that the manifest lists so far.
func (d *Draft) reportFiles(m *Manifest) (files []report.File) {
	for _, f := range m.Files {
		file := report.File{Name: f.Name, Bytes: f.Bytes, Rows: f.Rows, SHA256: f.SHA256}
		if i := slices.IndexFunc(d.files, func(data DataFile) bool { return data.Name == f.Name }); i >= 0 {
			file.Format = d.files[i].Format
		}
		files = append(files, file)
	}
	return files
}

// page returns what report.html shows.
func (d *Draft) page(stats *report.Stats, of Description, m *Manifest) *report.Page {
	p := &report.Page{Stats: stats, Gallery: d.pipeline.Gallery(), Workers: d.pipeline.Workers(), Files: d.reportFiles(m), Stages: of.Stages}
	if t := of.Texts; t != nil {
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
