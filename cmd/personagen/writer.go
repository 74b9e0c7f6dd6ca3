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

// writerFlags are the flags that choose the writer of the texts.
type writerFlags struct {
	provider string
	model    string
	calls    []string
	baseURL  string
	keyFile  string
	keyVar   string
	trust    []string
	workers  int
	inFlight int
	budget   float64
	journal  string
	export   string
	refill   bool
	atOnce   int
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
	o.addWriter(f)
	o.addConnection(f)
	f.Float64Var(&o.budget, "budget", 0, "largest cost of this run's texts, in the currency of the price table (default no limit)")
	f.StringVar(&o.journal, "journal", "", "folder of accepted answers, from which a run continues (default the folder of the release with .journal appended)")
	f.StringVar(&o.export, "export-journal", "", "write a journal of exactly the answers in the release to this folder; run --journal makes the release again from it")
	f.BoolVar(&o.refill, "refill", false, "request quarantined texts of earlier runs again")
	f.BoolVar(&o.refused, "keep-refused", false, "keep refused answers in "+run.RefusedFile+" in the folder of the journal")
	o.addMode(f)
}

// addMode adds the flags about how requests are sent.
func (o *writerFlags) addMode(f *pflag.FlagSet) {
	f.StringVar(&o.mode, "mode", run.Interactive, "how requests are sent: interactive, one call each; or batch, in files that "+strings.Join(endpoint.BatchProviders(), " and ")+" answer within a day at a lower price")
	f.DurationVar(&o.poll, "poll-every", 0, "with --mode batch: first interval between polls of the batches (default 30s)")
	f.IntVar(&o.requests, "batch-requests", 0, "with --mode batch: largest number of requests in a file (default the provider's limit)")
	f.Int64Var(&o.bytes, "batch-bytes", 0, "with --mode batch: largest size of a file in bytes; sending it needs twice that in memory (default 64 MB)")
}

// addWriter adds the flags that say who writes the texts.
func (o *writerFlags) addWriter(f *pflag.FlagSet) {
	f.StringVar(&o.provider, "provider", "", "writer of the texts: offline, the spec's phrase banks; none, which omits the text columns; or the endpoint of a model: "+models()+", or one that the spec defines (default offline if the spec has phrase banks, otherwise none)")
	f.StringVar(&o.model, "model", "", "name of the model (default from the spec)")
	f.StringSliceVar(&o.calls, "calls", nil, "`CALL` of the spec that the model answers, the narrator writing the texts of the others; may be repeated (default all calls)")
}

// addConnection adds the flags that say how a model is reached.
func (o *writerFlags) addConnection(f *pflag.FlagSet) {
	f.StringVar(&o.baseURL, "base-url", "", "address of the endpoint, such as http://localhost:8000/v1 (default the provider's)")
	f.StringVar(&o.keyVar, "key-var", "", "environment variable with the API key (default the provider's, for the provider's own host only)")
	f.StringVar(&o.keyFile, "key-file", "", "file with the API key")
	f.StringSliceVar(&o.trust, "trust", nil, "`HOST` named by the spec that may have the key; otherwise only the provider's own host has it, or that of --base-url with --key-var or --key-file")
	f.IntVar(&o.workers, "workers-in-flight", 0, "number of concurrent calls at the start, and at most unless --max-in-flight is given (default 10)")
	f.IntVar(&o.inFlight, "max-in-flight", 0, "largest number of concurrent calls, reached if the endpoint keeps up (default the provider's)")
}

// addEndpoint adds the flags about the endpoint of a model alone.
func (o *writerFlags) addEndpoint(f *pflag.FlagSet) {
	f.StringVar(&o.provider, "provider", "", "endpoint of the model: "+models()+", or one that the spec defines")
	f.StringVar(&o.model, "model", "", "name of the model (default that of the endpoint)")
	o.addConnection(f)
	f.Float64Var(&o.budget, "budget", 0, "largest cost of this run, in the currency of the price table (default no limit)")
	o.mode = run.Interactive
}

// addSealed adds the flags of what a job says about its texts.
func (o *writerFlags) addSealed(f *pflag.FlagSet) {
	o.addWriter(f)
	f.StringVar(&o.baseURL, "base-url", "", "address of the endpoint, such as http://models:8000/v1 (default the provider's)")
	f.IntVar(&o.workers, "workers-in-flight", 0, "number of concurrent calls of all parts at the start, and at most unless --max-in-flight is given (default 10)")
	f.IntVar(&o.inFlight, "max-in-flight", 0, "largest number of concurrent calls of all parts (default the provider's)")
	f.Float64Var(&o.budget, "budget", 0, "largest cost of the job's texts, in the currency of the price table (default no limit)")
	f.IntVar(&o.atOnce, "at-once", 1, "number of parts that are made at the same time at most; each has its share of the calls in flight and of the rates")
	o.addMode(f)
}

// addKey adds the flags of who takes part in a job whose texts a model writes.
func (o *writerFlags) addKey(f *pflag.FlagSet) {
	f.StringVar(&o.keyVar, "key-var", "", "environment variable with the API key of the model (default the provider's, for the provider's own host only)")
	f.StringVar(&o.keyFile, "key-file", "", "file with the API key")
	f.StringSliceVar(&o.trust, "trust", nil, "`HOST` named by the spec or the job that may have the key; otherwise only the provider's own host has it")
}

// models returns the kinds of endpoints as a list in words.
func models() string {
	all := run.Providers()
	return strings.Join(all[2:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// apply sets the fields of a run's config from the flags.
func (o *writerFlags) apply(c *cobra.Command, cfg *run.Config) error {
	cfg.Provider = o.provider
	if o.provider == "" || o.provider == run.Offline || o.provider == run.NoTexts {
		for _, name := range []string{"model", "calls", "base-url", "key-file", "key-var", "trust", "workers-in-flight", "max-in-flight", "budget", "journal", "export-journal", "refill", "keep-refused", "at-once", "mode", "poll-every", "batch-requests", "batch-bytes", "yes", "ask-above", "no-monitor"} {
			if c.Flags().Changed(name) {
				return usagef("--%s applies only to texts that a model writes; choose its endpoint with --provider: %s", name, models())
			}
		}
		return nil
	}
	for name, n := range map[string]float64{"workers-in-flight": float64(o.workers), "max-in-flight": float64(o.inFlight), "budget": o.budget, "at-once": float64(o.atOnce)} {
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
	e.Model, e.BaseURL, e.KeyFile, e.KeyVar, e.Workers, e.MaxInFlight = o.model, o.baseURL, o.keyFile, o.keyVar, o.workers, o.inFlight
	if e.MaxInFlight == 0 {
		e.MaxInFlight = e.Workers
	}
	cfg.Writer.Trust, cfg.Writer.Calls, cfg.Writer.AtOnce = o.trust, o.calls, o.atOnce
	cfg.Writer.KeepRefused = o.refused
	cfg.Writer.Budget, cfg.Writer.Journal, cfg.Writer.Export, cfg.Writer.Refill = o.budget, o.journal, o.export, o.refill
	return nil
}
