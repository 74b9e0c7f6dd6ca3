package office

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// record is a row of a text file with the line where it begins, from 1.
type record struct {
	cells []string
	line  int32
}

// readDelimited reads the rows of a text file in which sep parts the cells.
func readDelimited(text string, sep rune, lazy bool) ([]record, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = sep, -1, lazy, false
	var rows []record
	for {
		cells, err := r.Read()
		if err == io.EOF {
			return rows, nil
		}
		if e := (*csv.ParseError)(nil); errors.As(err, &e) {
			return nil, faultf(e.Line, e.Column, "%v", e.Err).hint("put the whole cell in quotation marks")
		}
		if err != nil {
			return nil, err
		}
		if len(rows) == maxCells {
			return nil, faultf(0, 0, "there are more than %d rows", maxCells)
		}
		line, _ := r.FieldPos(0)
		rows = append(rows, record{cells, int32(min(line, 1<<30))})
	}
}

// Builder collects cells whose categories are found one by one.
type Builder struct {
	cube  *Cube
	index []map[string]int // per dimension: key of a category to its position
	at    [][]int32        // per dimension: the category of each cell
}

// NewBuilder returns a Builder of the cells of a cube, whose dimensions have no
// categories yet.
func NewBuilder(c *Cube) *Builder {
	b := &Builder{cube: c, index: make([]map[string]int, len(c.Dims)), at: make([][]int32, len(c.Dims))}
	for i := range b.index {
		b.index[i] = map[string]int{}
	}
	return b
}

// category returns the position of a category of dimension i, new or known.
func (b *Builder) category(i int, code, label string) (int, error) {
	key := code
	if key == "" {
		key = label
	}
	return b.Category(i, key, code, label)
}

// Category is category for categories that another key than their code tells apart.
func (b *Builder) Category(i int, key, code, label string) (int, error) {
	if j, ok := b.index[i][key]; ok {
		return j, nil
	}
	d := &b.cube.Dims[i]
	if len(d.Categories) == maxCategories {
		return 0, faultf(0, 0, "%s has more than %d categories", d.Name(), maxCategories)
	}
	d.Categories = append(d.Categories, Category{Code: code, Label: label, Parent: -1, Decimals: -1})
	b.index[i][key] = len(d.Categories) - 1
	return len(d.Categories) - 1, nil
}

// Add adds a cell with its categories.
func (b *Builder) Add(cell Cell, at []int) {
	for i, j := range at {
		b.at[i] = append(b.at[i], int32(j))
	}
	b.cube.Cells = append(b.cube.Cells, cell)
}

// Finish computes the positions, which depend on the numbers of categories, and
// refuses a position that two cells have.
func (b *Builder) Finish() error {
	c := b.cube
	if _, ok := product(c.Sizes()); !ok {
		return faultf(0, 0, "the dimensions have too many combinations")
	}
	seen := make(map[int64]int32, len(c.Cells))
	for k := range c.Cells {
		at := int64(0)
		for i := range c.Dims {
			at = at*int64(len(c.Dims[i].Categories)) + int64(b.at[i][k])
		}
		c.Cells[k].At = at
		if line, twice := seen[at]; twice && line == 0 {
			return faultf(0, 0, "row %d has the categories of an earlier one", k+1).hint("a column that tells the two rows apart is not among the dimensions")
		} else if twice {
			return faultf(int(c.Cells[k].Line), 1, "the row has the categories of line %d", line).
				hint("a column that tells the two rows apart is not among the dimensions")
		}
		seen[at] = c.Cells[k].Line
	}
	return nil
}
