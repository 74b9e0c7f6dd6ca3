package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/plaintext"
)

// FixedColumn is a column of a file whose columns have fixed positions in each line: the
// characters From to To, counted from 1, both included.
type FixedColumn struct {
	Name     string
	From, To int
}

// MaxFixed bounds the position of a FixedColumn.
const MaxFixed = 1_000_000

// CheckFixed says what is wrong with the columns of a layout, "" if nothing is.
func CheckFixed(columns []FixedColumn) string {
	for i, c := range columns {
		switch {
		case c.Name == "":
			return "a column has no name"
		case c.From < 1 || c.To < c.From || c.To > MaxFixed:
			return fmt.Sprintf("column %q has the characters %d to %d; the first is 1, and the last is not before it", c.Name, c.From, c.To)
		}
		for _, other := range columns[:i] {
			if other.Name == c.Name {
				return fmt.Sprintf("column %q is named twice", c.Name)
			}
		}
	}
	return ""
}

// fixedCells cuts a line. A line that ends before a column has an empty cell there, as
// programs write lines without the blanks at their ends.
func fixedCells(line string, columns []FixedColumn) []string {
	cells := make([]string, len(columns))
	ascii := true
	for i := range len(line) {
		ascii = ascii && line[i] < 0x80
	}
	var runes []rune
	if !ascii {
		runes = []rune(line)
	}
	for i, c := range columns {
		if ascii {
			if c.From <= len(line) {
				cells[i] = line[c.From-1 : min(c.To, len(line))]
			}
		} else if c.From <= len(runes) {
			cells[i] = string(runes[c.From-1 : min(c.To, len(runes))])
		}
		cells[i] = trimmed(plaintext.NFC(cells[i]))
	}
	return cells
}

// fixedNames returns the names of the columns.
func fixedNames(columns []FixedColumn) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}

// tooShort says that no line reaches a column, "" if some do.
func tooShort(columns []FixedColumn, longest int) string {
	for _, c := range columns {
		if c.From > longest {
			return fmt.Sprintf("column %q begins at character %d, but the longest line has %s", c.Name, c.From, humanize.Count(longest, "character", "characters"))
		}
	}
	return ""
}

// fixed reads the lines of the file as rows of fixed columns, below a header of their
// names.
func (t *text) fixed(layout *Layout, faults *diag.List) *grid {
	g := &grid{cells: [][]string{fixedNames(layout.Fixed)}}
	var lines []int
	longest := 0
	for n, line := range strings.Split(string(t.data), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if len(g.cells)*len(layout.Fixed) > maxCells {
			faults.Errorf(diag.Place{File: t.path, Line: t.line + n + 1}, "too-many-cells", "the file has more than %s cells up to here, and no more are read", humanize.Thousands(maxCells)).WithHint("keep only the rows and columns that the spec needs")
			return nil
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		longest = max(longest, len([]rune(line)))
		g.cells, lines = append(g.cells, fixedCells(line, layout.Fixed)), append(lines, t.line+n+1)
	}
	if short := tooShort(layout.Fixed, longest); short != "" {
		faults.Errorf(layout.placeOr(t.path), "fixed", "%s", short).WithHint("correct fixed: it gives the first and the last character of each column, counted from 1")
		return nil
	}
	g.place = func(row, column int) diag.Place {
		at := diag.Place{File: t.path}
		if row > 0 && row <= len(lines) && column >= 0 && column < len(layout.Fixed) {
			at.Line, at.Column = lines[row-1], layout.Fixed[column].From
		}
		return at
	}
	return g
}

// fixedStream reads lines of fixed columns one by one.
type fixedStream struct {
	in      *bufio.Reader
	columns []FixedColumn
	longest int // characters of the longest line so far
}

// next returns the cells of the next line that is not blank, and how many lines were
// read.
func (f *fixedStream) next() (cells []string, lines int, err error) {
	for {
		line, err := readLine(f.in)
		if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
			return nil, lines, err
		}
		lines++
		if line = bytes.TrimRight(line, "\r\n"); len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		f.longest = max(f.longest, len([]rune(string(line))))
		return fixedCells(string(line), f.columns), lines, nil
	}
}

// readLine reads a line of at most maxRecord bytes.
func readLine(in *bufio.Reader) ([]byte, error) {
	var all []byte
	for {
		part, err := in.ReadSlice('\n')
		if all = append(all, part...); len(all) > maxRecord {
			return nil, errLongRecord
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return all, err
		}
	}
}
