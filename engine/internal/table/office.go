package table

import (
	"errors"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
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
	cubes, err := office.Read(shown, data, layout.Language)
	if err != nil {
		ReportOffice(err, shown, faults)
		return nil
	}
	cube := chooseTable(cubes, layout, shown, faults)
	if cube == nil {
		return nil
	}
	long := cube.Long()
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

// chooseTable returns the table that the layout names, or the only one. It returns nil
// after it has reported that there is none.
func chooseTable(cubes []*office.Cube, layout *Layout, shown string, faults *diag.List) *office.Cube {
	if len(cubes) == 1 && layout.Table == "" {
		return cubes[0]
	}
	var names []string
	for _, c := range cubes {
		if c.ID == layout.Table {
			return c
		}
		names = append(names, c.ID)
	}
	d := faults.Errorf(layout.placeOr(shown), "several-tables", "%s has the tables %s", shown, humanize.Quoted(names))
	if near := diag.Guess(layout.Table, names); near != "" {
		d.WithHint("did you mean %q?", near)
	} else {
		d.WithHint("say which one is read: table: %q", names[0])
	}
	return nil
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
