package imports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/importer"
	"github.com/personagen/personagen/engine/internal/inputs"
	"github.com/personagen/personagen/engine/run"
)

// ErrUndecided is returned by Tables and Microdata when a person has to choose.
var ErrUndecided = errors.New("some questions are open")

// Config says what Tables reads and what the user decided.
type Config struct {
	Files []string
	// Into is the spec to which the tables are added; "" only makes them.
	Into       string
	AllowPaths []string

	Pick, Drop []string          // DIMENSION=CATEGORY
	Keep       []string          // dimensions
	Given      []string          // dimensions within which shares are taken
	Field      map[string]string // dimension to field
	Unit       string
	Measure    string // counts, percent or shares; "" if the file says
	Table      string // of a file with several
	Sheet      string // of a workbook
	Labels     string // file of the labels of coded dimensions, "" for none
	Language   string // of a PC-Axis file with several; "" for the default one

	Skip, Header int // rows above the header of a text file or sheet, and of it; 0 to guess

	Progress func(run.Event) // may be nil
}

// Result is what Tables found.
type Result struct {
	Files []Table `json:"files"`
	Addition
}

// Addition is what was added to the spec, or would be.
type Addition struct {
	// Stanza is what the spec lacks, in CUE; "" if a question about it is open.
	Stanza string `json:"stanza,omitempty"`
	// Changed are the files of the spec that were changed.
	Changed []string `json:"changed,omitempty"`
	Added   string   `json:"-"` // what was added to the spec, in words
	// Warnings are about the spec after the change.
	Warnings *diag.List `json:"-"`
}

// Table is what was found in a file.
type Table struct {
	File string `json:"file"`
	importer.Report
}

// Drop is a category that is left out.
type Drop = importer.ReportDrop

// Open counts the questions that the user has to answer.
func (r *Result) Open() int {
	n := 0
	for i := range r.Files {
		n += len(r.Files[i].Open)
	}
	return n
}

// Tables looks at tables of statistical offices and writes a stanza for each, or adds
// them to a spec. The result says what was found even if the error is ErrUndecided. The
// error is a *diag.ListError if a file or the spec is wrong, and then nothing is
// changed. Nothing is fetched from a network.
func Tables(ctx context.Context, cfg Config) (*Result, error) {
	i, err := begin(ctx, cfg)
	if err != nil {
		return nil, err
	}
	for _, file := range cfg.Files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := i.file(file); err != nil {
			return nil, err
		}
	}
	if err := i.unused(); err != nil {
		return nil, err
	}
	if i.out.Open() > 0 {
		return i.out, ErrUndecided
	}
	return i.out, i.addTo()
}

// importing carries an import from step to step.
type importing struct {
	ctx    context.Context
	cfg    Config
	out    *Result
	chosen importer.Choices
	used   map[string]bool // choices that named something in a file
	known  *importer.Spec
	dir    string // folder of the spec, or the working directory
	stanza importer.Stanza
}

// begin parses the flags, and reads the spec to which something is added.
func begin(ctx context.Context, cfg Config) (*importing, error) {
	i := &importing{ctx: ctx, cfg: cfg, out: &Result{}, known: &importer.Spec{Sources: map[string]importer.Source{}, Roles: map[string]string{}}}
	if err := i.choices(); err != nil {
		return nil, err
	}
	if cfg.Into != "" {
		if err := i.readSpec(); err != nil {
			return nil, err
		}
	}
	return i, nil
}

func (i *importing) event(stage string, done, of int64) {
	if i.cfg.Progress != nil {
		i.cfg.Progress(run.Event{Stage: stage, Done: done, Total: of})
	}
}

// choices parses the flags.
func (i *importing) choices() error {
	i.used = map[string]bool{}
	i.chosen = importer.Choices{Keep: i.cfg.Keep, Given: i.cfg.Given, Unit: i.cfg.Unit, Measure: i.cfg.Measure}
	for _, list := range []struct {
		flag string
		from []string
		to   *[]importer.Choice
	}{{"--pick", i.cfg.Pick, &i.chosen.Pick}, {"--drop", i.cfg.Drop, &i.chosen.Drop}} {
		for _, text := range list.from {
			dimension, category, ok := strings.Cut(text, "=")
			if !ok || dimension == "" || category == "" {
				return fmt.Errorf("%w: %s %q must be written DIMENSION=CATEGORY", run.ErrUsage, list.flag, text)
			}
			*list.to = append(*list.to, importer.Choice{Dimension: strings.TrimSpace(dimension), Category: strings.TrimSpace(category)})
		}
	}
	var err error
	i.dir, err = os.Getwd()
	return err
}

// readFile reads a file that the user names: a regular one, to the limit of inputs.
func readFile(path string) ([]byte, error) {
	f, err := inputs.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, inputs.MaxBytes+1))
	if err == nil && len(data) > inputs.MaxBytes {
		err = inputs.ErrTooLarge
	}
	return data, err
}

