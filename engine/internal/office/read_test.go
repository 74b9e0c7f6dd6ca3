package office

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

// one reads the only table of a file.
func one(t *testing.T, name, text string) *Cube {
	t.Helper()
	cubes, err := Read(name, []byte(text), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(cubes) != 1 {
		t.Fatalf("got %d tables", len(cubes))
	}
	return cubes[0]
}

// cells writes the cells of a cube, one a word.
func cells(c *Cube) string {
	var words []string
	for i := range c.Cells {
		k := &c.Cells[i]
		text := k.Text()
		if k.Status != Value {
			text = k.Status.String() + "(" + k.Symbol + ")"
		}
		if k.Flag > 0 {
			text += "/" + c.Flags[k.Flag-1]
		}
		words = append(words, fmt.Sprintf("%d:%s", k.At, text))
	}
	return strings.Join(words, " ")
}

// dims writes the dimensions of a cube.
func dims(c *Cube) string {
	var words []string
	for i := range c.Dims {
		d := &c.Dims[i]
		var k []string
		for j := range d.Categories {
			text := d.Categories[j].Code + "=" + d.Categories[j].Label
			if d.Total == j {
				text += "!"
			}
			if p := d.Categories[j].Parent; p >= 0 {
				text += fmt.Sprintf("<%d", p)
			}
			if u := d.Categories[j].Unit; u != "" {
				text += " [" + u + "]"
			}
			k = append(k, text)
		}
		words = append(words, fmt.Sprintf("%s|%s|%s(%s)", d.ID, d.Label, d.Role, strings.Join(k, "; ")))
	}
	return strings.Join(words, "\n")
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\ngot  %s\nwant %s", what, got, want)
	}
}

// Rows that end in semicolons, texts in several parts, a semicolon in a value, a
// variable whose name ends in a blank, codes for one variable only.
const pxRows = `CHARSET="ANSI";
AXIS-VERSION="2000";
MATRIX="7";
TITLE="Weddings by parish "
"and status";
CONTENTS="Weddings";
UNITS="weddings";
DECIMALS=0;
STUB="parish";
HEADING="sex ","status";
VALUES("parish")="Total",
"Côte; north","Hills";
CODES("parish")="T","null","02";
VALUES("sex ")="women","men";
VALUES("status")="all","single";
ELIMINATION("status")="all";
MAP("parish")="d";
SOURCE="Office ""of figures";
NOTE("parish")="Places#as of <b>2018</b>";
DATA=
10 8 - "..";
7 5 "." "...";
3 ".." 1 1;;
`

