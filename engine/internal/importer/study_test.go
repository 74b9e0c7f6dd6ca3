package importer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/diag"
)

// opened reads a file.
func opened(t *testing.T, name, text string) *Opened {
	t.Helper()
	faults := &diag.List{}
	o := Open([]byte(text), name, Options{}, faults)
	if faults.Failed() {
		t.Fatal(faults.Items)
	}
	return o
}

func look(t *testing.T, name, text string, c Choices) *Study {
	t.Helper()
	s, err := Look(opened(t, name, text).Cube, c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// kept writes the categories that are read, by dimension.
func kept(s *Study) string {
	var out []string
	for i := range s.Axes {
		var names []string
		for _, j := range s.Kept(i) {
			names = append(names, s.Cube.Dims[i].Categories[j].Name())
		}
		out = append(out, strings.Join(names, ","))
	}
	return strings.Join(out, " | ")
}

// evidence returns why a category is left out, "" if it is not.
func evidence(s *Study, category string) string {
	for i := range s.Axes {
		for _, d := range s.Axes[i].Drops {
			if s.Cube.Dims[i].Categories[d.Category].Name() == category {
				return strings.Join(d.Evidence, "; ")
			}
		}
	}
	return ""
}

func questions(s *Study) string {
	var out []string
	for _, q := range s.Open {
		out = append(out, q.Text+" {"+strings.Join(q.Answers, " | ")+"}")
	}
	return strings.Join(out, "\n")
}

// long writes a file of persons by place and status: places down, one row for each.
func long(rows ...string) string { return "place,status,persons\n" + strings.Join(rows, "\n") + "\n" }

func TestTotals(t *testing.T) {
	for _, tt := range []struct {
		name, text   string
		choices      Choices
		kept         string
		out          map[string]string // category to a part of its evidence
		open, answer string            // parts of the questions
	}{
		{name: "a total by label and sum",
			text: long("A,Total,30", "A,single,10", "A,married,20", "B,Total,7", "B,single,3", "B,married,4", "C,Total,9", "C,single,4", "C,married,5"),
			kept: "A,B,C | single,married", out: map[string]string{"Total": "label; adds up in 3 of 3 cells"}},
		{name: "a total by its sum alone",
			text: long("A,people,30", "A,single,10", "A,married,20", "B,people,7", "B,single,3", "B,married,4", "C,people,9", "C,single,4", "C,married,5"),
			kept: "A,B,C | single,married", out: map[string]string{"people": "adds up in 3 of 3 cells"}},
		{name: "two cells do not prove a total that no label names",
			text: long("A,people,30001", "A,single,10000", "A,married,20001", "B,people,70003", "B,single,30001", "B,married,40002"),
			kept: "A,B | people,single,married", open: "three cells with figures above 0 are needed", answer: "--drop status=people"},
		{name: "a label that the figures contradict",
			text: long("A,Total,100", "A,rents,20", "A,single,10", "B,Total,100", "B,rents,30", "B,single,10", "C,Total,90", "C,rents,30", "C,single,30"),
			kept: "A,B,C | Total,rents,single", open: `"Total" is called a total, but the other 2 categories are 44.83 % of it`},
		{name: "noise that cancels out",
			text: long("A,Total,24528", "A,w,11990", "A,m,12537", "B,Total,30111", "B,w,15000", "B,m,15114", "C,Total,90004", "C,w,45000", "C,m,45001"),
			kept: "A,B,C | w,m", out: map[string]string{"Total": "adds up in 3 of 3 cells within 3"}},
		{name: "levels: each is the sum of those below it",
			text: long("TOTAL,a,600", "North,a,300", "n1,a,100", "n2,a,200", "South,a,300", "s1,a,120", "s2,a,180",
				"TOTAL,b,66", "North,b,36", "n1,b,21", "n2,b,15", "South,b,30", "s1,b,17", "s2,b,13",
				"TOTAL,c,70", "North,c,33", "n1,c,13", "n2,c,20", "South,c,37", "s1,c,22", "s2,c,15"),
			kept: "n1,n2,s1,s2 | a,b,c", out: map[string]string{"North": `sum of "n1" and "n2"`, "South": "adds up in 3 of 3 cells", "TOTAL": "label; adds up in 3 of 3 cells"}},
		{name: "sums after their parts",
			text: long("n1,a,101", "n2,a,200", "North,a,301", "s1,a,120", "s2,a,180", "South,a,300",
				"n1,b,21", "n2,b,15", "North,b,36", "s1,b,17", "s2,b,13", "South,b,30",
				"n1,c,13", "n2,c,20", "North,c,33", "s1,c,22", "s2,c,15", "South,c,37"),
			kept: "n1,n2,s1,s2 | a,b,c", out: map[string]string{"North": `sum of "n2" and "n1"`}},
		{name: "two breakdowns of the same persons",
			text: long("Total,a,600", "x1,a,500", "x2,a,100", "y1,a,150", "y2,a,250", "y3,a,200",
				"Total,b,66", "x1,b,50", "x2,b,16", "y1,b,20", "y2,b,30", "y3,b,16",
				"Total,c,77", "x1,c,30", "x2,c,47", "y1,c,20", "y2,c,12", "y3,c,45"),
			kept: "y1,y2,y3 | a,b,c", out: map[string]string{"x1": `another breakdown of "Total"`}},
		{name: "a part beside its whole",
			text: long("A,Total,100", "A,employed,60", "A,unemployed,15", "A,first job,5", "A,outside,25",
				"B,Total,50", "B,employed,30", "B,unemployed,8", "B,first job,2", "B,outside,12",
				"C,Total,33", "C,employed,20", "C,unemployed,6", "C,first job,3", "C,outside,7"),
			kept: "A,B,C | employed,unemployed,outside", out: map[string]string{"first job": "a part of another category"}},
		{name: "a balance is no total",
			text: "year,births,deaths,growth\n2001,90,80,10\n2002,91,85,6\n2003,80,85,-5\n2004,70,90,-20\n",
			kept: "2001,2002,2003,2004 | births,deaths,growth", open: "contents has 3 contents"},
		{name: "several rows with a name",
			text: long("A,x,1", "B,x,2", "A,x,3", "C,x,4", "D,x,5", "E,x,6", "F,x,7", "G,x,8", "H,x,1", "I,x,2", "J,x,9", "K,x,1", "L,x,5", "M,x,3", "N,x,3", "O,x,4", "P,x,2", "Q,x,5", "R,x,1", "S,x,2", "T,x,6"),
			kept: "A,B,A,C,D,E,F,G,H,I,J,K,L,M,N,O,P,Q,R,S,T | x", open: `several rows are called "A"`, answer: "--drop place=A"},
		{name: "one of several years",
			text: "place,year,persons\nA,2019,4\nA,2020,5\nB,2019,7\nB,2020,8\n",
			kept: "A,B | 2019,2020", open: "year has 2 periods", answer: "--pick year=2020"},
		{name: "methods",
			text: "place,calculation method,persons\nA,November,400\nA,average,410\nB,November,700\nB,average,690\n",
			kept: "A,B | November,average", open: "may be the same persons counted in 2 ways", answer: "--keep 'calculation method'"},
		{name: "a method is picked",
			text:    "place,calculation method,persons\nA,November,400\nA,average,410\nB,November,700\nB,average,690\n",
			choices: Choices{Pick: []Choice{{"calculation", "november"}}},
			kept:    "A,B | November"},
		{name: "a category is dropped",
			text:    "place,persons\nA,4\nB,5\nWorld,99\n",
			choices: Choices{Drop: []Choice{{"place", "World"}}},
			kept:    "A,B"},
		{name: "unions of countries",
			text: "geo,persons\nItaly,400\nMalta,5\nEU27_2020,1000\nEuro area,700\n",
			kept: "Italy,Malta,EU27_2020,Euro area", open: `"EU27_2020" and "Euro area" may contain other categories`, answer: "--keep geo"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := look(t, "x.csv", tt.text, tt.choices)
			if got := kept(s); got != tt.kept {
				t.Errorf("kept %s, want %s", got, tt.kept)
			}
			for category, want := range tt.out {
				if got := evidence(s, category); !strings.Contains(got, want) {
					t.Errorf("%s is left out by %q, want %q", category, got, want)
				}
			}
			got := questions(s)
			if tt.open == "" && got != "" || !strings.Contains(got, tt.open) || !strings.Contains(got, tt.answer) {
				t.Errorf("questions:\n%s", got)
			}
		})
	}
}

// Some offices write ".." where there is nobody. The ages add up only if it is 0.
func TestMissingIsZero(t *testing.T) {
	px := func(value string) string {
		return `CHARSET="ANSI";TITLE="t";STUB="place";HEADING="age";VALUES("place")="A","B","C";
VALUES("age")="Total","0-9","10-19","20+";DATA=30 10 20 ` + value + ` 12 ` + value + ` 5 7 9 4 ` + value + ` 5;`
	}
	s := look(t, "x.px", px(`".."`), Choices{})
	if !s.Zero || !strings.Contains(evidence(s, "Total"), "adds up in 3 of 3 cells if missing figures are 0") {
		t.Errorf("zero %v: %s", s.Zero, evidence(s, "Total"))
	}
	s = look(t, "x.px", px(`3`), Choices{})
	if s.Zero || !strings.Contains(questions(s), `"Total" is called a total`) {
		t.Errorf("zero %v: %s", s.Zero, questions(s))
	}
}

func TestMeasure(t *testing.T) {
	px := func(title, unit, data string) string {
		return fmt.Sprintf(`CHARSET="ANSI";TITLE="%s";UNITS="%s";STUB="place";HEADING="status";VALUES("place")="A","B";VALUES("status")="x","y";DATA=%s;`, title, unit, data)
	}
	for _, tt := range []struct{ text, measure, open string }{
		{px("Persons", "number", "1 2 3 4"), "counts", ""},
		{px("Median age", "years", "1 2 3 4"), "", `no counts ("median")`},
		{px("Persons", "EUR", "1 2 3 4"), "", `amounts of money ("eur")`},
		{px("Unemployment rate", "%", "1 2 3 4"), "", `no counts ("rate")`},
		{px("Share of persons", "per cent", "40.2 59.8 30.1 69.9"), "percent", ""},
		{px("Share of persons", "per cent", "40 50 30 50"), "", "add up to 100 over no dimension"},
		{px("Persons", "number", "1.5 2 3 4"), "", "decimal places"},
		{px("Persons", "thousands", "1.5 2 3 4"), "counts", ""},
		{px("Change", "number", "1 -2 3 4"), "", "negative"},
		{px("Persons", "number", `".." ".." ".." ".."`), "", "no figure is above 0"},
	} {
		s := look(t, "x.px", tt.text, Choices{})
		if got := questions(s); s.Measure != tt.measure || !strings.Contains(got, tt.open) || tt.open == "" && got != "" {
			t.Errorf("%s: measure %q, questions %s", tt.text, s.Measure, got)
		}
	}
	s := look(t, "x.px", px("Share of persons", "per cent", "40.2 59.8 30.1 69.9"), Choices{})
	if !slices.Equal(s.Over, []int{1}) {
		t.Errorf("percent over %v", s.Over)
	}
	s = look(t, "x.px", px("Median age", "years", "1 2 3 4"), Choices{Measure: "counts"})
	if s.Measure != "counts" || len(s.Open) > 0 {
		t.Errorf("measure %q, questions %s", s.Measure, questions(s))
	}
	// Whatever the user says, no distribution can be taken from these.
	for _, tt := range []struct{ data, open string }{{"1 -2 3 4", "negative"}, {"0 0 0 0", "no figure is above 0"}} {
		if s = look(t, "x.px", px("Median age", "years", tt.data), Choices{Measure: "counts"}); !strings.Contains(questions(s), tt.open) {
			t.Errorf("%s: questions %s", tt.data, questions(s))
		}
	}
}

// The name of a file does not say what is in it.
func TestOpenOtherKinds(t *testing.T) {
	for _, tt := range []struct{ name, data, want string }{
		{"a.px", "<!DOCTYPE html><title>Not found</title>", "the file is a web page, not a text file"},
		{"a.json", "version https://git-lfs.github.com/spec/v1", "the file is a pointer of Git LFS, not a text file"},
		{"a.csv", "\x1f\x8b\x08", "the file is compressed, not a text file"},
		{"a.px", "PK\x03\x04", "a.px cannot be read: the workbook is damaged or cut off: zip: not a valid zip file"},
		{"a.px", `{"version": "2.0", "class": "collection", "link": {}}`, "the file has no JSON-stat dataset"},
	} {
		faults := &diag.List{}
		if Open([]byte(tt.data), tt.name, Options{}, faults); !faults.Failed() || faults.Items[0].Message != tt.want {
			t.Errorf("%s %q: %v", tt.name, tt.data, faults.Err())
		}
	}
}

// A row that the file leaves out has no persons. That is told, above all of a category
// that has none but these.
func TestAbsent(t *testing.T) {
	s := look(t, "x.px", `CHARSET="ANSI";TITLE="t";UNITS="persons";STUB="place";HEADING="status";KEYS("place")=VALUES;
VALUES("place")="A","B","C";VALUES("status")="x","y";DATA="A",1 2 "C",3 4;`, Choices{})
	out, open := s.Write(Origin{File: "x.px", Form: "csv", Long: s.Cube.Long()}, &Spec{Sources: map[string]Source{}, Roles: map[string]string{}}, nil)
	if len(open) > 0 || !strings.Contains(out.Text(), "absent: 0") {
		t.Fatal(open, out)
	}
	for _, want := range []string{"2 of 6 combinations are not in the file: nobody has them (absent: 0)", `place has no figure for "B", so nobody has it`} {
		if !slices.Contains(s.Notes, want) {
			t.Errorf("no remark %q: %q", want, s.Notes)
		}
	}
}

// What the figures are that an office keeps secret follows from its totals. Without them, the
// fit would make categories of which nothing is known as large as the others.
func TestMissing(t *testing.T) {
	write := func(s *Study) string {
		out, open := s.Write(Origin{File: "x.px", Form: "csv", Long: s.Cube.Long()}, &Spec{Sources: map[string]Source{}, Roles: map[string]string{}}, nil)
		if len(open) > 0 {
			t.Fatal(open)
		}
		return out.Text()
	}
	const dims = `CHARSET="ANSI";TITLE="Persons";UNITS="persons";STUB="place";HEADING="job";VALUES("place")="A","B","C","D","E";`
	s := look(t, "x.px", dims+`VALUES("job")="Total","x","y","z";DATA=60 10 20 30 70 25 25 20 68 ".." 30 ".." 22 10 12 0 41 20 ".." 20;`, Choices{})
	if text := write(s); !strings.Contains(text, "missing_is: 13\n") || !slices.Contains(s.Notes, `3 figures are not given: "Total" of job leaves 39 for them, so each is taken to be 13 (missing_is)`) {
		t.Errorf("%q\n%s", s.Notes, text)
	}
	s = look(t, "x.px", dims+`VALUES("job")="x","y","z";DATA=10 20 ".." 25 25 ".." 11 30 ".." ".." 12 ".." 20 40 ".." ;`, Choices{})
	if text := write(s); kept(s) != "A,B,C,D,E | x,y" || evidence(s, "z") != "no figure is given" || !strings.Contains(text, `missing_is: "unknown"`) {
		t.Errorf("kept %s, %s\n%s", kept(s), evidence(s, "z"), text)
	}
}

func TestContents(t *testing.T) {
	px := func(values, data string) string {
		return `CHARSET="ANSI";TITLE="t";CONTVARIABLE="c";STUB="place";HEADING="c";VALUES("place")="A","B","C";VALUES("c")=` + values + `;DATA=` + data + `;`
	}
	// A total and its parts are categories.
	s := look(t, "x.px", px(`"Inhabitants","Women (number)","Men (number)"`, "9 4 5 20 10 10 33 16 17"), Choices{})
	if kept(s) != "A,B,C | Women (number),Men (number)" || s.Axes[1].About != Sex || len(s.Open) > 0 {
		t.Errorf("kept %s, about %s, %s", kept(s), s.Axes[1].About, questions(s))
	}
	// Others are tables of their own.
	s = look(t, "x.px", px(`"Persons","Households","Median income"`, "9 4 50 20 10 55 33 16 41"), Choices{})
	if got := questions(s); !strings.Contains(got, "c has 3 contents") || !strings.Contains(got, "--pick c=Households") {
		t.Error(got)
	}
	if !slices.ContainsFunc(s.Notes, func(n string) bool { return strings.Contains(n, `"Median income" is no count ("median")`) }) {
		t.Error(s.Notes)
	}
}

func TestPeriods(t *testing.T) {
	for period, want := range map[string]int{
		"2019": 2019, "2026M01": 2026, "2020-Q1": 2020, "2005TII": 2005, "2023K4": 2023, "Anul 2017": 2017, "1991 Year": 1991, "Mar-May 1992": 1992,
		"31.12.1970": 1970, "2024-01-31": 2024, "January 1st, 2025": 2025, "1 de enero de 2004": 2004, "2019/20": 2019, "1995H2": 1995, "2023*": 2023, "202401": 2024, "20240131": 2024,
		"": 0, "12": 0, "1234": 0, "Route 2019": 0, "2019 Tower Street": 0, "16-19": 0, "20190": 0,
	} {
		if got := yearOf(period); got != want {
			t.Errorf("%q: %d, want %d", period, got, want)
		}
	}
}

func TestChoicesThatNameNothing(t *testing.T) {
	o := opened(t, "x.csv", long("A,x,1", "A,y,2", "B,x,3", "B,y,4"))
	for _, tt := range []struct {
		c    Choices
		want string
	}{
		{Choices{Pick: []Choice{{"nowhere", "x"}}}, `--pick: the file has no dimension "nowhere"; it has "place", "status"`},
		{Choices{Pick: []Choice{{"status", "z"}}}, `--pick: status has no category "z"; it has x, y`},
		{Choices{Pick: []Choice{{"status", "x"}, {"status", "y"}}}, "two categories of status are picked"},
		{Choices{Drop: []Choice{{"status", "x"}, {"status", "y"}}}, "no category of status is left"},
		{Choices{Keep: []string{"nowhere"}}, `--keep: the file has no dimension "nowhere"`},
		{Choices{Unit: "NR"}, "no dimension of the file is about units"},
	} {
		if _, err := Look(o.Cube, tt.c); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: got %v", tt.c, err)
		}
	}
}

