package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/job"
	"github.com/personagen/personagen/engine/job/adapters"
	"github.com/personagen/personagen/engine/job/store"
)

// exports describes the files for an engine; next is the command to use them in DIR.
var exports = map[string]struct{ short, next string }{
	"kubernetes": {"Write an Indexed Job for Kubernetes", "kubectl apply -f %s"},
	"slurm":      {"Write array jobs for Slurm", "bash %s"},
	"spark":      {"Write an application for Spark", "spark-submit --files /path/to/personagen %s"},
}

// entries is the file of an engine that starts a job.
var entries = map[string]string{"kubernetes": "job.yaml", "slurm": "submit.sh", "spark": "personagen_job.py"}

func (a *app) jobExportCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "export",
		Short: "Write the files with which Spark, Slurm or Kubernetes make a job",
		Long: `export writes files with which an engine makes a job: it starts the parts, the reductions
and the commit, and starts them again when they or their machines fail. All machines need
this program and must reach the job.`,
		Example: "  personagen job export slurm jobs/island -o island-slurm",
		Args:    noSuchCommand,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
		// Flags of an unknown engine must not hide that it is unknown.
		FParseErrWhitelist: cobra.FParseErrWhitelist{UnknownFlags: true},
	}
	for _, engine := range adapters.Engines {
		c.AddCommand(a.jobExportEngineCommand(engine))
	}
	return c
}

func (a *app) jobExportEngineCommand(engine string) *cobra.Command {
	var out string
	var o adapters.Options
	kubernetes := engine == "kubernetes"
	c := &cobra.Command{
		Use: engine + " JOB -o DIR", Short: exports[engine].short,
		Args: argCount(1, "exactly one JOB"),
		RunE: func(c *cobra.Command, args []string) error {
			if out == "" {
				return usagef("name a folder for the files with -o")
			}
			in, err := openStore(args[0])
			if err != nil {
				return err
			}
			var folder bool
			if o.Address, folder, err = store.Absolute(args[0]); err != nil {
				return err
			}
			switch {
			case kubernetes && folder && o.Claim == "":
				return usagef("%s is a folder: name the persistent volume claim that holds it with --claim", args[0])
			case !folder && o.Claim != "":
				return usagef("--claim is for a job in a folder, and %s is not", args[0])
			}
			j, err := job.Read(c.Context(), in)
			if err != nil {
				return interrupted(c.Context(), err)
			}
			files, err := adapters.Files(engine, j, o)
			if err != nil {
				return err
			}
			return a.writeExport(engine, out, files)
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "folder for the files (required)")
	if kubernetes {
		c.Flags().StringVar(&o.Image, "image", "personagen:"+strings.TrimPrefix(version, "v"), "image of containers, which the Dockerfile makes")
		c.Flags().StringVar(&o.Claim, "claim", "", "persistent volume claim that holds the folder of the job")
	}
	return c
}

func (a *app) writeExport(engine, out string, files []adapters.File) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if err := writeNew(filepath.Join(out, f.Name), string(f.Data)); err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "wrote %s\n", filepath.Join(out, f.Name))
	}
	_, err := fmt.Fprintf(a.stdout, "next: "+exports[engine].next+"\n", humanize.ShellWord(filepath.Join(out, entries[engine])))
	return err
}
