package phrase

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/diag"
)

// Section is some phrases of a bank under one heading.
type Section struct {
	Bank        string
	Place       diag.Place // of the heading
	Condition   string     // empty when the section is open to everyone
	ConditionAt diag.Place
	Phrases     []Phrase
}

// Phrase is one phrase of a section. Its lines are joined by single spaces.
type Phrase struct {
	Text   string
	Parts  []Part
	Facets []Facet

	lines []line
}

// Facet is another way to say a phrase.
type Facet struct {
	Name string
	Phrase
}

// Facet finds a facet by its name.
func (p *Phrase) Facet(name string) (*Phrase, bool) {
	for i := range p.Facets {
		if p.Facets[i].Name == name {
			return &p.Facets[i].Phrase, true
		}
	}
	return nil, false
}

// line is where a line's text begins in the phrase and in the file.
type line struct {
	offset int
	place  diag.Place
}

// Place is that of the byte at offset in the phrase's text.
func (p *Phrase) Place(offset int) diag.Place {
	i := len(p.lines) - 1
	for i > 0 && p.lines[i].offset > offset {
		i--
	}
	at := p.lines[i].place
	at.Column += offset - p.lines[i].offset
	return at
}

// Parse reads a file of phrase banks, UTF-8 with or without a byte order mark.
// Messages call it file. Faults are added to the list; phrases without faults
// are returned all the same.
func Parse(file string, data []byte, faults *diag.List) []Section {
	p := parser{file: file, faults: faults}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	for text := range strings.Lines(string(data)) {
		p.number++
		p.read(strings.TrimRight(text, "\r\n"))
	}
	p.endPhrase()
	p.endSection()
	return p.sections
}

// blanks are the signs that part words and indent lines; a no-break space is
// none of them.
const blanks = " \t"

type parser struct {
	file     string
	number   int // of the line, from 1
	faults   *diag.List
	sections []Section
	section  *Section
	phrase   *Phrase
	stray    bool // phrases before the first heading have been reported
}

func (p *parser) place(column int) diag.Place {
	return diag.Place{File: p.file, Line: p.number, Column: column + 1}
}

// read takes in one line.
func (p *parser) read(text string) {
	body := strings.TrimLeft(text, blanks)
	indent := len(text) - len(body)
	body = strings.TrimRight(body, blanks)
	switch {
	case body == "" || body[0] == '#':
	case !utf8.ValidString(text):
		p.faults.Errorf(p.place(invalidAt(text)), "utf8", "the line is not UTF-8").WithHint("save the file as UTF-8")
	case indent > 0:
		p.proceed(body, indent)
	case body[0] == '[':
		p.heading(body)
	default:
		p.begin(body)
	}
}

// invalidAt is where the first byte stands that is not UTF-8.
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
		p.faults.Errorf(p.place(0), "heading", "the heading has no ]").WithHint(`write [bank], or \[ when it is a phrase`)
		return
	}
	p.section.Bank = strings.Trim(text[1:end], blanks)
	if !IsBankName(p.section.Bank) {
		p.faults.Errorf(p.place(1), "heading", "%q is no name of a bank", text[1:end]).WithHint("use letters, digits and . _ -")
		p.section.Bank = ""
	}
	rest := strings.TrimLeft(text[end+1:], blanks)
	p.section.Condition, p.section.ConditionAt = rest, p.place(len(text)-len(rest))
}

// begin starts a phrase.
func (p *parser) begin(text string) {
	p.endPhrase()
	if p.section == nil {
		if !p.stray {
			p.faults.Errorf(p.place(0), "heading", "a phrase before the first heading").WithHint("write the name of its bank above it: [bank]")
		}
		p.stray = true
		p.section = &Section{Place: p.place(0)}
	}
	p.phrase = &Phrase{Text: text, lines: []line{{0, p.place(0)}}}
}

// proceed adds a line to the phrase.
func (p *parser) proceed(text string, column int) {
	switch {
	case text[0] == '[':
		p.faults.Errorf(p.place(column), "heading", "a heading begins at the start of its line").WithHint(`take the white space away, or write \[ when it belongs to a phrase`)
	case p.phrase == nil:
		p.faults.Errorf(p.place(column), "phrase", "there is no phrase to continue").WithHint("a phrase begins at the start of its line")
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
		p.faults.Errorf(p.place(column), "facet", "%q is no facet", text).WithHint(`write /name and the words, or \/ when it belongs to a phrase`)
	case twice:
		p.faults.Errorf(p.place(column), "facet", "the phrase has the facet %q already", name).WithHint("take one of them away")
	default:
		at := p.place(column + len(text) - len(body))
		p.phrase.Facets = append(p.phrase.Facets, Facet{name, Phrase{Text: body, lines: []line{{0, at}}}})
	}
}

// endPhrase cuts the finished phrase and its facets into parts.
func (p *parser) endPhrase() {
	if p.phrase == nil {
		return
	}
	sound := p.cut(p.phrase)
	for i := range p.phrase.Facets {
		sound = p.cut(&p.phrase.Facets[i].Phrase) && sound
	}
	if sound {
		p.section.Phrases = append(p.section.Phrases, *p.phrase)
	}
	p.phrase = nil
}

// cut cuts a phrase into parts and reports whether it is without faults.
func (p *parser) cut(x *Phrase) bool {
	parts, faults := Compile(x.Text)
	for _, f := range faults {
		p.faults.Errorf(x.Place(f.Offset), "phrase", "%s", f.Message).WithHint("%s", f.Hint)
	}
	x.Parts = parts
	return len(faults) == 0
}

// endSection keeps the finished section.
func (p *parser) endSection() {
	if p.section != nil && p.section.Bank != "" {
		p.sections = append(p.sections, *p.section)
	}
	p.section = nil
}
