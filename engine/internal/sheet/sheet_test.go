package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// workbook writes a workbook with the sheets "Notes", which is empty, and "Table 1".
func workbook(t testing.TB, fill func(f *excelize.File, set func(cell string, value any))) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	check(f.SetSheetName("Sheet1", "Notes"))
	_, err := f.NewSheet("Table 1")
	check(err)
	fill(f, func(cell string, value any) { check(f.SetCellValue("Table 1", cell, value)) })
	var out bytes.Buffer
	check(f.Write(&out))
	return out.Bytes()
}

func read(t testing.TB, data []byte, name, area string) [][]string {
	t.Helper()
	c, err := Read(data, name, area)
	if err != nil {
		t.Fatal(err)
	}
	return c.Rows
}

func TestCellsAreReadAsTheyAreShown(t *testing.T) {
	day := time.Date(2024, 1, 31, 0, 0, 0, 0, time.UTC)
	data := workbook(t, func(f *excelize.File, set func(string, any)) {
		style := func(cell string, s *excelize.Style) {
			id, err := f.NewStyle(s)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.SetCellStyle("Table 1", cell, cell, id); err != nil {
				t.Fatal(err)
			}
		}
		code := `dd/mm/yyyy`
		thousands := `#,##0.0 "d"`
		for i, c := range []struct {
			value any
			style *excelize.Style
		}{
			{0.1 + 0.2, nil},
			{2012500, nil},
			{"007", nil},
			{1234567.891, &excelize.Style{CustomNumFmt: &thousands}},
			{0.125, &excelize.Style{NumFmt: 10}},
			{day, nil},
			{45322, &excelize.Style{CustomNumFmt: &code}},
			{true, nil},
			{-12, nil},
			{1e15, nil},
		} {
			cell := fmt.Sprintf("A%d", i+1)
			set(cell, c.value)
			if c.style != nil {
				style(cell, c.style)
			}
		}
		if err := f.SetCellFormula("Table 1", "B1", "SUM(A1:A2)"); err != nil {
			t.Fatal(err)
		}
	})
	rows := read(t, data, "", "")
	var got []string
	for _, row := range rows {
		got = append(got, row[0])
	}
	want := []string{"0.3", "2012500", "007", "1234567.891", "12.5%", "2024-01-31", "2024-01-31", "TRUE", "-12", "1000000000000000"}
	got[7] = strings.ToUpper(got[7])
	if got[7] == "1" {
		got[7] = "TRUE"
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if rows[0][1] != "=SUM(A1:A2)" {
		t.Errorf("a formula that was never computed is %q", rows[0][1])
	}
}

func TestMergedCellsHaveTheirText(t *testing.T) {
	data := workbook(t, func(f *excelize.File, set func(string, any)) {
		set("A1", "title")
		set("B2", "Male")
		set("A3", "North")
		set("B3", 1)
		set("C3", 2)
		set("C4", 3)
		for _, area := range [][2]string{{"A1", "C1"}, {"B2", "C2"}, {"A3", "A4"}, {"B3", "B4"}} {
			if err := f.MergeCell("Table 1", area[0], area[1]); err != nil {
				t.Fatal(err)
			}
		}
	})
	want := [][]string{{"title", "title", "title"}, {"", "Male", "Male"}, {"North", "1", "2"}, {"North", "", "3"}}
	if got := read(t, data, "Table 1", ""); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q: a number is one figure", got, want)
	}
	c, err := Read(data, "Table 1", "$B$2:C3")
	if err != nil || fmt.Sprint(c.Rows) != "[[Male Male] [1 2]]" || c.Name(1, 0) != "B3" {
		t.Errorf("range: got %v, %v", c, err)
	}
}

func TestRefusals(t *testing.T) {
	two := workbook(t, func(f *excelize.File, set func(string, any)) {
		set("A1", 1)
		if err := f.SetCellValue("Notes", "A1", "note"); err != nil {
			t.Fatal(err)
		}
	})
	var wide strings.Builder // one cell at the end of each row
	for row := 1; row <= 400; row++ {
		fmt.Fprintf(&wide, `<row r="%d"><c r="XFD%d"><v>1</v></c></row>`, row, row)
	}
	far := archive(t, map[string]string{
		"[Content_Types].xml":        `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`,
		"_rels/.rels":                `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Table 1" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + wide.String() + `</sheetData></worksheet>`,
	})
	for _, c := range []struct {
		name        string
		data        []byte
		sheet, area string
		want, hint  string
	}{
		{"two sheets", two, "", "", "it has 2 sheets", `sheet: "Notes"`},
		{"misspelt", two, "Tabel 1", "", `it has no sheet "Tabel 1"`, `did you mean "Table 1"?`},
		{"range", two, "Notes", "5:A1:", `the range "5:A1:" is not one of cells`, "A5:F30"},
		{"turned range", two, "Notes", "B2:A1", `is not one of cells`, "A5:F30"},
		{"text", []byte("a,b\n"), "", "", "it is not an Excel workbook", "use csv"},
		{"old", append(slices.Clone(old), 0), "", "", "old .xls file", "save it as .xlsx"},
		{"other program", archive(t, map[string]string{"mimetype": "application/x"}), "", "", "another spreadsheet program", ".xlsx"},
		{"no workbook", archive(t, map[string]string{"a.xml": "<a/>"}), "", "", "", ""},
		{"bomb", archive(t, map[string]string{"xl/worksheets/sheet1.xml": strings.Repeat(" ", maxUnpacked+1)}), "", "", "unpacks to more than 128 MB", "CSV"},
		{"far cell", far, "Table 1", "", "more than 5000000 cells", "range"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read(c.data, c.sheet, c.area)
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(e.Text, c.want) || !strings.Contains(e.Hint, c.hint) {
				t.Errorf("got %+v, want %q with the hint %q", err, c.want, c.hint)
			}
		})
	}
}

func archive(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range parts {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestFormats(t *testing.T) {
	for code, want := range map[string]format{
		"General": plain, "0.00": plain, "#,##0": plain, "0.0%": percent, "yyyy-mm-dd": date, "d mmm yy": date,
		`[$-409]d\-mmm\-yy;@`: date, `0 "days"`: plain, "yyyy-mm-dd hh:mm": clock, `#,##0\ "mdy"`: plain, "@": plain, "[Red]0": plain,
	} {
		if got := formatOf(code); got != want {
			t.Errorf("%q: got %d, want %d", code, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(workbook(f, func(_ *excelize.File, set func(string, any)) { set("B2", 1.5) }), "")
	f.Add([]byte("PK\x03\x04"), "A1:B2")
	f.Fuzz(func(t *testing.T, data []byte, area string) {
		c, err := Read(data, "", area)
		if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
			t.Fatalf("the error %v has no hint", err)
		}
		if err == nil && c == nil {
			t.Fatal("neither cells nor an error")
		}
	})
}
