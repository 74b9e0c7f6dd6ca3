package run

import (
	"cmp"
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/internal/pipeline"
	"github.com/personagen/personagen/engine/journal"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/release"
)

// Forecast says what a run would write.
type Forecast struct {
	Plan *plan.Plan `json:"-"`
	// Bundle is what Run would use, for this population and with all texts.
	Bundle   *bundle.Bundle `json:"-"`
	Size     int64          `json:"size"`
	Seed     uint64         `json:"seed"`
	Sampling string         `json:"sampling"`
	First    int64          `json:"first"`
	Rows     int64          `json:"rows"`
	Files    []ForecastFile `json:"files"`
	// Exceptions are cells that the allocation leaves more than a person off.
	Exceptions []check.Exception `json:"exceptions"`
	// Texts is what a model still has to write; nil when no model writes.
	Texts *TextForecast `json:"texts,omitempty"`
}

// ForecastFile is a data file that a run would write.
type ForecastFile struct {
	Name  string `json:"name"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"` // estimated from the first rows
}

// TextForecast says what a model still has to write, and what that is estimated
// to cost.
type TextForecast struct {
	Provider string `json:"provider"`
	Model    string `json:"model"`
	// Host is where the requests go. Key is the environment variable or the file of
	// the key that they carry, empty for none.
	Host    string        `json:"host,omitempty"`
	Key     string        `json:"key,omitempty"`
	Mode    string        `json:"mode,omitempty"`    // "batch" when Cost is that of batches
	Waiting int           `json:"waiting,omitempty"` // batches of earlier runs, whose answers count as missing here
	Calls   []PendingCall `json:"calls"`
	// Own are the endpoints that answer some of the calls in place of Model. Their tokens
	// and costs are part of Tokens and Cost, and not of Prefix, Shares and Offers.
	Own    []OwnForecast  `json:"own,omitempty"`
	Tokens release.Tokens `json:"tokens"`
	// Prefix are those of Tokens.Prompt that are the same for everyone, or, if Beginnings is
	// more than 1, for many.
	Prefix     int64 `json:"prefix"`
	Beginnings int   `json:"beginnings"` // of a call, at most
	// Shares are what the models and temperatures take that write about shares of the persons,
	// in the order of the spec; nil if it has none.
	Shares []ShareForecast `json:"shares,omitempty"`
	// Offers are what the texts would cost with each model of the price table, the
	// cheapest first.
	Offers []Offer `json:"offers"`
	// Cost is an estimate in Currency, at the prices of the date Prices. Priced is
	// false when the price of the model is unknown.
	Cost     float64 `json:"cost"`
	Currency string  `json:"currency,omitempty"`
	Prices   string  `json:"prices,omitempty"`
	Priced   bool    `json:"priced"`
	Journal  string  `json:"journal,omitempty"` // empty when there is none yet
	// From is how many persons all of this is estimated from, if not from all.
	From int64 `json:"from,omitempty"`
}

// scale makes an estimate for some persons one for more of them. What is the same for many
// persons is not more often so.
func (f *TextForecast) scale(from, to int64) {
	times := func(n *int64) { *n = int64(math.Round(float64(*n) * float64(to) / float64(from))) }
	usage := func(u *endpoint.Usage) { times(&u.Prompt); times(&u.Completion) }
	tokens := func(t *release.Tokens) { usage((*endpoint.Usage)(t)) }
	money := func(cost *float64) { *cost *= float64(to) / float64(from) }
	f.From = from
	for i := range f.Calls {
		c := &f.Calls[i]
		times(&c.Persons)
		times(&c.Prefix)
		usage(&c.Estimate)
		for _, persons := range []map[string]int64{c.Fields, c.Stale} {
			for field, n := range persons {
				times(&n)
				persons[field] = n
			}
		}
		for k := range c.Shares {
			s := &c.Shares[k]
			times(&s.Persons)
			times(&s.Prefix)
			usage(&s.Estimate)
		}
	}
	for i := range f.Own {
		tokens(&f.Own[i].Tokens)
		money(&f.Own[i].Cost)
	}
	for i := range f.Shares {
		times(&f.Shares[i].Persons)
		tokens(&f.Shares[i].Tokens)
		money(&f.Shares[i].Cost)
	}
	tokens(&f.Tokens)
	times(&f.Prefix)
	money(&f.Cost)
	f.Offers = offers(endpoint.Prices(), f.Tokens, f.Prefix)
}

