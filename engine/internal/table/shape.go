package table

import (
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
)

// Limits of what is read: cells of a file, and of a wide table after its columns have
// become rows; columns of a row.
const (
	maxCells   = 20_000_000
	maxColumns = 100_000
)

// shaper turns a grid into the table that its layout describes.
type shaper struct {
	*File
	layout *Layout
	faults *diag.List

	body    []int      // rows of the grid below the header, empty ones left out
	names   []string   // of the columns of the grid
	headers [][]string // per column, the cells of its header
	kept    []int      // columns of the grid
	before  int        // faults before
}

func (s *shaper) shape() {
	s.before = len(s.faults.Items)
	if !s.readHeader() {
		return
	}
	s.end()
	if !s.listColumns() {
		return
	}
	s.takeHeadings()
	s.fillDown()
	s.drop()
	s.checkLengths()
	if s.failed() {
		return
	}
	if len(s.layout.Wide) > 0 {
		s.unfold()
		return
	}
	s.take()
}

func (s *shaper) failed() bool {
	return slices.ContainsFunc(s.faults.Items[s.before:], func(d diag.Diagnostic) bool { return d.Severity == diag.Error })
}

// full reports whether so many faults are listed that no more are looked for.
func (s *shaper) full() bool { return len(s.faults.Items)-s.before >= MaxFaults }

// readHeader reads the rows of the header and lists the rows below it.
func (s *shaper) readHeader() bool {
	rows := s.grid.cells
	n := s.layout.headerRows()
	for s.head = -1; n > 0 && s.head+1 < len(rows); {
		s.head++
		if !empty(rows[s.head]) {
			n--
		}
	}
	if n > 0 {
		s.faults.Errorf(s.layout.placeOr(s.Path), "no-header", "%s has no row of column names left", s.Path).WithHint("correct skip or header")
		return false
	}
	var header [][]string
	for _, row := range rows[:s.head+1] {
		if !empty(row) {
			header = append(header, row)
		}
	}
	width := 0
	for _, row := range header {
		width = max(width, len(row))
	}
	if s.layout.NoHeader {
		for _, row := range rows {
			width = max(width, len(row))
		}
	}
	s.headers = make([][]string, width)
	s.names = make([]string, width)
	for c := range width {
		s.headers[c], s.names[c] = headerOf(header, c)
	}
	for r := s.head + 1; r < len(rows); r++ {
		if !empty(rows[r]) {
			s.body = append(s.body, r)
		}
	}
	return true
}

func empty(row []string) bool {
	return !slices.ContainsFunc(row, func(cell string) bool { return cell != "" })
}

// headerOf returns the cells of a column's header, from above, and their join. An empty
// cell above the lowest repeats the one to its left, as far as the rows above it do.
func headerOf(rows [][]string, c int) (cells []string, joined string) {
	at := func(r, c int) string {
		if c >= len(rows[r]) {
			return ""
		}
		return strings.Join(strings.FieldsFunc(rows[r][c], func(c rune) bool { return c == '\n' || c == '\r' }), " ")
	}
	below := false // whether a lower row names the column
	for r := range rows {
		below = below || at(r, c) != ""
	}
	for r := range rows {
		text := at(r, c)
		if text == "" && below && r < len(rows)-1 {
			for from := c; from > 0 && text == ""; from-- {
				if r > 0 && at(r-1, from) != "" {
					break
				}
				text = at(r, from-1)
			}
		}
		if text != "" && (len(cells) == 0 || cells[len(cells)-1] != text) {
			cells = append(cells, text)
		}
	}
	return cells, strings.Join(cells, " ")
}

// numbered is the name of a column without one.
func numbered(c int) string { return "#" + strconv.Itoa(c+1) }

// cell returns a cell of the grid, "" beyond the end of its row.
func (s *shaper) cell(row, column int) string {
	if cells := s.grid.cells[row]; column < len(cells) {
		return cells[column]
	}
	return ""
}

// end leaves out the row at which the table ends, and those below it.
func (s *shaper) end() {
	if s.layout.Until == nil {
		return
	}
	last := slices.IndexFunc(s.body, func(r int) bool { return s.layout.Until.MatchString(firstText(s.grid.cells[r])) })
	if last < 0 {
		s.faults.Warnf(s.layout.Until.Place, "no-end", "no row of %s begins with %q, at which it should end", s.Path, s.layout.Until.String()).WithHint("correct or remove until")
		return
	}
	s.body = s.body[:last]
}

