package phrase

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/plaintext"
)

// Section is the phrases of a bank under one heading.
type Section struct {
	Bank        string
	Place       diag.Place // of the heading
	Condition   string     // empty if the section is open to everyone
	ConditionAt diag.Place
	Columns     []string // names of the facets that a line has after its phrase
	Tags        []Tag    // of the heading, which every phrase also has
	Phrases     []Phrase
}

// Phrase is a phrase of a section. Its lines are joined with single spaces.
type Phrase struct {
	Text   string
	Parts  []Part
	Facets []Facet
	Tags   []Tag // with those of the heading

	lines []line
}

// Facet is another wording of a phrase.
type Facet struct {
	Name string
	Phrase
}

// Facet returns the facet with a name.
func (p *Phrase) Facet(name string) (*Phrase, bool) {
	for i := range p.Facets {
		if p.Facets[i].Name == name {
			return &p.Facets[i].Phrase, true
		}
	}
	return nil, false
}

// line is the position of a line in the phrase, and its place in the file.
type line struct {
	offset int
	place  diag.Place
}

// Place returns the place of the byte at position offset of the phrase's text.
func (p *Phrase) Place(offset int) diag.Place {
	i := len(p.lines) - 1
	for i > 0 && p.lines[i].offset > offset {
		i--
	}
	at := p.lines[i].place
	at.Column += offset - p.lines[i].offset
	return at
}

// Parse parses a file of phrase banks in UTF-8, with or without a byte order mark.
// file is its name in places. Parse adds faults to the list and returns the phrases
// that have none.
func Parse(file string, data []byte, faults *diag.List) []Section {
	p := parser{file: file, faults: faults}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	for text := range strings.Lines(plaintext.NFC(string(data))) {
		p.number++
		if at, r, found := plaintext.Steering(text); found {
			faults.Errorf(p.place(at), "invisible", "there is the invisible character %U", r).WithHint("remove it: it can steer a terminal or reverse what is read")
			continue
		}
		p.read(strings.TrimRight(text, "\r\n"))
	}
	p.endPhrase()
	p.endSection()
	return p.sections
}

// blanks separate words and indent lines. A no-break space is not one of them.
const blanks = " \t"

type parser struct {
	file     string
	number   int // of the line, from 1
	faults   *diag.List
	sections []Section
	section  *Section
	phrase   *Phrase
	stray    bool // a phrase before the first heading has been reported
}

func (p *parser) place(column int) diag.Place {
	return diag.Place{File: p.file, Line: p.number, Column: column + 1}
}

// read parses a line.
func (p *parser) read(text string) {
	body := strings.TrimLeft(text, blanks)
	indent := len(text) - len(body)
	body = strings.TrimRight(body, blanks)
	switch {
	case body == "" || body[0] == '#':
	case !utf8.ValidString(text):
		p.faults.Errorf(p.place(invalidAt(text)), "utf8", "the line is not UTF-8").WithHint("save the file as UTF-8")
	case indent > 0:
		p.continuation(body, indent)
	case body[0] == '[' && !isTag(body):
		p.heading(body)
	default:
		tags, rest := p.tags(body, 0)
		p.begin(rest, len(body)-len(rest), tags)
	}
}

// invalidAt returns the position of the first byte that is not UTF-8.
func invalidAt(s string) int {
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)) {
			return i
		}
	}
	return 0
}

// heading begins a section.
func (p *parser) heading(text string) {
	p.endPhrase()
	p.endSection()
	p.section = &Section{Place: p.place(0)}
	end := strings.IndexByte(text, ']')
	if end < 0 {
		p.faults.Errorf(p.place(0), "heading", "the heading has no ]").WithHint(`write [bank], or \[ at the start of a phrase`)
		return
	}
	name, columns, several := strings.Cut(text[1:end], "|")
	p.section.Bank = strings.Trim(name, blanks)
	if !IsBankName(p.section.Bank) {
		p.faults.Errorf(p.place(1), "heading", "%q is not a name for a bank", name).WithHint("use letters, digits and . _ -")
		p.section.Bank = ""
	}
	if several {
		p.columns(columns)
	}
	rest := strings.TrimLeft(text[end+1:], blanks)
	p.section.Tags, rest = p.tags(rest, len(text)-len(rest))
	p.section.Condition, p.section.ConditionAt = rest, p.place(len(text)-len(rest))
}

// columns reads the names of the columns after the first.
func (p *parser) columns(text string) {
	for _, name := range strings.Split(text, "|") {
		name = strings.Trim(name, blanks)
		switch {
		case !IsBankName(name):
			p.faults.Errorf(p.place(1), "heading", "%q is not a name for a facet", name).WithHint("write [bank | facet | facet], with names of letters, digits and . _ -")
		case slices.Contains(p.section.Columns, name):
			p.faults.Errorf(p.place(1), "heading", "two columns are called %q", name).WithHint("give each facet its own name")
		default:
			p.section.Columns = append(p.section.Columns, name)
			continue
		}
		p.section.Bank = ""
	}
}

