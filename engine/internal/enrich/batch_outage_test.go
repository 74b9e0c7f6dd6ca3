package enrich_test

import (
	"context"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/endpoint/fake"
	"github.com/personagen/personagen/engine/internal/enrich"
)

// A provider that does not report the state of a batch for a while does not end the
// run; one that never does ends it with an error, and the next run collects the
// answers without sending anything again.
func TestBatchesSurviveAnOutage(t *testing.T) {
	const attempts = 7 // of a request: the first and six repetitions
	outage := func(o *office, requests int) {
		asked := map[string]int{}
		o.server.Batches.Wire = func(_ int, method, path string) fake.Cut {
			if method != "GET" || !strings.HasPrefix(path, "batches/") {
				return fake.NoCut
			}
			if asked[path]++; asked[path] <= requests {
				return fake.CutFirst
			}
			return fake.NoCut
		}
	}
	o := newOffice(t, identified)
	outage(o, 4*attempts)
	if all := o.finish(t); all.Unanswered != 0 || o.questions() != 2*people {
		t.Errorf("short outage: got %+v and %d requests, want no text missing and %d", all, o.questions(), 2*people)
	}

	o = newOffice(t, identified)
	outage(o, 1<<30)
	_, left, err := o.run(t, context.Background(), enrich.Options{})
	if endpoint.KindOf(err) != endpoint.Disconnected || left.Batches != 1 {
		t.Errorf("long outage: got %v with %+v left, want %s and one batch", err, left, endpoint.Disconnected)
	}
	o.server.Batches.Wire = nil
	if all := o.finish(t); all.Unanswered != 0 || o.questions() != 2*people {
		t.Errorf("after it: got %+v and %d requests, want no text missing and %d", all, o.questions(), 2*people)
	}
}
