package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/report"
)

// ReadManifest reads the manifest of a release.
func ReadManifest(dir string) (*Manifest, error) {
	data, err := os.ReadFile(filepath.Join(dir, ManifestFile))
	if err != nil {
		return nil, fmt.Errorf("%s is not a release: %w", dir, err)
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, ManifestFile), err)
	}
	if m.Format != manifestFormat {
		return nil, fmt.Errorf("%s has manifest format %d, this version reads %d", dir, m.Format, manifestFormat)
	}
	return &m, nil
}

// readPlan reads the plan of a release.
func readPlan(dir string) (*plan.Plan, error) {
	data, err := os.ReadFile(filepath.Join(dir, PlanFile))
	if err != nil {
		return nil, err
	}
	p, err := plan.Read(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, PlanFile), err)
	}
	return p, nil
}

// dataFiles lists the files of one format of a release, in the order of the
// rows: Parquet when it has them, else what it has.
func (m *Manifest) dataFiles(dir string) []string {
	for _, f := range dataset.Formats() {
		var paths []string
		for _, file := range m.Files {
			if file.Rows > 0 && strings.HasSuffix(file.Name, f.Extension) {
				paths = append(paths, filepath.Join(dir, file.Name))
			}
		}
		if len(paths) > 0 {
			return paths
		}
	}
	return nil
}

// rowReader delivers the rows of some files one after the other, with all
// columns of the plan: those that a file lacks are computed where they are
// functions of others.
type rowReader struct {
	paths   []string
	plan    *plan.Plan
	columns map[string]string // name in the file to name in the plan
	issues  []dataset.IssueCount
	shown   []string

	reader  *dataset.Reader
	read    *frame.Batch
	out     *frame.Batch // what was read last, complete
	from    []int        // per column of the plan, column of read; -1 when computed
	deriver *generate.Deriver

	gathered *frame.Batch // several pieces as one batch
}

// maxShown bounds the faults of a file that are shown in full.
const maxShown = 10

func newRowReader(p *plan.Plan, paths []string, columns map[string]string) *rowReader {
	return &rowReader{plan: p, paths: paths, columns: columns, out: frame.New(p.Schema()), gathered: frame.New(p.Schema())}
}

// next opens the next file.
func (r *rowReader) next() error {
	path := r.paths[0]
	r.paths = r.paths[1:]
	schema := r.plan.Schema()
	has, err := columnsOf(path, schema, r.columns)
	if err != nil {
		return err
	}
	var wanted frame.Schema
	var derive []string
	r.from = make([]int, len(schema))
	for i, f := range r.plan.Fields {
		r.from[i] = -1
		switch {
		case !has[f.Name] && f.Class == kind.Derived:
			derive = append(derive, f.Name)
		case !has[f.Name] && f.Hidden: // a hidden drawn field serves the generator only
		default:
			r.from[i] = len(wanted)
			wanted = append(wanted, schema[i])
		}
	}
	if r.deriver, err = generate.NewDeriver(r.plan, derive); err != nil {
		return err
	}
	r.reader, err = dataset.Open(path, dataset.OpenOptions{Schema: wanted, Columns: r.columns, MaxIssues: maxShown})
	r.read = frame.New(wanted)
	return err
}

// columnsOf lists the columns of a file under their names in the plan. JSONL
// has no header: there the first rows are read to see what they hold.
func columnsOf(path string, schema frame.Schema, columns map[string]string) (map[string]bool, error) {
	probe, err := dataset.Open(path, dataset.OpenOptions{Schema: schema, Columns: columns})
	if err != nil {
		return nil, err
	}
	defer probe.Close()
	if _, err := probe.Read(frame.New(schema), generate.BatchRows); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	has := map[string]bool{}
	for _, name := range probe.Columns() {
		if to, ok := columns[name]; ok {
			name = to
		}
		has[name] = true
	}
	return has, nil
}