// begin starts a phrase that begins in a column of its line.
func (p *parser) begin(text string, column int, tags []Tag) {
	p.endPhrase()
	if text == "" {
		p.faults.Errorf(p.place(0), "tag", "the tags have no phrase").WithHint("write the phrase after them, on the same line")
		return
	}
	if p.section == nil {
		if !p.stray {
			p.faults.Errorf(p.place(0), "heading", "there is a phrase before the first heading").WithHint("write the name of its bank above it: [bank]")
		}
		p.stray = true
		p.section = &Section{Place: p.place(0)}
	}
	p.phrase = &Phrase{Text: text, Tags: slices.Concat(p.section.Tags, tags), lines: []line{{0, p.place(column)}}}
}

// continuation adds an indented line to the phrase.
func (p *parser) continuation(text string, column int) {
	switch {
	case text[0] == '[':
		p.faults.Errorf(p.place(column), "heading", "a heading is indented").WithHint(`remove the white space before it, or write \[ in a phrase`)
	case p.phrase == nil:
		p.faults.Errorf(p.place(column), "phrase", "an indented line has no phrase to continue").WithHint("start the phrase at the beginning of its line")
	case text[0] == '/':
		p.facet(text, column)
	default:
		last := p.phrase
		if n := len(last.Facets); n > 0 {
			last = &last.Facets[n-1].Phrase
		}
		last.Text += " "
		last.lines = append(last.lines, line{len(last.Text), p.place(column)})
		last.Text += text
	}
}

// facet begins a facet of the phrase.
func (p *parser) facet(text string, column int) {
	name, rest, _ := strings.Cut(text[1:], " ")
	body := strings.TrimLeft(rest, blanks)
	switch _, twice := p.phrase.Facet(name); {
	case !IsBankName(name) || body == "":
		p.faults.Errorf(p.place(column), "facet", "%q is not a facet", text).WithHint(`write /name and its wording, or \/ in a phrase`)
	case twice:
		p.faults.Errorf(p.place(column), "facet", "the phrase has two facets %q", name).WithHint("remove one of them")
	default:
		at := p.place(column + len(text) - len(body))
		p.phrase.Facets = append(p.phrase.Facets, Facet{name, Phrase{Text: body, lines: []line{{0, at}}}})
	}
}

// endPhrase compiles the phrase and its facets, and keeps them if they have no
// faults.
func (p *parser) endPhrase() {
	if p.phrase == nil {
		return
	}
	ok := p.split(p.phrase) && p.compile(p.phrase)
	for i := range p.phrase.Facets {
		ok = p.compile(&p.phrase.Facets[i].Phrase) && ok
	}
	if ok {
		p.section.Phrases = append(p.section.Phrases, *p.phrase)
	}
	p.phrase = nil
}

// split divides a phrase of a section with columns into the phrase and its facets, and
// reports whether it has them all.
func (p *parser) split(x *Phrase) bool {
	columns := p.section.Columns
	if columns == nil {
		return true
	}
	text := x.Text
	ends := append(bars(text), len(text))
	if len(ends) != len(columns)+1 {
		p.faults.Errorf(x.Place(0), "columns", "the phrase has %d columns, but its heading names %d", len(ends), len(columns)+1).
			WithHint("write %s", "phrase | "+strings.Join(columns, " | "))
		return false
	}
	ok := true
	for i, end := range ends {
		from := 0
		if i > 0 {
			from = ends[i-1] + 1
		}
		for from < end && strings.IndexByte(blanks, text[from]) >= 0 {
			from++
		}
		body := strings.TrimRight(text[from:end], blanks)
		name := p.section.Bank
		if i > 0 {
			name = columns[i-1]
		}
		switch _, twice := x.Facet(name); {
		case body == "":
			p.faults.Errorf(x.Place(min(from, len(text)-1)), "columns", "the column %q is empty", name).WithHint("write its wording")
			ok = false
		case i == 0:
			x.Text = body
		case twice:
			p.faults.Errorf(x.Place(from), "facet", "the phrase has two facets %q", name).WithHint("remove one of them")
			ok = false
		default:
			x.Facets = append(x.Facets, Facet{name, Phrase{Text: body, lines: x.linesFrom(from)}})
		}
	}
	return ok
}

// bars returns the positions of each | outside braces.
func bars(text string) (at []int) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '{':
			depth++
		case '}':
			depth--
		case '|':
			if depth <= 0 {
				at = append(at, i)
			}
		}
	}
	return at
}

// linesFrom returns the lines of the part of the phrase that begins at a position.
func (p *Phrase) linesFrom(from int) []line {
	out := []line{{0, p.Place(from)}}
	for _, l := range p.lines {
		if l.offset > from {
			out = append(out, line{l.offset - from, l.place})
		}
	}
	return out
}

// compile splits a phrase into parts and reports whether it has no faults.
func (p *parser) compile(x *Phrase) bool {
	parts, faults := Compile(x.Text)
	for _, f := range faults {
		p.faults.Errorf(x.Place(f.Offset), "phrase", "%s", f.Message).WithHint("%s", f.Hint)
	}
	x.Parts = parts
	return len(faults) == 0
}

// endSection keeps the section, unless its heading has a fault.
func (p *parser) endSection() {
	if p.section != nil && p.section.Bank != "" {
		p.sections = append(p.sections, *p.section)
	}
	p.section = nil
}
