package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/personagen/personagen/engine/run"
)

// environment is a set of variables as Main sees them.
func environment(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func TestProgressSpeaksEveryTenSeconds(t *testing.T) {
	var stderr bytes.Buffer
	a := &app{stderr: &stderr, env: environment(nil)}
	p := a.newProgress(false)
	clock := p.start
	p.now = func() time.Time { return clock }
	for second := range 26 {
		clock = p.start.Add(time.Duration(second) * time.Second)
		p.event(run.Event{Stage: "write", Done: int64(second) * 40_000, Total: 1_000_000})
	}
	p.finish()
	want := "10 s  write  400,000 of 1,000,000 (40 %)\n20 s  write  800,000 of 1,000,000 (80 %)\n"
	if stderr.String() != want {
		t.Errorf("got\n%swant\n%s", stderr.String(), want)
	}
}

func TestProgressForMachinesNamesEveryStage(t *testing.T) {
	var stderr bytes.Buffer
	a := &app{stderr: &stderr, env: environment(nil), json: true}
	p := a.newProgress(false)
	clock := p.start
	p.now = func() time.Time { return clock }
	p.event(run.Event{Stage: "compile"})
	p.event(run.Event{Stage: "write", Total: 9})
	clock = clock.Add(500 * time.Millisecond)
	p.event(run.Event{Stage: "write", Done: 3, Total: 9}) // too soon
	clock = clock.Add(time.Second)
	p.event(run.Event{Stage: "write", Done: 6, Total: 9})
	want := `{"stage":"compile","seconds":0}
{"stage":"write","total":9,"seconds":0}
{"stage":"write","done":6,"total":9,"seconds":1.5}
`
	if stderr.String() != want {
		t.Errorf("got\n%swant\n%s", stderr.String(), want)
	}
}

func TestQuietProgressIsSilent(t *testing.T) {
	var stderr bytes.Buffer
	a := &app{stderr: &stderr, env: environment(nil), json: true}
	p := a.newProgress(true)
	p.event(run.Event{Stage: "compile"})
	p.finish()
	if stderr.Len() != 0 {
		t.Errorf("got %q", stderr.String())
	}
}

func TestBarFitsItsLine(t *testing.T) {
	events := []run.Event{
		{Stage: "write", Done: 0, Total: 7},
		{Stage: "write", Done: 3, Total: 7},
		{Stage: "write", Done: 1_000_000_000, Total: 1_000_000_000},
		{Stage: "fit", Note: strings.Repeat("sweep ", 40)},
		{Stage: "compile"},
	}
	for _, e := range events {
		for _, width := range []int{40, 80, 110} {
			line := barLine(e, 3*time.Second, width)
			if n := len([]rune(line)); n >= width {
				t.Errorf("%v in %d columns: %d characters: %q", e, width, n, line)
			}
		}
	}
	if got, want := barLine(events[1], 1500*time.Millisecond, 80), "write    ██████████░░░░░░░░░░░░░░  42 %  3 rows  1.50 s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
