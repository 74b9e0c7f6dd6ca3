package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/personagen/personagen/engine/run"
)

// judgeFlags are the flags of compare about a model that judges.
type judgeFlags struct {
	on      bool
	writer  writerFlags
	pairs   int
	texts   []string
	equal   bool
	labels  []string
	rubric  string
	journal string
	ask     askFlags
	needing *pflag.FlagSet // the flags that need --judge
}

func (o *judgeFlags) add(all *pflag.FlagSet) {
	all.BoolVar(&o.on, "judge", false, "have a model judge pairs of persons of two sets")
	f := pflag.NewFlagSet("judge", pflag.ContinueOnError)
	f.IntVar(&o.pairs, "pairs", run.DefaultPairs, "with --judge: number of pairs, of distinct persons")
	f.StringSliceVar(&o.texts, "texts", nil, "with --judge: text `FIELD` that is shown; may be repeated (default all that both sets have)")
	f.BoolVar(&o.equal, "equal-length", false, "with --judge: cut each text to the length of the shorter one of the pair")
	f.StringArrayVar(&o.labels, "label", nil, "with --judge: a value of the second set that is one of the first, `FIELD:THEIRS=OURS`; may be repeated")
	f.StringVar(&o.rubric, "rubric", "", "with --judge: `FILE` of what the model is told in place of the program's words")
	f.StringVar(&o.journal, "journal", "", "with --judge: folder of the answers, from which a comparison continues (default the path of the first set with .judge appended)")
	o.ask.add(f, "with --judge: ")
	o.writer.addEndpoint(f)
	all.AddFlagSet(f)
	o.needing = f
}

// mostRubric bounds a rubric in bytes.
const mostRubric = 100_000

// config returns nil without --judge.
func (o *judgeFlags) config(c *cobra.Command, sets []string, a *app) (*run.JudgeConfig, error) {
	if !o.on {
		var err error
		o.needing.VisitAll(func(f *pflag.Flag) {
			if f.Changed {
				err = usagef("--%s applies only with --judge", f.Name)
			}
		})
		return nil, err
	}
	if o.pairs < 1 {
		return nil, usagef("--pairs must be at least 1, not %d", o.pairs)
	}
	var cfg run.Config
	if err := o.writer.apply(c, &cfg); err != nil {
		return nil, err
	}
	if err := a.applyAsk(&o.ask, c, &cfg.Writer); err != nil {
		return nil, err
	}
	if cfg.Writer.Journal = o.journal; o.journal == "" {
		path := sets[0]
		if _, err := os.Stat(path); err != nil {
			_, path, _ = strings.Cut(path, "=")
		}
		cfg.Writer.Journal = strings.TrimRight(path, `/\`) + ".judge"
	}
	out := &run.JudgeConfig{Provider: cfg.Provider, Writer: cfg.Writer, Pairs: o.pairs, Fields: o.texts, Equal: o.equal, Labels: o.labels}
	if o.rubric != "" {
		data, err := os.ReadFile(o.rubric)
		if err != nil {
			return nil, usagef("--rubric: %v", err)
		}
		if out.Rubric = strings.TrimSpace(string(data)); out.Rubric == "" || len(data) > mostRubric {
			return nil, usagef("--rubric: %s must have 1 to %d bytes", o.rubric, mostRubric)
		}
	}
	return out, nil
}
