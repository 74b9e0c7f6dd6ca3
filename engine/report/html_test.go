package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/similarity"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/report"
	"github.com/personagen/personagen/engine/spec"
)

// peopled returns the isle with roles, and a joint distribution of hue by age.
func peopled() *plan.Plan {
	p := isle()
	p.Roles = map[string]string{"id": "id", "name": "name", "sex": "hue", "age": "age", "area": "zone"}
	both := make([]float64, 120)
	for i := range both {
		both[i] = []float64{2.0 / 3, 1.0 / 3}[i%2] / 60
	}
	p.Expected = append(p.Expected, plan.Expected{Name: "age x hue", Origin: "joint", Fields: []string{"age", "hue"}, Slots: []int{60, 2}, Share: both, Rank: 2})
	return p
}

// pageOf returns the page of the persons of a plan.
func pageOf(t testing.TB, p *plan.Plan) *report.Page {
	t.Helper()
	suite := check.New(p, check.Options{TempDir: t.TempDir()})
	defer suite.Close()
	tally, b := suite.NewTally(), people(p)
	tally.Add(b)
	r, err := suite.Result(tally)
	if err != nil {
		t.Fatal(err)
	}
	sampler := report.NewSampler(p, 1)
	sampler.Add(b)
	return &report.Page{
		Stats: report.New(p, r, facts), Gallery: sampler.Gallery(), Workers: 2,
		Writing: &report.Writing{Provider: "parrots", Model: "parrot-7b", Calls: 12, Prompt: 3400, Completion: 5600, Cost: []report.Sum{{Amount: 1.234, Currency: "EUR"}, {Amount: 2, Currency: "USD"}}, Quarantined: 1},
		Files:   []report.File{{Name: "csv/train-00000-of-00001.csv", Bytes: 12_345, Rows: persons}, {Name: "stats.json", Bytes: 999}},
		Stages:  []report.Stage{{Name: "write", Took: 1500 * time.Millisecond}, {Name: "check", Took: 250 * time.Millisecond}},
	}
}

func html(t testing.TB, p *report.Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.HTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var style = regexp.MustCompile(`(?s)<style>.*</style>`)

// The golden file has the whole page without its style sheet.
func TestPageGolden(t *testing.T) {
	page := html(t, pageOf(t, peopled()))
	golden(t, "report.html", []byte(style.ReplaceAllString(page, "<style></style>")))
	if again := html(t, pageOf(t, peopled())); again != page {
		t.Error("the same result gives another page")
	}
}

// Sections for which the spec defines nothing are left out.
func TestPageWithoutRoles(t *testing.T) {
	p := isle()
	page := &report.Page{Stats: report.New(p, result(t, p, check.Options{}, nil), facts)}
	text := html(t, page)
	for _, absent := range []string{`id="pyramid"`, `id="places"`, `id="gallery"`, `id="timings"`, "<h3>Files", "Calls"} {
		if strings.Contains(text, absent) {
			t.Errorf("the page contains %s", absent)
		}
	}
	wellFormed(t, text)
	page.Stats.Texts = nil
	if text := html(t, page); strings.Contains(text, `id="texts"`) || !strings.Contains(text, "structured fields only") {
		t.Error("the page of a release without texts has a section on texts")
	}
}

// The first words of the summary say whether the checks passed.
func TestPageVerdict(t *testing.T) {
	p := isle()
	spoilt := result(t, p, check.Options{}, func(b *frame.Batch) { b.Columns[1].Codes[5] = -2 })
	warned := result(t, p, check.Options{}, nil)
	whole := report.New(p, warned, facts)
	clean, cut := *whole, *whole
	cut.Checks.Counts = map[string]int{check.Pass: len(cut.Checks.Outcomes) - 2, check.Skip: 2}
	cut.Checks.Outcomes = slices.Clone(cut.Checks.Outcomes)
	for i := range cut.Checks.Outcomes[:2] {
		cut.Checks.Outcomes[i].Status, cut.Checks.Outcomes[i].Message = check.Skip, "too few persons to test"
	}
	clean.Checks.Counts = map[string]int{check.Pass: len(clean.Checks.Outcomes)}
	for _, c := range []struct {
		stats *report.Stats
		want  string
	}{
		{report.New(p, spoilt, facts), ` checks failed<`},
		{whole, `<p class="big">Passed with 1 warning<`},
		{&clean, `<p class="big">All `},
		{&cut, `<p class="big">32 checks passed, 2 could not be tested<`},
		{&cut, `Reasons for not testing: too few persons to test (2).`},
	} {
		if text := html(t, &report.Page{Stats: c.stats}); !strings.Contains(text, c.want) {
			t.Errorf("the page lacks %q", c.want)
		}
	}
}

func TestPageWriteError(t *testing.T) {
	if err := pageOf(t, peopled()).HTML(broken{}); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("got error %v, want that of the writer", err)
	}
}

