package run

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/internal/identity"
	"github.com/personagen/personagen/engine/internal/monitor"
	"github.com/personagen/personagen/engine/internal/pipeline"
	"github.com/personagen/personagen/engine/journal"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/release"
)

// Writer says which model writes the texts and how it is asked. The zero value
// asks the model that the spec names, as the spec says.
type Writer struct {
	// Endpoint overrides what the spec and the program know of the provider, field
	// by field. An empty Model means the one that the spec's calls name.
	Endpoint endpoint.Config
	// Trust lists hosts that a spec may send requests to with a key: that of
	// Endpoint, else that of the provider. A host may have a port.
	Trust []string
	// Calls are the calls of the spec that are made, nil for all. The narrator writes the
	// texts of the others.
	Calls []string
	// Budget limits the cost of a run, in the currency of the price table; 0 for no
	// limit.
	Budget float64
	// Journal is the folder of accepted answers; the default is Config.Out with
	// ".journal" appended.
	Journal string
	// Export is the folder of a journal to write, of just the answers that the
	// release has; empty for none.
	Export string
	// Refill asks again for texts that earlier runs have set aside.
	Refill bool
	// KeepRefused appends every refused answer as the model gave it, with the reasons,
	// to the file RefusedFile in the folder of the journal.
	KeepRefused bool
	// Mode is Interactive, the default, or InBatches.
	Mode string
	// Unwatched turns off the progress monitor, which stops a run whose missing
	// texts distort the population.
	Unwatched bool
	// AtOnce is how many runs ask the endpoint at the same time. Each has its share of the
	// calls in flight and of the rates; 0 for this one alone.
	AtOnce int
	// Sealed says that the address of Endpoint is not the user's word: it is that of a job,
	// which anybody may have made.
	Sealed bool
	// Confirm, when set, is asked before anything is spent, if the estimated cost is
	// above AskAbove or unknown. Its error ends the run.
	Confirm func(*TextForecast) error
	// AskAbove is in the currency of the price table; nil for what the spec says.
	AskAbove *float64
}

// Providers returns the values of Config.Provider that every spec has: Offline,
// NoTexts and the kinds of endpoints.
func Providers() []string { return append([]string{Offline, NoTexts}, endpoint.Providers()...) }

// modelWriter is what a run needs for a model to write.
type modelWriter struct {
	refused  *os.File // of refused answers; nil when they are not kept
	name     string   // of the model
	endpoint endpoint.Config
	price    pricing
	budget   *endpoint.Budget
	client   *endpoint.Client
	others   map[string]*endpoint.Client // of further models, which shares of persons have
	own      []*answerer                 // of calls with endpoints of their own
	dir      string                      // of the journal
	place    string                      // where users find the journal, if not in dir
	journal  *journal.Journal
	enricher *enrich.Enricher
	monitor  *monitor.Monitor // nil when Writer.Unwatched
	counts   enrich.Counts
	readers  []*enrich.Reader
}

// usesModel reports whether a model is to write.
func (r *run) usesModel() bool {
	return r.Provider != "" && r.Provider != Offline && r.Provider != NoTexts
}

