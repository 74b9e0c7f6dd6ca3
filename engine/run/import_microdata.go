package run

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/importer"
	"github.com/personagen/personagen/engine/internal/inputs"
	"github.com/personagen/personagen/engine/internal/microdata"
	"github.com/personagen/personagen/engine/internal/table"
)

// MicrodataConfig says what ImportMicrodata reads and what the user decided.
type MicrodataConfig struct {
	File       string
	Into       string // the spec to which patterns are added; "" only makes them
	AllowPaths []string
	Weight     string            // column of the weights; "none" if all records count alike, "" if it is not said
	Field      map[string]string // column to field
	Missing    []string          // texts that mean that nothing is known
	Separator  string            // of a text file; "" to guess
	Skip       int               // lines above the header of a text file
	Encoding   string            // of a text file

	Progress func(Event) // may be nil
}

// Microdata is what ImportMicrodata found. Fields are named by Variables.
type Microdata struct {
	File      string           `json:"file"`
	Records   int64            `json:"records"`
	Weight    string           `json:"weight,omitempty"`
	Effective float64          `json:"effective"` // size of the sample (Kish)
	Variables []SurveyVariable `json:"variables"`
	Ignored   []SurveyIgnored  `json:"ignored,omitempty"`
	Pairs     []SurveyPair     `json:"pairs"`
	Triples   []SurveyTriple   `json:"triples"`
	Remarks   []string         `json:"remarks,omitempty"`
	Open      []string         `json:"open,omitempty"` // questions, with their answers
	Stanza    string           `json:"stanza,omitempty"`
	Changed   []string         `json:"changed,omitempty"`
	Added     string           `json:"-"`
	Warnings  *diag.List       `json:"-"`
}

// SurveyVariable is a column that is a field.
type SurveyVariable struct {
	Column string `json:"column"`
	Field  string `json:"field"`
	Group  string `json:"group,omitempty"` // of an integer: the field of bands that is looked at
	New    bool   `json:"new,omitempty"`   // whether the spec lacks the field
	Values int    `json:"values"`
	Empty  int64  `json:"empty,omitempty"` // records without a value
}

// SurveyIgnored is a column that is not looked at.
type SurveyIgnored struct {
	Column string `json:"column"`
	Why    string `json:"why"`
}

// SurveyPair says how two fields depend on each other.
type SurveyPair struct {
	Fields []string `json:"fields"`
	SurveyMeasure
	ExplainedBy string `json:"explained_by,omitempty"`
	Written     bool   `json:"written"`
	// NoRoom says that the pair is worth a pattern, but that the fit of all patterns
	// would have too many cells.
	NoRoom bool `json:"no_room,omitempty"`
}

// SurveyTriple says what three fields have in common beyond their pairs.
type SurveyTriple struct {
	Fields []string `json:"fields"`
	SurveyMeasure
	Written bool `json:"written"`
	NoRoom  bool `json:"no_room,omitempty"` // see SurveyPair
}

// SurveyMeasure is the strength of a dependence: in nats, without the bias of the sample,
// with its standard error; the share of persons in wrong cells without it, less what
// chance explains; and the p-value, adjusted for the number of tests (Holm).
type SurveyMeasure struct {
	Information float64 `json:"information"`
	Error       float64 `json:"error"`
	Persons     float64 `json:"persons"`
	P           float64 `json:"p"`
}

// Limits of what is worth a pattern: the adjusted p-value, and the share of persons in
// wrong cells.
const (
	SurveySignificant = microdata.Significant
	SurveyWorth       = microdata.WorthPerson
)

// Limits of what is looked at.
const (
	mostLabels    = 40      // of a new category
	mostSpan      = 150     // of a new integer
	mostVariables = 60      // fields
	mostBands     = 12      // bands in which an integer is looked at
	mostTrioCells = 4 << 20 // of all triples together
	mostFitCells  = 1 << 20 // of the cliques of the fit, for patterns
)