func firstText(row []string) string {
	for _, cell := range row {
		if cell != "" {
			return cell
		}
	}
	return ""
}

// distinct counts the texts of a row. A merged cell is one.
func distinct(row []string) int {
	n := 0
	for i, cell := range row {
		if cell != "" && !slices.Contains(row[:i], cell) {
			n++
		}
	}
	return n
}

// takeHeadings makes a column of the rows that have a single text.
func (s *shaper) takeHeadings() {
	if s.layout.Headings == "" {
		return
	}
	column := len(s.names)
	s.names, s.headers = append(s.names, s.layout.Headings), append(s.headers, []string{s.layout.Headings})
	s.kept = append(s.kept, column)
	heading := ""
	var body []int
	for _, r := range s.body {
		row := s.grid.cells[r]
		if distinct(row) == 1 {
			heading = firstText(row)
			continue
		}
		for len(row) < column && s.layout.Sheet != nil {
			row = append(row, "")
		}
		if len(row) >= column { // others are reported later
			s.grid.cells[r] = append(row[:column:column], heading)
		}
		body = append(body, r)
	}
	if heading == "" {
		s.faults.Warnf(s.layout.placeOr(s.Path), "no-headings", "no row of %s has a single text, so the column %q of headings is empty", s.Path, s.layout.Headings).WithHint("remove headings")
	}
	s.body = body
}

// listColumns lists the columns, without those that have neither a name nor a cell. The
// others without a name are called by their number.
func (s *shaper) listColumns() bool {
	first := map[string]int{}
	for c, name := range s.names {
		if s.full() { // finding a place takes as long as the header is
			return false
		}
		if name == "" {
			if !slices.ContainsFunc(s.body, func(r int) bool { return s.cell(r, c) != "" }) {
				continue
			}
			name = numbered(c)
			s.names[c], s.headers[c] = name, []string{name}
		}
		if j, twice := first[name]; twice {
			if s.full() { // finding a place takes as long as the header is
				return false
			}
			s.faults.Errorf(s.grid.place(max(s.head, 0), c), "duplicate-header", "columns %d and %d are both called %q", j+1, c+1, name).
				WithHint("rename one of them; if the header has several rows, say so: header: 2")
			continue
		}
		first[name] = c
		s.kept = append(s.kept, c)
	}
	if len(s.kept) == 1 && s.layout.Separator == "" && s.layout.Sheet == nil && strings.ContainsAny(s.names[s.kept[0]], ";\t|") {
		s.faults.Errorf(s.grid.place(max(s.head, 0), s.kept[0]), "separator", "the header has one column, which contains semicolons, tabs or bars").
			WithHint("say how the columns are separated, for example separator: \";\"")
		return false
	}
	return true
}

// column returns the number in the grid of a named column.
func (s *shaper) column(name string, at diag.Place, option string) (int, bool) {
	for _, c := range s.kept {
		if s.names[c] == name {
			return c, true
		}
	}
	var names []string
	for _, c := range s.kept {
		names = append(names, s.names[c])
	}
	d := s.faults.Errorf(at, "unknown-column", "%s has no column %q, which %s names", s.Path, name, option)
	if g := diag.Guess(name, names); g != "" {
		d.WithHint("did you mean %q?", g)
	} else {
		d.WithHint("its columns are %s", humanize.Quoted(names))
	}
	return 0, false
}

// fillDown repeats cells in the empty ones below them, until a column further out has
// another cell.
func (s *shaper) fillDown() {
	columns := make([]int, 0, len(s.layout.FillDown))
	for _, name := range s.layout.FillDown {
		if c, ok := s.column(name.Text, name.Place, "fill_down"); ok {
			columns = append(columns, c)
		}
	}
	above := make([]string, len(columns))
	for _, r := range s.body {
		for i, c := range columns {
			cells := s.grid.cells[r]
			for s.layout.Sheet != nil && c >= len(cells) { // its rows end with the last filled cell
				cells = append(cells, "")
				s.grid.cells[r] = cells
			}
			switch {
			case c >= len(cells):
			case cells[c] != "":
				if cells[c] != above[i] {
					clear(above[i+1:])
				}
				above[i] = cells[c]
			default:
				cells[c] = above[i]
			}
		}
	}
}

