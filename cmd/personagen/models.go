package main

import (
	"fmt"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/endpoint"
)

// providerRow is a preset as the models command prints it.
type providerRow struct {
	Provider string `json:"provider"`
	BaseURL  string `json:"base_url,omitempty"` // empty where each customer has one
	KeyVar   string `json:"key_var,omitempty"`
	Local    bool   `json:"local,omitempty"`
	Batch    bool   `json:"batch,omitempty"`
}

func (a *app) modelsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "models",
		Short: "List the providers of models and the prices that are known",
		Long: `models lists the presets of --provider, with the address that each is asked at
and the environment variable of its key, and the models whose prices the program
knows. A preset's key goes to the preset's host only. Another host gets a key by
--base-url with --key-var or --key-file, or, if the spec names the host, by --trust.

Any other server with OpenAI's protocol works too: give --base-url, or define an
endpoint in the spec. A budget in money needs a price: of this list, or of the
spec's prices, which cannot lower one of this list under a budget.`,
		Example: `  personagen models
  personagen models --json`,
		Args: argCount(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error { return a.models() },
	}
	c.Flags().BoolVar(&a.json, "json", false, "print one JSON document")
	return c
}

func (a *app) models() error {
	var rows []providerRow
	for _, name := range endpoint.Providers() {
		p, err := endpoint.Preset(name)
		if err != nil {
			return err
		}
		rows = append(rows, providerRow{name, p.BaseURL, p.KeyVar, p.Local, p.Batch.Requests > 0})
	}
	table := endpoint.Prices()
	if a.json {
		return a.document(struct {
			Providers []providerRow       `json:"providers"`
			Prices    endpoint.PriceTable `json:"prices"`
		}{rows, table})
	}
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PROVIDER\tADDRESS\tKEY\tBATCHES")
	for _, r := range rows {
		address, key, batch := r.BaseURL, r.KeyVar, ""
		if address == "" {
			address = "your own, with --base-url"
		}
		if key == "" {
			key = "none"
		}
		if r.Batch {
			batch = "yes"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.Provider, address, key, batch)
	}
	fmt.Fprintf(t, "\nMODEL, %s per million tokens in %s\tIN\tCACHED\tOUT\tIN BATCHES\n", table.Currency, table.Date)
	number := func(x float64) string {
		if x == 0 {
			return "-"
		}
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	for _, m := range table.Models {
		batch := "-"
		if m.Batch > 0 {
			batch = strconv.FormatFloat(100*m.Batch, 'f', 0, 64) + " %"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", m.Model, number(m.Input), number(m.Cached), number(m.Output), batch)
	}
	return t.Flush()
}
