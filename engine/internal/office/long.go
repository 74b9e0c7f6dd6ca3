package office

import "slices"

// Long is a cube as a table with one row for each cell.
type Long struct {
	Header []string
	Rows   [][]string
	Lines  []int // of the file, from 1; 0 if it has no lines

	Labels []int // per dimension: the column of its labels
	Codes  []int // per dimension: the column of its codes
	Value  int   // column of the figures
}

// Long lists the cells of a cube. A dimension has a column of labels, with its label as
// the header, and one of codes, with its id or its label and "code". Then come the
// figures in the column "value", "OBS_VALUE" in SDMX-CSV, and their flags in "flag". A
// figure that is missing is the symbol of the file; one that the format defines as
// nothing is 0.
func (c *Cube) Long() *Long {
	l := &Long{Rows: make([][]string, 0, len(c.Cells)), Lines: make([]int, 0, len(c.Cells))}
	add := func(name, other string) int {
		if slices.Contains(l.Header, name) {
			name = other
		}
		for slices.Contains(l.Header, name) {
			name += "'"
		}
		l.Header = append(l.Header, name)
		return len(l.Header) - 1
	}
	for i := range c.Dims {
		d := &c.Dims[i]
		l.Labels = append(l.Labels, add(d.Name(), d.Name()+" label"))
	}
	for i := range c.Dims {
		d := &c.Dims[i]
		name := d.Name() + " code"
		if d.ID != "" && d.ID != d.Name() {
			name = d.ID
		}
		l.Codes = append(l.Codes, add(name, d.Name()+" code"))
	}
	value := "value"
	if len(c.Format) > 4 && c.Format[:4] == "SDMX" {
		value = "OBS_VALUE"
	}
	l.Value = add(value, value+" of the table")
	flag := add("flag", "flag of the value")
	var at []int
	for k := range c.Cells {
		cell := &c.Cells[k]
		row := make([]string, len(l.Header))
		at = c.Split(cell.At, at)
		for i, j := range at {
			category := &c.Dims[i].Categories[j]
			row[l.Labels[i]], row[l.Codes[i]] = category.Name(), category.Key()
		}
		row[l.Value] = cell.Text()
		if cell.Flag > 0 {
			row[flag] = c.Flags[cell.Flag-1]
		}
		l.Rows, l.Lines = append(l.Rows, row), append(l.Lines, int(cell.Line))
	}
	return l
}
