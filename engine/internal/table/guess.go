package table

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/sheet"
)

// Setting is a part of a layout as the spec writes it, and what speaks for it.
type Setting struct {
	Option   string // such as "skip"
	Value    string // in CUE
	Evidence string
}

// Guessed is what Guess finds in a file.
type Guessed struct {
	Layout   Layout
	Settings []Setting // that the layout has beyond the one that was given
	Titles   []string  // texts above the header
	Notes    []string  // texts below the rows
	Labels   []string  // columns of labels
	Figures  []string  // columns of numbers; several may be a wide table
}

// Guess looks for the layout of a file, starting from what is known of it. It is a
// guess: a caller reads the file with it and shows the evidence.
func Guess(data []byte, known Layout) Guessed {
	g := Guessed{Layout: known}
	rows := g.rows(data)
	if len(rows) == 0 {
		return g
	}
	first := g.header(rows)
	g.columns(rows, first)
	return g
}

func (g *Guessed) set(option, value, format string, args ...any) {
	g.Settings = append(g.Settings, Setting{option, value, fmt.Sprintf(format, args...)})
}

// written writes settings for the spec.
func written(settings []Setting) string {
	var out []string
	for _, s := range settings {
		out = append(out, s.Option+": "+s.Value)
	}
	return strings.Join(out, ", ")
}

// Written writes the settings for a stanza of the spec: `skip: 2, separator: ";"`.
func (g *Guessed) Written() string { return written(g.Settings) }

// line is a row of the file with the number of lines above it.
type line struct {
	above int
	cells []string
}

// rows reads the rows of the file that are not empty.
func (g *Guessed) rows(data []byte) []line {
	var out []line
	add := func(above int, cells []string) {
		for i := range cells {
			cells[i] = trimmed(cells[i])
		}
		if !empty(cells) {
			out = append(out, line{above, cells})
		}
	}
	if g.Layout.Sheet != nil {
		c, err := sheet.Read(data, g.Layout.Sheet.Name, g.Layout.Sheet.Range)
		if err != nil {
			return nil
		}
		for i, cells := range c.Rows {
			add(i, cells)
		}
		return out
	}
	if sheet.Is(data) {
		return nil
	}
	text := g.decode(data)
	if text == nil {
		return nil
	}
	first, rest, _ := bytes.Cut(text, []byte{'\n'})
	above := 0
	separator, named := separatorLine(string(first))
	switch {
	case named:
		text, above = rest, 1
	case g.Layout.Separator != "":
		separator, _ = utf8.DecodeRuneInString(g.Layout.Separator)
	default:
		separator = g.separator(text)
	}
	start := above
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = separator, -1, true
	for {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			continue
		}
		at, _ := r.FieldPos(0)
		above = start + at - 1
		add(above-start, record)
	}
	return out
}

// decode finds the encoding.
func (g *Guessed) decode(data []byte) []byte {
	text, err := decode(data, g.Layout.Encoding)
	if err != nil {
		return nil
	}
	if g.Layout.Encoding == "" && (!utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0) {
		name, why := guessEncoding(data)
		if name == "" {
			return nil
		}
		g.Layout.Encoding = name
		g.set("encoding", strconv.Quote(name), "%s", why)
		if text, err = decode(data, name); err != nil {
			return nil
		}
	}
	if bytes.IndexByte(text, '\n') < 0 {
		text = bytes.ReplaceAll(text, []byte{'\r'}, []byte{'\n'})
	}
	return text
}

