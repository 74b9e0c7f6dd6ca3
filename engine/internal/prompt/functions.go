package prompt

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"
	"unicode"

	"github.com/Masterminds/sprig/v3"
)

const asTextName = "asText"

// builtins are functions of text/template with their least and greatest number of
// arguments (-1 for any number).
var builtins = map[string][2]int{
	"and": {1, -1}, "or": {1, -1}, "not": {1, 1},
	"eq": {2, -1}, "ne": {2, 2}, "lt": {2, 2}, "le": {2, 2}, "gt": {2, 2}, "ge": {2, 2},
	"index": {2, -1}, "len": {1, 1},
	"print": {0, -1}, "println": {0, -1},
	"html": {1, -1}, "js": {1, -1}, "urlquery": {1, -1},
}

// fromSprig are the functions of sprig whose result depends on their arguments
// alone. It excludes random numbers, clocks, the environment, the network, keys and
// ciphers; functions that change their arguments (set, merge), that depend on the
// order of a Go map (keys, values), or that fail on purpose; and those that cut
// texts within a character (abbrev).
var fromSprig = []string{
	"trim", "upper", "lower", "title", "untitle", "repeat", "trimAll", "trimSuffix", "trimPrefix",
	"swapcase", "snakecase", "camelcase", "kebabcase", "wrap", "wrapWith", "contains", "hasPrefix", "hasSuffix",
	"quote", "squote", "cat", "indent", "nindent", "replace", "plural",
	"regexFind", "regexFindAll", "regexReplaceAll", "regexReplaceAllLiteral", "regexSplit", "regexQuoteMeta",
	"atoi", "int", "int64", "float64", "seq", "until", "untilStep",
	"add1", "add", "sub", "div", "mod", "mul", "add1f", "addf", "subf", "divf", "mulf",
	"max", "min", "maxf", "minf", "ceil", "floor", "round",
	"splitList", "toStrings", "sortAlpha", "list", "first", "rest", "last", "initial", "append", "prepend", "concat",
	"reverse", "uniq", "without", "has", "compact", "slice",
	"dict", "get", "hasKey", "pick", "omit",
	"default", "empty", "coalesce", "all", "any", "ternary", "kindIs", "kindOf",
	"toJson", "toPrettyJson", "toRawJson",
}

// functions are all functions except the builtins.
var functions = func() template.FuncMap {
	all := sprig.TxtFuncMap()
	m := template.FuncMap{
		asTextName:   asText,
		"toString":   asText,
		"join":       join,
		"printf":     printf,
		"trunc":      trunc,
		"substr":     substr,
		"initials":   initials,
		"nospace":    nospace,
		"dateFormat": dateFormat,
		"year":       func(date string) (int, error) { return dateFigure(date, time.Time.Year) },
		"month": func(date string) (int, error) {
			return dateFigure(date, func(t time.Time) int { return int(t.Month()) })
		},
		"monthDay": func(date string) (int, error) { return dateFigure(date, time.Time.Day) },
		// sprig's takes a broken expression for one that matches nothing.
		"regexMatch": regexp.MatchString,
	}
	for _, name := range fromSprig {
		m[name] = all[name]
	}
	return m
}()

// Functions lists the functions that templates can call, sorted.
func Functions() []string {
	names := slices.Collect(maps.Keys(builtins))
	for name := range functions {
		if name != asTextName {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// excluded reports whether sprig or Go has a function that is not allowed here.
func excluded(name string) bool {
	_, ok := sprig.TxtFuncMap()[name]
	return ok || name == "call"
}

// The functions below replace functions of sprig and Go with the same names, which
// write long numbers with exponents or cut texts within a character.

func join(separator string, items any) (string, error) {
	switch items := items.(type) {
	case []string:
		return strings.Join(items, separator), nil
	case []any:
		texts := make([]string, len(items))
		for i, item := range items {
			text, err := asText(item)
			if err != nil {
				return "", err
			}
			texts[i] = text
		}
		return strings.Join(texts, separator), nil
	case []int: // from until
		texts := make([]string, len(items))
		for i, item := range items {
			texts[i] = strconv.Itoa(item)
		}
		return strings.Join(texts, separator), nil
	}
	return "", fmt.Errorf("join needs a list, not %T", items)
}

// printf rejects %p, which writes a memory address, and formats that do not fit their
// arguments, for which Go writes a note such as %!d(string=x) into the text.
func printf(format string, args ...any) (string, error) {
	for rest := format; ; {
		_, after, found := strings.Cut(rest, "%")
		if !found {
			text := fmt.Sprintf(format, args...)
			if at := strings.Index(text, "%!"); at >= 0 && !strings.Contains(format, "%%!") && !strings.Contains(fmt.Sprint(args...), "%!") {
				note, _, _ := strings.Cut(text[at:], ")")
				return "", fmt.Errorf("the format does not fit its arguments: %s)", note)
			}
			return text, nil
		}
		verb := strings.TrimLeft(after, "+-# 0123456789.*[]")
		if strings.HasPrefix(verb, "p") {
			return "", fmt.Errorf("printf does not support %%p: addresses differ from run to run")
		}
		rest = strings.TrimPrefix(verb, "%")
	}
}

// trunc keeps the first n characters, or the last -n.
func trunc(n int, s string) string {
	runes := []rune(s)
	switch {
	case n >= 0 && n < len(runes):
		return string(runes[:n])
	case n < 0 && -n < len(runes):
		return string(runes[len(runes)+n:])
	}
	return s
}

// substr returns the characters from start up to end. As in sprig, a negative start
// is the beginning of the text, and a negative or too large end is its end.
func substr(start, end int, s string) string {
	runes := []rune(s)
	if end < 0 || end > len(runes) {
		end = len(runes)
	}
	start = min(max(start, 0), end)
	return string(runes[start:end])
}

// initials returns the first character of every word.
func initials(s string) string {
	var b strings.Builder
	for _, word := range strings.Fields(s) {
		for _, r := range word {
			b.WriteRune(r)
			break
		}
	}
	return b.String()
}

// nospace removes white space.
func nospace(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// dateFormat writes a date such as 2024-04-08 as a layout of Go writes 2 January 2006.
func dateFormat(layout, date string) (string, error) {
	t, err := parseDate(date)
	if err != nil {
		return "", err
	}
	return t.Format(layout), nil
}

func dateFigure(date string, figure func(time.Time) int) (int, error) {
	t, err := parseDate(date)
	if err != nil {
		return 0, err
	}
	return figure(t), nil
}

func parseDate(date string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return t, fmt.Errorf("%q is not a date such as 2024-04-08", date)
	}
	return t, nil
}
