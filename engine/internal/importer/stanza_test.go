package importer

import (
	"strings"
	"testing"
)

// stanzaOf imports a file into a spec.
func stanzaOf(t *testing.T, name, text string, spec *Spec, names map[string]string, c Choices) (*Stanza, []Question, *Study) {
	t.Helper()
	o := opened(t, name, text)
	s, err := Look(o.Cube, c)
	if err != nil || len(s.Open) > 0 {
		t.Fatal(err, questions(s))
	}
	o.Origin.File = name
	stanza, open := s.Write(o.Origin, spec, names)
	return stanza, open, s
}

func newSpec(fields ...Field) *Spec {
	return &Spec{Fields: fields, Sources: map[string]Source{}, Roles: map[string]string{}}
}

const people = "region,sex,age,persons\n01 North,män,0-9 år,10\n01 North,kvinnor,0-9 år,11\n01 North,män,10+ år,12\n01 North,kvinnor,10+ år,13\n" +
	"02 South,män,0-9 år,14\n02 South,kvinnor,0-9 år,15\n02 South,män,10+ år,16\n02 South,kvinnor,10+ år,17\n"

func TestStanzaOfNewFields(t *testing.T) {
	s, _, study := stanzaOf(t, "people.csv", people, newSpec(), nil, Choices{})
	want := `#Spec: {
	sources: {
		people: {title: "people.csv"}
	}
	fields: {
		region: {kind: "category", title: "region", values: ["01 North", "02 South"]}
		sex: {kind: "category", title: "sex", values: ["män", "kvinnor"]}
		age: {kind: "integer", title: "age", min: 0, max: 100}
		age_class: {kind: "group", of: "age", cuts: [0, 10], labels: ["0-9 år", "10+ år"]}
	}
	roles: {
		region: "region"
		sex: "sex"
		age: "age"
	}
	tables: {
		region_sex_age_class: {
			over: ["region", "sex", "age_class"]
			csv: {
				file: "people.csv"
				value: "persons"
				columns: {age_class: "age"}
			}
			spread: by: ["sex"]
			source: "people"
			status: "official"
		}
	}
}
`
	if got := s.Text(); got != want {
		t.Errorf("got\n%s", got)
	}
	if !strings.Contains(strings.Join(study.Notes, "\n"), `the ages of "10+ år" are not known; field "age" ends at 100`) {
		t.Error(study.Notes)
	}
}

// Dimensions match the fields of a spec by labels, with or without codes, by the words
// for the sexes, and by ages.
func TestStanzaOfKnownFields(t *testing.T) {
	spec := newSpec(
		Field{Name: "area", Kind: "category", Labels: []string{"North", "South"}},
		Field{Name: "gender", Kind: "category", Labels: []string{"female", "male"}},
		NewInteger("age", 0, 99),
		NewBands("generation", "age", 0, 99, []int{10}, []string{"child", "other"}),
	)
	s, open, _ := stanzaOf(t, "people.csv", people, spec, nil, Choices{})
	if len(open) > 0 || len(s.Fields) > 0 || len(s.Roles) > 0 {
		t.Fatalf("open %v, fields %v, roles %v", open, s.Fields, s.Roles)
	}
	for _, want := range []string{
		`over: ["area", "gender", "generation"]`,
		`columns: {area: "region", gender: "sex", generation: "age"}`,
		`area: {"01 North": "North", "02 South": "South"}`,
		`gender: {"män": "male", kvinnor: "female"}`,
		`generation: {"0-9 år": "child", "10+ år": "other"}`,
	} {
		if !strings.Contains(s.Tables[0].Text, want) {
			t.Errorf("no %s in\n%s", want, s.Tables[0].Text)
		}
	}
}

// Ages that the spec has no bands for are a new group; those that the field lacks are a
// question.
func TestStanzaOfAges(t *testing.T) {
	s, _, _ := stanzaOf(t, "a.csv", "age,persons\n15-24,5\n25-74,6\n", newSpec(NewInteger("age", 0, 99)), nil, Choices{})
	if got := s.Fields[0].Text; got != `{kind: "group", of: "age", cuts: [0, 15, 25, 75], labels: ["0-14", "15-24", "25-74", "75-99"]}` {
		t.Error(got)
	}
	if !strings.Contains(s.Tables[0].Text, "where: {age: >=15 & <=74}") {
		t.Error(s.Tables[0].Text)
	}
	_, open, _ := stanzaOf(t, "a.csv", "age,persons\n0-99,5\n100+,6\n", newSpec(NewInteger("age", 0, 99)), nil, Choices{})
	if len(open) != 1 || !strings.Contains(open[0].Text, `field "age" has the ages 0 to 99`) {
		t.Error(open)
	}
	// Single years are the integer itself.
	s, _, _ = stanzaOf(t, "a.csv", "age,persons\n0 years,5\n1 year,6\n2 years and over,7\n", newSpec(), nil, Choices{})
	if s.Fields[0].Text != `{kind: "integer", title: "age", min: 0, max: 2}` || !strings.Contains(s.Tables[0].Text, `map: age: {"0 years": "0", "1 year": "1", "2 years and over": "2"}`) {
		t.Error(s.Text())
	}
}