// drop removes rows with the labels of drop.
func (s *shaper) drop() {
	for i := range s.layout.Drop {
		labels := &s.layout.Drop[i]
		if slices.ContainsFunc(s.layout.Wide, func(w Labels) bool { return w.Of == labels.Of }) {
			continue
		}
		c, ok := s.column(labels.Of, labels.Place, "drop")
		if !ok {
			continue
		}
		used := map[string]bool{}
		body := s.body[:0]
		for _, r := range s.body {
			if cell := s.cell(r, c); labels.has(cell) {
				used[cell] = true
			} else {
				body = append(body, r)
			}
		}
		s.body = body
		s.unused(labels, used, "no row of %s has it in column %q")
	}
}

// unused warns of labels that nothing has.
func (s *shaper) unused(labels *Labels, used map[string]bool, format string) {
	if labels.Pattern != nil && len(used) == 0 {
		s.faults.Warnf(labels.Place, "drops-nothing", "drop has the pattern %q, but "+format, labels.Pattern.String(), s.Path, labels.Of).WithHint("correct or remove it")
	}
	for _, n := range labels.List {
		if !used[n.Text] {
			s.faults.Warnf(n.Place, "drops-nothing", "drop names %q, but "+format, n.Text, s.Path, labels.Of).WithHint("correct or remove it")
		}
	}
}

// checkLengths reports rows that are not as long as the header. A sheet has no cells
// beyond the last filled one of a row.
func (s *shaper) checkLengths() {
	if s.layout.Sheet != nil || s.layout.NoHeader {
		for _, r := range s.body {
			s.checkBeyond(r)
		}
		return
	}
	width := 0
	for _, c := range s.kept {
		width = max(width, c+1)
	}
	for _, r := range s.body {
		if s.full() {
			return
		}
		row := s.grid.cells[r]
		n := len(row)
		if n >= width && n <= len(s.names) || n > len(s.names) && empty(row[len(s.names):]) {
			continue
		}
		at := s.grid.place(r, min(n, len(s.names)+1)-1)
		d := s.faults.Errorf(at, "ragged-row", "the row has %s, the header has %d", humanize.Count(n, "cell", "cells"), len(s.names))
		switch {
		case filled(row) == 1 && row[0] != "":
			d.WithHint("if it is a title, skip it: skip: 1; if it is a footnote, leave it out: drop: {%s: [%q]}", CUEName(s.names[s.kept[0]]), row[0])
		default:
			d.WithHint("quote cells that contain the separator, and write empty cells too")
		}
	}
}

func (s *shaper) checkBeyond(r int) {
	row := s.grid.cells[r]
	for c := len(s.names); c < len(row) && !s.full(); c++ {
		if row[c] != "" {
			s.faults.Errorf(s.grid.place(r, c), "ragged-row", "the cell %q is in a column without a name", row[c]).WithHint("name the column, or give the range that is read")
			return
		}
	}
}

func filled(row []string) int {
	n := 0
	for _, cell := range row {
		if cell != "" {
			n++
		}
	}
	return n
}

// take makes the table of the rows as they are.
func (s *shaper) take() {
	width := len(s.names)
	whole := len(s.kept) == width
	if !whole || s.layout.Sheet != nil || s.layout.NoHeader {
		s.columns = make([]int32, len(s.kept))
		for i, c := range s.kept {
			s.columns[i] = int32(c)
		}
	}
	for _, c := range s.kept {
		s.Header = append(s.Header, s.names[c])
	}
	s.rows = make([]int32, len(s.body))
	s.Rows = make([][]string, len(s.body))
	for i, r := range s.body {
		s.rows[i] = int32(r)
		row := s.grid.cells[r]
		if whole && len(row) == width {
			s.Rows[i] = row
			continue
		}
		s.Rows[i] = make([]string, len(s.kept))
		for j, c := range s.kept {
			s.Rows[i][j] = s.cell(r, c)
		}
	}
}