// guessEncoding finds the encoding of bytes that are not UTF-8. UTF-16 has zeros beside
// Latin letters, digits and separators. Otherwise the encoding is that under which the
// bytes above 127 are most often letters beside letters of their script.
func guessEncoding(data []byte) (name, why string) {
	data = data[:min(len(data), 1<<20)]
	zeros := [2]int{}
	for i, b := range data {
		if b == 0 {
			zeros[i%2]++
		}
	}
	switch n := len(data); {
	case zeros[1] > n/5 && zeros[0] < zeros[1]/4:
		return "utf-16le", "every other byte is zero"
	case zeros[0] > n/5 && zeros[1] < zeros[0]/4:
		return "utf-16be", "every other byte is zero"
	case zeros[0]+zeros[1] > 0:
		return "", ""
	}
	if name := asian(data); name != "" {
		return name, "some bytes are not UTF-8; in this encoding they are words of one script"
	}
	best := 0
	for _, candidate := range []string{"windows-1252", "windows-1250", "windows-1251", "windows-1253", "windows-1254", "iso-8859-2", "koi8-r", "ibm850", "shift_jis", "gb18030"} {
		text, err := decode(data, candidate)
		if err != nil {
			continue
		}
		if score := plausible(string(text)); score > best+best/8 {
			best, name = score, candidate
		}
	}
	if name == "" {
		return "windows-1252", "some bytes are not UTF-8; it is the encoding of older spreadsheets in Western Europe"
	}
	return name, fmt.Sprintf("some bytes are not UTF-8; in this encoding %s are letters beside letters", humanize.Count(best, "of them", "of them"))
}

// commonCharacters are in most tables of persons in Japanese and Chinese.
const commonCharacters = "年月日人口男女性別别歳岁総总總数數合計计県県市区區町村都道府省国國全地域年齢表統統计"

// asian returns the encoding of Korean, Japanese or Chinese texts, "" for others. These
// encodings decode each other's bytes, but only the right one gives nothing but Hangul, or
// kana and common characters.
func asian(data []byte) string {
	best, most := "", 0.0
	for _, candidate := range []struct {
		name  string
		least float64 // share of the letters beyond ASCII that tell it
	}{{"euc-kr", 0.95}, {"shift_jis", 0.1}, {"euc-jp", 0.1}, {"gb18030", 0.1}, {"big5", 0.1}} {
		text, err := decode(data, candidate.name)
		if err != nil {
			continue
		}
		of, all := 0, 0
		for _, r := range string(text) {
			if r < 0x80 || !unicode.IsLetter(r) {
				continue
			}
			all++
			if candidate.name == "euc-kr" && unicode.Is(unicode.Hangul, r) ||
				candidate.name != "euc-kr" && (unicode.In(r, unicode.Hiragana, unicode.Katakana) || strings.ContainsRune(commonCharacters, r)) {
				of++
			}
		}
		if share := float64(of) / float64(max(all, 1)); of >= 4 && share >= candidate.least && share > most {
			best, most = candidate.name, share
		}
	}
	return best
}

// plausible counts letters beyond ASCII that stand as in words: beside letters of the same
// script, of the right case, and in Latin words beside plain letters. Others count
// against the text.
func plausible(text string) int {
	score := 0
	var before rune
	for _, r := range text {
		switch {
		case r < 0x80:
		case unicode.IsControl(r):
			score -= 5
		case !unicode.IsLetter(r):
			if !strings.ContainsRune("\u00a0–—’“”„«»°²³§", r) {
				score--
			}
		case !unicode.IsLetter(before):
		case script(r) != script(before) || unicode.IsUpper(r) && !unicode.IsUpper(before):
			score -= 2
		case script(r) == unicode.Latin && before >= 0x80:
			score--
		default:
			score++
		}
		before = r
	}
	return score
}

func script(r rune) *unicode.RangeTable {
	for _, t := range []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Han, unicode.Hiragana, unicode.Katakana} {
		if unicode.Is(t, r) {
			return t
		}
	}
	return nil
}

