package endpoint

import (
	"testing"
	"testing/synctest"
	"time"
)

// enter takes places at a gate that has room for them.
func enter(t *testing.T, g *gate, n int) []ticket {
	t.Helper()
	var places []ticket
	for range n {
		place, err := g.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, place)
	}
	return places
}

func wantLimit(t *testing.T, g *gate, want int, when string) {
	t.Helper()
	if _, got := g.occupancy(); got != want {
		t.Errorf("%s: got limit %d, want %d", when, got, want)
	}
}

// The limit grows only by calls that are served while it is reached: below it,
// they do not show that the server can serve more.
func TestGateGrowsWhenSaturated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(8, 100)
		serve := func(calls int) {
			places := enter(t, g, calls)
			time.Sleep(time.Second)
			for _, place := range places {
				g.leave(place, served, time.Second, 10)
			}
		}
		for range 50 {
			serve(7)
		}
		wantLimit(t, g, 8, "after calls below the limit")
		serve(8) // the first to leave sees 8 in flight, the others fewer
		wantLimit(t, g, 9, "after calls at the limit")
	})
}

// A refusal shrinks the limit. Until a service time later, calls do not see the
// effect, so that their refusals do not shrink it again.
func TestGateSettles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(64, 64)
		for range 500 { // the smoothed service time approaches that of the calls
			place := enter(t, g, 1)[0]
			time.Sleep(time.Second)
			g.leave(place, served, time.Second, 10)
		}
		wantLimit(t, g, 64, "before refusals")
		refuse := func(places ...ticket) {
			time.Sleep(time.Millisecond)
			for _, place := range places {
				g.leave(place, congested, 0, 0)
			}
		}
		refuse(enter(t, g, 20)...)
		wantLimit(t, g, 32, "after a burst of refusals")
		time.Sleep(900 * time.Millisecond)
		refuse(enter(t, g, 1)...)
		wantLimit(t, g, 32, "after a refusal within the service time")
		time.Sleep(200 * time.Millisecond)
		refuse(enter(t, g, 1)...)
		wantLimit(t, g, 16, "after a refusal past the service time")
	})
}
