package imports

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/inputs"
	"github.com/personagen/personagen/engine/internal/microdata"
	"github.com/personagen/personagen/engine/internal/office"
	"github.com/personagen/personagen/engine/internal/sheet"
	"github.com/personagen/personagen/engine/internal/table"
)

// codebook is what a file of labels says about the columns of a survey.
type codebook map[string]*codes // by column

// codes are the labels of the codes of a column, in the order of the file.
type codes struct {
	title string // what the column is about, "" if the codebook does not say
	order []string
	label map[string]string
}

// readLabels reads the labels of the survey's columns, if the user names their file.
func (s *survey) readLabels(columns []*microdata.Profile) error {
	if s.cfg.Labels == "" {
		return nil
	}
	book, remark, err := readCodebook(s.cfg.Labels, s.out.File, columns)
	if err != nil {
		return err
	}
	s.labels = book
	s.out.Remarks = append(s.out.Remarks, remark)
	return nil
}

// label gives the categories of a table the labels of the codebook.
func (i *importing) label(c *office.Cube, file string) error {
	var columns []*microdata.Profile
	for d := range c.Dims {
		p := &microdata.Profile{Name: c.Dims[d].Name(), Texts: map[string]int64{}}
		for j := range c.Dims[d].Categories {
			p.Texts[microdata.Plain(c.Dims[d].Categories[j].Key())]++
		}
		columns = append(columns, p)
		if id := c.Dims[d].ID; id != "" && id != p.Name {
			columns = append(columns, &microdata.Profile{Name: id, Texts: p.Texts})
		}
	}
	book, remark, err := readCodebook(i.cfg.Labels, file, columns)
	if err != nil {
		return err
	}
	c.Warnings = append(c.Warnings, remark)
	for d := range c.Dims {
		dim := &c.Dims[d]
		codes := book[dim.Name()]
		if codes == nil {
			codes = book[dim.ID]
		}
		if codes == nil {
			continue
		}
		dim.Labelled = true
		if codes.title != "" && dim.ID == "" {
			dim.ID, dim.Label = dim.Label, codes.title
		}
		for j := range dim.Categories {
			k := &dim.Categories[j]
			if label, ok := codes.label[microdata.Plain(k.Key())]; ok {
				k.Code, k.Label = k.Key(), label
			}
		}
	}
	return nil
}

// readCodebook reads a file of labels: a row for each code, with the name of the column, the
// code and its label. Which columns these are is found out by their cells: names are those
// of the columns of the file that messages call of, and codes their texts. It returns a
// remark that says so.
func readCodebook(path, of string, columns []*microdata.Profile) (book codebook, remark string, err error) {
	shown := filepath.ToSlash(path)
	faults := &diag.List{}
	data, err := readFile(path)
	if err != nil {
		faults.Errorf(diag.Place{File: shown}, "unreadable-file", "the file cannot be read: %v", inputs.Cause(err)).WithHint("name a CSV file or a workbook with a row for each code: column, code, label")
		return nil, "", faults.Err()
	}
	known := table.Layout{}
	if sheet.Is(data) {
		known.Sheet = &table.Sheet{}
	}
	// The first row names the columns: codes of numbers would mislead a guess.
	g := table.Guess(data, known).Layout
	file := table.Parse(data, shown, table.Layout{Encoding: g.Encoding, Separator: g.Separator, Sheet: g.Sheet}, faults)
	if err := faults.Err(); err != nil {
		return nil, "", err
	}
	r := &labelReader{file: file, columns: columns}
	if !r.find() {
		faults.Errorf(file.Place(-1, 0), "no-labels", "no columns of the file have the names of the columns of %s, their codes and labels", of).
			WithHint("a row for each code is needed, such as sex,1,male: the column, the code and its label; the columns are %s", humanize.Quoted(names(columns)))
		return nil, "", faults.Err()
	}
	book = r.read(faults)
	if err := faults.Err(); err != nil {
		return nil, "", err
	}
	return book, fmt.Sprintf("%s: %q names the columns, %q their codes and %q the labels; %s", shown,
		file.Header[r.variable], file.Header[r.code], file.Header[r.label], humanize.Count(len(book), "column has labels", "columns have labels")), nil
}

