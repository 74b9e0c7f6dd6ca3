package compare

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// quay returns a plan with the fields of the files that write makes.
func quay() *plan.Plan {
	return &plan.Plan{
		Name: "quay", Roles: map[string]string{"id": "id", "name": "name", "age": "age", "place": "zone"},
		Fields: []*kind.Field{
			{Name: "id", Kind: "id", Class: kind.Drawn, Type: frame.Text},
			{Name: "name", Kind: "template", Class: kind.Drawn, Type: frame.Text},
			{Name: "age", Kind: "integer", Class: kind.Fitted, Type: frame.Integer, Domain: &kind.Domain{Integer: true, Max: 99}},
			{Name: "zone", Kind: "category", Title: "Zone", Class: kind.Fitted, Type: frame.Category, Domain: &kind.Domain{Labels: []string{"Mole", "Dunes"}}},
			{Name: "tale", Kind: "text", Class: kind.Written, Type: frame.Text, Text: &kind.TextSpec{}},
			{Name: "tags", Kind: "text_list", Class: kind.Written, Type: frame.TextList, Text: &kind.TextSpec{}},
			{Name: "by", Kind: "text_source", Class: kind.Written, Type: frame.Text},
		},
	}
}

// write writes n persons as JSON lines. Persons with even numbers live on the mole.
func write(t *testing.T, name string, n int, list func(items ...string) string) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		zone := "Mole"
		if i%2 == 1 {
			zone = "Dunes"
		}
		tale := fmt.Sprintf("Anna of the %s is %d. %s", zone, 20+i%50, strings.Repeat(fmt.Sprintf("word%c ", 'a'+i%20), 30))
		by := "offline"
		if i%4 == 0 {
			by = "parrot-7b"
		}
		fmt.Fprintf(&b, `{"id":"%d","name":"Anna Marr","age":%d,"zone":%q,"tale":%q,"tags":%s,"by":%q}`+"\n", i, 20+i%50, zone, tale, list("a knife", fmt.Sprintf("thing %d", i%10)), by)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func asArray(items ...string) string { return fmt.Sprintf("[%q, %q]", items[0], items[1]) }
func asString(items ...string) string {
	return fmt.Sprintf(`"['%s', '%s']"`, items[0], items[1])
}

// The same persons have the same figures, however their lists are stored, and the
// figures are right.
func TestCompare(t *testing.T) {
	const n = 3000 // more than one batch
	p := quay()
	inputs := []Input{
		{Name: "a", Kind: Data, Files: []string{write(t, "a.jsonl", n, asArray)}, Plan: p},
		{Name: "b", Kind: Data, Files: []string{write(t, "b.jsonl", n, asString)}, Plan: p},
	}
	read := int64(0)
	progress := make(chan int64, 100)
	c, err := Compare(context.Background(), inputs, func(rows int64) { progress <- rows })
	if err != nil {
		t.Fatal(err)
	}
	for close(progress); ; {
		rows, more := <-progress
		if !more {
			break
		}
		read += rows
	}
	if read != 2*n || *c.Sets[0].Rows != n || *c.Sets[0].Model != 0.25 {
		t.Errorf("got %d rows read and set %+v", read, c.Sets[0])
	}
	if len(c.Texts) != 1 || len(c.Lists) != 1 || len(c.Values) != 2 || len(c.Numbers) != 1 {
		t.Fatalf("got %d texts, %d lists, %d values and %d numbers", len(c.Texts), len(c.Lists), len(c.Values), len(c.Numbers))
	}
	if d := cmp.Diff(c.Texts[0].In[0], c.Texts[0].In[1]); d != "" {
		t.Error(d)
	}
	tale := c.Texts[0].In[0]
	want := []Fact{{"name", n, 1}, {"age", n, 1}, {"place", n, 1}}
	if d := cmp.Diff(want, tale.Named); d != "" || tale.Words != 36 || tale.Sample != (Sample{n, 36_000}) {
		t.Errorf("%s%+v", d, tale)
	}
	if tale.NearDuplicates < 0.99 || tale.RepeatedOpenings < 0.7 { // 20 different texts
		t.Errorf("got near-duplicates %v and repeated openings %v", tale.NearDuplicates, tale.RepeatedOpenings)
	}
	tags, there := *c.Lists[0].In[0], *c.Lists[0].In[1]
	if tags.Items.Mean != 2 || tags.Sample != 2000 || tags.Different != 0.0055 || tags.Strings || !there.Strings {
		t.Errorf("%+v", tags)
	}
	there.Strings = false
	if d := cmp.Diff(tags, there); d != "" {
		t.Error(d)
	}
	for _, v := range c.Values {
		if v.TVD[0] != nil || v.TVD[1] == nil || *v.TVD[1] != 0 {
			t.Errorf("%s: %v", v.Field, v.TVD)
		}
	}
	if v := c.Values[1].In[0]; v.Shares[0] != (Share{"Dunes", 0.5}) || v.Different != 2 {
		t.Errorf("%+v", v)
	}
	if a := c.Numbers[0].In[0]; a.Min != 20 || a.Max != 69 || a.Mean != 44.5 {
		t.Errorf("%+v", a)
	}
}