// ImportMicrodata looks at the records of a survey: which pairs and triples of fields
// depend on each other. It writes a pattern for each that is worth having, or adds them to
// a spec. The records are read three times and never kept. The error is ErrUndecided if a
// person has to choose, and a *diag.ListError if the file or the spec is wrong; then
// nothing is changed.
func ImportMicrodata(ctx context.Context, cfg MicrodataConfig) (*Microdata, error) {
	i := &importing{ctx: ctx, cfg: ImportConfig{Into: cfg.Into, AllowPaths: cfg.AllowPaths, Progress: cfg.Progress}, out: &Imported{}, known: &importer.Spec{Sources: map[string]importer.Source{}, Roles: map[string]string{}}}
	if err := i.choices(); err != nil {
		return nil, err
	}
	if cfg.Into != "" {
		if err := i.readSpec(); err != nil {
			return nil, err
		}
	}
	s := &survey{importing: i, cfg: cfg, out: &Microdata{File: filepath.ToSlash(cfg.File)}}
	s.name = i.nameInSpec(cfg.File)
	if err := i.checkReach(cfg.File, s.name); err != nil {
		return nil, err
	}
	if err := s.look(); err != nil {
		return nil, err
	}
	if len(s.out.Open) > 0 {
		return s.out, ErrUndecided
	}
	if err := s.relate(); err != nil {
		return nil, err
	}
	s.write()
	if len(i.stanza.Tables) == 0 {
		s.out.Remarks = append(s.out.Remarks, "no pattern is worth writing")
		return s.out, nil
	}
	s.out.Stanza, s.out.Added = i.stanza.Text(), i.stanza.Summary()
	if cfg.Into != "" {
		if err := i.insert(); err != nil {
			return s.out, err
		}
		s.out.Changed, s.out.Warnings = i.out.Changed, i.out.Warnings
	}
	return s.out, nil
}

// survey carries the import of microdata from step to step.
type survey struct {
	*importing
	cfg    MicrodataConfig
	out    *Microdata
	name   string // of the file in the spec
	layout table.Layout
	weight int // column, -1 for none
	vars   []*surveyVariable
	edges  []microdata.Edge
	trios  []microdata.Trio
	// determined is, per variable, the one that decides its value, -1 for none.
	determined []int
}

// surveyVariable is a column as a field.
type surveyVariable struct {
	SurveyVariable
	index int               // of the column
	codes map[string]int    // of texts; of an integer nil
	maps  map[string]string // texts that are not the labels
	// Of an integer: its least and greatest value, and the size of its bands.
	min, max, band int64
	over           string // field of the tables
	bands          string // the group that over is, in CUE, if the spec lacks it
	text           string // the field in CUE, if the spec lacks it
}

func (v *surveyVariable) size() int {
	if v.codes == nil {
		return int((v.max-v.min)/v.band) + 1
	}
	n := 0
	for _, c := range v.codes {
		n = max(n, c+1)
	}
	return n
}

// cells is the number of values of the field of the tables.
func (v *surveyVariable) cells() int {
	if v.codes == nil {
		return int(v.max-v.min) + 1
	}
	return v.size()
}

// code returns the value of a record, -1 for none.
func (v *surveyVariable) code(text string) int {
	if v.codes != nil {
		if c, ok := v.codes[text]; ok {
			return c
		}
		return -1
	}
	n, ok := microdata.Whole(text)
	if !ok || n < v.min || n > v.max {
		return -1
	}
	return int((n - v.min) / v.band)
}

// each reads the records. Its function returns the faults that it found in a record.
func (s *survey) each(stage string, use func(r *microdata.Reader, record []string, faults *diag.List)) error {
	file, err := inputs.OpenRegular(s.cfg.File)
	faults := &diag.List{}
	if err != nil {
		faults.Errorf(diag.Place{File: s.out.File}, "unreadable-file", "the file cannot be read: %v", inputs.Cause(err)).WithHint("name a CSV or Parquet file of records")
		return faults.Err()
	}
	r := microdata.Open(file, s.out.File, &s.layout, faults)
	if r == nil {
		return faults.Err()
	}
	defer r.Close()
	n := int64(0)
	for ; ; n++ {
		if n%4096 == 0 {
			if err := s.ctx.Err(); err != nil {
				return err
			}
			s.event(stage, n, s.out.Records)
		}
		record, err := r.Next(faults)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return faults.Err()
		}
		if use(r, record, faults); len(faults.Items) >= table.MaxFaults {
			break
		}
	}
	if n == 0 && !faults.Failed() {
		faults.Errorf(diag.Place{File: s.out.File}, "no-rows", "the file has no record").WithHint("the first row names the columns; the others are records")
	}
	s.out.Records = n
	return faults.Err()
}

// weightName matches the names of columns that are commonly weights.
var weightName = regexp.MustCompile(`(?i)weight|w(ei)?gh?t($|_|\d)|^(per|hh)wt|^p?wgtp?$|^w$`)

