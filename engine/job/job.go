// Package job makes a population in parts, on any number of machines, without a server of
// its own: Spark, Slurm, Kubernetes or a shell loop start the commands, as often as they
// like, and a store keeps what the commands have done. The parts are the files of a run;
// nothing is rewritten.
//
//	New       seals the plan and how the population is divided
//	Part      makes the files of one part
//	Reduce    joins what was gathered of some parts, and compares one partition of all persons
//	Commit    writes statistics, report and card, and last the manifest
//	Status    says what is done and what is missing
//	Sweep     removes what is not needed any more
//
// Each step may be killed at any moment and started again, and may run twice at once. This
// is how. Everything that a step makes is deterministic, so it is put under its name only
// if there is nothing, and whoever finds something there compares; texts of a model are not, see Texts. What was put is read
// back before the receipt of a part is put, so a receipt says that the files are right.
// Reduce needs the receipts of all parts, Commit those of all reductions, and a release
// without a manifest is none.
//
// The files of the release are in data/ and beside it, as in a folder that a run writes;
// everything else is under _job/.
package job

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
	"syscall"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/scratch"
	"github.com/personagen/personagen/engine/job/store"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

// Errors that a caller may wish to tell apart. Others, such as those of a disk or a
// network, may not occur again.
var (
	// ErrIncomplete says that another step must come first.
	ErrIncomplete = errors.New("the job is not complete")
	// ErrDiffers says that two attempts at the same step made different bytes, or that
	// something in the store was changed.
	ErrDiffers = errors.New("the store holds other bytes")
	// ErrSealed says that a job cannot be used: it is another program's, or damaged.
	ErrSealed = errors.New("the job cannot be used")
)

// Names in the store.
const (
	folder     = "_job/"
	jobFile    = folder + "job.json"
	bundleFile = folder + "plan.bundle"
)

// DefaultPartRows is the default number of persons of a part.
const DefaultPartRows = 3 * dataset.ChunkRows

// Limits of a job.
const (
	mostParts    = 1 << 17
	mostDocument = 64 << 20  // bytes of a document under _job/
	mostBundle   = 512 << 20 // bytes of the bundle
	mostFindings = 1 << 30   // bytes of what was gathered of some rows
)

// partitionPersons is how many fingerprints of persons, of 16 bytes, a reduction compares
// at most, unless there would be more reductions than partitions.
var partitionPersons int64 = 4_000_000

// format is the version of the form of a job.
const format = 1

// Job says how a population is divided. It does not change once it is in the store.
type Job struct {
	Format     int                `json:"format"`
	Name       string             `json:"name"`    // of the plan
	Version    string             `json:"version"` // of the program that makes all of it
	Plan       string             `json:"plan"`    // hash
	Bundle     Sealed             `json:"bundle"`
	Population release.Population `json:"population"`
	PartRows   int64              `json:"part_rows"`
	Parts      int                `json:"parts"`
	Reductions int                `json:"reductions"`
	Formats    []string           `json:"formats"`
	Aliases    string             `json:"aliases,omitempty"`
	Provider   string             `json:"provider,omitempty"` // of the texts, as in run.Config
	Texts      *Texts             `json:"texts,omitempty"`    // nil if no model writes

	hash     string // of the document; receipts name it
	forecast *run.TextForecast
}

// Forecast is what the texts of a job are estimated to cost; nil if no model writes them, and
// of a job that was read.
func (j *Job) Forecast() *run.TextForecast { return j.forecast }

// estimated is how many persons the cost of a job's texts is estimated from, at most. They are
// a sample of all persons.
const estimated = DefaultPartRows

// Sealed is an object with its hash.
type Sealed struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

func seal(name string, data []byte) Sealed {
	sum := sha256.Sum256(data)
	return Sealed{name, int64(len(data)), hex.EncodeToString(sum[:])}
}