func TestPXRows(t *testing.T) {
	latin, err := charmap.Windows1252.NewEncoder().String(strings.ReplaceAll(pxRows, "\n", "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	c := one(t, "x.px", latin)
	expect(t, "dimensions", dims(c), "|parish|place(T=Total; null=Côte; north; 02=Hills)\n|sex|(=women; =men)\n|status|(=all!; =single)")
	expect(t, "cells", cells(c), "0:10 1:8 2:zero(-) 3:missing(..) 4:7 5:5 6:missing(.) 7:missing(...) 8:3 9:missing(..) 10:1 11:1")
	expect(t, "texts", strings.Join([]string{c.Format, c.ID, c.Title, c.Unit, c.Publisher}, "|"), "PC-Axis|7|Weddings by parish and status|weddings|Office of figures")
	expect(t, "notes", strings.Join(c.Notes, "|"), "parish: Places as of 2018")
	if line := c.Cells[4].Line; line != 22 {
		t.Errorf("the second row is on line %d", line)
	}
}

func TestPXLanguagesAndContents(t *testing.T) {
	c := one(t, "x.px", `CHARSET="ANSI"; CODEPAGE="utf-8"; LANGUAGE="en"; LANGUAGES="en","da";
TITLE="People"; TITLE[da]="Folk";
STUB="place"; STUB[da]="sted"; HEADING="contents","år"; HEADING[da]="indhold","år";
CONTVARIABLE="contents"; CONTVARIABLE[da]="indhold";
VALUES("place")="A","B"; VALUES[da]("sted")="Å","B"; VARIABLECODE("place")="P";
VALUES("contents")="People","Mean age"; CODES("contents")="N","M";
VALUES("år")="2021"; TIMEVAL("år")=TLIST(A1),"2021";
UNITS="count"; UNITS("People")="persons"; UNITS("Mean age")="years";
PRECISION("contents","Mean age")=1;
LAST-UPDATED("People")="20230615 08:00";
HIERARCHIES("place")="A","A":"B";
DATA= 5 30.5 6 "c"
;`)
	expect(t, "dimensions", dims(c), "P|place|(=A; =B<0)\n|contents|metric(N=People [persons]; M=Mean age [years])\n|år|time(=2021)")
	expect(t, "cells", cells(c), "0:5 1:30.5 2:6 3:suppressed(c)")
	if c.Updated != "20230615 08:00" || c.Dims[1].Categories[1].Decimals != 1 {
		t.Errorf("updated %q, decimals %d", c.Updated, c.Dims[1].Categories[1].Decimals)
	}
}

// With keys a row may be absent and rows may be in any order.
const pxKeys = `CHARSET="ANSI";AXIS-VERSION="2006";TITLE="t";UNITS="u";DECIMALS=2;
STUB="TIME","GEO";HEADING="AGE";
VALUES("TIME")="2007","2010";VALUES("GEO")="Italy","Finland";VALUES("AGE")="30 years","65 years";
CODES("TIME")="2007","2010";CODES("GEO")="IT","FI";
KEYS("TIME")=CODES;KEYS("GEO")=VALUES;
DATA=
"2010","Finland", 51.01 1
"2007","Italy", "-" 3
"2007","Finland", 4 "..";`

func TestPXKeys(t *testing.T) {
	c := one(t, "x.px", pxKeys)
	expect(t, "cells", cells(c), "6:51.01 7:1 0:zero(-) 1:3 2:4 3:missing(..)")
}

func TestPXFaults(t *testing.T) {
	for _, tt := range []struct{ name, from, to, want string }{
		{"too few", `3 ".." 1 1;;`, `3 ".." 1`, "the figures end after 11 of 12"},
		{"too many", `1 1;;`, `1 1 4 5;`, "more figures than the 12"},
		{"values and codes", `"T","null","02"`, `"T","null"`, "3 VALUES and 2 CODES"},
		{"no figures at all", "DATA=\n", "X=\n", "a keyword is expected here|is not closed|no keyword DATA"},
		{"quotation mark in the data", `1 1;;`, `1 "1`, "a quotation mark is not closed"},
		{"word in the data", "10 8", "ten 8", `"ten" is not a figure`},
		{"no values", `VALUES("sex ")="women","men";`, "", `"sex" has neither VALUES nor CODES`},
		{"twice", `HEADING="sex ",`, `HEADING="parish",`, `named twice`},
		{"encoding", `CHARSET="ANSI"`, `CHARSET="klingon"`, `"klingon" is not known`},
	} {
		_, err := Read("x.px", []byte(strings.ReplaceAll(strings.Replace(pxRows, tt.from, tt.to, 1), "ô", "\xf4")), "")
		fault := (*Fault)(nil)
		if !errors.As(err, &fault) {
			t.Errorf("%s: got %v", tt.name, err)
			continue
		}
		if !slices.ContainsFunc(strings.Split(tt.want, "|"), func(w string) bool { return strings.Contains(fault.Error(), w) }) {
			t.Errorf("%s: got %q", tt.name, fault.Error())
		}
	}
	_, err := Read("x.px", []byte(strings.Replace(pxKeys, `"2010","Finland"`, `"2011","Finland"`, 1)), "")
	if err == nil || !strings.Contains(err.Error(), `the key "2011"`) {
		t.Errorf("got %v", err)
	}
	_, err = Read("x.px", []byte(strings.Replace(pxKeys, `"2010","Finland"`, `"2007","Italy"`, 1)), "")
	if err == nil || !strings.Contains(err.Error(), "the keys of an earlier one") {
		t.Errorf("got %v", err)
	}
}

const stat2 = `{"version":"2.0","class":"dataset","label":"People","source":"Office","updated":"2026-06-08T06:00:00Z",
"note":["first","second"],"role":{"time":["Tid"],"metric":["C"],"geo":["R"]},
"id":["R","K","C","Tid"],"size":[2,3,1,1],
"dimension":{
 "R":{"label":"region","category":{"index":["01","03"],"label":{"01":"Stockholm","03":"Uppsala"},"child":{"01":["03"]}}},
 "K":{"label":"kön","category":{"index":{"2":2,"Tot":0,"1":1},"label":{"Tot":"totalt","1":"män","2":"kvinnor"}},"extension":{"elimination":true,"eliminationValueCode":"Tot"}},
 "C":{"category":{"label":{"N":"number"},"unit":{"N":{"base":"persons","decimals":0}}}},
 "Tid":{"label":"month","category":{"index":{"2026M01":0}}}},
"value":VALUE,"status":STATUS,"extension":{"px":{"tableid":"TAB1","decimals":0}}}`

func TestJSONStat2(t *testing.T) {
	for _, tt := range []struct{ value, status, want string }{
		{"[5,3,2,null,4,\"..\"]", `{"3":"c","4":"e"}`, "0:5 1:3 2:2 3:suppressed(c)/c 4:4/e 5:missing(..)"},
		{`{"4":4,"0":5,"2":null}`, `"p"`, "0:5/p 2:missing(p)/p 4:4/p"},
		{"[5,3,2,7,4,3]", `["","","","","",null]`, "0:5 1:3 2:2 3:7 4:4 5:3"},
	} {
		c := one(t, "x.json", strings.NewReplacer("VALUE", tt.value, "STATUS", tt.status).Replace(stat2))
		expect(t, "cells", cells(c), tt.want)
		expect(t, "dimensions", dims(c), "R|region|place(01=Stockholm; 03=Uppsala<0)\nK|kön|(Tot=totalt!; 1=män; 2=kvinnor)\nC||metric(N=number [persons])\nTid|month|time(2026M01=)")
		expect(t, "texts", strings.Join([]string{c.Format, c.ID, c.Title, c.Publisher, c.Updated, fmt.Sprint(c.Notes)}, "|"), "JSON-stat 2.0|TAB1|People|Office|2026-06-08T06:00:00Z|[first second]")
	}
}

// A bundle of version 1 names its datasets, and id, size and role are among the
// dimensions. One of these bundles lacks a size.
func TestJSONStat1(t *testing.T) {
	bundle := `{"QS":{"label":"Sex","value":{"0":9,"2":5,"1":4},"dimension":{"size":SIZE,"id":["W","S","T"],"role":{"geo":["W"],"time":["T"]},
"W":{"label":"Area","category":{"index":{"K":0},"label":{"K":"Wales"}}},
"S":{"label":"Sex","category":{"index":{"F":2,"M":1,"A":0},"label":{"F":"Females","M":"Males","A":"All"}}},
"T":{"label":"Time","category":{"index":{"c":0},"label":{"c":"2011"}}}}}SECOND}`
	read := func(size, second string) ([]*Cube, error) {
		return Read("x.json", []byte(strings.NewReplacer("SIZE", size, "SECOND", second).Replace(bundle)), "")
	}
	cubes, err := read("[1,3,1]", "")
	if err != nil || len(cubes) != 1 {
		t.Fatal(cubes, err)
	}
	expect(t, "cells", cells(cubes[0]), "0:9 1:4 2:5")
	expect(t, "id", cubes[0].ID, "QS")
	cubes, err = read("[3,1]", "")
	if err != nil || len(cubes[0].Warnings) != 1 {
		t.Errorf("a size that is missing is not repaired with a warning: %v %v", cubes, err)
	}
	if _, err = read("[1,2,1]", ""); err == nil || !strings.Contains(err.Error(), `"size" is [1 2 1], but the dimensions have [1 3 1]`) {
		t.Errorf("got %v", err)
	}
	cubes, err = read("[1,3,1]", `,"other":{"value":[1],"dimension":{"id":["A"],"size":[1],"A":{"category":{"label":{"a":"A"}}}}}`)
	if err != nil || len(cubes) != 2 || cubes[1].ID != "other" {
		t.Errorf("got %v %v", cubes, err)
	}
}

func TestJSONStatFaults(t *testing.T) {
	for _, tt := range []struct{ name, from, to, want string }{
		{"damaged", `"size"`, `"size`, "the JSON is damaged"},
		{"too few", "VALUE", "[1,2]", "there are 2 figures for 6 combinations"},
		{"too many", "VALUE", "[1,2,3,4,5,6,7]", "more figures than the 6"},
		{"position", "VALUE", `{"6":1}`, `the position "6"`},
		{"twice", "VALUE", `{"1":1,"1":2}`, "position 1 has two figures"},
		{"truth", "VALUE", `[true,1,1,1,1,1]`, "neither a number nor a text"},
		{"index", `{"2":2,"Tot":0,"1":1}`, `{"2":5,"Tot":0,"1":1}`, "do not have the positions 0 to 2"},
		{"no index", `"index":["01","03"],`, ``, "no index of their order"},
		{"described", `"id":["R","K"`, `"id":["R","Q"`, `"Q" is listed and not described`},
		{"error", `"class":"dataset"`, `"class":"error","x":1`, ""},
		{"no dataset", `"value":`, `"worth":`, "no JSON-stat dataset"},
	} {
		text := strings.Replace(stat2, tt.from, tt.to, 1)
		_, err := Read("x.json", []byte(strings.NewReplacer("VALUE", "[5,3,2,7,4,3]", "STATUS", "null").Replace(text)), "")
		if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
	_, err := Read("x.json", []byte(`{"class":"error","label":"too many cells"}`), "")
	if err == nil || !strings.Contains(err.Error(), "too many cells") {
		t.Errorf("got %v", err)
	}
}

func TestSDMX(t *testing.T) {
	for _, tt := range []struct{ name, text, dims, cells string }{
		{"codes, version 1", "DATAFLOW,LAST UPDATE,freq,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS\r\nESTAT:DEMO(1.0),08/05/26,A,RO,2024,12,p,\r\nESTAT:DEMO(1.0),08/05/26,A,MD,2024,,,C\r\n",
			"freq||(A=)\ngeo||place(RO=; MD=)\nTIME_PERIOD||time(2024=)", "0:12/p 1:suppressed()/C"},
		{"labels, version 1", "DATAFLOW,LAST UPDATE,freq,indic_de,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG\nE:D(1.0),x,Annual,Median age,Euro area – 20,2024,46.6,p\nE:D(1.0),x,Annual,Median age,Italy,2024,:,\n",
			"freq||(Annual=)\nindic_de||metric(=Median age)\ngeo||place(=Euro area – 20; =Italy)\nTIME_PERIOD||time(2024=)", "0:46.6/p 1:missing(:)"},
		{"both, version 1", "DATAFLOW,SEX: Sex,TIME_PERIOD: Time,OBS_VALUE\nE:D(1.0),F: Women,2020: 2020,3\nE:D(1.0),M: Men,2020: 2020,4\n",
			"SEX|Sex|(F=Women; M=Men)\nTIME_PERIOD|Time|time(2020=2020)", "0:3 1:4"},
		{"names beside codes, version 2", "STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,ACTION,REF_AREA,Reference area,SEX,Sex,TIME_PERIOD,Time period,OBS_VALUE,Observation value,OBS_STATUS,Observation status,UNIT_MULT,Unit multiplier,DECIMALS,Decimals\n" +
			"DATAFLOW,O:P(1.0),Persons,I,MLT,Malta,F,Female,2024,,1.5,,A,Normal value,3,Thousands,1,One\nDATAFLOW,O:P(1.0),Persons,I,MLT,Malta,M,Male,2024,,1.4,,E,Estimated value,3,Thousands,1,One\n",
			"REF_AREA|Reference area|place(MLT=Malta)\nSEX|Sex|(F=Female; M=Male)\nTIME_PERIOD|Time period|time(2024=)", "0:1.5 1:1.4/E"},
	} {
		c := one(t, "x.csv", tt.text)
		expect(t, tt.name+": dimensions", dims(c), tt.dims)
		expect(t, tt.name+": cells", cells(c), tt.cells)
	}
	c := one(t, "x.csv", "STRUCTURE,STRUCTURE_ID,ACTION,SEX,OBS_VALUE,DECIMALS,UNIT_MULT\ndataflow,O:P(1.0),I,F,1,1,3\ndataflow,O:P(1.0),I,M,2,1,3\n")
	if c.Decimals != 1 || len(c.Notes) != 1 || c.ID != "P" || c.Publisher != "O" {
		t.Errorf("got %+v", c)
	}
	for _, tt := range []struct{ text, want string }{
		{"DATAFLOW,SEX,OBS_VALUE\nx,F\n", "line 2: the row has 2 cells"},
		{"DATAFLOW,SEX,OBS_VALUE\nx,F,1\nx,F,2\n", "line 3: the row has the categories of line 2"},
		{"DATAFLOW,SEX,OBS_VALUE\nx,F,Yes\n", `OBS_VALUE "Yes" is not a figure`},
		{"DATAFLOW,SEX,OBS_VALUE\n", "no rows"},
	} {
		if _, err := Read("x.csv", []byte(tt.text), ""); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v", tt.text, err)
		}
	}
}

func TestEurostatTSV(t *testing.T) {
	c := one(t, "x.tsv", "age,sex,geo\\time\t2011 \t2012 \nTOTAL,T,IT\t4996158 b\t: \nTOTAL,F,RO\t: c\t73706.5 ep\n")
	expect(t, "dimensions", dims(c), "age||(TOTAL=)\nsex||(T=; F=)\ngeo||place(IT=; RO=)\ntime||time(2011=; 2012=)")
	expect(t, "cells", cells(c), "0:4996158/b 1:missing(:) 6:suppressed(: c)/c 7:73706.5/ep")
	for _, tt := range []struct{ text, want string }{
		{"age,geo\\time\t2011\nTOTAL\t1\n", "the first cell has 1 codes"},
		{"geo\\time\t2011\nIT\t1\t2\n", "the row has 3 cells"},
		{"geo\\time\t2011\nIT\tone\n", `"one" is not a figure`},
		{"geo\\time\t2011\nIT\t1\nIT\t2\n", "the categories of line 2"},
	} {
		if _, err := Read("x.tsv", []byte(tt.text), ""); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v", tt.text, err)
		}
	}
}

func TestCensus(t *testing.T) {
	c := one(t, "x.json", `[["NAME","B19013_001E","B25003_001E","state","county"],
["Ada County, Idaho","75115","202021","16","001"],["Adams County, Idaho",null,-666666666,"16","003"]]`)
	expect(t, "dimensions", dims(c), "county||place(16001=Ada County, Idaho; 16003=Adams County, Idaho)\nvariable||metric(B19013_001E=; B25003_001E=)")
	expect(t, "cells", cells(c), "0:75115 1:202021 2:missing() 3:missing(-666666666)")
	// Columns that tell the rows apart are dimensions, though they are numbers.
	c = one(t, "x.json", `[["POP","SEX","AGEGROUP","us"],["10","1","1","1"],["20","2","1","1"],["15","1","2","1"],["25","2","2","1"]]`)
	expect(t, "dimensions", dims(c), "SEX||(1=; 2=)\nAGEGROUP||(1=; 2=)\nus||(1=)\nvariable||metric(POP=)")
	for _, tt := range []struct{ text, want string }{
		{`[["NAME","P1_001N"],["a"]]`, "row 2 of the array has 1 cells"},
		{`[["NAME","P1_001N"],["a",{}]]`, "neither a text nor a number"},
		{`[["NAME","place"],["a","b"]]`, "no column of figures"},
		{`[["NAME"`, "cut off"},
	} {
		if _, err := Read("x.json", []byte(tt.text), ""); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v", tt.text, err)
		}
	}
}