// OwnForecast is what an endpoint of some calls has to answer, at the prices of the
// TextForecast.
type OwnForecast struct {
	Endpoint string         `json:"endpoint"`
	Model    string         `json:"model"`
	Host     string         `json:"host"`
	Key      string         `json:"key,omitempty"`
	Tokens   release.Tokens `json:"tokens"`
	Cost     float64        `json:"cost"`
	Priced   bool           `json:"priced"`
}

// ShareForecast is what the texts take that a model writes at a temperature.
type ShareForecast struct {
	Model       string         `json:"model"`
	Temperature *float64       `json:"temperature,omitempty"` // nil for that of the endpoint
	Persons     int64          `json:"persons"`
	Tokens      release.Tokens `json:"tokens"`
	Cost        float64        `json:"cost"` // of the model, in the currency of the forecast
	Priced      bool           `json:"priced"`
}

// Offer is what texts cost with a model, in the currency of the price table, by the way
// in which they are asked for. A way that the model does not have is nil.
type Offer struct {
	Model  string   `json:"model"`
	Full   float64  `json:"full"`             // every token at its full price
	Cached *float64 `json:"cached,omitempty"` // the prefix read from the provider's cache
	Batch  *float64 `json:"batch,omitempty"`  // in batches
}

// Least returns the cost of the cheapest way.
func (o *Offer) Least() float64 {
	least := o.Full
	for _, way := range []*float64{o.Cached, o.Batch} {
		if way != nil {
			least = min(least, *way)
		}
	}
	return least
}

// offers prices tokens, of which so many are the same for everyone, with every model of a
// table.
func offers(t endpoint.PriceTable, tokens release.Tokens, prefix int64) []Offer {
	var out []Offer
	for _, m := range t.Models {
		if slices.ContainsFunc(out, func(o Offer) bool { return o.Model == m.Model }) {
			continue // PriceTable.Find takes the first
		}
		cost := func(p endpoint.Price, cached int64) float64 {
			return p.Cost(endpoint.Usage{Prompt: tokens.Prompt, Completion: tokens.Completion, Cached: cached}).Money.Amount()
		}
		o := Offer{Model: m.Model, Full: cost(m.Price, 0)}
		if m.Cached > 0 && m.Cached < m.Input {
			x := cost(m.Price, prefix)
			o.Cached = &x
		}
		if m.Batch > 0 && m.Batch < 1 {
			x := cost(m.InBatch(), 0)
			o.Batch = &x
		}
		out = append(out, o)
	}
	slices.SortStableFunc(out, func(a, b Offer) int {
		return cmp.Or(cmp.Compare(a.Least(), b.Least()), cmp.Compare(a.Model, b.Model))
	})
	return out
}

// PendingCall says for how many persons a call still has to write texts: the
// number of requests, the missing texts by field, how many of these were written
// before for something that has changed since, and the tokens to expect.
type PendingCall = enrich.Pending

