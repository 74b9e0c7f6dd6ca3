package office

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// maxStatements bounds the keywords of a PC-Axis file.
const maxStatements = 1_000_000

// pxSymbols is the number of symbols that a PC-Axis file can define for missing figures.
const pxSymbols = 6

// pxKey is a keyword with the variable or value that it is about.
type pxKey struct{ name, first, second string }

// pxFile is the metadata of a PC-Axis file, without its data.
type pxFile struct {
	text     string
	pos      int
	line     int
	lineAt   int                // position of the first byte of the line
	language string             // the default one
	values   map[pxKey][]string // in the default language
	lines    map[pxKey]int
	order    []pxKey
	cube     *Cube

	// symbols are shown for one to six dots among the figures, and none for "-".
	symbols [pxSymbols]string
	none    string

	wanted     string             // the language that is read, "" for the default one
	translated map[pxKey][]string // in the wanted language
	reorder    []pxKey            // the order of translated
}

// pxName matches a keyword.
var pxName = regexp.MustCompile(`^[A-Z][A-Z0-9_.-]*$`)

var (
	pxCharset  = regexp.MustCompile(`(?i)(?:^|[;\s])CHARSET\s*=\s*"([^"]{0,40})"`)
	pxCodepage = regexp.MustCompile(`(?i)(?:^|[;\s])CODEPAGE\s*=\s*"([^"]{0,40})"`)
)

// readPX reads a PC-Axis file in one of its languages, "" for the default one. See the PX
// file format specification of Statistics Sweden, 2013.
func readPX(data []byte, language string) (*Cube, error) {
	declared := "oem"
	head := data[:min(len(data), 4096)]
	if m := pxCharset.FindSubmatch(head); m != nil {
		declared = string(m[1])
	}
	if m := pxCodepage.FindSubmatch(head); m != nil {
		declared = string(m[1])
	}
	text, _, err := decode(data, declared)
	if err != nil {
		return nil, err
	}
	f := &pxFile{text: text, line: 1, values: map[pxKey][]string{}, lines: map[pxKey]int{}, cube: &Cube{Format: "PC-Axis", Decimals: -1},
		wanted: language, translated: map[pxKey][]string{}}
	for n := 0; ; n++ {
		if n == maxStatements {
			return nil, f.faultf("the file has more than %d keywords", maxStatements)
		}
		key, language, err := f.key()
		if err != nil {
			return nil, err
		}
		if key.name == "DATA" {
			break
		}
		if key.name == "" {
			return nil, faultf(0, 0, "the file has no keyword DATA").hint("a PC-Axis file ends with DATA= and its figures; download it again")
		}
		line := f.line
		values, err := f.list()
		if err != nil {
			return nil, err
		}
		switch {
		case key.name == "LANGUAGE" && len(values) > 0:
			f.language = values[0]
			f.cube.language(f.language)
		case key.name == "LANGUAGES":
			for _, l := range values {
				f.cube.language(l)
			}
		}
		if language != "" && !strings.EqualFold(language, f.language) { // a translation
			f.cube.language(language)
			if strings.EqualFold(language, f.wanted) {
				if _, twice := f.translated[key]; !twice {
					f.reorder = append(f.reorder, key)
				}
				f.translated[key] = values
			}
			continue
		}
		if _, twice := f.values[key]; !twice {
			f.order = append(f.order, key)
		}
		f.values[key], f.lines[key] = values, line
	}
	if err := f.dimensions(); err != nil {
		return nil, err
	}
	f.describe()
	f.defineSymbols()
	if err := f.data(); err != nil {
		return nil, err
	}
	return f.cube, f.translate()
}

func (f *pxFile) faultf(format string, args ...any) *Fault {
	return faultf(f.line, f.pos-f.lineAt+1, format, args...)
}

// next moves over one byte.
func (f *pxFile) next() {
	if f.text[f.pos] == '\n' {
		f.line++
		f.lineAt = f.pos + 1
	}
	f.pos++
}

// blank moves over white space, and over the bytes in also.
func (f *pxFile) blank(also string) {
	for f.pos < len(f.text) && (f.text[f.pos] <= ' ' || strings.IndexByte(also, f.text[f.pos]) >= 0) {
		f.next()
	}
}