// unfold makes the table of a wide one: a row for each cell of the wide columns.
func (s *shaper) unfold() {
	wide := s.wideColumns()
	if s.failed() {
		return
	}
	isWide := map[int]bool{}
	for _, w := range wide {
		isWide[w.column] = true
	}
	wide = slices.DeleteFunc(wide, func(w wideColumn) bool { return s.dropsWide(w.labels) })
	var others []int
	for _, c := range s.kept {
		if !isWide[c] {
			others = append(others, c)
			s.Header = append(s.Header, s.names[c])
			s.columns = append(s.columns, int32(c))
		}
	}
	for i := range s.layout.Wide {
		s.Header, s.columns = append(s.Header, s.layout.Wide[i].Of), append(s.columns, wideLabel)
	}
	s.Header, s.columns = append(s.Header, s.layout.valueColumn()), append(s.columns, wideFigure)
	for i, name := range s.Header {
		if slices.Contains(s.Header[:i], name) {
			s.faults.Errorf(s.layout.placeOr(s.Path), "duplicate-header", "%s has a column %q beside that of wide", s.Path, name).
				WithHint("give the column of the figures another name, or rename the column in the file")
			return
		}
	}
	width := len(s.Header)
	if len(s.body)*len(wide)*width > maxCells {
		s.faults.Errorf(s.layout.placeOr(s.Path), "too-many-cells", "%s has %d rows and %d wide columns: more than %d cells", s.Path, len(s.body), len(wide), maxCells).
			WithHint("keep only the rows and columns that the spec needs")
		return
	}
	cells := make([]string, 0, len(s.body)*len(wide)*width)
	for _, r := range s.body {
		for _, w := range wide {
			from := len(cells)
			for _, c := range others {
				cells = append(cells, s.cell(r, c))
			}
			cells = append(append(cells, w.labels...), s.cell(r, w.column))
			s.Rows = append(s.Rows, cells[from:len(cells):len(cells)])
			s.rows = append(s.rows, int32(r))
			s.cells = append(s.cells, int32(w.column))
		}
	}
}

// wideColumn is a column of figures with a label for each field of wide.
type wideColumn struct {
	column int
	labels []string
}

// wideColumns finds the columns of wide.
func (s *shaper) wideColumns() []wideColumn {
	var found []wideColumn
	used := make([]map[string]bool, len(s.layout.Wide))
	for i := range used {
		used[i] = map[string]bool{}
	}
	for _, c := range s.kept {
		w := wideColumn{column: c}
		for i := range s.layout.Wide {
			if label, ok := s.layout.Wide[i].find(s.headers[c], s.names[c]); ok {
				w.labels = append(w.labels, label)
			}
		}
		if len(w.labels) == len(s.layout.Wide) {
			found = append(found, w)
			for i, label := range w.labels {
				used[i][label] = true
			}
		}
	}
	for i := range s.layout.Wide {
		labels := &s.layout.Wide[i]
		if labels.Pattern != nil && len(used[i]) == 0 {
			s.faults.Errorf(labels.Place, "unknown-column", "no column of %s matches %q, the pattern of %s in wide", s.Path, labels.Pattern.String(), labels.Of).
				WithHint("its columns are %s", humanize.Quoted(s.keptNames()))
		}
		for _, n := range labels.List {
			if !used[i][n.Text] {
				d := s.faults.Errorf(n.Place, "unknown-column", "no column of %s has %q in its header, which wide names", s.Path, n.Text)
				if g := diag.Guess(n.Text, s.keptNames()); g != "" {
					d.WithHint("did you mean %q?", g)
				} else {
					d.WithHint("its columns are %s", humanize.Quoted(s.keptNames()))
				}
			}
		}
	}
	return found
}

// dropsWide reports whether drop leaves out a wide column with these labels.
func (s *shaper) dropsWide(labels []string) bool {
	for i := range s.layout.Drop {
		for j := range s.layout.Wide {
			if d := &s.layout.Drop[i]; d.Of == s.layout.Wide[j].Of && d.has(labels[j]) {
				return true
			}
		}
	}
	return false
}

func (s *shaper) keptNames() []string {
	var names []string
	for _, c := range s.kept {
		names = append(names, s.names[c])
	}
	return names
}
