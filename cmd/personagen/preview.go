package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/run"
)

type previewOptions struct {
	persons personFlags
	show    int
	prompts bool
}

func (a *app) previewCommand() *cobra.Command {
	o := previewOptions{}
	c := &cobra.Command{
		Use:   "preview SPEC",
		Short: "Show a few personas",
		Long: `preview prints the first personas that a run of the spec would make, each as a
card. It writes no files.

With --prompts it prints the requests about these persons that a run would send to a
model. It sends nothing; texts that a later request shows are titles in brackets.`,
		Example:           "  personagen preview island.cue\n  personagen preview island.cue -n 20 --seed 8 --json\n  personagen preview island.cue -n 2 --prompts",
		Args:              oneSpec(),
		ValidArgsFunction: completeSpec,
		RunE:              func(c *cobra.Command, args []string) error { return a.preview(c, args[0], o) },
	}
	f := c.Flags()
	f.IntVarP(&o.show, "show", "n", 5, "number of personas to show")
	f.Int64Var(&o.persons.size, "size", 0, "number of persons in the population, of which the first are shown (default from the spec)")
	f.Uint64Var(&o.persons.seed, "seed", 0, "seed of all random draws (default from the spec)")
	f.StringVar(&o.persons.sampling, "sampling", check.Quota, "quota or independent")
	f.BoolVar(&o.prompts, "prompts", false, "print the requests to a model about the persons")
	f.BoolVar(&a.json, "json", false, "print one JSON object per line")
	o.persons.inputs.add(f)
	o.persons.cache.add(f)
	return c
}

func (a *app) preview(c *cobra.Command, path string, o previewOptions) error {
	cfg, err := o.persons.config(c, path)
	if err != nil {
		return err
	}
	cfg.Warnings = a.warnings
	progress := a.newProgress(false)
	cfg.Events = progress.event
	if o.prompts {
		prompts, err := run.Prompts(c.Context(), cfg, o.show)
		progress.finish()
		if err != nil {
			return err
		}
		return a.printPrompts(prompts)
	}
	s, err := run.Preview(c.Context(), cfg, o.show)
	progress.finish()
	if err != nil {
		return err
	}
	if a.json {
		return s.WriteJSONL(a.stdout)
	}
	d := a.newDeck(s)
	for row := range s.Persons.N {
		if _, err := fmt.Fprint(a.stdout, d.card(row)); err != nil {
			return err
		}
	}
	return nil
}

// printPrompts prints requests, as text or as lines of JSON.
func (a *app) printPrompts(prompts []run.Prompt) error {
	if a.json {
		e := json.NewEncoder(a.stdout)
		e.SetEscapeHTML(false)
		for _, p := range prompts {
			if err := e.Encode(p); err != nil {
				return err
			}
		}
		return nil
	}
	for _, p := range prompts {
		fmt.Fprintf(a.stdout, "── person %d, call %s: %s%s, at most %s ──\n", p.Person, p.Call, cmp.Or(p.Model, "no model named"), temperature(p.Temperature), humanize.Count(int64(p.MaxTokens), "token", "tokens"))
		for _, part := range append([]run.Exchange{{Prompt: p.System}}, p.Examples...) {
			for _, text := range []string{part.Prompt, part.Answer} {
				if text != "" {
					fmt.Fprintf(a.stdout, "%s\n\n", strings.TrimSpace(text))
				}
			}
		}
		fmt.Fprintf(a.stdout, "%s\n\n", strings.TrimSpace(p.Prompt))
	}
	return nil
}
