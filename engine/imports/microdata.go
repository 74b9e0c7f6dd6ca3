package imports

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/inputs"
	"github.com/personagen/personagen/engine/internal/microdata"
	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/run"
)

// MicrodataConfig says what Microdata reads and what the user decided.
type MicrodataConfig struct {
	File       string
	Into       string // the spec to which patterns are added; "" only makes them
	AllowPaths []string
	Weight     string            // column of the weights; "none" if all records count alike, "" if it is not said
	Field      map[string]string // column to field
	Missing    []string          // texts that mean that nothing is known
	Separator  string            // of a text file; "" to guess
	Labels     string            // file of the labels of coded columns, "" for none
	Fixed      []string          // columns at fixed positions, each NAME=FROM-TO
	Skip       int               // lines above the header of a text file
	Encoding   string            // of a text file

	Progress func(run.Event) // may be nil
}

// Survey is what Microdata found. Fields are named by Variables.
type Survey struct {
	File      string     `json:"file"`
	Records   int64      `json:"records"`
	Weight    string     `json:"weight,omitempty"`
	Effective float64    `json:"effective"` // size of the sample (Kish)
	Variables []Variable `json:"variables"`
	Ignored   []Ignored  `json:"ignored,omitempty"`
	Pairs     []Pair     `json:"pairs"`
	Triples   []Triple   `json:"triples"`
	Remarks   []string   `json:"remarks,omitempty"`
	Open      []string   `json:"open,omitempty"` // questions, with their answers
	Addition
}

// Variable is a column that is a field.
type Variable struct {
	Column string `json:"column"`
	Field  string `json:"field"`
	Group  string `json:"group,omitempty"` // of an integer: the field of bands that is looked at
	New    bool   `json:"new,omitempty"`   // whether the spec lacks the field
	Values int    `json:"values"`
	Empty  int64  `json:"empty,omitempty"` // records without a value
}

// Ignored is a column that is not looked at.
type Ignored struct {
	Column string `json:"column"`
	Why    string `json:"why"`
}

// Pair says how two fields depend on each other.
type Pair struct {
	Fields []string `json:"fields"`
	Measure
	ExplainedBy string `json:"explained_by,omitempty"`
	Written     bool   `json:"written"`
	// NoRoom says that the pair is worth a pattern, but that the fit of all patterns
	// would have too many cells.
	NoRoom bool `json:"no_room,omitempty"`
}

// Triple says what three fields have in common beyond their pairs.
type Triple struct {
	Fields []string `json:"fields"`
	Measure
	Written bool `json:"written"`
	NoRoom  bool `json:"no_room,omitempty"` // see Pair
}

// Measure is the strength of a dependence: in nats, without the bias of the sample,
// with its standard error; the share of persons in wrong cells without it, less what
// chance explains; and the p-value, adjusted for the number of tests (Holm).
type Measure struct {
	Information float64 `json:"information"`
	Error       float64 `json:"error"`
	Persons     float64 `json:"persons"`
	P           float64 `json:"p"`
}

