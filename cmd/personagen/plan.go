package main

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/run"
)

type planOptions struct {
	persons personFlags
	writer  writerFlags
	all     bool
	bundle  string
}

func (a *app) planCommand() *cobra.Command {
	o := planOptions{}
	c := &cobra.Command{
		Use:   "plan SPEC",
		Short: "Show what a run would do",
		Long: `plan compiles a spec and prints what a run would do: the fields in dependency
order, how reconciliation and the fit changed each table, published shares beside
those of the persons wanted, the pairs of fields that remain independent, the
counts that a population of this size cannot meet, the endpoints and warnings of
the spec, and the expected files.

With --provider it also prints the texts that the model must still write, for how
many persons, how many of them are stale (written before a change to the spec), and
an estimate of tokens and cost.

With --bundle it also writes a bundle: one file with all that a run needs, namely
the plan with its prompts, the fitted model, the endpoints without their keys, and
the counts of this population. Every command accepts a bundle in place of a spec.
It then reads neither the spec nor its tables, and uses the size, seed and sampling
of the bundle unless flags change them.`,
		Example: `  personagen plan island.cue
  personagen plan island.cue -n 100000 --json
  personagen plan island.cue -n 100000 --seed 3 --bundle island.bundle
  personagen run island.bundle -o out`,
		Args:              oneSpec(),
		ValidArgsFunction: completeSpec,
		RunE:              func(c *cobra.Command, args []string) error { return a.plan(c, args[0], o) },
	}
	o.persons.add(c.Flags())
	o.persons.addParts(c.Flags())
	o.writer.add(c)
	c.Flags().StringVar(&o.bundle, "bundle", "", "write a bundle to this `FILE`")
	c.Flags().BoolVar(&o.all, "all", false, "print lists in full")
	c.Flags().BoolVar(&a.json, "json", false, "print the plan, the bundle and the estimate as one JSON document")
	return c
}

func (a *app) plan(c *cobra.Command, path string, o planOptions) error {
	if info, err := os.Stat(o.bundle); err == nil && info.Size() > 0 && !bundle.Is(o.bundle) {
		return usagef("--bundle %s: it exists and is not a bundle; name another file", o.bundle)
	}
	cfg, err := o.persons.config(c, path)
	if err != nil {
		return err
	}
	cfg.Warnings = a.warnings
	if err := o.writer.apply(c, &cfg); err != nil {
		return err
	}
	if cfg.Writer.Journal == "" {
		cfg.Writer.Journal = defaultOut(path, cfg.Shard) + ".journal"
	}
	progress := a.newProgress(false)
	cfg.Events = progress.event
	f, err := run.Estimate(c.Context(), cfg)
	progress.finish()
	if err != nil {
		return err
	}
	if o.bundle != "" {
		if err := f.Bundle.WriteFile(o.bundle); err != nil {
			return err
		}
	}
	if a.json {
		d, err := f.Bundle.Describe()
		if err != nil {
			return err
		}
		return a.document(struct {
			*plan.Plan
			Bundle *bundle.Description `json:"bundle"`
			Run    *run.Forecast       `json:"run"`
		}{f.Plan, d, f})
	}
	if err := f.Plan.Text(a.stdout, plan.TextOptions{All: o.all, Size: f.Size}); err != nil {
		return err
	}
	a.printEndpoints(&f.Bundle.Writers)
	a.printWarnings(f.Bundle.Warnings)
	a.printForecast(f, o.all)
	if o.bundle != "" {
		fmt.Fprintf(a.stdout, "\nWrote %s, the bundle of this plan%s\n", o.bundle, requestOf(f.Bundle))
	}
	return nil
}

// printEndpoints prints the endpoints of the spec.
func (a *app) printEndpoints(writers *bundle.Writers) {
	if len(writers.Endpoints) == 0 {
		return
	}
	fmt.Fprintf(a.stdout, "\nEndpoints of the spec: %d\n", len(writers.Endpoints))
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, e := range writers.Endpoints {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", e.Name, endpointHost(&e), cmp.Or(e.Model, "no model given"), endpointKey(&e))
	}
	t.Flush()
}