func TestPxWebJSON(t *testing.T) {
	const text = `{"columns":[{"code":"R","text":"region","type":"d"},{"code":"Tid","text":"year","type":"t"},{"code":"N","text":"Persons","type":"c"},{"code":"X","text":"Net","type":"c"}],
"comments":[{"variable":"R","value":"02","comment":"since 2020"}],
"data":[{"key":["01","2020"],"values":["5","-2"]},{"key":["02","2020"],"values":["..","-"]}],
"metadata":[{"infofile":"None","updated":"2024-01-01T00:00:00Z","label":"People","source":"Office"}]}`
	c := one(t, "x.json", text)
	expect(t, "dimensions", dims(c), "R|region|(01=; 02=)\nTid|year|time(2020=)\ncontents||metric(N=Persons; X=Net)")
	expect(t, "cells", cells(c), "0:5 1:-2 2:missing(..) 3:zero(-)")
	if _, err := Read("x.json", []byte(strings.Replace(text, `"values":["5","-2"]`, `"values":["5"]`, 1)), ""); err == nil || !strings.Contains(err.Error(), "row 1 has 2 keys and 1 values") {
		t.Error(err)
	}
	if _, err := Read("x.json", []byte(strings.Replace(text, `["02","2020"]`, `["01","2020"]`, 1)), ""); err == nil || !strings.Contains(err.Error(), "the categories of") {
		t.Error(err)
	}
}