// A category that all figures have in common says which persons they describe.
func TestStanzaOfUniverse(t *testing.T) {
	spec := newSpec(NewInteger("age", 0, 99), Field{Name: "sex", Kind: "category", Labels: []string{"female", "male"}})
	s, _, _ := stanzaOf(t, "x.csv", "age,sex,status,persons\n16-74 years,women,single,5\n16-74 years,women,married,6\n", spec, nil, Choices{})
	if got := s.Tables[0].Text; !strings.Contains(got, `where: {age: >=16 & <=74, sex: "female"}`) {
		t.Error(got)
	}
}

func TestStanzaNames(t *testing.T) {
	spec := newSpec(Field{Name: "sex", Kind: "category", Labels: []string{"a", "b", "c"}})
	spec.Tables, spec.Sources["x"] = []string{"kind"}, Source{Title: "other"}
	s, _, _ := stanzaOf(t, "x.csv", "sex,kind,persons\nw,p,1\nw,q,2\nm,p,3\nm,q,4\n", spec, map[string]string{"kind": "sort"}, Choices{})
	if len(s.Fields) != 2 || s.Fields[0].Name != "sex_2" || s.Fields[1].Name != "sort" || s.Tables[0].Name != "sex_2_sort" || s.Sources[0].Name != "x_2" {
		t.Error(s.Text())
	}
	_, open, _ := stanzaOf(t, "x.csv", "sex,persons\nw,1\nm,3\n", spec, map[string]string{"sex": "sex"}, Choices{})
	if len(open) != 1 || !strings.Contains(open[0].Text, `it has no "w", "m"`) {
		t.Error(open)
	}
	for text, want := range map[string]string{
		"Region (2024)": "region", "Côte d'Or": "cote_d_or", "Возраст": "imported", "2011 areas": "areas",
		"Comunidad Autónoma de residencia del matrimonio": "comunidad_autonoma",
	} {
		if got := Slug(24, text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := cue("a \"b\" \\ \n\x01"); got != `"a \"b\" \\ \n\u0001"` {
		t.Error(got)
	}
	for text, want := range map[string]string{
		"2026-06-08T06:00:00Z": "2026-06-08", "20230615 08:00": "2023-06-15", "08/05/26 11:00:00": "2026-05-08",
		"17/10/2013 16:51:00": "2013-10-17", "04 May 2022 10:45am": "2022-05-04", "17.07.2022 / 21:36:16": "2022-07-17", "soon": "soon",
	} {
		if got := isoDate(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Rows of the header of a file become dimensions.
func TestWideHeaders(t *testing.T) {
	text := "Persons by status\n;men;men;women;women\n;single;married;single;married\nA;1;2;3;4\nB;5;-;7;.\n\nSource: Office of figures\nUnits: persons\n"
	o := opened(t, "x.csv", text)
	if o.Title != "Persons by status" || o.Publisher != "Office of figures" || o.Unit != "persons" {
		t.Errorf("%q %q %q", o.Title, o.Publisher, o.Unit)
	}
	s, err := Look(o.Cube, Choices{})
	if err != nil || kept(s) != "A,B | men,women | single,married" {
		t.Error(err, kept(s))
	}
	o.Origin.File = "x.csv"
	stanza, _ := s.Write(o.Origin, newSpec(), nil)
	for _, want := range []string{`separator: ";"`, "skip: 1", "header: 2", `sex: "^(women|men)( |$)"`, `columns_2: "(?:^| )(married|single)$"`, `zero: ["-"]`, `missing: ["."]`, `missing_is: "unknown"`} {
		if !strings.Contains(stanza.Tables[0].Text, want) {
			t.Errorf("no %s in\n%s", want, stanza.Tables[0].Text)
		}
	}
}