// endpointHost returns the host of an endpoint, with its port.
func endpointHost(e *bundle.Endpoint) string {
	if e.BaseURL == "" {
		return "the provider's address"
	}
	u, err := url.Parse(e.BaseURL)
	if err != nil || u.Host == "" {
		return e.BaseURL
	}
	return u.Host
}

// endpointKey says which key an endpoint gets without a flag.
func endpointKey(e *bundle.Endpoint) string {
	preset, err := endpoint.Preset(e.Name)
	if err == nil && preset.KeyVar != "" && (e.BaseURL == "" || endpoint.PresetHost(e.Name, e.BaseURL)) {
		return "key in " + preset.KeyVar
	}
	return "no key without --trust"
}

// printWarnings prints the spec's warnings, a line each. The command has printed
// their details to stderr.
func (a *app) printWarnings(warnings []diag.Diagnostic) {
	if len(warnings) == 0 {
		return
	}
	fmt.Fprintf(a.stdout, "\nWarnings: %d\n", len(warnings))
	for _, w := range warnings {
		fmt.Fprintf(a.stdout, "  %s: %s\n", w.Place, w.Message)
	}
}

// printForecast prints what a run would write.
func (a *app) printForecast(f *run.Forecast, all bool) {
	w := a.stdout
	fmt.Fprintf(w, "\nCounts that cannot be met with %s and seed %d: %d\n", humanize.Count(f.Size, "person", "persons"), f.Seed, len(f.Exceptions))
	for _, x := range f.Exceptions {
		fmt.Fprintf(w, "  %s\n", exceptionLine(f.Plan, x))
	}
	fmt.Fprintf(w, "\nExpected: %s, %s sampling\n", humanize.Count(f.Rows, "row", "rows"), f.Sampling)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, file := range f.Files {
		fmt.Fprintf(t, "  %s\t%s\tabout %s\n", file.Name, humanize.Count(file.Rows, "row", "rows"), size(file.Bytes))
	}
	t.Flush()
	if f.Texts != nil {
		a.printTexts(f.Texts, all)
	}
}

// printTexts prints the texts that a model must still write.
func (a *app) printTexts(f *run.TextForecast, all bool) {
	w := a.stdout
	if f.Mode != "" {
		fmt.Fprintf(w, "\nTexts by %s, in batches:\n", f.Model)
	} else {
		fmt.Fprintf(w, "\nTexts by %s:\n", f.Model)
	}
	if f.Host != "" {
		fmt.Fprintf(w, "  asked at %s\n", strings.TrimSuffix(keyed(f.Host, f.Key), ","))
	}
	for _, o := range f.Own {
		fmt.Fprintf(w, "  endpoint %s: %s, asked at %s\n", o.Endpoint, o.Model, strings.TrimSuffix(keyed(o.Host, o.Key), ","))
	}
	if f.Waiting > 0 {
		fmt.Fprintf(w, "  counted as missing, but submitted to the provider: %s of an earlier run\n", humanize.Count(int64(f.Waiting), "batch", "batches"))
	}
	for _, c := range f.Calls {
		if c.Persons == 0 {
			fmt.Fprintf(w, "  call %s: nothing is missing\n", c.Call)
			continue
		}
		by := ""
		if c.Endpoint != "" {
			by = fmt.Sprintf(" to endpoint %s, about %s tokens in, %s out", c.Endpoint, humanize.Thousands(c.Estimate.Prompt), humanize.Thousands(c.Estimate.Completion))
		}
		fmt.Fprintf(w, "  call %s: %s%s\n", c.Call, humanize.Count(c.Persons, "request", "requests"), by)
		for _, field := range slices.Sorted(maps.Keys(c.Fields)) {
			fmt.Fprintf(w, "    %s: %s", field, humanize.Count(c.Fields[field], "person", "persons"))
			switch stale := c.Stale[field]; {
			case stale == c.Fields[field]:
				fmt.Fprint(w, ", all stale")
			case stale > 0:
				fmt.Fprintf(w, ", %s of them stale", humanize.Thousands(stale))
			}
			fmt.Fprintln(w)
		}
	}
	fmt.Fprintf(w, "  about %s tokens in, %s out", humanize.Thousands(f.Tokens.Prompt), humanize.Thousands(f.Tokens.Completion))
	if f.Priced {
		fmt.Fprintf(w, ", %.2f %s at the prices of %s", f.Cost, f.Currency, f.Prices)
	} else {
		fmt.Fprint(w, "; the price of this model is unknown")
	}
	fmt.Fprintln(w)
	for _, s := range f.Shares {
		fmt.Fprintf(w, "    %s by %s%s: %s tokens in, %s out%s\n", humanize.Count(s.Persons, "person", "persons"), s.Model, temperature(s.Temperature),
			humanize.Thousands(s.Tokens.Prompt), humanize.Thousands(s.Tokens.Completion), shareCost(f, &s))
	}
	a.printOffers(f, all)
}

