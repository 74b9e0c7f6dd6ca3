package endpoint

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
)

// Money is an amount in billionths of the currency of the price table.
type Money int64

// NewMoney converts an amount, such as 2.5 for two and a half dollars.
func NewMoney(amount float64) Money { return Money(math.Round(amount * 1e9)) }

// Amount converts back.
func (m Money) Amount() float64 { return float64(m) / 1e9 }

func (m Money) String() string {
	a := math.Abs(m.Amount())
	if m == 0 || a >= 0.01 {
		return strconv.FormatFloat(m.Amount(), 'f', 2, 64)
	}
	digits := 1 - int(math.Floor(math.Log10(a))) // two that say something
	return strings.TrimRight(strconv.FormatFloat(m.Amount(), 'f', digits, 64), "0")
}

// In names the currency of an amount, "" for none.
func (m Money) In(currency string) string {
	if currency == "" {
		return m.String()
	}
	return m.String() + " " + currency
}

// Cost is what a call costs, or a bound on it.
type Cost struct {
	Money  Money
	Tokens int64
}

func (c Cost) plus(d Cost) Cost  { return Cost{c.Money + d.Money, c.Tokens + d.Tokens} }
func (c Cost) minus(d Cost) Cost { return Cost{c.Money - d.Money, c.Tokens - d.Tokens} }

// within reports whether c is inside a limit, of which 0 means none.
func (c Cost) within(limit Cost) bool {
	return (limit.Money == 0 || c.Money <= limit.Money) && (limit.Tokens == 0 || c.Tokens <= limit.Tokens)
}

// Budget lets calls through whose worst case fits together with what is spent
// and the worst cases of all that is in flight. It may be shared by clients.
type Budget struct {
	mu      sync.Mutex
	limit   Cost
	spent   Cost
	unknown Cost
	held    Cost
	changed chan struct{} // closed when held becomes less; nil while nobody waits
}

// NewBudget returns a budget in money, tokens or both; 0 is no limit.
func NewBudget(limit Cost) *Budget {
	return &Budget{limit: limit}
}

// Limit returns what NewBudget was given.
func (b *Budget) Limit() Cost { return b.limit }

// Spent returns what was spent so far. The part called unknown is for attempts
// that were cut off: it is their worst case, and may not have been charged.
func (b *Budget) Spent() (spent, unknown Cost) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spent, b.unknown
}

// Reserve holds a worst case until it is settled. Where it does not fit only
// because of what is in flight, it waits for that. Where it cannot fit, the
// error is of kind OverBudget.
func (b *Budget) Reserve(ctx context.Context, worst Cost) (*Hold, error) {
	b.mu.Lock()
	for {
		if b.spent.plus(b.held).plus(worst).within(b.limit) {
			b.held = b.held.plus(worst)
			b.mu.Unlock()
			return &Hold{budget: b, worst: worst}, nil
		}
		if !b.spent.plus(worst).within(b.limit) {
			err := b.refusal(worst)
			b.mu.Unlock()
			return nil, err
		}
		if b.changed == nil {
			b.changed = make(chan struct{})
		}
		changed := b.changed
		b.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		b.mu.Lock()
	}
}

func (b *Budget) refusal(worst Cost) *Error {
	message := fmt.Sprintf("%v of %v spent, and the next call may cost %v; raise the budget to go on", b.spent.Money, b.limit.Money, worst.Money)
	if b.limit.Tokens > 0 && b.spent.Tokens+worst.Tokens > b.limit.Tokens {
		message = fmt.Sprintf("%d of %d tokens used, and the next call may take %d; raise the budget to go on", b.spent.Tokens, b.limit.Tokens, worst.Tokens)
	}
	return &Error{Kind: OverBudget, Message: message}
}

// Hold returns an empty hold, which Grow makes larger.
func (b *Budget) Hold() *Hold { return &Hold{budget: b} }

// Take holds the worst case of what was sent before the budget was made. It
// cannot be refused.
func (b *Budget) Take(worst Cost) *Hold {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held = b.held.plus(worst)
	return &Hold{budget: b, worst: worst}
}

// Fits reports whether a worst case could be reserved without waiting.
func (b *Budget) Fits(worst Cost) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spent.plus(b.held).plus(worst).within(b.limit)
}

// Refuse returns the error of a worst case that does not fit.
func (b *Budget) Refuse(worst Cost) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refusal(worst)
}

// Grow adds a worst case to the hold, if it fits, and reports whether it did.
func (h *Hold) Grow(by Cost) bool {
	b := h.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.spent.plus(b.held).plus(by).within(b.limit) {
		return false
	}
	b.held, h.worst = b.held.plus(by), h.worst.plus(by)
	return true
}

// Worst returns what is held.
func (h *Hold) Worst() Cost { return h.worst }

// Hold is a reserved worst case. It must be settled once, by one of its methods.
type Hold struct {
	budget *Budget
	worst  Cost
}

// Settle puts what a call did cost in place of its worst case.
func (h *Hold) Settle(actual Cost) { h.settle(actual, Cost{}) }

// SettleUnknown counts the worst case as spent, because nobody says what the
// call did cost.
func (h *Hold) SettleUnknown() { h.settle(h.worst, h.worst) }

// SettlePartly counts what is known, and as unknown the worst case of the rest.
func (h *Hold) SettlePartly(actual, unknown Cost) { h.settle(actual.plus(unknown), unknown) }

func (h *Hold) settle(actual, unknown Cost) {
	b := h.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held = b.held.minus(h.worst)
	b.spent = b.spent.plus(actual)
	b.unknown = b.unknown.plus(unknown)
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}