// look reads the columns and decides which fields they are.
func (s *survey) look() error {
	s.layout = table.Layout{Separator: s.cfg.Separator, Skip: s.cfg.Skip, Encoding: s.cfg.Encoding, Numbers: table.Numbers{Missing: s.cfg.Missing}}
	if s.cfg.Separator == "" && !microdata.IsParquet(s.cfg.File) {
		s.layout.Separator = guessSeparator(s.cfg.File, s.cfg.Skip)
	}
	if s.cfg.Separator != "" && !table.ValidSeparator(s.cfg.Separator) {
		return fmt.Errorf("%w: --separator must be one character", ErrUsage)
	}
	if s.cfg.Encoding != "" {
		if err := table.CheckEncoding(s.cfg.Encoding); err != nil {
			return fmt.Errorf("%w: --encoding: %v", ErrUsage, err)
		}
	}
	var columns []*microdata.Profile
	err := s.each("look at "+filepath.Base(s.cfg.File), func(r *microdata.Reader, record []string, _ *diag.List) {
		if columns == nil {
			for _, name := range r.Columns {
				columns = append(columns, microdata.NewProfile(name, s.cfg.Missing))
			}
		}
		for c, text := range record {
			columns[c].Add(text)
		}
	})
	if err != nil {
		return err
	}
	if err := s.findWeight(columns); err != nil {
		return err
	}
	for column := range s.cfg.Field {
		if !slices.ContainsFunc(columns, func(p *microdata.Profile) bool { return p.Name == column }) {
			return s.noColumn("--field", column, columns)
		}
	}
	for c, p := range columns {
		if c != s.weight {
			s.variable(c, p)
		}
	}
	if len(s.known.Fields) > 0 && len(s.vars) == 0 {
		s.out.Open = append(s.out.Open, "no column has the name and the values of a field of the spec: name the field of each column that matters with --field COLUMN=FIELD; a field that the spec lacks is added")
	}
	if len(s.vars) > mostVariables {
		s.out.Open = append(s.out.Open, fmt.Sprintf("%d columns may be fields, and at most %d are looked at: name those that matter with --field COLUMN=FIELD", len(s.vars), mostVariables))
	}
	return nil
}

func (s *survey) noColumn(flag, name string, columns []*microdata.Profile) error {
	var names []string
	for _, p := range columns {
		names = append(names, p.Name)
	}
	hint := "its columns are " + humanize.Some(names)
	if g := diag.Guess(name, names); g != "" {
		hint = fmt.Sprintf("did you mean %q?", g)
	}
	return fmt.Errorf("%w: %s: %s has no column %q; %s", ErrUsage, flag, s.cfg.File, name, hint)
}

// findWeight finds the column of the weights, or asks for it.
func (s *survey) findWeight(columns []*microdata.Profile) error {
	s.weight = -1
	switch s.cfg.Weight {
	case "none":
	case "":
		for _, p := range columns {
			if weightName.MatchString(p.Name) && s.cfg.Field[p.Name] == "" {
				s.out.Open = append(s.out.Open, fmt.Sprintf("is %q the column of the weights? answer with --weight %s, or with --weight none", p.Name, strconv.Quote(p.Name)))
			}
		}
	default:
		s.weight = slices.IndexFunc(columns, func(p *microdata.Profile) bool { return p.Name == s.cfg.Weight })
		if s.weight < 0 {
			return s.noColumn("--weight", s.cfg.Weight, columns)
		}
		s.out.Weight = s.cfg.Weight
	}
	return nil
}