var (
	void    = regexp.MustCompile(`<(meta|br)\b([^>]*)>`)
	outside = regexp.MustCompile(`(?i)url\(|@import|<link|<base|<iframe|<object|<embed|<form`)
)

// wellFormed parses the page as XML and reports scripts, event handlers, external
// resources and duplicate ids. It returns the text between the tags.
func wellFormed(t testing.TB, page string) string {
	t.Helper()
	if found := outside.FindString(page); found != "" {
		t.Errorf("the page holds %q", found)
	}
	page = void.ReplaceAllString(page, "<$1$2/>")
	d := xml.NewDecoder(strings.NewReader(page))
	d.Entity = xml.HTMLEntity
	ids := map[string]bool{}
	var texts strings.Builder
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts.String()
		}
		if err != nil {
			line, column := d.InputPos()
			t.Fatalf("line %d, column %d: %v", line, column, err)
		}
		switch x := token.(type) {
		case xml.CharData:
			texts.Write(x)
		case xml.StartElement:
			name := strings.ToLower(x.Name.Local)
			if name == "script" || name == "img" {
				t.Errorf("the page has a <%s>", name)
			}
			for _, a := range x.Attr {
				key := strings.ToLower(a.Name.Local)
				switch {
				case strings.HasPrefix(key, "on"), key == "src", key == "srcset":
					t.Errorf("<%s> has an attribute %s", name, key)
				case key == "href" && strings.HasPrefix(strings.TrimSpace(strings.ToLower(a.Value)), "javascript"):
					t.Errorf("a link runs %s", a.Value)
				case key == "id":
					if ids[a.Value] {
						t.Errorf("two elements have the id %s", a.Value)
					}
					ids[a.Value] = true
				}
			}
		}
	}
}