// separator finds the character that divides most lines into the same number of cells.
func (g *Guessed) separator(text []byte) rune {
	best, bestLines := ',', 0
	for _, candidate := range []rune{',', ';', '\t', '|'} {
		counts := map[int]int{}
		r := csv.NewReader(bytes.NewReader(text[:min(len(text), 1<<20)]))
		r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = candidate, -1, true, true
		for {
			record, err := r.Read()
			if err == io.EOF {
				break
			}
			if err == nil && len(record) > 1 {
				counts[len(record)]++
			}
		}
		lines := 0
		for _, n := range counts {
			lines = max(lines, n)
		}
		if lines > bestLines {
			best, bestLines = candidate, lines
		}
	}
	if best != ',' {
		g.Layout.Separator = string(best)
		g.set("separator", strconv.Quote(string(best)), "it divides %s into the same number of cells", humanize.Count(bestLines, "line", "lines"))
	}
	return best
}

// header finds the rows above the header, those of the header, and the texts below the
// table. It returns the index of the first row below the header.
func (g *Guessed) header(rows []line) int {
	skipped := 0
	for skipped < len(rows) && rows[skipped].above < g.Layout.Skip {
		g.Titles = append(g.Titles, joinedTexts(rows[skipped].cells))
		skipped++
	}
	first := skipped // of the rows with figures
	for first < len(rows) && (!isBody(rows, first) || first > skipped && sameLabels(rows[first-1].cells, rows[first].cells)) {
		first++
	}
	if first == len(rows) { // no figures: the header is the first row of the usual length
		usual := usualLength(rows[skipped:])
		for first = skipped; first < len(rows) && filled(rows[first].cells) < usual; {
			first++
		}
		first = min(first+1, len(rows))
	}
	// Headings of sections may be between the header and the first figures.
	bottom := first
	for bottom > skipped && first < len(rows) && distinct(rows[bottom-1].cells) == 1 && rows[bottom-1].cells[0] != "" {
		bottom--
	}
	if bottom > skipped && distinct(rows[bottom-1].cells) > 1 {
		first = bottom
	}
	top := first
	figures := figuresFrom(rows, first)
	several := 2 // texts that a row of the header has
	if first < len(rows) && usualLength(rows[first:min(first+20, len(rows))]) < 2 {
		several = 1
	}
	for top > skipped {
		row := rows[top-1].cells
		if top < first && rows[top].above > rows[top-1].above+1 {
			break // texts above a blank line are about the table
		}
		if distinct(row) < several && (row[0] != "" || top == first && filled(row) < 2) {
			break
		}
		if top < first && onlyTitles(row, rows[top].cells, figures) {
			break
		}
		top--
	}
	if g.Layout.Skip == 0 && top > 0 && top < first {
		for _, row := range rows[:top] {
			g.Titles = append(g.Titles, joinedTexts(row.cells))
		}
		g.Layout.Skip = rows[top].above
		g.set("skip", strconv.Itoa(g.Layout.Skip), "%s above the header: %s", humanize.Count(top, "row of text is", "rows of text are"), strconv.Quote(shortened(g.Titles[0])))
	}
	switch n := first - top; {
	case g.Layout.Header > 0 || g.Layout.NoHeader:
	case n > 1 && n <= 5:
		g.Layout.Header = n
		g.set("header", strconv.Itoa(n), "%d rows above the first figures have several texts", n)
	case n == 0:
		g.Layout.NoHeader = true
		g.set("header", "0", "the first row has figures")
	}
	return first
}

// figuresFrom is the first column of figures of a row, 0 if it has none.
func figuresFrom(rows []line, first int) int {
	if first >= len(rows) {
		return 0
	}
	for c, cell := range rows[first].cells {
		if c > 0 && likeNumber(cell) {
			return c
		}
	}
	return 0
}

// onlyTitles reports whether a row above that of the column names has texts left of the
// figures only, such as the number and the name of the table: the columns have names
// below it.
func onlyTitles(row, below []string, figures int) bool {
	return figures > 0 && filled(row) <= figures && empty(row[min(figures, len(row)):]) && below[0] != "" && filled(below) >= figures && filled(below) > filled(row)
}