// quoted reads a string in quotation marks and those that continue it.
func (f *pxFile) quoted() (string, error) {
	one, err := f.single()
	if err != nil {
		return "", err
	}
	f.blank("")
	if f.pos >= len(f.text) || f.text[f.pos] != '"' {
		return one, nil
	}
	var b strings.Builder
	b.WriteString(one)
	for f.pos < len(f.text) && f.text[f.pos] == '"' {
		if one, err = f.single(); err != nil {
			return "", err
		}
		b.WriteString(one)
		f.blank("")
	}
	return b.String(), nil
}

// single reads one string in quotation marks.
func (f *pxFile) single() (string, error) {
	begin := *f
	f.next()
	n := strings.IndexByte(f.text[f.pos:], '"')
	if n < 0 {
		return "", begin.faultf("a quotation mark is not closed").hint("the file is damaged here; download it again")
	}
	text := f.text[f.pos : f.pos+n]
	for range n + 1 {
		f.next()
	}
	return text, nil
}

// key reads a keyword up to its equals sign. The name is "" at the end of the file.
func (f *pxFile) key() (key pxKey, language string, err error) {
	f.blank(";\x1a\ufeff")
	if f.pos >= len(f.text) {
		return key, "", nil
	}
	begin := *f
	for f.pos < len(f.text) && strings.IndexByte("=([\"; \t\r\n", f.text[f.pos]) < 0 {
		f.next()
	}
	key.name = strings.ToUpper(f.text[begin.pos:f.pos])
	if !pxName.MatchString(key.name) {
		return key, "", begin.faultf("a keyword is expected here").hint("the statement before it may have ended too early: keywords are written NAME=value;")
	}
	key.name = strings.ReplaceAll(key.name, ".", "-") // as some programs write them
	f.blank("")
	if f.pos < len(f.text) && f.text[f.pos] == '[' {
		n := strings.IndexByte(f.text[f.pos:], ']')
		if n < 0 || n > 50 {
			return key, "", f.faultf("the language of %s is not closed by ]", key.name)
		}
		language = strings.Trim(f.text[f.pos+1:f.pos+n], " \"")
		for range n + 1 {
			f.next()
		}
		f.blank("")
	}
	if f.pos < len(f.text) && f.text[f.pos] == '(' {
		f.next()
		var of []string
		for {
			f.blank(",")
			if f.pos >= len(f.text) {
				return key, "", begin.faultf("the parenthesis of %s is not closed", key.name)
			}
			if f.text[f.pos] == ')' {
				f.next()
				break
			}
			var word string
			if f.text[f.pos] == '"' {
				if word, err = f.quoted(); err != nil {
					return key, "", err
				}
			} else {
				from := f.pos
				for f.pos < len(f.text) && strings.IndexByte(",)", f.text[f.pos]) < 0 {
					f.next()
				}
				word = f.text[from:f.pos]
			}
			if len(of) < 100 {
				of = append(of, strings.TrimSpace(word))
			}
		}
		if len(of) > 0 {
			key.first = of[0]
			key.second = strings.Join(of[1:], "\x00")
		}
		f.blank("")
	}
	if f.pos >= len(f.text) || f.text[f.pos] != '=' {
		return key, "", f.faultf("%s is not followed by =", key.name)
	}
	f.next()
	return key, language, nil
}

// list reads the values of a keyword up to its semicolon. Pairs "a":"b" become one
// value with a zero byte between them.
func (f *pxFile) list() ([]string, error) {
	begin := *f
	var list []string
	pair := false
	for {
		f.blank(",")
		if f.pos >= len(f.text) {
			return nil, begin.faultf("the statement is not closed by a semicolon")
		}
		var word string
		var err error
		switch f.text[f.pos] {
		case ';':
			f.next()
			return list, nil
		case ':':
			f.next()
			pair = len(list) > 0
			continue
		case '"':
			if word, err = f.quoted(); err != nil {
				return nil, err
			}
		default:
			from, depth := f.pos, 0
			for f.pos < len(f.text) && (depth > 0 || strings.IndexByte(",;:", f.text[f.pos]) < 0) {
				switch f.text[f.pos] {
				case '(':
					depth++
				case ')':
					depth--
				case ';':
					depth = 0
					continue
				}
				f.next()
			}
			word = strings.TrimSpace(f.text[from:f.pos])
		}
		word = strings.TrimSpace(word)
		if pair {
			list[len(list)-1] += "\x00" + word
			pair = false
			continue
		}
		if len(list) == maxCategories {
			return nil, f.faultf("the statement has more than %d values", maxCategories)
		}
		list = append(list, word)
	}
}