// evil are labels that would break or attack the page if they were not escaped.
var evil = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</style><script>`, `</title></svg><svg onload=alert(1)>`,
	`{{.Stats}}`, `' onmouseover='alert(1)`, `]]>`, `<!-- -->`, `&lt;b&gt;`, "a\u202eb",
}

// haunted puts a text everywhere a spec may have one.
func haunted(text string) *plan.Plan {
	p := peopled()
	p.Title, p.Description, p.License, p.Limitations = text, text, text, []string{text}
	p.Population.Where = text
	p.Sources = []spec.Source{{Name: text, Publisher: text, Title: text, URL: "javascript:alert(1)//" + text, Note: text, License: text}}
	for _, f := range p.Fields {
		f.Title, f.Note, f.Unit = text, text, text
		if f.Domain != nil && f.Domain.Labels != nil {
			for i := range f.Domain.Labels {
				f.Domain.Labels[i] = text + strings.Repeat("!", i)
			}
		}
	}
	for i := range p.Tables {
		p.Tables[i].Title, p.Tables[i].Note, p.Tables[i].Status, p.Tables[i].Where, p.Tables[i].Source = text, text, text, text, text
	}
	return p
}

// hauntedPage also puts the text into the data of persons and the documents of the
// run.
func hauntedPage(t testing.TB, text string) *report.Page {
	page := pageOf(t, haunted(text))
	for i := range page.Gallery {
		for k := range page.Gallery[i].Facts {
			f := &page.Gallery[i].Facts[k]
			if f.Items != nil {
				f.Items = []string{text, text}
			} else {
				f.Text = text
			}
		}
	}
	page.Writing.Model, page.Files[0].Name, page.Stages[0].Name = text, text, text
	page.Stats.Goals = []check.Goal{{Name: text, About: text, Demand: text, Found: text}}
	page.Stats.References = []report.Reference{{Title: text, Origin: text, Lengths: map[string]float64{"story": 400}}}
	page.Stats.Texts.Groups = []similarity.Group{{Field: "hue", Value: text, Persons: 3, Words: []similarity.Word{{Word: text, Share: 1}}}, {Field: "hue", Value: text}}
	page.Stats.Checks.Outcomes[0].Status, page.Stats.Checks.Outcomes[0].Message = check.Warn, text
	page.Stats.Checks.Counts[check.Warn]++
	return page
}

func TestPageEscapes(t *testing.T) {
	for _, text := range evil {
		texts := wellFormed(t, html(t, hauntedPage(t, text)))
		if n := strings.Count(texts, text); n < 100 {
			t.Errorf("got %q %d times on the page, want at least 100", text, n)
		}
	}
}

func FuzzPage(f *testing.F) {
	for _, text := range evil {
		f.Add(text)
	}
	f.Add("\x00\xff")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 300 || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0xfffe || r == 0xffff }) {
			t.Skip("too long, or characters that XML does not allow")
		}
		wellFormed(t, html(t, hauntedPage(t, text)))
	})
}

// The bands contain every person once, both observed and expected.
func TestPyramid(t *testing.T) {
	p := peopled()
	s := report.New(p, result(t, p, check.Options{}, nil), facts)
	if s.Pyramid == nil {
		t.Fatal("no pyramid")
	}
	if want := []string{"20–24", "25–29", "30–34", "35–39", "40–44", "45–49", "50–54", "55–59", "60–64", "65–69", "70–74", "75–79"}; !slices.Equal(s.Pyramid.Bands, want) {
		t.Error(s.Pyramid.Bands)
	}
	observed, target := 0.0, 0.0
	for i := range s.Pyramid.Bands {
		for k := range 2 {
			observed, target = observed+s.Pyramid.Observed[i][k], target+s.Pyramid.Target[i][k]
		}
		if s.Pyramid.Observed[i][0]+s.Pyramid.Observed[i][1] != 100 { // twenty of each age
			t.Errorf("%s: %v", s.Pyramid.Bands[i], s.Pyramid.Observed[i])
		}
	}
	if observed != persons || target < persons-1e-3 || target > persons+1e-3 {
		t.Errorf("%g observed, %g wanted", observed, target)
	}
	if s.Places == nil || s.Places.Field != "zone" || s.Places.Region != "" {
		t.Errorf("%+v", s.Places)
	}
	p.Roles["sex"] = "zone" // three values, and no table with the age
	if s := report.New(p, result(t, p, check.Options{}, nil), facts); s.Pyramid != nil {
		t.Error("a pyramid of three sexes")
	}
}

// Samplers of parts, merged in any order, choose the same persons as one sampler of
// all, and these persons differ from each other.
func TestGallery(t *testing.T) {
	p := peopled()
	whole := report.NewSampler(p, 5)
	whole.Add(people(p))
	want := whole.Gallery()
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 1))
		var parts []*report.Sampler
		all := people(p)
		for first := 0; first < persons; {
			n := min(1+random.IntN(400), persons-first)
			s := report.NewSampler(p, 5)
			s.Add(cutBatch(all, first, n))
			parts, first = append(parts, s), first+n
		}
		random.Shuffle(len(parts), func(i, k int) { parts[i], parts[k] = parts[k], parts[i] })
		for _, s := range parts[1:] {
			parts[0].Merge(s)
		}
		if d := cmp.Diff(want, parts[0].Gallery()); d != "" {
			t.Fatalf("%d parts (-whole +parts):\n%s", len(parts), d)
		}
	}
	if len(want) != 12 {
		t.Fatalf("%d persons", len(want))
	}
	seen := map[string]int{}
	for i, x := range want {
		if i > 0 && x.Number <= want[i-1].Number {
			t.Error("not in order")
		}
		for _, f := range x.Facts[1:3] {
			seen[f.Text]++
		}
	}
	if seen["red"] != 6 || seen["sea_green"] != 6 || seen["north"] != 4 || seen["mid"] != 4 || seen["south"] != 4 {
		t.Errorf("not balanced: %v", seen)
	}
	other := report.NewSampler(p, 6)
	other.Add(people(p))
	if cmp.Equal(want, other.Gallery()) {
		t.Error("another seed chooses the same persons")
	}
	few := report.NewSampler(p, 5)
	few.Add(cutBatch(people(p), 0, 3))
	if n := len(few.Gallery()); n != 3 {
		t.Errorf("%d of 3 persons", n)
	}
	if n := len(report.NewSampler(p, 5).Gallery()); n != 0 {
		t.Errorf("%d of no persons", n)
	}
}

// cutBatch returns n rows of b from row first on.
func cutBatch(b *frame.Batch, first, n int) *frame.Batch {
	out := frame.New(b.Schema)
	out.First, out.N = b.First+int64(first), n
	for i, c := range b.Columns {
		o := &out.Columns[i]
		switch b.Schema[i].Type {
		case frame.Category:
			o.Codes = c.Codes[first : first+n]
		case frame.Integer:
			o.Ints = c.Ints[first : first+n]
		case frame.Number:
			o.Floats = c.Floats[first : first+n]
		case frame.Text:
			o.Texts = c.Texts[first : first+n]
		default:
			o.Offsets, o.Codes, o.Texts = c.Offsets[first:first+n+1], c.Codes, c.Texts
		}
		if c.Null != nil {
			o.Null = c.Null[first : first+n]
		}
	}
	return out
}

func BenchmarkSampler(b *testing.B) {
	p := peopled()
	rows := people(p)
	s := report.NewSampler(p, 1)
	for b.Loop() {
		s.Add(rows)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*persons), "ns/person")
}