// guessSeparator returns the character that the first line of a file has most often.
func guessSeparator(path string, skip int) string {
	file, err := inputs.OpenRegular(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	r := bufio.NewReaderSize(io.LimitReader(file, 1<<20), 1<<16)
	line := ""
	for range skip + 1 {
		line, _ = r.ReadString('\n')
	}
	best, most := "", 0
	for _, c := range []string{",", ";", "\t", "|"} {
		if n := strings.Count(line, c); n > most {
			best, most = c, n
		}
	}
	if best == "," {
		return ""
	}
	return best
}

// variable decides which field a column is.
func (s *survey) variable(c int, p *microdata.Profile) {
	ignore := func(why string) { s.out.Ignored = append(s.out.Ignored, SurveyIgnored{p.Name, why}) }
	wanted := s.cfg.Field[p.Name]
	v := &surveyVariable{SurveyVariable: SurveyVariable{Column: p.Name, Empty: p.Empty}, index: c, band: 1}
	for k := range s.known.Fields {
		f := &s.known.Fields[k]
		if wanted != "" && wanted != f.Name || wanted == "" && !named(f, p.Name) {
			continue
		}
		if why := s.matches(v, f, p); why != "" {
			if wanted != "" {
				s.out.Open = append(s.out.Open, fmt.Sprintf("column %q is not field %q: %s; write the table by hand with a map (personagen explain microdata), or choose another field name", p.Name, wanted, why))
			}
			ignore("not field " + f.Name + ": " + why)
			return
		}
		if slices.ContainsFunc(s.vars, func(o *surveyVariable) bool { return o.over == v.over }) {
			ignore("another column is " + v.over)
			return
		}
		s.add(v)
		return
	}
	if wanted == "" && len(s.known.Fields) > 0 {
		ignore("no field of the spec")
		return
	}
	if why := s.makeField(v, p, wanted); why != "" {
		if wanted != "" {
			s.out.Open = append(s.out.Open, fmt.Sprintf("column %q cannot become field %q: it %s", p.Name, wanted, why))
		}
		ignore(why)
		return
	}
	s.add(v)
}

func (s *survey) add(v *surveyVariable) {
	if v.over != v.Field {
		v.Group = v.over
	}
	s.vars, s.out.Variables = append(s.vars, v), append(s.out.Variables, v.SurveyVariable)
}

func named(f *importer.Field, column string) bool {
	return slices.ContainsFunc(append([]string{f.Name}, f.Names...), func(n string) bool { return strings.EqualFold(plain(n), plain(column)) })
}

// plain is a name without what programs replace in it.
func plain(name string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "", ".", "").Replace(name)
}

// matches makes a variable of a field of the spec, or says why its values are not those
// of the column.
func (s *survey) matches(v *surveyVariable, f *importer.Field, p *microdata.Profile) string {
	v.Field, v.over = f.Name, f.Name
	if f.Kind == "integer" {
		low, high := f.Span()
		if !p.Integers {
			return "it has texts that are no whole numbers"
		}
		if p.Min < int64(low) || p.Max > int64(high) {
			return fmt.Sprintf("it has %d to %d, the field %d to %d", p.Min, p.Max, low, high)
		}
		v.min, v.max = int64(low), int64(high)
		v.band = (v.max-v.min)/mostBands + 1
		v.Values = int(v.max-v.min) + 1
		if i := slices.IndexFunc(s.known.Fields, func(g importer.Field) bool {
			return g.Kind == "group" && g.Of == f.Name && len(g.Ages) == len(g.Labels) && len(g.Labels) > 1 && len(g.Labels) <= mostLabels
		}); i >= 0 && p.Texts != nil {
			g := &s.known.Fields[i]
			v.over, v.Values, v.codes = g.Name, len(g.Labels), map[string]int{}
			for text := range p.Texts {
				n, _ := microdata.Whole(text)
				if band := g.Band(int(n)); band >= 0 {
					v.codes[text] = band
				}
			}
		}
		return ""
	}
	if p.Texts == nil {
		return "it has too many values"
	}
	v.codes, v.maps, v.Values = map[string]int{}, map[string]string{}, len(f.Labels)
	var unknown []string
	for _, text := range p.Values() {
		i := slices.Index(f.Labels, text)
		if i < 0 {
			if i = slices.IndexFunc(f.Labels, func(l string) bool { return strings.EqualFold(l, text) }); i >= 0 {
				v.maps[text] = f.Labels[i]
			}
		}
		if i < 0 {
			unknown = append(unknown, strconv.Quote(text))
			continue
		}
		v.codes[text] = i
	}
	if unknown != nil {
		return "it has " + humanize.Some(unknown) + ", which are no values of the field"
	}
	return ""
}

var notName = regexp.MustCompile(`[^a-z0-9]+`)