// get returns the first value of a keyword.
func (f *pxFile) get(name string, of ...string) string {
	key := pxKey{name: name}
	if len(of) > 0 {
		key.first = of[0]
	}
	if len(of) > 1 {
		key.second = of[1]
	}
	if v := f.values[key]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// dimensions makes the dimensions of the cube.
func (f *pxFile) dimensions() error {
	names := slices.Concat(f.values[pxKey{name: "STUB"}], f.values[pxKey{name: "HEADING"}])
	if len(names) == 0 {
		return faultf(0, 0, "the file has neither STUB nor HEADING").hint("these keywords name its variables")
	}
	if len(names) > maxDimensions {
		return faultf(0, 0, "the file has %d variables; at most %d are read", len(names), maxDimensions)
	}
	metric := f.get("CONTVARIABLE")
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return faultf(f.lines[pxKey{name: "STUB"}], 0, "the variable %q is named twice in STUB and HEADING", name)
		}
		of := pxKey{name: "VALUES", first: name}
		values, codes := f.values[of], f.values[pxKey{name: "CODES", first: name}]
		if values == nil {
			values = codes
		}
		if len(values) == 0 {
			return faultf(0, 0, "the variable %q has neither VALUES nor CODES", name).hint("a PC-Axis file lists the values of each variable in STUB and HEADING")
		}
		if codes != nil && len(codes) != len(values) {
			return faultf(f.lines[of], 0, "the variable %q has %d VALUES and %d CODES", name, len(values), len(codes))
		}
		d := Dimension{ID: f.get("VARIABLECODE", name), Label: name, Total: -1, Categories: make([]Category, len(values))}
		for j := range values {
			d.Categories[j] = Category{Label: values[j], Parent: -1, Decimals: -1}
			if codes != nil {
				d.Categories[j].Code = codes[j]
			}
		}
		switch kind := strings.ToUpper(f.get("VARIABLE-TYPE", name)); {
		case name == metric || kind == "C":
			d.Role = Metric
		case kind == "T" || f.values[pxKey{name: "TIMEVAL", first: name}] != nil:
			d.Role = Time
		case kind == "G" || f.get("MAP", name) != "":
			d.Role = Place
		}
		if e := f.get("ELIMINATION", name); e != "" && !strings.EqualFold(e, "YES") && !strings.EqualFold(e, "NO") {
			if at, ok := d.Find(e); ok {
				d.Total = at
			}
		}
		f.parents(&d)
		f.cube.Dims = append(f.cube.Dims, d)
	}
	return nil
}

// parents reads the hierarchy of a variable's codes.
func (f *pxFile) parents(d *Dimension) {
	for key, pairs := range f.values {
		if key.name != "HIERARCHIES" || key.first != d.Label || key.second != "" {
			continue
		}
		at := map[string]int{} // by code, or by value if no code is the same
		for i := len(d.Categories) - 1; i >= 0; i-- {
			at[d.Categories[i].Label] = i
		}
		for i := len(d.Categories) - 1; i >= 0; i-- {
			at[d.Categories[i].Key()] = i
		}
		for _, p := range pairs {
			parent, child, ok := strings.Cut(p, "\x00")
			if !ok {
				continue
			}
			i, known := at[parent]
			j, too := at[child]
			if known && too && i != j {
				d.Categories[j].Parent = i
			}
		}
		d.breakCircles()
	}
}

// breakCircles removes parents that are their own descendants.
func (d *Dimension) breakCircles() {
	for i := range d.Categories {
		steps := 0
		for p := d.Categories[i].Parent; p >= 0; p = d.Categories[p].Parent {
			if steps++; p == i || steps > 100 {
				d.Categories[i].Parent = -1
				break
			}
		}
	}
}