func TestParseAge(t *testing.T) {
	for label, want := range map[string]span{
		"0": {0, 0}, "25-29": {25, 29}, "25–29 years": {25, 29}, "05-09": {5, 9}, "85+": {85, open}, "100+10": {100, open},
		"0-9 år": {0, 9}, "100+ år": {100, open}, "90 år og over": {90, open}, "0 år": {0, 0},
		"De 15": {15, 15}, "Menos de 15": {0, 14}, "De 60 y más": {60, open}, "85 y más años": {85, open}, "De 16 a 19 años": {16, 19},
		"16 - 19 years": {16, 19}, "65+ years": {65, open}, "unter 1 Jahr": {0, 0}, "1-Jährige": {1, 1}, "100 Jahre und mehr": {100, open}, "15 bis 19 Jahre": {15, 19},
		"Age under 1": {0, 0}, "Age 85 and over": {85, open}, "Less than 1 year": {0, 0}, "5 to 9 years": {5, 9}, "Under 5 years": {0, 4},
		"75 anos ou mais": {75, open}, "Menos de 1 ano": {0, 0}, "30 anos": {30, 30},
		"moins de 1 an": {0, 0}, "95 ans et plus": {95, open}, "15 à 19 ans": {15, 19},
		"0 - 4 ani": {0, 4}, "85 ani si peste": {85, open}, "100 anni e più": {100, open}, "meno di 5 anni": {0, 4},
		"85 lat i więcej": {85, open}, "85 éves és idősebb": {85, open}, "95 jaar of ouder": {95, open}, "75 -": {75, open},
		"85 лет и старше": {85, open}, "Y30": {30, 30}, "Y_LT5": {0, 4}, "Y_GE85": {85, open}, "Y5-9": {5, 9}, "Y0T4": {0, 4}, "Y15-24": {15, 24},
		"<1": {0, 0}, "80 and older": {80, open}, "totalt 16-74 år": {16, 74}, "90歳以上": {90, open}, "0-4세": {0, 4},
	} {
		if got, ok := parseAge(label); !ok || got != want {
			t.Errorf("%q: got %v %v, want %v", label, got, ok, want)
		}
	}
	for _, label := range []string{"", "Total", "2020", "1 person", "3 rooms", "10-5", "Route 66", "200", "2019-2020", "5-9-12", "SE11 Stockholm"} {
		if got, ok := parseAge(label); ok {
			t.Errorf("%q: got %v", label, got)
		}
	}
	spans := []span{{0, 5}, {5, 10}, {10, open}}
	if !exclusive(spans) || !slices.Equal(spans, []span{{0, 4}, {5, 9}, {10, open}}) {
		t.Error(spans)
	}
	for _, spans := range [][]span{{{0, 4}, {5, 9}, {9, 14}, {15, open}}, {{0, 1}, {1, 4}, {5, 9}, {10, open}}, {{0, 4}, {5, open}}} {
		if want := slices.Clone(spans); exclusive(spans) || !slices.Equal(spans, want) {
			t.Errorf("%v are read as %v", want, spans)
		}
	}
}