// Estimate compiles and allocates what Run would, and says what Run would write.
// It sends nothing and writes nothing. Errors are as with Run.
func Estimate(ctx context.Context, cfg Config) (*Forecast, error) {
	r, err := allocated(ctx, cfg)
	if err != nil {
		return nil, err
	}
	files, err := release.Layout(r.releaseOptions())
	if err != nil {
		return nil, err
	}
	f := &Forecast{
		Plan: r.plan, Bundle: r.sealed(), Size: r.persons.Size, Seed: r.persons.Seed, Sampling: r.persons.Sampling,
		First: r.persons.First, Rows: r.persons.Count, Exceptions: r.allocated.exceptions,
	}
	if f.Texts, err = r.estimateTexts(); err != nil {
		return nil, err
	}
	width := map[string]float64{} // bytes per row, by format
	for _, file := range files {
		if _, measured := width[file.Format]; !measured {
			if width[file.Format], err = r.measure(file.Format); err != nil {
				return nil, err
			}
		}
		f.Files = append(f.Files, ForecastFile{file.Name, file.Rows, int64(width[file.Format] * float64(file.Rows))})
	}
	return f, nil
}

// sealed returns the bundle for the persons of this run.
func (r *run) sealed() *bundle.Bundle {
	b := *r.bundle
	b.Request = &bundle.Request{Size: r.persons.Size, Seed: r.persons.Seed, Sampling: r.persons.Sampling}
	b.Allocation = r.allocated.counts
	return &b
}

// measuredBatches is how many batches are written to measure the width of a row.
const measuredBatches = 4