// sameLabels reports whether two rows have the same cells but for one, as the rows of a
// header do that repeat the names of columns.
func sameLabels(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	same, differ := 0, 0
	for i := range a {
		switch {
		case a[i] != b[i]:
			differ++
		case a[i] != "" && !likeNumber(a[i]):
			same++
		}
	}
	return same > 0 && differ <= max(1, len(a)/2) && a[0] == b[0] && !slices.ContainsFunc(a, likeFigure)
}

// likeFigure is likeNumber without years.
func likeFigure(cell string) bool { return likeNumber(cell) && !isYear(cell) }

// joinedTexts joins the texts of a row. A merged cell is one.
func joinedTexts(cells []string) string {
	var texts []string
	for _, c := range cells {
		if c != "" && !slices.Contains(texts, c) {
			texts = append(texts, c)
		}
	}
	return strings.Join(texts, " ")
}

func shortened(text string) string {
	if r := []rune(text); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return text
}

// usualLength is the number of filled cells that most rows have.
func usualLength(rows []line) int {
	counts := map[int]int{}
	best := 0
	for _, row := range rows {
		n := filled(row.cells)
		counts[n]++
		if counts[n] > counts[best] || counts[n] == counts[best] && n > best {
			best = n
		}
	}
	return best
}

// isBody reports whether a row has figures. A row of years alone is the header of a
// wide table, if figures other than years are below it.
func isBody(rows []line, i int) bool {
	row := rows[i].cells
	figures, years, marks := 0, 0, 0
	var seen []string
	for c, cell := range row {
		switch {
		case c == 0 || cell == "":
		case likeNumber(cell):
			figures++
			if isYear(cell) && (row[0] == "" || !slices.Contains(seen, cell)) {
				years++
				seen = append(seen, cell)
			}
		case isMark(cell) && !strings.ContainsFunc(cell, unicode.IsLetter):
			marks++
		}
	}
	switch {
	case figures+marks == 0 || distinct(row) < 2 || isKeyed(rows, i) || isPeriods(rows, i):
		return false
	case years < figures || marks > 0:
		return true
	case years == 1 && row[0] != "" && !likeHeader(rows, i):
		return true
	}
	for _, below := range rows[i+1 : min(len(rows), i+6)] {
		for c, cell := range below.cells {
			if c > 0 && cell != "" && (likeNumber(cell) && !isYear(cell) || isMark(cell) && !strings.ContainsFunc(cell, unicode.IsLetter)) {
				return false
			}
		}
	}
	return true
}

// isKeyed reports whether a row is a key and its value above the table, such as "Date:",
// "2021": the key ends in a colon, or a blank line follows, and rows below have more cells.
func isKeyed(rows []line, i int) bool {
	row := rows[i].cells
	if filled(row) != 2 || row[0] == "" {
		return false
	}
	colon := strings.HasSuffix(row[0], ":") || strings.HasSuffix(row[0], "：")
	blank := i+1 < len(rows) && rows[i+1].above > rows[i].above+1
	if !colon && !blank {
		return false
	}
	for _, below := range rows[i+1 : min(len(rows), i+20)] {
		if filled(below.cells) > 2 {
			return true
		}
	}
	return false
}

// isPeriods reports whether a row is that of the periods above the other names of columns:
// its figures are all periods, and the row below repeats its texts.
func isPeriods(rows []line, i int) bool {
	if i+1 >= len(rows) {
		return false
	}
	below := rows[i+1].cells
	texts := 0
	for c, cell := range rows[i].cells {
		switch {
		case cell == "" || isYear(cell):
			if c < len(below) && likeNumber(below[c]) {
				return false
			}
		case c < len(below) && below[c] == cell:
			texts++
		default:
			return false
		}
	}
	return texts > 0
}

