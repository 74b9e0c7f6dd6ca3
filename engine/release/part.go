package release

import (
	"context"
	"os"
	"path/filepath"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/internal/pipeline"
)

// Findings are what was gathered of some rows of a population: see pipeline.Findings.
type Findings = pipeline.Findings

// Parts makes the parts of a release apart, and joins what was gathered of them. The files
// are those that a Draft with the same options writes.
type Parts struct {
	All     []Part
	options Options
	suite   *check.Suite
}

// NewParts returns the parts of a release; Dir is not used. Tempdir is for the temporary
// files of the checks. Call Close when done.
func NewParts(o Options, tempdir string) (*Parts, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	options := o.Population.CheckOptions(o.Exceptions, tempdir)
	options.Constructed = true
	return &Parts{o.parts(), o, check.New(o.Plan, options)}, nil
}

// Make writes the files of a part to their folders in dir. It returns their rows of the
// manifest, with the hashes of what should be on the disk, and what was gathered.
func (p *Parts) Make(ctx context.Context, part Part, dir string, sources func(worker int) Source) ([]File, *Findings, error) {
	line := pipeline.New(p.options.Plan, p.options.Aliases, p.suite, p.options.Workers, sources)
	line.Sample(p.options.Plan, p.options.Population.Seed)
	for _, f := range part.Files {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(filepath.FromSlash(f.Name))), 0o755); err != nil {
			return nil, nil, err
		}
	}
	files, err := p.options.writePart(ctx, line, part, dir)
	if err != nil {
		return nil, nil, err
	}
	return files, line.Findings(), nil
}

// NewFindings returns the findings of no rows.
func (p *Parts) NewFindings() *Findings {
	return pipeline.NewFindings(p.options.Plan, p.options.Population.Seed, p.suite)
}

// ReadFindings reads what Findings.Bytes returns of a part. It may be anybody's.
func (p *Parts) ReadFindings(data []byte) (*Findings, error) {
	return pipeline.ReadFindings(p.options.Plan, p.options.Population.Seed, p.suite, data)
}

// NewSearch returns a search through some partitions of the parts' fingerprints.
func (p *Parts) NewSearch(from, to int) *check.Search { return p.suite.NewSearch(from, to) }

// Describe judges the sum of all parts and returns the documents of the release: see the
// function of that name. Files are the files of all parts, in the order of Layout.
func (p *Parts) Describe(found *Findings, files []File, of Description) (*check.Result, *Manifest, []Document, error) {
	result, err := p.suite.Result(found.Tally)
	if err != nil {
		return nil, nil, nil, err
	}
	m, docs, err := Describe(p.options, of, Gathered{Result: result, Gallery: found.Sampler.Gallery(), Files: files})
	return result, m, docs, err
}

// Close removes temporary files.
func (p *Parts) Close() error { return p.suite.Close() }