// Ages of several widths in one column.
func TestAges(t *testing.T) {
	csv := "sex,age,persons\n"
	for n, sex := range []string{"men", "women"} {
		for _, row := range []struct {
			age string
			n   int
		}{{"All ages", 121}, {"0-4", 10}, {"5-9", 20}, {"0-9", 30}, {"10-19", 40}, {"20 and over", 51}, {"unknown", 0}} {
			csv += fmt.Sprintf("%s,%s,%d\n", sex, row.age, row.n*(n+1))
		}
	}
	s := look(t, "x.csv", csv, Choices{})
	if got := kept(s); got != "men,women | 0-4,5-9,10-19,20 and over" {
		t.Errorf("kept %s\n%s", got, questions(s))
	}
	if got := evidence(s, "0-9"); !strings.Contains(got, `its ages are those of "0-4" and "5-9"`) {
		t.Error(got)
	}
	s = look(t, "x.csv", "age,persons\n0-9,5\n5-14,6\n15+,7\n", Choices{})
	if got := questions(s); !strings.Contains(got, `the ages "0-9" and "5-14" overlap`) {
		t.Error(got)
	}
	s = look(t, "x.csv", "age,persons\n0-4,5\n5-9,6\n9-14,7\n15+,7\n", Choices{})
	if got := questions(s); !strings.Contains(got, `the ages "5-9" and "9-14" overlap`) {
		t.Error(got)
	}
	s = look(t, "x.csv", "age,persons\n0-5,5\n5-10,6\n10+,7\n", Choices{})
	if got := strings.Join(s.Notes, "\n"); len(s.Open) > 0 || !strings.Contains(got, `the classes of age end where others begin: "0-5" is read as 0 to 4`) {
		t.Error(got, questions(s))
	}
}

