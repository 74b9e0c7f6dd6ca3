package importer

import (
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/office"
	"github.com/personagen/personagen/engine/internal/sheet"
	"github.com/personagen/personagen/engine/internal/table"
)

// Options choose a table in a file, and say how it is written.
type Options struct {
	Table, Sheet string
	Language     string // of a PC-Axis file with several; "" for the default one
	Skip, Header int    // rows above the header, and of it; 0 to guess
}

// Opened is a table of a file with what is known about the file.
type Opened struct {
	*office.Cube
	Origin Origin
	Layout []table.Setting // of a text file or sheet: how it is written, with evidence
}

// Open reads a table: a file in one of the formats of package office, a CSV file or a
// workbook. Faults are added to the list; then the result is nil.
func Open(data []byte, shown string, o Options, faults *diag.List) *Opened {
	workbook := sheet.Is(data)
	if !workbook && !table.CheckText(data, diag.Place{File: shown}, "the file", faults) {
		return nil
	}
	if workbook || !office.Is(shown, data) {
		if o.Language != "" {
			faults.Errorf(diag.Place{File: shown}, "no-language", "the file says nothing about languages").WithHint("remove --language")
			return nil
		}
		return openTable(data, shown, o, faults)
	}
	cubes, err := office.Read(shown, data, o.Language)
	if err != nil {
		table.ReportOffice(err, shown, faults)
		return nil
	}
	at := 0
	if len(cubes) > 1 || o.Table != "" {
		var names []string
		for _, c := range cubes {
			names = append(names, strconv.Quote(c.ID))
		}
		at = slices.IndexFunc(cubes, func(c *office.Cube) bool { return c.ID == o.Table })
		if at < 0 {
			d := faults.Errorf(diag.Place{File: shown}, "several-tables", "the file has %d tables: %s", len(cubes), strings.Join(names, ", "))
			d.WithHint("choose one: --table %s", names[0])
			return nil
		}
	}
	c := cubes[at]
	out := &Opened{Cube: c, Origin: Origin{Form: "csv", Long: c.Long()}}
	if len(cubes) > 1 {
		out.Origin.Layout = []string{"table: " + cue(c.ID)}
	}
	if o.Language != "" {
		out.Origin.Layout = append(out.Origin.Layout, "language: "+cue(o.Language))
	}
	return out
}