// describe reads the title, the units, the notes and what else a reader should know. What
// the file does not say stays as it is.
func (f *pxFile) describe() {
	c := f.cube
	set := func(to *string, texts ...string) {
		for _, t := range texts {
			if t != "" {
				*to = t
				return
			}
		}
	}
	set(&c.ID, f.get("TABLEID"), f.get("MATRIX"))
	title := []string{f.get("TITLE"), f.get("DESCRIPTION"), f.get("CONTENTS")}
	if strings.EqualFold(f.get("DESCRIPTIONDEFAULT"), "YES") {
		title[0], title[1] = title[1], title[0]
	}
	set(&c.Title, title...)
	set(&c.Publisher, f.get("SOURCE"))
	set(&c.Unit, f.get("UNITS"))
	set(&c.URL, f.get("LINK"))
	updated := []string{f.get("LAST-UPDATED")}
	for _, key := range f.order {
		if key.name == "LAST-UPDATED" {
			updated = append(updated, f.get("LAST-UPDATED", key.first))
		}
	}
	set(&c.Updated, append(updated, f.get("CREATION-DATE"))...)
	// Figures may be more exact than the office shows them.
	for _, name := range []string{"DECIMALS", "SHOWDECIMALS"} {
		if n, err := strconv.Atoi(f.get(name)); err == nil && n >= 0 && n <= 15 {
			c.Decimals = n
		}
	}
	for _, key := range f.order {
		values := f.values[key]
		if len(values) == 0 {
			continue
		}
		switch key.name {
		case "NOTE", "NOTEX", "VALUENOTE", "VALUENOTEX", "CELLNOTE", "CELLNOTEX", "INFO":
			of := strings.Trim(strings.ReplaceAll(key.first+", "+key.second, "\x00", ", "), ", ")
			if of != "" {
				of += ": "
			}
			c.AddNote(of + values[0])
		case "UNITS", "PRECISION", "SHOWDECIMALS":
			f.ofCategory(key, values[0])
		}
	}
}

// ofCategory gives a category its unit or its decimals.
func (f *pxFile) ofCategory(key pxKey, value string) {
	variable, category := key.first, key.second
	if category == "" {
		variable, category = f.get("CONTVARIABLE"), key.first
	}
	i, ok := f.cube.Find(variable)
	if !ok || category == "" {
		return
	}
	j, ok := f.cube.Dims[i].Find(category)
	if !ok {
		return
	}
	k := &f.cube.Dims[i].Categories[j]
	if key.name == "UNITS" {
		k.Unit = value
	} else if n, err := strconv.Atoi(value); err == nil && n >= 0 && n <= 15 {
		k.Decimals = n
	}
}

// defineSymbols reads what is shown for figures that are missing: DATASYMBOL2 is shown
// for "..".
func (f *pxFile) defineSymbols() {
	f.none = f.get("DATASYMBOLNIL")
	for i := range f.symbols {
		f.symbols[i] = f.get("DATASYMBOL" + strconv.Itoa(i+1))
	}
	f.noteSymbols()
}

func (f *pxFile) noteSymbols() {
	for i, symbol := range f.symbols {
		if dots := strings.Repeat(".", i+1); symbol != dots && strings.ContainsFunc(symbol, unicode.IsLetter) {
			f.cube.AddNote(fmt.Sprintf("%q is shown as %q", dots, symbol))
		}
	}
}

