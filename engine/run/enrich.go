package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/internal/monitor"
	"github.com/personagen/personagen/engine/journal"
	"github.com/personagen/personagen/engine/kind"
)

// Author says which model writes the texts, when Config.Provider names an
// endpoint.
type Author struct {
	// Endpoint is laid over what is known of the provider. An empty model is
	// the one that the spec's calls name.
	Endpoint endpoint.Config
	// Budget in the currency of the price table; 0 for none.
	Budget float64
	// Journal is the folder of accepted answers; Out with ".journal" behind it
	// when empty.
	Journal string
	// Export is the folder of a journal to be written of just the answers that
	// the release has; empty for none.
	Export string
	// Refill asks again for what earlier runs have set aside.
	Refill bool
	// Mode is Interactive, the default, or InBatches.
	Mode string
	// Unwatched lets a run go on whose texts bend the population.
	Unwatched bool
	// Confirm, when set, is asked before anything is spent where the estimated cost
	// is above AskAbove (nil for what the spec says), or is not known. Its error
	// ends the run.
	AskAbove *float64
	Confirm  func(*TextForecast) error
}

// ErrResumable is the error of a run that a model endpoint, a spent budget or
// an interruption has stopped: the same run goes on where it was.
var ErrResumable = errors.New("the texts are not complete")

// Providers lists who can write texts.
func Providers() []string { return append([]string{Offline, NoTexts}, endpoint.Providers()...) }

// Texts says in a manifest what a model wrote.
type Texts struct {
	Provider string       `json:"provider"`
	Model    string       `json:"model"`
	Mode     string       `json:"mode,omitempty"` // "batch" where the run that finished the release asked in batches
	Fields   []FieldTexts `json:"fields"`
	// Calls, Tokens and Cost are those of the run that finished the release. Cost
	// has one sum, or one per currency where parts of a merged release were priced
	// in different ones; what a model of unknown price cost is not in it.
	Calls  int64  `json:"calls"`
	Tokens Tokens `json:"tokens"`
	Cost   []Sum  `json:"cost"`
}

// Sum is an amount of money.
type Sum struct {
	Amount   float64 `json:"amount"`
	Currency string  `json:"currency"` // as the price table has it
}

// Tokens is an endpoint.Usage.
type Tokens struct {
	Prompt     int64 `json:"prompt"`
	Completion int64 `json:"completion"`
	Cached     int64 `json:"cached"`
	Reasoning  int64 `json:"reasoning"`
}

// FieldTexts counts what became of a field for the persons of a release.
type FieldTexts struct {
	Field         string `json:"field"`
	Written       int64  `json:"written"`
	Quarantined   int64  `json:"quarantined"` // null, because no answer was good enough
	NotApplicable int64  `json:"not_applicable"`
}

// with adds what models wrote in another part of a population; either may be
// nil. Parts that different models wrote have all their names.
func (t *Texts) with(o *Texts) *Texts {
	if t == nil || o == nil {
		return cmp.Or(t, o)
	}
	sum := *t
	sum.Provider, sum.Model = both(t.Provider, o.Provider), both(t.Model, o.Model)
	sum.Calls += o.Calls
	sum.Tokens = Tokens{t.Tokens.Prompt + o.Tokens.Prompt, t.Tokens.Completion + o.Tokens.Completion, t.Tokens.Cached + o.Tokens.Cached, t.Tokens.Reasoning + o.Tokens.Reasoning}
	sum.Cost = append([]Sum{}, t.Cost...)
	for _, s := range o.Cost {
		i := slices.IndexFunc(sum.Cost, func(have Sum) bool { return have.Currency == s.Currency })
		if i < 0 {
			sum.Cost = append(sum.Cost, s)
			continue
		}
		sum.Cost[i].Amount = (endpoint.NewMoney(sum.Cost[i].Amount) + endpoint.NewMoney(s.Amount)).Amount()
	}
	sum.Fields = slices.Clone(t.Fields)
	for _, f := range o.Fields {
		i := slices.IndexFunc(sum.Fields, func(have FieldTexts) bool { return have.Field == f.Field })
		if i < 0 {
			sum.Fields = append(sum.Fields, f)
			continue
		}
		have := &sum.Fields[i]
		have.Written, have.Quarantined, have.NotApplicable = have.Written+f.Written, have.Quarantined+f.Quarantined, have.NotApplicable+f.NotApplicable
	}
	return &sum
}

