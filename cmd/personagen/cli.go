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

// app is what the commands know of the outside.
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
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once

	out := &kept{w: stdout}
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

// kept is a writer that keeps its first error: a result that the disk had no
// room for must not pass for one.
type kept struct {
	w   io.Writer
	err error
}

func (k *kept) Write(p []byte) (int, error) {
	n, err := k.w.Write(p)
	if k.err == nil {
		k.err = err
	}
	return n, err
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "personagen",
		Short: "Synthetic populations from a specification",
		Long: `personagen makes a synthetic population from a specification: a CUE file that
names the fields of a persona and the published statistics they must meet.`,
		Example: `  personagen new island                 # a commented starting spec, island.cue
  personagen preview island.cue         # a few personas
  personagen run island.cue -o out      # the whole population, checked`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noSuchCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().BoolVar(&a.plain, "no-color", false, "no colours and no progress bar (as without a terminal, with NO_COLOR or with TERM=dumb)")
	root.AddCommand(a.runCommand(), a.vetCommand(), a.planCommand(), a.previewCommand(), a.validateCommand(), a.goalsCommand(), a.compareCommand(),
		a.mergeCommand(), a.schemaCommand(), a.explainCommand(), a.newCommand(), a.versionCommand())
	root.Version = version
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	beStrict(root)
	return root
}

// beStrict makes the commands that cobra adds refuse what they do not know as
// ours do.
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

// noSuchCommand takes no arguments: a word in this place was meant to be a
// command.
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
	return usagef("there is no command %q%s", args[0], hint)
}

// flagError makes a mistake in a flag a usageError, with a guess for an unknown
// one.
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

// didYouMean completes a message about an unknown word with a guess, when
// there is one.
func didYouMean(word string, words []string) string {
	if near := diag.Guess(word, words); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// argCount wants exactly n arguments, named by what.
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