// New seals a job and puts it into a store. Of cfg it uses all that says what is made; Out
// and RowsPerFile are not used. If a model is to write, Writer.Confirm is asked as by run.Run
// before anything is put. The same job may be put again. Errors are as with run.Run;
// the error wraps run.ErrUsage if the store holds something else.
func New(ctx context.Context, to store.Store, cfg run.Config, partRows int64) (*Job, error) {
	cfg.RowsPerFile = partRows
	if cfg.Shard != (release.Shard{}) || cfg.Limit != 0 {
		return nil, fmt.Errorf("%w: a job makes a whole population, in parts", run.ErrUsage)
	}
	texts := textsOf(cfg)
	if texts != nil {
		cfg.Writer = texts.writer(Options{Writer: cfg.Writer})
	}
	prepared, err := run.Prepare(ctx, cfg)
	var forecast *run.TextForecast
	if err == nil && texts != nil {
		if err = prepared.CheckWriter(); err == nil {
			forecast, err = prepared.Confirm(ctx, estimated)
		}
	}
	if err != nil {
		return nil, err
	}
	options := prepared.Release()
	parts, err := release.NewParts(options, "")
	if err != nil {
		return nil, err
	}
	parts.Close()
	if len(parts.All) > mostParts {
		return nil, fmt.Errorf("%w: a job of %s would have more than %s parts; give each part more rows", run.ErrUsage,
			humanize.Count(options.Population.Size, "person", "persons"), humanize.Thousands(mostParts))
	}
	sealed, err := prepared.Bundle().Encode()
	if err != nil {
		return nil, err
	}
	formats := options.Formats
	if formats == nil {
		formats = dataset.FormatNames()
	}
	j := &Job{
		Format: format, Name: options.Plan.Name, Version: options.Version, Plan: options.Plan.Hash, Bundle: seal(bundleFile, sealed),
		Population: options.Population, PartRows: partRows, Parts: len(parts.All), Reductions: reductions(options.Population.Size, len(parts.All)),
		Formats: formats, Aliases: options.Aliases, Provider: cfg.Provider, Texts: texts,
		forecast: forecast,
	}
	s := &session{store: to}
	begun, err := s.has(ctx, jobFile)
	if err != nil {
		return nil, err
	}
	for o, err := range to.List(ctx, "") {
		if begun { // the job is compared
			break
		}
		if err != nil {
			return nil, err
		}
		if o.Name != jobFile && o.Name != bundleFile && !isTemporary(o.Name) {
			return nil, fmt.Errorf("%w: %s is not empty: it has %s; a job needs a place of its own", run.ErrUsage, to, o.Name)
		}
	}
	// The job comes last: where it is, the bundle is.
	document, err := json.MarshalIndent(j, "", " ")
	if err == nil {
		err = s.place(ctx, bundleFile, sealed)
	}
	if err == nil {
		err = s.checkPromise(ctx, bundleFile, sealed)
	}
	if err == nil {
		err = s.place(ctx, jobFile, append(document, '\n'))
	}
	if errors.Is(err, ErrDiffers) {
		return nil, fmt.Errorf("%w: %s holds another job; choose another place", run.ErrUsage, to)
	}
	return j, err
}

// checkPromise checks that the store does not put an object that is there, which some services
// that speak S3 do whatever they are asked.
func (s *session) checkPromise(ctx context.Context, name string, data []byte) error {
	err := s.store.PutIfAbsent(ctx, name, bytes.NewReader(data), int64(len(data)))
	if errors.Is(err, store.ErrExists) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("%w: %s has replaced an object that was to be put only if there is none, so two writers could not be told apart; use a service that supports If-None-Match", store.ErrUnfit, s.store)
	}
	return err
}

// reductions is the number of reductions: a power of two, so that each has as many
// partitions, and no more than there are parts to join.
func reductions(persons int64, parts int) int {
	n := 1
	for n < check.FingerprintPartitions && int64(n)*partitionPersons < persons && n < parts {
		n *= 2
	}
	return n
}

// Read returns the job in a store.
func Read(ctx context.Context, from store.Store) (*Job, error) {
	data, err := store.ReadAll(ctx, from, jobFile, mostDocument)
	if errors.Is(err, store.ErrAbsent) {
		return nil, fmt.Errorf("%w: %s has no job; make one with job new", run.ErrUsage, from)
	}
	if err != nil {
		return nil, err
	}
	var j Job
	if err := strict(data, &j); err != nil {
		return nil, fmt.Errorf("%w: %s is damaged: %v; make the job again, in another place", ErrSealed, jobFile, err)
	}
	j.hash = seal(jobFile, data).SHA256
	if j.Format != format {
		return nil, fmt.Errorf("%w: it has format %d, and this program reads format %d", ErrSealed, j.Format, format)
	}
	return &j, j.validate()
}

