package importer

import (
	"github.com/personagen/personagen/engine/diag"
)

// openTable reads a CSV file or a sheet.
func openTable(data []byte, shown string, o Options, faults *diag.List) *Opened {
	faults.Errorf(diag.Place{File: shown}, "no-table", "the file is in no format that is known")
	return nil
}
