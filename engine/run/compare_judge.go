package run

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/compare"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/pairwise"
	"github.com/personagen/personagen/engine/journal"
	"github.com/personagen/personagen/engine/release"
)

// JudgeConfig says which model judges pairs of persons, and what it is shown. Writer says
// how it is asked; its journal has the answers, by default beside the first set.
type JudgeConfig struct {
	Provider string
	Writer   Writer
	Pairs    int      // how many; DefaultPairs for 0
	Fields   []string // texts that are shown; nil for all that both sets have
	Equal    bool     // texts are cut to the length of the shorter one
	Labels   []string // values of the second set, as FIELD:THEIRS=OURS
	Rubric   string   // what the model is told in place of the program's words
}

// unjudged is the error of a comparison that the same call can continue.
type unjudged struct{}

func (unjudged) Error() string { return "the comparison is not complete" }

func (unjudged) Unwrap() error { return ErrResumable }

// DefaultPairs is the number of pairs that are judged.
const DefaultPairs = 400

// judge has a model compare persons of the two sets, pair by pair.
func (c *comparison) judge(ctx context.Context) (*compare.Judged, error) {
	if len(c.inputs) != 2 || c.inputs[0].Known != nil || c.inputs[1].Known != nil {
		return nil, fmt.Errorf("%w: a model judges the persons of two data sets; name a release or file of each, a reference as NAME=FILE", ErrUsage)
	}
	if c.plan == nil {
		return nil, fmt.Errorf("%w: nothing says which columns have the age, the sex and the texts; name a release, or --spec", ErrUsage)
	}
	cfg := c.Judge
	options, err := c.judgeOptions(ctx)
	if err != nil {
		return nil, err
	}
	b := &bundle.Bundle{Plan: c.plan, Writers: c.writers}
	r := &run{Config: Config{Provider: cfg.Provider, Writer: cfg.Writer, Events: c.Events}, ctx: ctx, bundle: b}
	if err := r.checkProvider(b); err != nil {
		return nil, err
	}
	if !r.usesModel() {
		return nil, fmt.Errorf("%w: a model judges; name its endpoint with --provider", ErrUsage)
	}
	if options.Model = cfg.Writer.Endpoint.Model; options.Model == "" {
		if e := b.Writers.Endpoint(cfg.Provider); e != nil {
			options.Model = e.Model
		}
	}
	if options.Model == "" {
		return nil, fmt.Errorf("%w: no model is named; choose one with --model", ErrUsage)
	}
	conf, price, err := r.configure(options.Model)
	if err != nil {
		return nil, err
	}
	if !price.known && cfg.Writer.Budget > 0 {
		return nil, fmt.Errorf("%w: a budget needs the price of %q, which is neither in the table of %s nor in the spec; add it to the spec's prices", ErrUsage, options.Model, endpoint.Prices().Date)
	}
	contest, err := pairwise.New(ctx, &c.inputs[0], &c.inputs[1], *options)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUsage, err)
	}
	return r.holdContest(contest, conf, price, cfg.Writer.Journal)
}

// judgeOptions finds what persons are matched by and what is shown of them.
func (c *comparison) judgeOptions(ctx context.Context) (*pairwise.Options, error) {
	cfg := c.Judge
	o := &pairwise.Options{Pairs: cfg.Pairs, Equal: cfg.Equal, Rubric: cfg.Rubric, Tries: 1 + c.writers.Repairs, Labels: pairwise.Labels{}}
	if o.Pairs == 0 {
		o.Pairs = DefaultPairs
	}
	columns, err := pairwise.Columns(ctx, c.inputs)
	if err != nil {
		return nil, err
	}
	shared := func(name string) bool { return name != "" && columns[0][name] && columns[1][name] }
	for role, to := range map[string]*string{"age": &o.Traits.Age, "sex": &o.Traits.Sex, "occupation": &o.Traits.Work} {
		if name := c.plan.Roles[role]; shared(name) {
			*to = name
		}
	}
	if len(o.Traits.Names()) == 0 {
		return nil, fmt.Errorf("%w: the sets share no column with the role age, sex or occupation, so no two persons are alike; match columns with --map THEIRS=OURS", ErrUsage)
	}
	var texts []string
	for _, f := range c.plan.Fields {
		if f.Text != nil && !f.Hidden && shared(f.Name) {
			texts = append(texts, f.Name)
		}
	}
	if o.Fields = texts; cfg.Fields != nil {
		o.Fields = cfg.Fields
		for i, name := range cfg.Fields {
			if !slices.Contains(texts, name) {
				return nil, fmt.Errorf("%w: %q is no text of both sets; they share %s", ErrUsage, name, orNone(texts))
			}
			if slices.Contains(cfg.Fields[:i], name) {
				return nil, fmt.Errorf("%w: --texts names %q twice", ErrUsage, name)
			}
		}
	}
	if len(o.Fields) == 0 {
		return nil, fmt.Errorf("%w: the sets share no text; match columns with --map THEIRS=OURS", ErrUsage)
	}
	return o, c.judgeLabels(o)
}