func (j *Job) validate() error {
	rows, parts := j.PartRows, int64(j.Parts)
	if err := release.CheckRowsPerFile(rows); err != nil {
		return fmt.Errorf("%w: %v", ErrSealed, err)
	}
	if parts < 1 || parts > mostParts || j.Population.Size < 1 || j.Population.Count != j.Population.Size || j.Population.First != 0 ||
		parts != (j.Population.Size-1)/rows+1 || j.Reductions != reductions(j.Population.Size, j.Parts) || j.Bundle.Name != bundleFile || len(j.Formats) == 0 {
		return fmt.Errorf("%w: %s was changed; make the job again, in another place", ErrSealed, jobFile)
	}
	if t := j.Texts; t != nil && (t.AtOnce < 1 || t.Workers < 0 || t.MaxInFlight < 0 || !(t.Budget >= 0)) {
		return fmt.Errorf("%w: %s was changed", ErrSealed, jobFile)
	}
	return nil
}

// strict reads a document that this package wrote.
func strict(data []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the document")
	}
	return nil
}

// Options say how a process takes part in a job.
type Options struct {
	Version string // of the program, which must be that of the job
	Workers int    // goroutines that make persons; 0 for one per processor
	Temp    string // folder for temporary files; empty for the system's
	Events  func(run.Event)
	// Writer has what a job does not say of the model that writes: Trust, Unwatched, and of
	// Endpoint where the key is.
	Writer run.Writer
}

// session is what a process needs to take part.
type session struct {
	*Job
	options Options
	store   store.Store
	dir     string // for temporary files
	held    *scratch.Lock
	rows    *run.Prepared
	parts   *release.Parts
}

// open reads the job and its plan. Close ends it.
func open(ctx context.Context, from store.Store, o Options) (s *session, err error) {
	s = &session{options: o, store: from}
	if s.Job, err = Read(ctx, from); err != nil {
		return nil, err
	}
	if s.Version != o.Version {
		return nil, fmt.Errorf("%w: it was made by version %s of the program, and this is %s; its parts must all be made by the same", ErrSealed, s.Version, o.Version)
	}
	if w := o.Writer; s.Texts == nil && (w.Endpoint.KeyVar != "" || w.Endpoint.KeyFile != "" || len(w.Trust) > 0 || w.Unwatched) {
		return nil, fmt.Errorf("%w: no model writes texts of this job, so it needs no key, no trust and no monitor", run.ErrUsage)
	}
	data, err := store.ReadAll(ctx, from, bundleFile, mostBundle)
	if err != nil {
		return nil, err
	}
	if seal(bundleFile, data) != s.Bundle {
		return nil, fmt.Errorf("%w: %s is not the one that %s names", ErrSealed, bundleFile, jobFile)
	}
	if s.dir, s.held, err = makeTemp(o.Temp); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	path := filepath.Join(s.dir, "plan"+bundle.Extension)
	if err = os.WriteFile(path, data, 0o600); err != nil {
		return nil, err
	}
	seed := s.Population.Seed
	cfg := run.Config{
		Spec: path, Size: s.Population.Size, Seed: &seed, Sampling: s.Population.Sampling, Provider: s.Provider, Formats: s.Formats,
		Aliases: s.Aliases, RowsPerFile: s.PartRows, Workers: o.Workers, Version: o.Version,
	}
	if s.Texts != nil {
		cfg.Writer = s.Texts.writer(o)
	}
	s.rows, err = run.Prepare(ctx, cfg)
	if err != nil {
		return nil, err
	}
	options := s.rows.Release()
	if options.Plan.Hash != s.Plan {
		return nil, fmt.Errorf("%w: the plan is %.12s, and %s names %.12s", ErrSealed, options.Plan.Hash, jobFile, s.Plan)
	}
	s.parts, err = release.NewParts(options, s.dir)
	return s, err
}

func (s *session) close() {
	if s.parts != nil {
		s.parts.Close()
	}
	os.RemoveAll(s.dir)
	if s.held != nil {
		s.held.Release()
	}
}

// makeTemp makes a folder for temporary files, and removes those of killed processes. Their
// names have the host, because the locks of other hosts may not be seen.
func makeTemp(parent string) (string, *scratch.Lock, error) {
	parent = cmp.Or(parent, os.TempDir())
	host, err := os.Hostname()
	if err != nil || filepath.Base(host) != host {
		host = "host"
	}
	prefix := "personagen-job-" + host + "-"
	scratch.Abandoned(parent, prefix, func(dir string) { os.RemoveAll(dir) })
	dir, held, err := scratch.Make(parent, prefix, 0o700)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOTDIR) {
		err = fmt.Errorf("%w: temporary files cannot be written to %s: %v; choose another folder with --temp", run.ErrUsage, parent, err)
	}
	return dir, held, err
}

func (s *session) event(e run.Event) {
	if s.options.Events != nil {
		s.options.Events(e)
	}
}
