package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/run"
)

// writerFlags say who writes the texts.
type writerFlags struct {
	provider string
	model    string
	baseURL  string
	keyFile  string
	workers  int
	inFlight int
	budget   float64
	journal  string
	export   string
	refill   bool
	mode     string
	poll     time.Duration
	requests int
	bytes    int64
}

func (o *writerFlags) add(c *cobra.Command) {
	o.addTo(c.Flags())
	c.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions(run.Modes(), cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("provider", cobra.FixedCompletions(run.Providers(), cobra.ShellCompDirectiveNoFileComp))
}

func (o *writerFlags) addTo(f *pflag.FlagSet) {
	f.StringVar(&o.provider, "provider", "", "who writes the texts: offline, the spec's phrase banks; none, which leaves the columns of texts out; or a model behind "+models()+" or an endpoint of the spec (default offline where the spec has phrase banks, else none)")
	f.StringVar(&o.model, "model", "", "the model that writes (default: what the spec's calls name)")
	f.StringVar(&o.baseURL, "base-url", "", "address of the endpoint, such as http://localhost:8000/v1 (default: the provider's)")
	f.StringVar(&o.keyFile, "key-file", "", "file that holds the API key (default: the provider's environment variable)")
	f.IntVar(&o.workers, "workers-in-flight", 0, "calls to the endpoint at once at the start (default 10)")
	f.IntVar(&o.inFlight, "max-in-flight", 0, "calls at once at most, approached as long as the endpoint keeps up (default the provider's)")
	f.Float64Var(&o.budget, "budget", 0, "most that the texts may cost in this run, in the currency of the price table (default no limit)")
	f.StringVar(&o.journal, "journal", "", "folder of accepted answers, from which a run goes on (default: that of the release with .journal behind it)")
	f.StringVar(&o.export, "export-journal", "", "folder for a journal of just the answers that the release has, which makes it again with --journal")
	f.BoolVar(&o.refill, "refill", false, "ask again for texts that earlier runs have set aside")
	f.StringVar(&o.mode, "mode", run.Interactive, "how the model is asked: interactive, at once; or batch, in files that "+strings.Join(endpoint.BatchProviders(), " and ")+" answer within a day for less money")
	f.DurationVar(&o.poll, "poll-every", 0, "with --mode batch: time between looks at batches, at first (default 30s)")
	f.IntVar(&o.requests, "batch-requests", 0, "with --mode batch: most requests of a file (default what the provider takes)")
	f.Int64Var(&o.bytes, "batch-bytes", 0, "with --mode batch: most bytes of a file (default what the provider takes)")
}

// models lists the kinds of endpoints.
func models() string {
	all := run.Providers()
	return strings.Join(all[2:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// lay puts the flags into a run's config.
func (o *writerFlags) apply(c *cobra.Command, cfg *run.Config) error {
	cfg.Provider = o.provider
	if o.provider == "" || o.provider == run.Offline || o.provider == run.NoTexts {
		for _, name := range []string{"model", "base-url", "key-file", "workers-in-flight", "max-in-flight", "budget", "journal", "export-journal", "refill", "mode", "poll-every", "batch-requests", "batch-bytes", "yes", "ask-above", "no-monitor"} {
			if c.Flags().Changed(name) {
				return usagef("--%s is about a model: name its --provider, %s", name, models())
			}
		}
		return nil
	}
	for name, n := range map[string]float64{"workers-in-flight": float64(o.workers), "max-in-flight": float64(o.inFlight), "budget": o.budget} {
		if c.Flags().Changed(name) && !(n > 0) {
			return usagef("--%s is more than 0, not %s", name, fmt.Sprint(n))
		}
	}
	if !slices.Contains(run.Modes(), o.mode) {
		return usagef("--mode is one of %s, not %q%s", strings.Join(run.Modes(), ", "), o.mode, didYouMean(o.mode, run.Modes()))
	}
	for name, n := range map[string]int64{"poll-every": int64(o.poll), "batch-requests": int64(o.requests), "batch-bytes": o.bytes} {
		if c.Flags().Changed(name) && o.mode != run.InBatches {
			return usagef("--%s is about --mode %s", name, run.InBatches)
		} else if c.Flags().Changed(name) && n <= 0 {
			return usagef("--%s is more than 0", name)
		}
	}
	cfg.Writer.Mode = o.mode
	cfg.Writer.Endpoint.Batch = endpoint.BatchConfig{Requests: o.requests, Bytes: o.bytes, Poll: o.poll}
	e := &cfg.Writer.Endpoint
	e.Model, e.BaseURL, e.KeyFile, e.Workers, e.MaxInFlight = o.model, o.baseURL, o.keyFile, o.workers, o.inFlight
	cfg.Writer.Budget, cfg.Writer.Journal, cfg.Writer.Export, cfg.Writer.Refill = o.budget, o.journal, o.export, o.refill
	return nil
}
