package office

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// isRows reports whether a JSON document is a list of lists.
func isRows(data []byte) bool {
	data = bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(data) == 0 || data[0] != '[' {
		return false
	}
	data = bytes.TrimLeft(data[1:], " \t\r\n")
	return len(data) > 0 && data[0] == '['
}

// censusVariable matches the names of variables of the API of the US Census Bureau.
var censusVariable = regexp.MustCompile(`^[A-Z]+[0-9]+[A-Z0-9]*_[A-Z]?[0-9]+[A-Z0-9]*$`)

// censusAbout matches the names of what such an API says about an estimate, B01001_001E:
// its margin of error, and annotations of both.
var censusAbout = regexp.MustCompile(`^([A-Z]+[0-9]+[A-Z0-9]*_[0-9]+[A-Z0-9]*?)(M|EA|MA)$`)

// Values below this stand for a reason why there is no figure.
const censusJam = -111_111_111

// readCensus reads the array of rows that census APIs answer with: the first row is
// the header, figures are strings or numbers. Columns that together tell the rows
// apart are dimensions; the other columns of numbers are contents, of which each has
// its own universe.
func readCensus(data []byte) (*Cube, error) {
	text, _, err := decode(data, "utf-8")
	if err != nil {
		return nil, err
	}
	var raw [][]any
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&raw); err != nil {
		return nil, jsonFault(text, err)
	}
	if len(raw) < 2 || len(raw[0]) < 2 {
		return nil, faultf(0, 0, "the array has no header of two columns with a row below it")
	}
	rows := make([][]string, len(raw))
	for i, cells := range raw {
		if len(cells) != len(raw[0]) {
			return nil, faultf(0, 0, "row %d of the array has %d cells, the header has %d", i+1, len(cells), len(raw[0]))
		}
		rows[i] = make([]string, len(cells))
		for j, cell := range cells {
			switch v := cell.(type) {
			case string:
				rows[i][j] = strings.TrimSpace(v)
			case json.Number:
				rows[i][j] = v.String()
			case nil:
			default:
				return nil, faultf(0, 0, "row %d of the array has a cell that is neither a text nor a number", i+1)
			}
		}
	}
	return censusCube(rows)
}

// censusCube chooses dimensions and contents among the columns.
func censusCube(rows [][]string) (*Cube, error) {
	header := rows[0]
	var contents, keys []int
	name := -1
	distinct := make([]int, len(header))
	left := &Cube{} // what is said about columns that are left out
	for j, h := range header {
		if m := censusAbout.FindStringSubmatch(h); m != nil && slices.Contains(header, m[1]+"E") {
			if m[2] == "M" {
				left.warnf("%s is left out: it is the margin of error of %sE", h, m[1])
			}
			continue
		}
		values, numbers := map[string]bool{}, true
		for _, r := range rows[1:] {
			values[r[j]] = true
			if _, ok := parseFigure(r[j]); !ok && r[j] != "" {
				numbers = false
			}
		}
		distinct[j] = len(values)
		switch {
		case censusVariable.MatchString(h) && numbers:
			contents = append(contents, j)
		case strings.EqualFold(h, "NAME") || strings.EqualFold(h, "GEONAME"):
			name = j
		case h == strings.ToLower(h) || !numbers: // a geography, or texts
			keys = append(keys, j)
		default:
			contents = append(contents, j)
		}
	}
	// Add the columns with the fewest values until no two rows are alike.
	slices.SortStableFunc(contents, func(a, b int) int { return distinct[a] - distinct[b] })
	for !censusUnique(rows, keys) && len(contents) > 1 && !censusVariable.MatchString(header[contents[0]]) {
		keys, contents = append(keys, contents[0]), contents[1:]
	}
	slices.Sort(keys)
	slices.Sort(contents)
	if len(contents) == 0 || len(keys) == 0 && name < 0 {
		return nil, faultf(0, 0, "the array has no column of figures beside those that name its rows")
	}
	c := &Cube{Format: "census API", Decimals: -1, Warnings: left.Warnings}
	annotation := map[int]int{} // column of an estimate to that of its annotation
	for _, j := range contents {
		if a := slices.Index(header, header[j]+"A"); a >= 0 {
			annotation[j] = a
		}
	}
	var places []int // geographies with one name: state and county
	if name >= 0 {
		for _, j := range keys {
			if header[j] == strings.ToLower(header[j]) {
				places = append(places, j)
			}
		}
		keys = slices.DeleteFunc(keys, func(j int) bool { return slices.Contains(places, j) })
		d := Dimension{ID: header[name], Role: Place, Total: -1}
		if len(places) > 0 {
			d.ID = header[places[len(places)-1]]
		}
		c.Dims = append(c.Dims, d)
	}
	for _, j := range keys {
		c.Dims = append(c.Dims, Dimension{ID: header[j], Total: -1})
	}
	c.Dims = append(c.Dims, Dimension{ID: "variable", Role: Metric, Total: -1})
	b := NewBuilder(c)
	at := make([]int, len(c.Dims))
	for i, r := range rows[1:] {
		d := 0
		var err error
		if name >= 0 {
			var code strings.Builder
			for _, j := range places {
				code.WriteString(r[j])
			}
			if at[0], err = b.category(0, code.String(), r[name]); err != nil {
				return nil, err
			}
			d++
		}
		for _, j := range keys {
			if at[d], err = b.category(d, r[j], ""); err != nil {
				return nil, err
			}
			d++
		}
		for _, j := range contents {
			if len(c.Cells) == maxCells {
				return nil, faultf(0, 0, "there are more than %d figures", maxCells)
			}
			if at[d], err = b.category(d, header[j], ""); err != nil {
				return nil, err
			}
			cell := Cell{Line: int32(min(i+2, 1<<30))}
			x, ok := parseFigure(r[j])
			switch {
			case !ok:
				cell.Status = Missing
			case x <= censusJam && strings.Trim(r[j], "-123456789") == "" && len(strings.Trim(r[j], "-"+r[j][1:2])) == 0:
				cell.Symbol, cell.Status = r[j], Missing
			default:
				cell.Number = x
			}
			if a, ok := annotation[j]; ok && r[a] != "" {
				cell.Flag = c.flag(tidy(r[a]))
			}
			b.Add(cell, at)
		}
	}
	return c, b.Finish()
}

// censusUnique reports whether the cells of some columns tell all rows apart.
func censusUnique(rows [][]string, columns []int) bool {
	seen := make(map[string]bool, len(rows))
	for _, r := range rows[1:] {
		var key strings.Builder
		for _, j := range columns {
			key.WriteString(r[j])
			key.WriteByte(0)
		}
		if seen[key.String()] {
			return false
		}
		seen[key.String()] = true
	}
	return true
}
