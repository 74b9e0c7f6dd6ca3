package run

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/compare"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// Comparing says which data sets to compare.
type Comparing struct {
	// Sets are releases or other folders of data files, data files, references of
	// the spec by name, or NAME=PATH, which names what is there; where NAME is a
	// reference its columns are taken for those of the fields. A first set alone
	// is compared with every reference of its spec.
	Sets []string
	// Spec knows the fields; empty for the plan of the first release.
	Spec    string
	Columns map[string]string // name in data files to name of a field
	Cache   string
	Events  func(Event)
}

// Compare sets data sets side by side. The error wraps ErrUsage when a set is
// not there or not what it should be.
func Compare(ctx context.Context, q Comparing) (*compare.Comparison, error) {
	c := &comparing{Comparing: q}
	if err := c.findPlan(ctx); err != nil {
		return nil, err
	}
	for _, arg := range q.Sets {
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
	rows := int64(0)
	counted := make(chan int64)
	done := make(chan struct{})
	go func() { // the sets are read side by side
		defer close(done)
		for n := range counted {
			if rows += n; q.Events != nil {
				q.Events(Event{Stage: "read", Done: rows, Total: c.rows})
			}
		}
	}()
	out, err := compare.Compare(ctx, c.inputs, func(n int64) { counted <- n })
	close(counted)
	<-done
	return out, err
}

type comparing struct {
	Comparing
	plan   *plan.Plan // nil when nothing knows the fields
	inputs []compare.Input
	rows   int64           // as far as they are known
	mapped map[string]bool // columns of the request that some file has
}

// findPlan settles what the fields are.
func (c *comparing) findPlan(ctx context.Context) (err error) {
	c.mapped = map[string]bool{}
	if c.Spec != "" {
		b, err := Compile(ctx, c.Spec, c.Cache, nil, nil)
		if err == nil {
			c.plan = b.Plan
		}
		return err
	}
	for _, arg := range c.Sets {
		if _, path := splitName(arg); isRelease(path) {
			c.plan, err = readPlan(path)
			return err
		}
	}
	return nil
}

func isRelease(path string) bool {
	info, err := os.Stat(filepath.Join(path, ManifestFile))
	return err == nil && info.Mode().IsRegular()
}

// splitName takes NAME=PATH apart; what is there under its whole name has none.
func splitName(arg string) (name, path string) {
	if _, err := os.Stat(arg); err == nil {
		return "", arg
	}
	if name, path, ok := strings.Cut(arg, "="); ok && name != "" && !strings.ContainsAny(name, `/\`) {
		return name, path
	}
	return "", arg
}

func (c *comparing) addSet(arg string) error {
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
		return fmt.Errorf("%w: %s is no release and holds no data files", ErrUsage, path)
	}
	return c.addFiles(name, path, files)
}

// dataFilesIn lists the data files of a folder, those of one format.
func dataFilesIn(dir string) []string {
	for _, f := range dataset.Formats() {
		files, _ := filepath.Glob(filepath.Join(dir, "*"+f.Extension)) // the pattern is right
		if len(files) > 0 {
			slices.Sort(files)
			return files
		}
	}
	return nil
}

// addNamed adds a reference.
func (c *comparing) addNamed(name string, missing error) error {
	if c.plan == nil {
		return fmt.Errorf("%w: %v; a reference is named together with a release or --spec", ErrUsage, missing)
	}
	if r := c.reference(name); r != nil {
		c.addReference(r)
		return nil
	}
	var names []string
	for _, r := range c.plan.References {
		names = append(names, r.Name)
	}
	hint := fmt.Sprintf("; %s names no references", c.plan.Name)
	if names != nil {
		hint = fmt.Sprintf("; the references of %s are: %s", c.plan.Name, strings.Join(names, ", "))
		if near := diag.Guess(name, names); near != "" {
			hint = fmt.Sprintf("; did you mean the reference %s?", near)
		}
	}
	return fmt.Errorf("%w: %s is neither there nor a reference%s", ErrUsage, name, hint)
}

func (c *comparing) reference(name string) *spec.Reference {
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

func (c *comparing) addReference(r *spec.Reference) {
	c.inputs = append(c.inputs, compare.Input{Name: c.freeName(r.Name), Kind: compare.Knowledge, Title: r.Title, Origin: strings.TrimSpace(r.Title + " " + r.URL), Note: r.Note, Known: r, Plan: c.plan})
}

func (c *comparing) addRelease(name, dir string) error {
	m, err := ReadManifest(dir)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrUsage, err)
	}
	p, err := readPlan(dir)
	if err != nil {
		return err
	}
	var schema frame.Schema
	for _, i := range p.Visible() {
		schema = append(schema, p.Schema()[i])
	}
	c.rows += m.Rows
	if name == "" {
		name = filepath.Base(filepath.Clean(dir))
	}
	c.inputs = append(c.inputs, compare.Input{
		Name: c.freeName(name), Kind: compare.Release, Title: p.Title, Origin: filepath.ToSlash(dir), Files: m.dataFiles(dir), Schema: schema, Columns: ours(p, m.Aliases), Plan: p,
	})
	return nil
}

// addFiles adds data files of another origin.
func (c *comparing) addFiles(name, path string, files []string) error {
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
		name = filepath.Base(filepath.Clean(path)) // two files may differ in the extension only
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

// mapColumns finds out which columns of a file stand for which fields: as
// asked, as the reference says, or as a set of aliases of the spec does, in this order.
func (c *comparing) mapColumns(columns []string, known *spec.Reference, to map[string]string) {
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
				to[ours] = ours + " (theirs)" // gives way
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
				if theirs := c.plan.Aliases[set][f.Name]; theirs != "" {
					take(theirs, f.Name)
				}
			}
		}
	}
}

// freeName returns a name that no other set has.
func (c *comparing) freeName(name string) string {
	free := name
	for n := 2; slices.ContainsFunc(c.inputs, func(in compare.Input) bool { return in.Name == free }); n++ {
		free = fmt.Sprintf("%s (%d)", name, n)
	}
	return free
}

// check refuses columns that no file has and fields that nothing knows.
func (c *comparing) check() error {
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
			if near := diag.Guess(ours, names); near != "" {
				hint = fmt.Sprintf("; did you mean %q?", near)
			}
			return fmt.Errorf("%w: %s has no field %q%s", ErrUsage, c.plan.Name, ours, hint)
		}
	}
	return nil
}
