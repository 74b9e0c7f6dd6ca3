package specs_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/run"
)

// columnsUnder returns the columns of a Parquet file of Moldova under an alias set,
// with the types that a reader without a plan sees, and a batch of it.
func columnsUnder(t *testing.T, set string) (names []string, types map[string]frame.Type, b *frame.Batch) {
	t.Helper()
	s, err := run.Run(t.Context(), run.Config{Spec: moldova, Cache: cache, Size: 200, Aliases: set, Formats: []string{"parquet"}, Out: filepath.Join(t.TempDir(), "out")})
	if err != nil {
		t.Fatal(err)
	}
	r, err := dataset.Open(filepath.Join(s.Dir, "data", "train-00000-of-00001.parquet"), dataset.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b = frame.New(r.Schema())
	if n, err := r.Read(b, 200); n != 200 {
		t.Fatal(n, err)
	}
	types = map[string]frame.Type{}
	for _, f := range r.Schema() {
		types[f.Name] = f.Type
	}
	return r.Columns(), types, b
}

// The set nemotron has the columns of Nemotron-Personas-Brazil: its names, its order,
// whole numbers for ages, and text for everything else, lists too.
func TestAliasesNemotron(t *testing.T) {
	names, types, b := columnsUnder(t, "nemotron")
	want := []string{
		"uuid", "professional_persona", "sports_persona", "arts_persona", "travel_persona", "culinary_persona", "persona",
		"cultural_background", "skills_and_expertise", "skills_and_expertise_list", "hobbies_and_interests", "hobbies_and_interests_list",
		"career_goals_and_ambitions", "sex", "age", "marital_status", "education_level", "occupation", "municipality", "state", "country",
	}
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
	for name, got := range types {
		if is := map[bool]frame.Type{true: frame.Integer, false: frame.Text}[name == "age"]; got != is {
			t.Errorf("%s is stored as %s, want %s", name, got, is)
		}
	}
	for _, text := range b.Columns[b.Schema.Index("skills_and_expertise_list")].Texts {
		if items, exact, ok := dataset.ReadList(text); text != "" && (!ok || !exact || len(items) < 3) {
			t.Errorf("%q is no list", text)
		}
	}
}

// The set datadesigner has what the person sampler of Data Designer requires and filters
// by: its values of sex, and ages and cities for everybody.
func TestAliasesDataDesigner(t *testing.T) {
	_, types, b := columnsUnder(t, "datadesigner")
	for name, want := range map[string]frame.Type{
		"uuid": frame.Text, "first_name": frame.Text, "last_name": frame.Text, "sex": frame.Text, "city": frame.Text, "age": frame.Integer, "persona": frame.Text,
	} {
		if types[name] != want {
			t.Errorf("%s is stored as %q, want %s", name, types[name], want)
		}
	}
	found := map[string]int{}
	for r, sex := range b.Columns[b.Schema.Index("sex")].Texts {
		found[sex]++
		if b.Columns[b.Schema.Index("city")].Texts[r] == "" || b.Columns[b.Schema.Index("first_name")].Texts[r] == "" {
			t.Errorf("person %d lacks a city or a name", r)
		}
	}
	if len(found) != 2 || found["Male"] == 0 || found["Female"] == 0 {
		t.Errorf("got sexes %v", found)
	}
}
