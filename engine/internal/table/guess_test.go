package table

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/personagen/personagen/engine/diag"
)

// Encodings of which one decodes the bytes of the other.
func TestGuessAsianEncodings(t *testing.T) {
	for name, text := range map[string]string{
		"euc-kr":    "행정구역,성별,인구\n서울특별시,남자,12\n부산광역시,여자,34\n",
		"shift_jis": "都道府県,男女,人口\n北海道,男,12\n青森県,女,34\n",
		"euc-jp":    "都道府県,男女,人口\n北海道,男,12\n青森県,女,34\n",
		"gb18030":   "地区,性别,人口\n北京市,男,12\n天津市,女,34\n",
	} {
		e, err := htmlindex.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := e.NewEncoder().Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if g := Guess(data, Layout{}); g.Layout.Encoding != name {
			t.Errorf("%s: got %s", name, g.Written())
		}
	}
	latin, _ := htmlindex.Get("windows-1252")
	data, _ := latin.NewEncoder().Bytes([]byte("Gemeinde,Männer,Frauen\nZürich,12,13\nGenève,3,4\nMünchenbuchsee,5,6\n"))
	if g := Guess(data, Layout{}); g.Layout.Encoding != "windows-1252" {
		t.Errorf("latin: got %s", g.Written())
	}
}

func TestGuessHeaders(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"a title with its number, beside the names of columns", "T02,\"Population, density\",,,\nRegion,,Year,Series,Value\n1,World,2010,Population,7\n4,Elsewhere,2010,Population,8\n", "skip: 1"},
		{"keys and values above the table", "\"Table\"\n\n\"Units :\",\"Persons\"\n\"Date :\",\"2021\"\n\n\"area\",\"code\",\"Total\",\"Men\"\n\"North\",\"E1\",\"5\",\"2\"\n\"South\",\"E2\",\"7\",\"3\"\n", "skip: 5"},
		{"months above the names of columns", "Zone,Item,2024.06,2024.06,2024.07,2024.07\nZone,Item,Total,0-4,Total,0-4\nNorth,Men,5,1,6,2\nSouth,Men,7,3,8,4\n", "header: 2"},
		{"two rows of header", "Region,Men,,Women,\n,2020,2021,2020,2021\nNorth,5,6,7,8\nSouth,1,2,3,4\n", "header: 2"},
		{"codes that the total lacks", "code,label,sex,value\n01,North,men,5\n01,North,women,6\n02,South,men,7\n02,South,women,8\n03,West,men,1\n,Total,men,13\n,Total,women,14\n", ""},
		{"labels that stand once", "age,sex,value\n0-9,men,5\n,women,6\n10+,men,7\n,women,8\n", `fill_down: ["age"]`},
		{"numbers of footnotes", "area,sex,value,note\nNorth,men,5,\"1,2\"\nNorth,women,6,\nSouth,men,7,\nSouth,women,8,\nWest,men,1,\n", ""},
	} {
		if g := Guess([]byte(tt.text), Layout{}); g.Written() != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, g.Written(), tt.want)
		}
	}
}

func TestFixedColumns(t *testing.T) {
	layout := Layout{Skip: 1, Fixed: []FixedColumn{{"sex", 1, 1}, {"age", 2, 4}, {"place", 6, 20}}}
	text := "a title\n1 30 Genève\r\n\n2105 Ålesund fjord\n1  7\n"
	faults := &diag.List{}
	f := Parse([]byte(text), "t.txt", layout, faults)
	if faults.Failed() {
		t.Fatal(faults.Items)
	}
	var rows []string
	for _, r := range f.Rows {
		rows = append(rows, strings.Join(r, "|"))
	}
	if got := strings.Join(f.Header, "|") + " " + strings.Join(rows, " "); got != "sex|age|place 1|30|Genève 2|105|Ålesund fjord 1|7|" {
		t.Error(got)
	}
	if at := f.Place(1, 1); at.Line != 4 || at.Column != 2 {
		t.Errorf("place %+v", at)
	}
	s := NewStream(strings.NewReader(text), "t.txt", &layout, faults)
	for _, want := range rows {
		cells, err := s.Next(faults)
		if err != nil || strings.Join(cells, "|") != want {
			t.Errorf("stream: got %q, %v, want %q", cells, err, want)
		}
	}
	if at := s.Place(2); at.Line != 5 || at.Column != 6 {
		t.Errorf("place %+v", at)
	}
	if a, b := layout.Key(), (&Layout{Skip: 1}).Key(); a == b {
		t.Error("layouts with the same key")
	}
}
