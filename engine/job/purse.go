package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/job/store"
)

// grants is the folder of the account of the budget: a chain of numbered entries, each put
// only if it is absent and with the total of all before it. So however many processes take
// from it, the total is never more than the budget.
const grants = folder + "budget/"

func grantName(number int) string { return fmt.Sprintf("%s%09d.json", grants, number) }

// grant is an entry of the account. What a killed attempt was granted counts as spent.
type grant struct {
	Part    int            `json:"part"`
	Attempt string         `json:"attempt"`
	Amount  endpoint.Money `json:"amount"` // less than 0 if it is handed back
	Total   endpoint.Money `json:"total"`  // with this entry
}

// slicesPerPart is how many slices there are for each part, if the budget is divided evenly:
// a killed attempt loses what is left of one.
const slicesPerPart = 16

// purse takes the money of an attempt from the account.
type purse struct {
	*session
	part    int
	attempt string
	budget  *endpoint.Budget
	sent    *chain // of texts in batches; nil for others
}

// inherit gives the purse of a part in batches what attempts before it were granted and have not
// spent.
func (p *purse) inherit(sent *chain) error {
	p.sent = sent
	spent, _, err := sent.spending()
	if err == nil && p.Texts.Budget > 0 {
		p.budget.Grant(sent.granted - spent)
	}
	return err
}

// more takes a slice of the budget, or what is lacking if that is more, or what is left; 0 if
// that is not enough.
func (p *purse) more(ctx context.Context, lacking endpoint.Money) (endpoint.Money, error) {
	all := endpoint.NewMoney(p.Job.Texts.Budget)
	slice := max(all/endpoint.Money(slicesPerPart*max(p.Job.Parts, p.Job.Texts.AtOnce)), lacking)
	amount, err := p.enter(ctx, func(total endpoint.Money) endpoint.Money {
		if left := all - total; left >= lacking {
			return min(slice, left)
		}
		return 0
	})
	if err != nil {
		return 0, &endpoint.Error{Kind: endpoint.Stopped, Message: "the account of the job's budget: " + err.Error()}
	}
	if p.sent != nil && amount > 0 {
		return amount, p.sent.grant(amount)
	}
	return amount, nil
}

// handBack returns to the account what was not spent. It does so after an interruption too.
func (p *purse) handBack(ctx context.Context) error {
	if p.Job.Texts.Budget == 0 {
		return nil
	}
	spent, _ := p.budget.Spent()
	rest := p.budget.Limit().Money - spent.Money
	if p.sent != nil {
		// The next attempt needs what its batches can cost, and knows this one by the chain alone.
		spent, reserved, err := p.sent.spending()
		if err != nil || p.sent.broken != nil {
			return err
		}
		if rest = p.sent.granted - spent - reserved; rest > 0 {
			if err := p.sent.grant(-rest); err != nil {
				return err
			}
		}
	}
	if rest <= 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	_, err := p.enter(ctx, func(endpoint.Money) endpoint.Money { return -rest })
	return err
}

// enter adds an entry of an amount that depends on the total before it; none if that is 0.
func (p *purse) enter(ctx context.Context, amount func(total endpoint.Money) endpoint.Money) (endpoint.Money, error) {
	number, last, err := p.last(ctx)
	for err == nil {
		g := grant{Part: p.part, Attempt: p.attempt, Amount: amount(last.Total)}
		if g.Amount == 0 {
			return 0, nil
		}
		g.Total = last.Total + g.Amount
		number++
		var data []byte
		if data, err = json.Marshal(g); err != nil {
			break
		}
		err = p.store.PutIfAbsent(ctx, grantName(number), bytes.NewReader(data), int64(len(data)))
		if err == nil {
			return g.Amount, nil
		}
		if errors.Is(err, store.ErrExists) { // another was faster, or this one and the answer was lost
			if last, err = p.grant(ctx, number); err == nil && last == g {
				return g.Amount, nil
			}
		}
	}
	return 0, err
}

// last returns the last entry; the number is 0 if there is none.
func (p *purse) last(ctx context.Context) (number int, g grant, err error) {
	name := ""
	for o, err := range p.store.List(ctx, grants) {
		if err != nil {
			return 0, g, err
		}
		number++
		name = o.Name
	}
	if number == 0 {
		return 0, g, nil
	}
	if name != grantName(number) {
		return 0, g, fmt.Errorf("%w: entries of %s are missing", ErrSealed, grants)
	}
	g, err = p.grant(ctx, number)
	return number, g, err
}

func (p *purse) grant(ctx context.Context, number int) (g grant, err error) {
	has, err := p.document(ctx, grantName(number), &g)
	if err == nil && (!has || g.Total < 0 || g.Total > endpoint.NewMoney(p.Job.Texts.Budget)) {
		err = fmt.Errorf("%w: %s was changed", ErrSealed, grantName(number))
	}
	return g, err
}
