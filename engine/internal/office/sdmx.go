package office

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Columns of SDMX-CSV that are no dimensions.
var (
	// sdmxFlow come first: the structure of the data.
	sdmxFlow = []string{"DATAFLOW", "STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION", "LAST UPDATE"}
	// sdmxFlags qualify a figure.
	sdmxFlags = []string{"OBS_STATUS", "OBS_FLAG", "CONF_STATUS"}
)

// isSDMX reports whether a header is that of SDMX-CSV.
func isSDMX(header []string) bool {
	value := slices.ContainsFunc(header, func(h string) bool { return sdmxID(h) == "OBS_VALUE" })
	return value && len(header) > 1 && slices.Contains([]string{"DATAFLOW", "STRUCTURE"}, sdmxID(header[0]))
}

// sdmxID returns the id in a header such as "FREQ: Frequency" or "DIM[;]".
func sdmxID(header string) string {
	id, _, _ := strings.Cut(strings.TrimSpace(header), ":")
	id, _, _ = strings.Cut(id, "[")
	return strings.TrimSpace(id)
}

// sdmxColumn is a column, or two of which the second has the labels of the first.
type sdmxColumn struct {
	id, label string
	code      int
	name      int  // column of the labels, -1 for none
	labels    bool // the column has labels and no codes
}

// readSDMX reads SDMX-CSV, version 1 or 2, with codes, labels or both. The columns
// before OBS_VALUE are the dimensions, those after it attributes.
func readSDMX(text string) (*Cube, error) {
	sep := sniff(text)
	rows, err := readDelimited(text, sep, false)
	if err != nil {
		return nil, err
	}
	header := rows[0].cells
	c := &Cube{Format: "SDMX-CSV 1.0", Decimals: -1}
	if sdmxID(header[0]) == "STRUCTURE" {
		c.Format = "SDMX-CSV 2.0"
	}
	for _, r := range rows[1:] {
		if len(r.cells) != len(header) {
			return nil, faultf(int(r.line), 1, "the row has %d cells, the header has %d", len(r.cells), len(header))
		}
	}
	if len(rows) < 2 {
		return nil, faultf(0, 0, "the file has a header and no rows")
	}
	columns := sdmxColumns(rows)
	value := slices.IndexFunc(columns, func(k sdmxColumn) bool { return k.id == "OBS_VALUE" })
	var dims, others []sdmxColumn
	for i, k := range columns {
		switch {
		case slices.Contains(sdmxFlow, k.id) || i == value:
			sdmxDescribe(c, k, rows)
		case i < value && !sdmxAttribute(k.id):
			dims = append(dims, k)
		case k.id == "TIME_PERIOD":
			dims = append(dims, k)
		default:
			others = append(others, k)
		}
	}
	for _, k := range dims {
		d := Dimension{ID: k.id, Label: k.label, Total: -1}
		switch strings.ToUpper(k.id) {
		case "TIME_PERIOD", "TIME":
			d.Role = Time
		case "REF_AREA", "GEO", "COUNTERPART_AREA":
			d.Role = Place
		case "INDICATOR", "MEASURE", "INDIC_DE", "INDIC", "STAT", "UNIT_MEASURE", "UNIT":
			d.Role = Metric
		}
		c.Dims = append(c.Dims, d)
	}
	b := NewBuilder(c)
	at := make([]int, len(dims))
	for _, r := range rows[1:] {
		for i, k := range dims {
			code, label := k.cell(r.cells)
			if at[i], err = b.category(i, code, label); err != nil {
				return nil, err
			}
		}
		cell := Cell{Line: r.line}
		secret := false
		var flags []string
		for _, k := range others {
			code, label := k.cell(r.cells)
			code = strings.TrimSpace(code)
			if code == "" {
				code = strings.TrimSpace(label)
			}
			if !slices.Contains(sdmxFlags, strings.ToUpper(k.id)) || code == "" {
				continue
			}
			if code != "A" { // normal
				flags = append(flags, code)
			}
			secret = secret || strings.EqualFold(k.id, "CONF_STATUS") && slices.Contains([]string{"C", "N", "S", "D"}, strings.ToUpper(code)) ||
				SymbolStatus(code) == Suppressed
		}
		cell.Flag = c.flag(tidy(strings.Join(flags, ",")))
		text, _ := columns[value].cell(r.cells)
		text = strings.TrimSpace(text)
		if x, ok := parseFigure(text); ok {
			cell.Number = x
		} else {
			switch strings.ToLower(text) {
			case "", "nan", ":", "..", "...", "-", "null", "na", "n/a", "x", "c":
			default:
				return nil, faultf(int(r.line), 1, "OBS_VALUE %q is not a figure", tidy(text))
			}
			cell.Symbol, cell.Status = tidy(text), SymbolStatus(text)
			if secret {
				cell.Status = Suppressed
			}
		}
		b.Add(cell, at)
	}
	if err := b.Finish(); err != nil {
		return nil, err
	}
	for _, k := range others {
		sdmxDescribe(c, k, rows)
	}
	return c, nil
}

