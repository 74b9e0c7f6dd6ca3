package endpoint

import "testing"

// A reservation grows while the budget has room, counting what others reserved.
func TestReservationGrows(t *testing.T) {
	b := NewBudget(Cost{Tokens: 100})
	first, second := b.NewReservation(), b.NewReservation()
	if !first.Grow(Cost{Tokens: 40}) || !second.Grow(Cost{Tokens: 50}) {
		t.Fatal("got no reservation of 90 of 100 tokens")
	}
	if second.Grow(Cost{Tokens: 11}) {
		t.Error("got a reservation of 101 of 100 tokens")
	}
	if got := second.Worst(); got != (Cost{Tokens: 50}) {
		t.Errorf("got %+v reserved after a refused growth, want 50 tokens", got)
	}
	if !b.Fits(Cost{Tokens: 10}) || b.Fits(Cost{Tokens: 11}) {
		t.Error("10 tokens are left; a worst case of 10 must fit, and one of 11 must not")
	}
	first.Settle(Cost{Tokens: 5})
	if !second.Grow(Cost{Tokens: 45}) || second.Grow(Cost{Tokens: 1}) {
		t.Error("once 40 reserved tokens cost 5, there must be room for 45 more, and no more")
	}
	if got := second.Worst(); got != (Cost{Tokens: 95}) {
		t.Errorf("got %+v reserved, want 95 tokens", got)
	}
	second.Settle(Cost{})
	if !b.Fits(Cost{Tokens: 95}) || b.Fits(Cost{Tokens: 96}) {
		t.Error("5 tokens are spent and none are reserved; 95 must fit, and 96 must not")
	}
}

// What was sent before counts even beyond the limit, and the part that its provider
// did not report counts as spent and as unknown.
func TestReservationOfWhatWasSent(t *testing.T) {
	b := NewBudget(Cost{Tokens: 100})
	sent := b.ReserveSent(Cost{Tokens: 150})
	if got := sent.Worst(); got != (Cost{Tokens: 150}) || b.Fits(Cost{Tokens: 1}) {
		t.Errorf("got %+v reserved, want 150 tokens and no room", got)
	}
	sent.SettlePartly(Cost{Tokens: 20}, Cost{Tokens: 30})
	if spent, unknown := b.Spent(); spent != (Cost{Tokens: 50}) || unknown != (Cost{Tokens: 30}) {
		t.Errorf("got %+v spent, %+v of it unknown; want 50 and 30 tokens", spent, unknown)
	}
	if !b.Fits(Cost{Tokens: 50}) || b.Fits(Cost{Tokens: 51}) {
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
		if got := NewBudget(x.limit).Fits(x.worst); got != x.fits {
			t.Errorf("a worst case of %+v under a budget of %+v: got %v, want %v", x.worst, x.limit, got, x.fits)
		}
	}
}