func names(columns []*microdata.Profile) []string {
	var out []string
	for _, p := range columns {
		out = append(out, p.Name)
	}
	return out
}

// labelReader finds the columns of a file of labels, -1 for none.
type labelReader struct {
	file                         *table.File
	columns                      []*microdata.Profile
	of                           []int // per row of the file: the column of the survey, -1 for none
	variable, code, label, title int
}

// find chooses the columns.
func (r *labelReader) find() bool {
	r.variable, r.code, r.label, r.title = -1, -1, -1, -1
	most := 0
	for c := range r.file.Header {
		seen := map[int]bool{}
		for _, row := range r.file.Rows {
			if i := r.named(row[c]); i >= 0 {
				seen[i] = true
			}
		}
		if len(seen) > most {
			most, r.variable = len(seen), c
		}
	}
	if r.variable < 0 {
		return false
	}
	// A name may stand once, above the codes of its column.
	last := -1
	for _, row := range r.file.Rows {
		if row[r.variable] != "" {
			last = r.named(row[r.variable])
		}
		r.of = append(r.of, last)
	}
	most = 0
	for c := range r.file.Header {
		n := 0
		for k, row := range r.file.Rows {
			if i := r.of[k]; i >= 0 && c != r.variable && r.columns[i].Texts != nil {
				if _, ok := r.columns[i].Texts[codeOf(r.columns[i], row[c])]; ok {
					n++
				}
			}
		}
		if n > most {
			most, r.code = n, c
		}
	}
	if r.code < 0 {
		return false
	}
	// The label differs between the codes of a column, the title of the column does not.
	best := 0
	for c := range r.file.Header {
		if c == r.variable || c == r.code {
			continue
		}
		different, _ := r.kinds(c)
		score := 2 * different
		if r.label >= 0 && c > r.code && r.label < r.code { // labels stand after codes
			score++
		}
		if score > best {
			best, r.label = score, c
		}
	}
	for c := range r.file.Header {
		if c == r.variable || c == r.code || c == r.label || r.title >= 0 {
			continue
		}
		if different, one := r.kinds(c); one && different > 0 && r.different(c)*2 > different {
			r.title = c
		}
	}
	return r.label >= 0
}

// different counts the different cells of a column.
func (r *labelReader) different(c int) int {
	seen := map[string]bool{}
	for _, row := range r.file.Rows {
		if row[c] != "" {
			seen[row[c]] = true
		}
	}
	return len(seen)
}

// kinds counts the different cells that a column has for the codes of each column of the
// survey. It reports whether each column of the survey has one.
func (r *labelReader) kinds(c int) (different int, one bool) {
	seen := map[int]map[string]bool{}
	for k, row := range r.file.Rows {
		i := r.of[k]
		if i < 0 || row[c] == "" {
			continue
		}
		if seen[i] == nil {
			seen[i] = map[string]bool{}
		}
		seen[i][row[c]] = true
	}
	one = true
	for _, texts := range seen {
		different += len(texts)
		one = one && len(texts) == 1
	}
	return different, one
}

// named returns the column of the survey with a name, letters of either case, -1 for none.
func (r *labelReader) named(name string) int {
	i := slices.IndexFunc(r.columns, func(p *microdata.Profile) bool { return p.Name == name })
	if i < 0 && name != "" {
		i = slices.IndexFunc(r.columns, func(p *microdata.Profile) bool { return strings.EqualFold(p.Name, name) })
	}
	return i
}

// codeOf returns a code of the codebook as the column of the survey writes it: 01 may be 1.
func codeOf(p *microdata.Profile, code string) string {
	plain := microdata.Plain(code)
	if _, ok := p.Texts[plain]; ok {
		return plain
	}
	n, ok := microdata.Whole(plain)
	if !ok {
		return plain
	}
	for text := range p.Texts {
		if m, ok := microdata.Whole(text); ok && m == n {
			return text
		}
	}
	return plain
}