// temperature formats the temperature of a share of the persons.
func temperature(t *float64) string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf(" at temperature %g", *t)
}

// shareCost formats the cost of a share of the persons.
func shareCost(f *run.TextForecast, s *run.ShareForecast) string {
	if !s.Priced {
		return "; the price of this model is unknown"
	}
	if !f.Priced {
		return ""
	}
	return fmt.Sprintf(", %.2f %s", s.Cost, f.Currency)
}

// mostOffers is how many models are listed with their costs, unless all are.
const mostOffers = 8

// printOffers prints the tokens of a person, and what the texts cost with other models.
func (a *app) printOffers(f *run.TextForecast, all bool) {
	persons := int64(0)
	for _, c := range f.Calls {
		persons = max(persons, c.Persons)
	}
	if persons == 0 {
		return
	}
	w, each := a.stdout, func(tokens int64) string { return humanize.Thousands((tokens + persons/2) / persons) }
	same := "are the same for everyone"
	if f.Beginnings > 1 {
		same = fmt.Sprintf("are in %d beginnings that many requests share", f.Beginnings)
	}
	fmt.Fprintf(w, "  a person: %s tokens in, of which %s (%.0f %%) %s, and %s out\n",
		each(f.Tokens.Prompt), each(f.Prefix), 100*float64(f.Prefix)/float64(max(1, f.Tokens.Prompt)), same, each(f.Tokens.Completion))
	offers := f.Offers
	if !all {
		offers = offers[:min(len(offers), mostOffers)]
	}
	fmt.Fprintf(w, "\nCost of these texts by model, the cheapest of %s:\n", humanize.Count(int64(len(f.Offers)), "model", "models"))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "  %s\tFULL\tPREFIX CACHED\tIN BATCHES\t\n", endpoint.Prices().Currency)
	for _, o := range offers {
		fmt.Fprintf(t, "  %s\t%.2f\t%s\t%s\t\n", o.Model, o.Full, way(o.Cached), way(o.Batch))
	}
	t.Flush()
	if n := len(f.Offers) - len(offers); n > 0 {
		fmt.Fprintf(w, "  and %d more: --all\n", n)
	}
}

// way formats the cost of a way of asking, "-" if the model does not have it.
func way(cost *float64) string {
	if cost == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f", *cost)
}

// exceptionLine formats an exception: the cell, its deviation and the reason.
func exceptionLine(p *plan.Plan, x check.Exception) string {
	e := &p.Expected[x.Expected]
	return fmt.Sprintf("%s: %s is %+.1f persons off; %s", e.Name, p.CellName(e, x.Cell), x.Persons, x.Reason)
}