// Limits of what is worth a pattern: the adjusted p-value, and the share of persons in
// wrong cells.
const (
	Significant  = microdata.Significant
	WorthPersons = microdata.WorthPerson
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

// Microdata looks at the records of a survey: which pairs and triples of fields
// depend on each other. It writes a pattern for each that is worth having, or adds them to
// a spec. The records are read three times and never kept. The error is ErrUndecided if a
// person has to choose, and a *diag.ListError if the file or the spec is wrong; then
// nothing is changed.
func Microdata(ctx context.Context, cfg MicrodataConfig) (*Survey, error) {
	i, err := begin(ctx, Config{Into: cfg.Into, AllowPaths: cfg.AllowPaths, Progress: cfg.Progress})
	if err != nil {
		return nil, err
	}
	s := &survey{importing: i, cfg: cfg, out: &Survey{File: filepath.ToSlash(cfg.File)}}
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
	err = i.addTo()
	s.out.Addition = i.out.Addition
	return s.out, err
}

// survey carries the import of microdata from step to step.
type survey struct {
	*importing
	cfg    MicrodataConfig
	out    *Survey
	name   string // of the file in the spec
	layout table.Layout
	weight int // column, -1 for none
	labels codebook
	coded  []string // columns of codes without labels
	vars   []*column
	edges  []microdata.Edge
	trios  []microdata.Trio
	// determined is, per variable, the one that decides its value, -1 for none.
	determined []int
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
	if err := s.fixed(); err != nil {
		return err
	}
	if s.cfg.Separator == "" && !microdata.IsParquet(s.cfg.File) && s.layout.Fixed == nil {
		s.layout.Separator = guessSeparator(s.cfg.File, s.cfg.Skip)
	}
	if s.cfg.Separator != "" && !table.ValidSeparator(s.cfg.Separator) {
		return fmt.Errorf("%w: --separator must be one character", run.ErrUsage)
	}
	if s.cfg.Encoding != "" {
		if err := table.CheckEncoding(s.cfg.Encoding); err != nil {
			return fmt.Errorf("%w: --encoding: %v", run.ErrUsage, err)
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
	for name := range s.cfg.Field {
		if !slices.ContainsFunc(columns, func(p *microdata.Profile) bool { return p.Name == name }) {
			return s.noColumn("--field", name, columns)
		}
	}
	if err := s.readLabels(columns); err != nil {
		return err
	}
	for c, p := range columns {
		if c != s.weight {
			s.decide(c, p)
		}
	}
	if len(s.known.Fields) > 0 && len(s.vars) == 0 {
		s.out.Open = append(s.out.Open, "no column has the name and the values of a field of the spec: name the field of each column that matters with --field COLUMN=FIELD; a field that the spec lacks is added")
	}
	if s.coded != nil {
		s.out.Remarks = append(s.out.Remarks, fmt.Sprintf("the values of %s are codes: --labels CODEBOOK.csv gives them labels (a row for each code: column, code, label)", humanize.Quoted(s.coded)))
	}
	if len(s.vars) > mostVariables {
		s.out.Open = append(s.out.Open, fmt.Sprintf("%d columns may be fields, and at most %d are looked at: name those that matter with --field COLUMN=FIELD", len(s.vars), mostVariables))
	}
	return nil
}

// fixed reads the positions of columns that the user gave.
func (s *survey) fixed() error {
	for _, text := range s.cfg.Fixed {
		name, span, ok := strings.Cut(text, "=")
		first, last, _ := strings.Cut(span, "-")
		if last == "" {
			last = first
		}
		from, err1 := strconv.Atoi(strings.TrimSpace(first))
		to, err2 := strconv.Atoi(strings.TrimSpace(last))
		if !ok || err1 != nil || err2 != nil {
			return fmt.Errorf("%w: --fixed %q must be written NAME=FROM-TO, with the first and the last character of the column, such as age=4-6", run.ErrUsage, text)
		}
		s.layout.Fixed = append(s.layout.Fixed, table.FixedColumn{Name: strings.TrimSpace(name), From: from, To: to})
	}
	if wrong := table.CheckFixed(s.layout.Fixed); wrong != "" {
		return fmt.Errorf("%w: --fixed: %s", run.ErrUsage, wrong)
	}
	if s.layout.Fixed != nil && (s.cfg.Separator != "" || microdata.IsParquet(s.cfg.File)) {
		return fmt.Errorf("%w: --fixed is for a text file without separators", run.ErrUsage)
	}
	return nil
}

func (s *survey) noColumn(flag, name string, columns []*microdata.Profile) error {
	known := names(columns)
	hint := "its columns are " + humanize.Some(known)
	if g := diag.Guess(name, known); g != "" {
		hint = fmt.Sprintf("did you mean %q?", g)
	}
	return fmt.Errorf("%w: %s: %s has no column %q; %s", run.ErrUsage, flag, s.cfg.File, name, hint)
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

// guessSeparator returns the separator of the first rows of a file, "" for the comma.
func guessSeparator(path string, skip int) string {
	file, err := inputs.OpenRegular(path)
	if err != nil {
		return "" // reading it tells why
	}
	defer file.Close()
	head, _ := io.ReadAll(io.LimitReader(file, 1<<16))
	if end := bytes.LastIndexByte(head, '\n'); end > 0 {
		head = head[:end]
	}
	return table.Guess(head, table.Layout{Skip: skip}).Layout.Separator
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
