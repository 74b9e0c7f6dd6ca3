package main

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/humanize"
)

func TestNumbersForPeople(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{humanize.Thousands(0), "0"},
		{humanize.Thousands(999), "999"},
		{humanize.Thousands(-1000), "-1,000"},
		{humanize.Thousands(-100), "-100"},
		{humanize.Thousands(1234567), "1,234,567"},
		{humanize.Count(1, "row", "rows"), "1 row"},
		{humanize.Count(2000, "row", "rows"), "2,000 rows"},
		{size(1), "1 byte"},
		{size(999), "999 bytes"},
		{size(1500), "1.5 kB"},
		{size(2_400_000), "2.4 MB"},
		{size(3_000_000_000), "3.0 GB"},
		{seconds(1234 * time.Millisecond), "1.23 s"},
		{seconds(75 * time.Second), "75 s"},
		{readable("2024"), "2024"},
		{readable("12500.50"), "12,500.50"},
		{readable("-45000"), "-45,000"},
		{readable("0.25"), "0.25"},
		{readable("1e+30"), "1e+30"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestWrapKeepsWordsAndWidth(t *testing.T) {
	text := "a quay of ropes, ștergare și frânghii under averyveryverylongwordindeed"
	for _, width := range []int{5, 12, 30, 200} {
		lines := wrap(text, width)
		if got := strings.Join(lines, " "); got != text {
			t.Errorf("width %d: words changed: %q", width, got)
		}
		for _, line := range lines {
			if utf8.RuneCountInString(line) > width && strings.Contains(line, " ") {
				t.Errorf("width %d: %q is too long", width, line)
			}
		}
	}
	if got := wrap("", 10); got != nil {
		t.Errorf("wrap of an empty text: got %q", got)
	}
}

func TestParseShard(t *testing.T) {
	for _, c := range []struct {
		text      string
		index, of int
		ok        bool
	}{
		{"", 0, 0, true}, {"1/1", 1, 1, true}, {"3/8", 3, 8, true},
		{"0/3", 0, 0, false}, {"4/3", 0, 0, false}, {"1", 0, 0, false}, {"1/2/3", 0, 0, false}, {"01/2", 0, 0, false}, {"-1/-2", 0, 0, false}, {"a/b", 0, 0, false},
	} {
		got, err := parseShard(c.text)
		if (err == nil) != c.ok || c.ok && (got.Index != c.index || got.Of != c.of) {
			t.Errorf("%q: got %v, %v", c.text, got, err)
		}
		if err != nil && exitCode(err) != exitUsage {
			t.Errorf("%q: exit code %d", c.text, exitCode(err))
		}
	}
}

func TestSplitList(t *testing.T) {
	if got := splitList(" csv, jsonl"); !slices.Equal(got, []string{"csv", "jsonl"}) {
		t.Errorf("got %q", got)
	}
	if got := splitList(""); got != nil {
		t.Errorf("got %q", got)
	}
}

func TestNoColoursWithoutTerminal(t *testing.T) {
	a := &app{stdout: &strings.Builder{}, env: environment(nil)}
	if got := a.paint(bold, "word"); got != "word" {
		t.Errorf("got %q", got)
	}
}
