package table

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/personagen/personagen/engine/diag"
)

func list3(of string, labels ...string) Labels {
	l := Labels{Of: of}
	for _, text := range labels {
		l.List = append(l.List, Name{Text: text})
	}
	return l
}

func pattern(text string) *Pattern { return &Pattern{Regexp: regexp.MustCompile(text)} }

func TestLayouts(t *testing.T) {
	for _, c := range []struct {
		name, text string
		layout     Layout
		want       string // rows of the table, with the header
	}{
		{"blanks, empty rows and columns", "a , b,\n x, 1 ,\n,,\n\n\u00a0y\u202f,2,\n", Layout{}, "a|b; x|1; y|2"},
		{"line ends of old programs", "a,b\rx,1\ry,2\r", Layout{}, "a|b; x|1; y|2"},
		{"separator line", "sep=;\r\na;b\r\nx;1\r\n", Layout{}, "a|b; x|1"},
		{"quoted separator line", "\"sep=\t\"\na\tb\nx\t1\n", Layout{}, "a|b; x|1"},
		{"mark, separator line and line breaks in names", "\xef\xbb\xbfsep=;\n\"a\n(x)\";b\nx;1\n", Layout{}, "a (x)|b; x|1"},
		{"title with quotes", "The \"isle\", 2020\n\na|b\nx|1\n", Layout{Skip: 2, Separator: "|"}, "a|b; x|1"},
		{"lines in quotes", "a,b\n\"x\ny\",1\n", Layout{}, "a|b; x\ny|1"},
		{"no header", "x,1\ny,2\n", Layout{NoHeader: true}, "#1|#2; x|1; y|2"},
		{"unnamed", ",b\nx,1\n", Layout{}, "#1|b; x|1"},
		{"footnotes", "a,b\nx,1\nSource: us\nmore,text,here\n", Layout{Until: pattern("^Source")}, "a|b; x|1"},
		{"totals", "a,b\nx,1\nAll,1\nAll of it,1\nTotal\n", Layout{Drop: []Labels{{Of: "a", Pattern: regexp.MustCompile("^All")}, list3("a", "Total")}}, "a|b; x|1"},
		{"fill down", "r,d,n\nN,p,1\n,q,2\nS,,3\n,p,4\n", Layout{FillDown: []Name{{Text: "r"}, {Text: "d"}}}, "r|d|n; N|p|1; N|q|2; S||3; S|p|4"},
		{"headings", "a,n\nMen,\nx,1\nWomen,\nx,2\n", Layout{Headings: "sex"}, "a|n|sex; x|1|Men; x|2|Women"},
		{"two rows of header", "r,Men,,Women,\n,2020,2021,2020,2021\nx,1,2,3,4\n", Layout{Header: 2}, "r|Men 2020|Men 2021|Women 2020|Women 2021; x|1|2|3|4"},
		{"groups within groups", ",A,,B\n,p,,p\n,1,2,1\nx,3,4,5\n", Layout{Header: 3}, "#1|A p 1|A p 2|B p 1; x|3|4|5"},
		{"repeated rows of header", "a,Year\na,2020\nx,1\n", Layout{Header: 2}, "a|Year 2020; x|1"},
		{"wide", "a,Men,Women,Both\nx,1,2,3\ny,4,5,9\n", Layout{Wide: []Labels{list3("sex", "Men", "Women")}, Value: "n"},
			"a|Both|sex|n; x|3|Men|1; x|3|Women|2; y|9|Men|4; y|9|Women|5"},
		{"wide by a pattern", "a,n 2019,n 2020,p 2020\nx,1,2,3\n", Layout{Wide: []Labels{{Of: "year", Pattern: regexp.MustCompile(`^n (\d{4})$`)}}},
			"a|p 2020|year|value; x|3|2019|1; x|3|2020|2"},
		{"wide twice", "r,Men,,Women,\n,2020,2021,2020,2021\nx,1,2,3,4\n", Layout{Header: 2, Drop: []Labels{list3("year", "2021")},
			Wide: []Labels{list3("sex", "Men", "Women"), {Of: "year", Pattern: regexp.MustCompile(`\d{4}$`)}}},
			"r|sex|year|value; x|Men|2020|1; x|Women|2020|3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			faults := &diag.List{}
			f := Parse([]byte(c.text), "t.csv", c.layout, faults)
			if len(faults.Items) > 0 {
				t.Fatalf("%+v", faults.Items)
			}
			rows := []string{strings.Join(f.Header, "|")}
			for _, row := range f.Rows {
				rows = append(rows, strings.Join(row, "|"))
			}
			if got := strings.Join(rows, "; "); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestLayoutPlaces(t *testing.T) {
	text := "Title\n\nr;Men;Women\nx;1;2\n;3;4\n"
	faults := &diag.List{}
	f := Parse([]byte(text), "t.csv", Layout{Separator: ";", Skip: 2, FillDown: []Name{{Text: "r"}}, Wide: []Labels{list3("sex", "Men", "Women")}}, faults)
	if faults.Failed() {
		t.Fatal(faults.Items)
	}
	for _, c := range []struct{ row, column, line, at int }{
		{-1, 0, 3, 1}, {0, 0, 4, 1}, {1, 1, 3, 7}, {1, 2, 4, 5}, {3, 2, 5, 4}, {3, 0, 5, 1}, {-1, 1, 0, 0}, {9, 0, 0, 0}, {0, 9, 0, 0},
	} {
		if p := f.Place(c.row, c.column); p.Line != c.line || p.Column != c.at {
			t.Errorf("Place(%d, %d) = %v, want %d:%d", c.row, c.column, p, c.line, c.at)
		}
	}
}

func TestLayoutFaults(t *testing.T) {
	for _, c := range []struct {
		name, text string
		layout     Layout
		want       string
	}{
		{"skip", "a,b\n", Layout{Skip: 5}, "t.csv has only 1 lines | correct skip"},
		{"header", "a,b\n", Layout{Header: 3}, "t.csv has no row of column names left | correct skip or header"},
		{"two separators", "sep=;\na;b\n", Layout{Separator: ","}, `the first line of the file says that the separator is ';', the spec that it is ',' | remove separator from the spec, or correct it`},
		{"wide", "a,Men,Women\nx,1,2\n", Layout{Wide: []Labels{list3("sex", "Mem")}}, `no column of t.csv has "Mem" in its header, which wide names | did you mean "Men"?`},
		{"wide pattern", "a,Men\nx,1\n", Layout{Wide: []Labels{{Of: "sex", Pattern: regexp.MustCompile("^F")}}}, `no column of t.csv matches "^F", the pattern of sex in wide | its columns are "a", "Men"`},
		{"wide and column", "sex,Men\nx,1\n", Layout{Wide: []Labels{list3("sex", "Men")}}, `t.csv has a column "sex" beside that of wide | give the column of the figures another name, or rename the column in the file`},
		{"fill_down", "a,b\nx,1\n", Layout{FillDown: []Name{{Text: "c"}}}, `t.csv has no column "c", which fill_down names | its columns are "a", "b"`},
		{"title", "The isle\n\na,b\nx,1\ny,2\n", Layout{}, `the row has 2 cells, the header has 1 | say how the file is written: skip: 2`},
		{"semicolons", "a;b\nx;1\n", Layout{}, `the header has one column, which contains semicolons, tabs or bars | say how the file is written: separator: ";"`},
		{"encoding", "a,b\nx,1\n", Layout{Encoding: "klingon"}, `t.csv cannot be decoded: no encoding is called "klingon" | correct encoding, for example encoding: "windows-1252"`},
		{"web page", "\n<!DOCTYPE html><p>Not found, sorry</p>", Layout{}, `t.csv is a web page, not a text file | download the table itself; the page may say why it is not there`},
		{"compressed", "\x1f\x8b\x08", Layout{}, `t.csv is compressed, not a text file | unpack it first, for example with gunzip`},
		{"workbook", "PK\x03\x04", Layout{}, `t.csv is a workbook, not a text file | read a sheet of it: xlsx: {file: ..., sheet: ...} in place of csv`},
		{"no workbook", "a,b\n", Layout{Sheet: &Sheet{}}, `t.csv cannot be read: it is not an Excel workbook: zip: not a valid zip file | name an .xlsx file; for a text file, use csv in place of xlsx`},
		{"damaged workbook", "PK\x03\x04", Layout{Sheet: &Sheet{}}, `t.csv cannot be read: the workbook is damaged or cut off: zip: not a valid zip file | download the file again`},
	} {
		t.Run(c.name, func(t *testing.T) {
			faults := &diag.List{}
			Parse([]byte(c.text), "t.csv", c.layout, faults)
			if !faults.Failed() {
				t.Fatal("no fault")
			}
			if got := faults.Items[0].Message + " | " + faults.Items[0].Hint; got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestLayoutsThatDoNothingAreWarnedOf(t *testing.T) {
	faults := &diag.List{}
	Parse([]byte("a,b\nx,1\n"), "t.csv", Layout{Until: pattern("^Source"), Headings: "h",
		Drop: []Labels{list3("a", "Total"), {Of: "b", Pattern: regexp.MustCompile("^z")}}}, faults)
	var codes []string
	for _, d := range faults.Items {
		codes = append(codes, string(d.Severity)+" "+d.Code)
	}
	if want := []string{"warning no-end", "warning no-headings", "warning drops-nothing", "warning drops-nothing"}; !slices.Equal(codes, want) {
		t.Errorf("got %q, want %q", codes, want)
	}
}

func TestEncodings(t *testing.T) {
	encode := func(text string, e interface {
		Bytes([]byte) ([]byte, error)
	}) []byte {
		b, err := e.Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	const western, central, cyrillic = "Straße,n\nGöteborg,1\nMálaga,2\n", "miasto,n\nŁódź,1\nKraków i Świdnica,2\n", "город,n\nМосква,1\nТверь,2\n"
	for _, c := range []struct {
		name, text string
		data       []byte
		encoding   string
	}{
		{"windows-1252", western, encode(western, charmap.Windows1252.NewEncoder()), "windows-1252"},
		{"latin1", western, encode(western, charmap.ISO8859_1.NewEncoder()), "latin1"},
		{"windows-1250", central, encode(central, charmap.Windows1250.NewEncoder()), "windows-1250"},
		{"windows-1251", cyrillic, encode(cyrillic, charmap.Windows1251.NewEncoder()), "cp1251"},
		{"ibm850", western, encode(western, charmap.CodePage850.NewEncoder()), "ibm850"},
		{"utf-16 with a mark", western, encode(western, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder()), ""},
		{"utf-16be with a mark", cyrillic, encode(cyrillic, unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder()), ""},
		{"utf-16 without a mark", western, encode(western, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder()), "utf-16le"},
		{"utf-8 with a mark", western, append([]byte("\xef\xbb\xbf"), western...), "windows-1252"},
	} {
		t.Run(c.name, func(t *testing.T) {
			faults := &diag.List{}
			f := Parse(c.data, "t.csv", Layout{Encoding: c.encoding}, faults)
			if faults.Failed() {
				t.Fatal(faults.Items)
			}
			want := Parse([]byte(c.text), "t.csv", Layout{}, &diag.List{})
			if fmt.Sprint(f.Header, f.Rows) != fmt.Sprint(want.Header, want.Rows) {
				t.Errorf("got %q %q", f.Header, f.Rows)
			}
		})
	}
	for name, data := range map[string][]byte{
		"windows-1251": encode(strings.Repeat(cyrillic, 5), charmap.Windows1251.NewEncoder()),
		"windows-1252": encode(strings.Repeat(western, 5), charmap.Windows1252.NewEncoder()),
		"utf-16le":     encode(western, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder()),
	} {
		if g := Guess(data, Layout{}); g.Layout.Encoding != name {
			t.Errorf("guessed %q, want %q", g.Layout.Encoding, name)
		}
	}
}

func TestNumbers(t *testing.T) {
	spaces := Numbers{Thousands: " ", Decimal: ","}
	for _, c := range []struct {
		numbers Numbers
		cell    string
		want    float64
	}{
		{spaces, "1 234,5", 1234.5}, {spaces, "1\u00a0234\u202f567", 1234567}, {spaces, "12,5", 12.5}, {spaces, "-1 234", -1234},
		{Numbers{}, "\u221212", -12}, {Numbers{}, "１２", 12}, {Numbers{}, "١٢", 12}, {Numbers{Thousands: ","}, "12,34,567", 1234567},
		{Numbers{Thousands: ","}, "1,234.50", 1234.5}, {Numbers{Thousands: ","}, "1234", 1234}, {Numbers{Thousands: ".", Decimal: ","}, "1.234.567,8", 1234567.8},
		{Numbers{Thousands: "'"}, "1’234", 1234}, {Numbers{Zero: []string{"-", ""}}, "-", 0}, {Numbers{Zero: []string{"-", ""}}, " ", 0},
		{Numbers{Marks: []string{"*", "¹", "(a)"}}, "12 * (a)", 12}, {Numbers{Marks: []string{"%"}}, "12 %", 12}, {Numbers{Marks: []string{"€"}}, "€ 12", 12},
	} {
		if got, err := c.numbers.Parse(c.cell); err != nil || got != c.want {
			t.Errorf("%+v reads %q as %v, %v; want %v", c.numbers, c.cell, got, err, c.want)
		}
	}
	for _, c := range []struct {
		numbers Numbers
		cell    string
	}{
		{Numbers{}, "1,234"}, {Numbers{}, "1,5"}, {Numbers{}, "12%"}, {Numbers{}, "1 234"}, {Numbers{}, "1234¹"}, {Numbers{}, "1234*"}, {Numbers{}, "(12)"}, {Numbers{}, "12-"},
		{Numbers{Thousands: ","}, "1,5"}, {Numbers{Thousands: ","}, "1,23,4"}, {Numbers{Thousands: ","}, "12345,678"}, {Numbers{Thousands: ","}, ",123"},
		{Numbers{Thousands: ","}, "0,125"}, {Numbers{Thousands: ".", Decimal: ","}, "-0.125"}, {Numbers{Thousands: " "}, "012 345"},
		{Numbers{Thousands: ".", Decimal: ","}, "1.5"}, {Numbers{Decimal: ","}, "1.5"}, {Numbers{Thousands: " "}, "1 2"}, {Numbers{Thousands: ","}, "1,234,"},
		{Numbers{Thousands: ","}, "1.234,567"}, {Numbers{Marks: []string{"*"}}, "*"},
	} {
		if got, err := c.numbers.Parse(c.cell); !errors.Is(err, ErrNotNumber) {
			t.Errorf("%+v reads %q as %v, %v", c.numbers, c.cell, got, err)
		}
	}
	if _, err := (Numbers{Missing: []string{":"}}).Parse(" : "); err != ErrMissing {
		t.Errorf("got %v, want ErrMissing", err)
	}
}

func TestGuessNumbers(t *testing.T) {
	for _, c := range []struct{ cells, want string }{
		{"1;2;3", ""}, {"1,234;12", `thousands: ","`}, {"1,5;12", `decimal: ","`}, {"0,125;0,250;1,500;1", `decimal: ","`}, {"1.234,5;12", `decimal: ",", thousands: "."`},
		{"1\u00a0234;12", `thousands: " "`}, {"1'234;5", `thousands: "'"`}, {"12%;13 %", `marks: ["%"]`}, {"1,234¹;2*", `thousands: ",", marks: ["¹", "*"]`},
		{"-;1", `zero: ["-"]`}, {":;c;1", `missing: [":", "c"]`}, {"<5;7", `missing: ["<5"]`}, {"12 p;3", `marks: ["p"]`},
		{"€ 12;3 €", `marks: ["€"]`}, {"$1,234;$2", `thousands: ",", marks: ["$"]`}, {"(12);3", ""},
		{"~12;≈ 1'300;4", `thousands: "'", marks: ["~", "≈"]`}, {"(c);[x];4", `missing: ["(c)", "[x]"]`},
	} {
		_, settings := guessNumbers(strings.Split(c.cells, ";"), Numbers{})
		if got := written(settings); got != c.want {
			t.Errorf("%q: got %s, want %s", c.cells, got, c.want)
		}
	}
}

func TestParseAge(t *testing.T) {
	for label, want := range map[string][2]int{
		"30": {30, 30}, "30 anos": {30, 30}, "1 ano": {1, 1}, "85+": {85, OpenAge}, "85 +": {85, OpenAge}, "100 and over": {100, OpenAge},
		"75 anos ou mais": {75, OpenAge}, "75 ani și peste": {75, OpenAge}, "65 ans et plus": {65, OpenAge}, "90 Jahre und älter": {90, OpenAge},
		"Menos de 1 ano": {0, 0}, "Under 1": {0, 0}, "<1": {0, 0}, "Less than 5 years": {0, 4}, "unter 1 Jahr": {0, 0}, ">74": {75, OpenAge}, "≥ 75": {75, OpenAge},
		"25-29": {25, 29}, "25 – 29 years": {25, 29}, "25 to 29": {25, 29}, "25 a 29 anos": {25, 29}, "De 5 a 9 años": {5, 9}, "25 bis unter 30 Jahre": {25, 29},
		"1-Jährige": {1, 1}, "85 лет и старше": {85, OpenAge}, "歳以上": {-1, 0}, "85歳以上": {85, OpenAge}, "10~14歳": {10, 14}, "٨٥+": {85, OpenAge},
		"Total": {-1, 0}, "over 65": {-1, 0}, "65 summers": {-1, 0}, "30-20": {-1, 0}, "2020": {-1, 0}, "1 2 3": {-1, 0}, "": {-1, 0}, "15-": {-1, 0}, "10-14 m": {-1, 0},
		"under 0": {-1, 0}, "15-19+": {-1, 0}, "4 and under": {0, 4}, "Under 4": {0, 3}, "14 oder jünger": {0, 14}, "and under 4": {-1, 0},
	} {
		low, high, ok := ParseAge(label, &AgeWords{})
		if !ok {
			low, high = -1, 0
		}
		if low != want[0] || high != want[1] {
			t.Errorf("%q: got %d to %d, want %v", label, low, high, want)
		}
	}
	if low, high, ok := ParseAge("over 65 winters", &AgeWords{Open: []string{"over"}, Unit: []string{"winters"}}); !ok || low != 65 || high != OpenAge {
		t.Errorf("own words: got %d to %d, %v", low, high, ok)
	}
}

// A guess describes the files of its kind so that they read without a fault.
func TestGuess(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"plain", "a,n\nx,1\ny,2\n", ""},
		{"years", "zone,2019,2020\nN,10,20\nS,30,40\n", ""},
		{"title, units and source", "Persons;;\n;;\nzone;Men;Women\nN;1;2\nS;3;4\nSource: us;;\n", `separator: ";", skip: 2, until: "^Source: us$"`},
		{"two rows of header", "zone,Men,,Women,\n,2019,2020,2019,2020\nN,1,2,3,4\nS,5,6,7,8\n", "header: 2"},
		{"labels once", "zone,sex,n\nN,m,1\n,f,2\nS,m,3\n,f,4\n", `fill_down: ["zone"]`},
		{"headings", "zone,n,m\nMen,,\nN,1,2\nS,2,3\nWomen,,\nN,3,4\nS,4,5\n", `headings: "heading"`},
		{"tabs and commas", "zone\tn\nN\t1,5\nS\t2,5\n", `separator: "\t", decimal: ","`},
		{"only labels", "code,name\nx,Ex\ny,Why\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := Guess([]byte(c.text), Layout{})
			if got := g.Written(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			faults := &diag.List{}
			if Parse([]byte(c.text), "t.csv", g.Layout, faults); len(faults.Items) > 0 {
				t.Errorf("faults: %+v", faults.Items)
			}
		})
	}
}

func FuzzLayout(f *testing.F) {
	f.Add([]byte("Title\na;Men;Women\nx;1;2\n;3;4\nSource\n"), ";", "", 1, 1, true)
	f.Add([]byte("sep=,\n,A,\n,1,2\nx,1,2\n"), "", "windows-1252", 0, 2, false)
	f.Add([]byte("\xff\xfea\x00,\x00b\x00\n\x00"), "\t", "utf-16le", 0, 0, true)
	f.Fuzz(func(t *testing.T, data []byte, separator, encoding string, skip, header int, wide bool) {
		if len(data) > 1<<14 || separator != "" && !ValidSeparator(separator) {
			return
		}
		l := Layout{Separator: separator, Encoding: encoding, Skip: min(max(skip, 0), 50), Header: min(max(header, 0), 5), NoHeader: header < 0,
			Until: pattern("^Source"), Headings: "heading"}
		if wide {
			l.Headings, l.Wide = "", []Labels{{Of: "label", Pattern: regexp.MustCompile("[0-9A-Z]")}}
			l.FillDown = []Name{{Text: "a"}}
		}
		for range 2 {
			faults := &diag.List{}
			file := Parse(data, "t.csv", l, faults)
			if !faults.Failed() {
				lines := strings.Count(string(data), "\n") + strings.Count(string(data), "\r") + 1
				for r, row := range file.Rows {
					if len(row) != len(file.Header) {
						t.Fatalf("row %d has %d cells, the header has %d", r, len(row), len(file.Header))
					}
					for c := range row {
						if at := file.Place(r, c); l.Encoding == "" && at.Line > lines {
							t.Fatalf("the cell %d of row %d is at %v", c, r, at)
						}
						if n, err := file.Number(r, c); err == nil && (math.IsNaN(n) || math.IsInf(n, 0)) {
							t.Fatalf("%q is %v", row[c], n)
						}
					}
				}
			}
			l = Guess(data, l).Layout
		}
	})
}

func FuzzParseAge(f *testing.F) {
	f.Add("25 to under 30")
	f.Add("85+")
	f.Fuzz(func(t *testing.T, label string) {
		if low, high, ok := ParseAge(label, &AgeWords{}); ok && (low < 0 || high < low) {
			t.Fatalf("%q: %d to %d", label, low, high)
		}
	})
}

func TestSizeOfFiles(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"columns", "region,n\nNorth,1\n" + strings.Repeat(",", maxColumns) + "\n", "t.csv:3:1: the row has 100,001 cells, and at most 100,000 are read | keep only the rows and columns that the spec needs"},
		{"cells", strings.Repeat(strings.Repeat(",", maxColumns-1)+"\n", maxCells/maxColumns+1), "t.csv:201:1: the file has more than 20,000,000 cells up to here, and no more are read | keep only the rows and columns that the spec needs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			faults := &diag.List{}
			Parse([]byte(c.data), "t.csv", Layout{}, faults)
			if len(faults.Items) == 0 {
				t.Fatal("got no fault")
			}
			d := faults.Items[0]
			if got := fmt.Sprintf("%s: %s | %s", d.Place, d.Message, d.Hint); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