// both joins two lists of names that are separated by commas.
func both(a, b string) string {
	names := strings.Split(a, ", ")
	for _, name := range strings.Split(b, ", ") {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// authorship is what a run with a model needs.
type authorship struct {
	journal  *journal.Journal
	dir      string // of the journal
	budget   *endpoint.Budget
	client   *endpoint.Client
	enricher *enrich.Enricher
	counts   enrich.Counts
	readers  []*enrich.Reader
	model    string
	monitor  *monitor.Monitor // nil when nobody watches
	endpoint endpoint.Config
	price    pricing
}

// usesModel reports whether a model is to write.
func (r *run) usesModel() bool {
	return r.Provider != "" && r.Provider != Offline && r.Provider != NoTexts
}

// connect readies endpoint and journal; nothing is sent.
func (r *run) connect() error {
	if !r.usesModel() {
		return nil
	}
	model, err := r.chooseModel()
	if err = errors.Join(err, r.checkExport()); err != nil {
		return err
	}
	cfg, price := r.configure(model)
	if !price.known && r.Author.Budget > 0 {
		return fmt.Errorf("%w: a budget needs the price of %q, which neither the table of %s nor the spec has: add it to the spec's prices", ErrUsage, model, endpoint.Prices().Date)
	}
	a := &authorship{model: model, endpoint: cfg, price: price, dir: r.Author.Journal, budget: endpoint.NewBudget(endpoint.Cost{Money: endpoint.NewMoney(r.Author.Budget)})}
	r.author = a
	if a.client, err = endpoint.New(cfg, a.budget); err != nil {
		return fmt.Errorf("%w: %v", ErrUsage, err)
	}
	if a.dir == "" {
		a.dir = r.Out + ".journal"
	}
	if err := r.checkMode(cfg, a.dir); err != nil {
		return err
	}
	if files, _ := filepath.Glob(filepath.Join(a.dir, "*")); len(files) == 0 && a.client.Keyless() != nil {
		return fmt.Errorf("%w: %v", ErrUsage, a.client.Keyless())
	}
	if a.journal, err = journal.Open(a.dir, journal.Options{}); err != nil {
		return err
	}
	if report := a.journal.Report(); !report.Whole() || report.Cut > 0 {
		r.event(Event{Stage: "journal", Note: report.String(), Checkpoint: true})
	}
	options := r.enrichOptions(model)
	if !r.Author.Unwatched {
		a.monitor = r.watch()
		options.Watch = a.monitor
	}
	a.enricher, err = enrich.New(r.plan, a.journal, options)
	if err == nil && !r.narrates() {
		r.narrator = nil
	}
	return err
}

// watch returns a monitor of the run.
func (r *run) watch() *monitor.Monitor {
	var fields []string
	for _, c := range r.plan.Calls {
		fields = append(fields, c.Fields...)
	}
	o := r.persons.checkOptions(r.allocated.exceptions, "")
	o.First, o.Total = r.persons.First, r.persons.Size
	return monitor.New(r.plan, fields, monitor.Options{Check: o, Count: r.persons.Count})
}

func (r *run) enrichOptions(model string) enrich.Options {
	return enrich.Options{Model: model, Refill: r.Author.Refill, Tries: 1 + r.bundle.Writers.Repairs, Population: r.persons.name(r.plan.Structure)}
}

// narrates reports whether a field is left to the narrator when a model writes.
func (r *run) narrates() bool {
	return slices.ContainsFunc(r.plan.Fields, func(f *kind.Field) bool { return f.Text != nil && f.Text.Call == "" && f.Text.Offline != nil })
}

// rehearse makes and checks all persons without their texts before money is
// spent on them.
func (r *run) rehearse() error {
	if !r.usesModel() {
		return nil
	}
	bare := r.plan.WithoutTexts()
	g, err := generate.New(bare, r.allocated.sampler, r.persons.Seed, r.persons.identity())
	if err != nil {
		return err
	}
	suite := check.New(bare, r.persons.checkOptions(r.allocated.exceptions, r.release.dir))
	defer suite.Close()
	p := newPipeline(bare, suite, r.Workers, func(int) source { return &generated{worker: g.Worker()} })
	p.progress = func(done int64) { r.event(Event{Stage: "rehearse", Done: done, Total: r.persons.Count}) }
	if err := p.run(r.ctx, r.persons.First, r.persons.Count); err != nil {
		return err
	}
	result, err := (&tallies{all: p.tallies}).result(suite)
	if err != nil {
		return err
	}
	if result.Failed() {
		failed := result.Failures()[0]
		return fmt.Errorf("%w before any text was asked for: %s; the first: %s: %s", ErrChecks, result.Headline(), failed.ID, failed.Message)
	}
	return nil
}

// confirm asks whether so much may be spent, and whether there is a key to spend
// it with: where the journal has every answer, none is needed.
func (r *run) confirm() error {
	if !r.usesModel() {
		return nil
	}
	var keyless error
	if err := r.author.client.Keyless(); err != nil {
		keyless = fmt.Errorf("%w: %v", ErrUsage, err)
	}
	if r.Author.Confirm == nil && keyless == nil {
		return nil
	}
	a, above := r.author, r.bundle.Writers.AskAbove
	if r.Author.AskAbove != nil {
		above = *r.Author.AskAbove
	}
	if waiting, err := enrich.Waiting(ledgerDir(a.dir)); err != nil || waiting > 0 {
		return cmp.Or(err, keyless) // the rest of a run that was confirmed
	}
	f, err := r.forecast(a.enricher, a.endpoint, a.price)
	if err != nil {
		return err
	}
	cost := f.Cost
	if b := r.Author.Budget; b > 0 {
		cost = min(cost, b)
	}
	if f.Tokens != (Tokens{}) && keyless != nil {
		return keyless
	}
	if r.Author.Confirm == nil || f.Tokens == (Tokens{}) || f.Priced && cost <= above {
		return nil
	}
	return r.Author.Confirm(f)
}

// enrich has the model write what the journal does not have.
func (r *run) enrich() (err error) {
	if !r.usesModel() {
		return nil
	}
	if r.inBatches() {
		return r.enrichInBatches()
	}
	a, start := r.author, time.Now()
	model := &probed{Client: a.client, probe: r.probe}
	progress := func(c enrich.Counts) {
		e := Event{Stage: "enrich", Done: c.Persons, Total: r.persons.Count, Checkpoint: true, Note: a.checkpoint(&c, time.Since(start))}
		if a.monitor != nil {
			e.Distributions = a.monitor.Distributions()
		}
		r.event(e)
	}
	a.counts, err = a.enricher.Run(r.ctx, model, func() enrich.Source { return r.generator.Worker() }, r.persons.First, r.persons.Count, progress)
	if endpoint.KindOf(model.err) == endpoint.Incapable {
		return fmt.Errorf("%w: %v; nothing else was asked", ErrUsage, model.err)
	}
	return a.outcome(err)
}

// checkpoint tells how far the texts are.
func (a *authorship) checkpoint(c *enrich.Counts, took time.Duration) string {
	t, spent := c.Total(), a.spent()
	line := fmt.Sprintf("texts: %d accepted (%d repaired), %d from the journal, %d quarantined, %d unanswered; %d calls, %d tokens, cost %s; %.1f personas/s",
		t.Accepted, t.Repaired, t.Cached, t.Quarantined, t.Unanswered, c.Calls, spent.Tokens, spent.Money.In(a.price.currency), float64(c.Persons)/max(took.Seconds(), 1e-3))
	if a.monitor == nil {
		return line
	}
	for i, d := range a.monitor.Distributions() {
		if i == 0 {
			line += "; furthest from their tables"
		}
		if i == 3 {
			break
		}
		line += fmt.Sprintf("%s %s %+.2f points", map[bool]string{true: ":", false: ","}[i == 0], d.Cell, d.Points)
	}
	return line
}

func (a *authorship) spent() endpoint.Cost {
	spent, _ := a.budget.Spent()
	return spent
}

// outcome turns what stopped the texts into the error of a run that can go on.
func (a *authorship) outcome(err error) error {
	t := a.counts.Total()
	reason := a.counts.Failure
	switch {
	case err != nil:
		if stop := (*monitor.Stop)(nil); errors.As(err, &stop) {
			return fmt.Errorf("%w: %v; %d texts are in %s, cost of this run %s; mend the spec, or go on as it is with --no-monitor", ErrChecks, err, a.journal.Len(), a.dir, a.spent().Money.In(a.price.currency))
		}
		var failed *endpoint.Error
		if !errors.As(err, &failed) && !errors.Is(err, context.Canceled) {
			return err
		}
		reason = err.Error()
		if errors.Is(err, context.Canceled) && failed == nil {
			reason = "interrupted"
		}
	case t.Unanswered == 0:
		return nil
	}
	return fmt.Errorf("%w: %s; %d texts are in %s, cost of this run %s; run the same command again to go on", ErrResumable, reason, a.journal.Len(), a.dir, a.spent().Money.In(a.price.currency))
}

// probed is a client that finds out what its endpoint can do with the first
// request, so that a run whose texts are all in the journal asks nothing.
type probed struct {
	*endpoint.Client
	probe func(context.Context) error
	once  sync.Once
	err   error
}

// Do implements enrich.Model.
func (p *probed) Do(ctx context.Context, req endpoint.Request) (endpoint.Answer, error) {
	p.once.Do(func() {
		if p.Mode() == "" {
			p.err = p.probe(ctx)
		}
	})
	if p.err != nil {
		return endpoint.Answer{}, unprobed{p.err}
	}
	return p.Client.Do(ctx, req)
}

// unprobed is the error of every request to an endpoint that failed its probe:
// whatever its kind, there is no use in another request.
type unprobed struct{ error }

func (u unprobed) Unwrap() error {
	var e *endpoint.Error
	if errors.As(u.error, &e) {
		return &endpoint.Error{Kind: endpoint.Stopped, Message: e.Error()}
	}
	return u.error
}

// reader gives one worker the texts of the journal.
func (a *authorship) reader() *enrich.Reader {
	reader := a.enricher.Reader()
	a.readers = append(a.readers, reader)
	return reader
}

// texts tells the manifest what was written.
func (r *run) texts() *Texts {
	a := r.author
	if a == nil {
		return nil
	}
	out := &Texts{Provider: r.Provider, Model: a.model, Calls: a.counts.Calls, Tokens: Tokens(a.counts.Usage), Cost: []Sum{}}
	if a.price.known {
		out.Cost = append(out.Cost, Sum{a.spent().Money.Amount(), a.price.currency})
	}
	if r.inBatches() {
		out.Mode = InBatches
	}
	for i, reader := range a.readers {
		for k, f := range reader.Counts().Fields {
			if i == 0 {
				out.Fields = append(out.Fields, FieldTexts{Field: f.Field})
			}
			out.Fields[k].Written += f.Cached
			out.Fields[k].Quarantined += f.Quarantined
			out.Fields[k].NotApplicable += f.NotApplicable
		}
	}
	return out
}

// quarantined returns an error when more fields were set aside than may be.
func (r *run) quarantined() error {
	if r.author == nil {
		return nil
	}
	most := r.plan.MostQuarantined()
	if share := r.author.counts.QuarantinedShare(); share > most {
		return fmt.Errorf("%w: %.2f %% of the texts were refused too often and set aside, at most %.2f %% may be; --refill asks for them again", ErrChecks, 100*share, 100*most)
	}
	return nil
}

// close lets go of journal and endpoint.
func (a *authorship) close() {
	if a.client != nil {
		a.client.Close()
	}
	if a.journal != nil {
		a.journal.Close() // every record is on disk already
	}
}