// read reads the labels of each column. A code with two labels is a fault.
func (r *labelReader) read(faults *diag.List) codebook {
	book := codebook{}
	for k, row := range r.file.Rows {
		i := r.of[k]
		if i < 0 || row[r.code] == "" || row[r.label] == "" {
			continue
		}
		p := r.columns[i]
		c := book[p.Name]
		if c == nil {
			c = &codes{label: map[string]string{}}
			book[p.Name] = c
		}
		if r.title >= 0 && c.title == "" {
			c.title = row[r.title]
		}
		code := codeOf(p, row[r.code])
		if old, twice := c.label[code]; twice {
			if old != row[r.label] {
				faults.Errorf(r.file.Place(k, r.label), "two-labels", "the code %q of %q is %q here and %q above", code, p.Name, row[r.label], old).WithHint("give each code one label")
				return nil
			}
			continue
		}
		c.label[code] = row[r.label]
		c.order = append(c.order, code)
	}
	return book
}

// isCoded reports whether the labels of a column are its values: it has one for nearly each
// of its texts. Otherwise its numbers are values, of which a few have a special meaning.
func (c *codes) isCoded(p *microdata.Profile) bool {
	if c == nil || p.Texts == nil {
		return false
	}
	n := 0
	for text := range p.Texts {
		if _, ok := c.label[text]; ok {
			n++
		}
	}
	return n*2 > len(p.Texts)
}

// values returns the texts of a column in the order of the codebook, those without a label
// last, and the labels that they stand for.
func (c *codes) values(p *microdata.Profile) (texts, labels []string) {
	texts = p.Values()
	if c == nil {
		return texts, texts
	}
	at := map[string]int{}
	for i, code := range c.order {
		at[code] = i
	}
	position := func(text string) int {
		if i, ok := at[text]; ok {
			return i
		}
		return len(c.order)
	}
	slices.SortStableFunc(texts, func(a, b string) int { return position(a) - position(b) })
	for _, text := range texts {
		label, ok := c.label[text]
		if !ok {
			label = text
		}
		labels = append(labels, label)
	}
	return texts, labels
}

// special asks or tells about codes of a column of numbers that have a label, such as 999
// for "not known".
func (s *survey) special(p *microdata.Profile, c *codes) {
	if c == nil || !p.Integers {
		return
	}
	low, high, some := int64(0), int64(0), false // of the numbers without a label
	for text := range p.Texts {
		if _, ok := c.label[text]; ok {
			continue
		}
		if n, ok := microdata.Whole(text); ok {
			if !some || n < low {
				low = n
			}
			if !some || n > high {
				high = n
			}
			some = true
		}
	}
	for _, code := range c.order {
		n, ok := microdata.Whole(code)
		if _, has := p.Texts[code]; !has || !ok {
			continue
		}
		switch label := strconv.Quote(c.label[code]); {
		case some && (n > high+1 || n < low-1):
			s.out.Open = append(s.out.Open, fmt.Sprintf("column %q has numbers, and %s is labelled %s: if nothing is known then, say --missing %s; otherwise remove the label", p.Name, code, label, code))
		default:
			s.out.Remarks = append(s.out.Remarks, fmt.Sprintf("column %q has numbers; %s is labelled %s, and is read as the number", p.Name, code, label))
		}
	}
}

// unlabelled asks about codes without a label in a column of coded values.
func (s *survey) unlabelled(p *microdata.Profile, c *codes) {
	var lacks []string
	for _, text := range p.Values() {
		if _, ok := c.label[text]; !ok {
			lacks = append(lacks, text)
		}
	}
	if lacks != nil {
		s.out.Open = append(s.out.Open, fmt.Sprintf("column %q has %s, for which %s has no label: add it there, or say --missing %s if nothing is known then", p.Name, humanize.Quoted(lacks), filepath.ToSlash(s.cfg.Labels), lacks[0]))
	}
}