// likeHeader reports whether the texts of the first row of several cells are in none of
// the rows below it: with one year, it is the header of a table of one year.
func likeHeader(rows []line, i int) bool {
	for _, above := range rows[:i] {
		if distinct(above.cells) > 1 {
			return false
		}
	}
	if i+2 >= len(rows) {
		return false
	}
	for c, cell := range rows[i].cells {
		if cell == "" || likeNumber(cell) {
			continue
		}
		for _, below := range rows[i+1 : min(len(rows), i+50)] {
			if c < len(below.cells) && below.cells[c] == cell {
				return false
			}
		}
	}
	return true
}

func isYear(cell string) bool {
	if len(cell) == 7 && cell[4] == '.' { // a month, such as 2024.06
		month, err := strconv.Atoi(cell[5:])
		if cell = cell[:4]; err != nil || month < 1 || month > 12 {
			return false
		}
	}
	n, err := strconv.Atoi(cell)
	return err == nil && len(cell) == 4 && n >= 1500 && n <= 2200
}

// numberLike matches figures in all the ways in which offices write them, with marks.
var numberLike = regexp.MustCompile(`^[<>~≈≤≥(\[]?\s*(\p{Sc}\s*)?[-+\x{2212}]?\p{Nd}[\p{Nd}.,'’\s\x{a0}\x{202f}\x{2009}]*([eE][-+]?\p{Nd}+)?\s*(%|\p{Sc}|[*†‡§\x{b9}\x{b2}\x{b3}\x{2070}-\x{209f}]+|\(?[a-z0-9]\)|[a-z]{1,2})?[)\]]?$`)

func likeNumber(cell string) bool { return numberLike.MatchString(cell) }

// columns finds which columns have figures, how these are written, the texts below them
// and labels that stand only once for several rows.
func (g *Guessed) columns(rows []line, first int) {
	var header [][]string
	for _, row := range rows[:first] {
		if row.above >= g.Layout.Skip {
			header = append(header, row.cells)
		}
	}
	if n := g.Layout.headerRows(); len(header) > n {
		header = header[len(header)-n:]
	}
	last := len(rows) // of the rows with figures
	for last > first && !isBody(rows, last-1) {
		last--
	}
	body, below := rows[first:last], rows[last:]
	if last == first { // no figures at all
		body, below = rows[first:], nil
	}
	if usualLength(body) > 1 {
		g.footnotes(body, below)
		body = g.sections(body)
	}
	width := 0
	for _, row := range body {
		width = max(width, len(row.cells))
	}
	var figures [][]string // cells of each column
	var labels []int
	for c := range width {
		_, name := headerOf(header, c)
		cells := cellsOf(body, c)
		if name == "" && !empty(cells) {
			name = numbered(c)
		}
		like, some := 0, 0
		for _, cell := range cells {
			if cell != "" && !slices.Contains(g.Layout.Numbers.Zero, cell) && !slices.Contains(g.Layout.Numbers.Missing, cell) && !isMark(cell) {
				some++
				if likeNumber(cell) {
					like++
				}
			}
		}
		switch {
		case name == "":
		case c > 0 && some > 0 && like*10 >= some*8:
			g.Figures = append(g.Figures, name)
			figures = append(figures, cells)
		default:
			g.Labels = append(g.Labels, name)
			labels = append(labels, c)
		}
	}
	g.gaps(body, labels)
	var settings []Setting
	g.Layout.Numbers, settings = guessNumbers(mostlyFilled(figures), g.Layout.Numbers)
	g.Settings = append(g.Settings, settings...)
}

// mostlyFilled joins the cells of columns. Columns that are empty in most rows, such as
// the numbers of footnotes, count only if all are.
func mostlyFilled(columns [][]string) []string {
	var all, full []string
	for _, cells := range columns {
		all = append(all, cells...)
		if filled(cells)*2 > len(cells) {
			full = append(full, cells...)
		}
	}
	if full != nil {
		return full
	}
	return all
}

func cellsOf(rows []line, c int) []string {
	var cells []string
	for _, row := range rows {
		if c < len(row.cells) {
			cells = append(cells, row.cells[c])
		} else {
			cells = append(cells, "")
		}
	}
	return cells
}

