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

// NewMoney converts an amount in units of the currency, such as 2.5 dollars.
func NewMoney(amount float64) Money { return saturate(math.Round(amount * 1e9)) }

// mostMoney is more than any run costs. Greater amounts count as this one, so
// that no sum of costs overflows.
const mostMoney = 1 << 60

// saturate converts an amount in billionths.
func saturate(billionths float64) Money {
	return Money(max(-mostMoney, min(billionths, mostMoney)))
}

// Amount returns m in units of the currency.
func (m Money) Amount() float64 { return float64(m) / 1e9 }

func (m Money) String() string {
	a := math.Abs(m.Amount())
	if m == 0 || a >= 0.01 {
		return strconv.FormatFloat(m.Amount(), 'f', 2, 64)
	}
	digits := 1 - int(math.Floor(math.Log10(a))) // two significant digits
	return strings.TrimRight(strconv.FormatFloat(m.Amount(), 'f', digits, 64), "0")
}

// In returns the amount followed by its currency, "" for none.
func (m Money) In(currency string) string {
	if currency == "" {
		return m.String()
	}
	return m.String() + " " + currency
}

// Cost is the cost of a call, or a bound on it.
type Cost struct {
	Money  Money
	Tokens int64
}

// plus adds costs; sums beyond mostMoney count as that.
func (c Cost) plus(d Cost) Cost {
	return Cost{min(c.Money+d.Money, mostMoney), min(c.Tokens+d.Tokens, mostMoney)}
}

func (c Cost) minus(d Cost) Cost { return Cost{max(0, c.Money-d.Money), max(0, c.Tokens-d.Tokens)} }

// within reports whether c keeps to a limit; 0 is no limit.
func (c Cost) within(limit Cost) bool {
	return (limit.Money == 0 || c.Money <= limit.Money) && (limit.Tokens == 0 || c.Tokens <= limit.Tokens)
}

// Budget admits calls whose worst case fits the limit together with what is spent
// and the worst cases of the calls in flight. It may be shared by clients.
type Budget struct {
	mu       sync.Mutex
	limit    Cost
	more     func(ctx context.Context, lacking Money) (Money, error) // raises the limit; nil if it is fixed
	refused  bool                                                    // more granted nothing when it was last asked
	spent    Cost
	unknown  Cost // part of spent
	reserved Cost
	granted  bool          // a limit of 0 is nothing, and not no limit
	changed  chan struct{} // closed when reserved decreases; nil while no caller waits
}

// NewBudget returns a budget in money, tokens or both; 0 is no limit.
func NewBudget(limit Cost) *Budget {
	return &Budget{limit: limit}
}

// NewGrantedBudget returns a budget in money that begins with nothing. When a call does not
// fit, it asks more for what is lacking, and adds what it is granted, perhaps more than that,
// to its limit. Once that is 0, it asks only for calls that would not fit even if those in
// flight cost nothing.
func NewGrantedBudget(more func(ctx context.Context, lacking Money) (Money, error)) *Budget {
	return &Budget{more: more, granted: true}
}

// fits reports whether a sum of costs keeps to the limit.
func (b *Budget) fits(c Cost) bool {
	return c.within(b.limit) && (!b.granted || c.Money <= b.limit.Money)
}

// ask asks for what a sum of costs lacks, and reports whether the limit was raised.
func (b *Budget) ask(ctx context.Context, sum Cost) (raised bool, err error) {
	if b.more == nil {
		return false, nil
	}
	granted, err := b.more(ctx, sum.Money-b.limit.Money)
	b.limit.Money += granted
	b.refused = granted == 0
	return granted > 0, err
}

// Limit returns what NewBudget was given, or what was granted so far.
func (b *Budget) Limit() Cost {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.limit
}

// Spent returns what was spent so far. Its part unknown is the worst case of
// attempts whose outcome is not known; it may not have been charged.
func (b *Budget) Spent() (spent, unknown Cost) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spent, b.unknown
}