// connect prepares the endpoint and opens the journal. It sends nothing.
func (r *run) connect() error {
	if !r.usesModel() {
		return nil
	}
	if err := r.checkExport(); err != nil {
		return err
	}
	m, cfg, err := r.newModelWriter()
	r.model = m
	if err != nil {
		return err
	}
	if m.dir == "" {
		m.dir = r.Out + ".journal"
	}
	if err := r.checkMode(cfg, m.dir); err != nil {
		return err
	}
	if files, _ := filepath.Glob(filepath.Join(m.dir, "*")); len(files) == 0 && m.keyless() != nil {
		return fmt.Errorf("%w: %v", ErrUsage, m.keyless())
	}
	if m.journal, err = journal.Open(m.dir, r.journalOptions); err != nil {
		return err
	}
	if report := m.journal.Report(); !report.Whole() || report.Cut > 0 {
		r.event(Event{Stage: "journal", Note: report.String(), Checkpoint: true})
	}
	options := r.enrichOptions(m.name, m.own)
	if !r.Writer.Unwatched {
		m.monitor = r.watch()
		options.Watch = m.monitor
	}
	if r.Writer.KeepRefused {
		if m.refused, err = os.OpenFile(filepath.Join(m.dir, RefusedFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
			return err
		}
		options.Refused = m.keepRefused
	}
	m.enricher, err = enrich.New(r.plan, m.journal, options)
	if err == nil && !r.narrates() {
		r.narrator = nil
	}
	return err
}

// newModelWriter chooses the models and makes their clients. The writer is to be closed even
// after an error, if there is one.
func (r *run) newModelWriter() (*modelWriter, endpoint.Config, error) {
	model, err := r.chooseModel()
	if err != nil {
		return nil, endpoint.Config{}, err
	}
	cfg, price, err := r.configure(model)
	if err != nil {
		return nil, cfg, err
	}
	if !price.known && r.Writer.Budget > 0 {
		return nil, cfg, fmt.Errorf("%w: a budget needs the price of %q, which is neither in the table of %s nor in the spec; add it to the spec's prices", ErrUsage, model, endpoint.Prices().Date)
	}
	own, err := r.ownEndpoints()
	if err != nil {
		return nil, cfg, err
	}
	m := &modelWriter{name: model, endpoint: cfg, price: price, own: own, dir: r.Writer.Journal, budget: r.budget}
	if m.budget == nil {
		m.budget = endpoint.NewBudget(endpoint.Cost{Money: endpoint.NewMoney(r.Writer.Budget)})
	}
	cfg.Retrying = r.waiting()
	if m.client, err = endpoint.New(cfg, m.budget); err != nil {
		return m, cfg, fmt.Errorf("%w: %v", ErrUsage, err)
	}
	if m.others, err = r.otherClients(m); err != nil {
		return m, cfg, err
	}
	return m, cfg, m.openOwn(r)
}

// RefusedFile is the name of the file of refused answers, a JSON object per line.
const RefusedFile = "refused.jsonl"

// keepRefused appends a refused answer. A failure to write it does not end the run.
func (m *modelWriter) keepRefused(person int64, call, answer string, faults map[string]string) {
	line, err := json.Marshal(struct {
		Person int64             `json:"person"`
		Call   string            `json:"call"`
		Faults map[string]string `json:"faults"`
		Answer string            `json:"answer"`
	}{person, call, faults, answer})
	if err == nil {
		_, _ = m.refused.Write(append(line, '\n')) // one write, so that lines stay whole
	}
}

// watch returns a monitor of the progress of the run.
func (r *run) watch() *monitor.Monitor {
	var fields []string
	for _, c := range r.plan.Calls {
		fields = append(fields, c.Fields...)
	}
	o := r.persons.CheckOptions(r.allocated.exceptions, "")
	o.First, o.Total = r.persons.First, r.persons.Size
	return monitor.New(r.plan, fields, monitor.Options{Check: o, Count: r.persons.Count})
}

func (r *run) enrichOptions(model string, own []*answerer) enrich.Options {
	if r.chosenModel() == "" {
		model = "" // the spec's shares of persons may have others
	}
	o := enrich.Options{
		Model: model, Seed: r.persons.Seed, Size: r.persons.Size, Refill: r.Writer.Refill, Tries: 1 + r.bundle.Writers.Repairs,
		Population: r.population(r.plan.Structure), Own: map[string]enrich.Own{},
	}
	for _, a := range own {
		for _, call := range a.calls {
			o.Own[call] = enrich.Own{Name: a.config.Model, Model: a.model()}
		}
	}
	for _, structure := range r.plan.FirstStructures {
		o.Former = append(o.Former, r.population(structure))
	}
	return o
}

func (r *run) population(structure string) string {
	return identity.Population(structure, r.persons.Sampling, r.persons.Seed, r.persons.IdentitySize())
}

// narrates reports whether the narrator has a field to write when a model writes
// the others.
func (r *run) narrates() bool {
	return slices.ContainsFunc(r.plan.Fields, func(f *kind.Field) bool { return f.Text != nil && f.Text.Call == "" && f.Text.Offline != nil })
}

// precheck makes and checks all persons without their texts, before money is
// spent on texts.
func (r *run) precheck() error {
	if !r.usesModel() {
		return nil
	}
	bare := r.plan.WithoutTexts()
	g, err := generate.New(bare, r.allocated.sampler, r.persons.Seed, r.persons.IdentitySize())
	if err != nil {
		return err
	}
	suite := check.New(bare, r.persons.CheckOptions(r.allocated.exceptions, r.tempDir()))
	defer suite.Close()
	p := pipeline.New(bare, "", suite, r.Workers, func(int) pipeline.Source { return &source{generator: g.WithContext(r.ctx).Worker()} })
	p.Progress = func(done int64) { r.event(Event{Stage: "precheck", Done: done, Total: r.persons.Count}) }
	if err := p.Run(r.ctx, r.persons.First, r.persons.Count); err != nil {
		return err
	}
	result, err := suite.Result(p.Findings().Tally)
	if err != nil {
		return err
	}
	if result.Failed() {
		failed := result.Failures()[0]
		return fmt.Errorf("%w before any text was asked for: %s; the first is %s: %s", ErrChecks, result.Headline(), failed.ID, failed.Message)
	}
	return nil
}

// confirm asks whether the estimated cost may be spent, and refuses to go on
// without a key. Neither is needed when the journal has every answer.
func (r *run) confirm() error {
	if !r.usesModel() {
		return nil
	}
	var keyless error
	if err := r.model.keyless(); err != nil {
		keyless = fmt.Errorf("%w: %v", ErrUsage, err)
	}
	if r.Writer.Confirm == nil && keyless == nil {
		return nil
	}
	m := r.model
	if waiting, err := enrich.Waiting(ledgerDir(m.dir)); err != nil || waiting > 0 {
		return cmp.Or(err, keyless) // the run that asked for them was confirmed
	}
	f, err := r.forecast(m.enricher, m.endpoint, m.price, m.own)
	if err != nil {
		return err
	}
	if f.Tokens != (release.Tokens{}) && keyless != nil {
		return keyless
	}
	return r.ask(f)
}

// ask asks whether texts may cost what is estimated, unless that is as little as may be spent
// without a question.
func (r *run) ask(f *TextForecast) error {
	above, cost := r.bundle.Writers.AskAbove, f.Cost
	if r.Writer.AskAbove != nil {
		above = *r.Writer.AskAbove
	}
	if b := r.Writer.Budget; b > 0 {
		cost = min(cost, b)
	}
	if r.Writer.Confirm == nil || f.Tokens == (release.Tokens{}) || f.Priced && cost <= above {
		return nil
	}
	return r.Writer.Confirm(f)
}

// enrich has the model write the texts that the journal does not have.
func (r *run) enrich() (err error) {
	if !r.usesModel() {
		return nil
	}
	if r.inBatches() {
		return r.enrichInBatches()
	}
	m, start := r.model, time.Now()
	model := r.probed()
	progress := func(c enrich.Counts) {
		e := Event{Stage: "enrich", Done: c.Persons, Total: r.persons.Count, Checkpoint: true, Note: m.checkpoint(&c, time.Since(start))}
		if m.monitor != nil {
			e.Distributions = m.monitor.Distributions()
		}
		r.event(e)
	}
	m.counts, err = m.enricher.Run(r.ctx, model, r.readSource, r.persons.First, r.persons.Count, progress)
	if err := cmp.Or(model.incapable(), m.ownIncapable()); err != nil {
		return fmt.Errorf("%w: %v; no other request was sent", ErrUsage, err)
	}
	return m.outcome(err)
}

// announce says where requests go and which key they carry, before the first.
func (r *run) announce(cfg endpoint.Config, models ...string) {
	r.event(Event{Stage: "enrich", Checkpoint: true, Note: fmt.Sprintf("asking %s at %s", strings.Join(models, " and "), asked(cfg))})
}

// Waits for another attempt that are told: long ones, and not all of them.
const (
	longWait     = 2 * time.Second
	quietRetries = 10 * time.Second
)

// waiting returns a function that tells of retries now and then, so that a run that
// waits for its server says why.
func (r *run) waiting() func(*endpoint.Error, time.Duration) {
	var mu sync.Mutex
	var last time.Time
	return func(failed *endpoint.Error, wait time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); wait >= longWait && now.Sub(last) >= quietRetries {
			last = now
			r.event(Event{Stage: "enrich", Checkpoint: true, Note: fmt.Sprintf("%v; trying again in %v", failed, wait.Round(time.Second))})
		}
	}
}

