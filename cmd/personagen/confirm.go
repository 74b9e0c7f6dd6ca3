package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/run"
)

// errDeclined is the error of a run whose cost the user declined.
var errDeclined = fmt.Errorf("no text was requested and nothing was written: %w", context.Canceled)

// askFlags are the flags about the question whether texts may cost what they will.
type askFlags struct {
	yes   bool
	above float64
}

// add adds the flags; when is the beginning of their descriptions.
func (o *askFlags) add(f *pflag.FlagSet, when string) {
	f.BoolVar(&o.yes, "yes", false, when+"do not ask before paying for texts")
	f.Float64Var(&o.above, "ask-above", 0, when+"estimated cost above which a person at a terminal is asked first (default from the spec, or 5)")
}

// applyAsk sets how a run asks. Only a person at a terminal is asked.
func (a *app) applyAsk(o *askFlags, c *cobra.Command, to *run.Writer) error {
	if c.Flags().Changed("ask-above") {
		if !(o.above >= 0) {
			return usagef("--ask-above must be 0 or more, not %g", o.above)
		}
		to.AskAbove = &o.above
	}
	if !o.yes && a.terminal(a.stdin) {
		to.Confirm = a.confirm
	}
	return nil
}

// confirm asks the user whether to spend the estimated cost. Without a terminal it
// returns an error instead; --yes answers in advance.
func (a *app) confirm(f *run.TextForecast) error {
	if a.json || !a.terminal(a.stderr) {
		return usagef("%s; accept with --yes, or raise the limit with --ask-above", estimate(f))
	}
	return ask(a.stdin, a.stderr, f)
}

// estimate formats the estimated cost of the texts.
func estimate(f *run.TextForecast) string {
	requests, own := int64(0), map[string]int64{}
	for _, c := range f.Calls {
		requests += c.Persons
		own[c.Endpoint+"\n"+c.Model] += c.Persons
	}
	text := fmt.Sprintf("%s at %s would be called %s, with about %s tokens in and %s out", f.Model, keyed(f.Host, f.Key), humanize.Count(requests, "time", "times"), humanize.Thousands(f.Tokens.Prompt), humanize.Thousands(f.Tokens.Completion))
	for _, o := range f.Own {
		text += fmt.Sprintf(", %s of these calls by %s at %s", humanize.Thousands(own[o.Endpoint+"\n"+o.Model]), o.Model, strings.TrimSuffix(keyed(o.Host, o.Key), ","))
	}
	if f.From > 0 {
		text += fmt.Sprintf(", estimated from the first %s", humanize.Count(f.From, "persona", "personas"))
	}
	if !f.Priced {
		return text + ", at an unknown price"
	}
	return text + fmt.Sprintf(", about %.2f %s at the prices of %s", f.Cost, f.Currency, f.Prices)
}

// keyed formats where requests go and which key they carry.
func keyed(host, key string) string {
	if key == "" {
		return host + ", without a key,"
	}
	return host + ", with the key in " + key + ","
}

// ask asks the question and reads a line. Only y or yes accepts.
func ask(in io.Reader, out io.Writer, f *run.TextForecast) error {
	fmt.Fprintf(out, "\r\x1b[K%s.\nContinue? [y/N] ", estimate(f))
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return errDeclined
}
