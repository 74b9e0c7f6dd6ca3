package endpoint

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// Price is per million tokens, in the currency of its table.
type Price struct {
	Input  float64 `json:"input"`
	Cached float64 `json:"cached"` // prompt tokens from the prefix cache; 0 for no discount
	Output float64 `json:"output"` // reasoning tokens included
	Batch  float64 `json:"batch"`  // share of the price in batch mode; 0 for no discount
}

// Cost returns the cost of a call.
func (p Price) Cost(u Usage) Cost {
	cached := p.Cached
	if cached == 0 {
		cached = p.Input
	}
	amount := float64(u.Prompt-u.Cached)*p.Input + float64(u.Cached)*cached + float64(u.Completion)*p.Output
	return Cost{saturate(math.Ceil(amount * 1e3)), min(u.Prompt, mostMoney/2) + min(u.Completion, mostMoney/2)}
}

// InBatch returns the price in batch mode.
func (p Price) InBatch() Price {
	share := p.Batch
	if share == 0 {
		share = 1
	}
	return Price{p.Input * share, p.Cached * share, p.Output * share, 1}
}

// AtLeast returns p with no figure below that of q.
func (p Price) AtLeast(q Price) Price {
	cached := func(p Price) float64 {
		if p.Cached == 0 {
			return p.Input
		}
		return p.Cached
	}
	batch := func(p Price) float64 {
		if p.Batch == 0 {
			return 1
		}
		return p.Batch
	}
	return Price{
		Input: max(p.Input, q.Input), Output: max(p.Output, q.Output), Cached: max(cached(p), cached(q)),
		Batch: max(batch(p), batch(q)),
	}
}

// PriceTable is a dated list of prices.
type PriceTable struct {
	Date     string       `json:"date"` // year and month of the prices
	Currency string       `json:"currency"`
	Note     string       `json:"note"`
	Models   []ModelPrice `json:"models"`
}

// ModelPrice is a line of a PriceTable.
type ModelPrice struct {
	Model string `json:"model"`
	Price
	Source string `json:"source"`
}

// pricesJSON is the table of this program. importedJSON has further models, copied
// from the price map of litellm (MIT, see prices_imported.LICENSE): of each the
// prices of the first tier.
var (
	//go:embed prices.json
	pricesJSON []byte
	//go:embed prices_imported.json
	importedJSON []byte
)

// Prices returns the built-in table.
func Prices() PriceTable {
	t := builtIn()
	t.Models = slices.Clone(t.Models)
	return t
}

var builtIn = sync.OnceValue(func() PriceTable {
	var t, imported PriceTable
	if err := errors.Join(json.Unmarshal(pricesJSON, &t), json.Unmarshal(importedJSON, &imported)); err != nil {
		panic(fmt.Sprintf("prices: %v", err)) // embedded, and tested
	}
	t.Models = append(t.Models, imported.Models...)
	return t
})

var modelDate = regexp.MustCompile(`-\d{4}-?\d{2}-?\d{2}$`)

// Find returns the price of a model. A vendor before a slash and a date at the
// end are ignored: "openai/gpt-oss-120b", "gpt-4.1-mini-2025-04-14".
func (t PriceTable) Find(model string) (Price, bool) {
	name := model[strings.LastIndexByte(model, '/')+1:]
	for _, candidate := range []string{model, name, modelDate.ReplaceAllString(name, "")} {
		for _, m := range t.Models {
			if m.Model == candidate {
				return m.Price, true
			}
		}
	}
	return Price{}, false
}

// EstimateTokens estimates the number of tokens of a text from its characters.
func EstimateTokens(text string, charsPerToken float64) int64 {
	return int64(math.Ceil(float64(utf8.RuneCountInString(text)) / charsPerToken))
}

// promptFrame is an upper bound on the tokens that a chat template adds to two
// messages.
const promptFrame = 256

// PromptBound returns an upper bound on the tokens of the request's prompt. It
// holds for every tokenizer, because a token has at least one byte.
func PromptBound(req Request) int64 {
	bytes := len(req.System) + len(req.User) + 2*len(req.Schema) + promptFrame
	for _, t := range req.Examples {
		bytes += len(t.User) + len(t.Answer) + promptFrame
	}
	return int64(bytes)
}

// Worst returns an upper bound on the cost of one attempt.
func (p Price) Worst(req Request) Cost {
	return p.Cost(Usage{Prompt: PromptBound(req), Completion: int64(req.MaxTokens)})
}