// footnotes finds the rows below the table and how to leave them out.
func (g *Guessed) footnotes(body, below []line) {
	for _, row := range below {
		g.Notes = append(g.Notes, joinedTexts(row.cells))
	}
	if len(below) == 0 || g.Layout.Until != nil {
		return
	}
	text := []rune(firstText(below[0].cells))
	pattern := "^" + regexp.QuoteMeta(string(text[:min(len(text), 24)]))
	if len(text) <= 24 {
		pattern += "$"
	}
	expression, err := regexp.Compile(pattern)
	if err != nil || slices.ContainsFunc(body, func(row line) bool { return expression.MatchString(firstText(row.cells)) }) {
		return
	}
	g.Layout.Until = &Pattern{Regexp: expression}
	g.set("until", cueString(pattern), "%s below the figures", humanize.Count(len(below), "row of text is", "rows of text are"))
}

// cueString writes a string in CUE, raw if it has backslashes.
func cueString(text string) string {
	if strings.Contains(text, `\`) && !strings.ContainsAny(text, "\"\n#") {
		return `#"` + text + `"#`
	}
	return strconv.Quote(text)
}

// sections finds rows with a single text among those with figures.
func (g *Guessed) sections(body []line) (rest []line) {
	n := 0
	first := ""
	for _, row := range body {
		if distinct(row.cells) == 1 {
			if n++; n == 1 {
				first = firstText(row.cells)
			}
			continue
		}
		rest = append(rest, row)
	}
	if n > 0 && len(rest) > 0 && g.Layout.Headings == "" {
		g.Layout.Headings = "heading"
		g.set("headings", `"heading"`, "%s a single text, the first %s: a heading of the rows below", humanize.Count(n, "row has", "rows have"), strconv.Quote(shortened(first)))
	}
	return rest
}

func list2(names []string) string {
	var quoted []string
	for _, n := range names {
		quoted = append(quoted, strconv.Quote(n))
	}
	return strings.Join(quoted, ", ")
}

var plainName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// CUEName writes a name as the label of a field in CUE.
func CUEName(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	return strconv.Quote(name)
}

// gaps finds columns of labels with empty cells below filled ones.
func (g *Guessed) gaps(body []line, labels []int) {
	if len(labels) < 2 || len(g.Layout.FillDown) > 0 {
		return
	}
	var names []string
	most := 0
	for i, c := range labels[:len(labels)-1] {
		gaps, filledCells := 0, 0
		for _, row := range body {
			switch {
			case c < len(row.cells) && row.cells[c] != "":
				filledCells++
			case filled(row.cells) > 0 && filledCells > 0:
				gaps++
			}
		}
		if gaps > 0 && codesBeside(body, c, labels) {
			continue
		}
		if gaps > 0 && filledCells > 0 && len(body) > 0 && c < len(body[0].cells) && body[0].cells[c] != "" {
			names = append(names, g.Labels[i])
			g.Layout.FillDown = append(g.Layout.FillDown, Name{Text: g.Labels[i]})
			most = max(most, gaps)
		}
	}
	if len(names) > 0 {
		g.set("fill_down", "["+list2(names)+"]", "%s empty below a label", humanize.Count(most, "cell is", "cells are"))
	}
}

// codesBeside reports whether a column has codes of the labels in another: where it has a
// cell, each has one label and each label one code, and where it has none, the label has no
// code. Total is often a label without a code.
func codesBeside(body []line, c int, labels []int) bool {
	cell := func(row line, c int) string {
		if c < len(row.cells) {
			return row.cells[c]
		}
		return ""
	}
	for _, l := range labels {
		if l == c {
			continue
		}
		label, code := map[string]string{}, map[string]string{}
		good := true
		for _, row := range body {
			x, y := cell(row, c), cell(row, l)
			old, known := label[x]
			if other, same := code[y]; y == "" || known && old != y || same && other != x {
				good = false
				break
			}
			label[x], code[y] = y, x
		}
		if good && len(label) > 2 {
			return true
		}
	}
	return false
}