// batch delivers the next n rows, fewer only at the end, io.EOF when there are
// none. Rows are numbered from first. Batches do not end where files or their
// row groups do: what is written of them must not depend on how it was read.
func (r *rowReader) batch(first int64, n int) (*frame.Batch, error) {
	b, err := r.piece(first, n)
	if err != nil || b.N == n {
		return b, err
	}
	r.gathered.Resize(first, 0)
	for {
		appendRows(r.gathered, b)
		if r.gathered.N == n {
			return r.gathered, nil
		}
		b, err = r.piece(first+int64(r.gathered.N), n-r.gathered.N)
		if errors.Is(err, io.EOF) {
			return r.gathered, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// piece delivers the next rows of one file, n at most.
func (r *rowReader) piece(first int64, n int) (*frame.Batch, error) {
	for {
		if r.reader == nil {
			if len(r.paths) == 0 {
				return nil, io.EOF
			}
			if err := r.next(); err != nil {
				return nil, err
			}
		}
		got, err := r.reader.Read(r.read, n)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if got > 0 {
			return r.complete(first, got)
		}
		if err := r.close(); err != nil {
			return nil, err
		}
	}
}

// complete lays the rows read into the plan's columns and computes the rest.
func (r *rowReader) complete(first int64, n int) (*frame.Batch, error) {
	r.out.First, r.out.N = first, n
	for i, from := range r.from {
		if from >= 0 {
			r.out.Columns[i] = r.read.Columns[from]
		} else {
			r.out.Columns[i].Resize(r.out.Schema[i].Type, n)
		}
	}
	return r.out, r.deriver.Fill(r.out)
}

// close notes what was wrong with the file just read.
func (r *rowReader) close() error {
	r.issues = append(r.issues, r.reader.IssueCounts()...)
	for _, i := range r.reader.Issues() {
		if len(r.shown) < maxShown {
			r.shown = append(r.shown, i.String())
		}
	}
	err := r.reader.Close()
	r.reader = nil
	return err
}

// Validation says what to validate.
type Validation struct {
	// Paths are releases (folders), all of them shards of one population, or
	// data files, which need Spec.
	Paths   []string
	Spec    string
	Columns map[string]string // name in the files to name in the plan
	// Aliases is the set of the spec's other names for columns by which the
	// files were written; a release says itself.
	Aliases string
	Size    int64 // persons of the whole population; 0 for as many as there are
	Cache   string
	Events  func(Event)
}

// Validated is what a validation found.
type Validated struct {
	Plan   *plan.Plan
	Result *check.Result
	Rows   int64
	Faults []string // the first faults of the files themselves
	Issues []dataset.IssueCount

	seed uint64
}

// Stats are the statistics of what was validated; version is the program's.
func (v *Validated) Stats(version string) *report.Stats {
	return report.New(v.Plan, v.Result, report.Facts{
		Size: v.Result.Total, Seed: v.seed, Sampling: v.Result.Sampling, First: v.Result.First, Version: version,
	})
}

// Validate runs the validation suite on data that was written before. The
// error wraps ErrChecks when a check failed.
func Validate(ctx context.Context, v Validation) (*Validated, error) {
	in, err := openInput(ctx, v)
	if err != nil {
		return nil, err
	}
	suite := check.New(in.plan, in.options)
	defer suite.Close()
	tally := suite.NewTally()
	rows := int64(0)
	reader := newRowReader(in.plan, in.paths, in.columns)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b, err := reader.batch(in.options.First+rows, generate.BatchRows)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		tally.Add(b)
		rows += int64(b.N)
		if v.Events != nil {
			v.Events(Event{Stage: "read", Done: rows, Total: in.rows})
		}
	}
	result, err := suite.Result(tally)
	if err != nil {
		return nil, err
	}
	out := &Validated{Plan: in.plan, Result: result, Rows: rows, Faults: reader.shown, Issues: reader.issues, seed: in.seed}
	if result.Failed() || len(out.Issues) > 0 {
		return out, fmt.Errorf("%w: %s", ErrChecks, result.Headline())
	}
	return out, nil
}

// input is what a validation reads, and against what.
type input struct {
	plan    *plan.Plan
	paths   []string
	columns map[string]string // name in the files to name in the plan
	options check.Options
	rows    int64
	seed    uint64
}

func openInput(ctx context.Context, v Validation) (*input, error) {
	in := &input{}
	if len(v.Paths) == 0 {
		return nil, fmt.Errorf("%w: nothing to validate was named", ErrUsage)
	}
	if v.Spec != "" {
		p, err := Compile(ctx, v.Spec, v.Cache, nil, nil)
		if err != nil {
			return nil, err
		}
		in.plan = p
	}
	info, err := os.Stat(v.Paths[0])
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUsage, err)
	}
	if !info.IsDir() {
		if in.plan == nil {
			return nil, fmt.Errorf("%w: a bare file needs --spec to tell what it should hold", ErrUsage)
		}
		if err := hasAliases(in.plan, v.Aliases); err != nil {
			return nil, err
		}
		in.paths, in.columns, in.seed = v.Paths, ours(in.plan, v.Aliases), in.plan.Population.Seed
		maps.Copy(in.columns, v.Columns)
		in.options = check.Options{Sampling: check.Quota, Total: v.Size}
		return in, nil
	}
	shards, err := openShards(v.Paths)
	if err != nil {
		return nil, err
	}
	if in.plan == nil {
		in.plan = shards.plan
	}
	if v.Aliases != "" && v.Aliases != shards.aliases {
		return nil, fmt.Errorf("%w: %s says itself what its columns are called; leave the set of aliases away", ErrUsage, v.Paths[0])
	}
	in.paths, in.rows, in.columns, in.seed = shards.paths, shards.persons.Count, shards.columns, shards.persons.Seed
	maps.Copy(in.columns, v.Columns)
	in.options = shards.persons.checkOptions(shards.exceptions, "")
	return in, nil
}

