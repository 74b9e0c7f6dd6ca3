package office

import (
	"regexp"
	"strings"
)

// isEurostat reports whether a header is that of Eurostat's bulk TSV: the names of the
// dimensions, joined by commas, a backslash and the dimension of the other columns.
func isEurostat(line string) bool {
	first, _, ok := strings.Cut(line, "\t")
	return ok && eurostatHeader.MatchString(first)
}

var eurostatHeader = regexp.MustCompile(`^[A-Za-z_]\w*(,\w+)*\\\w+\s*$`)

// eurostatCell matches a figure or ":" with its flags.
var eurostatCell = regexp.MustCompile(`^(:|[-+0-9.eE]+)\s*([a-zA-Z]{0,8})$`)

// readEurostat reads Eurostat's bulk TSV.
func readEurostat(text string) (*Cube, error) {
	c := &Cube{Format: "Eurostat TSV", Publisher: "Eurostat", Decimals: -1}
	lines := strings.Split(strings.TrimRight(text, "\r\n"), "\n")
	if len(lines) > maxCells {
		return nil, faultf(0, 0, "there are more than %d rows", maxCells)
	}
	header := strings.Split(strings.TrimRight(lines[0], "\r"), "\t")
	names, across, _ := strings.Cut(header[0], `\`)
	dims := strings.Split(names, ",")
	if len(dims) >= maxDimensions {
		return nil, faultf(1, 1, "the header names %d dimensions; at most %d are read", len(dims), maxDimensions)
	}
	for _, d := range append(dims, across) {
		d = strings.TrimSpace(d)
		out := Dimension{ID: d, Total: -1}
		switch strings.ToLower(d) {
		case "time", "time_period":
			out.Role = Time
		case "geo":
			out.Role = Place
		case "unit", "indic_de":
			out.Role = Metric
		}
		c.Dims = append(c.Dims, out)
	}
	b := NewBuilder(c)
	last := len(dims)
	period := make([]int, len(header))
	for j := 1; j < len(header); j++ {
		k, err := b.category(last, strings.TrimSpace(header[j]), "")
		if err != nil {
			return nil, err
		}
		period[j] = k
	}
	at := make([]int, len(c.Dims))
	decimals := 0
	for i, line := range lines[1:] {
		cells := strings.Split(strings.TrimRight(line, "\r"), "\t")
		if len(cells) == 1 && strings.TrimSpace(cells[0]) == "" {
			continue
		}
		if len(cells) != len(header) {
			return nil, faultf(i+2, 1, "the row has %d cells, the header has %d", len(cells), len(header))
		}
		codes := strings.Split(cells[0], ",")
		if len(codes) != len(dims) {
			return nil, faultf(i+2, 1, "the first cell has %d codes, the header names %d dimensions", len(codes), len(dims))
		}
		for j, code := range codes {
			k, err := b.category(j, strings.TrimSpace(code), "")
			if err != nil {
				return nil, err
			}
			at[j] = k
		}
		for j := 1; j < len(cells); j++ {
			if len(c.Cells) == maxCells {
				return nil, faultf(i+2, 1, "there are more than %d figures", maxCells)
			}
			text := strings.TrimSpace(cells[j])
			m := eurostatCell.FindStringSubmatch(text)
			if m == nil {
				return nil, faultf(i+2, 1, "%q is not a figure with flags", tidy(text))
			}
			cell := Cell{Line: int32(min(i+2, 1<<30)), Flag: c.flag(m[2])}
			if m[1] == ":" {
				cell.Symbol, cell.Status = text, Missing
				if strings.ContainsAny(m[2], "cC") {
					cell.Status = Suppressed
				}
			} else if x, ok := parseFigure(m[1]); ok {
				cell.Number = x
				if _, digits, ok := strings.Cut(m[1], "."); ok {
					decimals = max(decimals, len(digits))
				}
			} else {
				return nil, faultf(i+2, 1, "%q is not a figure with flags", tidy(text))
			}
			at[last] = period[j]
			b.Add(cell, at)
		}
	}
	c.Decimals = min(decimals, 15)
	return c, b.Finish()
}
