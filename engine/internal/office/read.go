package office

import (
	"bytes"
	"path/filepath"
	"regexp"
	"strings"
)

// Is reports whether the bytes of a file are in one of the formats that Read reads,
// by its name and its beginning. A CSV file in no special format is not.
func Is(name string, data []byte) bool { return format(name, data) != "" }

// pxStart matches the beginning of a PC-Axis file.
var pxStart = regexp.MustCompile(`^[\s;]*(?:CHARSET|AXIS-VERSION|CODEPAGE|LANGUAGES?|CREATION-DATE|MATRIX|SUBJECT-(?:AREA|CODE)|DECIMALS|TITLE|CONTENTS)(?:\[[^\]]{1,20}\])?\s*=`)

// format returns the name of a file's format, "" for none.
func format(name string, data []byte) string {
	head := bytes.TrimPrefix(data[:min(len(data), 64<<10)], []byte("\xef\xbb\xbf"))
	trimmed := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case pxStart.Match(head):
		return "px"
	case isRows(head):
		return "rows"
	case len(trimmed) > 0 && trimmed[0] == '{':
		return "json"
	case strings.EqualFold(filepath.Ext(name), ".px"): // its errors are those of PC-Axis
		return "px"
	}
	line, _, _ := strings.Cut(string(head), "\n")
	line = strings.TrimRight(line, "\r")
	switch {
	case isEurostat(line):
		return "tsv"
	case strings.Contains(line, "OBS_VALUE"):
		if rows, err := readDelimited(line, sniff(line), true); err == nil && len(rows) > 0 && isSDMX(rows[0].cells) {
			return "sdmx"
		}
	}
	return ""
}

// sniff returns the separator of a header: the one of comma, semicolon and tab that is
// most frequent.
func sniff(text string) rune {
	line, _, _ := strings.Cut(text, "\n")
	best, most := ',', -1
	for _, sep := range []rune{',', ';', '\t'} {
		if n := strings.Count(line, string(sep)); n > most {
			best, most = sep, n
		}
	}
	return best
}

// Read reads the tables of a file in one of the formats: one, or several from a bundle
// of JSON-stat. The language chooses among those of a PC-Axis file; "" is the default one.
// An error that is about the file is a *Fault.
func Read(name string, data []byte, language string) ([]*Cube, error) {
	var cubes []*Cube
	var err error
	one := func(c *Cube, e error) {
		cubes, err = []*Cube{c}, e
	}
	switch format(name, data) {
	case "px":
		one(readPX(data, language))
	case "rows":
		one(readCensus(data))
	case "json":
		cubes, err = readJSONStat(data)
	case "tsv", "sdmx":
		text, _, e := decode(data, "")
		switch {
		case e != nil:
			err = e
		case format(name, data) == "tsv":
			one(readEurostat(text))
		default:
			one(readSDMX(text))
		}
	default:
		err = faultf(0, 0, "the file is neither PC-Axis, JSON-stat, SDMX-CSV, Eurostat TSV nor an array of a census API")
	}
	if err == nil && language != "" && format(name, data) != "px" {
		err = noLanguage(language, nil)
	}
	if err != nil {
		return nil, err
	}
	for _, c := range cubes {
		if err := c.finish(); err != nil {
			return nil, err
		}
	}
	return cubes, nil
}