// shards are releases that are parts of one population, in its order.
type shards struct {
	plan       *plan.Plan
	persons    population
	paths      []string
	aliases    string            // set that names the columns of the files
	columns    map[string]string // name in the files to name in the plan
	exceptions []check.Exception
	texts      *Texts // what models wrote in all of them, nil for nothing
}

// ours maps the columns that a set of aliases names to their fields.
func ours(p *plan.Plan, set string) map[string]string {
	columns := map[string]string{}
	for field, column := range p.Columns(set) {
		columns[column] = field
	}
	return columns
}

// openShards reads the manifests of releases and checks that they are
// neighbouring parts of one population.
func openShards(dirs []string) (*shards, error) {
	type part struct {
		dir string
		m   *Manifest
	}
	var parts []part
	for _, dir := range dirs {
		m, err := ReadManifest(dir)
		if err != nil {
			return nil, fmt.Errorf("%w: %v", ErrUsage, err)
		}
		parts = append(parts, part{dir, m})
	}
	slices.SortStableFunc(parts, func(a, b part) int {
		switch {
		case a.m.Population.First < b.m.Population.First:
			return -1
		case a.m.Population.First > b.m.Population.First:
			return 1
		}
		return 0
	})
	p, err := readPlan(parts[0].dir)
	if err != nil {
		return nil, err
	}
	s := &shards{plan: p, persons: parts[0].m.Population, exceptions: parts[0].m.Exceptions,
		aliases: parts[0].m.Aliases, columns: ours(p, parts[0].m.Aliases)}
	s.persons.Count = 0
	for _, part := range parts {
		m, first := part.m, parts[0]
		switch {
		case m.Plan != first.m.Plan:
			return nil, fmt.Errorf("%w: %s and %s were made from different plans", ErrUsage, first.dir, part.dir)
		case m.Aliases != first.m.Aliases:
			return nil, fmt.Errorf("%w: %s and %s call their columns by different sets of aliases, %q and %q", ErrUsage, first.dir, part.dir, first.m.Aliases, m.Aliases)
		case m.Population.Seed != s.persons.Seed || m.Population.Size != s.persons.Size || m.Population.Sampling != s.persons.Sampling:
			return nil, fmt.Errorf("%w: %s and %s are not parts of one population: seed, size or sampling differ", ErrUsage, first.dir, part.dir)
		case m.Population.First != s.persons.First+s.persons.Count:
			return nil, fmt.Errorf("%w: %s begins with person %d, but the parts before it end with person %d", ErrUsage,
				part.dir, m.Population.First, s.persons.First+s.persons.Count-1)
		}
		s.persons.Count += m.Population.Count
		s.paths = append(s.paths, m.dataFiles(part.dir)...)
		s.texts = s.texts.with(m.Texts)
	}
	return s, nil
}
