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

// A file of answers that an earlier run downloaded is not downloaded again: the
// provider may have removed it since.
func TestDownloadedAnswersAreKept(t *testing.T) {
	o := newOffice(t, identified)
	o.server.Faults = func(n int) fake.Fault {
		if n%10 == 3 {
			return fake.BadRequest // so that the batch also has a file of errors
		}
		return fake.None
	}
	first := ""
	o.server.Batches.Wire = func(_ int, method, path string) fake.Cut {
		if method != "GET" || !strings.HasSuffix(path, "/content") {
			return fake.NoCut
		}
		if first == "" {
			first = path
		}
		if path == first {
			return fake.NoCut
		}
		return fake.CutFirst
	}
	if _, left, err := o.run(t, context.Background(), enrich.Options{}); err == nil || left.Batches != 1 || first == "" {
		t.Fatalf("got %v with %+v left after the download of %q, want an error and one batch", err, left, first)
	}
	downloads := map[string]int{}
	o.server.Batches.Wire = func(_ int, method, path string) fake.Cut {
		if method == "GET" && strings.HasSuffix(path, "/content") {
			downloads[path]++
		}
		return fake.NoCut
	}
	if _, left, err := o.run(t, context.Background(), enrich.Options{}); err != nil || left.Batches != 0 {
		t.Fatalf("got %v with %+v left", err, left)
	}
	if downloads[first] != 0 || len(downloads) == 0 {
		t.Errorf("got downloads %v, want all but %s", downloads, first)
	}
}