// checkpoint formats how far the texts are.
func (m *modelWriter) checkpoint(c *enrich.Counts, took time.Duration) string {
	t := c.Total()
	spent, unknown := m.budget.Spent()
	line := fmt.Sprintf("texts: %d accepted (%d repaired), %d from the journal%s, %d quarantined, %d unanswered; %d calls, %d tokens, cost %s; %.1f personas/s",
		t.Accepted, t.Repaired, t.Cached, adopted(t.Adopted), t.Quarantined, t.Unanswered, c.Calls, spent.Tokens-unknown.Tokens, spent.Money.In(m.price.currency), float64(c.Persons)/max(took.Seconds(), 1e-3))
	if t.Untranslated > 0 {
		line += fmt.Sprintf("; %s not asked for, because the original is missing", humanize.Count(t.Untranslated, "translation", "translations"))
	}
	if unknown.Tokens > 0 {
		line += fmt.Sprintf("; calls of unknown cost, such as those broken off, count with the most they can take: %d tokens, %s", unknown.Tokens, unknown.Money.In(m.price.currency))
	}
	if n := m.misreported(); n > 0 {
		line += fmt.Sprintf("; %s with numbers of tokens that cannot be, counted at their bound", humanize.Count(n, "reply", "replies"))
	}
	if m.monitor == nil {
		return line
	}
	for i, d := range m.monitor.Distributions() {
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

// adopted says how many records of an earlier version were taken over.
func adopted(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d taken over from an earlier version)", n)
}

// shown is where the answers are, for messages.
func (m *modelWriter) shown() string { return cmp.Or(m.place, m.dir) }

func (m *modelWriter) spent() endpoint.Cost {
	spent, _ := m.budget.Spent()
	return spent
}

// outcome turns what stopped the model into the error of a run that the same call
// can continue.
func (m *modelWriter) outcome(err error) error {
	t := m.counts.Total()
	reason := m.counts.Failure
	switch {
	case err != nil:
		if stop := (*monitor.Stop)(nil); errors.As(err, &stop) {
			return fmt.Errorf("%w: %v; %d texts are in %s, cost of this run %s; correct the spec, or continue as it is with --no-monitor", ErrChecks, err, m.journal.Len(), m.shown(), m.spent().Money.In(m.price.currency))
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
	return fmt.Errorf("%w: %s; %d texts are in %s, cost of this run %s; run the same command again to continue", ErrResumable, reason, m.journal.Len(), m.shown(), m.spent().Money.In(m.price.currency))
}

// probedClient finds out what its endpoint can do at the first request, so a run
// whose texts are all in the journal sends nothing.
type probedClient struct {
	*endpoint.Client
	probe func(context.Context, *endpoint.Client) error
	once  sync.Once
	err   error
}

// Do sends a request.
func (p *probedClient) Do(ctx context.Context, req endpoint.Request) (endpoint.Answer, error) {
	p.once.Do(func() {
		if p.Mode() == "" {
			p.err = p.probe(ctx, p.Client)
		}
	})
	if p.err != nil {
		return endpoint.Answer{}, probeError{p.err}
	}
	return p.Client.Do(ctx, req)
}

// probeError is the error of every request to an endpoint that failed its probe.
// It unwraps to an error that stops the run, whatever kind the probe's was.
type probeError struct{ error }

func (e probeError) Unwrap() error {
	var failed *endpoint.Error
	if errors.As(e.error, &failed) {
		return &endpoint.Error{Kind: endpoint.Stopped, Message: failed.Error()}
	}
	return e.error
}

// reader returns a reader of the journal for one goroutine.
func (m *modelWriter) reader() *enrich.Reader {
	reader := m.enricher.Reader()
	m.readers = append(m.readers, reader)
	return reader
}

// texts returns what the manifest says of the model, nil when no model writes.
func (r *run) texts() *release.Texts {
	m := r.model
	if m == nil {
		return nil
	}
	out := &release.Texts{Provider: r.Provider, Model: strings.Join(m.enricher.Models(), ", "), Calls: m.counts.Calls, Tokens: release.Tokens(m.counts.Usage), Cost: []release.Sum{}}
	if m.price.known {
		out.Cost = append(out.Cost, release.Sum{Amount: m.spent().Money.Amount(), Currency: m.price.currency})
	}
	if r.inBatches() {
		out.Mode = InBatches
	}
	for _, a := range m.own {
		out.Own = append(out.Own, release.OwnModel{Endpoint: a.config.Provider, Model: a.config.Model, Calls: a.calls})
	}
	for i, reader := range m.readers {
		for k, f := range reader.Counts().Fields {
			if i == 0 {
				out.Fields = append(out.Fields, release.FieldTexts{Field: f.Field})
			}
			out.Fields[k].Written += f.Cached
			out.Fields[k].Quarantined += f.Quarantined
			out.Fields[k].NotApplicable += f.NotApplicable
			out.Fields[k].Untranslated += f.Untranslated
			out.Fields[k].Reasons = addReasons(out.Fields[k].Reasons, f.Reasons)
		}
	}
	return out
}

// addReasons adds counts of reasons to a copy of others.
func addReasons(sum, more map[string]int64) map[string]int64 {
	if len(more) == 0 {
		return sum
	}
	out := maps.Clone(sum)
	if out == nil {
		out = map[string]int64{}
	}
	for reason, n := range more {
		out[reason] += n
	}
	return out
}

// commonReasons names the most common reasons for which texts were refused.
func commonReasons(t *release.Texts) string {
	var all map[string]int64
	for _, f := range t.Fields {
		all = addReasons(all, f.Reasons)
	}
	reasons := slices.SortedFunc(maps.Keys(all), func(a, b string) int { return cmp.Or(cmp.Compare(all[b], all[a]), strings.Compare(a, b)) })
	var parts []string
	for i, reason := range reasons {
		if i == 3 {
			parts = append(parts, fmt.Sprintf("%d more reasons", len(reasons)-i))
			break
		}
		parts = append(parts, fmt.Sprintf("%d because: %s", all[reason], reason))
	}
	return strings.Join(parts, "; ")
}

// checkQuarantine returns an error when more texts were set aside than the spec
// allows.
func (r *run) checkQuarantine() error {
	if r.model == nil {
		return nil
	}
	most := r.plan.MostQuarantined()
	if share := r.model.counts.QuarantinedShare(); share > most {
		err := fmt.Errorf("%w: %.2f %% of the texts failed every attempt and were set aside, at most %.2f %% may be; --refill asks for them again", ErrChecks, 100*share, 100*most)
		if why := commonReasons(r.summary.Manifest.Texts); why != "" {
			err = fmt.Errorf("%w (%s)", err, why)
		}
		return err
	}
	return nil
}

func (m *modelWriter) close() {
	if m.refused != nil {
		m.refused.Close()
	}
	for _, c := range m.others {
		c.Close()
	}
	if m.client != nil {
		m.client.Close()
	}
	for _, a := range m.own {
		a.close()
	}
	if m.journal != nil {
		m.journal.Close() // every record is on disk already, so there is no error to report
	}
}
