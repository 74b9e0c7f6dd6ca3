package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

func TestAsk(t *testing.T) {
	f := &run.TextForecast{Model: "m", Host: "api.m.test", Key: "M_KEY", Calls: []run.PendingCall{{Persons: 1200}, {Persons: 1}}, Tokens: release.Tokens{Prompt: 3_000_000, Completion: 9}, Cost: 12.5, Currency: "USD", Prices: "2031-01", Priced: true}
	for answer, want := range map[string]error{"y\n": nil, " YES \n": nil, "yes": nil, "n\n": errDeclined, "\n": errDeclined, "": errDeclined, "why\ny\n": errDeclined} {
		var out bytes.Buffer
		if err := ask(strings.NewReader(answer), &out, f); err != want {
			t.Errorf("answer %q: got %v, want %v", answer, err, want)
		}
		const question = "m at api.m.test, with the key in M_KEY, would be called 1,201 times, with about 3,000,000 tokens in and 9 out, about 12.50 USD at the prices of 2031-01.\nContinue? [y/N] "
		if !strings.HasSuffix(out.String(), question) {
			t.Errorf("got question %q", out.String())
		}
	}
	if code := exitCode(errDeclined); code != exitInterrupted || !errors.Is(errDeclined, context.Canceled) {
		t.Errorf("got exit code %d", code)
	}
	f.Priced = false
	if text := estimate(f); !strings.HasSuffix(text, "at an unknown price") {
		t.Error(text)
	}
}