// makeField makes a field of a column, or says why it cannot become one.
func (s *survey) makeField(v *surveyVariable, p *microdata.Profile, wanted string) string {
	v.New = true
	v.Field = wanted
	if wanted == "" {
		v.Field = strings.Trim(notName.ReplaceAllString(strings.ToLower(p.Name), "_"), "_")
		if v.Field == "" || v.Field[0] < 'a' || v.Field[0] > 'z' {
			v.Field = strings.TrimSuffix("column_"+v.Field, "_")
		}
		for base, n := v.Field, 2; slices.ContainsFunc(s.vars, func(o *surveyVariable) bool { return o.Field == v.Field || o.over == v.Field }); n++ {
			v.Field = base + "_" + strconv.Itoa(n)
		}
	}
	v.over = v.Field
	span := p.Max - p.Min
	switch {
	case p.Integers && p.Texts != nil && len(p.Texts) > 12 && span < mostSpan:
		v.min, v.max = p.Min, p.Max
		v.Values = int(span) + 1
		v.text = fmt.Sprintf("{kind: \"integer\", title: %s, min: %d, max: %d}", strconv.Quote(p.Name), v.min, v.max)
		v.makeBands()
		return ""
	case p.Texts == nil || len(p.Texts) > mostLabels:
		return "has too many different values"
	case len(p.Texts) < 2:
		return "has one value"
	}
	v.codes, v.Values = map[string]int{}, len(p.Texts)
	var labels []string
	for i, text := range p.Values() {
		v.codes[text] = i
		labels = append(labels, strconv.Quote(text))
	}
	v.text = fmt.Sprintf("{kind: \"category\", title: %s, values: [%s]}", strconv.Quote(p.Name), strings.Join(labels, ", "))
	return ""
}

// makeBands makes a group of an integer, with bands that begin at round numbers.
func (v *surveyVariable) makeBands() {
	width := int64(1)
	for _, w := range []int64{1, 2, 5, 10, 20, 25, 50} {
		if width = w; (v.max-v.min)/w+1 <= mostBands {
			break
		}
	}
	if width == 1 {
		return
	}
	var cuts, labels []string
	v.codes = map[string]int{}
	from := v.min
	next := (v.min/width + 1) * width
	for v.min < 0 && next-v.min > width {
		next -= width
	}
	for band := 0; from <= v.max; band++ {
		to := min(next-1, v.max)
		if band > 0 {
			cuts = append(cuts, strconv.FormatInt(from, 10))
		}
		label := fmt.Sprintf("%d to %d", from, to)
		if from == to {
			label = strconv.FormatInt(from, 10)
		}
		labels = append(labels, strconv.Quote(label))
		for n := from; n <= to; n++ {
			v.codes[strconv.FormatInt(n, 10)] = band
		}
		from, next = next, next+width
	}
	v.over = v.Field + "_bands"
	v.bands = fmt.Sprintf("{kind: \"group\", of: %q, cuts: [%s], labels: [%s]}", v.Field, strings.Join(cuts, ", "), strings.Join(labels, ", "))
}