// isMark reports whether a cell stands for a figure that is nil or not given.
func isMark(cell string) bool {
	if strings.ContainsFunc(cell, unicode.IsDigit) {
		return false
	}
	if inside := strings.Trim(cell, "()[] "); inside != "" {
		cell = inside // (c)
	}
	n := utf8.RuneCountInString(cell)
	return n <= 2 || n <= 6 && !strings.ContainsFunc(cell, unicode.IsLetter) || slices.Contains(notGiven, strings.ToLower(cell))
}

// notGiven are words that programs write where a figure is not given.
var notGiven = []string{"n/a", "n.a.", "n.d.", "nan", "null", "none", "nil", "conf"}

var figure = regexp.MustCompile(`^([-+\x{2212}]?\p{Nd}[\p{Nd}.,'’\s\x{a0}\x{202f}\x{2009}]*?)\s*(%|\p{Sc}|[*†‡§\x{b9}\x{b2}\x{b3}\x{2070}-\x{209f}]+|\(?[a-z0-9]\)|[a-z]{1,2})$`)

// about matches a figure that is about right. One in brackets may be uncertain or negative,
// so nothing is guessed about it.
var about = regexp.MustCompile(`^([~≈])\s*(\p{Nd}[\p{Nd}.,'’\s\x{a0}\x{202f}\x{2009}]*)$`)

// currency matches a figure after the sign of a currency.
var currency = regexp.MustCompile(`^\p{Sc}\s*\p{Nd}`)

// guessNumbers finds how figures are written, starting from what is known.
func guessNumbers(cells []string, known Numbers) (Numbers, []Setting) {
	n := known
	n.Zero, n.Missing, n.Marks = slices.Clone(n.Zero), slices.Clone(n.Missing), slices.Clone(n.Marks)
	var settings []Setting
	count := map[string]int{}
	var zero, missing, marks []string
	note := func(to *[]string, text string) {
		if count[text]++; count[text] == 1 {
			*to = append(*to, text)
		}
	}
	var left []string // that look like numbers but are not plain
	for _, cell := range cells {
		text := strings.TrimSpace(cell)
		if _, err := n.Parse(text); err == nil || text == "" || err == ErrMissing {
			left = append(left, text)
			continue
		}
		m := figure.FindStringSubmatch(text)
		roughly := about.FindStringSubmatch(text)
		switch {
		case roughly != nil:
			note(&marks, roughly[1])
			left = append(left, roughly[2])
		case m != nil:
			note(&marks, m[2])
			left = append(left, m[1])
		case currency.MatchString(text):
			symbol, size := utf8.DecodeRuneInString(text)
			note(&marks, string(symbol))
			left = append(left, strings.TrimSpace(text[size:]))
		case strings.Trim(text, "-\u2212–—") == "":
			note(&zero, text)
		case isMark(text), strings.HasPrefix(text, "<"), strings.HasPrefix(text, ">"):
			note(&missing, text)
		default:
			left = append(left, text)
		}
	}
	// How many cells a pair of marks reads; the plain point comes first.
	read := func(decimal, thousands string) int {
		try := Numbers{Decimal: decimal, Thousands: thousands, Zero: known.Zero, Missing: known.Missing, Marks: known.Marks}
		good := 0
		for _, text := range left {
			if _, err := try.Parse(text); err == nil || err == ErrMissing {
				good++
			}
		}
		return good
	}
	best := read(known.Decimal, known.Thousands)
	plain := best
	for _, pair := range [][2]string{{"", ","}, {"", " "}, {"", "'"}, {",", ""}, {",", "."}, {",", " "}, {",", "'"}} {
		if known.Decimal != "" && known.Decimal != pair[0] || known.Thousands != "" && known.Thousands != pair[1] {
			continue
		}
		if good := read(pair[0], pair[1]); good > best {
			best, n.Decimal, n.Thousands = good, pair[0], pair[1]
		}
	}
	if best > plain {
		example := ""
		for _, text := range left {
			if _, err := known.Parse(text); err != nil && err != ErrMissing && text != "" {
				example = text
				break
			}
		}
		evidence := fmt.Sprintf("%s such as %q", humanize.Count(best-plain, "figure", "figures"), example)
		if n.Decimal == "" && n.Thousands == "," && read(",", "") == best {
			evidence += "; if the comma is a decimal mark, decimal: \",\""
		}
		if n.Decimal != known.Decimal {
			settings = append(settings, Setting{"decimal", strconv.Quote(n.Decimal), evidence})
		}
		if n.Thousands != known.Thousands {
			settings = append(settings, Setting{"thousands", strconv.Quote(n.Thousands), evidence})
		}
	}
	of := func(list []string) int {
		total := 0
		for _, text := range list {
			total += count[text]
		}
		return total
	}
	if len(zero) > 0 {
		n.Zero = append(n.Zero, zero...)
		settings = append(settings, Setting{"zero", "[" + list2(n.Zero) + "]", humanize.Count(of(zero), "cell has", "cells have") + " a dash, with which offices write none; if the figure is not given: missing"})
	}
	if len(missing) > 0 && len(missing) <= 20 {
		n.Missing = append(n.Missing, missing...)
		settings = append(settings, Setting{"missing", "[" + list2(n.Missing) + "]", humanize.Count(of(missing), "cell has", "cells have") + " no figure"})
	}
	if len(marks) > 0 && len(marks) <= 20 {
		n.Marks = append(n.Marks, marks...)
		settings = append(settings, Setting{"marks", "[" + list2(n.Marks) + "]", humanize.Count(of(marks), "figure has", "figures have") + " a mark"})
	}
	return n, settings
}

