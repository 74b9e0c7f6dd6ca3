package run

import (
	"path/filepath"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/journal"
)

// PendingCall is a call with the persons whose texts it still has to write.
type PendingCall = enrich.Pending

// TextForecast says what a model would still have to write, and about what that
// would cost.
type TextForecast struct {
	Provider string        `json:"provider"`
	Model    string        `json:"model"`
	Mode     string        `json:"mode,omitempty"`    // "batch" where that is what Cost is for
	Waiting  int           `json:"waiting,omitempty"` // batches of earlier runs whose answers are counted as missing
	Calls    []PendingCall `json:"calls"`
	Tokens   Tokens        `json:"tokens"`
	// Cost is an estimate in Currency, at prices of the date Prices; Priced is
	// false when the price of the model is not known.
	Cost     float64 `json:"cost"`
	Currency string  `json:"currency,omitempty"`
	Prices   string  `json:"prices,omitempty"`
	Priced   bool    `json:"priced"`
	Journal  string  `json:"journal,omitempty"` // empty when there is none yet
}

// foreseeTexts finds what the journal does not have; nothing is asked and
// nothing is written.
func (r *run) foreseeTexts() (*TextForecast, error) {
	if !r.usesModel() {
		return nil, nil
	}
	model, err := r.chooseModel()
	if err != nil {
		return nil, err
	}
	cfg, price := r.configure(model)
	if err := r.checkBatches(cfg); err != nil {
		return nil, err
	}
	dir, waiting := "", 0
	var j *journal.Journal
	if files, _ := filepath.Glob(filepath.Join(r.Author.Journal, "*")); r.Author.Journal != "" && len(files) > 0 {
		if j, err = journal.Open(r.Author.Journal, journal.Options{ReadOnly: true}); err != nil {
			return nil, err
		}
		defer j.Close()
		dir = r.Author.Journal
		if waiting, err = enrich.Waiting(ledgerDir(dir)); err != nil {
			return nil, err
		}
	}
	e, err := enrich.New(r.plan, j, r.enrichOptions(model))
	if err != nil {
		return nil, err
	}
	f, err := r.forecast(e, cfg, price)
	if f != nil {
		f.Journal, f.Waiting = dir, waiting
	}
	return f, err
}

// forecast estimates what an enricher has still to ask for.
func (r *run) forecast(e *enrich.Enricher, cfg endpoint.Config, price pricing) (*TextForecast, error) {
	f := &TextForecast{Provider: r.Provider, Model: cfg.Model}
	var err error
	if f.Calls, err = e.Pending(r.ctx, r.generator.Worker(), r.persons.First, r.persons.Count, charsPerToken(cfg)); err != nil {
		return nil, err
	}
	for _, c := range f.Calls {
		f.Tokens.Prompt += c.Estimate.Prompt
		f.Tokens.Completion += c.Estimate.Completion
	}
	if r.inBatches() {
		f.Mode, price.price = InBatches, price.price.InBatch()
	}
	if f.Priced = price.known; price.known {
		f.Cost = price.price.Cost(endpoint.Usage(f.Tokens)).Money.Amount()
		f.Currency, f.Prices = price.currency, price.date
	}
	return f, nil
}

// charsPerToken is what an estimate goes by.
func charsPerToken(c endpoint.Config) float64 {
	if c.CharsPerToken > 0 {
		return c.CharsPerToken
	}
	return 3
}
