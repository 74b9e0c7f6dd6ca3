package run

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/compare"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/columns"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/spec"
)

// CompareConfig says which data sets to compare.
type CompareConfig struct {
	// Sets are the data sets. Each is the path of a release, of a folder of data
	// files or of a data file; NAME=PATH, which also names the set; or the name of a
	// reference of the spec. When NAME is that of a reference, its columns are
	// matched with fields as the reference says. A single set is compared with every
	// reference of its spec.
	Sets []string
	// Spec defines the fields; the default is the plan of the first release.
	Spec    string
	Columns map[string]string // name in data files to name of a field
	Cache   string            // folder of fitted plans; empty for none
	// AllowPaths are folders, beside its own, whose files the spec may read.
	AllowPaths []string
	Events     func(Event)
	// Judge has a model judge pairs of persons of two sets; nil for none.
	Judge *JudgeConfig
}

// Compare sets data sets side by side. The error wraps ErrUsage when a set does
// not exist or is not a data set.
func Compare(ctx context.Context, cfg CompareConfig) (*compare.Comparison, error) {
	c := &comparison{CompareConfig: cfg}
	if err := c.findPlan(ctx); err != nil {
		return nil, err
	}
	for _, arg := range cfg.Sets {
		if err := c.addSet(arg); err != nil {
			return nil, err
		}
	}
	if len(c.inputs) == 1 && c.plan != nil && c.inputs[0].Known == nil {
		for i := range c.plan.References {
			c.addReference(&c.plan.References[i])
		}
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	var judged *compare.Judged
	if cfg.Judge != nil {
		var err error
		if judged, err = c.judge(ctx); err != nil {
			return nil, err
		}
	}
	rows := int64(0)
	counted := make(chan int64)
	done := make(chan struct{})
	go func() { // the sets are read at the same time
		defer close(done)
		for n := range counted {
			if rows += n; cfg.Events != nil {
				cfg.Events(Event{Stage: "read", Done: rows, Total: c.rows})
			}
		}
	}()
	out, err := compare.Compare(ctx, c.inputs, func(n int64) { counted <- n })
	close(counted)
	<-done
	if err == nil && judged != nil {
		out.Judge(judged)
	}
	return out, err
}

// comparison collects the inputs of compare.Compare.
type comparison struct {
	CompareConfig
	plan    *plan.Plan     // defines the fields; nil when there is neither a spec nor a release
	writers bundle.Writers // the endpoints and prices of the spec
	inputs  []compare.Input
	rows    int64           // of the sets whose number of rows is known
	mapped  map[string]bool // names in Columns that some file has
}

// findPlan finds the plan that defines the fields.
func (c *comparison) findPlan(ctx context.Context) (err error) {
	c.mapped = map[string]bool{}
	c.writers = bundle.Writers{Repairs: 2, AskAbove: 5}
	if c.Spec != "" {
		b, err := Compile(ctx, c.Spec, c.Cache, nil, nil, c.AllowPaths...)
		if err == nil {
			c.plan, c.writers = b.Plan, b.Writers
		}
		return err
	}
	for _, arg := range c.Sets {
		if _, path := splitName(arg); isRelease(path) {
			r, err := release.Open(path)
			if err == nil {
				c.plan = r.Plan
			}
			return err
		}
	}
	return nil
}

func isRelease(path string) bool {
	info, err := os.Stat(filepath.Join(path, release.ManifestFile))
	return err == nil && info.Mode().IsRegular()
}

// splitName splits NAME=PATH. An argument that is an existing path has no name.
func splitName(arg string) (name, path string) {
	if _, err := os.Stat(arg); err == nil {
		return "", arg
	}
	if name, path, ok := strings.Cut(arg, "="); ok && name != "" && !strings.ContainsAny(name, `/\`) {
		return name, path
	}
	return "", arg
}

func (c *comparison) addSet(arg string) error {
	name, path := splitName(arg)
	info, err := os.Stat(path)
	switch {
	case err != nil && name == "":
		return c.addNamed(arg, err)
	case err != nil:
		return fmt.Errorf("%w: %v", ErrUsage, err)
	case !info.IsDir():
		return c.addFiles(name, path, []string{path})
	case isRelease(path):
		return c.addRelease(name, path)
	}
	files := dataFilesIn(path)
	if len(files) == 0 {
		return fmt.Errorf("%w: %s is not a release and has no data files", ErrUsage, path)
	}
	return c.addFiles(name, path, files)
}

// dataFilesIn returns the data files of a folder in one format: those in the folder
// itself, or else those in its folder data, as data hubs arrange them.
func dataFilesIn(dir string) []string {
	for _, folder := range []string{dir, filepath.Join(dir, "data")} {
		for _, f := range dataset.Formats() {
			files, _ := filepath.Glob(filepath.Join(folder, "*"+f.Extension)) // the pattern is valid
			if len(files) > 0 {
				slices.Sort(files)
				return files
			}
		}
	}
	return nil
}

// addNamed adds a reference.
func (c *comparison) addNamed(name string, missing error) error {
	if c.plan == nil {
		return fmt.Errorf("%w: %v; to compare with a reference, name a release or --spec too", ErrUsage, missing)
	}
	if r := c.reference(name); r != nil {
		c.addReference(r)
		return nil
	}
	var names []string
	for _, r := range c.plan.References {
		names = append(names, r.Name)
	}
	hint := fmt.Sprintf("; %s has no references", c.plan.Name)
	if names != nil {
		hint = fmt.Sprintf("; the references of %s are: %s", c.plan.Name, strings.Join(names, ", "))
		if guess := diag.Guess(name, names); guess != "" {
			hint = fmt.Sprintf("; did you mean the reference %s?", guess)
		}
	}
	return fmt.Errorf("%w: %s is neither an existing path nor a reference%s", ErrUsage, name, hint)
}

func (c *comparison) reference(name string) *spec.Reference {
	if c.plan == nil {
		return nil
	}
	for i := range c.plan.References {
		if r := &c.plan.References[i]; r.Name == name {
			return r
		}
	}
	return nil
}

func (c *comparison) addReference(r *spec.Reference) {
	c.inputs = append(c.inputs, compare.Input{Name: c.freeName(r.Name), Kind: compare.Knowledge, Title: r.Title, Origin: strings.TrimSpace(r.Title + " " + r.URL), Note: r.Note, Known: r, Plan: c.plan})
}

func (c *comparison) addRelease(name, dir string) error {
	r, err := release.Open(dir)
	if err != nil {
		return err
	}
	reading := columns.ReadingOf(r.Plan, r.Aliases)
	var shown frame.Schema // as in the plan, so that the values of releases are comparable
	for _, f := range reading.Fields {
		shown = append(shown, r.Plan.Field(f.Name).Column())
	}
	c.rows += r.Population.Count
	if name == "" {
		name = filepath.Base(filepath.Clean(dir))
	}
	c.inputs = append(c.inputs, compare.Input{
		Name: c.freeName(name), Kind: compare.Release, Title: r.Plan.Title, Origin: filepath.ToSlash(dir),
		Files: r.DataFiles(), Schema: reading.Fields, Shown: shown, Columns: reading.Names, Numerals: reading.Numerals, Plan: r.Plan,
	})
	return nil
}

// addFiles adds data files that are not a release.
func (c *comparison) addFiles(name, path string, files []string) error {
	for _, file := range files {
		if _, err := dataset.FormatOfPath(file); err != nil {
			return fmt.Errorf("%w: %v", ErrUsage, err)
		}
	}
	in := compare.Input{Kind: compare.Data, Origin: filepath.ToSlash(path), Files: files, Plan: c.plan, Columns: map[string]string{}}
	known := c.reference(name)
	if name == "" {
		name = strings.TrimSuffix(filepath.Base(filepath.Clean(path)), filepath.Ext(path))
	}
	if slices.ContainsFunc(c.inputs, func(in compare.Input) bool { return in.Name == name }) {
		name = filepath.Base(filepath.Clean(path)) // the names of two files may differ only in their extension
	}
	in.Name = c.freeName(name)
	if known != nil {
		in.Title = known.Title
	}
	for _, file := range files {
		r, err := dataset.Open(file, dataset.OpenOptions{})
		if err != nil {
			return err
		}
		c.mapColumns(r.Columns(), known, in.Columns)
		if n, ok := r.Rows(); ok {
			c.rows += n
		}
		if err := r.Close(); err != nil {
			return err
		}
	}
	c.inputs = append(c.inputs, in)
	return nil
}

// mapColumns maps the columns of a file to fields: as the request says, else as
// the reference says, else as a set of aliases of the spec does.
func (c *comparison) mapColumns(columns []string, known *spec.Reference, to map[string]string) {
	take := func(theirs, ours string) {
		if !slices.Contains(columns, theirs) || slices.Contains(columns, ours) && to[ours] == "" {
			return
		}
		for other, taken := range to {
			if taken == ours && other != theirs {
				return
			}
		}
		if to[theirs] == "" {
			to[theirs] = ours
		}
	}
	for theirs, ours := range c.Columns {
		if slices.Contains(columns, theirs) {
			c.mapped[theirs] = true
			to[theirs] = ours
			if slices.Contains(columns, ours) && c.Columns[ours] == "" {
				to[ours] = ours + " (theirs)" // its own name is taken
			}
		}
	}
	if known != nil {
		for _, f := range known.Fields {
			if f.Column != "" {
				take(f.Column, f.Field)
			}
		}
	}
	if c.plan != nil {
		for _, set := range slices.Sorted(maps.Keys(c.plan.Aliases)) {
			for _, f := range c.plan.Fields {
				if theirs := c.plan.Aliases[set].NameOf(f.Name); theirs != "" {
					take(theirs, f.Name)
				}
			}
		}
	}
}

// freeName returns the name, or one like it that no other set has.
func (c *comparison) freeName(name string) string {
	free := name
	for n := 2; slices.ContainsFunc(c.inputs, func(in compare.Input) bool { return in.Name == free }); n++ {
		free = fmt.Sprintf("%s (%d)", name, n)
	}
	return free
}

// check refuses mappings of columns that no file has and to fields that do not
// exist.
func (c *comparison) check() error {
	for _, theirs := range slices.Sorted(maps.Keys(c.Columns)) {
		ours := c.Columns[theirs]
		if !c.mapped[theirs] {
			return fmt.Errorf("%w: no data file has a column %q", ErrUsage, theirs)
		}
		if c.plan != nil && c.plan.Field(ours) == nil {
			var names []string
			for _, f := range c.plan.Fields {
				names = append(names, f.Name)
			}
			hint := ""
			if guess := diag.Guess(ours, names); guess != "" {
				hint = fmt.Sprintf("; did you mean %q?", guess)
			}
			return fmt.Errorf("%w: %s has no field %q%s", ErrUsage, c.plan.Name, ours, hint)
		}
	}
	return nil
}