// sdmxAttribute reports whether a column is an attribute although it is before
// OBS_VALUE.
func sdmxAttribute(id string) bool {
	switch strings.ToUpper(id) {
	case "OBS_STATUS", "OBS_FLAG", "CONF_STATUS", "DECIMALS", "UNIT_MULT", "TITLE", "OBS_COMMENT":
		return true
	}
	return false
}

// cell returns the code and the label of a column in a row.
func (k sdmxColumn) cell(cells []string) (code, label string) {
	code = strings.TrimSpace(cells[k.code])
	if k.name == k.code { // "A: Annual"
		if c, l, ok := strings.Cut(code, ": "); ok {
			return strings.TrimSpace(c), strings.TrimSpace(l)
		}
		return code, ""
	}
	if k.name >= 0 {
		return code, strings.TrimSpace(cells[k.name])
	}
	if k.labels {
		return "", code
	}
	return code, ""
}

// isCode reports whether a text can be an SDMX code.
func isCode(s string) bool {
	for _, r := range s {
		if !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("_-@$.+", r)) {
			return false
		}
	}
	return true
}

// sdmxColumns pairs the columns of a header with those of their labels.
func sdmxColumns(rows []record) []sdmxColumn {
	header := rows[0].cells
	var columns []sdmxColumn
	for i := 0; i < len(header); i++ {
		k := sdmxColumn{id: sdmxID(header[i]), code: i, name: -1}
		if _, label, ok := strings.Cut(header[i], ":"); ok {
			k.label, k.name = strings.TrimSpace(label), i
		} else if i+1 < len(header) && !slices.Contains(sdmxFlow, k.id) && k.id != "OBS_VALUE" && sdmxLabels(rows, i) {
			k.label, k.name = strings.TrimSpace(header[i+1]), i+1
			i++
		} else if k.id == "OBS_VALUE" && i+1 < len(header) && strings.EqualFold(strings.TrimSpace(header[i+1]), "Observation value") {
			i++
		}
		if k.name < 0 && k.id != "OBS_VALUE" {
			k.labels = slices.ContainsFunc(rows[1:], func(r record) bool { return !isCode(strings.TrimSpace(r.cells[k.code])) })
		}
		columns = append(columns, k)
	}
	return columns
}

// sdmxLabels reports whether the column after i has the labels of the codes in i: its
// header is no id, and each code has one label and each label one code.
func sdmxLabels(rows []record, i int) bool {
	header := strings.TrimSpace(rows[0].cells[i+1])
	known := slices.Contains(sdmxFlags, strings.ToUpper(header)) || sdmxAttribute(header) || header == "TIME_PERIOD" || header == "OBS_VALUE"
	if known || header == "" || !unicode.IsUpper([]rune(header)[0]) || strings.ToUpper(header) == header {
		return false // ids are in upper or lower case
	}
	if strings.EqualFold(header, strings.ReplaceAll(rows[0].cells[i], "_", " ")) {
		return true // "TIME_PERIOD", "Time period"
	}
	label, code := map[string]string{}, map[string]string{}
	differ := false
	for _, r := range rows[1:] {
		c, l := strings.TrimSpace(r.cells[i]), strings.TrimSpace(r.cells[i+1])
		if !isCode(c) {
			return false
		}
		differ = differ || c != l
		if old, ok := label[c]; ok && old != l {
			return false
		}
		if old, ok := code[l]; ok && old != c && l != "" {
			return false
		}
		label[c], code[l] = l, c
	}
	return differ
}

// sdmxDescribe takes what a column without categories says about the whole.
func sdmxDescribe(c *Cube, k sdmxColumn, rows []record) {
	if len(rows) < 2 {
		return
	}
	code, label := k.cell(rows[1].cells)
	for _, r := range rows[2:] {
		if other, _ := k.cell(r.cells); other != code && !(code == "" && other == label) {
			return // it varies
		}
	}
	text := label
	if text == "" {
		text = code
	}
	switch strings.ToUpper(k.id) {
	case "DATAFLOW", "STRUCTURE_ID": // AGENCY:ID(VERSION)
		c.ID = text
		if agency, id, ok := strings.Cut(text, ":"); ok {
			id, _, _ = strings.Cut(id, "(")
			c.Publisher, c.ID = agency, id
		}
	case "STRUCTURE_NAME":
		c.Title = text
	case "TITLE":
		if c.Title == "" {
			c.Title = text
		}
	case "LAST UPDATE", "LAST_UPDATE":
		c.Updated = text
	case "DECIMALS":
		if n, err := strconv.Atoi(code); err == nil && n >= 0 && n <= 15 {
			c.Decimals = n
		}
	case "UNIT_MEASURE", "UNIT":
		c.Unit = text
	case "UNIT_MULT":
		if n, err := strconv.Atoi(code); err == nil && n > 0 && n <= 12 {
			c.Multiplier = n
			c.AddNote("the figures are in units of 10 to the power of " + strconv.Itoa(n))
		}
	}
}
