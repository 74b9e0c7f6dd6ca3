package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
)

// terminal reports whether w is a terminal on which lines may be rewritten, or
// from which a person may answer.
func (a *app) terminal(w any) bool {
	f, ok := fileOf(w)
	return ok && term.IsTerminal(int(f.Fd())) && a.env("TERM") != "dumb"
}

// fileOf returns the file that a reader or writer of the program leads to.
func fileOf(w any) (*os.File, bool) {
	if outer, ok := w.(*diag.Writer); ok {
		w = outer.Unwrap()
	}
	f, ok := w.(*os.File)
	return f, ok
}

// colors reports whether w may be given colours.
func (a *app) colors(w io.Writer) bool { return a.terminal(w) && a.env("NO_COLOR") == "" && !a.plain }

// Colours of what a check found, and of parts of a card.
const (
	bold  = "\x1b[1m"
	faint = "\x1b[2m"
	plain = "\x1b[0m"
)

var statusColor = map[string]string{check.Fail: "\x1b[1;31m", check.Warn: "\x1b[1;33m"}

// paint colours a text for stdout, where that has colours.
func (a *app) paint(color, text string) string {
	if text == "" || !a.colors(a.stdout) {
		return text
	}
	return color + text + plain
}

// width is how many characters fit a line of w.
func (a *app) width(w io.Writer) int {
	const usual, narrowest, widest = 80, 40, 110
	f, ok := fileOf(w)
	if !ok {
		return usual
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns <= 0 {
		return usual
	}
	return min(max(columns, narrowest), widest)
}

// size prints bytes with the unit that suits them.
func size(bytes int64) string {
	for _, u := range []struct {
		unit string
		of   float64
	}{{"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}} {
		if float64(bytes) >= u.of {
			return fmt.Sprintf("%.1f %s", float64(bytes)/u.of, u.unit)
		}
	}
	return humanize.Count(bytes, "byte", "bytes")
}

// seconds prints a duration with two digits below ten seconds.
func seconds(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}
