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
	empty := false
	c := &cobra.Command{
		Use:     "new NAME",
		Short:   "Write a commented starting spec that runs",
		Long:    "new writes NAME.cue, a small spec that runs, with comments on every part. NAME may\ninclude a folder. An existing file is never overwritten. With --empty the spec has no\nfigures; personagen import adds tables of statistical offices.",
		Example: "  personagen new island\n  personagen run island.cue",
		Args:    argCount(1, "exactly one NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			if empty {
				return a.newSpec(args[0], blank, "personagen import FILE --into")
			}
			return a.newSpec(args[0], starter, "personagen preview")
		},
	}
	c.Flags().BoolVar(&empty, "empty", false, "write a spec without figures, for personagen import")
	return c
}

func (a *app) newSpec(name, template, next string) error {
	dir, base := filepath.Split(strings.TrimSuffix(name, ".cue"))
	if !specName.MatchString(base) {
		return usagef("%q is not a valid name for a spec: use lower-case letters, digits and hyphens, starting with a letter", base)
	}
	text := strings.NewReplacer("NAME", base, "PACKAGE", strings.ReplaceAll(base, "-", "_")).Replace(template)
	path := filepath.Join(dir, base+".cue")
	if err := writeNew(path, text); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.stdout, "wrote %s\nnext: %s %s\n", path, next, path)
	return err
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