// A small set is compared with an equally small sample of a large one.
func TestEqualSamples(t *testing.T) {
	p := quay()
	c, err := Compare(context.Background(), []Input{
		{Name: "few", Kind: Data, Files: []string{write(t, "few.jsonl", 40, asArray)}, Plan: p},
		{Name: "many", Kind: Data, Files: []string{write(t, "many.jsonl", 4000, asArray)}, Plan: p},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	few, many := c.Texts[0].In[0], c.Texts[0].In[1]
	if few.Sample != many.Sample || few.Sample.Texts != 40 || many.Texts != 4000 {
		t.Errorf("got samples %+v and %+v", few.Sample, many.Sample)
	}
	if math.Abs(few.Distinct[0]-many.Distinct[0]) > 0.02 { // it is 0.002 for the whole of the large set
		t.Errorf("got distinct-n %v and %v", few.Distinct, many.Distinct)
	}
}

// Without a plan the first rows decide how columns are compared.
func TestSniff(t *testing.T) {
	path := write(t, "x.jsonl", 100, asString)
	p := &profile{input: &Input{Files: []string{path}}}
	if err := p.measure(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{}
	for _, c := range p.columns {
		kinds[c.name] = c.kind
	}
	want := map[string]string{"id": valueKind, "name": valueKind, "age": numberKind, "zone": valueKind, "tale": textKind, "tags": listKind, "by": valueKind}
	if d := cmp.Diff(want, kinds); d != "" {
		t.Error(d)
	}
}

func TestDistance(t *testing.T) {
	col := func(values map[string]float64) *column {
		c := &column{values: values}
		for _, n := range values {
			c.weight += n
		}
		return c
	}
	a := col(map[string]float64{"x": 50, "y": 50})
	for _, c := range []struct {
		b    *column
		want float64
	}{{a, 0}, {col(map[string]float64{"x": 3, "y": 1}), 0.25}, {col(map[string]float64{"x": 1}), 0.5}, {col(map[string]float64{"x": 1, "z": 1}), 0.5}} {
		if d := distance(a, c.b); d == nil || *d != c.want {
			t.Errorf("%v: got %v, want %v", c.b.values, d, c.want)
		}
	}
	if d := distance(a, col(map[string]float64{"z": 1})); d != nil {
		t.Errorf("no common label: got %v, want nil", *d)
	}
	if d := distance(a, &column{tooMany: true, n: 1}); d != nil {
		t.Errorf("too many values: got %v, want nil", *d)
	}
}

// Endings may differ; short words and numbers must match exactly.
func TestFacts(t *testing.T) {
	for _, c := range []struct {
		role, value, text string
		want              bool
	}{
		{"place", "Chișinău", "S-a născut la Chișinăului margine.", true},
		{"place", "Chișinău", "S-a născut la Chilia.", false},
		{"region", "SP", "She likes sports.", false},
		{"region", "SP", "She lives in SP.", true},
		{"name", "Ana Rusu", "Rusu vine mereu.", true},
		{"name", "Ana Rusu", "Analiza vine mereu.", false},
		{"occupation", "Conducător auto", "Este conducătoare de autobuz.", true},
		{"occupation", "Conducător auto", "Este conducătoare.", false},
		{"age", "44", "Are 44 de ani.", true},
		{"age", "44", "Are 441 de ani.", false},
	} {
		p := &profile{roles: []role{{c.role, 0}}}
		b := frame.New(frame.Schema{{Name: "x", Type: frame.Text}})
		b.Resize(0, 1)
		b.Columns[0].Texts[0] = c.value
		f := p.facts(b, 0)[0]
		p.tokens.Read(c.text)
		if got := f.named(&p.tokens); got != c.want {
			t.Errorf("%s %q in %q: got %v", c.role, c.value, c.text, got)
		}
	}
}

// The figures of a reference are shown with their status, and special characters
// of Markdown and HTML in names are escaped.
func TestReference(t *testing.T) {
	figure := func(low, high float64) *spec.KnownFigure {
		return &spec.KnownFigure{Low: low, High: high, Status: "derived", Origin: "a guess <by> us"}
	}
	known := &spec.Reference{Name: "other", Title: "Other", Rows: figure(1000, 1000), RowChars: figure(100, 100), Fields: []spec.ReferenceField{
		{Field: "tale", Chars: figure(600, 900)}, {Field: "tags", Items: figure(10, 10)}, {Field: "zone", Values: figure(3, 3)}, {Field: "name", Absent: true},
	}}
	c, err := Compare(context.Background(), []Input{
		{Name: "a|b<i>", Kind: Data, Files: []string{write(t, "a.jsonl", 100, asArray)}, Plan: quay()},
		{Name: "other", Kind: Knowledge, Known: known},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var text, md, page bytes.Buffer
	for _, err := range []error{c.WriteText(&text, false), c.WriteMarkdown(&md), c.WriteHTML(&page)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"1,000 (derived)", "600 to 900 (derived)", "10 (derived)", "3 (derived)", "other lacks name."} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("got\n%[2]s\nwant %[1]q in it", want, &text)
		}
	}
	if s := md.String(); strings.Contains(s, "a|b") || !strings.Contains(s, `a\|b&lt;i>`) {
		t.Error(s)
	}
	if s := page.String(); strings.Contains(s, "<i>") || strings.Contains(s, "<by>") || strings.Count(s, "<table>") != strings.Count(s, "</table>") {
		t.Error(s)
	}
}

func TestFailures(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Compare(ctx, []Input{{Files: []string{write(t, "a.jsonl", 10, asArray)}}}, nil); err == nil {
		t.Error("no error from a cancelled comparison")
	}
	if _, err := Compare(context.Background(), []Input{{Files: []string{"nowhere.csv"}}}, nil); err == nil {
		t.Error("no error for a file that does not exist")
	}
}

func ExampleCompare() {
	dir, _ := os.MkdirTemp("", "")
	defer os.RemoveAll(dir)
	a, b := filepath.Join(dir, "a.csv"), filepath.Join(dir, "b.csv")
	os.WriteFile(a, []byte("hue\nred\nred\nblue\nblue\n"), 0o600)
	os.WriteFile(b, []byte("hue\nred\nred\nred\nblue\n"), 0o600)
	c, err := Compare(context.Background(), []Input{{Name: "a", Kind: Data, Files: []string{a}}, {Name: "b", Kind: Data, Files: []string{b}}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Values[0].Field, *c.Values[0].TVD[1])
	// Output: hue 0.25
}
