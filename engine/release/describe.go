package release

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/internal/inputs"
	"github.com/personagen/personagen/engine/report"
)

// Description is what only the caller of Describe knows.
type Description struct {
	Texts  *Texts         // what a model wrote; nil when no model wrote
	Stages []report.Stage // of the run so far, for the report
}

// Document is a file of the release that is not data.
type Document struct {
	Name string
	Data []byte
}

// Gathered is what a release says of its rows, beside the rows.
type Gathered struct {
	Result  *check.Result
	Gallery []report.Persona
	Workers int    // that made the rows, for the report
	Files   []File // the data files, in the order of Layout
}

// Describe writes the documents of the release: plan, statistics, card, Croissant
// description, citation and report, and the manifest last. Call it after Check.
func (d *Draft) Describe(of Description) (*Manifest, error) {
	m, docs, err := Describe(d.options, of, Gathered{d.result, d.pipeline.Findings().Sampler.Gallery(), d.pipeline.Workers(), d.written})
	if err != nil {
		return nil, err
	}
	for _, doc := range docs {
		if err := WriteFile(filepath.Join(d.dir, doc.Name), doc.Data); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Describe returns the documents of a release in the order in which they are written,
// the manifest last. All but the report depend only on the rows.
func Describe(o Options, of Description, rows Gathered) (*Manifest, []Document, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, nil, err
	}
	p, persons := o.Plan, o.Population
	m := &Manifest{
		Format: manifestFormat, Name: p.Name, Title: p.Title, Version: o.Version, Plan: p.Hash, Structure: p.Structure, Aliases: o.Aliases,
		Population: persons, Rows: persons.Count, Files: rows.Files, Inputs: p.Files, Checks: rows.Result.Counts, Exceptions: o.Exceptions, Texts: of.Texts,
		Unhashed: []string{ReportFile},
	}
	columns := p.FileColumns(o.Aliases)
	for _, c := range columns {
		m.Columns = append(m.Columns, c.Name)
	}
	stats := report.New(p, rows.Result, report.Facts{
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
	var docs []Document
	add := func(name string, write func(io.Writer) error) error {
		var text bytes.Buffer
		if err := write(&text); err != nil {
			return err
		}
		docs = append(docs, Document{name, text.Bytes()})
		if name != ReportFile && name != ManifestFile {
			sum := sha256.Sum256(text.Bytes())
			m.Files = append(m.Files, File{Name: name, Bytes: int64(text.Len()), SHA256: hex.EncodeToString(sum[:])})
		}
		return nil
	}
	if err := errors.Join(add(PlanFile, asJSON(p.Compact())), add(StatsFile, asJSON(stats)), add(StatsTextFile, stats.Markdown)); err != nil {
		return nil, nil, err
	}
	// These list the files above with their hashes.
	whole := &report.Release{Plan: p, Columns: columns, Stats: stats, Files: o.reportFiles(m)}
	whole.Command, whole.Remark = o.rebuild(stats, of.Texts)
	if err := errors.Join(add(CardFile, whole.Card), add(CroissantFile, whole.Croissant), add(CitationFile, whole.Citation)); err != nil {
		return nil, nil, err
	}
	page := &report.Page{Stats: stats, Gallery: rows.Gallery, Workers: rows.Workers, Files: o.reportFiles(m), Stages: of.Stages}
	of.Texts.describe(page)
	return m, docs, errors.Join(add(ReportFile, page.HTML), add(ManifestFile, asJSON(m)))
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
func (o *Options) reportFiles(m *Manifest) (files []report.File) {
	format := map[string]string{}
	for _, f := range o.layout() {
		format[f.Name] = f.Format
	}
	for _, f := range m.Files {
		files = append(files, report.File{Name: f.Name, Bytes: f.Bytes, Rows: f.Rows, SHA256: f.SHA256, Format: format[f.Name]})
	}
	return files
}

// describe says on a page what a model wrote.
func (t *Texts) describe(p *report.Page) {
	if t == nil {
		return
	}
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