// measure returns the bytes per row of a format. It writes the first rows to a
// temporary file.
func (r *run) measure(format string) (float64, error) {
	dir, err := os.MkdirTemp("", "personagen-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	path, source := filepath.Join(dir, format), r.source()
	_, batch := pipeline.Portions(r.plan)
	rows := min(measuredBatches*int64(batch), r.persons.Count)
	err = writeFile(r.plan, format, path, func(write func(*frame.Batch) error) error {
		for done := int64(0); done < rows; done += int64(batch) {
			b, err := source.Batch(r.persons.First+done, int(min(int64(batch), rows-done)))
			if err == nil {
				err = write(b)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return float64(info.Size()) / float64(rows), nil
}

// estimateTexts finds what the journal does not have; nil when no model writes.
func (r *run) estimateTexts() (*TextForecast, error) {
	if !r.usesModel() {
		return nil, nil
	}
	model, err := r.chooseModel()
	if err != nil {
		return nil, err
	}
	cfg, price, err := r.configure(model)
	if err != nil {
		return nil, err
	}
	if err := r.checkBatches(cfg); err != nil {
		return nil, err
	}
	own, err := r.ownEndpoints()
	if err != nil {
		return nil, err
	}
	dir, waiting := "", 0
	var j *journal.Journal
	if files, _ := filepath.Glob(filepath.Join(r.Writer.Journal, "*")); r.Writer.Journal != "" && len(files) > 0 {
		if j, err = journal.Open(r.Writer.Journal, journal.Options{ReadOnly: true}); err != nil {
			return nil, err
		}
		defer j.Close()
		dir = r.Writer.Journal
		if waiting, err = enrich.Waiting(ledgerDir(dir)); err != nil {
			return nil, err
		}
	}
	e, err := enrich.New(r.plan, j, r.enrichOptions(model, own))
	if err != nil {
		return nil, err
	}
	f, err := r.forecast(e, cfg, price, own)
	if f != nil {
		f.Journal, f.Waiting = dir, waiting
	}
	return f, err
}

// forecast estimates what an enricher still has to ask for.
func (r *run) forecast(e *enrich.Enricher, cfg endpoint.Config, price pricing, own []*answerer) (*TextForecast, error) {
	f := &TextForecast{Provider: r.Provider, Model: cfg.Model, Host: cfg.Host(), Key: cfg.KeySource()}
	var err error
	if f.Calls, err = e.Pending(r.ctx, r.readSource(), r.persons.First, r.persons.Count, charsPerToken(cfg)); err != nil {
		return nil, err
	}
	for i := range f.Calls {
		c := &f.Calls[i]
		if at := slices.IndexFunc(own, func(a *answerer) bool { return slices.Contains(a.calls, c.Call) }); at >= 0 {
			c.Endpoint, c.Model = own[at].config.Provider, own[at].config.Model
			continue // priced below
		}
		f.Tokens.Prompt += c.Estimate.Prompt
		f.Tokens.Completion += c.Estimate.Completion
		f.Prefix += c.Prefix
		f.Beginnings = max(f.Beginnings, c.Beginnings)
	}
	f.Offers = offers(endpoint.Prices(), f.Tokens, f.Prefix)
	f.Currency, f.Prices = price.currency, price.date
	if r.inBatches() {
		f.Mode = InBatches
	}
	if f.Shares, err = r.forecastShares(f.Calls); err != nil {
		return nil, err
	}
	if f.Shares == nil {
		f.Cost, f.Priced = r.costOf(price, f.Tokens)
	} else {
		f.Model, f.Priced = strings.Join(e.Models(), ", "), true
		for _, s := range f.Shares {
			f.Cost, f.Priced = f.Cost+s.Cost, f.Priced && s.Priced
		}
	}
	for _, a := range own {
		f.addOwn(a)
	}
	if !f.Priced {
		f.Cost, f.Currency, f.Prices = 0, "", ""
	}
	return f, nil
}

// addOwn adds what the endpoint of some calls has to answer.
func (f *TextForecast) addOwn(a *answerer) {
	own := OwnForecast{Endpoint: a.config.Provider, Model: a.config.Model, Host: a.config.Host(), Key: a.config.KeySource()}
	for _, c := range f.Calls {
		if slices.Contains(a.calls, c.Call) {
			own.Tokens.Prompt += c.Estimate.Prompt
			own.Tokens.Completion += c.Estimate.Completion
		}
	}
	f.Tokens.Prompt += own.Tokens.Prompt
	f.Tokens.Completion += own.Tokens.Completion
	if own.Priced = a.price.known; own.Priced {
		own.Cost = a.price.price.Cost(endpoint.Usage(own.Tokens)).Money.Amount()
		f.Cost += own.Cost
	} else if own.Tokens != (release.Tokens{}) {
		f.Priced = false
	}
	f.Own = append(f.Own, own)
}

// costOf returns what tokens cost in the mode of the run, and whether that is known.
func (r *run) costOf(price pricing, tokens release.Tokens) (float64, bool) {
	if !price.known {
		return 0, false
	}
	if r.inBatches() {
		price.price = price.price.InBatch()
	}
	return price.price.Cost(endpoint.Usage(tokens)).Money.Amount(), true
}

// sameSetting reports whether two settings are equal, or both not given.
func sameSetting(a, b *float64) bool { return a == b || a != nil && b != nil && *a == *b }

// forecastShares adds up what all calls take for the shares of the persons.
func (r *run) forecastShares(calls []PendingCall) ([]ShareForecast, error) {
	var out []ShareForecast
	for _, c := range calls {
		if c.Endpoint != "" {
			continue // priced apart
		}
		for _, s := range c.Shares {
			i := slices.IndexFunc(out, func(o ShareForecast) bool { return o.Model == s.Model && sameSetting(o.Temperature, s.Temperature) })
			if i < 0 {
				i = len(out)
				out = append(out, ShareForecast{Model: s.Model, Temperature: s.Temperature})
			}
			o := &out[i]
			o.Persons = max(o.Persons, s.Persons)
			o.Tokens.Prompt += s.Estimate.Prompt
			o.Tokens.Completion += s.Estimate.Completion
		}
	}
	for i := range out {
		_, price, err := r.configure(out[i].Model)
		if err != nil {
			return nil, err
		}
		out[i].Cost, out[i].Priced = r.costOf(price, out[i].Tokens)
	}
	return out, nil
}

// charsPerToken returns the ratio that an estimate uses.
func charsPerToken(c endpoint.Config) float64 {
	if c.CharsPerToken > 0 {
		return c.CharsPerToken
	}
	return 3
}
