package importer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/office"
)

// statuses counts the cells of a cube by status and flag.
func statuses(c *office.Cube) string {
	n := map[string]int{}
	for i := range c.Cells {
		k := &c.Cells[i]
		name := k.Status.String()
		if k.Flag > 0 {
			name += "/" + c.Flags[k.Flag-1]
		}
		n[name]++
	}
	return strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(n), "map["), "]")
}

// Series of figures with their key, coordinates, scale and status.
func TestSeries(t *testing.T) {
	var b strings.Builder
	b.WriteString("REF_DATE,GEO,DGUID,Gender,Age group,UOM,UOM_ID,SCALAR_FACTOR,SCALAR_ID,VECTOR,COORDINATE,VALUE,STATUS,SYMBOL,TERMINATED,DECIMALS\n")
	figures := map[string]float64{"Men+0 to 4 years": 2, "Men+5 years and over": 3.5, "Women+0 to 4 years": 1, "Women+5 years and over": 4.5}
	n := 0
	for i, geo := range []string{"Hills", "Coast"} {
		for j, sex := range []string{"Total - gender", "Men+", "Women+"} {
			for k, age := range []string{"All ages", "0 to 4 years", "5 years and over"} {
				x := 0.0
				for key, f := range figures {
					if (j == 0 || strings.HasPrefix(key, sex)) && (k == 0 || strings.HasSuffix(key, age)) {
						x += f * float64(i+1)
					}
				}
				value, status := fmt.Sprintf("%.1f", x), ""
				switch n++; n {
				case 2:
					status = "E"
				case 9:
					value, status = "", "x"
				}
				fmt.Fprintf(&b, "2023,%s,2021A0%d,%s,%s,Persons,249,thousands,3,v%d,%d.%d.%d,%s,%s,,,1\n", geo, i, sex, age, n, i+1, j+1, k+1, value, status)
			}
		}
	}
	o := opened(t, "x.csv", b.String())
	s, err := Look(o.Cube, Choices{})
	if err != nil {
		t.Fatal(err)
	}
	if got := kept(s); got != "2023 | Hills,Coast | Men+,Women+ | 0 to 4 years,5 years and over | Persons" || len(s.Open) > 0 {
		t.Errorf("kept %s\n%s", got, questions(s))
	}
	if got := statuses(s.Cube); got != "suppressed/x:1 value:16 value/E:1" {
		t.Error(got)
	}
	// All but the secret 4.5 of the hills: 6.5 + 22 thousands.
	r := s.Report(o)
	if r.Total != 28_500 || r.Unit != "Persons" || !strings.Contains(strings.Join(r.Remarks, "\n"), "the figures are in thousands (SCALAR_FACTOR)") {
		t.Errorf("total %v, unit %q, remarks %q", r.Total, r.Unit, r.Remarks)
	}
}

