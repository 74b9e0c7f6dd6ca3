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

func (a *app) newCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "new NAME",
		Short:   "Write a commented starting spec that runs",
		Long:    "new writes NAME.cue, a small spec that runs, with comments on every part. NAME may\ninclude a folder. An existing file is never overwritten.",
		Example: "  personagen new island\n  personagen run island.cue",
		Args:    argCount(1, "exactly one NAME"),
		RunE:    func(_ *cobra.Command, args []string) error { return a.newSpec(args[0]) },
	}
}

func (a *app) newSpec(name string) error {
	dir, base := filepath.Split(strings.TrimSuffix(name, ".cue"))
	if !specName.MatchString(base) {
		return usagef("%q is not a valid name for a spec: use lower-case letters, digits and hyphens, starting with a letter", base)
	}
	text := strings.NewReplacer("NAME", base, "PACKAGE", strings.ReplaceAll(base, "-", "_")).Replace(starter)
	path := filepath.Join(dir, base+".cue")
	if err := writeNew(path, text); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.stdout, "wrote %s\nnext: personagen preview %s\n", path, path)
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