// relate counts pairs and triples, and measures how they depend on each other.
func (s *survey) relate() error {
	n := len(s.vars)
	of := make([][]*microdata.Counts, n)
	for a := range n {
		of[a] = make([]*microdata.Counts, n)
		for b := a + 1; b < n; b++ {
			of[a][b] = microdata.NewCounts(s.vars[a].size(), s.vars[b].size())
		}
	}
	all := microdata.NewCounts(1)
	codes := make([]int, n)
	weight := func(r *microdata.Reader, record []string, faults *diag.List) float64 {
		for i, v := range s.vars {
			codes[i] = v.code(microdata.Plain(record[v.index]))
		}
		if s.weight < 0 {
			return 1
		}
		w, err := s.layout.Numbers.Parse(record[s.weight])
		switch {
		case errors.Is(err, table.ErrEmpty), errors.Is(err, table.ErrMissing):
			faults.Errorf(r.Place(s.weight), "no-weight", "the record has no weight").WithHint("give it one, or remove the record")
		case err != nil:
			faults.Errorf(r.Place(s.weight), "bad-weight", "the weight %v", err).WithHint("choose the column with --weight")
		case w < 0:
			faults.Errorf(r.Place(s.weight), "negative-weight", "the weight is negative").WithHint("choose weights that are positive with --weight")
		}
		return w
	}
	err := s.each("count pairs", func(r *microdata.Reader, record []string, faults *diag.List) {
		w := weight(r, record, faults)
		if w <= 0 {
			return
		}
		all.Add(0, w)
		for a := range n {
			for b := a + 1; b < n; b++ {
				if codes[a] >= 0 && codes[b] >= 0 {
					of[a][b].Add(codes[a]*of[a][b].Sizes[1]+codes[b], w)
				}
			}
		}
	})
	if err != nil {
		return err
	}
	s.out.Effective = all.Effective()
	s.edges = microdata.Edges(n, func(a, b int) *microdata.Counts { return of[a][b] })
	s.findDetermined(of)
	trios, left := map[[3]int]*microdata.Counts{}, 0
	var candidates [][3]int
	cells := 0
	for _, t := range microdata.Candidates(s.edges) {
		if s.determined[t[0]] >= 0 || s.determined[t[1]] >= 0 || s.determined[t[2]] >= 0 {
			continue
		}
		size := s.vars[t[0]].size() * s.vars[t[1]].size() * s.vars[t[2]].size()
		if cells+size > mostTrioCells {
			left++
			continue
		}
		cells += size
		candidates = append(candidates, t)
		trios[t] = microdata.NewCounts(s.vars[t[0]].size(), s.vars[t[1]].size(), s.vars[t[2]].size())
	}
	if left > 0 {
		s.out.Remarks = append(s.out.Remarks, fmt.Sprintf("%s not looked at: too many cells; name fewer fields with --field", humanize.Count(left, "triple of fields is", "triples of fields are")))
	}
	if len(candidates) > 0 {
		err = s.each("count triples", func(r *microdata.Reader, record []string, faults *diag.List) {
			w := weight(r, record, faults)
			if w <= 0 {
				return
			}
			for _, t := range candidates {
				if a, b, c := codes[t[0]], codes[t[1]], codes[t[2]]; a >= 0 && b >= 0 && c >= 0 {
					x := trios[t]
					x.Add((a*x.Sizes[1]+b)*x.Sizes[2]+c, w)
				}
			}
		})
		if err != nil {
			return err
		}
	}
	counts := func(t [3]int) *microdata.Counts { return trios[t] }
	microdata.Explain(s.edges, counts)
	s.trios = microdata.Trios(candidates, s.edges, counts)
	return nil
}

// findDetermined finds the variables whose values are decided by those of another, such
// as a code beside its label. They need no pattern.
func (s *survey) findDetermined(of [][]*microdata.Counts) {
	s.determined = slices.Repeat([]int{-1}, len(s.vars))
	for a := range s.vars {
		for b := a + 1; b < len(s.vars); b++ {
			if s.determined[a] >= 0 || s.determined[b] >= 0 {
				continue
			}
			by, v := -1, -1
			switch {
			case microdata.Determined(of[a][b], true):
				by, v = a, b
			case microdata.Determined(of[a][b], false):
				by, v = b, a
			default:
				continue
			}
			s.determined[v] = by
			s.out.Remarks = append(s.out.Remarks, fmt.Sprintf("%s decides %s: no pattern is written for it; a field {kind: \"group\", of: %q, map: {...}} says it exactly", s.vars[by].over, s.vars[v].over, s.vars[by].over))
		}
	}
	for i := range s.edges {
		e := &s.edges[i]
		for _, v := range []int{e.A, e.B} {
			if s.determined[v] >= 0 {
				e.Explained = s.determined[v]
			}
		}
	}
}

func measured(m microdata.Measure) SurveyMeasure {
	return SurveyMeasure{significant(m.Information), significant(m.Error), significant(m.Persons), significant(m.P)}
}

// significant rounds to four significant digits, which all machines agree on.
func significant(x float64) float64 {
	y, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64)
	if math.IsNaN(y) {
		return 0
	}
	return y
}