// file imports one file.
func (i *importing) file(path string) error {
	i.event("read "+filepath.Base(path), 0, 0)
	data, err := readFile(path)
	faults := &diag.List{}
	if err != nil {
		faults.Errorf(diag.Place{File: filepath.ToSlash(path)}, "unreadable-file", "the file cannot be read: %v", inputs.Cause(err)).WithHint("name a table that was downloaded")
		return faults.Err()
	}
	name := i.nameInSpec(path)
	if err := i.checkReach(path, name); err != nil {
		return err
	}
	tables := importer.Open(data, filepath.ToSlash(path), importer.Options{Table: i.cfg.Table, Sheet: i.cfg.Sheet, Language: i.cfg.Language, Skip: i.cfg.Skip, Header: i.cfg.Header}, faults)
	if err := faults.Err(); err != nil {
		return err
	}
	if i.cfg.Labels != "" {
		if err := i.label(tables.Cube, filepath.ToSlash(path)); err != nil {
			return err
		}
	}
	i.event("look at "+filepath.Base(path), 0, 0)
	choices := i.of(tables)
	study, err := importer.Look(tables.Cube, choices)
	if e := (*importer.ChoiceError)(nil); errors.As(err, &e) {
		return fmt.Errorf("%w: %s: %s", run.ErrUsage, path, e.Text)
	} else if err != nil {
		return err
	}
	origin := tables.Origin
	origin.File = name
	found := Table{File: filepath.ToSlash(path), Report: study.Report(tables)}
	if len(study.Open) == 0 {
		stanza, open := study.Write(origin, i.known, i.cfg.Field)
		found.Report = study.Report(tables)
		if len(open) > 0 {
			found.Ask(study, open)
		} else {
			found.Matches = stanza.Matches
			i.stanza.Append(stanza)
		}
	}
	i.out.Files = append(i.out.Files, found)
	return nil
}

// of returns the choices that a file can have. With several files, each has those that
// name its dimensions.
func (i *importing) of(t *importer.Opened) importer.Choices {
	if len(i.cfg.Files) == 1 {
		return i.chosen
	}
	c := i.chosen
	has := func(dimension string) bool {
		_, ok := t.Cube.Find(dimension)
		if ok {
			i.used[dimension] = true
		}
		return ok
	}
	lacks := func(x importer.Choice) bool { return !has(x.Dimension) }
	c.Pick = slices.DeleteFunc(slices.Clone(c.Pick), lacks)
	c.Drop = slices.DeleteFunc(slices.Clone(c.Drop), lacks)
	c.Keep = slices.DeleteFunc(slices.Clone(c.Keep), func(k string) bool { return !has(k) })
	if len(i.out.Files) == 0 {
		c.Given = nil // nothing is known of the fields yet
	}
	c.Given = slices.DeleteFunc(slices.Clone(c.Given), func(k string) bool { return !has(k) })
	return c
}

// unused reports choices that no file has.
func (i *importing) unused() error {
	if len(i.cfg.Files) == 1 {
		return nil
	}
	for _, x := range slices.Concat(i.chosen.Pick, i.chosen.Drop) {
		if !i.used[x.Dimension] {
			return fmt.Errorf("%w: no file has a dimension %q", run.ErrUsage, x.Dimension)
		}
	}
	for _, k := range slices.Concat(i.chosen.Keep, i.chosen.Given) {
		if !i.used[k] {
			return fmt.Errorf("%w: no file has a dimension %q", run.ErrUsage, k)
		}
	}
	return nil
}

// checkReach refuses a file that the spec may not read.
func (i *importing) checkReach(path, name string) error {
	if i.cfg.Into == "" || filepath.IsLocal(name) {
		return nil
	}
	for _, dir := range append(i.cfg.AllowPaths, moduleRoot(i.dir)) {
		if dir == "" {
			continue
		}
		if abs, err := filepath.Abs(dir); err == nil && filepath.IsLocal(inputs.Relative(abs, path)) {
			return nil
		}
	}
	return fmt.Errorf("%w: %s is not in the folder of the spec, and a spec reads only files there: copy it to %s, or allow its folder with --allow-path", run.ErrUsage, path, i.dir)
}

// moduleRoot returns the folder of the CUE module that contains a folder, "" for none.
func moduleRoot(dir string) string {
	for {
		if info, err := os.Stat(filepath.Join(dir, "cue.mod")); err == nil && info.IsDir() {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// nameInSpec returns the path of a file as the spec names it.
func (i *importing) nameInSpec(path string) string { return inputs.Relative(i.dir, path) }

// Figure formats a figure for readers.
func Figure(x float64) string { return importer.Figure(x) }