// Advice says what to write in the stanza of the spec so that the columns of the file are
// found, with the evidence; the text is "" if nothing speaks against its layout.
func (f *File) Advice() (text string, evidence []string) {
	g := Guess(f.data, f.layout)
	if !slices.ContainsFunc(g.Settings, func(s Setting) bool { return slices.Contains(structural, s.Option) }) {
		return "", nil
	}
	return g.Written(), evidenceOf(g.Settings)
}

// structural are the settings that decide which columns a file has.
var structural = []string{"encoding", "separator", "skip", "header"}

func evidenceOf(settings []Setting) (evidence []string) {
	for _, s := range settings {
		evidence = append(evidence, fmt.Sprintf("%s: %s", s.Option, s.Evidence))
	}
	return evidence
}

// advise adds to a fault what to write in the spec.
func (f *File) advise(d *diag.Diagnostic) {
	switch d.Code {
	case "ragged-row", "empty-header", "duplicate-header", "separator", "csv-syntax", "not-utf8", "invisible":
	default:
		return
	}
	g := Guess(f.data, f.layout)
	if len(g.Settings) == 0 {
		return
	}
	trial := &diag.List{}
	t := &File{Path: f.Path, layout: g.Layout, head: -1}
	if t.grid = readGrid(f.data, f.Path, &g.Layout, trial); t.grid != nil {
		s := shaper{File: t, layout: &g.Layout, faults: trial}
		s.shape()
	}
	if trial.Failed() {
		if d.Hint == "" {
			d.WithHint("perhaps the file is read with %s", g.Written())
		} else {
			d.Note("perhaps the file is read with %s", g.Written())
		}
		return
	}
	d.WithHint("say how the file is written: %s", g.Written())
	d.Notes = append(d.Notes, evidenceOf(g.Settings)...)
	d.Note("it then has %s with the columns %s", humanize.Count(len(t.Rows), "row", "rows"), humanize.Quoted(t.Header))
}
