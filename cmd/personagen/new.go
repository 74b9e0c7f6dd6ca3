package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// starter is a spec that runs, with comments. NAME and PACKAGE are placeholders.
//
//go:embed starter.cue
var starter string

// specName matches the names of specs that the schema allows.
var specName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// blank is a spec without fields that tables are over, for import.
//
//go:embed blank.cue
var blank string

// fieldName matches the names of fields that the schema allows.
var fieldName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func (a *app) newCommand() *cobra.Command {
	var from string
	empty := false
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "Write a commented starting spec that runs",
		Long: "new writes NAME.cue, a small spec that runs, with comments on every part. With --empty\n" +
			"the spec has no figures; personagen import adds tables of statistical offices. With\n" +
			"--from it writes a folder NAME with a larger spec: files by theme, example CSV files,\n" +
			"and the schema and packs for editors that know CUE. NAME may include a folder. An\n" +
			"existing file or folder is never overwritten.",
		Example: "  personagen new island\n  personagen run island.cue\n  personagen new land --from country\n  personagen run land",
		Args:    argCount(1, "exactly one NAME"),
		RunE: func(c *cobra.Command, args []string) error {
			switch skeleton := c.Flags().Changed("from"); {
			case skeleton && empty:
				return usagef("--empty writes a spec without figures and --from one with examples: give one of them")
			case skeleton:
				return a.newPackage(args[0], from)
			case empty:
				return a.newSpec(args[0], blank, "personagen import FILE --into")
			}
			return a.newSpec(args[0], starter, "personagen preview")
		},
	}
	c.Flags().BoolVar(&empty, "empty", false, "write a spec without figures, for personagen import")
	c.Flags().StringVar(&from, "from", "", "write a package from this `skeleton`: "+strings.Join(skeletons(), ", "))
	c.RegisterFlagCompletionFunc("from", cobra.FixedCompletions(skeletons(), cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (a *app) newSpec(name, template, next string) error {
	dir, base, names, err := nameOfNew(name)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, base+".cue")
	if err := writeNew(path, names.Replace(template)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "wrote %s\nnext: %s %s\n", path, next, path)
	return err
}

func (a *app) newPackage(name, skeleton string) error {
	parent, base, names, err := nameOfNew(name)
	if err != nil {
		return err
	}
	if err := knownSkeleton(skeleton); err != nil {
		return err
	}
	dir := filepath.Join(parent, base)
	files, err := writeSkeleton(dir, skeleton, names)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "wrote %s with %d files, and cue.mod for editors\nnext: personagen preview %s\n", dir, files, dir)
	return err
}

// nameOfNew splits the name of a new spec into folder and name, and returns what
// replaces the placeholders.
func nameOfNew(name string) (dir, base string, placeholders *strings.Replacer, err error) {
	dir, base = filepath.Split(strings.TrimSuffix(name, ".cue"))
	if !specName.MatchString(base) {
		return "", "", nil, usagef("%q is not a valid name for a spec: use lower-case letters, digits and hyphens, starting with a letter", base)
	}
	return dir, base, strings.NewReplacer("NAME", base, "PACKAGE", strings.ReplaceAll(base, "-", "_")), nil
}

// writeNew writes a file that must not exist yet.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usagef("%s already exists and was not changed; choose another name", path)
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