// judgeLabels finds which values of the second set are which of the first: as the request
// says, else as a set of aliases of the plan writes them.
func (c *comparison) judgeLabels(o *pairwise.Options) error {
	traits := o.Traits.Names()
	for _, name := range slices.Sorted(maps.Keys(c.plan.Aliases)) {
		for _, x := range c.plan.Aliases[name].Columns {
			if slices.Contains(traits, x.Field) {
				for ours, theirs := range x.Labels {
					o.Labels.Set(x.Field, theirs, ours)
				}
			}
		}
	}
	told := pairwise.Labels{}
	for _, text := range c.Judge.Labels {
		field, rest, found := strings.Cut(text, ":")
		theirs, ours, both := strings.Cut(rest, "=")
		if !found || !both {
			return fmt.Errorf("%w: --label takes FIELD:THEIRS=OURS, not %q", ErrUsage, text)
		}
		if !slices.Contains(traits, field) {
			hint := ""
			if g := diag.Guess(field, traits); g != "" {
				hint = fmt.Sprintf("; did you mean %q?", g)
			}
			return fmt.Errorf("%w: persons are matched on %s, not on %q%s", ErrUsage, strings.Join(traits, ", "), field, hint)
		}
		if f := c.plan.Field(field); f.Domain != nil && f.Type != frame.Integer {
			if _, ok := f.Domain.Index(ours); !ok {
				return fmt.Errorf("%w: --label %s: field %q has no value %q", ErrUsage, text, field, ours)
			}
		}
		if other, twice := told[field][theirs]; twice && other != ours {
			return fmt.Errorf("%w: --label %s: %q is %q already; give one of them", ErrUsage, text, theirs, other)
		}
		told.Set(field, theirs, ours)
		o.Labels.Set(field, theirs, ours)
	}
	return nil
}

// holdContest prices the questions that the journal does not answer, asks them, and counts
// all answers.
func (r *run) holdContest(contest *pairwise.Contest, cfg endpoint.Config, price pricing, dir string) (out *compare.Judged, err error) {
	m := &modelWriter{name: cfg.Model, endpoint: cfg, price: price, dir: dir, budget: endpoint.NewBudget(endpoint.Cost{Money: endpoint.NewMoney(r.Writer.Budget)})}
	r.model = m
	defer m.close()
	cfg.Retrying = r.waiting()
	if m.client, err = endpoint.New(cfg, m.budget); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUsage, err)
	}
	if m.journal, err = journal.Open(dir, journal.Options{}); err != nil {
		return nil, err
	}
	questions, tokens, err := contest.Pending(m.journal, charsPerToken(cfg))
	if err != nil {
		return nil, err
	}
	if questions > 0 {
		if err := r.confirmContest(questions, tokens); err != nil {
			return nil, err
		}
	}
	probe := func(ctx context.Context, c *endpoint.Client) error {
		_, err := c.Probe(ctx, pairwise.Call())
		return err
	}
	asked := &probedClient{Client: m.client, probe: probe}
	err = contest.Run(r.ctx, asked, m.journal, func(done int) {
		r.event(Event{Stage: "judge", Done: int64(done), Total: questions})
	})
	if endpoint.KindOf(asked.err) == endpoint.Incapable {
		return nil, fmt.Errorf("%w: %v; no other request was sent", ErrUsage, asked.err)
	}
	if err != nil {
		var failed *endpoint.Error
		if !errors.As(err, &failed) && !errors.Is(err, context.Canceled) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %v; %d answers are in %s, cost of this run %s; run the same command again to continue", unjudged{}, err, m.journal.Len(), dir, m.spent().Money.In(price.currency))
	}
	if questions > 0 {
		r.event(Event{Stage: "judge", Checkpoint: true, Note: fmt.Sprintf("%s answered, cost %s; the answers are in %s", humanize.Count(questions, "question", "questions"), m.spent().Money.In(price.currency), dir)})
	}
	return contest.Outcome(m.journal)
}

// confirmContest tells what the questions are estimated to cost, and asks whether that may
// be spent.
func (r *run) confirmContest(questions int64, tokens endpoint.Usage) error {
	m := r.model
	f := &TextForecast{
		Provider: r.Provider, Model: m.name, Host: m.endpoint.Host(), Key: m.endpoint.KeySource(), Priced: m.price.known, Currency: m.price.currency, Prices: m.price.date,
		Calls: []PendingCall{{Call: "judge", Persons: questions, Estimate: tokens}}, Tokens: release.Tokens{Prompt: tokens.Prompt, Completion: tokens.Completion},
	}
	cost := "at an unknown price"
	if f.Priced {
		f.Cost = m.price.price.Cost(tokens).Money.Amount()
		cost = fmt.Sprintf("about %.2f %s at the prices of %s", f.Cost, f.Currency, f.Prices)
	}
	r.event(Event{Stage: "judge", Checkpoint: true, Note: fmt.Sprintf("%s for %s at %s, about %s tokens in and %s out, %s",
		humanize.Count(questions, "question", "questions"), m.name, asked(m.endpoint), humanize.Thousands(tokens.Prompt), humanize.Thousands(tokens.Completion), cost)})
	if err := m.client.Keyless(); err != nil {
		return fmt.Errorf("%w: %v", ErrUsage, err)
	}
	return r.ask(f)
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
