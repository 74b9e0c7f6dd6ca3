package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/run"
)

// progress prints the progress of a command to stderr: as a bar on a terminal, as
// JSON lines with --json, and otherwise as a plain line every ten seconds. It is
// safe for concurrent use.
type progress struct {
	mu    sync.Mutex
	print func(e run.Event, elapsed time.Duration)
	end   func()
	now   func() time.Time
	start time.Time
	every time.Duration
	last  time.Time // when an event was last printed
	stage string
}

// newProgress chooses how to print; with quiet nothing is printed.
func (a *app) newProgress(quiet bool) *progress {
	p := &progress{now: time.Now, end: func() {}}
	w := a.stderr
	switch {
	case quiet:
		p.print = func(run.Event, time.Duration) {}
	case a.json:
		p.every = time.Second
		p.print = func(e run.Event, elapsed time.Duration) { jsonLine(w, e, elapsed) }
	case a.terminal(w) && !a.plain:
		p.every = 100 * time.Millisecond
		p.print = func(e run.Event, elapsed time.Duration) { fmt.Fprint(w, "\r\x1b[K", barLine(e, elapsed, a.width(w))) }
		p.end = func() { fmt.Fprint(w, "\r\x1b[K") }
	default:
		p.every = 10 * time.Second
		p.print = func(e run.Event, elapsed time.Duration) { fmt.Fprintln(w, plainLine(e, elapsed)) }
	}
	p.start = p.now()
	p.last = p.start
	return p
}

// event prints an event if the last one was printed long enough ago. JSON lines
// and the bar also show every new stage, JSON and plain lines every checkpoint.
func (p *progress) event(e run.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	due := e.Stage != p.stage && p.every <= time.Second || e.Checkpoint && p.every >= time.Second
	p.stage = e.Stage
	if due || now.Sub(p.last) >= p.every {
		p.last = now
		p.print(e, now.Sub(p.start))
	}
}

// finish removes the bar and returns the elapsed time.
func (p *progress) finish() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
	return p.now().Sub(p.start)
}

// jsonLine prints an event as one line of JSON.
func jsonLine(w io.Writer, e run.Event, elapsed time.Duration) {
	line, _ := json.Marshal(struct { // numbers and strings always marshal
		Stage   string  `json:"stage"`
		Done    int64   `json:"done,omitempty"`
		Total   int64   `json:"total,omitempty"`
		Note    string  `json:"note,omitempty"`
		Seconds float64 `json:"seconds"`
		// Deviations of the persons so far from the tables, the largest first.
		Distributions []run.Deviation `json:"distributions,omitempty"`
	}{e.Stage, e.Done, e.Total, e.Note, elapsed.Seconds(), e.Distributions})
	fmt.Fprintf(w, "%s\n", line)
}

// plainLine formats an event as a line of a log.
func plainLine(e run.Event, elapsed time.Duration) string {
	line := fmt.Sprintf("%.0f s  %s", elapsed.Seconds(), e.Stage)
	if e.Total > 0 {
		line += fmt.Sprintf("  %s of %s (%d %%)", humanize.Thousands(e.Done), humanize.Thousands(e.Total), 100*e.Done/e.Total)
	}
	if e.Note != "" {
		line += "  " + e.Note
	}
	return line
}

// barLine formats an event as a bar that fits in one line.
func barLine(e run.Event, elapsed time.Duration, width int) string {
	const cells = 24
	line := fmt.Sprintf("%-8s ", e.Stage)
	if e.Total > 0 {
		full := int(cells * e.Done / e.Total)
		line += fmt.Sprintf("%s%s %3d %%  %s rows  %s", strings.Repeat("█", full), strings.Repeat("░", cells-full),
			100*e.Done/e.Total, humanize.Thousands(e.Done), seconds(elapsed))
	} else {
		line += strings.TrimSpace(e.Note + "  " + seconds(elapsed))
	}
	if r := []rune(line); len(r) >= width {
		line = string(r[:width-1])
	}
	return line
}
