package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/run"
	"github.com/personagen/personagen/engine/spec/load"
	"github.com/personagen/personagen/engine/view"
)

type viewOptions struct {
	port         int
	noOpen       bool
	spec, beside string
	where        []string
	search, at   string
	export       string
	cache        cacheFlags
	inputs       inputFlags
}

func (a *app) viewCommand() *cobra.Command {
	o := viewOptions{}
	c := &cobra.Command{
		Use:   "view DIR | FILE",
		Short: "Look at persons in the browser",
		Long: `view shows a release, or a Parquet, JSONL or CSV file, in the browser: a table of the
persons with counts and targets of every field, conditions as in a spec, a search
through all texts ("iasi" finds Iași), a page for each person with what the rules say
of its texts, cross-tabs of two fields, the checks with the persons behind them, and the
selection as a file. --spec says what is known of a data file that is not in a release.

Only this machine can open the pages: view prints an address with a key that works
once, in one browser. Nothing is fetched from elsewhere. Ctrl-C ends it. The address of a
page says what it shows; give it to --at to see the same again, of the same or of
another release. To share persons, --export writes them as one HTML file.

Columns of short values are kept in memory, about a byte or two for each value; texts are
read from the files.`,
		Example: `  personagen view out/island
  personagen view people.parquet --spec island.cue
  personagen view out/island --beside out/other
  personagen view out/island --where 'age: >=65' --search sea --export old.html`,
		Args: argCount(1, "one DIR or FILE, a release or a data file"),
		RunE: func(c *cobra.Command, args []string) error { return a.view(c, args[0], o) },
	}
	f := c.Flags()
	f.IntVar(&o.port, "port", 0, "port of this machine (default: a free one)")
	f.BoolVar(&o.noOpen, "no-open", false, "print the address and do not open the browser")
	f.StringArrayVar(&o.where, "where", nil, "begin with the persons who meet this condition, such as 'age: >=65'; may be repeated")
	f.StringVar(&o.search, "search", "", "begin with the persons in whose texts these words are")
	f.StringVar(&o.at, "at", "", "begin with what this `ADDRESS`, copied from a viewer, shows")
	f.StringVar(&o.beside, "beside", "", "compare with this release or data file")
	f.StringVar(&o.spec, "spec", "", "describe a data file that is not in a release by this spec or bundle")
	f.StringVar(&o.export, "export", "", fmt.Sprintf("write the persons to this HTML `FILE`, at most %d, and end", view.MostExported))
	o.cache.add(f)
	o.inputs.add(f)
	return c
}

func (a *app) view(c *cobra.Command, path string, o viewOptions) error {
	state, err := o.state()
	if err != nil {
		return err
	}
	options := view.Options{ParseConditions: load.ParseConditions}
	if o.spec != "" {
		cache, err := o.cache.folder()
		if err != nil {
			return err
		}
		b, err := run.Compile(c.Context(), o.spec, cache, func(run.FitProgress) {}, a.warnings, o.inputs.allow...)
		if err != nil {
			return err
		}
		options.Plan = b.Plan
	}
	data, err := view.Load(c.Context(), path, options)
	if err != nil {
		return viewError(err)
	}
	var other *view.Data
	if o.beside != "" {
		if other, err = view.Load(c.Context(), o.beside, options); err != nil {
			return viewError(err)
		}
	}
	for _, n := range data.Notes {
		fmt.Fprintf(a.stderr, "note: %s\n", n)
	}
	v := view.New(data, other)
	if o.export != "" {
		return a.exportPage(c, v, state, o.export)
	}
	l, err := view.Listen(o.port)
	if err != nil {
		return viewError(err)
	}
	address := v.Address(l, state.Encode())
	fmt.Fprintln(a.stdout, address)
	fmt.Fprintf(a.stderr, "%s of %s. The address works once, in one browser; Ctrl-C ends.\n", humanize.Count(data.Table.Rows, "person", "persons"), data.Name)
	if !o.noOpen && a.terminal(a.stdout) {
		openBrowser(address)
	}
	return v.Serve(c.Context(), l)
}

// state returns the query of the first address.
func (o *viewOptions) state() (url.Values, error) {
	values := url.Values{}
	if o.at != "" {
		query := o.at
		if _, after, found := strings.Cut(o.at, "?"); found {
			query = after
		} else if strings.Contains(o.at, "://") {
			query = ""
		}
		var err error
		if values, err = url.ParseQuery(query); err != nil {
			return nil, usagef("--at %s: it is not the address of a page: %v", o.at, err)
		}
		values.Del("token")
	}
	for _, w := range o.where {
		values.Add("where", w)
	}
	if o.search != "" {
		values.Set("q", o.search)
	}
	return values, nil
}

// exportPage writes the persons selected as one HTML file, which replaces another only
// when it is complete.
func (a *app) exportPage(c *cobra.Command, v *view.Viewer, state url.Values, path string) error {
	if !strings.HasSuffix(strings.ToLower(path), ".html") {
		return usagef("--export %s: the page is HTML; give it a name that ends in .html", path)
	}
	n, err := v.WritePage(c.Context(), path, state)
	if err != nil {
		return viewError(err)
	}
	fmt.Fprintf(a.stdout, "Wrote %s with %s\n", path, humanize.Count(n, "person", "persons"))
	return nil
}

// viewError makes a wrong path or condition an error of the command line.
func viewError(err error) error {
	if errors.Is(err, view.ErrUsage) {
		return usagef("%s", strings.TrimPrefix(err.Error(), view.ErrUsage.Error()+": "))
	}
	return err
}

// openBrowser opens an address if there is a screen. Its failure is none of the
// command: the address is printed.
func openBrowser(address string) {
	name, args := "xdg-open", []string{address}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", address}
	default:
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
			return
		}
	}
	if cmd := exec.Command(name, args...); cmd.Start() == nil {
		go cmd.Wait()
	}
}
