package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/run"
)

// errDeclined is the answer of a person who does not want to spend so much.
var errDeclined = fmt.Errorf("nothing was asked for, and nothing was written: %w", context.Canceled)

// confirm asks the person at the terminal whether the texts may cost so much.
// Where the question would not be seen it is an error: --yes says it beforehand.
func (a *app) confirm(f *run.TextForecast) error {
	if a.json || !a.terminal(a.stderr) {
		return usagef("%s; say --yes to spend that, or --ask-above an amount", estimate(f))
	}
	return ask(a.stdin, a.stderr, f)
}

// estimate says what texts would cost.
func estimate(f *run.TextForecast) string {
	requests := int64(0)
	for _, c := range f.Calls {
		requests += c.Persons
	}
	text := fmt.Sprintf("%s would be asked %s, about %s tokens in and %s out", f.Model, humanize.Count(requests, "time", "times"), humanize.Thousands(f.Tokens.Prompt), humanize.Thousands(f.Tokens.Completion))
	if !f.Priced {
		return text + ", at a price that is not known"
	}
	return text + fmt.Sprintf(", about %.2f %s at the prices of %s", f.Cost, f.Currency, f.Prices)
}

// ask wants a yes on a line of its own; the end of input is a no.
func ask(in io.Reader, out io.Writer, f *run.TextForecast) error {
	fmt.Fprintf(out, "\r\x1b[K%s.\nGo on? [y/N] ", estimate(f))
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return errDeclined
}