// Reserve reserves a worst case until it is settled. If it does not fit only
// because of what is in flight, Reserve waits. If it cannot fit, the error is of
// kind OverBudget.
func (b *Budget) Reserve(ctx context.Context, worst Cost) (*Reservation, error) {
	b.mu.Lock()
	for {
		fits, err := b.admits(ctx, worst)
		if fits {
			b.reserved = b.reserved.plus(worst)
			b.mu.Unlock()
			return &Reservation{budget: b, worst: worst}, nil
		}
		if err == nil && !b.fits(b.spent.plus(worst)) {
			err = b.refusal(worst)
		}
		if err != nil {
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

// admits reports whether a worst case fits together with what is in flight, and asks for more
// if it does not.
func (b *Budget) admits(ctx context.Context, worst Cost) (bool, error) {
	for {
		alone := b.spent.plus(worst)
		all := alone.plus(b.reserved)
		if b.fits(all) {
			return true, nil
		}
		var raised bool
		var err error
		if !b.refused {
			raised, err = b.ask(ctx, all)
		}
		if err == nil && !raised && !b.fits(alone) {
			raised, err = b.ask(ctx, alone)
		}
		if err != nil || !raised {
			return false, err
		}
	}
}

func (b *Budget) refusal(worst Cost) *Error {
	message := fmt.Sprintf("%v of %v spent, and the next call may cost %v; raise the budget to continue", b.spent.Money, b.limit.Money, worst.Money)
	if b.limit.Tokens > 0 && b.spent.Tokens+worst.Tokens > b.limit.Tokens {
		message = fmt.Sprintf("%d of %d tokens used, and the next call may take %d; raise the budget to continue", b.spent.Tokens, b.limit.Tokens, worst.Tokens)
	}
	return &Error{Kind: OverBudget, Message: message}
}

// NewReservation returns an empty reservation, for Grow.
func (b *Budget) NewReservation() *Reservation { return &Reservation{budget: b} }

// ReserveSent reserves the worst case of what was sent before the budget was
// made, whether it fits or not.
func (b *Budget) ReserveSent(worst Cost) *Reservation {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reserved = b.reserved.plus(worst)
	return &Reservation{budget: b, worst: worst}
}

// Grant adds to the limit what a budget of NewGrantedBudget is known to have.
func (b *Budget) Grant(amount Money) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit.Money += amount
}

// Fits reports whether a worst case can be reserved without waiting. The error is that of
// asking for more.
func (b *Budget) Fits(ctx context.Context, worst Cost) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.admits(ctx, worst)
}

// Refuse returns the error for a worst case that does not fit.
func (b *Budget) Refuse(worst Cost) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refusal(worst)
}

// Grow adds a worst case to the reservation if it fits, and reports whether it does. The
// error is that of asking for more.
func (r *Reservation) Grow(ctx context.Context, by Cost) (bool, error) {
	b := r.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	fits, err := b.admits(ctx, by)
	if fits {
		b.reserved, r.worst = b.reserved.plus(by), r.worst.plus(by)
	}
	return fits, err
}

// Worst returns the amount reserved.
func (r *Reservation) Worst() Cost { return r.worst }

// Reservation is a reserved worst case. It must be settled once, by one of its
// methods.
type Reservation struct {
	budget *Budget
	worst  Cost
}

// Settle replaces the reservation by the actual cost.
func (r *Reservation) Settle(actual Cost) { r.settle(actual, Cost{}) }

// SettleUnknown counts the reservation as spent, because the cost is unknown.
func (r *Reservation) SettleUnknown() { r.settle(r.worst, r.worst) }

// SettlePartly counts the known cost, and the worst case of the rest as unknown.
func (r *Reservation) SettlePartly(actual, unknown Cost) { r.settle(actual.plus(unknown), unknown) }

func (r *Reservation) settle(actual, unknown Cost) {
	b := r.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reserved = b.reserved.minus(r.worst)
	b.spent = b.spent.plus(actual)
	b.unknown = b.unknown.plus(unknown)
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}
