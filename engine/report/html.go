package report

import (
	"bytes"
	"cmp"
	"embed"
	"html/template"
	"io"
	"slices"
	"time"

	"github.com/personagen/personagen/engine/check"
)

// Page is the contents of report.html: the statistics, and facts that only the run
// knows.
type Page struct {
	Stats   *Stats
	Gallery []Persona
	Writing *Writing // nil if no model was called
	Files   []File
	// Stages are the stages of the run, in order, and Workers its number of
	// workers, 0 if unknown. They are shown in the section with the id "timings",
	// the only one that differs between two runs of the same plan. Without stages
	// the section is left out.
	Stages  []Stage
	Workers int
}

// Writing describes the model calls of the run that finished a release. Cost has
// one sum per currency; it is empty if the cost is unknown.
type Writing struct {
	Provider, Model                     string
	Calls                               int64
	Prompt, Completion, Cached, Thought int64 // tokens
	Cost                                []Sum
	Quarantined                         int64 // rejected texts
}

// Sum is an amount of money.
type Sum struct {
	Amount   float64
	Currency string
}

// File is a file of a release.
type File struct {
	Name, Format string // Format is "parquet", "jsonl" or "csv", empty for documents
	Bytes, Rows  int64  // Rows is 0 for documents
	SHA256       string
}

// Stage is a stage of the run with its duration.
type Stage struct {
	Name string
	Took time.Duration
}

//go:embed report.html.tmpl report.css
var pageFiles embed.FS

var pageTemplate = template.Must(template.New("report.html.tmpl").
	Funcs(template.FuncMap{"deviation": deviationOf}).
	ParseFS(pageFiles, "report.html.tmpl"))

// mostAttention is the largest number of failures, warnings and notes in the
// summary.
const mostAttention = 12

// mostOpen is the number of values of a field that are shown unfolded.
const mostOpen = 16

// Limits of the heat maps that are shown if the spec names no joints.
const (
	mostMaps     = 6
	mostMapCells = 200
)

// mostJointCells is the number of cells of all heat maps of joints that the spec names.
const mostJointCells = 2000

// mostRows is the number of rows of the tables that grow with the square of the number
// of fields: pairs of independent fields.
const mostRows = 200

// HTML writes the page as one file without scripts that loads nothing from
// elsewhere. It returns the writer's error.
func (p *Page) HTML(w io.Writer) error {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p.view()); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// view is the page as its template needs it.
type view struct {
	*Page
	Title, Lang string
	CSS         template.CSS
	Nav         []link

	Status, Sign, Verdict, VerdictNote, Explain string
	Tiles                                       []tile
	Attention                                   []check.Outcome
	AttentionMore                               int
	GoalsMet                                    int

	Pyramid *pyramidView
	Places  *placesView
	Margins []marginView
	// LogShares says that a margin has a logarithmic axis.
	LogShares  bool
	Numbers    []numberView
	Profiles   []profileView
	Declared   [][]string // number fields: quantiles declared and observed
	Correlated [][]string // correlations declared and observed
	Dates      []dateView
	Records    []recordsView
	Others     []marginView
	// Statistics are the cells of the table of published statistics.
	Statistics      [][]string
	StatisticNote   string
	Maps            []mapView
	MapsIntro       string
	Legend          template.HTML
	DeviationLegend template.HTML
	Deviations      []deviationView
	Compare         []comparedView
	Texts           *textsView
	Scores          *scoresView
	Cards           []card
	Dagger          bool

	Published                       []publishedView
	Uncertain                       []Uncertain
	SmoothedRows                    [][]string
	Independent                     []independentView
	IndependentMore, ExceptionsMore int // rows that are not shown
	Exceptions                      []Exception

	ChecksIntro  string
	CheckHead    []string
	CheckKinds   []kindView
	Outcomes     []check.Outcome
	OutcomesMore int // passed checks that are not shown
	Made         []labelled
	Files        []fileView
	Stages       []stageView
	Workers      string
}

type (
	link     struct{ ID, Title string }
	tile     struct{ Label, Value, Note string }
	labelled struct {
		Label, Value string
	}
	// fieldName names a field: its title, in the plan's language, and its name.
	fieldName struct {
		Lang, Title, Name, Status, Note string
	}
	publishedView struct {
		Published
		Moved, Missed string
	}
	independentView struct {
		First, Second string
		Given         []string
		P             string
	}
	kindView struct {
		Name   string
		Counts []int
	}
	fileView  struct{ Name, Rows, Size string }
	stageView struct {
		Name    string
		Plot    template.HTML
		Seconds string
	}
)

func (p *Page) view() *view {
	s := p.Stats
	css, _ := pageFiles.ReadFile("report.css")
	v := &view{Page: p, Title: cmp.Or(s.Population.Title, s.Population.Name), Lang: s.Population.Language, CSS: template.CSS(css)}
	v.summary()
	v.pyramid()
	v.places()
	v.fields()
	v.Declared, v.Correlated = v.Stats.declaredRows(func(text string) string { return text })
	v.statistics()
	v.joints()
	v.texts()
	v.scores()
	v.gallery()
	v.origins()
	v.checks()
	v.made()
	for _, x := range []struct {
		shown     bool
		id, title string
	}{
		{true, "summary", "Summary"},
		{v.Pyramid != nil, "pyramid", "Age and sex"},
		{v.Places != nil, "places", "Places"},
		{v.Records != nil, "records", "Records"},
		{v.Margins != nil || v.Numbers != nil || v.Others != nil || v.Statistics != nil, "margins", "Single fields"},
		{v.Maps != nil || v.Deviations != nil || v.Compare != nil, "joints", "Joint distributions"},
		{v.Texts != nil, "texts", "Texts"},
		{v.Scores != nil, "scores", "Scores"},
		{v.Cards != nil, "gallery", "Persons"},
		{true, "sources", "Sources"},
		{true, "checks", "Checks"},
		{true, "made", "How the data was made"},
		{v.Stages != nil, "timings", "Timings"},
	} {
		if x.shown {
			v.Nav = append(v.Nav, link{x.id, x.title})
		}
	}
	return v
}

// field returns the named field, or nil.
func (s *Stats) field(name string) *Field {
	k := slices.IndexFunc(s.Fields, func(f Field) bool { return f.Name == name })
	if k < 0 {
		return nil
	}
	return &s.Fields[k]
}

func (v *view) name(f *Field) fieldName {
	return fieldName{v.Lang, cmp.Or(f.Title, f.Name), f.Name, f.Status, f.Note}
}

// titleOf returns the title of a field, or else its name.
func (v *view) titleOf(name string) string {
	if f := v.Stats.field(name); f != nil {
		return cmp.Or(f.Title, f.Name)
	}
	return name
}
