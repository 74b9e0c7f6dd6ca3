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

// writerFlags are the flags that say who writes the texts.
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
	refused  bool
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
	f.StringVar(&o.provider, "provider", "", "who writes the texts: offline, the spec's phrase banks; none, which leaves out the columns of texts; or the endpoint of a model: "+models()+" or one that the spec defines (default offline if the spec has phrase banks, else none)")
	f.StringVar(&o.model, "model", "", "the model that writes (default: what the spec's calls name)")
	f.StringVar(&o.baseURL, "base-url", "", "address of the endpoint, such as http://localhost:8000/v1 (default: the provider's)")
	f.StringVar(&o.keyFile, "key-file", "", "file that holds the API key (default: the provider's environment variable)")
	f.IntVar(&o.workers, "workers-in-flight", 0, "number of calls at the same time at the start (default 10)")
	f.IntVar(&o.inFlight, "max-in-flight", 0, "largest number of calls at the same time, reached while the endpoint keeps up (default the provider's)")
	f.Float64Var(&o.budget, "budget", 0, "largest cost of the texts of this run, in the currency of the price table (default no limit)")
	f.StringVar(&o.journal, "journal", "", "folder of accepted answers, from which a run continues (default: the folder of the release with .journal appended)")
	f.StringVar(&o.export, "export-journal", "", "folder for a journal with just the answers in the release; --journal makes the release again from it")
	f.BoolVar(&o.refill, "refill", false, "ask again for texts that earlier runs have set aside")
	f.BoolVar(&o.refused, "keep-refused", false, "keep refused answers as the model gave them, in "+run.RefusedFile+" in the folder of the journal")
	f.StringVar(&o.mode, "mode", run.Interactive, "how the model is asked: interactive, one call at a time; or batch, in files that "+strings.Join(endpoint.BatchProviders(), " and ")+" answer within a day at a lower price")
	f.DurationVar(&o.poll, "poll-every", 0, "with --mode batch: first interval between polls of the batches (default 30s)")
	f.IntVar(&o.requests, "batch-requests", 0, "with --mode batch: largest number of requests in a file (default the limit of the provider)")
	f.Int64Var(&o.bytes, "batch-bytes", 0, "with --mode batch: largest size of a file in bytes; a file needs twice that in memory (default 64 MB)")
}

// models returns the kinds of endpoints as a list in words.
func models() string {
	all := run.Providers()
	return strings.Join(all[2:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// apply sets the fields of a run's config that the flags give.
func (o *writerFlags) apply(c *cobra.Command, cfg *run.Config) error {
	cfg.Provider = o.provider
	if o.provider == "" || o.provider == run.Offline || o.provider == run.NoTexts {
		for _, name := range []string{"model", "base-url", "key-file", "workers-in-flight", "max-in-flight", "budget", "journal", "export-journal", "refill", "keep-refused", "mode", "poll-every", "batch-requests", "batch-bytes", "yes", "ask-above", "no-monitor"} {
			if c.Flags().Changed(name) {
				return usagef("--%s is for texts that a model writes; name its endpoint with --provider: %s", name, models())
			}
		}
		return nil
	}
	for name, n := range map[string]float64{"workers-in-flight": float64(o.workers), "max-in-flight": float64(o.inFlight), "budget": o.budget} {
		if c.Flags().Changed(name) && !(n > 0) {
			return usagef("--%s must be more than 0, not %s", name, fmt.Sprint(n))
		}
	}
	if !slices.Contains(run.Modes(), o.mode) {
		return usagef("--mode must be one of %s, not %q%s", strings.Join(run.Modes(), ", "), o.mode, didYouMean(o.mode, run.Modes()))
	}
	for name, n := range map[string]int64{"poll-every": int64(o.poll), "batch-requests": int64(o.requests), "batch-bytes": o.bytes} {
		if c.Flags().Changed(name) && o.mode != run.InBatches {
			return usagef("--%s needs --mode %s", name, run.InBatches)
		} else if c.Flags().Changed(name) && n <= 0 {
			return usagef("--%s must be more than 0", name)
		}
	}
	cfg.Writer.Mode = o.mode
	cfg.Writer.Endpoint.Batch = endpoint.BatchConfig{Requests: o.requests, Bytes: o.bytes, Poll: o.poll}
	e := &cfg.Writer.Endpoint
	e.Model, e.BaseURL, e.KeyFile, e.Workers, e.MaxInFlight = o.model, o.baseURL, o.keyFile, o.workers, o.inFlight
	cfg.Writer.KeepRefused = o.refused
	cfg.Writer.Budget, cfg.Writer.Journal, cfg.Writer.Export, cfg.Writer.Refill = o.budget, o.journal, o.export, o.refill
	return nil
}
