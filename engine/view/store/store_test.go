package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
)

// person is a row of the files of the tests, as they should be read.
type person struct {
	Town   *string  `json:"town"`
	Age    *int64   `json:"age"`
	Income *float64 `json:"income"`
	Story  string   `json:"story"`
	Pets   []string `json:"pets"`
	Weight float64  `json:"weight"`
}

var schema = frame.Schema{
	{Name: "town", Type: frame.Category, Labels: []string{"Iași", "Bălți", "Łódź"}, Nullable: true},
	{Name: "age", Type: frame.Integer, Nullable: true},
	{Name: "income", Type: frame.Number, Nullable: true, Decimals: 2},
	{Name: "story", Type: frame.Text},
	{Name: "pets", Type: frame.TextList},
	{Name: "weight", Type: frame.Number, Decimals: 1},
}

// persons returns persons and a file of them in a format.
func persons(t testing.TB, format string, n int) (path string, all []person) {
	t.Helper()
	f, err := dataset.FormatOf(format)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "persons"+f.Extension)
	w, err := dataset.Create(format, path, schema, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	part := w.NewPart()
	for from := 0; from < n; from += 300 {
		b := frame.New(schema)
		rows := min(300, n-from)
		b.Resize(int64(from), rows)
		for r := range rows {
			i := from + r
			p := person{Story: fmt.Sprintf("Person %d went %s. %s", i, []string{"to the market in IAȘI", "home", "to sea, and the Straße was long"}[i%3], strings.Repeat("Long words follow. ", 8)), Weight: 0.5 + float64(i%3)/2}
			b.Columns[0].Codes[r] = int32(i%4) - 1
			if i%4 > 0 {
				p.Town = &schema[0].Labels[i%4-1]
			}
			age, income := int64(18+i*7%60), float64(i*37%90_000)+0.25
			b.Columns[1].Ints[r], b.Columns[2].Floats[r] = age, income
			if i%11 == 0 {
				b.Columns[1].SetNull(frame.Integer, r, rows)
			} else {
				p.Age = &age
			}
			if i%13 == 0 {
				b.Columns[2].SetNull(frame.Number, r, rows)
			} else {
				p.Income = &income
			}
			for k := range i % 3 {
				p.Pets = append(p.Pets, []string{"Căţel", "pisică"}[k])
			}
			b.Columns[3].Texts[r] = p.Story
			b.Columns[4].Texts = append(b.Columns[4].Texts, p.Pets...)
			b.Columns[4].Offsets[r+1] = int32(len(b.Columns[4].Texts))
			b.Columns[5].Floats[r] = p.Weight
			all = append(all, p)
		}
		if err := errors.Join(part.Write(b), w.Append(part)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path, all
}

func open(t testing.TB, paths ...string) *Table {
	t.Helper()
	x, err := Open(t.Context(), paths, Options{Schema: schema, Weight: "weight"})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func list(s *Selection) (rows []int) {
	for i := range s.Len() {
		rows = append(rows, s.At(i))
	}
	return rows
}

// TestTable compares cells, counts, filters, orders and searches with the persons, for
// files of all formats, and for two files one after the other.
func TestTable(t *testing.T) {
	for _, format := range dataset.FormatNames() {
		path, all := persons(t, format, 1000)
		second, more := persons(t, format, 70)
		x := open(t, path, second)
		all = append(all, more...)
		if x.Rows != len(all) || len(x.Columns) != 4 || len(x.Scanned) != 2 || x.Issues != nil {
			t.Fatalf("%s: %d rows, %d columns, %d scanned, issues %v", format, x.Rows, len(x.Columns), len(x.Scanned), x.Issues)
		}
		town, age, income := x.Column("town"), x.Column("age"), x.Column("income")
		for r, p := range all {
			wantTown, wantAge, wantIncome := any(nil), any(nil), any(nil)
			if p.Town != nil {
				wantTown = *p.Town
			}
			if p.Age != nil {
				wantAge = *p.Age
			}
			if p.Income != nil {
				wantIncome = *p.Income
			}
			if town.Cell(r) != wantTown || age.Cell(r) != wantAge || income.Cell(r) != wantIncome || x.Weights[r] != p.Weight {
				t.Fatalf("%s: row %d: %v %v %v", format, r, town.Cell(r), age.Cell(r), income.Cell(r))
			}
		}
		wanted := func(test func(p person) bool) (rows []int) {
			for r, p := range all {
				if test(p) {
					rows = append(rows, r)
				}
			}
			return rows
		}
		old := NewFilter(age, func(v any) bool { n, ok := v.(int64); return ok && n >= 40 })
		iasi := NewFilter(town, func(v any) bool { return v == "Iași" })
		rich := NewFilter(income, func(v any) bool { n, ok := v.(float64); return !ok || n > 30_000 })
		s := x.Select([]Filter{old, iasi, rich})
		if want := wanted(func(p person) bool {
			return p.Age != nil && *p.Age >= 40 && p.Town != nil && *p.Town == "Iași" && (p.Income == nil || *p.Income > 30_000)
		}); !slices.Equal(list(s), want) || len(want) < 20 {
			t.Errorf("%s: filters select %d rows, want %d", format, s.Len(), len(want))
		}
		counts := x.Count(town, s)
		weight := 0.0
		for _, r := range list(s) {
			weight += all[r].Weight
		}
		if counts.Rows[0] != int64(s.Len()) || counts.Weights[0] != weight || counts.Total() != weight {
			t.Errorf("%s: counts %v, weight %g", format, counts, weight)
		}
		for _, c := range []struct {
			text string
			test func(p person) bool
		}{
			{"iasi", func(p person) bool { return strings.Contains(p.Story, "IAȘI") || p.Town != nil && *p.Town == "Iași" }},
			{"LODZ", func(p person) bool { return p.Town != nil && *p.Town == "Łódź" }},
			{"strasse sea", func(p person) bool { return strings.Contains(p.Story, "Straße") }},
			{`"market in"`, func(p person) bool { return strings.Contains(p.Story, "market in") }},
			{`"in market"`, func(person) bool { return false }},
			{"catel pisica", func(p person) bool { return len(p.Pets) == 2 }},
		} {
			terms, err := ParseTerms(c.text)
			if err != nil {
				t.Fatal(err)
			}
			hits, err := x.Search(t.Context(), terms)
			if err != nil {
				t.Fatal(err)
			}
			if want := wanted(c.test); !slices.Equal(list(hits.Selection), want) {
				t.Errorf("%s: %q finds %d rows, want %d", format, c.text, hits.Selection.Len(), len(want))
			}
		}
		for _, down := range []bool{false, true} {
			sorted := age.Order(x.All(), down)
			for i := 1; i < sorted.Len(); i++ {
				a, b := all[sorted.At(i-1)].Age, all[sorted.At(i)].Age
				if a == nil && b != nil || a != nil && b != nil && (down && *a < *b || !down && *a > *b) {
					t.Fatalf("%s: order by age, down %t: position %d", format, down, i)
				}
			}
		}
		for _, r := range []int{0, 63, 64, 299, 300, 999, 1000, 1069} {
			b, err := x.Person(r, x.Schema)
			if err != nil {
				t.Fatal(err)
			}
			if b.Columns[3].Texts[0] != all[r].Story || !slices.Equal(b.Columns[4].Texts, all[r].Pets) {
				t.Errorf("%s: row %d has the text %q and pets %v", format, r, b.Columns[3].Texts[0], b.Columns[4].Texts)
			}
		}
		var stories, pets []string
		some := Rows([]uint32{1069, 3, 4, 5, 700, 301, 2, 1000})
		if err := x.Each(t.Context(), some, func(b *frame.Batch) error {
			stories = append(stories, b.Columns[3].Texts...)
			for r := range b.N {
				pets = append(pets, fmt.Sprint(b.Columns[4].Texts[b.Columns[4].Offsets[r]:b.Columns[4].Offsets[r+1]]))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for i, r := range []int{2, 3, 4, 5, 301, 700, 1000, 1069} {
			if len(stories) != 8 || stories[i] != all[r].Story || pets[i] != fmt.Sprint(all[r].Pets) {
				t.Fatalf("%s: row %d of a selection is %q with %v", format, r, stories, pets)
			}
		}
	}
}

// TestManyValues fills columns with more values than codes.
func TestManyValues(t *testing.T) {
	path := filepath.Join(t.TempDir(), "many.jsonl")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	const rows = mostCoded + 500
	e := json.NewEncoder(f)
	for i := range rows {
		row := map[string]any{"id": fmt.Sprint("id", i), "n": i * 3, "x": float64(i) + 0.5}
		if i%1000 == 7 {
			row = map[string]any{"id": nil, "n": nil, "x": nil}
		}
		if err := e.Encode(row); err != nil {
			t.Fatal(err)
		}
	}
	f.Close()
	x, err := Open(t.Context(), []string{path}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []int{0, 6, 8, mostCoded - 1, mostCoded + 100, rows - 1} {
		if x.Column("id").Cell(r) != fmt.Sprint("id", r) || x.Column("n").Cell(r) != int64(3*r) || x.Column("x").Cell(r) != float64(r)+0.5 {
			t.Errorf("row %d: %v %v %v", r, x.Column("id").Cell(r), x.Column("n").Cell(r), x.Column("x").Cell(r))
		}
	}
	for _, c := range x.Columns {
		if c.Coded() || c.Cell(1007) != nil || c.Nulls != 67 {
			t.Errorf("%s: coded %t, %v, %d nulls", c.Field.Name, c.Coded(), c.Cell(1007), c.Nulls)
		}
	}
	axis := x.NewAxis(x.Column("n"), x.All(), 10)
	counts := axis.Count(x, x.All())
	if counts.Total() != rows || counts.Rows[len(counts.Rows)-1] != 67 {
		t.Errorf("bins %+v have %v", axis.Bins, counts)
	}
	if down := x.Column("n").Order(x.All(), true); down.At(0) != rows-1 || x.Column("n").Cell(down.At(rows-1)) != nil {
		t.Errorf("the order begins with %d", down.At(0))
	}
}

// TestDamaged opens files that are not what their names say.
func TestDamaged(t *testing.T) {
	for name, content := range map[string]string{"a.parquet": "PAR1 not really PAR1", "b.csv": "", "c.jsonl": "{\"a\": 1", "d.txt": "x"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		x, err := Open(context.Background(), []string{path}, Options{})
		if err == nil && len(x.Issues) == 0 && x.Rows > 0 {
			t.Errorf("%s: no error", name)
		}
		if err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("%s: the error does not name the file: %v", name, err)
		}
	}
	path, _ := persons(t, "parquet", 900)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 10; i < len(data); i += len(data)/40 + 1 { // no panic
		spoilt := slices.Clone(data)
		spoilt[i] ^= 0x55
		if err := os.WriteFile(path, spoilt, 0o600); err != nil {
			t.Fatal(err)
		}
		x, err := Open(context.Background(), []string{path}, Options{Schema: schema})
		if err != nil {
			continue
		}
		terms, _ := ParseTerms("market")
		x.Search(context.Background(), terms)
		x.Person(899, x.Schema)
	}
}

// TestInferred opens lists of objects and mixed values, which are texts without a schema.
func TestInferred(t *testing.T) {
	for name, content := range map[string]string{
		"a.jsonl": `{"a": [{"b": 1}], "c": 5}` + "\n" + `{"a": {"b": "Iași"}, "c": "x"}` + "\n",
		"a.csv":   "a,c\n\"[{\"\"b\"\": 1}]\",5\n\"{\"\"b\"\": \"\"Iași\"\"}\",x\n",
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		x, err := Open(t.Context(), []string{path}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		terms, _ := ParseTerms("iasi")
		hits, err := x.Search(t.Context(), terms)
		if err != nil || len(x.Issues) > 0 || hits.Selection.Len() != 1 {
			t.Errorf("%s: issues %v, %d hits, %v", name, x.Issues, hits.Selection.Len(), err)
		}
	}
}

func TestMark(t *testing.T) {
	for _, c := range []struct{ search, text, want string }{
		{"iasi", "La Iași, IAS\u0326I și ia\u0219i.", "La [Iași], [IAS\u0326I] și [ia\u0219i]."},
		{"strass", "Straße", "[Straße]"[:len("[Straß")] + "]e"},
		{"o", "Øst", "[Ø]st"},
		{"a b", "cab", "c[ab]"},
		{"ё", "Ещё", "[Е]щ[ё]"},
	} {
		terms, err := ParseTerms(c.search)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, s := range terms.Mark(c.text) {
			if s.Hit {
				got += "[" + s.Text + "]"
			} else {
				got += s.Text
			}
		}
		if got != c.want {
			t.Errorf("%q in %q: %s, want %s", c.search, c.text, got, c.want)
		}
	}
}

func FuzzSearch(f *testing.F) {
	f.Add("iasi", "Iași")
	f.Add(`"a b" c`, "a b\xff c")
	f.Add("ss", "ßß")
	f.Fuzz(func(t *testing.T, search, text string) {
		terms, err := ParseTerms(search)
		if err != nil || terms == nil {
			return
		}
		whole := ""
		for _, s := range terms.Mark(text) {
			whole += s.Text
		}
		if whole != text {
			t.Errorf("marking changes the text to %q", whole)
		}
		text = strings.ToValidUTF8(text, "\uFFFD") // which excerpts are
		_, found := terms.excerpt("", text)
		if any := terms.in(appendFolded(nil, text, nil)) != 0; found != any {
			t.Errorf("found %t, excerpt %t", any, found)
		}
	})
}

// TestFold compares the folding of whole texts with that of their letters one by one.
func TestFold(t *testing.T) {
	text := ""
	for r := rune(0); r < 0x2200; r++ {
		if r < 0xd800 {
			text += string(r)
		}
		if r%13 == 0 {
			text += "The QUICK brown Fox, @[`{"
		}
	}
	text += "漢字 한글 \U0001F600 \xff end"
	want := ""
	for i, r := range text {
		switch {
		case r == utf8.RuneError:
			want += text[i : i+1]
		case quiet(r):
			want += string(r)
		default:
			want += foldRune(r)
		}
	}
	for from := range 20 { // other alignments
		prefix := strings.Repeat("x", from)
		if got := Fold(prefix + text); got != prefix+want {
			at := 0
			for at < len(got) && at < len(prefix+want) && got[at] == (prefix + want)[at] {
				at++
			}
			t.Fatalf("from %d: differs at byte %d: %q, want %q", from, at, got[at:min(len(got), at+20)], (prefix + want)[at:min(len(prefix+want), at+20)])
		}
	}
}

func BenchmarkFold(b *testing.B) {
	text := strings.Repeat("Iurie Russu, bărbat, 54 de ani, locuiește în satul Ciorna; povestea o știe de la mama, Zinaida. ", 20)
	b.SetBytes(int64(len(text)))
	var buffer []byte
	for b.Loop() {
		buffer = appendFolded(buffer[:0], text, nil)
	}
}
