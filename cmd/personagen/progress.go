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

// progress tells on stderr how far a command is. It has three printers: a bar
// on a terminal, a plain line every ten seconds elsewhere, JSON lines for
// machines. Events may come from several goroutines.
type progress struct {
	mu    sync.Mutex
	print func(e run.Event, elapsed time.Duration)
	end   func()
	now   func() time.Time
	start time.Time
	every time.Duration
	last  time.Time // of what was printed
	stage string
}

// newProgress chooses the printer; quiet is none at all.
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

// event hears of an event and prints it when it is time to; for machines also
// every new stage, and in lines that stay every checkpoint.
func (p *progress) event(e run.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	fresh := e.Stage != p.stage && p.every <= time.Second || e.Checkpoint && p.every >= time.Second
	p.stage = e.Stage
	if fresh || now.Sub(p.last) >= p.every {
		p.last = now
		p.print(e, now.Sub(p.start))
	}
}

// finish takes the bar away and returns the time that has passed.
func (p *progress) finish() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
	return p.now().Sub(p.start)
}

// jsonLine prints an event as one line of JSON.
func jsonLine(w io.Writer, e run.Event, elapsed time.Duration) {
	line, _ := json.Marshal(struct { // numbers and texts always marshal
		Stage   string  `json:"stage"`
		Done    int64   `json:"done,omitempty"`
		Total   int64   `json:"total,omitempty"`
		Note    string  `json:"note,omitempty"`
		Seconds float64 `json:"seconds"`
		// Of the persons so far, the furthest from its table first.
		Distributions []run.Deviation `json:"distributions,omitempty"`
	}{e.Stage, e.Done, e.Total, e.Note, elapsed.Seconds(), e.Distributions})
	fmt.Fprintf(w, "%s\n", line)
}

// plainLine is an event as a line of a log.
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

// barLine is an event as a bar that fits a line.
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