// Codes beside their labels, in columns of numbers.
func TestCodesBesideLabels(t *testing.T) {
	flat := "time;1_variable_code;1_variable_label;1_variable_attribute_code;1_variable_attribute_label;2_variable_code;2_variable_label;2_variable_attribute_code;2_variable_attribute_label;value;value_unit\n"
	for i, l := range []string{"01;Norden", "02;Süden", ";Insgesamt"} {
		for j, s := range []string{"GESM;männlich", "GESW;weiblich", ";Insgesamt"} {
			flat += fmt.Sprintf("2022;DLAND;Länder;%s;GES;Geschlecht;%s;%d;Anzahl\n", l, s, []int{10, 20, 30}[i]*[]int{1, 2, 3}[j])
		}
	}
	s := look(t, "x.csv", flat, Choices{})
	if got := kept(s); got != "2022 | DLAND | Länder | Norden,Süden | GES | Geschlecht | männlich,weiblich | Anzahl" || len(s.Open) > 0 {
		t.Errorf("kept %s\n%s", got, questions(s))
	}
	if d := s.Cube.Dims[3]; d.Label != "Länder" || d.Categories[1].Code != "02" {
		t.Errorf("%+v", d)
	}

	for name, text := range map[string]string{
		"codes of caseless scripts": "cat01_code,男女,area_code,地域,value\n0,総数,0,全国,60\n1,男,0,全国,25\n2,女,0,全国,35\n0,総数,1,北,40\n1,男,1,北,15\n2,女,1,北,25\n0,総数,2,南,20\n1,男,2,南,10\n2,女,2,南,10\n",
		"codes that are named":      "SEXISTAT1,Sesso,ITTER,Territorio,Value,Flag Codes\n9,totale,IT,Italia,60,\n1,maschi,IT,Italia,25,e\n2,femmine,IT,Italia,35,\n9,totale,1,Nord,40,\n1,maschi,1,Nord,15,\n2,femmine,1,Nord,25,\n9,totale,2,Sud,20,\n1,maschi,2,Sud,10,p\n2,femmine,2,Sud,10,\n",
		"letters of the sexes":      "Local (2),,Sexo,N.º\nPT,Portugal,HM,60\nPT,Portugal,H,25\nPT,Portugal,M,35\n11,Norte,HM,40\n11,Norte,H,15\n11,Norte,M,25\n16,Centro,HM,20\n16,Centro,H,10\n16,Centro,M,10\n",
		"a number of each row":      "ID;Sex;Area;Persons\n0;T001;NL;60\n1;3000;NL;25\n2;4000;NL;35\n3;T001;A;40\n4;3000;A;15\n5;4000;A;25\n6;T001;B;20\n7;3000;B;10\n8;4000;B;10\n",
	} {
		s := look(t, "x.csv", text, Choices{})
		if len(s.Axes) != 2 || len(s.Kept(0)) != 2 || len(s.Kept(1)) != 2 || len(s.Open) > 0 {
			t.Errorf("%s: kept %s\n%s", name, kept(s), questions(s))
		}
		sum := 0.0
		s.eachKept(func(c *office.Cell) { sum += c.Number })
		if sum != 60 {
			t.Errorf("%s: sum %v", name, sum)
		}
	}

	// Figures that happen to differ as the labels do are figures.
	s = look(t, "x.csv", "region,sex,persons,percent\nNorth,men,10,50.2\nNorth,women,9,49.8\nSouth,men,30,50.2\nSouth,women,31,49.8\n", Choices{})
	if d := s.Cube.Dims[len(s.Cube.Dims)-1]; len(d.Categories) != 2 || d.Categories[1].Label != "percent" {
		t.Errorf("%+v", d)
	}
}

// Periods in the headers of several columns.
func TestPeriodsInHeaders(t *testing.T) {
	for _, tt := range []struct{ header, want string }{
		{"Total 2022,Total 2023", "North,South | men,women | 2022,2023"},
		{"2022 Year,2023 Year", "North,South | men,women | 2022,2023"},
		{"Persons 2022K4,Persons 2023K1", "North,South | men,women | 2022K4,2023K1"},
		{"Married 2022,Married 2023,Single 2022,Single 2023", "North,South | men,women | Married,Single | 2022,2023"},
		{"Married 2022,Single 2023", "North,South | men,women | Married 2022,Single 2023"},
	} {
		n := strings.Count(tt.header, ",") + 1
		text := "region,sex," + tt.header + "\n"
		for i, r := range []string{"North,men", "North,women", "South,men", "South,women"} {
			text += r
			for j := range n {
				text += fmt.Sprint(",", 17*(i+1)+j*j)
			}
			text += "\n"
		}
		if got := kept(look(t, "x.csv", text, Choices{})); got != tt.want {
			t.Errorf("%s: got %s", tt.header, got)
		}
	}
}

func TestAgesOfOffices(t *testing.T) {
	// Classes beside single ages end where they say.
	text := "age,persons\n"
	for a := range 10 {
		text += fmt.Sprintf("%d years,%d\n", a, 10+a)
	}
	s := look(t, "x.csv", text+"0-4 years,60\n5-9 years,85\n10 years and over,7\n", Choices{})
	if strings.Contains(strings.Join(s.Notes, "\n"), "end where others begin") || evidence(s, "0-4 years") == "" {
		t.Errorf("%q, %s", s.Notes, questions(s))
	}
	for label, want := range map[string]span{
		"Aged 4 years and under": {0, 4}, "4 years and younger": {0, 4}, "Under 4 years": {0, 3}, "≤ 4": {0, 4}, "In 1st year": {0, 0}, "15세 이상": {15, open}, "15歳未満": {0, 14},
	} {
		if got, ok := parseAge(label); !ok || got != want {
			t.Errorf("%q: got %v, %v", label, got, ok)
		}
	}
	// Text that all labels share.
	s = look(t, "x.csv", "Age,persons\nPopulation (hist)  00-04,5\nPopulation (hist)  05-09,6\nPopulation (hist)  10+,7\n", Choices{})
	if s.Axes[0].About != Ages || s.Axes[0].Ages[1] != (span{5, 9}) {
		t.Errorf("%+v", s.Axes[0])
	}
}

