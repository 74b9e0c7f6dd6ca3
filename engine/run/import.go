package run

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
	"github.com/personagen/personagen/engine/internal/compile"
	"github.com/personagen/personagen/engine/internal/importer"
	"github.com/personagen/personagen/engine/internal/inputs"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/spec"
	"github.com/personagen/personagen/engine/spec/load"
)

// ErrUndecided is returned by Import when a person has to choose.
var ErrUndecided = errors.New("some questions are open")

// ImportConfig says what Import reads and what the user decided.
type ImportConfig struct {
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

	Skip, Header int // rows above the header of a text file or sheet, and of it; 0 to guess

	Progress func(Event) // may be nil
}

// Imported is the result of Import.
type Imported struct {
	Files []ImportedTable `json:"files"`
	// Stanza is what the spec lacks, in CUE; "" if a question about it is open.
	Stanza string `json:"stanza,omitempty"`
	// Changed are the files of the spec that were changed.
	Changed []string `json:"changed,omitempty"`
	Added   string   `json:"-"` // what was added to the spec, in words
	// Warnings are about the spec after the change.
	Warnings *diag.List `json:"-"`
}

// ImportedTable is what was found in a file.
type ImportedTable struct {
	File string `json:"file"`
	importer.Report
}

// ImportedDrop is a category that is left out.
type ImportedDrop = importer.ReportDrop

// Open counts the questions that the user has to answer.
func (r *Imported) Open() int {
	n := 0
	for i := range r.Files {
		n += len(r.Files[i].Open)
	}
	return n
}

// Import looks at tables of statistical offices and writes a stanza for each, or adds
// them to a spec. The result says what was found even if the error is ErrUndecided. The
// error is a *diag.ListError if a file or the spec is wrong, and then nothing is
// changed. Nothing is fetched from a network.
func Import(ctx context.Context, cfg ImportConfig) (*Imported, error) {
	i := &importing{ctx: ctx, cfg: cfg, out: &Imported{}, known: &importer.Spec{Sources: map[string]importer.Source{}, Roles: map[string]string{}}}
	if err := i.choices(); err != nil {
		return nil, err
	}
	if cfg.Into != "" {
		if err := i.readSpec(); err != nil {
			return nil, err
		}
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
	i.out.Stanza = i.stanza.Text()
	i.out.Added = i.stanza.Summary()
	if cfg.Into != "" {
		if err := i.insert(); err != nil {
			return i.out, err
		}
	}
	return i.out, nil
}

// importing carries an import from step to step.
type importing struct {
	ctx    context.Context
	cfg    ImportConfig
	out    *Imported
	chosen importer.Choices
	used   map[string]bool // choices that named something in a file
	known  *importer.Spec
	dir    string // folder of the spec, or the working directory
	stanza importer.Stanza
}

func (i *importing) event(stage string, done, of int64) {
	if i.cfg.Progress != nil {
		i.cfg.Progress(Event{Stage: stage, Done: done, Total: of})
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
				return fmt.Errorf("%w: %s %q must be written DIMENSION=CATEGORY", ErrUsage, list.flag, text)
			}
			*list.to = append(*list.to, importer.Choice{Dimension: strings.TrimSpace(dimension), Category: strings.TrimSpace(category)})
		}
	}
	var err error
	i.dir, err = os.Getwd()
	return err
}

// readSpec reads the spec to which the tables are added.
func (i *importing) readSpec() error {
	if _, err := os.Stat(i.cfg.Into); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: there is no spec %s; personagen new NAME --empty writes one", ErrUsage, i.cfg.Into)
	}
	s, found := load.Load(i.ctx, i.cfg.Into, load.Options{AllowPaths: i.cfg.AllowPaths})
	if err := listError(i.ctx, found); err != nil {
		return err
	}
	fields, faults := compile.FiniteFields(i.ctx, s, compile.Options{})
	if err := listError(i.ctx, faults); err != nil {
		return err
	}
	i.dir = s.Dir
	i.known = knownSpec(s, fields)
	return nil
}

// knownSpec tells an importer what a spec has.
func knownSpec(s *spec.Spec, fields []*kind.Field) *importer.Spec {
	k := &importer.Spec{Sources: map[string]importer.Source{}, Roles: map[string]string{}}
	for _, src := range s.Sources {
		k.Sources[src.Name] = importer.Source{Title: src.Title}
	}
	for i := range s.Tables {
		k.Tables = append(k.Tables, s.Tables[i].Name)
		k.Year = max(k.Year, s.Tables[i].Year)
	}
	for _, r := range s.Roles {
		k.Roles[r.Name] = r.Field.Value
	}
	for _, f := range fields {
		names := []string{f.Title}
		for _, set := range s.Aliases {
			for _, a := range set.Columns {
				if a.Field.Value == f.Name {
					names = append(names, a.Column.Value)
				}
			}
		}
		names = slices.DeleteFunc(names, func(n string) bool { return n == "" })
		switch {
		case f.Domain.Integer:
			k.Fields = append(k.Fields, importer.NewInteger(f.Name, int(f.Domain.Min), int(f.Domain.Max), names...))
		default:
			k.Fields = append(k.Fields, knownLabels(f, fields, names))
		}
	}
	return k
}

