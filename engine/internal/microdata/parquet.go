package microdata

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/plaintext"
)

// batchRows is the number of rows of a Parquet file that are in memory.
const batchRows = 1024

// parquet is a Parquet file of records.
type parquet struct {
	shown string
	r     *dataset.Reader
	batch frame.Batch
	at    int   // row of the batch that is next
	row   int64 // of the file, from 1, that was read last
	cells []string
}

func openParquet(file *os.File, shown string) (*parquet, error) {
	r, err := dataset.OpenFile(file, shown, dataset.OpenOptions{Format: "parquet", MaxIssues: 100})
	if err != nil {
		return nil, err
	}
	return &parquet{shown: shown, r: r, cells: make([]string, len(r.Schema()))}, nil
}

func (p *parquet) names() []string {
	var names []string
	for _, f := range p.r.Schema() {
		names = append(names, f.Name)
	}
	return names
}

func (p *parquet) next(faults *diag.List) ([]string, error) {
	for p.at >= p.batch.N {
		_, err := p.r.Read(&p.batch, batchRows)
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		if err != nil {
			faults.Errorf(diag.Place{File: p.shown}, "parquet", "%s cannot be read further than row %d: %v", p.shown, p.row, err)
			return nil, errReported
		}
		p.at = 0
	}
	for i := range p.batch.Schema {
		cell, err := cellText(&p.batch.Columns[i], p.batch.Schema[i].Type, p.at)
		if err != nil {
			faults.Errorf(p.place(i), "parquet", "%v", err)
			return nil, errReported
		}
		p.cells[i] = cell
	}
	p.at++
	p.row++
	return p.cells, nil
}

// cellText returns a value as text: a whole number without a point, a null as "".
func cellText(c *frame.Column, t frame.Type, row int) (string, error) {
	if c.IsNull(t, row) {
		return "", nil
	}
	switch t {
	case frame.Integer:
		return strconv.FormatInt(c.Ints[row], 10), nil
	case frame.Number:
		return strconv.FormatFloat(c.Floats[row], 'f', -1, 64), nil
	case frame.Text:
		text := strings.TrimSpace(plaintext.NFC(c.Texts[row]))
		if _, r, found := plaintext.Steering(text); found {
			return "", fmt.Errorf("there is the invisible character %U", r)
		}
		return text, nil
	}
	return "", nil // lists have no use here
}

// place names the row in the name of the file, because a Parquet file has no lines.
func (p *parquet) place(column int) diag.Place {
	at := fmt.Sprintf("%s:row %d", filepath.ToSlash(p.shown), p.row)
	if column >= 0 && column < len(p.r.Schema()) {
		at += " " + p.r.Schema()[column].Name
	}
	return diag.Place{File: at}
}

func (p *parquet) close() error { return p.r.Close() }