// Tables in the forms of data portals: codes beside labels, columns that number the
// rows, constants, flags, codes with a prefix.
func TestPortals(t *testing.T) {
	var b strings.Builder
	b.WriteString("REF_DATE,GEO,DGUID,Gender,Age group,UOM,UOM_ID,VECTOR,COORDINATE,VALUE,STATUS,SYMBOL,DECIMALS\n")
	n := 0
	for i, geo := range []string{"Hills,2021A01", "Coast,2021A02"} {
		for j, sex := range []string{"Total - gender", "Men+", "Women+"} {
			for k, age := range []string{"All ages", "0 to 4 years", "5 years and over"} {
				figures := [3][3]int{{10, 4, 6}, {5, 2, 3}, {5, 2, 3}}
				n++
				fmt.Fprintf(&b, "2023,%s,%s,%s,Persons,249,v%d,%d.%d.%d,%d,,,0\n", geo, sex, age, 4000+n, i+1, j+1, k+1, figures[j][k]*(i+1))
			}
		}
	}
	s := look(t, "x.csv", b.String(), Choices{})
	if got := kept(s); got != "2023 | Hills,Coast | Men+,Women+ | 0 to 4 years,5 years and over | Persons" {
		t.Errorf("kept %s\n%s", got, questions(s))
	}
	if d := s.Cube.Dims[1]; d.Categories[1].Code != "2021A02" {
		t.Errorf("codes of places: %+v", d.Categories)
	}

	csv := "ref_area,sex,classif1,time,obs_value,obs_status\n"
	for j, sex := range []string{"SEX_T", "SEX_M", "SEX_F"} {
		for k, age := range []string{"AGE_YTHADULT_YGE15", "AGE_YTHADULT_Y15-24", "AGE_YTHADULT_YGE25"} {
			figures := [3][3]float64{{100.5, 20.5, 80}, {60.25, 12.25, 48}, {40.25, 8.25, 32}}
			csv += fmt.Sprintf("BRA,%s,%s,2024,%v,\n", sex, age, figures[j][k])
		}
	}
	s = look(t, "x.csv", csv, Choices{})
	if got := kept(s); got != "BRA | SEX_M,SEX_F | AGE_YTHADULT_Y15-24,AGE_YTHADULT_YGE25 | 2024" || len(s.Open) > 0 {
		t.Errorf("kept %s\n%s", got, questions(s))
	}
}
