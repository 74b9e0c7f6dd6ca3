package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/run"
)

// app holds the streams, the environment and the flags that all commands share.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(name string) string
	json           bool // --json of the command that runs
	plain          bool // --no-color
}

// Main runs a command line and returns the exit code. Results go to stdout,
// everything else to stderr.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer, env func(name string) string) int {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup ignores it
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once

	out := &errWriter{w: stdout}
	if f, ok := stdout.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		stdout = out
	}
	a := &app{stdin: stdin, env: env}
	a.stdout, a.stderr = diag.NewWriter(stdout, a.terminal(stdout)), diag.NewWriter(stderr, a.terminal(stderr))
	root := a.rootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && ctx.Err() != nil && !errors.Is(err, run.ErrResumable) {
		err = context.Canceled
	}
	if out.err != nil && (err == nil || errors.Is(err, out.err)) {
		err = fmt.Errorf("the output could not be written: %v", out.err)
	}
	return a.report(err)
}

// errWriter keeps the first error of a writer, so that a command whose result could
// not be written fails.
type errWriter struct {
	w   io.Writer
	err error
}

func (e *errWriter) Write(p []byte) (int, error) {
	n, err := e.w.Write(p)
	if e.err == nil {
		e.err = err
	}
	return n, err
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "personagen",
		Short: "Generate synthetic populations from a specification",
		Long: `personagen generates a synthetic population from a specification, a CUE file that
declares the fields of a persona and the published statistics that they must meet.`,
		Example: `  personagen new island                 # write island.cue, a commented spec that runs
  personagen preview island.cue         # show a few personas
  personagen run island.cue -o out      # generate, check and write the population`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noSuchCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().BoolVar(&a.plain, "no-color", false, "print no colours and no progress bar; NO_COLOR=1 disables colours only")
	root.AddCommand(a.runCommand(), a.vetCommand(), a.planCommand(), a.previewCommand(), a.viewCommand(), a.validateCommand(), a.goalsCommand(), a.compareCommand(),
		a.mergeCommand(), a.jobCommand(), a.schemaCommand(), a.explainCommand(), a.modelsCommand(), a.newCommand(), a.importCommand(), a.versionCommand())
	root.Version = version
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	beStrict(root)
	return root
}

// beStrict makes the commands that cobra adds reject unknown arguments, as the other
// commands do.
func beStrict(root *cobra.Command) {
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Run, c.RunE = nil, func(_ *cobra.Command, args []string) error { return help(root, args) }
		case "completion":
			c.Args = noSuchCommand
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
			for _, shell := range c.Commands() {
				shell.Args = argCount(0, "no arguments")
			}
		}
	}
}

func help(root *cobra.Command, args []string) error {
	c, rest, err := root.Find(args)
	if err != nil || len(rest) > 0 {
		return noSuchCommand(root, args)
	}
	return c.Help()
}

// noSuchCommand rejects arguments of a command that has only subcommands: the
// first argument was meant as one.
func noSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range c.Commands() {
		names = append(names, sub.Name())
	}
	hint := didYouMean(args[0], names)
	if hint == "" {
		hint = "; " + c.CommandPath() + " --help lists the commands"
	}
	return usagef("unknown command %q%s", args[0], hint)
}

// flagError returns a usageError for an invalid flag. For an unknown flag it suggests
// a similar one.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return usagef("%v; see %s --help", err, c.CommandPath())
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	hint := didYouMean(unknown.GetSpecifiedName(), names)
	if hint == "" {
		hint = "; see " + c.CommandPath() + " --help"
	}
	return usagef("%s has no flag --%s%s", c.CommandPath(), unknown.GetSpecifiedName(), hint)
}

// didYouMean returns the end of a message about an unknown word: a suggestion, or ""
// if no known word is similar.
func didYouMean(word string, words []string) string {
	if guess := diag.Guess(word, words); guess != "" {
		return "; did you mean " + guess + "?"
	}
	return ""
}

// argCount requires exactly n arguments; what describes them.
func argCount(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return usagef("%s takes %s, not %d arguments; see %s --help", c.CommandPath(), what, len(args), c.CommandPath())
	}
}

func oneSpec() cobra.PositionalArgs {
	return argCount(1, "exactly one SPEC, a .cue file, a folder or a bundle")
}

// completeSpec completes the names of specs and bundles.
func completeSpec(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"cue", strings.TrimPrefix(bundle.Extension, ".")}, cobra.ShellCompDirectiveFilterFileExt
}

// splitList splits a list flag at commas; an empty one is nil.
func splitList(s string) []string {
	if s == "" {
		return nil
	}
	var list []string
	for item := range strings.SplitSeq(s, ",") {
		list = append(list, strings.TrimSpace(item))
	}
	return list
}
