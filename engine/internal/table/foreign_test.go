package table

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/personagen/personagen/engine/diag"
)

// wideText encodes a text as UTF-16, little endian or big.
func wideText(text string, big, mark bool) []byte {
	var out []byte
	units := utf16.Encode([]rune(text))
	if mark {
		units = append([]uint16{0xfeff}, units...)
	}
	for _, u := range units {
		if big {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return out
}

func TestFilesInAnotherForm(t *testing.T) {
	const good = "region,n\nNorth,1\nSouth,2\n"
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write([]byte(good))
	w.Close()
	for _, c := range []struct {
		name, data, want string
	}{
		{"good", good, ""},
		{"mark", "\ufeff" + good, ""},
		{"carriage returns before line feeds", strings.ReplaceAll(good, "\n", "\r\n"), ""},
		{"one line", "region,n", ""},
		{"workbook", "PK\x03\x04\x14\x00", "a.csv:1:1: the file is a workbook or a zip archive, not CSV | export the sheet as CSV in UTF-8"},
		{"old workbook", "\xd0\xcf\x11\xe0\xa1", "a.csv:1:1: the file is an old workbook (xls), not CSV | export the sheet as CSV in UTF-8"},
		{"gzip", packed.String(), "a.csv:1:1: the file is compressed, not CSV | decompress it"},
		{"page", "\n <!DOCTYPE html><p>no</p>", "a.csv:1:1: the file is a web page, not CSV | download the data itself: the server sent a page, perhaps about an error"},
		{"LFS", "version https://git-lfs.github.com/spec/v1\n", "a.csv:1:1: the file is a pointer of Git LFS, not the data | fetch the data: git lfs pull"},
		{"UTF-16", string(wideText(good, false, true)), "a.csv:1:1: the file is in UTF-16, not UTF-8 | save the file as UTF-8"},
		{"UTF-16, big", string(wideText(good, true, true)), "a.csv:1:1: the file is in UTF-16, not UTF-8 | save the file as UTF-8"},
		{"UTF-16 without a mark", string(wideText(good, false, false)), "a.csv:1:1: the file is in UTF-16, not UTF-8 | save the file as UTF-8"},
		{"carriage returns", strings.ReplaceAll(good, "\n", "\r"), `a.csv:1:1: the file is one line, because its lines end in a carriage return alone | save the file with line feeds ("\n" or "\r\n")`},
		{"sep", "sep=;\n" + good, "a.csv:1:1: the file is preceded by a line sep=, which only spreadsheets know | remove the first line, and separate the columns with commas"},
		{"columns", good + strings.Repeat(",", maxColumns) + "\n", "a.csv:4:1: the row has 100,001 cells, and at most 100,000 are read | keep only the rows and columns that the spec needs"},
		{"cells", strings.Repeat(strings.Repeat(",", maxColumns-1)+"\n", maxCells/maxColumns+1), "a.csv:201:1: the file has more than 20,000,000 cells up to here, and no more are read | keep only the rows and columns that the spec needs"},
	} {
		faults := &diag.List{}
		f := &File{Path: "a.csv", data: []byte(strings.TrimPrefix(c.data, "\ufeff"))}
		if f.checkForm(faults) {
			f.checkSize(faults)
		}
		got := ""
		for _, d := range faults.Items {
			got += d.Place.String() + ": " + d.Message + " | " + d.Hint
		}
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestNumberHint(t *testing.T) {
	const plain = "write a plain number, such as 1234 or 12.5, or leave the row out with where"
	const missing = "is the figure missing? write 0 if it means none, or leave the row out with where"
	for cell, want := range map[string]string{
		"1 234": "is it grouped by thousands? write 1234", "1\u00a0234": "is it grouped by thousands? write 1234",
		"1\u202f234\u202f567": "is it grouped by thousands? write 1234567", "1'234": "is it grouped by thousands? write 1234",
		"1,234": "is it grouped by thousands? write 1234", "1.234.567": "is it grouped by thousands? write 1234567",
		"1.234,5": "is it grouped by thousands? write 1234.5", "1,234.56": "is it grouped by thousands? write 1234.56",
		"1.234,567": "is it grouped by thousands? write 1234.567", "-12 345": "is it grouped by thousands? write -12345",
		"0,5": "is the comma a decimal point? write 0.5", "12,25": "is the comma a decimal point? write 12.25",
		"12%": `write 12, and measure: "percent" in the table`, "12.5 %": `write 12.5, and measure: "percent" in the table`,
		"12*": "remove the mark: write 12", "1234 b": "remove the mark: write 1234", "5(a)": "remove the mark: write 5",
		"–": missing, "..": missing, ":": missing, "N/A": missing, "": "write a figure, 0 if there are none, or leave the row out with where",
		"many": plain, "1,23,4": plain, "0x10": plain, "(12)": plain,
	} {
		if got := NumberHint(cell); got != want {
			t.Errorf("%q: got %q, want %q", cell, got, want)
		}
	}
}