// knownLabels describes a category or group; of bands of an integer also their ages.
func knownLabels(f *kind.Field, fields []*kind.Field, names []string) importer.Field {
	out := importer.Field{Name: f.Name, Names: names, Kind: f.Kind, Labels: f.Domain.Labels}
	look := f.Lookup()
	if look == nil || len(look.Fields) != 1 {
		return out
	}
	base := slices.IndexFunc(fields, func(b *kind.Field) bool { return b.Name == look.Fields[0] })
	if base < 0 || !fields[base].Domain.Integer {
		return out
	}
	d := fields[base].Domain
	var cuts []int
	var labels []string
	last := int32(0)
	for v := range d.Size() {
		if c := look.Case[v]; c != last && c > 0 {
			if slices.Contains(labels, f.Domain.Labels[c-1]) {
				return out // its values are not in one piece
			}
			cuts, labels, last = append(cuts, int(d.Min)+v), append(labels, f.Domain.Labels[c-1]), c
		}
	}
	return importer.NewBands(f.Name, fields[base].Name, int(d.Min), int(d.Max), cuts, labels, names...)
}

// readFile reads a file that the user names: a regular one, to the limit of inputs.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: %w", path, inputs.ErrIrregular)
	case info.Size() > inputs.MaxBytes:
		return nil, fmt.Errorf("%s: %w", path, inputs.ErrTooLarge)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, inputs.MaxBytes))
}

// file imports one file.
func (i *importing) file(path string) error {
	i.event("read "+filepath.Base(path), 0, 0)
	data, err := readFile(path)
	if err != nil {
		if e := (*os.PathError)(nil); errors.As(err, &e) {
			err = e.Err
		}
		faults := &diag.List{}
		faults.Errorf(diag.Place{File: filepath.ToSlash(path)}, "unreadable-file", "the file cannot be read: %v", err).WithHint("name a table that was downloaded")
		return faults.Err()
	}
	faults := &diag.List{}
	name := i.nameInSpec(path)
	if err := i.checkReach(path, name); err != nil {
		return err
	}
	tables := importer.Open(data, filepath.ToSlash(path), importer.Options{Table: i.cfg.Table, Sheet: i.cfg.Sheet, Skip: i.cfg.Skip, Header: i.cfg.Header}, faults)
	if err := faults.Err(); err != nil {
		return err
	}
	i.event("look at "+filepath.Base(path), 0, 0)
	choices := i.of(tables)
	study, err := importer.Look(tables.Cube, choices)
	if e := (*importer.ChoiceError)(nil); errors.As(err, &e) {
		return fmt.Errorf("%w: %s: %s", ErrUsage, path, e.Text)
	} else if err != nil {
		return err
	}
	origin := tables.Origin
	origin.File = name
	found := ImportedTable{File: filepath.ToSlash(path), Report: study.Report(tables)}
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
			return fmt.Errorf("%w: no file has a dimension %q", ErrUsage, x.Dimension)
		}
	}
	for _, k := range slices.Concat(i.chosen.Keep, i.chosen.Given) {
		if !i.used[k] {
			return fmt.Errorf("%w: no file has a dimension %q", ErrUsage, k)
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
		if abs, err := filepath.Abs(dir); err == nil && filepath.IsLocal(fromFolder(abs, path)) {
			return nil
		}
	}
	return fmt.Errorf("%w: %s is not in the folder of the spec, and a spec reads only files there: copy it to %s, or allow its folder with --allow-path", ErrUsage, path, i.dir)
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
func (i *importing) nameInSpec(path string) string { return fromFolder(i.dir, path) }

// insert adds the stanza to the spec. If the spec is not sound then, its files are
// restored.
func (i *importing) insert() error {
	var entries []load.Entry
	for _, part := range []struct {
		stanza  string
		entries []importer.Entry
	}{{"sources", i.stanza.Sources}, {"fields", i.stanza.Fields}, {"roles", i.stanza.Roles}, {"tables", i.stanza.Tables}} {
		for _, e := range part.entries {
			entries = append(entries, load.Entry{Stanza: part.stanza, Name: e.Name, Text: e.Text})
		}
	}
	changed, faults := load.Insert(i.cfg.Into, entries)
	if err := listError(i.ctx, faults); err != nil {
		return err
	}
	before := map[string][]byte{}
	var names []string
	for file := range changed {
		names = append(names, file)
	}
	slices.Sort(names)
	restore := func() error {
		var errs []error
		for file, data := range before {
			errs = append(errs, writeOver(file, data))
		}
		return errors.Join(errs...)
	}
	for _, file := range names {
		old, err := os.ReadFile(file)
		if err == nil {
			before[file] = old
			err = writeOver(file, changed[file])
		}
		if err != nil {
			return errors.Join(err, restore())
		}
		i.out.Changed = append(i.out.Changed, shownPath(file))
	}
	v, err := Vet(i.ctx, i.cfg.Into, false, "", i.cfg.AllowPaths...)
	if err == nil {
		err = listError(i.ctx, v.Found)
		i.out.Warnings = v.Found
	}
	if err != nil {
		i.out.Changed = nil
		if list := (*diag.ListError)(nil); errors.As(err, &list) {
			// The lines are those of files that are no more.
			for k := range list.List.Items {
				if at := &list.List.Items[k].Place; strings.HasSuffix(at.File, ".cue") {
					at.Line, at.Column = 0, 0
				}
			}
			list.List.Warnf(diag.Place{File: filepath.ToSlash(i.cfg.Into)}, "unchanged", "with the new tables the spec is not sound, so it is left as it was")
		}
		if failed := restore(); failed != nil {
			return failed
		}
		return err
	}
	return nil
}

// ImportFigure formats a figure for readers.
func ImportFigure(x float64) string { return importer.Figure(x) }

// writeOver replaces the contents of a file in one step, so that a crash leaves the old
// ones.
func writeOver(path string, data []byte) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".import-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// shownPath returns a path for messages: relative to the working directory if it is
// below it.
func shownPath(path string) string {
	if dir, err := os.Getwd(); err == nil {
		if rel := fromFolder(dir, path); filepath.IsLocal(rel) {
			return rel
		}
	}
	return filepath.ToSlash(path)
}
