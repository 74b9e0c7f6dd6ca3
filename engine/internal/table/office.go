package table

import (
	"errors"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/office"
)

// officeGrid reads the table of a file in a format of statistical offices, which says
// itself how it is written, as rows of labels and codes with a figure.
func officeGrid(data []byte, shown string, layout *Layout, faults *diag.List) *grid {
	if layout.Encoding != "" || layout.Separator != "" || layout.Skip > 0 || layout.headerRows() != 1 {
		faults.Errorf(layout.placeOr(shown), "office-layout", "%s says itself how it is written", shown).
			WithHint("remove encoding, separator, skip and header; personagen import lists the columns that the file has")
		return nil
	}
	cubes, err := office.Read(shown, data)
	if err != nil {
		ReportOffice(err, shown, faults)
		return nil
	}
	if len(cubes) > 1 {
		var names []string
		for _, c := range cubes {
			names = append(names, c.ID)
		}
		faults.Errorf(diag.Place{File: shown}, "several-tables", "%s has %d tables: %s", shown, len(cubes), list(names)).WithHint("keep one of them in the file")
		return nil
	}
	long := cubes[0].Long()
	g := &grid{cells: append([][]string{long.Header}, long.Rows...)}
	g.place = func(row, _ int) diag.Place {
		at := diag.Place{File: shown}
		if row > 0 && row <= len(long.Lines) && long.Lines[row-1] > 0 {
			at.Line, at.Column = long.Lines[row-1], 1
		}
		return at
	}
	return g
}

// ReportOffice adds an error of office.Read to the faults.
func ReportOffice(err error, shown string, faults *diag.List) {
	f := (*office.Fault)(nil)
	if !errors.As(err, &f) {
		faults.Errorf(diag.Place{File: shown}, "office-file", "%s cannot be read: %s", shown, strings.TrimSpace(err.Error())).WithHint("download the file again")
		return
	}
	d := faults.Errorf(diag.Place{File: shown, Line: f.Line, Column: f.Column}, f.Code, "%s", f.Message)
	if f.Hint != "" {
		d.WithHint("%s", f.Hint)
	} else {
		d.WithHint("download the file again, or save it in another format")
	}
}