// write reports what was found and writes the patterns that are worth having.
func (s *survey) write() {
	field := func(v int) string { return s.vars[v].over }
	covered := map[[2]int]bool{}
	used := map[int]bool{}
	source := ""
	tableOf := func(of ...int) {
		if source == "" {
			source = s.source()
		}
		var over []string
		for _, v := range of {
			used[v] = true
			over = append(over, strconv.Quote(field(v)))
		}
		name := s.tableName(of)
		s.stanza.Tables = append(s.stanza.Tables, importer.Entry{Name: name, Text: fmt.Sprintf("{over: [%s], role: \"pattern\", source: %q, status: \"derived\", microdata: {%s}}", strings.Join(over, ", "), source, s.microdata(of))})
	}
	var sizes []int
	for _, v := range s.vars {
		sizes = append(sizes, v.cells())
	}
	var tables [][]int
	// fits adds a table if the fit has room for it. Fields have all their values there.
	fits := func(of ...int) bool {
		if microdata.Room(sizes, append(slices.Clone(tables), of)) > mostFitCells {
			return false
		}
		tables = append(tables, of)
		tableOf(of...)
		return true
	}
	for _, t := range s.trios {
		x := SurveyTriple{Fields: []string{field(t.Of[0]), field(t.Of[1]), field(t.Of[2])}, SurveyMeasure: measured(t.Measure)}
		if t.Worth() {
			x.Written = fits(t.Of[:]...)
			x.NoRoom = !x.Written
		}
		for i, a := range t.Of {
			for _, b := range t.Of[i+1:] {
				covered[[2]int{a, b}] = covered[[2]int{a, b}] || x.Written
			}
		}
		s.out.Triples = append(s.out.Triples, x)
	}
	for _, e := range s.edges {
		x := SurveyPair{Fields: []string{field(e.A), field(e.B)}, SurveyMeasure: measured(e.Measure)}
		switch {
		case e.Explained >= 0:
			x.ExplainedBy = field(e.Explained)
		case e.Worth() && !covered[[2]int{e.A, e.B}]:
			x.Written = fits(e.A, e.B)
			x.NoRoom = !x.Written
		}
		s.out.Pairs = append(s.out.Pairs, x)
	}
	for i, v := range s.vars {
		if !used[i] || v.text == "" {
			continue
		}
		s.stanza.Fields = append(s.stanza.Fields, importer.Entry{Name: v.Field, Text: v.text})
		if v.bands != "" {
			s.stanza.Fields = append(s.stanza.Fields, importer.Entry{Name: v.over, Text: v.bands})
		}
	}
}

// microdata writes how a table reads the file.
func (s *survey) microdata(of []int) string {
	parts := []string{"file: " + strconv.Quote(s.name)}
	for _, x := range [][2]string{{"separator", s.layout.Separator}, {"encoding", s.cfg.Encoding}, {"weight", s.out.Weight}} {
		if x[1] != "" {
			parts = append(parts, x[0]+": "+strconv.Quote(x[1]))
		}
	}
	if s.cfg.Skip > 0 {
		parts = append(parts, fmt.Sprintf("skip: %d", s.cfg.Skip))
	}
	var columns, maps []string
	for _, v := range of {
		x := s.vars[v]
		if x.Column != x.Field {
			columns = append(columns, x.Field+": "+strconv.Quote(x.Column))
		}
		var pairs []string
		for _, text := range sortedStrings(x.maps) {
			pairs = append(pairs, strconv.Quote(text)+": "+strconv.Quote(x.maps[text]))
		}
		if pairs != nil {
			maps = append(maps, x.Field+": {"+strings.Join(pairs, ", ")+"}")
		}
	}
	if columns != nil {
		parts = append(parts, "columns: {"+strings.Join(columns, ", ")+"}")
	}
	if maps != nil {
		parts = append(parts, "map: {"+strings.Join(maps, ", ")+"}")
	}
	if len(s.cfg.Missing) > 0 {
		var list []string
		for _, m := range s.cfg.Missing {
			list = append(list, strconv.Quote(m))
		}
		parts = append(parts, "missing: ["+strings.Join(list, ", ")+"]")
	}
	return strings.Join(parts, ", ")
}

func sortedStrings(m map[string]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// tableName returns a name that no table has.
func (s *survey) tableName(of []int) string {
	var names []string
	for _, v := range of {
		names = append(names, s.vars[v].over)
	}
	name := strings.Join(names, "_")
	for base, n := name, 2; slices.Contains(s.known.Tables, name); n++ {
		name = base + "_" + strconv.Itoa(n)
	}
	s.known.Tables = append(s.known.Tables, name)
	return name
}

// source adds a source for the file and returns its name.
func (s *survey) source() string {
	base := filepath.Base(s.cfg.File)
	name := strings.Trim(notName.ReplaceAllString(strings.ToLower(strings.TrimSuffix(base, filepath.Ext(base))), "_"), "_")
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		name = "survey"
	}
	title := "Records of " + base
	for root, n := name, 2; ; n++ {
		known, taken := s.known.Sources[name]
		if taken && known.Title == title {
			return name
		}
		if !taken {
			break
		}
		name = root + "_" + strconv.Itoa(n)
	}
	s.stanza.Sources = append(s.stanza.Sources, importer.Entry{Name: name, Text: fmt.Sprintf("{title: %s}", strconv.Quote(title))})
	return name
}
