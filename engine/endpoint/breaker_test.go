package endpoint

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/personagen/personagen/engine/endpoint/fake"
)

// An answer that is cut off or a refusal shows that the endpoint works: failures before
// it do not count towards stopping the client.
func TestBreakerForgetsAfterPoorAnswers(t *testing.T) {
	for fault, kind := range map[fake.Fault]Kind{fake.Length: Truncated, fake.Refusal: Refused} {
		synctest.Test(t, func(t *testing.T) {
			s := &fake.Server{Faults: func(n int) fake.Fault {
				if n%4 < 3 {
					return fake.BadRequest
				}
				return fault
			}}
			c := newClient(t, direct(s), nil)
			kinds := map[Kind]int{}
			for i := range 100 {
				_, err := c.Do(t.Context(), ask(i))
				kinds[KindOf(err)]++
			}
			if kinds[BadRequest] != 75 || kinds[kind] != 25 {
				t.Errorf("%s: got %v, want 75 of %s and 25 of %s", fault, kinds, BadRequest, kind)
			}
		})
	}
}

// An error says how often the request was sent.
func TestErrorsCountAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := direct(&fake.Server{Faults: fake.Always(fake.ServerError)})
		cfg.Retries = 2
		_, err := newClient(t, cfg, nil).Do(t.Context(), ask(0))
		if KindOf(err) != Overloaded || !strings.Contains(err.Error(), "3 attempts") {
			t.Errorf("got %v, want %s after 3 attempts", err, Overloaded)
		}
	})
}

// With one place in flight, nothing is sent after an error that stops the client.
func TestNothingIsSentAfterAnErrorThatStops(t *testing.T) {
	for _, fault := range []fake.Fault{fake.Unauthorised, fake.Quota} {
		s := &fake.Server{Faults: fake.Always(fault)}
		cfg := direct(s)
		cfg.Workers, cfg.MaxInFlight = 1, 1
		c := newClient(t, cfg, nil)
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				if _, err := c.Do(t.Context(), ask(i)); !KindOf(err).Fatal() {
					t.Errorf("%s: got %v", fault, err)
				}
			})
		}
		all.Wait()
		if n := s.Calls(); n != 1 {
			t.Errorf("%s: %d calls, want 1", fault, n)
		}
	}
}