// Margins of error and annotations of a census API say something about estimates.
func TestCensusAnnotations(t *testing.T) {
	c := one(t, "x.json", `[["NAME","B01001_001E","B01001_001EA","B01001_001M","B01001_001MA","B01001_002E","B01001_002EA","state"],
["A","10",null,"-555555555","*****","4",null,"01"],["B","20",null,"3",null,"-666666666","-","02"]]`)
	expect(t, "dimensions", dims(c), "state||place(01=A; 02=B)\nvariable||metric(B01001_001E=; B01001_002E=)")
	expect(t, "cells", cells(c), "0:10 1:4 2:20 3:missing(-666666666)/-")
	expect(t, "warnings", strings.Join(c.Warnings, "|"), "B01001_001M is left out: it is the margin of error of B01001_001E")
}

func TestIs(t *testing.T) {
	for text, want := range map[string]bool{
		"a,b\n1,2\n":                       false,
		"region;OBS_VALUE\nx;1\n":          false,
		"CHARSET=\"ANSI\";\nTITLE=\"t\";":  true,
		"\xef\xbb\xbfCHARSET=\"ANSI\";":    true,
		`[["a","b"],["c",1]]`:              true,
		`{"class":"dataset"}`:              true,
		"geo\\TIME_PERIOD\t2011\nIT\t1\n":  true,
		"DATAFLOW,SEX,OBS_VALUE\nx,F,1\n":  true,
		"STRUCTURE;SEX;OBS_VALUE\nx;F;1\n": true,
		"":                                 false,
	} {
		if got := Is("x", []byte(text)); got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

func TestLong(t *testing.T) {
	l := one(t, "x.json", strings.NewReplacer("VALUE", "[5,3,2,null,4,3]", "STATUS", `{"1":"e"}`).Replace(stat2)).Long()
	expect(t, "header", strings.Join(l.Header, "|"), "region|kön|C|month|R|K|C code|Tid|value|flag")
	expect(t, "row", strings.Join(l.Rows[1], "|"), "Stockholm|män|number|2026M01|01|1|N|2026M01|3|e")
	expect(t, "missing", l.Rows[3][8], "")
	l = one(t, "x.px", pxKeys).Long()
	expect(t, "header", strings.Join(l.Header, "|"), "TIME|GEO|AGE|TIME code|GEO code|AGE code|value|flag")
	if l.Lines[0] != 7 {
		t.Errorf("line %d", l.Lines[0])
	}
}

func fuzz(f *testing.F, name string, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if name == "x.px" {
			if cubes, err := Read(name, data, "en"); err == nil && cubes[0].Languages[0] != "en" {
				t.Fatal("another language was read")
			}
		}
		cubes, err := Read(name, data, "")
		if err != nil {
			if e := (*Fault)(nil); !errors.As(err, &e) {
				t.Logf("no fault: %v", err)
			}
			return
		}
		for _, c := range cubes {
			total, ok := product(c.Sizes())
			if !ok || len(c.Cells) == 0 {
				t.Fatal("a cube without cells, or with too many")
			}
			seen := map[int64]bool{}
			for i := range c.Cells {
				if at := c.Cells[i].At; at < 0 || at >= total || seen[at] {
					t.Fatalf("cell %d is at %d of %d", i, at, total)
				}
				seen[c.Cells[i].At] = true
			}
			c.Long()
		}
	})
}

func FuzzPX(f *testing.F) { fuzz(f, "x.px", pxRows, pxKeys, pxTwo) }
func FuzzPxWebJSON(f *testing.F) {
	fuzz(f, "x.json", `{"columns":[{"code":"R","text":"r","type":"d"},{"code":"N","text":"n","type":"c"}],"data":[{"key":["1"],"values":["5"]}]}`)
}
func FuzzJSONStat(f *testing.F) {
	fuzz(f, "x.json", stat2, strings.NewReplacer("VALUE", "[5,3,2,null,4,3]", "STATUS", "null").Replace(stat2))
}
func FuzzCensus(f *testing.F) { fuzz(f, "x.json", `[["NAME","B1_001E","state"],["a","1","2"]]`) }
func FuzzSDMX(f *testing.F) {
	fuzz(f, "x.csv", "DATAFLOW,SEX: Sex,OBS_VALUE,OBS_FLAG\nE:D(1.0),F: W,3,p\n")
}
func FuzzEurostat(f *testing.F) { fuzz(f, "x.tsv", "age,geo\\time\t2011 \nTOTAL,IT\t4996158 b\n") }
