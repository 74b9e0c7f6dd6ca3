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

// starter is a spec that runs, with a comment on everything in it. NAME and
// PACKAGE stand for the new spec's.
//
//go:embed starter.cue
var starter string

// specName is what the schema allows as a spec's name.
var specName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

func (a *app) newCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "new NAME",
		Short:   "Write a commented starting spec that runs",
		Long:    "new writes NAME.cue, a small spec with a comment on everything in it. NAME may have a folder before it.",
		Example: "  personagen new island\n  personagen run island.cue",
		Args:    argCount(1, "exactly one NAME"),
		RunE:    func(_ *cobra.Command, args []string) error { return a.newSpec(args[0]) },
	}
}

func (a *app) newSpec(name string) error {
	dir, base := filepath.Split(strings.TrimSuffix(name, ".cue"))
	if !specName.MatchString(base) {
		return usagef("%q cannot name a spec: use small letters, digits and hyphens, a letter first", base)
	}
	text := strings.NewReplacer("NAME", base, "PACKAGE", strings.ReplaceAll(base, "-", "_")).Replace(starter)
	path := filepath.Join(dir, base+".cue")
	if err := writeNew(path, text); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.stdout, "wrote %s\ntry: personagen preview %s\n", path, path)
	return err
}

// writeNew writes a file that must not exist yet.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usagef("%s exists already and is left as it is; choose another name", path)
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
