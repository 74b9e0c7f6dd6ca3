package endpoint

import (
	"context"
	"errors"
	"testing"
)

// A reservation grows while the budget has room, counting what others reserved.
func TestReservationGrows(t *testing.T) {
	b := NewBudget(Cost{Tokens: 100})
	first, second := b.NewReservation(), b.NewReservation()
	if !grows(t, first, Cost{Tokens: 40}) || !grows(t, second, Cost{Tokens: 50}) {
		t.Fatal("got no reservation of 90 of 100 tokens")
	}
	if grows(t, second, Cost{Tokens: 11}) {
		t.Error("got a reservation of 101 of 100 tokens")
	}
	if got := second.Worst(); got != (Cost{Tokens: 50}) {
		t.Errorf("got %+v reserved after a refused growth, want 50 tokens", got)
	}
	if !fits(t, b, Cost{Tokens: 10}) || fits(t, b, Cost{Tokens: 11}) {
		t.Error("10 tokens are left; a worst case of 10 must fit, and one of 11 must not")
	}
	first.Settle(Cost{Tokens: 5})
	if !grows(t, second, Cost{Tokens: 45}) || grows(t, second, Cost{Tokens: 1}) {
		t.Error("once 40 reserved tokens cost 5, there must be room for 45 more, and no more")
	}
	if got := second.Worst(); got != (Cost{Tokens: 95}) {
		t.Errorf("got %+v reserved, want 95 tokens", got)
	}
	second.Settle(Cost{})
	if !fits(t, b, Cost{Tokens: 95}) || fits(t, b, Cost{Tokens: 96}) {
		t.Error("5 tokens are spent and none are reserved; 95 must fit, and 96 must not")
	}
}

// What was sent before counts even beyond the limit, and the part that its provider
// did not report counts as spent and as unknown.
func TestReservationOfWhatWasSent(t *testing.T) {
	b := NewBudget(Cost{Tokens: 100})
	sent := b.ReserveSent(Cost{Tokens: 150})
	if got := sent.Worst(); got != (Cost{Tokens: 150}) || fits(t, b, Cost{Tokens: 1}) {
		t.Errorf("got %+v reserved, want 150 tokens and no room", got)
	}
	sent.SettlePartly(Cost{Tokens: 20}, Cost{Tokens: 30})
	if spent, unknown := b.Spent(); spent != (Cost{Tokens: 50}) || unknown != (Cost{Tokens: 30}) {
		t.Errorf("got %+v spent, %+v of it unknown; want 50 and 30 tokens", spent, unknown)
	}
	if !fits(t, b, Cost{Tokens: 50}) || fits(t, b, Cost{Tokens: 51}) {
		t.Error("50 of 100 tokens are spent; 50 must fit, and 51 must not")
	}
	if err := b.Refuse(Cost{Tokens: 51}); KindOf(err) != OverBudget {
		t.Errorf("got %v, want %s", err, OverBudget)
	}
}

// A worst case that uses the budget up to the last unit fits, and one more unit does
// not. A limit of 0 is none.
func TestBudgetIsUsedUp(t *testing.T) {
	for _, x := range []struct {
		limit, worst Cost
		fits         bool
	}{
		{Cost{Money: 70}, Cost{Money: 70, Tokens: 1000}, true},
		{Cost{Money: 70}, Cost{Money: 71}, false},
		{Cost{Tokens: 70}, Cost{Money: 1000, Tokens: 70}, true},
		{Cost{Tokens: 70}, Cost{Tokens: 71}, false},
		{Cost{Money: 70, Tokens: 70}, Cost{Money: 70, Tokens: 70}, true},
		{Cost{Money: 70, Tokens: 70}, Cost{Money: 1, Tokens: 71}, false},
		{Cost{Money: 70, Tokens: 70}, Cost{Money: 71, Tokens: 1}, false},
	} {
		if got := fits(t, NewBudget(x.limit), x.worst); got != x.fits {
			t.Errorf("a worst case of %+v under a budget of %+v: got %v, want %v", x.worst, x.limit, got, x.fits)
		}
	}
}

func fits(t *testing.T, b *Budget, worst Cost) bool {
	t.Helper()
	fits, err := b.Fits(context.Background(), worst)
	if err != nil {
		t.Fatal(err)
	}
	return fits
}

func grows(t *testing.T, r *Reservation, by Cost) bool {
	t.Helper()
	fits, err := r.Grow(context.Background(), by)
	if err != nil {
		t.Fatal(err)
	}
	return fits
}

// A granted budget asks for what a reservation lacks, and has what it is known to have.
func TestGrantedReservation(t *testing.T) {
	left, asked := Money(100), 0
	b := NewGrantedBudget(func(_ context.Context, lacking Money) (Money, error) {
		asked++
		if lacking > left {
			return 0, nil
		}
		left -= lacking
		return lacking, nil
	})
	b.Grant(50)
	sent := b.ReserveSent(Cost{Money: 50})
	r := b.NewReservation()
	if !grows(t, r, Cost{Money: 60}) || asked != 1 || left != 40 {
		t.Fatalf("asked %d times, %d left", asked, left)
	}
	if fits(t, b, Cost{Money: 41}) || left != 40 {
		t.Errorf("41 fit, %d left", left)
	}
	sent.Settle(Cost{Money: 10})
	if !grows(t, r, Cost{Money: 40}) || left != 40 {
		t.Errorf("what was settled does not fit, %d left", left)
	}
	if b.Limit().Money != 110 {
		t.Errorf("a limit of %d", b.Limit().Money)
	}
	broken := errors.New("no connection")
	b = NewGrantedBudget(func(context.Context, Money) (Money, error) { return 0, broken })
	if _, err := b.NewReservation().Grow(context.Background(), Cost{Money: 1}); err != broken {
		t.Errorf("got %v", err)
	}
}
