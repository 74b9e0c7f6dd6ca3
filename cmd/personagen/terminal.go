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

// terminal reports whether w is a terminal that can rewrite lines, or at which a
// person can answer.
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

// colors reports whether colours may be written to w.
func (a *app) colors(w io.Writer) bool { return a.terminal(w) && a.env("NO_COLOR") == "" && !a.plain }

// Escape sequences of cards; statusColor has those of checks.
const (
	bold  = "\x1b[1m"
	faint = "\x1b[2m"
	plain = "\x1b[0m"
)

var statusColor = map[string]string{check.Fail: "\x1b[1;31m", check.Warn: "\x1b[1;33m"}

// paint colours a text if stdout takes colours.
func (a *app) paint(color, text string) string {
	if text == "" || !a.colors(a.stdout) {
		return text
	}
	return color + text + plain
}

// width returns the number of characters in a line of w.
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

// size formats a number of bytes in the largest suitable unit.
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

// seconds formats a duration, with two decimals below ten seconds.
func seconds(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}