// data reads the figures. With KEYS, a row begins with its keys and may be absent.
// Without, all figures follow one another. Semicolons at the ends of rows, which some
// offices write, are white space.
func (f *pxFile) data() error {
	c := f.cube
	sizes := c.Sizes()
	total, ok := product(sizes)
	if !ok {
		return faultf(0, 0, "the variables have too many combinations")
	}
	var keyed []int                     // dimensions
	var keys []map[string]int           // code or value to category, per keyed dimension
	stride := make([]int64, len(sizes)) // of a dimension in the product
	block, n := int64(1), int64(1)
	for i := len(sizes) - 1; i >= 0; i-- {
		stride[i] = n
		n *= int64(sizes[i])
	}
	var free []int // dimensions without keys
	for i := range c.Dims {
		d := &c.Dims[i]
		how := f.get("KEYS", d.Label)
		if how == "" {
			free = append(free, i)
			block *= int64(sizes[i])
			continue
		}
		index := map[string]int{}
		for j := range d.Categories {
			name := d.Categories[j].Label
			if strings.EqualFold(how, "CODES") {
				name = d.Categories[j].Key()
			}
			if _, twice := index[name]; !twice {
				index[name] = j
			}
		}
		keyed, keys = append(keyed, i), append(keys, index)
	}
	if len(keyed) == 0 && total > maxCells {
		return faultf(0, 0, "the table has %d cells; at most %d are read", total, maxCells).hint("download fewer years, places or contents")
	}
	at := make([]int, len(sizes))
	seen := map[int64]bool{} // rows
	for row := int64(0); ; row++ {
		f.blank(";\x1a")
		if f.pos >= len(f.text) {
			if len(keyed) == 0 && row == 0 {
				return f.faultf("there are no figures after DATA=")
			}
			return nil
		}
		base := int64(0)
		for i, index := range keys {
			f.blank(",")
			if f.pos >= len(f.text) || f.text[f.pos] != '"' {
				return f.faultf("the row does not begin with the key of %q", c.Dims[keyed[i]].Label)
			}
			begin := *f
			key, err := f.single()
			if err != nil {
				return err
			}
			j, ok := index[strings.TrimSpace(key)]
			if !ok {
				return begin.faultf("the key %q is not a value of %q", tidy(key), c.Dims[keyed[i]].Label)
			}
			base += int64(j) * stride[keyed[i]]
		}
		if len(keyed) > 0 {
			if seen[base] {
				return f.faultf("the row has the keys of an earlier one")
			}
			seen[base] = true
		} else if row > 0 {
			return f.faultf("there are more figures than the %d of the variables' combinations", total).hint("VALUES lists too few values, or the file is damaged")
		}
		clear(at)
		for k := range block {
			cell, err := f.figure(k, block, len(keyed) > 0)
			if err != nil {
				return err
			}
			cell.At = base
			for _, i := range free {
				cell.At += int64(at[i]) * stride[i]
			}
			if len(c.Cells) == maxCells {
				return f.faultf("there are more than %d figures", maxCells).hint("download fewer years, places or contents")
			}
			c.Cells = append(c.Cells, cell)
			for i := len(free) - 1; i >= 0; i-- {
				if at[free[i]]++; at[free[i]] < sizes[free[i]] {
					break
				}
				at[free[i]] = 0
			}
		}
	}
}

// figure reads a cell, number k of the n in its row or file.
func (f *pxFile) figure(k, n int64, keyed bool) (Cell, error) {
	f.blank(",;\x1a")
	cell := Cell{Line: int32(min(f.line, 1<<30))}
	if f.pos >= len(f.text) {
		return cell, f.faultf("the figures end after %d of %d", k, n).hint("the file is cut off; download it again")
	}
	begin := *f
	word, quoted := "", f.text[f.pos] == '"'
	if quoted {
		var err error
		if word, err = f.single(); err != nil {
			return cell, err
		}
		word = strings.TrimSpace(word)
	} else {
		for f.pos < len(f.text) && f.text[f.pos] > ' ' && strings.IndexByte(",;\"", f.text[f.pos]) < 0 {
			f.next()
		}
		word = f.text[begin.pos:f.pos]
	}
	if !quoted {
		if x, ok := parseFigure(word); ok && strings.ContainsAny(word, "0123456789") {
			cell.Number = x
			return cell, nil
		}
	}
	cell.Symbol, cell.Status = tidy(word), SymbolStatus(word)
	shown := ""
	if n := len(word); n > 0 && n <= pxSymbols && strings.Trim(word, ".") == "" {
		shown = f.symbols[n-1]
	}
	switch {
	case word == "-" || f.none != "" && word == f.none:
		cell.Status = Zero
	case shown != "":
		cell.Status = SymbolStatus(shown)
	case quoted || slices.Contains(f.symbols[:], word) || strings.Trim(word, ".:-*") == "" || len(word) <= 2:
	default:
		if keyed {
			return cell, begin.faultf("%q is not a figure; the row has %d of %d figures", tidy(word), k, n)
		}
		return cell, begin.faultf("%q is not a figure", tidy(word))
	}
	return cell, nil
}
