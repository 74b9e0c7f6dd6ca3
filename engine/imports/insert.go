package imports

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/atomicfile"
	"github.com/personagen/personagen/engine/internal/compile"
	"github.com/personagen/personagen/engine/internal/importer"
	"github.com/personagen/personagen/engine/internal/inputs"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/run"
	"github.com/personagen/personagen/engine/spec"
	"github.com/personagen/personagen/engine/spec/load"
)

// readSpec reads the spec to which the tables are added.
func (i *importing) readSpec() error {
	if _, err := os.Stat(i.cfg.Into); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: there is no spec %s; personagen new NAME --empty writes one", run.ErrUsage, i.cfg.Into)
	}
	s, found := load.Load(i.ctx, i.cfg.Into, load.Options{AllowPaths: i.cfg.AllowPaths})
	if err := found.ErrContext(i.ctx); err != nil {
		return err
	}
	fields, faults := compile.FiniteFields(i.ctx, s, compile.Options{})
	if err := faults.ErrContext(i.ctx); err != nil {
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

// addTo writes the stanza, and adds it to the spec if there is one.
func (i *importing) addTo() error {
	i.out.Stanza, i.out.Added = i.stanza.Text(), i.stanza.Summary()
	if i.cfg.Into == "" {
		return nil
	}
	return i.insert()
}

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
	if err := faults.ErrContext(i.ctx); err != nil {
		return err
	}
	before := map[string][]byte{}
	restore := func() error {
		var errs []error
		for file, data := range before {
			errs = append(errs, write(file, data))
		}
		return errors.Join(errs...)
	}
	for _, file := range slices.Sorted(maps.Keys(changed)) {
		old, err := os.ReadFile(file)
		if err == nil {
			before[file] = old
			err = write(file, changed[file])
		}
		if err != nil {
			return errors.Join(err, restore())
		}
		i.out.Changed = append(i.out.Changed, shownPath(file))
	}
	v, err := run.Vet(i.ctx, i.cfg.Into, false, "", i.cfg.AllowPaths...)
	if err == nil {
		err = v.Found.ErrContext(i.ctx)
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

// write replaces the contents of a file of the spec, and keeps its permissions.
func write(path string, data []byte) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, data, info.Mode().Perm())
}

// shownPath returns a path for messages: relative to the working directory if it is
// below it.
func shownPath(path string) string {
	if dir, err := os.Getwd(); err == nil {
		if rel := inputs.Relative(dir, path); filepath.IsLocal(rel) {
			return rel
		}
	}
	return filepath.ToSlash(path)
}