// What is no figure of the table is told, and never becomes a dimension.
func TestNoFigures(t *testing.T) {
	o := opened(t, "x.csv", "area,persons,margin\nNorth,100,±5\nSouth,200,±9\nWest,300,±7\n")
	if got := strings.Join(o.Cube.Warnings, "\n"); len(o.Cube.Dims) != 1 || !strings.Contains(got, `"margin" is left out: it has margins of error`) {
		t.Errorf("%d dimensions, %s", len(o.Cube.Dims), got)
	}
	faults := &diag.List{}
	if o := Open([]byte("canton;men;women\nZürich;1'234;1'334\nBern;~10;(c)\nGenf;<5;12\nUri;2'000;(2'100)\n"), "x.csv", Options{}, faults); o != nil || !faults.Failed() {
		t.Fatal("a figure in brackets was read")
	}
	if d := faults.Items[0]; d.Place.Line != 5 || !strings.Contains(d.Hint, "may be negative or uncertain") {
		t.Errorf("%+v", d)
	}
	s := look(t, "x.csv", "canton;men;women\nZürich;1'234;1'334\nBern;~10;(c)\nGenf;<5;12\n", Choices{})
	if got := statuses(s.Cube); got != "suppressed:2 value:4" {
		t.Error(got)
	}
	// Numbers and percentages of the same persons are not categories.
	s = look(t, "x.csv", "area,contents,value\nNorth,Number,10\nNorth,Per cent,40\nSouth,Number,15\nSouth,Per cent,60\n", Choices{})
	if got := questions(s); !strings.Contains(got, "--unit Number") {
		t.Error(got)
	}
}

// Units and scales that belong to contents follow from the pick.
func TestImpliedUnits(t *testing.T) {
	text := "year,area,contents,unit,scalar_factor,value\n"
	for _, area := range []string{"North", "South", "West"} {
		text += "2023," + area + ",Population,Persons,units,1000\n2023," + area + ",Labour force,Persons,thousands,0.6\n2023," + area + ",Unemployment,Percent,units,6.1\n"
	}
	o := opened(t, "x.csv", text)
	s, err := Look(o.Cube, Choices{Pick: []Choice{{"contents", "Labour force"}}})
	if err != nil || len(s.Open) > 0 {
		t.Fatal(err, questions(s))
	}
	if got := kept(s); got != "2023 | North,South,West | Labour force | Persons | thousands" || s.Report(o).Total != 1800 {
		t.Errorf("kept %s, total %v", got, s.Report(o).Total)
	}
	s = look(t, "x.csv", text, Choices{Unit: "Percent"})
	if got := kept(s); got != "2023 | North,South,West | Unemployment | Percent | units" {
		t.Errorf("kept %s", got)
	}
}

// A total of ages is told by the figures, in words that nobody knows.
func TestUnknownTotalOfAges(t *testing.T) {
	s := look(t, "x.csv", "sex,age,persons\nmen,zusam,10\nmen,0-14,4\nmen,15+,6\nwomen,zusam,12\nwomen,0-14,5\nwomen,15+,7\nboth sexes,zusam,22\nboth sexes,0-14,9\nboth sexes,15+,13\n", Choices{})
	if got := evidence(s, "zusam"); got != "adds up in 3 of 3 cells" || len(s.Open) > 0 {
		t.Errorf("%q, %s", got, questions(s))
	}
}

// A corner that names the columns, and the name of the rows below it.
func TestCorner(t *testing.T) {
	s := look(t, "x.csv", "\"SEXP Sex\",\"Male\",\"Female\",\"Total\",\n\"STATE (UR)\",\n\"North\",1,2,3,\n\"South\",4,5,9,\n\"West\",6,7,13,\n\"Total\",11,14,25,\n", Choices{})
	if d := s.Cube.Dims[0]; d.Label != "STATE (UR)" || d.ID != "SEXP Sex" || len(s.Kept(0)) != 3 {
		t.Errorf("%q (%s), kept %s", d.Label, d.ID, kept(s))
	}
	s = look(t, "x.csv", "Region,Male,Female\nBoth kinds,\nNorth,1,2\nSouth,4,5\nWest,6,7\n", Choices{})
	if d := s.Cube.Dims[0]; d.Label != "Region" {
		t.Errorf("%q", d.Label)
	}
}
